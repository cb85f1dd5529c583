"""The Linux bus, tested at the lowest seam: a fake kernel decodes what the ioctls carry."""

from __future__ import annotations

import builtins
import ctypes
import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from undertone.errors import BusError, BusTimeout, ChipMissing
from undertone.sensors import LinuxBus

smbus2 = pytest.importorskip("smbus2")

I2C_RDWR, I2C_TIMEOUT, I2C_FUNCS, I2C_M_RD = 0x0707, 0x0702, 0x0705, 0x0001


class Kernel:
    """What /dev/i2c-N would have seen."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.timeouts: list[int] = []
        self.transfers: list[list[tuple[int, int, bytes | int]]] = []
        self.answer = bytes(range(256))
        self.error: int | None = None
        self.open_error: int | None = None
        self.closed = 0

    def open(self, path: str, flags: int) -> int:
        if self.open_error:
            raise OSError(self.open_error, os.strerror(self.open_error), path)
        self.opened.append(path)
        return 1000

    def ioctl(self, descriptor: int, request: int, argument: Any = 0) -> int:
        assert descriptor == 1000
        if request == I2C_TIMEOUT:
            self.timeouts.append(argument)
        elif request == I2C_RDWR:
            if self.error:
                raise OSError(self.error, os.strerror(self.error))
            self._transfer(argument)
        else:
            assert request == I2C_FUNCS
        return 0

    def _transfer(self, carried: Any) -> None:
        seen: list[tuple[int, int, bytes | int]] = []
        for message in (carried.msgs[place] for place in range(carried.nmsgs)):
            if message.flags & I2C_M_RD:
                ctypes.memmove(message.buf, self.answer, message.len)
                seen.append((message.addr, message.flags, message.len))
            else:
                seen.append((message.addr, message.flags, ctypes.string_at(message.buf, message.len)))
        self.transfers.append(seen)

    def close(self, descriptor: int) -> None:
        self.closed += 1


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    fake = Kernel()
    really_open, really_close = os.open, os.close
    monkeypatch.setattr(os, "open", lambda path, *rest: (fake.open if "i2c" in str(path) else really_open)(path, *rest))
    monkeypatch.setattr(os, "close", lambda fd: fake.close(fd) if fd == 1000 else really_close(fd))
    monkeypatch.setattr(smbus2.smbus2, "ioctl", fake.ioctl)
    monkeypatch.setattr(fcntl, "ioctl", fake.ioctl)
    yield fake
    monkeypatch.undo()


def test_a_read_is_one_ioctl_with_one_read_message_last(kernel: Kernel) -> None:
    bus = LinuxBus(3)
    assert bus.read(0x57, 0x07, 192) == bytes(range(192))
    assert kernel.opened == ["/dev/i2c-3"]
    assert kernel.transfers == [[(0x57, 0, b"\x07"), (0x57, I2C_M_RD, 192)]]


def test_a_write_is_one_message(kernel: Kernel) -> None:
    LinuxBus().write(0x48, 0x01, b"\xc5\x63")
    assert kernel.transfers == [[(0x48, 0, b"\x01\xc5\x63")]]


def test_a_write_without_data_is_the_register_alone(kernel: Kernel) -> None:
    """Which is all that a bus switch wants."""
    LinuxBus().write(0x70, 0x08, b"")
    assert kernel.transfers == [[(0x70, 0, b"\x08")]]


def test_what_is_received_is_one_read_message(kernel: Kernel) -> None:
    kernel.answer = b"\x08"
    assert LinuxBus().receive(0x70, 1) == b"\x08"
    assert kernel.transfers == [[(0x70, I2C_M_RD, 1)]]


def test_messages_that_are_used_again_carry_what_is_new(kernel: Kernel) -> None:
    bus = LinuxBus()
    kernel.answer = b"\x01\x02\x03\x04"
    first = bus.read(0x57, 0x00, 4)
    kernel.answer = b"\x05\x06\x07\x08"
    assert (first, bus.read(0x57, 0x00, 4), bus.read(0x57, 0x07, 4)) == (b"\x01\x02\x03\x04", *[b"\x05\x06\x07\x08"] * 2)
    for data in (b"\x01", b"\x02", b"\x01"):
        bus.write(0x57, 0x0C, data)
    assert [transfer[0] for transfer in kernel.transfers] == [
        (0x57, 0, b"\x00"),
        (0x57, 0, b"\x00"),
        (0x57, 0, b"\x07"),
        (0x57, 0, b"\x0c\x01"),
        (0x57, 0, b"\x0c\x02"),
        (0x57, 0, b"\x0c\x01"),
    ]


@pytest.mark.parametrize(("seconds", "ticks"), [(0.05, 5), (0.07, 7), (0.051, 6), (0.001, 4), (1.0, 100)])
def test_the_timeout_is_lowered_in_units_of_ten_milliseconds(kernel: Kernel, seconds: float, ticks: int) -> None:
    LinuxBus(timeout=seconds)
    assert kernel.timeouts == [ticks]


@pytest.mark.parametrize(
    ("number", "expected", "says"),
    [
        (errno.EREMOTEIO, ChipMissing, "No chip answers at 0x57"),
        (errno.ENXIO, ChipMissing, "No chip answers at 0x57"),
        (errno.EIO, ChipMissing, "No chip answers at 0x57"),
        (errno.ETIMEDOUT, BusTimeout, "held low"),
        (errno.EAGAIN, BusTimeout, "held low"),
        (errno.EBUSY, BusError, "kernel driver already owns"),
        (errno.EOPNOTSUPP, BusError, "bus 1"),
        (errno.EPROTO, BusError, "EPROTO"),
    ],
)
def test_error_numbers_become_sentences(kernel: Kernel, number: int, expected: type[BusError], says: str) -> None:
    bus = LinuxBus()
    kernel.error = number
    for call in (lambda: bus.read(0x57, 0xFF, 1), lambda: bus.write(0x57, 0x09, b"\x40"), lambda: bus.receive(0x57, 1)):
        with pytest.raises(BusError, match=says) as caught:
            call()
        assert type(caught.value) is expected
        assert str(caught.value).endswith(".")
    kernel.error = None
    assert bus.read(0x57, 0xFF, 1) == b"\x00"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOENT, r"no I²C bus 1 .*is I²C enabled\?.*raspi-config"),
        (errno.EACCES, r"group i2c"),
        (errno.ENOTTY, r"cannot be used .*ENOTTY"),
    ],
)
def test_a_bus_that_cannot_be_opened_says_why(kernel: Kernel, number: int, says: str) -> None:
    kernel.open_error = number
    with pytest.raises(BusError, match=says):
        LinuxBus(1)


def test_a_file_that_is_no_bus_is_closed_again(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(errno.ENOTTY, "not a bus")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    with pytest.raises(BusError, match="ENOTTY"):
        LinuxBus(1)
    assert kernel.closed == 1


def test_a_closed_bus_refuses_and_may_be_closed_twice(kernel: Kernel) -> None:
    bus = LinuxBus()
    bus.close()
    bus.close()
    assert kernel.closed == 1
    with pytest.raises(BusError, match="closed"):
        bus.read(0x57, 0, 1)


def test_without_smbus2_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    really_import = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "smbus2":
            raise ImportError(name)
        return really_import(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "smbus2", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(BusError, match=r"undertone\[pi\]"):
        LinuxBus()


def test_a_missing_bus_is_told_also_without_any_fake() -> None:
    with pytest.raises(BusError, match=r"is I²C enabled\?"):
        LinuxBus(97)
