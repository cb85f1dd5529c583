"""`undertone doctor`: what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import disk_usage
from typing import Any

from undertone import config
from undertone.affect import SHIPPED, interpreter_name, load_model
from undertone.audio import FluidSynth, Sink, find_soundfont, open_default_sink
from undertone.config import Settings
from undertone.device import make_pods
from undertone.device.repertoire import Repertoire, given_melody, own_style
from undertone.errors import ConfigError, UndertoneError
from undertone.flow import Block, Channel, Fault, FaultKind
from undertone.sensors import Bus, LinuxBus, Polled
from undertone.storage.wall import read_wall
from undertone.timeline import Clock, SystemClock

__all__ = ["Finding", "Tools", "doctor", "examine"]

_LISTEN, _MORE = 2.0, 0.5
"""Seconds for which the sensors of one pod are listened to, and for how much longer for each further one."""
LITTLE_SPACE = 200_000_000
"""Bytes below which a disk is called nearly full."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination found: a sentence, and what to do where something is wrong."""

    part: str
    good: bool
    message: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What the doctor examines with; a test brings its own."""

    open_bus: Callable[[int], Bus] = LinuxBus
    open_sink: Callable[[str | None, int], Sink] = open_default_sink
    clock: Clock = field(default_factory=SystemClock)


def doctor(asked: argparse.Namespace) -> int:
    """Print what was found; 1 if anything is wrong."""
    findings = []
    for finding in examine(asked.config):
        findings.append(finding)
        print(f"{'ok     ' if finding.good else 'MISSING'}  {finding.part:<11} {finding.message}", flush=True)
    wrong = sum(not finding.good for finding in findings)
    print(f"\n{wrong} of {len(findings)} things need attention." if wrong else "\nEverything that the device needs is here.")
    return 1 if wrong else 0


def examine(file: Path | None, tools: Tools | None = None) -> Iterator[Finding]:
    """Every examination, in the order in which one would mend things."""
    tools = tools or Tools()
    try:
        settings = config.load(file)
        yield Finding("config", True, f"{file} is good." if file is not None else "The defaults are used.")
    except ConfigError as error:
        yield Finding("config", False, str(error))
        settings = Settings()
    yield from _sensors(settings, tools)
    yield _checked("sound", lambda: _sound(settings, tools))
    yield _checked("music", lambda: _instruments(settings))
    yield _checked("own music", lambda: _own_music(settings))
    yield Finding("loudness", True, _loudness(settings))
    yield Finding("clock", True, _clock(settings))
    yield _checked("model", lambda: _model(settings))
    yield _checked("storage", lambda: _storage(settings))
    yield _checked("pictures", _pictures)


def _checked(part: str, examination: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, examination())
    except (UndertoneError, OSError) as error:
        return Finding(part, False, str(error))


def _sensors(settings: Settings, tools: Tools) -> Iterator[Finding]:
    try:
        bus = tools.open_bus(settings.sensors.bus)
    except UndertoneError as error:
        yield Finding("bus", False, str(error))
        return
    sensors = settings.sensors
    samples, faults = _listen(make_pods(bus, settings), tools.clock, _LISTEN + _MORE * (sensors.pods - 1))
    for fault in faults:
        if " pulse" not in fault.source and " skin" not in fault.source:
            yield Finding("bus", False, fault.message)
    for pod in range(sensors.pods):
        for part, channel in (("pulse", Channel.INFRARED), ("skin", Channel.SKIN)):
            name = f"pod {pod} {part}" if sensors.pods > 1 else part
            if not getattr(sensors, part).enabled:
                yield Finding(name, True, "Switched off in the configuration.")
            else:
                yield _heard(name, f"pod {pod} {part}", samples.get((pod, channel), 0), faults)


def _heard(name: str, source: str, samples: int, faults: list[Fault]) -> Finding:
    """What one sensor let be heard of itself. A finger that is off is no fault of the sensor's."""
    told = next((fault for fault in faults if fault.source.startswith(source) and fault.kind is not FaultKind.CONTACT), None)
    if told is not None:
        return Finding(name, False, told.message)
    if samples:
        return Finding(name, True, f"{samples} samples.")
    return Finding(name, False, "It brings no samples: check its plug, power it off and on again, and try once more.")


def _listen(reader: Polled, clock: Clock, seconds: float) -> tuple[dict[tuple[int, Channel], int], list[Fault]]:
    """Samples by pod and channel, and faults that began, while listening for a while."""
    silence: queue.SimpleQueue[Any] = queue.SimpleQueue()
    samples: dict[tuple[int, Channel], int] = {}
    faults: list[Fault] = []
    end = clock.now() + seconds
    while clock.now() < end:
        for value in reader.poll(clock.now()):
            if isinstance(value, Block):
                key = (value.pod, value.channel)
                samples[key] = samples.get(key, 0) + len(value.values)
            elif not value.over:
                faults.append(value)
        clock.wait(silence, min(reader.due, end))
    return samples, faults


def _sound(settings: Settings, tools: Tools) -> str:
    sink = tools.open_sink(settings.audio.device, settings.audio.rate_hz)
    sink.close()
    return f"The sound device opens at {sink.rate_hz} Hz."


def _instruments(settings: Settings) -> str:
    font = settings.audio.soundfont or find_soundfont()
    FluidSynth(font).close()
    return f"FluidSynth plays {font.name}."


def _own_music(settings: Settings) -> str:
    """What of the listener's own music can be played; raises the first thing that cannot."""
    music = settings.music
    if music.play != "own" and music.melody is None and music.style_file is None:
        return "None is asked for."
    if music.melody is not None:
        given_melody(music.melody)
    if music.style_file is not None:
        own_style(music.style_file)
    told: list[str] = []
    Repertoire(replace(music, melody=None, style_file=None), 0, tell=told.append)
    if told:
        raise UndertoneError(" ".join(told))
    return f"What {'`music.folder` holds' if music.play == 'own' else 'is asked for'} can be played."


def _loudness(settings: Settings) -> str:
    audio = settings.audio
    if audio.calibration_dba is None:
        return "How loud it is at the pillow is not known, a loud speaker assumed: `undertone calibrate level --config FILE`."
    return f"At most {audio.ceiling_dba:g} dB(A) at the pillow, {audio.night_ceiling_dba:g} by night ({audio.night})."


def _clock(settings: Settings) -> str:
    if read_wall(believed=settings.audio.clock_is_right).trusted:
        return "The clock can be trusted, so the device knows when it is night."
    return (
        "Nothing has set the clock since the start, so the limits of the night hold at all hours: add a clock chip with a "
        "battery, or keep the clock right by hand and say `audio.clock_is_right: true`."
    )


def _model(settings: Settings) -> str:
    file = settings.affect.model or SHIPPED
    asked = len(load_model(file).card.answers)
    proof = f" and gives the {asked} answers that it must" if asked else ""
    return f"The affect model {file.name} is intact{proof}, run by {interpreter_name()}."


def _storage(settings: Settings) -> str:
    folder = settings.storage.folder
    if folder is None:
        return "Nothing is kept, as configured."
    place = next((parent for parent in (folder, *folder.parents) if parent.exists()), Path("/"))
    free = disk_usage(place).free
    if free < LITTLE_SPACE:
        raise UndertoneError(f"Only {free / 1e6:.0f} MB are free at {place}; delete something, or choose another folder.")
    return f"{free / 1e9:.1f} GB are free at {place}."


def _pictures() -> str:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        # A device by the bed draws nothing, so this is no complaint.
        return "Reports cannot be drawn here, which the device does not need: pip install 'undertone[report]'."
    return "Reports can be drawn."
