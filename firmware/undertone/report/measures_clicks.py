"""Finds places where sound jumps.

A jump of one sample bends the signal (its third difference) at that place far more than anything in the millisecond on either
side does. The sharpest onset of an instrument bends it for longer than the few samples that are left out around the place, so
it is measured against itself and passes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClickFinder"]

Array = NDArray[np.float64]

SMALLEST = 10.0 ** (-50.0 / 20.0)
"""A jump of −50 dB re full scale is the smallest that counts: softer ones are under the music and under a room."""
STANDS_OUT = 8.0
"""How many times more the place is bent than anything around it."""
OWN, AROUND = 4, 48
"""Samples on either side that belong to the jump itself, and up to which it is compared."""
LOOKS = (5, 7, 11, 19)
"""Distances at which is looked first, for all places at once: most are ruled out there."""
ORDER = 3
APART_SECONDS = 0.01
"""Jumps nearer than that are one click."""
NAMED = 20
"""Places that are remembered."""


class ClickFinder:
    """Takes stereo blocks (2, n) and counts clicks."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._before = np.zeros((2, 2 * AROUND + ORDER))
        self._start = -self._before.shape[1]
        self._last = -1
        self.count = 0
        self.seconds: list[float] = []
        """Where the first twenty are."""

    def push(self, block: Array) -> None:
        """Look at the next samples. The last two milliseconds wait for what comes after them."""
        sound = np.concatenate([self._before, block], axis=1)
        bent = np.abs(np.diff(sound, n=ORDER, axis=1))
        # A jump of s shows as s, 2 s, s.
        found = set()
        for channel in bent:
            found |= {self._start + index + ORDER - 1 for index in _standing_out(channel)}
        for place in sorted(found):
            if place < AROUND:
                continue  # What the sound begins with has nothing before it to be held against.
            if self._last < 0 or place - self._last > APART_SECONDS * self._rate_hz:
                self.count += 1
                if len(self.seconds) < NAMED:
                    self.seconds.append(place / self._rate_hz)
            self._last = place
        keep = 2 * AROUND + ORDER
        self._start += sound.shape[1] - keep
        self._before = sound[:, -keep:]


def _standing_out(bent: Array) -> list[int]:
    """Where the signal is bent much more than around that place."""
    middle = slice(AROUND, len(bent) - AROUND)
    candidates = np.flatnonzero(bent[middle] >= 2.0 * SMALLEST) + AROUND
    for step in LOOKS:
        for side in (-step, step):
            candidates = candidates[bent[candidates] > STANDS_OUT * bent[candidates + side]]
    around = np.concatenate([np.arange(-AROUND, -OWN), np.arange(OWN + 1, AROUND + 1)])
    return [int(index) for index in candidates if bent[index] > STANDS_OUT * bent[index + around].max()]
