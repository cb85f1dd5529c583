"""`undertone calibrate skin`: what the front end's resistors really are, from test resistors in place of the skin."""

from __future__ import annotations

import argparse
import math
import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from undertone import config
from undertone.cli.calibrate_level import calibrate_level
from undertone.cli.calibrated import offered
from undertone.cli.live_line import LiveLine
from undertone.config import Settings
from undertone.errors import ConfigError, UndertoneError
from undertone.sensors import (
    Ads1115,
    Bus,
    FrontEnd,
    LinuxBus,
    PodBus,
    SkinSettings,
    Steady,
    Tca9548a,
    calibrated,
    ratios,
    residual,
)
from undertone.sim import Ads1115Chip, EmulatedBus
from undertone.timeline import Clock, SystemClock, VirtualClock

__all__ = ["Bench", "calibrate"]

FIRST, SECOND, CHECK = 100e3, 1e6, 47e3
"""The test resistors, ohms: two to calibrate with, and one to see whether the result holds."""
OPEN = math.inf
PATIENCE = 300.0
"""Seconds that somebody has for connecting one resistor and letting it come to rest."""
GOOD, FAIR = 0.02, 0.05
"""What the check may be off, as a share of the conductance: as it should be, and as it can be with resistors of 1 %."""
LEAST_OPEN, LARGEST = 5e6, 4.0
"""Ohms from which on nothing is connected, and the factor by which a resistor may seem larger than it is and still be meant."""
LINE_EVERY = 5.0
GROVE_RANGE_VOLTS = 4.096
REHEARSED = FrontEnd(feedback_ohm=222_300.0, series_ohm=77_200.0)
"""The front end of a rehearsal: what there is to be found."""
REHEARSED_GROVE_VOLTS = 2.61
HANDS_SECONDS = 2.0
"""How long somebody in a rehearsal takes to connect something."""


class Source(Protocol):
    """Brings one figure after the other, as `sensors.Ratios` does."""

    due: float

    def poll(self, now: float) -> float | None:
        """The next figure; None where there is none yet. Raises SensorError where the sensor cannot be read."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured with."""

    clock: Clock
    bus: Bus
    connect: Callable[[float], None] = lambda ohms: None
    """Has a resistance in place of the skin; on a real bench a person does that."""


def calibrate(asked: argparse.Namespace, *, bench: Bench | None = None) -> int:
    """Measure, say what was found, and write it into the configuration if it is wanted.

    bench: what a test brings in place of the real bus.
    """
    if asked.what == "level":
        return calibrate_level(asked)
    settings = config.load(asked.config)
    if asked.pod >= settings.sensors.pods:
        raise ConfigError(f"There is no pod {asked.pod}: sensors.pods is {settings.sensors.pods}, and they count from 0.")
    if asked.rehearse:
        print("A rehearsal on an emulated converter: nothing real is measured, and nothing is written.\n")
        bench = _rehearsal(settings, grove=asked.grove)
    try:
        bench = bench or _real(settings, asked.pod)
        found = _grove(bench, settings) if asked.grove else _built(bench, settings)
    except KeyboardInterrupt:
        print("\nCtrl-C: nothing was changed.")
        raise
    if found is None:
        return 1
    offered(asked, found)
    return 0


# ---------------------------------------------------------------------------------------------------------- the two front ends


