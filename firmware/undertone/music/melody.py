"""A melody that one can remember: a motif, said, answered, developed and brought home.

A phrase is a sentence of bars in roles: `m` the motif, `s` its sequence on another step, `c` an answer that comes to rest,
`r` a rest with at most a held note, `f` a fragment said twice, `k` the cadence. Each bar starts on a tone of its chord near
a line that rises and falls over the phrase. Between these anchors the motif's own movement is followed as far as the harmony
allows: a path through the notes of the key is found that costs least (dynamic programming), where it costs to leave the
motif's movement, to stand on a note outside the chord where that is heard, to leave such a note by leap, and to leap far.

Source: music.md §2.3; the form of the sentence after Schoenberg and Caplin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertone.music.harmony import Progression, Span
from undertone.music.metre import strength
from undertone.music.motif import Motif, ending, fragment, inverted, motif, stretched, thinned
from undertone.music.streams import Stream
from undertone.music.theory import Chord, Key

__all__ = ["Theme", "Tone", "developed", "ornamented", "sung", "theme"]


class Tone(NamedTuple):
    """A note of the melody."""

    beat: float
    duration: float
    step: int
    """Of the key."""
    pitch: int
    weight: float
    """0…1: how much would be missing without it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What a section's melodies are made from."""

    motif: Motif
    answer: Motif
    roles: str
    """One letter for each bar of a phrase that asks."""
    answering: str
    """The same for the phrase that answers it."""
    arch: tuple[float, ...]
    """The line that the anchors follow: steps above the centre, bar by bar."""
    sequence: int
    """Steps by which `s` moves the motif."""
    upbeat: int
    """How many notes lead from a held note into the next bar, 0…2."""


SENTENCES = (("msmcmsfk", 4.0), ("msmcssfk", 2.0), ("mrmcmsfk", 2.0), ("mcmrmsck", 1.5), ("mmscmmfk", 1.0))
ANSWERS = (("msmcssfk", 3.0), ("msscmffk", 2.0), ("msmcfsck", 2.0), ("mcmcfffk", 1.0), ("msmcmsfk", 1.0))
ARCHES = (
    ((0, 1, 1, 0, 2, 3, 1, -1), 3.0),
    ((0, 0, 2, 1, 3, 4, 2, 0), 2.0),
    ((2, 3, 1, 0, 2, 1, 0, -2), 2.0),
    ((0, -1, 1, 0, 2, 3, 4, 2), 1.0),
    ((1, 0, 2, 1, 0, -1, 0, -2), 1.0),
)
ANCHOR = 100.0
"""What it costs to begin a bar outside its chord: more than anything else."""
REACH = 9
"""Steps that the melody may lie from its centre."""
Costs = NDArray[np.float64]


def theme(stream: Stream, beats: int) -> Theme:
    """A new theme for bars of 3 or 4 beats."""
    return Theme(
        motif(stream, beats),
        motif(stream, beats),
        stream.weighted(SENTENCES),
        stream.weighted(ANSWERS),
        tuple(float(step) for step in stream.weighted(ARCHES)),
        stream.weighted(((1, 2.0), (-1, 2.0), (2, 1.0), (-2, 1.0))),
        stream.weighted(((0, 2.0), (1, 1.5), (2, 2.0))),
    )


def developed(source: Theme, stream: Stream, beats: int) -> Theme:
    """A theme that comes from another: its motif inverted, stretched, or given to the answer."""
    way = stream.weighted((("invert", 2.0), ("stretch", 1.0), ("swap", 2.0)))
    if way == "stretch" and len(stretched(source.motif, beats).rhythm) >= 2:
        return replace(source, motif=stretched(source.motif, beats), answer=source.motif, sequence=-source.sequence)
    if way == "swap":
        return replace(source, motif=source.answer, answer=source.motif, roles=stream.weighted(SENTENCES))
    arch = tuple(1.0 - height for height in source.arch)
    return replace(source, motif=inverted(source.motif), arch=arch, sequence=-source.sequence)


