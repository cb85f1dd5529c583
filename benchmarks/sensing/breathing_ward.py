"""Pulse waves as on a ward: weak breathing among stronger other rhythms, five minutes each, made from a seed.

Ventilated breathing as regular as a clock, or breathing of one's own that varies from breath to breath; 6 to 30 a minute, as
far as two heartbeats a breath allow. How much it shows in intervals, heights and level is drawn over a wide range, down to next
to nothing. The vessels' rhythm near 6 a minute, slow drifts, noise of each beat, and movement come on top.

Source: ranges of the modulations after Charlton and others 2016, Physiological Measurement 37:610–626,
doi:10.1088/0967-3334/37/4/610; they are meant to be hard, not to be anybody.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from benchmarks.sensing.breathing_cases import WINDOW, Case
from undertone.flow import readonly
from undertone.storage.recording import Recording, Series

__all__ = ["ward"]

Times = NDArray[np.float64]

SECONDS = 300.0
STEP = 0.05
RATE_HZ = 125.0


def ward(*, quick: bool) -> Iterator[Case]:
    """Patients, one after the other."""
    for seed in range(8 if quick else 40):
        draw = np.random.default_rng([seed, 11])
        times = np.arange(0.0, SECONDS, STEP)
        heart = float(draw.uniform(55.0, 115.0))
        per_min = min(float(np.exp(draw.uniform(np.log(6.0), np.log(30.0)))), heart / 2.0 - 3.0)
        ventilated = bool(draw.random() < 0.35)
        onsets = _breaths(draw, per_min, ventilated=ventilated)
        lungs = _lungs(draw, times, onsets, ventilated=ventilated)
        beats, heights, levels = _beats(draw, times, lungs, heart)
        wave = _wave(draw, beats, heights, levels)
        name = f"patient {seed}: {per_min:.0f} a minute, heart {heart:.0f}{', ventilated' if ventilated else ''}"
        yield Case("ward", name, Recording(name, {"ppg": Series(0.0, RATE_HZ, readonly(wave), "arbitrary")}), _Count(onsets))


class _Count:
    """The rate of the breaths that began in the window before a moment."""

    def __init__(self, onsets: Times) -> None:
        self._onsets = onsets

    def __call__(self, now: float) -> float | None:
        inside = self._onsets[(self._onsets > now - WINDOW) & (self._onsets <= now)]
        return 60.0 * (len(inside) - 1) / float(inside[-1] - inside[0]) if len(inside) > 2 else None


def _breaths(draw: np.random.Generator, per_min: float, *, ventilated: bool) -> Times:
    count = int(SECONDS / 60.0 * per_min * 2.0) + 20
    spread = 0.0 if ventilated else float(draw.uniform(0.05, 0.2))
    lasting = 60.0 / per_min * np.maximum(1.0 + spread * draw.normal(size=count), 0.5)
    return np.cumsum(lasting) - float(draw.uniform(0.0, 5.0)) - lasting[0]


def _lungs(draw: np.random.Generator, times: Times, onsets: Times, *, ventilated: bool) -> Times:
    """How full the lungs are, about −1…1: a smooth breath, or one pushed in and let go."""
    phase = np.interp(times, onsets, np.arange(len(onsets))) % 1.0
    turn = float(draw.uniform(0.25, 0.5))
    rising, out = phase < turn, (phase - turn) / (1.0 - turn)
    smooth = np.where(rising, 0.5 - 0.5 * np.cos(np.pi * phase / turn), 0.5 + 0.5 * np.cos(np.pi * out))
    pushed = np.where(rising, phase / turn, np.exp(-4.0 * out))
    full = pushed if ventilated and draw.random() < 0.5 else smooth
    return np.asarray(2.0 * (full - full.mean()))


def _drift(draw: np.random.Generator, count: int, seconds: float, size: float) -> Times:
    """A first-order random process of this time constant and standard deviation."""
    keep = np.exp(-STEP / seconds)
    steps = draw.normal(0.0, size * np.sqrt(1.0 - keep**2), count)
    return np.asarray(signal.lfilter([1.0], [1.0, -keep], steps))


def _beats(draw: np.random.Generator, times: Times, lungs: Times, heart: float) -> tuple[Times, Times, Times]:
    """Times of the beats, and height and level of each, in pulses."""
    count, hertz, shown = len(times), float(draw.uniform(0.07, 0.12)), float(np.exp(draw.uniform(np.log(0.3), np.log(1.5))))

    def between(low: float, high: float) -> float:
        return float(np.exp(draw.uniform(np.log(low), np.log(high))))

    def vessels(most: float) -> Times:
        size, angle = float(draw.uniform(0.0, most)), 2.0 * np.pi * hertz * times
        return _drift(draw, count, 25.0, size) * np.cos(angle) + _drift(draw, count, 25.0, size) * np.sin(angle)

    def breathing(low: float, high: float) -> Times:
        return shown * between(low, high) * np.interp(times - draw.uniform(0.0, 1.5), times, lungs)

    rate = 1.0 + breathing(0.001, 0.04) + vessels(0.012) + _drift(draw, count, 20.0, 0.01) + _drift(draw, count, 200.0, 0.03)
    phase = np.cumsum(heart / 60.0 * np.clip(rate, 0.5, 2.0)) * STEP
    beats = np.interp(np.arange(1.0, phase[-1]), phase, times)
    size = np.exp(_drift(draw, count, 60.0, 0.2) + vessels(0.06)) * (1.0 + breathing(0.008, 0.12))
    level = _drift(draw, count, 30.0, float(draw.uniform(0.1, 0.5))) + vessels(0.12) - breathing(0.03, 0.4)
    heights = np.interp(beats, times, size) * (1.0 + between(0.008, 0.04) * draw.normal(size=len(beats)))
    levels = np.interp(beats, times, level) + between(0.01, 0.06) * draw.normal(size=len(beats))
    return beats + between(0.001, 0.008) * draw.normal(size=len(beats)), heights, levels


def _wave(draw: np.random.Generator, beats: Times, heights: Times, levels: Times) -> Times:
    """The pulse wave of these beats, more blood upwards, with movement now and then."""
    times = np.arange(0.0, SECONDS, 1.0 / RATE_HZ)
    wave = np.interp(times, beats, levels)
    for beat, height in zip(beats, heights, strict=True):
        first, last = np.searchsorted(times, (beat - 0.5, beat + 1.2))
        since = times[first:last] - beat
        wave[first:last] += height * (np.exp(-(((since - 0.1) / 0.1) ** 2)) + 0.35 * np.exp(-(((since - 0.36) / 0.12) ** 2)))
    for start in draw.uniform(0.0, SECONDS, int(draw.poisson(SECONDS / 120.0 * draw.choice([0, 1, 1, 3])))):
        first, last = np.searchsorted(times, (start, start + draw.uniform(2.0, 12.0)))
        wave[first:last] += np.cumsum(draw.normal(0.0, 0.1, last - first))
        wave[last:] += draw.normal()
    return np.asarray(wave + draw.normal(0.0, 0.01, len(wave)))
