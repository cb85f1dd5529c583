"""Does the listener come along? Checked every minute, with patience; a minute's rise is noticed at once."""

from __future__ import annotations

import math

import pytest

from undertone.guidance.following import Following, Rising, Verdict


def verdicts(
    arousal: float | None, *, seconds: int, music: float = -0.2, goal: float = -0.5, following: Following | None = None
) -> list[Verdict]:
    following = following or Following()
    return [following.push(float(t), arousal, music=music, goal=goal) for t in range(seconds)]


def test_no_progress_waits_after_three_minutes_and_is_lost_after_six() -> None:
    seen = verdicts(0.4, seconds=400)
    assert [seen.index(verdict) for verdict in Verdict] == [0, 180, 360]


def test_a_listener_who_is_with_the_music_follows() -> None:
    assert set(verdicts(-0.06, seconds=700)) == {Verdict.FOLLOWS}


def test_a_listener_who_is_ahead_of_the_music_follows() -> None:
    assert set(verdicts(-0.5, seconds=700)) == {Verdict.FOLLOWS}


@pytest.mark.parametrize(("arousal", "goal"), [(-0.1, -0.8), (0.1, 0.8), (0.2, 0.1)])
def test_a_body_need_not_go_as_far_as_the_music(arousal: float, goal: float) -> None:
    assert set(verdicts(arousal, seconds=700, music=goal, goal=goal)) == {Verdict.FOLLOWS}


@pytest.mark.parametrize(("arousal", "goal"), [(0.0, -0.8), (0.0, 0.8), (0.3, 0.1), (-0.1, 0.1)])
def test_a_body_that_is_not_on_the_goals_side_is_not_there(arousal: float, goal: float) -> None:
    assert verdicts(arousal, seconds=400, music=goal, goal=goal)[-1] is Verdict.LOST


def test_slow_progress_is_progress() -> None:
    following = Following()
    seen = {following.push(float(t), 0.5 - 0.0006 * t, music=-0.4, goal=-0.5) for t in range(900)}
    assert seen == {Verdict.FOLLOWS}


def test_going_the_other_way_is_no_progress() -> None:
    following = Following()
    seen = [following.push(float(t), 0.3 + 0.0006 * t, music=-0.4, goal=-0.5) for t in range(400)]
    assert seen[-1] is Verdict.LOST


def test_progress_after_waiting_ends_the_waiting() -> None:
    following = Following()
    assert verdicts(0.4, seconds=200, following=following)[-1] is Verdict.STALLED
    assert [following.push(float(t), 0.2, music=-0.2, goal=-0.5) for t in range(200, 260)][-1] is Verdict.FOLLOWS


@pytest.mark.parametrize("arousal", [-0.06, -0.2, -0.6])
def test_one_who_is_with_the_music_again_or_ahead_of_it_is_waited_for_no_longer(arousal: float) -> None:
    following = Following()
    assert verdicts(0.4, seconds=200, following=following)[-1] is Verdict.STALLED
    assert following.push(200.0, arousal, music=-0.2, goal=-0.5) is Verdict.FOLLOWS
    again = [following.push(float(t), 0.4, music=-0.2, goal=-0.5) for t in range(201, 400)]
    assert 180 - 60 <= again.index(Verdict.STALLED) <= 180, "and then the patience starts anew"


def test_it_works_upwards_too() -> None:
    assert verdicts(-0.4, seconds=200, music=0.2, goal=0.5)[-1] is Verdict.STALLED


def test_without_the_sensor_nobody_is_waited_for_and_the_patience_starts_anew() -> None:
    following = Following()
    verdicts(0.4, seconds=200, following=following)
    assert following.push(200.0, None, music=-0.2, goal=-0.5) is Verdict.FOLLOWS
    assert [following.push(float(t), 0.4, music=-0.2, goal=-0.5) for t in range(201, 370)][-1] is Verdict.FOLLOWS


def rises(arousal: list[float | None]) -> list[bool]:
    rising = Rising()
    return [rising.push(float(t), value) for t, value in enumerate(arousal)]


def test_a_minute_of_rising_is_noticed_when_the_minute_is_full() -> None:
    seen = rises([0.006 * t for t in range(70)])
    assert seen.index(True) == 58


@pytest.mark.parametrize(
    "course",
    [
        lambda t: 0.3,
        lambda t: 0.004 * t,
        lambda t: -0.006 * t,
        lambda t: 0.006 * t - 0.7,
        lambda t: 0.2 * math.sin(t / 3.0),
        lambda t: 0.3 if t >= 85 else 0.0,
        lambda t: max(0.0, 0.3 - 0.01 * abs(t - 60)),
        lambda t: min(0.5, max(0.0, 0.02 * (t - 33))),
    ],
    ids=["steady", "too slow", "falling", "below usual", "wavering", "a step", "up and down again", "up and then level"],
)
def test_what_is_not_a_minutes_rise_is_not_called_one(course: object) -> None:
    seen = rises([course(t) for t in range(100)])  # type: ignore[operator]
    assert not any(seen[90:])


def test_a_gap_starts_the_minute_anew() -> None:
    course: list[float | None] = [0.006 * t for t in range(110)]
    course[50] = None
    assert not any(rises(course)[:109])
    assert rises(course)[109]


def test_a_minute_with_a_hole_in_it_is_not_judged() -> None:
    rising = Rising()
    assert not any(rising.push(t, 0.01 * t) for t in (0.0, 1.0, 2.0, 59.0, 59.5))
