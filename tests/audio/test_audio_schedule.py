"""Events and glides: what the synthesiser is told, when, and where the mix stands in between."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from undertone.audio.controls import Controls, amplitude
from undertone.audio.mixer import breath
from undertone.audio.schedule import EventKind, Schedule
from undertone.flow import Bar, Layer, Note

RATE = 48000
LEAD = RATE // 2


def bar(*notes: Note, tempo_bpm: float = 60.0, beats: int = 4, **changes: object) -> Bar:
    """A bar of four seconds."""
    settings: dict[str, object] = {
        "level_db": 0.0,
        "gains_db": {},
        "programs": {},
        "low_pass_hz": 2000.0,
        "reverb_wet": 0.3,
        "reverb_seconds": 2.8,
        "breath_per_min": None,
        "swell_db": 0.0,
    }
    return replace(Bar(index=0, beats=beats, tempo_bpm=tempo_bpm, notes=notes, **settings), **changes)  # type: ignore[arg-type]


def told(schedule: Schedule, before: int) -> list[tuple[int, EventKind, int]]:
    return [(event.frame, event.kind, event.pitch) for event in schedule.due(before)]


def test_beats_become_frames() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    assert schedule.add(bar(Note(1.5, 0.5, 60, 80, Layer.MELODY), tempo_bpm=90.0), at=0) == 0
    assert schedule.end == round(4 * 60 / 90 * RATE)
    assert told(schedule, schedule.end) == [(RATE, EventKind.STRIKE, 60), (RATE * 4 // 3, EventKind.END, 60)]


def test_bars_follow_without_a_gap_or_drift() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    starts = [schedule.add(bar(tempo_bpm=67.0), at=0) for _ in range(500)]
    assert starts[-1] == pytest.approx(499 * 4 * 60 / 67 * RATE, abs=300)


def test_a_note_ends_before_the_same_pitch_begins() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    schedule.add(bar(Note(0, 1, 60, 80, Layer.MELODY), Note(1, 1, 60, 80, Layer.MELODY)), at=0)
    kinds = [kind for _, kind, _ in told(schedule, 10 * RATE)]
    assert kinds == [EventKind.STRIKE, EventKind.END, EventKind.STRIKE, EventKind.END]


def test_striking_again_ends_the_older_note_and_only_that() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    schedule.add(bar(Note(0, 3, 60, 80, Layer.MELODY), Note(1, 2.5, 60, 80, Layer.MELODY)), at=0)
    strike, end = EventKind.STRIKE, EventKind.END
    assert told(schedule, 10 * RATE) == [(0, strike, 60), (RATE, end, 60), (RATE, strike, 60), (round(3.5 * RATE), end, 60)]


def test_layers_do_not_end_each_others_notes() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    schedule.add(bar(Note(0, 2, 60, 80, Layer.MELODY), Note(1, 2, 60, 80, Layer.HARMONY)), at=0)
    assert [kind for _, kind, _ in told(schedule, RATE + 1)] == [EventKind.STRIKE, EventKind.STRIKE]


def test_the_pad_is_held_until_the_late_bar_comes() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    schedule.add(bar(Note(0, 4, 60, 80, Layer.PAD), Note(0, 4, 72, 80, Layer.MELODY)), at=0)
    assert [pitch for _, kind, pitch in told(schedule, 6 * RATE) if kind is EventKind.END] == [72]
    schedule.hold(6 * RATE)
    assert not told(schedule, 7 * RATE)
    schedule.add(bar(Note(0, 4, 64, 80, Layer.PAD)), at=7 * RATE)
    assert told(schedule, 7 * RATE + 1) == [(7 * RATE, EventKind.END, 60), (7 * RATE, EventKind.STRIKE, 64)]


def test_a_chord_that_has_already_ended_is_struck_again_once() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    schedule.add(bar(Note(0, 3, 60, 80, Layer.PAD), Note(0, 3, 64, 80, Layer.PAD), Note(0, 1, 48, 80, Layer.PAD)), at=0)
    told(schedule, 4 * RATE)
    for frame in (4 * RATE, 5 * RATE):
        schedule.hold(frame)
    struck = [pitch for _, kind, pitch in told(schedule, 6 * RATE) if kind is EventKind.STRIKE]
    assert sorted(struck) == [60, 64]


def test_a_bar_in_time_lets_the_pad_end_where_it_should() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    schedule.add(bar(Note(0, 3.8, 60, 80, Layer.PAD)), at=0)
    schedule.add(bar(), at=round(3.6 * RATE))
    assert (round(3.8 * RATE), EventKind.END, 60) in told(schedule, 4 * RATE)


def test_programs_are_told_when_they_change() -> None:
    schedule = Schedule(rate_hz=RATE, lead=LEAD)
    for program in (0, 0, 11):
        schedule.add(bar(programs={Layer.MELODY: program}), at=0)
    assert [event.value for event in schedule.due(schedule.end) if event.kind is EventKind.PROGRAM] == [0, 11]


def test_everything_arrives_at_the_end_of_its_bar() -> None:
    controls = Controls(tuple(Layer))
    controls.aim(bar(low_pass_hz=4000.0, gains_db={Layer.PAD: -6.0}), start=0, end=100)
    assert controls.at(0).low_pass_hz == pytest.approx(4000.0)
    wanted = bar(level_db=-12.0, low_pass_hz=1000.0, gains_db={Layer.PAD: -18.0}, reverb_wet=0.5, reverb_seconds=5.6)
    controls.aim(wanted, start=100, end=300)
    half, done = controls.at(200), controls.at(300)
    assert half.low_pass_hz == pytest.approx(2000.0)
    assert half.reverb_seconds == pytest.approx(2.8 * math.sqrt(2))
    assert 20 * np.log10(half.gains[0]) == pytest.approx(-12.0, abs=0.02)
    assert 20 * np.log10(done.level) == pytest.approx(-12.0, abs=0.02)
    assert controls.at(10_000).low_pass_hz == done.low_pass_hz == pytest.approx(1000.0)


def test_silence_is_exactly_nothing_and_is_left_without_a_jump() -> None:
    controls = Controls(tuple(Layer))
    controls.aim(bar(level_db=-math.inf), start=0, end=100)
    assert controls.at(100).level == 0.0
    controls.aim(bar(), start=100, end=48100)
    levels = np.array([controls.at(frame).level for frame in range(100, 48101, 100)])
    assert levels[0] == 0.0 and levels[-1] == pytest.approx(1.0)
    assert np.all(np.diff(levels) >= 0) and np.diff(levels).max() < 0.02


def test_nonsense_is_clamped() -> None:
    controls = Controls(tuple(Layer))
    controls.aim(bar(level_db=math.nan, low_pass_hz=math.nan, reverb_wet=7.0, gains_db={Layer.PAD: 90.0}), start=0, end=1)
    setting = controls.at(1)
    assert setting.level == 0.0
    assert setting.low_pass_hz == pytest.approx(80.0)
    assert setting.reverb_wet == 1.0
    assert setting.gains[0] == pytest.approx(amplitude(12.0))


def test_breath_takes_in_for_two_fifths() -> None:
    fullness = np.array([breath(phase) for phase in np.linspace(0, 1, 101)])
    assert fullness.argmax() == 40
    assert fullness[0] == fullness[-1] == 0.0
    assert np.all(np.diff(fullness[:41]) > 0) and np.all(np.diff(fullness[40:]) < 0)
