"""The shape of one pulse: a systolic wave, its reflection and the dicrotic wave, smooth and periodic.

The volume of blood in the fingertip is given over the phase of the heartbeat, 0…1, where phase 0 is the steepest rise. A slow
heart has a narrow systolic wave and a clear dicrotic one; in a fast heart they run together. Both shapes are sums of Gaussians,
repeated with the period; shapes in between are blends. As both rise most steeply at phase 0 (their curvature is zero there),
so does every blend: the moment of a beat is known exactly.

Source: after the sums of Gaussians for pulse waves in Q. Tang et al., "PPGSynth", PLoS ONE 15(9), 2020, and P. McSharry et al.,
IEEE Trans. Biomed. Eng. 50(3), 2003; the numbers are our own.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from undertone.flow import Samples

__all__ = ["blood_volume"]

SLOW_HZ, FAST_HZ = 0.75, 1.75
"""Heart rates, beats a second, at which the two shapes hold."""

SLOW = ((0.20, 0.070, 1.0), (0.36, 0.110, 0.52), (0.60, 0.110, 0.30))
FAST = ((0.16, 0.060, 1.0), (0.27, 0.080, 0.45), (0.40, 0.080, 0.20))
"""Systolic, reflected and dicrotic wave: middle and width, seconds, and height."""

POINTS = 1024


def _shape(waves: tuple[tuple[float, float, float], ...], rate_hz: float) -> Samples:
    """One period from 0 (lowest) to 1 (highest), its steepest rise at phase 0; POINTS + 1 values, the last the first again."""
    period = 1.0 / rate_hz
    middle, width, height = (np.array(column)[:, None, None] for column in zip(*waves, strict=True))

    def volume(seconds: Samples) -> Samples:
        periods = period * np.arange(-3, 4)[:, None]
        return np.asarray((height * np.exp(-0.5 * ((seconds + periods - middle) / width) ** 2)).sum(axis=(0, 1)))

    fine = np.linspace(0.0, period, 8 * POINTS, endpoint=False)
    steepest = fine[np.argmax(np.gradient(volume(fine)))]
    shape = volume(steepest + np.linspace(0.0, period, POINTS + 1))
    return np.asarray((shape - shape.min()) / (shape.max() - shape.min()))


@cache
def _shapes() -> tuple[Samples, Samples, Samples]:
    """Phases, and the shapes of a slow and of a fast heart at them."""
    return np.linspace(0.0, 1.0, POINTS + 1), _shape(SLOW, SLOW_HZ), _shape(FAST, FAST_HZ)


def blood_volume(phase: Samples, rate_hz: Samples) -> Samples:
    """Volume of blood, 0…1, (n,) for the phases of the heartbeat, (n,), and the heart rates in beats a second, (n,).

    Whole numbers in the phase are the moments of the steepest rise.
    """
    within = phase - np.floor(phase)
    phases, slow_shape, fast_shape = _shapes()
    slow, fast = np.interp(within, phases, slow_shape), np.interp(within, phases, fast_shape)
    return np.asarray(slow + np.clip((rate_hz - SLOW_HZ) / (FAST_HZ - SLOW_HZ), 0.0, 1.0) * (fast - slow))
