"""`undertone try`, `simulate` and `replay`: a whole session without the hardware."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from undertone import config
from undertone.audio import Sink, WavSink, open_default_sink
from undertone.cli.view import View
from undertone.config import Settings
from undertone.device import Device, World, assemble
from undertone.errors import SoundError
from undertone.flow import Command, CommandKind, Goal, Status
from undertone.report import Evening, Span, noticed, write_page
from undertone.sim import Body, Replay, Subject
from undertone.storage import load_recording

__all__ = ["replay", "simulate", "tryout"]

TRY_ALOUD = 12.0
"""Minutes of `undertone try` on a sound device."""
TRY_INTO_A_FILE = 2.0
GOODBYE = 0.4
"""Seconds in which the sound fades when a person ends the session."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A session to be had."""

    title: str
    subject: Subject
    settings: Settings
    seconds: float
    sink: Sink | None
    live: bool
    evening: Evening


def tryout(asked: argparse.Namespace) -> int:
    """Play where there is a sound device, else into a file with a report; say where they lie."""
    sink = None if asked.wav is not None else _sound_device(asked)
    if sink is None:
        folder = Path(tempfile.mkdtemp(prefix="undertone-")) if asked.wav is None or asked.report is None else None
        asked.wav = asked.wav or _in(folder, "evening.wav")
        asked.report = asked.report or _in(folder, "report")
    minutes = TRY_ALOUD if sink is not None else TRY_INTO_A_FILE
    if asked.replay is not None:
        asked.recording = asked.replay
        return _replay(asked, sink, minutes)
    asked.listener, asked.minutes = "tense", asked.minutes or minutes
    return _simulate(asked, sink)


def simulate(asked: argparse.Namespace) -> int:
    """An evening with a simulated listener."""
    return _simulate(asked, None if asked.wav or asked.silent else _sound_device(asked))


def replay(asked: argparse.Namespace) -> int:
    """An evening with a recorded person."""
    return _replay(asked, None if asked.wav or asked.silent else _sound_device(asked), None)


def _simulate(asked: argparse.Namespace, device: Sink | None) -> int:
    bodies = {"tense": Body.tense, "calm": Body.calm, "restless": Body.restless}
    evening = Evening(f"A {asked.listener} simulated listener, towards {asked.goal}")
    settings = _settings(asked, asked.minutes)
    body = bodies[asked.listener](asked.seed)
    return _have(asked, Plan(evening.title, body, settings, asked.minutes * 60.0, _sink(asked, settings, device), bool(device), evening))


def _replay(asked: argparse.Namespace, device: Sink | None, minutes: float | None) -> int:
    recording = load_recording(asked.recording)
    subject = Replay(recording)
    seconds = min(subject.duration, 60.0 * (asked.minutes or minutes or 24 * 60))
    spans = [Span(event.trial_type, event.onset, event.onset + event.duration) for event in recording.events]
    evening = Evening(f"Recording {recording.name}, towards {asked.goal}", [span for span in spans if span.start < seconds])
    settings = _settings(asked, seconds / 60.0)
    return _have(asked, Plan(evening.title, subject, settings, seconds, _sink(asked, settings, device), bool(device), evening))


def _have(asked: argparse.Namespace, plan: Plan) -> int:
    """Have the session, then say what came of it."""
    world = World.simulated(plan.subject, sink=plan.sink, live=plan.live)
    device = assemble(world, plan.settings, record=plan.evening.record, samples=plan.evening.samples)
    _announce(asked, plan)
    start = world.clock.now()
    try:
        with View(plan.title, plan.seconds) as view:

            def show(status: Status) -> None:
                plan.evening.levels.append((status.t - start, status.level_dbfs))
                view.show(replace(status, t=status.t - start))

            device.on_second(show)
            device.run(until=start + plan.seconds)
    except KeyboardInterrupt:
        _say_goodbye(device, plan)
    finally:
        device.close()
    _conclude(asked, plan)
    return 0


def _say_goodbye(device: Device, plan: Plan) -> None:
    now = device.timeline.clock.now()
    device.command(Command(now, CommandKind.STOP))
    if plan.live:
        device.run(until=now + GOODBYE)


def _announce(asked: argparse.Namespace, plan: Plan) -> None:
    if plan.live:
        print("Playing on the sound device. Ctrl-C ends it.")
    elif asked.wav is not None:
        print(f"Rendering {plan.seconds / 60:.3g} minutes into {asked.wav}, faster than real time.")
    else:
        print(f"Running {plan.seconds / 60:.3g} minutes without sound, faster than real time.")


def _conclude(asked: argparse.Namespace, plan: Plan) -> None:
    rows = noticed(plan.evening)
    if rows:
        print("\nWhat the device noticed (arousal is relative to this person's own usual; 0 is usual):")
    for row in rows:
        arousal = "not known" if row.arousal is None else f"{row.arousal:+.2f}"
        heart = "–" if row.heart_bpm is None else f"{row.heart_bpm:.0f} bpm"
        skin = "–" if row.tonic_microsiemens is None else f"{row.tonic_microsiemens:.2f} µS"
        print(f"  {row.span.name:<18} arousal {arousal:>9}  confident {row.confident:4.0%}  heart {heart:>7}  skin {skin:>8}")
    print()
    if asked.wav is not None:
        print(f"sound    {asked.wav}")
    if asked.report is not None:
        print(f"report   {write_page(plan.evening, asked.report)}")


def _settings(asked: argparse.Namespace, minutes: float) -> Settings:
    settings = config.load(asked.config)
    guidance = replace(settings.guidance, goal=Goal(asked.goal), minutes=minutes)
    return replace(settings, guidance=guidance, music=replace(settings.music, seed=asked.seed, style=asked.style))


def _sink(asked: argparse.Namespace, settings: Settings, device: Sink | None) -> Sink | None:
    if asked.wav is not None:
        return WavSink(asked.wav, settings.audio.rate_hz)
    return device


def _sound_device(asked: argparse.Namespace) -> Sink | None:
    """The sound device, or None where there is none."""
    settings = config.load(asked.config).audio
    try:
        return open_default_sink(device=settings.device, rate_hz=settings.rate_hz)
    except SoundError as error:
        print(f"{error}")
        return None


def _in(folder: Path | None, name: str) -> Path:
    assert folder is not None
    return folder / name
