"""The composition root: the one place where the rooms are put together into a device."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from undertone.affect import Baseline, Estimator, estimator
from undertone.audio import BLOCK, Deck, FluidSynth, Player, Renderer, SilentPlayer, Sink, Synth, ToneSynth, find_soundfont
from undertone.audio.night import Calibration, Ceilings
from undertone.config import AudioSettings, Settings, SkinOptions
from undertone.device.core import Core, Stages
from undertone.device.edges import Compose
from undertone.device.health import Outcome, Verifier
from undertone.device.hearing import Hearing
from undertone.device.memory import Acquaintance, Memory
from undertone.device.repertoire import Repertoire
from undertone.device.world import World
from undertone.errors import SoundError
from undertone.flow import Bar, Block, Command, CommandKind, Fault, FaultKind, Record, Status
from undertone.guidance import Guide
from undertone.sensors import (
    Bus,
    FrontEnd,
    Grove,
    Lines,
    Pods,
    Polled,
    PulseSettings,
    Recovery,
    SkinFrontEnd,
    SkinSettings,
)
from undertone.signals import Signals
from undertone.storage import Store
from undertone.timeline import Timeline

__all__ = ["Device", "assemble", "make_pods", "make_synth", "pulse_settings", "skin_settings"]

CEILING_DBFS = -12.0
"""RMS over a second that a programme at −23 LUFS never reaches unless something is wrong."""

GROVE_POTENTIOMETER_OHM = 50_000.0
"""To what hardware/README.md says to turn the potentiometer of a Grove GSR."""

FADE_IN = 2.0
"""Seconds; the composer lets its layers enter by itself, so this only takes the edge off the first note."""

HEARD = "heard.json"
"""What was heard in the listener's sound files, beside the journal."""

Listener = Callable[[Status], None]


