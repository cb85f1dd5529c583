"""Pulse waves made hard on purpose, with the truth that they had: clean recordings disturbed, and bodies from a seed.

Recordings of people with a reference are few. The same wave with a wandering base line, bursts of movement, noise of the
sensor, clipping, changes of size, or at another rate keeps its reference, and shows what a detector was made for and what it
only bears. Hearts that are slow with a strong dicrotic wave, fast, or irregular come from a sum of Gaussians; the simulated
body of the project adds movement.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.pulse_cases import EDGE, Case, Truth
from undertone.flow import readonly
from undertone.sim import Body
from undertone.storage import Recording, Series

__all__ = ["bodies", "disturbed", "hearts", "noises"]

Times = NDArray[np.float64]
Draw = np.random.Generator
Hardship = Callable[[Times, float, Draw], Times]


def _swing(values: Times) -> float:
    """Size of the pulse: half the spread of the middle 80 % without what is slow."""
    low, high = np.percentile(values - _slow(values, 0.02), (10.0, 90.0))
    return float(high - low) / 2.0


def _slow(values: Times, share: float) -> Times:
    width = max(3, int(len(values) * share))
    smooth = np.convolve(np.pad(values, width, mode="edge"), np.ones(width) / width, "same")
    return np.asarray(smooth[width:-width])


def _wander(values: Times, rate: float, draw: Draw) -> Times:
    t = np.arange(len(values)) / rate
    waves = sum(draw.uniform(1.0, 3.0) * np.sin(2.0 * np.pi * (f * t + draw.random())) for f in draw.uniform(0.05, 0.45, 4))
    return np.asarray(values + _swing(values) * waves)


def _bursts(values: Times, rate: float, draw: Draw) -> Times:
    """Movement: a few seconds of swings of 0.4 to 6 Hz, one to four times the pulse, a quarter of the time."""
    t = np.arange(len(values)) / rate
    out = values.copy()
    start = draw.uniform(3.0, 12.0)
    while start < t[-1]:
        length = draw.uniform(2.0, 6.0)
        inside = (t >= start) & (t < start + length)
        along = np.sin(np.pi * (t[inside] - start) / length)
        for f in np.exp(draw.uniform(np.log(0.4), np.log(6.0), 5)):
            out[inside] += _swing(values) * draw.uniform(0.3, 1.5) / f**0.5 * along * np.sin(2.0 * np.pi * (f * t[inside] + f))
        start += length + draw.uniform(6.0, 18.0)
    return out


def _noise(values: Times, rate: float, draw: Draw) -> Times:
    return values + draw.normal(0.0, 0.35 * _swing(values) * (rate / 100.0) ** 0.5, len(values))


def _clipped(values: Times, rate: float, draw: Draw) -> Times:
    return np.clip(values, *np.percentile(values, (15.0, 80.0)))


def _sizes(values: Times, rate: float, draw: Draw) -> Times:
    """The size goes up and down fivefold within half a minute, with sudden drops."""
    t = np.arange(len(values)) / rate
    size = np.exp(0.8 * np.sin(2.0 * np.pi * (t / 27.0 + draw.random())))
    for start in np.arange(20.0, t[-1], 35.0):
        size[(t >= start) & (t < start + 10.0)] *= 0.3
    return (values - _slow(values, 0.05)) * size


def _coarse(values: Times, rate: float, draw: Draw) -> Times:
    """So little light that a pulse is a dozen counts."""
    return np.round(values * 6.0 / _swing(values))


HARDSHIPS: dict[str, Hardship] = {
    "wander": _wander,
    "bursts": _bursts,
    "noise": _noise,
    "clipped": _clipped,
    "sizes": _sizes,
    "coarse": _coarse,
}
RATES = (25.0, 64.0, 125.0, 250.0)


def disturbed(cases: Iterator[Case] | list[Case]) -> Iterator[Case]:
    """Each case with each hardship, and at other rates with noise."""
    for case in cases:
        for name, hardship in HARDSHIPS.items():
            yield _spoilt(case, name, hardship)
        for rate in RATES:
            yield _spoilt(_resampled(case, rate), f"{rate:.0f} Hz", _noise)


def _spoilt(case: Case, name: str, hardship: Hardship) -> Case:
    draw = np.random.default_rng(zlib.crc32(f"{case.name} {name}".encode()))
    values = hardship(case.wave, case.series.rate_hz, draw)
    series = replace(case.series, values=readonly(values), unit="arbitrary")
    return replace(case.changed(f"{case.name}, {name}", series), group=f"disturbed: {name}")


def _resampled(case: Case, rate: float) -> Case:
    """The wave at another rate, by cubic splines."""
    from scipy.interpolate import CubicSpline

    wave, old = case.wave, case.series.rate_hz
    if rate < old:
        wave = np.convolve(np.pad(wave, 50, mode="edge"), _kernel(rate / old), "same")[50:-50]
    t = np.arange(0.0, (len(wave) - 1) / old, 1.0 / rate)
    values = CubicSpline(np.arange(len(wave)) / old, wave)(t)
    return case.changed(case.name, replace(case.series, rate_hz=rate, values=readonly(values), unit="arbitrary"))


def _kernel(share: float) -> Times:
    """A short low-pass to this share of the rate."""
    n = np.arange(-20, 21)
    kernel = np.sinc(0.9 * share * n) * np.hanning(len(n))
    return np.asarray(kernel / kernel.sum())


# ------------------------------------------------------------------------------------------------------------------ hearts


def hearts(*, seconds: float = 120.0) -> Iterator[Case]:
    """Finger pulses at 125 Hz as a ward sees them: slow, fast, irregular, with early beats, clean and noisy."""
    rhythms: dict[str, Callable[[Draw], float]] = {
        "slow 40": lambda draw: 1.5 * (1.0 + draw.normal(0.0, 0.02)),
        "steady 72": lambda draw: 0.833 * (1.0 + draw.normal(0.0, 0.03)),
        "fast 155": lambda draw: 0.387 * (1.0 + draw.normal(0.0, 0.015)),
        "fast 185": lambda draw: 0.324 * (1.0 + draw.normal(0.0, 0.01)),
        "irregular 80": lambda draw: float(np.clip(draw.normal(0.75, 0.17), 0.38, 1.4)),
        "irregular 120": lambda draw: float(np.clip(draw.normal(0.5, 0.1), 0.32, 1.0)),
    }
    for name, rhythm in rhythms.items():
        for noise in (0.02, 0.2):
            yield _heart(f"{name}, noise {noise:g}", rhythm, noise, seconds)
    for noise in (0.02, 0.2):
        yield _heart(f"early beats, noise {noise:g}", _early(), noise, seconds)


def _early() -> Callable[[Draw], float]:
    """About every tenth beat comes early, and the one after it late."""
    waiting: list[float] = []

    def rhythm(draw: Draw) -> float:
        if waiting:
            return waiting.pop()
        usual = 0.8 * (1.0 + draw.normal(0.0, 0.025))
        if draw.random() < 0.1:
            waiting.append(2.0 * usual - 0.58 * usual)
            return 0.58 * usual
        return usual

    return rhythm


def _heart(name: str, rhythm: Callable[[Draw], float], noise: float, seconds: float) -> Case:
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    beats, intervals = [0.5], []
    while beats[-1] < seconds + 2.0:
        intervals.append(rhythm(draw))
        beats.append(beats[-1] + intervals[-1])
    t = np.arange(0.0, seconds, 1.0 / 125.0)
    wave = _pulses(t, np.array(beats), np.array(intervals))
    drift = sum(draw.uniform(0.1, 0.4) * np.sin(2.0 * np.pi * (f * t + draw.random())) for f in (0.05, 0.12, 0.25))
    coloured = np.convolve(draw.normal(0.0, 1.0, len(t)), np.hanning(9) / np.hanning(9).sum(), "same")
    series = Series(0.0, 125.0, readonly(wave + drift + noise * coloured * 2.0), "arbitrary", "ppg")
    truth = Truth(np.array(beats), ((EDGE, seconds - EDGE),), what="made")
    return Case(name, f"hearts: {name.split(',')[0]}", Recording(name, {"ppg": series}), truth)


def _pulses(t: Times, beats: Times, intervals: Times) -> Times:
    """A pulse for each beat: smaller after a short filling, its dicrotic wave the stronger the slower the heart."""
    wave = np.zeros(len(t))
    usual = float(np.median(intervals))
    for index, beat in enumerate(beats[:-1]):
        filling = intervals[index - 1] if index else usual
        size = float(np.clip((filling - 0.2) / (usual - 0.2), 0.15, 1.5)) ** 0.7
        dicrotic = float(np.clip(0.25 + 0.45 * (usual - 0.5), 0.1, 0.65))
        near = slice(*np.searchsorted(t, (beat - 0.5, beat + 1.6)).tolist())
        since = t[near] - beat
        shrink = min(1.0, (usual / 0.8) ** 0.5)
        for middle, width, height in ((0.16, 0.06, 1.0), (0.27, 0.09, 0.35), (0.45, 0.08, dicrotic), (0.65, 0.15, 0.15)):
            wave[near] += size * height * np.exp(-0.5 * ((since - shrink * middle) / (shrink * width)) ** 2)
    return wave


# ------------------------------------------------------------------------------------------------------------------ bodies


def bodies(*, seconds: float = 300.0, seeds: int = 6) -> Iterator[Case]:
    """Simulated bodies at 100 Hz: lying still, moving now and then, and moving a lot."""
    for seed in range(seeds):
        for name, movements, tension in (("still", 0.0, 0.3), ("now and then", 1.5, 0.5), ("restless", 6.0, 0.8)):
            yield _body(f"body {seed} {name}", seed, movements, tension, seconds)


def _body(name: str, seed: int, movements: float, tension: float, seconds: float) -> Case:
    body = Body(1000 + seed, movements_per_min=movements, tension=tension, usual=tension)
    t = np.arange(0.0, seconds, 0.01)
    light = np.concatenate([body.light(part)[:, 1] for part in np.array_split(t, max(1, round(seconds)))])
    draw = np.random.default_rng(seed)
    counts = np.round(light * (131_000.0 / np.median(light)) + draw.normal(0.0, 15.0, len(t)))
    series = Series(0.0, 100.0, readonly(counts), "counts", "infrared")
    truth = Truth(np.array(body.truth.beats), ((EDGE, seconds - EDGE),), what="simulated")
    return Case(name, f"body: {name.split(' ', 2)[2]}", Recording(name, {"ppg": series}), truth)


# ------------------------------------------------------------------------------------------------------------------- noise


def noises(*, seconds: float = 120.0, seeds: int = 3) -> Iterator[Case]:
    """Light without a pulse: white, red and banded noise, steps, and a hand that does not keep still."""
    makers: dict[str, Callable[[Times, Draw], Times]] = {
        "white": lambda t, draw: draw.normal(0.0, 1.0, len(t)),
        "red": lambda t, draw: np.cumsum(draw.normal(0.0, 1.0, len(t))) * 0.1,
        "band": _band,
        "steps": lambda t, draw: np.cumsum(draw.normal(0.0, 1.0, len(t)) * (draw.random(len(t)) < 0.005)),
        "movement": _unrest,
    }
    for name, make in makers.items():
        for seed in range(seeds):
            draw = np.random.default_rng([zlib.crc32(name.encode()), seed])
            t = np.arange(0.0, seconds, 0.01)
            series = Series(0.0, 100.0, readonly(make(t, draw)), "arbitrary", "ppg")
            yield Case(f"noise {name} {seed}", "noise", Recording(name, {"ppg": series}), Truth(np.empty(0), (), what="none"))


def _band(t: Times, draw: Draw) -> Times:
    """Noise of 0.5 to 5 Hz, where hearts are."""
    spectrum = np.fft.rfft(draw.normal(0.0, 1.0, len(t)))
    frequency = np.fft.rfftfreq(len(t), t[1] - t[0])
    spectrum[(frequency < 0.5) | (frequency > 5.0)] = 0.0
    return np.fft.irfft(spectrum, len(t))


def _unrest(t: Times, draw: Draw) -> Times:
    """Swings that change their frequency every few seconds."""
    wave, start = np.zeros(len(t)), 0.0
    while start < t[-1]:
        length = draw.uniform(2.0, 6.0)
        inside = (t >= start) & (t < start + length)
        along = np.sin(np.pi * (t[inside] - start) / length)
        for f in np.exp(draw.uniform(np.log(0.4), np.log(6.0), 5)):
            wave[inside] += draw.uniform(0.3, 1.5) / f**0.5 * along * np.sin(2.0 * np.pi * (f * t[inside] + draw.random()))
        start += length
    return wave
