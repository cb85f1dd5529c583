"""A signal that is made in pieces of equal length and read at any times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from undertone.flow import Samples

__all__ = ["Trace"]


class Trace:
    """Straight lines between the points of a fine grid; makes the next piece when somebody asks for what lies in it.

    As pieces are made in order and always of the same length, what is read does not depend, to the last bit, on how the
    questions are cut.

    make: makes the piece with a given index: (points + 1, channels), its last row being the first of the next piece.
    piece_seconds: length of a piece; piece 0 begins at 0. points: of a piece.
    """

    def __init__(self, make: Callable[[int], Samples], *, piece_seconds: float, points: int, channels: int) -> None:
        self._make = make
        self._seconds = piece_seconds
        self._points = points
        self._made = 0
        self._first = 0
        self._rows = np.zeros((0, channels))
        self.asked = 0.0
        """The latest time that was asked for, seconds."""

    @property
    def made(self) -> float:
        """Up to when there is something, seconds."""
        return self._made * self._seconds

    def at(self, times: Samples) -> Samples:
        """Values at the times, (n, channels) for (n,) non-decreasing times; before 0 what is at 0.

        Raises ValueError when the times go back by more than a piece behind what was asked for last.
        """
        if not len(times):
            return self._rows[:0]
        times = np.maximum(times, 0.0)
        last = float(times[-1])
        if times[0] < self.made - 2.0 * self._seconds:
            raise ValueError(f"a body cannot be asked about {times[0]} s any more: times may not go back")
        self.asked = max(self.asked, last)
        parts = []
        while last >= self.made:
            now = int(np.searchsorted(times, self.made))
            if now:
                parts.append(self._read(times[:now]))
                times = times[now:]
            self._extend()
        parts.append(self._read(times))
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _read(self, times: Samples) -> Samples:
        where = times * (self._points / self._seconds)
        index = where.astype(np.int64)
        along = (where - index)[:, None]
        index -= self._first
        left = self._rows[index]
        return np.asarray(left + along * (self._rows[np.minimum(index + 1, len(self._rows) - 1)] - left))

    def _extend(self) -> None:
        # The piece before stays readable, and so does the point at the seam as it was read until now.
        piece = self._make(self._made)
        stale = max(0, len(self._rows) - 1 - self._points)
        self._rows = np.concatenate([self._rows[stale:], piece[1:]]) if self._made else piece
        self._first += stale
        self._made += 1
