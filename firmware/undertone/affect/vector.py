"""The inputs of the model: the last five minutes of one listener, relative to their usual, as a vector.

The same code fills the vector in training and on the device. Nothing in it says what time it is, how long the session has
lasted or what the absolute conductance is.
"""

from __future__ import annotations

import numpy as np

from undertone.affect.baseline import Baseline
from undertone.affect.quantities import SCALES, readings
from undertone.flow import Features, Samples, readonly

__all__ = ["NAMES", "History"]

ROWS = 300
"""Features that are remembered, one a second: five minutes."""
DOUBTFUL = 0.25
"""Readings of a quality below this are not used at all; above, they count by their quality."""

_QUANTITIES = tuple(SCALES)
_HEART, _VARIABILITY, _BREATHING, _CONDUCTANCE, _RESPONSES = range(len(_QUANTITIES))
_COLUMN = {quantity: column for column, quantity in enumerate(_QUANTITIES)}
_SPANS = np.array([30.0, 60.0, 180.0, 300.0])
"""Seconds over which means are taken."""
_30S, _1MIN, _3MIN, _5MIN = range(len(_SPANS))
_ORDINARY = np.array([SCALES[quantity].spread for quantity in _QUANTITIES])

_AGAINST_USUAL = (
    ("heart_30s", _HEART, _30S),
    ("heart_3min", _HEART, _3MIN),
    ("variability_1min", _VARIABILITY, _1MIN),
    ("variability_3min", _VARIABILITY, _3MIN),
    ("breathing_1min", _BREATHING, _1MIN),
    ("conductance_30s", _CONDUCTANCE, _30S),
    ("responses_30s", _RESPONSES, _30S),
    ("responses_3min", _RESPONSES, _3MIN),
)
"""Name, quantity, and the span over which its mean is compared with usual."""
_AGAINST_BEFORE = (("heart_change", _HEART), ("conductance_change", _CONDUCTANCE), ("responses_change", _RESPONSES))
"""The mean of the last 30 s against the mean of all five minutes."""
_KNOWN = (("pulse_known", _HEART), ("skin_known", _CONDUCTANCE))
"""How much of the last minute could be used, 0…1."""

NAMES = tuple(name for name, *_ in (*_AGAINST_USUAL, *_AGAINST_BEFORE, *_KNOWN))
"""What each element of the vector is, in order."""


class History:
    """The last five minutes of readings."""

    def __init__(self) -> None:
        self._times = np.full(ROWS, -np.inf)
        self._weights = np.zeros((ROWS, len(_QUANTITIES)))
        self._weighted = np.zeros((ROWS, len(_QUANTITIES)))
        self._row = 0
        self._totals = np.zeros((len(_SPANS), len(_QUANTITIES)))
        self._means = np.full((len(_SPANS), len(_QUANTITIES)), np.nan)

    def push(self, features: Features) -> None:
        """Remember one second."""
        self._times[self._row] = features.t
        self._weights[self._row] = 0.0
        self._weighted[self._row] = 0.0
        for quantity, reading in readings(features).items():
            if reading.quality >= DOUBTFUL:
                column = _COLUMN[quantity]
                self._weights[self._row, column] = reading.quality
                self._weighted[self._row, column] = reading.quality * reading.value
        self._row = (self._row + 1) % ROWS
        recent = ((self._times > features.t - _SPANS[:, None]) & (self._times <= features.t)).astype(float)
        self._totals = recent @ self._weights
        blank = np.full_like(self._totals, np.nan)
        self._means = np.divide(recent @ self._weighted, self._totals, out=blank, where=self._totals > 0.0)

    def vector(self, baseline: Baseline) -> Samples:
        """The model's inputs at the last push, shape (len(NAMES),), in the order of NAMES.

        Deviations are in spreads of the listener, compressed by asinh. What is not known is 0, which is "as usual", and shows
        in the last elements: the share of the last minute in which each channel could be used.
        """
        out: list[float] = []
        for _, column, span in _AGAINST_USUAL:
            away = baseline.deviation(_QUANTITIES[column], float(self._means[span, column]))
            out.append(0.0 if away is None else away)
        change = (self._means[_30S] - self._means[_5MIN]) / _ORDINARY
        out += [float(change[column]) for _, column in _AGAINST_BEFORE]
        compressed = np.arcsinh(np.nan_to_num(np.array(out), nan=0.0))
        known = [self._known(column, baseline) for _, column in _KNOWN]
        return readonly(np.concatenate((compressed, known)))

    def quality(self) -> tuple[float, float]:
        """How good pulse and skin were over the last 30 s, each 0…1: mean quality, seconds without a reading counting 0."""
        weights = self._totals[_30S] / _SPANS[_30S]
        return min(1.0, float(weights[_HEART])), min(1.0, float(weights[_CONDUCTANCE]))

    def heard(self, baseline: Baseline) -> float:
        """Share of the last minute in which the better channel could be used, 0…1."""
        return max(self._known(column, baseline) for _, column in _KNOWN)

    def _known(self, column: int, baseline: Baseline) -> float:
        if baseline.usual(_QUANTITIES[column]) is None:
            return 0.0
        return min(1.0, float(self._totals[_1MIN, column] / _SPANS[_1MIN]))
