"""When was each sample taken? Sample counts against host time.

Theory of operation. The chip samples by its own oscillator, which is up to 1.5 % off, and hands over what it has whenever we
come to ask. Asked at host time t it has completed N samples; sample N is then between 0 and one period T old. So t against N
scatters around a straight line whose slope is the true period, and which lies half a period after the completion of sample N.

The line is fitted by least squares in which an observation's weight falls by e in `memory` seconds. With weighted means x̄, ȳ
and moments Sxx = Σw(x−x̄)², Sxy = Σw(x−x̄)(y−ȳ), adding one observation to a sum of weights W changes the moments by
W/(W+1)·(x−x̄)² and W/(W+1)·(x−x̄)(y−ȳ), which stays exact for numbers as large as a night makes them. The datasheet's
tolerance enters as a prior on the slope: (Sxy + P·T)/(Sxx + P), where P is the ratio of the variances of one observation
(T²/12, uniform over a period) and of the slope ((tolerance·T)²/3, uniform over the tolerance), which is 1/(4·tolerance²).

A moment that was noted long before the chip was really asked (the thread lost the processor in between) lies far below the
line and is left out: further than three standard deviations of a prediction, (T²/12)·(1 + 1/W + (x−x̄)²/(Sxx + P)), and some
slack. If observations stay away from a line that is well known, either samples went missing without being counted, and the
line says how many, or the clock changed, and the line moves. A line that is hardly known yet is forgotten.

What leaves here is a clock of its own that is steered towards the line by at most `_STEER` of its rate. Blocks join without
overlap, and time never goes back, while a beat's interval is never wrong by more than that share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Stamp", "Stamped"]

_STEER = 0.005
"""Largest deviation of the outgoing rate from the fitted one: 5 ms in 1 s."""
_SPREAD = 12.0**-0.5
"""Standard deviation of one observation, in periods: uniform over one period."""
_SIGMAS = 3.0
_SLACK = 0.6
"""How far from the line an observation may lie: so many standard deviations of where we expect it, and so many periods more."""
_ENOUGH = 8
"""So many observations in a row that are too far off, all on one side, and it is the line that is wrong."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """When some consecutive samples were taken."""

    t0: float
    """Time of the first, seconds."""
    rate_hz: float
    lost: int
    """Samples missing between the previous ones and these."""


class _Line:
    """Host time against the number of completed samples: least squares, exponentially forgotten."""

    def __init__(self, period: float, memory: float, tolerance: float) -> None:
        self._nominal = period
        self._memory = memory
        self._prior = 1.0 / (4.0 * tolerance**2)
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.period = self._nominal
        self.weight = 0.0
        self._mean_count = self._mean_time = 0.0
        self._sxx = self._sxy = 0.0
        self._last = 0.0

    def learn(self, now: float, count: int) -> None:
        """Add an observation: `count` samples were complete at `now`."""
        kept = math.exp((self._last - now) / self._memory)
        weight = self.weight * kept
        dx, dy = count - self._mean_count, now - self._mean_time
        share = weight / (weight + 1.0)
        self._sxx = self._sxx * kept + share * dx * dx
        self._sxy = self._sxy * kept + share * dx * dy
        self.weight = weight + 1.0
        self._mean_count += dx / self.weight
        self._mean_time += dy / self.weight
        self.period = (self._sxy + self._prior * self._nominal) / (self._sxx + self._prior)
        self._last = now

    def allowance(self, count: int) -> float:
        """How far from the line an observation may lie, in periods: less, the better the line is known there."""
        reach = (count - self._mean_count) ** 2 / (self._sxx + self._prior)
        return _SIGMAS * _SPREAD * math.sqrt(1.0 + 1.0 / self.weight + reach) + _SLACK

    def move(self, seconds: float) -> None:
        """Shift the line in time without turning it."""
        self._mean_time += seconds

    def time(self, count: float) -> float:
        """When we would find `count` samples, on average."""
        return self._mean_time + (count - self._mean_count) * self.period

    def count(self, now: float) -> float:
        """How many samples we would find at `now`, on average."""
        return self._mean_count + (now - self._mean_time) / self.period


class Stamp:
    """Gives times to the samples of one chip.

    period: nominal seconds between two samples. delay: seconds from the moment that a sample stands for to its completion.
    memory: seconds in which an observation's weight falls by e. tolerance: how far the chip's clock may be off, as a share.
    after: no sample is earlier than this; where an earlier stamp left off.
    """

    def __init__(
        self,
        period: float,
        *,
        delay: float = 0.0,
        memory: float = 60.0,
        tolerance: float = 0.015,
        after: float = -math.inf,
    ) -> None:
        self._line = _Line(period, memory, tolerance)
        self._delay = delay
        self._after = after
        self._count = 0
        self._lost = 0
        self._end: float | None = None
        self._far: list[float] = []

    @property
    def period(self) -> float:
        """Seconds between two samples, as fitted so far."""
        return self._line.period

    def push(self, now: float, fresh: int, *, before: int = 0, lost: int = 0, uncertain: bool = False) -> Stamped:
        """Times of `fresh` ≥ 0 samples that the chip held at host time `now`.

        before: samples that were taken before these and are gone. lost: samples that were taken after these and are gone (a
        full FIFO refuses newer ones). uncertain: more may be gone than `lost`; the line then says how many.
        """
        self._found_missing(before)
        if uncertain and self._line.weight > 0.0:
            lost = max(lost, round(self._line.count(now) - self._count - fresh))
        else:
            self._found_missing(self._observe(now, self._count + fresh + lost))
        stamped = self._advance(fresh)
        if fresh:
            self._lost = 0
        self._count += fresh
        self._found_missing(lost)
        return stamped

    def _observe(self, now: float, count: int) -> int:
        """Let the line learn from an observation, or doubt it. Returns how many samples must be missing from the count."""
        line = self._line
        off = line.count(now) - count if line.weight else 0.0
        if not line.weight or abs(off) <= line.allowance(count):
            self._far.clear()
            line.learn(now, count)
            return 0
        if self._far and self._far[-1] * off < 0.0:
            self._far.clear()
        self._far.append(off)
        if len(self._far) < _ENOUGH:
            return 0
        off = sorted(self._far)[_ENOUGH // 2]
        self._far.clear()
        if line.weight < _ENOUGH:
            line.forget()
            line.learn(now, count)
        elif off < 0.0:
            # More samples than there can be: only the clock can have changed.
            line.move(off * line.period)
        else:
            return round(off)
        return 0

    def _found_missing(self, missing: int) -> None:
        """Count samples that are gone, after those that have been counted so far."""
        if missing:
            self._count += missing
            self._lost += missing
            due = self._due(self._count + 1)
            self._end = max(due, self._after if self._end is None else self._end)

    def _advance(self, fresh: int) -> Stamped:
        """Let the outgoing clock pass `fresh` samples, steering it towards the line."""
        due = self._due(self._count + fresh + 1)
        span = fresh * self._line.period
        start = max(due - span, self._after) if self._end is None else self._end
        if fresh:
            span = min(max(due - start, span * (1.0 - _STEER)), span * (1.0 + _STEER))
        self._end = start + span
        return Stamped(start, fresh / span if fresh else 1.0 / self._line.period, self._lost)

    def _due(self, count: int) -> float:
        """The moment for which sample number `count` (from 1) stands, by the line.

        A sample is half a period old, on average, when we find it.
        """
        return self._line.time(count - 0.5) - self._delay
