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
are as we wrote them unless the chip has lost its power in between. One of them means nothing while the comparator is off, and
is written alternately as 0 and as 1: if it is still that of the conversion before, then the chip has not taken the last one,
and what lies in its register is old. And as "writing a 1 while a conversion is ongoing has no effect", one is started only
where the last one is known to be over; after any trouble the chip is asked first.

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
_SINGLE_SHOT = TABLE["CONFIG"].field("single_shot").mask
_SLOWEST = 1.1
"""The oscillator is off by up to 10 %."""
_RETRY_SECONDS = 0.002
_DEADLINE = 0.1
"""Seconds after which even the slower of our conversions must be over."""
_LONGEST = 0.2
"""Seconds after which any conversion must be over."""
_DEAF = 8
"""Conversions in a row that the chip does not start."""
_FLOATING = 0xFFFF
"""What is read where nobody drives the data line."""


class Input(IntEnum):
    """What is converted."""

    SKIN = 0
    """AIN0."""
    REFERENCE = 1
    """AIN1."""


_PER_S = {Input.SKIN: 64, Input.REFERENCE: 128}
_MARK = TABLE["CONFIG"].field("latching").mask
"""Of no meaning with the comparator off: tells one start from the next."""
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
    volts: float
    """The same, against ground."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A conversion that has been started."""

    which: Input
    tick: int
    started: float
    word: int
    """What was written to start it."""


class Ads1115:
    """One chip on a bus.

    bus: its bus, which this object may use only within its methods. address: 0x48…0x4b. reference_every: seconds between two
    conversions of the reference, which is also the very first one; 0 for one in every tick, inf for none.
    range_volts: 2.048 or any other of the chip's ranges, for both inputs.

    Raises RegisterError for a range that the chip does not have.
    """

    def __init__(
        self, bus: Bus, *, address: int = ADDRESS, reference_every: float = 5.0, range_volts: float = 2.048
    ) -> None:
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        self.brown_outs = 0
        """How often the chip was found to have lost its power."""
        self.unfinished = 0
        """How often a conversion was not over when its result was wanted, and had to be waited for."""
        self.not_started = 0
        """How often a conversion had not been started although the chip was told to, and its result would have been old."""
        self._bus = bus
        self._address = address
        self._reference_every = reference_every
        self._volts_per_count = range_volts / 32768
        self._words = {
            which: TABLE["CONFIG"].encode(
                start=True, inputs=str(int(which)), range_volts=range_volts, single_shot=True, conversions_per_s=_PER_S[which]
            )
            for which in Input
        }
        self._origin: float | None = None
        self._reference_due = float("-inf") if reference_every < float("inf") else float("inf")
        self._running: _Running | None = None
        self._before = 0
        self._idle = False
        self._asking_since: float | None = None
        self._unheard = 0
        self._waited = False
        self._tick = -1

    def restart(self) -> None:
        """Forget the conversion under way: the next poll starts with the reference. The grid of ticks stays."""
        self._running = None
        self._idle = False
        if self._reference_every < float("inf"):
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
        if running is None:
            result = None
            if not self._idle and not self._is_idle(now):
                return None
        else:
            if not self._is_over(running, now):
                return None
            result = self._fetch(running)
            if result is None:
                return None
        self._running = None
        self._idle = True
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
        word = self._words[which] | (~self._before & _MARK)
        # Whether the chip has taken it is not known until the write has come back.
        self._idle = False
        self._bus.write(self._address, _CONFIG, word.to_bytes(2, "big"))
        self._running = _Running(which, tick, now, word)
        self._waited = False
        self._tick = tick
        self.due = self._moment(tick + 1)
        if which is Input.REFERENCE:
            self._reference_due = now + self._reference_every
        elif now >= self._reference_due:
            # This result is fetched before the next tick, to make room for the reference.
            self.due = now + _BETWEEN

    def _config(self) -> int:
        """The configuration register. Raises where nobody drives the line."""
        config = int.from_bytes(self._bus.read(self._address, _CONFIG, 2), "big")
        if config == _FLOATING:
            raise ChipMissing(
                f"Only 0xffff is read from 0x{self._address:02x}: the skin sensor is not powered, or its data line floats. "
                f"Check its supply and its pull-ups."
            )
        return config

    def _is_idle(self, now: float) -> bool:
        """Whether the chip, of which nothing is known, converts nothing."""
        config = self._before = self._config()
        if self._asking_since is None:
            self._asking_since = now
        if not config & _SINGLE_SHOT:
            # Somebody left it converting on and on: the conversion under way shall be its last.
            self._before = self._words[Input.SKIN] & ~_OVER
            self._bus.write(self._address, _CONFIG, self._before.to_bytes(2, "big"))
        elif config & _OVER:
            self._asking_since = None
            return True
        elif now - self._asking_since > _LONGEST:
            self._asking_since = None
            raise self._endless()
        self.due = now + _RETRY_SECONDS
        return False

    def _is_over(self, running: _Running, now: float) -> bool:
        """Whether a conversion has ended. Raises where the chip is not, or no longer, what we set up."""
        config = self._config()
        if (config ^ running.word) & ~_OVER:
            self._explain(config, running, now)
            return False
        if config & _OVER:
            return True
        if now - running.started > _DEADLINE:
            raise self._endless()
        self.unfinished += not self._waited
        self._waited = True
        self.due = now + _RETRY_SECONDS
        return False

    def _endless(self) -> ChipWrong:
        return ChipWrong("The skin sensor does not finish its conversions. Unplug it for a few seconds.")

    def _explain(self, config: int, running: _Running, now: float) -> None:
        """The configuration is not the one we wrote: begin anew where the chip lost it, raise for anything else."""
        if not (config ^ self._before) & ~_OVER:
            # Before a brown-out is suspected: the very first conversion follows on the state after power-up.
            self.not_started += 1
            self._unheard += 1
            self._running, self.due = None, now + _RETRY_SECONDS
            if running.which is Input.REFERENCE:
                self._reference_due = float("-inf")
            if self._unheard >= _DEAF:
                self._unheard = 0
                raise ChipWrong("The skin sensor does not start its conversions. Unplug it for a few seconds.")
        elif config == TABLE["CONFIG"].reset:
            self.brown_outs += 1
            self.restart()
        else:
            raise ChipWrong(
                f"The chip at 0x{self._address:02x} does not keep its configuration (0x{config:04x} is read): is it an "
                f"ADS1115? Check what is plugged in there."
            )

    def _fetch(self, running: _Running) -> Conversion | None:
        """The result; None where the chip has lost its power between our two looks at it, and with it the result."""
        counts = int.from_bytes(self._bus.read(self._address, _CONVERSION, 2), "big", signed=True)
        # After power-up the register holds 0, which no front end that works puts out.
        if counts == 0 and self._config() == TABLE["CONFIG"].reset:
            self.brown_outs += 1
            self.restart()
            return None
        self._before, self._unheard = running.word, 0
        middle = self._moment(running.tick) + 0.5 / _PER_S[running.which]
        return Conversion(running.which, running.tick, middle, counts, counts * self._volts_per_count)
