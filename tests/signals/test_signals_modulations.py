"""What repeats in the changes from beat to beat, and how far above chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.signals.modulations import RATES, WINDOWS, evidence, spectra

HERE = settings(deadline=None, max_examples=25, derandomize=True)


def rows(
    seconds: float = 60.0, *, breath: float = 15.0, depths: tuple[float, float, float] = (0.03, 100.0, 200.0), seed: int = 0
) -> np.ndarray:
    """Beats every 0.8 s: time, interval, height, level, stretch; each breathes by its depth, with a tenth of that in noise."""
    draw, times = np.random.default_rng(seed), 10.0 + np.arange(0.0, seconds, 0.8)
    wave = np.sin(2.0 * np.pi * breath / 60.0 * times)
    columns = [
        usual + depth * (wave + 0.1 * draw.normal(size=len(times)))
        for usual, depth in zip((0.8, 1e3, 1e5), depths, strict=True)
    ]
    return np.stack([times, *columns, np.zeros(len(times))], axis=1)


def plain(beats: np.ndarray, column: int, window: float) -> np.ndarray:
    """The power of one column, reckoned another way: straight lines within stretches, nothing between them."""
    grid = beats[-1, 0] - np.arange(round(window * 2.5))[::-1] / 2.5
    beats = beats[beats[:, 0] > beats[-1, 0] - window]
    series, inside = np.zeros(len(grid)), []
    for number in np.unique(beats[:, 4]):
        part = beats[beats[:, 4] == number]
        if part[-1, 0] - part[0, 0] >= 6.0:
            inside.append(part[:, column] - np.median(part[:, column]))
    size = 1.4826 * np.median(np.abs(np.concatenate(inside)))
    for number in np.unique(beats[:, 4]):
        part = beats[beats[:, 4] == number]
        if part[-1, 0] - part[0, 0] >= 6.0:
            covered = (grid >= part[0, 0]) & (grid <= part[-1, 0])
            tame = np.clip((part[:, column] - np.median(part[:, column])) / size, -2.5, 2.5)
            series[covered] = np.interp(grid[covered], part[:, 0], tame)
    t = np.arange(len(grid)) / 2.5
    power = []
    for rate in RATES:
        basis = np.stack((np.cos(2.0 * np.pi * rate / 60.0 * t), np.sin(2.0 * np.pi * rate / 60.0 * t))) * np.hanning(len(t))
        without = np.array([wave - np.polyval(np.polyfit(t, wave, 2), t) for wave in basis])
        power.append(float(np.square(without @ series).sum()))
    return np.array(power)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("gap", [(30.0, 30.0), (46.0, 53.0), (24.0, 28.5)])
def test_the_power_reckoned_another_way(window: float, gap: tuple[float, float]) -> None:
    beats = rows()
    beats = beats[(beats[:, 0] < gap[0]) | (beats[:, 0] > gap[1])]
    beats[:, 4] = beats[:, 0] > gap[0]
    power = spectra(beats, window)
    assert power is not None
    for column in (1, 2, 3):
        assert power[column - 1] == pytest.approx(plain(beats, column, window), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("breath", [5.0, 9.0, 15.0, 24.0, 32.0])
def test_the_peak_is_at_the_rate(breath: float) -> None:
    power = spectra(rows(breath=breath), 48.0)
    assert power is not None
    assert RATES[power.argmax(axis=1)] == pytest.approx(breath, rel=0.04)
    assert RATES[np.argmax(evidence(power, 0.8))] == pytest.approx(breath, rel=0.04)


def test_little_that_is_clean_is_not_enough() -> None:
    beats = rows()
    part = beats[(beats[:, 0] < 40.0) | (beats[:, 0] > 58.0)]
    part[:, 4] = part[:, 0] > 50.0
    assert spectra(part, 48.0) is not None
    part = part[(part[:, 0] < 36.0) | (part[:, 0] > 58.0)]
    assert spectra(part, 48.0) is None


def test_what_does_not_vary_says_nothing() -> None:
    still = spectra(rows(depths=(1e-5, 0.0, 200.0)), 48.0)
    assert still is not None
    assert len(still) == 1
    assert not evidence(still[:0], 0.8).any()


@HERE
@given(which=st.integers(20, 70), column=st.integers(1, 3), wild=st.floats(1e5, 1e12))
def test_one_wild_value_is_not_a_rhythm(which: int, column: int, wild: float) -> None:
    beats = rows()
    known = spectra(beats, 48.0)
    beats[which, column] += wild
    once = spectra(beats, 48.0)
    beats[which, column] += wild
    twice = spectra(beats, 48.0)
    assert known is not None
    assert once is not None
    assert once == pytest.approx(twice)
    assert evidence(once, 0.8).max() > 0.8 * evidence(known, 0.8).max()


@HERE
@given(interval=st.floats(0.4, 2.0))
def test_beats_do_not_show_what_is_quicker_than_half_of_them(interval: float) -> None:
    power = spectra(rows(breath=20.0), 48.0)
    assert power is not None
    known = evidence(power, interval)
    assert not known[RATES * interval > 29.5].any()
    assert known[RATES * interval < 29.0].all()


def test_evidence_is_bounded_below_and_grows_slowly_above() -> None:
    power = spectra(rows(), 48.0)
    assert power is not None
    one, more = evidence(power[:1], 0.8), evidence(power[:1] * 100.0, 0.8)
    assert more == pytest.approx(one)
    assert one.min() > np.log(0.7) - 0.25
    sharp = power.copy()
    sharp[:, sharp.argmax(axis=1)] *= 1000.0
    assert evidence(sharp, 0.8).max() < 3.0 * evidence(power, 0.8).max()


def test_agreement_is_more_than_any_one() -> None:
    power = spectra(rows(), 48.0)
    assert power is not None
    assert evidence(power, 0.8).max() > 1.5 * evidence(power[:1], 0.8).max()


def test_half_of_a_double_rhythm_is_the_breath() -> None:
    """Where the overtone is much the stronger, the fundamental still has more evidence than without it."""
    beats = rows(breath=10.0, depths=(0.0, 100.0, 0.0))
    beats[:, 2] += 150.0 * np.cos(2.0 * np.pi * 20.0 / 60.0 * beats[:, 0])
    power = spectra(beats, 48.0)
    assert power is not None
    known = evidence(power, 0.8)
    assert RATES[np.argmax(known)] == pytest.approx(10.0, rel=0.04)


def test_a_slow_rhythm_may_be_of_the_vessels() -> None:
    flat = evidence(np.ones((3, len(RATES))), 0.8)
    assert flat[np.searchsorted(RATES, 6.0)] < flat[np.searchsorted(RATES, 12.0)] - 0.3


def test_a_falling_spectrum_is_chance() -> None:
    """Power that falls steadily with the rate has no evidence anywhere."""
    for slope in (-3.0, -2.0, -1.0, 0.0):
        power = (RATES**slope)[None, :].repeat(3, axis=0)
        assert np.ptp(evidence(power, 0.8)[:90]) < 1.5
