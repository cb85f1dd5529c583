"""Distrust first: what the estimator says is believed only when it is fresh, plausible, sure enough and alive.

The checks come in this order, and the first that fails is what the listener is told. Whatever fails, the consequence is the
same: the sensors are as good as absent, and the plan is followed from what was known before.

Source: the OpenAPS reference design (stale, future, implausible and too-flat readings move towards neutral).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from undertone.flow import Affect, AffectSource, Features
from undertone.guidance.reasons import NEAR, Doubt

__all__ = ["Heard", "Trust", "breathing"]

STALE = 10.0
"""Seconds after which a reading is too old."""
EARLY = 2.0
"""Seconds by which a reading may be from the future."""
FLAT = 120.0
"""Seconds for which no living body gives the same numbers to the last digit."""
CONFIDENT = 0.3
"""Confidence from which a reading is believed."""
KEEPS = 0.25
"""Confidence down to which a reading that was believed still is."""
HEART_BPM = (30.0, 220.0)
BREATHING_PER_MIN = (3.0, 40.0)
SKIN_MICROSIEMENS = (0.0, 100.0)
PULSE_QUALITY = 0.3
"""Quality of the pulse from which its breathing rate is believed."""
SMOOTHING = 10.0
"""Time constant of the listener's arousal, seconds."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A reading that is believed."""

    arousal: float
    valence: float | None
    confidence: float
    reported: bool
    """True where the estimate is the listener's own word."""
    detail: str
    """The strongest thing that speaks for it; empty where nothing speaks for this arousal."""
    inputs: tuple[str, ...]


class Trust:
    """Judges readings, one a second. Remembers the last ones, to smooth and to notice a sensor that is stuck."""

    def __init__(self) -> None:
        self._believed = False
        self._smooth: tuple[float, float] | None = None
        self._same: tuple[float, tuple[float | None, ...]] | None = None

    def weigh(self, now: float, affect: Affect | None, features: Features | None) -> Heard | Doubt:
        """What can be acted on, or why nothing can."""
        stuck = self._stuck(now, features)
        doubt = _doubted(now, affect, features, KEEPS if self._believed else CONFIDENT)
        if doubt is None and stuck:
            doubt = Doubt.STUCK
        self._believed = doubt is None
        if doubt is not None or affect is None:
            return doubt or Doubt.ABSENT
        reported = affect.source is AffectSource.REPORT
        arousal = affect.arousal if reported else self._smoothed(now, affect.arousal)
        # The reasons are those of the estimate, which may already be on the other side of usual than what is smoothed.
        agrees = abs(affect.arousal) > NEAR and affect.arousal * arousal > 0.0
        return Heard(
            arousal=arousal,
            valence=affect.valence,
            confidence=affect.confidence,
            reported=reported,
            detail=affect.reasons[0] if affect.reasons and agrees else "",
            inputs=("report",) if reported else _inputs(features),
        )

    def _stuck(self, now: float, features: Features | None) -> bool:
        """True once everything measured has been the same for too long."""
        seen = () if features is None else (features.heart_bpm, features.rmssd_ms, features.tonic_microsiemens)
        if all(value is None for value in seen):
            self._same = None
            return False
        if self._same is None or self._same[1] != seen:
            self._same = (now, seen)
        return now - self._same[0] >= FLAT

    def _smoothed(self, now: float, arousal: float) -> float:
        """Arousal without its jitter; starts anew after a gap."""
        if self._smooth is not None and now - self._smooth[0] <= STALE:
            then, value = self._smooth
            arousal = value + (arousal - value) * -math.expm1((then - now) / SMOOTHING)
        self._smooth = (now, arousal)
        return arousal


def breathing(now: float, features: Features | None) -> float | None:
    """The listener's breathing rate, breaths a minute, where it can be believed."""
    if features is None or features.breathing_per_min is None or features.pulse_quality < PULSE_QUALITY:
        return None
    if not -EARLY <= now - features.t <= STALE or not _within(features.breathing_per_min, BREATHING_PER_MIN):
        return None
    return features.breathing_per_min


def _doubted(now: float, affect: Affect | None, features: Features | None, least: float) -> Doubt | None:
    """What is wrong with the reading at this moment; None where nothing is."""
    if affect is None:
        return Doubt.ABSENT
    if not -EARLY <= now - affect.t <= STALE:
        return Doubt.STALE
    if not abs(affect.arousal) <= 1.0 or not 0.0 <= affect.confidence <= 1.0:
        return Doubt.IMPLAUSIBLE
    if affect.valence is not None and not abs(affect.valence) <= 1.0:
        return Doubt.IMPLAUSIBLE
    if affect.source is AffectSource.REPORT:
        return None if affect.confidence > 0.0 else Doubt.WEAK
    if features is not None and not (
        _within(features.heart_bpm, HEART_BPM) and _within(features.tonic_microsiemens, SKIN_MICROSIEMENS)
    ):
        return Doubt.IMPLAUSIBLE
    if affect.source in (AffectSource.NONE, AffectSource.DECAYED) or affect.confidence < least:
        return Doubt.WEAK
    return None


def _within(value: float | None, limits: tuple[float, float]) -> bool:
    """True where the value is unknown or lies within the limits; NaN does not."""
    return value is None or limits[0] <= value <= limits[1]


def _inputs(features: Features | None) -> tuple[str, ...]:
    """Names of what a sensed state rests on: the estimate, and what was measured for it."""
    if features is None:
        return ("arousal",)
    measured = ("heart_bpm", "rmssd_ms", "tonic_microsiemens", "responses_per_min")
    return ("arousal", *(name for name in measured if getattr(features, name) is not None))
