"""Every fault that the sensors can have, brought about on a whole simulated device, and what the device then does.

A `Case` happens at `START` and is mended `seconds` later. `ordeal` runs it and measures; `table` writes what was measured for
the page `docs/faults.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.config import Settings
from undertone.device import Device, World, assemble, pulse_settings
from undertone.flow import Bar, Beat, BeatFlag, Block, Channel, Fault, FaultKind, Features, Record
from undertone.sensors import PulseSettings
from undertone.sim import Ads1115Chip, Body, EmulatedBus, Happening, HappeningKind, Max3010xChip, Tca9548aChip
from undertone.sim.segment import Segment
from undertone.timeline import VirtualClock

__all__ = ["CASES", "START", "Case", "Outcome", "ordeal", "table"]

START = 60.0
LENGTH = 150.0
PULSE, SKIN, SWITCH = 0x57, 0x48, 0x70
CHANNELS = (Channel.INFRARED, Channel.SKIN)
NOTHING = "nothing"
FADES = "the music goes on; what is known of the body fades"


class Lit:
    """A body whose light can be changed: a thinner finger, a harder press."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.factor = 1.0

    def light(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `Subject.light`."""
        return self.body.light(times) * self.factor

    def conductance(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `Subject.conductance`."""
        return self.body.conductance(times)

    def hear(self, t: float, bar: Bar) -> None:
        """As `Listener.hear`."""
        self.body.hear(t, bar)


@dataclass(slots=True)
class Scene:
    """What a case can reach."""

    clock: VirtualClock
    body: Lit
    bus: EmulatedBus
    pulse: Max3010xChip
    skin: Ads1115Chip
    switch: Tca9548aChip | None = None


def _idle(scene: Scene) -> None:
    """Nothing has to be done."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault."""

    name: str
    happens: Callable[[Scene], object] = _idle
    mended: Callable[[Scene], object] = _idle
    seconds: float = 0.0
    """How long the cause itself lasts."""
    notices: str = NOTHING
    """What the listener notices."""
    told: FaultKind | None = None
    """The fault that the device tells, if it has to tell one."""
    counted: tuple[str, ...] = ()
    """Counts that must have risen."""
    lost: float = 0.0
    """Most seconds of the pulse that may be lost beyond the cause's own."""
    back: float = 1.0
    """Most seconds after the cause's end until samples flow and nothing is wrong."""
    lasts: bool = False
    """Whether the cause, and so the fault, stays until somebody changes something."""
    script: tuple[Happening, ...] = ()
    """What happens to the body."""
    pods: int = 1
    chip: Mapping[str, float] = field(default_factory=dict)
    """How the emulated pulse sensor is made."""
    pulse: Mapping[str, int] = field(default_factory=dict)
    """How the pulse sensor is set up, where that differs."""


@dataclass(slots=True)
class Outcome:
    """What the device did."""

    faults: list[Fault]
    counts: Mapping[str, int]
    told_after: float | None
    """Seconds from the beginning of the cause until the device says so; None where it says nothing."""
    back_after: float
    """Seconds from the end of the cause until samples of both channels flow and nothing is wrong."""
    lost: float
    """Seconds of the pulse that are missing, from START on."""
    beats: NDArray[np.float64]
    true_beats: NDArray[np.float64]
    heart_bpm: list[float]
    bars: list[tuple[float, Bar]]


def _unplugged(scene: Scene, chip: str) -> None:
    scene.bus.unplug(PULSE if chip == "pulse" else SKIN)


def _plugged(scene: Scene, chip: str) -> None:
    scene.bus.plug(PULSE if chip == "pulse" else SKIN, getattr(scene, chip))


def _pod(scene: Scene, number: int) -> Segment:
    """What lies behind a channel of the bus switch."""
    assert scene.switch is not None
    return scene.switch.channels[number]


def _exactly_full(scene: Scene) -> None:
    """Keep the machine busy until the FIFO is full to the last slot and has lost nothing yet."""
    while scene.pulse._unread < 32:
        scene.clock.jump(0.001)
        scene.pulse._advance(scene.clock.now())


CASES: Sequence[Case] = (
    Case(
        "the pulse sensor does not acknowledge, twice",
        lambda scene: scene.bus.nack(PULSE, 2),
        counted=("pulse retries",),
    ),
    Case(
        "a transfer breaks off in the middle of a sample",
        lambda scene: scene.bus.break_off(PULSE, 7),
        counted=("pulse retries",),
    ),
    Case(
        "a write breaks off while the sensor is being set up after a brown-out",
        lambda scene: (scene.bus.brown_out(PULSE), scene.bus.break_off(PULSE, 0)),
        told=FaultKind.BROWN_OUT,
        counted=("pulse brown-outs", "pulse retries"),
        lost=0.6,
        back=2.0,
    ),
    Case(
        "the pulse sensor is unplugged for 5 s",
        lambda scene: _unplugged(scene, "pulse"),
        lambda scene: _plugged(scene, "pulse"),
        5.0,
        notices=FADES,
        told=FaultKind.CHIP_MISSING,
        counted=("pulse chip losses",),
        lost=8.5,
        back=8.5,
    ),
    Case(
        "the skin sensor is unplugged for 5 s",
        lambda scene: _unplugged(scene, "skin"),
        lambda scene: _plugged(scene, "skin"),
        5.0,
        notices=FADES,
        told=FaultKind.CHIP_MISSING,
        counted=("skin chip losses",),
        back=8.5,
    ),
    Case(
        "arbitration is lost once",
        lambda scene: scene.bus.lose_arbitration(PULSE, 1),
        counted=("bus time-outs",),
        told=FaultKind.BUS,
        lost=1.2,
        back=2.0,
    ),
    Case(
        "SDA is held low until five clocks have come",
        lambda scene: scene.bus.stick(5),
        counted=("bus time-outs", "bus recoveries"),
        told=FaultKind.BUS,
        lost=0.7,
        back=2.0,
    ),
    Case(
        "SDA is held low for 10 s, and no clock helps",
        lambda scene: scene.bus.stick(),
        lambda scene: scene.bus.recover(),
        10.0,
        notices=FADES,
        told=FaultKind.BUS,
        counted=("bus time-outs",),
        lost=8.5,
        back=8.5,
    ),
    Case(
        "another chip answers (a MAX30100) for 5 s",
        lambda scene: (setattr(scene.pulse, "part_id", 0x11), scene.bus.brown_out(PULSE)),
        lambda scene: setattr(scene.pulse, "part_id", 0x15),
        5.0,
        notices=FADES,
        told=FaultKind.CHIP_WRONG,
        counted=("pulse wrong chips",),
        lost=8.5,
        back=8.5,
    ),
    Case(
        "the data line floats (only 0xff is read) for 5 s",
        lambda scene: setattr(scene.pulse, "part_id", 0xFF),
        lambda scene: (setattr(scene.pulse, "part_id", 0x15), scene.bus.brown_out(PULSE)),
        5.0,
        notices=FADES,
        told=FaultKind.CHIP_MISSING,
        lost=8.5,
        back=8.5,
    ),
    Case(
        "brown-out of the pulse sensor",
        lambda scene: scene.bus.brown_out(PULSE),
        told=FaultKind.BROWN_OUT,
        counted=("pulse brown-outs",),
        lost=0.5,
        back=1.5,
    ),
    Case(
        "brown-out of the skin sensor",
        lambda scene: scene.bus.brown_out(SKIN),
        told=FaultKind.BROWN_OUT,
        counted=("skin brown-outs",),
        back=1.5,
    ),
    Case(
        "red and infrared are exchanged on the module",
        chip={"swapped": True},
        told=FaultKind.SWAPPED,
        counted=("pulse channels swapped",),
        lost=0.5,
    ),
    Case(
        "the sensor is asked for 800 conversions and grants 400",
        pulse={"conversions_per_s": 800, "average": 4},
        told=FaultKind.CONFIG,
        lasts=True,
        counted=("pulse rate clamps",),
    ),
    Case(
        "the machine is too busy for 1 s: the FIFO overflows",
        lambda scene: scene.clock.jump(1.0),
        told=FaultKind.OVERFLOW,
        counted=("pulse overflows", "pulse samples lost"),
        lost=1.2,
        back=12.0,
    ),
    Case("the machine is busy until the FIFO is full to the last slot", _exactly_full, counted=("pulse full FIFOs",)),
    Case("the sensor's clock is 1.5 % fast", chip={"skew": 0.015}),
    Case("the sensor's clock is 1.5 % slow", chip={"skew": -0.015}),
    Case(
        "three times the light comes back: the converter saturates",
        lambda scene: setattr(scene.body, "factor", 3.0),
        counted=("pulse current changes", "pulse samples set aside"),
        lost=0.5,
        back=6.0,
    ),
    Case(
        "a fifth of the light comes back",
        lambda scene: setattr(scene.body, "factor", 0.2),
        counted=("pulse current changes", "pulse samples set aside"),
        lost=0.5,
        back=6.0,
    ),
    Case(
        "the sun shines on the sensor for 5 s",
        lambda scene: setattr(scene.pulse, "sunlight", True),
        lambda scene: setattr(scene.pulse, "sunlight", False),
        5.0,
        notices=FADES,
        told=FaultKind.SATURATED,
        counted=("pulse dazzles",),
        lost=0.2,
        back=3.0,
    ),
    Case(
        "the finger is off for 10 s",
        seconds=10.0,
        script=(Happening(START, HappeningKind.FINGER_OFF, 10.0),),
        notices=FADES,
        told=FaultKind.CONTACT,
        counted=("pulse fingers off",),
        back=3.0,
    ),
    Case(
        "the electrodes are off for 10 s",
        seconds=10.0,
        script=(Happening(START, HappeningKind.ELECTRODES_OFF, 10.0),),
        notices=FADES,
        told=FaultKind.CONTACT,
        counted=("skin electrodes off",),
        back=3.0,
    ),
    Case(
        "the hand moves for 10 s",
        seconds=10.0,
        script=(Happening(START, HappeningKind.MOVEMENT, 10.0),),
        notices="the music goes on; beats that cannot be told are left out",
    ),
    Case("the temperature is announced long before it is there", counted=("pod 0: pulse sensor temperature °C",)),
    Case(
        "the converter acknowledges ten starts and does not convert",
        lambda scene: setattr(scene.skin, "deaf", 10),
        told=FaultKind.CHIP_WRONG,
        counted=("skin conversions never started",),
        back=2.0,
    ),
    Case(
        "pod 0 of two holds the bus until a reset of the switch",
        lambda scene: _pod(scene, 0).stick(),
        lambda scene: _pod(scene, 0).recover(),
        10.0,
        pods=2,
        notices="the music goes on, and follows pod 1 after a minute",
        told=FaultKind.BUS,
        counted=("pod 0: hangs", "bus recoveries"),
        lost=17.0,
        back=17.0,
    ),
    Case(
        "brown-out of the bus switch",
        lambda scene: scene.bus.brown_out(SWITCH),
        pods=2,
    ),
    Case(
        "the bus switch is unplugged for 5 s",
        lambda scene: scene.bus.unplug(SWITCH),
        lambda scene: scene.bus.plug(SWITCH, scene.switch),
        5.0,
        pods=2,
        notices=FADES,
        told=FaultKind.CHIP_MISSING,
        lost=8.5,
        back=8.5,
    ),
)
"""What `hardware.md` lists, in its order: the bus, the pulse sensor, the body, the converter, the switch."""


def ordeal(case: Case) -> Outcome:
    """Run a case on a whole device in virtual time."""
    chosen = Settings()
    chosen = replace(chosen, music=replace(chosen.music, seed=1), sensors=replace(chosen.sensors, pods=case.pods))
    body = Lit(Body(5, tension=0.4, script=case.script))
    others = [Body(6 + number) for number in range(case.pods - 1)]
    world, scene = _scene(case, chosen, body, others)
    records: list[Record] = []
    blocks: list[Block] = []
    bars: list[tuple[float, Bar]] = []
    world = replace(world, heard=lambda t, bar: bars.append((t, bar)))
    device = _assembled(case, world, chosen, records, blocks)
    device.timeline.add("happens", lambda now: case.happens(scene) and None, due=START)
    device.timeline.add("mended", lambda now: case.mended(scene) and None, due=START + max(case.seconds, 1e-6))
    device.run(until=LENGTH)
    counts = device.status().counts
    device.close()
    return _judged(case, records, blocks, counts, body.body.truth.beats, bars)


def _scene(case: Case, chosen: Settings, body: Lit, others: Sequence[Body]) -> tuple[World, Scene]:
    world = World.simulated(body, open_sink=None, settings=chosen, others=others)
    clock = world.clock
    assert isinstance(clock, VirtualClock)
    pulse, skin = Max3010xChip(body, clock.now, **case.chip), Ads1115Chip(body, clock.now)
    switch = None
    if case.pods == 1:
        bus = EmulatedBus({PULSE: pulse, SKIN: skin}, now=clock.now, spend=clock.jump)
    else:
        pods = {0: {PULSE: pulse, SKIN: skin}}
        for number, other in enumerate(others, 1):
            pods[number] = {PULSE: Max3010xChip(other, clock.now, skew=0.01), SKIN: Ads1115Chip(other, clock.now)}
        switch = Tca9548aChip(pods, clock.now)
        bus = EmulatedBus({SWITCH: switch}, now=clock.now, spend=clock.jump)
    return replace(world, bus=bus, lines=bus), Scene(clock, body, bus, pulse, skin, switch)


def _assembled(case: Case, world: World, chosen: Settings, records: list[Record], blocks: list[Block]) -> Device:
    usual = pulse_settings(chosen)
    assert isinstance(usual, PulseSettings)
    with pytest.MonkeyPatch.context() as patch:
        if case.pulse:
            patch.setitem(assemble.__globals__, "pulse_settings", lambda settings: replace(usual, **case.pulse))
        return assemble(world, chosen, record=records.append, samples=blocks.append)


def _judged(
    case: Case,
    records: Sequence[Record],
    blocks: Sequence[Block],
    counts: Mapping[str, int],
    true_beats: NDArray[np.float64],
    bars: list[tuple[float, Bar]],
) -> Outcome:
    faults = [record.value for record in records if isinstance(record.value, Fault)]
    told = [fault.t for fault in faults if fault.kind is case.told and not fault.over]
    end = START + case.seconds
    over = [fault.t for fault in faults if fault.over]
    mine = [block for block in blocks if block.pod == 0]
    flowing = [min((b.end for b in mine if b.channel is channel and b.t0 >= end), default=np.inf) for channel in CHANNELS]
    pulse = [block for block in mine if block.channel is Channel.INFRARED and block.end > START]
    heard = sum(len(block.values) / block.rate_hz for block in pulse)
    values = [record.value for record in records]
    return Outcome(
        faults,
        counts,
        told[0] - (0.0 if case.chip or case.pulse else START) if told else None,
        max(0.0, max([*over, *flowing]) - end),
        max(0.0, pulse[-1].end - min(START, pulse[0].t0) - heard) if pulse else np.inf,
        np.array([value.t for value in values if isinstance(value, Beat) and not value.pod and value.flag is BeatFlag.CLEAN]),
        true_beats,
        [value.heart_bpm for value in values if isinstance(value, Features) and not value.pod and value.heart_bpm is not None],
        bars,
    )


def table(outcomes: Mapping[str, Outcome]) -> str:
    """The measured figures as a table in Markdown, for the cases in their order."""
    head = "| what goes wrong | what the listener notices | told as | told after | pulse lost besides | well again after |"
    rows = [head, "| --- | --- | --- | --- | --- | --- |"]
    for case in CASES:
        outcome = outcomes[case.name]
        told = "–" if outcome.told_after is None else f"{outcome.told_after:.1f} s"
        kind = "–" if case.told is None else case.told.value
        besides = max(0.0, outcome.lost - case.seconds)
        lost = "–" if besides < 0.05 else f"{besides:.1f} s"
        rows.append(f"| {case.name} | {case.notices} | {kind} | {told} | {lost} | {outcome.back_after:.1f} s |")
    return "\n".join(rows)
