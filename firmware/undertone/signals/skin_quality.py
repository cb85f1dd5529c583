"""How probable it is that the conductance of the last seconds is that of the skin, undisturbed.

Theory of operation. Five things that can be seen without knowing the truth are weighed by a logistic regression: how much of
the window is there, how long ago something was seen that no skin does, how rough the course is for its level, how quickly it
fell, for sweat dries slowly, and how high the level is. The weights were fitted on simulated bodies whose electrodes were
pressed, knocked, moved, peeled and taken off, at levels of 0.3 to 15 µS and with noise of 0.0004 to 0.01 µS. There the truth is
known: a window is good when the level that `Conductance` tells is within 10 % of the tonic level, and when what disturbs the
electrodes has not moved the conductance within the window by more than 0.03 µS or 1 % of it, whichever is more.

On bodies not used for fitting the expected calibration error is about 0.01: what is told as 0.9 turns out good in 0.9 of the
cases, where disturbances are as common as there (0 to 4 a minute).

Source: `python -m benchmarks.sensing.skin_calibration` fits the weights and prints how reliable they are on other bodies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["WINDOW", "Evidence", "probability"]

WINDOW = 5.0
"""Seconds that are judged."""

_EXPECTED = 20
"""Samples in a window."""
_FORGOTTEN = 30.0
"""Seconds after which an artefact says nothing any more."""
WEIGHTS = (-2.41, 9.51, -3.03, -1.67, -3.25, 0.69)
"""Of 1 and of what `Evidence.weighed` gives, in that order."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be seen of a window."""

    share: float
    """Of the samples that are there and good, 0…1."""
    recent: float
    """1 while the latest artefact lies within the window, then falling to 0 when it lies 30 s back."""
    rough: float
    """Decades by which the largest second difference exceeds a ten-thousandth of the level; 0…4."""
    fall: float
    """Decades by which the steepest fall, from one sample to the next, exceeds 0.01 µS; 0…3."""
    level: float
    """Logarithm of the level in µS, to base 10."""

    @staticmethod
    def seen(values: list[float], *, clear: float | None) -> Evidence:
        """Of the good samples of a window, at least one, µS.

        clear: seconds since the latest artefact; None where there was none.
        """
        level = max(sum(values) / len(values), 1e-3)
        bends = [abs(a - 2.0 * b + c) for a, b, c in zip(values, values[1:], values[2:], strict=False)]
        falls = [a - b for a, b in pairwise(values)]
        gone = _FORGOTTEN if clear is None else clear
        return Evidence(
            share=min(1.0, len(values) / _EXPECTED),
            recent=min(1.0, max(0.0, (_FORGOTTEN - gone) / (_FORGOTTEN - WINDOW))),
            rough=min(4.0, _decades(max(bends, default=0.0) / level, 1e-4)),
            fall=min(3.0, _decades(max(falls, default=0.0), 0.01)),
            level=math.log10(level),
        )

    def weighed(self) -> tuple[float, ...]:
        """As the regression sees it."""
        return (self.share, self.recent, self.rough, self.fall, self.level)


def _decades(value: float, above: float) -> float:
    return math.log10(value / above) if value > above else 0.0


def probability(evidence: Evidence) -> float:
    """0…1."""
    first, *weights = WEIGHTS
    sum_ = first + math.fsum(weight * value for weight, value in zip(weights, evidence.weighed(), strict=True))
    return 1.0 / (1.0 + math.exp(-min(max(sum_, -50.0), 50.0)))
