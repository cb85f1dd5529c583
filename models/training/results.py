"""All figures of the evaluation, as one dictionary that is written to `models/results.json` and told in the model card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.calibration import weighed
from models.training.evaluation import LeftOut
from models.training.people import Person
from models.training.scores import auc, balanced_accuracy, calibration_error, interval, reliability
from models.training.windows import BREATHED, REST, STEP, STRESS, labelled

__all__ = ["results"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Told = Callable[[LeftOut], Floats]

COVERAGES = (1.0, 0.8, 0.6, 0.4)
THRESHOLDS = {"a clock": 0.5}
"""Above which a peer's value means stress; 0 where not named."""


def results(people: Sequence[Person], left: Sequence[LeftOut]) -> dict[str, Any]:
    """Everything worth knowing of an evaluation, rounded to what it can be known to."""
    return {
        "data": _data(left),
        "methods": _methods(left),
        "over_logistic_regression": _over(left, "logistic regression"),
        "over_rules": _over(left, "rules"),
        "per_person_auc": {one.windows.person: _round(_auc(one, one.int8, one.windows.scored())) for one in left},
        "calibration": _calibration(left),
        "coverage": _coverage(left),
        "abstained": _round(float(np.mean(np.concatenate([~one.measured[one.windows.scored()] for one in left])))),
        "int8": _int8(left),
        "lost_channel": {name: _score(left, lambda one, name=name: one.blind[name]) for name in left[0].blind},  # type: ignore[misc]
        "hyperventilation_against_rest": _score(left, lambda one: one.int8, chosen=_breathed),
        "unsettled_too": _score(left, lambda one: one.int8, chosen=_labelled),
        "bracketed": _bracketed(people, left),
    }


def _methods(left: Sequence[LeftOut]) -> dict[str, Any]:
    told: dict[str, tuple[Told, Callable[[LeftOut], Bools]]] = {
        "majority": (lambda one: np.zeros(len(one.int8)), lambda one: np.zeros(len(one.int8), dtype=bool)),
    }
    for name in left[0].peers:
        limit = THRESHOLDS.get(name, 0.0)
        told[name] = (
            lambda one, name=name: one.peers[name],  # type: ignore[misc]
            lambda one, name=name, limit=limit: one.peers[name] > limit,  # type: ignore[misc]
        )
    told["network, float"] = (lambda one: one.network, lambda one: _odds(one, one.network) > 0.0)
    told["network, int8"] = (lambda one: one.int8, lambda one: _odds(one, one.int8) > 0.0)
    told["device: arousal as told"] = (lambda one: one.arousal, lambda one: one.arousal > _even(one))
    return {name: _score(left, values) | _accuracy(left, stressed) for name, (values, stressed) in told.items()}


def _over(left: Sequence[LeftOut], peer: str) -> dict[str, Any]:
    """By how much the int8 network's AUC is above a peer's, person by person."""
    pairs = [(_auc(one, one.int8, one.windows.scored()), _auc(one, one.peers[peer], one.windows.scored())) for one in left]
    return {"auc": _rounded([network - other for network, other in pairs])}


def _odds(one: LeftOut, output: Floats) -> Floats:
    return one.calibration.slope * output + one.calibration.intercept


def _even(one: LeftOut) -> float:
    """Arousal at which stress and rest are equally likely."""
    return float(np.tanh(-one.calibration.neutral / one.calibration.width))


def _score(left: Sequence[LeftOut], values: Told, *, chosen: Callable[[LeftOut], Bools] | None = None) -> dict[str, Any]:
    """AUC by person with its interval; over scored windows unless `chosen` says others."""
    by_person = [_auc(one, values(one), one.windows.scored() if chosen is None else chosen(one)) for one in left]
    return {"auc": _rounded(by_person)}


def _accuracy(left: Sequence[LeftOut], stressed: Callable[[LeftOut], Bools]) -> dict[str, Any]:
    by_person = []
    for one in left:
        scored = one.windows.scored()
        by_person.append(balanced_accuracy(stressed(one)[scored], one.windows.labels[scored].astype(float)))
    return {"balanced_accuracy": _rounded(by_person)}


def _auc(one: LeftOut, values: Floats, chosen: Bools) -> float:
    return auc(values[chosen], (one.windows.labels[chosen] != REST).astype(float))


def _breathed(one: LeftOut) -> Bools:
    windows = one.windows
    return np.asarray((windows.labels == BREATHED) | ((windows.labels == REST) & windows.settled))


