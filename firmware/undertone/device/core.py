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

from undertone.affect import Estimator
from undertone.device.guard import Guard
from undertone.flow import (
    Affect,
    AffectSource,
    Bar,
    Beat,
    Block,
    Command,
    CommandKind,
    Directive,
    Fault,
    Features,
    Record,
    Response,
    Status,
)
from undertone.guidance import Guide
from undertone.music import Composer
from undertone.signals import Signals

__all__ = ["Core", "Stages"]

DIRECTIVE_STEP = 0.02
"""A directive is written down when it says something new: another phase or reason, or this much of arousal or valence."""


@dataclass(frozen=True, slots=True)
class Stages:
    """How to make each stage, at the start and again after it broke."""

    signals: Callable[[], Signals]
    estimator: Callable[[], Estimator]
    guide: Callable[[], Guide]
    composer: Callable[[], Composer]


class Core:
    """Everything that decides.

    stages: makes the stages.
    record: is given every value made here; it may not block.
    samples: is given every block that arrives, if somebody wants them.
    """

    def __init__(
        self, stages: Stages, *, record: Callable[[Record], None], samples: Callable[[Block], None] | None = None
    ) -> None:
        self.features: Features | None = None
        self.affect: Affect | None = None
        self.directive: Directive | None = None
        self.counts: Counter[str] = Counter()
        self._record = record
        self._samples = samples
        self._faults: dict[tuple[str, str], Fault] = {}
        self._told: Directive | None = None
        self._signals = Guard("signals", stages.signals, tell=self.fault)
        self._estimator = Guard("affect", stages.estimator, tell=self.fault)
        self._guide = Guard("guidance", stages.guide, tell=self.fault)
        self._composer = Guard("music", stages.composer, tell=self.fault)

    def sensed(self, now: float, value: Block | Fault) -> None:
        """Take what the edges brought."""
        if isinstance(value, Fault):
            self.fault(value)
            return
        self.counts["samples"] += len(value.values)
        self.counts["samples lost"] += value.lost
        if self._samples is not None:
            self._samples(value)
        nothing: tuple[Beat | Response, ...] = ()
        for event in self._signals.call(now, lambda signals: signals.push(value), nothing):
            self.counts[type(event).__name__.lower() + "s"] += 1
            self._record(Record(event.t, event))

    def second(self, now: float) -> None:
        """Once a second: what is the state, and what should the music be?"""
        self.features = self._signals.call(now, lambda signals: signals.features(now), Features(now))
        features = self.features
        unknown = Affect(now, 0.0, None, 0.0, AffectSource.NONE)
        self.affect = affect = self._estimator.call(now, lambda estimator: estimator.push(features), unknown)
        self.directive = self._guide.call(now, lambda guide: guide.decide(now, affect, features), self.directive)
        self._record(Record(now, features))
        self._record(Record(now, affect))
        if self.directive is not None and _says_something_new(self._told, self.directive):
            self._told = self.directive
            self._record(Record(now, self.directive))

    def next_bar(self, t: float) -> Bar | None:
        """The bar that will sound from `t` on; None when the composer is broken, and then the player holds its last chord."""
        directive = self.directive
        bar = self._composer.call(t, lambda composer: composer.compose(t, directive), None)
        if bar is not None:
            self.counts["bars"] += 1
            self._record(Record(t, bar))
        return bar

    def command(self, command: Command) -> None:
        """A person wants something. Stop must also reach the player, which is the composition root's business."""
        self._record(Record(command.t, command))
        if command.kind is CommandKind.REPORT and command.arousal is not None:
            arousal = command.arousal
            self._estimator.call(command.t, lambda estimator: estimator.report(command.t, arousal, command.valence), None)
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
        faults = tuple(self._faults.values())
        return Status(now, self.features, self.affect, self.directive, None, faults, dict(self.counts))


def _says_something_new(last: Directive | None, new: Directive) -> bool:
    if last is None or (last.phase, last.goal, last.reason) != (new.phase, new.goal, new.reason):
        return True
    if math.isinf(last.level_db) or math.isinf(new.level_db):
        return last.level_db != new.level_db
    moved = max(abs(last.arousal - new.arousal), abs(last.valence - new.valence), abs(last.level_db - new.level_db) / 50.0)
    return moved >= DIRECTIVE_STEP
