"""Manners in which a melody moves in time and in pitch; what makes one tune flow, another rock, a third stride.

A manner holds ways to fill two beats, three beats and whole bars of four; longer bars are put together from these. A bent holds
how likely each move from one note to the next is. A theme keeps to one manner and one bent, so that tunes differ as tunes do:
by their rhythm and by their gait, not by the notes alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from undertone.music.metre import Rhythm
from undertone.music.streams import Stream

__all__ = ["BENTS", "MANNERS", "Manner", "bar_of"]

Cell = tuple[float, ...]
"""Durations in beats; a negative one is a rest."""
Cells = tuple[tuple[Cell, float], ...]
"""Cells with weights."""
MOST = 6
"""Notes in a bar at most."""


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to fill bars."""

    twos: Cells
    threes: Cells
    fours: Cells
    whole: float
    """Chance that a bar of four is taken as a whole rather than as two halves, 0…1."""


MANNERS: Mapping[str, Manner] = MappingProxyType(
    {
        "singing": Manner(
            twos=(((1.5, 0.5), 3.0), ((2,), 1.5), ((1, 1), 3.0), ((1, 0.5, 0.5), 1.5)),
            threes=(((2, 1), 2.0), ((1.5, 0.5, 1), 3.0), ((1, 1, 1), 2.0)),
            fours=(
                ((2.5, 0.5, 1), 2.0), ((1, 2, 1), 1.5), ((3, 0.5, 0.5), 1.5),
                ((2, 1.5, 0.5), 2.0), ((1.5, 0.5, 0.5, 1.5), 1.5),
            ),
            whole=0.4,
        ),
        "flowing": Manner(
            twos=(((0.5, 0.5, 1), 3.0), ((1, 0.5, 0.5), 3.0), ((0.5, 0.5, 0.5, 0.5), 1.5)),
            threes=(((1, 0.5, 0.5, 1), 3.0), ((0.5, 0.5, 1, 1), 2.0), ((0.5, 0.5, 0.5, 0.5, 1), 2.0), ((1, 1, 0.5, 0.5), 1.5)),
            fours=(
                ((0.5, 0.5, 0.5, 0.5, 2), 3.0), ((1, 0.5, 0.5, 2), 3.0), ((0.5, 0.5, 1, 2), 2.0),
                ((0.5, 0.5, 2, 1), 1.0), ((2, 0.5, 0.5, 0.5, 0.5), 1.5),
            ),
            whole=0.5,
        ),
        "hymn": Manner(
            twos=(((1, 1), 3.0), ((2,), 1.0)),
            threes=(((1, 1, 1), 3.0), ((1, 1, 0.5, 0.5), 1.0), ((1.5, 0.5, 1), 1.0)),
            fours=(
                ((1, 1, 2), 3.0), ((2, 1, 1), 2.5), ((1, 1, 1, 1), 1.0),
                ((1, 1, 1.5, 0.5), 1.5), ((1, 2, 1), 1.0), ((2, 1, 0.5, 0.5), 1.0),
            ),
            whole=0.8,
        ),
        "rocking": Manner(
            twos=(((1.5, 0.5), 4.0), ((1, 0.5, 0.5), 1.0), ((1, 1), 1.0)),
            threes=(((2, 0.5, 0.5), 3.0), ((1.5, 0.5, 1), 3.0), ((0.5, 0.5, 1.5, 0.5), 1.0)),
            fours=(
                ((1.5, 0.5, 2), 3.0), ((1.5, 0.5, 1.5, 0.5), 1.5), ((2, 1.5, 0.5), 1.0),
                ((1.5, 1, 1.5), 1.0), ((1, 1.5, 0.5, 1), 1.0),
            ),
            whole=0.5,
        ),
        "swaying": Manner(
            twos=(((0.5, 1, 0.5), 2.0), ((-0.5, 0.5, 1), 2.0), ((0.5, 1.5), 1.0)),
            threes=(((1.5, 1.5), 1.0), ((1, 1.5, 0.5), 2.0), ((0.5, 1, 1.5), 2.0), ((0.5, 1, 0.5, 1), 1.5)),
            fours=(
                ((1.5, 1.5, 1), 3.0), ((0.5, 1, 2.5), 1.5), ((1, 1.5, 1.5), 1.5),
                ((0.5, 1.5, 2), 1.5), ((-0.5, 1, 0.5, 2), 1.5), ((0.5, 1, 1, 1.5), 1.5),
            ),
            whole=0.7,
        ),
        "leading": Manner(
            twos=(((-1, 1), 1.5), ((-1, 0.5, 0.5), 2.0), ((1, 1), 1.0)),
            threes=(((-1, 1, 1), 2.0), ((-1, 0.5, 0.5, 1), 2.5), ((-0.5, 0.5, 1, 1), 2.0)),
            fours=(
                ((-1, 1, 1, 1), 3.0), ((-1, 0.5, 0.5, 2), 3.0), ((-0.5, 0.5, 1, 2), 2.0),
                ((-1, 1, 1.5, 0.5), 2.0), ((-2, 0.5, 0.5, 1), 1.5), ((-1, 0.5, 0.5, 1.5, 0.5), 1.5),
            ),
            whole=0.9,
        ),
        "broad": Manner(
            twos=(((2,), 2.0), ((1, 1), 1.0)),
            threes=(((2, 1), 2.0), ((1, 1, 1), 1.0), ((2, 0.5, 0.5), 1.0)),
            fours=(
                ((2, 1, 1), 3.0), ((3, 0.5, 0.5), 2.0), ((1, 1, 2), 2.0),
                ((1, 2, 1), 1.0), ((2, 1.5, 0.5), 1.0), ((2.5, 0.5, 1), 1.0),
            ),
            whole=0.9,
        ),
    }
)
"""Every manner by its name."""

