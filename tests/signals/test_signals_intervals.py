"""Which intervals are believed, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Beat, BeatFlag
from undertone.signals.intervals import Intervals
from undertone.signals.variability import Variability

STEADY = [0.8 + 0.03 * np.sin(i) for i in range(40)]


def flags(intervals: list[float | None], *, wait: bool = True) -> list[BeatFlag]:
    judge = Intervals()
    judged = [flag for interval in intervals for flag in judge.push(interval, wait=wait)]
    return judged + list(judge.flush())


def marked(intervals: list[float | None], flag: BeatFlag) -> list[int]:
    return [index for index, found in enumerate(flags(intervals)) if found is flag]


def bad(intervals: list[float | None]) -> list[int]:
    return marked(intervals, BeatFlag.ARTEFACT)


def early(intervals: list[float | None]) -> list[int]:
    return marked(intervals, BeatFlag.ECTOPIC)


def test_the_first_two_are_not_believed_and_then_all() -> None:
    assert bad(list(STEADY)) == [0, 1]


def test_a_missed_beat_is_marked_alone() -> None:
    assert bad([*STEADY, 1.6, *STEADY]) == [0, 1, 40]


def test_a_false_beat_marks_both_halves() -> None:
    assert bad([*STEADY, 0.35, 0.45, *STEADY]) == [0, 1, 40, 41]


def test_an_early_beat_and_the_one_that_ends_its_pause_are_ectopic() -> None:
    intervals = [*STEADY, 0.55, 1.05, *STEADY]
    assert early(intervals) == [40, 41]
    assert bad(intervals) == [0, 1]


def test_an_early_beat_without_a_pause_is_ectopic_alone() -> None:
    assert early([*STEADY, 0.5, 0.8, *STEADY]) == [40]


def test_every_second_beat_early_is_ectopic_throughout() -> None:
    intervals = [*STEADY, *([0.5, 1.1] * 8), *STEADY]
    assert early(intervals) == list(range(40, 56))
    assert bad(intervals) == [0, 1]


def test_an_early_beat_after_which_one_was_missed_does_not_make_that_ectopic() -> None:
    assert bad([*STEADY, 0.5, 1.8, *STEADY]) == [0, 1, 40, 41]


def test_of_two_short_ones_only_the_last_can_be_an_early_beat() -> None:
    intervals = [*STEADY, 0.5, 0.55, 1.0, *STEADY]
    assert early(intervals) == [41, 42]
    assert bad(intervals) == [0, 1, 40]


def test_a_beat_placed_late_is_no_early_one_after_it() -> None:
    intervals = [*STEADY, 1.1, 0.5, *STEADY]
    assert bad(intervals) == [0, 1, 40, 41]
    assert not early(intervals)


def test_only_a_short_interval_waits_and_only_for_the_next() -> None:
    judge = Intervals()
    for interval in STEADY:
        assert len(judge.push(interval)) == 1
    assert judge.push(0.55) == ()
    assert judge.push(1.05) == (BeatFlag.ECTOPIC, BeatFlag.ECTOPIC)
    assert judge.push(1.6) == (BeatFlag.ARTEFACT,)
    assert judge.push(0.8) == (BeatFlag.CLEAN,)
    assert judge.push(0.55) == ()
    assert judge.flush() == (BeatFlag.ARTEFACT,)
    assert judge.flush() == ()


def test_a_gap_after_a_short_interval_leaves_it_an_artefact() -> None:
    assert flags([*STEADY, 0.55, None])[-2:] == [BeatFlag.ARTEFACT, BeatFlag.FIRST]


def test_who_cannot_wait_calls_an_early_beat_an_artefact() -> None:
    judge = Intervals()
    found = [flag for interval in [*STEADY, 0.55, 1.05] for flag in judge.push(interval, wait=False)]
    assert found[-2:] == [BeatFlag.ARTEFACT, BeatFlag.ARTEFACT]


@given(seed=st.integers(0, 10_000), share=st.floats(0.5, 0.7), planted=st.sampled_from(["early", "missed", "extra"]))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_was_planted_in_a_breathing_heart_is_found_and_named(seed: int, share: float, planted: str) -> None:
    draw = np.random.default_rng(seed)
    steps = np.arange(60)
    usual = 0.8 + 0.04 * np.sin(steps * draw.uniform(0.8, 1.6)) + draw.normal(0.0, 0.012, 60)
    intervals = usual.tolist()
    if planted == "early":
        intervals[30:32] = [share * usual[30], usual[31] + (1.0 - share) * usual[30]]
    elif planted == "missed":
        intervals[30:32] = [usual[30] + usual[31]]
    else:
        intervals[30:31] = [share * usual[30], (1.0 - share) * usual[30]]
    found = flags(intervals)
    wanted = BeatFlag.ECTOPIC if planted == "early" else BeatFlag.ARTEFACT
    count = 1 if planted == "missed" else 2
    assert found[30 : 30 + count] == [wanted] * count
    assert set(found[2:30] + found[30 + count :]) == {BeatFlag.CLEAN}


@given(st.lists(st.one_of(st.none(), st.floats(0.05, 4.0)), max_size=60))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_every_beat_is_judged_once_and_in_order_whatever_comes(intervals: list[float | None]) -> None:
    judge, waiting = Intervals(), 0
    for interval in intervals:
        waiting += 1 - len(judge.push(interval))
        assert 0 <= waiting <= 1
    assert len(judge.flush()) == waiting
    found = flags(intervals)
    assert len(found) == len(intervals)
    for interval, flag in zip(intervals, found, strict=True):
        assert (interval is None) == (flag is BeatFlag.FIRST)


def test_two_missed_beats_in_a_row_do_not_vouch_for_each_other() -> None:
    assert bad([*STEADY, 1.6, 1.6, *STEADY]) == [0, 1, 40, 41]


def test_deep_breathing_is_no_artefact() -> None:
    t, intervals = 0.0, []
    for _ in range(80):
        intervals.append(0.85 * (1.0 + 0.16 * np.sin(2.0 * np.pi * t / 9.0)))
        t += intervals[-1]
    assert bad(list(intervals)) == [0, 1]


def test_back_from_a_short_one_to_the_usual_is_no_artefact() -> None:
    assert bad([*STEADY, 0.69, 0.88, *STEADY]) == [0, 1]


def test_a_slide_to_another_rate_is_no_artefact() -> None:
    assert bad([*STEADY, *(0.8 * 0.96**n for n in range(12))]) == [0, 1]


def test_a_new_rate_is_believed_after_five_that_agree() -> None:
    assert bad([*STEADY, *[0.45] * 10]) == [0, 1, 40, 41, 42, 43]


def test_artefacts_that_do_not_agree_are_no_new_rate() -> None:
    wild: list[float | None] = [1.5, 1.15, 2.0, 1.3, 1.8, 1.2, 1.6]
    assert bad([*STEADY, *wild]) == [0, 1, *range(40, 47)]


def test_a_gap_is_neither() -> None:
    assert flags([None, 0.8])[0] is BeatFlag.FIRST


@pytest.mark.parametrize("impossible", [0.1, 3.0])
def test_what_no_heart_does_is_an_artefact(impossible: float) -> None:
    assert bad([impossible] * 9) == list(range(9))


def followed(intervals: list[float | None]) -> tuple[Variability, float]:
    variability, t = Variability(), 0.0
    for interval, flag in zip(intervals, flags(intervals), strict=True):
        t += 0.8 if interval is None else interval
        variability.push(Beat(t, interval, flag))
    return variability, t


def test_rmssd_is_of_successive_differences() -> None:
    variability, now = followed([0.8 + 0.02 * (i % 2) for i in range(60)])
    assert variability.rmssd_ms(now) == pytest.approx(20.0)


def test_no_difference_reaches_across_an_artefact_or_a_gap() -> None:
    steady: list[float | None] = [0.8] * 30
    variability, now = followed([*steady, 1.65, *[0.84] * 25, None, *[0.88] * 30])
    assert variability.rmssd_ms(now) == pytest.approx(0.0, abs=1e-9)


def test_too_little_is_none_and_old_is_forgotten() -> None:
    variability, now = followed([None, *[0.8] * 6])
    assert variability.rmssd_ms(now) is None
    variability, now = followed([None, *[0.8] * 60])
    assert variability.rmssd_ms(now + 55.0) is None
