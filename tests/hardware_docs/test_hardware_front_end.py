"""The skin conductance front end: its list of parts, solved as a circuit, does what its page and the program say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hardware.plan import HERE, Plan, load
from undertone.sensors.conductance import PATH_B, electrode_volts, microsiemens


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load()


def solved(plan: Plan, skin_ohm: float, *, hertz: float = 0.0, supply: float = 3.3) -> dict[str, complex]:
    """Voltages of all nodes, by nodal analysis with an ideal op-amp.

    skin_ohm joins E1 and E2. With hertz, the supply is still and 1 µA flows into E1.
    """
    nodes = sorted({node for part in plan.components for node in part.nodes} - {"GND"})
    index = {node: row for row, node in enumerate(nodes)}
    size = len(nodes) + 2
    matrix, right = np.zeros((size, size), dtype=complex), np.zeros(size, dtype=complex)
    joined = [(part.nodes, part.kind, part.value) for part in plan.components]
    joined.append((("E1", "E2"), "resistor", skin_ohm))
    for (one, other), kind, value in joined:
        admittance = 1.0 / value if kind == "resistor" else 2j * np.pi * hertz * value
        for here, there in ((one, other), (other, one)):
            if here in index:
                matrix[index[here], index[here]] += admittance
                if there in index:
                    matrix[index[here], index[there]] -= admittance
    # The supply's current and the op-amp's are unknowns; in return the supply's voltage is known, and both inputs are level.
    matrix[index["3V3"], size - 2] = matrix[index["OUT"], size - 1] = 1.0
    matrix[size - 2, index["3V3"]] = 1.0
    matrix[size - 1, index["VREF"]], matrix[size - 1, index["INV"]] = 1.0, -1.0
    right[size - 2] = 0.0 if hertz else supply
    right[index["E1"]] = 1e-6 if hertz else 0.0
    return dict(zip(nodes, np.linalg.solve(matrix, right), strict=False))


@pytest.mark.parametrize("conductance", [0.05, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0])
def test_the_circuit_and_the_program_agree(plan: Plan, conductance: float) -> None:
    volts = solved(plan, 1e6 / conductance)
    v0, v1 = volts["OUT"].real, volts["VREF"].real
    assert (v0, v1) == pytest.approx(electrode_volts(conductance), abs=1e-4)
    assert microsiemens(v0, v1) == pytest.approx(conductance, rel=1e-3)


@pytest.mark.parametrize("supply", [3.1, 3.3, 3.5])
def test_the_supply_does_not_matter(plan: Plan, supply: float) -> None:
    volts = solved(plan, 200e3, supply=supply)
    assert microsiemens(volts["OUT"].real, volts["VREF"].real) == pytest.approx(5.0, rel=1e-3)


def test_no_electrode_can_saturate_it(plan: Plan) -> None:
    assert solved(plan, 1e12)["OUT"].real == pytest.approx(0.500, abs=0.001)
    assert solved(plan, 1e-3)["OUT"].real == pytest.approx(1.910, abs=0.001)


def test_the_currents_are_those_that_the_page_promises(plan: Plan) -> None:
    shorted = solved(plan, 1e-3)
    ohm = {part.id: part.value for part in plan.components}
    assert abs(shorted["E1"] - shorted["INV"]) / ohm["R4"] == pytest.approx(6.4e-6, rel=0.01)
    page = (HERE / "README.md").read_text()
    series = ohm["R4"] + ohm["R5"]
    assert f"{3.3 / series * 1e6:.0f} µA if an electrode touched 3.3 V" in page
    assert f"{230.0 / series * 1e3:.1f} mA" in page


def test_the_mains_is_kept_down(plan: Plan) -> None:
    slow, mains = (abs(solved(plan, 100e3, hertz=hertz)["OUT"]) for hertz in (0.5, 50.0))
    assert 20 * np.log10(mains / slow) == pytest.approx(-23.6, abs=0.2)


def test_the_page_shows_what_the_circuit_does(plan: Plan) -> None:
    section = (HERE / "README.md").read_text().split("<!-- front end values")[1]
    rows = re.findall(r"^\| (open|short|\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", section, re.MULTILINE)
    assert len(rows) == 9
    for words, v1, v0, microampere, across in rows:
        skin = {"open": 1e12, "short": 1e-3}.get(words) or 1e6 / float(words)
        volts = solved(plan, skin)
        assert (float(v1), float(v0)) == pytest.approx((volts["VREF"].real, volts["OUT"].real), abs=6e-4)
        drop = (volts["E1"] - volts["E2"]).real
        assert float(across) == pytest.approx(drop, abs=6e-4)
        assert float(microampere) == pytest.approx(volts["E2"].real / 39e3 * 1e6, abs=6e-3)


def test_the_program_has_the_resistors_of_the_list(plan: Plan) -> None:
    ohm = {part.id: part.value for part in plan.components}
    assert PATH_B.feedback_ohm == ohm["R3"]
    assert PATH_B.series_ohm == ohm["R4"] + ohm["R5"]
    assert PATH_B.reference_volts == pytest.approx(3.3 * ohm["R2"] / (ohm["R1"] + ohm["R2"]))


def test_every_node_of_the_op_amp_is_in_the_circuit(plan: Plan) -> None:
    nodes = {node for part in plan.components for node in part.nodes}
    named = {node for _, _, node in plan.op_amp_pins if not node.startswith("unused")}
    assert named == {"OUT", "INV", "VREF", "GND", "3V3"} <= nodes
    assert [pin for pin, _, _ in plan.op_amp_pins] == list(range(1, 9))
