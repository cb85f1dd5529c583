"""Programmes without a listener, and how much softer evenings are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from undertone.audio import NullSink, ToneSynth, WavSink
from undertone.device.hearing import Hearing, softened, softer_db
from undertone.device.recital import composed, held, performed, walked
from undertone.errors import SoundError
from undertone.flow import Goal, Phase
from undertone.music import Composer
from undertone.storage.wall import EARLIEST, Wall


def test_a_programme_goes_its_way_without_a_listener() -> None:
    plan = walked(Goal.SLEEP, 45.0)
    phases = [plan(float(t)).phase for t in range(0, 45 * 60 + 60, 5)]
    assert list(dict.fromkeys(phases)) == [Phase.SETTLE, Phase.MEET, Phase.LEAD, Phase.FADE, Phase.SILENT]


def test_the_way_to_sleep_becomes_softer_from_evening_to_night() -> None:
    plan = walked(Goal.SLEEP, 45.0)
    levels = {minute: plan(60.0 * minute).level_db for minute in range(34)}
    assert levels[5] == pytest.approx(-4.0)
    assert levels[33] == pytest.approx(-4.0 - 5.0 * (2 * 33 / 45 - 1), abs=0.1)
    assert all(levels[minute] <= levels[minute - 1] for minute in range(6, 34))
    by_day = walked(Goal.FOCUS, 30.0)
    assert by_day(600.0).level_db == 0.0


@pytest.mark.parametrize(
    ("goal", "night", "progress", "lufs"),
    [
        (Goal.CALM, False, 0.9, -23.0),
        (Goal.CALM, True, 0.9, -27.0),
        (Goal.SLEEP, False, 0.5, -27.0),
        (Goal.SLEEP, True, 1.0, -32.0),
    ],
)
def test_how_loud_the_programme_is_meant_to_be(goal: Goal, night: bool, progress: float, lufs: float) -> None:
    assert softer_db(goal, night=night, progress=progress) == pytest.approx(lufs + 23.0)


def test_softer_leaves_silence_silent() -> None:
    silent = walked(Goal.SLEEP, 2.0)(1000.0)
    assert silent.level_db == -math.inf
    later = softened(silent, -4.0)
    assert later is not None and later.level_db == -math.inf


def test_when_evening_comes_the_programme_sinks_by_a_decibel_a_minute() -> None:
    minute = 21 * 60 + 59
    ear = Hearing(tell=print, wall=lambda: Wall(EARLIEST + 1.0, minute, True))
    ear.goal = lambda: Goal.CALM
    ear.second(0.0, 0.0)
    assert ear.softer_db == 0.0
    minute = 22 * 60
    found = []
    for second in range(1, 400):
        ear.second(float(second), 0.0)
        found.append(ear.softer_db)
    assert found[59] == pytest.approx(-1.0, abs=0.02) and found[-1] == pytest.approx(-4.0)


def test_the_same_programme_is_the_same_file(tmp_path: Path) -> None:
    files = []
    for name in ("one.wav", "other.wav"):
        with WavSink(tmp_path / name, 48000, about={"ICMT": "seed 5"}) as sink:
            performed(composed(Composer(5), held(0.2, 0.3), minutes=0.1), ToneSynth(), sink, seed=5)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1] and b"seed 5" in files[0]


def test_a_sink_that_refuses_is_a_sentence() -> None:
    class Full(NullSink):
        def write(self, frames: object) -> None:
            raise SoundError("The disk is full.")

    with pytest.raises(SoundError, match="disk is full"):
        performed(composed(Composer(5), held(0.2, 0.3), minutes=0.05), ToneSynth(), Full())