def _figure(source: Theme, role: str, beats: int) -> Motif:
    if role in "ms":
        return source.motif
    if role == "f":
        return fragment(source.motif, beats)
    if role == "c":
        return ending(source.answer, beats)
    length = float(beats) if role == "r" else beats * 0.75
    return Motif(((0.0, length),), ())


def _chord_at(bar: tuple[Span, ...], beat: float) -> Chord:
    return next(span.chord for span in reversed(bar) if span.beat <= beat)


def _unary(key: Key, chord: Chord, steps: range, weight: float) -> tuple[Costs, NDArray[np.bool_]]:
    """What each step costs over this chord, and which steps belong to it."""
    pitches = [chord.pitch(key, step) % 12 for step in steps]
    inside = np.array([pitch in chord.tones for pitch in pitches])
    harsh = np.array([(pitch - 1) % 12 in chord.tones for pitch in pitches]) & ~inside
    return np.where(inside, 0.0, 2.2 * weight**2) + np.where(harsh, 2.5 * weight, 0.0), inside


def _pairs(size: int, wanted: int, inside: NDArray[np.bool_]) -> Costs:
    """What moving from each step (rows) to each other step costs. inside: whether the step left belongs to its chord."""
    moves = np.arange(size)[None, :] - np.arange(size)[:, None]
    apart = np.abs(moves)
    costs = 1.0 * np.abs(moves - wanted) + 0.5 * (moves == 0) + 0.5 * np.maximum(0, apart - 2) + 3.0 * (apart > 5)
    leap_from_outside = 2.5 * (apart > 1)
    costs += np.where(inside[:, None], 0.0, leap_from_outside)
    return np.asarray(costs, dtype=np.float64)


def _path(key: Key, bar: tuple[Span, ...], figure: Motif, start: Costs, steps: range, beats: int) -> list[int]:
    """The cheapest way through the bar, as steps. start: what it costs to begin on each of `steps`."""
    total, back = start, []
    stood = np.ones(len(steps), dtype=np.bool_)
    for index, (beat, length) in enumerate(figure.rhythm):
        weight = min(1.0, strength(beat, beats) + 0.15 * (length - 1)) if index else 1.0
        unary, inside = _unary(key, _chord_at(bar, beat), steps, max(0.1, weight))
        if index:
            reached: Costs = total[:, None] + _pairs(len(steps), figure.moves[index - 1], stood)
            back.append(reached.argmin(axis=0))
            total = reached.min(axis=0) + unary
        else:
            total = total + 2.0 * unary + np.where(inside, 0.0, ANCHOR)
        stood = inside
    place = int(total.argmin())
    path = [place]
    for choices in reversed(back):
        path.append(int(choices[path[-1]]))
    return [steps[place] for place in reversed(path)]


def _role(source: Theme, bar: int, closed: bool) -> str:
    roles = source.answering if closed else source.roles
    return roles[bar % (len(roles) - 1)]


def _lean(figure: Motif) -> float:
    """How far the notes of a figure lie above its first one on average, steps."""
    places = list(accumulate(figure.moves, initial=0))
    return sum(places) / len(places)


def _target(source: Theme, role: str, bar: int, last_bar: bool, closed: bool, centre: int) -> float:
    """Near which step the bar should begin."""
    if last_bar:
        # Home, or the step above it, which asks for more; in the octave nearest to where the melody lies.
        home = 0 if closed else 1
        return home + 7 * round((centre - 1 + source.arch[-1] / 2 - home) / 7)
    height = source.arch[bar % len(source.arch)]
    return centre + height + (source.sequence if role == "s" else 0)


