"""The composition root: the one place where the rooms are put together into a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from undertone.audio import Player, Renderer, SilentPlayer
from undertone.config import Settings
from undertone.device.core import Core
from undertone.device.health import Outcome, Verifier
from undertone.device.world import World
from undertone.flow import Bar, Block, Command, CommandKind, Fault, Record, Status
from undertone.sensors import Reader
from undertone.timeline import Timeline

__all__ = ["Device", "assemble"]

CEILING_DBFS = -12.0
"""RMS over a second that a programme at −23 LUFS never reaches unless something is wrong."""

Listener = Callable[[Status], None]


class Device:
    """A whole device, ready to run. Made by `assemble`."""

    def __init__(self, world: World, core: Core, reader: Reader, player: Player | SilentPlayer, timeline: Timeline) -> None:
        self.world = world
        self.core = core
        self.player = player
        self.timeline = timeline
        self._reader = reader
        self._bar: Bar | None = None
        self._verifier = Verifier(ceiling_dbfs=CEILING_DBFS, sensing=True)
        self._listeners: list[Listener] = []
        self._started = False

    def on_second(self, listener: Listener) -> None:
        """Call `listener` with the status once a second, in the core's thread."""
        self._listeners.append(listener)

    def run(self, until: float = float("inf")) -> None:
        """Run until the moment `until`, until `stop`, or for ever."""
        if not self._started:
            self._started = True
            now = self.timeline.clock.now()
            self.timeline.add("second", self._second, due=now + 1.0)
            self.world.edges.start(self.timeline, self._reader, self.core.sensed, self.player)
            self._watch(now)
            self.world.notify.ready()
        self.timeline.run(until)

    def stop(self) -> None:
        """End `run`. From another thread, post this."""
        self.timeline.stop()

    def close(self) -> None:
        """Stop the edges and keep what must be kept. May be called twice."""
        self.world.notify.stopping()
        self.world.edges.stop()
        if self.world.sink is not None:
            self.world.sink.close()
        self.world.store.close()

    def command(self, command: Command) -> None:
        """Do what a person wants. Stop and volume also act at the very end of the sound, where they are quickest."""
        self.core.command(command)
        match command.kind:
            case CommandKind.STOP:
                self.player.hush()
            case CommandKind.VOLUME if command.volume_db is not None:
                self.player.volume_db = command.volume_db

    def status(self) -> Status:
        """How the device is at this moment."""
        counts = {"underruns": self.player.underruns}
        counts |= {f"sensor {name}": count for name, count in self._reader.counts.items()}
        status = self.core.status(self.timeline.clock.now())
        counts = {**status.counts, **counts}
        return replace(status, bar=self._bar, counts=counts, level_dbfs=self.player.level_dbfs)

    def sounding(self, t: float, bar: Bar) -> None:
        """A bar begins to sound."""
        self._bar = bar
        self.world.heard(t, bar)

    def _second(self, now: float) -> float:
        self.core.second(now)
        outcome = Outcome(self.core.counts["samples"], self.player.position, self.player.level_dbfs)
        for fault in self._verifier.check(now, outcome):
            self.core.fault(fault)
        status = self.status()
        for listener in self._listeners:
            listener(status)
        return now + 1.0

    def _watch(self, now: float) -> None:
        watchdog = self.world.notify.watchdog
        if watchdog is None:
            return

        def alive(now: float) -> float:
            if not self._verifier.hopeless(now):
                self.world.notify.alive()
            return now + watchdog / 3.0

        self.timeline.add("watchdog", alive, due=now)


def assemble(
    world: World,
    settings: Settings,
    *,
    record: Callable[[Record], None] = lambda record: None,
    samples: Callable[[Block], None] = lambda block: None,
) -> Device:
    """Put a device together in a world.

    record, samples: are given every value and every block of samples, beside the world's store; they may not block.
    """
    timeline = Timeline(world.clock)
    early: list[Fault] = []

    def keep(value: Record) -> None:
        world.store.write(value)
        record(value)

    core = Core(_stages(settings, early.append, world.clock.now()), record=keep, samples=samples)
    reader = Reader(world.bus, pulse=_pulse(settings), skin=_skin(settings))
    bars = world.edges.bars(timeline, core.next_bar)
    device: Device

    def sounding(t: float, bar: Bar) -> None:
        timeline.post("sounding", lambda now: device.sounding(t, bar))

    player: Player | SilentPlayer
    if world.sink is None:
        player = SilentPlayer(bars, on_bar=sounding)
    else:
        synth, fault = _synth(settings, world.sink.rate_hz, world.clock.now())
        early.extend([fault] if fault is not None else [])
        renderer = Renderer(synth, rate_hz=world.sink.rate_hz, target_lufs=settings.audio.loudness_lufs)
        player = Player(renderer, world.sink, bars, ahead=settings.audio.ahead, on_bar=sounding)
        player.volume_db = settings.audio.volume_db
    device = Device(world, core, reader, player, timeline)
    for fault in early:
        core.fault(fault)
    return device
