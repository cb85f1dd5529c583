"""The reader on a bench of emulated chips: what arrives, when it was, and what is told of every trouble."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from undertone.flow import Block, Channel, Fault
from undertone.sensors import PulseSettings, Reader, SkinSettings
from undertone.sim.ads1115_chip import Ads1115Chip

PULSE, SKIN = 0x57, 0x48
BEAT_HZ = 1.1
START = 100.0


def joined(blocks: list[Block]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([b.times for b in blocks]), np.concatenate([b.values for b in blocks])


def pulse_delay(blocks: list[Block], level: float = 286.0) -> float:
    """By how much the times of a sine are late, seconds, by least squares."""
    t, v = joined(blocks)
    counts = level * 7.0 * 64.0
    slope = counts * 0.01 * 2 * np.pi * BEAT_HZ * np.sin(2 * np.pi * BEAT_HZ * t)
    wrong = v - 30.0 - counts * (1 - 0.01 * np.cos(2 * np.pi * BEAT_HZ * t))
    return -float((slope * wrong).sum() / (slope**2).sum())


# --------------------------------------------------------------------------------------------------------------- what arrives


def test_blocks_arrive_in_their_units_at_their_rates(bench: Any) -> None:
    bench.run(20.0)
    infrared, red, skin = (bench.blocks(channel) for channel in (Channel.INFRARED, Channel.RED, Channel.SKIN))
    assert 90 < len(infrared) < 130
    assert [b.t0 for b in red] == [b.t0 for b in infrared]
    assert joined(infrared)[1].mean() == pytest.approx(286 * 7 * 64, rel=0.01)
    assert joined(red)[1].mean() == pytest.approx(0.6 * 286 * 7 * 64, rel=0.01)
    assert sum(len(b.values) for b in infrared) == pytest.approx(2000, abs=25)
    assert {b.rate_hz for b in skin} == {16.0}
    assert sum(len(b.values) for b in skin) == pytest.approx(16 * 19, abs=8)
    assert not any(isinstance(item, Fault) for item in bench.told)
    assert all(b.values.flags.writeable is False and b.pod == 0 and b.lost == 0 for b in infrared + red + skin)


def test_skin_is_true_in_value_and_time(bench: Any) -> None:
    bench.run(30.0)
    t, v = joined(bench.blocks(Channel.SKIN))
    assert np.abs(v - (5.0 + np.sin(0.3 * t))).max() < 0.01
    assert t[-1] == pytest.approx(bench.clock.now() - 0.5, abs=0.4)


@pytest.mark.parametrize("skew", [-0.015, 0.0, 0.015])
def test_pulse_times_are_true_whatever_the_chips_clock(make_bench: Any, skew: float) -> None:
    bench = make_bench(skew=skew)
    bench.run(40.0)
    late_half = [b for b in bench.blocks(Channel.INFRARED) if b.t0 > START + 10]
    assert pulse_delay(late_half) == pytest.approx(0.0, abs=0.0012)
    assert late_half[-1].rate_hz == pytest.approx(100 * (1 + skew), rel=2e-3)
    assert all(a.end == pytest.approx(b.t0, abs=1e-9) for a, b in pairwise(late_half))


@pytest.mark.parametrize("average", [1, 4, 8])
def test_averaging_on_the_chip_does_not_shift_time(make_bench: Any, average: int) -> None:
    bench = make_bench(pulse=PulseSettings(average=average))
    bench.run(20.0)
    assert pulse_delay([b for b in bench.blocks(Channel.INFRARED) if b.t0 > START + 8]) == pytest.approx(0.0, abs=0.001)


def test_a_busy_machine_costs_no_samples_and_little_accuracy(make_bench: Any) -> None:
    rng = random.Random(3)
    bench = make_bench(skew=0.01)
    bench.run(60.0, late=lambda: rng.random() * (0.1 if rng.random() < 0.05 else 0.004))
    assert bench.reader.counts["pulse samples lost"] == 0
    assert pulse_delay([b for b in bench.blocks(Channel.INFRARED) if b.t0 > START + 20]) == pytest.approx(0.0, abs=0.001)
    t, v = joined(bench.blocks(Channel.SKIN))
    assert np.abs(v - (5.0 + np.sin(0.3 * t))).max() < 0.02
    assert not any(isinstance(item, Fault) for item in bench.told)


def test_a_pod_with_one_sensor_reads_that_one(bench: Any) -> None:
    for settings, channels in (
        ({"pulse": PulseSettings(), "skin": None}, {Channel.INFRARED, Channel.RED}),
        ({"pulse": None, "skin": SkinSettings()}, {Channel.SKIN}),
        ({"pulse": None, "skin": None}, set()),
    ):
        bench.reader, bench.told = Reader(bench.bus, pod=3, **settings), []
        bench.run(3.0)
        assert {item.channel for item in bench.told} == channels
        assert {item.pod for item in bench.told} <= {3}
    assert bench.reader.due == float("inf")
    assert bench.reader.counts == {}


def test_the_same_night_twice_is_the_same_to_the_bit(make_bench: Any) -> None:
    def night() -> list[Any]:
        bench = make_bench(skew=0.004)
        bench.run(10.0)
        bench.bus.nack(PULSE, 5)
        bench.bus.brown_out(SKIN)
        bench.run(10.0)
        return [(b.t0, b.rate_hz, b.values.tolist()) if isinstance(b, Block) else b for b in bench.told]

    assert night() == night()


# ----------------------------------------------------------------------------------------------------- what is told of trouble

MATRIX: list[tuple[str, Callable[[Any], Any], str, str, str, float]] = [
    # trouble, how it is made (and, if returned, undone after 6 s), whose, what kind, which words, seconds until told
    ("pulse chip unplugged", lambda b: _unplugged(b, PULSE), "pod 0 pulse", "chip missing", "pod is plugged in", 0.3),
    ("skin chip unplugged", lambda b: _unplugged(b, SKIN), "pod 0 skin", "chip missing", "pod is plugged in", 0.2),
    ("line held low", lambda b: b.bus.hang(4.0), "pod 0 pulse", "bus", "held low", 0.3),
    ("line held low", lambda b: b.bus.hang(4.0), "pod 0 skin", "bus", "held low", 0.2),
    ("kernel driver", lambda b: b.bus.fail(PULSE, errno.EBUSY, 3), "pod 0 pulse", "bus", "dtoverlay", 0.3),
    ("pulse power lost", lambda b: b.bus.brown_out(PULSE), "pod 0 pulse", "brown-out", "Check its plug", 0.3),
    ("skin power lost", lambda b: b.bus.brown_out(SKIN), "pod 0 skin", "brown-out", "Check its plug", 0.1),
    ("stopped silently", lambda b: b.pulse_chip.write(0x09, b"\x83"), "pod 0 pulse", "brown-out", "stopped sampling", 1.2),
    ("wrong part", lambda b: _wrong_part(b, 0x11), "pod 0 pulse", "wrong chip", "MAX30100", 1.5),
    ("finger off", lambda b: _finger(b, 5.0), "pod 0 pulse", "no contact", "fingertip", 2.0),
    ("sunlight", lambda b: _sun(b), "pod 0 pulse", "saturated", "shade it", 1.0),
    ("electrodes off", lambda b: _skin(b, 0.0), "pod 0 skin", "no contact", "electrodes are off", 4.0),
    ("electrodes touch", lambda b: _skin(b, float("inf")), "pod 0 skin", "saturated", "part and dry", 3.0),
    ("no reference", lambda b: _no_reference(b), "pod 0 skin front end", "chip missing", "reference of 0.5 V", 6.0),
]


def _unplugged(bench: Any, address: int) -> Callable[[], None]:
    chip = bench.bus.unplug(address)
    return lambda: bench.bus.plug(address, chip)


def _wrong_part(bench: Any, part: int) -> Callable[[], None]:
    bench.pulse_chip.part_id = part
    bench.pulse_chip.brown_out()
    return lambda: setattr(bench.pulse_chip, "part_id", 0x15)


def _finger(bench: Any, level: float) -> Callable[[], None]:
    before, bench.finger.level = bench.finger.level, level
    return lambda: setattr(bench.finger, "level", before)


def _sun(bench: Any) -> Callable[[], None]:
    bench.pulse_chip.sunlight = True
    return lambda: setattr(bench.pulse_chip, "sunlight", False)


def _skin(bench: Any, level: float) -> Callable[[], None]:
    before = bench.finger.microsiemens
    bench.finger.microsiemens = lambda t: np.full_like(t, level)
    return lambda: setattr(bench.finger, "microsiemens", before)


def _no_reference(bench: Any) -> Callable[[], None]:
    before = bench.skin_chip._inputs
    bench.skin_chip._inputs = lambda t: (0.0, 0.0, 0.0, 0.0)
    return lambda: setattr(bench.skin_chip, "_inputs", before)


@pytest.mark.parametrize(("name", "make", "source", "kind", "words", "soon"), MATRIX, ids=[f"{m[0]}, {m[2]}" for m in MATRIX])
def test_trouble_is_told_once_and_so_is_its_end(
    bench: Any, name: str, make: Callable[[Any], Any], source: str, kind: str, words: str, soon: float
) -> None:
    bench.run(5.0)
    assert bench.faults() == []
    undo = make(bench)
    began = bench.clock.now()
    bench.run(6.0)
    if undo is not None:
        undo()
    bench.run(25.0)
    told = [item for item in bench.told if isinstance(item, Fault) and item.source == source and item.kind.value == kind]
    assert [item.over for item in told] == [False, True], bench.faults()
    assert words in told[0].message
    assert told[0].t - began < soon
    # Everything that began has ended, and both channels deliver to the end.
    begun = {(s, k) for s, k, over in bench.faults() if not over}
    assert begun == {(s, k) for s, k, over in bench.faults() if over}
    for channel in (Channel.INFRARED, Channel.SKIN):
        assert bench.blocks(channel)[-1].end > bench.clock.now() - 1.5, channel


@pytest.mark.parametrize("address", [PULSE, SKIN])
@pytest.mark.parametrize("times", [1, 2])
def test_a_refused_transfer_or_two_are_retried_silently(bench: Any, address: int, times: int) -> None:
    bench.run(5.0)
    for _ in range(5):
        bench.bus.nack(address, times)
        bench.run(1.0)
    assert bench.faults() == []
    counts = bench.reader.counts
    assert counts["pulse retries" if address == PULSE else "skin retries"] == 5 * times
    assert counts["pulse samples lost"] == counts["skin samples lost"] == 0
    assert all(b.lost == 0 for b in bench.told)


def test_one_hung_channel_does_not_stop_the_other(bench: Any) -> None:
    bench.run(2.0)
    bench.bus.unplug(PULSE)
    before = bench.reader.counts["skin samples"]
    bench.run(10.0)
    assert bench.reader.counts["skin samples"] - before == pytest.approx(160, abs=4)


def test_attempts_become_rarer(bench: Any) -> None:
    bench.bus.stick()
    bench.run(1.0)
    early = bench.bus.transfers
    bench.run(60.0)
    assert early <= 6
    # Two channels, a pause of at most eight seconds.
    assert 12 <= bench.bus.transfers - early <= 26
    bench.bus.recover()
    bench.run(10.0)
    assert bench.reader.counts["pulse samples"] > 100
    # The next trouble begins with short pauses again.
    bench.bus.hang(1.2)
    before = bench.reader.counts["pulse samples"]
    bench.run(3.0)
    assert bench.reader.counts["pulse samples"] - before > 100


def test_what_was_lost_while_away_is_counted_and_shifts_nothing(make_bench: Any) -> None:
    bench = make_bench(skew=-0.01)
    bench.run(20.0)
    chip = bench.bus.unplug(PULSE)
    bench.run(3.0)
    bench.bus.plug(PULSE, chip)
    bench.run(30.0)
    infrared = bench.blocks(Channel.INFRARED)
    gaps = [(a, b) for a, b in pairwise(infrared) if b.lost]
    assert len(gaps) == 1
    before, after = gaps[0]
    assert after.lost == pytest.approx((after.t0 - before.end) * 99.0, abs=2)
    assert after.lost > 290
    assert bench.reader.counts["pulse samples lost"] == after.lost
    assert pulse_delay(infrared[-40:]) == pytest.approx(0.0, abs=0.0015)


def test_an_overflow_is_told_counted_and_over_after_a_while(bench: Any) -> None:
    bench.run(20.0)
    bench.clock.jump(0.9)
    bench.run(30.0)
    assert bench.faults() == [("pod 0 pulse", "overflow", False), ("pod 0 pulse", "overflow", True)]
    infrared = bench.blocks(Channel.INFRARED)
    lost = [b.lost for b in infrared if b.lost]
    assert lost == [pytest.approx(90 - 32 + 17, abs=17)]
    assert pulse_delay(infrared[-40:]) == pytest.approx(0.0, abs=0.0015)
    assert all(b.t0 >= a.end - 1e-9 for a, b in pairwise(infrared))


@pytest.mark.parametrize("begins", [5.0, 5.0625, 5.125, 5.1875])
def test_a_gap_in_the_skin_is_a_gap(bench: Any, begins: float) -> None:
    bench.run(begins)
    bench.clock.jump(0.5)
    bench.run(5.0)
    skin = bench.blocks(Channel.SKIN)
    gaps = [(a, b) for a, b in pairwise(skin) if b.lost]
    assert len(gaps) == 1
    before, after = gaps[0]
    assert after.t0 - before.end == pytest.approx(after.lost / 16.0)
    # Half a second without conversions, and the length of the low-pass until one knows again.
    assert after.lost == pytest.approx(16 * 1.5, abs=2)
    assert bench.reader.counts["skin samples lost"] == after.lost
    t, v = joined(skin)
    assert np.abs(v - (5.0 + np.sin(0.3 * t))).max() < 0.01


def test_electrodes_that_are_off_read_zero(bench: Any) -> None:
    bench.finger.microsiemens = lambda t: np.where(t < START + 5.0, 10.0, 0.0)
    bench.run(10.0)
    t, values = joined(bench.blocks(Channel.SKIN))
    # The low-pass would swing below zero.
    assert (values >= 0.0).all()
    assert values[t > START + 6.0].max() < 0.003


def test_the_noise_of_the_reference_does_not_look_like_skin_responses(bench: Any) -> None:
    bench.finger.microsiemens = lambda t: np.full_like(t, 20.0)
    bench.run(120.0)
    t, values = joined(bench.blocks(Channel.SKIN))
    seconds = np.array([values[(t >= s) & (t < s + 1)].mean() for s in np.arange(START + 20, START + 118)])
    assert np.abs(np.diff(seconds)).max() < 0.01
    assert values.mean() == pytest.approx(20.0, abs=0.05)


def test_a_supply_that_changes_is_followed_at_once(bench: Any) -> None:
    bench.run(10.0)
    steady = bench.skin_chip._inputs
    bench.skin_chip._inputs = lambda t: tuple(0.95 * volts for volts in steady(t))
    bench.run(20.0)
    t, values = joined(bench.blocks(Channel.SKIN))
    assert np.abs(values - (5.0 + np.sin(0.3 * t)))[t > START + 17].max() < 0.02


def test_a_twelve_bit_converter_sold_as_sixteen_is_found_out(bench: Any) -> None:
    bench.bus.plug(SKIN, Ads1115Chip(bench.finger, bench.clock.now, bits=12))
    bench.finger.microsiemens = lambda t: 5.0 + 2.0 * np.sin(t)
    bench.run(10.0)
    assert bench.faults() == [("pod 0 skin front end", "wrong chip", False)]
    bench.bus.unplug(SKIN)
    bench.run(3.0)
    bench.bus.plug(SKIN, bench.skin_chip)
    bench.run(10.0)
    told = [over for source, kind, over in bench.faults() if (source, kind) == ("pod 0 skin front end", "wrong chip")]
    assert told == [False, True], "the right chip in its place ends it"


def test_a_chip_with_no_finger_on_it_and_no_light_says_no_contact(make_bench: Any) -> None:
    bench = make_bench(pulse=PulseSettings(infrared_ma=0.0))
    bench.run(3.0)
    # Without any infrared light there is nothing by which to tell.
    assert bench.faults() == []


def test_another_kind_of_trouble_replaces_the_first(bench: Any) -> None:
    bench.run(2.0)
    bench.bus.unplug(PULSE)
    bench.run(2.0)
    bench.bus.stick()
    bench.run(6.0)
    kinds = [(kind, over) for source, kind, over in bench.faults() if source == "pod 0 pulse"]
    assert kinds == [("chip missing", False), ("chip missing", True), ("bus", False)]
    ended = next(item for item in bench.told if isinstance(item, Fault) and item.over)
    assert ended.message == "The pulse sensor has another problem now."


def test_every_count_has_its_name_from_the_beginning(bench: Any) -> None:
    """The core reads the counts while the reader's thread counts: a dictionary that grows meanwhile cannot be gone through."""
    names = list(bench.reader.counts)
    bench.run(1.0)
    for address in (PULSE, SKIN):
        bench.bus.nack(address, 5)
    bench.run(3.0)
    bench.bus.brown_out(PULSE)
    bench.bus.brown_out(SKIN)
    bench.run(3.0)
    assert list(bench.reader.counts) == names
    assert {"pulse retries", "skin retries"} <= set(names)


def test_an_old_moment_does_no_harm(bench: Any) -> None:
    """A poll that is not due does nothing."""
    bench.run(2.0)
    assert bench.reader.poll(bench.clock.now() - 1.0) == []


@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_loss_of_power_is_noticed_although_the_transfer_that_told_of_it_broke_off(bench: Any, after: int) -> None:
    """Reading the flag clears it. The pointers then differ from ours as after a broken drain, but nothing is in the FIFO."""
    bench.run(4.9)
    bench.bus.brown_out(PULSE)
    bench.bus.break_off(PULSE, after)
    bench.run(5.0)
    assert ("pod 0 pulse", "brown-out", False) in bench.faults()
    for block in bench.blocks(Channel.INFRARED):
        assert block.values.min() > 100_000, "no sample is made up"
