"""The inputs of the model: the last five minutes of one listener, relative to their usual, as a vector.

The same code fills the vector in training and on the device. Nothing in it says what time it is, how long the session has
lasted or what the absolute conductance is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undertone.affect.baseline import Baseline
from undertone.affect.quantities import SCALES, readings
from undertone.flow import Features, Samples, readonly

__all__ = ["NAMES", "History"]

SPAN = 300.0
"""Seconds that are remembered."""
ROWS = 320
"""Features that are remembered: one a second and some to spare."""
DOUBTFUL = 0.25
"""Readings of a quality below this are not used at all; above, they count by their quality."""

_QUANTITIES = tuple(SCALES)
_HEART, _VARIABILITY, _BREATHING, _CONDUCTANCE, _RESPONSES = range(len(_QUANTITIES))
_ORDINARY = np.array([SCALES[quantity].spread for quantity in _QUANTITIES])

_AGAINST_USUAL = (
    ("heart_30s", _HEART, 30.0),
    ("heart_3min", _HEART, 180.0),
    ("variability_1min", _VARIABILITY, 60.0),
    ("variability_3min", _VARIABILITY, 180.0),
    ("breathing_1min", _BREATHING, 60.0),
    ("conductance_30s", _CONDUCTANCE, 30.0),
    ("responses_30s", _RESPONSES, 30.0),
    ("responses_3min", _RESPONSES, 180.0),
)
"""Name, quantity, and the seconds over which its mean is compared with usual."""
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
        self._values = np.zeros((ROWS, len(_QUANTITIES)))
        self._weights = np.zeros((ROWS, len(_QUANTITIES)))
        self._row = 0
        self._now = -np.inf

    def push(self, features: Features) -> None:
        """Remember one second."""
        self._now = features.t
        self._times[self._row] = features.t
        self._values[self._row] = 0.0
        self._weights[self._row] = 0.0
        for quantity, reading in readings(features).items():
            if reading.quality >= DOUBTFUL:
                column = _QUANTITIES.index(quantity)
                self._values[self._row, column] = reading.value
                self._weights[self._row, column] = reading.quality
        self._row = (self._row + 1) % ROWS

    def vector(self, baseline: Baseline) -> Samples:
        """The model's inputs at the last push, shape (len(NAMES),), in the order of NAMES.

        Deviations are in spreads of the listener, compressed by asinh. What is not known is 0, which is "as usual", and shows
        in the last elements: the share of the last minute in which each channel could be used.
        """
        means = {seconds: self._mean(seconds) for seconds in (30.0, 60.0, 180.0, SPAN)}
        out: list[float] = []
        for _, column, seconds in _AGAINST_USUAL:
            away = baseline.deviation(_QUANTITIES[column], float(means[seconds][column]))
            out.append(0.0 if away is None else away)
        change = (means[30.0] - means[SPAN]) / _ORDINARY
        out += [float(change[column]) for _, column in _AGAINST_BEFORE]
        compressed = np.arcsinh(np.nan_to_num(np.array(out), nan=0.0))
        known = [self._known(column, baseline) for _, column in _KNOWN]
        return readonly(np.concatenate((compressed, known)))

    def _mean(self, seconds: float) -> NDArray[np.float64]:
        """Mean of each quantity by quality, NaN where there is none."""
        recent = self._times > self._now - seconds
        weights = self._weights[recent]
        total = weights.sum(axis=0)
        sums = np.einsum("ij,ij->j", weights, self._values[recent])
        return np.asarray(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0.0))

    def _known(self, column: int, baseline: Baseline) -> float:
        usual = baseline.usual(_QUANTITIES[column])
        if usual is None:
            return 0.0
        recent = self._times > self._now - 60.0
        return min(1.0, float(self._weights[recent, column].sum()) / 60.0)

    def quality(self) -> tuple[float, float]:
        """How good pulse and skin were over the last 30 s, each 0…1: mean quality, seconds without a reading counting 0."""
        recent = self._times > self._now - 30.0
        weights = self._weights[recent].sum(axis=0) / 30.0
        return min(1.0, float(weights[_HEART])), min(1.0, float(weights[_CONDUCTANCE]))
