"""Melodies have a motif that comes back, stand on their chords, and come home."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.music.harmony import progression
from undertone.music.melody import developed, ornamented, sung, theme
from undertone.music.motif import inverted, motif, stretched, thinned
from undertone.music.streams import Streams
from undertone.music.theory import IONIAN, MODES, Key


def made(seed: int, *, beats: int = 4, closed: bool = True, centre: float = 71.0, share: float = 1.0, mode=None):
    key = Key(seed % 9 - 4, mode or MODES[seed % 6])
    streams = Streams(seed)
    chords = progression(
        key, streams.of("harmony"), bars=8, beats=beats, closed=closed, functional=False, slow=False, colour_chance=0.2
    )
    source = theme(streams.of("melody"), beats)
    return key, chords, source, sung(source, key, chords, beats=beats, centre=centre, closed=closed, share=share)


@given(st.integers(0, 10_000), st.sampled_from([3, 4]), st.floats(62, 78), st.sampled_from([0.5, 0.75, 1.0]))
@settings(max_examples=40, deadline=None)
def test_every_bar_starts_on_its_chord_and_stays_in_reach(seed, beats, centre, share):
    _, chords, _, bars = made(seed, beats=beats, centre=centre, share=share)
    for bar, tones in zip(chords, bars, strict=True):
        sounding = next(span.chord for span in reversed(bar) if span.beat <= tones[0].beat)
        assert tones[0].pitch % 12 in sounding.tones
        for tone in tones:
            assert abs(tone.pitch - centre) <= 19
            assert tone.duration > 0
            assert 0 <= tone.beat < beats
        assert all(b.beat >= a.beat + a.duration - 1e-9 for a, b in pairwise(tones))


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_closed_phrases_end_on_the_home_chord_and_rest(seed):
    key, _, _, bars = made(seed)
    last = bars[-1]
    assert len(last) == 1
    assert last[0].pitch % 12 in (key.pitch_classes[0], key.pitch_classes[2], key.pitch_classes[4])
    assert last[0].duration == 3.0


def test_most_closed_phrases_end_on_the_home_note():
    ends = [made(seed)[3][-1][0].pitch % 12 == made(seed)[0].tonic for seed in range(40)]
    assert sum(ends) >= 25


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
        for index, role in enumerate(source.roles[:7]):
            if role in "ms":
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


def test_a_calmer_share_sings_fewer_notes_and_keeps_the_first():
    for seed in range(20):
        full, thin = made(seed)[3], made(seed, share=0.5)[3]
        assert sum(map(len, thin)) < sum(map(len, full))
        assert all(a[0].beat == b[0].beat for a, b in zip(full, thin, strict=True))


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
        for other in (stretched(drawn, 4), thinned(drawn, 0.5, 4)):
            assert len(other.moves) == len(other.rhythm) - 1
            assert all(length > 0 and beat + length <= 4 for beat, length in other.rhythm)
        assert thinned(drawn, 1.0, 4) == drawn


def test_themes_develop_from_the_one_before():
    streams = Streams(9)
    first = theme(streams.of("melody"), 4)
    for number in range(10):
        second = developed(first, streams.of("melody", number), 4)
        assert second != first
        assert first.motif.rhythm in (second.motif.rhythm, second.answer.rhythm)


def test_ornaments_add_notes_and_take_none_away():
    more = 0
    for seed in range(10):
        key, chords, _, bars = made(seed, mode=IONIAN)
        for index in range(7):
            plain = bars[index]
            rich = ornamented(plain, bars[index + 1][0], key, chords[index], Streams(seed).of("ornament", index), 1.0)
            assert [(t.beat, t.pitch) for t in plain] == [(t.beat, t.pitch) for t in rich if t.weight != 0.2]
            assert all(tone.duration > 0 for tone in rich)
            assert all(b.beat >= a.beat + a.duration - 1e-9 for a, b in pairwise(rich))
            assert ornamented(plain, bars[index + 1][0], key, chords[index], Streams(1).of("o"), 0.0) == plain
            more += len(rich) - len(plain)
    assert more > 20
