"""Whose ear it is: puts what guards it together, and keeps what it has had from one start to the next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from undertone.audio.dose import Exposure
from undertone.audio.night import DAY_LUFS, Calibration, Ceilings, Hours, glided, night_holds, target_lufs
from undertone.audio.safety import Protection
from undertone.errors import ConfigError, StorageError
from undertone.flow import Directive, Fault, FaultKind, Goal
from undertone.storage.exposure import ExposureKeeper
from undertone.storage.remembered import Damaged
from undertone.storage.wall import Wall

__all__ = ["Hearing", "softened", "softer_db"]

SAVE = 120.0
"""Seconds between two times at which the exposure is written: a power cut loses no more."""
OVER_UNDER = 0.75
"""The warning of the dose ends below this share."""


def softer_db(goal: Goal | None, *, night: bool, progress: float) -> float:
    """How much softer than by day the programme should be, dB ≤ 0."""
    return target_lufs(DAY_LUFS, goal=goal, night=night, progress=progress) - DAY_LUFS


def softened(directive: Directive | None, db: float) -> Directive | None:
    """The directive at a lower level; silence stays silence."""
    return directive if directive is None or db == 0.0 else replace(directive, level_db=directive.level_db + db)


class Hearing:
    """What the safety stage goes by, and who keeps it; and how much softer than by day the programme is.

    night: the hours of the night, "22:00-07:00". sensitive: the weekly dose is that for children and sensitive listeners.
    wall: tells the wall clock; None where nothing is heard at any hour, as in a simulation, and it is never night then.
    keeper: keeps the exposure; None where nothing is kept. tell: is given a Fault.

    Raises ConfigError for hours that are none.
    """

    def __init__(
        self,
        *,
        tell: Callable[[Fault], None],
        calibration: Calibration | None = None,
        ceilings: Ceilings | None = None,
        night: str = "22:00-07:00",
        sensitive: bool = False,
        wall: Callable[[], Wall] | None = None,
        keeper: ExposureKeeper | None = None,
    ) -> None:
        try:
            self._hours = Hours.parse(night)
        except ValueError as error:
            raise ConfigError(f"audio.night: {error}.") from error
        self._wall = wall
        self._keeper = keeper
        self._tell = tell
        self._warned = False
        self._saved_at = float("-inf")
        self.goal: Callable[[], Goal | None] = lambda: None
        """Asked where the listener is led, from the thread that writes sound."""
        self.softer_db = 0.0
        """How much softer than by day the programme should be at this moment, dB ≤ 0; it glides."""
        self._second: float | None = None
        self.protection = Protection(
            calibration=calibration or Calibration(),
            ceilings=ceilings or Ceilings(),
            night=self._night,
            exposure=Exposure(sensitive=sensitive),
        )

    def recall(self, now: float) -> None:
        """Go on from what was kept. Before anything sounds."""
        if self._keeper is None:
            return
        file = self._keeper.file
        try:
            kept = file.read()
            if kept is not None:
                exposure, away = kept
                try:
                    self.protection.exposure.take(exposure)
                except ValueError as error:
                    raise Damaged(str(error)) from error
                self.protection.exposure.away(away)
        except Damaged as trouble:
            message = f"{trouble} How much was heard this week is counted from nothing."
            with contextlib.suppress(OSError):
                message += f" The file was set aside as {file.set_aside()}."
            self._tell(Fault(now, "hearing", FaultKind.STORAGE, message))
        except StorageError as trouble:
            self._tell(Fault(now, "hearing", FaultKind.STORAGE, f"{trouble} How much was heard is counted from nothing."))
            self._keeper.close()
            self._keeper = None

    def second(self, now: float, progress: float) -> None:
        """Once a second: keep what must be kept, and say what must be said. progress: of the programme, 0…1."""
        wanted = softer_db(self.goal(), night=self._night(), progress=progress)
        # What is wanted at first holds at once: nothing has been heard yet.
        self.softer_db = wanted if self._second is None else glided(self.softer_db, wanted, now - self._second)
        self._second = now
        dose = self.protection.exposure.dose
        if self.protection.calibration.known and self.protection.exposure.warning and not self._warned:
            self._warned = True
            message = f"{dose:.0%} of what WHO and ITU hold safe for a week has been heard: keep it softer for some days."
            self._tell(Fault(now, "hearing", FaultKind.SOUND, message))
        elif self._warned and dose < OVER_UNDER:
            self._warned = False
            self._tell(Fault(now, "hearing", FaultKind.SOUND, "The week's sound dose is low again.", over=True))
        if now - self._saved_at >= SAVE:
            self._save(now)

    def close(self, now: float) -> None:
        """Have it kept. May be called twice."""
        if self._keeper is not None:
            self._save(now)
            self._keeper.close()
            self._keeper = None

    def _save(self, now: float) -> None:
        self._saved_at = now
        if self._keeper is not None:
            self._keeper.keep(self.protection.exposure.as_dict())

    def _night(self) -> bool:
        if self._wall is None:
            return False
        return night_holds(self._hours, self._wall().trusted_minute, self.goal())
