"""What every emulated chip is to the bus, and how it looks at its subject without asking for every sample by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["HORIZON", "Ahead", "Chip", "Now"]

HORIZON = 1.0
"""Seconds by which a chip may ask its subject ahead of the present."""

Now = Callable[[], float]
"""The present, seconds: the clock's `now`."""


class Chip(Protocol):
    """A chip on the emulated bus: it answers the two verbs of the bus, and it can lose its power."""

    def read(self, register: int, length: int) -> bytes:
        """What the chip sends when `length` bytes are read after `register` was written."""

    def write(self, register: int, data: bytes) -> None:
        """Take `data`, written after `register`."""

    def brown_out(self) -> None:
        """Lose the power for a moment: everything is as after power-up."""


class Ahead:
    """Answers about a subject, fetched ahead in whole chunks and consumed in order.

    ask: from moments (n,), seconds, to rows (n, …). It is asked with moments that never decrease, even if the questions put
    here go back by up to the horizon, as they do when a chip is set up anew: what is known already is then interpolated.
    """

    def __init__(self, ask: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        self._ask = ask
        self._times = np.zeros(0)
        self._rows: NDArray[np.float64] | None = None

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows for `times`, shape (n,), n ≥ 1, increasing within the call."""
        known = 0 if self._rows is None else int(np.searchsorted(times, self._times[-1], side="right"))
        if known == 0:
            self._times, self._rows = times, np.asarray(self._ask(times), dtype=np.float64)
            return self._rows
        old = self._interpolated(times[:known])
        if known == len(times):
            return old
        fresh = np.asarray(self._ask(times[known:]), dtype=np.float64)
        rows = np.concatenate((old, fresh))
        self._times, self._rows = times, rows
        return rows

    def _interpolated(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self._rows is not None
        if self._rows.ndim == 1:
            return np.interp(times, self._times, self._rows)
        columns = [np.interp(times, self._times, column) for column in self._rows.T]
        return np.stack(columns, axis=1)
