"""Writes a piece in the text form that `notation` reads."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby, pairwise

from undertone.flow import Layer
from undertone.music.sheet import Event, Piece, Section, bar_beats, exact, note_name
from undertone.music.theory import LETTERS, NATURAL, Key

__all__ = ["said_length", "write"]

BARS_IN_LINE = 4
ORDER = (Layer.MELODY, Layer.COUNTER, Layer.HARMONY, Layer.PAD, Layer.BASS, Layer.PERCUSSION)
"""From the top of a system to its foot."""

Chord = tuple[Fraction, Fraction, tuple[int, ...]]
"""Onset, length, pitches from low to high."""


def said_length(length: Fraction) -> str:
    """A length as it is written: 1.5, or 1/3 where decimals do not end."""
    return f"{float(length):g}" if 1_000_000 % length.denominator == 0 else str(length)


def write(piece: Piece) -> str:
    """The piece as text. Read again it is the same piece, but for the weights of its notes, which text does not hold."""
    key = f"{piece.key.spelled(0)} {({'ionian': 'major', 'aeolian': 'minor'}).get(piece.key.mode.name, piece.key.mode.name)}"
    headers = {
        "title": piece.title,
        "composer": piece.composer,
        "source": piece.source,
        "licence": piece.licence,
        "key": key,
        "metre": f"{piece.metre[0]}/{piece.metre[1]}",
        "tempo": f"{piece.tempo_bpm:.6g}",
        "form": " ".join(piece.form),
        "about": piece.about,
    }
    lines = [f"{name}: {' '.join(value.split())}" for name, value in headers.items() if value.strip()]
    for section in piece.sections.values():
        lines += ["", *_section(section, piece.key, bar_beats(piece.metre))]
    return "\n".join(lines) + "\n"


def _section(section: Section, key: Key, bar: Fraction) -> list[str]:
    pickup, end = exact(section.pickup), exact(section.beats)
    starts = [*([-pickup] if pickup else []), *(index * bar for index in range(max(1, math.ceil(end / bar))))]
    edges = [*starts, end]
    voices: dict[str, list[str]] = {}
    for layer in ORDER:
        for number, chords in enumerate(_voices([event for event in section.events if event.layer is layer], edges[0], end)):
            voices[layer + (str(number + 1) if number else "")] = _bars(chords, edges, key, bar)
    if not voices:
        voices["melody"] = ["R"] * len(starts)
    first = 1 if pickup else 0
    ends = {phrase + first - 1 for phrase in section.phrases}
    lines = [f"[{section.name}]" + (f" pickup {said_length(pickup)}" if pickup else "")]
    step = BARS_IN_LINE
    for start in range(0, len(starts), step):
        shown = {name: bars[start : start + step] for name, bars in voices.items()}
        # What rests throughout a system is not written; something has to be, so that its bars are counted.
        sounding = {name: bars for name, bars in shown.items() if set(bars) != {"R"}} or dict([next(iter(shown.items()))])
        for name, bars in sounding.items():
            lined = [text + (" ||" if start + index in ends else " |") for index, text in enumerate(bars)]
            lines.append(f"{name}: {' '.join(lined)}")
        if start + step < len(starts):
            lines.append("")
    return lines


def _voices(events: Iterable[Event], start: Fraction, end: Fraction) -> list[list[Chord]]:
    """Notes of one layer as lines in which nothing overlaps; of one onset, the longest come first."""
    chords: list[Chord] = []
    timed = sorted((exact(event.beat), -exact(event.duration), event.pitch) for event in events)
    for (beat, length), group in groupby(timed, key=lambda note: note[:2]):
        pitches = [pitch for _, _, pitch in group]
        while pitches:
            # The same note twice at once stands in two lines.
            struck = sorted(set(pitches))
            chords.append((beat, min(-length, end - beat), tuple(struck)))
            for pitch in struck:
                pitches.remove(pitch)
    voices: list[list[Chord]] = []
    for chord in chords:
        if not start <= chord[0] < end:
            continue
        free = next((voice for voice in voices if voice[-1][0] + voice[-1][1] <= chord[0]), None)
        if free is None:
            voices.append([chord])
        else:
            free.append(chord)
    return voices


def _bars(chords: list[Chord], edges: list[Fraction], key: Key, bar: Fraction) -> list[str]:
    bars, waiting = list[str](), list(chords)
    tied: Chord | None = None
    same: tuple[str, Fraction] | None = None
    for index, (start, end) in enumerate(pairwise(edges)):
        same = same if index % BARS_IN_LINE else None
        now, signs, lasting, carried = start, list[str](), Fraction(1), tied is not None
        while now < end:
            if tied is not None:
                beat, length, pitches = tied
                tied = None
            elif waiting and waiting[0][0] < end:
                beat, length, pitches = waiting.pop(0)
            else:
                beat, length, pitches = end, Fraction(0), ()
            if beat > now:
                # A short last bar ends before R would: there the length is written.
                full = beat == end and (end < edges[-1] or end - start == bar)
                signs.append("R" if full else _sized("r", beat - now, lasting))
                lasting = beat - now
                now = beat
            if pitches:
                here = min(length, end - now)
                if here < length:
                    tied = (end, length - here, pitches)
                signs.append(_sized("+".join(_name(pitch, key) for pitch in pitches), here, lasting) + ("~" if tied else ""))
                now, lasting = now + here, here
        text, loose = " ".join(signs), not carried and tied is None
        bars.append("%" if same == (text, end - start) and text != "R" else text)
        same = (text, end - start) if loose else None
    return bars


def _sized(sign: str, length: Fraction, before: Fraction) -> str:
    return sign if length == before else f"{sign}:{said_length(length)}"


def _name(pitch: int, key: Key) -> str:
    name = note_name(pitch % 12, key)
    natural = NATURAL[LETTERS.index(name[0])] + name.count("#") - name.count("b")
    return f"{name[0].lower()}{name[1:]}{(pitch - natural) // 12 - 1}"
