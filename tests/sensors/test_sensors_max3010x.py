"""The pulse sensor's driver on the emulated chip: bring-up, identification, and a FIFO full of traps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undertone.errors import BusError, ChipMissing, ChipWrong, ConfigError, RegisterError
from undertone.sensors import Max3010x, PulseSettings
from undertone.sensors.max3010x import Drained, _unpacked
from undertone.sim.bus import EmulatedBus
from undertone.sim.max3010x_chip import Max3010xChip
from undertone.timeline import VirtualClock

ADDRESS = 0x57


class Ramp:
    """Light that grows with time, so that every sample says when it was taken: 100 nA/mA at 0 s, 10 more each second."""

    def light(self, times: np.ndarray) -> np.ndarray:
        return np.stack([100.0 + 0 * times, 100.0 + 10.0 * times], axis=1)

    def conductance(self, times: np.ndarray) -> np.ndarray:
        return 0 * times


class Rig:
    def __init__(self, settings: PulseSettings | None = None, **chip: object) -> None:
        self.clock = VirtualClock()
        self.chip = Max3010xChip(Ramp(), self.clock.now, noise_counts=0.0, dark_counts=0.0, **chip)  # type: ignore[arg-type]
        self.bus = EmulatedBus({ADDRESS: self.chip}, now=self.clock.now)
        self.driver = Max3010x(self.bus, settings or PulseSettings())

    def bring_up(self) -> None:
        while self.driver.poll(self.clock.now()) is None:
            self.clock.jump(max(0.0, self.driver.due - self.clock.now()))

    def drain(self, seconds: float) -> Drained:
        self.clock.jump(seconds)
        drained = self.driver.poll(self.clock.now())
        while drained is None:
            # It had an errand to run first, which takes no time.
            drained = self.driver.poll(self.clock.now())
        return drained


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.bring_up()
    return made


def taken_at(drained: Drained) -> np.ndarray:
    """When the ramp says that each sample was taken."""
    return (drained.infrared / (7.0 * 64.0) - 100.0) / 10.0


def test_bring_up_follows_the_datasheet(rig: Rig) -> None:
    assert rig.driver.revision == 0x03
    assert rig.driver.rate_hz == 100.0
    read = [rig.chip.read(register, 1)[0] for register in (0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x02)]
    assert read == [0x4F, 0x03, 0x2F, 0x23, 0x23, 0xA0]
    assert rig.chip.read(0x00, 1)[0] & 0x01 == 0


def test_bring_up_waits_for_the_reset_without_sleeping() -> None:
    rig = Rig(reset_seconds=0.05)
    polls = 0
    while rig.driver.poll(rig.clock.now()) is None and polls < 200:
        assert rig.driver.due > rig.clock.now()
        rig.clock.jump(rig.driver.due - rig.clock.now())
        polls += 1
    assert 45 < polls < 60


def test_a_reset_that_never_ends_is_the_wrong_chip() -> None:
    rig = Rig(reset_seconds=1e9)
    with pytest.raises(ChipWrong, match="does not come out of its reset"):
        rig.bring_up()
    assert rig.clock.now() == pytest.approx(0.101, abs=0.002)


@pytest.mark.parametrize(
    ("part", "expected", "says"),
    [(0x11, ChipWrong, "MAX30100"), (0xFF, ChipMissing, "floats"), (0x42, ChipWrong, "0x42, not 0x15.*DS3231")],
)
def test_other_parts_are_refused_in_a_sentence(part: int, expected: type[Exception], says: str) -> None:
    rig = Rig(part_id=part)
    with pytest.raises(expected, match=says):
        rig.driver.poll(0.0)


def test_nobody_there_is_chip_missing() -> None:
    rig = Rig()
    rig.bus.unplug(ADDRESS)
    with pytest.raises(ChipMissing, match="No chip answers at 0x57"):
        rig.driver.poll(0.0)


def test_samples_come_oldest_first_and_complete(rig: Rig) -> None:
    seen = np.concatenate([taken_at(rig.drain(0.17)) for _ in range(20)])
    assert len(seen) == 20 * 17
    assert np.diff(seen) == pytest.approx(0.01, abs=0.002)


def test_red_and_infrared_are_not_mistaken_for_each_other() -> None:
    for swapped, setting in ((False, False), (True, True)):
        rig = Rig(PulseSettings(red_ma=2.0, infrared_ma=7.0, swap_channels=setting), swapped=swapped)
        rig.bring_up()
        drained = rig.drain(0.1)
        assert drained.red == pytest.approx(100 * 2.0 * 64)
        assert taken_at(drained)[-1] == pytest.approx(rig.clock.now(), abs=0.02)


def test_a_swapped_module_shows_as_swapped_without_the_setting() -> None:
    rig = Rig(swapped=True)
    rig.bring_up()
    assert rig.drain(0.1).infrared == pytest.approx(100 * 7.0 * 64)


def test_an_exactly_full_fifo_is_not_mistaken_for_an_empty_one(rig: Rig) -> None:
    rig.drain(0.1)
    drained = rig.drain(0.3205)
    assert rig.chip.read(0x05, 1)[0] == 0
    assert len(drained.infrared) == 32
    assert (drained.lost_after, drained.uncertain) == (0, False)
    assert taken_at(drained)[-1] == pytest.approx(rig.clock.now(), abs=0.015)


def test_an_empty_fifo_is_not_mistaken_for_a_full_one(rig: Rig) -> None:
    rig.drain(0.3)
    assert len(rig.drain(0.001).infrared) == 0
    rig.drain(0.25)
    # The flag may be raised between the moment at which it is read and that at which the pointers are.
    rig.chip._registers[0x00] |= 0x80
    assert len(rig.drain(0.0).infrared) == 0


@pytest.mark.parametrize(("pause", "lost", "uncertain"), [(0.36, 4, False), (0.45, 13, False), (1.0, 15, True)])
def test_an_overflow_is_counted_as_far_as_the_chip_can(rig: Rig, pause: float, lost: int, uncertain: bool) -> None:
    rig.drain(0.1)
    began = rig.clock.now()
    drained = rig.drain(pause + 0.0005)
    assert len(drained.infrared) == 32
    assert drained.lost_after == pytest.approx(lost, abs=1)
    assert drained.uncertain is uncertain
    # Rollover is off: the oldest are kept.
    assert taken_at(drained)[0] == pytest.approx(began, abs=0.015)
    assert rig.drain(0.1).lost_after == 0


@pytest.mark.parametrize("after", [0, 1, 6, 7, 50])
def test_a_transfer_that_breaks_off_loses_nothing(rig: Rig, after: int) -> None:
    before = taken_at(rig.drain(0.15))
    rig.clock.jump(0.15)
    pointers = rig.bus.read

    def break_second(address: int, register: int, length: int) -> bytes:
        if register == 0x07:
            rig.bus.break_off(address, after)
        return pointers(address, register, length)

    rig.driver._bus = type("Breaking", (), {"read": staticmethod(break_second), "write": rig.bus.write})()
    with pytest.raises(ChipMissing):
        rig.driver.poll(rig.clock.now())
    rig.driver._bus = rig.bus
    drained = rig.drain(0.02)
    assert drained.lost_before == 0
    assert np.diff(np.concatenate([before, taken_at(drained)])) == pytest.approx(0.01, abs=0.002)


def test_a_transfer_that_broke_off_too_long_ago_has_lost_what_it_took(rig: Rig) -> None:
    rig.drain(0.15)
    rig.clock.jump(0.2)
    rig.chip.read(0x07, 6 * 8)
    drained = rig.drain(0.2)
    assert drained.lost_before == 8
    assert len(drained.infrared) == 32


def test_power_lost_in_the_middle_is_noticed_and_everything_set_up_again(rig: Rig) -> None:
    rig.drain(0.1)
    rig.chip.brown_out()
    assert rig.drain(0.1).brown_out
    rig.bring_up()
    assert rig.chip.read(0x0A, 1)[0] == 0x2F
    assert len(rig.drain(0.2).infrared) == 20


def test_a_chip_that_stopped_without_a_word_is_set_up_again(rig: Rig) -> None:
    rig.chip.write(0x09, b"\x83")
    assert not rig.drain(0.5).stalled
    assert rig.drain(0.5).stalled
    rig.bring_up()
    assert len(rig.drain(0.2).infrared) == 20


def test_a_rate_that_is_too_high_for_the_pulse_is_taken_as_the_chip_clamps_it() -> None:
    rig = Rig(PulseSettings(conversions_per_s=1000, average=4, pulse_microseconds=411))
    rig.bring_up()
    assert rig.driver.rate_hz == 100.0
    assert len(rig.drain(0.2).infrared) == pytest.approx(20, abs=1)


def test_a_chip_that_forgets_its_settings_is_refused() -> None:
    rig = Rig()
    write = rig.bus.write
    rig.driver._bus = type(
        "Deaf", (), {"read": rig.bus.read, "write": staticmethod(lambda a, r, d: None if r == 0x0A else write(a, r, d))}
    )()
    with pytest.raises(ChipWrong, match="does not keep its settings"):
        rig.bring_up()


def test_faster_sensors_are_drained_before_their_fifo_is_full() -> None:
    rig = Rig(PulseSettings(average=1))
    rig.bring_up()
    total = 0
    start = rig.clock.now()
    while rig.clock.now() < start + 2.0:
        drained = rig.drain(rig.driver.due - rig.clock.now())
        total += len(drained.infrared)
        assert drained.lost_after == 0
        assert len(drained.infrared) <= 20
    assert total == pytest.approx(800, abs=16)


def test_settings_that_no_chip_has_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"no pulse sensor 'MAX30100'.*MAX30102"):
        PulseSettings(chip="MAX30100")
    with pytest.raises(RegisterError, match="current_ma can be 0…51"):
        PulseSettings(red_ma=60.0)
    with pytest.raises(RegisterError, match="average can be"):
        PulseSettings(average=3)


def test_ambient_light_beyond_the_chip_is_told(rig: Rig) -> None:
    assert not rig.drain(0.1).ambient_overflow
    rig.chip.sunlight = True
    drained = rig.drain(0.1)
    assert drained.ambient_overflow
    assert (drained.infrared == 262143).all()


def test_bus_trouble_is_raised_and_a_further_poll_retries(rig: Rig) -> None:
    rig.drain(0.1)
    rig.bus.nack(ADDRESS, 1)
    with pytest.raises(BusError):
        rig.drain(0.1)
    assert len(rig.drain(0.01).infrared) == 11


def test_only_eighteen_bits_count() -> None:
    """ "Bits 23:18 are not used": nothing promises that they are 0."""
    red, infrared = _unpacked(b"\xfd\x02\x03" b"\xfe\x05\x06", swap=False)
    assert (red.tolist(), infrared.tolist()) == ([0x10203], [0x20506])


def test_a_change_that_a_restart_overtakes_is_part_of_the_set_up(rig: Rig) -> None:
    rig.drain(0.1)
    rig.driver.adjust(replace(rig.driver.drive, infrared_ma=14.0, range_na=8192))
    rig.driver.restart()
    rig.bring_up()
    assert [rig.chip.read(register, 1)[0] for register in (0x0A, 0x0C, 0x0D)] == [0x4F, 0x23, 0x46]
    assert rig.drain(0.1).aside == 0


def test_a_change_sets_aside_what_was_taken_before_it_and_three_more(rig: Rig) -> None:
    rig.drain(0.1)
    rig.driver.adjust(replace(rig.driver.drive, infrared_ma=14.0))
    assert rig.driver.due <= rig.clock.now()
    # The machine is busy: seven samples come meanwhile.
    rig.clock.jump(0.0701)
    assert rig.driver.poll(rig.clock.now()) is None
    drained = rig.drain(0.15)
    assert drained.aside == 10
    assert len(drained.infrared) == 12
    # Ramp: 100 nA/mA and 10 more each second, at 14 mA.
    assert drained.infrared[0] / (14.0 * 64.0) == pytest.approx(100.0 + 10.0 * (rig.clock.now() - 0.12), abs=0.15)


def test_a_full_fifo_at_the_moment_of_a_change_is_set_aside_altogether(rig: Rig) -> None:
    rig.drain(0.1)
    rig.driver.adjust(replace(rig.driver.drive, infrared_ma=14.0))
    rig.clock.jump(0.4)
    assert rig.driver.poll(rig.clock.now()) is None
    drained = rig.drain(0.0001)
    assert (drained.aside, len(drained.infrared)) == (32, 0)
    # What found no place was taken before, too: the three that settle are still to come.
    assert rig.drain(0.15).aside == 3


def test_what_the_chip_cannot_be_driven_with_is_refused(rig: Rig) -> None:
    with pytest.raises(RegisterError, match="current_ma can be"):
        rig.driver.adjust(replace(rig.driver.drive, infrared_ma=60.0))
    assert rig.driver.drive.infrared_ma == 7.0
