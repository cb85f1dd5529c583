"""The emulated chips against the sentences of their datasheets, byte by byte and without any driver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.sensors import electrode_volts
from undertone.sim.ads1115_chip import Ads1115Chip
from undertone.sim.chips import HORIZON, Ahead
from undertone.sim.max3010x_chip import Max3010xChip
from undertone.timeline import VirtualClock

RED_MA, INFRARED_MA = 7.0, 7.0


class Person:
    """Infrared light and skin conductance both say what time it is. Notes what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, list[float]] = {"light": [], "conductance": []}
        self.calls = 0
        self.level: float | None = None

    def light(self, times: np.ndarray) -> np.ndarray:
        self.asked["light"] += times.tolist()
        self.calls += 1
        infrared = 100.0 + times if self.level is None else np.full_like(times, self.level)
        return np.stack([0.5 * infrared, infrared], axis=1)

    def conductance(self, times: np.ndarray) -> np.ndarray:
        self.asked["conductance"] += times.tolist()
        return 1.0 + 0.1 * times


class Pulse:
    """A MAX30102 that measures: 400 conversions a second, averaged by four, 18 bits, 4096 nA, 7 mA."""

    def __init__(self, *, fifo: int = 0x4F, spo2: int = 0x2F, mode: int = 0x03, **options: object) -> None:
        self.clock = VirtualClock()
        self.person = Person()
        options = {"noise_counts": 0.0, "dark_counts": 0.0} | options
        self.chip = Max3010xChip(self.person, self.clock.now, **options)  # type: ignore[arg-type]
        self.read(0x00)
        first = {0x08: fifo, 0x0A: spo2, 0x0C: 0x23, 0x0D: 0x23, 0x02: 0xF0, 0x03: 0x02, 0x09: mode}
        for register, byte in first.items():
            self.write(register, byte)

    def read(self, register: int, length: int = 1) -> bytes:
        return self.chip.read(register, length)

    def write(self, register: int, *data: int) -> None:
        self.chip.write(register, bytes(data))

    def pointers(self) -> tuple[int, int, int]:
        write, lost, read = self.read(0x04, 3)
        return write, lost, read

    def samples(self, count: int, channels: int = 2) -> np.ndarray:
        data = np.frombuffer(self.read(0x07, 3 * channels * count), np.uint8).reshape(count, channels, 3).astype(int)
        return data[..., 0] << 16 | data[..., 1] << 8 | data[..., 2]


def counts(t: float, ma: float = INFRARED_MA) -> float:
    return (100.0 + t) * ma * 64.0


# ---------------------------------------------------------------------------------------------------------- MAX3010x: registers


def test_after_power_up_the_registers_are_as_tabulated() -> None:
    chip = Max3010xChip(Person(), lambda: 0.0)
    assert chip.read(0x00, 1) == b"\x01"
    tabulated = {0x13: 0xFF, 0x14: 0xFF, 0x15: 0xFF, 0x16: 0xFF, 0x17: 0xFF, 0xFE: 0x03, 0xFF: 0x15}
    assert {register: chip.read(register, 1)[0] for register in range(256) if register != 7} == {
        register: tabulated.get(register, 0) for register in range(256) if register != 7
    }


def test_power_ready_is_raised_by_power_and_not_by_a_reset_and_cleared_by_reading() -> None:
    pulse = Pulse()
    assert pulse.read(0x00)[0] & 0x01 == 0
    pulse.chip.brown_out()
    assert pulse.read(0x00)[0] & 0x01 == 1
    assert pulse.read(0x00)[0] & 0x01 == 0
    pulse.write(0x09, 0x40)
    pulse.clock.jump(0.01)
    assert pulse.read(0x00)[0] == 0
    assert pulse.read(0x0C, 2) == b"\x00\x00"


def test_a_reset_takes_its_time_and_clears_itself() -> None:
    pulse = Pulse(reset_seconds=0.002)
    pulse.write(0x09, 0x40)
    assert pulse.read(0x09)[0] == 0x40
    pulse.write(0x0C, 0x55)
    pulse.clock.jump(0.0021)
    assert pulse.read(0x09)[0] == 0
    assert pulse.read(0x0C)[0] == 0


