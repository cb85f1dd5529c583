"""Driver of the ADS1115: the skin's front end on AIN0, 32 conversions a second, and its reference on AIN1, now and then.

Theory of operation. A single-shot pipeline: each tick of 31.25 ms fetches the result of the conversion that the last tick
started, and starts the next one. At 64 conversions a second one takes 15.6 ms ± 10 %, so it is always over in time, and every
result belongs to a moment and to an input that we know: neither a continuous conversion of unknown age nor the result of the
input before can be mistaken for it. The ticks lie on a grid of host time; one that comes late takes its own place in it, and
those that it missed are missing. 32 a second, because mains hum must not fold into the band of the skin's responses: 50 Hz
falls on 14 Hz and 60 Hz on 4 Hz, where the low-pass of `decimate` removes them.

The reference is converted between two ticks, at 128 a second, so that no sample of the skin is given up for it. If a tick
comes too late for that, the reference waits for the next one.

Before a result is believed, the configuration is read back: its top bit says whether the conversion is over, and the others
are as we wrote them unless the chip has lost its power in between.

Source: TI SBAS444D, pp. 13–30; hardware.md §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from undertone.errors import ChipMissing, ChipWrong
from undertone.sensors.bus import Bus
from undertone.sensors.registers import Field, Register, RegisterTable

__all__ = ["ADDRESS", "TABLE", "TICK", "Ads1115", "Conversion", "Input"]

ADDRESS = 0x48
"""With the pin ADDR at ground; 0x49, 0x4a and 0x4b with it at VDD, SDA and SCL."""
TICK = 1.0 / 32.0
"""Seconds between two conversions of the skin."""

TABLE = RegisterTable(
    "ADS1115",
    Register("CONVERSION", 0, (Field("counts", 0xFFFF, signed=True),), bits=16),
    Register(
        "CONFIG",
        1,
        (
            Field("start", 0x8000),
            Field(
                "inputs",
                0x7000,
                codes=MappingProxyType({0: "0-1", 1: "0-3", 2: "1-3", 3: "2-3", 4: "0", 5: "1", 6: "2", 7: "3"}),
            ),
            Field(
                "range_volts",
                0x0E00,
                codes=MappingProxyType({0: 6.144, 1: 4.096, 2: 2.048, 3: 1.024, 4: 0.512, 5: 0.256, 6: 0.256, 7: 0.256}),
            ),
            Field("single_shot", 0x0100),
            Field(
                "conversions_per_s",
                0x00E0,
                codes=MappingProxyType({0: 8, 1: 16, 2: 32, 3: 64, 4: 128, 5: 250, 6: 475, 7: 860}),
            ),
            Field("window_comparator", 0x0010),
            Field("alert_active_high", 0x0008),
            Field("latching", 0x0004),
            Field("alert_after", 0x0003, codes=MappingProxyType({0: 1, 1: 2, 2: 4, 3: "never"})),
        ),
        reset=0x8583,
        bits=16,
    ),
    Register("LO_THRESH", 2, (Field("counts", 0xFFFF, signed=True),), reset=0x8000, bits=16),
    Register("HI_THRESH", 3, (Field("counts", 0xFFFF, signed=True),), reset=0x7FFF, bits=16),
)

_CONFIG, _CONVERSION = TABLE["CONFIG"].address, TABLE["CONVERSION"].address
_OVER = TABLE["CONFIG"].field("start").mask
_RANGE_VOLTS = 2.048
_VOLTS_PER_COUNT = _RANGE_VOLTS / 32768
_SLOWEST = 1.1
"""The oscillator is off by up to 10 %."""
_RETRY_SECONDS = 0.002
_DEADLINE = 0.1
"""Seconds after which even the slowest conversion must be over."""
_FLOATING = 0xFFFF
"""What is read where nobody drives the data line."""


class Input(IntEnum):
    """What is converted."""

    SKIN = 0
    """AIN0."""
    REFERENCE = 1
    """AIN1."""


_PER_S = {Input.SKIN: 64, Input.REFERENCE: 128}
_WORDS = {
    which: TABLE["CONFIG"].encode(
        start=True, inputs=str(int(which)), range_volts=_RANGE_VOLTS, single_shot=True, conversions_per_s=_PER_S[which]
    )
    for which in Input
}
_BYTES = {which: word.to_bytes(2, "big") for which, word in _WORDS.items()}
_BETWEEN = _SLOWEST / _PER_S[Input.SKIN] + 0.0008
"""When, after a tick, the reference may be started: the skin's conversion is over then."""
_TOO_LATE = TICK - _SLOWEST / _PER_S[Input.REFERENCE] - 0.0008
"""When, after a tick, it may not be started any more: it would reach into the next tick."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """One result."""

    which: Input
    tick: int
    """Number of the tick that started it."""
    t: float
    """The middle of its integration, seconds, for a conversion that was started exactly at its tick."""
    counts: int
    """−32768…32767."""

    @property
    def volts(self) -> float:
        """Against ground."""
        return self.counts * _VOLTS_PER_COUNT


@dataclass(frozen=True, slots=True)
class _Running:
    """A conversion that has been started."""

    which: Input
    tick: int
    started: float


class Ads1115:
    """One chip on a bus.

    bus: its bus, which this object may use only within its methods. address: 0x48…0x4b. reference_every: seconds between two
    conversions of the reference; it is also the very first one.
    """

    def __init__(self, bus: Bus, *, address: int = ADDRESS, reference_every: float = 5.0) -> None:
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        self.brown_outs = 0
        """How often the chip was found to have lost its power."""
        self._bus = bus
        self._address = address
        self._reference_every = reference_every
        self._origin: float | None = None
        self._reference_due = float("-inf")
        self._running: _Running | None = None
        self._tick = -1

    def restart(self) -> None:
        """Forget the conversion under way: the next poll starts with the reference. The grid of ticks stays."""
        self._running = None
        self._reference_due = float("-inf")

    def poll(self, now: float) -> Conversion | None:
        """Fetch the result of the conversion that was started last, if it is over, and start the next one.

        now: the present, seconds, noted immediately before the call. None where there is no result (yet).
        Raises ChipMissing, ChipWrong, BusTimeout or BusError; call `restart`, or poll again to retry.
        """
        if self._origin is None:
            self._origin = now
        tick = int((now - self._origin) / TICK + 1e-6)
        running = self._running
        if running is not None and not self._is_over(running, now):
            return None
        result = None if running is None else self._fetch(running)
        self._running = None
        if self._reference_due == float("-inf"):
            self._start(Input.REFERENCE, tick, now)
        elif tick > self._tick:
            self._start(Input.SKIN, tick, now)
        elif now >= self._reference_due and now - self._moment(tick) <= _TOO_LATE:
            self._start(Input.REFERENCE, tick, now)
        else:
            self.due = self._moment(tick + 1)
        return result

    def _moment(self, tick: int) -> float:
        """When a tick is due, seconds."""
        return (self._origin or 0.0) + tick * TICK

    def _start(self, which: Input, tick: int, now: float) -> None:
        self._bus.write(self._address, _CONFIG, _BYTES[which])
        self._running = _Running(which, tick, now)
        self._tick = tick
        self.due = self._moment(tick + 1)
        if which is Input.REFERENCE:
            self._reference_due = now + self._reference_every
        elif now >= self._reference_due:
            # This result is fetched before the next tick, to make room for the reference.
            self.due = now + _BETWEEN

    def _is_over(self, running: _Running, now: float) -> bool:
        """Whether a conversion has ended. Raises where the chip is not, or no longer, what we set up."""
        config = int.from_bytes(self._bus.read(self._address, _CONFIG, 2), "big")
        if (config ^ _WORDS[running.which]) & ~_OVER:
            self._explain(config)
            return False
        if config & _OVER:
            return True
        if now - running.started > _DEADLINE:
            raise ChipWrong("The skin sensor does not finish its conversions. Unplug it for a few seconds.")
        self.due = now + _RETRY_SECONDS
        return False

    def _explain(self, config: int) -> None:
        """The configuration is not the one we wrote: begin anew after a brown-out, raise for anything else."""
        if config == _FLOATING:
            raise ChipMissing(
                f"Only 0xffff is read from 0x{self._address:02x}: the skin sensor is not powered, or its data line floats. "
                f"Check its supply and its pull-ups."
            )
        if config != TABLE["CONFIG"].reset:
            raise ChipWrong(
                f"The chip at 0x{self._address:02x} does not keep its configuration (0x{config:04x} is read): is it an "
                f"ADS1115? Check what is plugged in there."
            )
        self.brown_outs += 1
        self.restart()

    def _fetch(self, running: _Running) -> Conversion:
        raw = self._bus.read(self._address, _CONVERSION, 2)
        middle = self._moment(running.tick) + 0.5 / _PER_S[running.which]
        return Conversion(running.which, running.tick, middle, int.from_bytes(raw, "big", signed=True))
