"""The TCA9548A bus switch: eight pods with the same addresses on one bus, one at a time.

Theory of operation. Its one register is a byte in which bit n switches channel n on. "The channel becomes active after a stop
condition has been placed on the bus", so a selection is a transfer of its own: joined with the next one by a repeated start it
would come too late, and the data would be another pod's. What is selected is remembered, because both chips of a pod are read
one after the other; after any error it counts as not known and is selected again.

Exactly one channel is ever on. Where a chip does not answer, the switch is asked what it has selected: a switch that has lost
its power has nothing selected, and behind it nobody answers.

Source: TI SCPS207, §8.3–8.5; hardware.md §4.
"""

from __future__ import annotations

from undertone.errors import BusTimeout, ChipMissing, ChipWrong, SensorError
from undertone.sensors.bus import Bus

__all__ = ["ADDRESS", "CHANNELS", "PodBus", "Tca9548a"]

ADDRESS = 0x70
"""With A0, A1 and A2 at ground; up to 0x77 with them at VCC."""
CHANNELS = 8
_TRIES = 3
"""A refused selection is tried again twice."""


class Tca9548a:
    """One bus switch.

    bus: the bus that it is on. address: 0x70…0x77.
    """

    def __init__(self, bus: Bus, address: int = ADDRESS) -> None:
        self.brown_outs = 0
        """How often it was found to have forgotten its selection."""
        self.retries = 0
        """Selections tried again so far."""
        self._bus = bus
        self._address = address
        self._control: int | None = None

    def select(self, channel: int) -> None:
        """Switch that channel on and all others off, unless it is so already.

        Raises ChipMissing where the switch does not answer, BusTimeout or BusError as the bus does.
        """
        control = 1 << channel
        if control != self._control:
            self._set(control)

    def deselect(self) -> None:
        """Switch all channels off, whatever is remembered. Raises as `select` does."""
        self._set(0)

    def forget(self) -> None:
        """Take nothing for selected any more: the next selection is sent in any case."""
        self._control = None

    def check(self) -> None:
        """Ask what is selected, count it where that has been forgotten, and take nothing for selected any more.

        Raises BusTimeout and BusError as the bus does, but nothing where the switch does not answer: `select` will tell.
        """
        expected, self._control = self._control, None
        if expected is None:
            return
        try:
            forgotten = self._ask() != expected
        except ChipMissing:
            return
        self.brown_outs += forgotten

    def verify(self, channel: int) -> None:
        """Switch that channel on and make sure that it is. Raises ChipWrong where it is not, else as `select` does."""
        self.select(channel)
        answer = self._ask()
        if answer != 1 << channel:
            self.forget()
            raise ChipWrong(
                f"The chip at 0x{self._address:02x} does not keep what is selected (0x{1 << channel:02x} was written, "
                f"0x{answer:02x} is read): is it a TCA9548A? A PCA9685 or an HT16K33 also answers at 0x70; give the bus switch "
                f"another address by its pins A0 to A2, and say so in the configuration."
            )

    def _ask(self) -> int:
        return self._bus.receive(self._address, 1)[0]

    def _set(self, control: int) -> None:
        self._control = None
        for attempt in range(_TRIES):
            try:
                self._bus.write(self._address, control, b"")
                break
            except ChipMissing as error:
                if attempt == _TRIES - 1:
                    raise ChipMissing(
                        f"No bus switch answers at 0x{self._address:02x}, so that no pod can be reached. Check its supply, its "
                        f"pins A0 to A2, and that its RESET is pulled up to 3.3 V; with a single pod and no switch, set "
                        f"sensors.pods to 1."
                    ) from error
                self.retries += 1
        self._control = control


class PodBus:
    """The bus as one pod sees it: its channel is selected before each transfer.

    bus: the bus. switch: what the pod is behind; None where it is on the bus itself. channel: 0…7.

    Where the bus hangs or the switch fails, that is noted and everything is refused from then on, at no cost, until `open`.
    """

    def __init__(self, bus: Bus, switch: Tca9548a | None, channel: int) -> None:
        self.trouble: SensorError | None = None
        """A transfer that did not end in time, or what is wrong with the switch; None while the pod can be reached."""
        self.switch_failed = False
        """Whether the trouble is that of the switch, and no time-out."""
        self._bus = bus
        self._switch = switch
        self._channel = channel
        self._closed = False

    def open(self) -> None:
        """Let transfers through again."""
        self.trouble, self.switch_failed, self._closed = None, False, False

    def close(self) -> None:
        """Refuse everything."""
        self._closed = True

    def read(self, address: int, register: int, length: int) -> bytes:
        """See `Bus.read`."""
        self._enter()
        try:
            return self._bus.read(address, register, length)
        except SensorError as error:
            self._failed(error)
            raise

    def write(self, address: int, register: int, data: bytes) -> None:
        """See `Bus.write`."""
        self._enter()
        try:
            self._bus.write(address, register, data)
        except SensorError as error:
            self._failed(error)
            raise

    def receive(self, address: int, length: int) -> bytes:
        """See `Bus.receive`."""
        self._enter()
        try:
            return self._bus.receive(address, length)
        except SensorError as error:
            self._failed(error)
            raise

    def connect(self) -> None:
        """Switch this pod's channel on, without a word to the pod. Never raises: the trouble is noted."""
        if self._switch is not None:
            try:
                self._switch.forget()
                self._switch.select(self._channel)
            except SensorError as error:
                self.give_up(error)

    def verify(self) -> None:
        """Make sure that this pod's channel is on. Never raises: the trouble is noted."""
        if self._switch is not None:
            try:
                self._switch.verify(self._channel)
            except SensorError as error:
                self.give_up(error)

    def _enter(self) -> None:
        if self._closed:
            raise BusTimeout(f"Pod {self._channel} is cut off from the bus for a while.")
        if self._switch is not None:
            try:
                self._switch.select(self._channel)
            except SensorError as error:
                self.give_up(error)
                # No chip is missing: nobody has asked one.
                raise BusTimeout(str(error)) from error

    def _failed(self, error: SensorError) -> None:
        """After any error it is not known what is selected."""
        if isinstance(error, BusTimeout):
            self.give_up(error)
        if self._switch is None:
            return
        if isinstance(error, ChipMissing):
            try:
                self._switch.check()
            except SensorError as worse:
                self.give_up(worse)
        self._switch.forget()

    def give_up(self, error: SensorError) -> None:
        """Refuse everything from here on, because of `error`."""
        self.trouble = error
        self.switch_failed = not isinstance(error, BusTimeout)
        self._closed = True
