"""`undertone listen-report`: a piece as a page, for those who cannot hear it, and in figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from undertone import config
from undertone.audio import BLOCK, Deck, WavSink
from undertone.audio.files import SoundFile
from undertone.cli import music_choice
from undertone.cli.music_choice import chosen, own_version
from undertone.cli.progress import progress
from undertone.device import make_synth
from undertone.device.recital import composed, held, performed, walked
from undertone.flow import Bar, Directive, Goal
from undertone.music import Provenance
from undertone.music.midi_in import MIDI_SUFFIXES, read_midi
from undertone.music.performer import Performer
from undertone.music.sheet import unfolded
from undertone.report import make_folder
from undertone.report.listening import Listening, MeterSink, noting
from undertone.report.listening_page import write_listening
from undertone.report.measures_sound import SoundMeter

__all__ = ["ABOUT", "arguments", "listen_report"]

ABOUT = """\
Draws what can be heard, for those who cannot hear it, and for those who want to look closely: every note by layer, form
and returns, keys and chords, layers entering and leaving, loudness, spectrum, what was asked for, and measures beside those of
music by people. Every picture is also told in words. Without FILE it composes, like `undertone render`.

--json prints the measures as one object instead of writing a page; null means not known.
"""

READ = 1 << 16
"""Frames read from a file at a time."""


def arguments(parser: argparse.ArgumentParser, *, minutes: Callable[[str], float], unit: Callable[[str], float]) -> None:
    """Add what can be asked for. minutes, unit: read a length and a value of −1…1."""
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="a sound file or a MIDI file (default: compose)")
    here = Path("listening")
    parser.add_argument("--out", metavar="DIR", type=Path, default=here, help="folder of the page (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the measures, for programs, and write no page")
    parser.add_argument("--silent", action="store_true", help="look at the score alone: no sound is made, which takes seconds")
    parser.add_argument("--goal", choices=[goal.value for goal in Goal], default="calm", help="whose programme (default: calm)")
    parser.add_argument("--valence", type=unit, help="hold it here instead: unpleasant −1 … 1 pleasant")
    parser.add_argument("--arousal", type=unit, help="hold it here instead: calm −1 … 1 lively")
    parser.add_argument("--minutes", type=minutes, help="length (default: the goal's own, 20 to 45; 2 where it is held)")
    music_choice.arguments(parser)
    parser.add_argument("--wav", metavar="FILE", type=Path, help="keep the sound here as well")


def listen_report(asked: argparse.Namespace) -> int:
    """Write the page, or print the measures; returns 0.

    Raises SoundError, StorageError or UndertoneError where a file cannot be read or written.
    """
    if not asked.json:
        make_folder(asked.out)
    if asked.file is None:
        listening = _composed(asked)
    elif asked.file.suffix.lower() in MIDI_SUFFIXES:
        listening = _played(asked)
    else:
        listening = _heard(asked.file)
    if asked.json:
        print(json.dumps(listening.as_dict()))
    else:
        _say("drawing")
        print(f"page     {write_listening(listening, asked.out)}")
    return 0


def _composed(asked: argparse.Namespace) -> Listening:
    """Music of ours, by a goal's programme or held at one place."""
    told, choice = list[Directive](), chosen(asked)
    bars = composed(choice.repertoire.build(), noting(choice.plan, told), minutes=choice.minutes)
    made = choice.provenance.played(bars)
    style = f"in the style {made.style}"
    about = made.rights if made.human else f"Composed by Undertone with the seed {asked.seed} {style}: {choice.where}."
    deck = Deck(rate_hz=config.load(None).audio.rate_hz, frames=BLOCK, loudness=choice.repertoire.loudness)
    return _sounding(asked, bars, told, f"{choice.minutes:.3g} minutes {style}, {asked.goal}", about, made, deck)


def _played(asked: argparse.Namespace) -> Listening:
    """A MIDI file as the performer plays it once through: its notes, our instruments and directives."""
    piece, told = read_midi(asked.file), list[Directive]()
    performer, goal = Performer(piece, asked.seed, style=asked.style or "piano"), Goal(asked.goal)
    if asked.valence is None and asked.arousal is None:
        plan = walked(goal, asked.minutes)
    else:
        plan = held(asked.arousal or 0.0, asked.valence or 0.0, goal=goal)
    plan, bars, seconds = noting(plan, told), list[Bar](), 0.0
    for _ in unfolded(piece):
        if asked.minutes is not None and seconds >= 60.0 * asked.minutes:
            break
        bars.append(performer.compose(seconds, plan(seconds)))
        seconds += bars[-1].seconds
    style = f"in the style {asked.style or 'piano'}"
    about = f"{piece.credit}, played by Undertone {style}."
    made = Provenance(own_version(), asked.seed, asked.style or "piano", settings=(("goal", goal.value),)).played(bars)
    return _sounding(asked, bars, told, f"{piece.title}, {style}", about, made)


def _heard(file: Path) -> Listening:
    """A sound file; nothing is known of its notes."""
    source = SoundFile(file)
    meter = SoundMeter(source.rate_hz)
    try:
        count = max(1, round(source.seconds * source.rate_hz / READ))
        for _ in progress(range(count + 2), f"listening to {file.name}"):
            frames = source.read(READ)
            if frames.shape[1] == 0:
                break
            meter.push(frames.T)
    finally:
        source.close()
    sound, curves = meter.finish()
    return Listening(file.name, f"The sound of {file.name}; nothing is known of its notes.", sound=sound, curves=curves)


def _sounding(
    asked: argparse.Namespace,
    bars: list[Bar],
    told: list[Directive],
    title: str,
    about: str,
    made: Provenance,
    deck: Deck | None = None,
) -> Listening:
    """The bars with their sound, unless silence was asked for. made: what a file of it says of itself."""
    if asked.silent:
        return Listening(title, about, tuple(bars), tuple(told))
    settings = config.load(None).audio
    synth, trouble = make_synth(settings.soundfont, settings.rate_hz)
    if trouble is not None:
        _say(trouble)
    kept = None if asked.wav is None else WavSink(asked.wav, settings.rate_hz, about=made.as_info())
    sink = MeterSink(settings.rate_hz, beside=kept)

    def steps(counted: Iterable[int]) -> Iterable[int]:
        return progress(list(counted), f"playing {title}")

    performed(bars, synth, sink, target_lufs=settings.loudness_lufs, deck=deck, seed=asked.seed, steps=steps)
    if asked.wav is not None and not asked.json:
        print(f"sound    {asked.wav}")
    sound, curves = sink.meter.finish()
    return Listening(title, about, tuple(bars), tuple(told), sound, curves, settings.loudness_lufs)


def _say(text: str) -> None:
    """On a terminal, and never among what programs read."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