def _labelled(one: LeftOut) -> Bools:
    return np.isin(one.windows.labels, (REST, STRESS))


def _data(left: Sequence[LeftOut]) -> dict[str, Any]:
    scored = [one.windows.scored() for one in left]
    stress = sum(int(np.sum(one.windows.labels[chosen] == STRESS)) for one, chosen in zip(left, scored, strict=True))
    pulse = [float(np.mean(one.windows.vectors[chosen, -2])) for one, chosen in zip(left, scored, strict=True)]
    return {
        "people": len(left),
        "windows": int(sum(chosen.sum() for chosen in scored)),
        "windows_of_stress": stress,
        "seconds_between_windows": STEP,
        "share_of_pulse_used": _rounded(pulse),
    }


def _calibration(left: Sequence[LeftOut]) -> dict[str, Any]:
    odds, labels, weights = weighed([_odds(one, one.int8) for one in left], [one.windows for one in left])
    probabilities = 1.0 / (1.0 + np.exp(-odds))
    rows = reliability(probabilities, labels, weights)
    return {
        "expected_calibration_error": _round(calibration_error(probabilities, labels, weights)),
        "reliability": [[_round(number) for number in row] for row in rows],
    }


def _coverage(left: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """AUC of what the device tells when only its most confident windows are kept."""
    scored = [one.windows.scored() for one in left]
    confidence = np.concatenate([one.confidence[chosen] for one, chosen in zip(left, scored, strict=True)])
    rows = []
    for share in COVERAGES:
        least = -1.0 if share == 1.0 else float(np.quantile(confidence, 1.0 - share))
        kept = [chosen & (one.confidence >= least) for one, chosen in zip(left, scored, strict=True)]
        arousal = [_auc(one, one.arousal, chosen) for one, chosen in zip(left, kept, strict=True)]
        pooled = np.concatenate([one.arousal[chosen] for one, chosen in zip(left, kept, strict=True)])
        labels = np.concatenate([one.windows.labels[chosen] for one, chosen in zip(left, kept, strict=True)])
        rows.append({"share": share, "auc": _rounded(arousal), "pooled_auc": _round(auc(pooled, labels))})
    return rows


def _int8(left: Sequence[LeftOut]) -> dict[str, Any]:
    scored = [one.windows.scored() for one in left]
    pairs = [(_auc(one, one.network, at), _auc(one, one.int8, at)) for one, at in zip(left, scored, strict=True)]
    differences = [small - whole for whole, small in pairs if np.isfinite(whole)]
    moved = [np.abs(_share(_odds(one, one.network)) - _share(_odds(one, one.int8))).max() for one in left]
    return {
        "mean_auc_difference": _round(float(np.mean(differences)), 4),
        "largest_auc_difference": _round(float(np.max(np.abs(differences))), 4),
        "largest_difference_of_probability": _round(float(np.max(moved))),
    }


def _share(odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def _bracketed(people: Sequence[Person], left: Sequence[LeftOut]) -> dict[str, Any]:
    """AUC of each task against only the rests just before and after it, which a steady drift does not help."""
    found: dict[str, list[float]] = {"stroop": [], "interview": []}
    clock: dict[str, list[float]] = {"stroop": [], "interview": []}
    for person, one in zip(people, left, strict=True):
        order = sorted((phase for phase in person.phases if phase.name != "questionnaire"), key=lambda phase: phase.onset)
        for place, phase in enumerate(order):
            if phase.name not in found or place in (0, len(order) - 1):
                continue
            chosen = np.zeros(len(one.int8), dtype=bool)
            for near in order[place - 1 : place + 2]:
                chosen |= (one.windows.t >= near.onset) & (one.windows.t < near.end)
            chosen &= labelled(person, one.windows.t)[1] & _labelled(one)
            found[phase.name].append(_auc(one, one.int8, chosen))
            clock[phase.name].append(_auc(one, one.windows.t, chosen))
    return {name: {"auc": _rounded(found[name]), "auc_of_elapsed_time": _rounded(clock[name])} for name in found}


def _rounded(values: Sequence[float]) -> dict[str, Any]:
    return {name: _round(value) for name, value in asdict(interval(values)).items()}


def _round(value: float, digits: int = 3) -> float | None:
    if isinstance(value, int):
        return value
    return round(float(value), digits) if np.isfinite(value) else None
