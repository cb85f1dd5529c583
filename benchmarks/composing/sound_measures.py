"""What can be measured on a finished sound: loudness, its range, true peak, balance of the spectrum, offset, stereo, clicks.

None of this uses the device's own meters or filters. Sounds are (frames, 2), full scale 1.

Sources: ITU-R BS.1770-4 (loudness by pyloudnorm; true peak, here with 8 times oversampling); EBU Tech 3342 (loudness range).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyloudnorm
from scipy import signal
from scipy.linalg import solve_toeplitz

__all__ = ["Measures", "clicks", "fold_down", "loudness_range", "measures", "short_term", "true_peak_db"]

Array = np.ndarray
HOP = 0.1
"""Seconds between readings of short-term loudness."""
ORDER = 24
CLICK_TIMES = 15.0
CLICK_LEVEL = 2e-4
"""A click stands out of the prediction error around it by this factor, and above this at all (−74 dBFS)."""


class Measures(NamedTuple):
    """Of one sound."""

    lufs: float
    range_lu: float
    """EBU loudness range."""
    true_peak_db: float
    centroid_hz: float
    above_4k: float
    """Share of the power, 0…1."""
    offset_db: float
    """Mean of the samples against their peak, dB."""
    correlation: float
    """Of both sides, −1…1."""
    fold_loss_db: float
    """Most that an octave band loses when both sides become one."""
    clicks: int


def _weighted(sound: Array, rate_hz: int) -> Array:
    meter = pyloudnorm.Meter(rate_hz)
    out = sound
    for stage in meter._filters.values():
        out = stage.passband_gain * signal.lfilter(stage.b, stage.a, out, axis=0)
    return np.asarray(out)


def short_term(sound: Array, rate_hz: int, *, seconds: float = 3.0) -> Array:
    """Loudness of every window of three seconds, each 0.1 s, LUFS."""
    power = np.sum(_weighted(sound, rate_hz) ** 2, axis=1)
    hop = int(HOP * rate_hz)
    cells = power[: len(power) // hop * hop].reshape(-1, hop).mean(axis=1)
    width = round(seconds / HOP)
    if len(cells) < width:
        return np.zeros(0)
    means = np.convolve(cells, np.ones(width) / width, mode="valid")
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(means, 1e-12)))


def loudness_range(sound: Array, rate_hz: int) -> float:
    """From the 10th to the 95th percentile of short-term loudness, without pauses, LU."""
    levels = short_term(sound, rate_hz)
    levels = levels[levels > -70.0]
    if not len(levels):
        return math.nan
    gate = 10.0 * math.log10(np.mean(10.0 ** (levels / 10.0))) - 20.0
    low, high = np.percentile(levels[levels > gate], [10, 95])
    return float(high - low)


def true_peak_db(sound: Array) -> float:
    """Highest value between the samples, too, dB."""
    peak, piece = 0.0, 1 << 18
    for start in range(0, len(sound), piece):
        part = sound[max(0, start - 256) : start + piece + 256]
        peak = max(peak, float(np.abs(signal.resample_poly(part, 8, 1, axis=0, window=("kaiser", 9.0))).max()))
    return 20.0 * math.log10(max(peak, 1e-9))


def _spectrum(sound: Array, rate_hz: int) -> tuple[Array, Array]:
    frequency, power = signal.welch(sound, rate_hz, nperseg=8192, axis=0)
    return frequency, power


def fold_down(sound: Array, rate_hz: int) -> float:
    """Most that an octave band which matters (within 30 dB of the strongest) loses in mono, dB."""
    frequency, sides = _spectrum(sound, rate_hz)
    _, middle = _spectrum(sound.mean(axis=1, keepdims=True), rate_hz)
    losses, powers = [], []
    for centre in (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0):
        band = (frequency >= centre / math.sqrt(2)) & (frequency < centre * math.sqrt(2))
        powers.append(float(sides[band].mean(axis=1).sum()))
        losses.append(10.0 * math.log10(max(powers[-1], 1e-30) / max(float(middle[band].sum()), 1e-30)))
    loudest = max(powers)
    return max(loss for loss, power in zip(losses, powers, strict=True) if power > 1e-3 * loudest)


def clicks(sound: Array, rate_hz: int) -> int:
    """Discontinuities: single moments that what came before does not predict.

    Each 40 ms are predicted by a linear filter of their own; a click is an error far above those around it that is over within
    half a millisecond, which no struck string is.
    """
    count, size = 0, int(0.04 * rate_hz)
    reach, near = int(0.003 * rate_hz), max(4, int(0.0005 * rate_hz))
    for side in (0, 1):
        # Frames overlap, so that each moment is well inside one of them.
        for start in range(0, len(sound) - size + 1, size - 2 * reach):
            frame = sound[start : start + size, side]
            if np.abs(frame).max() < CLICK_LEVEL:
                continue
            error = np.abs(_error(frame))
            usual = float(np.median(error)) + 1e-9
            worst = int(np.argmax(error[reach:-reach])) + reach
            around = np.concatenate([error[worst - reach : worst - near], error[worst + near + ORDER : worst + reach]])
            stands = error[worst] > CLICK_TIMES * usual and error[worst] > CLICK_LEVEL
            count += bool(stands and error[worst] > 4.0 * around.max(initial=0.0))
    return count


def _error(frame: Array) -> Array:
    """What a linear prediction from the 24 samples before leaves."""
    spread = np.array([frame[lag:] @ frame[: len(frame) - lag] for lag in range(ORDER + 1)])
    row = spread[:ORDER].copy()
    row[0] *= 1.0 + 1e-9
    try:
        weights = solve_toeplitz(row, spread[1 : ORDER + 1])
    except np.linalg.LinAlgError:
        return np.zeros_like(frame)
    return np.asarray(signal.lfilter(np.concatenate([[1.0], -weights]), [1.0], frame))


def measures(sound: Array, rate_hz: int) -> Measures:
    """All of them."""
    frequency, sides = _spectrum(sound, rate_hz)
    power = sides.mean(axis=1)
    keep = frequency >= 20.0
    total = max(float(power[keep].sum()), 1e-30)
    peak = max(float(np.abs(sound).max()), 1e-12)
    deviation = sound - sound.mean(axis=0)
    scale = math.sqrt(float(np.prod(np.sum(deviation**2, axis=0))))
    return Measures(
        lufs=float(pyloudnorm.Meter(rate_hz).integrated_loudness(sound)),
        range_lu=loudness_range(sound, rate_hz),
        true_peak_db=true_peak_db(sound),
        centroid_hz=float(power[keep] @ frequency[keep] / total),
        above_4k=float(power[frequency > 4000.0].sum() / total),
        offset_db=20.0 * math.log10(max(float(np.abs(sound.mean(axis=0)).max()), 1e-12) / peak),
        correlation=float(np.sum(deviation[:, 0] * deviation[:, 1]) / max(scale, 1e-30)),
        fold_loss_db=fold_down(sound, rate_hz),
        clicks=clicks(sound, rate_hz),
    )
