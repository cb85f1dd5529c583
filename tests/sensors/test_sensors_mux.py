"""The bus switch's driver, and the bus as one pod sees it."""

from __future__ import annotations

import errno

import pytest

from undertone.errors import BusError, BusTimeout, ChipMissing, ChipWrong
from undertone.sensors.mux import PodBus, Tca9548a
from undertone.sim import EmulatedBus, Tca9548aChip
from undertone.timeline import VirtualClock

MUX, CHIP = 0x74, 0x20


class Memory:
    """A chip that holds one byte everywhere."""

    def __init__(self, byte: int) -> None:
        self.byte = byte
        self.written: list[tuple[int, bytes]] = []

    def read(self, register: int, length: int) -> bytes:
        return bytes((self.byte,)) * length

    def receive(self, length: int) -> bytes:
        return bytes((self.byte,)) * length

    def write(self, register: int, data: bytes) -> None:
        self.written.append((register, data))

    def brown_out(self) -> None: ...


class Rig:
    """Eight pods with one chip each, and a record of every transfer with the switch."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.memories = [Memory(0x10 + channel) for channel in range(8)]
        self.chip = Tca9548aChip({channel: {CHIP: memory} for channel, memory in enumerate(self.memories)}, self.clock.now)
        self.bus = Recording({MUX: self.chip}, now=self.clock.now)
        self.switch = Tca9548a(self.bus, MUX)
        self.pods = [PodBus(self.bus, self.switch, channel) for channel in range(8)]


class Recording(EmulatedBus):
    """Notes whom each transfer is for, and what is selected."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.log: list[tuple[str, int]] = []

    def read(self, address: int, register: int, length: int) -> bytes:
        self.log.append(("read", address))
        return super().read(address, register, length)

    def write(self, address: int, register: int, data: bytes) -> None:
        self.log.append((f"select {register:#04x}" if address == MUX else "write", address))
        super().write(address, register, data)

    def receive(self, address: int, length: int) -> bytes:
        self.log.append(("ask", address))
        return super().receive(address, length)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_each_pod_reads_and_writes_its_own_chip(rig: Rig) -> None:
    for channel in (3, 0, 7, 3):
        assert rig.pods[channel].read(CHIP, 0, 2) == bytes((0x10 + channel,)) * 2
        assert rig.pods[channel].receive(CHIP, 1) == bytes((0x10 + channel,))
        rig.pods[channel].write(CHIP, channel, b"\xaa")
    assert [memory.written for memory in rig.memories] == [
        [(0, b"\xaa")],
        [],
        [],
        [(3, b"\xaa")] * 2,
        [],
        [],
        [],
        [(7, b"\xaa")],
    ]


def test_a_selection_is_a_transfer_of_its_own_and_is_remembered(rig: Rig) -> None:
    rig.pods[2].read(CHIP, 0, 1)
    rig.pods[2].write(CHIP, 0, b"\x00")
    rig.pods[5].read(CHIP, 0, 1)
    assert rig.bus.log == [
        ("select 0x04", MUX), ("read", CHIP), ("write", CHIP),
        ("select 0x20", MUX), ("read", CHIP),
    ]  # fmt: skip


@pytest.mark.parametrize("number", [errno.EREMOTEIO, errno.EAGAIN, errno.EBUSY, errno.ETIMEDOUT])
@pytest.mark.parametrize("verb", ["read", "write", "receive"])
def test_after_any_error_it_is_selected_again(rig: Rig, number: int, verb: str) -> None:
    pod = rig.pods[1]
    calls = {
        "read": lambda: pod.read(CHIP, 0, 1),
        "write": lambda: pod.write(CHIP, 0, b"\x00"),
        "receive": lambda: pod.receive(CHIP, 1),
    }
    calls[verb]()
    rig.chip.channels[1].fail(CHIP, number)
    with pytest.raises(BusError):
        calls[verb]()
    pod.open()
    rig.bus.log.clear()
    calls[verb]()
    assert rig.bus.log[0] == ("select 0x02", MUX)


def test_a_refused_selection_is_tried_twice_more(rig: Rig) -> None:
    rig.bus.nack(MUX, 2)
    assert rig.pods[6].read(CHIP, 0, 1) == b"\x16"
    assert rig.switch.retries == 2
    assert rig.pods[6].trouble is None


