"""The tables of hardware/README.md and the constants of the configuration, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hardware.plan import HEADER, Part, Plan

__all__ = ["constants", "front_end_parts", "front_end_values", "parts_list", "pin_table"]

ELECTRODE_SITUATIONS: tuple[tuple[str, float], ...] = (
    ("open", 0.0),
    ("1", 1.0),
    ("2", 2.0),
    ("5", 5.0),
    ("10", 10.0),
    ("20", 20.0),
    ("40", 40.0),
    ("60", 60.0),
    ("short", float("inf")),
)
"""What the front end's table shows: microsiemens of the skin."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def pin_table(plan: Plan) -> str:
    """The header, pin by pin."""
    pins = {pin.header: pin for pin in plan.pins}
    supplies = {supply.header: supply for supply in plan.power}
    rows: list[Sequence[object]] = []
    for number in range(1, 2 * len(HEADER) + 1):
        name = HEADER[(number - 1) // 2][(number - 1) % 2]
        if number in pins:
            pin = pins[number]
            remarks = " ".join(filter(None, (pin.notes, pin.conflicts)))
            use = (pin.function, pin.direction, pin.pull, pin.state)
            rows.append((number, f"GPIO {pin.bcm}", *use, ", ".join(pin.to), remarks))
        else:
            to = supplies[number].to if number in supplies else ()
            rows.append((number, f"**{name}**", "supply", "", "", "used" if to else "free", ", ".join(to), ""))
    return table(("pin", "name", "what for", "direction", "pull", "state", "goes to", "remarks"), rows)


def parts_list(plan: Plan) -> str:
    """The parts by group, with what matters most about each in bold."""
    texts = []
    for group in dict.fromkeys(part.group for part in plan.parts.values()):
        rows = [part_row(part) for part in plan.parts.values() if part.group == group]
        texts.append(f"**{group}**\n\n" + table(("how many", "part", "state", "or instead", "remarks"), rows))
    return "\n\n".join(texts)


def part_row(part: Part) -> Sequence[object]:
    """One line of the parts list."""
    critical = f"**{part.critical}**" if part.critical else ""
    quantity = f"{part.quantity} {part.unit}".strip()
    remarks = " ".join(filter(None, (critical, part.notes)))
    return (quantity, part.name, part.state, "; ".join(part.alternatives), remarks)


def front_end_parts(plan: Plan) -> str:
    """What to solder between which nodes."""
    passive = table(("part", "value", "between"), ((part.id, part.text, " and ".join(part.nodes)) for part in plan.components))
    op_amp = table(("MCP6002 pin", "name", "goes to"), plan.op_amp_pins)
    return f"{passive}\n\n{op_amp}"


def front_end_values(plan: Plan) -> str:
    """What the front end puts out, from its formulas and the values of its parts."""
    ohm = {part.id: part.value for part in plan.components if part.kind == "resistor"}
    reference = 3.3 * ohm["R2"] / (ohm["R1"] + ohm["R2"])
    series = ohm["R4"] + ohm["R5"]
    columns = ("skin, µS", "V1 = VREF, V", "V0 = OUT, V", "current through the skin, µA", "voltage across the skin, V")
    rows = []
    for words, microsiemens in ELECTRODE_SITUATIONS:
        skin = 1e6 / microsiemens if microsiemens else float("inf")
        loop = 1.0 / (skin + series)
        output, current = reference * (1.0 + ohm["R3"] * loop), reference * loop
        across = reference - current * series
        rows.append((words, f"{reference:.3f}", f"{output:.3f}", f"{current * 1e6:.2f}", f"{across:.3f}"))
    return table(columns, rows)


def constants(plan: Plan) -> str:
    """The module with a constant for the bus, each address, and each pin that the program may want."""
    wanted = sorted((pin for pin in plan.pins if pin.state != "free"), key=lambda pin: pin.signal)
    owned = sorted(bcm for numbers in plan.owned.values() for bcm in numbers)
    addresses = {f"{part}_address".upper(): (part, address) for part, address in plan.addresses.items()}
    names = ["BUS_PINS", "HEADER_PIN", "I2C_BUS", *addresses, *(pin.signal.upper() for pin in wanted)]
    lines = [
        f'"""What is wired where: pins as BCM numbers, and I²C addresses; profile {plan.profile} of `hardware/pins.yaml`.',
        "",
        "Written by `python -m hardware.build`; to change something, change that file and run it again.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "__all__ = [",
        *(f'    "{name}",' for name in sorted(names)),
        "]",
        "",
    ]
    lines += [f"I2C_BUS: Final = {plan.bus}", '"""Number of the bus on the header: N of /dev/i2c-N."""']
    for name, (part, address) in addresses.items():
        lines += [f"{name}: Final = {address:#04x}", f'"""Where the {part.replace("_", " ")} answers, 7 bits."""']
    for pin in wanted:
        lines += [f"{pin.signal.upper()}: Final = {pin.bcm}", f'"""{sentence(pin.function)} Header pin {pin.header}."""']
    lines += [
        "",
        f"BUS_PINS: Final = frozenset({{{', '.join(map(str, owned))}}})",
        '"""Pins of the I²C, I²S and identification buses: they can serve nothing else."""',
        "",
        "HEADER_PIN: Final = {",
        *(f"    {pin.bcm}: {pin.header}," for pin in sorted(plan.pins, key=lambda pin: pin.bcm)),
        "}",
        '"""Where each BCM number is on the 40-pin header."""',
        "",
    ]
    return "\n".join(lines)


def sentence(words: str) -> str:
    """The words with a capital letter and a full stop."""
    return words[0].upper() + words[1:] + "."
