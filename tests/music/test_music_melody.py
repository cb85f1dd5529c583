"""Melodies have a motif that comes back, stand on their chords, and come home."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.music.harmony import progression
from undertone.music.melody import developed, ornamented, sung, theme
from undertone.music.motif import (
    backwards,
    ending,
    fragment,
    hurried,
    inverted,
    motif,
    retimed,
    stretched,
    thinned,
    turned,
)
from undertone.music.streams import Streams
from undertone.music.theme import roles_for
from undertone.music.theory import IONIAN, MODES, Key


def made(seed: int, *, beats: int = 4, closed: bool = True, centre: float = 71.0, share: float = 1.0, mode=None):
    key = Key(seed % 9 - 4, mode or MODES[seed % 6])
    streams = Streams(seed)
    chords = progression(
        key, streams.of("harmony"), bars=8, beats=beats, closed=closed, functional=False, slow=False, colour_chance=0.2
    )
    source = theme(streams.of("melody"), beats)
    return key, chords, source, sung(source, key, chords, beats=beats, centre=centre, closed=closed, share=share)


def sounding_at(bar, beat):
    return next(span.chord for span in reversed(bar) if span.beat <= beat)


@given(st.integers(0, 10_000), st.sampled_from([3, 4]), st.floats(62, 78), st.sampled_from([0.5, 0.75, 1.0]))
@settings(max_examples=40, deadline=None)
def test_every_bar_starts_on_its_chord_or_leans_on_it_and_stays_in_reach(seed, beats, centre, share):
    _, chords, _, bars = made(seed, beats=beats, centre=centre, share=share)
    for bar, tones in zip(chords, bars, strict=True):
        for tone in tones:
            assert abs(tone.pitch - centre) <= 19
            assert tone.duration > 0
            assert 0 <= tone.beat < beats
        assert all(b.beat >= a.beat + a.duration - 1e-9 for a, b in pairwise(tones))
        if tones and tones[0].pitch % 12 not in sounding_at(bar, tones[0].beat).tones:
            leaning, goal = tones[0], tones[1]
            assert goal.step == leaning.step - 1
            assert goal.pitch % 12 in sounding_at(bar, goal.beat).tones


@given(st.integers(0, 10_000), st.sampled_from([3, 4]))
@settings(max_examples=30, deadline=None)
def test_closed_phrases_end_on_the_home_chord_and_rest(seed, beats):
    key, _, _, bars = made(seed, beats=beats)
    last = bars[-1][-1]
    assert last.pitch % 12 in (key.pitch_classes[0], key.pitch_classes[2], key.pitch_classes[4])
    assert last.duration >= 1.25
    assert last.beat + last.duration == pytest.approx(beats * 0.75)


def test_most_closed_phrases_end_on_the_home_note():
    ends = [made(seed)[3][-1][-1].pitch % 12 == made(seed)[0].tonic for seed in range(40)]
    assert sum(ends) >= 32


def test_cadences_are_reached_by_step():
    near = []
    for seed in range(80):
        tones = [tone for bar in made(seed)[3] for tone in bar]
        first = len(tones) - len(made(seed)[3][-1])
        near.append(abs(tones[first].step - tones[first - 1].step) <= 2)
    assert sum(near) >= 0.85 * len(near)


def test_each_phrase_has_one_summit():
    alone = 0
    for seed in range(80):
        bars = made(seed, beats=3 + seed % 2, closed=seed % 3 == 0)[3]
        highest = max(tone.pitch for bar in bars for tone in bar)
        alone += sum(any(tone.pitch == highest for tone in bar) for bar in bars) == 1
    assert alone >= 0.85 * 80


def test_phrases_are_singable():
    ranges = []
    for seed in range(80):
        pitches = [tone.pitch for bar in made(seed)[3] for tone in bar]
        ranges.append(max(pitches) - min(pitches))
    assert sorted(ranges)[40] <= 16
    assert max(ranges) <= 24


def test_leaps_come_back():
    made_good = leaps = 0
    for seed in range(80):
        steps = [tone.step for bar in made(seed)[3] for tone in bar]
        for before, here, after in zip(steps, steps[1:], steps[2:], strict=False):
            if abs(here - before) >= 3:
                leaps += 1
                made_good += (after - here) * (here - before) < 0
    assert leaps > 80
    assert made_good >= 0.65 * leaps


def test_melodies_breathe():
    """Each phrase has a long note or a rest in the middle, and some are silent for a whole bar."""
    silent = 0
    for seed in range(60):
        _, _, source, bars = made(seed, closed=False)
        silent += any(not bar for bar in bars)
        gaps = []
        placed = [(4 * index + tone.beat, tone.duration) for index, bar in enumerate(bars) for tone in bar]
        gaps = [max(b[0] - a[0], a[1]) for a, b in pairwise(placed)]
        assert max(gaps) >= 1.5, source
    assert 5 <= silent <= 40


def test_seeds_differ_in_rhythm_contour_and_form():
    themes = [theme(Streams(seed).of("melody"), 4) for seed in range(40)]
    assert len({made.manner for made in themes}) >= 6
    assert len({made.motif.rhythm for made in themes}) >= 25
    assert len({made.motif.moves for made in themes}) >= 30
    assert len({made.roles for made in themes}) >= 8
    assert len({made.arch.index(max(made.arch)) for made in themes}) >= 4


@pytest.mark.parametrize("bars", [1, 2, 3, 4, 6, 8, 10, 12])
def test_a_sentence_fits_any_length(bars):
    for seed in range(20):
        source = theme(Streams(seed).of("melody"), 4)
        for closed, middle in ((True, False), (False, False), (False, True)):
            roles = roles_for(source, bars, closed=closed, middle=middle)
            assert len(roles) == bars
            assert roles[-1] == "k"


def test_the_answer_begins_as_the_question():
    for seed in range(40):
        source = theme(Streams(seed).of("melody"), 3)
        assert source.roles[:4] == source.answering[:4]
        assert source.roles != source.answering or source.arch != source.answering_arch


def test_the_motif_is_comes_back():
    for seed in range(30):
        _, _, source, bars = made(seed)
        head = tuple(beat for beat, _ in source.motif.rhythm)
        assert sum(tuple(tone.beat for tone in bar) == head for bar in bars) >= 2


def test_the_same_part_over_the_same_chord_is_said_literally():
    compared = 0
    for seed in range(60):
        _, chords, source, bars = made(seed, closed=False)
        said = {}
        highest = max(range(7), key=lambda bar: source.arch[bar])
        for index, role in enumerate(source.roles[:7]):
            # Where the line culminates the motif reaches higher than it did before.
            if role in "ms" and index != highest:
                name = (role, tuple((span.beat, span.chord) for span in chords[index]))
                pitches = [tone.pitch for tone in bars[index]]
                compared += name in said
                assert said.setdefault(name, pitches) == pitches
    assert compared > 20


def test_melodies_move_mostly_by_step_and_seldom_leap():
    sizes = []
    for seed in range(60):
        notes = [tone.pitch for bar in made(seed)[3] for tone in bar]
        sizes += [abs(b - a) for a, b in pairwise(notes)]
    assert sum(1 <= size <= 2 for size in sizes) / len(sizes) > 0.4
    assert 0 < sum(size > 7 for size in sizes) / len(sizes) < 0.1


def test_the_melody_follows_its_register():
    means = []
    for centre in (62, 66, 70, 74, 78):
        notes = [tone.pitch for seed in range(20) for bar in made(seed, centre=centre)[3] for tone in bar]
        means.append(sum(notes) / len(notes))
    assert all(2.5 < b - a < 5.5 for a, b in pairwise(means))
    assert all(abs(mean - centre) < 1.5 for mean, centre in zip(means, (62, 66, 70, 74, 78), strict=True))


def test_a_calmer_share_sings_fewer_notes_and_keeps_the_first():
    for seed in range(20):
        full, thin = made(seed)[3], made(seed, share=0.5)[3]
        assert sum(map(len, thin)) < sum(map(len, full))
        assert all(a[0].beat == b[0].beat for a, b in zip(full[:-1], thin[:-1], strict=True) if a)


@pytest.mark.parametrize("beats", [3, 4])
def test_motifs_have_three_notes_or_more_and_return_from_leaps(beats):
    stream = Streams(3).of("motif")
    for _ in range(200):
        drawn = motif(stream, beats)
        assert len(drawn.rhythm) >= 3
        assert len(drawn.moves) == len(drawn.rhythm) - 1
        for move, after in pairwise(drawn.moves):
            assert abs(move) < 3 or (move * after < 0 and abs(after) <= 2)


def test_what_can_be_made_of_a_motif():
    stream = Streams(3).of("motif")
    for _ in range(100):
        drawn = motif(stream, 4)
        assert inverted(inverted(drawn)) == drawn
        assert backwards(backwards(drawn)) == drawn
        others = [stretched(drawn, 4), thinned(drawn, 0.5, 4), hurried(drawn, 4), turned(drawn)]
        for other in (*others, retimed(drawn, stream, 4, "hymn"), fragment(drawn, 4), ending(drawn, 4)):
            assert len(other.moves) == len(other.rhythm) - 1
            assert all(length > 0 and beat + length <= 4 for beat, length in other.rhythm)
            assert all(b[0] >= a[0] + a[1] - 1e-9 for a, b in pairwise(other.rhythm))
        assert thinned(drawn, 1.0, 4) == drawn


def test_themes_develop_from_the_one_before():
    streams = Streams(9)
    first = theme(streams.of("melody"), 4)
    for number in range(10):
        second = developed(first, streams.of("melody", number), 4)
        assert second != first
        motifs = (second.motif, second.answer)
        kept = first.motif.rhythm in [made.rhythm for made in motifs] or first.motif.moves in [made.moves for made in motifs]
        assert kept


def test_ornaments_add_notes_and_take_none_away():
    more = 0
    for seed in range(10):
        key, chords, _, bars = made(seed, mode=IONIAN)
        for index in (bar for bar in range(7) if bars[bar] and bars[bar + 1]):
            plain = bars[index]
            rich = ornamented(plain, bars[index + 1][0], key, chords[index], Streams(seed).of("ornament", index), 1.0)
            assert [(t.beat, t.pitch) for t in plain] == [(t.beat, t.pitch) for t in rich if t.weight != 0.2]
            assert all(tone.duration > 0 for tone in rich)
            assert all(b.beat >= a.beat + a.duration - 1e-9 for a, b in pairwise(rich))
            assert ornamented(plain, bars[index + 1][0], key, chords[index], Streams(1).of("o"), 0.0) == plain
            more += len(rich) - len(plain)
    assert more > 20
