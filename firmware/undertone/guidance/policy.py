"""What each authority would like the music to be at one moment: a pure function of everything that is known then.

`wishes` asks every authority in turn; one that has nothing to say is left out. Which of them is heard is the business of
`authority`, how far it may go that of `limits`. Each wish names what it rests on, so that without that input it does not exist.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from undertone.flow import Goal, Phase
from undertone.guidance.authority import Authority, strongest
from undertone.guidance.following import CLOSE, Verdict
from undertone.guidance.goals import Aim
from undertone.guidance.limits import Wish
from undertone.guidance.reasons import Direction, Doubt, Reason, Why

__all__ = ["NEUTRAL", "SOFTER_DB", "Moment", "State", "wishes"]

NEUTRAL = (0.0, 0.0)
"""Arousal and valence of music for a listener of whom nothing is known."""
SOFTER_DB = -6.0
"""Level of softened music."""
NOTICEABLE = 0.03
"""Smallest step of arousal that is called a direction."""


@dataclass(frozen=True, slots=True)
class State:
    """Where the listener is, by the best word there is."""

    authority: Authority
    """REPORT or SENSOR."""
    arousal: float
    valence: float | None
    confidence: float
    inputs: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that a decision rests on."""

    phase: Phase
    goal: Goal
    aim: Aim
    path: tuple[float, float]
    """Arousal and valence of the plan now."""
    music: float
    """Arousal of the music now."""
    level_db: float = 0.0
    """Level by the plan."""
    state: State | None = None
    doubt: Doubt | None = None
    """Why the sensors are not believed; None where they are, or where the listener's own word stands."""
    known: tuple[float, float | None] | None = None
    """Arousal and valence where the listener was last known to be."""
    verdict: Verdict = Verdict.FOLLOWS
    rising: float | None = None
    """Arousal that must not be exceeded because the listener's is rising."""
    pressed: float | None = None
    """Arousal that must not be exceeded because the listener said "not good"."""
    pressed_db: float = SOFTER_DB
    """Level that must not be exceeded then."""
    enough: bool = False
    """The listener said "not good" twice."""
    stopped: bool = False
    """The listener asked to stop."""
    breath_per_min: float | None = None
    breath_follows: bool = False
    pace: float = 1.0


def wishes(moment: Moment) -> dict[Authority, Wish]:
    """The wish of every authority that has one. DEFAULT always has."""
    said: dict[Authority, Wish | None] = {
        Authority.DEFAULT: _default(moment),
        Authority.SCHEDULE: _schedule(moment),
        Authority.SENSOR: _sensed(moment, Authority.SENSOR),
        Authority.REPORT: _sensed(moment, Authority.REPORT),
    }
    claims = {authority: wish for authority, wish in said.items() if wish is not None}
    if moment.phase is Phase.SILENT:
        claims[Authority.STOP] = _silence(moment)
    elif moment.enough or moment.pressed is not None:
        claims[Authority.CHOICE] = _chosen(moment, strongest(claims)[1])
    return claims


def _wish(moment: Moment, why: Why, inputs: tuple[str, ...], arousal: float, valence: float | None) -> Wish:
    """A wish with what all wishes of a moment share."""
    confidence = moment.state.confidence if moment.state is not None else 0.0
    return Wish(
        phase=moment.phase,
        goal=moment.goal,
        arousal=arousal,
        valence=moment.path[1] if valence is None else valence,
        reason=Reason(
            why=why,
            goal=moment.goal,
            direction=_direction(arousal - moment.music, least=CLOSE),
            state=arousal,
            confidence=confidence,
            detail=moment.state.detail if moment.state is not None else "",
            doubt=moment.doubt,
            breath=moment.breath_follows,
            pace=moment.pace if moment.phase is Phase.SETTLE else 1.0,
        ),
        inputs=(*inputs, "breathing_per_min") if moment.breath_follows else inputs,
        tempo_limits_bpm=moment.aim.tempo_limits_bpm,
        level_db=moment.level_db,
        breath_per_min=moment.breath_per_min,
        confidence=confidence,
    )


def _default(moment: Moment) -> Wish:
    """Gentle music in the middle."""
    return _wish(moment, Why.UNKNOWN, ("default",), *NEUTRAL)


def _schedule(moment: Moment) -> Wish | None:
    """The plan: the path, or the place where the listener was last known to be."""
    arousal, valence = _on_the_way(moment), moment.path[1]
    if moment.phase in (Phase.SETTLE, Phase.MEET):
        return None if moment.known is None else _wish(moment, Why.MEET_KNOWN, ("schedule",), *moment.known)
    why = {Phase.LEAD: Why.LEAD, Phase.HOLD: Why.HOLD}.get(moment.phase, Why.FADE)
    wish = _wish(moment, why, ("schedule",), arousal, valence)
    return replace(wish, reason=replace(wish.reason, direction=_direction(moment.aim.arousal - moment.music)))


def _sensed(moment: Moment, authority: Authority) -> Wish | None:
    """What the listener's state asks for, where it is known by this authority: to be met, waited for, or spared."""
    state = moment.state
    if state is None or state.authority is not authority:
        return None
    said = authority is Authority.REPORT
    if moment.phase in (Phase.SETTLE, Phase.MEET):
        wish = _wish(moment, Why.MEET_SAID if said else Why.MEET_SENSED, state.inputs, state.arousal, state.valence)
    elif moment.phase in (Phase.LEAD, Phase.HOLD) and moment.rising is not None:
        wish = _wish(moment, Why.RISING, state.inputs, min(moment.path[0], moment.rising), moment.path[1])
        wish = replace(wish, level_db=min(wish.level_db, SOFTER_DB), soften=True)
    elif moment.phase is Phase.LEAD and moment.verdict is not Verdict.FOLLOWS:
        wish = _wish(moment, Why.WAIT_SAID if said else Why.WAIT_SENSED, state.inputs, _on_the_way(moment), moment.path[1])
    else:
        return None
    return replace(wish, reason=replace(wish.reason, state=state.arousal))


def _chosen(moment: Moment, lower: Wish) -> Wish:
    """What the listener's "not good" makes of the wish that would otherwise be heard."""
    why = Why.ENOUGH if moment.enough else Why.NOT_GOOD
    ceiling = moment.music if moment.pressed is None else moment.pressed
    return replace(
        lower,
        arousal=min(lower.arousal, ceiling),
        level_db=min(lower.level_db, moment.pressed_db),
        soften=True,
        reason=replace(lower.reason, why=why),
        inputs=("not_good", *(name for name in lower.inputs if name == "breathing_per_min")),
    )


def _silence(moment: Moment) -> Wish:
    """Nothing sounds."""
    why, inputs = (Why.STOPPED, ("stop",)) if moment.stopped else (Why.OVER, ("schedule",))
    wish = _wish(moment, why, inputs, *NEUTRAL)
    return replace(wish, level_db=-math.inf, breath_per_min=None, confidence=0.0)


def _on_the_way(moment: Moment) -> float:
    """Arousal by the plan. On the way down, music that was softened lets the plan catch up and never turns back up."""
    arousal = moment.path[0]
    return min(arousal, moment.music) if moment.aim.arousal < moment.music else arousal


def _direction(step: float, least: float = NOTICEABLE) -> Direction:
    """Which way a step of arousal goes; one smaller than `least` goes none."""
    if abs(step) < least:
        return Direction.STEADY
    return Direction.LIVELIER if step > 0.0 else Direction.CALMER
