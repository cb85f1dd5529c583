"""Chords for a melody that is there already: harmony bends to it.

Every bar may have one chord or two. Of all ways through the chords of the mode's language that is taken which costs least
(Viterbi): it costs to let a heavy note of the melody stand outside its chord, more where it rubs by a semitone; to follow one
chord by another that the language does not; to stand still; to change twice in a bar without need; and to end anywhere but at
home, or with a question where the phrase is open.

Source: music.md §6 (bend harmony to the motif); the cost of non-chord notes after Raczyński et al. 2013, doi
10.1080/09298215.2013.822000 (melody harmonisation by interpolated models), simplified.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undertone.flow import readonly
from undertone.music.harmony import LANGUAGES, Progression, Span, chord
from undertone.music.melody import Tone
from undertone.music.metre import strength
from undertone.music.streams import Stream
from undertone.music.theory import Chord, Key

__all__ = ["harmonised", "misfit"]

OUTSIDE, HARSH = 1.6, 0.9
"""What a note outside the chord costs for each beat and weight, and what a semitone above a chord note adds."""
UNHEARD, STILL, SPLIT = 0.6, 0.45, 0.7
"""What a change that the language does not know costs; what the same chord again costs; what a second chord in a bar costs."""
AWAY = 2.5
"""What an ending costs that is not one."""
EITHER = (0.55, 0.45)
"""Chances of a ninth and of a seventh where there is colour."""

Costs = NDArray[np.float64]
Choice = tuple[str, ...]
"""The chords of a bar, as tokens of the language: one or two."""
Heard = list[tuple[float, float, int]]
"""What sounds in a bar: onset, duration, pitch."""


def harmonised(
    bars: Sequence[Sequence[Tone]], key: Key, *, beats: int, closed: bool = True, functional: bool = False,
    stream: Stream | None = None, colour_chance: float = 0.0,
) -> Progression:
    """Chords for these bars of melody in this key, bar by bar, one or two in each.

    beats: quarter notes in a bar. closed: end at home rather than with a question. functional: prefer chords that pull.
    stream, colour_chance: draw sevenths and ninths where the melody leaves room for them; none without a stream.
    """
    choices, changes = _grammar(key.mode.name, functional)
    placed = [_spans(key, choice, beats) for choice in choices]
    heard = _heard(bars, beats)
    total = _fits(placed, heard[0], beats) + np.array([0.0 if bar[0] == "1" else 0.6 for bar in choices])
    back: list[NDArray[np.int64]] = []
    for sounding in heard[1:]:
        reached = total[:, None] + changes
        back.append(reached.argmin(axis=0))
        total = reached.min(axis=0) + _fits(placed, sounding, beats)
    total = total + _ending(key.mode.name, choices, closed)
    path = [int(total.argmin())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    written = []
    for index, choice in enumerate(reversed(path)):
        last = closed and index == len(heard) - 1
        spans = placed[choice]
        if stream is not None:
            spans = _coloured(key, choices[choice], spans, heard[index], stream, 0.0 if last else colour_chance)
        written.append(spans)
    return tuple(written)


def misfit(tones: Heard, made: Chord, start: float, end: float, beats: int) -> float:
    """What it costs to let these notes sound over a chord from one beat to another."""
    cost = 0.0
    for beat, duration, pitch in tones:
        here = min(beat + duration, end) - max(beat, start)
        if here <= 0 or pitch % 12 in made.tones:
            continue
        # A note is judged by where it is struck and how long it stands: passing notes pass.
        weight = min(1.0, max(0.05, strength(max(beat, start), beats) + 0.15 * (here - 1.0))) ** 1.5 * min(here, 2.0)
        cost += weight * (OUTSIDE + (HARSH if (pitch - 1) % 12 in made.tones else 0.0))
    return cost


def _heard(bars: Sequence[Sequence[Tone]], beats: int) -> list[Heard]:
    """What sounds in each bar, notes held over from the bar before among it."""
    heard: list[Heard] = []
    for index, bar in enumerate(bars):
        held = [(tone.beat - beats, tone.duration, tone.pitch) for tone in bars[index - 1]] if index else []
        heard.append([*(tone for tone in held if tone[0] + tone[1] > 1e-6), *((t.beat, t.duration, t.pitch) for t in bar)])
    return heard or [[]]


def _said(mode: str, functional: bool) -> list[list[list[str]]]:
    """The language of a mode as chains of chords: its loops, its questions, its ways home."""
    language = LANGUAGES[mode]
    loops = language.functional if functional else language.modal
    return [[phrase.replace("+", " ").split() for phrase in part] for part in (loops, language.opening, language.closing)]


@lru_cache(maxsize=16)
def _grammar(mode: str, functional: bool) -> tuple[tuple[Choice, ...], Costs]:
    """What a bar can have (one of the chords of the language, or two that it says in this order), and what it costs that a bar
    (columns) follows another (rows)."""
    loops, opening, closing = _said(mode, functional)
    chains = [*loops, *opening, *closing]
    single = sorted({token for chain in chains for token in chain})
    double = sorted({pair for chain in chains for pair in pairwise(chain) if pair[0] != pair[1]})
    choices: tuple[Choice, ...] = (*((token,) for token in single), *double)
    known = {pair for chain in (*opening, *closing, *(loop + loop[:1] for loop in loops)) for pair in pairwise(chain)}

    def price(before: str, after: str) -> float:
        return STILL if before == after else 0.0 if (before, after) in known else UNHEARD

    costs = [[price(left[-1], right[0]) + SPLIT * (len(right) - 1) for right in choices] for left in choices]
    return choices, readonly(costs)


def _ending(mode: str, choices: Sequence[Choice], closed: bool) -> Costs:
    _, opening, _ = _said(mode, functional=False)
    wanted = {"1"} if closed else {chain[-1] for chain in opening} - {"1"}
    return np.array([(0.0 if choice[-1] in wanted else AWAY) + (0.5 if len(choice) == 2 else 0.0) for choice in choices])


def _halves(count: int, beats: int) -> list[tuple[float, float]]:
    """Start and length of each chord of a bar."""
    first = beats if count == 1 else (beats + 1) // 2
    return [(0.0, float(first)), (float(first), float(beats - first))][:count]


def _spans(key: Key, choice: Choice, beats: int) -> tuple[Span, ...]:
    places = _halves(len(choice), beats)
    return tuple(Span(beat, length, chord(key, token)) for (beat, length), token in zip(places, choice, strict=True))


def _fits(placed: Sequence[tuple[Span, ...]], sounding: Heard, beats: int) -> Costs:
    """What each choice costs against the melody of a bar."""
    costs = [sum(misfit(sounding, span.chord, span.beat, span.beat + span.beats, beats) for span in spans) for spans in placed]
    return np.array(costs, dtype=np.float64)


def _coloured(
    key: Key, choice: Choice, spans: tuple[Span, ...], sounding: Heard, stream: Stream, chance: float
) -> tuple[Span, ...]:
    """The chords with sevenths and ninths that do not rub against the melody."""
    done = []
    for token, span in zip(choice, spans, strict=True):
        drawn, which = stream.unit(), stream.weighted((("9", EITHER[0]), ("7", EITHER[1])))
        coloured = chord(key, token, which) if drawn < chance else span.chord
        added = set(coloured.tones) - set(span.chord.tones)
        melody = {pitch % 12 for beat, length, pitch in sounding if beat < span.beat + span.beats and beat + length > span.beat}
        rubs = any((tone + step) % 12 in melody for tone in added for step in (1, 11))
        done.append(span if rubs else Span(span.beat, span.beats, coloured))
    return tuple(done)
