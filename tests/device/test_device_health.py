"""Outcomes are checked where they come out."""

from __future__ import annotations

from undertone.device.health import Outcome, Verifier
from undertone.flow import Fault, FaultKind


def faults_of(outcomes: list[Outcome], *, sensing: bool = True) -> tuple[Verifier, list[Fault]]:
    verifier = Verifier(ceiling_dbfs=-12.0, sensing=sensing)
    return verifier, [fault for now, outcome in enumerate(outcomes) for fault in verifier.check(float(now), outcome)]


def test_a_healthy_device_has_nothing_to_tell() -> None:
    _, faults = faults_of([Outcome(116 * second, float(second), -30.0) for second in range(1, 100)])
    assert faults == []


def test_samples_that_stop_are_told_once_and_again_when_they_return() -> None:
    arrived = [100 * min(second, 10) if second < 30 else 100 * second for second in range(1, 40)]
    _, faults = faults_of([Outcome(samples, float(second), -30.0) for second, samples in enumerate(arrived, 1)])
    assert {fault.kind for fault in faults} == {FaultKind.BUS}
    assert [(fault.t, fault.over) for fault in faults] == [(15.0, False), (29.0, True)]


def test_a_device_without_sensors_is_not_asked_for_samples() -> None:
    _, faults = faults_of([Outcome(0, float(second), -30.0) for second in range(1, 60)], sensing=False)
    assert faults == []


def test_sound_that_stands_still_is_a_fault_and_in_the_end_hopeless() -> None:
    verifier, faults = faults_of([Outcome(100 * second, min(second, 5) * 1.0, None) for second in range(1, 60)])
    assert [(fault.t, fault.kind, fault.over) for fault in faults] == [(10.0, FaultKind.SOUND, False)]
    assert not verifier.hopeless(34.9)
    assert verifier.hopeless(35.1)


def test_a_level_over_the_ceiling_is_told_when_it_stays() -> None:
    levels = [-30.0, -5.0, -30.0, -5.0, -5.0, -5.0, -5.0, -30.0]
    _, faults = faults_of([Outcome(100 * second, float(second), level) for second, level in enumerate(levels, 1)])
    assert [(fault.t, fault.over) for fault in faults] == [(6.0, False), (7.0, True)]
    assert "-12 dBFS" in faults[0].message
