"""The wires of the bus as pins of a Raspberry Pi, by the command `pinctrl` of Raspberry Pi OS.

A pin is let go of by making it an input, so that its pull-up makes it high, and pulled low by making it an output: nothing ever
drives it high. The function that gives the pins back to the bus's controller is looked up by its name, because it is alt0 up to
the Pi 4 and alt3 on a Pi 5, and because a pin that an interrupted recovery left behind no longer says what it was.

Each call is a process of a few milliseconds, which is why so few are made.

Source: raspberrypi/utils, pinctrl/README.md and gpiochip_*.c (names of the functions); hardware.md §4.3, §5.3.
"""

from __future__ import annotations

import shutil
import subprocess

from undertone.errors import BusError
from undertone.sensors.recovery import Levels, Line

__all__ = ["PinctrlLines"]

_PATIENCE = 1.0
"""Seconds after which a call is given up. It takes some milliseconds."""


class PinctrlLines:
    """`Lines` of a Raspberry Pi's bus.

    reset: pin of the bus switch's RESET, BCM number; None where it is not wired. bus: N of /dev/i2c-N.
    sda, scl: its pins, BCM numbers. command: what is run.

    Nothing is run before it is needed.
    """

    def __init__(self, *, reset: int | None, bus: int = 1, sda: int = 2, scl: int = 3, command: str = "pinctrl") -> None:
        self._command = command
        self._bus = bus
        self._pins: dict[Line, int] = {Line.SDA: sda, Line.SCL: scl}
        if reset is not None:
            self._pins[Line.RESET] = reset
        self._functions: dict[Line, str] | None = None

    @property
    def has_reset(self) -> bool:
        """See `Lines.has_reset`."""
        return Line.RESET in self._pins

    def take(self) -> None:
        """See `Lines.take`."""
        if self._functions is None:
            # Looked up before anything is changed: what could not be given back is not taken.
            self._functions = {line: self._function(line) for line in (Line.SDA, Line.SCL)}
        self._run("set", f"{self._pins[Line.SDA]},{self._pins[Line.SCL]}", "ip")

    def give_back(self) -> None:
        """See `Lines.give_back`."""
        functions = self._functions or {}
        for function in sorted(set(functions.values())):
            self._run("set", ",".join(str(self._pins[line]) for line in functions if functions[line] == function), function)

    def drive_low(self, line: Line) -> None:
        """See `Lines.drive_low`."""
        self._run("set", str(self._pins[line]), "op", "dl")

    def release(self, line: Line) -> None:
        """See `Lines.release`."""
        self._run("set", str(self._pins[line]), "ip")

    def levels(self) -> Levels:
        """See `Lines.levels`."""
        # The answer is in the order of the pins' numbers, with or without a space in between.
        lines = sorted((Line.SDA, Line.SCL), key=self._pins.__getitem__)
        answer = self._run("lev", ",".join(str(self._pins[line]) for line in lines))
        digits = "".join(answer.split())
        if len(digits) != len(lines) or not set(digits) <= {"0", "1"}:
            raise self._refused(f"it says {answer.strip()!r} where two levels were asked for")
        high = {line: digit == "1" for line, digit in zip(lines, digits, strict=True)}
        return Levels(sda=high[Line.SDA], scl=high[Line.SCL])

    def _function(self, line: Line) -> str:
        """Which function makes the pin part of the bus: "a0", for example.

        `pinctrl funcs 2` prints the pin's number, its name, and then what it can be: "2, GPIO2, I2C1_SDA, SA3, …".
        """
        pin = self._pins[line]
        fields = [field.strip() for field in self._run("funcs", str(pin)).split(",")]
        names = (f"I2C{self._bus}_{line}", f"{line}{self._bus}")
        for place, field in enumerate(fields[2:]):
            if field in names:
                return f"a{place}"
        raise BusError(
            f"GPIO{pin} cannot be {line} of I²C bus {self._bus} on this machine, so that a stuck bus cannot be freed."
        )

    def _run(self, *arguments: str) -> str:
        found = shutil.which(self._command)
        if found is None:
            raise BusError(
                f"A bus that is held low cannot be freed here, because the command {self._command} is missing: install "
                f"Raspberry Pi OS's package raspi-utils. Until then a pod that hangs must be unplugged."
            )
        try:
            done = subprocess.run([found, *arguments], capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._refused(str(error)) from error
        if done.returncode:
            raise self._refused((done.stdout or done.stderr).strip() or f"exit status {done.returncode}")
        return done.stdout

    def _refused(self, why: str) -> BusError:
        return BusError(
            f"The wires of the I²C bus cannot be reached by {self._command} ({why}). Add this user to the group gpio with "
            f"`sudo usermod -aG gpio $USER` and log in again."
        )