def test_what_cannot_be_written_is_not_and_unused_bits_are_not_kept() -> None:
    pulse = Pulse()
    for register in (0x00, 0x01, 0x18, 0x1E, 0x1F, 0x20, 0x40, 0xFE, 0xFF):
        before = pulse.read(register)
        pulse.write(register, 0xAA)
        assert pulse.read(register) == before, hex(register)
    for register, kept in ((0x02, 0xF0), (0x06, 0x1F), (0x11, 0x77), (0x13, 0xFF), (0x0B, 0xFF)):
        pulse.write(register, 0xFF)
        assert pulse.read(register)[0] == kept, hex(register)


def test_a_burst_walks_on_but_stays_at_the_fifo() -> None:
    pulse = Pulse()
    pulse.write(0x0C, 0x11, 0x22)
    assert pulse.read(0x0C, 2) == b"\x11\x22"
    pulse.clock.jump(0.0301)
    burst = pulse.read(0x04, 3 + 12)
    assert tuple(burst[:3]) == (3, 0, 0)
    assert pulse.pointers() == (3, 0, 2)


def test_the_write_pointer_is_writable_only_in_a_valid_mode() -> None:
    pulse = Pulse(mode=0x00)
    pulse.write(0x04, 5)
    assert pulse.read(0x04)[0] == 0
    pulse.write(0x09, 0x03)
    pulse.write(0x04, 5)
    assert pulse.read(0x04)[0] == 5


ALLOWED = {
    # LED pulse code: fastest rate code with two LEDs, with one (tables 11 and 12)
    0: (6, 7), 1: (5, 6), 2: (4, 6), 3: (3, 5),
}  # fmt: skip


@pytest.mark.parametrize("mode", [0x02, 0x03])
@pytest.mark.parametrize("pulse_code", range(4))
@pytest.mark.parametrize("rate_code", range(8))
def test_a_rate_too_high_for_the_pulse_is_clamped_in_the_register(mode: int, pulse_code: int, rate_code: int) -> None:
    pulse = Pulse(spo2=rate_code << 2 | pulse_code, mode=mode)
    fastest = ALLOWED[pulse_code][0 if mode == 0x03 else 1]
    assert pulse.read(0x0A)[0] == min(rate_code, fastest) << 2 | pulse_code


def test_a_floating_line_reads_ones() -> None:
    assert Pulse(part_id=0xFF).read(0x00, 4) == b"\xff" * 4


# ------------------------------------------------------------------------------------------------------------ MAX3010x: samples


@pytest.mark.parametrize("skew", [-0.015, 0.0, 0.015])
def test_samples_come_by_the_chips_own_clock(skew: float) -> None:
    pulse = Pulse(fifo=0x5F, skew=skew)
    total = 0
    for _ in range(1000):
        pulse.clock.jump(0.1)
        write, _, read = pulse.pointers()
        fresh = (write - read) % 32
        pulse.read(0x07, 6 * fresh)
        total += fresh
    assert total == pytest.approx(10000 * (1 + skew), abs=1)


@pytest.mark.parametrize(("fifo", "spo2", "rate"), [(0x00, 0x23, 50), (0x00, 0x2F, 400), (0x20, 0x2F, 200), (0x60, 0x3C, 400)])
def test_averaging_decimates(fifo: int, spo2: int, rate: int) -> None:
    pulse = Pulse(fifo=fifo, spo2=spo2 & 0x7F)
    # 0x3C asks for 3200 a second with the shortest pulse and gets 1600, averaged by eight: 200.
    rate = 200 if fifo == 0x60 else rate
    pulse.clock.jump(20.5 / rate)
    assert pulse.pointers() == (20, 0, 0)


def test_a_sample_is_the_light_in_the_middle_of_its_conversions() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.1001)
    red, infrared = pulse.samples(10).T
    middles = 0.01 * np.arange(1, 11) - 0.00375
    assert infrared == pytest.approx(counts(0.0) + middles * INFRARED_MA * 64, abs=1)
    assert red == pytest.approx(0.5 * infrared, abs=1)


def test_slow_averages_are_really_averages() -> None:
    """With the light growing evenly, an average over 0.62 s is the light in its middle; with a step it is not."""
    pulse = Pulse(fifo=0xA0, spo2=0x23)
    pulse.person.light = lambda t: np.stack([t * 0, 100.0 + 100.0 * (t > 0.32)], axis=1)  # type: ignore[method-assign]
    pulse.chip._ahead = Ahead(pulse.person.light)
    pulse.clock.jump(0.65)
    assert pulse.samples(1)[0, 1] == pytest.approx(150 * 7 * 64, rel=0.03)


