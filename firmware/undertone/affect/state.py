"""The one filter behind every estimator: follow good judgements, decay without them, let the listener's word come first.

Theory of operation. A judgement of the last second pulls the state with a time constant of FOLLOW seconds, more slowly the
less sure it is. While the state is young it is the mean of the judgements so far, weighted alike: where nothing was known,
neutral is no evidence, and a listener who comes in tense must not seem to become tense. Without a judgement (poor signals,
baseline not learnt) the state is left alone and decays: arousal towards neutral with DECAY, confidence with FADE, which is
quicker, so that an old estimate stops being acted on before it is forgotten.

What a listener reports replaces the state at once and hands over to the sensors with a time constant of REPORT_DECAY. After one
of these it is no longer called their word, because by then most of the number is not what they said.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from undertone.flow import Affect, AffectSource

__all__ = ["DECAY", "FADE", "FOLLOW", "REPORT_DECAY", "Judgement", "State"]

FOLLOW = 20.0
"""Time constant, seconds, with which the state follows judgements of full confidence."""
DECAY = 120.0
"""Time constant, seconds, with which arousal returns to neutral without judgements."""
FADE = 60.0
"""Time constant, seconds, with which confidence fades without judgements."""
REPORT_DECAY = 300.0
"""Time constant, seconds, with which a report gives way to the sensors; and for how long the estimate is called a report."""
REPORT_END = 0.1
"""Weight below which a report is over: after 2.3 time constants."""
REPORT_CONFIDENCE = 0.95
ABSTAIN = 0.05
"""A judgement less confident than this is none."""
NOTHING = 0.02
"""Below this, arousal and confidence are told as 0 and the source as none."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an estimator makes of one moment."""

    arousal: float
    """−1…1."""
    confidence: float
    """0…1."""
    source: AffectSource
    reasons: Callable[[float], tuple[str, ...]]
    """What speaks for an arousal, strongest first. It is asked about the state, which is what the listener is told of."""


@dataclass(frozen=True, slots=True)
class _Report:
    t: float
    arousal: float
    valence: float | None

    def weight(self, now: float) -> float:
        """1 when it was just said, 0 once it is over."""
        weight = math.exp(-max(0.0, now - self.t) / REPORT_DECAY)
        return weight if weight >= REPORT_END else 0.0


class State:
    """How aroused the listener is taken to be."""

    def __init__(self) -> None:
        self._t: float | None = None
        self._arousal = 0.0
        self._confidence = 0.0
        self._age = 0.0
        """Seconds of judgements since nothing was known."""
        self._report: _Report | None = None

    def report(self, t: float, arousal: float, valence: float | None) -> None:
        """The listener says how they feel, each −1…1.

        Raises ValueError for what is not a number between −1 and 1.
        """
        for name, value in (("arousal", arousal), ("valence", valence)):
            if value is not None and not -1.0 <= value <= 1.0:
                raise ValueError(f"a reported {name} must be a number between -1 and 1, not {value}")
        self._report = _Report(t, arousal, valence)

    def push(self, t: float, judgement: Judgement | None, *, waiting: str, pod: int = 0) -> Affect:
        """The state at `t`, which must not be before the last one.

        judgement: of this moment, or None to abstain; then the state decays and `waiting` is the reason told.
        """
        seconds = 0.0 if self._t is None else max(0.0, t - self._t)
        self._t = t
        if judgement is not None and judgement.confidence >= ABSTAIN:
            self._follow(judgement, seconds)
            measured = Affect(t, self._arousal, None, self._confidence, judgement.source, judgement.reasons(self._arousal), pod)
        else:
            self._decay(seconds)
            measured = self._resting(t, waiting, pod)
        return self._with_report(measured)

    def _follow(self, judgement: Judgement, seconds: float) -> None:
        self._age += seconds
        young = seconds / self._age if self._age > 0.0 else 1.0
        sureness = max(young, min(1.0, 2.0 * judgement.confidence))
        self._arousal += self._pull(seconds * sureness, young) * (max(-1.0, min(1.0, judgement.arousal)) - self._arousal)
        self._confidence += self._pull(seconds, young) * (min(1.0, judgement.confidence) - self._confidence)

    @staticmethod
    def _pull(seconds: float, young: float) -> float:
        """How far one judgement moves the state, 0…1."""
        return max(young, 1.0 - math.exp(-seconds / FOLLOW))

    def _decay(self, seconds: float) -> None:
        self._arousal *= math.exp(-seconds / DECAY)
        self._confidence *= math.exp(-seconds / FADE)
        if self._confidence < NOTHING:
            self._age = 0.0

    def _resting(self, t: float, waiting: str, pod: int) -> Affect:
        if abs(self._arousal) < NOTHING and self._confidence < NOTHING:
            return Affect(t, 0.0, None, 0.0, AffectSource.NONE, (waiting,), pod)
        confidence = self._confidence if self._confidence >= NOTHING else 0.0
        return Affect(t, self._arousal, None, confidence, AffectSource.DECAYED, (waiting,), pod)

    def _with_report(self, measured: Affect) -> Affect:
        report = self._report
        weight = 0.0 if report is None else report.weight(measured.t)
        if report is None or weight == 0.0:
            self._report = None
            return measured
        # Where the sensors know nothing the report fades to neutral by itself, which is what their 0 says.
        arousal = weight * report.arousal + (1.0 - weight) * measured.arousal
        confidence = max(measured.confidence, weight * REPORT_CONFIDENCE)
        minutes = int((measured.t - report.t) / 60.0)
        told = "you said so just now" if minutes < 1 else f"you said so {minutes} min ago"
        valence = None if report.valence is None else weight * report.valence
        source = AffectSource.REPORT
        if measured.t - report.t > REPORT_DECAY:
            source = AffectSource.DECAYED if measured.source is AffectSource.NONE else measured.source
        return Affect(measured.t, arousal, valence, confidence, source, (told, *measured.reasons), measured.pod)
