"""No two seeds alike, no ten minutes twice, and yet what was sung comes back.

Distance is one less the share of melodic 4-grams (interval in semitones and time to the next note, four in a row) that two
pieces have in common, by the size of both together; for harmony the same of moves from chord root to chord root.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from itertools import combinations, groupby, pairwise
from pathlib import Path
from statistics import mean, median

import pytest

from undertone.flow import Directive, Goal, Layer, Phase
from undertone.music import Composer

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
STRANGE = 0.9
"""Distance of the melodies of two seeds at least."""


@cache
def composed(seed, style, minutes):
    composer, t, bars = Composer(seed, style=style), 0.0, []
    while t < minutes * 60:
        directive = Directive(t, t + 10, Phase.HOLD, Goal.CALM, -0.3, 0.3, 0.0, None, 0.9, "", (), (54.0, 72.0))
        bars.append(composer.compose(t, directive))
        t += bars[-1].seconds
    return bars


def melodic(bars, size=4):
    line, start = [], 0
    for bar in bars:
        tones = sorted((note for note in bar.notes if note.layer is Layer.MELODY), key=lambda note: note.beat)
        line += [(start + round(4 * note.beat) / 4, note.pitch) for note in tones]
        start += bar.beats
    moves = [(b[1] - a[1], min(4.0, b[0] - a[0])) for a, b in pairwise(line)]
    return {tuple(moves[place : place + size]) for place in range(len(moves) - size + 1)}


def harmonic(bars, size=6):
    roots = []
    for name in (name for bar in bars for name in bar.chord.split()):
        sign = name[1:2]
        roots.append((LETTERS[name[0]] + (sign == "#") - (sign == "b")) % 12)
    moves = [(b - a) % 12 for a, b in pairwise(roots)]
    return {tuple(moves[place : place + size]) for place in range(len(moves) - size + 1)}


def distance(these, those):
    return 1 - len(these & those) / max(1, len(these | those))


COMPOSE = """
from undertone.flow import Directive, Goal, Phase
from undertone.music import Composer, score_text
composer, t, bars = Composer(7, style="guitar"), 0.0, []
for _ in range(160):
    bars.append(composer.compose(t, Directive(t, t + 9, Phase.LEAD, Goal.UPLIFT, 0.5, 0.5, 0.0, None, 1.0, "", ())))
    t += bars[-1].seconds
print(score_text(bars))
"""


def test_another_process_composes_the_same():
    """Python shuffles sets anew in each process; nothing of that may be heard."""
    said = [
        subprocess.run(
            [sys.executable, "-c", COMPOSE], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(FIRMWARE)},
            capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert said[0].count("bar ") >= 160


@pytest.mark.parametrize("style", ["piano", "bells", "lullaby"])
def test_no_two_seeds_are_alike(style):
    pieces = [composed(seed, style, 4) for seed in range(6)]
    tunes = [distance(melodic(a), melodic(b)) for a, b in combinations(pieces, 2)]
    assert min(tunes) >= STRANGE
    chords = [distance(harmonic(a), harmonic(b)) for a, b in combinations(pieces, 2)]
    assert median(chords) >= 0.6
    assert min(chords) >= 0.3


@pytest.mark.parametrize("style", ["piano"])
def test_no_ten_minutes_repeat(style):
    parts, bars = [], composed(3, style, 40)
    for _, group in groupby(zip(bars, start_times(bars), strict=True), key=lambda item: int(item[1] // 600)):
        parts.append([bar for bar, _ in group])
    assert len(parts) == 4
    for these, those in combinations(parts, 2):
        assert distance(melodic(these), melodic(those)) >= 0.6
        assert [bar.notes for bar in these] != [bar.notes for bar in those]


def start_times(bars):
    t, times = 0.0, []
    for bar in bars:
        times.append(t)
        t += bar.seconds
    return times


def phrases(bars):
    """Sung phrases with their labels: a phrase begins where the label changes or after as many bars as the first had."""
    found = []
    for label, group in groupby(bars, key=lambda bar: (bar.section, bar.key)):
        if label[0][0] in "ABCR":
            found.append((label[0][0], list(group)))
    return [(letter, group) for letter, group in found if len(melodic(group, 3)) >= 4]


def test_sections_return():
    """Phrases of one letter resemble one another far more than those of different letters do: returns are there to be heard."""
    same, other = [], []
    for seed in range(4):
        sung = phrases(composed(seed, "piano", 9))
        for (one, these), (two, those) in combinations(sung, 2):
            (same if one == two else other).append(1 - distance(melodic(these, 3), melodic(those, 3)))
    assert mean(same) >= 0.15
    assert mean(same) >= 6 * mean(other)


def test_what_returns_is_literal():
    """The phrase that asks is said again note for note within its chapter, in most of its bars."""
    kept = total = 0
    for seed in range(4):
        bars = [bar for bar in composed(seed, "piano", 9) if bar.section == "A"]
        tunes = [tuple(note.pitch for note in bar.notes if note.layer is Layer.MELODY) for bar in bars]
        length = next((size for size in (6, 8, 10) if tunes[:size] == tunes[size : 2 * size]), None)
        if length is None:
            continue
        for place in range(length, len(tunes)):
            total += 1
            kept += tunes[place] == tunes[place % length]
    assert total > 40
    assert kept >= 0.7 * total


def test_chapters_grow_from_one_another():
    composer = Composer(4)
    planner = composer._planner
    for chapter in range(1, 6):
        before, after = planner.theme(chapter - 1, "A"), planner.theme(chapter, "A")
        assert before != after
        if planner.beats(chapter) == planner.beats(chapter - 1):
            motifs = (after.motif, after.answer)
            kept = before.motif.rhythm in [m.rhythm for m in motifs] or before.motif.moves in [m.moves for m in motifs]
            assert kept
