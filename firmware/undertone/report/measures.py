"""What a score is like, in figures, and which of the gates it passes.

A gate is a range in which music by people lies and what no composer wrote does not. Passing them all makes no music good: a
piece that fails two or more is not like music by people in a way that can be measured, and that is all. A value is None where
there is nothing to measure (no melody, never two notes at once), and then its gate is not judged.

Source: music.md §3.1, §3.3; entropy, groove similarity: Wu & Yang 2020, "The Jazz Transformer on the front line" (MusDr).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from undertone.report.measures_harmony import key_clarity, roughness, scale_consistency, tension
from undertone.report.piece import Piece, Sounding

__all__ = ["GATES", "Values", "entropy", "failed", "groove", "measured", "moves", "repetition"]

Values = Mapping[str, float | None]
"""A measure by its name."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "repetition": (0.05, 0.60),
        "roughness": (0.0, 0.45),
        "leaps": (0.0, 0.26),
        "steps": (0.20, 1.0),
        "key clarity": (0.78, 1.0),
        "scale": (0.86, 1.0),
        "entropy 4": (2.4, 3.0),
        "groove": (0.80, 0.98),
        "momentum": (0.40, 0.90),
    }
)
"""Lowest and highest value that passes. Source: music.md §3.3."""

GRID = 16
"""Places in a bar where an onset can be."""
FEWEST = 3
"""Onsets from which the entropy of a window is counted."""
GRAM = 4
FEWEST_MOVES = 12
"""Moves of a melody from which its shares mean anything."""


def entropy(piece: Piece, bars: int) -> float | None:
    """Mean entropy of the pitch classes of the onsets in windows of so many bars, bits, 0…log2 12."""
    values = []
    for first in range(0, len(piece.by_bar) - bars + 1, bars):
        classes = [note.pitch % 12 for row in piece.by_bar[first : first + bars] for note in row]
        if len(classes) >= FEWEST:
            shares = np.bincount(classes, minlength=12) / len(classes)
            values.append(-sum(float(share) * math.log2(share) for share in shares if share > 0))
    return float(np.mean(values)) if values else None


def groove(piece: Piece) -> float | None:
    """Mean similarity of the onsets of neighbouring bars on a grid of 16 places, 0…1."""
    rows = []
    for start, end, notes in zip(piece.starts, piece.starts[1:], piece.by_bar, strict=False):
        row = np.zeros(GRID, dtype=bool)
        for note in notes:
            row[min(GRID - 1, int((note.beat - start) / (end - start) * GRID + 0.01))] = True
        rows.append(row)
    return float(np.mean([1.0 - np.mean(a ^ b) for a, b in itertools.pairwise(rows)])) if len(rows) > 1 else None


def grams(line: Sequence[Sounding]) -> list[tuple[tuple[int, int], ...]]:
    """The melodic 4-grams of a line: four intervals (semitones, and sixteenths from onset to onset) in a row."""
    steps = [(b.pitch - a.pitch, round((b.beat - a.beat) * 4)) for a, b in itertools.pairwise(line)]
    return [tuple(steps[first : first + GRAM]) for first in range(len(steps) - GRAM + 1)]


def repetition(line: Sequence[Sounding]) -> float | None:
    """Share of the melodic 4-grams of a line that have been heard before in it, 0…1."""
    found = grams(line)
    return 1.0 - len(set(found)) / len(found) if len(found) >= FEWEST_MOVES else None


def moves(line: Sequence[Sounding]) -> tuple[float, float, float] | None:
    """Shares of steps (1 or 2 semitones) and of leaps (over 7) among the moves of a line, and their mean size, semitones."""
    if len(line) <= FEWEST_MOVES:
        return None
    sizes = np.abs(np.diff([note.pitch for note in line]))
    return float(np.mean((sizes >= 1) & (sizes <= 2))), float(np.mean(sizes > 7)), float(np.mean(sizes))


def measured(piece: Piece) -> dict[str, float | None]:
    """All measures of a score. Those that gates judge should be of three minutes or so, as the gates were found."""
    steps, leaps, interval = moves(piece.melody) or (None, None, None)
    stretch = tension(piece)
    onsets = len({round(note.second, 2) for note in piece.notes})
    return {
        "repetition": repetition(piece.melody),
        "roughness": roughness(piece),
        "leaps": leaps,
        "steps": steps,
        "interval": interval,
        "key clarity": key_clarity(piece),
        "scale": scale_consistency(piece),
        "entropy 1": entropy(piece, 1),
        "entropy 4": entropy(piece, 4),
        "groove": groove(piece),
        "momentum": stretch.momentum if stretch else None,
        "diameter": stretch.diameter if stretch else None,
        "strain": stretch.strain if stretch else None,
        "onsets/s": onsets / max(1.0, piece.seconds) if piece.notes else None,
    }


def failed(values: Values) -> list[str]:
    """The gates that these values do not pass; what is not known is not judged."""
    return [
        name for name, (low, high) in GATES.items() if (value := values.get(name)) is not None and not low <= value <= high
    ]
