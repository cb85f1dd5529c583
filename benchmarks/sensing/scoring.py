"""Found against true: matching of events in time, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Score", "delay", "match", "score"]

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """How many events were found, made up, and missed. Scores of several recordings can be added."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def sensitivity(self) -> float:
        """Share of the true events that were found."""
        return self.hits / max(1, self.hits + self.missed)

    @property
    def ppv(self) -> float:
        """Share of the found events that are true."""
        return self.hits / max(1, self.hits + self.false)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return 2.0 * self.hits / max(1, 2 * self.hits + self.false + self.missed)


def match(found: Times, truth: Times, tolerance: float) -> NDArray[np.intp]:
    """Pairs of events that belong together, shape (pairs, 2): index in found, index in truth; each event at most once.

    found, truth: seconds, ascending. Going through time, each true event takes the nearest event within `tolerance` seconds
    that is still free, unless the next true event is nearer to it.
    """
    pairs: list[tuple[int, int]] = []
    first = 0
    for index, moment in enumerate(truth):
        while first < len(found) and found[first] < moment - tolerance:
            first += 1
        best = first
        while best + 1 < len(found) and abs(found[best + 1] - moment) < abs(found[best] - moment):
            best += 1
        if best >= len(found) or abs(found[best] - moment) > tolerance:
            continue
        wanted = index + 1 < len(truth) and abs(truth[index + 1] - found[best]) < abs(moment - found[best])
        if wanted and (best == first or abs(found[best - 1] - moment) > tolerance):
            continue
        chosen = best - 1 if wanted else best
        pairs.append((chosen, index))
        first = chosen + 1
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def delay(found: Times, truth: Times, *, longest: float = 0.6) -> float:
    """The one constant, seconds, by which `found` comes after `truth`: the delay of the pulse, or of a detector.

    The delay between −`longest` and `longest` at which most events lie within 50 ms of each other, then the median difference.
    """
    if not len(found) or not len(truth):
        return 0.0
    index = np.searchsorted(found, truth)
    near = [found[np.clip(index + step, 0, len(found) - 1)] - truth for step in (-2, -1, 0, 1)]
    differences = np.concatenate(near)
    differences = differences[np.abs(differences) <= longest]
    if not len(differences):
        return 0.0
    grid = np.arange(-longest, longest + 0.005, 0.01)
    ordered = np.sort(differences)
    counts = np.searchsorted(ordered, grid + 0.05) - np.searchsorted(ordered, grid - 0.05)
    best = float(grid[int(np.argmax(counts))])
    return float(np.median(differences[np.abs(differences - best) <= 0.1]))


def score(found: Times, truth: Times, *, tolerance: float = 0.15) -> Score:
    """The score of events found, without their delay, against true ones."""
    hits = len(match(found, truth, tolerance))
    return Score(hits, len(found) - hits, len(truth) - hits)
