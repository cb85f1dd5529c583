"""Music without a listener: a programme walked by its plan alone, or held at one place, and played into a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from undertone.audio import Deck, Player, Renderer, Sink, Synth
from undertone.device.core import Composing
from undertone.device.hearing import softened, softer_db
from undertone.errors import SoundError
from undertone.flow import Bar, Directive, Fault, Goal, Phase
from undertone.guidance import GOALS, Guide

__all__ = ["Plan", "composed", "held", "performed", "walked"]

STEP = 0.25
"""Seconds rendered at a time."""
TAIL = 4.0
"""Seconds in which the last chord dies away."""

Plan = Callable[[float], Directive]
"""What the music should be at a second, asked for in order."""


def walked(goal: Goal, minutes: float | None = None) -> Plan:
    """The programme of a goal as it goes where nothing is sensed and nobody says anything: settle, meet, lead, hold, fade.

    minutes: its length; None for the goal's usual.
    """
    guide = Guide(goal, minutes=minutes)
    told = guide.decide(0.0, None)
    second = 0

    def plan(t: float) -> Directive:
        nonlocal told, second
        while second < t:
            second += 1
            told = guide.decide(float(second), None)
        softer = softer_db(goal, night=False, progress=guide.progress)
        return softened(told, softer) or told

    return plan


def held(arousal: float, valence: float, *, goal: Goal = Goal.CALM, breath_per_min: float | None = None) -> Plan:
    """The same arousal and valence for ever, within the tempi of a goal."""

    def plan(t: float) -> Directive:
        return Directive(
            t=t,
            expires=math.inf,
            phase=Phase.HOLD,
            goal=goal,
            arousal=arousal,
            valence=valence,
            level_db=0.0,
            breath_per_min=breath_per_min,
            confidence=1.0,
            reason="Asked for without a listener.",
            inputs=("choice",),
            tempo_limits_bpm=GOALS[goal].tempo_limits_bpm,
        )

    return plan


def composed(source: Composing, plan: Plan | Goal, *, minutes: float | None = None) -> list[Bar]:
    """The bars of so many minutes, by a plan or by the programme of a goal; None for the goal's usual length."""
    if isinstance(plan, Goal):
        minutes = GOALS[plan].minutes if minutes is None else minutes
        plan = walked(plan, minutes)
    assert minutes is not None, "a plan goes on for ever: say how many minutes of it"
    bars: list[Bar] = []
    t = 0.0
    while t < minutes * 60.0:
        bars.append(source.compose(t, plan(t)))
        t += bars[-1].seconds
    return bars


def performed(
    bars: Sequence[Bar],
    synth: Synth,
    sink: Sink,
    *,
    target_lufs: float = -23.0,
    deck: Deck | None = None,
    seed: int = 0,
    steps: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Play bars into a sink in virtual time, through the player like everything that sounds: nothing goes around its last step.

    deck: plays sound files, where bars have cues. seed: of the textures. steps: may wrap what is counted, to show progress.
    Raises SoundError when the sink does not take all of it.
    """
    waiting, faults = iter(bars), list[Fault]()
    renderer = Renderer(synth, rate_hz=sink.rate_hz, target_lufs=target_lufs, deck=deck, seed=seed)
    player = Player(renderer, sink, lambda t: next(waiting, None), on_fault=faults.append, fade_in=STEP)
    seconds = sum(bar.seconds for bar in bars) + TAIL
    for step in steps(range(math.ceil(seconds / STEP) + 1)):
        player.advance(step * STEP)
        if player.lost:
            break
    player.close()
    if faults:
        raise SoundError(faults[0].message)
