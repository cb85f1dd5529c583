"""How far a signal can be trusted, 0…1.

`pulse_quality` is a probability: that `heart_bpm` is within 5 bpm of the true rate of the last 15 s. It falls to 0 within three
seconds when samples stop.
"""

from __future__ import annotations

from collections import deque
from math import exp, sqrt

from undertone.flow import Beat, Samples
from undertone.signals.heart_rate import Evidence

__all__ = ["QUALITY", "PulseQuality", "falling"]

QUALITY = (-3.87, -1.77, -1.52, -6.93, -5.42, -0.91, -2.97)
"""Weights of the traits of `heart_rate.Evidence` and of unlikeness in the logarithm of the odds."""

_WINDOW = 8.0
_LEARNING = 0.1


def falling(value: float, good: float, bad: float) -> float:
    """1 up to `good`, 0 from `bad` on, a straight line between; `good` may be above or below `bad`."""
    return min(1.0, max(0.0, (bad - value) / (bad - good)))


class PulseQuality:
    """Probability that the heart rate is right, by a logistic regression on what is known of the pulse.

    It rests on how wide the belief in the heart rate is (to which spectrum and intervals both contribute, so that it is wide
    where they disagree), how much clean intervals spread, how much of the last 15 s they leave uncovered, how doubtful the
    beats are by their shapes, how far the rates by intervals and by belief lie apart, and how unlike the mean beat those of
    the last 8 s are. `pulse_quality` is this probability times the freshness of samples (1 to 1 s, 0 at 2.5 s) and of beats
    (1 to 4 s, 0 at 5 s).

    The weights are fitted by `benchmarks/sensing/pulse_calibration.py` on finger recordings, the same disturbed, wrist
    recordings where the device trusted its own beats, simulated hearts, bodies that move, and noise; it prints how far what
    is promised is kept on sets that were left out.

    Source: the idea of the mean beat is Orphanidou and others 2015, IEEE JBHI 19(3):832–838, doi:10.1109/JBHI.2014.2338351.
    """

    def __init__(self) -> None:
        self._mean_beat: Samples | None = None
        self._beats: deque[tuple[float, float]] = deque(maxlen=32)

    def push(self, beat: Beat, wave: Samples | None) -> None:
        """Take note of a beat and its wave (mean 0, length 1); None when only the beat is known."""
        self._beats.append((beat.t, 1.0 if wave is None else self._compare(wave)))

    def _compare(self, wave: Samples) -> float:
        if self._mean_beat is None:
            self._mean_beat = wave
            return 0.0
        size = sqrt(float(self._mean_beat @ self._mean_beat))
        likeness = float(wave @ self._mean_beat) / size if size > 0.0 else 0.0
        self._mean_beat = self._mean_beat + _LEARNING * (wave - self._mean_beat)
        return likeness

    def traits(self, now: float, evidence: Evidence) -> tuple[float, ...]:
        """What the probability is made of, as many as there are weights."""
        recent = [likeness for t, likeness in self._beats if now - _WINDOW < t <= now]
        unlike = 1.0 - sum(recent) / len(recent) if recent else 1.0
        return (*evidence.traits, min(1.0, unlike))

    def fresh(self, now: float, seen: float | None) -> float:
        """1 while samples and beats come, 0 soon after they stop. seen: time of the newest sample with contact."""
        if seen is None or not self._beats:
            return 0.0
        return falling(now - seen, 1.0, 2.5) * falling(now - self._beats[-1][0], 4.0, 5.0)

    def probability(self, now: float, evidence: Evidence) -> float:
        """That the heart rate is right, by what was heard, however long ago."""
        odds = sum(weight * trait for weight, trait in zip(QUALITY, self.traits(now, evidence), strict=True))
        return 1.0 / (1.0 + exp(-max(-50.0, min(50.0, odds))))
