"""From upstrokes to beats with judged intervals.

A beat whose interval is too short waits for the next one, because only that tells an early beat from a false one; beats after
it wait behind it. It waits no longer than the longest interval there is, so that a beat comes at most `HELD` after it
happened.
"""

from __future__ import annotations

from undertone.flow import Beat, BeatFlag
from undertone.signals.intervals import LONGEST, Intervals
from undertone.signals.pulse import LATENCY, Upstroke

__all__ = ["HELD", "Beats"]

_PATIENCE = LATENCY + LONGEST + 0.05
"""Seconds after a beat when the next one would have been reported, if there were one."""

HELD = _PATIENCE + 1.0
"""Seconds after which a beat that waits for the next one has been reported, at most: time is looked at once a second."""

Judged = tuple[Beat, Upstroke | None]
"""A beat, and the upstroke that it was; None where only the beat is known."""


class Beats:
    """Judges beats, and holds back those that cannot be judged yet.

    pod: number that the beats carry.
    """

    def __init__(self, pod: int) -> None:
        self._pod = pod
        self._intervals = Intervals()
        self._waiting: list[tuple[float, float | None, Upstroke | None]] = []
        self._before: float | None = None

    def push(self, upstroke: Upstroke) -> list[Judged]:
        """The beats that can be judged with this upstroke, in order of time."""
        interval = None if upstroke.first or self._before is None else upstroke.t - self._before
        self._before = upstroke.t
        self._waiting.append((upstroke.t, interval, upstroke))
        return self._release(self._intervals.push(interval))

    def push_beat(self, t: float, interval: float | None) -> Judged:
        """The judged beat, which something else has found; an early one cannot be told from a false one."""
        (flag,) = self._intervals.push(interval, wait=False)
        return Beat(t, interval, flag, self._pod), None

    def flush(self) -> list[Judged]:
        """The beats that wait, when nothing follows them."""
        return self._release(self._intervals.flush())

    def pass_time(self, now: float) -> list[Judged]:
        """The beat that has waited too long, if there is one. now: time of the newest sample, seconds."""
        if not self._waiting or now - self._waiting[0][0] <= _PATIENCE:
            return []
        return self.flush()

    def _release(self, flags: tuple[BeatFlag, ...]) -> list[Judged]:
        ready, self._waiting = self._waiting[: len(flags)], self._waiting[len(flags) :]
        return [
            (Beat(t, interval, flag, self._pod), upstroke) for (t, interval, upstroke), flag in zip(ready, flags, strict=True)
        ]