@pytest.mark.parametrize(("code", "bits"), [(0, 15), (1, 16), (2, 17), (3, 18)])
def test_samples_are_left_justified(code: int, bits: int) -> None:
    pulse = Pulse(spo2=0x2C | code, noise_counts=50.0)
    pulse.clock.jump(0.2)
    infrared = pulse.samples(19)[:, 1]
    low = (1 << 18 - bits) - 1
    assert (infrared & low == 0).all()
    assert (infrared & (low + 1) != 0).any()
    assert infrared.mean() == pytest.approx(counts(0.1), rel=0.005)


@pytest.mark.parametrize(("code", "full_scale"), [(0, 2048), (1, 4096), (2, 8192), (3, 16384)])
def test_the_range_scales_and_saturates(code: int, full_scale: int) -> None:
    pulse = Pulse(spo2=code << 5 | 0x0F)
    pulse.person.level = 300.0
    pulse.clock.jump(0.1)
    expected = min(262143.0, 300.0 * 7 / full_scale * 262144)
    assert pulse.samples(5)[:, 1] == pytest.approx(expected, abs=1)


def test_the_led_current_acts_at_once_also_on_light_looked_up_ahead() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.1001)
    before = pulse.samples(10)[-1, 1]
    pulse.write(0x0D, 0x46)
    pulse.clock.jump(0.1)
    after = pulse.samples(10)[:, 1] / before
    # The sample under way mixes before and after, the next one shows how the light settles.
    assert 1.5 < after[0] < 1.99
    assert 1.99 < after[1] < 2.0
    assert after[2:] == pytest.approx(2.0, rel=0.002)
    pulse.write(0x0D, 0x00)
    pulse.clock.jump(0.1)
    assert (pulse.samples(10)[3:, 1] == 0).all()


@given(st.floats(0.0, 0.01), st.floats(0.001, 0.05), st.integers(1, 40))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_change_of_range_or_current_is_averaged_like_the_light_itself(when: float, settling: float, reads: int) -> None:
    """However often somebody looks meanwhile, the samples are the mean of the settling light over each of them."""
    pulse = Pulse(settling_seconds=settling)
    pulse.person.level = 100.0
    pulse.clock.jump(0.1 + when)
    assert len(pulse.samples(10)) == 10
    pulse.write(0x0D, 0x46)
    for _ in range(reads):
        pulse.clock.jump(0.2 / reads)
        pulse.pointers()
    seen = pulse.samples(19)[:, 1]
    fine = (np.arange(19 * 500) + 0.5) / 50000 - when
    lit = np.where(fine < 0, 7.0, 14.0 - 7.0 * np.exp(-np.maximum(fine, 0.0) / settling)) * 100.0 * 64.0
    assert seen == pytest.approx(lit.reshape(19, 500).mean(axis=1), abs=30)


def test_a_second_change_begins_where_the_first_has_come_to() -> None:
    pulse = Pulse(settling_seconds=0.02)
    pulse.person.level = 100.0
    pulse.clock.jump(0.1001)
    pulse.samples(10)
    pulse.write(0x0D, 0x46)
    pulse.clock.jump(0.01)
    pulse.write(0x0A, 0x4F)
    pulse.clock.jump(0.2)
    light = pulse.samples(20)[:, 1] / (100.0 * 64.0)
    # 7 mA, on the way to 14, and half the counts of that, because the range is twice as wide.
    assert light[0] == pytest.approx(7.0 + 7.0 * 0.21, abs=0.3)
    assert light[1] == pytest.approx(7.0 + 2.75 * 0.787, abs=0.05)
    assert (np.diff(light[1:10]) < 0.0).all()
    assert light[-1] == pytest.approx(7.0, abs=0.01)


def test_light_that_the_chip_does_not_subtract_adds_to_both_channels() -> None:
    pulse = Pulse()
    pulse.person.level = 100.0
    pulse.chip.ambient_na = 500.0
    pulse.clock.jump(0.0501)
    assert pulse.samples(5)[-1].tolist() == pytest.approx([(350 + 500) * 64, (700 + 500) * 64], abs=1)


