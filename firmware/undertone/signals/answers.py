"""The usual shape of this listener's skin responses, and how much of it each burst brought.

Theory of operation. Conductance over some seconds is a level, a slope, and one answer to each burst: the difference of two
exponentials, scaled. With the onsets known, least squares give the scales at once. The slope is held back, for over a few
seconds it could pass for a recovery.

The time constants, and how long after its onset an answer begins to show, differ between people more than within one. They are
learnt: with each response the fit is tried with one of ten small changes, in turn, and a change that fits better is taken
over in part. That is a stochastic descent whose steps are so small that a single odd response does no harm.

Source: the shape after D. Alexander et al., J. Neurosci. Methods 146:116 (2005), doi:10.1016/j.jneumeth.2005.02.001; one shape
for a person, and scales by least squares, after D. Bach et al., Int. J. Psychophysiology 75:349 (2010),
doi:10.1016/j.ijpsycho.2010.01.005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from undertone.flow import Samples

__all__ = ["Explained", "Shape", "Usual", "explain"]

_SCHOOL = 60
"""Responses from each of which something is learnt; later on, only from every third."""
_HELD = 400.0
"""Against the slope: as much as if that many samples, a second away, said that there is none."""
_KNOWN = 1.0
"""Against changes of a scale that is known: as much as if one sample at the peak said that it is so."""
_RANGES = ((0.25, 1.2), (1.5, 8.0), (-0.1, 0.6))
"""Of filling, drying and lag, seconds."""
_CHANGES = tuple(
    tuple(sign * part for part in direction)
    for direction in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (-1.0, 0.0, 1.0))
    for sign in (-1.0, 1.0)
)
"""What is tried in turn: each alone, drying twice as often as the others, and those together that stand in for one another."""
_TRIED, _TAKEN = (0.2, 0.24, 0.1), (0.1, 0.14, 0.04)
"""How far a change goes that is tried, and one that is taken over: logarithms of filling and drying; seconds of the lag."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The difference of two exponentials. All in seconds."""

    filling: float = 0.6
    drying: float = 3.0
    lag: float = 0.1
    """From the onset to where the exponentials begin."""

    def at(self, since: Samples) -> Samples:
        """An answer of amplitude 1 at the seconds since its onset, any shape."""
        rate = math.log(self.drying / self.filling) / (self.drying - self.filling)
        peak = math.exp(-rate * self.filling) - math.exp(-rate * self.drying)
        since = np.maximum(since - self.lag, 0.0)
        return np.asarray((np.exp(since / -self.drying) - np.exp(since / -self.filling)) / peak)


@dataclass(frozen=True, slots=True)
class Explained:
    """What was found in some seconds of conductance."""

    t0: float
    """Seconds: where the level is that of the line."""
    level: float
    """µS."""
    slope: float
    """µS/s."""
    scales: tuple[float, ...]
    """Of the answers, µS, ≥ 0."""
    error: float
    """Sum of the squares of what remains, µS²."""

    def ground(self, times: Samples) -> Samples:
        """Level and slope at these times, µS."""
        return self.level + self.slope * (times - self.t0)


def explain(times: Samples, values: Samples, courses: Samples, known: Samples | None = None) -> Explained:
    """Take conductance apart into a line and answers with the given courses.

    times, values: seconds and µS, (n,). courses: of an answer of amplitude 1 each, (n, answers). known: what is known of the
    first of their scales from before, µS; they may change, but are held back.
    """
    t0 = float(times[0])
    design = np.empty((len(times), 2 + courses.shape[1]))
    design[:, 0] = 1.0
    design[:, 1] = times - t0
    design[:, 2:] = courses
    gram, aim = design.T @ design, design.T @ values
    gram[1, 1] += _HELD
    if known is not None:
        which = slice(2, 2 + len(known))
        np.einsum("ii->i", gram)[which] += _KNOWN
        aim[which] += _KNOWN * known
    # An answer of which nothing is to be seen yet has no scale: it gets 0.
    gram.flat[:: len(gram) + 1] += 1e-6
    solved = np.linalg.solve(gram, aim)
    if solved[2:].min(initial=0.0) < 0.0:
        # No answer is negative: the others have to do without it.
        free = np.concatenate(([True, True], solved[2:] > 0.0))
        solved[~free] = 0.0
        solved[free] = np.linalg.solve(gram[np.ix_(free, free)], aim[free])
    remains = values - design @ solved
    level, slope, *scales = solved.tolist()
    return Explained(t0, level, slope, tuple(max(0.0, scale) for scale in scales), float(remains @ remains))


class Usual:
    """Learns the shape of this listener's answers."""

    def __init__(self) -> None:
        self.shape = Shape()
        self._turn = 0
        self._lessons = 0

    def learn(self, times: Samples, values: Samples, onsets: Samples, known: Samples, error: float) -> None:
        """Try one change of shape on what the present shape explained with `error`."""
        self._lessons += 1
        if self._lessons > _SCHOOL and self._lessons % 3:
            return
        change = _CHANGES[self._turn]
        self._turn = (self._turn + 1) % len(_CHANGES)
        tried = self._changed(change, _TRIED)
        if explain(times, values, tried.at(times[:, None] - onsets), known).error < error:
            self.shape = self._changed(change, _TAKEN)

    def _changed(self, change: tuple[float, ...], far: tuple[float, ...]) -> Shape:
        filling, drying, lag = (part * step for part, step in zip(change, far, strict=True))
        shape = self.shape
        new = (shape.filling * math.exp(filling), shape.drying * math.exp(drying), shape.lag + lag)
        return Shape(*(min(max(value, low), high) for value, (low, high) in zip(new, _RANGES, strict=True)))
