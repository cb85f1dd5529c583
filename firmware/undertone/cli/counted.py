"""What a device has counted, for people: grouped by part and pod, whatever its names are, and nothing that never happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["counted"]

PARTS = ("pulse", "skin", "bus", "journal")
"""First words of names that say what they are about; whatever begins otherwise is about the device."""
ROUTINE = ("samples", "conversions")
"""What every pod counts all the time: said of all together, not of each."""
ORDINARY = "device"
UNITS: tuple[tuple[str, Callable[[str, int], str]], ...] = (
    (r"(.*) microamperes", lambda name, value: f"{name} {value / 1000:.1f} mA"),
    (r"(.*) nanoamperes", lambda name, value: f"{name} {value / 1000:.1f} µA"),
    (r"(.*) parts per million", lambda name, value: f"{name} {value:+d} ppm"),
    (r"(.*) °C", lambda name, value: f"{name} {value} °C"),
)
"""How names that end in a unit are said. They tell how things stand, rather than how often something happened."""


def counted(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Rows of a part's name and of what was counted of it; of several pods, what is particular to each has a row of its own."""
    pods = sorted({match[1] for name in counts if (match := _pod(name))}, key=int)
    groups: dict[str, list[str]] = {}
    for name, value in counts.items():
        match = _pod(name)
        pod, own = (match[1], match[2]) if match else (None, name)
        part, what = _split(own)
        if not value or (match and _needless(own, what, counts, several=len(pods) > 1)):
            continue
        row = f"pod {pod} {part}" if pod is not None and len(pods) > 1 else part
        groups.setdefault(row, []).append(_said(what, value))
    return [(row, ", ".join(said)) for row, said in groups.items()]


def _pod(name: str) -> re.Match[str] | None:
    return re.fullmatch(r"pod (\d+): (.+)", name)


def _split(name: str) -> tuple[str, str]:
    """The part that a name is about, and the rest of it."""
    first, _, rest = name.partition(" ")
    return (first, rest) if first in PARTS and rest else (ORDINARY, name)


def _needless(own: str, what: str, counts: Mapping[str, int], *, several: bool) -> bool:
    """Whether the same is said of all pods together, and there is no reason to say it of one."""
    return own in counts and (not several or what in ROUTINE)


def _said(what: str, value: int) -> str:
    for pattern, say in UNITS:
        if match := re.fullmatch(pattern, what):
            return say(match[1], value)
    return f"{value:,} {what}"
