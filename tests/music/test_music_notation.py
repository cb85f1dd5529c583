"""Scores as text: read, written, read again; and every mistake told with its place."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Layer
from undertone.music.notation import NotationError, parse, parse_line, read_key, write
from undertone.music.sheet import Event, Piece, Section, bar_beats, note_name, unfolded
from undertone.music.theory import MODES, Key

HEAD = "title: T\nkey: C major\nmetre: 4/4\ntempo: 72\n"


def score(music: str, head: str = HEAD) -> str:
    return head + "[A]\n" + music


def heard(text: str, layer: Layer = Layer.MELODY) -> list[tuple[float, float, int]]:
    return [(e.beat, e.duration, e.pitch) for e in parse(text).sections["A"].events if e.layer is layer]


def problems(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(NotationError) as caught:
        parse(text, "a.score")
    return [tuple(problem) for problem in caught.value.problems]


def test_lengths_are_taken_from_the_note_before_in_the_bar() -> None:
    assert heard(score("melody: c4 d4 e4:0.5 f4 g4:1 | a4:1/3 b4 c5 d5:3")) == [
        (0, 1, 60), (1, 1, 62), (2, 0.5, 64), (2.5, 0.5, 65), (3, 1, 67),
        (4, 1 / 3, 69), (pytest.approx(13 / 3), 1 / 3, 71), (pytest.approx(14 / 3), 1 / 3, 72), (5, 3, 74),
    ]  # fmt: skip


def test_accidentals_chords_rests_and_ties() -> None:
    assert heard(score("melody: f#4:2 bb3:1 r | c##4+e4:4~ | d4~+e4:2 d4:1 R")) == [
        (0, 2, 66), (2, 1, 58), (4, 7, 62), (4, 6, 64),
    ]  # fmt: skip


def test_a_bar_can_be_repeated_and_a_voice_can_be_left_out_of_a_system() -> None:
    text = score("melody: c4:4 | %\nbass: c3:4 | c3:4\n\nmelody: d4:4\n\nmelody: e4:4\nbass: e3:4")
    assert heard(text) == [(0, 4, 60), (4, 4, 60), (8, 4, 62), (12, 4, 64)]
    assert heard(text, Layer.BASS) == [(0, 4, 48), (4, 4, 48), (12, 4, 52)]


def test_a_pickup_leads_in_and_shares_a_bar_with_the_section_before() -> None:
    text = "title: T\nkey: G major\nmetre: 3/4\ntempo: 72\nform: A A\n[A] pickup 1\nmelody: d4 | g4:3 | b4:2"
    measures = unfolded(parse(text))
    assert [measure.beats for measure in measures] == [3, 3, 3, 3, 3]
    assert [[(e.beat, e.pitch) for e in measure.events] for measure in measures] == [
        [(2, 62)], [(0, 67)], [(0, 71), (2, 62)], [(0, 67)], [(0, 71)],
    ]  # fmt: skip
    assert [measure.opens for measure in measures] == [True, False, False, True, False]


def test_phrases_begin_after_double_bars_and_with_sections() -> None:
    text = HEAD + "form: A B A\n[A]\nmelody: c4:4 | c4:4 || c4:4\n[B]\nmelody: d4:4"
    assert [(measure.section, measure.opens) for measure in unfolded(parse(text))] == [
        ("A", True), ("A", False), ("A", True), ("B", True), ("A", True), ("A", False), ("A", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metre", "beats"),
    [((3, 8), 3), ((6, 8), 3), ((9, 8), 3), ((2, 2), 4), ((3, 2), 6), ((1, 4), 2), ((12, 8), 6), ((8, 4), 4)],
)
def test_every_metre_becomes_bars_of_whole_quarters(metre: tuple[int, int], beats: int) -> None:
    bar = bar_beats(metre)
    events = (Event(0.0, 1.0, 60, Layer.MELODY), Event(float(6 * bar) - 0.5, 0.5, 62, Layer.MELODY))
    section = Section("A", 0.0, float(6 * bar), events)
    measures = unfolded(Piece("T", "", "", "", Key(0, MODES[0]), metre, 72.0, ("A",), {"A": section}))
    assert {measure.beats for measure in measures} == {beats}
    assert sum(measure.beats for measure in measures) - 6 * bar in range(beats)
    last = measures[-1].events or measures[-2].events
    assert [event.pitch for event in last] == [62]


def test_all_problems_are_told_at_once_with_their_places() -> None:
    text = "titel: T\nkey: H major\nmetre: 4/4\ntempo: fast\n[A]\n"
    text += "melody: c4 d4 h4:2 | c4:9\nfiddle: c4\nbass: c4:x | d4:4 | c4:4\n"
    told = problems(text)
    assert [(line, column) for line, column, _ in told] == [
        (1, 1), (1, 1), (2, 6), (4, 8), (6, 1), (6, 15), (6, 22), (7, 1), (8, 10),
    ]  # fmt: skip
    assert "did you mean “title”" in told[0][2]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (score("melody: c4 c4 c4 | d4:4"), 6, 9, "has 3 quarter notes; it should have 4"),
        (score("melody: c4:4 | d4:3"), 6, 16, "lacks 1 quarter notes"),
        (score("melody: c4:4~ | d4:4"), 6, 9, "tied, but the same note does not follow"),
        (score("melody: c4:4~"), 6, 9, "tied"),
        (score("melody: c4:1/7 r:3"), 6, 12, "no length"),
        (score("melody: c9:4"), 6, 9, "no note"),
        (score("melody: c4+e4+c4:4"), 6, 15, "stands in this chord already"),
        (score("melody: c4 % c4:2"), 6, 12, "stands alone"),
        (score("melody: c4:4 | | d4:4"), 6, 16, "nothing before this bar line"),
        (score("melody: c4:4 ||| d4:4"), 6, 14, "a phrase with"),
        (score("melody: c4:4\nmelody: d4:4"), 7, 1, "stands in this system already"),
        (score("melody: c4:4 | d4:4\nbass: c3:4"), 7, 1, "This line has 1 bars; another of its system has 2"),
        (score("what is this"), 6, 1, "Here stands a line such as"),
        (HEAD + "[A]", 5, 1, "has no music"),
        (HEAD + "[A] pickup 4\nmelody: c4:4 | d4:4", 5, 1, "shorter than a bar"),
        (HEAD + "[A]\nmelody: c4:4\n[A]\nmelody: c4:4", 7, 1, "another name"),
        (HEAD + "form: A C\n[A]\nmelody: c4:4", 5, 9, "no section C; there are A"),
        (HEAD + "key: D major\n[A]\nmelody: c4:4", 5, 1, "stands in line 2 already"),
        (HEAD, 5, 1, "There is no section"),
        ("", 1, 1, "There is no line “title"),
        (HEAD.replace("4/4", "4/3") + "[A]\nmelody: c4:4", 3, 8, "no metre"),
        (HEAD.replace("C major", "D# major") + "[A]\nmelody: c4:4", 2, 6, "no key"),
        ("x" * 300_000, 1, 1, "characters at most"),
    ],
)
def test_each_problem_has_its_place_and_says_what_may_stand_there(text: str, line: int, column: int, words: str) -> None:
    assert any((where, at) == (line, column) and words in message for where, at, message in problems(text)), problems(text)


def test_a_long_list_of_problems_is_cut_and_counted() -> None:
    with pytest.raises(NotationError) as caught:
        parse(score("melody: " + "x4 " * 300))
    assert "problems more" in str(caught.value)
    assert str(caught.value).count("\n") <= 20


musical = st.text(alphabet="abcg4#:~+|%rR [].\n0123456789/melodybs", max_size=400)


@given(st.text(max_size=400) | musical.map(lambda text: HEAD + text))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_text_is_a_piece_or_a_sentence(text: str) -> None:
    try:
        assert unfolded(parse(text))
    except NotationError as error:
        assert error.problems and all(line >= 1 and column >= 1 and message for line, column, message in error.problems)


lengths = st.sampled_from([Fraction(*length) for length in ((1, 4), (1, 3), (1, 2), (3, 4), (1, 1), (3, 2), (5, 1))])

rests = st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(1, 3), Fraction(2)])
chords = st.lists(st.integers(21, 108), min_size=1, max_size=3, unique=True)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    """One or two sections of up to three voices, each a row of rests and notes or chords, that may overlap."""
    metre, pickup = draw(st.sampled_from([((4, 4), 0), ((3, 4), 1), ((6, 8), Fraction(1, 2)), ((3, 8), 0), ((2, 2), 1)]))
    bar = bar_beats(metre)
    sections = {}
    for name in draw(st.sampled_from(["A", "AB"])):
        end = draw(st.integers(1, 6)) * bar - draw(st.sampled_from([0, pickup]))
        events: list[Event] = []
        for layer in (Layer.MELODY, Layer.BASS):
            now = -Fraction(pickup)
            for rest, length, pitches in draw(st.lists(st.tuples(rests, lengths, chords), max_size=5)):
                now += rest
                events += [Event(float(now), float(min(length, end - now)), pitch, layer) for pitch in pitches if now < end]
                now += length if rest else Fraction(1, 2)
        events.sort(key=lambda e: (e.beat, tuple(Layer).index(e.layer), e.pitch, e.duration))
        phrases = (1,) if end > bar and draw(st.booleans()) else ()
        sections[name] = Section(name, float(pickup), float(end), tuple(events), phrases)
    key = Key(draw(st.integers(-6, 6)), draw(st.sampled_from(MODES)))
    return Piece("A title: a colon", "Someone", "", "public domain", key, metre, 72.0, tuple(sections), sections, "No more.")


@given(pieces())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_what_is_written_reads_as_the_same_piece(piece: Piece) -> None:
    text = write(piece)
    assert parse(text) == piece
    assert write(parse(text)) == text


def test_every_key_can_be_written_and_read() -> None:
    for mode in MODES:
        for fifths in range(-6, 7):
            key = Key(fifths, mode)
            assert read_key(f"{key.spelled(0)} {mode.name}") == key
            assert [note_name(pitch, key) for pitch in key.pitch_classes] == [key.spelled(degree) for degree in range(7)]
    assert read_key("f# minor") == Key(3, MODES[4]) and read_key("X major") is None and read_key("C") is None
    assert note_name(8, Key(0, MODES[4])) == "G#" and note_name(10, Key(0, MODES[4])) == "Bb"


def test_a_line_of_notes_is_read_without_a_piece_around_it() -> None:
    assert [(e.beat, e.duration, e.pitch) for e in parse_line("g4:2 a4 | b4:4\nc5 R")] == [
        (0, 2, 67), (2, 2, 69), (4, 4, 71), (8, 1, 72),
    ]  # fmt: skip
    with pytest.raises(NotationError, match="melody:1:6"):
        parse_line("g4:2 h4")


def test_the_page_about_scores_shows_a_score_that_can_be_read() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "scores.md").read_text()
    blocks = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    piece = parse(blocks[0])
    assert (piece.title, piece.key.name, piece.form) == ("New Britain", "G ionian", ("A", "A"))
    assert len(unfolded(piece)) == 17
    for sign in ("`f#5`", "`c4+e4+g4:2`", "`g4:3~`", "`R`", "`%`", "`1/3`"):
        assert sign in page
    with pytest.raises(NotationError) as caught:
        parse(blocks[0].replace("a4:1  | g4:2 e4:1", "h4:1  | g4:2 e4:1"), "mine.score")
    assert blocks[1].splitlines()[0].split(": ", 1)[1] in str(caught.value)
