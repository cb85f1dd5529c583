"""Measures of scores, on music whose answer is known."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Bar, Layer, Note
from undertone.report.measures import GATES, entropy, failed, groove, measured, moves, repetition
from undertone.report.measures_form import ALIKE, distance, form_of, longest_repeat, similarity
from undertone.report.measures_harmony import ROUGHNESS_SCALE, key_clarity, roughness, scale_consistency, tension
from undertone.report.piece import Piece, Sounding, piece_of, skyline

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)


def tune(pitches: Sequence[int], *, length: float = 1.0, bar: float = 4.0, name: str = "") -> Piece:
    """One note after the other, `length` beats each, at 60 beats a minute."""
    notes = tuple(Sounding(i * length, length, i * length, length, pitch) for i, pitch in enumerate(pitches))
    count = math.ceil(len(pitches) * length / bar)
    return Piece(name, notes, tuple(bar * index for index in range(count + 1)))


def chords(*groups: Sequence[int], length: float = 2.0) -> Piece:
    notes = tuple(Sounding(i * length, length, i * length, length, pitch) for i, group in enumerate(groups) for pitch in group)
    return Piece("", notes, tuple(float(beat) for beat in range(0, math.ceil(len(groups) * length / 4.0) * 4 + 1, 4)))


def phrase(seed: int, bars: int = 4) -> list[int]:
    """A tune of eighth notes in C major that is its own: sixteen places a bar would be dense, eight are enough."""
    chance = random.Random(seed)
    place, pitches = 3, []
    for _ in range(8 * bars):
        place = min(max(place + chance.choice((-2, -1, 1, 2)), 0), 7)
        pitches.append(C_MAJOR[place])
    return pitches


def bar(notes: Sequence[Note], *, beats: int = 4, tempo_bpm: float = 60.0) -> Bar:
    zeros = dict.fromkeys(Layer, 0.0)
    return Bar(0, beats, tempo_bpm, tuple(notes), 0.0, zeros, dict.fromkeys(Layer, 0), 2000.0, 0.3, 2.5, None, 0.0)


# --------------------------------------------------------------------------------------------------------------- the piece


def test_a_piece_undoes_the_touch_of_the_player_and_leaves_out_strokes() -> None:
    tones = ((0.02, 1.0, 60), (0.99, 1.0, 62), (1.34, 0.3, 64))
    notes = [Note(beat, length, pitch, 60, Layer.MELODY) for beat, length, pitch in tones]
    notes.append(Note(2.0, 0.1, 42, 60, Layer.PERCUSSION))
    piece = piece_of([bar(notes), bar(notes, beats=3, tempo_bpm=120.0)])
    assert [note.beat for note in piece.notes] == pytest.approx([0.0, 1.0, 4.0 / 3.0, 4.0, 5.0, 16.0 / 3.0])
    assert [note.second for note in piece.notes][3:] == pytest.approx([4.0, 4.5, 4.0 + 2.0 / 3.0])
    assert piece.starts == (0.0, 4.0, 7.0)
    assert [len(row) for row in piece.by_bar] == [3, 3]


def test_a_window_begins_with_the_bar_of_its_first_note() -> None:
    window = tune(C_MAJOR * 4).within(9.0, 20.0)
    assert window.starts == (0.0, 4.0, 8.0, 12.0)
    assert [note.beat for note in window.notes] == [float(beat) for beat in range(1, 12)]
    assert window.notes[0].second == 0.0
    assert tune(C_MAJOR).within(100.0, 200.0).notes == ()


def test_the_skyline_leaves_out_what_lies_under_a_longer_note() -> None:
    notes = (Sounding(0, 4, 0, 4, 76), Sounding(0, 1, 0, 1, 60), Sounding(1, 1, 1, 1, 64), Sounding(4, 1, 4, 1, 67))
    assert [note.pitch for note in skyline(notes)] == [76, 67]


def test_a_piece_whose_layers_are_known_has_the_melody_that_was_written() -> None:
    pad = Note(0.0, 4.0, 80, 60, Layer.PAD)
    assert piece_of([bar([pad])]).melody == ()
    assert [n.pitch for n in piece_of([bar([pad, Note(1.0, 1.0, 60, 60, Layer.MELODY)])]).melody] == [60]


# ---------------------------------------------------------------------------------------------------------- single measures


def test_entropy_counts_the_pitch_classes_of_a_window() -> None:
    assert entropy(tune([60, 62, 64, 65] * 4), 1) == pytest.approx(2.0)
    assert entropy(tune([60] * 16), 1) == 0.0
    assert entropy(tune(list(range(60, 72)) * 4, length=0.5), 4) == pytest.approx(math.log2(12), abs=0.03)
    assert entropy(tune([60] * 4 + [60, 62, 64, 65]), 1) == pytest.approx(1.0)
    assert entropy(tune([60, 62]), 1) is None


def test_groove_is_one_for_the_same_bar_and_falls_with_each_moved_onset() -> None:
    assert groove(tune([60] * 16)) == 1.0
    notes = (Sounding(0, 1, 0, 1, 60), Sounding(5, 1, 5, 1, 60))
    assert groove(Piece("", notes, (0.0, 4.0, 8.0))) == pytest.approx(1.0 - 2.0 / 16.0)
    assert groove(tune([60] * 4)) is None


def test_repetition_of_a_phrase_said_twice_is_known_exactly() -> None:
    line = tune([60, 62, 65, 61, 67, 60, 70, 64, 63] * 2).notes
    # 17 moves make 14 four-grams, of which the last 5 have been heard.
    assert repetition(line) == pytest.approx(5 / 14)
    assert repetition(tune([0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66, 78, 91, 105, 120]).notes) == 0.0
    assert repetition(line[:6]) is None
    # The same intervals in another rhythm are another turn.
    even = [Sounding(float(i), 1.0, float(i), 1.0, 60 + i % 2) for i in range(10)]
    slow = [Sounding(11.0 + 2.0 * i, 1.0, 11.0 + 2.0 * i, 1.0, 60 + i % 2) for i in range(10)]
    assert repetition([*even, *slow]) == pytest.approx(9 / 16)


def test_steps_leaps_and_the_size_of_moves() -> None:
    steps, leaps, size = moves(tune([60, 62, 63, 63, 71] * 4).notes) or (0.0, 0.0, 0.0)
    assert (steps, leaps) == (pytest.approx(8 / 19), pytest.approx(7 / 19))
    assert size == pytest.approx((4 * (2 + 1 + 0 + 8) + 3 * 11) / 19)
    assert moves(tune([60]).notes) is None


def test_a_scale_lies_in_one_scale_and_its_key_is_clear() -> None:
    piece = tune((*C_MAJOR, 67, 64, 60, 60))
    assert scale_consistency(piece) == 1.0
    assert (key_clarity(piece) or 0.0) > 0.85
    chromatic = tune(range(48, 84))
    assert scale_consistency(chromatic) == pytest.approx(7 / 12)
    assert key_clarity(chromatic) == 0.0


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.lists(st.sampled_from(C_MAJOR), min_size=20, max_size=60), st.integers(-11, 11))
def test_no_measure_knows_the_key(pitches: list[int], shift: int) -> None:
    here, there = measured(tune(pitches)), measured(tune([pitch + shift for pitch in pitches]))
    for name, value in here.items():
        if name != "roughness":  # Low intervals are rougher: it should know the register.
            assert there[name] == pytest.approx(value, abs=1e-9), name


def test_a_semitone_is_rougher_than_a_third_and_a_third_than_an_octave() -> None:
    semitone, third, octave = (roughness(chords(pair, pair)) or 0.0 for pair in ((60, 61), (60, 64), (60, 72)))
    assert semitone > 1.5 * third > 10.0 * octave > 0.0
    assert (roughness(chords((36, 40), (36, 40))) or 0.0) > third
    assert roughness(tune([60, 62, 64, 65])) is None


def test_roughness_follows_sethares_formula() -> None:
    f1, f2 = 440.0 * 2 ** (-9 / 12), 440.0 * 2 ** (-5 / 12)
    total = 0.0
    for i in range(1, 7):
        for j in range(1, 7):
            low, gap = min(i * f1, j * f2), abs(i * f1 - j * f2)
            s = 0.24 / (0.0207 * low + 18.96)
            total += 0.88 ** (i + j - 2) * (math.exp(-3.5 * s * gap) - math.exp(-5.75 * s * gap))
    assert roughness(chords((60, 64), (60, 64))) == pytest.approx(ROUGHNESS_SCALE * total / 2)


def test_harmony_that_stands_still_has_no_momentum() -> None:
    still, near, far = (tension(chords(*group)) for group in (
        [(60, 64, 67)] * 4, [(60, 64, 67), (67, 71, 74)] * 2, [(60, 64, 67), (66, 70, 73)] * 2,
    ))  # fmt: skip
    assert still is not None and near is not None and far is not None
    assert still.momentum == pytest.approx(0.0)
    assert 0.0 < near.momentum < far.momentum
    assert still.strain == pytest.approx(0.0)
    # From C to E it is four fifths: a whole turn, and four rises of √(2/15); from G to E three fifths are further apart.
    assert still.diameter == pytest.approx(math.sqrt(2.0 + 9.0 * 2.0 / 15.0))


def test_gates_judge_only_what_is_known() -> None:
    assert failed({"steps": 0.1, "leaps": None, "scale": 0.9, "onsets/s": 99.0}) == ["steps"]
    assert failed({name: sum(gate) / 2 for name, gate in GATES.items()}) == []


def test_notes_by_chance_fail_two_gates_and_more() -> None:
    chance = random.Random(5)
    assert len(failed(measured(tune([chance.randrange(48, 85) for _ in range(160)])))) >= 4


# ------------------------------------------------------------------------------------------------------------- returns, form


def test_a_phrase_that_comes_back_is_found_where_it_is() -> None:
    a, b = phrase(1), phrase(2)
    table = similarity(tune([*a, *b, *a], length=0.5))
    assert table[0, 8] == pytest.approx(1.0)
    assert table[0, 4] < 0.5
    assert np.nanmax(table[4, [0, 8]]) < 0.5


def test_returns_are_counted_after_something_else_only() -> None:
    a, b = phrase(1), phrase(2)
    again = form_of(tune([*a, *b, *a], length=0.5))
    through = form_of(tune([*a, *b, *phrase(3)], length=0.5))
    loop = form_of(tune(a * 6, length=0.5))
    assert again is not None and through is not None and loop is not None
    assert again.returns == pytest.approx(2 / 9)
    assert through.returns == 0.0
    assert loop.returns == 0.0
    assert loop.best == pytest.approx(1.0)


def test_held_chords_and_a_steady_pulse_do_not_make_everything_alike() -> None:
    chance = random.Random(2)
    drone = tuple(Sounding(4.0 * i, 4.0, 4.0 * i, 4.0, pitch) for i in range(40) for pitch in (48, 55, 60))
    line = tuple(Sounding(float(i), 1.0, float(i), 1.0, chance.choice(C_MAJOR) + 12) for i in range(160))
    notes = tuple(sorted(drone + line, key=lambda note: (note.beat, note.pitch)))
    form = form_of(Piece("", notes, tuple(4.0 * index for index in range(41))))
    assert form is not None
    assert abs(form.chance) < 0.15
    assert form.best < ALIKE - 0.1
    assert form.returns == 0.0


def test_form_of_less_than_two_phrases_is_not_known() -> None:
    assert form_of(tune(C_MAJOR * 3)) is None
    assert form_of(tune([])) is None


def test_the_distance_of_a_piece_to_itself_in_another_key_is_nothing() -> None:
    one, other = tune(phrase(1, 12), length=0.5), tune(phrase(9, 12), length=0.5)
    moved = tune([pitch + 5 for pitch in phrase(1, 12)], length=0.5)
    assert distance(one, one) == pytest.approx(0.0, abs=1e-9)
    assert distance(one, moved) == pytest.approx(0.0, abs=1e-9)
    far = distance(one, other) or 0.0
    assert far > 0.4
    assert distance(other, one) == pytest.approx(far)
    assert distance(one, tune(C_MAJOR)) is None


def test_a_piece_that_shares_its_first_half_is_nearer() -> None:
    own, other = phrase(1, 12), phrase(9, 12)
    half = own[:48] + phrase(4, 6)
    near = distance(tune(own, length=0.5), tune(half, length=0.5))
    far = distance(tune(own, length=0.5), tune(other, length=0.5))
    assert near is not None and far is not None
    assert near < 0.7 * far


def test_the_longest_repeat_is_measured_in_seconds() -> None:
    a, b = phrase(1, 6), phrase(2, 5)
    length, start = longest_repeat(tune([*b, *a, *phrase(3, 3), *a], length=0.5))
    assert (length, start) == (pytest.approx(24.0), pytest.approx(20.0))
    assert longest_repeat(tune(range(40, 80)))[0] == 0.0
    assert longest_repeat(tune(phrase(1, 2) * 5, length=0.5))[0] == pytest.approx(16.0)
