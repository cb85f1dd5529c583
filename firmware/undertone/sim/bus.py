"""An I²C bus of emulated chips, which can go wrong in every way that a real one can.

It refuses in the words of the real bus, because the exceptions come from the same function. Faults are scripted by calling the
methods here, for example from a timer of the timeline. What the emulation does not do is take time: a transfer that times out
would hold the real bus for as long as its timeout.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

from undertone.sensors.bus import refusal
from undertone.sim.chips import Chip, Now

__all__ = ["EmulatedBus"]

_GENERAL_CALL = 0x00


class EmulatedBus:
    """A bus as `sensors.Bus` describes it.

    chips: by their addresses. now: the present, for faults that end by themselves.
    """

    def __init__(self, chips: Mapping[int, Chip], *, now: Now) -> None:
        self.transfers = 0
        """Transfers so far, also the refused ones."""
        self.bits = 0
        """Bits that these moved over the wires, start, stop and acknowledge included; at 400 kHz each takes 2.5 µs."""
        self._chips = dict(chips)
        self._now = now
        self._refuse: dict[int, list[int]] = {}
        self._break_after: dict[int, int] = {}
        self._held_until = float("-inf")
        self._healthy = True

    # ------------------------------------------------------------------------------------------------------- the two verbs

    def read(self, address: int, register: int, length: int) -> bytes:
        """See `sensors.Bus.read`."""
        self.transfers += 1
        self.bits += 30 + 9 * length
        if not self._healthy:
            self._go_wrong(address)
        chip = self._chips.get(address)
        if chip is None:
            raise refusal(errno.EREMOTEIO, address)
        if address in self._break_after:
            # The chip believes that these bytes have been taken.
            chip.read(register, self._break_after.pop(address))
            raise refusal(errno.EREMOTEIO, address)
        return chip.read(register, length)

    def write(self, address: int, register: int, data: bytes) -> None:
        """See `sensors.Bus.write`."""
        self.transfers += 1
        self.bits += 20 + 9 * len(data)
        if not self._healthy:
            self._go_wrong(address)
        if address == _GENERAL_CALL and self._chips:
            for everyone in self._chips.values():
                called = getattr(everyone, "general_call", None)
                if called is not None:
                    called(register)
            return
        chip = self._chips.get(address)
        if chip is None:
            raise refusal(errno.EREMOTEIO, address)
        if address in self._break_after:
            chip.write(register, data[: self._break_after.pop(address)])
            raise refusal(errno.EREMOTEIO, address)
        chip.write(register, data)

    # --------------------------------------------------------------------------------------------------------- going wrong

    def fail(self, address: int, number: int, times: int = 1) -> None:
        """Refuse the next `times` transfers with `address` as the kernel would with error `number`."""
        self._refuse.setdefault(address, []).extend([number] * times)
        self._healthy = False

    def nack(self, address: int, times: int = 1) -> None:
        """Have the chip at `address` not acknowledge its address, `times` times."""
        self.fail(address, errno.EREMOTEIO, times)

    def break_off(self, address: int, after: int) -> None:
        """Have the next transfer with `address` break off after `after` bytes of data, which the chip has sent or taken."""
        self._break_after[address] = after

    def hang(self, seconds: float) -> None:
        """Hold a line low for some seconds: every transfer times out."""
        self._held_until = self._now() + seconds
        self._healthy = False

    def stick(self) -> None:
        """Hold a line low until `recover` is called."""
        self._held_until = float("inf")
        self._healthy = False

    def recover(self) -> None:
        """Let go of the line, as nine clock pulses or a reset of the mux would."""
        self._held_until = float("-inf")

    def unplug(self, address: int) -> Chip:
        """Take the chip off the bus and return it. Raises KeyError where there is none."""
        return self._chips.pop(address)

    def plug(self, address: int, chip: Chip) -> None:
        """Put a chip on the bus, freshly powered."""
        chip.brown_out()
        self._chips[address] = chip

    def brown_out(self, address: int) -> None:
        """Let the chip at `address` lose its power for a moment. Raises KeyError where there is none."""
        self._chips[address].brown_out()

    def _go_wrong(self, address: int) -> None:
        """Raise what is scripted for this transfer, and notice when nothing is scripted any more."""
        if self._now() < self._held_until:
            raise refusal(errno.ETIMEDOUT, address)
        self._held_until = float("-inf")
        pending = self._refuse.get(address)
        if pending:
            raise refusal(pending.pop(0), address)
        self._healthy = not any(self._refuse.values())
