"""What notes are in: their key, their chords, the character of a piece.

A key is found by comparing how long each pitch class sounds with how well listeners find that it fits after a key has been
heard (Krumhansl and Kessler's probe tones); a chord by comparing with the tones of known chords.

Source: Krumhansl & Kessler 1982, Psychological Review 89:334, doi 10.1037/0033-295X.89.4.334 (probe-tone profiles);
music.md §2.7 (what arousal and valence mean for tempo, density and mode, read backwards).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Layer, readonly
from undertone.music.sheet import Event, Measure, note_name
from undertone.music.theory import AEOLIAN, IONIAN, Key

__all__ = ["Character", "ChordFit", "KeyFit", "character", "chords_heard", "fitting_key", "weights"]

Weights = NDArray[np.float64]

MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "6": (0, 4, 7, 9),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "5": (0, 7),
}
"""Semitones above the root, simplest first: of two that fit equally the earlier one is told."""
RICHNESS, MISSING, GROUNDED, AT_HOME = 0.05, 0.15, 0.12, 0.04
"""What each tone more or less than three costs, what a tone costs that does not sound, what it is worth that the lowest note is
the root, and that all its tones are in the key: as shares of what sounds."""
CHANGE = (0.7, 0.4)
"""What must be gained, in beats of a perfect fit, before another chord is heard: on a weak beat, on a strong one."""


class KeyFit(NamedTuple):
    """A key and how well the notes fit it."""

    key: Key
    clarity: float
    """Correlation with the key's profile, −1…1; below about .6 the key is doubtful."""


class ChordFit(NamedTuple):
    """A chord that was heard."""

    name: str
    root: int
    """Pitch class, 0…11."""
    tones: tuple[int, ...]
    """Pitch classes from the root up, two to four."""


class Character(NamedTuple):
    """What a piece carries as it is written."""

    valence: float
    """−1…1, by its mode."""
    arousal: float
    """−1…1, by its tempo and density."""


def weights(events: Iterable[Event]) -> Weights:
    """How long each pitch class sounds, shape (12,), quarter notes. Percussion has no pitch."""
    sums = np.zeros(12)
    for event in events:
        if event.layer is not Layer.PERCUSSION:
            sums[event.pitch % 12] += event.duration
    return sums


def fitting_key(sums: Weights, fifths: int | None = None) -> KeyFit:
    """The major or minor key whose profile is most like these weights of pitch classes; C major at clarity 0 for silence.

    fifths: only keys of this signature are looked at.
    """
    if not np.isfinite(sums).all() or np.ptp(sums) == 0:
        return KeyFit(Key(0, IONIAN), 0.0)
    best = KeyFit(Key(0, IONIAN), -2.0)
    for mode, profile in ((IONIAN, MAJOR_PROFILE), (AEOLIAN, MINOR_PROFILE)):
        for signature in range(-5, 7) if fifths is None else (fifths,):
            key = Key(signature, mode)
            fit = float(np.corrcoef(np.roll(profile, key.tonic), sums)[0, 1])
            if fit > best.clarity + 1e-12:
                best = KeyFit(key, fit)
    return best


def chords_heard(beats: Sequence[Sequence[Event]], strong: Sequence[bool], key: Key) -> tuple[ChordFit | None, ...]:
    """The chord of each beat, where a chord goes on as long as the notes allow: of all ways through the chords the best one.

    beats: what sounds in each. strong: whether chords change on it easily. None before anything has sounded.
    """
    total = np.zeros(12 * len(CHORDS))
    back: list[NDArray[np.int64]] = []
    stay = np.arange(len(total))
    for events, easily in zip(beats, strong, strict=True):
        best = int(total.argmax())
        change = total[best] - CHANGE[easily]
        back.append(np.where(total >= change, stay, best))
        total = np.maximum(total, change)
        fits = _fits(events, key)
        if fits is not None:
            total = total + fits
    path = [int(total.argmax())] if back else []
    for came in reversed(back[1:]):
        path.append(int(came[path[-1]]))
    found = [_named(place, key) for place in reversed(path)]
    first = next((index for index, events in enumerate(beats) if weights(events).any()), len(beats))
    return tuple(None if index < first else chord for index, chord in enumerate(found))


@lru_cache(maxsize=1)
def _templates() -> Weights:
    """The tones of every chord, by kind and then by root: shape (12 · kinds, 12), 1 where a pitch class belongs to it."""
    rows = [(root, tones) for tones in CHORDS.values() for root in range(12)]
    return readonly([[float((pitch - root) % 12 in tones) for pitch in range(12)] for root, tones in rows])


@lru_cache(maxsize=32)
def _leanings(key: Key) -> Weights:
    """What each chord is worth before anything sounds: less where it is rich or sparse, more where it is in the key."""
    templates = _templates()
    outside = templates @ np.array([float(pitch not in key.pitch_classes) for pitch in range(12)])
    return readonly(AT_HOME * (outside == 0) - RICHNESS * np.abs(templates.sum(axis=1) - 3))


def _fits(events: Sequence[Event], key: Key) -> Weights | None:
    """How well each chord fits these notes: by kind, then by root. None where nothing sounds."""
    sums = weights(events)
    if not sums.any():
        return None
    share = sums / sums.sum()
    templates = _templates()
    fits = templates @ (share - MISSING * (share < 0.02)) + _leanings(key)
    lowest = min(event.pitch for event in events if event.layer is not Layer.PERCUSSION) % 12
    fits[lowest::12] += GROUNDED
    return np.asarray(fits, dtype=np.float64)


def _named(place: int, key: Key) -> ChordFit:
    kind, root = list(CHORDS)[place // 12], place % 12
    return ChordFit(note_name(root, key) + kind, root, tuple((root + tone) % 12 for tone in CHORDS[kind]))


def character(measures: Sequence[Measure], key: Key, tempo_bpm: float) -> Character:
    """What a piece carries at its own tempo: the formulas from affect to mode, tempo and density, solved for affect."""
    beats = sum(measure.beats for measure in measures)
    onsets = sum(len({round(event.beat, 2) for event in measure.events}) for measure in measures)
    per_second = max(onsets, 1) / max(beats * 60.0 / tempo_bpm, 1e-9)
    by_tempo, by_density = math.log2(tempo_bpm / 72.0) / 0.7, math.log2(per_second / 2.6) / 1.25
    valence = (key.mode.majorness - 0.5) / 0.9
    return Character(min(max(valence, -1.0), 1.0), min(max((by_tempo + by_density) / 2, -1.0), 1.0))
