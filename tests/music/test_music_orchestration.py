"""Who plays: one thing changes per phrase, nothing is ever empty, and no more voices sound than are asked for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Directive, Goal, Layer, Note, Phase
from undertone.music import STYLES, Composer, style_named
from undertone.music.arcs import OPEN, Arc, arc
from undertone.music.composer import TEXTURE_STEP_DB
from undertone.music.expression import Glide
from undertone.music.form import Form
from undertone.music.orchestration import GROUND, Orchestrator, doubled, texture_for
from undertone.music.streams import Streams


def asked(t, arousal=0.0, *, breath=None, goal=Goal.CALM):
    return Directive(t, t + 10, Phase.LEAD, goal, arousal, 0.2, 0.0, breath, 0.9, "Because.", (), (40.0, 112.0))


def shaped(arousal=0.0, voices=3, breath=None):
    shape = Glide().follow(0.0, asked(0.0, arousal, breath=breath), 4)
    return replace(shape, voices=voices)


def scored(seed, style="guitar", *, phrases=60, shape=None, arc_=OPEN):
    streams = Streams(seed)
    form, orchestrator = Form(streams), Orchestrator(streams, style_named(style))
    shape = shape or shaped()
    places = [form.following(4.0, arc_) for _ in range(phrases)]
    return [(place, orchestrator.scored(place, shape, arc_)) for place in places]


@given(st.integers(0, 2**32), st.sampled_from(sorted(STYLES)), st.integers(1, 6), st.floats(-1, 1), st.none() | st.just(6.0))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_never_more_layers_than_asked_for_and_never_none(seed, style, voices, arousal, breath):
    has = style_named(style).layers
    for place, scoring in scored(seed, style, phrases=40, shape=shaped(arousal, voices, breath), arc_=arc(Goal.UPLIFT, 600.0)):
        if place.silent:
            assert not scoring.layers
            continue
        least = 2 if breath is not None and Layer.MELODY in scoring.layers else 1
        assert 1 <= len(scoring.layers) <= max(voices, least)
        assert scoring.layers <= has
        assert scoring.layers & GROUND or len(scoring.layers) > 1
        if Layer.MELODY in scoring.layers:
            assert place.sings
        if place.sings and voices > 1:
            assert Layer.MELODY in scoring.layers
        if breath is not None:
            assert Layer.PAD in scoring.layers


def test_one_thing_changes_from_phrase_to_phrase_and_more_where_a_section_begins():
    within, opening = [], []
    for seed in range(8):
        for (_, before), (place, after) in pairwise(scored(seed, shape=shaped(0.4, 4))):
            if place.letter not in "ABC" or not before.layers:
                continue
            moved = len((before.layers ^ after.layers) - {Layer.MELODY})
            (opening if place.phrase == 0 else within).append(moved)
    assert sum(moved <= 2 for moved in within) >= 0.95 * len(within)
    assert 0.3 <= sum(within) / len(within) <= 1.3
    assert sum(opening) / len(opening) > sum(within) / len(within)


def test_where_the_layers_stay_something_else_moves():
    stays = turns = 0
    for seed in range(8):
        for (_, before), (place, after) in pairwise(scored(seed)):
            if place.letter in "ABC" and before.layers == after.layers:
                stays += 1
                turns += before.figure != after.figure or before.doubled != after.doubled
    assert stays > 30
    assert turns >= 0.4 * stays


def test_percussion_waits_for_an_arc_a_state_and_a_style_that_allow_it():
    def struck(style, arousal, arc_):
        shape = shaped(arousal, 6)
        rows = [scored(seed, style, shape=shape, arc_=arc_) for seed in range(4)]
        return any(Layer.PERCUSSION in found.layers for row in rows for _, found in row)

    assert struck("guitar", 0.5, Arc(percussion=True))
    assert not struck("guitar", 0.5, OPEN)
    assert not struck("guitar", -0.5, Arc(percussion=True))
    assert not struck("piano", 0.5, Arc(percussion=True))


def test_every_layer_has_its_turn():
    seen = set()
    for seed in range(6):
        for _, scoring in scored(seed, shape=shaped(0.5, 4), arc_=Arc(percussion=True)):
            seen |= scoring.layers
    assert seen == style_named("guitar").layers


def test_a_style_is_scored_differently_by_another_seed():
    sets = [tuple(scoring.layers for _, scoring in scored(seed, phrases=30)) for seed in range(10)]
    assert len(set(sets)) == 10


def test_focus_changes_less():
    def moves(arc_):
        pairs = [pair for seed in range(8) for pair in pairwise(scored(seed, arc_=arc_))]
        return sum(bool((a.layers ^ b.layers) - {Layer.MELODY}) for (_, a), (_, b) in pairs)

    assert moves(Arc(change=0.3)) < 0.85 * moves(Arc(change=1.0))


@pytest.mark.parametrize("style", sorted(STYLES))
def test_something_sounds_in_every_bar_but_in_pauses(style):
    composer, t, until = Composer(3, style=style), 0.0, 0.0
    for _ in range(130):
        bar = composer.compose(t, asked(t, -0.2, goal=Goal.FOCUS))
        beat = 60.0 / bar.tempo_bpm
        rings = until > t + 0.25 * bar.seconds
        until = max([until, *(t + (note.beat + note.duration) * beat for note in bar.notes)])
        assert bar.notes or rings or bar.section == "pause"
        t += bar.seconds


def test_in_a_pause_nothing_is_written_and_the_music_comes_back_softly():
    composer, t, bars = Composer(2), 0.0, []
    while t < 1500:
        bars.append(composer.compose(t, asked(t, -0.3)))
        t += bars[-1].seconds
    pauses = [index for index, bar in enumerate(bars) if bar.section == "pause"]
    assert len(pauses) >= 4
    assert not any(bars[index].notes for index in pauses)
    held = bars[pauses[0] - 1]
    assert max(note.beat + note.duration for note in held.notes) >= 1.5 * held.beats
    full = max(bar.level_db for bar in bars)
    for index in pauses:
        if bars[index + 1].section != "pause":
            assert bars[index].level_db <= full - 6.0
            assert bars[index + 1].notes
            assert bars[index + 1].level_db <= full - 5.0
    for before, after in pairwise(bars):
        assert abs(after.level_db - before.level_db) <= 1.5 * after.seconds + 1e-9


def test_a_layer_enters_only_when_another_has_gone():
    """While one layer fades out another waits, but for the melody, and for what carries the music where nothing else does."""
    entrances = 0
    for seed in range(2):
        composer, t, before = Composer(seed, style="guitar"), 0.0, frozenset()
        for _ in range(130):
            bar = composer.compose(t, asked(t, 0.0))
            t += bar.seconds
            scoring, sounding = composer._scoring.layers, composer._sounding
            assert {note.layer for note in bar.notes} <= sounding
            if scoring & GROUND and bar.notes:
                assert sounding & scoring & GROUND
            if sounding - before - {Layer.MELODY} and before & scoring & GROUND:
                entrances += 1
                assert len(sounding) <= len(scoring)
            before = sounding
    assert entrances >= 5


def test_doubling_follows_the_melody_at_the_octave():
    melody = (Note(0.0, 1.0, 72, 70, Layer.MELODY), Note(1.5, 2.0, 100, 8, Layer.MELODY))
    low, high = doubled(melody, high=False), doubled(melody, high=True)
    assert [(note.beat, note.duration, note.pitch, note.layer) for note in low] == [
        (0.0, 1.0, 60, Layer.COUNTER),
        (1.5, 2.0, 88, Layer.COUNTER),
    ]
    assert [note.pitch for note in high] == [84]
    assert all(note.velocity >= 1 for note in low)


def test_textures_change_with_chapters_only_and_by_small_steps():
    heard = set()
    for seed in range(3):
        composer, t, before, chapter = Composer(seed, style="piano"), 0.0, {}, 0
        wanted = {}
        for _ in range(170):
            bar = composer.compose(t, asked(t, -0.4, goal=Goal.SLEEP))
            t += bar.seconds
            for texture in {*before, *bar.textures}:
                assert abs(bar.textures.get(texture, -50.0) - before.get(texture, -50.0)) <= TEXTURE_STEP_DB + 1e-9
            now = composer._wanted_textures
            if now != wanted:
                assert composer._form._chapter != chapter or t < 10
                wanted, chapter = now, composer._form._chapter
            heard |= set(bar.textures)
            before = dict(bar.textures)
    assert heard
    assert heard <= set(style_named("piano").textures)


def test_a_style_without_textures_has_none():
    bare = replace(style_named("piano"), textures=())
    assert not any(texture_for(Streams(seed), bare, 0, Arc(texture=1.0)) for seed in range(5))
    assert all(texture_for(Streams(seed), style_named("piano"), 0, Arc(texture=1.0)) for seed in range(5))


def test_timbres_change_one_at_a_time():
    for seed in range(10):
        composer = Composer(seed, style="strings")
        for chapter in range(6):
            now, then = composer._programs(chapter), composer._programs(chapter + 1)
            assert sum(now[layer] != then[layer] for layer in Layer) == 1
