"""How strongly the pulse wave repeats at each heart rate, whether or not its beats can be told apart.

Theory of operation. Movement hides single upstrokes long before it hides the rhythm. The slope of the last eight seconds,
thinned to about 25 samples a second, limited to a few times its usual size so that one jerk does not drown the rest, and
tapered, becomes a spectrum. What speaks for a heart rate is the amplitude
at that rate and at twice and three times the rate, because the slope of a pulse is rich in harmonics.

Source: sum of harmonics after Noll 1970, Proc. Symp. Computer Processing in Communications 19:779–797.
"""

from __future__ import annotations

import numpy as np

from undertone.flow import Samples

__all__ = ["RATES", "STEP", "Periodicity"]

STEP = 0.02
"""Distance of neighbouring rates, as a share of the rate."""

RATES: Samples = 30.0 * np.exp(STEP * np.arange(101))
"""Heart rates that are looked at, beats a minute, shape (101,): 30 to 222."""

_SECONDS = 8.0
_LEAST_SECONDS = 5.0
_THINNED = 25.0
_LIMIT = 3.0
_POINTS = 512
_LEAST_KEPT = 16


class Periodicity:
    """Follows one unbroken run of samples.

    rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._thin = max(1, round(rate / _THINNED))
        thinned = rate / self._thin
        self._kept = np.zeros(max(_LEAST_KEPT, round(_SECONDS * thinned)))
        self._least = round(_LEAST_SECONDS * thinned)
        self._count = 0
        self._skip = 0
        self._taper = np.hanning(len(self._kept) + 2)[1:-1]
        place = RATES / 60.0 * _POINTS / thinned
        self._places = np.minimum(np.outer((1.0, 2.0, 3.0), place), _POINTS // 2 - 1.001)
        self._bins = np.arange(_POINTS // 2 + 1, dtype=np.float64)

    def push(self, slope: Samples) -> None:
        """Take in the slopes of a chunk."""
        new = slope[self._skip :: self._thin]
        self._skip = (self._skip - len(slope)) % self._thin
        if len(new):
            self._kept[: -len(new)] = self._kept[len(new) :]
            self._kept[-len(new) :] = new
            self._count += len(new)

    def strength(self) -> Samples | None:
        """Strength at each of the rates, shape (101,), 0…1, the strongest 1; None in the first 5 s, or where nothing moves."""
        if self._count < self._least:
            return None
        known = self._kept[-self._count :] if self._count < len(self._kept) else self._kept
        limit = _LIMIT * float(np.abs(known).sum()) / len(known)
        if limit <= 0.0:
            return None
        tame = np.minimum(np.maximum(self._kept, -limit), limit)
        tame -= tame.sum() / len(tame)
        amplitude = np.abs(np.fft.rfft(tame * self._taper, _POINTS))
        total = np.interp(self._places, self._bins, amplitude).sum(axis=0)
        strongest = float(total.max())
        return np.asarray(total / strongest) if strongest > 0.0 else None
