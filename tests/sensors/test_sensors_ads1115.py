"""The converter's driver on the emulated chip: no result of another moment or another input, no sample given up."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from undertone.errors import ChipMissing, ChipWrong
from undertone.sensors import Ads1115
from undertone.sensors.ads1115 import TICK, Conversion, Input
from undertone.sim.ads1115_chip import Ads1115Chip
from undertone.sim.bus import EmulatedBus
from undertone.timeline import VirtualClock

ADDRESS = 0x48


class Rig:
    """AIN0 says what time it is: 10 mV a second. AIN1 is 0.5 V."""

    def __init__(self, **chip: object) -> None:
        self.clock = VirtualClock(10.0)
        self.chip = Ads1115Chip(None, self.clock.now, noise=0.0, inputs=lambda t: (0.01 * t, 0.5, -0.3, 0.0), **chip)  # type: ignore[arg-type]
        self.bus = EmulatedBus({ADDRESS: self.chip}, now=self.clock.now)
        self.driver = Ads1115(self.bus)

    def run(self, seconds: float, late: float = 0.0, seed: int = 1) -> list[Conversion]:
        rng, results, end = random.Random(seed), [], self.clock.now() + seconds
        while (due := max(self.driver.due, self.clock.now())) < end:
            self.clock.jump(due - self.clock.now() + late * rng.random())
            result = self.driver.poll(self.clock.now())
            if result is not None:
                results.append(result)
        return results


@pytest.mark.parametrize("tolerance", [-0.1, 0.0, 0.1])
def test_every_tick_gives_one_sample_of_its_own_moment(tolerance: float) -> None:
    rig = Rig(tolerance=tolerance)
    results = rig.run(60.0)
    skin = [result for result in results if result.which is Input.SKIN]
    assert [result.tick for result in skin] == list(range(1, len(skin) + 1))
    assert len(skin) == pytest.approx(60 * 32, abs=2)
    assert [0.01 * result.t for result in skin] == pytest.approx([result.volts for result in skin], abs=8e-5)


def test_the_reference_is_looked_at_first_and_every_five_seconds_at_no_cost() -> None:
    results = Rig().run(60.0)
    reference = [result for result in results if result.which is Input.REFERENCE]
    assert results[0].which is Input.REFERENCE
    assert all(result.volts == 0.5 for result in reference)
    assert len(reference) == pytest.approx(12, abs=1)
    assert {b.tick - a.tick for a, b in pairwise(reference)} <= {160, 161}


@pytest.mark.parametrize("late", [0.002, 0.012, 0.025])
@pytest.mark.parametrize("tolerance", [-0.1, 0.1])
def test_late_polls_cost_accuracy_but_no_samples_and_never_mix_inputs(late: float, tolerance: float) -> None:
    results = Rig(tolerance=tolerance).run(60.0, late)
    skin = [result for result in results if result.which is Input.SKIN]
    assert len(skin) >= 60 * 32 - 2 - 60 * 32 * (late > 0.02) // 4
    assert all(result.volts == 0.5 for result in results if result.which is Input.REFERENCE)
    assert sum(result.which is Input.REFERENCE for result in results) > 6 - 4 * (late > 0.02)
    assert max(abs(0.01 * result.t - result.volts) for result in skin) < 0.01 * (TICK + 0.002)
    assert all(b.tick > a.tick for a, b in pairwise(skin))


def test_missed_ticks_are_missing() -> None:
    rig = Rig()
    before = rig.run(1.0)
    rig.clock.jump(0.5)
    after = [result for result in rig.run(1.0) if result.which is Input.SKIN]
    # What was under way is fetched late, and belongs to the moment at which it was started.
    assert after[0].tick == before[-1].tick + 1
    assert after[1].tick - after[0].tick == pytest.approx(0.5 / TICK, abs=1)
    assert 0.01 * after[1].t == pytest.approx(after[1].volts, abs=3.2e-4)


def test_a_negative_voltage_is_negative() -> None:
    rig = Rig()
    rig.chip._inputs = lambda t: (-0.3, 0.5, 0.0, 0.0)
    assert rig.run(0.2)[-1].volts == pytest.approx(-0.3, abs=4e-5)


def test_power_lost_is_noticed_and_converting_goes_on() -> None:
    rig = Rig()
    last = rig.run(1.0)[-1]
    rig.chip.brown_out()
    results = rig.run(1.0)
    assert rig.driver.brown_outs == 1
    assert results[0].which is Input.REFERENCE
    assert results[1].tick - last.tick <= 4


def test_a_chip_that_is_no_ads1115_is_refused() -> None:
    rig = Rig()
    rig.run(0.2)
    rig.chip._registers[1] = 0x1234
    with pytest.raises(ChipWrong, match="is it an ADS1115"):
        rig.run(0.2)


def test_a_floating_line_is_a_missing_chip() -> None:
    rig = Rig()
    rig.run(0.2)
    rig.chip.read = lambda register, length: b"\xff" * length  # type: ignore[method-assign]
    with pytest.raises(ChipMissing, match="Only 0xffff"):
        rig.run(0.2)


def test_a_conversion_that_never_ends_is_told() -> None:
    rig = Rig(tolerance=-0.95)
    with pytest.raises(ChipWrong, match="does not finish"):
        rig.run(1.0)


@pytest.mark.parametrize("writes", [1, 2, 5])
def test_a_conversion_that_was_never_started_gives_no_old_result(writes: int) -> None:
    """The chip acknowledges and does not convert: its register still holds the result of the tick before."""
    rig = Rig()
    before = rig.run(1.0)
    rig.chip.deaf = writes
    results = rig.run(1.0)
    assert rig.driver.not_started == writes
    skin = [result for result in before + results if result.which is Input.SKIN]
    assert all(b.tick > a.tick for a, b in pairwise(skin))
    assert sum(b.tick - a.tick - 1 for a, b in pairwise(skin)) <= writes
    # 10 mV a second: an old result would be 0.3 mV off.
    assert [result.volts for result in skin] == pytest.approx([0.01 * result.t for result in skin], abs=8e-5)


def test_a_reference_that_was_never_started_is_not_the_skins_voltage() -> None:
    rig = Rig()
    rig.run(4.9)
    while rig.driver.due - rig.clock.now() > TICK * 0.6 or rig.driver.due - rig.clock.now() < TICK * 0.5:
        rig.clock.jump(rig.driver.due - rig.clock.now())
        rig.driver.poll(rig.clock.now())
    rig.clock.jump(rig.driver.due - rig.clock.now())
    rig.chip.deaf = 1
    results = [rig.driver.poll(rig.clock.now()), *rig.run(0.5)]
    assert rig.driver.not_started == 1
    reference = [result for result in results if result is not None and result.which is Input.REFERENCE]
    assert reference
    assert all(result.volts == 0.5 for result in reference)


def test_a_chip_that_never_starts_is_told_and_not_asked_without_end() -> None:
    rig = Rig()
    rig.run(1.0)
    rig.chip.deaf = 10**9
    began = rig.clock.now()
    with pytest.raises(ChipWrong, match="does not start"):
        rig.run(10.0)
    assert rig.clock.now() - began < 1.0


def test_a_write_that_was_taken_but_not_acknowledged_never_mixes_inputs() -> None:
    """The chip converts already; what is started meanwhile has no effect, and the result is of the input before."""
    rig = Rig(tolerance=-0.1)
    rng = random.Random(5)
    write = rig.bus.write
    results = []

    def unheard(address: int, register: int, data: bytes) -> None:
        write(address, register, data)
        if rng.random() < 0.2:
            raise ChipMissing("No chip answers.")

    rig.driver._bus = type("Unheard", (), {"read": rig.bus.read, "write": staticmethod(unheard)})()
    end = rig.clock.now() + 30.0
    while rig.clock.now() < end:
        rig.clock.jump(max(0.0, rig.driver.due - rig.clock.now()))
        try:
            result = rig.driver.poll(rig.clock.now())
        except ChipMissing:
            if rng.random() < 0.3:
                rig.driver.restart()
            rig.clock.jump(0.001)
            continue
        if result is not None:
            results.append(result)
    assert len(results) > 500
    assert all(result.volts == 0.5 for result in results if result.which is Input.REFERENCE)
    assert all(abs(result.volts - 0.01 * result.t) < 4e-4 for result in results if result.which is Input.SKIN)


def test_what_somebody_left_converting_on_and_on_is_ended_first() -> None:
    rig = Rig()
    # AIN2, continuously, eight a second: as another program may have left it.
    rig.chip.write(1, b"\x64\x03")
    rig.clock.jump(0.05)
    results = rig.run(1.0)
    assert {result.volts for result in results if result.which is Input.REFERENCE} == {0.5}
    assert all(result.volts == pytest.approx(0.01 * result.t, abs=8e-5) for result in results if result.which is Input.SKIN)
    assert len(results) > 25


def test_a_conversion_that_was_under_way_before_us_and_never_ends_is_told() -> None:
    rig = Rig(tolerance=-0.9999)
    rig.chip.write(1, b"\xe5\x63")
    with pytest.raises(ChipWrong, match="does not finish"):
        rig.run(1.0)
    assert rig.clock.now() - 10.0 < 0.25


def test_power_lost_between_the_two_looks_costs_a_result_and_makes_none_up() -> None:
    rig = Rig()
    rig.run(1.0)
    read = rig.bus.read

    def losing(address: int, register: int, length: int) -> bytes:
        if register == 0 and not rig.driver.brown_outs:
            rig.chip.brown_out()
        return read(address, register, length)

    rig.driver._bus = type("Losing", (), {"read": staticmethod(losing), "write": rig.bus.write})()
    results = rig.run(1.0)
    assert rig.driver.brown_outs == 1
    assert all(result.counts > 0 for result in results)


def test_a_voltage_of_nothing_is_a_result_all_the_same() -> None:
    rig = Rig()
    rig.chip._inputs = lambda t: (0.0, 0.5, 0.0, 0.0)
    results = rig.run(1.0)
    assert sum(result.counts == 0 for result in results) > 25
    assert rig.driver.brown_outs == 0


@pytest.mark.parametrize("range_volts", [4.096, 2.048, 0.256])
def test_volts_are_volts_in_every_range(range_volts: float) -> None:
    rig = Rig()
    rig.chip._inputs = lambda t: (0.2, 0.1, 0.0, 0.0)
    rig.driver = Ads1115(rig.bus, range_volts=range_volts)
    results = rig.run(0.5)
    assert {result.which: round(result.volts, 3) for result in results} == {Input.SKIN: 0.2, Input.REFERENCE: 0.1}
    assert results[-1].counts == pytest.approx(0.2 / range_volts * 32768, abs=1)


def test_a_reference_in_every_tick_costs_no_sample_and_none_is_none() -> None:
    rig = Rig(tolerance=-0.1)
    rig.driver = Ads1115(rig.bus, reference_every=0.0)
    results = rig.run(10.0)
    assert sum(result.which is Input.SKIN for result in results) == pytest.approx(320, abs=2)
    assert sum(result.which is Input.REFERENCE for result in results) == pytest.approx(320, abs=3)
    rig.driver = Ads1115(rig.bus, reference_every=float("inf"))
    assert {result.which for result in rig.run(10.0)} == {Input.SKIN}
    rig.driver.restart()
    assert {result.which for result in rig.run(1.0)} == {Input.SKIN}


def test_conversions_that_take_too_long_are_waited_for_and_counted() -> None:
    rig = Rig(tolerance=-0.55)
    results = rig.run(2.0)
    assert rig.driver.unfinished > 20
    skin = [result for result in results if result.which is Input.SKIN]
    assert [0.01 * result.t for result in skin] == pytest.approx([result.volts for result in skin], abs=5e-4)


def test_a_poll_before_its_time_starts_nothing_twice() -> None:
    rig = Rig()
    rig.run(1.0)
    ticks = []
    for _ in range(2000):
        rig.clock.jump(0.0005)
        result = rig.driver.poll(rig.clock.now())
        if result is not None and result.which is Input.SKIN:
            ticks.append(result.tick)
    assert ticks == list(range(ticks[0], ticks[0] + len(ticks)))
    assert len(ticks) == pytest.approx(32, abs=1)


def test_a_reference_that_comes_too_late_waits_for_the_next_tick() -> None:
    rig = Rig(tolerance=-0.1)
    rig.run(4.9)
    while not (TICK * 0.55 < rig.driver.due - rig.clock.now() < TICK * 0.6):
        rig.clock.jump(rig.driver.due - rig.clock.now())
        rig.driver.poll(rig.clock.now())
    # Due between two ticks; we come when it would reach into the next one.
    rig.clock.jump(0.025)
    result = rig.driver.poll(rig.clock.now())
    assert result is not None
    assert result.which is Input.SKIN
    rig.clock.jump(rig.driver.due - rig.clock.now())
    assert rig.driver.poll(rig.clock.now()) is None
    assert int.from_bytes(rig.chip.read(1, 2), "big") & 0x7000 == 0x4000
    results = rig.run(0.2)
    assert next(r.tick for r in results if r.which is Input.SKIN) == result.tick + 1
    assert any(r.which is Input.REFERENCE for r in results)
