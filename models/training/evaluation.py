"""Everybody is left out once: what the model tells of people it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training import peers
from models.training.calibration import arousal_fitted, fitted
from models.training.conversion import converted, outputs
from models.training.network import PULSE, SKIN, trained
from models.training.people import PROCESSES, Person
from models.training.windows import Windows, balanced
from undertone.affect import NAMES, Calibration, Card, Model, ModelEstimator
from undertone.affect.interpreter import Int8Network
from undertone.flow import AffectSource, readonly

__all__ = ["SEED", "LeftOut", "card_ranges", "left_out"]

Floats = NDArray[np.float64]

SEED = 20260101


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One person, as told by models that were trained and calibrated on all others. Arrays have one row a window."""

    windows: Windows
    network: Floats
    """Output of the float network."""
    int8: Floats
    """Output of its int8 file."""
    calibration: Calibration
    """Fitted on the other people's outputs, each told by a network that had not seen them."""
    arousal: Floats
    """What the device tells, from the int8 file, after its filter."""
    confidence: Floats
    measured: NDArray[np.bool_]
    """True where the device judged, False where it abstained."""
    blind: dict[str, Floats]
    """Output of the int8 file when a channel is lost altogether: "without pulse", "without skin"."""
    peers: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Fold:
    network: Floats
    int8: Floats
    blind: dict[str, Floats]
    content: bytes
    low: Floats
    high: Floats


def left_out(people: Sequence[Person], seen: Sequence[Windows], told: Callable[[int, int], None]) -> tuple[LeftOut, ...]:
    """Leave each person out once. `told(done, of)` shows progress."""
    folds: list[_Fold] = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for fold in pool.map(_fold, ((seen, number) for number in range(len(seen)))):
            folds.append(fold)
            told(len(folds), len(seen))
    return tuple(_told(people[number], seen, folds, number) for number in range(len(seen)))


def _fold(task: tuple[Sequence[Windows], int]) -> _Fold:
    seen, number = task
    others = [person for place, person in enumerate(seen) if place != number]
    vectors, labels, weights = balanced(others)
    network = trained(vectors, labels, weights, seed=SEED)
    content = converted(network, vectors)
    low, high = card_ranges(vectors)
    mine = seen[number].vectors
    blind = {"without pulse": outputs(content, mine * ~PULSE), "without skin": outputs(content, mine * ~SKIN)}
    return _Fold(network(mine), outputs(content, mine), blind, content, low, high)


def card_ranges(vectors: Floats) -> tuple[Floats, Floats]:
    """The range of each input that counts as seen: 0.5th to 99.5th percentile."""
    low, high = np.percentile(vectors, (0.5, 99.5), axis=0)
    return low, high


def _told(person: Person, seen: Sequence[Windows], folds: Sequence[_Fold], number: int) -> LeftOut:
    others = [place for place in range(len(seen)) if place != number]
    outs, fold, mine = [folds[place].int8 for place in others], folds[number], seen[number]
    calibration = arousal_fitted(fitted(outs, [seen[place] for place in others]), outs, [seen[place] for place in others])
    arousal, confidence, measured = _device(person, fold, calibration, mine.t)
    return LeftOut(
        windows=mine,
        network=fold.network,
        int8=fold.int8,
        calibration=calibration,
        arousal=arousal,
        confidence=confidence,
        measured=measured,
        blind=fold.blind,
        peers={
            "heart rate alone": peers.heart_alone(mine),
            "rules": peers.rules(person, mine.t),
            "logistic regression": peers.logistic([seen[place] for place in others], mine),
            "a clock": peers.clock([seen[place] for place in others], mine),
        },
    )


def _device(
    person: Person, fold: _Fold, calibration: Calibration, at: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Arousal, confidence and whether there was a judgement, at the times `at`, as the device tells them."""
    card = Card("fold", "", len(fold.content), NAMES, readonly(fold.low), readonly(fold.high), calibration)
    estimator = ModelEstimator(Model(card, Int8Network(fold.content)))
    told = {features.t: estimator.push(features) for features in person.features}
    affects = [told[t] for t in at]
    return (
        np.array([affect.arousal for affect in affects]),
        np.array([affect.confidence for affect in affects]),
        np.array([affect.source is AffectSource.MODEL for affect in affects]),
    )
