"""The pulse channel on an emulated chip that looks at a simulated person: light that follows the finger, whoever's it is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.errors import ChipMissing
from undertone.flow import Block, Channel, Fault, FaultKind
from undertone.sensors import PulseSettings
from undertone.sensors.pulse import READINGS, PulseChannel
from undertone.signals import Signals
from undertone.sim import Body, EmulatedBus, Max3010xChip
from undertone.sim.fingertip import DARK_PER_MA
from undertone.timeline import VirtualClock

ADDRESS = 0x57
FULL = 262143
Light = NDArray[np.float64]


class Wearer:
    """A simulated body, seen through a finger that changes: `through` is what becomes of its light, of both colours."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.through: Callable[[Light, Light], Light] = lambda times, light: light

    def light(self, times: Light) -> Light:
        return np.maximum(self.through(times, self.body.light(times)), DARK_PER_MA)

    def conductance(self, times: Light) -> Light:
        return self.body.conductance(times)


class Rig:
    """One pulse sensor on a bus of its own, and a clock that we turn by hand."""

    def __init__(self, settings: PulseSettings | None = None, body: Body | None = None, **chip: object) -> None:
        self.clock = VirtualClock()
        self.wearer = Wearer(body or Body(3))
        self.chip = Max3010xChip(self.wearer, self.clock.now, **chip)  # type: ignore[arg-type]
        self.bus = EmulatedBus({ADDRESS: self.chip}, now=self.clock.now)
        self.channel = PulseChannel(self.bus, settings or PulseSettings())
        self.told: list[Block | Fault] = []

    def run(self, seconds: float) -> list[Block | Fault]:
        end, before = self.clock.now() + seconds, len(self.told)
        while (due := max(self.channel.due, self.clock.now())) <= end:
            self.clock.jump(due - self.clock.now())
            self.told += self.channel.poll(self.clock.now())
        self.clock.jump(max(0.0, end - self.clock.now()))
        return self.told[before:]

    def blocks(self, channel: Channel = Channel.INFRARED) -> list[Block]:
        return [item for item in self.told if isinstance(item, Block) and item.channel is channel]

    def level(self, channel: Channel = Channel.INFRARED) -> float:
        """Of the last second, as a share of full scale."""
        return float(np.median(np.concatenate([block.values for block in self.blocks(channel)[-6:]]))) / FULL

    def faults(self) -> list[tuple[FaultKind, bool]]:
        return [(item.kind, item.over) for item in self.told if isinstance(item, Fault)]

    def count(self, name: str) -> int:
        return self.channel.counts[f"pulse {name}"]


def scaled(factor: float) -> Callable[[Light, Light], Light]:
    return lambda times, light: factor * light


# ---------------------------------------------------------------------------------------------------- LED currents


@pytest.mark.parametrize("factor", [0.2, 0.35, 0.5, 1.5, 2.0, 3.0])
def test_dark_skin_and_thin_fingers_come_into_range_within_seconds(factor: float) -> None:
    rig = Rig()
    rig.wearer.through = scaled(factor)
    rig.run(9.0)
    for channel in (Channel.INFRARED, Channel.RED):
        assert 0.25 < rig.level(channel) < 0.75, channel
    changes = rig.count("current changes")
    assert changes <= 4
    assert rig.faults() == []
    rig.run(40.0)
    assert rig.count("current changes") == changes, "it hunts"
    assert rig.count("infrared microamperes") * factor == pytest.approx(7000, rel=0.75)


def test_a_finger_that_is_usual_sees_no_change() -> None:
    rig = Rig(body=Body.tense(11))
    rig.run(120.0)
    assert rig.count("current changes") == 0
    assert rig.count("samples set aside") == 0
    assert rig.count("channels swapped") == 0


def test_what_is_set_aside_says_so_and_is_not_called_lost() -> None:
    rig = Rig(skew=0.01)
    rig.run(8.0)
    rig.wearer.through = lambda times, light: np.where(times[:, None] < 10.0, light, 3.0 * light)
    rig.run(20.0)
    changes, aside = rig.count("current changes"), rig.count("samples set aside")
    assert changes >= 1
    assert 3 * changes <= aside <= 5 * changes
    assert rig.count("samples lost") == 0
    for channel in (Channel.INFRARED, Channel.RED):
        blocks = rig.blocks(channel)
        assert sum(block.lost for block in blocks) == aside
        for before, after in pairwise(blocks):
            assert after.t0 - before.end == pytest.approx(after.lost / after.rate_hz, abs=0.002)
    assert rig.count("samples") + aside == pytest.approx(28.0 * 101, abs=25)


