"""Wires between two columns: which lane each takes so that few of them cross.

A wire leaves the left column at `start`, runs level to its lane, along the lane, and level to each of its `ends` in the right
column. Two level pieces at the same height must not lie on each other; crossings are allowed and kept few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

__all__ = ["Run", "clashes", "ordered"]

TOO_CLOSE = 3.0
"""Pixels: level pieces nearer than this are one line to the eye."""


@dataclass(frozen=True, slots=True)
class Run:
    """One wire: where it starts and ends, as heights on the page."""

    name: str
    start: float
    ends: tuple[float, ...]

    @property
    def span(self) -> tuple[float, float]:
        """The stretch of its lane that it takes."""
        heights = (self.start, *self.ends)
        return min(heights), max(heights)


def ordered(runs: Sequence[Run]) -> list[Run]:
    """The runs, nearest lane first, in an order that no single swap improves."""
    best = sorted(runs, key=lambda run: -run.start)
    cost = price(best)
    better = True
    while better:
        better = False
        for first, second in combinations(range(len(best)), 2):
            tried = list(best)
            tried[first], tried[second] = tried[second], tried[first]
            if (tried_cost := price(tried)) < cost:
                best, cost, better = tried, tried_cost, True
    return best


def price(order: Sequence[Run]) -> float:
    """Crossings, and a hundred for each pair of pieces that lie on each other."""
    return sum(crossings(near, far) for near, far in combinations(order, 2)) + 100 * len(clashes(order))


def crossings(near: Run, far: Run) -> int:
    """How often two wires cross when the first has the lane nearer to the start."""
    (near_low, near_high), (far_low, far_high) = near.span, far.span
    return (near_low < far.start < near_high) + sum(far_low < end < far_high for end in near.ends)


def clashes(order: Sequence[Run]) -> list[tuple[str, str]]:
    """Pairs of wires with level pieces that lie on each other: the far one on its way out and the near one coming in."""
    return [
        (near.name, far.name)
        for near, far in combinations(order, 2)
        if any(abs(end - far.start) < TOO_CLOSE for end in near.ends)
    ]
