"""Many pods on one emulated bus that takes its time: whose turn it is, and what a pod that hangs costs the others."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.errors import ConfigError
from undertone.flow import Block, Channel, Fault
from undertone.sensors import PinctrlLines, Pods, PulseSettings, Recovery, SkinSettings
from undertone.sim import Ads1115Chip, EmulatedBus, Max3010xChip, Tca9548aChip
from undertone.timeline import VirtualClock

MUX, PULSE, SKIN = 0x70, 0x57, 0x48
START = 100.0
PROPERTY = settings(deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
"""An example takes a fifth of a second: shrinking one would take minutes."""
ALIVE = 1.5
"""Seconds within which a pod that is well delivers blocks of both channels."""


class Lamp:
    """Somebody whose light and skin are those of no one else: 25 nA/mA and 2 µS more from pod to pod."""

    def __init__(self, pod: int) -> None:
        self.light_level, self.skin_level = 100.0 + 25.0 * pod, 2.0 + 2.0 * pod

    def light(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        infrared = self.light_level * (1.0 - 0.01 * np.cos(2 * np.pi * 1.1 * times))
        return np.stack([0.6 * infrared, infrared], axis=1)

    def conductance(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full_like(times, self.skin_level)


class Ward:
    """Some pods behind a switch, each with a clock of its own, and a bus on which time passes."""

    def __init__(
        self,
        pods: int = 3,
        *,
        recovery: bool = True,
        has_reset: bool = True,
        rate_hz: float = 400_000.0,
        spend: bool = True,
        noise: float = 8.0,
        pin_seconds: float = 0.003,
    ) -> None:
        self.clock = VirtualClock(START)
        self.lamps = [Lamp(pod) for pod in range(pods)]
        self.skews = [-0.015 + 0.03 * pod / max(1, pods - 1) for pod in range(pods)]
        self.chips = {
            pod: {
                PULSE: Max3010xChip(lamp, self.clock.now, skew=self.skews[pod], noise_counts=noise, seed=pod),
                SKIN: Ads1115Chip(lamp, self.clock.now, seed=pod, noise=0.0 if noise == 0.0 else 1.0),
            }
            for pod, lamp in enumerate(self.lamps)
        }
        self.switch = Tca9548aChip(self.chips, self.clock.now)
        self.bus = EmulatedBus(
            {MUX: self.switch},
            now=self.clock.now,
            spend=self.clock.jump if spend else None,
            rate_hz=rate_hz,
            has_reset=has_reset,
            pin_seconds=pin_seconds,
        )
        sensors = (PulseSettings(automatic=False), SkinSettings())
        self.pods = Pods(self.bus, [sensors] * pods, mux=MUX, recovery=Recovery(self.bus) if recovery else None)
        self.told: list[Block | Fault] = []

    def run(self, seconds: float, *, late: Callable[[], float] = lambda: 0.0) -> list[Block | Fault]:
        """Poll whenever due, `late()` seconds too late. Returns what was told meanwhile."""
        end, before = self.clock.now() + seconds, len(self.told)
        while (due := max(self.pods.due, self.clock.now())) <= end:
            self.clock.jump(due - self.clock.now() + late())
            self.told += self.pods.poll(self.clock.now())
            assert self.clock.now() < end + 5.0
        self.clock.jump(max(0.0, end - self.clock.now()))
        return self.told[before:]

    def blocks(self, pod: int, channel: Channel, *, since: float = 0.0) -> list[Block]:
        found = (item for item in self.told if isinstance(item, Block) and (item.pod, item.channel) == (pod, channel))
        return [block for block in found if block.t0 >= since]

    def faults(self) -> list[tuple[str, str, bool]]:
        return [(item.source, item.kind.value, item.over) for item in self.told if isinstance(item, Fault)]

    def alive(self) -> set[int]:
        """Pods of which both channels have delivered lately."""
        now = self.clock.now()
        channels = (Channel.INFRARED, Channel.SKIN)
        return {
            pod
            for pod in range(len(self.lamps))
            if all(blocks and blocks[-1].end > now - ALIVE for blocks in (self.blocks(pod, channel) for channel in channels))
        }

    def unplug(self, pod: int) -> Callable[[], None]:
        segment = self.switch.channels[pod]
        for address in (PULSE, SKIN):
            segment.unplug(address)
        return lambda: [segment.plug(address, chip) for address, chip in self.chips[pod].items()] and None

    def check_light(self) -> None:
        """Every block is of the body whose pod it says it is."""
        for item in self.told:
            if isinstance(item, Block):
                level = float(np.median(item.values))
                lamp = self.lamps[item.pod]
                if item.channel is Channel.SKIN:
                    assert abs(level - lamp.skin_level) < 0.9, item
                else:
                    share = 0.6 if item.channel is Channel.RED else 1.0
                    assert abs(level / (7.0 * 64.0 * share) - lamp.light_level) < 12.0, item

    def check_times(self) -> None:
        """Times never go back, no sample is made up, and what is lost leaves room for as much as was counted."""
        for pod, skew in enumerate(self.skews):
            for channel, rate in ((Channel.INFRARED, 100.0 * (1.0 + skew)), (Channel.SKIN, 16.0)):
                for before, after in pairwise(self.blocks(pod, channel)):
                    gap = (after.t0 - before.end) * rate
                    assert gap > -0.02, (before, after)
                    # How many there were in a long gap follows from a rate that is known only so well.
                    assert gap == pytest.approx(after.lost, abs=2.5 + 0.01 * after.lost), (before, after)


def settled(faults: list[tuple[str, str, bool]]) -> bool:
    """Whether every fault that began has ended, and none ended that had not begun."""
    open_now: list[tuple[str, str]] = []
    for source, kind, over in faults:
        if over:
            open_now.remove((source, kind))
        else:
            assert (source, kind) not in open_now, "told twice"
            open_now.append((source, kind))
    return not open_now


# ------------------------------------------------------------------------------------------------------------ all is well


@pytest.fixture(scope="module")
def eight() -> Ward:
    """Half a minute of eight pods, all well."""
    ward = Ward(8)
    ward.run(30.0)
    return ward


def test_eight_pods_lose_nothing_and_each_has_its_own_clock(eight: Ward) -> None:
    ward, counts = eight, eight.pods.counts
    assert ward.faults() == []
    assert counts["pulse samples lost"] == counts["skin samples lost"] == counts["skin conversions bridged"] == 0
    assert ward.alive() == set(range(8))
    for pod, skew in enumerate(ward.skews):
        infrared = ward.blocks(pod, Channel.INFRARED)
        assert infrared[-1].rate_hz == pytest.approx(100.0 * (1.0 + skew), rel=2e-3)
        assert sum(len(block.values) for block in infrared) == pytest.approx(29.8 * 100.0 * (1.0 + skew), abs=25)
    ward.check_light()
    ward.check_times()


def test_pulse_times_are_true_although_the_bus_is_shared(eight: Ward) -> None:
    for pod in range(8):
        blocks = eight.blocks(pod, Channel.INFRARED, since=START + 15.0)
        t, v = np.concatenate([b.times for b in blocks]), np.concatenate([b.values for b in blocks])
        counts = eight.lamps[pod].light_level * 7.0 * 64.0
        slope = counts * 0.01 * 2 * np.pi * 1.1 * np.sin(2 * np.pi * 1.1 * t)
        wrong = v - 30.0 - counts * (1.0 - 0.01 * np.cos(2 * np.pi * 1.1 * t))
        # Asked after the switch was told and the bus was addressed: by so much each sample seems later.
        assert -float((slope * wrong).sum() / (slope**2).sum()) == pytest.approx(0.0, abs=0.0015)


@pytest.mark.parametrize("rate_hz", [250_000.0, 62_500.0])
def test_a_slower_bus_loses_no_pulse_sample(rate_hz: float) -> None:
    ward = Ward(8, rate_hz=rate_hz)
    ward.run(15.0)
    counts = ward.pods.counts
    assert counts["pulse samples lost"] == 0
    assert all(ward.blocks(pod, Channel.INFRARED)[-1].end > ward.clock.now() - 0.5 for pod in range(8))
    ward.check_light()
    ward.check_times()
    # At 62.5 kHz there is not enough bus for all, and what gives way is the skin: it is bridged, or honestly missing.
    assert (counts["skin conversions bridged"] > 500) is (rate_hz < 100_000.0)
    assert (counts["skin samples lost"] == 0) is (rate_hz > 100_000.0)


def test_one_poll_is_one_pod_and_the_most_overdue_comes_first() -> None:
    ward = Ward(5)
    ward.run(3.0)
    ward.clock.jump(0.2)
    order = []
    while ward.pods.due <= ward.clock.now() and len(order) < 5:
        order.append({pod.number: pod.due for pod in ward.pods._pods})
        expected = min(order[-1], key=order[-1].__getitem__)
        blocks = [item for item in ward.pods.poll(ward.clock.now()) if isinstance(item, Block)]
        assert {block.pod for block in blocks} == {expected}
    assert len(order) == 5
    before = ward.bus.transfers
    assert ward.pods.poll(ward.clock.now() - 5.0) == []
    assert ward.bus.transfers == before


def test_two_chips_of_a_pod_share_a_selection() -> None:
    ward = Ward(2, spend=False)
    ward.run(2.0)
    before, conversions = ward.bus.transfers, ward.pods.counts["skin conversions"]
    ward.run(30.0)
    # Three transfers for each conversion, one selection, and a little more for pulse and reference.
    assert (ward.bus.transfers - before) / (ward.pods.counts["skin conversions"] - conversions) < 4.8


@settings(PROPERTY, max_examples=10)
@given(late=st.lists(st.floats(0.0, 0.06), min_size=1, max_size=40))
def test_what_is_read_does_not_depend_on_when_it_is_polled(late: list[float]) -> None:
    """Nothing is lost or doubled by a machine that comes late, and no pod's samples change."""

    def values(lateness: Callable[[], float]) -> list[NDArray[np.float64]]:
        ward = Ward(2, spend=False, noise=0.0)
        ward.run(1.0)
        ward.run(3.0, late=lateness)
        ward.run(1.0)
        return [np.concatenate([b.values for b in ward.blocks(pod, Channel.INFRARED)])[:400] for pod in range(2)]

    turns = cycle(late)
    for on_time, lately in zip(values(lambda: 0.0), values(lambda: next(turns)), strict=True):
        assert np.array_equal(on_time, lately)


