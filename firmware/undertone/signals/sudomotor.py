"""The bursts of the sudomotor nerve that a course of skin conductance betrays.

Theory of operation. A burst of the nerve fills the sweat ducts quickly and they dry slowly: conductance answers as the
difference of two exponentials. A second response that comes while the first still recovers need not make conductance rise, so
it cannot be found as a rise. The inverse of the answer can find it: with time constants τ₁ and τ₂, (1 + τ₁ d/dt)(1 + τ₂ d/dt)
turns each answer back into the burst it came from, and bursts stand apart. Divided by τ₁ + τ₂ this is

    v = x′ + x″ τ₁ τ₂ / (τ₁ + τ₂) + x / (τ₁ + τ₂),

of which a Gaussian's derivatives give a smoothed version in one convolution of nine samples. The real time constants differ
between people and responses. Assumed shorter than they mostly are, they leave each burst a positive tail, which hides nothing;
assumed too long they would leave a hollow after it, which is the mark of an artefact: nerves do not fire negatively.

A burst is a climb of v by a threshold and a fall by a share of it. The threshold follows the noise.

Source: D. Alexander et al., J. Neurosci. Methods 146:116 (2005), doi:10.1016/j.jneumeth.2005.02.001; that the driver cannot be
negative: M. Benedek and C. Kaernbach, Psychophysiology 47:647 (2010), doi:10.1111/j.1469-8986.2009.00972.x.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import islice
from operator import mul

import numpy as np

__all__ = ["DELAY", "GAIN", "MATURE", "RATE_HZ", "Burst", "Bursts", "driver"]

RATE_HZ = 4.0
"""Samples a second of everything here."""

_FILLING, _DRYING = 0.5, 2.0
"""τ₁ and τ₂, seconds."""
_WIDTH = 0.3
"""Standard deviation of the smoothing, seconds."""
_REACH = 4
"""Samples that the convolution reaches back and ahead."""
DELAY = _REACH
"""Samples by which `driver` is late."""

MATURE = 5
"""Samples after its top at which a burst can be judged: an artefact has shown its hollow by then."""

_BACK = round(8.0 * RATE_HZ)
_APART = 4
_CLIMB = round(3.0 * RATE_HZ)
"""A driver that climbs more slowly than this is no burst: the foot is looked for among so many samples."""
_TURNED = 0.8
_FOOT_SHARE = 0.25


def _weights() -> tuple[float, ...]:
    """Weights of nine samples, oldest first, exact for straight lines and parabolas."""
    since = np.arange(-_REACH, _REACH + 1) / RATE_HZ
    bell = np.exp(-0.5 * (since / _WIDTH) ** 2)
    bell /= bell.sum()
    slope = since * bell
    slope /= slope @ since
    bend = ((since / _WIDTH) ** 2 - 1.0) * bell
    bend -= bell * bend.sum()
    bend /= 0.5 * (bend @ since**2)
    both = _FILLING + _DRYING
    return tuple((slope + bend * (_FILLING * _DRYING / both) + bell / both).tolist())


_WEIGHTS = _weights()

GAIN = math.hypot(*_WEIGHTS)
"""What white noise of standard deviation 1 becomes."""


def driver(newest: list[float]) -> float:
    """The driver, microsiemens a second, `DELAY` samples before the newest of the last nine."""
    return float(sum(map(mul, _WEIGHTS, newest)))


@dataclass(slots=True)
class Burst:
    """One burst, in samples since the run began and microsiemens a second."""

    foot: int
    """Where the driver was lowest before it."""
    onset: float
    """Where a quarter of the climb was done, between samples."""
    top: int
    height: float
    """From foot to top."""
    dip: float
    """How far the foot lies below all of the 8 s before, but for the last one."""
    hollow: float = 0.0
    """How far the driver falls, soon after the top, below all of the 8 s before the foot."""
    width: float = 0.0
    """Samples for which the driver stands above half of the climb; 0 while that is not known."""


class Bursts:
    """Follows the driver of one run."""

    def __init__(self) -> None:
        self._course: deque[float] = deque(maxlen=_BACK + 64)
        self.index = -1
        """Of the newest value, samples."""
        self._low = math.inf
        self._foot = 0
        self._high = -math.inf
        self._top = 0
        self._rising = False
        self._young: deque[Burst] = deque()

    def push(self, value: float, threshold: float) -> list[Burst]:
        """The bursts that have become old enough to be judged. threshold: smallest climb, microsiemens a second."""
        self.index += 1
        course = self._course
        course.append(value)
        if not self._rising:
            if value < self._low:
                self._low, self._foot = value, self.index
            elif self.index - self._foot > _CLIMB:
                self._low, self._foot = min((self._at(index), index) for index in range(self.index - _CLIMB, self.index + 1))
            if value - self._low > threshold:
                self._rising, self._high, self._top = True, value, self.index
        elif self.index - self._foot > _BACK:
            self._rising, self._low, self._foot = False, value, self.index
        elif value > self._high:
            self._high, self._top = value, self.index
        elif self._high - value > _TURNED * threshold:
            self._young.append(self._burst())
            self._rising, self._low, self._foot = False, value, self.index
        mature = []
        while self._young and self.index - self._young[0].top >= MATURE:
            mature.append(self._judged(self._young.popleft()))
        return mature

    def hollow(self, threshold: float, share: float) -> bool:
        """Whether the newest value lies deeper below all of the 8 s before, but for the last second, than nerves explain.

        That is, by more than `threshold`, and by more than a `share` of the highest climb of these 8 s.
        """
        course, known = self._course, len(self._course)
        value = course[-1]
        # The first look is only quicker than the second.
        if known <= _APART or course[-_APART - 1] - value <= threshold:
            return False
        before = min(islice(course, max(0, known - _BACK), known - _APART))
        if before - value <= threshold:
            return False
        return before - value > share * (max(islice(course, max(0, known - _BACK), known)) - before)

    def _at(self, index: int) -> float:
        return self._course[index - self.index - 1]

    def _lowest(self, first: int, last: int) -> float:
        """Lowest value from `first` on and before `last`, as far as is remembered; inf where nothing is."""
        start = len(self._course) - 1 - self.index
        return min(islice(self._course, max(0, start + first), max(0, start + last)), default=math.inf)

    def _burst(self) -> Burst:
        height = self._high - self._low
        share = self._low + _FOOT_SHARE * height
        index = self._top
        while index > self._foot and self._at(index - 1) > share:
            index -= 1
        onset = float(index)
        if index > self._foot:
            here, before = self._at(index), self._at(index - 1)
            onset -= (here - share) / (here - before)
        earlier = self._lowest(self._foot - _BACK, self._foot - _APART + 1)
        return Burst(self._foot, onset, self._top, height, 0.0 if math.isinf(earlier) else max(0.0, earlier - self._low))

    def _judged(self, burst: Burst) -> Burst:
        base = min(self._at(burst.foot), self._lowest(burst.foot - _BACK, burst.foot - _APART + 1))
        burst.hollow = max(0.0, base - self._lowest(burst.top + 1, burst.top + MATURE + 1))
        return burst
