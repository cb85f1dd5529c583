"""The skin's low-pass against scipy, its delay, and its honesty about gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from undertone.sensors.decimate import CORNER_HZ, DELAY, TAPS, Decimator


def decimated(values: np.ndarray, skipped: range = range(0)) -> dict[int, float]:
    decimator = Decimator()
    return dict(out for tick, v in enumerate(values) if tick not in skipped for out in decimator.push(tick, float(v)))


def test_the_coefficients_are_those_that_scipy_designs() -> None:
    assert pytest.approx(signal.firwin(33, CORNER_HZ, window=("kaiser", 3.4), fs=32), abs=1e-12) == TAPS
    with pytest.raises(ValueError, match="read-only"):
        TAPS[0] = 1.0


def test_mains_hum_is_gone_and_skin_responses_are_not() -> None:
    frequencies, response = signal.freqz(TAPS, worN=4096, fs=32)
    db = 20 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(db[frequencies <= 1.25]).max() < 0.25
    assert -4.0 < float(np.interp(2.0, frequencies, db)) < -1.0
    assert db[frequencies >= 4.0].max() < -42.0


def test_every_second_tick_comes_out_at_its_own_time() -> None:
    t = np.arange(400) / 32
    out = decimated(np.sin(2 * np.pi * 0.7 * t))
    assert sorted(out) == list(range(DELAY, 400 - DELAY, 2))
    error = [value - np.sin(2 * np.pi * 0.7 * tick / 32) for tick, value in out.items()]
    assert np.abs(error).max() < 0.03


def test_it_equals_scipys_convolution() -> None:
    values = np.random.default_rng(1).normal(size=200)
    out = decimated(values)
    whole = np.convolve(values, TAPS, mode="same")
    assert all(value == pytest.approx(whole[tick]) for tick, value in out.items())


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    values = np.linspace(3.0, 5.0, 300)
    short = decimated(values, range(100, 103))
    assert sorted(short) == list(range(DELAY, 300 - DELAY, 2))
    assert all(value == pytest.approx(values[tick]) for tick, value in short.items())
    long = decimated(values, range(100, 104))
    around = [tick for tick in range(DELAY, 300 - DELAY, 2) if tick not in long]
    # Nothing comes out that would have had to look across the gap.
    assert around == list(range(100 - DELAY, 104 + DELAY, 2))


def test_bridged_samples_are_counted() -> None:
    decimator = Decimator()
    for tick in (0, 1, 4, 5, 9, 20):
        decimator.push(tick, 1.0)
    assert decimator.bridged == 2 + 3


@given(st.integers(0, 2**32), st.sets(st.integers(0, 299), max_size=40))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_nothing_is_made_up_across_a_gap(seed: int, missing: set[int]) -> None:
    """What comes out between long gaps is what a stream would have given that began and ended there."""
    values = np.random.default_rng(seed).normal(size=300)
    decimator, out, runs = Decimator(), {}, [[]]
    last = None
    for tick in range(300):
        if tick in missing:
            continue
        if last is not None and tick - last > 4:
            runs.append([])
        elif last is not None:
            between = range(last + 1, tick)
            runs[-1] += [(t, float(np.interp(t, [last, tick], values[[last, tick]]))) for t in between]
        runs[-1].append((tick, float(values[tick])))
        out |= dict(decimator.push(tick, float(values[tick])))
        last = tick
    expected = {}
    for run in runs:
        alone = Decimator()
        expected |= {t: value for tick, level in run for t, value in alone.push(tick, level)}
    assert out.keys() == expected.keys()
    assert all(out[tick] == pytest.approx(expected[tick]) for tick in out)
