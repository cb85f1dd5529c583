"""Keys, modes and chords say what a musician would say."""

from __future__ import annotations

import pytest

from undertone.music.harmony import LANGUAGES, chord, majorness_wanted, mode_between, progression
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
    language, key = LANGUAGES[mode], Key(0, mode)
    said = " ".join((*language.modal, *language.functional, *language.opening, *language.closing)).replace("+", " ")
    for token in said.split():
        name = chord(key, token).name
        assert "?" not in name
        assert "dim" not in name
        assert "aug" not in name
    assert all(closing.split()[-1] == "1" for closing in language.closing)
    assert all(len(cadence.split()) == 2 for cadence in (*language.opening, *language.closing))
    assert all(len(loop.split()) == 4 for loop in (*language.modal, *language.functional))


@pytest.mark.parametrize("majorness", [0.0, 0.1, 0.21, 0.5, 0.65, 0.9, 1.0])
def test_modes_are_drawn_so_that_their_mean_is_the_wanted_one(majorness):
    draws = [mode_between(majorness, (i + 0.5) / 1000).majorness for i in range(1000)]
    assert sum(draws) / 1000 == pytest.approx(majorness, abs=0.002)


def test_brightness_follows_valence():
    assert [majorness_wanted(valence) for valence in (-1, 0, 1)] == [0.0, 0.5, 1.0]
    assert tuple(sorted(MODES, key=lambda mode: -mode.happiness)) == MODES


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
