"""Rows of tables, and the verdicts under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from undertone.report.measures import GATES, Values, failed

__all__ = ["SHOWN", "bands", "gate_head", "gate_row", "medians", "quantiles", "two_or_more"]

SHOWN = (*GATES, "onsets/s")
NAME, CELL = 32, 11


def medians(rows: Sequence[Values]) -> dict[str, float | None]:
    """Of each measure over all rows in which it is known."""
    known = {key: [value for row in rows if (value := row[key]) is not None] for key in rows[0]}
    return {key: float(np.median(values)) if values else None for key, values in known.items()}


def two_or_more(rows: Iterable[Values]) -> int:
    """How many fail two gates or more."""
    return sum(len(failed(row)) >= 2 for row in rows)


def gate_head() -> str:
    """The head of the table of gates, with what passes."""
    passes = [f"{low:g}–{high:g}" if (low and high < 1.0) or high > 1.0 else f"≥ {low:g}" if low else f"≤ {high:g}"
              for low, high in GATES.values()]  # fmt: skip
    names = f"{'medians':<{NAME}}" + "".join(f"{name:>{CELL}}" for name in SHOWN)
    return f"{names}   fail 2+\n{'passes':<{NAME}}" + "".join(f"{text:>{CELL}}" for text in passes)


def gate_row(name: str, rows: Sequence[Values]) -> str:
    """Medians of a set, those outside of their gate marked, and how many of it fail two gates or more, and which."""
    middle = medians(rows)
    outside = failed(middle)
    cells = "".join(f"{_cell(middle[key], key in outside):>{CELL}}" for key in SHOWN)
    worst = Counter(gate for row in rows for gate in failed(row))
    detail = ", ".join(f"{gate} {count}" for gate, count in worst.most_common(4))
    return f"{name:<{NAME}}{cells}   {two_or_more(rows):>3} of {len(rows):<4} {detail}"


def _cell(value: float | None, outside: bool) -> str:
    return "–" if value is None else f"{'✗ ' if outside else ''}{value:.2f}"


def quantiles(values: Sequence[float]) -> str:
    """Least, median and greatest."""
    if not values:
        return "–"
    least, middle, most = np.quantile(values, [0.0, 0.5, 1.0])
    return f"{middle:.2f} ({least:.2f}…{most:.2f})"


def bands(rows: Sequence[Values]) -> Mapping[str, tuple[float, float]]:
    """The range in which the middle eight tenths of a set lie, for each measure."""
    found = {}
    for key in rows[0]:
        known = [value for row in rows if (value := row[key]) is not None]
        if known:
            low, high = np.quantile(known, [0.1, 0.9])
            found[key] = (float(low), float(high))
    return found
