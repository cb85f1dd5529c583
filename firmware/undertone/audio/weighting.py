"""How loud a sound is to the ear at moderate levels: A-weighting and the fast time weighting of a sound level meter.

Theory of operation. The analogue curve has four zeros at zero and six poles. The four low poles lie so far under the sample
rate that each becomes a first-order high-pass with its pole at exp(−2πf/rate). The double pole at 12.2 kHz does not: the
bilinear transform would fall to nothing at half the sample rate and let high tones pass as soft. Its digital pole is put where
the analogue one would decay, and the three coefficients before it are fitted to the power of the analogue curve up to 20 kHz.
What remains is within 0.2 dB of the standard's formula at 48 kHz (0.4 dB at 44.1 kHz), far inside the tolerance of class 1.

Source: IEC 61672-1:2013, annex E (frequencies of the poles), 5.8 (fast time weighting, 125 ms).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from undertone.audio.filters import StateSpace, biquad, series

__all__ = ["FAST_SECONDS", "a_weighting", "decibels", "power"]

Array = NDArray[np.float64]

FAST_SECONDS = 0.125
"""Time constant of the fast time weighting."""
F1, F2, F3, F4 = 20.598997, 107.65265, 737.86223, 12194.217
"""The poles, hertz; the first and the last are double."""
FITTED_TO_HZ = 20000.0
FITTED_POINTS = 400


def decibels(mean_square: float) -> float:
    """A power in decibels; −inf for nothing."""
    return 10.0 * math.log10(mean_square) if mean_square > 0.0 else -math.inf


def power(decibel: float) -> float:
    """The power that so many decibels are."""
    return float(10.0 ** (decibel / 10.0))


def a_weighting(rate_hz: float) -> StateSpace:
    """The digital filter, of order six, at a sample rate from 16 kHz on."""
    system = biquad(*_treble(rate_hz))
    for pole in (F1, F1, F2, F3):
        decay = math.exp(-2.0 * math.pi * pole / rate_hz)
        # (1 − 1/z) / (1 − decay/z)
        low_cut = StateSpace(a=np.array([[decay]]), b=np.array([decay - 1.0]), c=np.array([1.0]), d=1.0)
        system = series(system, low_cut)
    gain = 1.0 / abs(_response(system, 1000.0 / rate_hz))
    return StateSpace(a=system.a, b=system.b, c=system.c * gain, d=system.d * gain)


def _treble(rate_hz: float) -> tuple[list[float], list[float]]:
    """Numerator and denominator of the digital filter for the double pole at 12.2 kHz.

    The power of a numerator b0…b2 is r0 + 2 r1 cos w + 2 r2 cos 2w, which is linear in r; b are then the roots inside the
    unit circle.
    """
    pole = math.exp(-2.0 * math.pi * F4 / rate_hz)
    frequencies = np.linspace(0.0, min(FITTED_TO_HZ, 0.46 * rate_hz), FITTED_POINTS)
    w = 2.0 * np.pi * frequencies / rate_hz
    denominator = np.abs(1.0 - pole * np.exp(-1j * w)) ** 4
    wanted = denominator / (1.0 + (frequencies / F4) ** 2) ** 2
    cosines = np.stack([np.ones_like(w), 2.0 * np.cos(w), 2.0 * np.cos(2.0 * w)], axis=1)
    # Divided by what is wanted, so that the errors are relative ones.
    r0, r1, r2 = np.linalg.lstsq(cosines / wanted[:, None], np.ones_like(w), rcond=None)[0]
    roots = np.roots([r2, r1, r0, r1, r2])
    b = np.real(np.poly(roots[np.abs(roots) < 1.0]))
    b *= math.sqrt(r0 + 2.0 * r1 + 2.0 * r2) / b.sum()
    return [float(value) for value in b], [1.0, -2.0 * pole, pole * pole]


def _response(system: StateSpace, cycles: float) -> complex:
    """The complex gain at so many cycles per sample."""
    z = np.exp(2j * np.pi * cycles)
    return complex(system.c @ np.linalg.solve(z * np.eye(len(system.b)) - system.a, system.b) + system.d)
