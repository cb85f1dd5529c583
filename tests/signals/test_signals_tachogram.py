"""The spectrum of the intervals: planted powers, missing beats, and one rhythm against many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.signals.tachogram import FREQUENCIES_HZ, coherence, lf_hf, spectrum

HERE = settings(deadline=None, max_examples=30, derandomize=True)


def planted(
    seconds: float, *rhythms: tuple[float, float], mean: float = 0.85, start: float = 7.3
) -> tuple[np.ndarray, np.ndarray]:
    """Times and intervals of beats whose intervals swing with (frequency, depth in seconds) each."""
    times, intervals, t = [], [], start
    while t < start + seconds:
        interval = 0.85 + sum(depth * np.sin(2.0 * np.pi * hz * t + i) for i, (hz, depth) in enumerate(rhythms))
        t += interval
        times.append(t)
        intervals.append(interval)
    return np.array(times), np.array(intervals)


@pytest.mark.parametrize(("low", "high"), [(0.03, 0.03), (0.04, 0.02), (0.02, 0.04), (0.05, 0.01)])
def test_the_ratio_of_planted_powers(low: float, high: float) -> None:
    times, intervals = planted(300.0, (0.095, low), (0.27, high))
    assert lf_hf(spectrum(times, intervals)) == pytest.approx((low / high) ** 2, rel=0.05)


def test_the_mesh_does_not_weaken_quick_rhythms() -> None:
    times, intervals = planted(300.0, (0.05, 0.02), (0.38, 0.02))
    assert lf_hf(spectrum(times, intervals)) == pytest.approx(1.0, rel=0.03)


def test_each_rhythm_is_where_it_was_planted() -> None:
    for hz in (0.05, 0.1, 0.2, 0.33):
        assert FREQUENCIES_HZ[np.argmax(spectrum(*planted(300.0, (hz, 0.03))))] == pytest.approx(hz, abs=0.002)


@pytest.mark.parametrize(("low", "high", "within"), [(0.03, 0.03, 0.15), (0.02, 0.04, 0.15), (0.04, 0.02, 0.3)])
def test_a_tenth_of_the_beats_missing_changes_little(low: float, high: float, within: float) -> None:
    times, intervals = planted(300.0, (0.095, low), (0.27, high))
    ratios = []
    for seed in range(8):
        draw, kept = np.random.default_rng(seed), np.ones(len(times), dtype=bool)
        while kept.mean() > 0.9:
            first = int(draw.integers(len(times)))
            kept[first : first + int(draw.integers(1, 7))] = False
        ratios.append(lf_hf(spectrum(times[kept], intervals[kept])))
    assert np.mean(ratios) == pytest.approx((low / high) ** 2, rel=within)


@HERE
@given(scale=st.floats(0.01, 100.0), shift=st.floats(-0.3, 3.0), slope=st.floats(-1e-3, 1e-3), later=st.floats(0.0, 1e5))
def test_unit_level_trend_and_clock_do_not_count(scale: float, shift: float, slope: float, later: float) -> None:
    times, intervals = planted(120.0, (0.1, 0.03), (0.25, 0.02))
    known = spectrum(times, intervals)
    other = spectrum(times + later, scale * (intervals + shift + slope * times))
    assert lf_hf(other) == pytest.approx(lf_hf(known), rel=1e-3)
    assert coherence(other) == pytest.approx(coherence(known), rel=1e-3)


@HERE
@given(seed=st.integers(0, 2**32 - 1))
def test_coherence_is_a_share(seed: int) -> None:
    draw = np.random.default_rng(seed)
    intervals = draw.uniform(0.4, 1.5, 70)
    share = coherence(spectrum(np.cumsum(intervals), intervals))
    assert share is not None
    assert 0.0 < share < 1.0


def test_one_rhythm_is_coherent_and_many_are_not() -> None:
    paced = coherence(spectrum(*planted(64.0, (0.1, 0.06))))
    two = coherence(spectrum(*planted(64.0, (0.1, 0.04), (0.2, 0.04))))
    draw = np.random.default_rng(0)
    restless = [coherence(spectrum(np.cumsum(x), x)) for x in draw.normal(0.8, 0.05, (30, 80))]
    assert paced == pytest.approx(0.89, abs=0.01)
    assert two == pytest.approx(0.5, abs=0.1)
    assert float(np.mean(np.array(restless, dtype=float))) < 0.3


def test_a_rhythm_outside_the_band_is_not_coherence() -> None:
    share = coherence(spectrum(*planted(64.0, (0.35, 0.05))))
    assert share is not None
    assert share < 0.1


def test_no_variation_is_no_answer() -> None:
    times = np.arange(100.0)
    assert lf_hf(spectrum(times, np.zeros(100))) is None
    assert coherence(spectrum(times, np.zeros(100))) is None