def test_counts_are_of_each_pod_and_of_all_and_their_names_never_change() -> None:
    ward = Ward(3)
    names = list(ward.pods.counts)
    ward.run(5.0)
    ward.switch.channels[1].hang(2.0)
    ward.run(10.0)
    counts = ward.pods.counts
    assert list(counts) == names
    assert counts["pulse samples"] == sum(counts[f"pod {pod}: pulse samples"] for pod in range(3)) > 3000
    assert counts["pod 1: hangs"] == counts["hangs"] == counts["bus time-outs"] == 1
    assert counts["bus recoveries"] >= 1
    assert counts["pod 1: pulse samples lost"] == counts["pulse samples lost"] > 100
    # What says how things stand cannot be added up.
    assert "pod 2: pulse infrared microamperes" in counts
    assert "pulse infrared microamperes" not in counts


# -------------------------------------------------------------------------------------------------------------- a pod hangs


@pytest.mark.parametrize("recovery", [True, False])
def test_a_hung_pod_costs_the_others_nothing(recovery: bool) -> None:
    ward = Ward(5, recovery=recovery)
    ward.run(10.0)
    ward.switch.channels[3].hang(5.0 if recovery else 0.04)
    ward.run(15.0)
    assert ward.faults() == [("pod 3", "bus", False), ("pod 3", "bus", True)]
    counts = ward.pods.counts
    for pod in (0, 1, 2, 4):
        assert counts[f"pod {pod}: pulse samples lost"] == counts[f"pod {pod}: skin samples lost"] == 0
    assert counts["pod 3: pulse samples lost"] > (490 if recovery else 90)
    assert ward.alive() == set(range(5))
    ward.check_light()
    ward.check_times()


