"""`undertone render`: music alone."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from undertone import config
from undertone.audio import WavSink
from undertone.cli.progress import progress
from undertone.device import make_synth
from undertone.device.recital import composed, held, performed, walked
from undertone.errors import StorageError
from undertone.flow import Goal
from undertone.guidance import GOALS
from undertone.music import Composer, write_midi

__all__ = ["render"]

MINUTES = 2.0
"""Length of music that is held at one place."""


def render(asked: argparse.Namespace) -> int:
    """Compose a goal's programme, or music held at a valence and arousal; write sound, and the score if asked to.

    Raises SoundError or StorageError when the disk does not take all of it.
    """
    goal = Goal(asked.goal)
    if asked.valence is None and asked.arousal is None:
        minutes = asked.minutes or GOALS[goal].minutes
        plan = walked(goal, minutes)
    else:
        minutes = asked.minutes or MINUTES
        plan = held(asked.arousal or 0.0, asked.valence or 0.0, goal=goal)
    bars = composed(Composer(asked.seed, style=asked.style), plan, minutes=minutes)
    settings = config.load(None).audio
    synth, trouble = make_synth(settings.soundfont, settings.rate_hz)
    if trouble is not None:
        print(trouble)

    def steps(counted: Iterable[int]) -> Iterable[int]:
        return progress(list(counted), f"rendering {minutes:.3g} minutes")

    performed(bars, synth, WavSink(asked.out, settings.rate_hz), target_lufs=settings.loudness_lufs, steps=steps)
    print(f"sound    {asked.out}")
    if asked.midi is not None:
        try:
            write_midi(asked.midi, bars)
        except OSError as error:
            raise StorageError(f"The score {asked.midi} cannot be written ({error.strerror}); choose another place.") from error
        print(f"score    {asked.midi}")
    return 0
