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
class Told:
    """An estimator that knows nothing and remembers what it was told."""

    reports: list[float] = field(default_factory=list)

    def push(self, features: Features) -> Affect:
        return Affect(features.t, 0.0, None, 0.0, AffectSource.NONE, pod=features.pod)

    def report(self, t: float, arousal: float, valence: float | None) -> None:
        self.reports.append(arousal)


def core_of(pods: int) -> tuple[Core, list[Record], list[Told]]:
    records: list[Record] = []
    estimators = [Told() for _ in range(pods)]
    stages = Stages(
        signals=Signals,
        estimator=lambda pod: estimators[pod],
        guide=lambda: Guide(Goal.CALM, minutes=20.0),
        composer=lambda: Composer(1),
    )
    return Core(stages, record=records.append, pods=pods), records, estimators


def touched(pod: int, start: float, seconds: float = 1.0) -> Block:
    """Electrodes on a hand."""
    times = start + np.arange(round(16 * seconds)) / 16.0
    return Block(Channel.SKIN, start, 16.0, readonly(5.0 + 0.02 * np.sin(0.3 * times)), pod=pod)


def worn(core: Core, start: float, length: float, *pods: int) -> None:
    """Let time pass while these pods are worn."""
    for now in np.arange(start, start + length):
        for pod in pods:
            core.sensed(float(now), touched(pod, float(now)))
        core.second(float(now) + 1.0)


def test_each_pod_is_recorded_under_its_own_number() -> None:
    core, records, _ = core_of(3)
    core.sensed(10.0, touched(1, 0.0, 10.0))
    core.second(10.0)
    told = [record.value for record in records]
    assert [value.pod for value in told if isinstance(value, Features)] == [0, 1, 2]
    assert [value.pod for value in told if isinstance(value, Affect)] == [0, 1, 2]
    levels = [value.tonic_microsiemens for value in told if isinstance(value, Features)]
    assert levels[0] is None and levels[1] is not None, "only pod 1 was felt"
    status = core.status(10.0)
    assert status.features is not None and status.features.pod == 1, "the music follows whoever is there"
    assert [features.pod for features in status.others] == [0, 2]


def test_the_music_turns_to_somebody_else_only_after_a_minute_without_the_first() -> None:
    core, _, _ = core_of(2)
    worn(core, 0.0, 20.0, 0, 1)
    assert core.affect is not None and core.affect.pod == 0
    worn(core, 20.0, LEAD_SECONDS - 1.0, 1)
    assert core.affect.pod == 0
    worn(core, 19.0 + LEAD_SECONDS, 6.0, 1)
    assert core.affect.pod == 1
    worn(core, 25.0 + LEAD_SECONDS, 100.0, 0, 1)
    assert core.affect.pod == 1, "whoever comes back does not take the music away"


def test_a_report_is_that_of_the_person_whom_the_music_follows() -> None:
    core, _, (first, second) = core_of(2)
    worn(core, 0.0, 20.0, 1)
    core.command(Command(21.0, CommandKind.REPORT, arousal=0.6))
    assert (first.reports, second.reports) == ([], [0.6])


def test_a_pod_whose_signals_break_takes_no_other_with_it() -> None:
    class Broken(Signals):
        def push(self, block: Block) -> tuple[()]:
            raise RuntimeError("no")

    core, _, _ = core_of(2)
    core._wearers[1]._signals._stage = Broken(1)
    for pod in (0, 1):
        core.sensed(10.0, touched(pod, 0.0, 10.0))
    core.second(10.0)
    assert [fault.source for fault in core.status(10.0).faults] == ["signals of pod 1"]
    assert core.features is not None and core.features.tonic_microsiemens is not None
