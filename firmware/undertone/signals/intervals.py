"""Says which intervals between beats can be believed.

Theory of operation. Within one person, true intervals change little from beat to beat, while a missed beat doubles an interval
and a false one splits it. Berntson and others place the border half-way between the largest change expected of true beats
(3.32 quartile deviations) and the smallest that an artefact would make ((median − 2.9 quartile deviations) / 3). Here both come
from the accepted intervals of the last minute or so, which makes the rule causal. An interval that differs by more than the
border from the accepted one before it and from the median of the last nine is an artefact. Nothing is filled in.

A heart can also change for good while nothing was heard: five artefacts in a row that agree among themselves to 15 % are the
new normal. In the beginning, when nothing is normal yet, three are enough; the first two are not believed.

Source: Berntson, Quigley, Jang, Boysen 1990, Psychophysiology 27(5):586–598, doi:10.1111/j.1469-8986.1990.tb01982.x.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from undertone.flow import BeatFlag

__all__ = ["Intervals"]

_SHORTEST = 0.27
_LONGEST = 2.2
_LEARNING = 5
_BEGINNING = 3
_AGREEING = 0.15


class Intervals:
    """Judges one interval after the other."""

    def __init__(self) -> None:
        self._changes: deque[float] = deque(maxlen=60)
        self._recent: deque[float] = deque(maxlen=9)
        self._doubtful: deque[float] = deque(maxlen=_LEARNING)

    def push(self, interval: float | None) -> BeatFlag:
        """What to make of the beat that ends this interval, in seconds; None after a gap."""
        if interval is None:
            return BeatFlag.FIRST
        if not _SHORTEST <= interval <= _LONGEST:
            self._doubtful.clear()
            return BeatFlag.ARTEFACT
        if not self._recent:
            return self._learn(interval, _BEGINNING)
        border = self._border()
        if min(abs(interval - self._recent[-1]), abs(interval - median(self._recent))) <= border:
            self._accept(interval)
            return BeatFlag.CLEAN
        return self._learn(interval, _LEARNING)

    def _border(self) -> float:
        """The largest change, in seconds, that is still believed."""
        usual = median(self._recent)
        spread = 0.0
        if len(self._changes) >= 8:
            ordered = sorted(self._changes)
            spread = 0.5 * (ordered[(3 * len(ordered)) // 4] - ordered[len(ordered) // 4])
        expected = 3.32 * spread
        artefact = (usual - 2.9 * spread) / 3.0
        return min(0.5 * (expected + artefact), 0.3 * usual)

    def _accept(self, interval: float) -> None:
        self._changes.append(interval - self._recent[-1])
        self._recent.append(interval)
        self._doubtful.clear()

    def _learn(self, interval: float, enough: int) -> BeatFlag:
        """Remember an interval that does not fit; take over when enough of them in a row agree."""
        self._doubtful.append(interval)
        newest = list(self._doubtful)[-enough:]
        usual = median(newest)
        if len(newest) < enough or any(abs(other - usual) > _AGREEING * usual for other in newest):
            return BeatFlag.ARTEFACT
        self._recent.clear()
        self._changes.clear()
        self._recent.extend(newest)
        self._doubtful.clear()
        return BeatFlag.CLEAN
