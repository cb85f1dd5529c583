"""Which rises are beats: in noise, with strong second waves, in slow, fast and irregular hearts; and what is never done."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals_synthetic import UPSTROKE, cut, f1, heartbeats, light

from undertone.flow import Beat, BeatFlag, Block, Channel, readonly
from undertone.signals import Signals
from undertone.signals.beats import HELD, Beats
from undertone.signals.intervals import LONGEST
from undertone.signals.pulse import LATENCY, Break, Found, Pulse, Spectrum, Upstroke
from undertone.signals.rhythm import Rhythm
from undertone.signals.upstrokes import Rise, Rises
from undertone.sim.pulse_wave import blood_volume

RATE = 50
SECONDS = 40.0
TIMES = np.arange(0.0, SECONDS, 1.0 / RATE)


def events(values: np.ndarray, sizes: tuple[int, ...] = (25,), rate: float = RATE) -> list[Found]:
    pulse = Pulse()
    return [found for block in cut(Channel.INFRARED, values, rate, sizes) for found in pulse.push(block)]


def times(values: np.ndarray, rate: float = RATE) -> np.ndarray:
    return np.array([found.t for found in events(values, rate=rate) if isinstance(found, Upstroke)])


def second_waves(beats: np.ndarray, share: float) -> np.ndarray:
    """Light of a slow heart whose second wave is this share of the first."""
    wave = np.zeros(len(TIMES))
    for beat in beats:
        since = TIMES - beat
        wave += np.exp(-(((since - 0.15) / 0.1) ** 2)) + share * np.exp(-(((since - 0.45) / 0.15) ** 2))
    return 130_000.0 * (1.0 - 0.01 * wave)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_second_waves_of_a_slow_heart_are_no_beats(share: float) -> None:
    beats = heartbeats(SECONDS, bpm=45.0)
    assert f1(beats + UPSTROKE, times(second_waves(beats, share)), 0.1, span=(1.0, SECONDS - 2.5)) == 1.0


@pytest.mark.parametrize("bpm", [40.0, 110.0, 160.0, 185.0])
def test_slow_and_fast_hearts_are_followed_from_the_start(bpm: float) -> None:
    beats = heartbeats(SECONDS, bpm=bpm, depth=0.02)
    assert f1(beats + UPSTROKE, times(light(TIMES, beats)), 0.06, span=(1.0, SECONDS - 2.5)) > 0.98


def test_early_beats_with_small_waves_are_found() -> None:
    intervals = np.array([0.8, 0.8, 0.8, 0.8, 0.5, 1.1] * 8)
    beats = 0.3 + np.concatenate(([0.0], np.cumsum(intervals)))
    sizes = np.concatenate(([1.0], np.where(intervals < 0.6, 0.55, 1.0)))
    assert f1(beats + UPSTROKE, times(light(TIMES, beats, sizes=sizes)), 0.1, span=(5.0, SECONDS - 2.5)) > 0.97


@pytest.mark.parametrize("bpm", [50.0, 75.0])
def test_a_heart_that_starts_to_race_is_not_heard_at_half_its_rate_for_long(bpm: float) -> None:
    slow = heartbeats(20.0, bpm=bpm)
    fast = slow[-1] + heartbeats(20.0, bpm=150.0)
    beats = np.concatenate((slow, fast[fast < SECONDS]))
    assert f1(beats + UPSTROKE, times(light(TIMES, beats)), 0.08, span=(30.0, SECONDS - 2.5)) > 0.9


def test_a_wandering_base_line_hides_no_beats() -> None:
    beats = heartbeats(SECONDS)
    wander = 3000.0 * np.sin(2.0 * np.pi * 0.25 * TIMES) + 2000.0 * np.sin(2.0 * np.pi * 0.4 * TIMES)
    assert f1(beats + UPSTROKE, times(light(TIMES, beats) + wander), 0.06, span=(4.0, SECONDS - 2.5)) > 0.97


def test_light_that_stood_still_at_first_is_heard_afterwards() -> None:
    beats = heartbeats(SECONDS)
    values = light(TIMES, beats)
    values[TIMES < 6.0] = values[0]
    assert f1(beats + UPSTROKE, times(values), 0.06, span=(20.0, SECONDS - 2.5)) > 0.97


@pytest.mark.parametrize("rate_hz", [0.8, 1.2, 1.7])
@pytest.mark.parametrize("rate", [25.0, 100.0, 250.0])
def test_beats_come_at_the_steepest_rise_of_the_simulated_pulse(rate_hz: float, rate: float) -> None:
    clock = np.arange(0.0, 30.0, 1.0 / rate)
    values = 130_000.0 - 1000.0 * blood_volume(clock * rate_hz, np.full(len(clock), rate_hz))
    found = times(values, rate)
    away = found * rate_hz - np.round(found * rate_hz)
    assert abs(np.median(away[5:])) / rate_hz < 0.008


@given(st.lists(st.integers(1, 300), min_size=1, max_size=10), st.integers(0, 1000))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_upstrokes_and_spectra_do_not_depend_on_the_cut(sizes: list[int], seed: int) -> None:
    values = light(TIMES, heartbeats(SECONDS)) + np.random.default_rng(seed).normal(0.0, 250.0, len(TIMES))
    values[900:930] = 500.0
    whole, parts = events(values, (len(values),)), events(values, tuple(sizes))
    assert [type(found) for found in whole] == [type(found) for found in parts]
    for one, other in zip(whole, parts, strict=True):
        if isinstance(one, Upstroke) and isinstance(other, Upstroke):
            assert (one.t, one.height, one.level, one.odds) == (other.t, other.height, other.level, other.odds)
        if isinstance(one, Spectrum) and isinstance(other, Spectrum):
            assert one.t == other.t
            assert (one.strength is None) == (other.strength is None)
            assert one.strength is None or np.array_equal(one.strength, other.strength)


@given(st.floats(0.2, 1.8), st.integers(0, 100))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_odds_do_not_depend_on_the_size_of_the_pulse(scale: float, seed: int) -> None:
    values = light(TIMES, heartbeats(SECONDS)) + np.random.default_rng(seed).normal(0.0, 100.0, len(TIMES))
    plain = [found for found in events(values) if isinstance(found, Upstroke)]
    scaled = [found for found in events(scale * values) if isinstance(found, Upstroke)]
    assert [found.odds for found in scaled] == pytest.approx([found.odds for found in plain], abs=1e-6)
    assert [found.height for found in scaled] == pytest.approx([scale * found.height for found in plain], rel=1e-6)


def test_odds_tell_a_clear_beat_from_a_doubtful_one() -> None:
    clean = light(TIMES, heartbeats(SECONDS))
    noisy = clean + np.random.default_rng(0).normal(0.0, 900.0, len(TIMES))
    clear, doubtful = (
        np.median([found.odds for found in events(values) if isinstance(found, Upstroke)]) for values in (clean, noisy)
    )
    assert clear > 4.0 > doubtful + 1.0


def rise(t: float, *, steepness: float = 2.0, rivals: float = 0.2) -> Rise:
    wave = np.sin(np.linspace(-2.0, 2.0, 27))
    return Rise(t * RATE, 1.0, 0.0, readonly(wave / np.linalg.norm(wave)), steepness, rivals)


def chosen(rises: list[Rise]) -> list[float]:
    rhythm, beats = Rhythm(RATE), []
    for each in rises:
        beats += rhythm.push([each], each.position)
    return [beat.position / RATE for beat, _ in beats + rhythm.flush()]


def test_between_two_equal_rises_the_rhythm_decides() -> None:
    steady = [rise(t) for t in np.arange(0.0, 12.0, 0.8)]
    doubt = [rise(t, steepness=1.2, rivals=0.9) for t in (11.78, 12.0, 12.24)]
    beats = chosen([*steady, *doubt, *(rise(t) for t in np.arange(12.8, 16.0, 0.8))])
    assert np.round(beats, 2).tolist() == pytest.approx(np.arange(0.0, 16.0, 0.8).tolist())


def test_nothing_is_chosen_where_there_is_no_rise() -> None:
    steady = np.arange(0.0, 16.0, 0.8)
    kept = steady[np.arange(len(steady)) != 10]
    assert chosen([rise(t) for t in kept]) == pytest.approx(kept)


def test_no_two_beats_are_closer_than_a_heart_can_beat() -> None:
    beats = chosen([rise(t, steepness=3.0, rivals=0.0) for t in np.arange(0.0, 10.0, 0.1)])
    assert np.diff(beats).min() >= 0.27


def test_a_beat_is_certain_after_a_second() -> None:
    rhythm = Rhythm(RATE)
    assert not rhythm.push([rise(1.0)], 1.9 * RATE)
    assert [beat.position for beat, _ in rhythm.push([], 2.1 * RATE)] == [1.0 * RATE]


def test_losing_contact_ends_a_run_and_says_so_once() -> None:
    values = light(TIMES, heartbeats(SECONDS))
    values[1000:1300] = 100.0
    kinds = [type(found) for found in events(values)]
    assert kinds.count(Break) == 1
    after = events(values)[kinds.index(Break) + 1 :]
    assert next(found for found in after if isinstance(found, Upstroke)).first


def test_rises_know_up_to_where_they_looked() -> None:
    rises = Rises(100, RATE)
    for _ in range(8):
        rises.push(readonly(np.sin(np.arange(25) * 0.1)))
    assert rises.known == pytest.approx(100 + 200 - 0.4 * RATE - 5, abs=1.0)


def stroke(t: float, *, first: bool = False) -> Upstroke:
    return Upstroke(t, 1.0, 1.0, readonly(np.zeros(27)), first)


def test_an_early_beat_waits_for_the_next_and_keeps_its_place() -> None:
    beats, t = Beats(3), 0.0
    for _ in range(20):
        assert len(beats.push(stroke(t))) == 1
        t += 0.8
    assert beats.push(stroke(t - 0.25)) == []
    judged = [beat for beat, _ in beats.push(stroke(t + 0.8))]
    assert [beat.flag for beat in judged] == [BeatFlag.ECTOPIC, BeatFlag.ECTOPIC]
    assert [beat.t for beat in judged] == [t - 0.25, t + 0.8]
    assert {beat.pod for beat in judged} == {3}


def test_an_early_beat_after_which_nothing_comes_is_told_in_time_as_an_artefact() -> None:
    beats, t = Beats(0), 0.0
    for _ in range(20):
        beats.push(stroke(t))
        t += 0.8
    last = t - 0.25
    assert beats.push(stroke(last)) == []
    assert beats.pass_time(last + LATENCY + LONGEST) == []
    ((beat, _),) = beats.pass_time(last + HELD - 0.9)
    assert beat == Beat(last, pytest.approx(0.55), BeatFlag.ARTEFACT)
    assert beats.pass_time(last + 100.0) == []


def test_no_beat_comes_later_than_promised_when_hearts_are_irregular() -> None:
    intervals = np.random.default_rng(3).choice([0.8, 0.82, 0.78, 0.48], 60, p=[0.4, 0.2, 0.2, 0.2])
    values = light(TIMES, 0.3 + np.cumsum(intervals))
    signals, latest = Signals(), 0.0
    for start in range(len(values)):
        block = Block(Channel.INFRARED, start / RATE, RATE, readonly(values[start : start + 1]))
        latest = max([latest, *(block.end - beat.t for beat in signals.push(block))])
    assert 2.0 < latest <= HELD + 2.0 / RATE
