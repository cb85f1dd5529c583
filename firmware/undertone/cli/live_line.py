"""How something goes, in one line that is written over on a terminal, and in a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
from typing import Any

__all__ = ["LiveLine"]

WIDTH = 100
"""Columns of a terminal that does not say how many it has."""


class LiveLine:
    """One line that is alive. Use it as a context.

    every: seconds between two lines where there is no terminal. stream: where to; the standard output if not given.
    """

    def __init__(self, *, every: float, stream: Any = None) -> None:
        self._every = every
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._next = float("-inf")
        self._shown = False

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(self, *trouble: object) -> None:
        if self._shown:
            print(file=self._stream)

    def show(self, now: float, text: str) -> None:
        """Show how it is at this moment, seconds."""
        if self._terminal:
            width = shutil.get_terminal_size((WIDTH, 24)).columns - 1
            self._stream.write("\r\033[K" + text[:width])
            self._stream.flush()
            self._shown = True
        elif now >= self._next:
            self._next = now + self._every
            print(text, file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """Say something that stays."""
        print(("\r\033[K" if self._shown else "") + text, file=self._stream, flush=True)
        self._shown = False
