"""`undertone render`: music alone."""

from __future__ import annotations

import argparse
import math

from undertone import config
from undertone.audio import Player, Renderer, WavSink
from undertone.cli.progress import progress
from undertone.device import make_synth
from undertone.errors import SoundError, StorageError
from undertone.flow import Bar, Directive, Fault, Goal, Phase
from undertone.guidance import GOALS
from undertone.music import Composer, write_midi

__all__ = ["render"]

STEP = 0.25
"""Seconds rendered at a time."""
TAIL = 4.0
"""Seconds in which the last chord dies away."""


def render(asked: argparse.Namespace) -> int:
    """Compose from a fixed valence and arousal; write sound, and the score if asked to.

    Raises SoundError or StorageError when the disk does not take all of it.
    """
    bars = _composed(asked)
    settings = config.load(None).audio
    synth, trouble = make_synth(settings.soundfont, settings.rate_hz)
    if trouble is not None:
        print(trouble)
    waiting, faults = iter(bars), list[Fault]()
    # Through the player like everything that sounds: the limiter is its last step, and nothing goes around it.
    player = Player(
        Renderer(synth, rate_hz=settings.rate_hz, target_lufs=settings.loudness_lufs),
        WavSink(asked.out, settings.rate_hz),
        lambda t: next(waiting, None),
        on_fault=faults.append,
        fade_in=STEP,
    )
    seconds = sum(bar.seconds for bar in bars) + TAIL
    for step in progress(range(math.ceil(seconds / STEP) + 1), f"rendering {asked.minutes:.3g} minutes"):
        player.advance(step * STEP)
        if player.lost:
            break
    player.close()
    if faults:
        raise SoundError(faults[0].message)
    print(f"sound    {asked.out}")
    if asked.midi is not None:
        try:
            write_midi(asked.midi, bars)
        except OSError as error:
            raise StorageError(f"The score {asked.midi} cannot be written ({error.strerror}); choose another place.") from error
        print(f"score    {asked.midi}")
    return 0


def _composed(asked: argparse.Namespace) -> list[Bar]:
    """The bars for the asked number of minutes."""
    goal, composer = Goal(asked.goal), Composer(asked.seed, style=asked.style)
    bars: list[Bar] = []
    t = 0.0
    while t < asked.minutes * 60.0:
        bars.append(composer.compose(t, _directive(asked, goal, t)))
        t += bars[-1].seconds
    return bars


def _directive(asked: argparse.Namespace, goal: Goal, t: float) -> Directive:
    return Directive(
        t=t,
        expires=math.inf,
        phase=Phase.HOLD,
        goal=goal,
        arousal=asked.arousal,
        valence=asked.valence,
        level_db=0.0,
        breath_per_min=None,
        confidence=1.0,
        reason="Asked for on the command line.",
        inputs=("choice",),
        tempo_limits_bpm=GOALS[goal].tempo_limits_bpm,
    )
