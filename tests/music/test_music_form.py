"""The form: chapters of eight to twelve minutes, sections that return, quiet places and pauses."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Goal
from undertone.music.arcs import OPEN, Arc, Stage, arc
from undertone.music.form import LETTERS, PLANS, Form
from undertone.music.streams import Streams

PACES = [1.8, 2.6, 3.3, 4.4, 5.3]
"""Seconds of a bar: 3/4 at 100 bpm to 4/4 at 45."""


def walked(seed, seconds, *, pace=3.3, asked=lambda t: OPEN):
    form, t, places = Form(Streams(seed)), 0.0, []
    while t < seconds:
        places.append((t, form.following(pace, asked(t))))
        t += places[-1][1].bars * pace
    return places


def chapters(places):
    return [list(group) for _, group in groupby(places, key=lambda item: item[1].chapter)]


@given(st.integers(0, 2**32), st.sampled_from(PACES))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_chapters_last_eight_to_twelve_minutes(seed, pace):
    for chapter in chapters(walked(seed, 3600, pace=pace))[:-1]:
        seconds = sum(place.bars * pace for _, place in chapter)
        assert 6.5 * 60 <= seconds <= 13.5 * 60


@given(st.integers(0, 2**32), st.sampled_from(PACES))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_every_chapter_has_one_quiet_place_and_opens_without_a_theme(seed, pace):
    for chapter in chapters(walked(seed, 2700, pace=pace))[:-1]:
        quiet = [place for _, place in chapter if place.letter == "quiet"]
        assert len(quiet) == 1
        assert 20 <= quiet[0].bars * pace <= 40
        assert chapter[0][1].letter == "intro"
        assert [place.letter for _, place in chapter].count("intro") == 1


@given(st.integers(0, 2**32), st.sampled_from(PACES))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_pauses_stand_where_chapters_end_and_eight_minutes_apart(seed, pace):
    places = walked(seed, 5400, pace=pace)
    pauses = [(t, place) for t, place in places[:-1] if place.silent]
    assert len(pauses) >= 4
    for t, place in pauses:
        assert 10 <= place.bars * pace <= 20
        before = [earlier for then, earlier in places if then < t][-1]
        assert before.last
        assert before.paused
        following = next(after for then, after in places if then > t)
        assert following.letter == "intro"
        assert following.chapter == place.chapter + 1
    assert all(b[0] - a[0] >= 480 for a, b in pairwise(pauses))


def test_where_chapters_are_short_not_every_one_ends_with_a_pause():
    places = walked(5, 5400, pace=1.8, asked=lambda t: Arc(length=0.5))
    pauses = [t for t, place in places if place.silent]
    assert places[-1][1].chapter > len(pauses) > 2
    assert all(b - a >= 480 for a, b in pairwise(pauses))


def test_a_form_without_pauses_has_none():
    assert not [place for _, place in walked(3, 5400, asked=lambda t: Arc(pause_seconds=0.0)) if place.silent]


def test_sections_last_one_and_a_half_to_three_minutes():
    lengths = []
    for seed in range(12):
        for chapter in chapters(walked(seed, 2400))[:-1]:
            for letter, group in groupby(chapter, key=lambda item: (item[1].letter, item[1].section)):
                if letter[0] in LETTERS:
                    lengths.append(sum(place.bars * 3.3 for _, place in group))
    assert len(lengths) > 100
    within = [80 <= length <= 195 for length in lengths]
    assert sum(within) >= 0.95 * len(within)


def test_plans_differ_between_chapters_and_seeds():
    def said(seed):
        parts = chapters(walked(seed, 3600))
        return ["".join(name[1] for name in dict.fromkeys((p.section, p.letter) for _, p in part)) for part in parts]

    assert all(a != b for seed in range(10) for a, b in pairwise(said(seed)))
    assert len({said(seed)[0] for seed in range(30)}) >= 6
    assert all(plan.startswith("A") and plan.endswith("A") and plan.count("-") == 1 for plan, _ in PLANS)


def test_a_section_returns_with_the_same_form():
    compared = 0
    for seed in range(20):
        first: dict[str, list[str]] = {}
        for letter, group in groupby(chapters(walked(seed, 900))[0], key=lambda item: (item[1].letter, item[1].section)):
            if letter[0] in LETTERS:
                labels = [place.label for _, place in group if place.sings]
                compared += letter[0] in first
                assert first.setdefault(letter[0], labels) == labels
    assert compared > 20


def test_questions_stay_open_and_answers_close():
    places = [place for seed in range(4) for _, place in walked(seed, 1800)]
    for place in places:
        assert not (place.answer and place.middle)
        if place.letter in LETTERS and not place.last:
            assert place.closed == place.answer
    assert all(place.closed for place in places if place.last)
    assert {place.label for place in places} >= {"A", "A'", "A''", "a", "B", "quiet", "pause", "intro"}


def test_a_late_chapter_recalls_the_first_theme():
    letters = {place.letter for seed in range(10) for _, place in walked(seed, 4800)}
    assert "R" in letters
    assert all(place.letter != "R" for seed in range(10) for _, place in walked(seed, 900))


@pytest.mark.parametrize("pace", [3.6, 4.8])
def test_sleep_says_nothing_new_and_then_less_and_less(pace):
    for seed in range(25):
        places = walked(seed, 2700, pace=pace, asked=lambda t: arc(Goal.SLEEP, t))
        before = {(place.chapter, place.letter, place.answer, place.middle) for t, place in places if t < 15 * 60}
        for t, place in places:
            if t > 15 * 60 and place.letter in LETTERS and place.sings:
                assert (place.chapter, place.letter, place.answer, place.middle) in before
        letters = [place.letter for t, place in places if t > 25.9 * 60]
        assert "fragment" in letters
        assert set(letters[letters.index("drone") :]) == {"drone"}


def test_after_a_drone_another_goal_opens_a_new_chapter():
    form = Form(Streams(1))
    for _ in range(4):
        form.following(4.0, Arc(stage=Stage.DRONE, chapters=False))
    assert form.following(4.0, OPEN).letter == "intro"


@pytest.mark.parametrize("stage", [Stage.RETURNS, Stage.FRAGMENTS, Stage.DRONE])
def test_any_stage_can_come_first(stage):
    form = Form(Streams(2))
    places = [form.following(4.0, Arc(stage=stage, chapters=False)) for _ in range(30)]
    assert [place.serial for place in places] == list(range(30))
    assert {place.chapter for place in places} == {0}


def test_a_sparser_arc_sings_in_fewer_phrases():
    def share(melody):
        places = [place for seed in range(6) for _, place in walked(seed, 1800, asked=lambda t: Arc(melody=melody))]
        themes = [place for place in places if place.letter in LETTERS]
        return sum(place.sings for place in themes) / len(themes)

    shares = [share(melody) for melody in (0.35, 0.6, 0.9)]
    assert shares == sorted(shares)
    assert shares[-1] - shares[0] > 0.25
