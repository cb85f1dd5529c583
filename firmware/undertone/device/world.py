"""Every effect that the device has on anything, and three ways to have it: for real, simulated, and from a recording.

Nothing else in the house asks which of the three it is in. The drivers and everything above them are the same; a simulated
world has emulated chips under the real drivers, and somebody who hears what is played.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from undertone.audio import Sink, open_default_sink
from undertone.config import SensorsSettings, Settings
from undertone.device.edges import Edges, ThreadEdges, TimerEdges
from undertone.device.notify import Notifier, Silence, notifier
from undertone.errors import StorageError
from undertone.flow import Bar, Block, Fault, Record
from undertone.sensors import Bus, Lines, LinuxBus, PinctrlLines
from undertone.sim import Ads1115Chip, Chip, EmulatedBus, Listener, Max3010xChip, Replay, Shared, Tca9548aChip
from undertone.storage import Journal, JournalThread, Keeper, KeeperThread, MemoryJournal, Recording, Remembered, Store
from undertone.storage.exposure import ExposureFile, ExposureKeeper
from undertone.storage.wall import Wall, read_wall
from undertone.timeline import Clock, SystemClock, VirtualClock

__all__ = ["OpenKeeper", "OpenSink", "OpenStore", "World"]

log = logging.getLogger(__name__)

OpenSink = Callable[[], Sink]
"""Opens what sound goes to; raises SoundError in a sentence where that is not there."""
OpenStore = Callable[[Callable[[Fault], None]], Store]
"""Opens what keeps records, given whom to tell when it cannot; the call may come from another thread."""
OpenKeeper = Callable[[Callable[[Fault], None], Callable[[], None]], Keeper]
"""Opens what remembers the listeners, given whom to tell when the disk refuses, and when all shall be forgotten; the calls may
come from another thread."""
OpenExposure = Callable[[Callable[[Fault], None]], ExposureKeeper]
"""Opens what keeps how much sound was had, given whom to tell when the disk refuses; the call may come from another thread."""
Heard = Callable[[float, Bar], None]
"""Called when a bar begins to sound, with the moment."""

POD_SKEW = 0.002
"""By how much the clock of each simulated pulse sensor is faster than that of the pod before, as a share."""
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
    lines: Lines | None = None
    """The wires of the bus, for freeing it when it is stuck; None where they cannot be reached."""
    reopen_sink: OpenSink | None = None
    """Opens the sound device anew after it was lost; None for a file, which must not be begun again."""
    open_keeper: OpenKeeper | None = None
    """None where nothing is remembered of the listeners from night to night."""
    wall: Callable[[], Wall] | None = None
    """Tells the wall clock, for the hours of the night; None where it is never night, as in a simulation."""
    open_exposure: OpenExposure | None = None
    """None where how much sound was had is not kept."""

    @classmethod
    def real(cls, settings: Settings) -> World:
        """The real bus, the real sound device, the real clock."""
        clock, wall = SystemClock(), partial(read_wall, believed=settings.audio.clock_is_right)

        def open_sink() -> Sink:
            return open_default_sink(settings.audio.device, settings.audio.rate_hz)

        sensors = settings.sensors
        bus = OpenedBus(lambda: LinuxBus(sensors.bus))
        lines = PinctrlLines(reset=sensors.mux_reset_pin if sensors.pods > 1 else None, bus=sensors.bus)
        return cls(
            clock,
            bus,
            ThreadEdges(clock),
            open_sink,
            _journal(settings),
            notifier(),
            _to_nobody,
            lines=lines,
            reopen_sink=open_sink,
            open_keeper=_keeper(settings),
            wall=wall,
            open_exposure=_exposure(settings, clock, wall),
        )

    @classmethod
    def simulated(
        cls,
        listener: Listener,
        *,
        open_sink: OpenSink | None,
        live: bool = False,
        settings: Settings | None = None,
        others: Sequence[Listener] = (),
    ) -> World:
        """Emulated chips on a simulated listener, who hears what is played.

        live: in real time, with threads; else in virtual time, as fast as the machine can.
        settings: tell at which addresses the chips are; the usual ones if not given.
        others: who wears the pods after the first, behind a bus switch. They hear the music as well.
        """
        sensors = (settings or Settings()).sensors
        clock: Clock = SystemClock.from_now() if live else VirtualClock()
        edges: Edges = ThreadEdges(clock) if live else TimerEdges()
        everybody = [Shared(somebody) if live else somebody for somebody in (listener, *others)]
        pods = [_chips(somebody, clock, sensors, pod) for pod, somebody in enumerate(everybody)]
        chips: Mapping[int, Chip] = pods[0]
        if sensors.pods > 1:
            chips = {sensors.mux_address: Tca9548aChip(dict(enumerate(pods)), clock.now)}
        # Several pods share the bus's time, so it passes; for one alone it does not matter.
        spend = clock.jump if isinstance(clock, VirtualClock) and sensors.pods > 1 else None
        bus = EmulatedBus(chips, now=clock.now, spend=spend)

        def heard(t: float, bar: Bar) -> None:
            for somebody in everybody:
                somebody.hear(t, bar)

        reopen = open_sink if live else None
        return cls(clock, bus, edges, open_sink, _in_memory, Silence(), heard, lines=bus, reopen_sink=reopen)

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

    def receive(self, address: int, length: int) -> bytes:
        """See `Bus.receive`. Raises BusError also when the bus cannot be opened."""
        return self._opened().receive(address, length)

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


def _chips(listener: Listener, clock: Clock, sensors: SensorsSettings, pod: int) -> dict[int, Chip]:
    """The chips of one pod, by their addresses, each with a clock that is a little off, as real ones are."""
    return {
        sensors.pulse.address: Max3010xChip(listener, clock.now, model=sensors.pulse.chip, skew=POD_SKEW * pod, seed=pod),
        sensors.skin.address: Ads1115Chip(listener, clock.now),
    }


def _journal(settings: Settings) -> OpenStore:
    folder = settings.storage.folder
    if folder is None:
        return _in_memory
    return lambda tell: Written(Journal(folder / "journal.jsonl", report=tell))


def _keeper(settings: Settings) -> OpenKeeper | None:
    listener = settings.listener
    if not listener.remember:
        return None
    return lambda report, forget: KeeperThread(Remembered(listener.folder), report=report, forget=forget)


def _exposure(settings: Settings, clock: Clock, wall: Callable[[], Wall]) -> OpenExposure | None:
    folder = settings.audio.exposure_folder
    if folder is None:
        return None
    return lambda tell: ExposureKeeper(ExposureFile(folder, wall=wall), report=tell, now=clock.now)


def _in_memory(tell: Callable[[Fault], None]) -> Store:
    return MemoryJournal(most=KEPT_IN_MEMORY)


def _to_nobody(t: float, bar: Bar) -> None:
    """Nobody simulated listens."""
