"""The last step before the device: nothing upstream can reach around it.

Volume, stop and the ceilings act here, on sound that is about to be written, so that they are quick although music is rendered
far ahead. It trusts nobody: what is not finite becomes silence, what no ear hears is taken away, no true peak passes the
limiter, and nothing is louder at the listening place than `Safety` lets it be. Volume and stop come after all that waits, so
they are not delayed by it; they only ever make things softer, and the safety stage sees what they do.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from undertone.audio.filters import BlockFilter, high_pass, kernel
from undertone.audio.limiter import Limiter
from undertone.audio.safety import Protection, Safety

__all__ = ["Outlet"]

Sound = NDArray[np.float32]
Gain = NDArray[np.float64] | float
"""One gain, or one for every frame of a block."""

HUSH_SECONDS = 0.02
RETURN_SECONDS = 1.0
"""Fade-in after a gap."""
VOLUME_SECONDS = 0.1
"""Time in which the volume would move from nothing to full."""
LOWEST_DB = -60.0
"""At and below this volume nothing is heard."""
LEVEL_SECONDS = 1.0
QUIETEST_DBFS = -90.0
"""Below this the level is "nothing sounds"."""
LARGEST = 8.0
"""No sample counts for more than this, so that one wild block does not ring on."""
LOWEST_HZ = 20.0
"""What lies below moves a speaker's cone and no ear; A-weighting is all but blind to it."""
MEMORY_SECONDS = 0.5
"""After so long in silence a filter holds nothing that could be heard, and it is made to hold nothing at all."""


class Outlet:
    """Volume, stop, guard, limiter and safety for a stereo stream of blocks of a fixed length.

    frames: length of a block, a multiple of 128.
    fade_in: seconds in which sound comes up at the start and after `resume`.
    ceiling_db: highest true peak, dB relative to full scale. What lies between samples is reckoned to 0.7 dB for any signal at
        all, so this keeps under −1 dBTP whatever comes.
    protection: what the safety stage goes by; day, and a level that nobody measured, if not given.
    """

    def __init__(
        self,
        *,
        rate_hz: float,
        frames: int,
        fade_in: float = 8.0,
        ceiling_db: float = -2.0,
        protection: Protection | None = None,
    ) -> None:
        self._rate_hz = rate_hz
        self._frames = frames
        self._fade_in = max(fade_in, HUSH_SECONDS)
        self._opening = self._fade_in
        self._gate = 0.0
        self._times = np.arange(1, frames + 1) / rate_hz
        self._hushed = False
        self._volume_db = 0.0
        self._volume = 1.0
        self._subsonic = BlockFilter(kernel(high_pass(LOWEST_HZ, rate_hz=rate_hz), frames=frames))
        self._still = 0
        """Blocks for which there has been nothing at all."""
        self._memory = math.ceil(MEMORY_SECONDS * rate_hz / frames)
        self._limiter = Limiter(ceiling_db, rate_hz=rate_hz, frames=frames)
        self.safety = Safety(protection, rate_hz=rate_hz, frames=frames)
        self._squares: deque[float] = deque(maxlen=max(1, round(LEVEL_SECONDS * rate_hz / frames)))
        self.broken = 0
        """Blocks that were not finite and were replaced by silence."""

    @property
    def delay(self) -> float:
        """Seconds between what goes in and what comes out. Volume and stop do not wait for them."""
        return (self._limiter.delay + self._frames) / self._rate_hz

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
        """Fade to silence within 20 ms and stay silent."""
        self._hushed = True

    def resume(self, seconds: float | None = None) -> None:
        """Come up again within `seconds`, or as at the start."""
        self._hushed = False
        self._opening = max(self._fade_in if seconds is None else seconds, HUSH_SECONDS)

    def __call__(self, block: Sound, *, last: bool = False) -> Sound:
        """What is to be written when a block (frames, 2) comes: the end of the one before, and the beginning of this one.

        last: nothing is known to follow: what is written ends in silence, and the next block comes up from there.
        """
        sound = self._limiter(self._subsonic(self._sane(block)))
        gate = self._gates(last=last)
        wanted = 10.0 ** (self._volume_db / 20.0) if self._volume_db > LOWEST_DB else 0.0
        volume = self._moved(self._volume, wanted, VOLUME_SECONDS)
        self._gate, self._volume = _end(gate), _end(volume)
        out = self.safety(sound, gate=gate * gate, volume=volume)
        self._squares.append(float(np.vdot(out, out)) / out.size)
        return np.ascontiguousarray(out.T, dtype=np.float32)

    def _sane(self, block: Sound) -> NDArray[np.float64]:
        """The block (2, frames) as the filters can take it."""
        sound = block.T.astype(np.float64)
        peak = max(float(sound.max()), -float(sound.min()))
        # Written so that what is not a number fails too.
        if not peak < math.inf:
            self.broken += 1
            sound = np.zeros_like(sound)
        elif peak > LARGEST:
            sound = np.clip(sound, -LARGEST, LARGEST)
        self._still = self._still + 1 if peak == 0.0 else 0
        if self._still == self._memory:
            self._subsonic.reset()
        return sound

    def _gates(self, *, last: bool) -> Gain:
        if last and self._gate > 0.0:
            self._opening = RETURN_SECONDS
        wanted = 0.0 if last or self._hushed else 1.0
        seconds = self._frames / self._rate_hz if last else HUSH_SECONDS if wanted < self._gate else self._opening
        return self._moved(self._gate, wanted, seconds)

    def _moved(self, value: float, wanted: float, seconds: float) -> Gain:
        """From a value towards another at the rate that covers 0…1 in so many seconds, over one block."""
        if value == wanted:
            return value
        reach = self._times / seconds
        return np.minimum(value + reach, wanted) if wanted >= value else np.maximum(value - reach, wanted)


def _end(gain: Gain) -> float:
    return gain if isinstance(gain, float) else float(gain[-1])
