"""A listener's MIDI files as pieces: which notes are the melody, which the bass, where the bars are, how fast it goes.

Theory of operation. Each track and channel is a *part*. Parts of percussion are those of channel 10. Where there are several
parts they are given to layers by how high they lie and how much they hold: the melody is the highest that sings one note at
a time, the bass the lowest. A part that plays chords over more than two octaves (a piano) is taken apart: its skyline is the
melody, its lowest line the bass. What was played rather than typed, so that few notes stand on the grid, is moved to it.
Tempos are averaged to the one the piece mostly has: the performer bends it anew.

Source: Uitdenbogerd & Zobel 1999 (skyline melody); music.md §2.1 (layers).
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from undertone.flow import Layer
from undertone.music.midi import BYTES_LIMIT, DRUMS, MidiError, Reading, Struck, read_messages
from undertone.music.notation import read_key
from undertone.music.recognition import fitting_key, weights
from undertone.music.sheet import GRAIN, Event, Piece, Section, bar_beats, exact
from undertone.music.theory import Key

__all__ = ["MIDI_SUFFIXES", "piece_from", "read_midi"]

MIDI_SUFFIXES = (".mid", ".midi")
"""Endings of the files that are read here."""
NOTES_LIMIT = 20_000
"""Notes of a piece: an hour of lively piano."""
BEATS_LIMIT = 20_000
"""Quarter notes from the first note to the last: four hours at a calm tempo."""
SLOWEST, FASTEST = 20.0, 320.0
"""Tempos that are taken for what they say; beyond them the piece is counted in halves or doubles."""
SHORTEST = Fraction(1, GRAIN)
GRID = Fraction(1, 12)
"""Onsets are moved to twelfths of a quarter note, which hold sixteenths and triplets."""
TYPED = 0.02
"""Mean distance from the grid, in quarter notes, below which notes were typed and stay where they are."""
DOUBT = 0.2
"""How much less well than the best key one of the told signature may fit, and still be believed."""
PHRASE_BARS = (4, 8)
PERCUSSION_PITCHES = (27, 87)
LOWEST, HIGHEST = 21, 108
PADS = range(88, 104)
"""General MIDI programs that hold: synthesiser pads and effects."""
HOLDING = frozenset({*range(16, 21), *range(48, 55), *PADS})
"""Programs that hold chords: organs, strings, voices, pads."""


class _Part(NamedTuple):
    """One track and channel."""

    notes: tuple[Struck, ...]
    middle: float
    """Median pitch."""
    voices: float
    """How many notes sound at once, on average while it plays."""
    length: float
    """Median duration, quarter notes."""
    program: int


def read_midi(path: str | PathLike[str]) -> Piece:
    """The piece in a MIDI file. Raises MidiError, with a sentence, where there is none."""
    place = Path(path)
    try:
        with place.open("rb") as file:
            data = file.read(BYTES_LIMIT + 1)
    except OSError as error:
        raise MidiError(f"{place.name} cannot be read ({error.strerror}); look at the path and who may read it.") from error
    return piece_from(data, place.name)


def piece_from(data: bytes, name: str) -> Piece:
    """The piece in the bytes of a MIDI file of type 0 or 1.

    name: what messages call the file; without its ending also the title where the file has none.
    Raises MidiError, with a sentence, where nothing in it can be played.
    """
    reading = read_messages(data, name)
    notes = [note for note in reading.notes if _playable(note)]
    if not notes:
        raise MidiError(f"{name} has no notes that can be played; choose a file with music in it.")
    if len(notes) > NOTES_LIMIT:
        raise MidiError(f"{name} has {len(notes)} notes; at most {NOTES_LIMIT} are played. Split it into pieces.")
    start = min(note.tick for note in notes)
    if (max(note.tick for note in notes) - start) / reading.ticks > BEATS_LIMIT:
        raise MidiError(f"{name} is longer than {BEATS_LIMIT} quarter notes, hours of music; split it into pieces.")
    return _piece(reading, notes, name)


def _playable(note: Struck) -> bool:
    low, high = PERCUSSION_PITCHES if note.channel == DRUMS else (LOWEST, HIGHEST)
    return low <= note.pitch <= high


def _piece(reading: Reading, notes: list[Struck], name: str) -> Piece:
    metre = _metre(reading, notes)
    bar = bar_beats(metre)
    # A rest before the first note is no music: whole bars of it are left out.
    first = Fraction(min(note.tick for note in notes), reading.ticks)
    origin = float((first // bar) * bar)
    events = _events(reading, notes, origin)
    end = max(event.beat + min(event.duration, 0.01) for event in events)
    count = max(1, -int(-end // float(bar)))
    tempo, factor = _tempo(reading, notes)
    if factor != 1.0:
        events = [event._replace(beat=event.beat * factor, duration=event.duration * factor) for event in events]
        count = max(1, -int(-end * factor // float(bar)))
    key = _key(reading, events)
    section = Section("A", 0.0, float(count * bar), tuple(sorted(events)), _phrases(events, float(bar), count))
    told = [] if factor == 1.0 else ["counted in halves" if factor < 1 else "counted in doubles"]
    title = reading.title if len(reading.title) > 2 and ":" not in reading.title else name.rsplit(".", 1)[0]
    return Piece(
        title=title,
        composer="",
        source=name,
        licence="the listener's own file" + (f" ({reading.rights})" if reading.rights else ""),
        key=key,
        metre=metre,
        tempo_bpm=tempo,
        form=("A",),
        sections={"A": section},
        about=", ".join(told),
    )


# ------------------------------------------------------------------------------------------------------------------- time


def _metre(reading: Reading, notes: Sequence[Struck]) -> tuple[int, int]:
    """The metre under which most notes stand; 4/4 where none is told or none can be played."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    ticks = [tick for tick, _, _ in reading.metres]
    for note in notes:
        index = bisect.bisect_right(ticks, note.tick) - 1
        counts[reading.metres[index][1:] if index >= 0 else (4, 4)] += 1
    numerator, denominator = max(counts, key=lambda metre: (counts[metre], metre == (4, 4)))
    playable = denominator in (1, 2, 4, 8, 16) and 0.5 <= 4 * numerator / denominator <= 12
    return (numerator, denominator) if playable else (4, 4)


