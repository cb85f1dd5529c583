"""`undertone render`: music alone."""

from __future__ import annotations

import argparse
import math
from itertools import count

from undertone import config
from undertone.audio import Renderer, WavSink
from undertone.cli.progress import progress
from undertone.device import make_synth
from undertone.flow import Bar, Directive, Goal, Phase
from undertone.guidance import GOALS
from undertone.music import Composer, write_midi

__all__ = ["render"]

BLOCK = 4096
"""Frames rendered at a time."""
TAIL = 4.0
"""Seconds in which the last chord dies away."""


def render(asked: argparse.Namespace) -> int:
    """Compose from a fixed valence and arousal; write sound, and the score if asked to."""
    settings = config.load(None)
    rate_hz = settings.audio.rate_hz
    bars = compose(asked)
    synth, trouble = make_synth(settings.audio.soundfont, rate_hz)
    if trouble is not None:
        print(trouble)
    renderer = Renderer(synth, rate_hz=rate_hz, target_lufs=settings.audio.loudness_lufs)
    sink = WavSink(asked.out, rate_hz)
    waiting = iter(bars)
    blocks = math.ceil((sum(bar.seconds for bar in bars) + TAIL) * rate_hz / BLOCK)
    for _ in progress(range(blocks), f"rendering {asked.minutes:.3g} minutes"):
        if renderer.needs_bar and (bar := next(waiting, None)) is not None:
            renderer.queue(bar)
        sink.write(renderer.render(BLOCK))
    sink.close()
    print(f"sound    {asked.out}")
    if asked.midi is not None:
        write_midi(asked.midi, bars)
        print(f"score    {asked.midi}")
    return 0


def compose(asked: argparse.Namespace) -> list[Bar]:
    """The bars for the asked number of minutes."""
    goal = Goal(asked.goal)
    composer = Composer(asked.seed, style=asked.style)
    bars: list[Bar] = []
    t = 0.0
    for _ in count():
        bar = composer.compose(t, _directive(asked, goal, t))
        bars.append(bar)
        t += bar.seconds
        if t >= asked.minutes * 60.0:
            return bars
    raise AssertionError("unreachable")


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
