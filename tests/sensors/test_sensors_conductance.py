"""The skin's front end, against the published table of its schematic and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undertone.sensors import FrontEnd, electrode_volts, microsiemens

TABLE = [
    (0, 0.5), (0.05, 0.5055), (1, 0.6020), (2, 0.6903), (5, 0.8957), (10, 1.1180), (20, 1.3594), (40, 1.5680), (60, 1.6620),
]  # fmt: skip


@pytest.mark.parametrize(("conductance", "volts"), TABLE)
def test_the_volts_are_those_of_the_schematics_table(conductance: float, volts: float) -> None:
    v0, v1 = electrode_volts(conductance)
    assert (v0, v1) == (pytest.approx(volts, abs=6e-5), 0.5)


@given(st.floats(0.0, 140.0), st.floats(0.41, 0.59))
def test_volts_and_back_whatever_the_supply_does(conductance: float, reference: float) -> None:
    v0, v1 = electrode_volts(conductance)
    drift = reference / v1
    assert microsiemens(v0 * drift, v1 * drift) == pytest.approx(conductance, rel=1e-9, abs=1e-9)


def test_open_electrodes_conduct_nothing_also_with_noise() -> None:
    assert microsiemens(0.5, 0.5) == 0.0
    assert microsiemens(0.4999, 0.5) == 0.0


def test_touching_electrodes_cannot_be_measured() -> None:
    v0, v1 = electrode_volts(float("inf"))
    assert v0 == pytest.approx(1.9103, abs=1e-4)
    assert microsiemens(v0, v1) is None
    assert microsiemens(*electrode_volts(149.0)) == pytest.approx(149.0)
    assert microsiemens(*electrode_volts(160.0)) is None


def test_without_a_reference_nothing_is_known() -> None:
    for reference in (0.0, -0.01, 0.3, 0.7):
        assert microsiemens(0.9, reference) is None


def test_other_resistors_are_honoured_both_ways() -> None:
    near = FrontEnd(feedback_ohm=60_000, series_ohm=20_000, wet_ratio=3.9)
    v0, v1 = electrode_volts(10.0, front_end=near)
    assert v0 == pytest.approx(0.5 * (1 + 60e3 / 120e3))
    assert microsiemens(v0, v1, front_end=near) == pytest.approx(10.0)
    assert microsiemens(v0, v1) != pytest.approx(10.0)
    with pytest.raises(ValueError, match="positive"):
        FrontEnd(feedback_ohm=0.0)
    # Where the ratio is beyond what touching electrodes give, the formula itself ends.
    assert microsiemens(0.5 * 3.89, 0.5, front_end=FrontEnd(wet_ratio=4.0)) is None
