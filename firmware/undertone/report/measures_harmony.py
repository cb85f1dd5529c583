"""Of harmony: how clear the key is, how rough what sounds together, how far it moves.

Roughness and momentum are held to a scale on which the median of 62 calm pieces by people is .32 and .60, as published beside
the gates that use them; the factors were measured once (`benchmarks/music --calibrate` measures them again).

Source: Krumhansl & Kessler 1982 (key profiles); Sethares 1993, "Local consonance and the relationship between timbre and
scale" (roughness); Chew 2000 (spiral array: one quarter turn and √(2/15) up for each fifth, radius 1); Herremans & Chew 2016
(cloud diameter, momentum, strain); music.md §3.1, §3.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from undertone.report.piece import Piece, Sounding

__all__ = [
    "MOMENTUM_SCALE", "ROUGHNESS_SCALE", "Tension", "key_clarity", "key_fit", "roughness", "scale_consistency", "tension",
]  # fmt: skip

Array = NDArray[np.float64]

ROUGHNESS_SCALE = 1.17
MOMENTUM_SCALE = 0.906

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
PARTIALS = np.arange(1, 7)
LOUDNESS = 0.88 ** (PARTIALS - 1.0)
"""Of the partials of a note."""
LOOKED = 0.26
"""Beats after each half beat at which is looked what sounds together: after the onsets, and not at their edge."""
RISE = math.sqrt(2.0 / 15.0)
"""Of the spiral for each fifth."""
WINDOW = 2.0
"""Beats whose notes are one cloud."""


def histogram(notes: Sequence[Sounding]) -> Array:
    """Share of the sounding time of each of the 12 pitch classes."""
    counts = np.zeros(12)
    for note in notes:
        counts[note.pitch % 12] += max(note.beats, 0.01)
    return np.asarray(counts / max(counts.sum(), 1e-9))


def key_fit(notes: Sequence[Sounding]) -> tuple[float, float]:
    """Correlation with the best major and with the best minor key profile, −1…1; 0 where all pitch classes sound alike."""
    share = histogram(notes)
    if np.ptp(share) < 1e-9:
        return 0.0, 0.0
    major, minor = (
        max(float(np.corrcoef(share, np.roll(profile, shift))[0, 1]) for shift in range(12)) for profile in (MAJOR, MINOR)
    )
    return major, minor


def key_clarity(piece: Piece) -> float | None:
    """Correlation with the best of the 24 key profiles."""
    return max(key_fit(piece.notes)) if piece.notes else None


def scale_consistency(piece: Piece) -> float | None:
    """Share of the notes that lie in the one major scale that holds most of them. Source: Mogren 2016."""
    if not piece.notes:
        return None
    counts = np.bincount([note.pitch % 12 for note in piece.notes], minlength=12)
    return float(max(counts[np.roll(SCALE, shift)].sum() for shift in range(12)) / counts.sum())


@lru_cache(maxsize=8192)
def dissonance(low: int, high: int) -> float:
    """Roughness of two notes of six partials each, ≥ 0."""
    f = 440.0 * 2.0 ** ((np.array([[low], [high]]) - 69) / 12.0) * PARTIALS
    gap = np.abs(f[0][:, None] - f[1][None, :])
    s = 0.24 / (0.0207 * np.minimum(f[0][:, None], f[1][None, :]) + 18.96)
    weight = LOUDNESS[:, None] * LOUDNESS[None, :]
    return float(np.sum(weight * (np.exp(-3.5 * s * gap) - np.exp(-5.75 * s * gap))))


def roughness(piece: Piece) -> float | None:
    """Mean roughness of what sounds together, looked at every half beat; None where never two notes do."""
    values: list[float] = []
    active: list[Sounding] = []
    waiting = iter(piece.notes)
    following = next(waiting, None)
    for half in range(int(piece.starts[-1] * 2)):
        now = half / 2 + LOOKED
        while following is not None and following.beat <= now:
            active.append(following)
            following = next(waiting, None)
        active = [note for note in active if note.beat + note.beats > now]
        pitches = sorted({note.pitch for note in active})
        if len(pitches) > 1:
            pairs = (dissonance(low, high) for index, low in enumerate(pitches) for high in pitches[index + 1 :])
            values.append(sum(pairs) / len(pitches))
    return ROUGHNESS_SCALE * float(np.mean(values)) if values else None


@dataclass(frozen=True, slots=True)
class Tension:
    """How the harmony stretches and moves on the spiral array; means over the piece."""

    diameter: float
    """Largest distance between two notes of a cloud of two beats."""
    momentum: float
    """Distance from the centre of a cloud to that of the next."""
    strain: float
    """Distance from the centre of a cloud to that of the whole piece, which stands for its key."""


def tension(piece: Piece) -> Tension | None:
    """Diameter, momentum and strain; None where there are not two clouds.

    A pitch is spelt as the one of its names that is nearest, in fifths, to the key that fits the piece best.
    """
    if not piece.notes:
        return None
    places = _spelled(piece)
    rows = np.zeros((int(max(n.beat + n.beats for n in piece.notes) / WINDOW) + 1, 4))
    heard: list[set[int]] = [set() for _ in rows]
    for note in piece.notes:
        end = note.beat + note.beats
        for row in range(int(note.beat / WINDOW), int(end / WINDOW) + 1):
            inside = max(0.0, min(end, WINDOW * (row + 1)) - max(note.beat, WINDOW * row))
            rows[row] += inside * np.append(places[note.pitch % 12], 1.0)
            if inside > 0.0:
                heard[row].add(note.pitch % 12)
    there = rows[:, 3] > 0.0
    centres = rows[there, :3] / rows[there, 3:]
    if len(centres) < 2:
        return None
    whole = rows[:, :3].sum(axis=0) / rows[:, 3].sum()
    return Tension(
        diameter=float(np.mean([_width(places[sorted(classes)]) for classes in heard if classes])),
        momentum=MOMENTUM_SCALE * float(np.mean(np.linalg.norm(np.diff(centres, axis=0), axis=1))),
        strain=float(np.mean(np.linalg.norm(centres - whole, axis=1))),
    )


def _spelled(piece: Piece) -> Array:
    """Where each of the 12 pitch classes lies on the spiral, (12, 3)."""
    share = histogram(piece.notes)
    home = 0
    if np.ptp(share) > 1e-9:
        home = max(range(12), key=lambda shift: float(np.corrcoef(share, np.roll(MAJOR, 7 * shift))[0, 1]))
    fifths = home + 2 + ((7 * np.arange(12) - home - 2 + 5) % 12) - 5
    return np.stack([np.sin(fifths * math.pi / 2), np.cos(fifths * math.pi / 2), fifths * RISE], axis=1)


def _width(places: Array) -> float:
    """Largest distance between two of some places (n, 3)."""
    return float(np.linalg.norm(places[:, None] - places[None], axis=2).max())
