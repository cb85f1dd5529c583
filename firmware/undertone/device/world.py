"""Every effect that the device has on anything, and three ways to have it: for real, simulated, and from a recording.

Nothing else in the house asks which of the three it is in. The chips, the drivers and everything above them are the same; a
simulated world has emulated chips under the real drivers, and hears what is played.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from undertone.audio import Sink, open_default_sink
from undertone.config import Settings
from undertone.device.edges import Edges, ThreadEdges
from undertone.device.notify import Notifier, notifier
from undertone.flow import Bar, Record
from undertone.sensors import Bus, LinuxBus
from undertone.timeline import Clock, SystemClock

__all__ = ["Store", "World"]

Heard = Callable[[float, Bar], None]
"""Called when a bar begins to sound, with the moment."""


class Store(Protocol):
    """Where records go."""

    def write(self, record: Record) -> None:
        """Keep one record; never blocks, never raises."""

    def close(self) -> None:
        """Keep what is left. May be called twice."""


class Forgetting:
    """Keeps nothing."""

    def write(self, record: Record) -> None:
        """Forget it."""

    def close(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class World:
    """What the device needs of the outside."""

    clock: Clock
    bus: Bus
    edges: Edges
    sink: Sink | None
    """Where sound goes; None for a session without any synthesis."""
    store: Store
    notify: Notifier
    heard: Heard
    """Told of each bar that begins to sound; a simulated listener listens here."""

    @classmethod
    def real(cls, settings: Settings) -> World:
        """The real bus, the real sound device, the real clock."""
        clock = SystemClock()
        return cls(
            clock=clock,
            bus=LinuxBus(settings.sensors.bus),
            edges=ThreadEdges(clock),
            sink=open_default_sink(device=settings.audio.device, rate_hz=settings.audio.rate_hz),
            store=_store(settings),
            notify=notifier(),
            heard=_nobody,
        )

    @classmethod
    def simulated(cls, subject: Subject, *, sink: Sink | None, live: bool = False, store: Store | None = None) -> World:
        """Emulated chips on a simulated listener.

        live: in real time with threads; else in virtual time, as fast as the machine can.
        """
