"""Several pods, each with somebody of its own, and whom the music follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from undertone.device.core import Core, Stages
from undertone.device.wearer import LEAD_SECONDS
from undertone.flow import Affect, AffectSource, Block, Channel, Command, CommandKind, Features, Goal, Record, readonly
from undertone.guidance import Guide
from undertone.music import Composer
from undertone.signals import Signals


@dataclass
class Known:
    """An estimator that says how sure it is, and remembers what it was told."""

    confidence: float
    reports: list[float] = field(default_factory=list)

    def push(self, features: Features) -> Affect:
        return Affect(features.t, 0.1, None, self.confidence, AffectSource.MODEL, pod=features.pod)

    def report(self, t: float, arousal: float, valence: float | None) -> None:
        self.reports.append(arousal)


def core_with(estimators: list[Known]) -> tuple[Core, list[Record]]:
    records: list[Record] = []
    stages = Stages(
        signals=Signals,
        estimator=lambda pod: estimators[pod],
        guide=lambda: Guide(Goal.CALM, minutes=20.0),
        composer=lambda: Composer(1),
    )
    return Core(stages, record=records.append, pods=len(estimators)), records


def seconds(core: Core, start: float, length: float) -> None:
    for now in np.arange(start, start + length):
        core.second(float(now))


def test_each_pod_is_recorded_under_its_own_number() -> None:
    core, records = core_with([Known(0.5), Known(0.5), Known(0.0)])
    core.sensed(1.0, Block(Channel.SKIN, 0.0, 16.0, readonly(np.full(160, 5.0)), pod=1))
    core.second(10.0)
    told = [record.value for record in records]
    assert [value.pod for value in told if isinstance(value, Features)] == [0, 1, 2]
    assert [value.pod for value in told if isinstance(value, Affect)] == [0, 1, 2]
    levels = [value.tonic_microsiemens for value in told if isinstance(value, Features)]
    assert levels[0] is None and levels[1] is not None, "only pod 1 was felt"
    status = core.status(10.0)
    assert status.features is not None and status.features.pod == 0
    assert [features.pod for features in status.others] == [1, 2]


def test_the_music_turns_to_somebody_else_only_after_a_minute_without_the_first() -> None:
    first, second = Known(0.8), Known(0.8)
    core, _ = core_with([first, second])
    seconds(core, 0.0, 10.0)
    assert core.affect is not None and core.affect.pod == 0
    first.confidence = 0.0
    seconds(core, 10.0, LEAD_SECONDS - 1.0)
    assert core.affect.pod == 0
    seconds(core, 10.0 + LEAD_SECONDS - 1.0, 2.0)
    assert core.affect.pod == 1
    first.confidence = 0.8
    seconds(core, 11.0 + LEAD_SECONDS, 100.0)
    assert core.affect.pod == 1, "whoever comes back does not take the music away"


def test_where_nobody_is_on_pod_0_the_music_follows_the_first_who_is() -> None:
    core, _ = core_with([Known(0.0), Known(0.0), Known(0.4)])
    seconds(core, 0.0, 2.0)
    assert core.features is not None and core.features.pod == 2


def test_a_report_is_that_of_the_person_whom_the_music_follows() -> None:
    first, second = Known(0.0), Known(0.7)
    core, _ = core_with([first, second])
    seconds(core, 0.0, 2.0)
    core.command(Command(3.0, CommandKind.REPORT, arousal=0.6))
    assert (first.reports, second.reports) == ([], [0.6])


def test_a_pod_whose_signals_break_takes_no_other_with_it() -> None:
    class Broken(Signals):
        def push(self, block: Block) -> tuple[()]:
            raise RuntimeError("no")

    core, _ = core_with([Known(0.5), Known(0.5)])
    core._wearers[1]._signals._stage = Broken(1)
    for pod in (0, 1):
        core.sensed(1.0, Block(Channel.SKIN, 0.0, 16.0, readonly(np.full(160, 5.0)), pod=pod))
    core.second(10.0)
    assert [fault.source for fault in core.status(10.0).faults] == ["signals of pod 1"]
    assert core.features is not None and core.features.tonic_microsiemens is not None
