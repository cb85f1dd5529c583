"""Chance, in named streams of one seed.

Each layer draws from streams of its own, and each place in the music (a chapter, a phrase, a bar) from a stream of that place.
So no layer can change another by drawing more or less, and a bar does not depend on how many bars came before it.

Only `random.Random.random` is used below, because it is the one method whose values Python promises to keep across versions.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

__all__ = ["Stream", "Streams"]

Choice = TypeVar("Choice")


class Stream:
    """A repeatable source of chance."""

    def __init__(self, name: str) -> None:
        self._unit = random.Random(name).random

    def unit(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._unit()

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return low + (high - low) * self._unit()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._unit() < probability

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices, all equally likely. Raises IndexError when there are none."""
        return choices[int(self._unit() * len(choices))]

    def weighted(self, choices: Sequence[tuple[Choice, float]]) -> Choice:
        """One of the choices, each as likely as its weight says. Raises IndexError when there are none."""
        left = self._unit() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][0]


class Streams:
    """All streams of one seed.

    variations: another number for a name re-rolls the streams of that name and no other. piece: what else tells this music from
    other music of the seed, such as its style.
    """

    def __init__(self, seed: int, variations: Mapping[str, int] | None = None, *, piece: str = "") -> None:
        self._seed = f"{seed}:{piece}" if piece else str(seed)
        self._variations = dict(variations or {})

    def of(self, name: str, *place: object) -> Stream:
        """The stream of this name at this place; asked for again, it starts anew with the same values."""
        where = ":".join(str(part) for part in (self._seed, name, self._variations.get(name, 0), *place))
        return Stream(where)
