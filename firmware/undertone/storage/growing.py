"""Tables that grow while a recording is made: each batch is appended whole, or not at all, and confirmed by the disk.

Source: RFC 1952, section 2.2, for files of several members; B. P. Welford, Technometrics 4(3), 1962,
doi:10.1080/00401706.1962.10490022, for the running sums.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from undertone.flow import Block, Channel
from undertone.storage.playback import FULL_SCALE
from undertone.storage.recording_writer import table_text, write_whole
from undertone.storage.tables import BEGINNING

__all__ = ["LIGHT", "PRIVATE", "GrowingLines", "GrowingSeries"]

MOST_ROWS = 100_000
"""Rows of missing samples that are made at once."""
PRIVATE = 0o600
"""Who may read what was recorded: only whose it is."""

LIGHT = ("infrared", "red")
"""Columns of the light."""
_COUNTS: Mapping[str, Any] = {"Units": "counts", "Maximum": FULL_SCALE}
_ABOUT: Mapping[str, Mapping[str, Any]] = {
    "infrared": {"Description": "reflected light, 880 nm: less where there is more blood", **_COUNTS},
    "red": {"Description": "reflected light, 660 nm: less where there is more blood", **_COUNTS},
    "eda": {"Description": "skin conductance", "Units": "µS"},
}


class GrowingSeries:
    """One compressed table and what is said beside it.

    path: without its ending. columns: the names of one or two. device: maker and model. zero: what is called 0, seconds.
    """

    def __init__(
        self, path: Path, columns: tuple[str, ...], device: tuple[str, str] | None, *, zero: float = 0.0
    ) -> None:
        self._path = path
        self._columns = columns
        self._device = device
        self._zero = zero
        self._rows: list[bytes] = []
        self._waiting: Block | None = None
        self._line = _Line()
        self._next = 0
        self._end: float | None = None
        self._left = 0.0
        self._begun = False
        self._said = b""

    def push(self, block: Block) -> int:
        """Take a block; returns how many samples are missing before it."""
        if block.channel is Channel.SKIN:
            return self._take(block, block)
        missing, waiting = 0, self._waiting
        if block.channel is Channel.INFRARED:
            missing = self._take(waiting) if waiting is not None else 0
            self._waiting = block
        elif waiting is not None and (waiting.t0, len(waiting.values)) == (block.t0, len(block.values)):
            missing = self._take(waiting, block)
            self._waiting = None
        return missing

    def finish(self) -> None:
        """Nothing more comes: infrared light does not wait for red any longer."""
        if self._waiting is not None:
            self._take(self._waiting)
            self._waiting = None

    def flush(self) -> None:
        """Append what was collected."""
        if not self._rows:
            return
        data = Path(f"{self._path}.tsv.gz")
        if not self._begun:
            self._say()
            write_whole(data, BEGINNING, mode=PRIVATE)
            self._begun = True
        _append(data, gzip.compress(b"".join(self._rows), compresslevel=6, mtime=0))
        self._rows = []
        self._say()

    def _take(self, block: Block, beside: Block | None = None) -> int:
        missing = self._missing(block)
        nothing = b"\t".join([b"n/a"] * len(self._columns)) + b"\n"
        for start in range(0, missing, MOST_ROWS):
            self._rows.append(nothing * min(MOST_ROWS, missing - start))
        self._next += missing
        self._line.add(self._next, block.t0 - self._zero, block.rate_hz)
        self._rows.append(_rows(block, beside, len(self._columns)))
        self._next += len(block.values)
        self._end = block.end
        return missing

    def _missing(self, block: Block) -> int:
        """Rows between the last sample and this block."""
        if self._end is None:
            return 0
        exact = (block.t0 - self._end) * block.rate_hz + self._left
        rows = max(round(exact), 1 if block.lost else 0)
        self._left = exact - rows
        return rows

    def _say(self) -> None:
        """What a reader must know, beside the table."""
        rate_hz, start = self._line.rate_and_start()
        side: dict[str, Any] = {"SamplingFrequency": rate_hz, "StartTime": start, "Columns": list(self._columns)}
        side |= {column: _ABOUT[column] for column in self._columns}
        if self._device is not None:
            side["Manufacturer"], side["ManufacturersModelName"] = self._device
        text = (json.dumps(side, indent=2, ensure_ascii=False) + "\n").encode()
        if text != self._said:
            write_whole(Path(f"{self._path}.json"), text, mode=PRIVATE)
            self._said = text


class GrowingLines:
    """A text table to which rows are added."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._path = path
        self._columns = columns
        self._rows: list[tuple[str, ...]] = []
        self._begun = False

    def add(self, row: tuple[str, ...]) -> None:
        """Collect a row."""
        self._rows.append(row)

    def flush(self) -> None:
        """Append what was collected."""
        if not self._rows:
            return
        if not self._begun:
            write_whole(self._path, table_text([self._columns]), mode=PRIVATE)
            self._begun = True
        _append(self._path, table_text(self._rows))
        self._rows = []


class _Line:
    """The least squares line through the moments of blocks: when the row of a given number was measured."""

    def __init__(self) -> None:
        self._count = 0
        self._row = self._time = 0.0
        self._rows_squared = self._product = 0.0
        self._rate_hz = 1.0

    def add(self, row: int, t: float, rate_hz: float) -> None:
        """The block whose first sample is in this row was measured from `t` on."""
        self._count += 1
        self._rate_hz = rate_hz
        off_row, off_time = row - self._row, t - self._time
        self._row += off_row / self._count
        self._time += off_time / self._count
        self._rows_squared += off_row * (row - self._row)
        self._product += off_row * (t - self._time)

    def rate_and_start(self) -> tuple[float, float]:
        """Rows a second, and when row 0 was measured, seconds; of one block, what it says itself."""
        period = self._product / self._rows_squared if self._rows_squared else 1.0 / self._rate_hz
        return round(1.0 / period, 9), round(self._time - period * self._row, 6)


def _rows(block: Block, beside: Block | None, columns: int) -> bytes:
    """The lines of a table: to ten digits, which counts never need and microsiemens never deserve."""
    left = [f"{value:.10g}" if np.isfinite(value) else "n/a" for value in block.values.tolist()]
    if columns == 1:
        return ("\n".join(left) + "\n").encode()
    right = ["n/a"] * len(left) if beside is None else [f"{value:.10g}" for value in beside.values.tolist()]
    return "".join(f"{a}\t{b}\n" for a, b in zip(left, right, strict=True)).encode()


def _append(path: Path, content: bytes) -> None:
    """All of the content, confirmed by the disk, or none of it and OSError."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        good = os.fstat(file).st_size
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file, good)
            raise
    finally:
        os.close(file)
