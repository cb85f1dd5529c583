"""How the outside reaches the core: by threads in real time, by timers in virtual time.

The reader of the sensors and the player of the sound block, so in real time each has a thread of its own. In virtual time the
same reader and the same player are timers, and nothing is left to chance. What they call, and what they bring, is identical.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from undertone.audio import Player, PlayerThread, SilentPlayer
from undertone.flow import Bar, Block, Fault
from undertone.sensors import Polled, ReaderThread
from undertone.timeline import Clock, Timeline

__all__ = ["Compose", "Edges", "Shelf", "ThreadEdges", "TimerEdges"]

Deliver = Callable[[float, Block | Fault], None]
"""Called in the core's thread with `now` and what came from an edge: samples, or trouble with the sensors or the sound."""
Compose = Callable[[float], Bar | None]
"""The bar that will sound from a moment on."""


class Edges(Protocol):
    """Starts and stops what touches the world."""

    def bars(self, timeline: Timeline, compose: Compose) -> Compose:
        """`compose` in a form that the player may call from wherever it runs."""

    def sense(self, timeline: Timeline, reader: Polled, deliver: Deliver) -> None:
        """Let samples arrive."""

    def sound(self, timeline: Timeline, player: Player | SilentPlayer, deliver: Deliver) -> None:
        """Let sound go out; `deliver` is given the player's faults."""

    def aside(self, work: Callable[[], None]) -> None:
        """Do what may take long and nobody waits for."""

    def stop(self) -> None:
        """End both. May be called twice."""


class TimerEdges:
    """Virtual time: the reader and the player are timers of the timeline."""

    def bars(self, timeline: Timeline, compose: Compose) -> Compose:
        """Composed at once, in the same thread."""
        return compose

    def sense(self, timeline: Timeline, reader: Polled, deliver: Deliver) -> None:
        """Add the reader to the timeline."""

        def poll(now: float) -> float:
            for value in reader.poll(now):
                deliver(now, value)
            return reader.due

        timeline.add("sensors", poll)

    def sound(self, timeline: Timeline, player: Player | SilentPlayer, deliver: Deliver) -> None:
        """Add the player to the timeline."""
        timeline.add("sound", player.advance)

    def aside(self, work: Callable[[], None]) -> None:
        """At once: time stands still meanwhile."""
        work()

    def stop(self) -> None:
        """Nothing runs by itself, so there is nothing to stop."""


class Shelf:
    """One bar composed ahead, so that the player's thread never waits for the core.

    Taking the bar has the next one composed. An empty shelf yields None, and the player holds its last chord.
    """

    def __init__(self, timeline: Timeline, compose: Compose) -> None:
        self._timeline = timeline
        self._compose = compose
        self._bars: queue.SimpleQueue[Bar] = queue.SimpleQueue()
        self._ordered = False

    def take(self, t: float) -> Bar | None:
        """The bar on the shelf, if there is one; called in the player's thread with the moment at which it will sound."""
        try:
            bar = self._bars.get_nowait()
        except queue.Empty:
            bar = None
        ahead = t if bar is None else t + bar.seconds
        if bar is not None or not self._ordered:
            self._ordered = True
            self._timeline.post("music", lambda now: self._fill(ahead))
        return bar

    def _fill(self, t: float) -> None:
        bar = self._compose(t)
        if bar is None:
            self._ordered = False
        else:
            self._bars.put(bar)


@dataclass(slots=True)
class ThreadEdges:
    """Real time: a thread reads the bus, another writes the sound, and both reach the core through its inbox."""

    clock: Clock
    _reader: ReaderThread | None = None
    _player: PlayerThread | None = None

    def bars(self, timeline: Timeline, compose: Compose) -> Compose:
        """From a shelf that the core refills."""
        return Shelf(timeline, compose).take

    def sense(self, timeline: Timeline, reader: Polled, deliver: Deliver) -> None:
        """Start the thread that reads: what the sensors hold lasts a third of a second, and the core may take longer."""
        self._reader = ReaderThread(reader, self.clock, _posting(timeline, deliver))
        self._reader.start()

    def sound(self, timeline: Timeline, player: Player | SilentPlayer, deliver: Deliver) -> None:
        """Start the thread that writes."""
        # Nothing is played in silence in real time: a device without sound still has a player that waits for one.
        assert isinstance(player, Player)
        self._player = PlayerThread(player, self.clock, on_fault=_posting(timeline, deliver))
        self._player.start()

    def aside(self, work: Callable[[], None]) -> None:
        """In a thread of its own, which ends with the process."""
        threading.Thread(target=work, name="undertone-aside", daemon=True).start()

    def stop(self) -> None:
        """Stop the sound first, then the sensors."""
        if self._player is not None:
            self._player.stop()
        if self._reader is not None:
            self._reader.stop()
        self._player = self._reader = None


def _posting(timeline: Timeline, deliver: Deliver) -> Callable[[Block | Fault], None]:
    """Hands what a thread brings over to the core's."""
    return lambda value: timeline.post("edges", lambda now: deliver(now, value))
