"""When it is night, and how loud it may be."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from undertone.flow import Goal

__all__ = [
    "ASSUMED_FULL_SCALE_DBA",
    "REFERENCE_DBFS",
    "Calibration",
    "Ceilings",
    "Hours",
    "glided",
    "night_holds",
    "target_lufs",
]

DAY_DBA = 65.0
"""No sound is ever louder than this, LAFmax."""
NIGHT_DBA = 45.0
"""Nor than this by night, LAFmax at the pillow. Source: WHO, Guidelines for community noise (1999), table 4.1."""
SOFTEST_DBA = 25.0
"""A ceiling below this would be silence."""
REFERENCE_DBFS = -30.0
"""A-weighted level of the test noise to which a calibration refers, dB; the mean square 1 is 0 dB."""
ASSUMED_FULL_SCALE_DBA = 86.0
"""What the mean square 1 comes to where nobody has measured it: the loudest speaker of hardware/README.md, one metre away."""
CALIBRATIONS_DBA = (20.0, 110.0)
DAY_LUFS, EVENING_LUFS, SLEEP_LUFS = -23.0, -27.0, -32.0
GLIDE_DB_PER_SECOND = 1.0 / 60.0
"""So slow that nobody notices it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How loud the device is where it is heard. Raises ValueError for what no measurement can be.

    dba: what the test noise at −30 dB is there, dB(A); None where nobody has measured it.
    error_db: by how much that may be wrong. The ceilings are lowered by it, so that they hold all the same.
    """

    dba: float | None = None
    error_db: float = 5.0

    def __post_init__(self) -> None:
        lowest, highest = CALIBRATIONS_DBA
        if self.dba is not None and not lowest <= self.dba <= highest:
            raise ValueError(f"{self.dba} dB(A) is no level that a speaker has at −30 dB: {lowest:g} to {highest:g}")
        if not 0.0 <= self.error_db <= 20.0:
            raise ValueError(f"a calibration cannot be uncertain by {self.error_db} dB")

    @property
    def known(self) -> bool:
        """Whether somebody has measured it."""
        return self.dba is not None

    @property
    def full_scale_dba(self) -> float:
        """What the mean square 1 comes to at most, dB(A)."""
        return ASSUMED_FULL_SCALE_DBA if self.dba is None else self.dba - REFERENCE_DBFS + self.error_db


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The loudest that it may be, LAFmax in dB(A). Whatever is asked for, it is brought within what is safe."""

    day_dba: float = DAY_DBA
    night_dba: float = NIGHT_DBA

    def __post_init__(self) -> None:
        night = _clamped(self.night_dba, NIGHT_DBA)
        object.__setattr__(self, "night_dba", night)
        object.__setattr__(self, "day_dba", max(night, _clamped(self.day_dba, DAY_DBA)))


def _clamped(dba: float, most: float) -> float:
    return most if math.isnan(dba) else min(max(dba, SOFTEST_DBA), most)


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, from one minute after midnight to another; it may reach over midnight."""

    start: int = 22 * 60
    end: int = 7 * 60

    @classmethod
    def parse(cls, text: str) -> Hours:
        """From "22:00-07:00". Raises ValueError, with a sentence, for anything else."""
        found = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*", text)
        if found is not None:
            hour, minute, to_hour, to_minute = (int(part) for part in found.groups())
            if max(hour, to_hour) <= 24 and max(minute, to_minute) < 60:
                return cls((hour * 60 + minute) % 1440, (to_hour * 60 + to_minute) % 1440)
        raise ValueError(f"{text!r} is no part of a day: write the hours of the night like 22:00-07:00")

    def holds(self, minute: int) -> bool:
        """Whether a minute after midnight, 0…1439, is within. From a time to the same time is all day."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def night_holds(hours: Hours, minute: int | None, goal: Goal | None) -> bool:
    """Whether the limits of the night hold.

    minute: of the day, after midnight; None where no clock can be trusted, and then the stricter limits hold.
    goal: where the listener is led; to sleep is night at any hour.
    """
    return minute is None or goal is Goal.SLEEP or hours.holds(minute)


def target_lufs(day_lufs: float, *, goal: Goal | None, night: bool, progress: float) -> float:
    """Loudness that the programme should have, LUFS.

    day_lufs: what the listener has set for the day; every other target is as much softer as the defaults are.
    progress: share of the programme that is over, 0…1. Towards sleep the music becomes softer from the middle on.
    """
    softer = EVENING_LUFS - DAY_LUFS if night or goal is Goal.SLEEP else 0.0
    if goal is Goal.SLEEP:
        late = min(max(2.0 * progress - 1.0, 0.0), 1.0)
        softer += late * (SLEEP_LUFS - EVENING_LUFS)
    return day_lufs + softer


def glided(before: float | None, wanted: float, seconds: float) -> float:
    """A loudness on its way to the wanted one after so many seconds, by a decibel a minute. It begins where it should be."""
    if before is None:
        return wanted
    step = GLIDE_DB_PER_SECOND * seconds
    return before + min(max(wanted - before, -step), step)
