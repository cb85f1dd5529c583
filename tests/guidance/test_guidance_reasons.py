"""Every reason becomes one plain sentence that names the input, the direction and how sure it is, in wellness words."""

from __future__ import annotations

import itertools
import re

import pytest

from undertone.flow import Goal
from undertone.guidance import Direction, Doubt, Reason, Why, sentence

FORBIDDEN = re.compile(
    r"stress|anxi|anxious|happy|sad\b|angry|anger|afraid|fear|depress|disorder|treat|therap|diagnos|patient|symptom|disease|heal|"
    r"drives? (the|your) heart|slows? (the|your) heart|medical|emotion",
    re.IGNORECASE,
)

EVERY = [
    Reason(why, goal, direction, state, confidence, detail, doubt, breath, pace)
    for why, goal, direction, state, confidence, detail, doubt, breath, pace in itertools.product(
        Why, Goal, Direction, (-0.9, -0.3, 0.0, 0.3, 0.9), (0.3, 0.6, 0.9), ("", "heart rate 9 bpm above your usual"),
        (None, *Doubt), (False, True), (1.0, 10.0),
    )
]  # fmt: skip


def test_every_reason_is_one_sentence_in_wellness_words() -> None:
    said = {sentence(reason) for reason in EVERY}
    assert len(said) > 500
    for words in said:
        assert re.fullmatch(r"[A-Z][^.{}]*(\(.*\))?[^.{}]*\.", words), words
        assert not FORBIDDEN.search(words), words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (0.8, "much more active than"),
        (0.3, "more active than"),
        (0.0, "close to"),
        (-0.3, "calmer than"),
        (-0.8, "much calmer than"),
    ],
)
def test_arousal_is_told_relative_to_the_listeners_usual(state: float, words: str) -> None:
    assert f"Your body seems {words} your usual" in sentence(Reason(Why.MEET_SENSED, Goal.CALM, state=state))


@pytest.mark.parametrize(("confidence", "words"), [(0.9, "I am sure"), (0.6, "I am fairly sure"), (0.4, "I am not very sure")])
def test_confidence_is_told_in_words(confidence: float, words: str) -> None:
    assert words in sentence(Reason(Why.MEET_SENSED, Goal.CALM, confidence=confidence))


def test_a_sensed_reason_says_input_direction_and_confidence() -> None:
    reason = Reason(Why.MEET_SENSED, Goal.CALM, Direction.LIVELIER, 0.3, 0.6, "heart rate 9 bpm above your usual")
    assert sentence(reason) == (
        "Your body seems more active than your usual (heart rate 9 bpm above your usual), "
        "so the music becomes livelier to meet you; I am fairly sure of this."
    )


def test_nothing_speaks_for_a_difference_where_there_is_none() -> None:
    reason = Reason(Why.MEET_SENSED, Goal.CALM, Direction.STEADY, 0.1, 0.9, "breathing 1 a minute faster than your usual")
    assert sentence(reason) == "Your body seems close to your usual, so the music stays with you; I am sure of this."


def test_doubt_about_the_sensor_comes_first_where_the_plan_is_followed() -> None:
    reason = Reason(Why.LEAD, Goal.SLEEP, Direction.CALMER, doubt=Doubt.WEAK)
    assert sentence(reason) == (
        "I am not sure enough of what I feel, so I follow the plan, which now leads the music slowly down towards sleep."
    )


def test_doubt_does_not_speak_where_the_listener_has_chosen() -> None:
    assert sentence(Reason(Why.STOPPED, Goal.CALM, doubt=Doubt.STALE)) == "You asked to stop, so there is silence."


def test_breath_and_a_short_programme_are_mentioned() -> None:
    words = sentence(Reason(Why.UNKNOWN, Goal.CALM, breath=True, pace=10.0))
    assert "three quarters of the pace of your breathing" in words
    assert "10 times faster than usual" in words


def test_music_that_goes_against_the_listeners_side_of_usual_says_where_it_was() -> None:
    up = sentence(Reason(Why.MEET_SENSED, Goal.CALM, Direction.LIVELIER, -0.3, 0.9))
    assert up.startswith("Your body seems calmer than your usual, so the music, calmer than that until now, becomes")
    down = sentence(Reason(Why.MEET_SAID, Goal.CALM, Direction.CALMER, 0.0))
    assert down.startswith("You said that you feel close to your usual, so the music, livelier than that until now, be")
    for direction, state in ((Direction.LIVELIER, 0.3), (Direction.CALMER, -0.3)):
        assert "until now" not in sentence(Reason(Why.MEET_SENSED, Goal.CALM, direction, state))


def test_what_is_below_usual_does_not_speak_for_a_rise() -> None:
    reason = Reason(Why.RISING, Goal.CALM, state=-0.3, confidence=0.9, detail="heart rate 9 bpm below your usual")
    assert sentence(reason).startswith("Your body has been getting more active, so the music")