def _built(bench: Bench, settings: Settings) -> Mapping[str, float | str] | None:
    """The options that the test resistors give; None where the check does not bear them out."""
    skin = settings.sensors.skin
    if skin.front_end == "grove":
        raise ConfigError("The configuration says that the front end is a Grove board: `undertone calibrate skin --grove`.")
    before = FrontEnd(feedback_ohm=skin.feedback_ohms, series_ohm=skin.series_ohms)
    source = ratios(bench.bus, SkinSettings(address=skin.address, front_end=before))
    print(f"You need three resistors of 1 % or better: {_ohms(FIRST)}, {_ohms(SECOND)} and, as a check, {_ohms(CHECK)}.")
    print("Take the electrodes off. A resistor comes in place of the skin, between E1 and E2; keep your fingers off it.\n")
    first = _resistor(bench, source, FIRST, before, "1 of 3")
    second = _resistor(bench, source, SECOND, before, "2 of 3")
    after = calibrated(before, (FIRST, first), (SECOND, second))
    check = _resistor(bench, source, CHECK, after, "3 of 3")
    off, was = residual(after, CHECK, check), residual(before, CHECK, check)
    print(f"\nfeedback   {_ohms(after.feedback_ohm)}, {_change(after.feedback_ohm, before.feedback_ohm)}")
    print(f"series     {_ohms(after.series_ohm)}, {_change(after.series_ohm, before.series_ohm)}")
    print(f"check      with {_ohms(CHECK)} the conductance is off by {_share(off)}; without this calibration by {_share(was)}")
    if abs(off) > FAIR:
        print("That is too much: a resistor is not what it is taken for, or a joint is loose. Nothing was changed.")
        return None
    if abs(off) > GOOD:
        print("           More than it should be; test resistors of 1 % can do that. Better ones calibrate better.")
    return {
        "sensors.skin.feedback_ohms": round(after.feedback_ohm),
        "sensors.skin.series_ohms": round(after.series_ohm),
    }


def _grove(bench: Bench, settings: Settings) -> Mapping[str, float | str] | None:
    """The option that the open board gives."""
    skin = settings.sensors.skin
    print("Take the Grove board's electrodes off, and let nothing touch them.\n")
    bench.connect(OPEN)
    with LiveLine(every=LINE_EVERY) as live:
        source = _Volts(bench.bus, skin.address)
        volts = _steady(bench, source, live, "open", lambda value: (True, f"It reads as {value:.3f} V."))
    share = volts / skin.supply_volts
    print(f"\nopen       {volts:.3f} V, {share:.0%} of the supply of {skin.supply_volts:g} V")
    if not 0.3 <= share < 1.0:
        print("No Grove board puts that out with its electrodes off. Are they off, and is sensors.skin.supply_volts right?")
        return None
    open_volts: dict[str, float | str] = {"sensors.skin.open_volts": round(volts, 4)}
    return open_volts if skin.front_end == "grove" else {"sensors.skin.front_end": "grove", **open_volts}


class _Volts:
    """The voltage on AIN0, about 32 times a second."""

    def __init__(self, bus: Bus, address: int) -> None:
        self.due = float("-inf")
        self._chip = Ads1115(bus, address=address, reference_every=float("inf"), range_volts=GROVE_RANGE_VOLTS)

    def poll(self, now: float) -> float | None:
        """The next voltage; None where there is none yet. Raises SensorError where the converter cannot be read."""
        result = self._chip.poll(now)
        self.due = self._chip.due
        return None if result is None else result.volts


# ------------------------------------------------------------------------------------------------------------------ measuring


def _resistor(bench: Bench, source: Source, ohms: float, front_end: FrontEnd, step: str) -> float:
    """The ratio with a test resistor, once it is steady and can be nothing but that resistor."""
    name = _ohms(ohms)
    bench.connect(ohms)
    with LiveLine(every=LINE_EVERY) as live:
        live.say(f"{step}  Connect {name}.")

        def judged(ratio: float) -> tuple[bool, str]:
            seen = _resistance(front_end, ratio)
            return _nearest(seen) == ohms, _seen(seen, ohms)

        ratio = _steady(bench, source, live, step, judged)
        live.say(f"{step}  {name} reads as {_ohms(_resistance(front_end, ratio))}.")
    return ratio