class Device:
    """A whole device, ready to run. Made by `assemble`."""

    def __init__(
        self,
        world: World,
        core: Core,
        reader: Polled,
        player: Player | SilentPlayer,
        timeline: Timeline,
        store: Store,
        memory: Memory,
        hearing: Hearing,
        repertoire: Repertoire,
    ) -> None:
        self.world = world
        self.core = core
        self.player = player
        self.timeline = timeline
        self._reader = reader
        self._store = store
        self._memory = memory
        self._hearing = hearing
        self._repertoire = repertoire
        self._bar: Bar | None = None
        self._verifier = Verifier(ceiling_dbfs=CEILING_DBFS, sensing=reader.due < float("inf"))
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
            self._watch(now)
            self.world.edges.sense(self.timeline, self._reader, self.core.sensed)
            self.world.edges.sound(self.timeline, self.player, self.core.sensed)
            self.world.edges.aside(self._listen_on)
            self.world.notify.ready()
        self.timeline.run(until)

    def stop(self) -> None:
        """End `run`. From another thread, post this."""
        self.timeline.stop()

    def close(self) -> None:
        """Stop the edges and keep what must be kept. May be called twice."""
        self.world.notify.stopping()
        self.world.edges.stop()
        self.player.close()
        self._memory.close(self.timeline.clock.now())
        self._hearing.close(self.timeline.clock.now())
        self._store.close()

    def command(self, command: Command) -> None:
        """Do what a person wants. Stop, start and volume also act at the very end of the sound, where they are quickest."""
        self.core.command(command)
        match command.kind:
            case CommandKind.STOP:
                self.player.hush()
            case CommandKind.START:
                self.player.resume()
            case CommandKind.VOLUME if command.volume_db is not None:
                self.player.volume_db = command.volume_db

    def status(self) -> Status:
        """How the device is at this moment."""
        status = self.core.status(self.timeline.clock.now())
        counts = {**status.counts, **self._reader.counts, **self._store.counts, "underruns": self.player.underruns}
        return replace(
            status,
            bar=self._bar,
            counts=counts,
            level_dbfs=self.player.level_dbfs,
            level_dba=self.player.level_dba,
            dose=self._hearing.protection.exposure.dose,
        )

    def sounding(self, t: float, bar: Bar) -> None:
        """A bar begins to sound."""
        self._bar = bar
        self.world.heard(t, bar)

    def _second(self, now: float) -> float:
        self.core.second(now)
        self._memory.second(now, self.core.everybody)
        self._hearing.second(now, self.core.progress)
        for sentence in self.player.troubles():
            self.core.fault(Fault(now, "sound files", FaultKind.SOUND, sentence))
        for track in self.player.failed_tracks():
            self._repertoire.lose(track)
        outcome = Outcome(self.core.counts["samples"], self.player.position, self.player.level_dbfs)
        for fault in self._verifier.check(now, outcome):
            self.core.fault(fault)
        if self._listeners:
            status = self.status()
            for listener in self._listeners:
                listener(status)
        return now + 1.0

    def _listen_on(self) -> None:
        """Get to know the sound files of which nothing is known yet."""
        self._repertoire.listen_on(lambda found: self.timeline.post("sound file", lambda now: self._repertoire.add(found)))

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
    record: Callable[[Record], None] | None = None,
    samples: Callable[[Block], None] | None = None,
    baseline: Baseline | None = None,
) -> Device:
    """Put a device together in a world.

    record, samples: are given every value and every block of samples, beside the world's store; they may not block.
    baseline: what is usual for the listener on pod 0, learnt on from here; if not given, what the world remembers of them.
    """
    timeline = Timeline(world.clock)

    def tell(fault: Fault) -> None:
        """From any thread, and also before the core exists."""
        timeline.post("fault", lambda now: core.fault(fault))

    def sounding(t: float, bar: Bar) -> None:
        timeline.post("sounding", lambda now: device.sounding(t, bar))

    def keep(value: Record) -> None:
        store.keep(value)
        if record is not None:
            record(value)

    store = world.open_store(tell)
    pods = settings.sensors.pods
    memory = Memory(pods, tell=tell)
    if world.open_keeper is not None:
        memory.recall(world.clock.now(), world.open_keeper(tell, lambda: timeline.post("forget", lambda now: memory.forget())))
    if baseline is not None:
        memory.pods[0].baseline = baseline
    seed = secrets.randbits(32) if settings.music.seed is None else settings.music.seed
    repertoire = _repertoire(settings, seed, tell, now=world.clock.now())
    hearing = _hearing(world, settings.audio, tell)
    stages = _stages(settings, repertoire, tell, now=world.clock.now, known=memory.pods)
    core = Core(stages, record=keep, samples=samples, pods=pods, softer=lambda: hearing.softer_db)
    hearing.goal = lambda: None if core.directive is None else core.directive.goal
    reader = make_pods(world.bus, settings, lines=world.lines)
    bars = world.edges.bars(timeline, core.next_bar)
    player = _player(world, settings, bars, sounding, tell, hearing=hearing, repertoire=repertoire, seed=seed)
    device = Device(world, core, reader, player, timeline, store, memory, hearing, repertoire)
    return device


def make_pods(bus: Bus, settings: Settings, *, lines: Lines | None = None) -> Pods:
    """Who reads all the pods that the configuration names, on a bus; `lines` are its wires, where they can be reached."""
    sensors = settings.sensors
    return Pods(
        bus,
        [(pulse_settings(settings), skin_settings(settings))] * sensors.pods,
        mux=sensors.mux_address if sensors.pods > 1 else None,
        recovery=None if lines is None else Recovery(lines),
    )


def pulse_settings(settings: Settings) -> PulseSettings | None:
    """How the pulse sensor is set up; None where there is none."""
    pulse = settings.sensors.pulse
    if not pulse.enabled:
        return None
    return PulseSettings(
        address=pulse.address,
        chip=pulse.chip,
        red_ma=pulse.red_ma,
        infrared_ma=pulse.infrared_ma,
        automatic=pulse.automatic,
        swap_channels=pulse.swap_channels,
    )


def skin_settings(settings: Settings) -> SkinSettings | None:
    """How the skin sensor is built; None where there is none."""
    skin = settings.sensors.skin
    return SkinSettings(address=skin.address, front_end=_front_end(skin)) if skin.enabled else None


