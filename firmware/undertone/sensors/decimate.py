"""From 32 conversions of the skin a second to 16, without the mains in them.

A low-pass with a symmetric impulse response: what comes out is delayed by exactly half its length, the same for every
frequency, and is stamped accordingly. Its coefficients are a sampled sinc under a Kaiser window (β for 40 dB), normalised so
that a constant passes unchanged. Half the amplitude remains at 2.4 Hz; what 60 Hz leaves at 4 Hz and 50 Hz at 14 Hz is damped
by at least 40 dB, and so is everything that would fold into the band in which skin responds.

Source: J. F. Kaiser's window as in Oppenheim and Schafer, Discrete-Time Signal Processing, §7.5; hardware.md §2.2.
"""

from __future__ import annotations

import numpy as np

from undertone.flow import readonly

__all__ = ["CORNER_HZ", "DELAY", "TAPS", "Decimator"]

CORNER_HZ = 2.4
"""Where half the amplitude passes."""
_RATE_HZ = 32.0
_LENGTH = 33
_BETA = 3.4
DELAY = _LENGTH // 2
"""Of what comes out, in samples of what goes in."""
_BRIDGED = 3
"""Missing samples that are bridged by a straight line: 94 ms, far below what the low-pass can resolve."""

_offset = np.arange(_LENGTH) - DELAY
_shape = np.sinc(2.0 * CORNER_HZ / _RATE_HZ * _offset) * np.kaiser(_LENGTH, _BETA)
TAPS = readonly(_shape / _shape.sum())
"""Impulse response, shape (33,)."""


class Decimator:
    """Low-pass and decimation by two, sample by sample.

    Up to three missing samples are bridged; after more, and at the start, nothing comes out until the impulse response is
    full again: nothing is made up.
    """

    def __init__(self) -> None:
        # Each sample is written twice, so that the last _LENGTH of them always lie side by side.
        self._history = np.zeros(2 * _LENGTH)
        self._place = 0
        self._filled = 0
        self._last: tuple[int, float] | None = None
        self.bridged = 0
        """Missing samples that were bridged so far."""

    def push(self, tick: int, value: float) -> list[tuple[int, float]]:
        """Take the sample of one tick, later than the one before.

        Returns what comes out: (tick for which it stands, value), for even ticks only; at most two, usually one or none.
        """
        out: list[tuple[int, float]] = []
        if self._last is not None:
            before, level = self._last
            missing = tick - before - 1
            if missing > _BRIDGED:
                self._filled = 0
            else:
                self.bridged += missing
                for step in range(1, missing + 1):
                    out += self._take(before + step, level + (value - level) * step / (missing + 1))
        self._last = (tick, value)
        return out + self._take(tick, value)

    def _take(self, tick: int, value: float) -> list[tuple[int, float]]:
        place = self._place
        self._history[place] = self._history[place + _LENGTH] = value
        self._place = place = (place + 1) % _LENGTH
        self._filled += 1
        if self._filled < _LENGTH or tick % 2:
            return []
        return [(tick - DELAY, float(TAPS @ self._history[place : place + _LENGTH]))]
