"""Eight pods on one bus: what is lost, how full the bus is, whose beats are found, and what reading them costs.

    python benchmarks/pods.py [--minutes 3] [--quick]

Eight simulated bodies, each with chips whose clocks are off by up to 1.5 %, behind one emulated bus switch; every transfer
takes the time of its bits and 150 µs for the kernel and Python. First the bus at several rates, then one pod that hangs again
and again, then what the processor has to do. For that the answers of the bus are recorded and played back, so that what is
timed is only the switch, the drivers and the readers; what playing back costs by itself is timed alone and subtracted. What a
transfer costs in `LinuxBus` is timed against an ioctl that does nothing: the kernel's share is not in it.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.sensing.scoring import delay, match, score
from undertone.flow import Beat, Block, Channel, Fault
from undertone.sensors import Bus, LinuxBus, Pods, PulseSettings, Recovery, SkinSettings
from undertone.signals import Signals
from undertone.sim import Ads1115Chip, Body, Chip, EmulatedBus, Max3010xChip, Tca9548aChip
from undertone.timeline import VirtualClock

PODS, MUX, PULSE, SKIN = 8, 0x70, 0x57, 0x48
HUNG = 3
HANGS = (0.3, 2.5, 0.06, 5.0)
"""Seconds for which one pod holds the bus, in turn, once every 20 s."""
EVERY = 20.0
OVERHEAD = 150e-6
START, SETTLED = 10.0, 15.0
"""When a run begins, and how many seconds later its beats and clocks begin to be judged."""


@dataclass(slots=True)
class Ward:
    """Eight bodies, their chips, and the bus that they share."""

    rate_hz: float
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    skews: list[float] = field(default_factory=lambda: [-0.015 + 0.03 * pod / (PODS - 1) for pod in range(PODS)])
    bodies: list[Body] = field(default_factory=lambda: [Body.calm(pod + 1, start=0.0) for pod in range(PODS)])
    switch: Tca9548aChip = field(init=False)
    bus: EmulatedBus = field(init=False)

    def __post_init__(self) -> None:
        now = self.clock.now
        chips: dict[int, dict[int, Chip]] = {
            pod: {PULSE: Max3010xChip(body, now, skew=self.skews[pod], seed=pod), SKIN: Ads1115Chip(body, now, seed=pod)}
            for pod, body in enumerate(self.bodies)
        }
        self.switch = Tca9548aChip(chips, now)
        self.bus = EmulatedBus({MUX: self.switch}, now=now, spend=self.clock.jump, rate_hz=self.rate_hz, overhead=OVERHEAD)


class Recorded:
    """A bus that remembers what it answered."""

    def __init__(self, bus: EmulatedBus) -> None:
        self.answers: list[bytes] = []
        self._bus = bus

    def read(self, address: int, register: int, length: int) -> bytes:
        answer = self._bus.read(address, register, length)
        self.answers.append(answer)
        return answer

    def write(self, address: int, register: int, data: bytes) -> None:
        self._bus.write(address, register, data)
        self.answers.append(b"")

    def receive(self, address: int, length: int) -> bytes:
        answer = self._bus.receive(address, length)
        self.answers.append(answer)
        return answer


class PlayedBack:
    """A bus that answers what it answered before."""

    def __init__(self, answers: Iterable[bytes]) -> None:
        self._next = iter(answers).__next__

    def read(self, address: int, register: int, length: int) -> bytes:
        return self._next()

    def write(self, address: int, register: int, data: bytes) -> None:
        self._next()

    def receive(self, address: int, length: int) -> bytes:
        return self._next()


def many(bus: Bus, recovery: Recovery | None = None) -> Pods:
    """Readers of all eight."""
    return Pods(bus, [(PulseSettings(), SkinSettings())] * PODS, mux=MUX, recovery=recovery)


def run(ward: Ward, bus: Bus, seconds: float, *, hangs: bool = False) -> tuple[Pods, list[Block | Fault], list[float], float]:
    """Read for so long. Returns the readers, what they told, when each poll was, and the greatest lateness of one."""
    clock = ward.clock
    pods = many(bus, Recovery(ward.bus))
    told: list[Block | Fault] = []
    polls: list[float] = []
    end, latest, turn = clock.now() + seconds, 0.0, 0
    while (due := max(pods.due, clock.now())) < end:
        clock.jump(due - clock.now())
        if hangs and clock.now() - START > (turn + 1) * EVERY:
            ward.switch.channels[HUNG].hang(HANGS[turn % len(HANGS)])
            turn += 1
        now = clock.now()
        latest = max(latest, now - pods.due) if pods.due > 0.0 else latest
        told += pods.poll(now)
        polls.append(now)
    return pods, told, polls, latest


def lost(pods: Pods, name: str, *, without: int | None = None) -> int:
    """The count of that name over all pods but one."""
    return sum(pods.counts[f"pod {pod}: {name}"] for pod in range(PODS) if pod != without)


def show_bus(label: str, ward: Ward, pods: Pods, seconds: float, latest: float, *, without: int | None = None) -> None:
    """One line of the first table."""
    wires = ward.bus.bits / ward.rate_hz / seconds
    busy = wires + ward.bus.transfers * OVERHEAD / seconds
    pulse, skin = (lost(pods, f"{channel} samples lost", without=without) for channel in ("pulse", "skin"))
    conversions, bridged = lost(pods, "skin conversions"), lost(pods, "skin conversions bridged", without=without)
    print(
        f"{label:<24} {ward.bus.transfers / seconds:8.0f} {wires:8.1%} {busy:8.1%} {pulse:10d} {skin:10d} "
        f"{bridged:8d} {conversions / PODS / seconds:8.1f} {1000 * latest:8.1f}",
        flush=True,
    )


def heard(pod: int, told: list[Block | Fault]) -> tuple[list[Beat], float]:
    """The beats that a pod's own signals find, and the rate of its last block of light."""
    signals, beats, rate_hz = Signals(pod), [], 0.0
    for block in told:
        if isinstance(block, Block) and block.pod == pod:
            beats += [found for found in signals.push(block) if isinstance(found, Beat)]
            rate_hz = block.rate_hz if block.channel is Channel.INFRARED else rate_hz
    return beats, rate_hz


