"""Why the music is what it is: a reason is data, and a sentence is made from it.

A `Reason` holds what was felt or said, which way the music goes because of it, and how sure that is. `sentence` renders it in
English. Another language is another set of the same tables. The words speak of activation relative to the listener's usual;
they never name an emotion and never claim that the music acts on the heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from undertone.flow import Goal

__all__ = ["Direction", "Doubt", "Reason", "Why", "sentence"]


NEAR = 0.15
"""Arousal this close to 0 is called close to usual; then nothing speaks for a difference."""


class Why(StrEnum):
    """What a directive follows from."""

    UNKNOWN = "unknown"
    """Nothing is known yet."""
    MEET_SENSED = "meet sensed"
    MEET_SAID = "meet said"
    MEET_KNOWN = "meet known"
    """The listener is met where they were last felt."""
    LEAD = "lead"
    WAIT_SENSED = "wait sensed"
    """The listener does not follow, by what is felt."""
    WAIT_SAID = "wait said"
    """The listener does not follow, by what they say."""
    RISING = "rising"
    NOT_GOOD = "not good"
    HOLD = "hold"
    FADE = "fade"
    ENOUGH = "enough"
    STOPPED = "stopped"
    OVER = "over"


class Direction(StrEnum):
    """Which way the music goes."""

    CALMER = "calmer"
    LIVELIER = "livelier"
    STEADY = "steady"


class Doubt(StrEnum):
    """Why the sensors are not believed."""

    ABSENT = "absent"
    STALE = "stale"
    """Too old, or from the future."""
    WEAK = "weak"
    """Confidence too low to act on."""
    IMPLAUSIBLE = "implausible"
    """No body gives such values."""
    STUCK = "stuck"
    """The same to the last digit for too long."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a directive follows from, before it is put into words."""

    why: Why
    goal: Goal
    direction: Direction = Direction.STEADY
    state: float = 0.0
    """Arousal that was felt or said, −1…1."""
    confidence: float = 0.0
    """0…1, how sure that is."""
    detail: str = ""
    """The strongest thing that speaks for it, in plain words."""
    doubt: Doubt | None = None
    """Why the sensors are not believed, where the plan is followed for that reason."""
    breath: bool = False
    """True where the swell goes by the listener's own breathing."""
    pace: float = 1.0
    """How many times faster than written the programme moves; more than 1 in a demonstration."""


_SENTENCES: Mapping[Why, str] = MappingProxyType(
    {
        Why.UNKNOWN: "Your usual is not known yet, so the music stays gentle and in the middle",
        Why.MEET_SENSED: "Your body seems {state} your usual{detail}, so the music{moves}; {sure}",
        Why.MEET_SAID: "You said that you feel {state} your usual, so the music{moves}; your word counts most",
        Why.MEET_KNOWN: "The music stays where I last felt you",
        Why.LEAD: "The plan now leads the music slowly {towards} {goal}",
        Why.WAIT_SENSED: "Your body is not following yet{detail}, so the music waits here for you; {sure}",
        Why.WAIT_SAID: "You said that you feel {state} your usual, so the music waits here for you; your word counts most",
        Why.RISING: "Your body has been getting more active{detail}, so the music is softer and calmer now; {sure}",
        Why.NOT_GOOD: "You said that this is not good, so the music is softer and calmer now; say it again and it stops",
        Why.HOLD: "The music has reached {goal}, so by the plan it stays there",
        Why.FADE: "The time of the plan is nearly over, so the music fades",
        Why.ENOUGH: "You said twice that this is not good, so the music fades away now",
        Why.STOPPED: "You asked to stop, so there is silence",
        Why.OVER: "The plan is over, so there is silence",
    }
)
_DOUBTS: Mapping[Doubt, str] = MappingProxyType(
    {
        Doubt.ABSENT: "I cannot feel you at the moment, so I follow the plan",
        Doubt.STALE: "I have not felt you just now, so I follow the plan",
        Doubt.WEAK: "I am not sure enough of what I feel, so I follow the plan",
        Doubt.IMPLAUSIBLE: "What the sensor says cannot be right, so I follow the plan",
        Doubt.STUCK: "The sensor has said the very same for too long, so I follow the plan",
    }
)
_GOALS: Mapping[Goal, str] = MappingProxyType(
    {Goal.CALM: "calm", Goal.SLEEP: "sleep", Goal.FOCUS: "focus", Goal.UPLIFT: "an uplift"}
)
_MOVES: Mapping[Direction, str] = MappingProxyType(
    {
        Direction.CALMER: "{until} becomes calmer to meet you",
        Direction.LIVELIER: "{until} becomes livelier to meet you",
        Direction.STEADY: " stays with you",
    }
)
_UNTIL: Mapping[Direction, str] = MappingProxyType(
    {Direction.CALMER: ", livelier than that until now,", Direction.LIVELIER: ", calmer than that until now,"}
)
"""Where the music was, told when the listener's own state does not say why it goes that way."""
_TOWARDS: Mapping[Direction, str] = MappingProxyType(
    {Direction.CALMER: "down towards", Direction.LIVELIER: "up towards", Direction.STEADY: "towards"}
)
_DOUBTED: Mapping[Why, str] = MappingProxyType(
    {
        Why.UNKNOWN: "which keeps the music gentle and in the middle",
        Why.MEET_KNOWN: "which keeps the music where I last felt you",
        Why.LEAD: "which now leads the music slowly {towards} {goal}",
        Why.HOLD: "which keeps the music at {goal}",
    }
)
"""What the plan does where it is followed because the sensors are not believed; the doubt is told first."""


def sentence(reason: Reason) -> str:
    """The reason in plain English, ending in a full stop."""
    words = _SENTENCES[reason.why]
    if reason.doubt is not None and reason.why in _DOUBTED:
        words = f"{_DOUBTS[reason.doubt]}, {_DOUBTED[reason.why]}"
    if reason.breath:
        words += "; the swell goes at three quarters of the pace of your breathing"
    if reason.pace > 1.0:
        words += f" (a short programme, {reason.pace:.2g} times faster than usual)"
    said = {
        "state": _activation(reason.state),
        "detail": f" ({reason.detail})" if _told(reason) else "",
        "moves": _moves(reason),
        "towards": _TOWARDS[reason.direction],
        "goal": _GOALS[reason.goal],
        "sure": _certainty(reason.confidence),
    }
    return words.format_map(said) + "."


def _told(reason: Reason) -> bool:
    """Whether the detail speaks for the sentence: for a state away from usual, and for a rise only above it."""
    return bool(reason.detail) and (reason.state if reason.why is Why.RISING else abs(reason.state)) > NEAR


def _moves(reason: Reason) -> str:
    """Which way the music goes to meet the listener, so that it follows from where they are."""
    agrees = reason.state < -NEAR if reason.direction is Direction.CALMER else reason.state > NEAR
    return _MOVES[reason.direction].format(until="" if agrees else _UNTIL.get(reason.direction, ""))


def _activation(arousal: float) -> str:
    """Arousal in words that fit before "your usual"."""
    if arousal > 0.5:
        return "much more active than"
    if arousal > NEAR:
        return "more active than"
    if arousal < -0.5:
        return "much calmer than"
    if arousal < -NEAR:
        return "calmer than"
    return "close to"


def _certainty(confidence: float) -> str:
    """Confidence in words."""
    if confidence >= 0.8:
        return "I am sure of this"
    if confidence >= 0.55:
        return "I am fairly sure of this"
    return "I am not very sure of this"
