"""Four programmes with long arcs, heard in what is composed."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import pytest

from undertone.flow import Directive, Goal, Layer, Phase
from undertone.music import Composer
from undertone.music.arcs import OPEN, Clock, Stage, arc

AIMS = {
    Goal.CALM: (-0.5, 0.3, (54.0, 72.0)),
    Goal.SLEEP: (-0.8, 0.2, (40.0, 60.0)),
    Goal.FOCUS: (0.1, 0.2, (60.0, 84.0)),
    Goal.UPLIFT: (0.5, 0.7, (76.0, 112.0)),
}


@cache
def programme(goal, seed, style, minutes, *, fades=False, leads=10):
    """Bars with the second at which each begins, led evenly to the goal in so many minutes."""
    composer, t, written = Composer(seed, style=style), 0.0, []
    arousal, valence, limits = AIMS[goal]
    while t < minutes * 60:
        share = min(1.0, t / 60 / leads)
        level, phase = 0.0, Phase.LEAD
        if fades and t > 0.75 * minutes * 60:
            level, phase = -45.0 * (t / 60 - 0.75 * minutes) / (0.25 * minutes), Phase.FADE
        directive = Directive(t, t + 10, phase, goal, share * arousal, share * valence, level, None, 0.9, "Led.", (), limits)
        written.append((t, composer.compose(t, directive)))
        t += written[-1][1].seconds
    return written


def between(written, first, last):
    return [bar for t, bar in written if first * 60 <= t < last * 60]


def per_minute(bars, which=tuple(Layer)):
    return 60 * sum(note.layer in which for bar in bars for note in bar.notes) / sum(bar.seconds for bar in bars)


def said(bars):
    """What the melody says, bar by bar: onsets to a quarter of a beat, with pitches; bars of one note say nothing."""
    tunes = {frozenset((round(4 * n.beat), n.pitch) for n in bar.notes if n.layer is Layer.MELODY) for bar in bars}
    return {tune for tune in tunes if len(tune) >= 2}


@pytest.mark.parametrize(("seed", "style"), [(1, "piano"), (2, "strings"), (3, "harp")])
def test_sleep_thins_to_a_drone_and_says_nothing_new_after_a_quarter_of_an_hour(seed, style):
    night = programme(Goal.SLEEP, seed, style, 45, fades=True, leads=30)
    counts = [per_minute(between(night, first, first + 9)) for first in (0, 9, 18, 27, 36)]
    assert counts[-1] < 0.4 * counts[0]
    assert counts[4] < counts[2] < counts[0]
    sung = [per_minute(between(night, *span), (Layer.MELODY,)) for span in ((0, 15), (15, 25), (26, 34), (36, 45))]
    assert sung == sorted(sung, reverse=True)
    assert sung[0] > 3 * sung[2] > 0
    assert sung[3] == 0
    assert not any(note.layer is Layer.PERCUSSION for _, bar in night for note in bar.notes)
    layers = [
        sum(len({note.layer for note in bar.notes}) for bar in bars) / len(bars)
        for bars in (between(night, 0, 15), between(night, 16, 25), between(night, 40, 45))
    ]
    assert layers == sorted(layers, reverse=True)
    old, late = said(between(night, 0, 15.9)), said(between(night, 15.9, 45))
    assert len(late) >= 4
    # Ornaments may come and go, but nothing is sung of which the notes were not sung before.
    new = [tune for tune in late if not any(tune <= known or known <= tune for known in old)]
    assert len(new) <= 0.1 * len(late)


def test_a_short_sleep_leaves_its_melody_with_its_fade():
    night = programme(Goal.SLEEP, 5, "piano", 20, fades=True)
    assert per_minute(between(night, 17.5, 20), (Layer.MELODY,)) == 0
    assert per_minute(between(night, 5, 10), (Layer.MELODY,)) > 0


def test_no_onset_jumps_out_of_a_night():
    night = [bar for _, bar in programme(Goal.SLEEP, 1, "piano", 45, fades=True)]
    for before, after in pairwise(night):
        assert after.level_db - before.level_db <= 1.5 * after.seconds + 1e-9
    for before, after in pairwise(night):
        if not before.notes and after.notes:
            assert after.level_db <= -4.0


def test_what_is_left_of_a_melody_late_in_a_night_is_softer_than_it_was():
    night = [bar for _, bar in programme(Goal.SLEEP, 1, "piano", 45, fades=True)]
    sung = [bar for bar in night if any(note.layer is Layer.MELODY for note in bar.notes)]
    whole = [bar.gains_db[Layer.MELODY] for bar in sung if bar.section != "fragment"]
    fragments = [bar.gains_db[Layer.MELODY] for bar in sung if bar.section == "fragment"]
    # The first few bars are on their way there: gains glide.
    assert max(fragments[4:]) <= max(whole) - 7.0


@pytest.mark.parametrize("style", ["piano", "guitar"])
def test_calm_thins_and_lengthens(style):
    parts = [programme(Goal.CALM, seed, style, 26) for seed in (1, 2)]
    early, late = (
        sum(per_minute(between(part, *span), (Layer.MELODY,)) for part in parts) for span in ((1, 8), (18, 26))
    )
    assert late < 0.8 * early


def test_focus_is_steady():
    hours = [programme(Goal.FOCUS, seed, "guitar", 24) for seed in (1, 2)]
    for written in hours:
        bars = [bar for _, bar in written]
        assert not any(bar.section == "pause" for bar in bars)
        assert all(bar.notes for bar in bars)
        assert max(abs(b.level_db - a.level_db) for a, b in pairwise(bars[8:])) <= 2.5

    sung = [sum(per_minute(between(w, *span), (Layer.MELODY,)) for w in hours) for span in ((0, 7), (13, 24))]
    assert sung[1] < 0.75 * sung[0]


def test_uplift_builds():
    parts = [programme(Goal.UPLIFT, seed, "guitar", 18) for seed in (1, 2)]

    def heard(first, last):
        return [bar for part in parts for bar in between(part, first, last) if bar.notes and bar.section[0] in "ABCR"]

    early, late = heard(0.3, 3), heard(12, 18)
    layers = [sum(len({note.layer for note in bar.notes}) for bar in bars) / len(bars) for bars in (early, late)]
    assert layers[1] > layers[0] + 0.5
    tunes = [[note.pitch for bar in bars for note in bar.notes if note.layer is Layer.MELODY] for bars in (early, late)]
    assert sum(tunes[1]) / len(tunes[1]) > sum(tunes[0]) / len(tunes[0]) + 2
    assert not any(note.layer is Layer.PERCUSSION for bar in heard(0, 2.5) for note in bar.notes)
    assert any(note.layer is Layer.PERCUSSION for bar in late for note in bar.notes)


def test_arcs_begin_alike():
    starts = [arc(goal, 0.0) for goal in Goal]
    assert {start.stage for start in starts} == {Stage.OPEN}
    assert max(start.melody for start in starts) - min(start.melody for start in starts) <= 0.1
    assert arc(None, 1e6) == OPEN


def test_what_each_arc_does_to_the_form():
    first, last = arc(Goal.CALM, 0.0), arc(Goal.CALM, 1200.0)
    assert last.melody < first.melody - 0.2
    assert (last.thin, last.breath_bars) > (first.thin, first.breath_bars)
    assert last.length > first.length
    assert last.lift < first.lift == 0
    first, last = arc(Goal.UPLIFT, 0.0), arc(Goal.UPLIFT, 1200.0)
    assert (last.lift, last.doubling, last.percussion) == (4, True, True)
    assert (first.lift, first.doubling, first.percussion) == (0, False, False)
    assert last.raised == 2
    assert not any(arc(goal, 60.0 * minute).percussion for goal in (Goal.CALM, Goal.SLEEP) for minute in range(90))
    focus = arc(Goal.FOCUS, 1200.0)
    assert (focus.pause_seconds, focus.percussion) == (0.0, True)
    assert focus.change < 0.5
    assert focus.melody < arc(Goal.FOCUS, 0.0).melody - 0.3
    assert [arc(Goal.SLEEP, 60.0 * minute).most for minute in (0, 18, 22, 40)] == [3, 3, 2, 1]


def test_the_last_return_of_an_uplifting_chapter_is_a_whole_tone_higher():
    higher = 0
    for seed in (1, 4):
        bars = [bar for _, bar in programme(Goal.UPLIFT, seed, "guitar", 11)]
        pause = next(index for index, bar in enumerate(bars) if bar.section == "pause")
        sung = [bar for bar in bars[:pause] if bar.section[0] == "A"]
        roots = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
        names = {"Db": "C#", "D#": "Eb", "Gb": "F#", "G#": "Ab", "A#": "Bb", "Cb": "B", "E#": "F", "B#": "C", "Fb": "E"}
        first, last = (roots.index(names.get(bar.key.split()[0], bar.key.split()[0])) for bar in (sung[0], sung[-1]))
        same = sung[0].key.split()[1] == sung[-1].key.split()[1]
        higher += same and (last - first) % 12 == 2
    assert higher >= 1


def test_the_clock_counts_from_the_goal_that_was_chosen():
    clock = Clock()

    def asked(t, goal, phase=Phase.LEAD, level=0.0):
        return Directive(t, t + 10, phase, goal, 0.0, 0.0, level, None, 0.9, "", ())

    assert clock.follow(0.0, None) == OPEN
    clock.follow(0.0, asked(0.0, Goal.SLEEP))
    clock.passed(20 * 60.0)
    assert clock.follow(1200.0, asked(1200.0, Goal.SLEEP)).stage is Stage.RETURNS
    # What has expired tells nothing new.
    assert clock.follow(1300.0, asked(1200.0, Goal.CALM)).stage is Stage.RETURNS
    assert clock.follow(1300.0, asked(1300.0, Goal.CALM)) == arc(Goal.CALM, 0.0)
    assert clock.follow(1300.0, asked(1300.0, Goal.SLEEP)).stage is Stage.OPEN
    assert clock.follow(1300.0, asked(1300.0, Goal.SLEEP, Phase.FADE)).stage is Stage.FRAGMENTS
    assert clock.follow(1300.0, asked(1300.0, Goal.SLEEP, Phase.FADE, -20.0)).stage is Stage.DRONE


def test_arcs_never_go_back():
    for goal in Goal:
        course = [arc(goal, 30.0 * step) for step in range(200)]
        assert all(b.stage >= a.stage for a, b in pairwise(course))
        assert all(0 < one.melody <= 1 and one.most >= 1 and math.isfinite(one.length) for one in course)
