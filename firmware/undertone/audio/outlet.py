"""The last step before the device: nothing upstream can reach around it.

Volume, stop and the ceiling act here, on sound that is about to be written, so that they are quick although music is rendered
far ahead. It trusts nobody: what is not finite becomes silence, and no true peak passes the ceiling.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from undertone.audio.limiter import Limiter

__all__ = ["Outlet"]

Sound = NDArray[np.float32]

HUSH_SECONDS = 0.05
RETURN_SECONDS = 1.0
"""Fade-in after a gap."""
VOLUME_SECONDS = 0.1
"""Time in which the volume would move from nothing to full."""
LOWEST_DB = -60.0
"""At and below this volume nothing is heard."""
LEVEL_SECONDS = 1.0
QUIETEST_DBFS = -90.0
"""Below this the level is "nothing sounds"."""


class Outlet:
    """Volume, stop, guard and limiter for a stereo stream of blocks of a fixed length.

    frames: length of a block.
    fade_in: seconds in which sound comes up at the start and after `resume`.
    ceiling_db: highest true peak, dB relative to full scale.
    """

    def __init__(self, *, rate_hz: float, frames: int, fade_in: float = 8.0, ceiling_db: float = -1.5) -> None:
        self._rate_hz = rate_hz
        self._frames = frames
        self._fade_in = max(fade_in, HUSH_SECONDS)
        self._opening = self._fade_in
        self._gate = 0.0
        self._times = np.arange(1, frames + 1) / rate_hz
        self._steady = np.ones(frames)
        self._hushed = False
        self._volume_db = 0.0
        self._volume = 1.0
        self._limiter = Limiter(ceiling_db, rate_hz=rate_hz, frames=frames)
        self._squares: deque[float] = deque(maxlen=max(1, round(LEVEL_SECONDS * rate_hz / frames)))
        self.broken = 0
        """Blocks that were not finite and were replaced by silence."""

    @property
    def volume_db(self) -> float:
        """What the listener asked for, dB ≤ 0. Values above are taken as 0, what is not a number is ignored."""
        return self._volume_db

    @volume_db.setter
    def volume_db(self, volume_db: float) -> None:
        if not math.isnan(volume_db):
            self._volume_db = min(0.0, volume_db)

    @property
    def level_dbfs(self) -> float | None:
        """RMS of what left over the last second, dB re a full-scale sine's peak; None while nothing sounds."""
        mean = sum(self._squares) / len(self._squares) if self._squares else 0.0
        level = 10.0 * math.log10(mean) if mean > 0 else -math.inf
        return level if level > QUIETEST_DBFS else None

    def hush(self) -> None:
        """Fade to silence within 50 ms and stay silent."""
        self._hushed = True

    def resume(self, seconds: float | None = None) -> None:
        """Come up again within `seconds`, or as at the start."""
        self._hushed = False
        self._opening = max(self._fade_in if seconds is None else seconds, HUSH_SECONDS)

    def __call__(self, block: Sound, *, last: bool = False) -> Sound:
        """What is to be written for a block (frames, 2).

        last: nothing is known to follow: it ends in silence, and the next block comes up from there.
        """
        sound = block.T.astype(np.float64)
        if not np.isfinite(sound).all():
            self.broken += 1
            sound = np.zeros_like(sound)
        limited = self._limiter(self._leveled(sound, last=last))
        self._squares.append(float(np.mean(limited**2)))
        return np.ascontiguousarray(limited.T, dtype=np.float32)

    def _leveled(self, sound: NDArray[np.float64], *, last: bool) -> NDArray[np.float64]:
        if last and self._gate > 0.0:
            self._opening = RETURN_SECONDS
        wanted = 0.0 if last or self._hushed else 1.0
        seconds = self._frames / self._rate_hz if last else HUSH_SECONDS if wanted < self._gate else self._opening
        gate = self._moved(self._gate, wanted, seconds)
        volume = 10.0 ** (self._volume_db / 20.0) if self._volume_db > LOWEST_DB else 0.0
        gains = self._moved(self._volume, volume, VOLUME_SECONDS)
        self._gate, self._volume = float(gate[-1]), float(gains[-1])
        return sound * (gate * gate * gains)

    def _moved(self, value: float, wanted: float, seconds: float) -> NDArray[np.float64]:
        """From a value towards another at the rate that covers 0…1 in so many seconds, over one block."""
        if value == wanted:
            return self._steady * value
        reach = self._times / seconds
        return np.minimum(value + reach, wanted) if wanted >= value else np.maximum(value - reach, wanted)
