"""How long the parts of a programme take, and how fast it leads."""

from __future__ import annotations

import math

import pytest

from undertone.flow import Goal
from undertone.guidance import GOALS, End, Limits, Programme, planned


def programme(goal: Goal = Goal.CALM, minutes: float | None = None) -> Programme:
    return planned(GOALS[goal], minutes, Limits())


def test_there_is_a_row_for_every_goal_and_it_makes_sense() -> None:
    assert set(GOALS) == set(Goal)
    limits = Limits()
    for aim in GOALS.values():
        assert limits.arousal[0] <= aim.arousal <= limits.arousal[1]
        assert limits.valence[0] <= aim.valence <= limits.valence[1]
        assert limits.tempo_bpm[0] <= aim.tempo_limits_bpm[0] < aim.tempo_limits_bpm[1] <= limits.tempo_bpm[1]
        tempo = 72.0 * 2.0 ** (0.7 * aim.arousal)
        assert aim.tempo_limits_bpm[0] <= tempo <= aim.tempo_limits_bpm[1], "the goal's own arousal must be playable"
        assert aim.breath_per_min is None or 4.5 <= aim.breath_per_min <= 7.0


def test_tempo_ranges_are_the_promised_ones() -> None:
    ranges = {goal: aim.tempo_limits_bpm for goal, aim in GOALS.items()}
    assert ranges == {Goal.SLEEP: (40, 60), Goal.CALM: (54, 72), Goal.FOCUS: (60, 84), Goal.UPLIFT: (76, 112)}


@pytest.mark.parametrize(("goal", "minutes"), [(Goal.SLEEP, 45.0), (Goal.CALM, 20.0), (Goal.FOCUS, 30.0), (Goal.UPLIFT, 20.0)])
def test_without_minutes_a_goal_takes_its_usual_time_at_the_written_rates(goal: Goal, minutes: float) -> None:
    assert programme(goal).minutes == minutes
    assert programme(goal).pace == 1.0
    assert programme(goal).limits == Limits()


def test_sleep_fades_for_a_quarter_of_the_time_and_the_others_for_a_minute() -> None:
    assert [goal for goal, aim in GOALS.items() if aim.end is End.FADE] == [Goal.SLEEP]
    assert programme(Goal.SLEEP).fade == 45 * 60 / 4
    assert programme(Goal.FOCUS).fade == 60.0


def test_from_fifteen_minutes_on_the_written_limits_hold() -> None:
    assert programme(minutes=15.0).limits.lead_per_min == 0.1
    assert programme(minutes=14.9).limits.lead_per_min > 0.1


def test_learning_the_listeners_usual_is_not_hurried_but_takes_at_most_a_third_of_the_time() -> None:
    assert programme(minutes=12.0).settle[1] == 90.0
    assert programme(minutes=3.0).settle[1] == pytest.approx(63.0)


def test_two_minutes_are_twenty_minutes_played_ten_times_faster() -> None:
    short = programme(minutes=2.0)
    assert (short.pace, short.settle, short.meet) == (10.0, (3.0, 42.0), (12.0, 24.0))
    assert short.limits.lead_per_min == pytest.approx(1.0)


def test_no_fade_is_quicker_than_the_level_may_move_unless_that_took_most_of_the_time() -> None:
    assert programme(minutes=2.0).fade == pytest.approx(36.0 / 1.5)
    assert programme(minutes=0.5).fade == pytest.approx(10.0)


def test_however_short_nothing_is_hurried_more_than_twenty_times() -> None:
    assert programme(minutes=0.01).pace == 20.0


def test_it_leads_as_slowly_as_the_time_left_allows() -> None:
    calm = programme()
    assert calm.rate(1.1, 300.0) * 60.0 == pytest.approx(0.1)
    assert calm.rate(0.01, 300.0) * 60.0 == pytest.approx(0.05)
    assert calm.rate(0.8, 240.0) * 60.0 == pytest.approx(0.8 / (15.0 * 0.75))
    assert calm.rate(0.8, 1e9) * 60.0 == pytest.approx(0.1)
    assert programme(Goal.SLEEP).rate(0.8, 210.0) * 60.0 == pytest.approx(0.8 / 30.25)


@pytest.mark.parametrize("minutes", [0.0, -1.0, 1440.1, math.nan, math.inf])
def test_impossible_minutes_are_refused(minutes: float) -> None:
    with pytest.raises(ValueError, match="more than 0 and at most 1440 minutes"):
        programme(minutes=minutes)