def test_modes_and_slots_decide_what_a_sample_is() -> None:
    pulse = Pulse(mode=0x02)
    pulse.clock.jump(0.0501)
    assert pulse.samples(5, channels=1)[:, 0] == pytest.approx(0.5 * counts(0.0), rel=0.01)
    pulse = Pulse(mode=0x00)
    pulse.write(0x11, 0x12)
    pulse.write(0x09, 0x07)
    pulse.clock.jump(0.0501)
    infrared, red = pulse.samples(5).T
    assert red == pytest.approx(0.5 * infrared, abs=1)
    pulse.write(0x11, 0x02)
    pulse.clock.jump(0.0501)
    assert pulse.samples(5, channels=1)[:, 0] == pytest.approx(counts(0.0), rel=0.01)


def test_red_and_infrared_are_exchanged_on_a_swapped_module() -> None:
    pulse = Pulse(swapped=True)
    pulse.clock.jump(0.0501)
    first, second = pulse.samples(5).T
    assert second == pytest.approx(0.5 * first, abs=1)


def test_shut_down_it_answers_but_does_not_measure_and_has_no_interrupts() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.2)
    pulse.write(0x09, 0x83)
    assert pulse.read(0x00)[0] == 0
    before = pulse.pointers()
    pulse.clock.jump(1.0)
    assert pulse.pointers() == before
    assert pulse.read(0x0A)[0] == 0x2F
    pulse.write(0x09, 0x03)
    pulse.clock.jump(0.0501)
    assert pulse.pointers()[0] == before[0] + 5


def test_the_dark_and_the_noise_are_as_told() -> None:
    pulse = Pulse(noise_counts=20.0, dark_counts=30.0)
    pulse.person.level = 1.0
    values = []
    for _ in range(200):
        pulse.clock.jump(0.1)
        write, _, read = pulse.pointers()
        values.append(pulse.samples((write - read) % 32)[:, 1])
    noise = np.concatenate(values) - 7 * 64
    assert noise.mean() == pytest.approx(30, abs=2)
    assert noise.std() == pytest.approx(20, abs=2)


# -------------------------------------------------------------------------------------------------------------- MAX3010x: FIFO


def test_a_full_fifo_refuses_newer_samples_and_counts_them() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.3201)
    assert pulse.pointers() == (0, 0, 0)
    pulse.clock.jump(0.01)
    assert pulse.pointers() == (0, 1, 0)
    pulse.clock.jump(0.04)
    assert pulse.pointers() == (0, 5, 0)
    pulse.clock.jump(10.0)
    assert pulse.pointers() == (0, 15, 0)
    infrared = pulse.samples(32)[:, 1]
    assert infrared[-1] == pytest.approx(counts(0.31625), abs=1)


def test_the_overflow_counter_may_have_five_bits() -> None:
    pulse = Pulse(overflow_limit=0x1F)
    pulse.clock.jump(10.0)
    assert pulse.pointers()[1] == 31


def test_the_overflow_counter_falls_to_zero_with_a_complete_sample() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.4)
    pulse.read(0x07, 5)
    assert pulse.pointers()[1] == 7 or pulse.pointers()[1] == 8
    pulse.read(0x07, 6)
    assert pulse.pointers()[1] == 0


@pytest.mark.parametrize(
    ("pushes", "says", "pointers"), [(True, True, (8, 8, 8)), (True, False, (8, 0, 8)), (False, True, (0, 8, 0))]
)
def test_rollover_is_as_configured(pushes: bool, says: bool, pointers: tuple[int, int, int]) -> None:
    pulse = Pulse(fifo=0x5F, rollover_pushes=pushes, rollover_counts=says)
    pulse.clock.jump(0.4001)
    assert pulse.pointers() == pointers
    newest = 40 if pushes else 32
    assert pulse.samples(32)[-1, 1] == pytest.approx(counts(0.01 * newest - 0.00375), abs=1)


def test_rollover_after_a_long_absence_keeps_the_newest() -> None:
    pulse = Pulse(fifo=0x5F)
    pulse.clock.jump(100.0001)
    infrared = pulse.samples(32)[:, 1]
    assert infrared == pytest.approx(counts(0.0) + (100 - 0.00375 - 0.01 * np.arange(31, -1, -1)) * 7 * 64, abs=2)


def test_an_empty_fifo_repeats_its_last_byte_and_moves_nothing() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.0201)
    last = pulse.read(0x07, 12)[-1]
    before = pulse.pointers()
    assert pulse.read(0x07, 9) == bytes((last,)) * 9
    assert pulse.pointers() == before