def sung(
    source: Theme, key: Key, chords: Progression, *, beats: int, centre: float, closed: bool, share: float = 1.0
) -> tuple[tuple[Tone, ...], ...]:
    """The melody of one phrase, bar by bar.

    centre: around which MIDI note. closed: end at home. share: how many notes of each bar to sing, 0…1.
    """
    middle = key.step(centre)
    steps = range(middle - REACH, middle + REACH + 1)
    places = np.array(steps, dtype=np.float64)
    said: dict[tuple[object, ...], list[int]] = {}
    bars: list[tuple[Tone, ...]] = []
    before: int | None = None
    for index, bar in enumerate(chords):
        last_bar = index == len(chords) - 1
        role = "k" if last_bar else _role(source, index, closed)
        figure = thinned(_figure(source, role, beats), share, beats)
        target = _target(source, role, index, last_bar, closed, middle)
        start = 0.7 * np.abs(places - (target if last_bar else target - _lean(figure)))
        if before is not None:
            apart = np.abs(places - before)
            start = start + 0.4 * np.maximum(0, apart - 2) + 0.8 * (apart == 0) + 2.0 * (apart > 5)
        # The same part of the sentence over the same chords is said again literally, so that it is recognised.
        same = (role, *((span.beat, span.chord.degree, span.chord.altered) for span in bar))
        path = said.get(same, [])
        first = _chord_at(bar, figure.rhythm[0][0])
        if not path or first.pitch(key, path[0]) % 12 not in first.tones:
            path = said[same] = _path(key, bar, figure, start, steps, beats)
        before = path[-1]
        bars.append(_tones(key, bar, figure, path, beats))
    held = [_role(source, index, closed) in "cr" for index in range(len(bars))]
    led = [
        _led(bar, after, source.upbeat if held[index] else 0, key, chords[index])
        for index, (bar, after) in enumerate(pairwise(bars))
    ]
    return (*led, bars[-1])


def _led(
    bar: tuple[Tone, ...], after: tuple[Tone, ...], notes: int, key: Key, chords: tuple[Span, ...]
) -> tuple[Tone, ...]:
    """The bar with notes that lead by step into the next, where its last note is held long enough."""
    last = bar[-1]
    if not notes or last.duration < 2:
        return bar
    way = 1 if after[0].step > last.step else -1
    end = last.beat + last.duration
    leading = []
    for left in range(notes, 0, -1):
        step, beat = after[0].step - way * left, end - left / notes
        leading.append(Tone(beat, 1 / notes, step, _chord_at(chords, beat).pitch(key, step), 0.3))
    return (*bar[:-1], last._replace(duration=last.duration - 1), *leading)


def _tones(key: Key, bar: tuple[Span, ...], figure: Motif, path: list[int], beats: int) -> tuple[Tone, ...]:
    return tuple(
        Tone(
            beat,
            length,
            step,
            _chord_at(bar, beat).pitch(key, step),
            1.0 if index == 0 else min(0.99, strength(beat, beats) + 0.1 * length),
        )
        for index, ((beat, length), step) in enumerate(zip(figure.rhythm, path, strict=True))
    )


def ornamented(
    tones: tuple[Tone, ...], following: Tone | None, key: Key, bar: tuple[Span, ...], stream: Stream, chance: float
) -> tuple[Tone, ...]:
    """The same melody with passing and neighbour notes in its longer notes.

    following: the first note of the next bar. chance: of an ornament on each note that has room for one, 0…1.
    """
    done: list[Tone] = []
    for tone, after in zip(tones, [*tones[1:], following], strict=True):
        wanted, above = stream.chance(chance), stream.chance(0.6)
        if not wanted or after is None or tone.duration < 1.0:
            done.append(tone)
            continue
        gap = after.step - tone.step
        half = 0.5 if tone.duration <= 2 else 1.0
        direction = 1 if gap > 0 else -1
        # A repeated note gets its neighbour, a step is overshot and comes back, a third or more is filled before its goal.
        step = tone.step + (1 if above else -1) if gap == 0 else after.step + (direction if abs(gap) == 1 else -direction)
        beat = tone.beat + tone.duration - half
        done.append(tone._replace(duration=tone.duration - half))
        done.append(Tone(beat, half, step, _chord_at(bar, beat).pitch(key, step), 0.2))
    return tuple(done)
