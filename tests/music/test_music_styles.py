"""Styles are read from small files, and their mistakes are told all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import UndertoneError
from undertone.flow import Directive, Goal, Layer, Phase, Texture
from undertone.music import STYLES, Composer
from undertone.music.percussion import STROKES
from undertone.music.styles import (
    Bed,
    Figuration,
    Ground,
    Song,
    Style,
    StyleError,
    read_style,
    read_styles,
    style_named,
    trim_db,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "styles.md"
SMALLEST = 'about = "Two harps."\n[pad]\nprograms = 46\n[harmony]\nprograms = [46]\n'


def example() -> str:
    """The style that the page for hobbyists shows."""
    return PAGE.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]


def composed(style, bars=30, *, seed=1, arousal=0.3, goal=Goal.UPLIFT):
    composer, t, written = Composer(seed, style=style), 0.0, []
    for _ in range(bars):
        directive = Directive(t, t + 10, Phase.HOLD, goal, arousal, 0.3, 0.0, None, 1.0, "test")
        written.append(composer.compose(t, directive))
        t += written[-1].seconds
    return written


def mistakes(text: str) -> str:
    with pytest.raises(StyleError) as caught:
        read_style(text, "my/odd.toml")
    return str(caught.value)


def test_there_are_six_really_different_styles():
    assert {"piano", "strings", "harp", "bells", "guitar", "lullaby"} <= set(STYLES)
    for one in STYLES.values():
        for other in STYLES.values():
            if one is not other:
                shared = sum(
                    set(one.programs.get(layer, ())) & set(other.programs.get(layer, ())) != set()
                    for layer in (Layer.HARMONY, Layer.MELODY)
                )
                assert shared < 2
                assert one.figurations != other.figurations


@pytest.mark.parametrize("name", sorted(STYLES))
def test_built_in_styles_balance_melody_first_and_pad_behind(name):
    style = STYLES[name]
    assert style.name == name
    assert style.about.endswith(".")
    assert style.layers >= {Layer.PAD, Layer.HARMONY, Layer.MELODY}
    gains = style.gains_db
    assert max(gains.values()) == gains[Layer.MELODY] == 0
    assert gains[Layer.PAD] <= gains[Layer.HARMONY] - 4
    assert gains.get(Layer.PERCUSSION, -99.0) < gains[Layer.HARMONY]
    assert style.textures


def test_the_example_on_the_page_composes():
    style = read_style(example(), "kalimba.toml")
    assert (style.name, style.layers, style.song) == ("kalimba", frozenset(Layer), Song.THEME)
    assert style.figurations == ((Figuration.PICKING, 2.0), (Figuration.ROCKING, 1.0))
    assert style.grounds == ((Ground.WALKING, 1.0), (Ground.TENTHS, 1.0))
    assert (style.bed, style.strokes, style.swing) == (Bed.CHORDS, ("shaker", "hand drum"), 0.3)
    assert (style.density, style.brightness, style.room, style.touch) == (0.9, 1.2, 0.9, 4.0)
    assert (style.lift, style.legato, style.chord_centre, style.octave, style.sustain) == (5, 0.9, 62.0, 0, 0.6)
    assert style.textures == (Texture.RAIN, Texture.FIRE)
    assert style.metres == ((4, 2.0), (3, 1.0))
    assert style.figures == ((0, 2, 3, 4, 2, 3, 4, 3), (0, 3, 2, 4, 3, 2, 4, 2))
    bars = composed(style)
    sounding = {note.layer for bar in bars for note in bar.notes}
    assert sounding >= {Layer.MELODY, Layer.HARMONY}
    assert {bar.programs[Layer.HARMONY] for bar in bars} == {12}


def test_the_page_names_everything_that_can_stand_in_a_style():
    page = PAGE.read_text(encoding="utf-8")
    for word in (*Song, *Figuration, *Ground, *Bed, *STROKES):
        assert f"`{word}`" in page
    for word in Texture:
        assert word in page


def test_a_small_style_takes_what_is_usual():
    style = read_style(SMALLEST, "harps.toml")
    assert style.layers == {Layer.PAD, Layer.HARMONY}
    assert style.programs[Layer.PAD] == (46,)
    assert not style.percussion
    assert style.figurations == ((Figuration.BROKEN, 1.0),)
    assert {note.layer for bar in composed(style) for note in bar.notes} <= style.layers


def test_every_mistake_is_told_at_once_with_its_line_and_what_may_stand_there():
    told = mistakes(
        'abuot = "x"\n[melody]\nprograms = [200]\nmoves = "looops"\n[harmony]\nprograms = [1]\nmoves = { brokn = 1 }\n'
        'figures = [[0, 7, 1]]\n[percussion]\nprograms = 0\nstrokes = ["shakr"]\nswing = 3\n[drums]\n'
    )
    assert told.startswith("my/odd.toml has 10 mistakes")
    for words in (
        "about: is missing",
        "pad: is missing",
        "abuot (line 1): there is no such entry; did you mean 'about'?",
        "melody.programs (line 3): found [200]; allowed: one or more General MIDI programs, whole numbers from 0 to 127",
        "melody.moves (line 4): found 'looops'; allowed: any of theme, loops; did you mean 'loops'?",
        "harmony.moves (line 7): found {'brokn': 1}",
        "did you mean 'broken'?",
        "harmony.figures (line 8): found [[0, 7, 1]]",
        "percussion.strokes (line 11): found ['shakr']",
        "did you mean 'shaker'?",
        "percussion.swing (line 12): found 3; allowed: a number from 0 to 1",
        "drums (line 13): there is no such entry",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("metres = { 5 = 1 }\n", "metres (line 1): found {'5': 1}; allowed: 3 and 4 with weights"),
        ("density = nan\n", "density (line 1): found nan; allowed: a number from 0.2 to 2"),
        ("density = true\n", "density (line 1): found True"),
        ('textures = ["see"]\n', "did you mean 'sea'?"),
        ('textures = "sea"\n', "allowed: a list of any of sea, rain, wind, fire"),
        ("bass = 3\n", "bass (line 1): found 3; allowed: a table"),
    ],
)
def test_a_mistake_says_what_may_stand_there(change, words):
    assert words in mistakes(change + SMALLEST)


def test_what_is_no_toml_is_a_sentence():
    assert "my/odd.toml is not TOML: " in mistakes("about = ")
    assert "docs/styles.md" in mistakes("[[[")


@given(st.text(max_size=80))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_text_is_read_or_refused_in_words(text):
    for whole in (text, SMALLEST + text, f"[melody]\nprograms = [{text}]\n"):
        try:
            read_style(whole, "any.toml")
        except StyleError as error:
            assert str(error).startswith("any.toml ")


def test_a_folder_of_styles_is_read_and_a_bad_one_told(tmp_path):
    assert read_styles(tmp_path) == {}
    (tmp_path / "harps.toml").write_text(SMALLEST)
    (tmp_path / "notes.txt").write_text("not a style")
    own = read_styles(tmp_path)
    assert set(own) == {"harps"}
    assert style_named("harps", own) == own["harps"]
    assert style_named(own["harps"]) is own["harps"]
    (tmp_path / "odd.toml").write_text("abuot = 1")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "big.toml").write_text("#" * 70_000)
    with pytest.raises(StyleError) as caught:
        read_styles(tmp_path)
    for words in ("odd.toml has", "bytes.toml is not text in UTF-8", "big.toml is too large"):
        assert words in str(caught.value)
    with pytest.raises(StyleError, match="cannot be read"):
        read_styles(tmp_path / "none")


def test_an_unknown_style_says_what_there_is():
    with pytest.raises(UndertoneError, match="did you mean 'strings'"):
        style_named("string")
    with pytest.raises(UndertoneError, match=re.escape("bells, guitar, harp")):
        style_named("x")


def test_every_program_has_a_trim_in_every_place():
    for layer in set(Layer) - {Layer.PERCUSSION}:
        trims = [trim_db(layer, program) for program in range(128)]
        assert all(-15 <= trim <= 12 for trim in trims)
        assert len(set(trims)) > 60
    # Slow strings are far louder than a piano at the same velocity.
    assert trim_db(Layer.PAD, 49) < trim_db(Layer.PAD, 0) - 6
    assert trim_db(Layer.PERCUSSION, 40) == 0


def test_a_layer_that_a_style_has_not_still_has_a_program_and_a_gain():
    style = STYLES["bells"]
    assert isinstance(style, Style)
    assert Layer.COUNTER not in style.layers
    assert style.program(Layer.COUNTER, 3) == 0
    assert style.gain_db(Layer.COUNTER, 3) < 0