def _tempo(reading: Reading, notes: Sequence[Struck]) -> tuple[float, float]:
    """Quarter notes a minute for most of the piece, and by what its times are multiplied for that (1, or a power of two)."""
    last = max(note.tick for note in notes) + 1
    changes = [(0, 120.0), *reading.tempos, (last, 0.0)]
    spans = [(min(after[0], last) - min(now[0], last), now[1]) for now, after in pairwise(changes)]
    held = [(ticks, bpm) for ticks, bpm in spans if ticks > 0] or [(1, 120.0)]
    total = sum(ticks for ticks, _ in held)
    bpm = total / sum(ticks / max(tempo, 1e-3) for ticks, tempo in held)
    factor = 1.0
    while bpm * factor > FASTEST and factor > 1 / 64:
        factor /= 2
    while bpm * factor < SLOWEST and factor < 64:
        factor *= 2
    return min(max(bpm * factor, SLOWEST), FASTEST), factor


def _events(reading: Reading, notes: list[Struck], origin: float) -> list[Event]:
    """The notes in quarter notes from the first bar, on the grid if they were played rather than typed."""
    onsets = np.array([note.tick for note in notes]) / reading.ticks - origin
    lengths = np.array([max(note.end - note.tick, 1) for note in notes]) / reading.ticks
    grid = float(GRID)
    off = np.abs(onsets / grid - np.round(onsets / grid)) * grid
    if float(off.mean()) > TYPED:
        # The end moves with the onset, so that what was detached stays detached.
        onsets = np.round(onsets / grid) * grid
        lengths = np.maximum(np.round(lengths / grid) * grid, grid)
    layers = _layers(notes, reading.ticks)
    loud = np.array([note.velocity for note in notes], dtype=np.float64)
    spread = max(float(loud.std()), 8.0)
    weight = np.clip(0.6 + 0.2 * (loud - loud.mean()) / spread, 0.1, 1.0)
    timed = zip(onsets.tolist(), lengths.tolist(), weight.tolist(), strict=True)
    return [
        Event(float(exact(onset)), min(float(max(exact(length), SHORTEST)), 64.0), note.pitch, layer, round(heavy, 3))
        for (onset, length, heavy), note, layer in zip(timed, notes, layers, strict=True)
    ]


