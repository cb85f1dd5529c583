"""From stems to one stereo signal: balance, breath, brightness and room."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from undertone.audio.controls import Setting
from undertone.audio.filters import BlockFilter, high_pass, kernel, low_pass_kernel
from undertone.audio.reverb import Reverb
from undertone.audio.synth import Stems
from undertone.flow import Layer

__all__ = ["Mixer", "breath"]

Array = NDArray[np.float64]

INHALE = 0.4
"""Share of a breath that is inhaled."""
HIGH_PASS_HZ = 25.0
"""Below this there is nothing but the offset of sampled pads."""
WHISPER = 1e-12
"""A constant noise of −240 dBFS keeps the recursions out of the denormal numbers, which are slow."""


def breath(phase: float) -> float:
    """How full the lungs are, 0…1, at a phase of 0…1: in over two fifths of the time, out over three."""
    phase %= 1.0
    share = phase / INHALE if phase < INHALE else 1.0 + (phase - INHALE) / (1.0 - INHALE)
    return 0.5 - 0.5 * math.cos(math.pi * share)


class Mixer:
    """Mixes blocks of a fixed length. Each value moves in a straight line from block to block, so nothing clicks."""

    def __init__(self, layers: tuple[Layer, ...], *, rate_hz: int, frames: int) -> None:
        self._rate_hz = rate_hz
        self._frames = frames
        self._pad = layers.index(Layer.PAD)
        self._ramp = (np.arange(1, frames + 1) / frames).astype(np.float32)
        self._low_pass = BlockFilter(low_pass_kernel(4000.0, rate_hz=rate_hz, frames=frames))
        self._high_pass = BlockFilter(kernel(high_pass(HIGH_PASS_HZ, rate_hz=rate_hz), frames=frames))
        self._reverb = Reverb(rate_hz=rate_hz, frames=frames)
        self._whisper = WHISPER * np.random.default_rng(1).standard_normal((2, frames))
        self._gains: NDArray[np.float32] | None = None
        self._phase = 0.0

    def __call__(
        self, stems: Stems, setting: Setting, *, breath_per_min: float | None, beside: Array | None = None
    ) -> Array:
        """One block (2, frames) from stems (layers, 2, frames), at where things stand at the block's end.

        beside: another (2, frames) that is darkened and put into the room with them, balanced already.
        """
        gains = setting.gains.astype(np.float32)
        gains[self._pad] *= self._swell(setting.swell_db, breath_per_min)
        before = gains if self._gains is None else self._gains
        self._gains = gains
        ramps = before[:, None] + (gains - before)[:, None] * self._ramp
        dry = np.einsum("lcf,lf->cf", stems, ramps).astype(np.float64) + self._whisper
        if beside is not None:
            dry += beside
        self._low_pass.kernel = low_pass_kernel(setting.low_pass_hz, rate_hz=self._rate_hz, frames=self._frames)
        dry = self._low_pass(dry)
        angle = 0.5 * math.pi * setting.reverb_wet
        mixed = math.cos(angle) * dry + math.sin(angle) * self._reverb(dry, setting.reverb_seconds)
        return self._high_pass(mixed)

    def _swell(self, depth_db: float, breath_per_min: float | None) -> float:
        if breath_per_min is not None:
            self._phase = (self._phase + breath_per_min / 60.0 * self._frames / self._rate_hz) % 1.0
        return float(10.0 ** (depth_db * (breath(self._phase) - 0.5) / 20.0))

    def reset(self) -> None:
        """Forget everything that still rings."""
        self._low_pass.reset()
        self._high_pass.reset()
        self._reverb.reset()
        self._gains = None
