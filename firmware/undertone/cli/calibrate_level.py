"""`undertone calibrate level`: how loud the device is where it is heard, from a sound level meter's or a phone's reading.

Noise is played, very softly at first and louder when the person asks for it. Two readings ten decibels apart tell whether the
meter hears the noise or the room: if they do not differ as they must, nothing is written.
"""

from __future__ import annotations

import argparse
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from undertone import config
from undertone.audio import Sink, open_default_sink
from undertone.audio.filters import BlockFilter, kernel
from undertone.audio.night import CALIBRATIONS_DBA, REFERENCE_DBFS
from undertone.audio.noise import HIGHEST_HZ, LOWEST_HZ, level_noise
from undertone.audio.outlet import Outlet
from undertone.audio.weighting import a_weighting, decibels, power
from undertone.cli.calibrated import offered
from undertone.errors import SoundError, UndertoneError

__all__ = ["Room", "calibrate_level"]

SOFTEST_DB, STEP_DB = -70.0, 5.0
"""Where the noise begins, and how much louder one step is."""
APART_DB, AGREE_DB = 10.0, 3.0
"""How much softer the second reading is taken, and how far it may be from what it must be."""
READABLE_DBA = (25.0, 100.0)
"""What a meter can tell in a room, and what nobody should listen to."""
WANTED_DBA = (50.0, 65.0)
METER_DB, APP_DB = 2.0, 5.0
"""How wrong a sound level meter of class 2 and an app on a phone can be, decibels."""
FRAMES = 1024
TRIES = 40
RESTS = "rests"
"""The word by which the second question is known."""
JOIN_SECONDS = 3.0


class Room(Protocol):
    """Where noise is heard and read."""

    def play(self, level_db: float) -> None:
        """Have the noise at an A-weighted level, dB re full scale, from here on."""

    def ask(self, question: str) -> str:
        """What a person answers. Raises EOFError where nobody can."""

    def close(self) -> None:
        """Silence at once."""


def calibrate_level(asked: argparse.Namespace, *, room: Room | None = None) -> int:
    """Measure, say what was found, and write it into the configuration if it is wanted.

    room: what a test brings in place of the real one.
    """
    settings = config.load(asked.config)
    if asked.reading is not None:
        first, second = asked.reading
        return _concluded(asked, [(REFERENCE_DBFS, first), (REFERENCE_DBFS - APART_DB, second)])
    if asked.rehearse:
        print("A rehearsal in a room that is computed: nothing is heard, nothing real is measured, and nothing is written.\n")
        room = _Rehearsed()
    try:
        room = room or _Real(lambda: open_default_sink(settings.audio.device, settings.audio.rate_hz))
        try:
            readings = _walk(room)
        finally:
            room.close()
    except KeyboardInterrupt:
        print("\nCtrl-C: nothing was changed.")
        raise
    except EOFError:
        raise UndertoneError("Nobody answers: run this in a terminal, or give what was read with --reading.") from None
    return _concluded(asked, readings)


def _walk(room: Room) -> list[tuple[float, float]]:
    """The level played and the level read, twice."""
    print(f"Noise from {LOWEST_HZ:.0f} to {HIGHEST_HZ:.0f} Hz is played, very softly at first. Ctrl-C stops it at once.")
    print("Set the amplifier's own volume as it will stay, and the system's to full.")
    print("Lay the meter where the ear will be, on the pillow, set to dB(A) and slow; keep away from it, and be quiet.\n")
    level = SOFTEST_DB
    for _ in range(TRIES):
        room.play(level)
        answer = _asked(room, f"noise at {level:.0f} dB   louder: Enter   softer: s   or what the meter reads, dB(A): ")
        if answer in ("", "s"):
            level = min(REFERENCE_DBFS, level + STEP_DB) if answer == "" else max(SOFTEST_DB, level - STEP_DB)
            continue
        reading = _number(answer)
        if reading is None:
            continue
        if reading < WANTED_DBA[0] and level < REFERENCE_DBFS:
            print(f"Make it louder: at {WANTED_DBA[0]:.0f} to {WANTED_DBA[1]:.0f} dB(A) the room is drowned.")
            continue
        return [(level, reading), _second(room, level - APART_DB)]
    raise UndertoneError("No reading was given; nothing was changed.")


def _asked(room: Room, question: str) -> str:
    return room.ask(question).strip().lower()


def _second(room: Room, level: float) -> tuple[float, float]:
    room.play(level)
    for _ in range(TRIES):
        reading = _number(_asked(room, f"noise at {level:.0f} dB   once the meter {RESTS}, what it reads, dB(A): "))
        if reading is not None:
            return level, reading
    raise UndertoneError("No reading was given; nothing was changed.")


def _number(answer: str) -> float | None:
    """The reading that somebody typed; None, and a word about it, where it is none."""
    lowest, highest = READABLE_DBA
    try:
        reading = float(answer.removesuffix("dba").removesuffix("db(a)").removesuffix("db").strip().replace(",", "."))
    except ValueError:
        reading = math.nan
    if lowest <= reading <= highest:
        return reading
    print(f"That is no reading of this noise: a number from {lowest:.0f} to {highest:.0f} is.")
    return None


