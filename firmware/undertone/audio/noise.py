"""The test noise by which a level is measured.

Pink noise from 500 to 2000 Hz: a small speaker plays all of that, a room disturbs it least, and A-weighting hardly changes it,
so that a meter that weights wrongly or not at all is wrong by half a decibel. It is the same at every run, and goes round
without a seam.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undertone.audio.filters import BlockFilter, kernel
from undertone.audio.night import REFERENCE_DBFS
from undertone.audio.weighting import a_weighting, power

__all__ = ["HIGHEST_HZ", "LOWEST_HZ", "level_noise"]

LOWEST_HZ, HIGHEST_HZ = 500.0, 2000.0
FRAMES = 1 << 18
"""Of one round: 5.5 s at 48 kHz."""
BLOCK = 2048
SEED = 1


def level_noise(rate_hz: float, *, level_db: float = REFERENCE_DBFS) -> NDArray[np.float32]:
    """One round of noise, (262144, 2), the same on both channels, at an A-weighted level."""
    frequencies = np.fft.rfftfreq(FRAMES, 1.0 / rate_hz)
    inside = (frequencies >= LOWEST_HZ) & (frequencies <= HIGHEST_HZ)
    phases = np.random.default_rng(SEED).uniform(0.0, 2.0 * np.pi, len(frequencies))
    amplitudes = np.zeros(len(frequencies))
    amplitudes[inside] = 1.0 / np.sqrt(frequencies[inside])
    noise = np.fft.irfft(amplitudes * np.exp(1j * phases), FRAMES)
    weighted = _weighted(noise, rate_hz)
    noise *= np.sqrt(power(level_db) / np.mean(np.square(weighted)))
    return np.repeat(noise.astype(np.float32)[:, None], 2, axis=1)


def _weighted(noise: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """The noise through A-weighting, as if it had always gone round."""
    ear = BlockFilter(kernel(a_weighting(rate_hz), frames=BLOCK), channels=1)
    for _ in range(2):
        parts = [ear(noise[None, at : at + BLOCK]) for at in range(0, FRAMES, BLOCK)]
    return np.asarray(np.concatenate(parts, axis=1)[0])
