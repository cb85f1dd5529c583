"""Several makers of music, one after the other: scores, then a recording, then scores again, with a pause between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from undertone.flow import Bar, Directive, Texture
from undertone.music.expression import ENTRY_DB, LEVEL_STEP
from undertone.music.streams import Streams

__all__ = ["Maker", "Medley"]

SHORTEST_PAUSE = 3.0
"""Seconds."""
BEATS = 4


class Maker(Protocol):
    """Whatever makes bars and plays one piece after the other."""

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on, seconds."""

    @property
    def between(self) -> bool:
        """True while no piece is being played: another maker may go on."""


class Medley:
    """Lets several makers play a piece each. The same seed and directives give the same bars.

    makers: at least one, with how many pieces each has: who has more has more turns. seed: draws the order.
    """

    def __init__(self, makers: Sequence[tuple[Maker, int]], seed: int) -> None:
        self._makers = [(maker, float(max(1, pieces))) for maker, pieces in makers]
        self._streams = Streams(seed)
        self._turns = 0
        self._index = 0
        self._now = self._drawn()
        self._before: Bar | None = None

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on (seconds).

        Where a piece has ended and another maker's turn comes, a bar of rest leads to where music enters, at the pace at which
        levels may move.
        """
        maker, last = self._now, self._before
        if maker.between and last is not None and last.level_db > ENTRY_DB:
            self._now = self._drawn()
            if self._now is not maker:
                return self._told(self._rest(last))
        return self._told(self._now.compose(t, directive))

    def _drawn(self) -> Maker:
        """Whose turn it is."""
        self._turns += 1
        return self._streams.of("medley", self._turns).weighted(self._makers)

    def _rest(self, last: Bar) -> Bar:
        seconds = max(SHORTEST_PAUSE, (last.level_db - ENTRY_DB) / LEVEL_STEP)
        silent: Mapping[Texture, float] = MappingProxyType({})
        return replace(
            last,
            beats=BEATS,
            tempo_bpm=60.0 * BEATS / seconds,
            notes=(),
            cue=None,
            textures=silent,
            level_db=ENTRY_DB,
            section="pause",
            chord="",
            origin="",
        )

    def _told(self, bar: Bar) -> Bar:
        self._before = replace(bar, index=self._index)
        self._index += 1
        return self._before