def test_no_sample_of_a_change_is_delivered() -> None:
    """Every sample is at the level of its block's current: nothing of the change is in it."""
    rig = Rig(noise_counts=0.0)

    def stepped(times: Light, light: Light) -> Light:
        return 45.0 + 0.0 * light + 5.0 * (times[:, None] > 6.0) + 300.0 * (times[:, None] > 12.0)

    rig.wearer.through = stepped
    rig.run(30.0)
    assert rig.count("current changes") >= 4
    for block in rig.blocks():
        if block.t0 > 1.0 and not any(abs(block.t0 - t) < 0.5 for t in (6.0, 12.0)):
            assert np.ptp(block.values) <= 12.0, block.t0


def test_changes_are_a_second_apart_and_by_two_at_most() -> None:
    rig = Rig(skew=0.015)
    rig.wearer.through = scaled(0.16)
    seen = [(0.0, 7000, 7000)]
    for _ in range(100):
        rig.run(0.1)
        now = (rig.count("red microamperes"), rig.count("infrared microamperes"))
        if now != seen[-1][1:]:
            seen.append((rig.clock.now(), *now))
    assert len(seen) >= 3
    for before, after in pairwise(seen):
        assert after[0] - before[0] >= 1.0
        assert all(0.5 <= a / b <= 2.0 for a, b in zip(after[1:], before[1:], strict=True))


def test_nothing_changes_while_there_is_no_finger_and_another_finger_is_met() -> None:
    rig = Rig()
    factors = np.array([0.25, 0.0, 2.5])
    rig.wearer.through = lambda times, light: factors[np.searchsorted([20.0, 40.0], times, side="right")][:, None] * light
    rig.run(20.5)
    dark = rig.count("infrared microamperes")
    assert dark > 12_000
    rig.run(18.5)
    assert rig.count("infrared microamperes") == dark
    assert rig.faults() == [(FaultKind.CONTACT, False)]
    rig.run(11.0)
    assert rig.faults() == [(FaultKind.CONTACT, False), (FaultKind.CONTACT, True)]
    assert rig.count("infrared microamperes") < 5_000
    assert 0.25 < rig.level() < 0.75
    assert rig.count("fingers off") == 1


@pytest.mark.parametrize("current", [0.4, 7.0, 40.0])
@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_a_finger_is_told_from_none_at_every_current(current: float, factor: float) -> None:
    rig = Rig(PulseSettings(red_ma=current, infrared_ma=current, automatic=False), dark_counts=128.0)
    rig.wearer.through = lambda times, light: np.where(times[:, None] < 10.0, 0.0, factor) * light
    rig.run(9.9)
    assert rig.faults() == [(FaultKind.CONTACT, False)]
    rig.run(10.0)
    assert (FaultKind.CONTACT, True) in rig.faults()


def test_light_from_elsewhere_widens_the_range_and_its_end_narrows_it_again() -> None:
    rig = Rig()
    rig.run(5.0)
    rig.chip.ambient_na = 5500.0
    rig.run(20.0)
    assert rig.count("range nanoamperes") == 8192
    assert rig.count("infrared microamperes") <= 400
    assert 0.5 < rig.level() < 0.9
    assert len(rig.faults()) in (0, 2), "if it is told at all, it is over by now"
    rig.chip.ambient_na = 0.0
    rig.run(20.0)
    assert rig.count("range nanoamperes") == 4096
    assert 0.25 < rig.level() < 0.75
    changes = rig.count("current changes")
    rig.run(60.0)
    assert rig.count("current changes") == changes


def test_light_beyond_every_range_is_told_and_so_is_its_end() -> None:
    rig = Rig()
    rig.run(5.0)
    rig.chip.ambient_na = 40_000.0
    rig.run(20.0)
    assert rig.faults() == [(FaultKind.SATURATED, False)]
    assert rig.count("range nanoamperes") == 16384
    rig.chip.ambient_na = 0.0
    rig.run(30.0)
    assert rig.faults() == [(FaultKind.SATURATED, False), (FaultKind.SATURATED, True)]
    assert 0.25 < rig.level() < 0.75
    assert rig.count("dazzles") == 1


