"""What the measures are for: they tell music by people, and ours, from what no composer wrote."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.composing.pieces import CONTROLS, bars_of, control, human, middle, windows
from undertone.report.measures import failed, measured
from undertone.report.measures_form import distance, form_of
from undertone.report.piece import Piece, piece_of


def returns(pieces: list[Piece]) -> list[float]:
    return [form.returns for piece in pieces if (form := form_of(piece)) is not None]


@pytest.mark.parametrize("name", CONTROLS)
def test_no_control_passes_and_none_returns(name: str) -> None:
    pieces = [control(name, seed) for seed in range(8)]
    assert sum(len(failed(measured(piece))) >= 2 for piece in pieces) >= 6
    assert max(returns(pieces)) == 0.0


def test_our_music_returns_and_its_seeds_differ() -> None:
    one, other = (piece_of(bars_of("piano", "calm", seed, 8.0)) for seed in (1, 2))
    assert min(returns([one, other])) > 0.1
    assert (distance(middle(one), middle(other)) or 0.0) > 0.3
    assert all(len(failed(measured(window))) <= 3 for window in windows(one))


def test_music_by_people_returns_and_related_pieces_are_near() -> None:
    lively = human("lively", named="Burg*")
    if not lively:
        pytest.skip("There is no corpus; set UNDERTONE_CORPUS.")
    assert max(returns(lively)) > 0.4
    related = [*human("calm", named="Beethoven*pathetique*"), *human("calm", named="Satie*gymnopedie_[12]")]
    calm = {piece.name.split("__")[1]: piece for piece in related}
    arranged = distance(calm["pathetique-2"], calm["pathetique-2-guitar-duo"])
    sisters = distance(calm["gymnopedie_1"], calm["gymnopedie_2"])
    strangers = distance(calm["gymnopedie_1"], calm["pathetique-2"])
    assert arranged is not None and sisters is not None and strangers is not None
    assert arranged < 0.15 < 0.3 < sisters < 0.5 < 0.6 < strangers


@pytest.mark.slow
def test_the_gates_hold_the_middle_of_calm_music_by_people() -> None:
    calm = [measured(piece) for piece in human("calm")]
    if not calm:
        pytest.skip("There is no corpus; set UNDERTONE_CORPUS.")
    assert sum(len(failed(values)) >= 2 for values in calm) < len(calm) / 3
    for name, middle_value in (("roughness", 0.32), ("momentum", 0.60)):
        known = [value for values in calm if (value := values[name]) is not None]
        assert float(np.median(known)) == pytest.approx(middle_value, abs=0.01)
