"""Scores for other programs: standard MIDI files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from typing import Any

from undertone.flow import Bar, Layer

__all__ = ["write_midi"]

TICKS = 480
"""Ticks in a quarter note."""
VOLUME = 7
"""The controller for a channel's volume."""

Event = tuple[int, int, Any]
"""Tick, rank among events of one tick (note ends first), message."""


def write_midi(path: str | PathLike[str], bars: Sequence[Bar]) -> None:
    """Write bars as a MIDI file of type 1: a track of tempos, metres and section names, then one track for each layer.

    Levels and gains become channel volumes, low-pass, reverb and swell have no place in the format.
    Raises OSError where the file cannot be written.
    """
    import mido

    score = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    score.tracks.append(_track(mido, "undertone", _conducted(mido, bars)))
    for channel, layer in enumerate(Layer):
        score.tracks.append(_track(mido, layer.value, _played(mido, bars, layer, channel)))
    score.save(str(path))


def _track(mido: Any, name: str, events: list[Event]) -> Any:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=name, time=0))
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _conducted(mido: Any, bars: Sequence[Bar]) -> list[Event]:
    events: list[Event] = []
    start, beats, section = 0, 0, ("", "")
    for bar in bars:
        if bar.beats != beats:
            beats = bar.beats
            events.append((start, 0, mido.MetaMessage("time_signature", numerator=beats, denominator=4)))
        events.append((start, 1, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bar.tempo_bpm))))
        if (bar.section, bar.key) != section:
            section = (bar.section, bar.key)
            events.append((start, 2, mido.MetaMessage("marker", text=f"{bar.section} {bar.key}".strip())))
        events.append((start, 3, mido.MetaMessage("text", text=bar.chord)))
        start += bar.beats * TICKS
    return events


def _volume(bar: Bar, layer: Layer) -> int:
    """General MIDI volume: 40 dB for each factor of ten."""
    level = bar.level_db + bar.gains_db[layer]
    return 0 if level == -math.inf else round(min(127.0, max(0.0, 127.0 * 10 ** (level / 40.0))))


def _played(mido: Any, bars: Sequence[Bar], layer: Layer, channel: int) -> list[Event]:
    events: list[Event] = []
    start, program, volume = 0, -1, -1
    notes: list[tuple[int, int, int, int]] = []
    for bar in bars:
        if bar.programs[layer] != program:
            program = bar.programs[layer]
            events.append((start, 1, mido.Message("program_change", channel=channel, program=program)))
        if _volume(bar, layer) != volume:
            volume = _volume(bar, layer)
            events.append((start, 2, mido.Message("control_change", channel=channel, control=VOLUME, value=volume)))
        for note in bar.notes:
            if note.layer is layer:
                on = start + round(note.beat * TICKS)
                notes.append((note.pitch, on, on + max(1, round(note.duration * TICKS)), note.velocity))
        start += bar.beats * TICKS
    for pitch, on, off, velocity in _parted(notes):
        events.append((on, 3, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((off, 0, mido.Message("note_off", channel=channel, note=pitch, velocity=0)))
    return events


def _parted(notes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """The notes (pitch, on, off, velocity), each ended where its pitch is struck again: its later end would cut that note."""
    ordered = sorted(notes)
    following = [*ordered[1:], (-1, 0, 0, 0)][: len(ordered)]
    return [
        (pitch, on, min(off, after[1]) if after[0] == pitch and after[1] > on else off, velocity)
        for (pitch, on, off, velocity), after in zip(ordered, following, strict=True)
    ]
