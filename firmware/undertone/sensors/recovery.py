"""Freeing a bus on which somebody holds SDA low.

A chip that was interrupted in the middle of a byte still wants to send its bits: it holds SDA low and waits for clocks that
nobody sends, because no transfer can begin while SDA is low. "If the data line (SDA) is stuck LOW, the controller should send
nine clock pulses. The device that held the bus LOW should release it sometime within those nine clocks."

The quick way comes first: a reset of the bus switch cuts all its channels off, and the others can be read at once. Clocks reach
a pod only while its channel is on, so they are what brings a pod back that has been cut off, and what frees a bus without a
switch. The nine need not come together: a chip waits for the rest of them, and others can be read in between. Whatever
happens, the pins go back to the bus's controller.

Source: NXP UM10204 rev. 7, §3.1.16; TI SCPS207, §8.3 (RESET); hardware.md §4.3.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

from undertone.errors import BusError

__all__ = ["CLOCKS", "Freed", "Levels", "Line", "Lines", "Recovery"]

CLOCKS = 9
"""After so many at the latest, SDA is let go of: eight bits and the acknowledgement."""


class Line(StrEnum):
    """A wire that can be driven low or let go of. Its pull-up makes it high."""

    SDA = "SDA"
    SCL = "SCL"
    RESET = "RESET"
    """Of the bus switch; low is reset."""


class Levels(NamedTuple):
    """Which wires are high: nobody pulls them low."""

    sda: bool
    scl: bool

    @property
    def idle(self) -> bool:
        """Whether a transfer could begin."""
        return self.sda and self.scl


class Lines(Protocol):
    """The wires of a bus, driven one by one. Each call takes at least 5 µs, so that the wire has settled when it returns.

    SDA and SCL may be driven only between `take` and `give_back`; RESET at any time. All but `has_reset` raise BusError with a
    sentence where the pins cannot be reached.
    """

    @property
    def has_reset(self) -> bool:
        """Whether the bus switch's RESET is wired."""

    def take(self) -> None:
        """Take SDA and SCL away from the bus's controller, both let go."""

    def give_back(self) -> None:
        """Give SDA and SCL back to the bus's controller."""

    def drive_low(self, line: Line) -> None:
        """Pull a wire low."""

    def release(self, line: Line) -> None:
        """Let go of a wire."""

    def levels(self) -> Levels:
        """How SDA and SCL are, at any time."""


class Freed(StrEnum):
    """How an attempt to free the bus ended."""

    BY_ITSELF = "by itself"
    """No wire was low any more."""
    BY_RESET = "by reset"
    """The bus switch was reset: all its channels are off."""
    BY_CLOCKS = "by clocks"
    """SDA was let go of after some clocks."""
    NOT = "not"
    """SDA or SCL is still low."""
    UNKNOWN = "unknown"
    """The pins cannot be reached; `Recovery.trouble` says why."""


class Recovery:
    """Frees a bus by its wires.

    lines: the wires. Only the thread that owns the bus may use this object.
    """

    def __init__(self, lines: Lines) -> None:
        self.attempts = 0
        """Attempts to free the bus so far."""
        self.clocks = 0
        """Clocks that were sent in all of them."""
        self.trouble: str | None = None
        """Why the pins could not be reached the last time, as a sentence; None where they could."""
        self._lines = lines

    def free(self, *, clocks_first: bool = False, clocks: int = CLOCKS) -> Freed:
        """Try to free the bus, and say what did it. Never raises.

        clocks_first: send the clocks while the channels are still on, and reset the bus switch only if that was in vain. The
        other way round is quicker, but leaves a pod behind that still waits for its clocks.
        clocks: so many at most, 0…9.
        """
        self.attempts += 1
        try:
            freed = self._clocked_or_reset(clocks) if clocks_first else self._reset_or_clocked(clocks)
        except BusError as error:
            self.trouble = str(error)
            return Freed.UNKNOWN
        self.trouble = None
        return freed

    def _reset_or_clocked(self, clocks: int) -> Freed:
        if self._lines.has_reset:
            self._reset()
        levels = self._lines.levels()
        if levels.idle:
            return Freed.BY_RESET if self._lines.has_reset else Freed.BY_ITSELF
        return self._clock(clocks, levels)

    def _clocked_or_reset(self, clocks: int) -> Freed:
        levels = self._lines.levels()
        if levels.idle:
            return Freed.BY_ITSELF
        freed = self._clock(clocks, levels)
        if freed is Freed.NOT and self._lines.has_reset:
            self._reset()
            return Freed.BY_RESET if self._lines.levels().idle else Freed.NOT
        return freed

    def _reset(self) -> None:
        """At least 6 ns low are asked for; a call takes longer."""
        try:
            self._lines.drive_low(Line.RESET)
        finally:
            self._lines.release(Line.RESET)

    def _clock(self, clocks: int, levels: Levels) -> Freed:
        """Clocks until SDA is high, and then a stop condition. levels: how the wires are."""
        lines = self._lines
        if not levels.scl:
            # Somebody holds the clock itself: none of ours would arrive.
            return Freed.NOT
        try:
            lines.take()
            for _ in range(clocks):
                if levels.idle:
                    break
                lines.drive_low(Line.SCL)
                lines.release(Line.SCL)
                self.clocks += 1
                levels = lines.levels()
            if levels.idle:
                self._stop()
            return Freed.BY_CLOCKS if levels.idle else Freed.NOT
        finally:
            lines.give_back()

    def _stop(self) -> None:
        """SDA goes high while SCL is high. It may fall only while SCL is low: otherwise it would be a start condition."""
        lines = self._lines
        lines.drive_low(Line.SCL)
        lines.drive_low(Line.SDA)
        lines.release(Line.SCL)
        lines.release(Line.SDA)
