"""Faults told once, conditions that must last before they count, and when to try again."""

from __future__ import annotations

from undertone.errors import BusTimeout, ChipMissing, ChipWrong, SensorError
from undertone.flow import Fault, FaultKind

__all__ = ["Access", "Lasting", "Ledger"]

_RETRIES = 2
"""Refused transfers in a row that are simply tried again."""
_RETRY_SECONDS = 0.01
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
"""Back-off, seconds: a hung pod costs the others one timeout in so long, and one that is plugged in again waits so long."""


class Ledger:
    """Which faults of one source are open. Each is told once when it begins and once when it ends."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._open: set[FaultKind] = set()

    def begin(self, now: float, kind: FaultKind, message: str) -> list[Fault]:
        """The fault to tell, unless it is already known."""
        if kind in self._open:
            return []
        self._open.add(kind)
        return [Fault(now, self.source, kind, message)]

    def end(self, now: float, kind: FaultKind, message: str) -> list[Fault]:
        """The end of a fault to tell, unless there was none."""
        if kind not in self._open:
            return []
        self._open.remove(kind)
        return [Fault(now, self.source, kind, message, over=True)]

    def settle(self, now: float, kind: FaultKind, holds: bool, *, begins: str, ends: str) -> list[Fault]:
        """What there is to tell of a fault that holds now, or does not: usually nothing.

        begins, ends: the messages of its beginning and its end.
        """
        if holds is (kind in self._open):
            return []
        return self.begin(now, kind, begins) if holds else self.end(now, kind, ends)


class Lasting:
    """A condition that begins when it has held for a while and ends when it has not held for a while.

    begins, ends: those whiles, seconds.
    """

    def __init__(self, begins: float, ends: float) -> None:
        self.holds = False
        self._begins, self._ends = begins, ends
        self._since: float | None = None

    def push(self, now: float, observed: bool) -> bool:
        """Whether the condition holds, now that it has been observed, or not."""
        if observed == self.holds:
            self._since = None
        elif self._since is None:
            self._since = now
        if self._since is not None and now - self._since >= (self._ends if self.holds else self._begins):
            self.holds, self._since = observed, None
        return self.holds


class Access:
    """Whether a chip can be reached, and when to try again after it could not.

    A refused transfer is tried again, twice; a FIFO and the next tick lose nothing by that. After the third, and at once where
    the bus hangs or the chip is the wrong one, it is a fault, and the pauses grow.
    """

    _KINDS = ((ChipMissing, FaultKind.CHIP_MISSING), (ChipWrong, FaultKind.CHIP_WRONG))

    def __init__(self, ledger: Ledger, what: str) -> None:
        self.retries = 0
        """Transfers tried again so far."""
        self._ledger = ledger
        self._what = what
        self._failures = 0
        self._pause = _FIRST_PAUSE
        self._kind: FaultKind | None = None

    @property
    def lost(self) -> bool:
        """Whether the chip has been given up for now: it must be set up anew."""
        return self._kind is not None

    def failed(self, now: float, error: SensorError) -> tuple[float, list[Fault]]:
        """Take note of a failure. Returns when to try again, and what to tell."""
        self._failures += 1
        kind = next((kind for cause, kind in self._KINDS if isinstance(error, cause)), FaultKind.BUS)
        passing = kind is not FaultKind.CHIP_WRONG and not isinstance(error, BusTimeout)
        if self._kind is None and passing and self._failures <= _RETRIES:
            self.retries += 1
            return now + _RETRY_SECONDS, []
        told = [] if kind is self._kind else self._over(now, f"The {self._what} has another problem now.")
        told += self._ledger.begin(now, kind, str(error))
        self._kind = kind
        again = now + self._pause
        self._pause = min(2.0 * self._pause, _LONGEST_PAUSE)
        return again, told

    def succeeded(self, now: float) -> list[Fault]:
        """Take note that the chip delivers. Returns what to tell."""
        if not self._failures:
            return []
        self._failures = 0
        self._pause = _FIRST_PAUSE
        return self._over(now, f"The {self._what} answers again.")

    def _over(self, now: float, message: str) -> list[Fault]:
        kind, self._kind = self._kind, None
        return self._ledger.end(now, kind, message) if kind is not None else []