def show_beats(ward: Ward, told: list[Block | Fault]) -> None:
    """What each pod's own signals find, against what its body knows."""
    print("\npod  its clock  as fitted    beats     F1   error of an interval (median)")
    first, last = START + SETTLED, ward.clock.now() - 2.0
    for pod, body in enumerate(ward.bodies):
        beats, rate_hz = heard(pod, told)
        found = np.array([beat.t for beat in beats if first < beat.t < last])
        truth = body.truth.beats
        truth = truth[(truth > first) & (truth < last)]
        found -= delay(found, truth)
        pairs = match(found, truth, 0.15)
        neighbours = np.all(np.diff(pairs, axis=0) == 1, axis=1)
        wrong = (np.diff(found[pairs[:, 0]]) - np.diff(truth[pairs[:, 1]]))[neighbours]
        print(
            f"{pod:3d}  {ward.skews[pod]:+9.2%}  {rate_hz / 100.0 - 1.0:+9.2%}  {len(truth):7d}  {score(found, truth).f1:.3f}  "
            f"{1000.0 * float(np.median(np.abs(wrong))):5.1f} ms of {1000.0 * float(np.median(np.diff(truth))):.0f}",
            flush=True,
        )


# ---------------------------------------------------------------------------------------------------------- the processor


def busy(call: Callable[[], None]) -> float:
    """Seconds of processor time that a call takes: the least of three."""
    times = []
    for _ in range(3):
        before = time.process_time()
        call()
        times.append(time.process_time() - before)
    return min(times)


