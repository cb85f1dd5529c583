"""Who decides when several want something: one order, written once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TypeVar

__all__ = ["Authority", "strongest"]

Claim = TypeVar("Claim")


class Authority(IntEnum):
    """Whose word it is, weakest first."""

    DEFAULT = 0
    """Nobody has said anything and nothing is known."""
    SCHEDULE = 1
    """The programme as planned."""
    SENSOR = 2
    """What the body shows."""
    REPORT = 3
    """What the listener says of themselves."""
    CHOICE = 4
    """What the listener asks for."""
    STOP = 5
    """Silence: asked for, or the programme is over."""


def strongest(claims: Mapping[Authority, Claim]) -> tuple[Authority, Claim]:
    """The claim of the highest authority among those that have one.

    Raises ValueError where nobody claims anything.
    """
    if not claims:
        raise ValueError("nobody claims anything; there is always at least the default")
    first = max(claims)
    return first, claims[first]
