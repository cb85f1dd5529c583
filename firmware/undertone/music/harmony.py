"""Chords in time: which mode, which loop of chords, how a phrase ends.

A phrase is a loop of four chords, then its beginning again, then a cadence of two bars. Loops are written as degrees:
"1 6 4 5"; a letter after a degree changes its chord (`M` major, `m` minor, `s` suspended fourth); two chords with "+"
between them share a bar. Modal loops avoid the pull of the leading note and suit rest; functional loops have it.

How major a phrase sounds is not settled by the name of its mode: A minor with many chords of C, F and G is heard as C major,
and i–IV in Dorian brightens what i–iv darkens. So each loop is *listened to* when it is chosen. A key is looked for in
the chords of every three bars as a listener would, and how much better the best major key fits than the best minor one says
how major they sound. Of a mode's loops those are likely that sound as major as is wanted, and the cadence then makes up
for what the loop missed. So valence is graded by the share of time in major, also between the modes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from undertone.music.streams import Stream
from undertone.music.theory import AEOLIAN, DORIAN, IONIAN, LYDIAN, MIXOLYDIAN, MODES, PHRYGIAN, Chord, Key, Mode

__all__ = ["Progression", "Span", "chord", "heard", "majorness_wanted", "mode_between", "mode_for", "progression"]


@dataclass(frozen=True, slots=True)
class Span:
    """A chord within a bar."""

    beat: float
    beats: float
    chord: Chord


Progression = tuple[tuple[Span, ...], ...]
"""The chords of a phrase, bar by bar; each bar has one or two."""


@dataclass(frozen=True, slots=True)
class _Language:
    """What can be said in a mode."""

    modal: tuple[str, ...]
    functional: tuple[str, ...]
    opening: tuple[str, ...]
    """Cadences that leave a question."""
    closing: tuple[str, ...]
    """Cadences that come home."""


LANGUAGES = {
    IONIAN.name: _Language(
        modal=(
            "1 4 1 5", "1 3 4 1", "1 6 4 1", "1 4 2 5", "1 5 4 1", "4 1 5 1", "1 3 4 5", "1 4+5 1 4", "1 4 5+6 4", "1 2 5 1",
            "1 5 1 4", "6 3 4 1", "6 4 1 5", "1 6 2 4", "1 4 1+5 4", "6 2 4 1", "1 6 3 4",
        ),
        functional=(
            "1 5 6 4", "1 6 4 5", "1 4 1 5", "1 3M 4 5", "1 4 2 5", "1 5 4 1", "1 5 4 5", "1 1+6M 2 5", "1 4+5 1 5", "1 2 5 1",
            "6 4 1 5", "6 2 5 1", "1 4 5 1", "6 3M 4 1", "1 3 6 5",
        ),
        opening=("2 5s+5", "4 5", "6 5", "2M 5", "4 5s", "1 5", "6 3"),
        closing=("2+5 1", "4 1", "4+4m 1", "5 1", "4+5 1", "6+5 1"),
    ),
    MIXOLYDIAN.name: _Language(
        modal=("1 7 4 1", "1 5 4 1", "1 4 7 1", "1 4 1 7", "1 2 4 1", "1 7+4 1 4", "1 5 2 4", "2 4 1 5"),
        functional=("1 7 4 1", "1 4 5 7", "1 6 4 7", "4 1 7 1", "1 7 6 4+7", "1 5 2 4", "2 5 7 4"),
        opening=("4 7", "2 5", "6 7", "1 4", "7 5"),
        closing=("7+4 1", "7 1", "4 1", "5+7 1", "5 1"),
    ),
    LYDIAN.name: _Language(
        modal=("1 2 1 7", "1 2 6 1", "1 5 2 1", "1 3 2 1", "1 7 5 1", "6 2 1 5", "1 3 6 2", "6 3 1 2"),
        functional=("1 2 6 5", "1 6 2 5", "1 5 2 6", "1 3 6 2", "6 3 2 5"),
        opening=("5 2", "6 2", "7 2", "1 2", "6 3"),
        closing=("2 1", "7 1", "5+2 1", "3+2 1"),
    ),
    DORIAN.name: _Language(
        modal=("1 4 7 1", "1 4 1 7", "1 5 4 1", "1 2 1 4", "1 3 4 1", "1 7 5 4", "1 5 1 4", "1 5 7 1", "1 2 5 1", "1 3 5 1"),
        functional=("1 7 4 5", "1 3 4 5", "1 2 5 1", "1 4 5 7", "1 5 3 4", "1 4 3 7", "1 5 1 4"),
        opening=("7 4", "1 4", "2 5", "3 5", "1 5"),
        closing=("4 1", "5 1", "7+5 1", "2+5 1", "7+4 1"),
    ),
    AEOLIAN.name: _Language(
        modal=(
            "1 4 6 5", "1 6 4 5", "1 5 4 1", "1 4 1 6", "1 7 4 1", "1 3 4 5", "4 1 6 5", "1 4 1 5", "1 5 1 4", "4 1 5 1",
            "1 6 3 7", "1 3 7 4", "1 7 6 4", "1 6 1 4", "1 4+5 1 4", "1 3 6 4", "6 7 1 3",
        ),
        functional=(
            "1 6 4 5M", "1 4 7 5M", "1 4 5M 1", "1 3 6 5M", "1 7 6 5M", "1 4 6 5M", "1 4 1 5M", "1 5M 1 4", "4 1 5M 1",
            "1 3 7 5M", "1 4+5M 1 4", "1 6 3 7", "4 7 3 6", "1 7 3 6",
        ),
        opening=("4 5", "6 5M", "1 5", "4 5s+5M", "4 5M", "3 7", "1 5M"),
        closing=("4+5M 1", "5 1", "6+5M 1", "4 1", "5M 1", "7+5M 1"),
    ),
    PHRYGIAN.name: _Language(
        modal=("1 2 1 7", "1 4 1 7", "1 7 1 4", "1 4 7 1", "1 4 2 1"),
        functional=("1 7 4 1", "1 2 4 1", "1 4 7 1", "1 2 7 1"),
        opening=("4 2", "1 7", "1 2", "4 7"),
        closing=("2 1", "7 1", "4+2 1", "4+7 1"),
    ),
}

NAMES = {(4, 7): "", (3, 7): "m", (5, 7): "sus4", (3, 6): "dim", (4, 8): "aug"}
SEVENTHS = {("", 10): "7", ("", 11): "maj7", ("m", 10): "m7", ("m", 11): "mmaj7", ("sus4", 10): "7sus4", ("dim", 10): "m7b5"}
SLOW_BELOW = -0.95
"""Arousal below which each chord lasts two bars."""


Profile = tuple[float, ...]
LISTENED: tuple[tuple[Profile, Profile, float, float], ...] = (
    (
        (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
        -1.0,
        7.3,
    ),
    (
        (16.80, 0.86, 12.95, 1.41, 13.49, 11.93, 1.25, 20.28, 1.80, 8.04, 0.62, 10.57),
        (18.16, 0.69, 12.99, 13.34, 1.07, 11.15, 1.38, 21.07, 7.49, 1.53, 0.92, 10.21),
        -0.5,
        7.4,
    ),
)
"""Two ears: how well each note above the tonic fits a major and a minor key, and the logistic curve (offset, slope) from how
much better the best major key fits to the chance of major, as it runs through human pieces in a known mode.