Moves = tuple[tuple[int, float], ...]
"""Steps of the key from one note to the next, with weights."""

BENTS: Mapping[str, Moves] = MappingProxyType(
    {
        "stepping": ((-1, 0.38), (1, 0.36), (0, 0.05), (2, 0.07), (-2, 0.08), (3, 0.04), (-3, 0.02)),
        "falling": ((-1, 0.48), (1, 0.18), (0, 0.08), (2, 0.05), (-2, 0.08), (3, 0.05), (4, 0.06), (5, 0.02)),
        "climbing": ((-1, 0.18), (1, 0.46), (0, 0.08), (2, 0.10), (-2, 0.04), (-3, 0.08), (-4, 0.06)),
        "chordal": ((-1, 0.20), (1, 0.20), (0, 0.04), (2, 0.20), (-2, 0.22), (3, 0.08), (-3, 0.04), (4, 0.02)),
        "reciting": ((-1, 0.24), (1, 0.24), (0, 0.34), (2, 0.06), (-2, 0.06), (3, 0.04), (-3, 0.02)),
        "reaching": ((-1, 0.36), (1, 0.22), (0, 0.05), (2, 0.07), (-2, 0.07), (3, 0.10), (4, 0.08), (5, 0.05)),
    }
)
"""Every bent by its name."""


def _laid(cells: tuple[Cell, ...]) -> Rhythm:
    notes, beat = [], 0.0
    for cell in cells:
        for length in cell:
            if length > 0:
                notes.append((beat, float(length)))
            beat += abs(length)
    return tuple(notes)


def bar_of(manner: Manner, stream: Stream, beats: int) -> Rhythm:
    """One bar of rhythm in this manner, for 2 beats or more; never more than six notes in a bar of four."""
    if beats == 4 and stream.chance(manner.whole):
        return _laid((stream.weighted(manner.fours),))
    cells: list[Cell] = []
    left = beats
    while left > 0:
        size = 3 if left == 3 or left > 4 else 2
        drawn = stream.weighted(manner.threes if size == 3 else manner.twos)
        if cells and sum(len(cell) for cell in cells) + len(drawn) > MOST:
            drawn = (float(size),)
        cells.append(drawn)
        left -= size
    return _laid(tuple(cells))
