"""The pulse channel: one MAX3010x from its FIFO to blocks of light with times, and every trouble on the way."""

from __future__ import annotations

import numpy as np

from undertone.errors import SensorError
from undertone.flow import Block, Channel, Fault, FaultKind, readonly
from undertone.sensors.bus import Bus
from undertone.sensors.max3010x import Drained, Max3010x, PulseSettings
from undertone.sensors.max3010x_table import FULL_SCALE
from undertone.sensors.stamp import Stamp
from undertone.sensors.trouble import Access, Lasting, Ledger

__all__ = ["PulseChannel"]

_TOUCHED_NA_PER_MA = 40.0
_LIFTED_NA_PER_MA = 30.0
"""Infrared light that comes back, per mA of LED current. A finger returns about 286, the bare window a few, and the range in
between is wide; two values, so that a light touch does not flicker between yes and no."""
_CLIPPED = FULL_SCALE & ~0b111
"""Full scale in the coarsest resolution."""
_CLIPPED_SHARE = 0.05
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


class PulseChannel:
    """Reads one pulse sensor.

    bus: its bus. settings: how it shall measure. pod: which pod it belongs to.
    """

    def __init__(self, bus: Bus, settings: PulseSettings, *, pod: int = 0) -> None:
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        # All names from the beginning: another thread may be reading them, and a dictionary must not grow meanwhile.
        names = ("pulse samples", "pulse samples lost", "pulse brown-outs", "pulse restarts", "pulse retries")
        self.counts = dict.fromkeys(names, 0)
        self._chip = Max3010x(bus, settings)
        self._pod = pod
        self._ledger = Ledger(f"pod {pod} pulse")
        self._access = Access(self._ledger, "pulse sensor")
        self._stamp: Stamp | None = None
        self._end: float | None = None
        self._period: float | None = None
        self._resumed = False
        self._counts_per_na_per_ma = settings.infrared_ma * settings.counts_per_na
        self._lifted = Lasting(0.5, 0.5)
        self._clipped = Lasting(0.5, 1.0)
        self._overflown = Lasting(0.0, _QUIET_SECONDS)

    def poll(self, now: float) -> list[Block | Fault]:
        """Let the driver take its next step. Never raises for trouble with the bus or the chip: tells a fault."""
        out: list[Block | Fault] = []
        try:
            drained = self._chip.poll(now)
        except SensorError as error:
            self.due, told = self._access.failed(now, error)
            self.counts["pulse retries"] = self._access.retries
            if self._access.lost:
                self._begin_anew()
            return [*told]
        self.due = self._chip.due
        if drained is None:
            return out
        if drained.brown_out or drained.stalled:
            self.counts["pulse brown-outs"] += 1
            self._begin_anew()
            self.due = now
            return [*self._ledger.begin(now, FaultKind.BROWN_OUT, _BROWN_OUT if drained.brown_out else _STALLED)]
        out += self._access.succeeded(now)
        blocks = self._blocks(now, drained)
        if blocks:
            out += self._ledger.end(now, FaultKind.BROWN_OUT, "The pulse sensor samples again.")
            out += blocks
            out += self._judge(now, drained)
        return out

    def _begin_anew(self) -> None:
        self._chip.restart()
        self._stamp = None
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
        stamped = self._stamp.push(
            now, fresh, before=drained.lost_before, lost=drained.lost_after, uncertain=drained.uncertain
        )
        if not fresh:
            return []
        lost = stamped.lost
        if self._resumed and self._end is not None:
            lost = max(lost, round((stamped.t0 - self._end) / self._stamp.period))
            self._resumed = False
        self._end = stamped.t0 + fresh / stamped.rate_hz
        self._period = self._stamp.period
        self.counts["pulse samples"] += fresh
        self.counts["pulse samples lost"] += lost
        return [
            Block(channel, stamped.t0, stamped.rate_hz, readonly(values), lost, self._pod)
            for channel, values in ((Channel.INFRARED, drained.infrared), (Channel.RED, drained.red))
        ]

    def _judge(self, now: float, drained: Drained) -> list[Fault]:
        """Finger, light and losses."""
        level = float(drained.infrared.mean()) / self._counts_per_na_per_ma if self._counts_per_na_per_ma else float("inf")
        limit = _TOUCHED_NA_PER_MA if self._lifted.holds else _LIFTED_NA_PER_MA
        lifted = self._lifted.push(now, level < limit)
        clipped = np.count_nonzero(drained.infrared >= _CLIPPED) > _CLIPPED_SHARE * len(drained.infrared)
        dazzled = self._clipped.push(now, bool(clipped) or drained.ambient_overflow)
        overflown = self._overflown.push(now, drained.lost_after > 0)
        return [
            *self._ledger.settle(now, FaultKind.CONTACT, lifted, begins=_NO_CONTACT, ends=_CONTACT),
            *self._ledger.settle(now, FaultKind.SATURATED, dazzled, begins=_SATURATED, ends=_SEES),
            *self._ledger.settle(now, FaultKind.OVERFLOW, overflown, begins=_OVERFLOW, ends=_IN_TIME),
        ]
