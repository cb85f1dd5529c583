"""The wiring diagram: the header in the middle, the controls on its left, everything else on its right.

Signals are wires. Supplies would be a thicket, so each terminal that needs one says which header pin it goes to. Wires from the
odd pins to the right pass between the labels of the even pins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hardware.drawing import Drawing, Point
from hardware.lanes import Run, clashes, ordered
from hardware.plan import HEADER, Part, Pin, Plan

__all__ = ["wiring"]

LEFT = ("encoder", "button_a", "button_b", "button_c")
RIGHT = ("pulse_sensor", "converter", "amplifier", "power_button", "status_light", "level_shifter")
BEYOND: Mapping[str, tuple[str, ...]] = {
    "converter": ("front_end", "electrodes"),
    "amplifier": ("gain_resistor", "speaker"),
    "level_shifter": ("light_ring",),
}
"""What hangs on a part of the right column: what is beside it, and what is beside that."""

TITLES: Mapping[str, str] = {
    "encoder": "knob",
    "button_a": "button A: start",
    "button_b": "button B: stop",
    "button_c": "button C: mode",
    "pulse_sensor": "MAX30102 board",
    "converter": "ADS1115 board",
    "amplifier": "MAX98357A board",
    "power_button": "shut-down button",
    "status_light": "status light",
    "level_shifter": "74AHCT125",
    "front_end": "skin front end",
    "electrodes": "electrodes",
    "gain_resistor": "100 kΩ",
    "speaker": "loudspeaker",
    "light_ring": "light ring",
}
COLOURS: Mapping[str, str] = {
    "i2c": "#1565c0",
    "i2s": "#7b1fa2",
    "amplifier": "#ab47bc",
    "controls": "#2e7d32",
    "power": "#00838f",
    "spi": "#d9730d",
    "3V3": "#c62828",
    "5V": "#8e1b1b",
    "GND": "#37474f",
}
QUIET = "#aab4bd"
INK = "#1f2933"

TOP, PITCH, ROW, GAP, HEAD = 130.0, 36.0, 24.0, 22.0, 30.0
HEADER_X = 530.0
COLUMN_X: Mapping[str, float] = {"left": 50.0, "right": 870.0, "second": 1090.0, "third": 1290.0}
BOX_WIDTH = 140.0
TAG = 74.0


@dataclass(slots=True)
class Sheet:
    """The drawing and where the terminals have come to lie."""

    plan: Plan
    page: Drawing
    at: dict[str, Point] = field(default_factory=dict)
    """Terminal → its point at the edge of its box."""


def wiring(plan: Plan) -> str:
    """The diagram as SVG."""
    sheet = Sheet(plan, Drawing(1480, 1040, "Undertone: wiring"))
    words(sheet)
    column(sheet, LEFT, "left", TOP + 290)
    column(sheet, RIGHT, "right", TOP - 50)
    for owner, others in BEYOND.items():
        beyond(sheet, owner, others)
    between_parts(sheet)
    routed(sheet, LEFT, x_from=HEADER_X - 98, x_to=COLUMN_X["left"] + BOX_WIDTH)
    routed(sheet, RIGHT, x_from=HEADER_X + 140, x_to=COLUMN_X["right"])
    supply_tags(sheet)
    header(sheet)
    return sheet.page.svg()


def words(sheet: Sheet) -> None:
    """Title and legend."""
    page, x = sheet.page, COLUMN_X["left"]
    page.words("Undertone: wiring", (x, 38), size=22, bold=True)
    page.words(f"Profile {sheet.plan.profile}. Drawn from pins.yaml and parts.yaml; not yet built.", (x, 64))
    for row, (text, dashed) in enumerate((("used by the program", False), ("reserved for later", True))):
        page.wire([(x, TOP - 22 + 24 * row), (x + 58, TOP - 22 + 24 * row)], colour=INK, dashed=dashed)
        page.words(text, (x + 70, TOP - 22 + 24 * row))
    for row, supply in enumerate(supply for supply in sheet.plan.power if supply.header in (1, 2, 6)):
        page.pill(f"{supply.rail} · {supply.header}", x, TOP + 30 + 24 * row, 58, fill=COLOURS[supply.rail])
        page.words(f"supply {supply.rail} from header pin {supply.header}", (x + 70, TOP + 30 + 24 * row))
    warning = ("While electrodes are worn:", "battery only, and nothing connected", "that is plugged into the mains.")
    for row, text in enumerate(warning):
        page.words(text, (x, TOP + 125 + 18 * row), bold=True, colour=COLOURS["3V3"], size=13)


def shown(part: Part, sheet: Sheet) -> list[str]:
    """The terminals that have a wire on the left edge: to the header, or to the part on their left."""
    ends = set(sheet.plan.header_ends)
    ends |= {wire.end for wire in sheet.plan.wires}
    return [name for name in part.terminals if f"{part.id}.{name}" in ends]


def outgoing(part: Part, sheet: Sheet) -> dict[int, str]:
    """The terminals from which a wire goes on to another part, by row; room is left between two such parts."""
    rows: dict[int, str] = {}
    row, last = -1, ""
    for wire in sheet.plan.wires:
        if wire.start.partition(".")[0] != part.id:
            continue
        there = wire.end.partition(".")[0]
        row += 1 if there == last or not last else 3
        rows[row], last = wire.start.partition(".")[2], there
    return rows


def frame(sheet: Sheet, part_id: str, x: float, y: float, rows: int) -> float:
    """An empty box with its title; returns the height."""
    dashed = sheet.plan.parts[part_id].state == "reserved"
    height = HEAD + rows * ROW + 8
    fill, line = ("#fbfbf6", QUIET) if dashed else ("#eef4fb", INK)
    sheet.page.box(x, y, BOX_WIDTH, height, fill=fill, line=line, dashed=dashed)
    sheet.page.words(TITLES[part_id], (x + BOX_WIDTH / 2, y + 16), size=12.5, anchor="middle", bold=True)
    return height


def terminal(sheet: Sheet, end: str, at: Point, *, inwards: int) -> None:
    """A terminal at the edge of a box; inwards is 1 where the box lies to the right of it, else −1."""
    sheet.at[end] = at
    sheet.page.dot(at, 3.2, fill=INK)
    name = end.partition(".")[2]
    sheet.page.words(name, (at[0] + 9 * inwards, at[1]), size=11.5, anchor="start" if inwards > 0 else "end")


def column(sheet: Sheet, part_ids: Iterable[str], name: str, top: float) -> None:
    """Boxes one below the other, with terminals on the side of the header."""
    x, y = COLUMN_X[name], top
    for part_id in part_ids:
        part = sheet.plan.parts[part_id]
        names = shown(part, sheet)
        out = outgoing(part, sheet)
        height = frame(sheet, part_id, x, y, max(len(names), 1 + max(out, default=0)))
        for row, end in enumerate(names):
            at = (x + BOX_WIDTH if name == "left" else x, y + HEAD + ROW * (row + 0.5))
            terminal(sheet, f"{part_id}.{end}", at, inwards=-1 if name == "left" else 1)
        for row, end in out.items():
            sheet.at[f"{part_id}.{end}>"] = (x + BOX_WIDTH, y + HEAD + ROW * (row + 0.5))
        y += height + GAP


def beyond(sheet: Sheet, owner: str, others: tuple[str, ...]) -> None:
    """What hangs on a part: each terminal level with the one that it is wired to."""
    for part_id in others:
        part = sheet.plan.parts[part_id]
        wires = [wire for wire in sheet.plan.wires if wire.end.partition(".")[0] == part_id]
        heights = [sheet.at[f"{wire.start}>"][1] for wire in wires]
        chained = wires[0].start.partition(".")[0] != owner
        x = COLUMN_X["third" if chained else "second"]
        top = min(heights) - HEAD - ROW / 2
        frame(sheet, part_id, x, top, round((max(heights) - min(heights)) / ROW) + 1)
        for wire, y in zip(wires, heights, strict=True):
            terminal(sheet, wire.end, (x, y), inwards=1)
        for row, end in outgoing(part, sheet).items():
            sheet.at[f"{part_id}.{end}>"] = (x + BOX_WIDTH, min(heights) + ROW * row)


def between_parts(sheet: Sheet) -> None:
    """The wires that do not touch the header."""
    for wire in sheet.plan.wires:
        start, end = sheet.at[f"{wire.start}>"], sheet.at[wire.end]
        reserved = "reserved" in {sheet.plan.parts[name.partition(".")[0]].state for name in (wire.start, wire.end)}
        rail = next((supply.rail for supply in sheet.plan.power if wire.start in supply.to), "")
        sheet.page.wire([start, end], colour=COLOURS.get(rail, INK), dashed=reserved)
        sheet.page.dot(start, 3.2, fill=INK)
        sheet.page.words(wire.start.partition(".")[2], (start[0] - 9, start[1]), size=11.5, anchor="end")


def row_of(pin: int) -> float:
    """Height of a header pin."""
    return TOP + PITCH * ((pin - 1) // 2)


def leaving(pin: Pin, *, to_right: bool) -> float:
    """Height at which a wire from the pin runs: odd pins that go right pass below their row."""
    return row_of(pin.header) + (PITCH / 2 if pin.header % 2 and to_right else 0.0)


def routed(sheet: Sheet, part_ids: tuple[str, ...], *, x_from: float, x_to: float) -> None:
    """The signal wires between the header and one column.

    Raises ValueError when two of them cannot be told apart.
    """
    pins = {pin.signal: pin for pin in sheet.plan.pins if pin.to and pin.to[0].partition(".")[0] in part_ids}
    to_right = x_to > x_from
    runs = [
        Run(pin.signal, leaving(pin, to_right=to_right), tuple(sheet.at[end][1] for end in pin.to)) for pin in pins.values()
    ]
    near, far = (x_from + 22, x_to - TAG - 26) if to_right else (x_from - 22, x_to + TAG + 26)
    order = ordered(runs)
    if lying := clashes(order):
        raise ValueError(f"these wires would lie on each other: {lying}; move a box of hardware/diagram.py by some pixels")
    for number, run in enumerate(order):
        lane = near + (far - near) * (number / max(1, len(order) - 1))
        draw_run(sheet, pins[run.name], run, lane, x_to)


def draw_run(sheet: Sheet, pin: Pin, run: Run, lane: float, x_to: float) -> None:
    """One wire with its one or two ends, and a dot where it forks."""
    colour, dashed = COLOURS.get(pin.owner, INK), pin.state == "reserved"
    odd = pin.header % 2 == 1
    x, y = HEADER_X + (-13 if odd else 13), row_of(pin.header)
    begin: list[Point] = [(x, y)]
    if odd and run.start != y:
        begin = [(x, y), (x + 13, run.start)]
    lines = [[*begin, (lane, run.start), (lane, end), (x_to, end)] for end in run.ends]
    sheet.page.wire(*lines, colour=colour, dashed=dashed)
    if len(run.ends) > 1:
        fork = min(max(run.start, min(run.ends)), max(run.ends))
        sheet.page.dot((lane, fork), 4, fill=colour)


def supply_tags(sheet: Sheet) -> None:
    """Which header pin a terminal's supply comes from."""
    for supply in sheet.plan.power:
        for end in supply.to:
            x, y = sheet.at[end]
            left = end.partition(".")[0] in LEFT
            colour = COLOURS[supply.rail]
            sheet.page.wire([(x, y), (x + (16 if left else -16), y)], colour=colour)
            sheet.page.pill(f"{supply.rail} · {supply.header}", x + 16 if left else x - 16 - 58, y, 58, fill=colour)
            sheet.page.dot((x, y), 3.2, fill=INK)


def header(sheet: Sheet) -> None:
    """The 40 pins with their names."""
    page = sheet.page
    page.box(HEADER_X - 27, TOP - 22, 54, PITCH * 19 + 44, fill="#e1e7ec", line=INK)
    page.words("Raspberry Pi", (HEADER_X, TOP - 38), anchor="middle", bold=True, size=13)
    by_header = {pin.header: pin for pin in sheet.plan.pins}
    for row, pair in enumerate(HEADER):
        for side, name in enumerate(pair):
            number = 2 * row + side + 1
            pin = by_header.get(number)
            used = bool(pin.to) if pin else any(supply.header == number and supply.to for supply in sheet.plan.power)
            colour = COLOURS.get(pin.owner if pin else str(name), INK) if used else QUIET
            at = (HEADER_X + (13 if side else -13), row_of(number))
            page.dot(at, 10, fill=colour)
            page.words(str(number), at, size=9.5, colour="#ffffff", anchor="middle", bold=True)
            text = f"GPIO {name}" if pin else str(name)
            page.pill(text, HEADER_X + 36 if side else HEADER_X - 36 - 62, at[1], 62, fill=colour)