def test_a_pod_that_stays_hung_is_tried_ever_more_rarely() -> None:
    ward = Ward(2)
    ward.run(5.0)
    ward.switch.channels[1].stick()
    ward.run(160.0)
    assert ward.faults() == [("pod 1", "bus", False)]
    assert ward.alive() == {0}
    counts = ward.pods.counts
    assert counts["pod 1: hangs"] == counts["bus time-outs"] == 1, "after the first, a look at the wires is enough"
    assert counts["bus recoveries"] == pytest.approx(1 + 4 * 7, abs=2), "1, 2, 4 … 60 seconds apart"
    assert counts["pod 0: pulse samples lost"] == counts["pod 0: skin samples lost"] == 0
    ward.switch.channels[1].recover()
    ward.run(62.0)
    assert ward.alive() == {0, 1}
    assert settled(ward.faults())


def test_a_machine_that_is_slow_at_its_pins_costs_the_others_no_pulse_sample() -> None:
    """Three clocks then take longer than a FIFO has room for, unless it was emptied right before."""
    ward = Ward(5, pin_seconds=0.018)
    ward.run(5.0)
    ward.switch.channels[3].stick()
    ward.run(10.0)
    assert ward.pods.counts["bus recoveries"] >= 9
    assert all(ward.pods.counts[f"pod {pod}: pulse samples lost"] == 0 for pod in (0, 1, 2, 4))


