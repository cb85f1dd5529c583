"""What waits to be written, within bounds, and what is given up first when there is too much of it.

The policy. Samples go first, then readings (what can be felt again in a second), then what the music did, and events last: what
went wrong and what a person asked for are given up only when nothing else is left and there are more of them than fit. Within a
rank the oldest goes first. Whatever is given up is counted.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from undertone import flow

__all__ = ["Backlog", "Rank", "Waiting"]


class Rank(IntEnum):
    """How much a kept value matters, least first."""

    SAMPLES = 0
    READING = 1
    MUSIC = 2
    EVENT = 3


RANKS: Mapping[type, Rank] = {
    flow.Block: Rank.SAMPLES,
    flow.Beat: Rank.READING,
    flow.Response: Rank.READING,
    flow.Features: Rank.READING,
    flow.Affect: Rank.READING,
    flow.Directive: Rank.MUSIC,
    flow.Bar: Rank.MUSIC,
    flow.Fault: Rank.EVENT,
    flow.Command: Rank.EVENT,
}


class Waiting(NamedTuple):
    """One value that waits, with its place in the order."""

    order: int
    t: float
    value: Any


class Backlog:
    """Values in the order in which they came, at most `most` of them. Not safe for threads by itself."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._order = itertools.count()
        self._ranks = {rank: deque[Waiting]() for rank in Rank}
        self._size = 0
        self._given_up = dict.fromkeys(Rank, 0)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Waiting]:
        return iter(heapq.merge(*self._ranks.values()))

    @property
    def given_up(self) -> Mapping[Rank, int]:
        """How many values of each rank had to go."""
        return self._given_up

    def add(self, t: float, value: Any) -> None:
        """One more value, the latest."""
        self._ranks[RANKS.get(type(value), Rank.READING)].append(Waiting(next(self._order), t, value))
        self._size += 1
        self._give_up()

    def take(self, most: int) -> list[Waiting]:
        """The oldest values, at most so many, removed from here."""
        taken = list(itertools.islice(heapq.merge(*self._ranks.values()), most))
        for waiting in taken:
            self._ranks[RANKS.get(type(waiting.value), Rank.READING)].popleft()
        self._size -= len(taken)
        return taken

    def put_back(self, taken: Iterable[Waiting]) -> None:
        """What was taken last could not be written and waits again, in its old place."""
        for waiting in reversed(list(taken)):
            self._ranks[RANKS.get(type(waiting.value), Rank.READING)].appendleft(waiting)
            self._size += 1
        self._give_up()

    def _give_up(self) -> None:
        while self._size > self._most:
            rank = next(rank for rank in Rank if self._ranks[rank])
            self._ranks[rank].popleft()
            self._given_up[rank] += 1
            self._size -= 1
