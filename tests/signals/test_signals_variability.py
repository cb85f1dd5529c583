"""Variability of the heart: known answers, and None where too little is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals_synthetic import heartbeats

from undertone.flow import Beat, BeatFlag
from undertone.signals.variability import Variability

HERE = settings(deadline=None, max_examples=25, derandomize=True)


def beats_of(times: np.ndarray, *, artefacts: frozenset[int] = frozenset()) -> list[Beat]:
    """Beats at these times; those whose number is among the artefacts are marked."""
    beats = [Beat(float(times[0]), None, BeatFlag.FIRST)]
    for i, (before, t) in enumerate(pairwise(times.tolist()), start=1):
        beats.append(Beat(t, t - before, BeatFlag.ARTEFACT if i in artefacts else BeatFlag.CLEAN))
    return beats


def known(variability: Variability, now: float) -> tuple[float | None, ...]:
    return (
        variability.rmssd_ms(now),
        variability.sdnn_ms(now),
        variability.lf_hf(now),
        variability.coherence(now),
    )


def told(beats: list[Beat]) -> Variability:
    variability = Variability()
    for beat in beats:
        variability.push(beat)
    return variability


def test_sdnn_and_rmssd_of_a_known_series() -> None:
    times = 5.0 + np.cumsum(np.resize([0.8, 0.86, 0.83, 0.91], 420))
    rmssd, sdnn, _, _ = known(told(beats_of(times)), float(times[-1]))
    assert sdnn == pytest.approx(1000.0 * np.std([0.8, 0.86, 0.83, 0.91]), rel=0.01)
    assert rmssd == pytest.approx(1000.0 * np.sqrt(np.mean(np.square([0.06, -0.03, 0.08, -0.11]))), rel=0.03)


def test_no_difference_reaches_across_what_is_left_out() -> None:
    times = np.concatenate((np.arange(0.0, 30.0, 0.8), np.arange(30.4, 60.0, 1.0)))
    plain = beats_of(times)
    turn = next(i for i, beat in enumerate(plain) if beat.t > 29.9)
    assert told(plain).rmssd_ms(60.0) != pytest.approx(0.0, abs=1.0)
    for flag in (BeatFlag.ARTEFACT, BeatFlag.FIRST, BeatFlag.ECTOPIC):
        marked = [Beat(b.t, b.interval, flag) if i in (turn, turn + 1) else b for i, b in enumerate(plain)]
        assert told(marked).rmssd_ms(60.0) == pytest.approx(0.0, abs=1e-6)


def test_each_begins_when_enough_is_known() -> None:
    variability, begun = Variability(), [0.0] * 4
    for beat in beats_of(heartbeats(330.0)):
        variability.push(beat)
        for i, value in enumerate(known(variability, beat.t)):
            begun[i] = begun[i] or (beat.t if value is not None else 0.0)
    rmssd, sdnn, ratio, share = begun
    assert 17.0 < rmssd < 22.0
    assert 240.0 <= sdnn < 247.0
    assert 225.0 <= ratio < 240.0
    assert 57.0 < share < 65.0


def test_a_fast_rhythm_is_hf_and_a_slow_one_lf() -> None:
    quick = told(beats_of(heartbeats(300.0, breath_per_min=15.0))).lf_hf(300.0)
    slow = told(beats_of(heartbeats(300.0, breath_per_min=6.0))).lf_hf(300.0)
    assert quick is not None
    assert slow is not None
    assert quick < 0.05
    assert slow > 20.0


def test_paced_breathing_is_coherent_and_irregular_breathing_is_not() -> None:
    draw, t, phase, times = np.random.default_rng(3), 0.3, 0.0, []
    while t < 120.0:
        times.append(t)
        interval = 0.85 * (1.0 + 0.04 * np.sin(phase)) + draw.normal(0.0, 0.01)
        phase += 2.0 * np.pi * interval * float(draw.uniform(0.05, 0.45))
        t += interval
    paced = told(beats_of(heartbeats(120.0, breath_per_min=6.0, depth=0.06))).coherence(120.0)
    irregular = told(beats_of(np.array(times))).coherence(120.0)
    assert paced is not None
    assert irregular is not None
    assert paced > 0.85
    assert irregular < 0.6


@HERE
@given(first=st.integers(60, 75), share=st.floats(0.12, 0.5), seed=st.integers(0, 99))
def test_too_many_artefacts_are_no_answer(first: int, share: float, seed: int) -> None:
    times = heartbeats(300.0, bpm=float(first))
    draw = np.random.default_rng(seed)
    marked = frozenset(np.flatnonzero(draw.random(len(times)) < share + 0.08).tolist())
    variability = told(beats_of(times, artefacts=marked))
    assert variability.lf_hf(300.0) is None
    clean = sum(b.interval for b in beats_of(times, artefacts=marked) if b.flag is BeatFlag.CLEAN and b.interval is not None)
    if abs(clean - 240.0) > 5.0:
        assert (variability.sdnn_ms(300.0) is None) == (clean < 240.0)


@HERE
@given(marked=st.frozensets(st.integers(1, 340), max_size=12))
def test_artefacts_are_not_in_any_of_them(marked: frozenset[int]) -> None:
    times = heartbeats(300.0)
    right, wrong = beats_of(times, artefacts=marked), []
    for beat in right:
        odd = beat.flag is BeatFlag.ARTEFACT
        wrong.append(Beat(beat.t, 1.9, beat.flag) if odd else beat)
    assert known(told(right), 300.0) == known(told(wrong), 300.0)


@HERE
@given(asked=st.lists(st.floats(0.0, 300.0), max_size=40))
def test_when_it_is_asked_changes_nothing(asked: list[float]) -> None:
    beats, questions = beats_of(heartbeats(300.0)), sorted(asked)
    plain, curious = told(beats), Variability()
    for beat in beats:
        while questions and questions[0] < beat.t:
            known(curious, questions.pop(0))
        curious.push(beat)
    assert known(curious, 300.0) == known(plain, 300.0)


@HERE
@given(later=st.sampled_from([64.0, 4096.0, 65536.0]), scale=st.sampled_from([0.75, 1.25]))
def test_clock_and_size_of_the_swing(later: float, scale: float) -> None:
    times = heartbeats(300.0, depth=0.03)
    plain, shifted = known(told(beats_of(times)), 300.0), known(told(beats_of(times + later)), 300.0 + later)
    assert shifted == pytest.approx(plain, rel=1e-4)
    larger = known(told(beats_of(np.concatenate(([0.3], 0.3 + np.cumsum(0.86 + scale * (np.diff(times) - 0.86)))))), 300.0)
    for index in (0, 1):
        assert larger[index] == pytest.approx(scale * plain[index], rel=0.05)  # type: ignore[operator]


def test_a_gap_makes_no_difference_across_it() -> None:
    times = np.concatenate((np.arange(0.0, 100.0, 0.8), np.arange(110.0, 160.0, 0.8)))
    beats = beats_of(times)
    whole = [beat if beat.interval is None or beat.interval < 2.0 else Beat(beat.t, None, BeatFlag.FIRST) for beat in beats]
    variability = told(whole)
    assert variability.rmssd_ms(160.0) == pytest.approx(0.0, abs=1e-6)
    assert variability.coherence(160.0) is None


def test_nothing_is_known_after_silence() -> None:
    variability = told(beats_of(heartbeats(300.0)))
    assert None not in known(variability, 305.0)
    assert known(variability, 311.0)[1:] == (None, None, None)
    assert known(variability, 361.0)[0] is None
