"""Every effect that the device has on anything, and three ways to have it: for real, simulated, and from a recording.

Nothing else in the house asks which of the three it is in. The drivers and everything above them are the same; a simulated
world has emulated chips under the real drivers, and somebody who hears what is played.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from undertone.audio import Sink, open_default_sink
from undertone.config import Settings
from undertone.device.edges import Edges, ThreadEdges, TimerEdges
from undertone.device.notify import Notifier, Silence, notifier
from undertone.errors import StorageError
from undertone.flow import Bar, Block, Fault, Record
from undertone.sensors import Bus, LinuxBus
from undertone.sim import Ads1115Chip, Chip, EmulatedBus, Listener, Max3010xChip, Replay, Shared
from undertone.storage import Journal, JournalThread, MemoryJournal, Recording, Store
from undertone.timeline import Clock, SystemClock, VirtualClock

__all__ = ["OpenSink", "OpenStore", "World"]

log = logging.getLogger(__name__)

OpenSink = Callable[[], Sink]
"""Opens what sound goes to; raises SoundError in a sentence where that is not there."""
OpenStore = Callable[[Callable[[Fault], None]], Store]
"""Opens what keeps records, given whom to tell when it cannot; the call may come from another thread."""
Heard = Callable[[float, Bar], None]
"""Called when a bar begins to sound, with the moment."""

KEPT_IN_MEMORY = 1000
"""Records that a simulated device keeps; who wants all of them listens."""


@dataclass(frozen=True, slots=True)
class World:
    """What the device needs of the outside."""

    clock: Clock
    bus: Bus
    edges: Edges
    open_sink: OpenSink | None
    """None for a session without any synthesis."""
    open_store: OpenStore
    notify: Notifier
    heard: Heard
    reopen_sink: OpenSink | None = None
    """Opens the sound device anew after it was lost; None for a file, which must not be begun again."""

    @classmethod
    def real(cls, settings: Settings) -> World:
        """The real bus, the real sound device, the real clock."""
        clock = SystemClock()

        def open_sink() -> Sink:
            return open_default_sink(settings.audio.device, settings.audio.rate_hz)

        bus = OpenedBus(lambda: LinuxBus(settings.sensors.bus))
        return cls(clock, bus, ThreadEdges(clock), open_sink, _journal(settings), notifier(), _to_nobody, open_sink)

    @classmethod
    def simulated(
        cls, listener: Listener, *, open_sink: OpenSink | None, live: bool = False, settings: Settings | None = None
    ) -> World:
        """Emulated chips on a simulated listener, who hears what is played.

        live: in real time, with threads; else in virtual time, as fast as the machine can.
        settings: tell at which addresses the chips are; the usual ones if not given.
        """
        sensors = (settings or Settings()).sensors
        clock: Clock = SystemClock.from_now() if live else VirtualClock()
        edges: Edges = ThreadEdges(clock) if live else TimerEdges()
        shared = Shared(listener) if live else listener
        chips: dict[int, Chip] = {
            sensors.pulse.address: Max3010xChip(shared, clock.now, model=sensors.pulse.chip),
            sensors.skin.address: Ads1115Chip(shared, clock.now),
        }
        bus = EmulatedBus(chips, now=clock.now)
        return cls(clock, bus, edges, open_sink, _in_memory, Silence(), shared.hear, open_sink if live else None)

    @classmethod
    def replay(
        cls, recording: Recording, *, open_sink: OpenSink | None, live: bool = False, settings: Settings | None = None
    ) -> World:
        """Emulated chips on a recorded person, who hears nothing; the rest as for `simulated`."""
        return cls.simulated(Replay(recording), open_sink=open_sink, live=live, settings=settings)


class OpenedBus:
    """A bus that is opened when it is first needed, and again as long as that fails.

    A device whose bus is switched off plays on, says so, and finds the bus once it is there.
    """

    def __init__(self, open_bus: Callable[[], Bus]) -> None:
        self._open = open_bus
        self._bus: Bus | None = None

    def read(self, address: int, register: int, length: int) -> bytes:
        """See `Bus.read`. Raises BusError also when the bus cannot be opened."""
        return self._opened().read(address, register, length)

    def write(self, address: int, register: int, data: bytes) -> None:
        """See `Bus.write`. Raises BusError also when the bus cannot be opened."""
        self._opened().write(address, register, data)

    def _opened(self) -> Bus:
        if self._bus is None:
            self._bus = self._open()
        return self._bus


class Written:
    """A journal and the thread that writes it, as one store."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._thread = JournalThread(journal)
        self._thread.start()

    def keep(self, record: Record) -> None:
        """See `Store.keep`."""
        self._journal.keep(record)

    def keep_raw(self, block: Block) -> None:
        """See `Store.keep_raw`."""
        self._journal.keep_raw(block)

    @property
    def counts(self) -> Mapping[str, int]:
        """See `Store.counts`."""
        return self._journal.counts

    def close(self) -> None:
        """Write what waits; what a dead disk does not take is lost, and logged."""
        try:
            self._thread.stop()
        except StorageError as error:
            log.error("%s", error)


def _journal(settings: Settings) -> OpenStore:
    folder = settings.storage.folder
    if folder is None:
        return _in_memory
    return lambda tell: Written(Journal(folder / "journal.jsonl", report=tell))


def _in_memory(tell: Callable[[Fault], None]) -> Store:
    return MemoryJournal(most=KEPT_IN_MEMORY)


def _to_nobody(t: float, bar: Bar) -> None:
    """Nobody simulated listens."""
