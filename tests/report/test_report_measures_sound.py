"""Measures of sound, on sound whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.report.measures_sound import SoundCurves, SoundMeasures, SoundMeter, energy_of, integrated, loudness_range

RATE = 48000
Sound = NDArray[np.float64]


def heard(sound: Sound, rate_hz: int = RATE, *, step: int = 10007) -> tuple[SoundMeasures, SoundCurves]:
    meter = SoundMeter(rate_hz)
    for start in range(0, len(sound), step):
        meter.push(sound[start : start + step])
    return meter.finish()


def sine(hz: float, amplitude: float, seconds: float, rate_hz: int = RATE) -> Sound:
    wave = amplitude * np.sin(2.0 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.stack([wave, wave], axis=1)


def noise(seconds: float, seed: int = 1) -> Sound:
    """Two channels of their own noise, softer and louder every 3 s."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.random.default_rng(seed).standard_normal((len(t), 2)) * (0.02 * (1.2 + np.sin(2 * np.pi * t / 6.0)))[:, None]


@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_a_full_sine_in_one_channel_has_the_loudness_of_the_standard(rate_hz: int) -> None:
    sound = sine(997.0, 1.0, 4.0, rate_hz)
    sound[:, 1] = 0.0
    measures, _ = heard(sound, rate_hz)
    assert measures.lufs == pytest.approx(-3.01, abs=0.01)
    assert measures.range_lu == pytest.approx(0.0, abs=0.01)
    assert measures.true_peak_db == pytest.approx(0.0, abs=0.01)
    assert measures.seconds == pytest.approx(4.0)


def test_loudness_agrees_with_another_meter() -> None:
    # Two loud stretches around one that only the relative gate leaves out, and silence that the absolute one does.
    sound = np.concatenate([noise(6.0), 0.02 * noise(4.0, 2), np.zeros((2 * RATE, 2)), 0.7 * noise(5.0, 3)])
    other = pyloudnorm.Meter(RATE, filter_class="DeMan").integrated_loudness(sound)
    assert heard(sound)[0].lufs == pytest.approx(other, abs=1e-3)
    ungated = pyloudnorm.Meter(RATE, filter_class="DeMan").integrated_loudness(noise(6.0))
    assert abs(ungated - other) > 0.2


def test_the_range_of_two_levels_is_their_difference() -> None:
    # EBU Tech 3342, test 1: 20 s at −20 and 20 s at −30 dBFS have a range of 10 LU.
    sound = np.concatenate([sine(1000.0, 0.1, 20.0), sine(1000.0, 10 ** (-30 / 20), 20.0)])
    assert heard(sound)[0].range_lu == pytest.approx(10.0, abs=0.1)


def test_the_range_leaves_out_what_is_twenty_under_the_mean() -> None:
    levels = np.concatenate([np.full(200, -20.0), np.full(200, -30.0), np.full(100, -55.0)])
    assert loudness_range(energy_of(levels)) == pytest.approx(10.0, abs=0.3)
    assert loudness_range(energy_of(np.full(20, -20.0))) is None


def test_integrated_loudness_of_levels_is_gated() -> None:
    assert integrated(energy_of(np.full(50, -23.0))) == pytest.approx(-23.0)
    assert integrated(energy_of(np.concatenate([np.full(500, -23.0), np.full(500, -60.0)]))) == pytest.approx(-23.0, abs=0.05)
    assert integrated(np.zeros(50)) is None


def test_a_true_peak_between_samples_is_found() -> None:
    t = np.arange(RATE)
    wave = 0.5 * np.sin(0.5 * np.pi * t + 0.25 * np.pi) * np.minimum(1.0, np.minimum(t, len(t) - t) / 4800.0)
    measures, curves = heard(np.stack([wave, 0.1 * wave], axis=1))
    assert 20.0 * math.log10(curves.peak.max()) == pytest.approx(-9.03, abs=0.02)
    assert measures.true_peak_db == pytest.approx(-6.02, abs=0.05)


def test_brightness_is_where_the_power_is() -> None:
    measures, curves = heard(sine(500.0, 0.1, 2.0) + sine(6000.0, 0.05, 2.0))
    assert measures.centroid_hz == pytest.approx((500.0 * 4 + 6000.0) / 5, rel=0.01)
    assert measures.high_share == pytest.approx(0.2, abs=0.005)
    assert curves.centroid_hz[5] == pytest.approx(1600.0, rel=0.01)
    loudest = int(np.argmax(curves.bands_db[10]))
    assert curves.bands_hz[loudest] <= 500.0 < curves.bands_hz[loudest + 1]
    around = curves.bands_db[10][(curves.bands_hz[:-1] > 400.0) & (curves.bands_hz[1:] < 640.0)]
    assert 10.0 * math.log10(np.sum(10.0 ** (around / 10.0))) == pytest.approx(-20.0, abs=0.1)


