"""The core: from samples to bars, as plain calls in one thread.

    sensed(block) ─▶ signals ─▶ beats, responses
    second()      ─▶ features ─▶ affect ─▶ directive        once a second
    next_bar(t)   ─▶ bar                                    whenever the player asks for one

Nothing here reads a clock, sleeps, or touches the world. Every stage stands behind a `Guard`, and every value that is made goes
to `record`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from undertone.affect import Estimator
from undertone.device.guard import Guard
from undertone.device.hearing import softened
from undertone.device.wearer import Lead, Wearer
from undertone.flow import Affect, Bar, Block, Command, CommandKind, Directive, Fault, Features, Record, Status
from undertone.guidance import Guide
from undertone.signals import Signals

__all__ = ["Composing", "Core", "Stages"]

DIRECTIVE_STEP = 0.02
"""A directive is written down when it says something new: another phase or reason, or this much of arousal or valence."""


class Composing(Protocol):
    """Whatever makes bars: the composer, the performer of scores, the player of recordings."""

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on, seconds. None: nothing is asked for."""


@dataclass(frozen=True, slots=True)
class Stages:
    """How to make each stage, at the start and again after it broke."""

    signals: Callable[[int], Signals]
    """For the pod of this number, as is the next."""
    estimator: Callable[[int], Estimator]
    guide: Callable[[], Guide]
    composer: Callable[[], Composing]


class Core:
    """Everything that decides.

    stages: makes the stages.
    record: is given every value made here; it may not block.
    samples: is given every block that arrives, if somebody wants them.
    pods: how many there are, each with somebody of its own.
    softer: how much softer than by day the music should be at this moment, dB ≤ 0.
    """

    def __init__(
        self,
        stages: Stages,
        *,
        record: Callable[[Record], None],
        samples: Callable[[Block], None] | None = None,
        pods: int = 1,
        softer: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.directive: Directive | None = None
        self.counts: Counter[str] = Counter()
        self._record = record
        self._samples = samples
        self._softer = softer
        self._faults: dict[tuple[str, str], Fault] = {}
        self._told: Directive | None = None
        self._wearers = [
            Wearer(pod, partial(stages.signals, pod), partial(stages.estimator, pod), tell=self.fault) for pod in range(pods)
        ]
        self._lead = Lead()
        self._guide = Guard("guidance", stages.guide, tell=self.fault)
        self._composer = Guard("music", stages.composer, tell=self.fault)

    @property
    def features(self) -> Features | None:
        """What is known of whom the music follows."""
        return self._wearers[self._lead.pod].features

    @property
    def progress(self) -> float:
        """Share of the programme that is over, 0…1."""
        guide = self._guide.stage
        return 0.0 if guide is None else guide.progress

    @property
    def everybody(self) -> tuple[Features, ...]:
        """What is known of everybody, by pod."""
        return tuple(wearer.features for wearer in self._wearers if wearer.features is not None)

    @property
    def affect(self) -> Affect | None:
        """The state of whom the music follows."""
        return self._wearers[self._lead.pod].affect

    def sensed(self, now: float, value: Block | Fault) -> None:
        """Take what the edges brought."""
        if isinstance(value, Fault):
            self.fault(value)
            return
        self.counts["samples"] += len(value.values)
        self.counts["samples lost"] += value.lost
        if self._samples is not None:
            self._samples(value)
        for event in self._wearers[value.pod].push(now, value):
            self.counts[type(event).__name__.lower() + "s"] += 1
            self._record(Record(event.t, event))

    def second(self, now: float) -> None:
        """Once a second: what is the state, and what should the music be?"""
        states = [wearer.second(now) for wearer in self._wearers]
        features, affect = states[self._lead.choose(now, self._wearers)]
        self.directive = self._guide.call(now, lambda guide: guide.decide(now, affect, features), self.directive)
        for state in states:
            for value in state:
                self._record(Record(now, value))
        if self.directive is not None and _says_something_new(self._told, self.directive):
            self._told = self.directive
            self._record(Record(now, self.directive))

    def next_bar(self, t: float) -> Bar | None:
        """The bar that will sound from `t` on; None when the composer is broken, and then the player holds its last chord."""
        directive = softened(self.directive, self._softer())
        bar = self._composer.call(t, lambda composer: composer.compose(t, directive), None)
        if bar is not None:
            self.counts["bars"] += 1
            self._record(Record(t, bar))
        return bar

    def command(self, command: Command) -> None:
        """A person wants something. Stop must also reach the player, which is the composition root's business."""
        self._record(Record(command.t, command))
        if command.kind is CommandKind.REPORT and command.arousal is not None:
            self._wearers[self._lead.pod].report(command.t, command.arousal, command.valence)
        self._guide.call(command.t, lambda guide: guide.command(command), None)

    def fault(self, fault: Fault) -> None:
        """Remember that something began to be wrong, or that it is right again."""
        key = (fault.source, fault.kind)
        if fault.over:
            self._faults.pop(key, None)
        else:
            self.counts["faults"] += 1
            self._faults[key] = fault
        self._record(Record(fault.t, fault))

    def status(self, now: float) -> Status:
        """What the core knows at this moment; the player adds what sounds."""
        lead = self._wearers[self._lead.pod]
        others = tuple(wearer.features for wearer in self._wearers if wearer is not lead and wearer.features is not None)
        faults = tuple(self._faults.values())
        return Status(now, lead.features, lead.affect, self.directive, None, faults, dict(self.counts), others=others)


def _says_something_new(last: Directive | None, new: Directive) -> bool:
    if last is None or (last.phase, last.goal, last.reason) != (new.phase, new.goal, new.reason):
        return True
    if math.isinf(last.level_db) or math.isinf(new.level_db):
        return last.level_db != new.level_db
    moved = max(abs(last.arousal - new.arousal), abs(last.valence - new.valence), abs(last.level_db - new.level_db) / 50.0)
    return moved >= DIRECTIVE_STEP
