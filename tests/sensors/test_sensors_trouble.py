"""Faults are told once; conditions must last."""

from __future__ import annotations

from undertone.flow import FaultKind
from undertone.sensors.trouble import Lasting, Ledger


def test_a_fault_is_told_once_and_its_end_only_after_its_beginning() -> None:
    ledger = Ledger("pod 0 pulse")
    assert ledger.end(0.0, FaultKind.BUS, "over") == []
    (begun,) = ledger.begin(1.0, FaultKind.BUS, "Do this.")
    assert (begun.t, begun.source, begun.message, begun.over) == (1.0, "pod 0 pulse", "Do this.", False)
    assert ledger.begin(2.0, FaultKind.BUS, "Do this.") == []
    (other,) = ledger.begin(2.0, FaultKind.CONTACT, "Do that.")
    assert other.kind is FaultKind.CONTACT
    (ended,) = ledger.end(3.0, FaultKind.BUS, "Well again.")
    assert (ended.over, ended.kind) == (True, FaultKind.BUS)
    assert ledger.end(3.0, FaultKind.BUS, "Well again.") == []


def test_a_condition_must_hold_for_a_while_and_be_gone_for_a_while() -> None:
    condition = Lasting(1.0, 2.0)
    moments = (0.0, 0.9, 0.95, 1.0, 1.9, 2.0, 2.1, 4.0, 4.2)
    observed = (True, True, False, True, True, True, False, False, False)
    assert [condition.push(t, seen) for t, seen in zip(moments, observed, strict=True)] == [False] * 5 + [True] * 3 + [False]


def test_a_condition_that_needs_no_time_begins_at_once() -> None:
    assert Lasting(0.0, 1.0).push(5.0, True)
