"""The I²C bus as three verbs, and the one place that knows smbus2 and the kernel's error numbers.

Each call is one `I2C_RDWR` ioctl: the register's number is written and the answer is read after a repeated start, with nobody
in between. The ioctl carries the address, so that nothing is remembered between two calls, and it is not limited to the
32 bytes of an SMBus block: a whole FIFO comes in one transfer. The only read message is the last one, which is all that the
BCM2835's controller can do. A bus switch has one register without a number, so that a write without data is all that it needs,
and its answer is received without writing anything before.

What the kernel answers as a number becomes an exception with a sentence here (`refusal`); the emulated bus of `sim` says the
same sentences. Source: linux drivers/i2c/busses/i2c-bcm2835.c, include/uapi/linux/i2c-dev.h.
"""

from __future__ import annotations

import errno
import fcntl
import math
from functools import lru_cache
from typing import Any, Protocol

from undertone.errors import BusError, BusTimeout, ChipMissing, SensorError

__all__ = ["Bus", "LinuxBus", "refusal"]

_I2C_TIMEOUT = 0x0702
"""ioctl: how long the adapter may take for one transfer, in units of 10 ms."""
_SHORTEST_TIMEOUT = 0.04
"""Below 35 ms the BCM2835's own clock-stretch timeout would come too late to be told from a stuck bus."""
_MESSAGES = 512
"""Eight pods use about fifty."""
_MISSING = frozenset({errno.EREMOTEIO, errno.ENXIO, errno.EIO})
"""Which of these an absent chip gives depends on the adapter; EIO is also a transfer of the wrong length."""
_STUCK = frozenset({errno.ETIMEDOUT, errno.EAGAIN})


class Bus(Protocol):
    """An I²C bus with registers. One thread owns it. Every call ends within the bus's timeout."""

    def read(self, address: int, register: int, length: int) -> bytes:
        """`length` bytes from `register` on, of the chip at `address` (7 bits).

        Raises ChipMissing where nobody answers, BusTimeout where a line is held, BusError for anything else.
        """

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write `data` from `register` on, to the chip at `address` (7 bits). Raises as `read` does.

        Without data the number of the register is all that is sent.
        """

    def receive(self, address: int, length: int) -> bytes:
        """`length` bytes of the chip at `address` (7 bits), without saying from which register. Raises as `read` does."""


def refusal(number: int, address: int) -> SensorError:
    """The exception, with its sentence, for error `number` of a transfer with the chip at `address`."""
    if number in _MISSING:
        return ChipMissing(
            f"No chip answers at 0x{address:02x} on the I²C bus. Check that the pod is plugged in, that SDA and SCL are not "
            f"swapped, and that its pull-ups go to 3.3 V; then run `undertone doctor`."
        )
    if number in _STUCK:
        return BusTimeout(
            f"The I²C bus did not finish a transfer with 0x{address:02x} in time: SDA or SCL is held low. Unplug the pods one "
            f"by one to find the one that holds it."
        )
    if number == errno.EBUSY:
        return BusError(
            f"A kernel driver already owns the chip at 0x{address:02x}. Remove its dtoverlay line from "
            f"/boot/firmware/config.txt and restart."
        )
    if number == errno.EOPNOTSUPP:
        return BusError("This I²C adapter cannot do a write followed by a read. Use the Pi's own bus 1 (GPIO2 and GPIO3).")
    return BusError(
        f"The I²C bus refused a transfer with 0x{address:02x} ({errno.errorcode.get(number, str(number))}). "
        f"Run `undertone doctor`."
    )


def _not_opened(number: int, bus: int) -> BusError:
    """The exception for a bus that cannot be opened, for error `number`."""
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return BusError(
            f"There is no I²C bus {bus} (/dev/i2c-{bus}): is I²C enabled? Run `sudo raspi-config nonint do_i2c 0`, restart, "
            f"and run `undertone doctor`."
        )
    if number in (errno.EACCES, errno.EPERM):
        return BusError(
            f"This user may not open /dev/i2c-{bus}. Add them to the group i2c with `sudo usermod -aG i2c $USER` and log in "
            f"again."
        )
    name = errno.errorcode.get(number, str(number))
    return BusError(f"/dev/i2c-{bus} cannot be used as an I²C bus ({name}). Run `undertone doctor`.")


class LinuxBus:
    """A bus of the Linux kernel, /dev/i2c-`number`.

    timeout: seconds that one transfer may take, rounded up to 10 ms and at least 40 ms. The kernel's own second would let one
    hung pod starve all others: their FIFOs hold 0.32 s.

    Raises BusError with a sentence where smbus2 is missing or the bus cannot be opened.
    """

    def __init__(self, number: int = 1, *, timeout: float = 0.05) -> None:
        try:
            import smbus2
        except ImportError as error:
            raise BusError("smbus2 is not installed: `pip install 'undertone[pi]'`.") from error
        # Made once and used again: the same few messages go out a thousand times a second, and making one costs as much as
        # sending it. One thread owns the bus, and an answer is copied before the next one comes.
        self._writing = lru_cache(_MESSAGES)(smbus2.i2c_msg.write)
        self._reading = lru_cache(_MESSAGES)(smbus2.i2c_msg.read)
        self._bus: Any = None
        # Rounded first: 0.07 × 100 is a little more than 7.
        ticks = math.ceil(round(max(timeout, _SHORTEST_TIMEOUT) * 100, 6))
        try:
            bus = smbus2.SMBus(number)
            assert bus.fd is not None
            self._bus = bus
            fcntl.ioctl(bus.fd, _I2C_TIMEOUT, ticks)
        except OSError as error:
            self.close()
            raise _not_opened(error.errno or 0, number) from error

    def read(self, address: int, register: int, length: int) -> bytes:
        """See `Bus.read`."""
        answer = self._reading(address, length)
        self._transfer(address, self._writing(address, bytes((register,))), answer)
        return bytes(answer)

    def write(self, address: int, register: int, data: bytes) -> None:
        """See `Bus.write`."""
        self._transfer(address, self._writing(address, bytes((register,)) + data))

    def receive(self, address: int, length: int) -> bytes:
        """See `Bus.receive`."""
        answer = self._reading(address, length)
        self._transfer(address, answer)
        return bytes(answer)

    def close(self) -> None:
        """Give the bus back. Afterwards every transfer raises BusError. May be called twice."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _transfer(self, address: int, *messages: Any) -> None:
        if self._bus is None:
            raise BusError("The I²C bus has been closed: open it again before asking it.")
        try:
            self._bus.i2c_rdwr(*messages)
        except OSError as error:
            raise refusal(error.errno or 0, address) from error
