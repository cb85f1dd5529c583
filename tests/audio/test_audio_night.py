"""When it is night, and how loud the programme should be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.audio.night import Hours, glided, night_holds, target_lufs
from undertone.flow import Goal

NIGHT = Hours.parse("22:00-07:00")


@pytest.mark.parametrize(
    ("minute", "goal", "night"),
    [
        (21 * 60 + 59, Goal.CALM, False), (22 * 60, Goal.CALM, True), (0, None, True), (6 * 60 + 59, Goal.FOCUS, True),
        (7 * 60, Goal.UPLIFT, False), (12 * 60, Goal.SLEEP, True), (12 * 60, None, False), (None, Goal.UPLIFT, True),
    ],
)  # fmt: skip
def test_it_is_night_by_the_hour_by_the_goal_and_where_nobody_knows(minute: int | None, goal: Goal | None, night: bool) -> None:
    assert night_holds(NIGHT, minute, goal) is night


@settings(deadline=None, max_examples=40, derandomize=True)
@given(start=st.integers(0, 1439), end=st.integers(0, 1439), minute=st.integers(0, 1439))
def test_hours_hold_from_the_first_minute_to_before_the_last(start: int, end: int, minute: int) -> None:
    hours = Hours.parse(f"{start // 60}:{start % 60:02}-{end // 60:02}:{end % 60:02}")
    length = (end - start) % 1440 or 1440
    assert hours.holds(minute) is ((minute - start) % 1440 < length)


@pytest.mark.parametrize("text", ["", "night", "22-7", "22:60-07:00", "25:00-07:00", "22:00", "-1:00-07:00", "22:00-07:00-9"])
def test_what_are_no_hours_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="like 22:00-07:00"):
        Hours.parse(text)


def test_midnight_may_be_written_as_24() -> None:
    assert Hours.parse(" 20:00 – 24:00 ").holds(23 * 60 + 59) and not Hours.parse("20:00-24:00").holds(0)


def test_the_target_glides_by_a_decibel_a_minute() -> None:
    assert glided(None, -27.0, 1.0) == -27.0, "it begins where it should be"
    level, seconds = -23.0, 0
    while level != -27.0:
        before, level = level, glided(level, -27.0, 1.0)
        assert before - level <= 1.0 / 60.0 + 1e-9
        seconds += 1
    assert seconds == pytest.approx(240, abs=2)
    assert glided(-27.0, -23.0, 60.0) == pytest.approx(-26.0)


def test_the_programme_is_softer_by_night_and_softest_at_the_end_of_sleep() -> None:
    def target(goal: Goal | None, night: bool, progress: float) -> float:
        return target_lufs(-23.0, goal=goal, night=night, progress=progress)

    assert target(Goal.CALM, False, 0.5) == -23.0 and target(Goal.CALM, True, 0.5) == -27.0
    assert target(Goal.SLEEP, False, 0.0) == -27.0 and target(Goal.SLEEP, True, 1.0) == -32.0
    way = [target(Goal.SLEEP, True, step / 100.0) for step in range(-10, 120)]
    assert way == sorted(way, reverse=True)
    assert max(before - after for before, after in itertools.pairwise(way)) <= 0.101, "a decibel in a tenth of the way"
    assert target_lufs(-30.0, goal=Goal.SLEEP, night=True, progress=1.0) == -39.0
