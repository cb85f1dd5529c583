"""`undertone try`, `simulate` and `replay`: a whole session without the hardware."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from undertone import config
from undertone.affect import Baseline
from undertone.audio import Sink, WavSink, open_default_sink
from undertone.cli.music_choice import own_version
from undertone.cli.view import View
from undertone.config import Settings
from undertone.device import Device, OpenSink, World, assemble
from undertone.errors import SoundError
from undertone.flow import Command, CommandKind, FaultKind, Goal, Status
from undertone.music import Provenance
from undertone.report import Evening, Span, make_folder, noticed, write_page
from undertone.sim import Body, Listener, Replay
from undertone.storage import load_recording

__all__ = ["replay", "simulate", "tryout"]

TRY_ALOUD = 12.0
"""Minutes of `undertone try` on a sound device."""
TRY_INTO_A_FILE = 2.0
ACQUAINTANCE = 5.0
"""Minutes in which a simulated listener is got to know."""
AT_REST = 0.35
"""Tension of a simulated listener on an ordinary evening, 0…1."""
GOODBYE = 0.4
"""Seconds in which the sound fades when a person ends the session."""


def tryout(asked: argparse.Namespace) -> int:
    """Play where there is a sound device, else into a file with a report; say where they lie."""
    asked.silent = False
    aloud = asked.wav is None and _sound_device(asked) is not None
    if not aloud:
        folder = Path(tempfile.mkdtemp(prefix="undertone-"))
        asked.wav = asked.wav or folder / "evening.wav"
        asked.report = asked.report or folder / "report"
    asked.minutes = asked.minutes or (TRY_ALOUD if aloud else TRY_INTO_A_FILE)
    if asked.replay is not None:
        asked.recording = asked.replay
        return replay(asked)
    asked.listener = "tense"
    return simulate(asked)


def simulate(asked: argparse.Namespace) -> int:
    """An evening with a simulated listener."""
    settings = _settings(asked, asked.minutes)
    bodies = {"tense": Body.tense, "calm": Body.calm, "restless": Body.restless}
    evening = Evening(f"A {asked.listener} simulated listener, towards {asked.goal}")
    print(f"First {ACQUAINTANCE:g} quiet minutes of another evening, without music: what is usual for this listener?")
    baseline = acquaintance(asked.seed)
    listeners = [bodies[asked.listener](asked.seed + pod) for pod in range(settings.sensors.pods)]
    return _have(asked, settings, listeners, evening, baseline)


def acquaintance(seed: int) -> Baseline:
    """What a device has learnt of a simulated listener at rest, on another evening and without sound."""
    baseline = Baseline()
    at_rest = World.simulated(Body(seed, tension=AT_REST, usual=AT_REST, response=0.0), open_sink=None)
    device = assemble(at_rest, Settings(), baseline=baseline)
    device.run(until=60.0 * ACQUAINTANCE)
    device.close()
    # As it would be kept from one evening to the next: what was learnt, without the time at which it was.
    return Baseline.from_dict(baseline.as_dict())


def replay(asked: argparse.Namespace) -> int:
    """An evening with a recorded person."""
    recording = load_recording(asked.recording)
    for warning in recording.warnings:
        print(f"undertone: {warning}", file=sys.stderr)
    seconds = min(recording.duration, 60.0 * (asked.minutes or 24 * 60))
    spans = [Span(event.trial_type, event.onset, event.onset + event.duration) for event in recording.events]
    evening = Evening(f"Recording {recording.name}, towards {asked.goal}", [span for span in spans if span.start < seconds])
    settings = _settings(asked, seconds / 60.0)
    alone = replace(settings, sensors=replace(settings.sensors, pods=1))
    return _have(asked, alone, [Replay(recording)], evening)


def _have(
    asked: argparse.Namespace,
    settings: Settings,
    listeners: Sequence[Listener],
    evening: Evening,
    baseline: Baseline | None = None,
) -> int:
    """Have the session, then say what came of it; 1 if the sound could not be kept whole."""
    if asked.report is not None:
        make_folder(asked.report)
    files: list[WavSink] = []
    sink = _sink(asked, settings, files)
    live = sink is not None and asked.wav is None
    seconds = 60.0 * (settings.guidance.minutes or 0.0)
    listener, *others = listeners
    world = World.simulated(listener, open_sink=sink, live=live, settings=settings, others=others)
    # Samples are drawn only in a report, and a night of them is tens of megabytes.
    samples = None if asked.report is None else evening.samples
    device = assemble(world, settings, record=evening.record, samples=samples, baseline=baseline)
    _announce(asked, seconds / 60.0, live=live)
    start = world.clock.now()
    try:
        with View(evening.title, seconds) as view:

            def show(status: Status) -> None:
                evening.levels.append((status.t, status.level_dbfs))
                view.show(status)

            device.on_second(show)
            device.run(until=start + seconds)
    except KeyboardInterrupt:
        _say_goodbye(device, live=live)
    finally:
        for file in files:
            with contextlib.suppress(SoundError):
                # What a disk that is full does not take is told with the sound itself.
                file.describe(_provenance(settings).played(bar for _, bar in evening.bars).as_info())
        device.close()
    _conclude(asked, evening)
    return _incomplete(device, evening)


def _say_goodbye(device: Device, *, live: bool) -> None:
    now = device.timeline.clock.now()
    device.command(Command(now, CommandKind.STOP))
    if live:
        device.run(until=now + GOODBYE)


def _announce(asked: argparse.Namespace, minutes: float, *, live: bool) -> None:
    if live:
        print("Playing on the sound device. Ctrl-C ends it.")
    elif asked.wav is not None:
        print(f"Rendering {minutes:.3g} minutes into {asked.wav}, faster than real time.")
    else:
        print(f"Running {minutes:.3g} minutes without sound, faster than real time.")


def _conclude(asked: argparse.Namespace, evening: Evening) -> None:
    rows = noticed(evening)
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
        print(f"report   {write_page(evening, asked.report)}")


def _incomplete(device: Device, evening: Evening) -> int:
    """1, and a sentence, when the sound ended in trouble."""
    if not device.player.lost:
        return 0
    told = [fault.message for fault in evening.faults if fault.kind is FaultKind.SOUND and not fault.over]
    print(f"undertone: the sound is not complete. {told[-1] if told else ''}", file=sys.stderr)
    return 1


def _settings(asked: argparse.Namespace, minutes: float) -> Settings:
    settings = config.load(asked.config)
    guidance = replace(settings.guidance, goal=Goal(asked.goal), minutes=minutes)
    music = replace(settings.music, seed=asked.seed, style=asked.style or settings.music.style)
    return replace(settings, guidance=guidance, music=music)


def _provenance(settings: Settings) -> Provenance:
    """What the sound file says of itself. The listener decided the rest, so the same seed alone does not make it again."""
    guidance, music = settings.guidance, settings.music
    chosen = (("goal", guidance.goal.value), ("minutes", f"{guidance.minutes or 0.0:g}"))
    return Provenance(own_version(), music.seed or 0, music.style, settings=chosen)


def _sink(asked: argparse.Namespace, settings: Settings, files: list[WavSink]) -> OpenSink | None:
    """Into a file, which is added to the list when it is opened, to the sound device, or nowhere."""
    if asked.wav is not None:

        def open_file() -> Sink:
            files.append(WavSink(asked.wav, settings.audio.rate_hz, about=_provenance(settings).as_info()))
            return files[-1]

        return open_file
    return None if asked.silent else _sound_device(asked)


def _sound_device(asked: argparse.Namespace) -> OpenSink | None:
    """Opens the sound device; None, and a sentence, where there is none."""
    audio = config.load(asked.config).audio

    def open_sink() -> Sink:
        return open_default_sink(audio.device, audio.rate_hz)

    try:
        open_sink().close()
    except SoundError as error:
        print(error)
        return None
    return open_sink
