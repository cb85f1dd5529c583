"""How far a benchmark has come, on the terminal's last line."""

from __future__ import annotations

import sys

__all__ = ["tell"]

WIDTH = 100


def tell(text: str) -> None:
    """Write `text` over what was told before; "" takes it away. Nothing is told where nobody looks."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:WIDTH]}", end="", file=sys.stderr, flush=True)
