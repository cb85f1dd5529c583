"""Which intervals are believed, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from undertone.flow import Beat, BeatFlag
from undertone.signals.intervals import Intervals
from undertone.signals.variability import Variability

STEADY = [0.8 + 0.03 * np.sin(i) for i in range(40)]


def flags(intervals: list[float | None]) -> list[BeatFlag]:
    judge = Intervals()
    return [judge.push(interval) for interval in intervals]


def bad(intervals: list[float | None]) -> list[int]:
    return [index for index, flag in enumerate(flags(intervals)) if flag is BeatFlag.ARTEFACT]


def test_the_first_two_are_not_believed_and_then_all() -> None:
    assert bad(list(STEADY)) == [0, 1]


def test_a_missed_beat_is_marked_alone() -> None:
    assert bad([*STEADY, 1.6, *STEADY]) == [0, 1, 40]


def test_a_false_beat_marks_both_halves() -> None:
    assert bad([*STEADY, 0.35, 0.45, *STEADY]) == [0, 1, 40, 41]


def test_an_early_beat_and_its_pause_are_marked() -> None:
    assert bad([*STEADY, 0.55, 1.05, *STEADY]) == [0, 1, 40, 41]


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
    judge, variability, t = Intervals(), Variability(), 0.0
    for interval in intervals:
        t += 0.8 if interval is None else interval
        variability.push(Beat(t, interval, judge.push(interval)))
    return variability, t


def test_rmssd_is_of_successive_differences() -> None:
    variability, now = followed([0.8 + 0.02 * (i % 2) for i in range(60)])
    assert variability.rmssd_ms(now) == pytest.approx(20.0)
    assert variability.heart_bpm(now) == pytest.approx(60.0 / 0.81, rel=0.005)


def test_no_difference_reaches_across_an_artefact_or_a_gap() -> None:
    steady: list[float | None] = [0.8] * 30
    variability, now = followed([*steady, 1.65, *[0.84] * 25, None, *[0.88] * 30])
    assert variability.rmssd_ms(now) == pytest.approx(0.0, abs=1e-9)


def test_too_little_is_none_and_old_is_forgotten() -> None:
    variability, now = followed([None, *[0.8] * 6])
    assert variability.heart_bpm(now) is None
    assert variability.rmssd_ms(now) is None
    variability, now = followed([None, *[0.8] * 60])
    assert variability.heart_bpm(now) == pytest.approx(75.0)
    assert variability.heart_bpm(now + 14.0) is None
    assert variability.rmssd_ms(now + 55.0) is None