def test_sunlight_that_the_chip_tells_of_changes_no_current() -> None:
    rig = Rig()
    rig.run(5.0)
    rig.chip.sunlight = True
    rig.run(20.0)
    assert rig.faults() == [(FaultKind.SATURATED, False)]
    rig.chip.sunlight = False
    rig.run(5.0)
    assert rig.count("current changes") == 0
    assert rig.faults()[-1] == (FaultKind.SATURATED, True)


def test_without_the_automatic_the_currents_stay_and_a_dazzled_sensor_says_so_at_once() -> None:
    rig = Rig(PulseSettings(automatic=False))
    rig.run(5.0)
    rig.wearer.through = scaled(3.0)
    rig.run(2.5)
    assert rig.faults() == [(FaultKind.SATURATED, False)]
    assert rig.count("current changes") == 0


def test_without_infrared_light_nothing_is_known_and_nothing_changed() -> None:
    rig = Rig(PulseSettings(infrared_ma=0.0))
    rig.wearer.through = scaled(0.1)
    rig.run(10.0)
    assert rig.faults() == []
    assert rig.count("current changes") == 0


def test_the_beats_are_found_again_soon_after_a_change() -> None:
    rig = Rig(body=Body.calm(5, movements_per_min=0.0))
    rig.wearer.through = lambda times, light: np.where(times[:, None] < 40.0, 1.0, 0.45) * light
    rig.run(100.0)
    assert rig.count("current changes") in (1, 2)
    signals = Signals()
    found = np.array([event.t for block in rig.blocks() for event in signals.push(block)])
    truth = rig.wearer.body.truth.beats
    truth = truth[(truth > 5.0) & (truth < 98.0)]
    nearest = np.array([np.abs(found - t).min() for t in truth])
    # A change costs the beats within a second of it or so; the finger itself moved at 40 s.
    missed = truth[nearest > 0.15]
    assert len(missed) <= 8
    assert ((missed > 39.0) & (missed < 50.0)).all()
    after = nearest[truth > 52.0]
    assert np.median(after) < 0.06
    assert len(after) > 30


def test_a_change_survives_refused_transfers_and_a_brown_out() -> None:
    rig = Rig()
    rig.wearer.through = scaled(0.25)
    write, refused = rig.bus.write, []

    def refusing(address: int, register: int, data: bytes) -> None:
        if register == 0x0C and rig.clock.now() > 1.0 and len(refused) < 2:
            refused.append(rig.clock.now())
            rig.bus.break_off(address, len(refused) - 1)
        write(address, register, data)

    rig.bus.write = refusing  # type: ignore[method-assign]
    rig.run(12.0)
    assert len(refused) == 2
    assert rig.faults() == []
    assert 0.25 < rig.level() < 0.75
    current = rig.count("infrared microamperes")
    rig.bus.brown_out(ADDRESS)
    rig.run(5.0)
    assert rig.count("infrared microamperes") == current
    assert rig.chip.read(0x0D, 1)[0] == round(current / 200)
    assert 0.25 < rig.level() < 0.75


def test_a_thread_that_stalls_in_the_middle_of_a_change_delivers_nothing_of_before() -> None:
    rig = Rig(noise_counts=0.0)
    rig.wearer.through = lambda times, light: np.full_like(light, 60.0)
    write = rig.bus.write

    def stalling(address: int, register: int, data: bytes) -> None:
        if register == 0x0C and rig.clock.now() > 1.0:
            rig.clock.jump(0.15)
        write(address, register, data)

    rig.bus.write = stalling  # type: ignore[method-assign]
    rig.run(12.0)
    assert rig.count("current changes") >= 2
    assert rig.count("samples set aside") >= 18 * rig.count("current changes")
    assert all(np.ptp(block.values) <= 12.0 for block in rig.blocks())


# ---------------------------------------------------------------------------------------------------- exchanged channels


