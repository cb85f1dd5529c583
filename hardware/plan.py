"""The plan of the device as the three YAML files beside this module have it, and everything that could be wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["HEADER", "HERE", "Component", "Part", "Pin", "Plan", "Supply", "Wire", "load", "problems"]

HERE = Path(__file__).resolve().parent

HEADER: tuple[tuple[str | int, str | int], ...] = (
    ("3V3", "5V"),
    (2, "5V"),
    (3, "GND"),
    (4, 14),
    ("GND", 15),
    (17, 18),
    (27, "GND"),
    (22, 23),
    ("3V3", 24),
    (10, "GND"),
    (9, 25),
    (11, 8),
    ("GND", 7),
    (0, 1),
    (5, "GND"),
    (6, 12),
    (13, "GND"),
    (19, 16),
    (26, 20),
    ("GND", 21),
)
"""The 40-pin header row by row, pins 1 and 2 first: a BCM number or the name of a supply.

Source: Raspberry Pi documentation, "GPIO and the 40-pin header".
"""

LOWEST_ADDRESS, HIGHEST_ADDRESS = 0x08, 0x77
"""The others are reserved by the I²C specification (NXP UM10204, table 4)."""
STATES = ("used", "optional", "system", "reserved", "free", "around")
DIRECTIONS = ("in", "out", "both", "none")
PULLS = ("up", "board", "none")


@dataclass(frozen=True, slots=True)
class Pin:
    """One GPIO pin and what it is for."""

    bcm: int
    header: int
    signal: str
    function: str
    direction: str
    pull: str
    owner: str
    state: str
    to: tuple[str, ...] = ()
    notes: str = ""
    conflicts: str = ""


@dataclass(frozen=True, slots=True)
class Supply:
    """One supply pin of the header."""

    header: int
    rail: str
    """3V3, 5V or GND."""
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire between two parts."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Part:
    """Something to buy."""

    id: str
    name: str
    group: str
    quantity: int
    state: str
    alternatives: tuple[str, ...]
    terminals: tuple[str, ...] = ()
    unit: str = ""
    critical: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """A resistor or capacitor of the front end."""

    id: str
    kind: str
    value: float
    """Ohm or farad."""
    text: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the documents, the diagram and the pin constants are made from."""

    profile: str
    bus: int
    """Number of the I²C bus on the header."""
    addresses: Mapping[str, int]
    """Address on that bus, 7 bits, by part."""
    owned: Mapping[str, tuple[int, ...]]
    """The pins that a bus owns, by owner."""
    pins: tuple[Pin, ...]
    power: tuple[Supply, ...]
    wires: tuple[Wire, ...]
    parts: Mapping[str, Part]
    components: tuple[Component, ...]
    op_amp_pins: tuple[tuple[int, str, str], ...]
    """Pin number, name, node."""

    @property
    def header_ends(self) -> tuple[str, ...]:
        """Every terminal that is wired to the header, as often as it is."""
        signals = [end for pin in self.pins for end in pin.to]
        return (*signals, *(end for supply in self.power for end in supply.to))


def load(folder: Path = HERE) -> Plan:
    """Read the plan.

    Raises TypeError when an entry has a field that there is not, or lacks one.
    """
    pins, parts, front_end = (read(folder / name) for name in ("pins.yaml", "parts.yaml", "front_end.yaml"))
    return Plan(
        profile=pins["profile"],
        bus=pins["i2c"]["bus"],
        addresses=pins["i2c"]["addresses"],
        owned={owner: tuple(numbers) for owner, numbers in pins["owned"].items()},
        pins=tuple(Pin(**frozen(entry)) for entry in pins["pins"]),
        power=tuple(Supply(**frozen(entry)) for entry in pins["power"]),
        wires=tuple(Wire(entry["from"], entry["to"]) for entry in pins["wires"]),
        parts={entry["id"]: Part(**frozen(entry)) for entry in parts["parts"]},
        components=tuple(Component(**frozen(entry)) for entry in front_end["parts"]),
        op_amp_pins=tuple((entry["pin"], entry["name"], entry["node"]) for entry in front_end["op_amp"]["pins"]),
    )


