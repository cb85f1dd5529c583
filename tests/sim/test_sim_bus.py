"""The emulated bus refuses as the real one does."""

from __future__ import annotations

import errno

import pytest

from undertone.errors import BusError, BusTimeout, ChipMissing
from undertone.sensors import Line
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


# ------------------------------------------------------------------------------------------------------------- time that passes


@pytest.fixture
def slow(clock: VirtualClock, chip: Memory) -> EmulatedBus:
    return EmulatedBus({0x20: chip}, now=clock.now, spend=clock.jump, rate_hz=100_000, overhead=200e-6, timeout=0.04)


def test_without_spend_no_time_passes(bus: EmulatedBus, clock: VirtualClock) -> None:
    bus.read(0x20, 0, 8)
    bus.stick()
    with pytest.raises(BusTimeout):
        bus.read(0x20, 0, 8)
    assert clock.now() == 0.0


@pytest.mark.parametrize(("length", "bits"), [(1, 39), (7, 93), (192, 30 + 9 * 192)])
def test_a_read_takes_its_bits_and_the_overhead(slow: EmulatedBus, clock: VirtualClock, length: int, bits: int) -> None:
    slow.read(0x20, 0, length)
    assert clock.now() == pytest.approx(bits * 10e-6 + 200e-6)
    assert slow.bits == bits


def test_a_write_takes_its_bits_and_the_overhead(slow: EmulatedBus, clock: VirtualClock) -> None:
    slow.write(0x20, 1, b"\x01\x02")
    assert clock.now() == pytest.approx(38 * 10e-6 + 200e-6)


def test_a_faster_bus_takes_less(clock: VirtualClock, chip: Memory) -> None:
    EmulatedBus({0x20: chip}, now=clock.now, spend=clock.jump, overhead=0.0).read(0x20, 0, 192)
    assert clock.now() == pytest.approx((30 + 9 * 192) * 2.5e-6)


def test_a_refused_address_is_over_soon_and_a_held_wire_takes_the_timeout(slow: EmulatedBus, clock: VirtualClock) -> None:
    for number, seconds in ((errno.EREMOTEIO, 310e-6), (errno.EAGAIN, 310e-6), (errno.ETIMEDOUT, 0.0402)):
        before = clock.now()
        slow.fail(0x20, number)
        with pytest.raises(BusError):
            slow.read(0x20, 0, 192)
        assert clock.now() - before == pytest.approx(seconds), number
    before = clock.now()
    slow.stick()
    with pytest.raises(BusTimeout):
        slow.write(0x20, 0, b"")
    assert clock.now() - before == pytest.approx(0.0402)


def test_a_chip_is_asked_after_its_address_and_written_after_the_data(clock: VirtualClock) -> None:
    asked: list[float] = []

    class Watching(Memory):
        def read(self, register: int, length: int) -> bytes:
            asked.append(clock.now())
            return super().read(register, length)

        def write(self, register: int, data: bytes) -> None:
            asked.append(clock.now())

    bus = EmulatedBus({0x20: Watching()}, now=clock.now, spend=clock.jump, rate_hz=1000, overhead=0.0)
    bus.read(0x20, 0, 2)
    bus.write(0x20, 0, b"\x00")
    assert asked == [pytest.approx(0.029), pytest.approx(0.048 + 0.029)]


def test_arbitration_that_is_lost_counts_as_a_held_wire(bus: EmulatedBus) -> None:
    bus.lose_arbitration(0x20, 2)
    for _ in range(2):
        with pytest.raises(BusTimeout):
            bus.read(0x20, 0, 1)
    assert bus.read(0x20, 0, 1) == b"\x00"


# --------------------------------------------------------------------------------------------------------------- single wires


def pulse(bus: EmulatedBus) -> None:
    bus.drive_low(Line.SCL)
    bus.release(Line.SCL)


@pytest.mark.parametrize("clocks", [1, 4, 9])
def test_a_stuck_wire_is_let_go_of_after_so_many_clocks(bus: EmulatedBus, clocks: int) -> None:
    bus.stick(clocks)
    bus.take()
    for _ in range(clocks):
        assert bus.levels() == (False, True)
        pulse(bus)
    assert bus.levels() == (True, True)
    bus.give_back()
    assert bus.read(0x20, 0, 1) == b"\x00"


def test_clocks_do_not_help_where_the_clock_itself_is_held(bus: EmulatedBus, clock: VirtualClock) -> None:
    bus.hang(1.0)
    bus.take()
    for _ in range(20):
        pulse(bus)
    assert bus.levels() == (False, True)
    bus.give_back()
    clock.jump(1.0)
    assert bus.levels() == (True, True)


def test_while_the_pins_are_taken_no_transfer_ends(bus: EmulatedBus) -> None:
    bus.take()
    with pytest.raises(BusTimeout):
        bus.read(0x20, 0, 1)
    bus.give_back()
    assert bus.read(0x20, 0, 1) == b"\x00"


def test_the_wires_are_used_as_a_pi_would_allow(bus: EmulatedBus) -> None:
    with pytest.raises(RuntimeError, match="before it was taken"):
        bus.drive_low(Line.SDA)
    bus.take()
    bus.drive_low(Line.SDA)
    assert bus.levels() == (False, True)
    with pytest.raises(RuntimeError, match="given back"):
        bus.give_back()


def test_a_call_for_a_wire_takes_time(clock: VirtualClock, chip: Memory) -> None:
    bus = EmulatedBus({0x20: chip}, now=clock.now, spend=clock.jump, pin_seconds=0.01)
    bus.take()
    pulse(bus)
    bus.levels()
    bus.give_back()
    assert clock.now() == pytest.approx(0.05)
