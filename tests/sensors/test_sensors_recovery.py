"""Freeing a stuck bus, on wires that are emulated and on wires that record what happens to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import BusError, BusTimeout
from undertone.sensors import Freed, Levels, Line, Recovery
from undertone.sim import EmulatedBus, Tca9548aChip
from undertone.timeline import VirtualClock

PROPERTY = settings(deadline=None, max_examples=40, derandomize=True)


class Wires:
    """Wires with a chip that holds SDA until some clocks have come, or a reset; they note everything that happens."""

    def __init__(self, clocks: int | None, *, reset: str | None = "frees", scl_held: bool = False, fails: int = 0) -> None:
        self.clocks = clocks
        self.has_reset = reset is not None
        self.log: list[str] = []
        self.low: set[Line] = set()
        self.taken = False
        self._reset_frees = reset == "frees"
        self._scl_held = scl_held
        self._fails_after = fails

    def _note(self, event: str) -> None:
        self.log.append(event)
        if self._fails_after and len(self.log) >= self._fails_after:
            raise BusError("The wires cannot be reached.")

    def take(self) -> None:
        self._note("take")
        self.taken = True

    def give_back(self) -> None:
        self.taken = False
        self.low -= {Line.SDA, Line.SCL}
        self._note("give back")

    def drive_low(self, line: Line) -> None:
        assert self.taken or line is Line.RESET
        self._note(f"{line} low")
        self.low.add(line)
        if line is Line.RESET and self._reset_frees:
            self.clocks = 0

    def release(self, line: Line) -> None:
        rises = line in self.low
        self.low.discard(line)
        self._note(f"{line} free")
        if line is Line.SCL and rises and self.clocks:
            self.clocks -= 1

    def levels(self) -> Levels:
        self._note("look")
        return Levels(Line.SDA not in self.low and self.clocks == 0, Line.SCL not in self.low and not self._scl_held)


CLOCK = ["SCL low", "SCL free", "look"]
STOP = ["SCL low", "SDA low", "SCL free", "SDA free"]
RESET = ["RESET low", "RESET free"]


def test_the_reset_comes_first_and_is_enough() -> None:
    wires = Wires(5)
    recovery = Recovery(wires)
    assert recovery.free() is Freed.BY_RESET
    assert wires.log == [*RESET, "look"]
    assert (recovery.attempts, recovery.clocks, recovery.trouble) == (1, 0, None)


@pytest.mark.parametrize("clocks", range(1, 10))
@pytest.mark.parametrize("reset", [None, "in vain"])
def test_up_to_nine_clocks_then_a_stop_then_the_pins_go_back(clocks: int, reset: str | None) -> None:
    wires = Wires(clocks, reset=reset)
    recovery = Recovery(wires)
    assert recovery.free() is Freed.BY_CLOCKS
    assert wires.log == [*(RESET if reset else []), "look", "take", *CLOCK * clocks, *STOP, "give back"]
    assert recovery.clocks == clocks


def test_no_more_than_nine_and_no_stop_where_it_would_be_none() -> None:
    wires = Wires(30, reset=None)
    assert Recovery(wires).free() is Freed.NOT
    assert wires.log == ["look", "take", *CLOCK * 9, "give back"]


def test_a_bus_that_is_free_already_is_left_alone() -> None:
    for first in (False, True):
        wires = Wires(0, reset=None)
        assert Recovery(wires).free(clocks_first=first) is Freed.BY_ITSELF
        assert wires.log == ["look"]


def test_clocks_may_come_before_the_reset() -> None:
    wires = Wires(2)
    assert Recovery(wires).free(clocks_first=True) is Freed.BY_CLOCKS
    assert not any("RESET" in event for event in wires.log)
    wires = Wires(30)
    assert Recovery(wires).free(clocks_first=True) is Freed.BY_RESET
    assert wires.log[-4:] == ["give back", *RESET, "look"]


def test_the_clocks_may_come_in_parts() -> None:
    wires = Wires(7, reset=None)
    recovery = Recovery(wires)
    assert [recovery.free(clocks=3) for _ in range(3)] == [Freed.NOT, Freed.NOT, Freed.BY_CLOCKS]
    assert recovery.clocks == 7


def test_a_clock_that_is_held_gets_no_clocks() -> None:
    wires = Wires(0, reset=None, scl_held=True)
    assert Recovery(wires).free() is Freed.NOT
    assert wires.log == ["look"]
    wires = Wires(0, reset="in vain", scl_held=True)
    assert Recovery(wires).free(clocks_first=True) is Freed.NOT


@pytest.mark.parametrize("fails", range(1, 20))
@pytest.mark.parametrize("first", [False, True])
def test_wires_that_cannot_be_reached_are_told_and_given_back(fails: int, first: bool) -> None:
    """Whatever goes wrong, RESET is let go of, and the pins go back to the controller."""
    wires = Wires(4, reset="in vain", fails=fails)
    recovery = Recovery(wires)
    assert recovery.free(clocks_first=first) is Freed.UNKNOWN
    assert recovery.trouble == "The wires cannot be reached."
    assert Line.RESET not in wires.low
    assert not wires.taken


@PROPERTY
@given(clocks=st.integers(0, 12), has_reset=st.booleans(), first=st.booleans(), at_once=st.integers(0, 9))
def test_nothing_that_happens_on_the_wires_looks_like_a_start(clocks: int, has_reset: bool, first: bool, at_once: int) -> None:
    """SDA falls only while SCL is low, and is never driven while it has not been taken."""
    wires = Wires(clocks, reset="frees" if has_reset else None)
    freed = Recovery(wires).free(clocks_first=first, clocks=at_once)
    scl_low = False
    for event in wires.log:
        scl_low = event == "SCL low" or (scl_low and event != "SCL free")
        assert event != "SDA low" or scl_low
    assert not wires.taken
    assert not wires.low
    assert (freed is Freed.NOT) is (wires.clocks != 0)
    assert wires.log.count("SCL free") <= at_once + 1


@PROPERTY
@given(clocks=st.integers(1, 9), channel=st.integers(0, 7))
def test_an_emulated_pod_is_freed_while_it_is_connected(clocks: int, channel: int) -> None:
    clock = VirtualClock()
    switch = Tca9548aChip({}, clock.now)
    bus = EmulatedBus({0x70: switch}, now=clock.now)
    bus.write(0x70, 1 << channel, b"")
    switch.channels[channel].stick(clocks)
    with pytest.raises(BusTimeout):
        bus.receive(0x70, 1)
    assert Recovery(bus).free(clocks_first=True) is Freed.BY_CLOCKS
    assert bus.receive(0x70, 1) == bytes((1 << channel,)), "the others need not be told"
    assert not switch.channels[channel].stuck


def test_a_reset_leaves_the_emulated_pod_as_it_was() -> None:
    clock = VirtualClock()
    switch = Tca9548aChip({}, clock.now)
    bus = EmulatedBus({0x70: switch}, now=clock.now)
    bus.write(0x70, 0x01, b"")
    switch.channels[0].stick(2)
    assert Recovery(bus).free() is Freed.BY_RESET
    assert bus.receive(0x70, 1) == b"\x00"
    assert switch.channels[0].stuck


def test_a_reset_that_is_not_wired_is_not_used() -> None:
    clock = VirtualClock()
    bus = EmulatedBus({}, now=clock.now, has_reset=False)
    bus.stick(3)
    recovery = Recovery(bus)
    assert recovery.free() is Freed.BY_CLOCKS
    assert recovery.clocks == 3
