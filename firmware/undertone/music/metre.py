"""Weight and rhythm: which moments of a bar matter, and which rhythms a bar can have."""

from __future__ import annotations

from undertone.music.streams import Stream

__all__ = ["Rhythm", "rhythm", "strength"]

Rhythm = tuple[tuple[float, float], ...]
"""Onset and duration of each note of a bar, in beats."""

Cell = tuple[float, ...]
"""Durations in beats; a negative one is a rest."""

HALVES: tuple[tuple[Cell, float], ...] = (
    ((1, 1), 3.0),
    ((1.5, 0.5), 3.0),
    ((2,), 2.0),
    ((0.5, 0.5, 1), 2.5),
    ((1, 0.5, 0.5), 3.0),
    ((0.5, 1, 0.5), 0.7),
    ((0.5, 0.5, 0.5, 0.5), 1.0),
    ((-0.5, 0.5, 1), 1.0),
    ((-1, 1), 0.8),
)
WHOLES: tuple[tuple[Cell, float], ...] = (
    ((3, 1), 1.0),
    ((1.5, 1.5, 1), 1.5),
    ((2.5, 0.5, 1), 1.5),
    ((1, 2, 1), 1.0),
    ((-1, 1, 1, 1), 1.0),
    ((0.5, 0.5, 2, 1), 1.0),
)
THREES: tuple[tuple[Cell, float], ...] = (
    ((2, 1), 3.0),
    ((1, 2), 1.0),
    ((1, 1, 1), 2.5),
    ((1.5, 0.5, 1), 3.0),
    ((1, 0.5, 0.5, 1), 2.0),
    ((1, 1, 0.5, 0.5), 2.0),
    ((0.5, 0.5, 1, 1), 1.0),
    ((2, 0.5, 0.5), 2.0),
    ((-1, 1, 1), 1.0),
)


def strength(beat: float, beats: int) -> float:
    """How much weight a moment of the bar has, 0.1…1."""
    place = beat % beats
    if place == 0:
        return 1.0
    if beats == 4 and place == 2:
        return 0.75
    if place == int(place):
        return 0.5
    return 0.25 if place * 2 == int(place * 2) else 0.1


def _laid(cell: Cell) -> Rhythm:
    notes, beat = [], 0.0
    for length in cell:
        if length > 0:
            notes.append((beat, length))
        beat += abs(length)
    return tuple(notes)


def rhythm(stream: Stream, beats: int) -> Rhythm:
    """One bar of rhythm with two to six notes, for 3 or 4 beats."""
    if beats == 3:
        return _laid(stream.weighted(THREES))
    if stream.chance(0.3):
        return _laid(stream.weighted(WHOLES))
    first = stream.weighted(HALVES)
    second = stream.weighted([(cell, weight) for cell, weight in HALVES if cell != (2,) or first != (2,)])
    if len(first) + len(second) > 6:
        second = (1, 1)
    return _laid(first + second)
