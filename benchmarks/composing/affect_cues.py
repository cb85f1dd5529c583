"""The cues of a short stretch of music and what the published cue model makes of them.

Source: cue_model.json, fitted to Eerola, Friberg & Bresin 2013 (Front. Psychol. 4:487): raw coefficients of its valence and
arousal index for a horn and the peaceful melody, which are its reference levels.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyloudnorm

from undertone.flow import Layer

__all__ = ["AXES", "MODEL_TERMS", "Cues", "Heard", "Model", "cues_of", "read_model", "spectrum_centroid"]

Array = np.ndarray
AXES = ("valence", "arousal")
MODEL_TERMS = ("major", "log2_nps_over_2.8", "octaves_above_midi68", "per_10dB", "staccato_1_minus_ratio")
Model = Mapping[str, Mapping[str, float]]
"""For "valence_index", "arousal_index" and four emotions: intercept and the terms above."""


class Heard(NamedTuple):
    """A note with its place in seconds."""

    start: float
    length: float
    pitch: int
    layer: Layer


class Cues(NamedTuple):
    """What the model listens to, and two things besides."""

    major: float
    """Share of major as a key finder hears it, 0…1."""
    major_other: float
    """The same with the other profiles."""
    onsets_per_second: float
    register: float
    """Mean MIDI note of the melody, or of the top line where none is played."""
    level: float
    """Integrated loudness of the rendered sound, LUFS."""
    ratio: float
    """Sounding share of the time between notes of the melody, at most 1."""
    centroid: float
    """Hz, of the rendered sound; no term of the model."""

    def terms(self, *, other: bool = False) -> Array:
        """In the units of the model's coefficients; the level against −23 LUFS."""
        return np.array(
            [
                self.major_other if other else self.major,
                math.log2(max(self.onsets_per_second, 0.1) / 2.8),
                (self.register - 68.0) / 12.0,
                (self.level + 23.0) / 10.0,
                1.0 - self.ratio,
            ]
        )


def read_model(path: Path) -> Model:
    """The raw coefficients by index."""
    return {name: entry["raw"] for name, entry in json.loads(path.read_text())["coefficients"].items()}


def _line(notes: Sequence[Heard]) -> list[Heard]:
    """The melody, or the top line where there is none."""
    melody = sorted(note for note in notes if note.layer is Layer.MELODY)
    if len(melody) >= 6:
        return melody
    tops: dict[int, Heard] = {}
    for note in notes:
        at = round(note.start * 20)
        if note.layer is not Layer.PERCUSSION and (at not in tops or note.pitch > tops[at].pitch):
            tops[at] = note
    return [note for _, note in sorted(tops.items())]


def _onsets(notes: Sequence[Heard]) -> int:
    """Onsets at least 40 ms apart."""
    count, last = 0, -math.inf
    for start in sorted(note.start for note in notes):
        if start - last >= 0.04:
            count, last = count + 1, start
    return count


def spectrum_centroid(sound: Array, rate_hz: int) -> float:
    """Power-weighted mean frequency of the mono sum, Hz."""
    mono = sound.mean(axis=1)
    size = 8192
    frames = mono[: len(mono) // size * size].reshape(-1, size) * np.hanning(size)
    power = np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)
    return float(power @ np.fft.rfftfreq(size, 1.0 / rate_hz) / max(power.sum(), 1e-30))


def cues_of(
    notes: Sequence[Heard], sound: Array, *, rate_hz: int, seconds: float, finders: Sequence[object]
) -> Cues:
    """Everything from the notes that begin within the excerpt and from its sound, (frames, 2)."""
    line = _line(notes)
    gaps = [(b.start - a.start, a.length) for a, b in itertools.pairwise(line)]
    ratios = [min(1.0, length / gap) for gap, length in gaps if 0.05 < gap <= 4.0]
    timed = [(note.start, note.length, note.pitch) for note in notes if note.layer is not Layer.PERCUSSION]
    weights = np.array([max(note.length, 0.05) for note in line])
    major, other = (finder.majorness(timed) for finder in finders)  # type: ignore[attr-defined]
    return Cues(
        major=major,
        major_other=other,
        onsets_per_second=_onsets(notes) / seconds,
        register=float(weights @ [note.pitch for note in line] / weights.sum()),
        level=float(pyloudnorm.Meter(rate_hz).integrated_loudness(sound)) if len(sound) else -23.0,
        ratio=float(np.mean(ratios)) if ratios else 1.0,
        centroid=spectrum_centroid(sound, rate_hz) if len(sound) else math.nan,
    )
