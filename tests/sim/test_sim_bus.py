"""The emulated bus refuses as the real one does."""

from __future__ import annotations

import errno

import pytest

from undertone.errors import BusError, BusTimeout, ChipMissing
from undertone.sensors.bus import refusal
from undertone.sim.bus import EmulatedBus
from undertone.timeline import VirtualClock


class Memory:
    """A chip of 256 bytes that counts how often it lost its power."""

    def __init__(self) -> None:
        self.bytes = bytearray(range(256))
        self.brown_outs = 0
        self.called: list[int] = []

    def read(self, register: int, length: int) -> bytes:
        return bytes(self.bytes[register : register + length])

    def write(self, register: int, data: bytes) -> None:
        self.bytes[register : register + len(data)] = data

    def brown_out(self) -> None:
        self.brown_outs += 1

    def general_call(self, command: int) -> None:
        self.called.append(command)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def chip() -> Memory:
    return Memory()


@pytest.fixture
def bus(clock: VirtualClock, chip: Memory) -> EmulatedBus:
    return EmulatedBus({0x20: chip}, now=clock.now)


def test_both_verbs_reach_the_chip(bus: EmulatedBus) -> None:
    bus.write(0x20, 5, b"\xaa\xbb")
    assert bus.read(0x20, 4, 4) == b"\x04\xaa\xbb\x07"
    assert bus.transfers == 2
    assert bus.bits == 20 + 18 + 30 + 36


def test_an_absent_chip_is_refused_in_the_words_of_the_real_bus(bus: EmulatedBus) -> None:
    for call in (lambda: bus.read(0x21, 0, 1), lambda: bus.write(0x21, 0, b"")):
        with pytest.raises(ChipMissing) as caught:
            call()
        assert str(caught.value) == str(refusal(errno.EREMOTEIO, 0x21))


def test_a_nack_hits_its_address_as_often_as_scripted(bus: EmulatedBus) -> None:
    bus.plug(0x30, Memory())
    bus.nack(0x20, 2)
    assert bus.read(0x30, 1, 1) == b"\x01"
    for _ in range(2):
        with pytest.raises(ChipMissing):
            bus.read(0x20, 1, 1)
    assert bus.read(0x20, 1, 1) == b"\x01"


def test_any_error_number_can_be_scripted(bus: EmulatedBus) -> None:
    bus.fail(0x20, errno.ETIMEDOUT)
    bus.fail(0x20, errno.EBUSY)
    with pytest.raises(BusTimeout):
        bus.write(0x20, 0, b"\x00")
    with pytest.raises(BusError, match="kernel driver"):
        bus.write(0x20, 0, b"\x00")
    bus.write(0x20, 0, b"\x00")


def test_a_hang_ends_by_itself_and_hits_everybody(bus: EmulatedBus, clock: VirtualClock) -> None:
    bus.hang(2.0)
    for address in (0x20, 0x33):
        with pytest.raises(BusTimeout):
            bus.read(address, 0, 1)
    clock.jump(1.99)
    with pytest.raises(BusTimeout):
        bus.write(0x20, 0, b"\x00")
    clock.jump(0.02)
    assert bus.read(0x20, 0, 1) == b"\x00"


def test_a_stuck_bus_stays_stuck_until_it_is_recovered(bus: EmulatedBus, clock: VirtualClock) -> None:
    bus.stick()
    clock.jump(1e6)
    with pytest.raises(BusTimeout):
        bus.read(0x20, 0, 1)
    bus.recover()
    assert bus.read(0x20, 0, 1) == b"\x00"


def test_a_write_that_breaks_off_has_written_a_part(bus: EmulatedBus) -> None:
    bus.break_off(0x20, 1)
    with pytest.raises(ChipMissing):
        bus.write(0x20, 5, b"\xaa\xbb")
    assert bus.read(0x20, 5, 2) == b"\xaa\x06"


def test_unplugging_and_plugging_again_is_a_loss_of_power(bus: EmulatedBus, chip: Memory) -> None:
    assert bus.unplug(0x20) is chip
    with pytest.raises(ChipMissing):
        bus.read(0x20, 0, 1)
    bus.plug(0x20, chip)
    assert bus.read(0x20, 0, 1) == b"\x00"
    assert chip.brown_outs == 1
    bus.brown_out(0x20)
    assert chip.brown_outs == 2


def test_a_general_call_reaches_everybody(bus: EmulatedBus, chip: Memory) -> None:
    bus.write(0x00, 0x06, b"")
    assert chip.called == [0x06]
    with pytest.raises(ChipMissing):
        EmulatedBus({}, now=lambda: 0.0).write(0x00, 0x06, b"")