Sources: D. Temperley, The Cognition of Basic Musical Structures (2001); H. Bellman, "About the determination of key of a
musical excerpt" (CMMR 2005) after H. Budge's counts of chords (1943).
"""
LISTEN_BARS = 5
ROOT_WEIGHT, SCALE_WEIGHT = 1.3, 0.2
"""The root of a chord is heard more than the rest, because the bass has it too; every note of the scale is heard in passing."""
TENDENCY = {LYDIAN.name: 0.10, DORIAN.name: -0.04, AEOLIAN.name: -0.03}
"""How much more major music in a mode is found than its chords alone: melody and bass lean on what chords share."""
WRITTEN: tuple[tuple[float, float], ...] = ((0.0, 0.10), (0.125, 0.32), (0.375, 0.50), (0.5, 0.61), (0.75, 0.73), (1.0, 0.86))
"""How major the chords should be by themselves for a share of major in the music: bass, melody and doubled roots make what
leans to one side lean more. From 0, the darkest loops there are, to 1, the brightest; measured on what was composed."""
MINOR_BELOW = 0.4
"""Share of major below which minor chords are kept free of what brightens them."""
NEAR = 0.03
"""How near a loop should come to the share that is wanted."""
RANGES: tuple[tuple[Mode, float, float], ...] = (
    (IONIAN, 0.42, 1.0),
    (MIXOLYDIAN, 0.60, 0.92),
    (LYDIAN, 0.35, 0.75),
    (DORIAN, 0.18, 0.48),
    (AEOLIAN, 0.0, 0.33),
)
"""The shares of major that each mode can have without being heard as another."""


def majorness_wanted(valence: float) -> float:
    """What share of the time should sound major, 0…1, for a valence of −1…1."""
    return min(1.0, max(0.0, 0.5 + 0.5 * valence))


def mode_for(majorness: float) -> Mode:
    """The mode in the middle of whose range a share of major lies best, asked to have that share."""
    return replace(min(_able(majorness), key=lambda row: abs((row[1] + row[2]) / 2 - majorness))[0], share=majorness)


def mode_between(majorness: float, draw: float) -> Mode:
    """One of the modes that can have this share of major, asked to have it. draw: which, 0…1, not including 1."""
    able = _able(majorness)
    return replace(able[int(draw * len(able))][0], share=majorness)


def _able(majorness: float) -> list[tuple[Mode, float, float]]:
    within = min(1.0, max(0.0, majorness))
    return [row for row in RANGES if row[1] - 1e-9 <= within <= row[2] + 1e-9]


def heard(mode: Mode, bars: tuple[str, ...]) -> float:
    """How major a run of bars sounds, 0…1, by its chords alone; the same in every key."""
    return sum(_ears(mode.name, bars)) / len(LISTENED) + TENDENCY.get(mode.name, 0.0)


@lru_cache(maxsize=4096)
def _ears(mode: str, bars: tuple[str, ...]) -> tuple[float, ...]:
    """What each ear makes of the bars."""
    key = Key(0, next(found for found in MODES if found.name == mode))
    weights = []
    for bar in bars:
        tokens, weight = bar.split("+"), [SCALE_WEIGHT * (tone in key.pitch_classes) for tone in range(12)]
        for token in tokens:
            made = chord(key, token)
            for tone in made.tones:
                weight[tone] += (ROOT_WEIGHT if tone == made.root else 1.0) / len(tokens)
        weights.append(weight)
    starts = range(max(1, len(bars) - LISTEN_BARS + 1))
    sums = [[sum(column) for column in zip(*weights[start : start + LISTEN_BARS], strict=True)] for start in starts]
    return tuple(
        sum(1.0 / (1.0 + math.exp(-(offset + slope * (_fit(heap, major) - _fit(heap, minor))))) for heap in sums) / len(sums)
        for major, minor, offset, slope in LISTENED
    )


def _fit(weights: Sequence[float], profile: Profile) -> float:
    """Correlation with the profile in the key where it fits best."""
    return max(_correlation(weights, profile[12 - shift :] + profile[: 12 - shift]) for shift in range(12))


def _correlation(these: Sequence[float], those: Sequence[float]) -> float:
    here, there = sum(these) / len(these), sum(those) / len(those)
    pairs = [(a - here, b - there) for a, b in zip(these, those, strict=True)]
    power = math.sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))
    return sum(a * b for a, b in pairs) / power if power else 0.0


def chord(key: Key, token: str, colour: str = "") -> Chord:
    """The chord that a token such as "5M" stands for.

    colour: "7" adds the seventh that the key has above the root, "9" the ninth where it is a whole tone and the chord is
    neither altered nor diminished; else nothing is added.
    """
    degree, change = int(token[0]) - 1, token[1:]
    scale = key.pitch_classes
    root = scale[degree]
    third, fifth = (scale[(degree + step) % 7] for step in (2, 4))
    altered: tuple[tuple[int, int], ...] = ()
    if change == "s":
        third = (root + 5) % 12
    elif change:
        wished = (root + (4 if change == "M" else 3)) % 12
        shift = (wished - third + 6) % 12 - 6
        altered = (((degree + 2) % 7, shift),) if shift else ()
        third = wished
    quality = NAMES.get(((third - root) % 12, (fifth - root) % 12), "?")
    tones: tuple[int, ...] = (root, third, fifth)
    name = key.spelled(degree) + quality
    seventh, ninth = scale[(degree + 6) % 7], scale[(degree + 1) % 7]
    if colour == "7" and (quality, (seventh - root) % 12) in SEVENTHS:
        tones += (seventh,)
        name = key.spelled(degree) + SEVENTHS[quality, (seventh - root) % 12]
    elif colour == "9" and quality in ("", "m") and not altered and (ninth - root) % 12 == 2:
        tones += (ninth,)
        name += "add9"
    return Chord(name, degree, root, tones, altered)


def _colour(stream: Stream, chance: float) -> str:
    drawn, which = stream.unit(), stream.unit()
    return "" if drawn >= chance else "9" if which < 0.55 else "7"


def _spans(key: Key, bar: str, beats: int, colours: Sequence[str]) -> tuple[Span, ...]:
    tokens = bar.split("+")
    first = beats if len(tokens) == 1 else (beats + 1) // 2
    lengths = (first,) if len(tokens) == 1 else (first, beats - first)
    spans, beat = [], 0
    dark = key.mode.share is not None and key.mode.share < MINOR_BELOW
    for token, length, colour in zip(tokens, lengths, colours, strict=False):
        # A minor chord with its seventh contains the major chord a third above: where minor is meant it gets the ninth.
        minor = dark and colour == "7" and (chord(key, token).tones[1] - chord(key, token).root) % 12 == 3
        spans.append(Span(float(beat), float(length), chord(key, token, "9" if minor else colour)))
        beat += length
    return tuple(spans)


def _after(body: Sequence[str], cadences: Sequence[str]) -> Sequence[str]:
    """The cadences that do not begin by repeating the last chord; all of them where each would."""
    fresh = [cadence for cadence in cadences if not body or cadence.split()[0].split("+")[0] != body[-1]]
    return fresh or cadences


def _written(share: float) -> float:
    """How major the chords should be: along the line through `WRITTEN`."""
    for (left, low), (right, high) in pairwise(WRITTEN):
        if share <= right:
            return low + (high - low) * (share - left) / (right - left)
    return WRITTEN[-1][1]


def _fitting(stream: Stream, mode: Mode, choices: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """One of the choices; where the mode is asked for a share of major, one whose bars come near it."""
    if mode.share is None:
        return stream.pick(choices)[0]
    wanted = _written(mode.share)
    apart = [abs(heard(mode, bars) - wanted) for _, bars in choices]
    # Near enough is relative to the best there is, so that a wish which nothing meets still leaves a choice.
    least = min(apart)
    weights = [math.exp(-(((gap - least) / NEAR) ** 2) / 2) for gap in apart]
    return stream.weighted([(text, weight) for (text, _), weight in zip(choices, weights, strict=True)])


def progression(
    key: Key, stream: Stream, *, bars: int, beats: int, closed: bool, functional: bool, slow: bool, colour_chance: float
) -> Progression:
    """The chords of one phrase.

    bars: its length, 2 or more. beats: quarter notes in a bar. closed: end at home rather than with a question.
    slow: let each chord of the loop last two bars; its second bar gets another colour, so that it does not stand still.
    colour_chance: probability of a seventh or ninth, 0…1.
    """
    language = LANGUAGES[key.mode.name]
    loops = language.functional if functional else language.modal
    loop = _fitting(stream, key.mode, [(text, (*text.split(), *text.split())) for text in loops]).split()
    body = [loop[(bar // 2 if slow else bar) % 4] for bar in range(bars - 2)]
    opening, closing = (
        _fitting(stream, key.mode, [(text, (*body, *text.split())) for text in _after(body, cadences)])
        for cadences in (language.opening, language.closing)
    )
    cadence = (closing if closed else opening).split()
    written = []
    for index, bar in enumerate([*body, *cadence]):
        chance = 0.0 if closed and index == bars - 1 else colour_chance
        colours = [_colour(stream, chance), _colour(stream, chance)]
        if slow and index % 2 and index < len(body) and not colours[0]:
            colours[0] = "9"
        written.append(_spans(key, bar, beats, colours))
    return tuple(written)
