"""One guard for each stage: what a stage raises becomes a fault, and the stage is built anew after a while.

Nothing that goes wrong in the core may end the music. A stage that raises is thrown away with its state, because nobody knows
what state it is in; until it has been rebuilt, the caller's last good value stands in. The wait doubles from 1 s up to 60 s and
starts over once a stage has worked for a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from undertone.flow import Fault, FaultKind

__all__ = ["Guard"]

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
TRUSTED_AFTER = 60.0

Stage = TypeVar("Stage")
Value = TypeVar("Value")

log = logging.getLogger(__name__)


class Guard(Generic[Stage]):
    """Calls a stage and survives it.

    name: the stage, as a person would call it.
    build: makes the stage anew.
    tell: is given a Fault when trouble begins and when it is over.
    """

    def __init__(self, name: str, build: Callable[[], Stage], *, tell: Callable[[Fault], None]) -> None:
        self.name = name
        self.failures = 0
        self._build = build
        self._tell = tell
        self._stage: Stage | None = build()
        self._wait = FIRST_WAIT
        self._again_at = 0.0
        self._broken: Fault | None = None

    @property
    def stage(self) -> Stage | None:
        """The stage, or None while it waits to be rebuilt."""
        return self._stage

    def call(self, now: float, use: Callable[[Stage], Value], otherwise: Value) -> Value:
        """What `use` makes of the stage, or `otherwise` when the stage is broken or breaks."""
        if self._stage is None and now < self._again_at:
            return otherwise
        try:
            if self._stage is None:
                self._stage = self._build()
            value = use(self._stage)
        except Exception as error:
            self._break(now, error)
            return otherwise
        if self._broken is not None and now - self._again_at >= TRUSTED_AFTER:
            self._heal(now)
        return value

    def _break(self, now: float, error: Exception) -> None:
        self.failures += 1
        self._stage = None
        self._again_at = now + self._wait
        self._wait = min(2.0 * self._wait, LONGEST_WAIT)
        if self._broken is None:
            log.exception("%s failed", self.name)
            what = f"{type(error).__name__}: {error}"
            message = f"{self.name} failed ({what}) and is started anew; if this comes back, send the log to the makers."
            self._broken = Fault(t=now, source=self.name, kind=FaultKind.STAGE, message=message)
            self._tell(self._broken)

    def _heal(self, now: float) -> None:
        assert self._broken is not None
        self._tell(Fault(t=now, source=self.name, kind=FaultKind.STAGE, message=f"{self.name} works again.", over=True))
        self._broken, self._wait = None, FIRST_WAIT
