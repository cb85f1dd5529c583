"""Chords in time: which mode, which loop of chords, how a phrase ends.

A phrase is a loop of four chords, then its beginning again, then a cadence of two bars. Loops are written as degrees:
"1 6 4 5"; a letter after a degree changes its chord (`M` major, `m` minor, `s` suspended fourth); two chords with "+"
between them share a bar. Modal loops avoid the pull of the leading note and suit rest; functional loops have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from undertone.music.streams import Stream
from undertone.music.theory import AEOLIAN, DORIAN, IONIAN, LYDIAN, MIXOLYDIAN, MODES, PHRYGIAN, Chord, Key, Mode

__all__ = ["Progression", "Span", "chord", "majorness_wanted", "mode_between", "mode_for", "progression"]


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
    IONIAN: _Language(
        modal=("1 4 1 5", "1 3 4 1", "1 6 4 1", "1 4 2 5", "1 5 4 1", "4 1 5 1", "1 3 4 5", "1 4+5 1 4", "1 4 5+6 4"),
        functional=("1 5 6 4", "1 6 4 5", "1 4 1 5", "1 3M 4 5", "1 4 2 5", "1 5 4 1", "1 5 4 5", "1 1+6M 2 5"),
        opening=("2 5s+5", "4 5", "6 5", "2M 5", "4 5s"),
        closing=("2+5 1", "4 1", "4+4m 1", "5 1", "4+5 1"),
    ),
    MIXOLYDIAN: _Language(
        modal=("1 7 4 1", "1 5 4 1", "1 4 7 1", "1 4 1 7", "1 2 4 1", "1 7+4 1 4"),
        functional=("1 7 4 1", "1 4 5 7", "1 6 4 7", "4 1 7 1", "1 7 6 4+7"),
        opening=("4 7", "2 5", "6 7", "1 4"),
        closing=("7+4 1", "7 1", "4 1", "5+7 1"),
    ),
    LYDIAN: _Language(
        modal=("1 2 1 7", "1 2 6 1", "1 5 2 1", "1 3 2 1", "1 7 5 1", "6 2 1 5"),
        functional=("1 2 6 5", "1 6 2 5", "1 5 2 6", "1 3 6 2"),
        opening=("5 2", "6 2", "7 2", "1 2"),
        closing=("2 1", "7 1", "5+2 1", "3+2 1"),
    ),
    DORIAN: _Language(
        modal=("1 4 7 1", "1 4 1 7", "1 5 4 1", "1 2 1 4", "1 3 4 1", "1 7 5 4"),
        functional=("1 7 4 5", "1 3 4 5", "1 2 5 1", "1 4 5 7"),
        opening=("7 4", "1 4", "2 5", "3 5"),
        closing=("4 1", "5 1", "7+5 1", "2+5 1", "7+4 1"),
    ),
    AEOLIAN: _Language(
        modal=("1 4 6 5", "1 6 4 5", "1 5 4 1", "1 4 1 6", "1 7 4 1", "1 3 4 5", "4 1 6 5"),
        functional=("1 6 4 5M", "1 4 7 5M", "1 4 5M 1", "1 3 6 5M", "1 7 6 5M", "1 4 6 5M"),
        opening=("4 5", "6 5M", "1 5", "4 5s+5M"),
        closing=("4+5M 1", "5 1", "6+5M 1", "4 1", "5M 1"),
    ),
    PHRYGIAN: _Language(
        modal=("1 2 1 7", "1 4 1 7", "1 7 1 4", "1 4 7 1", "1 4 2 1"),
        functional=("1 7 4 1", "1 2 4 1", "1 4 7 1", "1 2 7 1"),
        opening=("4 2", "1 7", "1 2", "4 7"),
        closing=("2 1", "7 1", "4+2 1", "4+7 1"),
    ),
}

NAMES = {(4, 7): "", (3, 7): "m", (5, 7): "sus4", (3, 6): "dim", (4, 8): "aug"}
SEVENTHS = {("", 10): "7", ("", 11): "maj7", ("m", 10): "m7", ("m", 11): "mmaj7", ("sus4", 10): "7sus4", ("dim", 10): "m7b5"}
SLOW_BELOW = -0.65
"""Arousal below which each chord lasts two bars."""


def majorness_wanted(valence: float) -> float:
    """How bright the mode should be on average, 0…1, for a valence of −1…1. Source: music.md §2.2, minor weight .5 − .9 V."""
    return min(1.0, max(0.0, 0.5 + 0.9 * valence))


def mode_for(majorness: float) -> Mode:
    """The mode whose majorness is nearest."""
    return min(MODES, key=lambda mode: abs(mode.majorness - majorness))


def mode_between(majorness: float, draw: float) -> Mode:
    """One of the two modes around a majorness, so that over many draws (0…1) the mean is the one asked for."""
    darker = next(mode for mode in MODES if mode.majorness <= majorness + 1e-9)
    brighter = [mode for mode in MODES if mode.majorness >= majorness - 1e-9][-1]
    apart = brighter.majorness - darker.majorness
    return brighter if apart and draw < (majorness - darker.majorness) / apart else darker


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
    for token, length, colour in zip(tokens, lengths, colours, strict=False):
        spans.append(Span(float(beat), float(length), chord(key, token, colour)))
        beat += length
    return tuple(spans)


def _after(body: Sequence[str], cadences: Sequence[str]) -> Sequence[str]:
    """The cadences that do not begin by repeating the last chord; all of them where each would."""
    fresh = [cadence for cadence in cadences if not body or cadence.split()[0].split("+")[0] != body[-1]]
    return fresh or cadences


def progression(
    key: Key, stream: Stream, *, bars: int, beats: int, closed: bool, functional: bool, slow: bool, colour_chance: float
) -> Progression:
    """The chords of one phrase.

    bars: its length, 2 or more. beats: quarter notes in a bar. closed: end at home rather than with a question.
    slow: let each chord of the loop last two bars; its second bar gets another colour, so that it does not stand still.
    colour_chance: probability of a seventh or ninth, 0…1.
    """
    language = LANGUAGES[key.mode]
    loop = stream.pick(language.functional if functional else language.modal).split()
    body = [loop[(bar // 2 if slow else bar) % 4] for bar in range(bars - 2)]
    opening, closing = stream.pick(_after(body, language.opening)), stream.pick(_after(body, language.closing))
    cadence = (closing if closed else opening).split()
    written = []
    for index, bar in enumerate([*body, *cadence]):
        chance = 0.0 if closed and index == bars - 1 else colour_chance
        colours = [_colour(stream, chance), _colour(stream, chance)]
        if slow and index % 2 and index < len(body) and not colours[0]:
            colours[0] = "9"
        written.append(_spans(key, bar, beats, colours))
    return tuple(written)