def read(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def frozen(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with tuples for lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def problems(plan: Plan) -> list[str]:
    """Everything that is wrong with the plan, in sentences; empty when it can be built."""
    rules = (twice, misplaced, misused, misspelt, loose, crossed_supply)
    return [problem for rule in rules for problem in rule(plan)]


def repeated(values: Iterable[object]) -> list[object]:
    """The values that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def twice(plan: Plan) -> Iterator[str]:
    """Nothing may be there twice."""
    for bcm in repeated(pin.bcm for pin in plan.pins):
        yield f"GPIO {bcm} is used twice"
    for header in repeated([pin.header for pin in plan.pins] + [supply.header for supply in plan.power]):
        yield f"header pin {header} is used twice"
    for signal in repeated(pin.signal for pin in plan.pins):
        yield f"two pins are called {signal}"
    for address in repeated(plan.addresses.values()):
        yield f"two parts answer at address {address:#04x}"
    for terminal in repeated(plan.header_ends):
        yield f"{terminal} is wired to two header pins"


def misplaced(plan: Plan) -> Iterator[str]:
    """GPIO and supplies are where the header has them."""
    there = {2 * row + column + 1: name for row, pair in enumerate(HEADER) for column, name in enumerate(pair)}
    for pin in plan.pins:
        if there.get(pin.header) != pin.bcm:
            yield f"{pin.signal}: header pin {pin.header} is {there.get(pin.header)}, not GPIO {pin.bcm}"
    for supply in plan.power:
        if there.get(supply.header) != supply.rail:
            yield f"header pin {supply.header} is {there.get(supply.header)}, not {supply.rail}"
    for bcm in sorted({name for name in there.values() if isinstance(name, int)} - {pin.bcm for pin in plan.pins}):
        yield f"GPIO {bcm} is missing: say what it is for, or that it is free"


def misused(plan: Plan) -> Iterator[str]:
    """What a bus owns serves nothing else."""
    owner_of = {bcm: owner for owner, numbers in plan.owned.items() for bcm in numbers}
    for pin in plan.pins:
        owner = owner_of.get(pin.bcm)
        if owner is not None and pin.owner != owner:
            yield f"GPIO {pin.bcm} belongs to {owner} and cannot be {pin.signal} of {pin.owner}"
        if owner is None and pin.owner in plan.owned:
            yield f"GPIO {pin.bcm} says that it belongs to {pin.owner}, which owns {plan.owned[pin.owner]}"
        if pin.state == "free" and pin.to:
            yield f"GPIO {pin.bcm} is free and yet wired to {', '.join(pin.to)}"


def misspelt(plan: Plan) -> Iterator[str]:
    """Choices are among the known ones."""
    for pin in plan.pins:
        for value, allowed in ((pin.state, STATES), (pin.direction, DIRECTIONS), (pin.pull, PULLS)):
            if value not in allowed:
                yield f"{pin.signal}: {value} is none of {', '.join(allowed)}"
        if not pin.signal.isidentifier() or pin.signal != pin.signal.lower():
            yield f"{pin.signal!r} cannot be the name of a constant"
    for part in plan.parts.values():
        if part.state not in STATES:
            yield f"{part.id}: {part.state} is none of {', '.join(STATES)}"
        if part.quantity < 1:
            yield f"{part.id}: a quantity of {part.quantity} buys nothing"
    for part_id, address in plan.addresses.items():
        if part_id not in plan.parts:
            yield f"address {address:#04x}: there is no {part_id} in the parts list"
        if not LOWEST_ADDRESS <= address <= HIGHEST_ADDRESS:
            yield f"{part_id}: {address:#04x} is no address that a chip may have"


def loose(plan: Plan) -> Iterator[str]:
    """Every wire ends at a terminal that a part has, and a part that the program uses hangs on some wire."""
    ends = [*plan.header_ends, *(end for wire in plan.wires for end in (wire.start, wire.end))]
    for end in ends:
        part, _, terminal = end.partition(".")
        if part not in plan.parts:
            yield f"{end}: there is no {part} in the parts list"
        elif terminal not in plan.parts[part].terminals:
            yield f"{end}: {part} has the terminals {', '.join(plan.parts[part].terminals) or 'none'}"
    wired = {end.partition(".")[0] for end in ends}
    for part_id in sorted({part.id for part in plan.parts.values() if part.state == "used"} - wired):
        yield f"{part_id} is used by the program and wired to nothing"


def crossed_supply(plan: Plan) -> Iterator[str]:
    """A terminal that is named after a supply gets that one, also when it comes by way of another part."""
    rail_of = {terminal: supply.rail for supply in plan.power for terminal in supply.to}
    for wire in plan.wires:
        if wire.start in rail_of:
            rail_of[wire.end] = rail_of[wire.start]
    for terminal, rail in rail_of.items():
        name = terminal.partition(".")[2]
        if name in ("3V3", "5V", "GND") and name != rail:
            yield f"{terminal} is wired to {rail}"
    for part in ("pulse_sensor.VIN", "converter.VDD", "front_end.3V3"):
        if rail_of.get(part) != "3V3":
            yield f"{part} must have 3.3 V: at 5 V it would hurt the Pi's pins or the person"
