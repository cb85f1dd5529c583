"""The swell starts at three quarters of the listener's own breathing and is led slowly."""

from __future__ import annotations

import pytest

from undertone.guidance import Limits
from undertone.guidance.breath import Breath


def breathed(
    breath: Breath, seconds: range, own: float | None, *, slowest: float | None = 6.0, leading: bool
) -> list[float | None]:
    return [breath.advance(float(t), own, slowest, leading=leading) for t in seconds]


def test_it_starts_at_three_quarters_of_the_listeners_own_rate() -> None:
    breath = Breath(Limits())
    assert breath.advance(0.0, 16.0, 6.0, leading=False) == 12.0
    assert breath.follows


def test_while_meeting_it_goes_along_with_the_listener() -> None:
    breath = Breath(Limits())
    breathed(breath, range(60), 16.0, leading=False)
    rates = breathed(breath, range(60, 360), 12.0, leading=False)
    assert rates[-1] == pytest.approx(9.5, abs=0.02)
    assert breath.follows


def test_while_leading_it_slows_by_half_a_breath_a_minute_and_ends_at_the_goals_rate() -> None:
    breath = Breath(Limits())
    rates = breathed(breath, range(1200), 12.0, leading=True)
    assert rates[0] == 9.0
    assert rates[60] == pytest.approx(8.5)
    assert rates[360] == pytest.approx(6.0)
    assert rates[-1] == 6.0
    assert not breath.follows


def test_it_never_hurries_a_listener_who_breathes_more_slowly_than_the_goal() -> None:
    assert breathed(Breath(Limits()), range(600), 7.0, leading=True)[-1] == 5.25


def test_it_stays_within_its_limits_for_very_fast_and_very_slow_breathing() -> None:
    assert Breath(Limits()).advance(0.0, 30.0, 6.0, leading=False) == 15.0
    assert Breath(Limits()).advance(0.0, 4.0, 6.0, leading=False) == 4.5


def test_there_is_no_swell_before_breathing_has_been_felt() -> None:
    assert breathed(Breath(Limits()), range(10), None, leading=True) == [None] * 10


def test_a_goal_that_leaves_the_breath_alone_has_no_swell() -> None:
    assert Breath(Limits()).advance(0.0, 16.0, None, leading=False) is None


def test_the_plan_goes_on_for_two_minutes_without_breathing_and_then_the_swell_ends() -> None:
    breath = Breath(Limits())
    breathed(breath, range(10), 12.0, leading=False)
    rates = breathed(breath, range(10, 140), None, leading=True)
    assert rates[-11] == pytest.approx(8.0, abs=0.02)
    assert rates[-1] is None
    assert breath.advance(140.0, 20.0, 6.0, leading=True) == 15.0
    assert breath.follows


def test_a_jump_of_the_clock_is_no_jump_of_the_swell() -> None:
    breath = Breath(Limits())
    breath.advance(0.0, 16.0, 6.0, leading=True)
    assert breath.advance(100.0, 16.0, 6.0, leading=True) == pytest.approx(12.0 - 0.5 * 5.0 / 60.0)
