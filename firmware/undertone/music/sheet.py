"""A piece as it is written down: sections of notes, the order in which they are played, and the bars that this makes.

Times are in quarter notes ("beats"). In a section, beat 0 is its first full bar; what leads into that bar (the pickup) has
negative beats. Where one section ends short by just what the next one leads in with, the two share a bar; else what is missing
is silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from undertone.flow import Layer
from undertone.music.theory import SHARPS, Key

__all__ = ["GRAIN", "Event", "Measure", "Piece", "Section", "bar_beats", "exact", "note_name", "unfolded"]

GRAIN = 480
"""Times are told apart to 1/480 of a quarter note: triplets, quintuplets and 128ths are exact."""


class Event(NamedTuple):
    """A written note."""

    beat: float
    """Onset in quarter notes: from the section's first full bar, or within a measure from its bar line."""
    duration: float
    """Quarter notes; may reach past the bar line."""
    pitch: int
    """MIDI note number, 21…108."""
    layer: Layer
    weight: float = 0.6
    """0…1: how strongly it was played or should be; .6 where nothing is known."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a piece that has a name."""

    name: str
    pickup: float
    """Quarter notes before its first full bar, less than a bar."""
    beats: float
    """Quarter notes from its first full bar to its end."""
    events: tuple[Event, ...]
    """By onset."""
    phrases: tuple[int, ...] = ()
    """Full bars, counted from 0, with which phrases begin; the first bar of a section always begins one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Music that a person wrote."""

    title: str
    composer: str
    source: str
    """Where these notes come from."""
    licence: str
    key: Key
    metre: tuple[int, int]
    """As in a time signature: (6, 8)."""
    tempo_bpm: float
    """Quarter notes a minute at which it is usually played."""
    form: tuple[str, ...]
    """Names of sections in the order of playing."""
    sections: Mapping[str, Section]
    about: str = ""
    """What was left out or changed, in a sentence."""

    @property
    def credit(self) -> str:
        """Whose it is: "“Gymnopédie no. 1” by Erik Satie, public domain"."""
        by = f" by {self.composer}" if self.composer else ""
        return f"“{self.title}”{by}" + (f", {self.licence}" if self.licence else "")


@dataclass(frozen=True, slots=True)
class Measure:
    """One bar of a piece as it is played through."""

    beats: int
    """Quarter notes in it."""
    events: tuple[Event, ...]
    """Those that begin in it, by onset."""
    section: str
    opens: bool
    """Whether a phrase begins with it."""


def bar_beats(metre: tuple[int, int]) -> Fraction:
    """Quarter notes in a bar of this metre."""
    return Fraction(4 * metre[0], metre[1])


def _whole(bar: Fraction) -> tuple[int, int]:
    """How a written bar becomes bars of whole quarter notes: how many are joined, then into how many the sum is parted."""
    joined = bar.denominator
    while joined * bar < 2:
        joined += bar.denominator
    total = int(joined * bar)
    parted = next((parts for parts in range(1, total) if total % parts == 0 and total // parts <= 6), 1)
    return joined, parted


def unfolded(piece: Piece) -> tuple[Measure, ...]:
    """The piece in playing order, as bars of 2…6 whole quarter notes (more only where they cannot be parted evenly).

    Bars such as those of 3/8 are joined in pairs, those of 8/4 are halved.
    """
    bar = bar_beats(piece.metre)
    placed: list[tuple[Fraction, Section]] = []
    end = Fraction(0)
    for name in piece.form:
        section = piece.sections[name]
        pickup = exact(section.pickup)
        start = math.ceil((end + pickup) / bar) * bar
        placed.append((start, section))
        end = start + exact(section.beats)
    joined, parted = _whole(bar)
    beats = int(bar * joined) // parted
    count = max(1, math.ceil(end / beats))
    return _measures(placed, beats, count, bar)


def _measures(placed: Sequence[tuple[Fraction, Section]], beats: int, count: int, bar: Fraction) -> tuple[Measure, ...]:
    events: list[list[Event]] = [[] for _ in range(count)]
    opens, names = {0}, [""] * count
    for start, section in placed:
        first = int(start // beats)
        for index in range(first, count):
            names[index] = section.name
        opens |= {int((start + phrase * bar) // beats) for phrase in (0, *section.phrases)}
        for event in section.events:
            where = start + exact(event.beat)
            index = int(where // beats)
            if index < count:
                events[index].append(event._replace(beat=float(where - index * beats)))
    if placed and placed[0][0] > 0:
        # What leads into the first bar stands in a bar of its own, which belongs to the phrase that it leads into.
        opens.discard(int(placed[0][0] // beats))
        names = [name or placed[0][1].name for name in names]
    return tuple(
        Measure(beats, _ordered(sounding), name, index in opens)
        for index, (sounding, name) in enumerate(zip(events, names, strict=True))
    )


def note_name(pitch_class: int, key: Key) -> str:
    """How a pitch class (0…11) is spelt in a key: its own notes as its signature has them, others as they mostly come.

    Those are, counted from the major scale of the signature, the raised first, fourth and fifth and the lowered third and
    seventh; the raised fifth is what leads to the tonic of the relative minor.
    """
    lowest = key.fifths - 3
    place = lowest + (7 * pitch_class - lowest) % 12
    return SHARPS[(place + 1) % 7] + ("#" * ((place + 1) // 7) if place >= -1 else "b" * -((place + 1) // 7))


def exact(beats: float) -> Fraction:
    """The time on the grain that is nearest."""
    return Fraction(round(beats * GRAIN), GRAIN)


def _ordered(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: (event.beat, tuple(Layer).index(event.layer), event.pitch)))
