"""A simulated listener in real time: asked by the bus's thread, told by the core's."""

from __future__ import annotations

import threading
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Bar
from undertone.sim.subject import Subject

__all__ = ["Listener", "Shared"]


class Listener(Subject, Protocol):
    """Somebody who wears a pod and hears the music."""

    def hear(self, t: float, bar: Bar) -> None:
        """A bar begins to sound at `t`, seconds."""


class Shared:
    """A listener whom two threads may address, one after the other."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()

    def light(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `Subject.light`."""
        with self._lock:
            return self._listener.light(times)

    def conductance(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `Subject.conductance`."""
        with self._lock:
            return self._listener.conductance(times)

    def hear(self, t: float, bar: Bar) -> None:
        """See `Listener.hear`."""
        with self._lock:
            self._listener.hear(t, bar)
