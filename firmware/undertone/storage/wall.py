"""The clock on the wall, and whether it can be trusted.

Theory of operation. A Raspberry Pi without a network has no time after a power cut: it goes on from a year long past, or from
where the last shutdown left it, which looks right and is not. So a clock is trusted only if something outside has set it: the
system's time synchronisation, which leaves a mark for the time since the start, or a clock chip that runs on a battery.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Wall", "read_wall"]

EARLIEST = 1_767_225_600.0
"""2026-01-01 in UTC: before this there was no Undertone, so no clock that says so is right."""
LATEST = EARLIEST + 30.0 * 365.25 * 86400.0
SYNCHRONISED = (Path("/run/systemd/timesync/synchronized"), Path("/run/chrony/synchronized"))
CLOCK_CHIPS = Path("/sys/class/rtc")


@dataclass(frozen=True, slots=True)
class Wall:
    """A moment on the wall clock."""

    seconds: float
    """Since 1970 in UTC."""
    minute: int
    """Of the local day, after midnight, 0…1439."""
    trusted: bool

    @property
    def trusted_minute(self) -> int | None:
        """The minute, if it can be trusted."""
        return self.minute if self.trusted else None


def read_wall(
    *,
    clock: Callable[[], float] = time.time,
    marks: tuple[Path, ...] = SYNCHRONISED,
    chips: Path = CLOCK_CHIPS,
    believed: bool = False,
) -> Wall:
    """What the wall clock says. Never raises.

    believed: somebody vouches for it, unless it is impossible. marks: files that are there once the time has been synchronised.
    chips: folder with the system's clock chips.
    """
    seconds = clock()
    try:
        local = time.localtime(seconds)
        minute, possible = local.tm_hour * 60 + local.tm_min, EARLIEST <= seconds < LATEST
    except (OverflowError, ValueError, OSError):
        minute, possible = 0, False
    return Wall(seconds, minute, possible and (believed or any(_there(mark) for mark in marks) or _kept_by_a_chip(chips)))


def _there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        return False


def _kept_by_a_chip(chips: Path) -> bool:
    """Whether a clock chip has gone on while the machine was off: one whose battery is empty begins at a year long past."""
    try:
        for chip in chips.glob("rtc*/since_epoch"):
            if EARLIEST <= float(chip.read_text()) < LATEST:
                return True
    except (OSError, ValueError):
        pass
    return False
