"""Loudness as people hear it, and a slow hand on the gain that keeps it at a target.

Theory of operation. The mean square of the K-weighted signal over 400 ms is the momentary loudness. Pauses must not count:
what lies under −70 LUFS, or 10 LU under the mean of all that sounds, is left out. The running mean has a memory of 20 s, at
first a shorter one; the gain that would bring it to the target is approached at a bounded rate and stays within bounds, so
that the rider corrects an instrument that is too soft and never pumps, and never lifts a hum out of silence. While little has
been heard the rate is higher: music comes in softly anyway, and what is learnt then need not be made good for half a minute.
Only what is much too loud for three seconds is turned down at once.

Source: ITU-R BS.1770-4; EBU Tech 3341 (momentary loudness).
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from undertone.audio.filters import BlockFilter, k_weighting, kernel

__all__ = ["LoudnessRider", "lufs"]

Array = NDArray[np.float64]

OFFSET_DB = -0.691
"""BS.1770: a 997 Hz sine of 0 dBFS in one channel measures −3.01 LUFS."""
WINDOW_SECONDS = 0.4
SILENT_LUFS = -70.0
PAUSE_LU = 10.0
"""What lies so far under the mean of all that sounds is a pause."""
MEMORY_SECONDS = 20.0
FRESH_SHARE = 0.4
"""A piece often begins with few layers, so even at first the mean leans on what was heard last."""
PRIOR_SECONDS = 4.0
"""Weight of the loudness assumed at the start: a piece begins with less than all of its layers, which must not be turned up."""
PRIOR_LUFS = -26.5
"""All programs and styles are balanced so that they come near this when everything plays."""
BURST_SECONDS = 3.0
BURST_LU = 1.5
"""What is louder than the target by more than this over three seconds is turned down without waiting for the mean."""
BURST_DB_PER_SECOND = 1.5
UP_DB_PER_SECOND = 0.4
DOWN_DB_PER_SECOND = 0.8
FIRST_DB_PER_SECOND, FIRST_SECONDS = 2.5, 5.0
"""The rate at the very first, and the time in which what it exceeds the later rates by falls to 1/e."""
RANGE_DB = (-36.0, 18.0)
"""The gain stays within this of what the assumed loudness would need."""


def lufs(mean_square: float) -> float:
    """Loudness of a K-weighted mean square, summed over the channels; −inf for silence."""
    return OFFSET_DB + 10.0 * math.log10(mean_square) if mean_square > 0 else -math.inf


class _Mean:
    """A mean that forgets: what is older than 0.4 of all that was counted, and later what is older than 20 s, fades."""

    def __init__(self, prior: float) -> None:
        self.value = prior
        self.seconds = PRIOR_SECONDS
        """How much has been counted."""

    def add(self, value: float, seconds: float) -> None:
        self.seconds += seconds
        self.value += (value - self.value) * seconds / min(max(FRESH_SHARE * self.seconds, PRIOR_SECONDS), MEMORY_SECONDS)


class LoudnessRider:
    """Holds a stereo stream at a target loudness.

    target_lufs: wanted loudness of the programme.
    frames: length of a block.
    """

    def __init__(self, target_lufs: float, *, rate_hz: float, frames: int) -> None:
        self._target = target_lufs
        self._seconds = frames / rate_hz
        self._weighting = BlockFilter(kernel(k_weighting(rate_hz), frames=frames))
        self._recent: deque[float] = deque(maxlen=max(1, round(WINDOW_SECONDS / self._seconds)))
        self._burst: deque[float] = deque(maxlen=max(1, round(BURST_SECONDS / self._seconds)))
        prior = 10.0 ** ((PRIOR_LUFS - OFFSET_DB) / 10.0)
        self._sounding = _Mean(prior)
        self._counted = _Mean(prior)
        self._ramp = np.arange(1, frames + 1) / frames
        self._neutral_db = target_lufs - PRIOR_LUFS
        self.gain_db = self._neutral_db
        """The gain as it stands, dB."""

    @property
    def loudness(self) -> float:
        """Running loudness of what goes in, LUFS."""
        return lufs(self._counted.value)

    def __call__(self, block: Array) -> Array:
        """The block (2, frames) at its new gain, which moves in a straight line over the block."""
        before = 10.0 ** (self.gain_db / 20.0)
        self._listen(block)
        self._ride()
        gains: Array = before + (10.0 ** (self.gain_db / 20.0) - before) * self._ramp
        return block * gains

    def _listen(self, block: Array) -> None:
        weighted = self._weighting(block)
        self._recent.append(float(np.vdot(weighted, weighted)) / block.shape[1])
        self._burst.append(self._recent[-1])
        momentary = lufs(sum(self._recent) / len(self._recent))
        if momentary > SILENT_LUFS:
            self._sounding.add(self._recent[-1], self._seconds)
            if momentary > lufs(self._sounding.value) - PAUSE_LU:
                self._counted.add(self._recent[-1], self._seconds)

    def _ride(self) -> None:
        lowest, most = RANGE_DB
        wanted = min(max(self._target - self.loudness, self._neutral_db + lowest), self._neutral_db + most)
        usual = UP_DB_PER_SECOND if wanted > self.gain_db else DOWN_DB_PER_SECOND
        rate = usual + (FIRST_DB_PER_SECOND - usual) * math.exp(-self._counted.seconds / FIRST_SECONDS)
        highest = self._target + BURST_LU - lufs(sum(self._burst) * self._seconds / BURST_SECONDS)
        if self.gain_db > highest:
            wanted, rate = min(wanted, highest), BURST_DB_PER_SECOND
        step = rate * self._seconds
        self.gain_db += min(max(wanted - self.gain_db, -step), step)

    def reset(self) -> None:
        """Forget the last moments, but not how loud the programme is."""
        self._weighting.reset()
        self._recent.clear()
        self._burst.clear()