@pytest.mark.parametrize("automatic", [True, False])
@pytest.mark.parametrize(("module", "setting"), [(True, False), (False, True)])
def test_exchanged_leds_are_found_and_exchanged_back(module: bool, setting: bool, automatic: bool) -> None:
    settings = PulseSettings(red_ma=9.0, infrared_ma=7.0, swap_channels=setting, automatic=automatic)
    rig = Rig(settings, body=Body.calm(4), swapped=module)
    rig.run(90.0)
    assert rig.faults() == [(FaultKind.SWAPPED, False), (FaultKind.SWAPPED, True)]
    told = next(item for item in rig.told if isinstance(item, Fault))
    assert 32.0 < told.t < 45.0
    assert f"`sensors.pulse.swap_channels` to {str(module).lower()}" in told.message
    assert "oxygen saturation of 6" in told.message
    assert rig.count("channels swapped") == 1
    # From the exchange on, infrared is infrared: red pulsates half as strongly.
    after = [block for block in rig.blocks() if block.t0 > told.t]
    assert after[0].lost >= 3
    infrared, red = (
        np.concatenate([block.values for block in rig.blocks(channel) if block.t0 > told.t + 1])
        for channel in (Channel.INFRARED, Channel.RED)
    )
    assert np.ptp(red[-200:]) / red.mean() < 0.7 * np.ptp(infrared[-200:]) / infrared.mean()
    currents = (rig.count("red microamperes"), rig.count("infrared microamperes"))
    assert currents == ((7000, 9000) if automatic else (9000, 7000))
    # What is configured so is not exchanged again, also after the power was lost.
    rig.bus.brown_out(ADDRESS)
    rig.run(60.0)
    assert rig.count("channels swapped") == 1


@pytest.mark.parametrize("module", [False, True])
def test_a_module_that_is_configured_as_it_is_stays_so(module: bool) -> None:
    rig = Rig(PulseSettings(swap_channels=module), body=Body.restless(6), swapped=module)
    rig.run(150.0)
    assert rig.count("channels swapped") == 0


def lamp(times: Light, light: Light) -> Light:
    """A lamp that flickers at what is left of its frequency, and hardly a pulse."""
    return np.array([150.0, 290.0]) + 2.0 * np.sin(2 * np.pi * 1.3 * times)[:, None]


def noise(times: Light, light: Light) -> Light:
    draw = np.random.default_rng(round(times[0] * 1000))
    return light.mean(axis=0) * (1.0 + 0.004 * draw.normal(size=light.shape) * [2.0, 1.0])


def weak(times: Light, light: Light) -> Light:
    """A pulse of a tenth of a thousandth, exchanged: too little to say anything."""
    level = np.array([230.0, 290.0])
    return (level + 0.01 * (light - level))[:, ::-1]


def shaken(times: Light, light: Light) -> Light:
    """A hand that never rests and takes more red than infrared."""
    swing = sum(0.01 * np.sin(2 * np.pi * hz * times + hz) for hz in (0.41, 0.73, 1.17, 1.9, 2.9))
    return np.array([230.0, 290.0]) * (1.0 + np.stack([1.6 * swing, swing], axis=1))


@pytest.mark.parametrize("through", [lamp, noise, weak, shaken], ids=lambda through: through.__name__)
def test_nothing_else_looks_like_exchanged_leds(through: Callable[[Light, Light], Light]) -> None:
    rig = Rig()
    rig.wearer.through = through
    rig.run(100.0)
    assert rig.count("channels swapped") == 0


def test_a_window_without_a_finger_does_not_look_like_exchanged_leds() -> None:
    rig = Rig(swapped=True)
    rig.wearer.through = scaled(0.0)
    rig.run(120.0)
    assert rig.count("channels swapped") == 0


# ---------------------------------------------------------------------------------------------------- temperature


def test_the_temperature_is_read_every_minute_and_costs_no_sample() -> None:
    rig = Rig(temperature=31.4)
    assert rig.channel.counts["pulse sensor temperature °C"] == 0
    rig.run(3.0)
    assert rig.channel.counts["pulse sensor temperature °C"] == 31
    rig.chip.temperature = 35.6
    rig.run(50.0)
    assert rig.channel.counts["pulse sensor temperature °C"] == 31
    rig.run(12.0)
    assert rig.channel.counts["pulse sensor temperature °C"] == 36
    assert rig.count("samples lost") == rig.count("samples set aside") == rig.count("temperatures dropped") == 0
    assert all(block.lost == 0 for block in rig.blocks())
    assert rig.count("samples") == pytest.approx(6500, abs=40)


def test_a_temperature_that_cannot_be_is_dropped_and_counted() -> None:
    rig = Rig(temperature=-60.0)
    rig.run(125.0)
    assert rig.channel.counts["pulse sensor temperature °C"] == 0
    assert rig.count("temperatures dropped") == 3
    rig.chip.temperature = -1.25
    rig.run(60.0)
    assert rig.channel.counts["pulse sensor temperature °C"] == -1


