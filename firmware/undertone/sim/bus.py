"""An I²C bus of emulated chips, which can go wrong in every way that a real one can, and can take as long as a real one does.

It refuses in the words of the real bus, because the exceptions come from the same function. What is wrong is scripted on the
bus itself for its trunk, and on `Tca9548aChip.channels` for what lies behind a bus switch. Where two chips answer at the same
address, because two channels are on, each sees what is written, and a bit is read as 1 only if both let the wire be high.

Time passes during a transfer if the constructor says how (`spend`): each bit takes its share of a second, each transfer the
time that the kernel and Python take, and one that cannot end its whole timeout. A chip is asked, and takes what is written,
at the moment within the transfer at which a real one would be.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping

from undertone.sensors.bus import refusal
from undertone.sensors.recovery import Levels, Line
from undertone.sim.chips import Chip, Now
from undertone.sim.segment import Segment
from undertone.sim.tca9548a_chip import Tca9548aChip

__all__ = ["EmulatedBus"]

_GENERAL_CALL = 0x00
_ADDRESSED_BITS = 11
"""Start, address, acknowledgement and stop: what moves where nobody answers."""


class EmulatedBus:
    """A bus as `sensors.Bus` describes it, whose wires can be driven one by one as `sensors.Lines` describes it.

    chips: on its trunk, by their addresses; one of them may be a `Tca9548aChip`. now: the present.
    spend: lets so many seconds pass (`VirtualClock.jump`); None for transfers that take no time. rate_hz: bits a second.
    overhead: seconds for each transfer besides its bits. timeout: seconds after which a transfer is given up.
    pin_seconds: that one call for a single wire takes, which is a whole process on a Pi.
    has_reset: whether the RESET of the bus switch is wired.
    """

    def __init__(
        self,
        chips: Mapping[int, Chip],
        *,
        now: Now,
        spend: Callable[[float], None] | None = None,
        rate_hz: float = 400_000.0,
        overhead: float = 150e-6,
        timeout: float = 0.05,
        pin_seconds: float = 0.003,
        has_reset: bool = True,
    ) -> None:
        self.transfers = 0
        """Transfers so far, also the refused ones."""
        self.bits = 0
        """Bits that these moved over the wires, start, stop and acknowledge included; at 400 kHz each takes 2.5 µs."""
        self.has_reset = has_reset
        """See `Lines.has_reset`."""
        self._trunk = Segment(chips, now=now)
        self._switches: tuple[Tca9548aChip, ...] = ()
        self._look_for_switches()
        self._spend = spend
        self._per_bit = 1.0 / rate_hz
        self._overhead = overhead
        self._timeout = timeout
        self._pin_seconds = pin_seconds
        self._taken = False
        self._driven: set[Line] = set()

    # ------------------------------------------------------------------------------------------------------- the three verbs

    def read(self, address: int, register: int, length: int) -> bytes:
        """See `sensors.Bus.read`."""
        chips, after = self._addressed(address)
        self._move(29)
        # If it breaks off, the chips believe that these bytes have been taken.
        answers = [chip.read(register, length if after is None else after) for chip in chips]
        self._move(1 + 9 * (length if after is None else after))
        self._stop(chips)
        if after is not None:
            raise refusal(errno.EREMOTEIO, address)
        return _wired_and(answers)

    def write(self, address: int, register: int, data: bytes) -> None:
        """See `sensors.Bus.write`."""
        chips, after = self._addressed(address)
        self._move(20 + 9 * len(data if after is None else data[:after]))
        if address == _GENERAL_CALL:
            for chip in chips:
                # Only those that have a `general_call` are among them.
                chip.general_call(register)  # type: ignore[attr-defined]
            return
        for chip in chips:
            chip.write(register, data if after is None else data[:after])
        self._stop(chips)
        if after is not None:
            raise refusal(errno.EREMOTEIO, address)

    def receive(self, address: int, length: int) -> bytes:
        """See `sensors.Bus.receive`. Emulated for chips that have a `receive` of their own: the bus switch."""
        chips, _ = self._addressed(address)
        self._move(11 + 9 * length)
        return _wired_and([chip.receive(length) for chip in chips])  # type: ignore[attr-defined]

    # ---------------------------------------------------------------------------------------------------- the single wires

    def take(self) -> None:
        """See `Lines.take`."""
        self._pass(self._pin_seconds)
        self._taken = True

    def give_back(self) -> None:
        """See `Lines.give_back`. Raises RuntimeError where a wire is still driven: the controller could not use it."""
        self._pass(self._pin_seconds)
        self._taken = False
        if self._driven & {Line.SDA, Line.SCL}:
            raise RuntimeError(f"given back while {sorted(self._driven)} are driven low")

    def drive_low(self, line: Line) -> None:
        """See `Lines.drive_low`. Raises RuntimeError for SDA and SCL where they have not been taken."""
        self._pass(self._pin_seconds)
        if line is Line.RESET:
            self._reset(low=True)
        elif not self._taken:
            raise RuntimeError(f"{line} is driven before it was taken from the controller")
        self._driven.add(line)

    def release(self, line: Line) -> None:
        """See `Lines.release`."""
        self._pass(self._pin_seconds)
        if line in self._driven:
            self._driven.remove(line)
            if line is Line.RESET:
                self._reset(low=False)
            elif line is Line.SCL:
                for segment in self._connected():
                    segment.clock()

    def levels(self) -> Levels:
        """See `Lines.levels`."""
        self._pass(self._pin_seconds)
        return Levels(self._is_high(Line.SDA), self._is_high(Line.SCL))

    def _is_high(self, line: Line) -> bool:
        return line not in self._driven and not any(segment.holds(line) for segment in self._connected())

    # --------------------------------------------------------------------------------------------- going wrong, on the trunk

    def fail(self, address: int, number: int, times: int = 1) -> None:
        """See `Segment.fail`."""
        self._trunk.fail(address, number, times)

    def nack(self, address: int, times: int = 1) -> None:
        """See `Segment.nack`."""
        self._trunk.nack(address, times)

    def lose_arbitration(self, address: int, times: int = 1) -> None:
        """See `Segment.lose_arbitration`."""
        self._trunk.lose_arbitration(address, times)

    def break_off(self, address: int, after: int) -> None:
        """See `Segment.break_off`."""
        self._trunk.break_off(address, after)

    def hang(self, seconds: float) -> None:
        """See `Segment.hang`: every transfer times out."""
        self._trunk.hang(seconds)

    def stick(self, clocks: int | None = None) -> None:
        """See `Segment.stick`: every transfer times out."""
        self._trunk.stick(clocks)

    def recover(self) -> None:
        """See `Segment.recover`."""
        self._trunk.recover()

    def unplug(self, address: int) -> Chip:
        """See `Segment.unplug`."""
        chip = self._trunk.unplug(address)
        self._look_for_switches()
        return chip

    def plug(self, address: int, chip: Chip) -> None:
        """See `Segment.plug`."""
        self._trunk.plug(address, chip)
        self._look_for_switches()

    def brown_out(self, address: int) -> None:
        """See `Segment.brown_out`."""
        self._trunk.brown_out(address)

    # ------------------------------------------------------------------------------------------------------ how a transfer goes

    def _look_for_switches(self) -> None:
        self._switches = tuple(chip for chip in self._trunk.chips.values() if isinstance(chip, Tca9548aChip))

    def _connected(self) -> tuple[Segment, ...]:
        """The trunk, and every piece of bus that is connected with it."""
        segments: tuple[Segment, ...] = (self._trunk,)
        for switch in self._switches:
            segments += switch.connected
        return segments

    def _addressed(self, address: int) -> tuple[list[Chip], int | None]:
        """Begin a transfer: who acknowledges the address, and after how many bytes of data it breaks off, if it does.

        Raises what is scripted, and ChipMissing where nobody acknowledges.
        """
        self.transfers += 1
        self._pass(self._overhead)
        trunk, after = self._trunk, None
        if not self._switches and trunk.healthy and not self._taken and address in trunk.chips:
            # Nearly every transfer of a simulated night.
            return [trunk.chips[address]], None
        segments = self._connected()
        if self._taken or not all(segment.healthy for segment in segments):
            after = self._go_wrong(address, segments)
        if address == _GENERAL_CALL:
            chips = [chip for segment in segments for chip in segment.chips.values() if hasattr(chip, "general_call")]
        else:
            chips = [segment.chips[address] for segment in segments if address in segment.chips]
        chips = [chip for chip in chips if not (isinstance(chip, Tca9548aChip) and chip.in_reset)]
        if not chips:
            self._move(_ADDRESSED_BITS)
            raise refusal(errno.EREMOTEIO, address)
        return chips, after

    def _go_wrong(self, address: int, segments: tuple[Segment, ...]) -> int | None:
        """Raise what is scripted for this transfer, or return after how many bytes of data it breaks off."""
        if self._taken or any(segment.stuck for segment in segments):
            self._pass(self._timeout)
            raise refusal(errno.ETIMEDOUT, address)
        for segment in segments:
            number = segment.refuses(address)
            if number == errno.ETIMEDOUT:
                self._pass(self._timeout)
            elif number is not None:
                self._move(_ADDRESSED_BITS)
            if number is not None:
                raise refusal(number, address)
        breaks = [segment.breaks_after(address) for segment in segments]
        return next((after for after in breaks if after is not None), None)

    def _stop(self, chips: list[Chip]) -> None:
        if self._switches:
            for switch in self._switches:
                if switch in chips:
                    switch.stop()

    def _reset(self, *, low: bool) -> None:
        for switch in self._switches:
            switch.reset(low)

    def _move(self, bits: int) -> None:
        self.bits += bits
        self._pass(bits * self._per_bit)

    def _pass(self, seconds: float) -> None:
        if self._spend is not None:
            self._spend(seconds)


def _wired_and(answers: list[bytes]) -> bytes:
    """What is read where several chips answer: a wire is high only if all of them let it be."""
    if len(answers) == 1:
        return answers[0]
    return bytes(_all(*together) for together in zip(*answers, strict=True))


def _all(*together: int) -> int:
    byte = 0xFF
    for each in together:
        byte &= each
    return byte
