"""Standard MIDI files: scores written for other programs, and what other programs wrote as plain numbers.

The one door to mido, which is opened when a file is read or written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from typing import Any, NamedTuple

from undertone.errors import UndertoneError
from undertone.flow import Bar, Layer
from undertone.music.provenance import Provenance

__all__ = ["MidiError", "Reading", "Struck", "read_messages", "write_midi"]

TICKS = 480
"""Ticks in a quarter note."""
VOLUME = 7
"""The controller for a channel's volume."""

DRUMS = 9
"""The channel of percussion, counted from 0."""
BYTES_LIMIT = 384 * 1024
"""Bytes of a file that is read: many times what an hour of piano takes, and little enough for a small computer."""
TRACKS_LIMIT = 256
LONGEST_DELTA = 1 << 28
"""Ticks between two messages: the format's four bytes hold no more."""
ENDLESS = re.compile(rb"[\x80-\xff]{4096}")
"""A run of bytes that says "and more follows" too often to be a number or a text."""

Event = tuple[int, int, Any]
"""Tick, rank among events of one tick (note ends first), message."""


def write_midi(path: str | PathLike[str], bars: Sequence[Bar], *, provenance: Provenance | None = None) -> None:
    """Write bars as a MIDI file of type 1: a track of tempos, metres and section names, then one track for each layer.

    Levels and gains become channel volumes, low-pass, reverb and swell have no place in the format. Where the music comes from
    stands at the beginning of the first track: a copyright notice, and the provenance as text.
    Raises OSError where the file cannot be written.
    """
    import mido

    score = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8")
    told = [] if provenance is None else _told(mido, provenance)
    score.tracks.append(_track(mido, "undertone", told + _conducted(mido, bars)))
    for number, layer in enumerate(Layer):
        score.tracks.append(_track(mido, layer.value, _played(mido, bars, layer, _channel(number, layer))))
    score.save(str(path))


def _channel(number: int, layer: Layer) -> int:
    """Percussion has the channel that General MIDI keeps for it, and no other layer has that."""
    return DRUMS if layer is Layer.PERCUSSION else number


def _told(mido: Any, provenance: Provenance) -> list[Event]:
    rights = [(0, -2, mido.MetaMessage("copyright", text=provenance.rights))]
    return rights + [(0, -1, mido.MetaMessage("text", text=line)) for line in provenance.as_text().splitlines()]


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


# ---------------------------------------------------------------------------------------------------------------- reading


class MidiError(UndertoneError, ValueError):
    """A MIDI file cannot be played."""


class Struck(NamedTuple):
    """A note of a MIDI file."""

    tick: int
    end: int
    pitch: int
    velocity: int
    channel: int
    """0…15; 9 is percussion."""
    track: int
    program: int
    """General MIDI program of its channel when it began."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in a MIDI file, as plain numbers."""

    ticks: int
    """In a quarter note."""
    notes: tuple[Struck, ...]
    """By onset."""
    tempos: tuple[tuple[int, float], ...]
    """Tick, and quarter notes a minute from there."""
    metres: tuple[tuple[int, int, int], ...]
    """Tick, numerator, denominator."""
    keys: tuple[tuple[int, str], ...]
    """Tick, and a key as mido names it: "F#m"."""
    title: str
    rights: str
    """Copyright notice, if there is one."""


def read_messages(data: bytes, name: str) -> Reading:
    """The notes, tempos and metres of a MIDI file of type 0 or 1.

    name: what the messages call it. Raises MidiError, with a sentence, for whatever is not such a file.
    """
    if len(data) > BYTES_LIMIT:
        raise MidiError(f"{name} is larger than {BYTES_LIMIT // 1024} kB, more than can be played here; split it into pieces.")
    if data[:4] != b"MThd" or len(data) < 14:
        raise MidiError(f"{name} is not a MIDI file (it does not begin with “MThd”); choose a file that ends in .mid.")
    kind, tracks, ticks = (int.from_bytes(data[place : place + 2], "big") for place in (8, 10, 12))
    if kind not in (0, 1):
        raise MidiError(f"{name} holds separate patterns (MIDI type {kind}); save it as type 0 or 1 and try again.")
    if ticks >= 0x8000 or ticks == 0:
        raise MidiError(f"{name} counts time in film frames, not in beats; save it with ticks per quarter note and try again.")
    if tracks > TRACKS_LIMIT:
        raise MidiError(f"{name} claims {tracks} tracks; at most {TRACKS_LIMIT} are read. Join some of them and try again.")
    if ENDLESS.search(data):
        raise MidiError(f"{name} is damaged: a number in it does not end. Get the file anew, or save it again.")
    return _read(_parsed(data, name), ticks)


def _parsed(data: bytes, name: str) -> Any:
    import mido

    try:
        return mido.MidiFile(file=BytesIO(data), clip=True)
    except Exception as error:
        # mido lets whatever goes wrong on the way out: EOFError, OSError, IndexError, KeyError, ValueError, struct.error…
        raise MidiError(f"{name} is damaged or cut short; get the file anew, or save it again with another program.") from error


def _read(file: Any, ticks: int) -> Reading:
    notes: list[Struck] = []
    tempos, metres, keys, title, rights = [], [], [], "", ""
    programs = [0] * 16
    timed = [
        (now, number, order, message)
        for number, track in enumerate(file.tracks)
        for order, (now, message) in enumerate(_timed(track))
    ]
    sounding: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    for now, number, _, message in sorted(timed, key=lambda entry: entry[:3]):
        if message.type == "set_tempo" and message.tempo > 0:
            tempos.append((now, 60e6 / message.tempo))
        elif message.type == "time_signature" and message.numerator > 0:
            metres.append((now, message.numerator, message.denominator))
        elif message.type == "key_signature":
            keys.append((now, message.key))
        elif message.type == "track_name":
            title = title or _plain(message.name)
        elif message.type == "copyright":
            rights = rights or _plain(message.text)
        elif message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type in ("note_on", "note_off"):
            here = (number, message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                sounding.setdefault(here, []).append((now, message.velocity, programs[message.channel]))
            elif sounding.get(here):
                began, velocity, program = sounding[here].pop(0)
                notes.append(Struck(began, now, message.note, velocity, message.channel, number, program))
    # What is never ended lasts a quarter note.
    for (number, channel, pitch), left in sounding.items():
        notes += [Struck(began, began + ticks, pitch, velocity, channel, number, program) for began, velocity, program in left]
    return Reading(ticks, tuple(sorted(notes)), tuple(tempos), tuple(metres), tuple(keys), title, rights)


def _timed(track: Any) -> Iterator[tuple[int, Any]]:
    """The messages of a track with their ticks since its beginning; nothing after a rest that the format cannot say."""
    now = 0
    for message in track:
        if message.time >= LONGEST_DELTA:
            return
        now += message.time
        yield now, message


def _plain(text: str) -> str:
    """A text of the file as one short line without control characters; it may be in an encoding that was not told."""
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:120]