@pytest.mark.parametrize("clocks", [1, 3, 4, 9])
def test_a_pod_that_waits_for_clocks_gets_them(clocks: int) -> None:
    ward = Ward(4)
    ward.run(5.0)
    ward.switch.channels[1].stick(clocks)
    ward.run(6.0)
    assert ward.faults() == [("pod 1", "bus", False), ("pod 1", "bus", True)]
    ended = next(item for item in ward.told if isinstance(item, Fault) and item.over)
    # A second of patience, a quarter of one between three clocks and the next three.
    assert ended.t - START - 5.0 < 1.3 + 0.4 * ((clocks - 1) // 3)
    assert ward.alive() == {0, 1, 2, 3}
    counts = ward.pods.counts
    assert all(counts[f"pod {pod}: {channel} samples lost"] == 0 for pod in (0, 2, 3) for channel in ("pulse", "skin"))


def test_patience_is_new_after_a_good_while() -> None:
    ward = Ward(2)
    ward.run(3.0)
    for pause, well in ((1.0, 3.0), (2.0, 15.0), (1.0, 3.0)):
        before = ward.clock.now()
        ward.switch.channels[0].hang(0.5)
        ward.run(pause + 1.0)
        ended = [item.t for item in ward.told if isinstance(item, Fault) and item.over]
        assert ended[-1] - before == pytest.approx(pause, abs=0.4)
        ward.run(well - 1.0)
    assert ward.pods.counts["pod 0: hangs"] == 3


def test_without_a_reset_clocks_free_the_bus_at_once() -> None:
    ward = Ward(4, has_reset=False)
    ward.run(5.0)
    ward.switch.channels[1].stick(5)
    ward.run(5.0)
    assert ward.faults() == [("pod 1", "bus", False), ("pod 1", "bus", True)]
    assert ward.alive() == {0, 1, 2, 3}


def test_a_bus_that_nothing_frees_is_one_fault_that_names_the_suspect() -> None:
    ward = Ward(4, has_reset=False)
    ward.run(5.0)
    ward.switch.channels[2].stick()
    ward.run(20.0)
    assert ward.faults() == [("bus", "bus", False)]
    told = ward.told[-1]
    assert isinstance(told, Fault)
    assert "Unplug pod 2 first" in told.message
    ward.switch.channels[2].recover()
    ward.run(12.0)
    assert ward.faults() == [("bus", "bus", False), ("bus", "bus", True)]
    assert ward.alive() == {0, 1, 2, 3}
    ward.check_light()
    ward.check_times()


# ---------------------------------------------------------------------------------------- unplugged, and the switch itself


def test_a_pod_that_is_unplugged_and_plugged_again_comes_back_by_itself() -> None:
    ward = Ward(3)
    ward.run(5.0)
    plug = ward.unplug(1)
    ward.run(6.0)
    missing = [("pod 1 pulse", "chip missing", False), ("pod 1 skin", "chip missing", False)]
    assert sorted(ward.faults()) == missing
    plug()
    ward.run(10.0)
    assert settled(ward.faults())
    assert len(ward.faults()) == 4
    assert ward.alive() == {0, 1, 2}
    assert ward.pods.counts["bus switch brown-outs"] == 0
    ward.check_light()
    ward.check_times()


def test_a_switch_that_is_missing_is_one_fault_and_comes_back() -> None:
    ward = Ward(4)
    ward.run(5.0)
    ward.bus.unplug(MUX)
    ward.run(9.0)
    assert ward.faults() == [("bus switch", "chip missing", False)]
    ward.bus.plug(MUX, ward.switch)
    ward.run(12.0)
    assert ward.faults() == [("bus switch", "chip missing", False), ("bus switch", "chip missing", True)]
    assert ward.alive() == {0, 1, 2, 3}
    # Nobody took what the sensors measured meanwhile, and none of it is said to be of another time.
    ward.check_light()
    ward.check_times()


def test_a_switch_that_is_missing_from_the_beginning_is_told() -> None:
    ward = Ward(2)
    ward.bus.unplug(MUX)
    ward.run(20.0)
    assert ward.faults() == [("bus switch", "chip missing", False)]
    assert ward.bus.transfers < 40
    ward.bus.plug(MUX, ward.switch)
    ward.run(10.0)
    assert ward.alive() == {0, 1}
    assert settled(ward.faults())


@pytest.mark.parametrize("pods", [1, 4])
def test_a_switch_that_loses_its_power_costs_no_sample_and_is_told(pods: int) -> None:
    ward = Ward(pods)
    ward.run(5.0)
    for _ in range(3):
        ward.bus.brown_out(MUX)
        ward.run(2.0)
    ward.run(12.0)
    counts = ward.pods.counts
    if pods == 1:
        assert ward.faults() == [("bus switch", "brown-out", False), ("bus switch", "brown-out", True)]
        assert counts["bus switch brown-outs"] == 3
    else:
        assert ward.faults() == [], "the next pod's selection is sent before anybody could notice"
    assert counts["pulse samples lost"] == counts["skin samples lost"] == 0
    ward.check_light()


def test_a_chip_that_is_no_switch_is_told_once() -> None:
    ward = Ward(2)
    real = ward.bus.unplug(MUX)

    class Impostor:
        def receive(self, length: int) -> bytes:
            return bytes(length)

        def read(self, register: int, length: int) -> bytes:
            return bytes(length)

        def write(self, register: int, data: bytes) -> None: ...

        def brown_out(self) -> None: ...

    ward.bus.plug(MUX, Impostor())
    ward.run(30.0)
    assert ward.faults() == [("bus switch", "wrong chip", False)]
    ward.bus.unplug(MUX)
    ward.bus.plug(MUX, real)
    ward.run(10.0)
    assert ward.faults() == [("bus switch", "wrong chip", False), ("bus switch", "wrong chip", True)]
    assert ward.alive() == {0, 1}


def test_wires_that_cannot_be_reached_are_told_once() -> None:
    ward = Ward(2, recovery=False)
    lines = PinctrlLines(reset=None, command="pinctrl-that-is-not-there")
    ward.pods = Pods(ward.bus, [(PulseSettings(automatic=False), SkinSettings())] * 2, mux=MUX, recovery=Recovery(lines))
    ward.run(3.0)
    for _ in range(2):
        ward.switch.channels[0].hang(0.04)
        ward.run(6.0)
    told = [item for item in ward.told if isinstance(item, Fault) and item.source == "bus recovery"]
    assert [item.over for item in told] == [False]
    assert "raspi-utils" in told[0].message
    assert ward.alive() == {0, 1}


# ------------------------------------------------------------------------------------------------------------- a single pod


class Alone(Ward):
    """One pod on the bus itself."""

    def __init__(self, *, recovery: bool = True) -> None:
        super().__init__(1)
        self.bus = EmulatedBus(self.chips[0], now=self.clock.now, spend=self.clock.jump, has_reset=False)
        sensors = [(PulseSettings(automatic=False), SkinSettings())]
        self.pods = Pods(self.bus, sensors, recovery=Recovery(self.bus) if recovery else None)


def test_a_single_pod_is_freed_by_clocks_at_once() -> None:
    ward = Alone()
    ward.run(5.0)
    ward.bus.stick(6)
    ward.run(5.0)
    assert ward.faults() == [("pod 0", "bus", False), ("pod 0", "bus", True)]
    begun, ended = (item.t for item in ward.told if isinstance(item, Fault))
    assert ended - begun < 0.5
    counts = ward.pods.counts
    assert counts["bus recoveries"] == counts["bus time-outs"] == 1
    assert counts["pulse samples lost"] < 60
    assert ward.alive() == {0}
    ward.check_times()


def test_a_single_pod_gets_all_its_clocks_in_one_attempt() -> None:
    ward = Alone()
    ward.run(5.0)
    ward.bus.stick(14)
    ward.run(5.0)
    assert ward.faults() == [("pod 0", "bus", False), ("pod 0", "bus", True)]
    assert ward.pods.counts["bus recoveries"] == 2, "nine clocks, and a second later the rest"


@pytest.mark.parametrize("recovery", [True, False])
def test_a_single_pod_that_stays_stuck_is_tried_more_rarely_and_comes_back(recovery: bool) -> None:
    ward = Alone(recovery=recovery)
    ward.run(5.0)
    ward.bus.stick()
    ward.run(60.0)
    assert ward.faults() == [("pod 0", "bus", False)]
    assert ward.pods.counts["bus recoveries"] == (pytest.approx(10, abs=2) if recovery else 0)
    ward.bus.recover()
    ward.run(10.0)
    assert settled(ward.faults())
    assert ward.alive() == {0}


def test_there_are_as_many_pods_as_there_can_be() -> None:
    ward = Ward(1)
    one = (PulseSettings(), SkinSettings())
    for pods, mux in (([], None), ([one] * 2, None), ([one] * 9, MUX), ([], MUX)):
        with pytest.raises(ConfigError, match=f"not {len(pods)}"):
            Pods(ward.bus, pods, mux=mux)
    assert (Pods(ward.bus, [one] * 8, mux=MUX).name, Pods(ward.bus, [one]).name) == ("pods", "pod 0")


def test_a_channel_without_a_pod_is_never_due() -> None:
    ward = Ward(3)
    ward.pods = Pods(ward.bus, [(PulseSettings(automatic=False), None), (None, None), (None, SkinSettings())], mux=MUX)
    ward.run(3.0)
    assert {(item.pod, item.channel) for item in ward.told if isinstance(item, Block)} == {
        (0, Channel.INFRARED),
        (0, Channel.RED),
        (2, Channel.SKIN),
    }
    ward.check_light()
    assert Pods(ward.bus, [(None, None)] * 4, mux=MUX).due == float("inf")


# ------------------------------------------------------------------------------------------------------------- whatever happens

Trouble = Callable[[Ward, int, int], None]
TROUBLES: dict[str, Trouble] = {
    "chip refuses": lambda w, pod, n: w.switch.channels[pod].nack(PULSE if n % 2 else SKIN, min(n, 4)),
    "breaks off": lambda w, pod, n: w.switch.channels[pod].break_off(PULSE if n % 2 else SKIN, n),
    "arbitration": lambda w, pod, n: w.switch.channels[pod].lose_arbitration(PULSE if n % 2 else SKIN, 1),
    "pod hangs": lambda w, pod, n: w.switch.channels[pod].hang(0.1 * n),
    "pod sticks": lambda w, pod, n: w.switch.channels[pod].stick(n),
    "pod browns out": lambda w, pod, n: [chip.brown_out() for chip in w.chips[pod].values()] and None,
    "switch refuses": lambda w, pod, n: w.bus.nack(MUX, n),
    "switch breaks off": lambda w, pod, n: w.bus.break_off(MUX, 0),
    "switch browns out": lambda w, pod, n: w.bus.brown_out(MUX),
    "bus hangs": lambda w, pod, n: w.bus.hang(0.05 * n),
    "bus sticks": lambda w, pod, n: w.bus.stick(n),
}


@settings(PROPERTY, max_examples=14)
@given(
    troubles=st.lists(
        st.tuples(st.floats(0.0, 1.5), st.sampled_from(sorted(TROUBLES)), st.integers(0, 2), st.integers(1, 9)),
        min_size=1,
        max_size=8,
    ),
    has_reset=st.booleans(),
    recovery=st.booleans(),
)
def test_whatever_happens_no_pods_data_are_anothers(
    troubles: list[tuple[float, str, int, int]], has_reset: bool, recovery: bool
) -> None:
    """Faults at random, each followed by a while: light and skin are always their own body's, gaps are honest, and all ends."""
    with patch("undertone.sensors.pods._LONGEST_PAUSE", 2.0), patch("undertone.sensors.pods._LONGEST_PAUSE_OF_ALL", 2.0):
        ward = Ward(3, has_reset=has_reset, recovery=recovery)
        ward.run(1.5)
        for wait, name, pod, number in troubles:
            TROUBLES[name](ward, pod, number)
            ward.run(wait)
        if not recovery:
            # Nobody sends clocks then: whoever waits for them must be unplugged.
            ward.bus.recover()
            for segment in ward.switch.channels:
                segment.recover()
        for _ in range(30):
            # A chip that has refused often is asked again only every eight seconds.
            ward.run(3.0)
            if ward.alive() == {0, 1, 2} and settled(ward.faults()):
                break
    ward.check_light()
    ward.check_times()
    assert ward.alive() == {0, 1, 2}
    assert settled(ward.faults())