def show_processor(seconds: float) -> None:
    """What reading all eight costs on this machine."""
    ward = Ward(400_000.0)
    recorded = Recorded(ward.bus)
    polls = run(ward, recorded, seconds)[2]
    answers = recorded.answers

    def read(listen: Callable[[Block], object] | None = None, second: Callable[[float], None] | None = None) -> None:
        pods, next_second = many(PlayedBack(answers)), polls[0]
        for now in polls:
            for item in pods.poll(now):
                if listen is not None and isinstance(item, Block):
                    listen(item)
            _ = pods.due
            if second is not None and now >= next_second:
                second(now)
                next_second += 1.0

    def listened() -> None:
        signals = [Signals(pod) for pod in range(PODS)]

        def second(now: float) -> None:
            for each in signals:
                each.features(now)

        read(lambda block: signals[block.pod].push(block), second)

    def play_back() -> None:
        bus = PlayedBack(answers)
        for _ in answers:
            bus.read(MUX, 0, 1)

    transfers, asked = len(answers) / seconds, len(polls) / seconds
    print(f"\n{seconds:g} s of all eight: {transfers:.0f} transfers, {asked:.0f} polls a second; of one core:")
    show_shares(busy(play_back) / seconds, busy(read) / seconds, busy(listened) / seconds)
    linux = linux_bus(len(answers))
    if linux is None:
        print("LinuxBus                       not measured: smbus2 is not installed")
    else:
        print(f"LinuxBus, without the kernel   {linux / seconds:7.2%}  (comes on top on a real bus)")


def show_shares(silent: float, reading: float, with_signals: float) -> None:
    """What playing back, reading, and reading with signals on top take of one core."""
    print(f"switch, drivers and readers    {reading - silent:7.2%}  (target 2 %)")
    print(f"  with signals and features    {with_signals - silent:7.2%}")
    print(f"  playing back                 {silent:7.2%}  (is not in these two)")


def linux_bus(transfers: int) -> float | None:
    """Seconds that `LinuxBus` itself takes for so many transfers, with an ioctl that does nothing; None without smbus2."""
    if importlib.util.find_spec("smbus2") is None:
        return None
    nothing = {"smbus2.smbus2.ioctl": 0, "fcntl.ioctl": 0, "os.open": 1000, "os.close": None}
    with ExitStack() as stack:
        for name, answer in nothing.items():
            stack.enter_context(patch(name, partial(_answer, answer)))
        bus = LinuxBus(1)

        def call() -> None:
            # What one conversion of the skin takes, which is what most transfers are for.
            for _ in range(transfers // 4):
                bus.write(MUX, 8, b"")
                bus.read(SKIN, 1, 2)
                bus.read(SKIN, 0, 2)
                bus.write(SKIN, 1, b"\xc5\x63")

        taken = busy(call)
        bus.close()
    return taken


def _answer(answer: object, *_: object) -> object:
    return answer


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="virtual minutes of each run (default 3)")
    parser.add_argument("--quick", action="store_true", help="half a minute of each")
    asked = parser.parse_args()
    seconds = 30.0 if asked.quick else asked.minutes * 60.0
    print(f"eight pods for {seconds:g} s; lost: samples (of all pods; of the other seven where one hangs)")
    print(f"{'':24} transf/s    wires bus busy pulse lost  skin lost  bridged   conv/s  late ms")
    beats: tuple[Ward, list[Block | Fault]] | None = None
    for rate_hz in (400_000.0, 250_000.0, 100_000.0, 62_500.0):
        ward = Ward(rate_hz)
        pods, told, _, latest = run(ward, ward.bus, seconds)
        show_bus(f"{rate_hz / 1000:g} kHz", ward, pods, seconds, latest)
        beats = beats or (ward, told)
    for rate_hz in (400_000.0, 250_000.0):
        ward = Ward(rate_hz)
        pods, told, _, latest = run(ward, ward.bus, seconds, hangs=True)
        show_bus(f"{rate_hz / 1000:g} kHz, pod {HUNG} hangs", ward, pods, seconds, latest, without=HUNG)
        hangs, gone = (pods.counts[f"pod {HUNG}: {name}"] for name in ("hangs", "pulse samples lost"))
        print(f"{'':24} pod {HUNG} itself: {hangs} hangs, {gone} of its pulse samples lost", flush=True)
    assert beats is not None
    show_beats(*beats)
    show_processor(min(seconds, 60.0))


if __name__ == "__main__":
    main()