def test_the_read_pointer_moves_with_the_first_byte_and_can_be_put_back() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.0501)
    whole = pulse.read(0x07, 30)
    pulse.write(0x06, 0)
    assert pulse.read(0x07, 1) == whole[:1]
    assert pulse.pointers() == (5, 0, 1)
    # What was left of that sample is gone; the next transfer begins with the next one.
    assert pulse.read(0x07, 6) == whole[6:12]
    pulse.write(0x06, 0)
    assert pulse.read(0x07, 30) == whole


def test_clearing_the_pointers_empties_the_fifo() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.5)
    pulse.write(0x04, 0, 0, 0)
    assert pulse.pointers() == (0, 0, 0)
    pulse.clock.jump(0.1)
    assert pulse.pointers() == (10, 0, 0)


# --------------------------------------------------------------------------------------------------------- MAX3010x: interrupts


def test_almost_full_comes_with_the_seventeenth_sample_and_is_cleared_by_reading() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.1601)
    assert pulse.read(0x00)[0] & 0x80 == 0
    pulse.clock.jump(0.01)
    assert pulse.read(0x00)[0] & 0x80
    assert pulse.read(0x00)[0] & 0x80 == 0


def test_sample_ready_is_cleared_by_the_status_and_by_the_data() -> None:
    for register in (0x00, 0x07):
        pulse = Pulse()
        pulse.clock.jump(0.0101)
        assert pulse.chip._registers[0] & 0x40 == 0
        pulse.read(0x04)
        assert pulse.chip._registers[0] & 0x40
        pulse.read(register)
        assert pulse.read(0x00)[0] & 0x40 == 0


@pytest.mark.parametrize("need", [True, False])
def test_flags_that_are_not_enabled_are_as_configured(need: bool) -> None:
    pulse = Pulse(flags_need_enable=need)
    pulse.write(0x02, 0x00)
    pulse.clock.jump(0.2)
    assert (pulse.read(0x00)[0] == 0xC0) is not need


def test_sunlight_raises_its_flag_and_fills_the_samples() -> None:
    pulse = Pulse()
    pulse.chip.sunlight = True
    pulse.clock.jump(0.0501)
    assert pulse.read(0x00)[0] & 0x20
    assert (pulse.samples(5) == 0x3FFFF).all()


@pytest.mark.parametrize(("celsius", "whole", "sixteenths"), [(30.0, 30, 0), (36.6, 36, 10), (-1.25, 0xFE, 12)])
def test_temperature_takes_29_ms_although_its_bit_clears_at_once(celsius: float, whole: int, sixteenths: int) -> None:
    pulse = Pulse(temperature=celsius)
    pulse.write(0x21, 0x01)
    assert pulse.read(0x21)[0] == 0
    pulse.clock.jump(0.028)
    assert pulse.read(0x01)[0] == 0
    # Meanwhile the registers hold what many a driver has taken for a temperature.
    assert pulse.read(0x1F, 2) == b"\xc4\x00"
    pulse.clock.jump(0.0011)
    assert pulse.read(0x1F, 2) == bytes((whole, sixteenths))
    # Reading the fraction has cleared the flag.
    assert pulse.read(0x01)[0] == 0
    pulse.write(0x21, 0x01)
    pulse.clock.jump(0.03)
    assert pulse.read(0x01)[0] == 0x02
    assert pulse.read(0x01)[0] == 0


# ------------------------------------------------------------------------------------------------------ looking at the subject


@given(st.lists(st.sampled_from(["wait", "wait", "wait", "reset", "faster", "off", "brown", "read"]), max_size=40))
@settings(max_examples=40, deadline=None)
def test_whatever_happens_the_subject_is_never_asked_about_the_past(story: list[str]) -> None:
    pulse = Pulse()
    for event in story:
        pulse.clock.jump(0.13)
        if event in ("reset", "off"):
            pulse.write(0x09, 0x40 if event == "reset" else 0x83)
        elif event == "brown":
            pulse.chip.brown_out()
        elif event == "faster":
            pulse.write(0x08, 0x2F)
        pulse.clock.jump(0.01)
        for register, byte in ((0x0A, 0x2F), (0x09, 0x03)):
            pulse.write(register, byte)
        pulse.read(0x07, 6)
        asked = pulse.person.asked["light"]
        assert asked == sorted(asked)
        assert not asked or asked[-1] <= pulse.clock.now() + HORIZON


