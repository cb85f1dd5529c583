"""A melody from a person: understood, said as it is, harmonised, developed; and a sentence for whatever it lacks."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from undertone.errors import UndertoneError
from undertone.music.given import Given, given, harmonised, key_for, literal, motif_of, theme_of
from undertone.music.harmonising import misfit
from undertone.music.notation import parse_line
from undertone.music.pieces import PIECES, piece_named
from undertone.music.sheet import unfolded
from undertone.music.streams import Streams
from undertone.music.theory import AEOLIAN, DORIAN, IONIAN, LYDIAN, Key

FRERE = " | ".join(bar for bar in ("c4 d4 e4 c4", "e4:1 f4 g4:2", "g4:0.5 a4 g4 f4 e4:1 c4", "c4:1 g3 c4:2") for _ in range(2))
LULLABY = "g4:2 e4:1 | g4:2 e4:1 | a4 g4 f4 | e4:3 | f4:2 d4:1 | f4:2 d4:1 | g4 f4 d4 | c4:3"


def said(text: str, **how: object) -> Given:
    return given(parse_line(text), **how)  # type: ignore[arg-type]


def rhythm(bars: object) -> list[list[tuple[float, float]]]:
    return [[(tone.beat, round(tone.duration)) for tone in bar] for bar in bars]  # type: ignore[attr-defined]


def names(bars: object) -> list[list[str]]:
    return [[span.chord.name for span in bar] for bar in bars]  # type: ignore[attr-defined]


def test_key_metre_and_bars_of_a_melody_are_found() -> None:
    melody = said(FRERE)
    assert (melody.key, melody.beats, len(melody.bars), melody.told) == (Key(0, IONIAN), 4, 8, ())
    assert melody.clarity > 0.8
    assert [tone.pitch for tone in melody.bars[4]] == [67, 69, 67, 65, 64, 60]
    assert melody.phrases == (8,)
    assert said(LULLABY).beats == 3


@pytest.mark.parametrize("name", [name for name in PIECES if name not in ("prelude-in-c", "sakura")])
def test_the_key_of_known_melodies_is_found_from_their_notes_alone(name: str) -> None:
    """The tonic, or the relative key, which has the same notes."""
    piece, notes, start = piece_named(name), [], 0.0
    for measure in unfolded(piece):
        notes += [(start + e.beat, e.duration, float(e.pitch)) for e in measure.events if e.layer == "melody"]
        start += measure.beats
    found = given(notes[:60])
    assert abs(found.key.fifths - piece.key.fifths) <= 1


def test_a_melody_played_unevenly_is_moved_to_the_grid_as_far_as_asked() -> None:
    rng = random.Random(4)
    loose = [(e.beat + rng.uniform(-0.07, 0.07), e.duration * 0.9, e.pitch) for e in parse_line(FRERE)]
    strict, half, free = (given(loose, strength=strength) for strength in (1.0, 0.5, 0.0))
    assert rhythm(strict.bars) == rhythm(said(FRERE).bars)
    assert any("moved to the grid" in sentence for sentence in strict.told) and not free.told

    def off(melody: Given) -> float:
        return sum(abs(4 * tone.beat - round(4 * tone.beat)) for bar in melody.bars for tone in bar)

    assert off(strict) == 0 < off(half) < off(free)


def test_triplets_are_kept() -> None:
    melody = said("c4:1 d4:1/3 e4 f4 g4:2 | " * 4)
    assert [round(tone.beat, 3) for tone in melody.bars[0]] == [0, 1, 1.333, 1.667, 2]


def test_literal_is_the_melody_itself_and_transposes_by_steps() -> None:
    melody = said(FRERE)
    assert [tone.pitch for bar in literal(melody) for tone in bar] == [event.pitch for event in parse_line(FRERE)]
    minor = literal(melody, Key(0, AEOLIAN))
    assert [tone.pitch for tone in minor[0]] == [57, 59, 60, 57], "the same steps of A minor"
    for key in (Key(3, IONIAN), Key(-2, DORIAN), Key(1, LYDIAN)):
        bars = literal(melody, key, centre=72)
        assert all(tone.pitch == key.pitch(tone.step) for bar in bars for tone in bar)
        assert rhythm(bars) == rhythm(melody.bars)
        assert abs(sum(t.pitch for bar in bars for t in bar) / 32 - 72) <= 7


def test_a_note_outside_the_key_keeps_its_distance() -> None:
    melody = said("c4 c#4 d4 e4 | f4 g4 e4 c4 | d4 g4 e4 c4:1", key=Key(0, IONIAN), beats=4)
    up = literal(melody, Key(2, IONIAN))
    assert [tone.pitch for tone in up[0]] == [62, 63, 64, 66]


def test_a_melody_keeps_its_third() -> None:
    assert key_for(said(FRERE), 1) == Key(1, IONIAN)
    sad = said("a4 b4 c5 a4 | e4 a4 c5 b4 | a4 g#4 a4:2 | e4:2 a4:2")
    assert sad.key.mode is AEOLIAN and key_for(sad, 0) == Key(0, AEOLIAN)


def test_harmony_bends_to_the_melody() -> None:
    melody = said(FRERE)
    chords = harmonised(literal(melody), melody.key, beats=4, closed=True)
    assert len(chords) == 8 and chords[0][0].chord.name == "C" and chords[-1][-1].chord.name == "C"
    heavy = [
        (bar[0].pitch % 12 in spans[0].chord.tones)
        for bar, spans in zip(literal(melody), chords, strict=True)
    ]  # fmt: skip
    assert all(heavy), names(chords)
    dominant = harmonised(literal(said("g4:2 b4 | d5:2 b4 | g4:2 d4 | g4:4")), Key(0, IONIAN), beats=4, closed=False)
    assert {"G", "Em", "Bm"} & {name for bar in names(dominant) for name in bar}
    assert dominant[-1][-1].chord.degree != 0, "an open phrase ends with a question"


@pytest.mark.parametrize("functional", [False, True])
def test_no_other_single_chord_would_fit_a_bar_much_better(functional: bool) -> None:
    """Chords are chosen for the whole phrase, so a bar may give a little; over the phrase the melody must stand well."""
    worst = []
    for text in (FRERE, LULLABY):
        melody = said(text)
        chords = harmonised(literal(melody), melody.key, beats=melody.beats, functional=functional)
        for bar, spans in zip(melody.bars, chords, strict=True):
            heard = [(tone.beat, tone.duration, tone.pitch) for tone in bar]
            worst.append(sum(misfit(heard, span.chord, span.beat, span.beat + span.beats, melody.beats) for span in spans))
    assert sum(worst) / len(worst) < 1.0
    random_melody = [(float(beat), 1.0, 60.0 + (beat * 7919) % 12) for beat in range(32)]
    assert sum(worst) / len(worst) < 0.5 * _mean_misfit(given(random_melody))


def _mean_misfit(melody: Given) -> float:
    said_bars = literal(melody)
    chords = harmonised(said_bars, melody.key, beats=melody.beats)
    costs = [
        misfit([(t.beat, t.duration, t.pitch) for t in bar], span.chord, span.beat, span.beat + span.beats, melody.beats)
        for bar, spans in zip(said_bars, chords, strict=True)
        for span in spans
    ]
    return sum(costs) / len(chords)


def test_colours_do_not_rub_against_the_melody() -> None:
    melody, seen = said(FRERE), 0
    plain = harmonised(literal(melody), melody.key, beats=4)
    for seed in range(12):
        chords = harmonised(literal(melody), melody.key, beats=4, stream=Streams(seed).of("harmony"), colour_chance=0.9)
        assert [[s.chord.root for s in bar] for bar in chords] == [[s.chord.root for s in bar] for bar in plain]
        assert len(chords[-1][-1].chord.tones) == 3, "home is plain"
        for bar, spans in zip(melody.bars, chords, strict=True):
            for span in spans:
                for extra in span.chord.tones[3:]:
                    seen += 1
                    over = {t.pitch % 12 for t in bar if span.beat - t.duration < t.beat < span.beat + span.beats}
                    assert not over & {(extra + 1) % 12, (extra - 1) % 12}
    assert seen > 10


def test_its_motif_can_be_developed() -> None:
    melody = said(LULLABY)
    assert motif_of(melody).rhythm == ((0.0, 2.0), (2.0, 1.0)) and motif_of(melody).moves == (-2,)
    theme = theme_of(melody, Streams(1).of("melody"))
    assert theme.motif == motif_of(melody)
    assert theme == theme_of(melody, Streams(1).of("melody"))


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ([(0.0, 1.0, 64.0)], "one note"),
        ([(float(n), 1.0, 60.0 + (n * 5) % 11) for n in range(1000)], "has 1000 notes; the first 400"),
        ([(float(n), 1.0, 60.0 + n % 12) for n in range(48)], "no clear key"),
        ([(0.0, 1.0, 60.0), (1.0, 1.0, 62.0), (2.0, 1.0, 60.0)], "Too few different notes"),
        ([(0.0, 1.0, 60.0), (100.0, 1.0, 64.0), (101.0, 1.0, 67.0), (102.0, 1.0, 60.0)], "were shortened"),
        ([(0.0, 1.0, 60.0), (1.0, 0.0, 62.0), (2.0, 1.0, 900.0), (3.0, 1.0, 64.0), (4.0, 1.0, math.nan)], "3 of 5 notes"),
        ([(0.0, 1.0, 60.0), (0.0, 1.0, 72.0), (1.0, 0.02, 61.0), (1.0, 1.0, 64.0), (2.0, 1.0, 67.0)], "under a higher one"),
    ],
)
def test_whatever_was_done_is_told_and_the_music_goes_on(notes: list[tuple[float, float, float]], words: str) -> None:
    melody = given(notes)
    assert any(words in sentence for sentence in melody.told), melody.told
    bars = literal(melody, centre=69, bars=8)
    assert len(bars) == 8
    assert len(harmonised(bars, melody.key, beats=melody.beats)) == 8
    assert motif_of(melody).rhythm


@pytest.mark.parametrize("notes", [[], [(0.0, 0.0, 60.0)], [(math.inf, 1.0, 60.0)], [(0.0, 1.0, 200.0)]])
def test_no_note_at_all_is_a_sentence(notes: list[tuple[float, float, float]]) -> None:
    with pytest.raises(UndertoneError, match="no notes that can be played"):
        given(notes)


@drawn(
    st.lists(st.tuples(st.floats(-10, 200), st.floats(-1, 20), st.floats(10, 120)), min_size=1, max_size=24),
    st.floats(0, 1), st.integers(-6, 6), st.none() | st.integers(1, 12),
)  # fmt: skip
@settings(max_examples=30, deadline=None, derandomize=True)
def test_any_notes_become_lawful_bars(notes, strength, fifths, count) -> None:
    try:
        melody = given(notes, strength=strength)
    except UndertoneError:
        return
    assert sum(melody.phrases) == len(melody.bars) <= 64 and all(1 <= bars <= 8 for bars in melody.phrases)
    key = key_for(melody, fifths)
    for phrase in (0, len(melody.phrases)):
        bars = literal(melody, key, phrase=phrase, centre=69, bars=count)
        for bar in bars:
            for tone in bar:
                assert 21 <= tone.pitch <= 108 and -1e-6 <= tone.beat < melody.beats and 0 < tone.duration <= 2 * melody.beats
                assert 0 < tone.weight <= 1
        chords = harmonised(bars, key, beats=melody.beats, closed=phrase % 2 == 0)
        assert len(chords) == len(bars)
        assert all(sum(span.beats for span in bar) == melody.beats for bar in chords)
    figure = motif_of(melody)
    assert len(figure.moves) == len(figure.rhythm) - 1
    assert all(length > 0 and beat + length <= melody.beats + 1e-6 for beat, length in figure.rhythm)
