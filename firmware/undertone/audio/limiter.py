"""The ceiling: no true peak gets past it, and what comes near is turned down smoothly and in time.

Theory of operation. The signal waits for 5 ms while its peaks are looked at. Four times oversampled peaks give the gain that
each sample needs; the least gain over the next 5 ms is held, let go along a straight line, and averaged over 5 ms, so the
gain is already low when the peak comes and moves without corners. While nothing is near the ceiling all this is skipped,
which is nearly always: at −23 LUFS peaks lie around −8 dBFS.

Source: ITU-R BS.1770-4, annex 2 (true-peak level by four times oversampling).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Limiter"]

Array = NDArray[np.float64]

LOOK_AHEAD_SECONDS = 0.005
RELEASE_SECONDS = 0.3
"""Time in which a gain of nothing would grow back to one."""
HALF_TAPS = 8
"""Samples on either side that the oversampling looks at."""
SAFE_SHARE = 0.5
"""Blocks whose samples stay under this share of the ceiling are not looked at more closely: what lies between samples
exceeds them by more than 6 dB in nothing but test signals."""


def _oversampling() -> Array:
    """Weights (3, 16) that give the signal at ¼, ½ and ¾ between the two middle samples: a windowed sinc."""
    offsets = np.arange(-HALF_TAPS + 1, HALF_TAPS + 1)
    distance = np.array([0.25, 0.5, 0.75])[:, None] - offsets
    weights = np.sinc(distance) * np.cos(np.pi * distance / (2 * HALF_TAPS + 1)) ** 2
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class Limiter:
    """Keeps a stereo stream under a ceiling, 5 ms late.

    ceiling_db: highest true peak, dB relative to full scale.
    frames: length of a block.
    """

    def __init__(self, ceiling_db: float = -1.5, *, rate_hz: float, frames: int) -> None:
        self._ceiling = 10.0 ** (ceiling_db / 20.0)
        self._window = max(2, round(LOOK_AHEAD_SECONDS * rate_hz))
        self._slope = 1.0 / (RELEASE_SECONDS * rate_hz)
        self._between = _oversampling()
        self._frames = frames
        # Signal still to come out, then what only the peak reading of it needs.
        self._ahead = self._window - 1 + HALF_TAPS
        self._history = np.zeros((2, self._ahead + HALF_TAPS))
        self._needed = np.ones(self._window - 1)
        """Gains needed by the samples that have been read but not held yet."""
        self._held = np.ones(self._window - 1)
        self._release = 1.0
        self.reduction_db = 0.0
        """Deepest reduction in the last block, dB ≥ 0."""

    @property
    def delay(self) -> int:
        """Frames between what goes in and what comes out."""
        return self._ahead

    def __call__(self, block: Array) -> Array:
        """The limited block, `delay` frames late. Both (2, frames)."""
        frames = self._frames
        signal = np.concatenate([self._history, block], axis=1)
        self._history = signal[:, frames:].copy()
        late = signal[:, HALF_TAPS : HALF_TAPS + frames]
        resting = self._release == 1.0 and bool(np.all(self._held == 1.0)) and bool(np.all(self._needed == 1.0))
        if resting and np.abs(signal).max() < SAFE_SHARE * self._ceiling:
            self.reduction_db = 0.0
            return late.copy()
        gain = self._gain(signal)
        self.reduction_db = -20.0 * math.log10(max(float(gain.min()), 1e-9))
        return np.clip(late * gain, -self._ceiling, self._ceiling)

    def _gain(self, signal: Array) -> Array:
        peaks = self._peaks(signal)
        needed = np.concatenate([self._needed, np.minimum(1.0, self._ceiling / np.maximum(peaks, 1e-12))])
        self._needed = needed[self._frames :].copy()
        least = _sliding_minimum(needed, self._window)
        line = self._slope * np.arange(1, self._frames + 1)
        lowest = np.minimum.accumulate(np.minimum(least - line, self._release))
        released = np.minimum(1.0, np.minimum(least, lowest + line))
        self._release = float(released[-1])
        held = np.concatenate([self._held, released])
        self._held = held[self._frames :].copy()
        total = np.cumsum(np.concatenate([[0.0], held]))
        means: Array = (total[self._window :] - total[: -self._window]) / self._window
        return np.minimum(1.0, means)

    def _peaks(self, signal: Array) -> Array:
        """True peak around each of the newest samples whose neighbours on both sides are known, (frames,)."""
        windows = np.lib.stride_tricks.sliding_window_view(signal[:, -(self._frames + 2 * HALF_TAPS) :], 2 * HALF_TAPS, axis=1)
        between = np.abs(windows @ self._between.T).max(axis=(0, 2))
        samples = np.abs(signal[:, -(self._frames + HALF_TAPS) : -HALF_TAPS]).max(axis=0)
        # A peak between two samples belongs to both of them.
        return np.asarray(np.maximum(samples, np.maximum(between[:-1], between[1:])))


def _sliding_minimum(values: Array, width: int) -> Array:
    """The least of each `width` neighbouring values, by doubling the reach."""
    reach = 1
    while reach * 2 <= width:
        values = np.minimum(values[:-reach], values[reach:])
        reach *= 2
    rest = width - reach
    return np.minimum(values[: len(values) - rest], values[rest:]) if rest else values