def _front_end(skin: SkinOptions) -> SkinFrontEnd:
    if skin.front_end == "built":
        return FrontEnd(skin.feedback_ohms, skin.series_ohms)
    volts, bypassed = skin.supply_volts, skin.output_resistor_bypassed
    if skin.open_volts is None:
        return Grove.from_potentiometer(GROVE_POTENTIOMETER_OHM, supply_volts=volts, bypassed=bypassed)
    return Grove(skin.open_volts, volts, bypassed=bypassed)


def make_synth(soundfont: Path | None, rate_hz: int) -> tuple[Synth, str | None]:
    """The instruments, or plain tones and a sentence that says why there are no better ones."""
    try:
        return FluidSynth(soundfont or find_soundfont(), rate_hz=rate_hz), None
    except SoundError as error:
        return ToneSynth(rate_hz=rate_hz), f"{error} Until then plain tones are played."


def _stages(
    settings: Settings,
    repertoire: Repertoire,
    tell: Callable[[Fault], None],
    *,
    now: Callable[[], float],
    known: Sequence[Acquaintance],
) -> Stages:
    guidance = settings.guidance

    def estimating(pod: int) -> Estimator:
        # What is known outlives an estimator that breaks: it holds medians of good minutes, and took minutes to learn.
        who = known[pod]
        chosen, fault = estimator(settings.affect.model, baseline=who.baseline, personal=who.personal, now=now())
        if fault is not None:
            tell(fault)
        return chosen

    return Stages(
        signals=Signals,
        estimator=estimating,
        guide=lambda: Guide(guidance.goal, minutes=guidance.minutes, contrast=guidance.contrast),
        composer=repertoire.build,
    )


def _repertoire(settings: Settings, seed: int, tell: Callable[[Fault], None], *, now: float) -> Repertoire:
    folder = settings.storage.folder
    cache = None if folder is None else folder / HEARD
    return Repertoire(
        settings.music, seed, tell=lambda sentence: tell(Fault(now, "music", FaultKind.CONFIG, sentence)), cache=cache
    )


def _hearing(world: World, audio: AudioSettings, tell: Callable[[Fault], None]) -> Hearing:
    """Who guards the ear, going on from what was kept."""
    hearing = Hearing(
        tell=tell,
        calibration=Calibration(audio.calibration_dba, audio.calibration_error_db),
        ceilings=Ceilings(audio.ceiling_dba, audio.night_ceiling_dba),
        night=audio.night,
        sensitive=audio.sensitive,
        wall=world.wall,
        keeper=None if world.open_exposure is None else world.open_exposure(tell),
    )
    hearing.recall(world.clock.now())
    return hearing


def _player(
    world: World,
    settings: Settings,
    bars: Compose,
    sounding: Callable[[float, Bar], None],
    tell: Callable[[Fault], None],
    *,
    hearing: Hearing,
    repertoire: Repertoire,
    seed: int,
) -> Player | SilentPlayer:
    if world.open_sink is None:
        return SilentPlayer(bars, on_bar=sounding)
    now, audio = world.clock.now(), settings.audio
    sink: Sink | None = None
    try:
        sink = world.open_sink()
    except SoundError as error:
        tell(Fault(now, "sound", FaultKind.SOUND, f"{error}"))
    rate_hz = audio.rate_hz if sink is None else sink.rate_hz
    synth, trouble = make_synth(audio.soundfont, rate_hz)
    if trouble is not None:
        tell(Fault(now, "instruments", FaultKind.SOUND, trouble))
    deck = Deck(rate_hz=rate_hz, frames=BLOCK, loudness=repertoire.loudness)
    renderer = Renderer(synth, rate_hz=rate_hz, target_lufs=audio.loudness_lufs, deck=deck, seed=seed)
    player = Player(
        renderer,
        sink,
        bars,
        ahead=audio.ahead,
        on_bar=sounding,
        on_fault=tell,
        reopen=world.reopen_sink,
        fade_in=FADE_IN,
        protection=hearing.protection,
    )
    player.volume_db = audio.volume_db
    return player