def test_light_known_already_is_kept_when_the_chip_begins_anew() -> None:
    pulse = Pulse()
    pulse.clock.jump(0.1)
    pulse.read(0x07, 6)
    pulse.clock.jump(0.0034)
    pulse.write(0x08, 0x2F)
    began = pulse.clock.now()
    pulse.write(0x04, 0, 0, 0)
    pulse.clock.jump(0.0501)
    infrared = pulse.samples(10)[:, 1]
    middles = began + 0.005 * np.arange(1, 11) - 0.00125
    assert infrared == pytest.approx(counts(0.0) + middles * 7 * 64, abs=2)


def test_the_subject_is_asked_once_a_second() -> None:
    pulse = Pulse()
    for _ in range(100):
        pulse.clock.jump(0.2)
        pulse.read(0x07, 6 * 20)
    assert pulse.person.calls == pytest.approx(20, abs=2)


def test_looking_ahead_needs_no_second_dimension() -> None:
    ahead = Ahead(lambda t: 2.0 * t)
    assert ahead.at(np.array([0.0, 1.0, 2.0])).tolist() == [0.0, 2.0, 4.0]
    assert ahead.at(np.array([0.5, 1.5])).tolist() == [1.0, 3.0]
    assert ahead.at(np.array([1.5, 2.5])).tolist() == [3.0, 5.0]


# -------------------------------------------------------------------------------------------------------------------- ADS1115


class Skin:
    def __init__(self, **options: object) -> None:
        self.clock = VirtualClock()
        self.pins = [0.01, 0.5, -0.2, 0.1]
        options = {"noise": 0.0, "inputs": lambda t: self.pins} | options
        self.chip = Ads1115Chip(None, self.clock.now, **options)  # type: ignore[arg-type]

    def config(self) -> int:
        return int.from_bytes(self.chip.read(1, 2), "big")

    def result(self) -> int:
        return int.from_bytes(self.chip.read(0, 2), "big", signed=True)

    def write(self, word: int) -> None:
        self.chip.write(1, word.to_bytes(2, "big"))

    def convert(self, word: int) -> int:
        self.write(word)
        self.clock.jump(0.2)
        return self.result()


def test_after_power_up_the_converter_is_as_tabulated() -> None:
    skin = Skin()
    assert [int.from_bytes(skin.chip.read(register, 2), "big") for register in range(4)] == [0, 0x8583, 0x8000, 0x7FFF]
    # Only two bits of the pointer count.
    assert skin.chip.read(0x05, 2) == b"\x85\x83"


