"""The wires as pins of a Pi: what is run, with a fake `pinctrl` that keeps the pins in files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from undertone.errors import BusError
from undertone.sensors import Freed, Line, PinctrlLines, Recovery

FAKE = """#!{python} -S
import sys
from pathlib import Path
here = Path({folder!r})
with (here / "log").open("a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
verb, pins = sys.argv[1], sys.argv[2].split(",")
if (here / "refuses").exists():
    print("Must be root (or group 'gpio' on RPiOS)")
    sys.exit(1)
if verb == "funcs":
    print((here / "funcs" / pins[0]).read_text())
elif verb == "lev":
    low = {{pin for pin in ("2", "3") if (here / pin).exists() and "dl" in (here / pin).read_text()}}
    held = (here / "held").read_text().strip() if (here / "held").exists() else "0"
    if int(held) > 0:
        low.add("2")
    print({between!r}.join("0" if pin in low else "1" for pin in pins))
else:
    for pin in pins:
        before = (here / pin).read_text() if (here / pin).exists() else ""
        (here / pin).write_text(" ".join(sys.argv[3:]))
        if pin == "3" and "dl" in before and "ip" in sys.argv[3:] and (here / "held").exists():
            (here / "held").write_text(str(int((here / "held").read_text()) - 1))
"""
PI_4 = {"2": "2, SDA1, I2C1_SDA, SA3, LCD_VSYNC, SPI3_MOSI, UART2_CTS, I2C3_SDA", "3": "3, SCL1, I2C1_SCL, SA2, LCD_HSYNC"}
PI_5 = {"2": "2, GPIO2, SPI0_CE3, DPI_VSYNC, CTS1, SDA1, IR_RX0", "3": "3, GPIO3, SPI0_CE2, DPI_HSYNC, RTS1, SCL1, IR_TX0"}


class Fake:
    def __init__(self, folder: Path, *, functions: dict[str, str], between: str = " ", held: int = 0) -> None:
        self.folder = folder
        self.command = folder / "pinctrl"
        self.command.write_text(FAKE.format(python=sys.executable, folder=str(folder), between=between))
        self.command.chmod(0o755)
        (folder / "funcs").mkdir()
        for pin, text in functions.items():
            (folder / "funcs" / pin).write_text(text)
        (folder / "held").write_text(str(held))

    @property
    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def lines(self, reset: int | None = 23) -> PinctrlLines:
        return PinctrlLines(reset=reset, command=str(self.command))


@pytest.mark.parametrize(("functions", "function"), [(PI_4, "a0"), (PI_5, "a3")], ids=["Pi 4", "Pi 5"])
@pytest.mark.parametrize("between", [" ", ""])
def test_a_bus_is_freed_by_clocks_and_given_back(
    tmp_path: Path, functions: dict[str, str], function: str, between: str
) -> None:
    fake = Fake(tmp_path, functions=functions, between=between, held=2)
    assert Recovery(fake.lines(reset=None)).free() is Freed.BY_CLOCKS
    clock = ["set 3 op dl", "set 3 ip", "lev 2,3"]
    stop = ["set 3 op dl", "set 2 op dl", "set 3 ip", "set 2 ip"]
    assert fake.log == [
        "lev 2,3", "funcs 2", "funcs 3", "set 2,3 ip", *clock, *clock, *stop, f"set 2,3 {function}",
    ]  # fmt: skip


def test_the_switch_is_reset_without_touching_the_bus(tmp_path: Path) -> None:
    fake = Fake(tmp_path, functions=PI_4)
    lines = fake.lines()
    assert lines.has_reset
    assert Recovery(lines).free() is Freed.BY_RESET
    assert fake.log == ["set 23 op dl", "set 23 ip", "lev 2,3"]


def test_without_a_wire_there_is_no_reset(tmp_path: Path) -> None:
    assert not Fake(tmp_path, functions=PI_4).lines(reset=None).has_reset


def test_pins_that_could_not_be_given_back_are_not_taken(tmp_path: Path) -> None:
    fake = Fake(tmp_path, functions={"2": "2, GPIO2, SPI0_CE3", "3": "3, GPIO3"}, held=9)
    recovery = Recovery(fake.lines(reset=None))
    assert recovery.free() is Freed.UNKNOWN
    assert recovery.trouble is not None
    assert "GPIO2 cannot be SDA of I²C bus 1" in recovery.trouble
    assert not any(line.startswith("set 2,3") for line in fake.log)


@pytest.mark.parametrize("missing", [True, False])
def test_what_is_missing_is_said_in_a_sentence(tmp_path: Path, missing: bool) -> None:
    fake = Fake(tmp_path, functions=PI_4)
    (tmp_path / "refuses").touch()
    lines = PinctrlLines(reset=23, command="pinctrl-that-is-not-there") if missing else fake.lines()
    recovery = Recovery(lines)
    assert recovery.free() is Freed.UNKNOWN
    assert recovery.trouble is not None
    assert ("raspi-utils" if missing else "group gpio") in recovery.trouble
    assert recovery.trouble.endswith(".")


def test_an_answer_that_is_no_level_is_refused(tmp_path: Path) -> None:
    fake = Fake(tmp_path, functions=PI_4, between="?")
    with pytest.raises(BusError, match="1\\?1"):
        fake.lines().levels()


def test_a_command_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undertone.sensors.pinctrl._PATIENCE", 0.05)
    slow = tmp_path / "pinctrl"
    slow.write_text("#!/bin/sh\nexec sleep 5\n")
    slow.chmod(0o755)
    with pytest.raises(BusError, match="timed out"):
        PinctrlLines(reset=23, command=str(slow)).drive_low(Line.RESET)


def test_it_is_found_on_the_path_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = PinctrlLines(reset=23)
    fake = Fake(tmp_path, functions=PI_4)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert lines.levels() == (True, True)
    assert fake.log == ["lev 2,3"]
