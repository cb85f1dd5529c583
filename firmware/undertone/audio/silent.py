"""A player that makes no sound and no work, but keeps the bars' clock."""

from __future__ import annotations

from collections.abc import Callable

from undertone.flow import Bar

__all__ = ["SilentPlayer"]

ASK_AGAIN_SECONDS = 0.25


class SilentPlayer:
    """Asks for bars when they would be due and tells of them, as `Player` does. For nights without sound.

    need_bar, ahead, on_bar: as for `Player`. Without a bar, the next may start at any moment.
    """

    level_dbfs: float | None = None
    level_dba: float | None = None
    underruns = 0
    broken = 0
    lost = False
    rendered_ahead = 0.0

    def __init__(
        self,
        need_bar: Callable[[float], Bar | None],
        *,
        ahead: float = 0.5,
        on_bar: Callable[[float, Bar], None] | None = None,
    ) -> None:
        self.ahead = ahead
        self._need_bar = need_bar
        self._on_bar = on_bar
        self._volume_db = 0.0
        self._began: float | None = None
        self._now = 0.0
        self._next = 0.0

    @property
    def volume_db(self) -> float:
        """What the listener asked for, dB ≤ 0."""
        return self._volume_db

    @volume_db.setter
    def volume_db(self, volume_db: float) -> None:
        self._volume_db = min(0.0, volume_db)

    @property
    def position(self) -> float:
        """Seconds that would have been heard."""
        return 0.0 if self._began is None else self._now - self._began

    def troubles(self) -> list[str]:
        """None: no sound file is opened."""
        return []

    def failed_tracks(self) -> list[str]:
        """None either."""
        return []

    def hush(self) -> None:
        """Be silent, which it is; the bars go on."""

    def resume(self, seconds: float | None = None) -> None:
        """Nothing to bring up: it stays silent."""

    def advance(self, now: float) -> float:
        """Ask for the bars that start until now + ahead, and say when this is due again."""
        if self._began is None:
            self._began = self._next = now
        self._now = now
        while self._next <= now + self.ahead:
            bar = self._need_bar(max(self._next, now))
            if bar is None:
                return now + ASK_AGAIN_SECONDS
            start = max(self._next, now)
            if self._on_bar is not None:
                self._on_bar(start, bar)
            self._next = start + bar.seconds
        return self._next - self.ahead

    def close(self) -> None:
        """Nothing to give back."""
