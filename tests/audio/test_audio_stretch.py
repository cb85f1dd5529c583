"""Tempo without pitch: what goes in comes out, a little sooner or later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.audio.stretch import Stretch

RATE = 48000
Sound = NDArray[np.float32]


def reading(sound: Sound) -> Callable[[int], Sound]:
    """The sound, piece by piece."""
    place = 0

    def read(frames: int) -> Sound:
        nonlocal place
        part = sound[:, place : place + frames]
        place += frames
        return part

    return read


def stretched(sound: Sound, *speeds: float, block: int = 2048) -> Sound:
    """All of it; the last speed lasts."""
    stretch, wanted, parts = Stretch(reading(sound), rate_hz=RATE, speed=speeds[0]), list(speeds), []
    while True:
        speed = wanted.pop(0) if len(wanted) > 1 else wanted[0]
        parts.append(stretch(block, speed))
        if parts[-1].shape[1] < block:
            return np.concatenate(parts, axis=1)


def tones(*frequencies: float, seconds: float = 6.0) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sum([0.1 * np.sin(2 * np.pi * hz * time + hz) for hz in frequencies], axis=0)
    return np.array([wave, 0.5 * wave], dtype=np.float32)


def strokes(seconds: float = 6.0) -> Sound:
    """Four hits a second."""
    sound = np.zeros((2, round(seconds * RATE)), dtype=np.float32)
    hit = np.random.default_rng(3).standard_normal(2400) * np.exp(-np.arange(2400) / 400.0)
    for start in range(6000, sound.shape[1] - 2400, RATE // 4):
        sound[:, start : start + 2400] += (0.2 * hit).astype(np.float32)
    return sound


@pytest.mark.parametrize("block", [2048, 777])
def test_at_speed_one_nothing_changes(block: int) -> None:
    sound = np.random.default_rng(0).standard_normal((2, 50_001)).astype(np.float32)
    assert np.array_equal(stretched(sound, 1.0, block=block), sound)


@settings(deadline=None, max_examples=12, derandomize=True)
@given(speed=st.floats(0.9, 1.1), block=st.integers(200, 5000))
def test_lasts_as_long_as_the_speed_says_however_it_is_cut(speed: float, block: int) -> None:
    sound = tones(220.0, 277.2, seconds=2.0)
    found = stretched(sound, speed, block=block)
    assert found.shape[1] == pytest.approx(sound.shape[1] / speed, abs=0.03 * RATE)
    assert np.array_equal(found, stretched(sound, speed, block=2048))


@pytest.mark.parametrize("speed", [0.9, 0.97, 1.03, 1.1])
def test_stays_in_tune(speed: float) -> None:
    found = stretched(tones(440.0), speed)[0, RATE : 5 * RATE]
    spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found)))) ** 2
    assert np.argmax(spectrum) / 4.0 == pytest.approx(440.0, abs=0.25)
    assert spectrum[4 * 440 - 12 : 4 * 440 + 13].sum() > 0.9999 * spectrum.sum()


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_a_chord_neither_clicks_nor_pumps(speed: float) -> None:
    sound = tones(110.0, 220.3, 277.4, 329.9, 554.1)
    found = stretched(sound, speed)
    assert np.abs(np.diff(found, 2)).max() < 1.05 * np.abs(np.diff(sound, 2)).max()
    tenths = (part[0, : len(part[0]) // 4800 * 4800].reshape(-1, 4800) for part in (sound, found))
    levels = [np.sqrt(np.mean(tenth**2, axis=1)) for tenth in tenths]
    assert levels[1].min() > 0.8 * levels[0].min() and levels[1].max() < 1.2 * levels[0].max()


@pytest.mark.parametrize("speed", [0.9, 0.97, 1.05, 1.1])
def test_every_stroke_is_heard_whole_and_once(speed: float) -> None:
    """Splices wait for the gaps: each hit is found again as it was, about where it is due, and nowhere else."""
    sound = strokes()
    found = stretched(sound, speed)[0]
    hit = sound[0, 6000:6960]
    alike = np.correlate(found, hit, "valid") / np.dot(hit, hit)
    due = np.array([round(start / speed) for start in range(6000, sound.shape[1] - 2400, RATE // 4)])
    for place in due:
        near = alike[max(0, place - 2500) : place + 2500]
        assert near.max() > 0.98 and abs(np.argmax(near) - min(place, 2500)) < 0.035 * RATE
    assert np.sum((alike[1:-1] > 0.6) & (alike[1:-1] > alike[:-2]) & (alike[1:-1] > alike[2:])) == len(due)


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_where_nothing_is_alike_a_splice_still_waits_for_a_stroke_to_begin(speed: float) -> None:
    sound = strokes() + 0.03 * np.random.default_rng(5).standard_normal((1, 6 * RATE)).astype(np.float32)
    found = stretched(sound, speed)[0]
    hit = strokes()[0, 6000:6480]
    alike = np.correlate(found, hit, "valid") / np.dot(hit, hit)
    due = [round(start / speed) for start in range(6000, sound.shape[1] - 2400, RATE // 4)]
    assert min(alike[max(0, place - 2500) : place + 2500].max() for place in due) > 0.85


def test_changes_of_speed_glide_and_do_not_click() -> None:
    sound = tones(196.0, 246.9)
    found = stretched(sound, 1.0, *([1.0] * 20), *([1.1] * 40), *([0.9] * 40), 1.0)
    assert np.abs(np.diff(found, 2)).max() < 1.05 * np.abs(np.diff(sound, 2)).max()


def test_speed_follows_no_faster_than_it_may() -> None:
    """From 1 to 1.1 takes two seconds, in which a tenth of a second less is gained than at once."""
    sound = tones(150.0)
    gained = stretched(sound, 1.1).shape[1] - stretched(sound, 1.0, 1.1).shape[1]
    assert gained == pytest.approx(-0.1 * RATE / 1.1, rel=0.35)


@pytest.mark.parametrize("speed", [float("nan"), float("inf"), 0.0, -3.0, 50.0])
def test_impossible_speeds_are_kept_within_bounds(speed: float) -> None:
    sound = tones(300.0, seconds=1.0)
    assert 0.88 < sound.shape[1] / stretched(sound, speed).shape[1] < 1.12


def test_silence_and_an_empty_source() -> None:
    assert stretched(np.zeros((2, 0), dtype=np.float32), 1.05).shape == (2, 0)
    assert not stretched(np.zeros((2, RATE), dtype=np.float32), 1.05).any()
    assert stretched(np.ones((2, 5), dtype=np.float32), 0.9).shape == (2, 5)


def test_memory_is_bounded() -> None:
    stretch = Stretch(lambda frames: np.zeros((2, frames), dtype=np.float32), rate_hz=RATE)
    for _ in range(200):
        stretch(2048, 1.07)
    assert stretch._source.shape[1] < 2 * RATE
