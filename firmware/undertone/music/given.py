"""A melody that a person gave: cleaned, understood, harmonised, and made into what themes are made of.

How it is used (all of it pure, the same for the same notes):

    melody = given(notes, source="hummed by Ana")      # Given; raises UndertoneError, a sentence, where nothing is a note
    melody.told                                        # what was done to it, in sentences for the person
    melody.key, melody.beats, melody.tempo_bpm         # Key; quarter notes in a bar, 3 or 4; as it was played, or None
    melody.phrases                                     # bars in each phrase, whole bars; sum == len(melody.bars)
    bars = literal(melody, key, phrase=0, centre=69)   # its bars as melody.Tone in that key, transposed by whole steps
    chords = harmonised(bars, key, beats=4, closed=True, functional=False)   # Progression that bends to those bars
    motif = motif_of(melody)                           # motif.Motif of its first bar, for `sequence`, inversion and the rest
    theme = theme_of(melody, stream)                   # melody.Theme built on that motif, for phrases that develop it

For the planner: section A of the first chapter takes `key = key_for(melody, fifths)`, phrase n (0 question, 1 answer) is
`literal(melody, key, phrase=n, bars=place.bars)` with `harmonised(...)` as its chords; B, C and later chapters use `theme_of`.

Source: Krumhansl & Kessler 1982 (key profiles); music.md §6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from undertone.errors import UndertoneError
from undertone.flow import Layer
from undertone.music.harmonising import harmonised
from undertone.music.melody import Tone
from undertone.music.metre import strength as metric_weight
from undertone.music.motif import Motif
from undertone.music.recognition import fitting_key, weights
from undertone.music.sheet import Event
from undertone.music.streams import Stream
from undertone.music.theme import Theme, theme
from undertone.music.theory import IONIAN, Key

__all__ = ["Given", "GivenNote", "given", "harmonised", "key_for", "literal", "motif_of", "theme_of"]

NOTES_LIMIT = 400
"""Notes of a melody that are used: a thousand would take ten minutes to say once."""
BARS_LIMIT = 64
LOWEST, HIGHEST = 21, 108
CLEAR = 0.6
"""Clarity below which the notes are told to be in no clear key."""
GRID = (Fraction(1, 4), Fraction(1, 3))
"""Finest steps of the beat to which notes are moved: sixteenths, or triplets where they fit better."""
SHORTEST = 0.1
"""Quarter notes below which a note counts as a slip of the finger."""
REACH = 18
"""Semitones that a note may lie from the middle of the melody."""
PHRASE_BARS = 8
"""Phrases are no longer than this, because that is how long a phrase of the form is."""


class GivenNote(NamedTuple):
    """A note as a person gave it."""

    beat: float
    """Onset in quarter notes from anywhere."""
    duration: float
    """Quarter notes."""
    pitch: float
    """MIDI note number; a sung one may lie between two."""


@dataclass(frozen=True, slots=True)
class Given:
    """A melody from a person, ready to be woven in."""

    key: Key
    clarity: float
    """How well it fits that key, −1…1."""
    beats: int
    """Quarter notes in a bar, 3 or 4."""
    bars: tuple[tuple[Tone, ...], ...]
    """Bar by bar, each tone with its beat in the bar; steps are those of `key`, pitches as given. A bar may be empty."""
    phrases: tuple[int, ...]
    """Bars in each phrase."""
    tempo_bpm: float | None
    """Quarter notes a minute at which it was given; None where it had no tempo."""
    source: str
    """Whose it is, in words: "a melody given as notes"."""
    told: tuple[str, ...]
    """What was done to it, in sentences."""


def given(
    notes: Iterable[GivenNote | Event | tuple[float, float, float]], *, source: str = "a melody given as notes",
    beats: int | None = None, tempo_bpm: float | None = None, strength: float = 1.0, key: Key | None = None,
) -> Given:
    """Understand a melody.

    notes: onset and duration in quarter notes, and pitch. beats: quarter notes in a bar where they are known, 3 or 4.
    strength: how far onsets are moved to the grid, 0 (as played) … 1 (onto it). key: where it is known.
    Raises UndertoneError, with a sentence, when nothing in it is a note.
    """
    told: list[str] = []
    cleaned = _cleaned(notes, told)
    if not cleaned:
        raise UndertoneError("The melody has no notes that can be played; give at least one, and the music goes on without it.")
    if len(cleaned) == 1:
        told.append("The melody is one note: it is held as a motif and the harmony moves around it.")
    placed = _quantised(cleaned, min(max(strength, 0.0), 1.0), told)
    metre = beats if beats in (3, 4) else _metre(placed)
    placed = _on_bars(placed, metre)
    placed = _within(placed, metre, told)
    home = _home(placed, key, told)
    bars = _barred(placed, home[0], metre)
    return Given(home[0], home[1], metre, bars, _phrases(bars, metre), tempo_bpm, source, tuple(told))


# ------------------------------------------------------------------------------------------------------------ understanding


def _cleaned(notes: Iterable[GivenNote | Event | tuple[float, float, float]], told: list[str]) -> list[GivenNote]:
    """One voice, by onset: no slips, no nonsense, the highest of what begins together."""
    read = [GivenNote(float(note[0]), float(note[1]), float(note[2])) for note in notes]
    sane = [
        note
        for note in read
        if all(math.isfinite(value) for value in note) and note.duration > 0 and abs(note.beat) < 1e6
        and LOWEST <= round(note.pitch) <= HIGHEST
    ]
    kept: list[GivenNote] = []
    slips = 0
    for note in sorted(sane, key=lambda note: (note.beat, -note.pitch)):
        if (note.duration < SHORTEST and len(sane) > 1) or (kept and note.beat - kept[-1].beat < SHORTEST):
            slips += 1
        else:
            if kept and kept[-1].beat + kept[-1].duration > note.beat:
                kept[-1] = kept[-1]._replace(duration=note.beat - kept[-1].beat)
            kept.append(GivenNote(note.beat, max(note.duration, SHORTEST), float(round(note.pitch))))
    if len(sane) < len(read):
        told.append(f"{len(read) - len(sane)} of {len(read)} notes were left out: they had no length or lay outside the piano.")
    if slips:
        told.append(f"{slips} notes were left out: too short to hear, or under a higher one that begins with them.")
    if len(kept) > NOTES_LIMIT:
        told.append(f"The melody has {len(kept)} notes; the first {NOTES_LIMIT} of them are used.")
    return _gathered(kept[:NOTES_LIMIT], told)


def _gathered(notes: list[GivenNote], told: list[str]) -> list[GivenNote]:
    """What lies farther from the middle than a voice reaches, moved there by octaves."""
    if not notes:
        return []
    middle = float(np.median([note.pitch for note in notes]))
    moved = [note._replace(pitch=note.pitch - 12 * round((note.pitch - middle) / 12)) for note in notes]
    near = [new if abs(note.pitch - middle) > REACH else note for note, new in zip(notes, moved, strict=True)]
    changed = sum(new.pitch != note.pitch for new, note in zip(near, notes, strict=True))
    if changed:
        told.append(f"{changed} notes lay far from the others and were moved by octaves.")
    return near


def _quantised(notes: list[GivenNote], strength: float, told: list[str]) -> list[GivenNote]:
    """Onsets and ends moved towards the grid that they fit better."""
    onsets = np.array([note.beat for note in notes]) - notes[0].beat
    misfits = {}
    for grid in GRID:
        places = onsets / float(grid)
        # A finer step fits anything a little better: triplets must fit clearly better than sixteenths.
        misfits[grid] = float(np.mean(np.abs(places - np.round(places)))) * float(grid)
    triplets = misfits[GRID[1]] + 0.01 < 0.6 * misfits[GRID[0]]
    step = float(GRID[1] if triplets else GRID[0])
    moved = []
    for note, onset in zip(notes, onsets.tolist(), strict=True):
        length = max(step, round(note.duration / step) * step)
        beat = onset + strength * (round(onset / step) * step - onset)
        moved.append(GivenNote(_tidy(beat), _tidy(note.duration + strength * (length - note.duration)), note.pitch))
    apart: list[GivenNote] = []
    for note in moved:
        if apart and note.beat <= apart[-1].beat + 1e-9:
            continue
        if apart:
            room = note.beat - apart[-1].beat
            apart[-1] = apart[-1]._replace(duration=min(apart[-1].duration, room))
        apart.append(note)
    off = float(np.mean(np.abs(onsets - np.round(onsets / step) * step)))
    if strength and off > 0.02:
        told.append(f"Its rhythm was moved to the grid by {100 * off * strength:.0f} hundredths of a beat on average.")
    return apart


def _tidy(beats: float) -> float:
    """A time free of the dust of floating point, so that thirds and sixteenths compare as equal."""
    exact = Fraction(beats).limit_denominator(48)
    return float(exact) if abs(float(exact) - beats) < 1e-6 else round(beats, 4)


def _metre(notes: Sequence[GivenNote]) -> int:
    """3 or 4 quarter notes in a bar: where longer notes stand at even distances. Four, unless three fits clearly better."""
    weight = np.array([note.duration for note in notes])
    onsets = np.array([note.beat for note in notes])

    def regular(beats: int) -> float:
        return max(float(weight[np.abs((onsets - phase) % beats) < 0.01].sum()) for phase in range(beats)) * math.sqrt(beats)

    return 3 if regular(3) > 1.1 * regular(4) else 4


def _on_bars(notes: list[GivenNote], beats: int) -> list[GivenNote]:
    """Moved so that most weight stands on bar lines; a short beginning before the first of them is a pickup."""
    def weight(phase: int) -> float:
        heard = sum(note.duration * metric_weight(note.beat + phase, beats) for note in notes)
        return heard - 0.01 * phase

    phase = max(range(beats), key=weight)
    # A melody that begins on the bar line is far more usual: only clear evidence makes a pickup.
    if weight(phase) < 1.15 * weight(0) + 1e-9:
        phase = 0
    return [note._replace(beat=_tidy(note.beat + phase)) for note in notes]


def _within(notes: list[GivenNote], beats: int, told: list[str]) -> list[GivenNote]:
    """As many bars as are used, and no gap longer than two bars."""
    closed: list[GivenNote] = []
    cut = 0.0
    for note in notes:
        beat = note.beat - cut
        if closed:
            gap = beat - (closed[-1].beat + closed[-1].duration)
            if gap > 2 * beats:
                skipped = math.floor(gap / beats - 1) * beats
                cut, beat = cut + skipped, beat - skipped
        closed.append(note._replace(beat=_tidy(beat), duration=min(note.duration, 2.0 * beats)))
    if cut:
        told.append("Rests longer than two bars were shortened.")
    kept = [note for note in closed if note.beat < BARS_LIMIT * beats]
    if len(kept) < len(closed):
        told.append(f"The melody is longer than {BARS_LIMIT} bars; it is used up to there.")
    return kept


def _home(notes: Sequence[GivenNote], key: Key | None, told: list[str]) -> tuple[Key, float]:
    events = [Event(note.beat, note.duration, int(note.pitch), Layer.MELODY) for note in notes]
    # Where a melody comes to rest tells its key more than any note in passing.
    rest = [events[-1]._replace(duration=2 * events[-1].duration)]
    plain = fitting_key(weights(events))
    fit = fitting_key(weights([*events, *rest]))._replace(clarity=plain.clarity)
    if key is not None:
        return key, fit.clarity
    if len({event.pitch % 12 for event in events}) < 3:
        last = events[-1].pitch % 12
        fifths = next(count for count in range(-5, 7) if Key(count, IONIAN).tonic == last)
        told.append("Too few different notes tell a key: the last one is taken for home.")
        return Key(fifths, IONIAN), fit.clarity
    if fit.clarity < CLEAR:
        told.append(f"It is in no clear key; {fit.key.name} is nearest, and notes outside it keep their distance from it.")
    return fit.key, fit.clarity


def _barred(notes: Sequence[GivenNote], key: Key, beats: int) -> tuple[tuple[Tone, ...], ...]:
    """Bar by bar. A note over a bar line keeps its length: it rings into the next bar."""
    count = int(max(note.beat for note in notes) // beats) + 1
    bars: list[list[Tone]] = [[] for _ in range(count)]
    for note in notes:
        index = int(note.beat // beats)
        beat = _tidy(note.beat - index * beats)
        weight = 1.0 if not bars[index] else min(0.99, metric_weight(beat, beats) + 0.1 * note.duration)
        bars[index].append(Tone(beat, note.duration, key.step(note.pitch), int(note.pitch), weight))
    return tuple(tuple(bar) for bar in bars)


def _phrases(bars: Sequence[tuple[Tone, ...]], beats: int) -> tuple[int, ...]:
    """Phrases of whole bars: they end where a bar comes to rest, best after four or eight."""
    def repose(index: int) -> float:
        """How much bar `index` sounds like an ending."""
        bar = bars[index]
        if not bar:
            return 2.0
        last = bar[-1]
        silence = max(0.0, beats - last.beat - last.duration)
        return (last.duration + silence) / beats + (0.5 if silence >= 1 else 0.0)

    lengths, start = [], 0
    while len(bars) - start > PHRASE_BARS:
        fitness = {2: -0.4, 3: -0.3, 4: 0.4, 5: -0.2, 6: 0.0, 7: -0.2, 8: 0.45}
        left = len(bars) - start
        ends = {length: repose(start + length - 1) + extra for length, extra in fitness.items() if left - length != 1}
        length = max(ends, key=lambda length: (ends[length], length))
        lengths.append(length)
        start += length
    lengths.append(len(bars) - start)
    return tuple(lengths)


# ------------------------------------------------------------------------------------------------------------------- saying


def key_for(melody: Given, fifths: int) -> Key:
    """The key with so many sharps in which the melody is said as it is: in its own mode, whatever mode the music is in."""
    return Key(fifths, melody.key.mode)


def literal(
    melody: Given, key: Key | None = None, *, phrase: int = 0, centre: float | None = None, bars: int | None = None
) -> tuple[tuple[Tone, ...], ...]:
    """A phrase of the melody as it is, in a key: every step of its own key becomes the same step of the other.

    phrase: counted over all phrases, and from the first again after the last. centre: MIDI note near which it should lie; it is
    moved by whole octaves. bars: how many are wanted; a shorter phrase is followed by those after it, a longer one is cut.
    """
    home = key or melody.key
    said = _from(melody, phrase, bars)
    moved = [tuple(_transposed(tone, melody.key, home) for tone in bar) for bar in said]
    sounding = [tone.pitch for bar in moved for tone in bar]
    if not sounding:
        return tuple(moved)
    shift = 0 if centre is None else round((centre - float(np.average(sounding))) / 12)
    lowest, highest = min(sounding) + 12 * shift, max(sounding) + 12 * shift
    shift += max(0, math.ceil((LOWEST - lowest) / 12)) - max(0, math.ceil((highest - HIGHEST) / 12))
    return tuple(tuple(t._replace(pitch=t.pitch + 12 * shift, step=t.step + 7 * shift) for t in bar) for bar in moved)


def _from(melody: Given, phrase: int, bars: int | None) -> list[tuple[Tone, ...]]:
    number = phrase % len(melody.phrases)
    start = sum(melody.phrases[:number])
    count = bars if bars is not None else melody.phrases[number]
    return [melody.bars[(start + index) % len(melody.bars)] for index in range(max(1, count))]


def _transposed(tone: Tone, old: Key, new: Key) -> Tone:
    """The same step of another key; a note outside its key keeps its distance from the step."""
    outside = tone.pitch - old.pitch(tone.step)
    # Step 0 is the tonic near middle C in any key, so steps stay and the register moves by a fourth at most.
    return tone._replace(pitch=new.pitch(tone.step) + outside)


def motif_of(melody: Given, phrase: int = 0) -> Motif:
    """One bar of the melody as a motif: the first bar of the phrase that has two notes or more.

    A note that rings over the bar line is cut there. A melody of single notes gives a motif of one.
    """
    start = sum(melody.phrases[: phrase % len(melody.phrases)])
    after = [*melody.bars[start:], *melody.bars[:start]]
    bar = next((bar for bar in after if len(bar) >= 2), next(bar for bar in after if bar))
    rhythm = tuple((tone.beat, min(tone.duration, melody.beats - tone.beat)) for tone in bar)
    return Motif(rhythm, tuple(right.step - left.step for left, right in pairwise(bar)))


def theme_of(melody: Given, stream: Stream, phrase: int = 0) -> Theme:
    """A theme whose motif and answer are the melody's, for sections that develop it.

    stream: draws the rest (the arch, the order of the sentence), as for any other theme.
    """
    drawn = theme(stream, melody.beats)
    return replace(drawn, motif=motif_of(melody, phrase), answer=motif_of(melody, phrase + 1))
