"""Rows of numbers of the last seconds, as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from undertone.flow import Samples

__all__ = ["History"]

_ROWS = 256


class History:
    """Remembers rows that come in order of time, for `seconds` before the newest one.

    columns: numbers in a row; the first is its time, seconds.
    """

    def __init__(self, columns: int, seconds: float) -> None:
        self._seconds = seconds
        self._rows = np.empty((_ROWS, columns))
        self._first = self._end = 0

    def add(self, row: Sequence[float]) -> bool:
        """Remember a row, and say so. One that is not later than the one before is dropped: time does not go back."""
        if self._end > self._first and not row[0] > self._rows[self._end - 1, 0]:
            return False
        if self._end == len(self._rows):
            self._compact()
        self._rows[self._end] = row
        self._end += 1
        return True

    def after(self, t: float) -> Samples:
        """The rows later than `t`, oldest first, (n, columns): a view, to be left as it is."""
        rows = self._rows[self._first : self._end]
        return rows[int(np.searchsorted(rows[:, 0], t, side="right")) :]

    def _compact(self) -> None:
        """Let go of rows older than the window; take twice the room where most are younger."""
        self._first += int(
            np.searchsorted(self._rows[self._first : self._end, 0], self._rows[self._end - 1, 0] - self._seconds, side="right")
        )
        kept = self._rows[self._first : self._end]
        room = np.empty((len(self._rows) * (2 if 2 * len(kept) > len(self._rows) else 1), self._rows.shape[1]))
        room[: len(kept)] = kept
        self._rows, self._first, self._end = room, 0, len(kept)