def _key(reading: Reading, events: Sequence[Event]) -> Key:
    """The key of the notes, among those of the signature that the file tells unless these fit far worse."""
    sums = weights(events)
    fit = fitting_key(sums)
    for _, told in reading.keys[:1]:
        signature = read_key(f"{told.rstrip('m')} {'minor' if told.endswith('m') else 'major'}")
        # Typesetters write the signature well and the mode carelessly: the notes know better which of the two keys it is.
        if signature is not None:
            within = fitting_key(sums, signature.fifths)
            if within.clarity > fit.clarity - DOUBT:
                return within.key
    return fit.key


def _phrases(events: Sequence[Event], bar: float, count: int) -> tuple[int, ...]:
    """Bars with which phrases begin: every four or eight, wherever the leading line rests most before a bar line."""
    lead = [event for event in events if event.layer is Layer.MELODY] or list(events)
    onsets = sorted({round(event.beat, 3) for event in lead})
    starts, now = [], 0
    while now + PHRASE_BARS[0] + 2 <= count:
        lengths = range(PHRASE_BARS[0], min(PHRASE_BARS[1], count - now - 2) + 1)
        ends = {bars: _rest(onsets, (now + bars) * bar, bar) + _even(bars) for bars in lengths}
        now += max(ends, key=lambda bars: ends[bars])
        starts.append(now)
    return tuple(starts)


def _rest(onsets: Sequence[float], line: float, bar: float) -> float:
    """How long nothing new begins before a bar line, in bars, at most one."""
    index = bisect.bisect_left(onsets, line - 1e-3)
    return min((line - onsets[index - 1]) / bar, 1.0) if index else 1.0


def _even(bars: int) -> float:
    return {4: 0.35, 8: 0.3, 6: 0.0}.get(bars, -0.25)


# ------------------------------------------------------------------------------------------------------------------ layers


def _layers(notes: Sequence[Struck], ticks: int) -> list[Layer]:
    """The layer of each note."""
    grouped: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, note in enumerate(notes):
        grouped[note.track, note.channel].append(index)
    layers = [Layer.HARMONY] * len(notes)
    parts: list[tuple[_Part, list[int]]] = []
    for (_, channel), indices in grouped.items():
        if channel == DRUMS:
            for index in indices:
                layers[index] = Layer.PERCUSSION
        else:
            parts.append((_part([notes[index] for index in indices], ticks), indices))
    for layer, indices in _shared(parts, notes):
        for index in indices:
            layers[index] = layer
    return layers


def _part(notes: Sequence[Struck], ticks: int) -> _Part:
    middle = float(np.median([note.pitch for note in notes]))
    lengths = [max(note.end - note.tick, 1) for note in notes]
    edges = sorted((note.tick, max(note.end, note.tick + 1)) for note in notes)
    busy, reach = 0, -1
    for start, end in edges:
        busy += max(0, end - max(start, reach))
        reach = max(reach, end)
    return _Part(tuple(notes), middle, sum(lengths) / max(busy, 1), float(np.median(lengths)) / ticks, notes[0].program)


