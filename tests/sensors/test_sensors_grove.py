"""The Grove GSR from its schematic, resistor by resistor, to microsiemens, and its two ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import ConfigError
from undertone.flow import Block, Fault, FaultKind
from undertone.sensors import Grove, SkinSettings
from undertone.sensors.skin import SkinChannel
from undertone.sim import Ads1115Chip, EmulatedBus, GroveCircuit
from undertone.timeline import VirtualClock

TABLE = [
    # potentiometer, open output as a share of the supply, largest conductance: hardware.md §3.2
    (200e3, 0.50, 5.0), (100e3, 0.66, 10.0), (50e3, 0.79, 20.0), (20e3, 0.90, 50.0),
]  # fmt: skip


def measured(front_end: Grove, circuit: GroveCircuit, conductance: float) -> float | None:
    """What the front end makes of the output, rounded as a converter at ±4.096 V rounds it."""
    volts, _ = circuit.volts(conductance)
    assert front_end.range_volts == 4.096
    return front_end.microsiemens(round(volts / 125e-6) * 125e-6)


@pytest.mark.parametrize(("potentiometer", "share", "largest"), TABLE)
@pytest.mark.parametrize("supply", [3.3, 5.0])
def test_the_ends_are_those_of_the_schematic(potentiometer: float, share: float, largest: float, supply: float) -> None:
    circuit = GroveCircuit(potentiometer, supply, head_room_volts=0.0)
    front_end = Grove.from_potentiometer(potentiometer, supply_volts=supply, rail_to_rail=True)
    # The hardware notes round, and leave the load of the divider out.
    assert front_end.open_volts / supply == pytest.approx(share, abs=0.01)
    assert measured(front_end, circuit, 0.9 * largest) == pytest.approx(0.9 * largest, rel=0.005)
    # The output ends above 0 V, and its last 20 mV are not believed.
    assert measured(front_end, circuit, 1.05 * largest) is None
    assert measured(front_end, circuit, float("inf")) is None


@pytest.mark.parametrize(
    ("supply", "potentiometer", "least"),
    [(3.3, 100e3, 0.7), (3.3, 50e3, 1.6), (3.3, 20e3, 2.8), (5.0, 50e3, 0.5), (5.0, 20e3, 1.3)],
)
def test_an_amplifier_that_ends_below_its_supply_hides_what_conducts_little(
    supply: float, potentiometer: float, least: float
) -> None:
    circuit = GroveCircuit(potentiometer, supply)
    front_end = Grove.from_potentiometer(potentiometer, supply_volts=supply)
    assert measured(front_end, circuit, 0.8 * least) == 0.0
    assert measured(front_end, circuit, 1.3 * least) == pytest.approx(1.3 * least, rel=0.03)


@given(st.floats(0.05, 17.0), st.sampled_from([30e3, 50e3]), st.booleans(), st.sampled_from([3.3, 3.6]))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_from_the_skin_to_microsiemens(conductance: float, potentiometer: float, bypassed: bool, supply: float) -> None:
    """Over the whole range to a thousandth, with what the converter rounds."""
    circuit = GroveCircuit(potentiometer, supply, bypassed=bypassed, head_room_volts=0.0)
    front_end = Grove(circuit.volts(0.0)[0], supply, bypassed=bypassed, rail_to_rail=True)
    assert measured(front_end, circuit, conductance) == pytest.approx(conductance, rel=0.001, abs=0.002)


def test_the_load_of_the_converter_matters_unless_r9_is_bypassed() -> None:
    circuit = GroveCircuit(bypassed=False, head_room_volts=0.0)
    volts, _ = circuit.volts(5.0)
    bare, _ = GroveCircuit(bypassed=True, head_room_volts=0.0).volts(5.0)
    assert volts == pytest.approx(0.857 * bare + 0.1, abs=0.003)
    open_volts = circuit.volts(0.0)[0]
    assert Grove(open_volts, bypassed=False, rail_to_rail=True).microsiemens(volts) == pytest.approx(5.0, rel=0.01)
    assert Grove(open_volts, rail_to_rail=True).microsiemens(volts) < 0.9 * 5.0  # type: ignore[operator]


@pytest.mark.parametrize("bypassed", [True, False])
def test_open_volts_computed_are_those_of_the_board(bypassed: bool) -> None:
    for potentiometer in (20e3, 50e3, 200e3):
        circuit = GroveCircuit(potentiometer, bypassed=bypassed, head_room_volts=0.0)
        computed = Grove.from_potentiometer(potentiometer, bypassed=bypassed).open_volts
        assert computed == pytest.approx(circuit.volts(0.0)[0], abs=0.005)


def test_an_open_voltage_at_the_amplifiers_end_is_not_worth_measuring() -> None:
    for potentiometer, supply, hidden in ((50e3, 3.3, True), (100e3, 3.3, True), (200e3, 3.3, False), (100e3, 5.0, False)):
        seen, _ = GroveCircuit(potentiometer, supply).volts(0.0)
        assert Grove(seen, supply).open_hidden is hidden
        assert Grove.from_potentiometer(potentiometer, supply_volts=supply).open_hidden is hidden
    assert not Grove.from_potentiometer(50e3, rail_to_rail=True).open_hidden


def test_half_a_megohm_is_not_what_the_published_formula_says() -> None:
    """hardware.md: a true 500 kΩ gives 217.4 of 1024, from which the published formula makes 49.5 kΩ."""
    volts, _ = GroveCircuit(200e3, 5.0, head_room_volts=0.0).volts(2.0)
    reading = volts / 5.0 * 1024
    assert reading == pytest.approx(217.4, abs=4.0)
    assert (1024 + 2 * reading) * 10000 / (512 - reading) == pytest.approx(49.5e3, rel=0.03)
    front_end = Grove.from_potentiometer(200e3, supply_volts=5.0)
    assert 1e6 / front_end.microsiemens(volts) == pytest.approx(500e3, rel=0.005)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Grove(open_volts=1.6, supply_volts=1.8), "3.3 or 5 V"),
        (lambda: Grove(open_volts=3.4), "measure it anew"),
        (lambda: Grove(open_volts=0.5), "measure it anew"),
        (lambda: Grove(open_volts=1.6, r6_ohm=0.0), "R6"),
        (lambda: Grove.from_potentiometer(250e3), "up to 200 kΩ"),
        (lambda: Grove.from_potentiometer(0.0), "up to 200 kΩ"),
    ],
)
def test_boards_that_cannot_be_are_refused(make: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()  # type: ignore[operator]


def test_more_than_the_supply_cannot_have_fallen() -> None:
    assert Grove(open_volts=3.25, bypassed=False).microsiemens(0.125) is None
    # Noise around the open voltage is no conductance.
    assert Grove(open_volts=1.6, rail_to_rail=True).microsiemens(1.6005) == 0.0


class Skin:
    def __init__(self) -> None:
        self.level = 4.0

    def light(self, times: np.ndarray) -> np.ndarray:
        raise AssertionError("no pulse sensor here")

    def conductance(self, times: np.ndarray) -> np.ndarray:
        return np.full_like(times, self.level)


def test_more_than_two_volts_are_read_as_they_are() -> None:
    clock, skin = VirtualClock(), Skin()
    skin.level = 1.0
    chip = Ads1115Chip(skin, clock.now, front_end=GroveCircuit(50e3, head_room_volts=0.0))  # type: ignore[arg-type]
    channel = SkinChannel(
        EmulatedBus({0x48: chip}, now=clock.now), SkinSettings(front_end=Grove.from_potentiometer(50e3, rail_to_rail=True))
    )
    told: list[Block | Fault] = []
    while clock.now() < 4.0:
        told += channel.poll(clock.now())
        clock.jump(max(0.0, channel.due - clock.now()))
    values = np.concatenate([item.values for item in told if isinstance(item, Block)])
    assert values == pytest.approx(1.0, rel=0.005)


def test_a_pod_with_a_grove_board_reads_it_and_tells_both_ends() -> None:
    clock, skin = VirtualClock(), Skin()
    chip = Ads1115Chip(skin, clock.now, front_end=GroveCircuit(50e3))  # type: ignore[arg-type]
    bus = EmulatedBus({0x48: chip}, now=clock.now)
    channel = SkinChannel(bus, SkinSettings(front_end=Grove.from_potentiometer(50e3)))
    told: list[Block | Fault] = []

    def run(seconds: float) -> None:
        end = clock.now() + seconds
        while (due := max(channel.due, clock.now())) < end:
            clock.jump(due - clock.now())
            told.extend(channel.poll(clock.now()))

    run(10.0)
    values = np.concatenate([item.values for item in told if isinstance(item, Block)])
    assert values == pytest.approx(4.0, rel=0.005)
    assert len(values) == pytest.approx(9 * 16, abs=8)
    skin.level = 0.0
    run(8.0)
    skin.level = 4.0
    run(8.0)
    skin.level = float("inf")
    run(8.0)
    skin.level = 4.0
    run(8.0)
    faults = [(item.kind, item.over) for item in told if isinstance(item, Fault)]
    assert faults == [(kind, over) for kind in (FaultKind.CONTACT, FaultKind.SATURATED) for over in (False, True)]
    assert channel.counts["skin electrodes off"] == channel.counts["skin shorts"] == 1
    assert channel.counts["skin references lost"] == 0
