"""The affect model as a file: checked before it is loaded, and then a function from a vector to P(stress).

A model is two files side by side: NAME.tflite, and NAME.json which says what the first must be. Both are checked, on the very
bytes that are then loaded, before an interpreter sees them.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from undertone.affect.interpreter import AGAIN, Int8Network
from undertone.affect.vector import NAMES
from undertone.errors import ModelError
from undertone.flow import Samples, readonly

__all__ = ["SHIPPED", "Calibration", "Card", "Model", "load_model"]

SHIPPED = Path(__file__).parent / "affect_int8.tflite"
"""The model that comes with Undertone. Written by `models/train`."""
LARGEST = 1_000_000
"""Bytes; a model of this kind is a few kilobytes, anything large is not one."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the network's output to P(stress) and to arousal. All four were fitted on people left out of the training.

    P(stress) = 1 / (1 + exp(−(slope · output + intercept))), at even odds of stress and rest.
    arousal = tanh((slope · output + intercept − neutral) / width): 0 for the median of rest, 0.6 for the median of stress.
    """

    slope: float
    intercept: float
    neutral: float
    width: float

    def logit(self, output: float) -> float:
        """Log odds of stress."""
        return self.slope * output + self.intercept

    def probability(self, output: float) -> float:
        """P(stress), 0…1."""
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, self.logit(output)))))

    def arousal(self, output: float) -> float:
        """−1…1."""
        return math.tanh((self.logit(output) - self.neutral) / self.width)


@dataclass(frozen=True, slots=True)
class Card:
    """What the JSON file beside a model says."""

    name: str
    sha256: str
    size: int
    inputs: tuple[str, ...]
    low: Samples
    """Lowest value of each input seen in training (0.5th percentile)."""
    high: Samples
    calibration: Calibration


class Model:
    """A checked model, ready to run."""

    def __init__(self, card: Card, network: Int8Network) -> None:
        self.card = card
        self._network = network

    def output(self, vector: Samples) -> float:
        """The network's own output for a vector in the order of `vector.NAMES`."""
        return float(self._network(vector)[0])

    def strangeness(self, vector: Samples) -> float:
        """How far the vector is outside what was seen in training: 0 within, else widths of the range, summed."""
        span = np.maximum(self.card.high - self.card.low, 1e-6)
        beyond = np.maximum(self.card.low - vector, 0.0) + np.maximum(vector - self.card.high, 0.0)
        return float((beyond / span).sum())


def load_model(path: Path = SHIPPED) -> Model:
    """The model in `path`, whose description is in the .json file of the same name.

    Raises ModelError, a sentence, when either file is missing, too large, damaged, or not what the other says; when the model
    was trained for other inputs than this version computes; or when no interpreter is installed.
    """
    card = _card(path.with_suffix(".json"))
    content = _content(path)
    if len(content) != card.size:
        raise ModelError(f"The affect model {path} has {len(content)} bytes instead of {card.size}; {AGAIN}.")
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"The affect model {path} is not the file that {path.stem}.json describes; {AGAIN}.")
    network = Int8Network(content)
    expected = (1, len(NAMES)), (1, 1)
    if network.shapes != expected:
        raise ModelError(f"The affect model {path} takes and gives {network.shapes} instead of {expected}; {AGAIN}.")
    return Model(card, network)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ModelError(f"{path} has {size} bytes, which no affect model has; {AGAIN}.")
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"There is no affect model at {path}; {AGAIN}.") from None
    except OSError as trouble:
        raise ModelError(f"The affect model {path} cannot be read ({trouble.strerror}); check its permissions.") from trouble


def _card(path: Path) -> Card:
    content = _content(path)
    try:
        card = _parsed(json.loads(content))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as trouble:
        raise ModelError(f"The model's description {path} cannot be understood ({trouble}); {AGAIN}.") from trouble
    if card.inputs != NAMES:
        raise ModelError(f"The affect model of {path} was trained for other inputs than this version computes; {AGAIN}.")
    return card


def _parsed(told: dict[str, Any]) -> Card:
    if told["format"] != 1:
        raise ValueError(f"format {told['format']!r} instead of 1")
    inputs = told["input"]["features"]
    calibration = Calibration(**{name: _finite(told["calibration"][name]) for name in Calibration.__dataclass_fields__})
    if calibration.slope <= 0.0 or calibration.width <= 0.0:
        raise ValueError("slope and width must be above 0")
    low = readonly([_finite(entry["low"]) for entry in inputs])
    high = readonly([_finite(entry["high"]) for entry in inputs])
    if np.any(low > high):
        raise ValueError("a range of inputs is upside down")
    return Card(
        name=str(told["name"]),
        sha256=str(told["sha256"]),
        size=int(told["size"]),
        inputs=tuple(str(entry["name"]) for entry in inputs),
        low=low,
        high=high,
        calibration=calibration,
    )


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not a finite number")
    return number
