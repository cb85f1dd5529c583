"""Values of the last seconds, with their times."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["Memory"]

_SLACK = 256


class Memory:
    """Remembers values that come in order of time, for `seconds` before the newest one at least."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: list[float] = []
        self._values: list[float] = []

    def add(self, t: float, value: float) -> None:
        """Remember a value. One that is not later than the one before is dropped: time does not go back."""
        if self._times and t <= self._times[-1]:
            return
        self._times.append(t)
        self._values.append(value)
        if len(self._times) % _SLACK == 0:
            # What is asked for ends a little after the newest value, so what is older than the window is never wanted again.
            old = bisect_right(self._times, t - self._seconds)
            del self._times[:old], self._values[:old]

    def values(self, after: float, until: float) -> list[float]:
        """Values later than `after` and not later than `until`, oldest first."""
        return self._values[bisect_right(self._times, after) : bisect_right(self._times, until)]

    def times(self, after: float, until: float) -> list[float]:
        """The times of what `values` would give."""
        return self._times[bisect_right(self._times, after) : bisect_right(self._times, until)]

    def count(self, after: float, until: float) -> int:
        """How many values `values` would give."""
        return bisect_right(self._times, until) - bisect_right(self._times, after)

    def newest(self, until: float) -> tuple[float, float] | None:
        """Time and value of the newest that is not later than `until`."""
        index = bisect_right(self._times, until) - 1
        return (self._times[index], self._values[index]) if index >= 0 else None
