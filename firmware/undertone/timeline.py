"""Time as an argument: clocks, and the one loop in which everything that decides runs.

Theory of operation. The core of the device is plain function calls that never ask what time it is. A `Timeline` owns the
timers and the inbox; it sleeps until the next timer is due or a message arrives, and calls one thing after the other. A timer
gets `now` and returns when it wants to be called next, or None for never again (the contract is Klipper's; the code is not).

With a `SystemClock` the timeline sleeps; with a `VirtualClock` it jumps. Nothing else differs, so a night becomes a test.

Threads live at the edges only and reach the core through `Timeline.post`, which is the single method that other threads may
call. A turn that takes longer than its budget is remembered together with the name of what ran: the latency report.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Clock", "Late", "SystemClock", "Timeline", "Timer", "VirtualClock"]

Timer = Callable[[float], float | None]
"""Called with `now`, seconds; returns when it is due next, or None to end."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def wait(self, inbox: queue.SimpleQueue[Any], until: float) -> Any:
        """The next message, or None once `until` has come."""


class SystemClock:
    """The machine's monotonic clock.

    zero: the moment of that clock, seconds, that is called 0.
    """

    def __init__(self, zero: float = 0.0) -> None:
        self._zero = zero

    @classmethod
    def from_now(cls) -> SystemClock:
        """A clock that starts at 0, so that a session's times are those of the session."""
        return cls(time.monotonic())

    def now(self) -> float:
        """Seconds since zero."""
        return time.monotonic() - self._zero

    def wait(self, inbox: queue.SimpleQueue[Any], until: float) -> Any:
        """Sleep until a message comes or `until` is reached."""
        try:
            return inbox.get(timeout=max(0.0, min(until - self.now(), 3600.0)))
        except queue.Empty:
            return None


class VirtualClock:
    """Time that passes only when everything has been done. It cannot go back."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since the start."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Let time pass.

        Raises ValueError for a negative number of seconds.
        """
        if seconds < 0:
            raise ValueError(f"time cannot go back by {-seconds} s")
        self._now += seconds

    def wait(self, inbox: queue.SimpleQueue[Any], until: float) -> Any:
        """The message that already waits, else jump to `until`."""
        try:
            return inbox.get_nowait()
        except queue.Empty:
            self._now = max(self._now, until)
            return None


@dataclass(frozen=True, slots=True)
class Late:
    """A turn that took longer than its budget."""

    t: float
    name: str
    seconds: float


class Timeline:
    """Calls timers when they are due and handlers when messages arrive, one after the other, in one thread.

    Timers due at the same moment run in the order in which they were added. Messages are handled before timers that are due
    at the same moment.

    budget: seconds that one call may take before it is remembered as late.
    stopwatch: measures how long calls take; never used to decide anything.
    """

    def __init__(self, clock: Clock, *, budget: float = 0.05, stopwatch: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.turns = 0
        self.late: dict[str, Late] = {}
        self._budget = budget
        self._stopwatch = stopwatch
        self._order = itertools.count()
        self._timers: list[tuple[float, int, str, Timer]] = []
        self._inbox: queue.SimpleQueue[tuple[str, Callable[[float], None]]] = queue.SimpleQueue()
        self._running = False

    def add(self, name: str, timer: Timer, *, due: float | None = None) -> None:
        """Call `timer` at `due` (now, if not given) and whenever it asks for afterwards. `name` is for the latency report."""
        when = self.clock.now() if due is None else due
        heapq.heappush(self._timers, (when, next(self._order), name, timer))

    def post(self, name: str, call: Callable[[float], None]) -> None:
        """Have `call(now)` run in the timeline's thread, as soon as possible. May be called from any thread."""
        self._inbox.put((name, call))

    def stop(self) -> None:
        """End `run` after the current call. From another thread, post this."""
        self._running = False

    def run(self, until: float = float("inf")) -> None:
        """Run until `until`, until `stop`, or until there is nothing left that could ever happen."""
        self._running = True
        while self._running:
            due = self._timers[0][0] if self._timers else float("inf")
            if min(due, until) == float("inf") and isinstance(self.clock, VirtualClock) and self._inbox.empty():
                return
            message = self.clock.wait(self._inbox, min(due, until))
            if message is not None:
                self._call(*message)
                continue
            now = self.clock.now()
            if now >= until and due > until:
                return
            if due <= now:
                self._turn(now)

    def _turn(self, now: float) -> None:
        _, order, name, timer = heapq.heappop(self._timers)
        again = self._call(name, timer)
        if again is not None:
            # A timer that asks for a moment in the past has fallen behind: it is called again at once, but after the others.
            heapq.heappush(self._timers, (max(again, now), order, name, timer))

    def _call(self, name: str, call: Callable[[float], Any]) -> Any:
        before = self._stopwatch()
        result = call(self.clock.now())
        seconds = self._stopwatch() - before
        self.turns += 1
        if seconds > self._budget and seconds > self.late.get(name, Late(0.0, name, 0.0)).seconds:
            self.late[name] = Late(self.clock.now(), name, seconds)
        return result
