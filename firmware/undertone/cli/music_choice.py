"""What to play, on the command line: the options that several commands share, and what they make."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from undertone.config import MusicSettings
from undertone.device.recital import Plan, held, walked
from undertone.device.repertoire import Repertoire
from undertone.errors import UndertoneError
from undertone.flow import Goal
from undertone.guidance import GOALS
from undertone.music import Provenance

__all__ = ["Choice", "arguments", "chosen", "own_version"]

Play = Literal["composed", "pieces", "own"]

HELD_MINUTES = 2.0
"""Length of music that is held at one place."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be asked for."""
    add = parser.add_argument
    add("--play", choices=("composed", "pieces", "own"), help="made up, pieces by people, or your own (default: composed)")
    add("--piece", metavar="NAME", action="append", help="play this piece that comes with Undertone; may be repeated")
    add("--folder", metavar="DIR", type=Path, help="play your own: sound files, MIDI files and scores in this folder")
    add("--melody", metavar="FILE", type=Path, help="a melody to take up: a MIDI file or a score")
    add("--style", help="how it is played: bells, guitar, harp, lullaby, piano, strings (default: piano)")
    add("--style-file", metavar="FILE", type=Path, help="a style of your own (docs/styles.md)")
    add("--seed", type=int, default=1, help="the same seed gives the same music (default: %(default)s)")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be played without a listener."""

    repertoire: Repertoire
    plan: Plan
    minutes: float
    provenance: Provenance
    """To be completed with the bars that were played."""
    where: str
    """The plan in words."""


def chosen(asked: argparse.Namespace) -> Choice:
    """What the options ask for; trouble with single files is told on standard error.

    Raises UndertoneError where nothing of what was asked for can be played.
    """
    goal = Goal(asked.goal)
    still = asked.valence is not None or asked.arousal is not None
    minutes = asked.minutes or (HELD_MINUTES if still else GOALS[goal].minutes)
    music = _settings(asked)
    repertoire = Repertoire(music, asked.seed, tell=_told, names=asked.piece or ())
    repertoire.listen_on(repertoire.add)
    for sentence in repertoire.remarks:
        _told(sentence)
    settings = [("goal", goal.value), ("minutes", f"{minutes:g}")]
    plan, where = walked(goal, minutes), f"the programme towards {goal.value}, walked without a listener"
    if still:
        valence, arousal = asked.valence or 0.0, asked.arousal or 0.0
        plan, where = held(arousal, valence, goal=goal), f"held at arousal {arousal:+.2f} and valence {valence:+.2f}"
        settings += [("valence", f"{valence:g}"), ("arousal", f"{arousal:g}")]
    provenance = Provenance(
        version=own_version(),
        seed=asked.seed,
        style=repertoire.style,
        melody=repertoire.melody,
        settings=tuple(settings),
    )
    return Choice(repertoire, plan, minutes, provenance, where)


def _settings(asked: argparse.Namespace) -> MusicSettings:
    play: Play = asked.play or ("own" if asked.folder is not None else "pieces" if asked.piece else "composed")
    if play == "own" and asked.folder is None:
        raise UndertoneError("Say where your own music is: --folder DIR.")
    for file in (asked.melody, asked.style_file, asked.folder):
        if file is not None and not file.exists():
            raise UndertoneError(f"There is no {file}: correct the path.")
    music = MusicSettings(play=play, style_file=asked.style_file, melody=asked.melody, folder=asked.folder)
    return music if asked.style is None else replace(music, style=asked.style)


def _told(sentence: str) -> None:
    print(f"undertone: {sentence}", file=sys.stderr)


def own_version() -> str:
    """The version of Undertone that runs."""
    try:
        return version("undertone")
    except PackageNotFoundError:
        # Run from a checkout that nobody has installed.
        return "0"
