"""Arousal by the trained network, over inputs relative to the listener's usual.

Confidence is a product of four things, each 0…1: how good the better channel was over the last half minute; how well that
channel's usual is known; how usual the inputs are (1 within the training range, falling with the distance beyond it); and how
decided the network is, from a half for P(stress) = .5 to one for 0 or 1. Below ABSTAIN of `state` the moment is not judged.
"""

from __future__ import annotations

import math
from functools import partial

from undertone.affect.baseline import Baseline
from undertone.affect.model import Model
from undertone.affect.quantities import GOOD, Quantity
from undertone.affect.reasons import reasons, waiting
from undertone.affect.state import Judgement, State
from undertone.affect.vector import History
from undertone.flow import Affect, AffectSource, Features

__all__ = ["ModelEstimator"]

STRANGE = 0.5
"""Distance beyond the training range, in widths of the range, at which confidence has fallen to a third."""
ONE_CHANNEL = 0.8
"""Factor of confidence when only one channel is good."""


class ModelEstimator:
    """Estimates arousal with a model.

    model: from `load_model`. baseline: of this listener, learnt on as features arrive; a new one if not given.
    """

    def __init__(self, model: Model, baseline: Baseline | None = None) -> None:
        self.model = model
        self.baseline = Baseline() if baseline is None else baseline
        self._history = History()
        self._state = State()

    def push(self, features: Features) -> Affect:
        """The estimate after one more second of features."""
        self.baseline.push(features)
        self._history.push(features)
        judgement = self._judge(features)
        why_not = waiting(features, self.baseline, heard=self._history.heard(self.baseline))
        return self._state.push(features.t, judgement, waiting=why_not, pod=features.pod)

    def report(self, t: float, arousal: float, valence: float | None) -> None:
        """The listener says how they feel, each −1…1. Raises ValueError outside that."""
        self._state.report(t, arousal, valence)

    def _judge(self, features: Features) -> Judgement | None:
        evidence = self._evidence(features)
        if evidence == 0.0:
            return None
        vector = self._history.vector(self.baseline)
        output = self.model.output(vector)
        calibration = self.model.card.calibration
        decided = 0.5 + 0.5 * abs(2.0 * calibration.probability(output) - 1.0)
        return Judgement(
            arousal=calibration.arousal(output),
            confidence=evidence * decided * math.exp(-self.model.strangeness(vector) / STRANGE),
            source=AffectSource.MODEL,
            reasons=partial(reasons, features, self.baseline),
        )

    def _evidence(self, features: Features) -> float:
        """0…1 from quality and from how well the usual is known; 0 where no channel is good now and known."""
        pulse, skin = self._history.quality()
        shares = []
        for quantity, now, lately in (
            (Quantity.HEART, features.pulse_quality, pulse),
            (Quantity.CONDUCTANCE, features.skin_quality, skin),
        ):
            usual = self.baseline.usual(quantity)
            if usual is not None and now >= GOOD:
                shares.append(lately * usual.known)
        return max(shares, default=0.0) * (1.0 if len(shares) == 2 else ONE_CHANNEL)
