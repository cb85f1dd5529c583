"""A melody from a person is said first as it is, verse by verse, then developed, and recalled."""

from __future__ import annotations

from itertools import pairwise

import pytest

from undertone.flow import Directive, Goal, Layer, Phase
from undertone.music import Composer
from undertone.music.given import given

TUNE = [
    (0, 1, 67), (1, 1, 69), (2, 2, 71), (4, 1, 72), (5, 1, 71), (6, 2, 69), (8, 1, 67), (9, 1, 71), (10, 2, 74), (12, 4, 71),
    (16, 1, 67), (17, 1, 69), (18, 2, 71), (20, 1, 72), (21, 1, 74), (22, 2, 76), (24, 2, 74), (26, 2, 69), (28, 4, 67),
]  # fmt: skip
LONG = [(beat + 32 * verse, length, pitch + (verse % 2) * 2) for verse in range(3) for beat, length, pitch in TUNE]


def composed(tune, bars=60, *, seed=3, arousal=-0.6, **how):
    composer, t, written = Composer(seed, given=given(tune, source="hummed by Ana", beats=4), **how), 0.0, []
    for _ in range(bars):
        written.append(composer.compose(t, Directive(t, t + 10, Phase.HOLD, Goal.CALM, arousal, 0.3, 0.0, None, 0.9, "", ())))
        t += written[-1].seconds
    return composer, written


def sung(bars):
    line = []
    for place, bar in enumerate(bars):
        tones = sorted((note for note in bar.notes if note.layer is Layer.MELODY), key=lambda note: note.beat)
        line += [(4 * place + round(4 * note.beat) / 4, note.pitch) for note in tones]
    return line


def shape_of(line):
    return [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line)]


@pytest.mark.parametrize("style", ["piano", "strings"])
@pytest.mark.parametrize("arousal", [-0.8, 0.0])
def test_it_is_said_first_as_it_is(style, arousal):
    _, bars = composed(TUNE, style=style, arousal=arousal)
    first = next(index for index, bar in enumerate(bars) if bar.section.startswith("A"))
    assert shape_of(sung(bars[first : first + 8])) == shape_of([(beat, pitch) for beat, _, pitch in TUNE])


def test_a_long_one_is_said_whole_before_anything_comes_back():
    composer, bars = composed(LONG, 80)
    first = next(index for index, bar in enumerate(bars) if bar.section.startswith("A"))
    heard = sung([bar for bar in bars[first:] if bar.section in ("A", "A'")][: sum(composer._planner.verses)])
    assert [pitch - heard[0][1] for _, pitch in heard] == pytest.approx([pitch - LONG[0][2] for _, _, pitch in LONG], abs=1)


def test_its_motif_goes_on_in_later_themes_and_in_its_metre():
    composer, _ = composed(TUNE, 4)
    planner = composer._planner
    assert {planner.beats(chapter) for chapter in range(6)} == {4}
    motif = planner.theme(0, "A").motif
    assert motif.rhythm[:2] == ((0.0, 1.0), (1.0, 1.0))
    assert planner.theme(0, "B").answer == motif
    assert planner.theme(3, "R") == planner.theme(0, "A")


def test_its_bars_say_whose_it_is():
    _, bars = composed(TUNE, 6)
    assert all("hummed by Ana" in bar.origin and bar.origin.startswith("generated") for bar in bars)


def test_the_melody_of_one_note_goes_on():
    _, bars = composed([(0, 4, 60)], 40)
    assert any(note.layer is Layer.MELODY for bar in bars for note in bar.notes)
