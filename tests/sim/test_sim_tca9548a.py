"""The emulated bus switch against its datasheet."""

from __future__ import annotations

import pytest

from undertone.errors import BusTimeout, ChipMissing
from undertone.sensors import Line
from undertone.sim import EmulatedBus, Tca9548aChip
from undertone.timeline import VirtualClock

MUX, CHIP = 0x70, 0x20


class Memory:
    """A chip of 256 bytes, all alike."""

    def __init__(self, byte: int = 0xFF) -> None:
        self.bytes = bytearray((byte,) * 256)

    def read(self, register: int, length: int) -> bytes:
        return bytes(self.bytes[register : register + length])

    def write(self, register: int, data: bytes) -> None:
        self.bytes[register : register + len(data)] = data

    def brown_out(self) -> None:
        self.bytes[:] = bytes(256)


class Rig:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.memories = {channel: Memory(0x10 + channel) for channel in range(8)}
        self.switch = Tca9548aChip({channel: {CHIP: memory} for channel, memory in self.memories.items()}, self.clock.now)
        self.bus = EmulatedBus({MUX: self.switch}, now=self.clock.now)

    def select(self, control: int) -> None:
        self.bus.write(MUX, control, b"")


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_after_power_up_nothing_is_connected(rig: Rig) -> None:
    assert rig.bus.receive(MUX, 1) == b"\x00"
    with pytest.raises(ChipMissing):
        rig.bus.read(CHIP, 0, 1)


@pytest.mark.parametrize("channel", range(8))
def test_bit_n_connects_channel_n(rig: Rig, channel: int) -> None:
    rig.select(1 << channel)
    assert rig.bus.read(CHIP, 0, 2) == bytes((0x10 + channel,)) * 2
    assert rig.bus.receive(MUX, 2) == bytes((1 << channel,)) * 2


def test_of_several_bytes_the_last_one_counts(rig: Rig) -> None:
    rig.bus.write(MUX, 0x01, b"\x02\x08")
    assert rig.bus.read(CHIP, 0, 1) == b"\x13"


def test_a_channel_connects_only_after_the_stop_condition(rig: Rig) -> None:
    """Within a transfer the old channel stays on: that is why a selection must be a transfer of its own."""
    rig.select(0x02)
    rig.switch.write(0x04, b"")
    assert [segment.chips[CHIP] for segment in rig.switch.connected] == [rig.memories[1]]
    rig.switch.stop()
    assert [segment.chips[CHIP] for segment in rig.switch.connected] == [rig.memories[2]]


def test_reading_after_a_register_writes_it(rig: Rig) -> None:
    """It has no register numbers: the byte before the repeated start is a control byte like any other."""
    assert rig.bus.read(MUX, 0x05, 1) == b"\x05"
    assert len(rig.switch.connected) == 2


def test_two_channels_at_once_are_written_together_and_read_as_a_wired_and(rig: Rig) -> None:
    rig.memories[0].bytes[0], rig.memories[1].bytes[0] = 0b1100, 0b1010
    rig.select(0x03)
    assert rig.bus.read(CHIP, 0, 1) == b"\x08"
    rig.bus.write(CHIP, 7, b"\x5a")
    assert rig.memories[0].bytes[7] == rig.memories[1].bytes[7] == 0x5A
    assert rig.memories[2].bytes[7] == 0x12


def test_a_brown_out_forgets_the_selection(rig: Rig) -> None:
    rig.select(0x01)
    rig.bus.brown_out(MUX)
    assert rig.bus.receive(MUX, 1) == b"\x00"
    with pytest.raises(ChipMissing):
        rig.bus.read(CHIP, 0, 1)


def test_reset_switches_everything_off_and_while_it_is_low_nobody_answers(rig: Rig) -> None:
    rig.select(0xFF)
    rig.bus.drive_low(Line.RESET)
    with pytest.raises(ChipMissing):
        rig.select(0x01)
    rig.bus.release(Line.RESET)
    assert rig.bus.receive(MUX, 1) == b"\x00"
    rig.select(0x01)
    assert rig.bus.read(CHIP, 0, 1) == b"\x10"


def test_a_stuck_channel_drags_the_trunk_down_only_while_it_is_on(rig: Rig) -> None:
    rig.switch.channels[3].stick()
    rig.select(0x04)
    assert rig.bus.read(CHIP, 0, 1) == b"\x12"
    rig.select(0x08)
    for _ in range(2):
        with pytest.raises(BusTimeout):
            rig.select(0x04)
    assert not rig.bus.levels().sda
    rig.bus.drive_low(Line.RESET)
    rig.bus.release(Line.RESET)
    assert rig.bus.levels() == (True, True)
    rig.select(0x04)
    assert rig.bus.read(CHIP, 0, 1) == b"\x12"


def test_a_fault_behind_a_channel_hits_only_that_channel(rig: Rig) -> None:
    rig.switch.channels[1].nack(CHIP, 2)
    rig.switch.channels[2].break_off(CHIP, 1)
    rig.select(0x01)
    assert rig.bus.read(CHIP, 0, 1) == b"\x10"
    rig.select(0x02)
    for _ in range(2):
        with pytest.raises(ChipMissing):
            rig.bus.read(CHIP, 0, 1)
    assert rig.bus.read(CHIP, 0, 1) == b"\x11"
    rig.select(0x04)
    with pytest.raises(ChipMissing):
        rig.bus.write(CHIP, 0, b"\xaa\xbb")
    assert rig.bus.read(CHIP, 0, 2) == b"\xaa\x12"


def test_a_selection_that_breaks_off_may_have_been_taken(rig: Rig) -> None:
    rig.select(0x01)
    rig.bus.break_off(MUX, 0)
    with pytest.raises(ChipMissing):
        rig.select(0x02)
    assert rig.bus.read(CHIP, 0, 1) == b"\x11"


def test_a_switch_can_be_unplugged_and_plugged_again(rig: Rig) -> None:
    rig.select(0x01)
    rig.bus.unplug(MUX)
    for address in (MUX, CHIP):
        with pytest.raises(ChipMissing):
            rig.bus.read(address, 0, 1)
    rig.bus.plug(MUX, rig.switch)
    assert rig.bus.receive(MUX, 1) == b"\x00"


def test_there_is_no_ninth_channel(rig: Rig) -> None:
    with pytest.raises(ValueError, match="0…7"):
        Tca9548aChip({8: {}}, rig.clock.now)
