"""A piece of an emulated I²C bus: the chips on it, and everything that can be wrong with it."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from undertone.sensors.recovery import Line
from undertone.sim.chips import Chip, Now

__all__ = ["Segment"]


class Segment:
    """Two wires with chips on them: the trunk of a bus, or what lies behind one channel of a bus switch.

    chips: by their addresses. now: the present, for faults that end by themselves.

    Faults are scripted by calling the methods here, for example from a timer of the timeline.
    """

    def __init__(self, chips: Mapping[int, Chip], *, now: Now) -> None:
        self.chips = dict(chips)
        """By their addresses."""
        self.healthy = True
        """False while anything is scripted, or may still be."""
        self._now = now
        self._refuse: dict[int, list[int]] = {}
        self._break_after: dict[int, int] = {}
        self._held = Line.SDA
        self._held_until = float("-inf")
        self._clocks: int | None = None

    # ------------------------------------------------------------------------------------------------------- what is scripted

    def fail(self, address: int, number: int, times: int = 1) -> None:
        """Refuse the next `times` transfers with `address` as the kernel would with error `number`."""
        self._refuse.setdefault(address, []).extend([number] * times)
        self.healthy = False

    def nack(self, address: int, times: int = 1) -> None:
        """Have the chip at `address` not acknowledge its address, `times` times."""
        self.fail(address, errno.EREMOTEIO, times)

    def lose_arbitration(self, address: int, times: int = 1) -> None:
        """Have somebody else pull SDA low in the next `times` transfers with `address`."""
        self.fail(address, errno.EAGAIN, times)

    def break_off(self, address: int, after: int) -> None:
        """Have the next transfer with `address` break off after `after` bytes of data, which the chip has sent or taken."""
        self._break_after[address] = after
        self.healthy = False

    def hang(self, seconds: float, *, line: Line = Line.SDA) -> None:
        """Hold a wire low for some seconds."""
        self._held, self._held_until, self._clocks = line, self._now() + seconds, None
        self.healthy = False

    def stick(self, clocks: int | None = None, *, line: Line = Line.SDA) -> None:
        """Hold a wire low until `recover` is called or, where `clocks` is given, until so many clocks have come."""
        self.hang(float("inf"), line=line)
        self._clocks = clocks

    def recover(self) -> None:
        """Let go of the wire."""
        self._held_until, self._clocks = float("-inf"), None

    def unplug(self, address: int) -> Chip:
        """Take the chip off the wires and return it. Raises KeyError where there is none."""
        return self.chips.pop(address)

    def plug(self, address: int, chip: Chip) -> None:
        """Put a chip on the wires, freshly powered."""
        chip.brown_out()
        self.chips[address] = chip

    def brown_out(self, address: int) -> None:
        """Let the chip at `address` lose its power for a moment. Raises KeyError where there is none."""
        self.chips[address].brown_out()

    # ------------------------------------------------------------------------------------------------- what the bus asks

    def holds(self, line: Line) -> bool:
        """Whether something here pulls that wire low."""
        return line is self._held and self._now() < self._held_until

    @property
    def stuck(self) -> bool:
        """Whether something here pulls either wire low."""
        return self._now() < self._held_until

    def clock(self) -> None:
        """A clock pulse arrives: whoever waits for it may have got enough of them."""
        if self._clocks is not None and self.holds(Line.SDA):
            self._clocks -= 1
            if self._clocks <= 0:
                self.recover()

    def refuses(self, address: int) -> int | None:
        """The scripted error number of this transfer, if there is one; it is used up by asking."""
        pending = self._refuse.get(address)
        if pending:
            return pending.pop(0)
        self.healthy = not (any(self._refuse.values()) or self._break_after or self.stuck)
        return None

    def breaks_after(self, address: int) -> int | None:
        """After how many bytes of data this transfer breaks off, if it does; it is used up by asking."""
        return self._break_after.pop(address, None)
