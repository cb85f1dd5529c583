"""How long each part of a programme takes, and how fast it leads.

A programme of 15 minutes or more keeps the written rates. A shorter one is a demonstration: the twenty-minute programme played
faster. What the music does is hurried then (meeting, the lead rate); what the body needs never is (learning its usual, checks
of progress, breath steps, softening), and neither is the slew of the level.
"""

from __future__ import annotations

from dataclasses import dataclass

from undertone.guidance.goals import Aim, End
from undertone.guidance.limits import Limits

__all__ = ["Programme", "planned"]

FULL = 15.0
"""Minutes from which the written rates hold."""
HURRIED = 20.0
"""Minutes of the programme that a demonstration plays faster."""
LONGEST = 1440.0
"""Minutes of a programme."""
QUICKEST = 20.0
"""Times faster than written, at most."""
SETTLE = (30.0, 90.0)
"""Seconds to wait for the listener to be felt: at least, at most."""
PATIENCE = 0.35
"""Share of a programme that waiting for the listener may take at most."""
MEET = (120.0, 240.0)
"""Seconds in which the listener is met: at least, at most."""
FADE = 60.0
"""Seconds of a short fade."""
LONG_FADE = 0.25
"""Share of the programme that a long fade takes."""
HOLDING = (0.75, 0.05)
"""Share of the time left in which to lead where there is something to hold after it, and the slowest lead a minute."""
FALLING = (1.0, 0.02)
"""The same where the music keeps falling until the fade."""


@dataclass(frozen=True, slots=True)
class Programme:
    """The times of one session, seconds from its beginning, as they really pass."""

    minutes: float
    pace: float
    """How many times faster than written it moves: 1, or more in a demonstration."""
    settle: tuple[float, float]
    """Shortest and longest."""
    meet: tuple[float, float]
    """Shortest and longest."""
    fade: float
    share: float
    """Of the time left, in which the lead should be done."""
    slowest_per_min: float
    """Slowest lead, as written."""
    limits: Limits
    """The limits in force."""

    @property
    def fades_at(self) -> float:
        """When the fade begins."""
        return self.minutes * 60.0 - self.fade

    def rate(self, distance: float, at: float) -> float:
        """How far along one axis to lead in a second, ≥ 0, for `distance` left when `at` seconds have passed.

        As slow as the time left allows, between the slowest lead and the limit.
        """
        fastest = self.limits.lead_per_min
        left = max(self.fades_at - at, 1.0) / 60.0 * self.share
        return min(max(abs(distance) / left, self.slowest_per_min * self.pace), fastest) / 60.0


def planned(aim: Aim, minutes: float | None, limits: Limits) -> Programme:
    """The programme for a goal. minutes None: as long as the goal usually takes.

    Raises ValueError for minutes that are not more than 0 and at most 1440.
    """
    minutes = aim.minutes if minutes is None else minutes
    if not 0.0 < minutes <= LONGEST:
        raise ValueError(f"a programme takes more than 0 and at most {LONGEST:g} minutes; found {minutes}")
    pace = 1.0 if minutes >= FULL else min(HURRIED / minutes, QUICKEST)
    limits = limits.hurried(pace)
    # A fade cannot be quicker than the level may move; of a very short programme it is no more than a third.
    quickest = (limits.loudest_db - limits.floor_db) / limits.level_db_per_s
    fade = minutes * 60.0 * LONG_FADE if aim.end is End.FADE else FADE / pace
    share, slowest = FALLING if aim.end is End.FADE else HOLDING
    return Programme(
        minutes=minutes,
        pace=pace,
        settle=(SETTLE[0] / pace, min(SETTLE[1], minutes * 60.0 * PATIENCE)),
        meet=(MEET[0] / pace, MEET[1] / pace),
        fade=min(max(fade, quickest), minutes * 60.0 / 3.0),
        share=share,
        slowest_per_min=slowest,
        limits=limits,
    )
