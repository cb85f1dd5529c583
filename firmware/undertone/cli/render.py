"""`undertone render`: music alone."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from undertone import config
from undertone.audio import BLOCK, Deck, WavSink
from undertone.cli.music_choice import chosen
from undertone.cli.progress import progress
from undertone.device import make_synth
from undertone.device.recital import composed, performed
from undertone.errors import StorageError
from undertone.music import write_midi

__all__ = ["render"]


def render(asked: argparse.Namespace) -> int:
    """Play what is asked for by a goal's programme, or held at a valence and arousal; write sound, and the score if asked to.

    Raises SoundError or StorageError when the disk does not take all of it, UndertoneError where there is nothing to play.
    """
    choice = chosen(asked)
    settings = config.load(None).audio
    synth, trouble = make_synth(settings.soundfont, settings.rate_hz)
    if trouble is not None:
        print(trouble)
    bars = composed(choice.repertoire.build(), choice.plan, minutes=choice.minutes)
    provenance = choice.provenance.played(bars)

    def steps(counted: Iterable[int]) -> Iterable[int]:
        return progress(list(counted), f"rendering {choice.minutes:.3g} minutes")

    performed(
        bars,
        synth,
        WavSink(asked.out, settings.rate_hz, about=provenance.as_info()),
        target_lufs=settings.loudness_lufs,
        deck=Deck(rate_hz=settings.rate_hz, frames=BLOCK, loudness=choice.repertoire.loudness),
        seed=asked.seed,
        steps=steps,
    )
    print(f"sound    {asked.out}")
    if asked.midi is not None:
        try:
            write_midi(asked.midi, bars, provenance=provenance)
        except OSError as error:
            raise StorageError(f"The score {asked.midi} cannot be written ({error.strerror}); choose another place.") from error
        print(f"score    {asked.midi}")
    return 0
