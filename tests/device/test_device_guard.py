"""A stage that raises does not end the music."""

from __future__ import annotations

from undertone.device.guard import Guard
from undertone.flow import Fault, FaultKind


class Stage:
    def __init__(self) -> None:
        self.uses = 0

    def use(self, *, broken: bool = False) -> int:
        if broken:
            raise ZeroDivisionError("as asked")
        self.uses += 1
        return self.uses


def guard_with_log() -> tuple[Guard[Stage], list[Fault], list[Stage]]:
    told: list[Fault] = []
    built: list[Stage] = []

    def build() -> Stage:
        built.append(Stage())
        return built[-1]

    return Guard("music", build, tell=told.append), told, built


def test_what_the_stage_returns_passes_through() -> None:
    guard, told, _ = guard_with_log()
    assert guard.call(0.0, lambda stage: stage.use(), -1) == 1
    assert told == []


def test_a_stage_that_raises_yields_the_fallback_and_one_fault_that_names_it() -> None:
    guard, told, _ = guard_with_log()
    assert guard.call(5.0, lambda stage: stage.use(broken=True), -1) == -1
    assert [(fault.t, fault.source, fault.kind, fault.over) for fault in told] == [(5.0, "music", FaultKind.STAGE, False)]
    assert "ZeroDivisionError: as asked" in told[0].message


def test_a_broken_stage_is_left_alone_and_then_built_anew() -> None:
    guard, _, built = guard_with_log()
    guard.call(0.0, lambda stage: stage.use(), -1)
    guard.call(1.0, lambda stage: stage.use(broken=True), -1)
    assert guard.call(1.9, lambda stage: stage.use(), -1) == -1
    assert len(built) == 1
    assert guard.call(2.0, lambda stage: stage.use(), -1) == 1
    assert len(built) == 2, "the state of a stage that raised cannot be trusted"


def test_the_wait_doubles_while_it_keeps_breaking() -> None:
    guard, told, _ = guard_with_log()
    attempts: list[float] = []

    def fail(now: float) -> None:
        def use(stage: Stage) -> int:
            attempts.append(now)
            return stage.use(broken=True)

        guard.call(now, use, -1)

    for tenth in range(3000):
        fail(tenth / 10)
    assert attempts[:7] == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0]
    assert attempts[7] - attempts[6] == 60.0
    assert len(told) == 1, "trouble is told once"


def test_a_stage_that_has_worked_for_a_minute_is_trusted_again() -> None:
    guard, told, _ = guard_with_log()
    guard.call(0.0, lambda stage: stage.use(broken=True), -1)
    for second in range(1, 70):
        guard.call(float(second), lambda stage: stage.use(), -1)
    assert [fault.over for fault in told] == [False, True]
    assert told[1].t == 61.0
    guard.call(100.0, lambda stage: stage.use(broken=True), -1)
    assert guard.call(101.0, lambda stage: stage.use(), -1) == 1, "the wait starts over at one second"
