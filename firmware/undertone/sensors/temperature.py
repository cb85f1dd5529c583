"""The temperature of the pulse sensor's die, now and then, at no cost to the pulse.

Theory of operation. A conversion is started by one write and takes 29 ms. The bit that starts it clears itself at once, long
before the conversion is over; who waits for that bit reads whatever lies in the registers, −60 °C for example. Only the flag
"die temperature ready" counts, and it appears only where it has been enabled. That flag lies next to the one that every drain
of the FIFO reads anyway, and reading clears it: so nobody polls for it here; the drain shows what it read. A flag that has not
come after 100 ms does not come any more.

Source: Maxim 19-7740 Rev 0, pp. 13, 14 and 22; hardware.md §1.4.
"""

from __future__ import annotations

from enum import StrEnum

from undertone.sensors.bus import Bus
from undertone.sensors.max3010x_table import CHIPS

__all__ = ["Thermometer"]

_EVERY_SECONDS = 60.0
_FIRST_SECONDS = 1.0
"""After the chip has been set up."""
_TIMEOUT_SECONDS = 0.1
_COLDEST, _HOTTEST = -40.0, 85.0
"""°C: within these the chip works."""
_TABLE = CHIPS["MAX30102"]
_READY = _TABLE["INT_STATUS_2"].field("temperature_ready").mask
_START = _TABLE["TEMP_CONFIG"].encode(enable=True)


class _Step(StrEnum):
    """What comes next."""

    REST = "rest"
    START = "start"
    AWAIT = "await"
    FETCH = "fetch"


class Thermometer:
    """Reads the temperature of one chip, which somebody else has set up.

    bus, address: where it is. every: seconds between two readings.
    """

    def __init__(self, bus: Bus, address: int, *, every: float = _EVERY_SECONDS) -> None:
        self.celsius: float | None = None
        """The last reading, °C, to 1/16 °C; None before the first."""
        self.dropped = 0
        """Readings that never came, or could not be true."""
        self._bus = bus
        self._address = address
        self._every = every
        self._step = _Step.REST
        self._due = float("-inf")
        self._deadline = 0.0

    def begin(self, now: float) -> None:
        """The chip has been set up: whatever was under way is gone."""
        self._step, self._due = _Step.REST, max(self._due, now + _FIRST_SECONDS)

    @property
    def wanting(self) -> bool:
        """Whether `work` has something to do."""
        return self._step in (_Step.START, _Step.FETCH)

    def notice(self, now: float, status: int) -> None:
        """What a drain at `now` has read from the second interrupt status, which has cleared it."""
        if self._step is _Step.REST and now >= self._due:
            self._step = _Step.START
        elif self._step is _Step.AWAIT and status & _READY:
            self._step = _Step.FETCH
        elif self._step is _Step.AWAIT and now > self._deadline:
            self.dropped += 1
            self._step = _Step.REST

    def work(self, now: float) -> None:
        """Start a conversion or fetch its result, whichever is `wanting`. Raises what the bus raises; call it again then."""
        if self._step is _Step.START:
            self._bus.write(self._address, _TABLE["TEMP_CONFIG"].address, bytes((_START,)))
            self._step, self._due, self._deadline = _Step.AWAIT, now + self._every, now + _TIMEOUT_SECONDS
        else:
            whole, part = self._bus.read(self._address, _TABLE["TINT"].address, 2)
            celsius = _TABLE["TINT"].field("celsius").number(whole) + _TABLE["TFRAC"].field("celsius").number(part)
            self._step = _Step.REST
            if _COLDEST <= celsius <= _HOTTEST:
                self.celsius = celsius
            else:
                self.dropped += 1
