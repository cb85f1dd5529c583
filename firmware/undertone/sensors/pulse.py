"""The pulse channel: one MAX3010x from its FIFO to blocks of light with times, and every trouble on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from undertone.errors import SensorError
from undertone.flow import Block, Channel, Fault, FaultKind, readonly
from undertone.sensors.bus import Bus
from undertone.sensors.led import LIFTED_NA_PER_MA, TOUCHED_NA_PER_MA, LedControl, na_per_ma
from undertone.sensors.max3010x import Drained, Max3010x
from undertone.sensors.max3010x_table import FULL_SCALE
from undertone.sensors.optics import Drive, PulseSettings
from undertone.sensors.stamp import Stamp
from undertone.sensors.swap import SwapWatch, saturation_percent
from undertone.sensors.trouble import Access, Lasting, Ledger

__all__ = ["READINGS", "PulseChannel"]

_CLIPPED = FULL_SCALE & ~0b111
"""Full scale in the coarsest resolution."""
_CLIPPED_SHARE = 0.05
_DAZZLED_SECONDS = 0.5
_HELPLESS_SECONDS = 8.0
"""So long a channel may be full until it is trouble, where the LED currents are adjusted: that takes up to five seconds."""
_QUIET_SECONDS = 10.0
"""So long without a lost sample before an overflow is over."""

_NO_CONTACT = "No finger on the pulse sensor: rest a fingertip on its window, lightly, without pressing."
_CONTACT = "There is a finger on the pulse sensor."
_SATURATED = "The pulse sensor is dazzled: shade it from the sun or a lamp, and lay the fingertip over the whole window."
_SEES = "The pulse sensor sees again."
_OVERFLOW = "Pulse samples were lost because they were fetched too late: the machine is too busy. Close what else runs on it."
_IN_TIME = "Pulse samples are fetched in time again."
_BROWN_OUT = "The pulse sensor lost its power for a moment and is being set up again. Check its plug and the supply."
_STALLED = "The pulse sensor stopped sampling and is being set up again. Check its plug and the supply."
_EXCHANGED = "Red and infrared of the pulse sensor are exchanged back."
_CLAMPED = "The pulse sensor takes fewer samples than asked for: its LED pulse is too long for that rate. Choose a lower rate."
_UNCLAMPED = "The pulse sensor takes as many samples as asked for."

_COUNTED = {
    FaultKind.CHIP_MISSING: "pulse chip losses",
    FaultKind.CHIP_WRONG: "pulse wrong chips",
    FaultKind.BUS: "pulse bus failures",
    FaultKind.CONTACT: "pulse fingers off",
    FaultKind.SATURATED: "pulse dazzles",
    FaultKind.OVERFLOW: "pulse overflows",
    FaultKind.CONFIG: "pulse rate clamps",
    FaultKind.SWAPPED: "pulse channels swapped",
}
"""Faults that are counted as often as they begin."""
_ALSO_COUNTED = (
    "pulse samples",
    "pulse samples lost",
    "pulse samples set aside",
    "pulse full FIFOs",
    "pulse brown-outs",
    "pulse stalls",
    "pulse restarts",
    "pulse retries",
    "pulse current changes",
    "pulse temperatures dropped",
)
_RED, _INFRARED, _RANGE = "pulse red microamperes", "pulse infrared microamperes", "pulse range nanoamperes"
_CLOCK = "pulse clock parts per million"
_CELSIUS = "pulse sensor temperature °C"
READINGS = frozenset({_RED, _INFRARED, _RANGE, _CLOCK, _CELSIUS})
"""Names among the counts that say how things stand: adding them up over several sensors means nothing."""


class PulseChannel:
    """Reads one pulse sensor.

    bus: its bus. settings: how it shall measure. pod: which pod it belongs to.
    """

    def __init__(self, bus: Bus, settings: PulseSettings, *, pod: int = 0) -> None:
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        # All names from the beginning: another thread may be reading them, and a dictionary must not grow meanwhile.
        self.counts = dict.fromkeys((*_ALSO_COUNTED, *_COUNTED.values(), *sorted(READINGS)), 0)
        """What was counted since the start, and the `READINGS`: currents, range, how much faster than nominal the chip's clock
        runs, and the temperature of its die, which is 0 until it has been read for the first time."""
        self._automatic = settings.automatic
        self._chip = Max3010x(bus, settings)
        self._pod = pod
        self._ledger = Ledger(f"pod {pod} pulse")
        self._access = Access(self._ledger, "pulse sensor")
        self._stamp: Stamp | None = None
        self._end: float | None = None
        self._period: float | None = None
        self._resumed = False
        self._aside = 0
        self._leds = LedControl(settings.drive, settings.rate_hz)
        self._swap = SwapWatch(settings.rate_hz)
        self._lifted = Lasting(0.5, 0.5)
        self._clipped = Lasting(_HELPLESS_SECONDS if settings.automatic else _DAZZLED_SECONDS, 1.0)
        self._ambient = Lasting(_DAZZLED_SECONDS, 1.0)
        self._overflown = Lasting(0.0, _QUIET_SECONDS)
        self._show_drive()

    def poll(self, now: float) -> list[Block | Fault]:
        """Let the driver take its next step. Never raises for trouble with the bus or the chip: tells a fault."""
        out = self._poll(now)
        for item in out:
            if isinstance(item, Fault) and not item.over and item.kind in _COUNTED:
                self.counts[_COUNTED[item.kind]] += 1
        return out

    def _poll(self, now: float) -> list[Block | Fault]:
        try:
            drained = self._chip.poll(now)
        except SensorError as error:
            self.due, told = self._access.failed(now, error)
            self.counts["pulse retries"] = self._access.retries
            if self._access.lost:
                self._begin_anew()
            return [*told]
        self.due = self._chip.due
        self._show_temperature()
        if drained is None:
            return []
        if drained.brown_out or drained.stalled:
            self.counts["pulse brown-outs" if drained.brown_out else "pulse stalls"] += 1
            self._begin_anew()
            self.due = now
            return [*self._ledger.begin(now, FaultKind.BROWN_OUT, _BROWN_OUT if drained.brown_out else _STALLED)]
        out: list[Block | Fault] = [*self._access.succeeded(now)]
        blocks = self._blocks(now, drained)
        if blocks:
            out += self._ledger.end(now, FaultKind.BROWN_OUT, "The pulse sensor samples again.")
            out += self._ledger.end(now, FaultKind.SWAPPED, _EXCHANGED)
            out += blocks
            out += self._judge(now, drained)
            out += self._adjust(now, drained)
        return out

    def _begin_anew(self) -> None:
        self._chip.restart()
        self._stamp = None
        self._leds.begin(self._chip.drive)
        self._swap.forget()
        self.counts["pulse restarts"] += 1

    def _blocks(self, now: float, drained: Drained) -> list[Block]:
        """One block for each of infrared and red, with times; none where there are no samples."""
        fresh = len(drained.infrared)
        if self._stamp is None:
            rate, average = self._chip.rate_hz, self._chip.settings.average
            # A sample stands for the middle of the conversions that it averages, and is there after the last of them.
            middle = 0.5 * (average - 1) / (average * rate)
            after = self._end if self._end is not None else float("-inf")
            self._stamp = Stamp(self._period or 1.0 / rate, delay=middle, after=after)
            self._resumed = self._end is not None
        missing = drained.lost_before + drained.aside
        stamped = self._stamp.push(now, fresh, before=missing, lost=drained.lost_after, uncertain=drained.uncertain)
        self.counts["pulse full FIFOs"] += drained.full
        self.counts["pulse samples set aside"] += drained.aside
        self._aside += drained.aside
        if not fresh:
            return []
        lost = stamped.lost
        if self._resumed and self._end is not None:
            lost = max(lost, round((stamped.t0 - self._end) / self._stamp.period))
            self._resumed = False
        self._end = stamped.t0 + fresh / stamped.rate_hz
        self._period = self._stamp.period
        self.counts["pulse samples"] += fresh
        self.counts["pulse samples lost"] += max(0, lost - self._aside)
        self.counts[_CLOCK] = round(1e6 / (self._period * self._chip.rate_hz) - 1e6)
        self._aside = 0
        return [
            Block(channel, stamped.t0, stamped.rate_hz, readonly(values), lost, self._pod)
            for channel, values in ((Channel.INFRARED, drained.infrared), (Channel.RED, drained.red))
        ]

    def _judge(self, now: float, drained: Drained) -> list[Fault]:
        """Finger, light, losses and rate."""
        drive = self._chip.drive
        # Without any infrared light there is nothing by which to tell.
        level = float(na_per_ma(float(drained.infrared.mean()), drive)) if drive.infrared_ma else float("inf")
        limit = TOUCHED_NA_PER_MA if self._lifted.holds else LIFTED_NA_PER_MA
        lifted = self._lifted.push(now, level < limit)
        full = max(np.count_nonzero(counts >= _CLIPPED) for counts in (drained.infrared, drained.red))
        clipped = self._clipped.push(now, bool(full > _CLIPPED_SHARE * len(drained.infrared)))
        ambient = self._ambient.push(now, drained.ambient_overflow)
        overflown = self._overflown.push(now, drained.lost_after > 0)
        clamped = self._chip.rate_hz < self._chip.settings.rate_hz
        return [
            *self._ledger.settle(now, FaultKind.CONTACT, lifted, begins=_NO_CONTACT, ends=_CONTACT),
            *self._ledger.settle(now, FaultKind.SATURATED, clipped or ambient, begins=_SATURATED, ends=_SEES),
            *self._ledger.settle(now, FaultKind.OVERFLOW, overflown, begins=_OVERFLOW, ends=_IN_TIME),
            *self._ledger.settle(now, FaultKind.CONFIG, clamped, begins=_CLAMPED, ends=_UNCLAMPED),
        ]

    def _adjust(self, now: float, drained: Drained) -> list[Fault]:
        """Let the LEDs follow the finger, and exchange red and infrared where they are mistaken for each other."""
        if drained.lost_before or drained.aside:
            self._swap.interrupt()
        if self._lifted.holds or drained.ambient_overflow:
            self._leds.begin(self._chip.drive)
            self._swap.forget()
            return []
        drive = self._leds.push(drained.red, drained.infrared) if self._automatic else None
        ratio = self._swap.push(drained.red, drained.infrared)
        if drained.lost_after:
            self._swap.interrupt()
        if ratio is not None:
            return self._exchange(now, ratio)
        if drive is not None:
            self.counts["pulse current changes"] += 1
            self._drive(drive)
        return []

    def _exchange(self, now: float, ratio: float) -> list[Fault]:
        drive = self._chip.drive
        swapped = replace(drive, swapped=not drive.swapped)
        if self._automatic:
            # Each LED keeps the current that suits it, only its name changes.
            swapped = replace(swapped, red_ma=drive.infrared_ma, infrared_ma=drive.red_ma)
        self._drive(swapped)
        message = (
            f"Red and infrared are exchanged on this pulse sensor: what it calls red pulsates {ratio:.1f} times as "
            f"strongly as infrared; by the usual formula that is an oxygen saturation of {saturation_percent(ratio):.0f} %. "
            f"They are being exchanged back; set `sensors.pulse.swap_channels` to {str(swapped.swapped).lower()} to keep it."
        )
        return self._ledger.begin(now, FaultKind.SWAPPED, message)

    def _drive(self, drive: Drive) -> None:
        """Drive the LEDs differently from now on."""
        self._chip.adjust(drive)
        self._leds.begin(drive)
        self._swap.interrupt()
        self.due = self._chip.due
        self._show_drive()

    def _show_drive(self) -> None:
        drive = self._chip.drive
        self.counts[_RED] = round(drive.red_ma * 1000)
        self.counts[_INFRARED] = round(drive.infrared_ma * 1000)
        self.counts[_RANGE] = drive.range_na

    def _show_temperature(self) -> None:
        thermometer = self._chip.thermometer
        self.counts["pulse temperatures dropped"] = thermometer.dropped
        if thermometer.celsius is not None:
            self.counts[_CELSIUS] = round(thermometer.celsius)
