"""Simpler ways to tell stress from rest, scored beside the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.people import Person
from models.training.windows import STRESS, Windows, balanced
from undertone.affect import NAMES, RuleEstimator

__all__ = ["clock", "heart_alone", "logistic", "rules"]

Floats = NDArray[np.float64]

RIDGE = 10.0
CLOCK_WIDTH = 30.0
"""Seconds over which the clock blurs what the others were doing."""


def heart_alone(person: Windows) -> Floats:
    """Heart rate against usual, over half a minute. Nothing is trained."""
    return person.vectors[:, NAMES.index("heart_30s")]


def rules(person: Person, at: Floats) -> Floats:
    """Arousal by the device's rules, with their baseline and state, at the times `at`."""
    estimator = RuleEstimator()
    arousal = {features.t: estimator.push(features).arousal for features in person.features}
    return np.array([arousal[t] for t in at])


def logistic(others: Sequence[Windows], person: Windows) -> Floats:
    """Log odds of a logistic regression on the same vectors, trained on the others by Newton's method with a ridge."""
    vectors, labels, weights = balanced(others)
    rows = np.column_stack((vectors, np.ones(len(vectors))))
    ridge = np.diag([RIDGE] * vectors.shape[1] + [0.0])
    slope = np.zeros(rows.shape[1])
    for _ in range(15):
        odds = 1.0 / (1.0 + np.exp(-np.clip(rows @ slope, -30.0, 30.0)))
        gradient = rows.T @ (weights * (odds - labels)) + ridge @ slope
        curve = (rows * (weights * odds * (1.0 - odds))[:, None]).T @ rows + ridge
        slope -= np.linalg.solve(curve, gradient)
    return np.asarray(np.column_stack((person.vectors, np.ones(len(person.vectors)))) @ slope)


def clock(others: Sequence[Windows], person: Windows) -> Floats:
    """Share of the others who were in stress at the same time of the session. It knows nothing of any body.

    The order of the protocol is the same for everybody, so this says how much of a score order alone could explain.
    """
    times = np.concatenate([other.t[other.scored()] for other in others])
    stressed = np.concatenate([other.labels[other.scored()] == STRESS for other in others])
    near = np.exp(-0.5 * ((person.t[:, None] - times[None, :]) / CLOCK_WIDTH) ** 2) + 1e-12
    return np.asarray((near @ stressed) / near.sum(axis=1))
