"""The plan of the device: right in itself, and the same in everything that is made from it."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from hardware.build import built, main
from hardware.diagram import wiring
from hardware.lanes import Run, clashes, ordered
from hardware.plan import HERE, Part, Pin, Plan, Wire, load, problems
from undertone.config import Settings, pins

# Transcribed a second time, by column, from the drawing of the header that `pinout` of Raspberry Pi OS prints.
COLUMNS = (
    "3V3 2 3 4 GND 17 27 22 3V3 10 9 11 GND 0 5 6 13 19 26 GND",
    "5V 5V GND 14 15 18 GND 23 24 GND 25 8 7 1 GND 12 GND 16 20 21",
)
BOARD = {2 * row + 1 + side: name for side, column in enumerate(COLUMNS) for row, name in enumerate(column.split())}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load()


def changed(plan: Plan, which: str, **fields: Any) -> Plan:
    """The plan with the pin of one signal changed."""
    return replace(plan, pins=tuple(replace(pin, **fields) if pin.signal == which else pin for pin in plan.pins))


def part_changed(plan: Plan, part_id: str, **fields: Any) -> Plan:
    """The plan with one part changed."""
    return replace(plan, parts={**plan.parts, part_id: replace(plan.parts[part_id], **fields)})


def test_nothing_is_wrong_with_the_plan(plan: Plan) -> None:
    assert problems(plan) == []


def test_the_header_is_the_board(plan: Plan) -> None:
    assert {pin.header: str(pin.bcm) for pin in plan.pins} == {at: name for at, name in BOARD.items() if name.isdigit()}
    for supply in plan.power:
        assert BOARD[supply.header] == supply.rail


def test_no_pin_twice(plan: Plan) -> None:
    assert len({pin.bcm for pin in plan.pins}) == len(plan.pins) == 28
    taken = [pin.header for pin in plan.pins] + [supply.header for supply in plan.power]
    assert len(set(taken)) == len(taken)


def test_the_configuration_takes_its_bus_and_addresses_from_the_plan(plan: Plan) -> None:
    sensors = Settings().sensors
    assert sensors.bus == plan.bus
    addresses = {"pulse_sensor": sensors.pulse.address, "converter": sensors.skin.address, "bus_switch": sensors.mux_address}
    assert addresses == plan.addresses


def test_buses_keep_their_pins_to_themselves(plan: Plan) -> None:
    assert plan.owned == {"id_eeprom": (0, 1), "i2c": (2, 3), "i2s": (18, 19, 20, 21)}
    for pin in plan.pins:
        assert (pin.owner in plan.owned) == (pin.bcm in {0, 1, 2, 3, 18, 19, 20, 21})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda plan: changed(plan, "button_start", bcm=6), "GPIO 6 is used twice"),
        (lambda plan: replace(plan, addresses={"pulse_sensor": 0x48, "converter": 0x48}), "two parts answer at address 0x48"),
        (lambda plan: replace(plan, addresses={"pulse_sensor": 0x7F}), "0x7f is no address"),
        (lambda plan: replace(plan, addresses={"thermometer": 0x40}), "there is no thermometer"),
        (lambda plan: changed(plan, "button_start", header=31), "header pin 31 is used twice"),
        (lambda plan: changed(plan, "button_start", signal="button_stop"), "two pins are called button_stop"),
        (lambda plan: changed(plan, "button_start", bcm=26, header=29), "header pin 29 is 5, not GPIO 26"),
        (lambda plan: changed(plan, "i2c_scl", owner="power"), "GPIO 3 belongs to i2c and cannot be i2c_scl of power"),
        (lambda plan: changed(plan, "i2s_data_in", owner="controls"), "GPIO 20 belongs to i2s"),
        (lambda plan: changed(plan, "id_sda", owner="controls"), "GPIO 0 belongs to id_eeprom"),
        (lambda plan: changed(plan, "button_start", owner="i2s"), "GPIO 5 says that it belongs to i2s"),
        (lambda plan: changed(plan, "spare_26", to=("button_a.1",)), "GPIO 26 is free and yet wired"),
        (lambda plan: changed(plan, "encoder_a", to=("encoder.B",)), "encoder.B is wired to two header pins"),
        (lambda plan: changed(plan, "encoder_a", to=("encoder.C",)), "encoder has the terminals A, B, SW, GND"),
        (lambda plan: changed(plan, "encoder_a", to=("dial.A",)), "there is no dial in the parts list"),
        (lambda plan: changed(plan, "encoder_a", pull="upwards"), "upwards is none of up"),
        (lambda plan: changed(plan, "encoder_a", signal="Encoder A"), "cannot be the name of a constant"),
        (lambda plan: replace(plan, pins=plan.pins[1:]), "GPIO 2 is missing"),
        (lambda plan: replace(plan, wires=(*plan.wires, Wire("converter.A9", "front_end.OUT"))), "converter.A9"),
        (lambda plan: replace(plan, wires=plan.wires[4:]), "front_end.3V3 must have 3.3 V"),
        (lambda plan: replace(plan, power=(replace(plan.power[0], header=2, rail="5V"),)), "pulse_sensor.VIN must"),
        (lambda plan: replace(plan, power=(replace(plan.power[0], rail="5V"), *plan.power[1:])), "header pin 1 is 3V3, not 5V"),
        (lambda plan: part_changed(plan, "bus_switch", state="used"), "bus_switch is used by the program and wired to nothing"),
        (lambda plan: part_changed(plan, "speaker", quantity=0), "speaker: a quantity of 0"),
    ],
)
def test_a_mistake_is_named(plan: Plan, spoil: Callable[[Plan], Plan], sentence: str) -> None:
    found = problems(spoil(plan))
    assert any(sentence in problem for problem in found), found


def test_the_files_made_from_the_plan_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_change_makes_every_file_out_of_date(plan: Plan) -> None:
    moved = changed(plan, "button_start", signal="button_go", function="button A, go", to=())
    for path, text in built(moved).items():
        assert text != path.read_text(), path


def test_the_program_has_the_pins_of_the_plan(plan: Plan) -> None:
    for pin in plan.pins:
        if pin.state != "free":
            assert getattr(pins, pin.signal.upper()) == pin.bcm
        assert pins.HEADER_PIN[pin.bcm] == pin.header
    assert {0, 1, 2, 3, 18, 19, 20, 21} == pins.BUS_PINS
    assert sorted(pins.__all__) == pins.__all__


def test_every_part_that_is_wired_is_in_the_diagram(plan: Plan) -> None:
    drawn = ElementTree.fromstring(wiring(plan))
    words = [element.text or "" for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    for part in plan.parts.values():
        for terminal in part.terminals:
            if f"{part.id}.{terminal}" in plan.header_ends:
                assert terminal in words
    for title in ("MAX30102 board", "ADS1115 board", "skin front end", "electrodes", "MAX98357A board", "loudspeaker"):
        assert title in words
    assert all(f"GPIO {bcm}" in words for bcm in range(28))


def test_no_two_wires_lie_on_each_other() -> None:
    down, up = Run("down", 10.0, (50.0,)), Run("up", 50.0, (90.0,))
    assert clashes([down, up]) == [("down", "up")]
    assert ordered([down, up]) == ordered([up, down]) == [up, down]


def test_parts_that_may_be_got_wrong_say_so(plan: Plan) -> None:
    for part_id in ("supply", "pulse_sensor", "converter", "front_end", "electrodes", "amplifier"):
        assert plan.parts[part_id].critical
    assert "3.3 V" in plan.parts["pulse_sensor"].critical


def test_entries_have_no_fields_that_nobody_reads() -> None:
    listed = {"pins.yaml": ("pins", Pin), "parts.yaml": ("parts", Part)}
    for file, (key, kind) in listed.items():
        known = {field.name for field in dataclasses.fields(kind)}
        for entry in yaml.safe_load((HERE / file).read_text())[key]:
            assert set(entry) <= known