def _steady(
    bench: Bench, source: Source, live: LiveLine, step: str, judged: Callable[[float], tuple[bool, str]]
) -> float:
    """What the source brings, once it is steady and judged right.

    judged: whether a figure is what is waited for, and what to show of it.
    Raises SensorError where the sensor cannot be read, UndertoneError where nothing steady comes in time.
    """
    silence: queue.SimpleQueue[Any] = queue.SimpleQueue()
    steady, start, shown = Steady(), bench.clock.now(), "nothing."
    while (now := bench.clock.now()) - start < PATIENCE:
        figure = source.poll(now)
        if figure is not None:
            right, shown = judged(figure)
            rest = steady.push(now, figure)
            if right and rest is not None:
                return rest
            waiting = "coming to rest" if right else "waiting"
            live.show(now, f"{step}  {shown} ({waiting}, {now - start:.0f} s)")
        bench.clock.wait(silence, max(source.due, now + 1e-4))
    raise UndertoneError(
        f"Nothing steady came within {PATIENCE / 60:.0f} minutes. At the end: {shown} Are both ends connected, the leads at "
        f"rest, and no fingers on them? Nothing was changed."
    )


def _resistance(front_end: FrontEnd, ratio: float) -> float:
    """What is in place of the skin, ohms; inf for nothing, 0 for a short."""
    microsiemens = front_end.microsiemens(ratio * front_end.reference_volts, front_end.reference_volts)
    if microsiemens is None:
        return 0.0
    return 1e6 / microsiemens if microsiemens > 0.0 else math.inf


def _nearest(ohms: float) -> float | None:
    """The test resistor that this must be; None where it is none of them."""
    if not CHECK / LARGEST <= ohms <= LEAST_OPEN:
        return None
    return min((FIRST, SECOND, CHECK), key=lambda known: abs(math.log(ohms / known)))


def _seen(ohms: float, wanted: float) -> str:
    """What is connected, in words."""
    if ohms > LEAST_OPEN:
        return f"Nothing is connected yet: {_ohms(wanted)} is wanted."
    if ohms < CHECK / LARGEST:
        return "The two leads touch each other: part them."
    nearest = _nearest(ohms)
    if nearest != wanted and nearest is not None:
        return f"This is the {_ohms(nearest)} resistor: {_ohms(wanted)} is wanted."
    return f"It reads as {_ohms(ohms)}."


# -------------------------------------------------------------------------------------------------------------------- benches


def _real(settings: Settings, pod: int) -> Bench:
    """The real bus; with several pods, the channel of one of them."""
    sensors = settings.sensors
    bus: Bus = LinuxBus(sensors.bus)
    if sensors.pods > 1:
        bus = PodBus(bus, Tca9548a(bus, sensors.mux_address), pod)
    return Bench(SystemClock(), bus)


def _rehearsal(settings: Settings, *, grove: bool) -> Bench:
    """An emulated converter, and somebody who connects what is asked for after a moment."""
    clock = VirtualClock()
    plugged: list[tuple[float, float]] = [(0.0, OPEN)]

    def inputs(t: float) -> Sequence[float]:
        ohms = next(ohms for since, ohms in reversed(plugged) if t >= since or since == 0.0)
        return (REHEARSED_GROVE_VOLTS, 0.0, 0.0, 0.0) if grove else (*REHEARSED.volts(1e6 / ohms), 0.0, 0.0)

    def connect(ohms: float) -> None:
        plugged.extend([(clock.now() + 0.5 * HANDS_SECONDS, OPEN), (clock.now() + HANDS_SECONDS, ohms)])

    chip = Ads1115Chip(None, clock.now, inputs=inputs)
    return Bench(clock, EmulatedBus({settings.sensors.skin.address: chip}, now=clock.now), connect)


# ---------------------------------------------------------------------------------------------------------------------- words


def _change(found: float, before: float) -> str:
    return f"{_share(found / before - 1.0)} from the {_ohms(before)} of the configuration"


def _share(value: float) -> str:
    # Nought has no sign.
    return f"{round(value, 3) + 0.0:+.1%}" if round(value, 3) else "0.0%"


def _ohms(value: float) -> str:
    """A resistance as people write it."""
    if math.isinf(value):
        return "an open circuit"
    return f"{value / 1e6:.4g} MΩ" if value >= 1e6 * 0.9995 else f"{value / 1e3:.4g} kΩ"
