"""Keys, modes and chords say what a musician would say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from undertone.music.harmony import LANGUAGES, chord, heard, majorness_wanted, mode_between, mode_for, progression
from undertone.music.streams import Streams
from undertone.music.theory import AEOLIAN, DORIAN, IONIAN, LYDIAN, MIXOLYDIAN, MODES, PHRYGIAN, Key, pitch_name

NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KEYS = [Key(fifths, mode) for fifths in range(-6, 7) for mode in MODES]


@pytest.mark.parametrize(
    ("fifths", "mode", "name"),
    [
        (0, IONIAN, "C ionian"),
        (0, AEOLIAN, "A aeolian"),
        (1, DORIAN, "A dorian"),
        (-3, MIXOLYDIAN, "Bb mixolydian"),
        (3, LYDIAN, "D lydian"),
        (-1, PHRYGIAN, "A phrygian"),
        (6, IONIAN, "F# ionian"),
        (-6, IONIAN, "Gb ionian"),
    ],
)
def test_keys_are_named_after_their_home_note(fifths, mode, name):
    assert Key(fifths, mode).name == name


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_spelling_gives_each_letter_once_and_the_right_note(key):
    names = [key.spelled(degree) for degree in range(7)]
    assert sorted(name[0] for name in names) == sorted("CDEFGAB")
    sounding = [(NATURAL[name[0]] + name.count("#") - name.count("b")) % 12 for name in names]
    assert tuple(sounding) == key.pitch_classes


def test_keys_of_one_signature_share_their_notes():
    assert len({frozenset(Key(2, mode).pitch_classes) for mode in MODES}) == 1


@pytest.mark.parametrize("key", KEYS[::7], ids=lambda key: key.name)
def test_step_is_the_inverse_of_pitch(key):
    assert [key.step(key.pitch(step)) for step in range(-20, 21)] == list(range(-20, 21))
    assert 55 <= key.pitch(0) <= 66
    assert key.pitch(0) % 12 == key.tonic


def test_pitch_names():
    assert [pitch_name(pitch) for pitch in (21, 60, 61, 108)] == ["A0", "C4", "C#4", "C8"]


@pytest.mark.parametrize(
    ("fifths", "mode", "token", "colour", "name", "tones"),
    [
        (0, IONIAN, "1", "", "C", (0, 4, 7)),
        (0, IONIAN, "1", "7", "Cmaj7", (0, 4, 7, 11)),
        (0, IONIAN, "2", "7", "Dm7", (2, 5, 9, 0)),
        (0, IONIAN, "5", "7", "G7", (7, 11, 2, 5)),
        (0, IONIAN, "5s", "", "Gsus4", (7, 0, 2)),
        (0, IONIAN, "4m", "", "Fm", (5, 8, 0)),
        (0, IONIAN, "3M", "", "E", (4, 8, 11)),
        (0, IONIAN, "4", "9", "Fadd9", (5, 9, 0, 7)),
        (0, IONIAN, "3", "9", "Em", (4, 7, 11)),
        (0, AEOLIAN, "5M", "", "E", (4, 8, 11)),
        (-3, AEOLIAN, "6", "", "Ab", (8, 0, 3)),
    ],
)
def test_chords(fifths, mode, token, colour, name, tones):
    made = chord(Key(fifths, mode), token, colour)
    assert (made.name, made.tones) == (name, tones)


def test_altered_chords_alter_the_melody_too():
    key = Key(0, AEOLIAN)
    seventh_step = 6
    assert pitch_name(key.pitch(seventh_step)) == "G4"
    assert pitch_name(chord(key, "5M").pitch(key, seventh_step)) == "G#4"


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_the_language_of_a_mode_has_no_chord_that_cannot_rest(mode):
    language, key = LANGUAGES[mode.name], Key(0, mode)
    said = " ".join((*language.modal, *language.functional, *language.opening, *language.closing)).replace("+", " ")
    for token in said.split():
        name = chord(key, token).name
        assert "?" not in name
        assert "dim" not in name
        assert "aug" not in name
    assert all(closing.split()[-1] == "1" for closing in language.closing)
    assert all(len(cadence.split()) == 2 for cadence in (*language.opening, *language.closing))
    assert all(len(loop.split()) == 4 for loop in (*language.modal, *language.functional))


@pytest.mark.parametrize("majorness", [0.0, 0.1, 0.21, 0.34, 0.5, 0.65, 0.9, 1.0])
def test_a_mode_is_asked_for_the_share_of_major_that_is_wanted(majorness):
    drawn = {mode_between(majorness, draw / 20) for draw in range(20)}
    assert all(mode.majorness == mode.share == majorness for mode in drawn | {mode_for(majorness)})
    assert mode_for(majorness) in drawn
    assert {mode.steps for mode in drawn} <= {mode.steps for mode in MODES}


def test_minor_modes_for_the_dark_major_modes_for_the_bright_and_a_choice_between():
    def names(majorness):
        return {mode_between(majorness, draw / 20).name for draw in range(20)}

    assert names(0.0) == {"aeolian"}
    assert names(1.0) == {"ionian"}
    assert "dorian" in names(0.3)
    assert len(names(0.7)) >= 2
    assert not names(0.7) & {"aeolian", "dorian", "phrygian"}
    assert not names(0.15) & {"ionian", "mixolydian", "lydian"}


def test_brightness_follows_valence():
    assert [majorness_wanted(valence) for valence in (-1, -0.5, 0, 0.5, 1)] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert tuple(sorted(MODES, key=lambda mode: -mode.happiness)) == MODES


def test_a_listener_hears_major_where_a_musician_would():
    assert heard(IONIAN, ("1", "4", "5", "1")) > 0.75
    assert heard(AEOLIAN, ("1", "4", "5M", "1")) < 0.15
    assert heard(AEOLIAN, ("1", "4", "5M", "1")) < heard(AEOLIAN, ("1", "6", "4", "5")) < heard(AEOLIAN, ("3", "7", "3", "6"))
    # The same chords are heard the same, whichever of them is called home.
    assert heard(AEOLIAN, ("3", "6", "7", "3")) - heard(IONIAN, ("1", "4", "5", "1")) == pytest.approx(-0.03, abs=1e-9)


CHANGES = {4: "M", 3: "m", 5: "s"}


def share_heard(majorness, functional, seeds=60):
    """Mean of what is heard in phrases for this share, by their chords as they came out."""
    values = []
    for seed in range(seeds):
        key = Key(0, mode_between(majorness, seed / seeds))
        phrase = progression(
            key, Streams(seed).of("harmony"), bars=8, beats=4, closed=True, functional=functional, slow=False, colour_chance=0.0
        )
        tokens = tuple(
            "+".join(f"{span.chord.degree + 1}{CHANGES[(span.chord.tones[1] - span.chord.root) % 12]}" for span in bar)
            for bar in phrase
        )
        values.append(heard(key.mode, tokens))
    return sum(values) / len(values)


@pytest.mark.parametrize("functional", [False, True])
def test_the_more_major_is_wanted_the_more_is_heard(functional):
    shares = [share_heard(majorness / 6, functional) for majorness in range(7)]
    assert all(after > before + 0.01 for before, after in pairwise(shares))
    assert shares[0] < 0.3 and shares[-1] > 0.7


def test_minor_chords_keep_what_brightens_them_out_where_minor_is_wanted():
    def colours(majorness):
        key = Key(0, mode_for(majorness))
        made = [
            progression(
                key, Streams(seed).of("harmony"), bars=8, beats=4, closed=False, functional=False, slow=False, colour_chance=1.0
            )
            for seed in range(8)
        ]
        return {span.chord.name for phrase in made for bar in phrase for span in bar}

    assert not any(name.endswith("m7") for name in colours(0.1))
    assert any(name.endswith("m7") for name in colours(0.6))


@pytest.mark.parametrize("beats", [3, 4])
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_a_phrase_fills_its_bars_and_ends_as_it_should(seed, slow, beats):
    key = Key(seed % 9 - 4, MODES[seed % 6])
    for closed in (False, True):
        phrase = progression(
            key, Streams(seed).of("harmony"), bars=8, beats=beats, closed=closed, functional=seed % 2 == 0, slow=slow,
            colour_chance=0.3,
        )  # fmt: skip
        assert len(phrase) == 8
        for bar in phrase:
            assert bar[0].beat == 0
            assert sum(span.beats for span in bar) == beats
        assert (phrase[-1][-1].chord.root == key.tonic) == closed
        assert len({span.chord.name for bar in phrase for span in bar}) >= 2


def test_the_answer_begins_as_the_question_did():
    made = [
        progression(
            Key(0, IONIAN), Streams(4).of("harmony"), bars=8, beats=4, closed=closed, functional=True, slow=False,
            colour_chance=0.4,
        )
        for closed in (False, True)
    ]  # fmt: skip
    roots = [[span.chord.root for bar in phrase[:6] for span in bar] for phrase in made]
    assert roots[0] == roots[1]
    assert made[0] != made[1]
