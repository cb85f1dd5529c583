"""What the network learns from: vectors made by the device's own code, with what the person was doing.

Every vector is causal. The baseline is the device's own, learnt from the first minutes of each person while the recording
runs; nothing is ever scaled by a whole recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.people import Person
from undertone.affect import Baseline, History

__all__ = ["BREATHED", "REST", "STEP", "STRESS", "UNLABELLED", "Windows", "balanced", "windows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP = 5
"""Seconds between windows."""
SETTLED = 60.0
"""Seconds into a phase from which its windows are taken to show it."""
REST, STRESS, BREATHED, UNLABELLED = 0, 1, 2, -1
LABELS = {"baseline": REST, "rest": REST, "stroop": STRESS, "interview": STRESS, "hyperventilation": BREATHED}


@dataclass(frozen=True, slots=True)
class Windows:
    """One person's windows, one every STEP seconds from when something is known of them."""

    person: str
    t: Floats
    """Time of each, seconds, shape (n,)."""
    vectors: Floats
    """Shape (n, inputs)."""
    labels: Ints
    """REST, STRESS, BREATHED (hyperventilation) or UNLABELLED, shape (n,)."""
    settled: NDArray[np.bool_]
    """True where the phase had lasted for SETTLED seconds."""

    def scored(self) -> NDArray[np.bool_]:
        """The windows that count: rest or stress, and settled."""
        return np.asarray(self.settled & np.isin(self.labels, (REST, STRESS)))


def windows(person: Person) -> Windows:
    """All windows of a person in which the device knows a usual and has had a signal within the last minute."""
    baseline, history = Baseline(), History()
    times, vectors = [], []
    for count, features in enumerate(person.features):
        baseline.push(features)
        history.push(features)
        if count % STEP == 0:
            vector = history.vector(baseline)
            if vector[-1] + vector[-2] > 0.0:
                times.append(features.t)
                vectors.append(vector)
    t = np.array(times)
    labels, settled = labelled(person, t)
    return Windows(person.name, t, np.array(vectors), labels, settled)


def labelled(person: Person, t: Floats) -> tuple[Ints, NDArray[np.bool_]]:
    """The label at each time, and whether its phase had settled."""
    labels, settled = np.full(len(t), UNLABELLED), np.zeros(len(t), dtype=bool)
    for phase in person.phases:
        inside = (t >= phase.onset) & (t < phase.end)
        labels[inside] = LABELS.get(phase.name, UNLABELLED)
        settled[inside] = t[inside] - phase.onset >= SETTLED
    return labels, settled


def balanced(people: Sequence[Windows]) -> tuple[Floats, Floats, Floats]:
    """Vectors, labels (0 or 1) and weights of all scored windows.

    Each person weighs the same, and within a person stress and rest weigh the same: the odds learnt are even.
    """
    vectors, labels, weights = [], [], []
    for person in people:
        chosen = person.scored()
        label = person.labels[chosen].astype(float)
        weight = np.zeros(len(label))
        for value in (REST, STRESS):
            weight[label == value] = 0.5 / max(1, int(np.sum(label == value)))
        vectors.append(person.vectors[chosen])
        labels.append(label)
        weights.append(weight)
    total = np.concatenate(weights)
    return np.concatenate(vectors), np.concatenate(labels), total / total.mean()