def test_bands_hold_all_the_power_even_the_lowest() -> None:
    _, curves = heard(0.1 * noise(2.0))
    assert np.isfinite(curves.bands_db).all()
    # White noise has the more power the wider a band is: a sixth of an octave more, half a decibel more.
    rise = np.diff(curves.bands_db[5:].mean(axis=0))
    assert np.mean(rise) == pytest.approx(10.0 * math.log10(2.0) / 6.0, abs=0.15)


def test_an_offset_is_told_as_a_share_of_the_peak() -> None:
    sound = sine(200.0, 0.4, 2.0)
    sound[:, 1] += 0.1
    assert heard(sound)[0].dc_share == pytest.approx(0.2, abs=0.01)
    assert (heard(sine(200.0, 0.4, 2.0))[0].dc_share or 0.0) < 1e-6


def test_what_mono_loses() -> None:
    same, apart = sine(300.0, 0.2, 1.0), noise(2.0)
    turned = same * np.array([1.0, -1.0])
    assert heard(same)[0].mono_loss_db == pytest.approx(0.0, abs=1e-6)
    assert heard(apart)[0].mono_loss_db == pytest.approx(3.0, abs=0.1)
    assert (heard(turned)[0].mono_loss_db or 0.0) > 60.0


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.floats(0.1, 1.7), st.floats(0.02, 0.3), st.integers(500, 9000))
def test_a_planted_jump_is_found_where_it_is(at: float, size: float, step: int) -> None:
    sound = sine(220.0, 0.3, 1.8) + 0.5 * sine(1760.0, 0.1, 1.8)
    sound[round(at * RATE) :] += size
    measures, _ = heard(sound, step=step)
    assert measures.clicks == 1
    assert measures.click_seconds[0] == pytest.approx(at, abs=2.0 / RATE)


def test_a_dropped_sample_is_a_click_and_a_sharp_onset_is_none() -> None:
    sound = sine(330.0, 0.3, 1.5)
    broken = sound.copy()
    broken[30000, 0] = 0.0
    assert heard(broken)[0].clicks == 1
    struck = np.exp(-np.arange(RATE) / 2000.0) * np.minimum(1.0, np.arange(RATE) / 48.0)
    hit = struck * np.random.default_rng(3).standard_normal(RATE) * 0.2
    onset = sound.copy()
    onset[20000 : 20000 + RATE] += hit[:, None]
    assert heard(onset)[0].clicks == 0


def test_jumps_close_together_are_one_click_and_far_apart_two() -> None:
    sound = sine(220.0, 0.2, 1.5)
    sound[20000:] += 0.1
    sound[20200:] -= 0.1
    sound[50000:] += 0.1
    assert heard(sound)[0].clicks == 2


def test_silence_is_not_known_and_nothing_breaks() -> None:
    measures, curves = heard(np.zeros((RATE, 2)))
    assert (measures.lufs, measures.range_lu, measures.true_peak_db, measures.centroid_hz) == (None, None, None, None)
    assert measures.clicks == 0
    assert len(curves.seconds) == 10
    empty, none = SoundMeter(RATE).finish()
    assert empty.seconds == 0.0
    assert len(none.momentary()) == len(none.short_term()) == 0


@settings(deadline=None, max_examples=10, derandomize=True)
@given(st.integers(1, 30000))
def test_any_way_of_cutting_the_sound_gives_the_same(step: int) -> None:
    sound = noise(2.0)
    one, other = heard(sound), heard(sound, step=step)
    assert one[0] == other[0]
    assert np.array_equal(one[1].energy, other[1].energy)


def test_short_term_loudness_rises_over_three_seconds() -> None:
    _, curves = heard(sine(1000.0, 0.1, 5.0))
    short = curves.short_term()
    assert short[9] == pytest.approx(-20.0 + 10.0 * math.log10(1.0 / 3.0), abs=0.1)
    assert short[45] == pytest.approx(-20.0, abs=0.05)
    assert curves.momentary()[5] == pytest.approx(-20.0, abs=0.05)
