"""What the pictures of a piece share: colours, axes of minutes, and the bands of its sections."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from undertone.flow import Bar, Layer, Texture
from undertone.report.listening import Listening
from undertone.report.panels import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "FAINT", "INK", "LAYERS", "TEXTURES", "WIDTH", "clocked", "fits", "key_changes", "letter", "rows", "sections", "shade",
    "stretches", "style",
]  # fmt: skip

INK, FAINT, GRID = "#1f2a31", "#6a7780", "#e1e6e9"
WIDTH = 11.0
"""Inches."""
LAYERS = {
    Layer.PAD: "#6d86a0",
    Layer.BASS: "#3d3029",
    Layer.HARMONY: "#4c8a3a",
    Layer.MELODY: "#b8401a",
    Layer.COUNTER: "#8a6a10",
    Layer.PERCUSSION: "#6b4f9c",
}
TEXTURES = {Texture.SEA: "#1f6f8b", Texture.RAIN: "#4a6fa5", Texture.WIND: "#5f7d6e", Texture.FIRE: "#a8501f"}
SHADES = ("#f4e3c8", "#d9e8d5", "#dbe4f3", "#eedcea", "#e6e3c9", "#d5e8e8", "#f3d9d3", "#e4e4ec")
"""Of the letters of the form, in the order in which they come."""
REST = "#ffffff"
STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)
"""Seconds between two marks of an axis."""
MOST_TICKS = 12
POINTS_PER_LETTER = 5.6
"""Width of a letter at the size of labels."""


def style() -> dict[Any, Any]:
    """Settings of matplotlib."""
    return {
        "font.size": 10.5, "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK, "axes.grid": True,
        "grid.color": GRID, "axes.axisbelow": True, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False,
        "axes.spines.right": False, "figure.dpi": 115, "legend.frameon": False, "legend.fontsize": 9.5, "axes.titlesize": 10.5,
    }  # fmt: skip


def letter(bar: Bar) -> str:
    """The section of a bar without the stroke that tells a second phrase from a first."""
    return bar.section.rstrip("'′’0123456789 ") or bar.section


def sections(listening: Listening, *, strokes: bool = True) -> list[tuple[float, float, str]]:
    """Start, end (seconds) and name of each stretch of bars of one section. strokes: tell second phrases from first ones."""
    found: list[tuple[float, float, str]] = []
    for bar, start, end in zip(listening.bars, listening.starts, listening.starts[1:], strict=False):
        name = bar.section if strokes else letter(bar)
        if found and found[-1][2] == name:
            found[-1] = (found[-1][0], end, name)
        else:
            found.append((start, end, name))
    return found


def shades(listening: Listening) -> dict[str, str]:
    """A colour for each letter of the form."""
    names = dict.fromkeys(letter(bar) for bar in listening.bars)
    colours = itertools.cycle(SHADES)
    return {name: REST if name in ("", "silence") else next(colours) for name in names}


def key_changes(listening: Listening) -> list[tuple[float, str]]:
    """Where the key becomes another, seconds, and its name."""
    found: list[tuple[float, str]] = []
    for bar, start in zip(listening.bars, listening.starts, strict=False):
        if bar.key and (not found or found[-1][1] != bar.key):
            found.append((start, bar.key))
    return found


def stretches(seconds: float, most: int) -> list[tuple[float, float]]:
    """The rows in which a long piece is drawn: two minutes each at least, so many at most."""
    length = max(120.0, seconds / most)
    count = max(1, round(seconds / length + 0.45))
    return [(index * seconds / count, (index + 1) * seconds / count) for index in range(count)]


def rows(count: int, height: float, *, sharex: bool = True) -> tuple[Figure, list[Axes]]:
    """Panels below each other, `height` inches each."""
    from matplotlib import pyplot

    size = (WIDTH, 0.7 + height * count)
    figure, grid = pyplot.subplots(count, 1, figsize=size, sharex=sharex, squeeze=False, layout="constrained")
    return figure, list(grid[:, 0])


def shade(axes: Axes, listening: Listening, start: float, end: float, *, named: bool = True) -> None:
    """The sections between two seconds as bands, with their names above where there is room."""
    colours = shades(listening)
    per_second = 0.9 * WIDTH * 72.0 / max(end - start, 1.0)
    for begin, until, name in sections(listening):
        begin, until = max(begin, start), min(until, end)
        if until <= begin:
            continue
        base = name.rstrip("'′’0123456789 ") or name
        axes.axvspan(begin, until, color=colours.get(base, REST), lw=0, zorder=0)
        if named and (until - begin) * per_second > POINTS_PER_LETTER * len(name) + 2.0:
            axes.annotate(name, (begin, 1.0), xycoords=("data", "axes fraction"), xytext=(1, 2), textcoords="offset points",
                          fontsize=9, annotation_clip=False)  # fmt: skip


def fits(at: float, name: str, free: float, per_unit: float, end: float) -> tuple[bool, float]:
    """Whether a label at a place has room behind the one before it and before the end, and from where on the next has."""
    until = at + (POINTS_PER_LETTER * len(name) + 4.0) / per_unit
    return (False, free) if at < free or until > end else (True, until)


def clocked(axes: Axes, start: float, end: float) -> None:
    """An axis from one second to another, with minutes and seconds at round places."""
    step = next((step for step in STEPS if (end - start) / step <= MOST_TICKS), STEPS[-1])
    ticks = [step * index for index in range(math.ceil(start / step - 0.01), math.floor(end / step + 0.01) + 1)]
    axes.set_xlim(start, end)
    axes.set_xticks(ticks, [clock(t) for t in ticks])
