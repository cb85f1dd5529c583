"""`undertone record`: keep what the sensors tell of somebody, and nothing else. No music, no estimate of any state."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from undertone import config
from undertone.cli.live_line import LiveLine
from undertone.config import Settings
from undertone.device import World, make_pods
from undertone.errors import ConfigError
from undertone.flow import Beat, Block, Fault, Features
from undertone.sensors import LinuxBus
from undertone.signals import Signals
from undertone.sim import Body
from undertone.storage import Recorder, free_name
from undertone.timeline import Timeline

__all__ = ["record"]

SIMULATED_MINUTES = 5.0
"""Length of a recording of a simulated listener, who never presses Ctrl-C."""
LINE_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""


@dataclass(slots=True)
class Sitting:
    """One recording under way: from samples to what is kept and shown."""

    recorder: Recorder
    live: LiveLine
    pods: int
    start: float
    """When it began, seconds on the clock."""
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    """Those that are not over."""
    _signals: dict[int, Signals] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._signals = {pod: Signals(pod) for pod in range(self.pods)}

    def sensed(self, value: Block | Fault) -> None:
        """Take what the sensors brought."""
        if isinstance(value, Fault):
            self._trouble(value)
            return
        self.recorder.push(value)
        for event in self._signals[value.pod].push(value):
            self.recorder.note(event)
            self.counts["beats" if isinstance(event, Beat) else "responses"] += 1

    def second(self, now: float) -> float:
        """Once a second: show how it goes, and write what is due. Raises StorageError where the disk refuses."""
        seconds = now - self.start
        self.live.show(seconds, line(seconds, [signals.features(now) for signals in self._signals.values()]))
        self.recorder.write(now)
        return now + 1.0

    def _trouble(self, fault: Fault) -> None:
        self.recorder.note(fault)
        self.faults = [other for other in self.faults if (other.source, other.kind) != (fault.source, fault.kind)]
        if not fault.over:
            self.faults.append(fault)
        self.live.say(f"{_clock(fault.t - self.start)}  {fault.message}")


def record(asked: argparse.Namespace, *, world: World | None = None) -> int:
    """Record until Ctrl-C or for the minutes asked for; 1 if nothing came.

    world: what a test brings in place of the real one.
    """
    settings = config.load(asked.config)
    if not (settings.sensors.pulse.enabled or settings.sensors.skin.enabled):
        raise ConfigError("Both sensors are switched off in the configuration: switch one on in `sensors` to record it.")
    name = asked.name or free_name(asked.folder, _usual_name(asked.listener))
    minutes = asked.minutes or (None if asked.listener is None else SIMULATED_MINUTES)
    world = world or (_real(settings) if asked.listener is None else _simulated(asked, settings))
    pods, start = settings.sensors.pods, world.clock.now()
    recorder = Recorder(asked.folder, name, pods=pods, devices=_devices(asked, settings), zero=start)
    _announce(asked, recorder.stem, minutes, pods)
    with LiveLine(every=LINE_EVERY) as live:
        sitting = Sitting(recorder, live, pods, start)
        _sit(world, settings, sitting, start + (float("inf") if minutes is None else 60.0 * minutes))
    return _conclude(sitting)


def _sit(world: World, settings: Settings, sitting: Sitting, until: float) -> None:
    """Let samples arrive until then, until Ctrl-C, or until the disk refuses; then write the rest."""
    timeline = Timeline(world.clock)
    timeline.add("second", sitting.second, due=sitting.start + 1.0)
    pods = make_pods(world.bus, settings, lines=world.lines)
    world.edges.sense(timeline, pods, lambda now, value: sitting.sensed(value))
    try:
        timeline.run(until=until)
    except KeyboardInterrupt:
        sitting.live.say("Ctrl-C: the recording ends here.")
    finally:
        world.edges.stop()
        sitting.recorder.close()


def _real(settings: Settings) -> World:
    """The real bus. Raises BusError where there is none: nobody wants to sit still for that."""
    LinuxBus(settings.sensors.bus).close()
    return World.real(settings)


def _simulated(asked: argparse.Namespace, settings: Settings) -> World:
    bodies: Mapping[str, Callable[[int], Body]] = {"tense": Body.tense, "calm": Body.calm, "restless": Body.restless}
    listener, *others = (bodies[asked.listener](asked.seed + pod) for pod in range(settings.sensors.pods))
    return World.simulated(listener, open_sink=None, settings=settings, others=others)


def _usual_name(listener: str | None) -> str:
    """Of somebody real, or of a simulation, which nobody shall take for a person."""
    return "sub-01_task-undertone" if listener is None else f"sub-simulated_task-{listener}"


def _devices(asked: argparse.Namespace, settings: Settings) -> dict[str, tuple[str, str]]:
    if asked.listener is not None:
        return dict.fromkeys(("ppg", "eda"), ("Undertone", f"simulated listener, {asked.listener}, seed {asked.seed}"))
    front_end = {"built": "ADS1115, front end of hardware/README.md", "grove": "ADS1115, Grove GSR"}
    return {
        "ppg": ("Maxim Integrated", settings.sensors.pulse.chip),
        "eda": ("Texas Instruments", front_end[settings.sensors.skin.front_end]),
    }


def _announce(asked: argparse.Namespace, stem: Path, minutes: float | None, pods: int) -> None:
    length = "until Ctrl-C" if minutes is None else f"for {minutes:.3g} minutes; Ctrl-C ends it sooner"
    if asked.listener is None:
        print(f"Recording {length}.")
        print("This is recorded only because you asked for it. It stays on this machine, and nothing is sent anywhere.")
    else:
        print(f"Recording a simulated listener, not a person, {length}. Faster than real time.")
    print(f"files      {stem}_…")
    print(f"to delete  rm {_quoted(stem)}_*\n", flush=True)
    if pods > 1:
        print("of each [pod]: heart rate, skin conductance, and in brackets the quality of the pulse and of the skin")


def _conclude(sitting: Sitting) -> int:
    recorder, counts = sitting.recorder, sitting.counts
    if not recorder.samples:
        why = sitting.faults[0].message if sitting.faults else "No samples came. `undertone doctor` looks for the reason."
        print(f"undertone: nothing was recorded. {why}", file=sys.stderr)
        return 1
    lost = f", {recorder.missing:,} samples missing in between" if recorder.missing else ""
    found = f"{counts['beats']:,} beats, {counts['responses']:,} skin responses"
    print(f"\nrecorded   {_clock(recorder.seconds)}: {found}{lost}")
    print(f"look at it undertone view {_quoted(recorder.stem)}")
    return 0


def _quoted(stem: Path) -> str:
    from shlex import quote

    return quote(str(stem))


def line(now: float, everybody: list[Features]) -> str:
    """The time, and what is known of everybody."""
    several = len(everybody) > 1
    return "  ".join([_clock(now), *(_known(features, several=several) for features in everybody)])


def _known(features: Features, *, several: bool) -> str:
    heart, error = features.heart_bpm, features.heart_error_bpm
    bpm = "–" if heart is None else f"{heart:.0f}" if error is None else f"{heart:.0f} ± {error:.0f}"
    skin = "–" if features.tonic_microsiemens is None else f"{features.tonic_microsiemens:.2f}"
    if several:
        return f"[{features.pod}] {bpm} bpm {skin} µS ({features.pulse_quality:.0%}, {features.skin_quality:.0%})"
    quality = f"quality of the pulse {features.pulse_quality:.0%}, of the skin {features.skin_quality:.0%}"
    return f"heart {bpm} bpm   skin {skin} µS   {quality}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