@pytest.mark.parametrize("tolerance", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize(("code", "rate"), [(0, 8), (1, 16), (2, 32), (3, 64), (4, 128), (5, 250), (6, 475), (7, 860)])
def test_a_conversion_takes_its_time(code: int, rate: int, tolerance: float) -> None:
    skin = Skin(tolerance=tolerance)
    skin.write(0xC503 | code << 5)
    seconds = 1 / rate / (1 + tolerance)
    skin.clock.jump(seconds - 1e-6)
    assert skin.config() == 0x4503 | code << 5
    assert skin.result() == 0
    skin.clock.jump(30e-6)
    assert skin.config() == 0xC503 | code << 5
    assert skin.result() == 160


@pytest.mark.parametrize(
    ("code", "volts"), [(0, 6.144), (1, 4.096), (2, 2.048), (3, 1.024), (4, 0.512), (5, 0.256), (6, 0.256), (7, 0.256)]
)
def test_every_range_scales_clips_and_keeps_the_sign(code: int, volts: float) -> None:
    skin = Skin()
    word = 0xC183 | code << 9
    for share, expected in ((0.25, 8192), (-0.5, -16384), (2.0, 32767), (-2.0, -32768)):
        skin.pins[0] = share * volts
        assert skin.convert(word) == expected


@pytest.mark.parametrize(
    ("code", "volts"),
    [(0, 0.01 - 0.5), (1, 0.01 - 0.1), (2, 0.4), (3, -0.3), (4, 0.01), (5, 0.5), (6, -0.2), (7, 0.1)],
)
def test_every_pair_of_inputs_is_the_right_one(code: int, volts: float) -> None:
    assert Skin().convert(0x8583 | code << 12) * 62.5e-6 == pytest.approx(volts, abs=4e-5)


def test_starting_another_conversion_meanwhile_has_no_effect() -> None:
    skin = Skin()
    skin.write(0xC563)
    skin.clock.jump(0.010)
    skin.write(0xD563)
    skin.clock.jump(0.006)
    assert skin.result() == 160
    assert skin.config() & 0x8000
    skin.clock.jump(0.1)
    assert skin.result() == 160


def test_a_deaf_chip_acknowledges_and_does_nothing() -> None:
    skin = Skin()
    assert skin.convert(0xC563) == 160
    skin.pins[0] = 0.02
    skin.chip.deaf = 2
    assert skin.convert(0xC563) == 160
    assert skin.convert(0xD563) == 160
    assert skin.config() == 0xC563
    assert skin.convert(0xC563) == 320


def test_without_the_start_bit_nothing_is_converted() -> None:
    skin = Skin()
    assert skin.convert(0x4563) == 0
    assert skin.config() == 0xC563


def test_continuous_mode_is_always_busy_and_changes_input_only_after_the_conversion_under_way() -> None:
    skin = Skin()
    skin.write(0x4483)
    skin.clock.jump(0.02)
    assert skin.config() == 0x4483
    assert skin.result() == 160
    skin.pins[0] = 0.02
    skin.clock.jump(5.0)
    assert skin.result() == 320
    skin.write(0x5483)
    skin.clock.jump(1 / 128)
    assert skin.result() == 320
    skin.clock.jump(1 / 128)
    assert skin.result() == 8000
    # Back to single-shot: the one under way is finished, and that is the last.
    skin.write(0x5583)
    skin.pins[1] = 0.25
    skin.clock.jump(1.0)
    assert skin.config() & 0x8000
    assert skin.result() == 4000
    skin.pins[1] = 0.75
    skin.clock.jump(1.0)
    assert skin.result() == 4000


def test_odd_transfers_do_no_harm() -> None:
    skin = Skin()
    skin.chip.write(1, b"\x12")
    skin.chip.write(0, b"\x12\x34")
    assert skin.config() == 0x8583
    assert skin.result() == 0
    assert skin.chip.read(1, 1) == b"\x85"
    assert skin.chip.read(1, 5) == b"\x85\x83\x85\x83\x85"
    skin.chip.write(2, b"\x12\x34")
    assert skin.chip.read(2, 2) == b"\x12\x34"


def test_a_general_call_resets_and_so_does_losing_power() -> None:
    for reset in (lambda s: s.chip.general_call(0x06), lambda s: s.chip.brown_out()):
        skin = Skin()
        skin.write(0x4483)
        reset(skin)
        assert skin.config() == 0x8583
    skin.chip.general_call(0x04)


def test_twelve_bits_leave_the_lowest_four_empty() -> None:
    skin = Skin(bits=12)
    skin.pins[0] = 0.01234
    assert skin.convert(0xC563) == 192
    skin.pins[0] = -0.01234
    assert skin.convert(0xC563) == -208


def test_noise_is_that_of_the_datasheet() -> None:
    skin = Skin(noise=1.0)
    values = [skin.convert(0xC583) for _ in range(1000)]
    assert np.std(values) == pytest.approx(1.0, abs=0.1)


def test_the_electrodes_are_between_ain0_and_ground_and_the_subject_is_asked_ahead() -> None:
    clock, person = VirtualClock(), Person()
    chip = Ads1115Chip(person, clock.now, noise=0.0)
    for _ in range(100):
        clock.jump(0.0731)
        start = clock.now()
        chip.write(1, b"\xc5\x63")
        clock.jump(0.0157)
        v0, _ = electrode_volts(1.0 + 0.1 * (start + 0.0078))
        assert int.from_bytes(chip.read(0, 2), "big") == pytest.approx(v0 * 16000, abs=0.51)
    asked = person.asked["conductance"]
    assert asked == sorted(asked)
    assert max(asked) <= clock.now() + HORIZON


def test_electrodes_that_come_off_have_no_values_in_between() -> None:
    clock, person = VirtualClock(), Person()
    person.conductance = lambda t: np.where(t < 1.0, 5.0, 0.0)  # type: ignore[method-assign]
    chip = Ads1115Chip(person, clock.now, noise=0.0)
    seen = set()
    for _ in range(200):
        chip.write(1, b"\xc5\xe3")
        clock.jump(0.01)
        seen.add(int.from_bytes(chip.read(0, 2), "big"))
    assert seen == {8000, round(electrode_volts(5.0)[0] * 16000)}


def test_a_converter_with_nothing_at_its_inputs_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs a subject"):
        Ads1115Chip(None, lambda: 0.0)
