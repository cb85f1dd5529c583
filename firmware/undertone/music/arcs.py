"""The long arcs: what each goal does to the form as the minutes pass.

Arousal, valence and level are guidance's. An arc changes what the music is made of: calm thins out and lengthens; sleep brings
nothing new after a quarter of an hour, then returns, then fragments, then a drone; focus is steady and keeps its melody back;
uplift builds. Every arc begins in much the same place, so that changing the goal is no jump.

Source: music.md §1.1 (pauses: Bernardi 2006; sleep: Scarratt 2023), §2.4 (long form).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from undertone.flow import Directive, Goal, Phase

__all__ = ["OPEN", "Arc", "Clock", "Stage", "arc"]

MINUTE = 60.0
CALM_MINUTES, UPLIFT_MINUTES, FOCUS_MINUTES = 20.0, 14.0, 10.0
"""After so many minutes an arc has gone its way."""
NO_CHAPTER, RETURNS, FRAGMENTS, DRONE, LAST = 11.0, 15.0, 25.0, 34.0, 39.0
"""Minutes of sleep from which no chapter begins, nothing new is said, only fragments are, nothing is sung, one layer plays."""
FADED_DB = -10.0
"""Level below which a fading sleep programme keeps to its drone, however early that comes."""


class Stage(IntEnum):
    """How much of the form is left."""

    OPEN = 0
    """Chapters follow one another."""
    RETURNS = 1
    """Only what has been sung comes back."""
    FRAGMENTS = 2
    """Of that only beginnings and ends."""
    DRONE = 3
    """No melody any more."""


@dataclass(frozen=True, slots=True)
class Arc:
    """What a goal asks of the form at one moment."""

    stage: Stage = Stage.OPEN
    chapters: bool = True
    """Whether another chapter may begin."""
    melody: float = 0.85
    """Share of the phrases of a section in which the melody sings, 0…1."""
    most: int = 6
    """Layers at most, whatever the state asks for."""
    thin: int = 0
    """How many layers fewer than the state asks for."""
    length: float = 1.0
    """Factor on the length of sections."""
    breath_bars: int = 0
    """Bars of accompaniment alone after each answer."""
    lift: int = 0
    """Semitones by which the melody lies higher; below 0 lower."""
    raised: int = 0
    """Fifths by which the last return of a chapter's first theme lies higher: 2 is a whole tone."""
    percussion: bool = False
    """Whether soft percussion may come in."""
    counter: bool = True
    """Whether a second voice may come in."""
    doubling: bool = False
    """Whether the melody may be doubled at the octave."""
    pause_seconds: float = 14.0
    """Rest after a chapter; 0 for none."""
    change: float = 1.0
    """How readily the accompaniment changes from phrase to phrase, 0…1."""
    texture: float = 0.5
    """Chance that a chapter lies in a sound of nature, 0…1."""


OPEN = Arc()
"""The form as it is before any goal is known."""


def _share(seconds: float, minutes: float) -> float:
    return min(1.0, max(0.0, seconds / MINUTE / minutes))


def _calm(seconds: float) -> Arc:
    gone = _share(seconds, CALM_MINUTES)
    return Arc(
        melody=0.9 - 0.35 * gone,
        thin=1 if gone >= 0.6 else 0,
        length=1.0 + 0.4 * gone,
        breath_bars=0 if gone < 0.25 else 2 if gone < 0.6 else 4,
        lift=-round(2 * gone),
    )


def _sleep(seconds: float) -> Arc:
    minute, gone = seconds / MINUTE, _share(seconds, DRONE)
    stage = Stage((minute >= RETURNS) + (minute >= FRAGMENTS) + (minute >= DRONE))
    return Arc(
        stage=stage,
        chapters=minute < NO_CHAPTER,
        melody=0.85 - 0.5 * gone,
        most=1 if minute >= LAST else 2 if minute >= (RETURNS + FRAGMENTS) / 2 else 3,
        length=1.0 + 0.3 * gone,
        breath_bars=2 if minute < RETURNS / 2 else 4,
        counter=minute < RETURNS,
        lift=-round(5 * min(1.0, minute / RETURNS)),
        change=1.0 - 0.5 * gone,
        pause_seconds=12.0 if stage is Stage.OPEN else 0.0,
        texture=0.7,
    )


def _focus(seconds: float) -> Arc:
    gone = _share(seconds, FOCUS_MINUTES)
    return Arc(
        melody=0.8 - 0.45 * gone, length=1.25 + 0.25 * gone, percussion=gone >= 0.3, pause_seconds=0.0, change=0.3,
        counter=gone < 0.5, texture=0.4,
    )  # fmt: skip


def _uplift(seconds: float) -> Arc:
    gone = _share(seconds, UPLIFT_MINUTES)
    return Arc(
        melody=0.9 + 0.1 * gone, thin=1 if gone < 0.15 else 0, length=0.9, lift=round(4 * gone), raised=2,
        percussion=gone >= 0.2, doubling=gone >= 0.3, pause_seconds=10.0, texture=0.25,
    )  # fmt: skip


def arc(goal: Goal | None, seconds: float, *, fading: bool = False, level_db: float = 0.0) -> Arc:
    """What a goal asks of the form so many seconds after it was chosen; None stands for no goal yet.

    fading, level_db: where guidance is letting the music go; sleep then leaves its melody even if it is early.
    """
    if goal is Goal.SLEEP:
        hurried = seconds
        if fading:
            hurried = max(hurried, (DRONE if level_db < FADED_DB else FRAGMENTS) * MINUTE)
        return _sleep(hurried)
    if goal is Goal.CALM:
        return _calm(seconds)
    if goal is Goal.FOCUS:
        return _focus(seconds)
    return _uplift(seconds) if goal is Goal.UPLIFT else OPEN


class Clock:
    """Knows how long the music has been on its way to a goal, counted in bars that were played."""

    def __init__(self) -> None:
        self.goal: Goal | None = None
        """The goal of the last directive."""
        self._seconds = 0.0

    def follow(self, t: float, directive: Directive | None) -> Arc:
        """The arc at t. A directive that has expired tells nothing: the arc of the last goal goes on."""
        live = directive if directive is not None and t < directive.expires else None
        if live is None:
            return arc(self.goal, self._seconds)
        if live.goal is not self.goal:
            self.goal, self._seconds = live.goal, 0.0
        return arc(live.goal, self._seconds, fading=live.phase is Phase.FADE, level_db=live.level_db)

    def passed(self, seconds: float) -> None:
        """So many seconds of music have been written."""
        self._seconds += seconds