def _concluded(asked: argparse.Namespace, readings: list[tuple[float, float]]) -> int:
    """Say what two readings mean; 1 where they cannot be right."""
    (level, reading), (softer, second) = readings
    if not all(READABLE_DBA[0] <= value <= READABLE_DBA[1] for value in (reading, second)):
        print(f"A reading of this noise is {READABLE_DBA[0]:.0f} to {READABLE_DBA[1]:.0f} dB(A). Nothing was changed.")
        return 1
    expected = reading + softer - level
    off = second - expected
    print(f"\nfirst      {reading:.1f} dB(A) with noise at {level:.0f} dB")
    print(f"second     {second:.1f} dB(A) with noise at {softer:.0f} dB, where {expected:.1f} was to be expected")
    if not abs(off) <= AGREE_DB:
        why = "the meter hears the room: make it quieter, or measure louder" if off > 0 else "something else changes the level"
        print(f"They do not fit: {why}. Is the amplifier's automatic volume off? Nothing was changed.")
        return 1
    # The softer reading can only be raised by the room, so the louder one counts.
    dba = round(reading - level + REFERENCE_DBFS, 1)
    lowest, highest = CALIBRATIONS_DBA
    if not lowest <= dba <= highest:
        print(f"At {REFERENCE_DBFS:.0f} dB that would be {dba:.0f} dB(A), which no speaker does. Nothing was changed.")
        return 1
    error = METER_DB if asked.meter == "meter" else APP_DB
    print(f"level      {dba:.1f} dB(A) at {REFERENCE_DBFS:.0f} dB, give or take {error:.0f} dB for {_NAMES[asked.meter]}")
    print(f"           The ceilings are kept {error:.0f} dB lower for that: measured with this, it is never louder than")
    print(f"           {65.0 - error:.0f} dB(A) by day and {45.0 - error:.0f} dB(A) by night.")
    offered(asked, {"audio.calibration_dba": dba, "audio.calibration_error_db": error})
    return 0


_NAMES = {"app": "an app on a phone", "meter": "a sound level meter"}


# ---------------------------------------------------------------------------------------------------------------------- rooms


class _Real:
    """The real sound device, written to by a thread, and the person at the terminal.

    The noise passes the same last stage as everything else.
    """

    def __init__(self, open_sink: Callable[[], Sink]) -> None:
        self._sink = open_sink()
        self._noise = level_noise(self._sink.rate_hz)
        self._outlet = Outlet(rate_hz=self._sink.rate_hz, frames=FRAMES, fade_in=0.2)
        self._outlet.volume_db = -math.inf
        self._ending = threading.Event()
        self._trouble: SoundError | None = None
        self._thread = threading.Thread(target=self._write, name="calibration", daemon=True)
        self._thread.start()

    def play(self, level_db: float) -> None:
        """See `Room.play`."""
        self._outlet.volume_db = level_db - REFERENCE_DBFS

    def ask(self, question: str) -> str:
        """See `Room.ask`. Raises SoundError where the device stopped taking sound."""
        answer = input(question)
        if self._trouble is not None:
            raise self._trouble
        return answer

    def close(self) -> None:
        """See `Room.close`."""
        self._outlet.hush()
        self._ending.set()
        self._thread.join(JOIN_SECONDS)

    def _write(self) -> None:
        place, left = 0, 3
        try:
            while left:
                left -= self._ending.is_set()
                self._sink.write(self._outlet(self._noise[place : place + FRAMES]))
                place = (place + FRAMES) % len(self._noise)
            self._sink.close()
        except SoundError as error:
            self._trouble = error


@dataclass(slots=True)
class _Rehearsed:
    """A computed room: the noise goes through the last stage into a meter beside which a fan runs, and somebody reads it."""

    sensitivity_db: float = 91.3
    background_dba: float = 31.0
    rate_hz: int = 48000
    level_db: float = -math.inf

    def play(self, level_db: float) -> None:
        """See `Room.play`."""
        self.level_db = level_db

    def ask(self, question: str) -> str:
        """See `Room.ask`."""
        reading = self._read()
        enough = self.level_db >= REFERENCE_DBFS or RESTS in question or reading >= WANTED_DBA[0] + STEP_DB
        answer = f"{reading:.1f}" if enough else ""
        print(question + answer)
        return answer

    def close(self) -> None:
        """See `Room.close`."""

    def _read(self) -> float:
        outlet = Outlet(rate_hz=self.rate_hz, frames=FRAMES, fade_in=0.1)
        outlet.volume_db = self.level_db - REFERENCE_DBFS
        noise, ear = level_noise(self.rate_hz), BlockFilter(kernel(a_weighting(self.rate_hz), frames=FRAMES))
        heard = [ear(outlet(noise[at : at + FRAMES]).T.astype(np.float64)) for at in range(0, 2 * self.rate_hz, FRAMES)]
        level = decibels(float(np.mean(np.square(np.concatenate(heard[len(heard) // 4 :], axis=1)))))
        return decibels(power(level + self.sensitivity_db) + power(self.background_dba))