def _shared(parts: list[tuple[_Part, list[int]]], notes: Sequence[Struck]) -> list[tuple[Layer, list[int]]]:
    """Which notes each layer gets."""
    if not parts:
        return []
    parts.sort(key=lambda part: -part[0].middle)
    if len(parts) == 1:
        return _apart(parts[0][1], notes, low=True)
    most = max(len(part.notes) for part, _ in parts)
    singing = [entry for entry in parts if entry[0].voices < 1.25 and len(entry[1]) >= 0.1 * most and entry[0].middle >= 52]
    given: list[tuple[Layer, list[int]]] = []
    left = list(parts)
    if singing:
        melody = max(singing, key=lambda entry: entry[0].middle + 12 * min(1.0, len(entry[1]) / most))
        left.remove(melody)
        given.append((Layer.MELODY, melody[1]))
    else:
        given += _apart(left.pop(0)[1], notes, low=False)
    if left:
        given += _accompanying(left, notes)
    return given


def _accompanying(parts: list[tuple[_Part, list[int]]], notes: Sequence[Struck]) -> list[tuple[Layer, list[int]]]:
    """The parts below the melody, from high to low: the lowest line is the bass, what holds the pad, what sings the counter."""
    given: list[tuple[Layer, list[int]]] = []
    lowest = parts[-1]
    if lowest[0].voices < 1.25 and lowest[0].middle < 57:
        given.append((Layer.BASS, parts.pop()[1]))
    else:
        given += _lowest(parts.pop()[1], notes)
    for part, indices in parts:
        if part.program in HOLDING and part.length >= 1.5:
            given.append((Layer.PAD, indices))
        elif part.voices < 1.25 and part.middle >= 55 and part.length >= 0.5 and Layer.COUNTER not in dict(given):
            given.append((Layer.COUNTER, indices))
        else:
            given.append((Layer.HARMONY, indices))
    return given


def _apart(indices: list[int], notes: Sequence[Struck], *, low: bool) -> list[tuple[Layer, list[int]]]:
    """A part of chords as its skyline, its lowest line (where `low`) and what is between."""
    melody = _skyline(indices, notes)
    rest = [index for index in indices if index not in melody]
    given = [(Layer.MELODY, sorted(melody))]
    return given + (_lowest(rest, notes) if low else [(Layer.HARMONY, rest)])


def _skyline(indices: list[int], notes: Sequence[Struck]) -> set[int]:
    """The notes above which nothing sounds when they begin, but none far below where the skyline usually is."""
    ordered = sorted(indices, key=lambda index: (notes[index].tick, -notes[index].pitch))
    chosen: list[int] = []
    for index in ordered:
        note = notes[index]
        above = [notes[other] for other in chosen[-6:]]
        if not any((other.end > note.tick + 1 and other.pitch > note.pitch) or other.tick == note.tick for other in above):
            chosen.append(index)
    middle = float(np.median([notes[index].pitch for index in chosen]))
    return {index for index in chosen if notes[index].pitch >= middle - 12}


def _lowest(indices: list[int], notes: Sequence[Struck]) -> list[tuple[Layer, list[int]]]:
    """Chords with a bass: the lowest note of each onset if it lies low, and the rest."""
    first: dict[int, int] = {}
    for index in indices:
        tick = notes[index].tick
        if tick not in first or notes[index].pitch < notes[first[tick]].pitch:
            first[tick] = index
    if not first:
        return []
    middle = float(np.median([notes[index].pitch for index in indices]))
    bass: list[int] = []
    for _, index in sorted(first.items()):
        note = notes[index]
        # What begins above a bass note that still sounds belongs to the chord over it.
        held = bass and notes[bass[-1]].end > note.tick + 1 and notes[bass[-1]].pitch < note.pitch
        if note.pitch <= min(middle, 55) and not held:
            bass.append(index)
    return [(Layer.BASS, sorted(bass)), (Layer.HARMONY, [index for index in indices if index not in bass])]
