"""Sample times against a chip whose truth is known: skewed, read late, losing samples."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.sensors import Stamp, Stamped

PERIOD = 0.01
LOSSES = st.lists(st.tuples(st.integers(5, 40), st.integers(1, 400)), max_size=5)
"""Polls, and how many samples are lost before them."""


@dataclass
class Chip:
    """Sample k (from 1) is complete at `start` + k periods of its own clock."""

    skew: float = 0.0
    start: float = 50.0
    seen: int = 0
    times: list[float] = field(default_factory=list)
    truth: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def complete(self, t: float) -> int:
        return int((t - self.start) / PERIOD * (1 + self.skew))

    def true(self, sample: int) -> float:
        return self.start + sample * PERIOD / (1 + self.skew)

    def read(self, stamp: Stamp, t: float, *, noted: float | None = None, gone: int = 0, told: bool = False) -> Stamped:
        """Read at t what is there, believing that it is `noted`, after `gone` samples vanished."""
        first, self.seen = self.seen + gone + 1, self.complete(t)
        fresh = self.seen - first + 1
        stamped = stamp.push(t if noted is None else noted, fresh, before=gone if told else 0)
        if fresh:
            self.times += [stamped.t0 + i / stamped.rate_hz for i in range(fresh)]
            self.truth += [self.true(first + i) for i in range(fresh)]
            self.rates.append(stamped.rate_hz)
            self.lost.append(stamped.lost)
            self.ends.append(stamped.t0 + fresh / stamped.rate_hz)
        return stamped

    def error(self, after: float = 0.0) -> np.ndarray:
        times, truth = np.array(self.times), np.array(self.truth)
        return (times - truth)[truth > self.start + after]


def polls(seconds: float, seed: int, start: float = 50.0) -> list[float]:
    """Moments about 0.17 s apart, each up to 30 ms late."""
    rng = random.Random(seed)
    return [start + 0.17 * (i + 1) + rng.random() * 0.03 for i in range(int(seconds / 0.17))]


@pytest.mark.parametrize("skew", [-0.015, -0.004, 0.0, 0.0133, 0.015])
def test_times_are_true_to_a_millisecond_whatever_the_clock(skew: float) -> None:
    chip, stamp = Chip(skew), Stamp(PERIOD)
    for t in polls(120, seed=3):
        chip.read(stamp, t)
    assert np.abs(chip.error()).max() < 0.008
    assert np.abs(chip.error(after=20)).max() < 0.0012
    assert chip.rates[-1] == pytest.approx(100 * (1 + skew), rel=2e-3)
    # What beats care for: how far two neighbours a second apart are off.
    assert np.abs(np.diff(chip.error(after=5)[::100])).max() < 0.002
    assert np.abs(np.diff(chip.error(after=20)[::100])).max() < 0.001
    assert np.abs(np.diff(chip.error(after=60)[::100])).max() < 0.0004


@given(st.integers(0, 2**32), st.floats(-0.015, 0.015), st.lists(st.floats(0.001, 0.31), min_size=5, max_size=60))
@settings(max_examples=60, deadline=None)
def test_blocks_join_and_time_never_goes_back(seed: int, skew: float, pauses: list[float]) -> None:
    chip, stamp, t, rng = Chip(skew), Stamp(PERIOD), 50.0, random.Random(seed)
    previous: float | None = None
    for pause in pauses:
        t += pause
        stale = t - (rng.random() * 0.2 if rng.random() < 0.1 else 0.0)
        seen = len(chip.times)
        stamped = chip.read(stamp, t, noted=stale)
        if previous is not None and len(chip.times) > seen and not stamped.lost:
            assert stamped.t0 == pytest.approx(previous, abs=1e-9)
        previous = chip.ends[-1] if chip.ends else None
    assert (np.diff(chip.times) > 0).all()


@pytest.mark.parametrize("seed", range(12))
def test_moments_noted_too_early_do_not_bend_the_line(seed: int) -> None:
    """The thread noted `now`, lost the processor for up to 200 ms, and only then asked the chip."""
    chip, stamp, rng = Chip(0.015 - 0.03 * (seed % 2)), Stamp(PERIOD), random.Random(seed)
    for t in polls(120, seed):
        chip.read(stamp, t, noted=t - rng.uniform(0.03, 0.2) if rng.random() < 0.05 else t)
    assert np.abs(chip.error(after=20)).max() < 0.002
    assert sum(chip.lost) == 0


def test_samples_that_are_counted_as_lost_shift_nothing() -> None:
    chip, stamp = Chip(0.01), Stamp(PERIOD)
    for place, t in enumerate(polls(60, seed=6)):
        chip.read(stamp, t, gone=7 if place == 200 else 0, told=True)
    assert sum(chip.lost) == 7
    assert np.abs(chip.error(after=20)).max() < 0.002


def test_samples_that_vanish_without_a_word_are_found_missing() -> None:
    chip, stamp = Chip(0.01), Stamp(PERIOD)
    for place, t in enumerate(polls(60, seed=7)):
        chip.read(stamp, t, gone=10 if place == 200 else 0)
    assert sum(chip.lost) == 10
    assert np.abs(chip.error(after=40)).max() < 0.002
    assert (np.diff(chip.times) > 0).all()


def test_an_exhausted_counter_is_completed_by_the_line() -> None:
    chip, stamp, moments = Chip(0.01), Stamp(PERIOD), polls(60, seed=8)
    for t in moments[:200]:
        chip.read(stamp, t)
    t = moments[199] + 1.0
    in_time = 32
    gone = chip.complete(t) - chip.seen - in_time
    first = stamp.push(t, in_time, lost=15, uncertain=True)
    assert first.lost == 0
    assert first.t0 == pytest.approx(chip.true(chip.seen + 1), abs=0.002)
    chip.seen = chip.complete(t)
    after = chip.read(stamp, t + 0.2)
    assert after.lost == pytest.approx(gone, abs=1)
    assert after.t0 == pytest.approx(chip.truth[-round(0.2 * 101)], abs=0.012)


def test_losses_are_reported_with_the_next_samples_that_come() -> None:
    stamp = Stamp(PERIOD)
    stamp.push(1.0, 32, lost=3)
    assert stamp.push(1.04, 0).lost == 3
    assert stamp.push(1.2, 20, before=2).lost == 5
    assert stamp.push(1.4, 20).lost == 0


def test_a_clock_that_was_wrong_from_the_start_is_caught_up_with_gently() -> None:
    chip, stamp = Chip(0.0), Stamp(PERIOD)
    for place, t in enumerate(polls(60, seed=9)):
        chip.read(stamp, t, noted=t + 0.3 if place < 20 else t)
    assert (np.diff(chip.times) > 0.009).all()
    assert np.abs(chip.error(after=80)).size == 0
    assert abs(chip.error()[-1]) < abs(chip.error()[500]) < 0.31
    assert sum(chip.lost) == 0


def test_a_sample_stands_for_the_moment_before_its_completion() -> None:
    plain, early = Stamp(PERIOD), Stamp(PERIOD, delay=0.004)
    for place in range(1, 20):
        a, b = plain.push(0.2 * place, 20), early.push(0.2 * place, 20)
        assert a.t0 - b.t0 == pytest.approx(0.004)


def test_nothing_is_earlier_than_where_an_earlier_stamp_left_off() -> None:
    assert Stamp(PERIOD, after=10.0).push(10.05, 20).t0 == 10.0
    assert Stamp(PERIOD, after=10.0).push(11.0, 20).t0 == pytest.approx(10.805)


@pytest.mark.parametrize("memory", [5.0, 60.0])
def test_a_drifting_clock_is_followed_faster_with_a_shorter_memory(memory: float) -> None:
    chip, stamp = Chip(), Stamp(PERIOD, memory=memory)
    count = 0
    for place in range(1, 1200):
        t = 50.0 + 0.17 * place
        # The rate rises by 1 % in 200 s: the number of samples is the integral.
        total = int(100 * (t - 50) + 0.5 * 100 * 0.01 / 200 * (t - 50) ** 2)
        stamped = stamp.push(t, total - count)
        count = total
    newest = stamped.t0 + (total - 1 - count + round(0.17 * 101)) / stamped.rate_hz
    lag = abs(newest - t + 0.005)
    assert lag < (0.004 if memory == 5.0 else 0.15), lag
    assert chip.seen == 0


def test_a_first_moment_noted_too_early_is_forgotten() -> None:
    chip, stamp = Chip(0.01), Stamp(PERIOD)
    for place, t in enumerate(polls(60, seed=10)):
        chip.read(stamp, t, noted=t - 0.15 if place == 0 else t)
    assert sum(chip.lost) == 0
    assert np.abs(chip.error(after=45)).max() < 0.002


def test_a_first_read_that_already_overflowed_still_tells_the_time() -> None:
    first = Stamp(PERIOD).push(70.0, 32, lost=15, uncertain=True)
    assert first.t0 + 47 * PERIOD == pytest.approx(70.0, abs=0.02)


def test_a_clock_that_jitters_both_ways_is_not_mistaken_for_lost_samples() -> None:
    chip, stamp = Chip(0.01), Stamp(PERIOD)
    for place, t in enumerate(polls(60, seed=11)):
        chip.read(stamp, t, noted=t + (-1) ** place * 0.05 if 150 < place < 200 else t)
    assert sum(chip.lost) == 0
    assert np.abs(chip.error(after=20)).max() < 0.002


@given(st.integers(0, 2**32), st.floats(-0.015, 0.015), st.floats(0.03, 0.3))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_times_stay_true_for_an_hour_however_the_polls_fall(seed: int, skew: float, longest: float) -> None:
    """Partition, and no drift: whoever asks when, the times are those of the samples to a few milliseconds."""
    chip, stamp, rng, t = Chip(skew), Stamp(PERIOD), random.Random(seed), 50.0
    while t < 50.0 + 120.0:
        t += rng.uniform(0.02, longest)
        chip.read(stamp, t)
    assert np.abs(chip.error(after=30)).max() < 0.004
    assert abs(float(np.median(chip.error(after=90)))) < 0.002
    # An hour in which only every minute somebody looks at the times: no drift either.
    chip.times.clear()
    chip.truth.clear()
    for minute in range(1, 60):
        for _ in range(4):
            t += 0.17
            chip.read(stamp, t)
        t += 60.0 - 4 * 0.17
        stamp.push(t, chip.complete(t) - chip.seen)
        chip.seen = chip.complete(t)
        assert minute < 3 or np.abs(chip.error()[-60:]).max() < 0.008, minute


@given(st.integers(0, 2**32), st.floats(-0.015, 0.015), LOSSES)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_told_losses_are_told_on_and_shift_nothing(seed: int, skew: float, losses: list[tuple[int, int]]) -> None:
    chip, stamp, rng, t = Chip(skew), Stamp(PERIOD), random.Random(seed), 50.0
    for _ in range(150):
        t += rng.uniform(0.05, 0.3)
        chip.read(stamp, t)
    told = 0
    for polls_between, asked in losses:
        t += asked * PERIOD
        gone = min(asked, chip.complete(t) - chip.seen)
        told += gone
        chip.read(stamp, t, gone=gone, told=True)
        for _ in range(polls_between):
            t += rng.uniform(0.05, 0.3)
            chip.read(stamp, t)
    assert sum(chip.lost) == told
    assert np.abs(chip.error(after=20)).max() < 0.004
    assert (np.diff(chip.times) > 0.0).all()
