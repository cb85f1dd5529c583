"""Says which intervals between beats can be believed, and what became of the others.

Theory of operation. Within one person, true intervals change little from beat to beat, while a missed beat doubles an interval
and a false one splits it. Berntson and others place the border half-way between the largest change expected of true beats
(3.32 quartile deviations) and the smallest that an artefact would make ((median − 2.9 quartile deviations) / 3). Here both come
from the accepted intervals of the last minute or so, which makes the rule causal. An interval that differs by more than the
border from the accepted one before it and from the median of the last nine does not fit.

What does not fit is told apart as by Lipponen and Tarvainen, with the border above and one interval of looking ahead. A short
interval that makes a usual one together with the next is an extra beat: both are artefacts. One after which the heart is back
to its usual interval or pauses is an early beat: it is ectopic, and so is the beat that ends the pause. What stays short is
an artefact, and so is a long one (a missed beat, or a pause for no reason that can be seen), and a short one that makes up
for a long one before it (a beat placed late). Nothing is filled in.

A heart can also change for good while nothing was heard: five misfits in a row that agree among themselves to 15 % are the
new normal. In the beginning, when nothing is normal yet, three are enough; the first two are not believed.

Source: Berntson, Quigley, Jang, Boysen 1990, Psychophysiology 27(5):586–598, doi:10.1111/j.1469-8986.1990.tb01982.x;
Lipponen, Tarvainen 2019, J. Med. Eng. Technol. 43(3):173–181, doi:10.1080/03091902.2019.1640306.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from undertone.flow import BeatFlag

__all__ = ["LONGEST", "Intervals"]

LONGEST = 2.2
"""Longest interval that is taken for one, seconds; a beat waits no longer than this for the next."""

_SHORTEST = 0.27
_LEARNING = 5
_BEGINNING = 3
_AGREEING = 0.15
_LONGEST_PAUSE = 1.75
_CHANGES = 60
_ENOUGH_CHANGES = 8


class Intervals:
    """Judges one interval after the other."""

    def __init__(self) -> None:
        self._changes: deque[float] = deque(maxlen=_CHANGES)
        self._recent: deque[float] = deque(maxlen=9)
        self._doubtful: deque[float] = deque(maxlen=_LEARNING)
        self._waiting: float | None = None
        self._excess = 0.0

    def push(self, interval: float | None, *, wait: bool = True) -> tuple[BeatFlag, ...]:
        """What to make of the beats that can be judged once a beat ends this interval: oldest first, perhaps none.

        interval: seconds; None after a gap. wait: whether a short one may wait for the next; if not, an early beat is an
        artefact.
        """
        before, self._waiting = self._waiting, None
        if before is not None:
            first, second = self._pair(before, interval)
            if second is not None and interval is not None:
                learnt = self._learn(interval, _LEARNING)
                return first, BeatFlag.CLEAN if learnt is BeatFlag.CLEAN else second
            return first, *self._judge(interval, wait)
        return self._judge(interval, wait)

    def flush(self) -> tuple[BeatFlag, ...]:
        """What to make of a beat that waits for one that does not come."""
        waiting, self._waiting = self._waiting, None
        return () if waiting is None else (BeatFlag.ARTEFACT,)

    def _judge(self, interval: float | None, wait: bool) -> tuple[BeatFlag, ...]:
        excess, self._excess = self._excess, 0.0
        if interval is None:
            return (BeatFlag.FIRST,)
        if not _SHORTEST <= interval <= LONGEST:
            self._doubtful.clear()
            return (BeatFlag.ARTEFACT,)
        if not self._recent:
            return (self._learn(interval, _BEGINNING),)
        border, usual = self._border(), median(self._recent)
        if min(abs(interval - self._recent[-1]), abs(interval - usual)) <= border:
            self._accept(interval)
            return (BeatFlag.CLEAN,)
        flag = self._learn(interval, _LEARNING)
        if flag is BeatFlag.CLEAN:
            return (flag,)
        if interval > usual:
            self._excess = interval - usual
        elif wait and abs(interval - usual + excess) > border:
            self._waiting = interval
            return ()
        return (flag,)

    def _pair(self, short: float, following: float | None) -> tuple[BeatFlag, BeatFlag | None]:
        """What to make of a short interval and of the one that follows it; None where that is to be judged by itself."""
        if following is None or not _SHORTEST <= following <= LONGEST:
            return BeatFlag.ARTEFACT, None
        border, usual = self._border(), median(self._recent)
        if abs(short + following - usual) <= border:
            return BeatFlag.ARTEFACT, BeatFlag.ARTEFACT
        if following < usual - border:
            return BeatFlag.ARTEFACT, None
        if following > _LONGEST_PAUSE * usual:
            return BeatFlag.ARTEFACT, None
        return BeatFlag.ECTOPIC, BeatFlag.ECTOPIC if following > usual + 0.5 * border else None

    def _border(self) -> float:
        """The largest change, in seconds, that is still believed."""
        usual = median(self._recent)
        spread = 0.0
        if len(self._changes) >= _ENOUGH_CHANGES:
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
