"""Whether the listener comes along: checked every minute, and noticed when they go the other way.

The listener follows as long as they are not clearly further from the goal than the music is, or have come nearer since the
last time. No progress for three minutes means that the music should wait; for six, that they should be met again. One who
is with the music again, or ahead of it, is waited for no longer, whenever that is. A body does not go as far as music can: one
that is clearly on the goal's side of its usual has arrived.

These times are the body's, and are the same in a demonstration.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

__all__ = ["Following", "Rising", "Verdict"]

CHECK = 60.0
"""Seconds between checks."""
STALL = 180.0
"""Seconds without progress after which the music waits."""
LOSE = 360.0
"""Seconds without progress after which the listener is met again."""
CLOSE = 0.15
"""How much further from the goal than the music a listener may be and still be with it."""
PROGRESS = 0.03
"""Smallest step nearer that counts."""
THERE = 0.2
"""This far on the goal's side of its usual, a body has arrived."""
RISE = 0.3
"""Smallest rise of arousal within a minute that counts as rising: twice what the estimate drifts in half of all minutes."""
WINDOW = 60.0
"""Seconds over which a rise is looked for."""


class Verdict(StrEnum):
    """How the listener goes along."""

    FOLLOWS = "follows"
    STALLED = "stalled"
    LOST = "lost"


class Following:
    """Compares the listener's way with the music's."""

    def __init__(self) -> None:
        self.verdict = Verdict.FOLLOWS
        self._nearest: float | None = None
        self._progress = 0.0
        self._checked = 0.0

    def push(self, now: float, arousal: float | None, *, music: float, goal: float) -> Verdict:
        """What is thought of it now. arousal: the listener's; None where it is not known, which starts anew."""
        if arousal is None:
            self.forget()
            return self.verdict
        distance = _left(arousal, goal)
        if self._nearest is None:
            self._nearest, self._progress, self._checked = distance, now, now
        along = distance <= _left(music, goal) + CLOSE
        if now - self._checked >= CHECK or (along and self.verdict is not Verdict.FOLLOWS):
            self._checked = now
            if along or distance <= self._nearest - PROGRESS:
                self._nearest, self._progress = min(distance, self._nearest), now
            waited = now - self._progress
            self.verdict = Verdict.LOST if waited >= LOSE else Verdict.STALLED if waited >= STALL else Verdict.FOLLOWS
        return self.verdict

    def forget(self) -> None:
        """Start anew, as after a gap or when the listener has been met again."""
        self.verdict = Verdict.FOLLOWS
        self._nearest = None


class Rising:
    """Notices arousal that has been rising for a minute: each third of it higher than the one before.

    As long as the listener is calmer than their usual, rising is no trouble.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def push(self, now: float, arousal: float | None) -> bool:
        """True while the last minute was one rise. arousal None starts anew."""
        if arousal is None:
            self._seen.clear()
            return False
        self._seen.append((now, arousal))
        while now - self._seen[0][0] > WINDOW:
            self._seen.popleft()
        if now - self._seen[0][0] < WINDOW - 2.0 or arousal < 0.0:
            return False
        return self._climbs(now)

    def _climbs(self, now: float) -> bool:
        """Compare the means of the three thirds of the window."""
        thirds: tuple[list[float], list[float], list[float]] = ([], [], [])
        for t, arousal in self._seen:
            thirds[max(0, 2 - int((now - t) * 3.0 / WINDOW))].append(arousal)
        if not all(thirds):
            return False
        first, second, third = (sum(values) / len(values) for values in thirds)
        return third - first >= RISE * 2.0 / 3.0 and second - first >= RISE / 5.0 and third - second >= RISE / 5.0


def _left(arousal: float, goal: float) -> float:
    """How far it still is to where a body has arrived."""
    if abs(goal) <= THERE:
        return abs(goal - arousal)
    return max(0.0, arousal + THERE if goal < 0.0 else THERE - arousal)
