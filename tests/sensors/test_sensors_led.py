"""The control of the LED currents by itself: in a closed loop with light that is known, however the stream is cut."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.sensors.led import LedControl, na_per_ma
from undertone.sensors.optics import Drive
from undertone.sim import Body

FULL = 262143
START = Drive(7.0, 7.0, 4096)


def counts(light: NDArray[np.float64], drive: Drive) -> NDArray[np.int32]:
    """What the converter makes of light, nA/mA, (n, 2): red and infrared."""
    ma = np.array([drive.red_ma, drive.infrared_ma])
    return np.clip(light * ma * drive.counts_per_na + 30.0, 0, FULL).astype(np.int32)


def run(
    light: NDArray[np.float64], cuts: random.Random | int, *, drive: Drive = START, rate_hz: float = 100.0
) -> list[tuple[int, Drive]]:
    """Every change, with the number of the sample after which it came. What is left of a piece is taken with the new drive."""
    control, changes, place = LedControl(drive, rate_hz), [], 0
    while place < len(light):
        length = cuts if isinstance(cuts, int) else cuts.randint(1, 60)
        piece = counts(light[place : place + length], drive)
        place += len(piece)
        changed = control.push(piece[:, 0], piece[:, 1])
        if changed is not None:
            drive = changed
            changes.append((place, drive))
    return changes


def steady(factor: float, seconds: float = 20.0, rate_hz: float = 100.0) -> NDArray[np.float64]:
    return factor * np.tile([230.0, 286.0], (int(seconds * rate_hz), 1))


@given(st.floats(0.16, 6.0), st.floats(0.3, 1.2), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_any_finger_comes_into_range_and_stays_there(factor: float, red: float, seed: int) -> None:
    light = steady(factor) * [red, 1.0]
    noise = np.random.default_rng(seed).normal(1.0, 0.003, light.shape)
    changes = run(light * noise, 19)
    assert len(changes) <= 6
    assert all(place < 1200 for place, _ in changes)
    drive = changes[-1][1] if changes else START
    for level, current in zip(counts(light, drive)[0] / FULL, (drive.red_ma, drive.infrared_ma), strict=True):
        assert level < 0.75 * 1.03
        assert level > 0.25 * 0.97 or current == 51.0


@given(st.floats(0.16, 5.0), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_first_decision_does_not_depend_on_how_the_stream_is_cut(factor: float, seed: int) -> None:
    """And it comes with the piece that completes the second."""
    rng = np.random.default_rng(seed)
    light = steady(factor, 8.0) * (1.0 + 0.2 * rng.normal(size=(800, 1)))
    light[rng.integers(0, 800, 3)] = 3.0
    by_one = run(light, 1)[:1]
    by_chance = run(light, random.Random(seed))[:1]
    assert [drive for _, drive in by_one] == [drive for _, drive in by_chance]
    for (alone, _), (within, _) in zip(by_one, by_chance, strict=True):
        assert alone <= within < alone + 60


@given(st.integers(0, 2**32), st.floats(0.98, 1.02))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_changes_are_a_second_apart_and_by_two_at_most(seed: int, clock: float) -> None:
    rng = np.random.default_rng(seed)
    factors = np.repeat(10.0 ** rng.uniform(-0.8, 0.9, 20), round(300 * clock))
    changes = run(factors[:, None] * [230.0, 286.0], random.Random(seed))
    drive, place = START, -1000
    for after, changed in changes:
        assert after - place >= 100 * clock
        for old, new in ((drive.red_ma, changed.red_ma), (drive.infrared_ma, changed.infrared_ma)):
            assert 0.5 <= round(new / old, 6) <= 2.0
            assert 0.2 <= new <= 51.0
        assert 0.5 <= changed.range_na / drive.range_na <= 2.0
        drive, place = changed, after


def test_a_finger_that_is_usual_sees_no_change_in_an_hour() -> None:
    body = Body.tense(11)
    light = np.concatenate([body.light(np.arange(minute * 60, minute * 60 + 60, 0.04)) for minute in range(60)])
    assert run(light, 5, rate_hz=25.0) == []


def test_light_just_outside_has_to_last_and_light_far_outside_does_not() -> None:
    for factor, seconds in ((0.5, 3.15), (0.25, 1.05), (1.75, 3.15), (2.05, 1.05)):
        light = steady(factor) * [286 / 230, 1.0]
        assert run(light, 1)[0][0] == pytest.approx(100 * seconds, abs=3), factor
    # Outside for two seconds, back for one, and so on.
    light = np.where((np.arange(3000) // 105 % 3 < 2)[:, None], 0.5, 1.0) * [286.0, 286.0]
    assert run(light, 7) == []


def test_without_a_finger_nothing_changes() -> None:
    assert run(steady(0.01), 10) == []
    # One sample without a finger in every second is enough.
    light = steady(0.2)
    light[::100] = 3.0
    assert run(light, 10) == []
    assert run(steady(0.2), 10, drive=replace(START, infrared_ma=0.0)) == []


def test_a_channel_in_range_is_left_alone_when_the_other_one_changes() -> None:
    changes = run(steady(1.0) * [0.3, 1.0], 10)
    assert changes
    assert {drive.infrared_ma for _, drive in changes} == {7.0}
    assert changes[-1][1].red_ma > 10.0


def test_the_dark_is_no_finger_however_low_the_current() -> None:
    """At 0.2 mA and the widest range, what the converter shows in the dark would be 47 nA/mA."""
    control = LedControl(Drive(0.2, 0.2, 2048), 100.0)
    control.begin(Drive(0.2, 0.2, 16384))
    dark = np.full(1000, 150, dtype=np.int32)
    assert control.push(dark, dark) is None
    assert control.push(dark + 130, dark + 130) is not None


def test_a_channel_that_is_off_stays_off() -> None:
    changes = run(steady(0.25), 10, drive=replace(START, red_ma=0.0))
    assert changes
    assert all(drive.red_ma == 0.0 for _, drive in changes)
    assert changes[-1][1].infrared_ma > 14.0


def test_the_range_is_widened_at_the_lowest_current_only_and_no_further_than_there_is() -> None:
    dim = replace(START, red_ma=0.2, infrared_ma=0.2)
    bright = np.full((4000, 2), 60_000.0)
    ranges = [drive.range_na for _, drive in run(bright, 10, drive=dim)]
    assert ranges == [8192, 16384]
    assert run(bright, 10, drive=replace(dim, range_na=16384)) == []
    # At any other current it is the current that is lowered.
    assert run(bright, 10)[0][1] == replace(START, red_ma=3.6, infrared_ma=3.6)


def test_the_range_is_not_narrowed_below_the_configured_one() -> None:
    assert all(drive.range_na == 4096 for _, drive in run(steady(0.3), 10))
    wide = LedControl(replace(START, range_na=4096), 100.0)
    wide.begin(Drive(7.0, 7.0, 16384))
    piece = counts(steady(1.0, 4.0), Drive(7.0, 7.0, 16384))
    narrowed = wide.push(piece[:, 0], piece[:, 1])
    assert narrowed == Drive(7.0, 7.0, 8192)


def test_full_scale_is_a_finger_whatever_the_current() -> None:
    assert na_per_ma(FULL, Drive(51.0, 51.0, 2048)) == float("inf")
    assert na_per_ma(128.0, START) == 0.0
    assert na_per_ma(286.0 * 7.0 * 64.0 + 128.0, START) == pytest.approx(286.0)
