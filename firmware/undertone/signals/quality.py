"""How far each channel can be trusted: numbers from 0 to 1.

Both numbers are products, so that one reason for distrust is enough. Both fall to 0 within three seconds when samples stop.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from undertone.flow import Beat, BeatFlag, Samples

__all__ = ["PulseQuality", "falling"]

_WINDOW = 8.0
_LEARNING = 0.1


def falling(value: float, good: float, bad: float) -> float:
    """1 up to `good`, 0 from `bad` on, a straight line between; `good` may be above or below `bad`."""
    return min(1.0, max(0.0, (bad - value) / (bad - good)))


class PulseQuality:
    """Likeness of each beat to the running mean beat, and regularity.

    Quality is the product of: the mean correlation of the beats of the last 8 s with the mean beat (0 at 0.4, 1 at 0.9), the
    share of the last 8 s that clean intervals cover (0 at 0.2, 1 at 0.8), and freshness of samples (1 to 1 s, 0 at 2.5 s) and
    of beats (1 to 3 s, 0 at 4 s).

    Source: the idea of the template is Orphanidou and others 2015, IEEE JBHI 19(3):832–838, doi:10.1109/JBHI.2014.2338351.
    """

    def __init__(self) -> None:
        self._mean_beat: Samples | None = None
        self._beats: deque[tuple[float, float, float]] = deque(maxlen=64)

    def push(self, beat: Beat, wave: Samples | None) -> None:
        """Take note of a beat and its wave (mean 0, length 1); None when only the beat is known."""
        likeness = 1.0 if wave is None else self._compare(wave)
        clean = beat.interval if beat.flag is BeatFlag.CLEAN and beat.interval is not None else 0.0
        self._beats.append((beat.t, likeness, clean))

    def _compare(self, wave: Samples) -> float:
        if self._mean_beat is None:
            self._mean_beat = wave
            return 0.0
        size = float(np.sqrt(self._mean_beat @ self._mean_beat))
        likeness = float(wave @ self._mean_beat) / size if size > 0.0 else 0.0
        self._mean_beat = self._mean_beat + _LEARNING * (wave - self._mean_beat)
        return likeness

    def value(self, now: float, seen: float | None) -> float:
        """Quality at this moment. seen: time of the newest sample with contact."""
        recent = [beat for beat in self._beats if now - _WINDOW < beat[0] <= now]
        if seen is None or not recent:
            return 0.0
        fresh = falling(now - seen, 1.0, 2.5) * falling(now - recent[-1][0], 3.0, 4.0)
        likeness = sum(beat[1] for beat in recent) / len(recent)
        covered = sum(beat[2] for beat in recent) / _WINDOW
        return fresh * falling(likeness, 0.9, 0.4) * falling(covered, 0.8, 0.2)
