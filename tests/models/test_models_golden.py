"""The shipped file gives the answers that it gave when it was made: on the device's interpreter, and in plain numpy."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.training.card import card
from tests.models.int8_reference import Int8Reference
from undertone.affect import NAMES, SHIPPED, Calibration, interpreter_name
from undertone.affect.interpreter import Int8Network

MODELS = Path(__file__).parents[2] / "models"
GOLDEN: dict[str, Any] = json.loads((MODELS / "golden.json").read_text())
ROWS: list[dict[str, Any]] = GOLDEN["vectors"]


def calibration_of_the_file() -> Calibration:
    return Calibration(**json.loads(SHIPPED.with_suffix(".json").read_text())["calibration"])


def test_the_golden_vectors_are_of_the_shipped_file() -> None:
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() == GOLDEN["sha256"]
    assert json.loads(SHIPPED.with_suffix(".json").read_text())["sha256"] == GOLDEN["sha256"]
    assert len(ROWS) >= 30
    assert all(len(row["vector"]) == len(NAMES) for row in ROWS)


@pytest.mark.skipif(interpreter_name() is None, reason="no TFLite interpreter is installed here")
def test_the_interpreter_gives_the_golden_answers() -> None:
    network = Int8Network(SHIPPED.read_bytes())
    for row in ROWS:
        assert network.quantised(np.array(row["vector"])).tolist() == row["quantised"]
        assert int(network.run(np.array(row["quantised"], np.int8)).ravel()[0]) == row["int8"]
        assert float(network(np.array(row["vector"]))[0]) == pytest.approx(row["output"], abs=1e-5)


def test_numpy_gives_the_golden_answers() -> None:
    reference = Int8Reference(SHIPPED)
    for row in ROWS:
        assert reference.quantised(row["vector"]).tolist() == row["quantised"]
        # Rounding of the fixed-point multiplier may differ by one step in a hidden layer.
        assert abs(reference.run(row["quantised"]) - row["int8"]) <= 1


def test_int8_answers_are_close_to_the_float_network() -> None:
    calibration = calibration_of_the_file()
    # In probability, because the file's output ends where the training's outputs ended, and there P is near 0 or 1.
    moved = [abs(calibration.probability(row["output"]) - calibration.probability(row["float"])) for row in ROWS]
    assert max(moved) < 0.1
    assert float(np.mean(moved)) < 0.02


@pytest.mark.skipif(interpreter_name() is None, reason="no TFLite interpreter is installed here")
def test_strange_vectors_give_numbers() -> None:
    network = Int8Network(SHIPPED.read_bytes())
    for value in (math.nan, math.inf, -math.inf, 1e300):
        assert np.isfinite(network(np.full(len(NAMES), value))).all()
    assert network.quantised(np.full(len(NAMES), math.nan)).tolist() == network.quantised(np.zeros(len(NAMES))).tolist()
    assert set(network.quantised(np.array([math.inf, 1e300]))) == {127}
    assert set(network.quantised(np.array([-math.inf, -1e300]))) == {-128}


def test_the_card_tells_the_figures_of_the_results() -> None:
    results = json.loads((MODELS / "results.json").read_text())
    assert (MODELS / "README.md").read_text() == card(results)
    assert results["file"]["sha256"] == GOLDEN["sha256"]
