"""The heart rate with its error: right, as sure as it says, and silent in noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals_synthetic import cut, heartbeats, light

from undertone.flow import Beat, BeatFlag, Block, Channel, Features, readonly
from undertone.signals import Signals
from undertone.signals.heart_rate import Evidence, HeartRate
from undertone.signals.periodicity import RATES, STEP, Periodicity
from undertone.sim import Body

RATE = 50


def told(values: np.ndarray, sizes: tuple[int, ...] = (RATE,)) -> list[Features]:
    """Features at each second; the sizes must add up to whole seconds."""
    signals, features = Signals(), []
    for block in cut(Channel.INFRARED, values, RATE, sizes):
        signals.push(block)
        if abs(block.end - round(block.end)) < 1e-6:
            features.append(signals.features(float(round(block.end))))
    return features


def beating(seconds: float, **changes: float) -> np.ndarray:
    times = np.arange(0.0, seconds, 1.0 / RATE)
    return light(times, heartbeats(seconds, **changes))


@pytest.mark.parametrize("bpm", [40.0, 70.0, 110.0, 170.0])
def test_the_rate_is_right_and_its_error_small_and_honest(bpm: float) -> None:
    last = told(beating(40.0, bpm=bpm, depth=0.02))[-1]
    assert last.heart_bpm is not None
    assert last.heart_error_bpm is not None
    assert abs(last.heart_bpm - bpm) < max(1.0, 2.0 * last.heart_error_bpm)
    assert last.heart_error_bpm < 3.0
    assert last.pulse_quality > 0.9


def test_the_error_is_known_when_and_only_when_the_rate_is() -> None:
    values = beating(60.0)
    values[1500:2100] += np.random.default_rng(0).normal(0.0, 4000.0, 600)
    for features in told(values):
        assert (features.heart_bpm is None) == (features.heart_error_bpm is None)
        assert features.heart_error_bpm is None or 0.0 < features.heart_error_bpm <= 10.0


def test_the_error_widens_and_the_quality_falls_with_noise() -> None:
    values, noise = beating(60.0), np.random.default_rng(1).normal(0.0, 1.0, 60 * RATE)
    errors, qualities = [], []
    for size in (0.0, 500.0, 1000.0):
        late = told(values + size * noise)[25:]
        errors.append(np.mean([10.0 if f.heart_error_bpm is None else f.heart_error_bpm for f in late]))
        qualities.append(np.mean([f.pulse_quality for f in late]))
    assert errors[0] < errors[1] < errors[2]
    assert qualities[0] > qualities[1] > qualities[2]


@pytest.mark.parametrize("kind", ["white", "red", "steps"])
def test_noise_has_hardly_ever_a_heart_rate(kind: str) -> None:
    draw = np.random.default_rng(7)
    white = draw.normal(0.0, 300.0, 180 * RATE)
    noise = {"white": white, "red": np.cumsum(white) * 0.1, "steps": np.cumsum(white * (draw.random(len(white)) < 0.005))}[kind]
    features = told(130_000.0 + noise - noise.mean())[15:]
    assert np.mean([f.heart_bpm is not None for f in features]) < 0.15
    assert np.mean([f.pulse_quality for f in features]) < 0.25


def test_moving_bodies_are_told_right_or_not_at_all() -> None:
    errors, ratios, answered = [], [], 0
    for seed in (3, 4):
        body = Body(seed, movements_per_min=5.0, tension=0.6, usual=0.6)
        times = np.arange(0.0, 150.0, 1.0 / RATE)
        light_back = np.concatenate([body.light(part)[:, 1] for part in np.array_split(times, 150)])
        features = told(np.round(light_back * (131_000.0 / np.median(light_back))))
        truth = np.array(body.truth.beats)
        for f in features[20:]:
            if f.heart_bpm is None or f.heart_error_bpm is None:
                continue
            inside = truth[(truth > f.t - 15.0) & (truth <= f.t)]
            errors.append(abs(f.heart_bpm - 60.0 * (len(inside) - 1) / (inside[-1] - inside[0])))
            ratios.append(errors[-1] / f.heart_error_bpm)
            answered += 1
    assert answered > 0.6 * 2 * 130
    assert np.mean(errors) < 2.5
    assert np.mean(np.array(ratios) < 1.0) > 0.55
    assert np.mean(np.array(ratios) < 2.0) > 0.85


@given(st.lists(st.integers(1, 90), min_size=1, max_size=8), st.integers(0, 1000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_what_is_known_does_not_depend_on_the_cut(sizes: list[int], seed: int) -> None:
    values = beating(24.0) + np.random.default_rng(seed).normal(0.0, 400.0, 24 * RATE)
    ends = []
    for chosen in ((len(values),), tuple(sizes)):
        signals = Signals()
        for block in cut(Channel.INFRARED, values, RATE, chosen):
            signals.push(block)
        ends.append(signals.features(24.0))
    assert ends[0] == ends[1]


@given(st.floats(0.2, 1.8))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_what_is_known_does_not_depend_on_the_size(scale: float) -> None:
    values = beating(24.0) + np.random.default_rng(2).normal(0.0, 300.0, 24 * RATE)
    plain, scaled = told(values)[-1], told(scale * values)[-1]
    assert scaled.heart_bpm == pytest.approx(plain.heart_bpm, rel=1e-6)
    assert scaled.heart_error_bpm == pytest.approx(plain.heart_error_bpm, rel=1e-6)
    assert scaled.pulse_quality == pytest.approx(plain.pulse_quality, rel=1e-6)


@given(start=st.floats(16.0, 24.0), length=st.floats(0.1, 6.0))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_no_interval_reaches_across_a_loss_and_none_is_moved(start: float, length: float) -> None:
    values = beating(40.0)
    first, after = round(start * RATE), round((start + length) * RATE)
    signals, beats = Signals(), []
    blocks = cut(Channel.INFRARED, values[:first], RATE, (25,))
    later = cut(Channel.INFRARED, values[after:], RATE, (25,), t0=after / RATE)
    later[0] = Block(Channel.INFRARED, later[0].t0, RATE, later[0].values, lost=after - first)
    for block in blocks + later:
        beats += [value for value in signals.push(block) if isinstance(value, Beat)]
    assert all(not first / RATE <= beat.t < after / RATE for beat in beats)
    assert all(b.interval is None or not (b.t - b.interval < first / RATE <= b.t) for b in beats)
    features = signals.features(40.0)
    assert features.heart_bpm == pytest.approx(70.0, abs=2.5)
    assert signals.features(46.0).heart_bpm is None


def test_silence_forgets_the_rate_within_seconds() -> None:
    signals = Signals()
    for block in cut(Channel.INFRARED, beating(30.0), RATE, (RATE,)):
        signals.push(block)
    assert signals.features(30.0).heart_bpm is not None
    assert signals.features(33.0).pulse_quality == 0.0
    assert signals.features(36.0).heart_bpm is None


def follow(intervals: list[float], *, odds: float | None = 5.0, flag: BeatFlag = BeatFlag.CLEAN) -> tuple[HeartRate, float]:
    rate, t = HeartRate(), 0.0
    for interval in intervals:
        t += interval
        rate.push(Beat(t, interval, flag), odds)
    return rate, t


def test_beats_alone_are_enough() -> None:
    rate, now = follow([0.8] * 30, odds=None)
    evidence = rate.evidence(now)
    assert evidence is not None
    assert evidence.bpm == pytest.approx(75.0, rel=0.01)
    assert evidence.answer is not None


def test_doubtful_beats_move_the_belief_less() -> None:
    widths = []
    for odds in (5.0, 1.0, -2.0):
        rate, now = follow([0.8] * 12, odds=odds)
        evidence = rate.evidence(now)
        assert evidence is not None
        widths.append(evidence.width)
    assert widths[0] < widths[1] < widths[2]


def test_a_few_false_beats_do_not_move_the_rate() -> None:
    rate, t = follow([0.8] * 25)
    for interval in (0.45, 0.5, 0.42):
        t += interval
        rate.push(Beat(t, interval, BeatFlag.CLEAN), 0.0)
    evidence = rate.evidence(t)
    assert evidence is not None
    assert evidence.bpm == pytest.approx(75.0, abs=2.5)


def test_one_missed_beat_among_sure_ones_does_not_move_the_rate() -> None:
    rate, t = follow([0.8] * 15, odds=9.0)
    for interval, flag in ((1.6, BeatFlag.ARTEFACT), *[(0.8, BeatFlag.CLEAN)] * 6):
        t += interval
        rate.push(Beat(t, interval, flag), 9.0)
    evidence = rate.evidence(t)
    assert evidence is not None
    assert evidence.bpm == pytest.approx(75.0, rel=1e-6)


def test_an_irregular_heart_of_sure_beats_has_the_rate_of_all_of_them() -> None:
    intervals = (0.62 + 0.36 * np.random.default_rng(5).random(60)).tolist()
    rate, t = HeartRate(), 0.0
    for index, interval in enumerate(intervals):
        t += interval
        rate.push(Beat(t, interval, BeatFlag.CLEAN if index % 3 else BeatFlag.ARTEFACT), 9.0)
    evidence = rate.evidence(t)
    assert evidence is not None
    assert evidence.bpm == pytest.approx(60.0 / np.mean(intervals[-19:]), abs=2.0)


def test_what_is_too_broad_is_no_answer() -> None:
    sharp = Evidence(75.0, width=0.03, spread=0.02, uncovered=0.05, doubt=0.01, apart=0.0)
    broad = Evidence(75.0, width=0.4, spread=0.3, uncovered=0.8, doubt=0.4, apart=0.3)
    assert sharp.answer is not None
    assert sharp.answer[0] == 75.0
    assert broad.answer is None


@pytest.mark.parametrize("worse", ["width", "spread", "uncovered", "doubt", "apart"])
def test_each_reason_for_doubt_widens_the_error(worse: str) -> None:
    plain = {"width": 0.05, "spread": 0.03, "uncovered": 0.1, "doubt": 0.02, "apart": 0.01}
    usual, doubted = Evidence(75.0, **plain).answer, Evidence(75.0, **{**plain, worse: 2.0 * plain[worse]}).answer
    assert usual is not None
    assert doubted is not None
    assert doubted[1] > usual[1]


def test_artefacts_alone_tell_nothing() -> None:
    rate, now = follow([0.8] * 30, flag=BeatFlag.ARTEFACT)
    assert rate.evidence(now) is None


def test_a_spectrum_alone_makes_a_broad_belief_that_beats_sharpen() -> None:
    rate = HeartRate()
    strength = readonly(np.exp(-0.5 * (np.log(RATES / 90.0) / 0.05) ** 2))
    for t in range(1, 15):
        rate.hear(float(t), strength)
    alone = rate.evidence(14.0)
    assert alone is not None
    assert alone.bpm == pytest.approx(90.0, rel=0.06)
    t = 14.0
    for _ in range(10):
        t += 60.0 / 90.0
        rate.push(Beat(t, 60.0 / 90.0, BeatFlag.CLEAN), 5.0)
    sharper = rate.evidence(t)
    assert sharper is not None
    assert sharper.width < alone.width


@pytest.mark.parametrize("bpm", [60.0, 85.0, 150.0])
@pytest.mark.parametrize("rate", [25, 64, 250])
def test_the_spectrum_is_strongest_at_the_heart_rate(bpm: float, rate: int) -> None:
    times = np.arange(0.0, 12.0, 1.0 / rate)
    slope = np.diff(-light(times, heartbeats(12.0, bpm=bpm, depth=0.0)))
    period = Periodicity(rate)
    assert period.strength() is None
    for start in range(0, len(slope), rate // 2):
        period.push(slope[start : start + rate // 2])
    strength = period.strength()
    assert strength is not None
    assert strength.max() == 1.0
    assert RATES[int(np.argmax(strength))] == pytest.approx(bpm, rel=3.0 * STEP)


def test_one_jerk_does_not_drown_the_rhythm() -> None:
    slope = np.diff(-light(np.arange(0.0, 12.0, 0.04), heartbeats(12.0, bpm=85.0, depth=0.0)))
    slope[200] = 100.0 * np.abs(slope).max()
    period = Periodicity(25)
    for start in range(0, len(slope), 12):
        period.push(slope[start : start + 12])
    strength = period.strength()
    assert strength is not None
    assert RATES[int(np.argmax(strength))] == pytest.approx(85.0, rel=3.0 * STEP)


def test_where_nothing_moves_there_is_no_spectrum() -> None:
    period = Periodicity(25)
    for _ in range(20):
        period.push(np.zeros(12))
    assert period.strength() is None