def test_a_flag_that_never_comes_is_not_waited_for() -> None:
    rig = Rig()
    read = rig.chip.read

    def without(register: int, length: int) -> bytes:
        found = bytearray(read(register, length))
        if register <= 0x01 < register + length:
            found[0x01 - register] = 0
        return bytes(found)

    rig.chip.read = without  # type: ignore[method-assign]
    rig.run(70.0)
    assert rig.count("temperatures dropped") == 2
    assert rig.count("samples lost") == 0
    assert rig.channel.counts["pulse sensor temperature °C"] == 0


def test_a_refused_transfer_of_the_temperature_is_tried_again_and_costs_no_sample() -> None:
    rig = Rig(temperature=33.0)
    read, write, refused = rig.bus.read, rig.bus.write, []

    def refuse(register: int) -> None:
        if register in (0x1F, 0x21) and refused.count(register) < 2:
            refused.append(register)
            raise ChipMissing("No chip answers.")

    rig.bus.read = lambda address, register, length: (refuse(register), read(address, register, length))[1]  # type: ignore[method-assign]
    rig.bus.write = lambda address, register, data: (refuse(register), write(address, register, data))[1]  # type: ignore[func-returns-value, method-assign]
    rig.run(10.0)
    assert sorted(refused) == [0x1F, 0x1F, 0x21, 0x21]
    assert rig.channel.counts["pulse sensor temperature °C"] == 33
    assert rig.count("samples lost") == 0
    assert rig.faults() == []


# ---------------------------------------------------------------------------------------------------- what is told and counted


def test_power_lost_and_sampling_stopped_are_counted_apart() -> None:
    rig = Rig()
    rig.run(3.0)
    rig.bus.brown_out(ADDRESS)
    rig.run(3.0)
    assert (rig.count("brown-outs"), rig.count("stalls")) == (1, 0)
    rig.chip.write(0x09, b"\x83")
    rig.run(3.0)
    assert (rig.count("brown-outs"), rig.count("stalls")) == (1, 1)
    assert rig.count("restarts") == 2


def test_a_line_that_floats_in_the_middle_is_a_chip_that_is_not_there() -> None:
    rig = Rig()
    rig.run(3.0)
    rig.chip.part_id = 0xFF
    rig.run(3.0)
    told = [item for item in rig.told if isinstance(item, Fault)]
    assert [item.kind for item in told] == [FaultKind.CHIP_MISSING]
    assert "floats" in told[0].message
    assert rig.count("brown-outs") == 0
    rig.chip.part_id = 0x15
    rig.run(5.0)
    assert rig.faults() == [(FaultKind.CHIP_MISSING, False), (FaultKind.CHIP_MISSING, True)]
    assert rig.count("chip losses") == 1


def test_another_part_is_counted_and_told() -> None:
    rig = Rig(part_id=0x11)
    rig.run(3.0)
    assert rig.faults() == [(FaultKind.CHIP_WRONG, False)]
    assert rig.count("wrong chips") == 1


def test_a_rate_that_the_chip_clamps_is_told_and_the_times_are_true() -> None:
    rig = Rig(PulseSettings(conversions_per_s=800, average=4, pulse_microseconds=411))
    rig.run(10.0)
    assert rig.faults() == [(FaultKind.CONFIG, False)]
    assert rig.count("rate clamps") == 1
    assert rig.blocks()[-1].rate_hz == pytest.approx(100.0, rel=0.01)


@pytest.mark.parametrize("skew", [-0.015, 0.007, 0.015])
def test_the_chips_own_clock_is_shown(skew: float) -> None:
    rig = Rig(skew=skew)
    rig.run(60.0)
    assert rig.channel.counts["pulse clock parts per million"] == pytest.approx(1e6 * skew, abs=500)


def test_a_full_fifo_is_counted_whether_or_not_samples_were_lost() -> None:
    rig = Rig()
    rig.run(3.0)
    rig.clock.jump(0.3201 - (rig.clock.now() - rig.blocks()[-1].end))
    rig.run(1.0)
    assert rig.count("full FIFOs") == 1
    rig.clock.jump(0.6)
    rig.run(1.0)
    assert rig.count("full FIFOs") == 2
    assert rig.count("overflows") == 1


def test_the_counts_have_their_names_from_the_beginning_and_say_which_are_no_counts() -> None:
    rig = Rig()
    names = list(rig.channel.counts)
    assert set(names) >= READINGS
    rig.run(3.0)
    assert list(rig.channel.counts) == names
