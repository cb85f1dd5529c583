"""Skin conductance: level and responses, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals_synthetic import cut, f1, heard, sweat

from undertone.flow import Block, Channel, Response, readonly
from undertone.signals import Signals
from undertone.signals.conductance import Conductance

RATE = 16.0
TIMES = np.arange(0.0, 90.0, 1.0 / RATE)
ONSETS = np.array([8.0, 15.5, 22.0, 30.2, 33.3, 44.0, 52.1, 60.7, 71.0, 80.0])
WAVE = sweat(TIMES, ONSETS) + np.random.default_rng(2).normal(0.0, 0.001, len(TIMES)) + 0.004 * TIMES


def responses_of(values: np.ndarray, rate: float = RATE, sizes: tuple[int, ...] = (8,)) -> list[Response]:
    return [value for value in heard(cut(Channel.SKIN, values, rate, sizes)) if isinstance(value, Response)]


@pytest.mark.parametrize("rate", [4.0, 10.0, 15.0, 16.0, 33.3, 64.0])
def test_onset_amplitude_and_rise_at_every_rate(rate: float) -> None:
    found = responses_of(sweat(np.arange(0.0, 92.0, 1.0 / rate), ONSETS), rate)
    assert f1(ONSETS, np.array([r.t for r in found]), 0.35) == 1.0
    assert all(0.26 < r.amplitude_microsiemens < 0.32 for r in found)
    # The difference of exponentials with 0.75 and 4 s rises for 1.5 s, and has lost half 3.9 s later.
    assert all(1.3 < r.rise < 2.0 for r in found)
    assert [r.recovery is None for r in found] == [abs(r.t - 30.2) < 1.0 for r in found], "where the next one came first"
    assert all(r.recovery is None or 2.6 < r.recovery < 4.4 for r in found)


def test_twenty_a_minute() -> None:
    gaps = np.random.default_rng(5).exponential(2.0, 90) + 1.0
    onsets = 5.0 + np.cumsum(gaps)
    times = np.arange(0.0, onsets[-1] + 10.0, 1.0 / RATE)
    values = sweat(times, onsets) + np.random.default_rng(6).normal(0.0, 0.001, len(times))
    assert f1(onsets, np.array([r.t for r in responses_of(values)]), 0.5) > 0.9


@given(st.lists(st.integers(1, 90), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_the_cut_changes_nothing(sizes: list[int]) -> None:
    assert responses_of(WAVE, sizes=tuple(sizes)) == responses_of(WAVE)


def test_the_threshold_is_an_amplitude() -> None:
    small = sweat(TIMES, ONSETS, amplitude=0.05)
    assert len(responses_of(small)) == len(ONSETS)
    assert not heard(cut(Channel.SKIN, small, RATE, (8,)), Signals(threshold=0.06))


@pytest.mark.parametrize(
    "artefact",
    [
        pytest.param(np.where(TIMES > 40.0, 6.0, 5.0), id="step"),
        pytest.param(np.where(abs(TIMES - 40.0) < 0.5, 6.0, 5.0), id="touch"),
        pytest.param(5.0 + 0.5 * np.exp(-(((TIMES - 40.0) / 0.6) ** 2)), id="soft touch"),
        pytest.param(5.0 + 1.0 / (1.0 + np.exp(-(TIMES - 40.0) / 6.0)), id="slow rise"),
        pytest.param(np.where(abs(TIMES - 40.0) < 5.0, 0.0, 5.0), id="electrodes off"),
        pytest.param(5.0 + 0.01 * TIMES, id="drift"),
        pytest.param(5.0 - 0.01 * TIMES, id="falling"),
        pytest.param(np.where(abs(TIMES - 40.0) < 1.0, np.nan, 5.0 + np.where(TIMES > 40.0, 0.5, 0.0)), id="missing"),
    ],
)
def test_what_is_not_a_response(artefact: np.ndarray) -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.001, len(TIMES))
    assert responses_of(artefact + noise * (artefact > 0.0)) == []


@pytest.mark.parametrize(("later", "amplitude"), [(7.0, 0.3), (5.0, 0.6)])
def test_a_small_one_on_the_way_down_from_a_large_one(later: float, amplitude: float) -> None:
    onsets = np.array([20.0, 20.0 + later])
    found = responses_of(sweat(TIMES, onsets[:1], amplitude=2.0) + sweat(TIMES, onsets[1:], amplitude=amplitude, level=0.0))
    assert f1(onsets, np.array([r.t for r in found]), 0.5) == 1.0


def test_two_in_one_climb() -> None:
    found = responses_of(sweat(TIMES, [20.0, 21.3]))
    assert f1(np.array([20.0, 21.3]), np.array([r.t for r in found]), 0.5) == 1.0


def test_the_onset_is_not_where_a_drift_began() -> None:
    found = responses_of(sweat(TIMES, [20.0]) + 0.01 * TIMES)
    assert [r.t for r in found] == [pytest.approx(20.0, abs=0.5)]


def test_nothing_crosses_a_gap() -> None:
    ramp = sweat(TIMES, [40.0])
    middle = int(40.9 * RATE)
    blocks = [
        Block(Channel.SKIN, 0.0, RATE, readonly(ramp[:middle])),
        Block(Channel.SKIN, 50.0, RATE, readonly(ramp[middle : middle + 800] + 0.5), 145),
    ]
    assert not [r for r in heard(blocks) if isinstance(r, Response) and r.t < 50.0 < r.t + r.rise]


def at(now: float, values: np.ndarray) -> Conductance:
    skin = Conductance()
    for block in cut(Channel.SKIN, values[: round(now * RATE)], RATE, (8,)):
        skin.push(block)
    return skin


def test_the_level_runs_below_the_responses() -> None:
    level = at(60.0, sweat(TIMES, ONSETS)).level(60.0)
    assert level is not None
    assert 5.0 <= level < 5.15


def test_responses_are_counted_over_a_minute() -> None:
    counted = at(70.0, WAVE).responses(70.0)
    assert counted is not None
    assert counted[0] == pytest.approx(np.sum((ONSETS > 10.0) & (ONSETS < 68.0)), abs=0.5)
    assert counted[1] == pytest.approx(0.28 * counted[0], rel=0.15)
    assert at(25.0, WAVE).responses(25.0) is None


def test_half_a_minute_is_scaled_to_a_whole_one() -> None:
    counted = at(40.0, WAVE).responses(40.0)
    assert counted is not None
    assert counted[0] == pytest.approx(5.0 * 60.0 / 39.0, rel=0.05)


def test_quality_falls_within_three_seconds() -> None:
    skin = at(60.0, WAVE)
    assert skin.quality(60.0) > 0.95
    assert skin.quality(63.0) == 0.0
    assert skin.level(63.0) is not None
    assert skin.level(66.0) is None


@pytest.mark.parametrize(
    "values", [np.full(960, 0.0), np.full(960, 0.04), np.full(960, 70.0), np.tile([2.0] * 8 + [9.0] * 8, 60)]
)
def test_quality_of_what_no_skin_does(values: np.ndarray) -> None:
    assert at(60.0, values).quality(60.0) < 0.5
