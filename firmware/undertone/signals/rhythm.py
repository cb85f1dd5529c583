"""Which of the rises of a pulse wave are beats.

Theory of operation. Each rise has odds of being a beat: by how steep it is, by how steep its neighbours are, and by how much
its slope is like that of the mean beat. Beats do not come alone: the next one is expected after about the intervals before,
the more exactly the more regular this heart has been, and never so exactly that an early beat could not be one, or that a
heart that starts to race would be heard at half its rate. Of all chains of rises that go on from the last certain beat, the
one wins whose odds and intervals together are the most probable, found by dynamic programming. Its beats become certain when
they are a second old; until then a better chain may replace them. Only rises that are there can be chosen: nothing is filled
in.

Nothing that was chosen decides what a beat looks like: the mean beat is that of the rises that are the steepest around,
chosen or not. So a wrong choice does not breed others.

The odds follow a logistic regression over finger recordings, the same disturbed in ten ways, simulated hearts and bodies, which
`benchmarks/sensing/pulse_calibration.py` fits. Against it, likeness has a little more weight and neighbours a little less:
regular hearts hardly notice, and more of the small early beats of irregular ones are found.

Source: dynamic programming over strength and intervals after Ellis 2007, J. New Music Research 36(1):51–60,
doi:10.1080/09298210701653344; the mean beat after Orphanidou and others 2015, IEEE JBHI 19(3):832–838,
doi:10.1109/JBHI.2014.2338351; the odds are ours.
"""

from __future__ import annotations

from collections import deque
from math import inf, log, sqrt
from statistics import median

from undertone.flow import Samples
from undertone.signals.upstrokes import Rise

__all__ = ["LAG", "ODDS", "Rhythm"]

LAG = 1.0
"""Seconds for which a better chain may still replace a beat."""

ODDS = (-3.1, 0.95, -1.7, 7.0)
"""Weights of 1, steepness, rivals and likeness in the logarithm of the odds that a rise is a beat."""

_HOPELESS = -6.0
_SHORTEST, _LONGEST = 0.27, 2.2
_USUAL_LIKENESS = 0.9
_LEARNING = 0.1
_FIRST = (log(0.8), 0.5)
_REMEMBERED, _ENOUGH = 12, 4
_LEAST_SPREAD, _MOST_SPREAD = 0.12, 0.3
_WEIGHT = 0.7
_PAUSE = -1.5


class Rhythm:
    """Chooses the beats within one unbroken run.

    rate: samples a second in which positions count.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._open: list[tuple[float, float, Rise]] = []
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self._mean_slope: Samples | None = None

    def push(self, rises: list[Rise], known: float) -> list[tuple[Rise, float]]:
        """The beats that are now certain, with the logarithm of their odds. known: up to where all rises have been given."""
        for rise in rises:
            odds = sum(weight * trait for weight, trait in zip(ODDS, self.traits(rise), strict=True))
            if odds > _HOPELESS:
                self._open.append((rise.position / self._rate, odds, rise))
        return self._settle(known / self._rate - LAG)

    def flush(self) -> list[tuple[Rise, float]]:
        """What is chosen when nothing comes any more."""
        return self._settle(inf)

    def traits(self, rise: Rise) -> tuple[float, float, float, float]:
        """What the odds are made of: 1, steepness, rivals, and likeness of the slope to the mean slope so far, 0…1."""
        slope = rise.wave[3:] - rise.wave[2:-1]
        slope /= sqrt(float(slope @ slope)) or 1.0
        likeness, mean = _USUAL_LIKENESS, self._mean_slope
        if mean is not None:
            likeness = max(0.0, float(mean @ slope) / sqrt(float(mean @ mean)))
        if rise.rivals < 1.0 < rise.steepness:
            self._mean_slope = slope if mean is None else mean + _LEARNING * (slope - mean)
        return 1.0, rise.steepness, rise.rivals, likeness

    def _settle(self, until: float) -> list[tuple[Rise, float]]:
        """Make certain what was chosen up to a time, seconds, and forget what was not."""
        certain: list[tuple[Rise, float]] = []
        while self._open and self._open[0][0] <= until:
            chosen = self._chosen()
            if chosen is None or self._open[chosen][0] > until:
                self._open = [waiting for waiting in self._open if waiting[0] > until]
                break
            t, odds, rise = self._open[chosen]
            del self._open[: chosen + 1]
            if self._last is not None and t - self._last <= _LONGEST:
                self._intervals.append(log(t - self._last))
            self._last = t
            certain.append((rise, odds))
        return certain

    def _chosen(self) -> int | None:
        """The first rise of the most probable chain; None where no chain is better than none."""
        usual, spread = self._usual()
        best, first = 0.0, None
        scores: list[float] = []
        firsts: list[int] = []
        for index, (t, odds, _) in enumerate(self._open):
            score = 0.0 if self._last is None else self._fit(t - self._last, usual, spread)
            begun = index
            for other in range(index):
                value = scores[other] + self._fit(t - self._open[other][0], usual, spread)
                if value > score:
                    score, begun = value, firsts[other]
            scores.append(score + odds)
            firsts.append(begun)
            if scores[index] > best:
                best, first = scores[index], begun
        return first

    @staticmethod
    def _fit(apart: float, usual: float, spread: float) -> float:
        """How well an interval goes with those before, as a logarithm of odds, at most 0."""
        if apart < _SHORTEST:
            return -inf
        if apart > _LONGEST:
            return _PAUSE
        away = (log(apart) - usual) / spread
        return max(_PAUSE, -_WEIGHT * log(1.0 + 0.5 * away * away))

    def _usual(self) -> tuple[float, float]:
        """Middle and spread of the logarithm of the interval that is expected."""
        if len(self._intervals) < _ENOUGH:
            return _FIRST
        usual = median(self._intervals)
        spread = 1.4826 * median(abs(interval - usual) for interval in self._intervals)
        return usual, min(_MOST_SPREAD, max(_LEAST_SPREAD, spread))
