"""A piece as it is measured: its notes with their places in beats and in seconds, and where its bars begin.

What a player adds (a note a little late, another a little soon) is no part of the score and is undone; strokes of percussion
have no pitch and are left out.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from undertone.flow import Bar, Layer, Note

__all__ = ["Piece", "Sounding", "piece_of", "skyline"]

LATE = 0.03
"""Beats by which a note may come too soon for its place."""
PLACES = tuple(sorted({*(k / 4 for k in range(5)), *(k / 6 for k in range(7))}))
"""Within a beat: sixteenths, triplets and their halves."""


@dataclass(frozen=True, order=True, slots=True)
class Sounding:
    """A note with its place in beats and in seconds from the beginning of the piece."""

    beat: float
    beats: float
    """How long it sounds, quarter notes."""
    second: float
    seconds: float
    pitch: int
    """MIDI note number."""
    layer: Layer | None = None
    """None where it is not known, as in the music of others."""


@dataclass(frozen=True)
class Piece:
    """Notes by onset, and the beats at which the bars begin."""

    name: str
    notes: tuple[Sounding, ...]
    starts: tuple[float, ...]
    """Beats at which each bar begins, and last the beat at which the last one ends."""

    @cached_property
    def melody(self) -> tuple[Sounding, ...]:
        """The melody where the layers are known, which may have no note; else the highest line."""
        if all(note.layer is None for note in self.notes):
            return skyline(self.notes)
        return tuple(note for note in self.notes if note.layer is Layer.MELODY)

    @cached_property
    def by_bar(self) -> tuple[tuple[Sounding, ...], ...]:
        """The notes that begin in each bar."""
        rows: list[list[Sounding]] = [[] for _ in self.starts[:-1]]
        for note in self.notes:
            index = bisect_right(self.starts, note.beat) - 1
            if 0 <= index < len(rows):
                rows[index].append(note)
        return tuple(tuple(row) for row in rows)

    @property
    def seconds(self) -> float:
        """From the beginning to the last onset."""
        return self.notes[-1].second if self.notes else 0.0

    def within(self, start: float, end: float) -> Piece:
        """The bars whose beginning lies in [start, end) seconds by the notes in them, counted from their own beginning."""
        inside = [note for note in self.notes if start <= note.second < end]
        if not inside:
            return Piece(self.name, (), (0.0,))
        first = bisect_right(self.starts, inside[0].beat) - 1
        last = bisect_right(self.starts, inside[-1].beat)
        zero, second = self.starts[max(first, 0)], inside[0].second
        notes = tuple(
            Sounding(n.beat - zero, n.beats, n.second - second, n.seconds, n.pitch, n.layer) for n in inside
        )
        return Piece(self.name, notes, tuple(beat - zero for beat in self.starts[max(first, 0) : last + 1]))


def piece_of(bars: Iterable[Bar], name: str = "") -> Piece:
    """The piece that bars make, without percussion."""
    notes: list[Sounding] = []
    starts, second = [0.0], 0.0
    for bar in bars:
        beat = 60.0 / bar.tempo_bpm
        notes += [_placed(note, starts[-1], second, beat) for note in bar.notes if note.layer is not Layer.PERCUSSION]
        starts.append(starts[-1] + bar.beats)
        second += bar.seconds
    return Piece(name, tuple(sorted(notes, key=lambda note: (note.beat, note.pitch))), tuple(starts))


def _placed(note: Note, start: float, second: float, seconds_per_beat: float) -> Sounding:
    whole = math.floor(note.beat)
    place = max(place for place in PLACES if place <= note.beat - whole + LATE)
    beat = whole + place
    return Sounding(
        start + beat, note.duration, second + beat * seconds_per_beat, note.duration * seconds_per_beat, note.pitch, note.layer
    )


def skyline(notes: Sequence[Sounding]) -> tuple[Sounding, ...]:
    """The highest note at each onset, without those that lie under a longer and higher one."""
    tops: dict[float, Sounding] = {}
    for note in notes:
        at = round(note.beat, 3)
        if at not in tops or note.pitch > tops[at].pitch:
            tops[at] = note
    line: list[Sounding] = []
    for _, note in sorted(tops.items()):
        if not any(n.pitch > note.pitch and n.beat + n.beats > note.beat + 0.1 for n in line[-4:]):
            line.append(note)
    return tuple(line)