def test_a_selection_that_broke_off_is_not_believed(rig: Rig) -> None:
    """The switch may have taken the byte before it broke off, or not: another pod's chip must not answer for this one."""
    rig.pods[0].read(CHIP, 0, 1)
    for _ in range(3):
        rig.bus.break_off(MUX, 0)
        with pytest.raises(BusError):
            rig.bus.write(MUX, 0x02, b"")
        rig.switch.forget()
        assert rig.pods[0].read(CHIP, 0, 1) == b"\x10"


def test_without_a_switch_everything_is_refused_until_it_is_opened_again(rig: Rig) -> None:
    rig.bus.unplug(MUX)
    pod = rig.pods[4]
    with pytest.raises(BusTimeout, match="No bus switch answers at 0x74"):
        pod.read(CHIP, 0, 1)
    assert isinstance(pod.trouble, ChipMissing)
    assert pod.switch_failed
    before = rig.bus.transfers
    with pytest.raises(BusTimeout, match="cut off"):
        pod.write(CHIP, 0, b"")
    assert rig.bus.transfers == before, "at no cost"
    rig.bus.plug(MUX, rig.chip)
    pod.open()
    assert (pod.trouble, pod.switch_failed) == (None, False)
    assert pod.read(CHIP, 0, 1) == b"\x14"


def test_a_time_out_closes_the_pod_that_had_it_and_no_other(rig: Rig) -> None:
    rig.chip.channels[3].hang(1.0)
    with pytest.raises(BusTimeout):
        rig.pods[3].read(CHIP, 0, 1)
    assert isinstance(rig.pods[3].trouble, BusTimeout)
    assert not rig.pods[3].switch_failed
    rig.clock.jump(1.0)
    assert rig.pods[2].read(CHIP, 0, 1) == b"\x12"
    with pytest.raises(BusTimeout, match="Pod 3 is cut off"):
        rig.pods[3].read(CHIP, 0, 1)


def test_a_switch_that_lost_its_power_is_found_out_by_whoever_is_not_answered(rig: Rig) -> None:
    rig.pods[1].read(CHIP, 0, 1)
    rig.bus.brown_out(MUX)
    with pytest.raises(ChipMissing):
        rig.pods[1].read(CHIP, 0, 1)
    assert rig.switch.brown_outs == 1
    assert rig.pods[1].read(CHIP, 0, 1) == b"\x11"


def test_a_chip_that_does_not_answer_is_not_the_switchs_fault(rig: Rig) -> None:
    rig.pods[1].read(CHIP, 0, 1)
    rig.chip.channels[1].unplug(CHIP)
    for _ in range(2):
        with pytest.raises(ChipMissing, match="0x20"):
            rig.pods[1].read(CHIP, 0, 1)
    assert rig.switch.brown_outs == 0
    assert rig.pods[1].trouble is None


def test_a_bus_that_hangs_while_the_switch_is_asked_is_noted(rig: Rig) -> None:
    rig.pods[1].read(CHIP, 0, 1)
    rig.chip.channels[1].unplug(CHIP)
    rig.bus.fail(MUX, errno.ETIMEDOUT)
    with pytest.raises(ChipMissing):
        rig.pods[1].read(CHIP, 0, 1)
    assert isinstance(rig.pods[1].trouble, BusTimeout)


def test_all_off_is_sent_whatever_is_remembered(rig: Rig) -> None:
    rig.switch.deselect()
    rig.switch.deselect()
    assert rig.bus.log == [("select 0x00", MUX)] * 2
    assert rig.chip.connected == ()


def test_another_chip_at_its_address_is_told_from_a_switch() -> None:
    clock = VirtualClock()
    impostor = Memory(0x00)
    bus = EmulatedBus({MUX: impostor}, now=clock.now)
    pod = PodBus(bus, Tca9548a(bus, MUX), 2)
    pod.connect()
    assert pod.trouble is None
    pod.verify()
    assert isinstance(pod.trouble, ChipWrong)
    assert "is it a TCA9548A?" in str(pod.trouble)
    assert pod.switch_failed


def test_a_pod_without_a_switch_is_on_the_bus_itself() -> None:
    clock = VirtualClock()
    bus = EmulatedBus({CHIP: Memory(0x33)}, now=clock.now)
    pod = PodBus(bus, None, 0)
    pod.connect()
    pod.verify()
    assert pod.read(CHIP, 0, 1) == pod.receive(CHIP, 1) == b"\x33"
    bus.nack(CHIP)
    with pytest.raises(ChipMissing):
        pod.read(CHIP, 0, 1)
    assert pod.trouble is None
    bus.hang(1.0)
    with pytest.raises(BusTimeout):
        pod.read(CHIP, 0, 1)
    assert isinstance(pod.trouble, BusTimeout)
