"""Voices move little, sound clear and go somewhere."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.music import bass
from undertone.music.harmony import LANGUAGES, chord, progression
from undertone.music.metre import strength
from undertone.music.streams import Streams
from undertone.music.texture import ORDERS, broken, hand, held
from undertone.music.theory import AEOLIAN, IONIAN, MODES, Key
from undertone.music.voicing import HIGHEST, LOWEST, cost, voiced


def phrase(seed: int, *, slow: bool = False, colour: float = 0.3, beats: int = 4):
    key = Key(seed % 9 - 4, MODES[seed % 6])
    stream = Streams(seed).of("harmony")
    chords = progression(
        key, stream, bars=8, beats=beats, closed=True, functional=seed % 2 == 0, slow=slow, colour_chance=colour
    )
    return key, chords


@given(st.integers(0, 10_000), st.floats(59, 66))
@settings(max_examples=40, deadline=None)
def test_chords_lie_clear_and_move_little(seed, centre):
    _, chords = phrase(seed)
    before, moves = None, []
    for span in (span for bar in chords for span in bar):
        placing = voiced(span.chord, before, centre)
        assert LOWEST <= placing[0] < placing[1] < placing[2] <= HIGHEST
        assert all(upper - lower >= (4 if lower < 57 else 3) for lower, upper in pairwise(placing))
        assert {pitch % 12 for pitch in placing} <= set(span.chord.tones)
        assert span.chord.tones[1] in {pitch % 12 for pitch in placing}
        if before is not None:
            moves.append(max(abs(new - old) for new, old in zip(placing, before, strict=True)))
        before = placing
    assert max(moves) <= 10
    assert sum(moves) / len(moves) <= 4.5


def test_every_chord_that_can_be_said_has_a_placing():
    for mode in MODES:
        language = LANGUAGES[mode.name]
        said = " ".join((*language.modal, *language.functional, *language.opening, *language.closing)).replace("+", " ")
        for fifths in range(-6, 7):
            for token in sorted(set(said.split())):
                for colour in ("", "7", "9"):
                    made = chord(Key(fifths, mode), token, colour)
                    for centre in (59.0, 62.0, 66.0):
                        assert len(voiced(made, None, centre)) == 3


def test_no_other_placing_would_cost_less():
    key = Key(0, IONIAN)
    before = voiced(chord(key, "1"), None, 62)
    for token in ("4", "5", "6", "2"):
        wanted = chord(key, token)
        chosen = voiced(wanted, before, 62)
        for other in combinations([p for p in range(53, 74) if p % 12 in wanted.tones], 3):
            clear = all(b - a >= (4 if a < 57 else 3) for a, b in pairwise(other))
            if clear and len({p % 12 for p in other}) == 3:
                assert cost(before, chosen, 62) <= cost(before, other, 62)
        before = chosen


def test_no_colour_is_worth_a_jump():
    """E minor with its ninth, high up: its clear placings with both G and F sharp lie an octave away."""
    key = Key(1, AEOLIAN)
    placing = voiced(chord(key, "1", "9"), (66, 71, 74), 66)
    assert max(abs(new - old) for new, old in zip(placing, (66, 71, 74), strict=True)) <= 7
    assert 6 in {pitch % 12 for pitch in voiced(chord(key, "1", "9"), None, 62)}


def test_parallel_fifths_and_wide_moves_cost():
    assert cost((55, 62, 67), (57, 64, 69), 62) > cost((55, 62, 67), (57, 60, 69), 62) + 1.0
    assert cost(None, (55, 62, 69), 62) == 0


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_bass_has_roots_at_both_ends_and_a_direction(seed):
    _, chords = phrase(seed)
    lows = bass.line(chords, None)
    spans = [span for bar in chords for span in bar]
    notes = [low for bar in lows for low in bar]
    assert [len(bar) for bar in lows] == [len(bar) for bar in chords]
    assert all(bass.LOWEST <= note <= bass.HIGHEST for note in notes)
    assert notes[0] % 12 == spans[0].chord.root
    assert notes[-1] % 12 == spans[-1].chord.root
    assert all(note % 12 in span.chord.tones[:2] for note, span in zip(notes, spans, strict=True))
    assert max(abs(b - a) for a, b in pairwise(notes)) <= 12


def test_the_bass_takes_a_third_where_that_makes_a_line():
    key = Key(0, IONIAN)
    moves = []
    for seed in range(30):
        stream = Streams(seed).of("harmony")
        chords = progression(key, stream, bars=8, beats=4, closed=True, functional=True, slow=False, colour_chance=0.0)
        notes = [low for bar in bass.line(chords, None) for low in bar]
        roots = [span.chord.root for bar in chords for span in bar]
        moves += [note % 12 != root for note, root in zip(notes, roots, strict=True)]
    assert 0.03 < sum(moves) / len(moves) < 0.5


@pytest.mark.parametrize("activity", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("beats", [3, 4])
def test_the_bass_fills_the_bar_without_overlap(activity, beats):
    for seed in range(20):
        key, chords = phrase(seed, beats=beats)
        lows = bass.line(chords, None)
        for index, bar in enumerate(chords[:-1]):
            steps = bass.walked(bar, lows[index], lows[index + 1][0], key, Streams(seed).of("bass"), activity)
            assert sum(step.duration for step in steps) == beats
            assert all(b.beat == a.beat + a.duration for a, b in pairwise(steps))
            assert all(step.duration > 0 and 33 <= step.pitch <= 57 for step in steps)
        assert len(steps) >= (1, 1, 2)[round(2 * activity)] or len(bar) > 1


def test_broken_chords_play_as_many_notes_as_asked_for():
    _, chords = phrase(2, colour=0.0)
    bar = chords[0]
    fingers = hand((55, 60, 64), 36)
    assert fingers == (48, 55, 60, 64, 67)
    for variant in range(len(ORDERS[4])):
        for count in range(1, 17):
            sounds = broken(bar, (fingers,), (0, 1, 2, 3, 4, 3, 2, 1), variant=variant, count=count, beats=4, sustain=0.5)
            assert len(sounds) == count
            assert len({sound.beat for sound in sounds}) == count
            assert sounds[0].beat == 0
            assert all(a.pitch != b.pitch for a, b in pairwise(sounds) if b.beat - a.beat <= 0.25)
            assert all(sound.beat + sound.duration <= 4 + 1e-9 or sound.duration == 0.5 for sound in sounds)


def test_a_voice_that_falls_by_step_may_come_late():
    _, chords = phrase(2, colour=0.0)
    bar = chords[0][:1]
    always = held(bar, ((55, 60, 64),), (55, 60, 65), Streams(1).of("pad"), 1.0)
    assert [(s.beat, s.duration, s.pitch) for s in always] == [(0, 4, 55), (0, 4, 60), (0, 2, 65), (2, 2, 64)]
    never = held(bar, ((55, 60, 64),), (55, 60, 65), Streams(1).of("pad"), 0.0)
    assert [s.pitch for s in never] == [55, 60, 64]


def test_strong_beats_are_strong():
    assert [strength(beat, 4) for beat in (0, 2, 1, 0.5, 0.25)] == [1.0, 0.75, 0.5, 0.25, 0.1]
    assert strength(4, 4) == 1.0


def test_every_mode_has_a_language():
    assert set(LANGUAGES) == {mode.name for mode in MODES}
