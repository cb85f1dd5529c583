"""The exchange of red and infrared, told from the pulse: of simulated and recorded people, however the stream is cut."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.sensors.swap import SwapWatch, saturation_percent
from undertone.sim import Body, Replay
from undertone.sim.fingertip import returned_light
from undertone.storage import load_recording

RATE = 100.0
GAIN = 7.0 * 64.0


def counts(light: np.ndarray, seed: int = 1) -> np.ndarray:
    return (light * GAIN + np.random.default_rng(seed).normal(30.0, 8.0, light.shape)).astype(np.int32)


def first(light: np.ndarray, *, exchanged: bool, cut: random.Random | int = 18, rate: float = RATE) -> tuple[int, float] | None:
    """After how many samples an exchange was told, and with which ratio."""
    watch, stream, place = SwapWatch(rate), counts(light), 0
    red, infrared = (1, 0) if exchanged else (0, 1)
    while place < len(stream):
        piece = stream[place : place + (cut if isinstance(cut, int) else cut.randint(1, 90))]
        place += len(piece)
        ratio = watch.push(piece[:, red], piece[:, infrared])
        if ratio is not None:
            return place, ratio
    return None


@pytest.fixture(scope="module")
def light() -> np.ndarray:
    return Body.calm(8, movements_per_min=0.0).light(np.arange(0.0, 90.0, 1.0 / RATE))


def test_the_usual_formula_at_its_usual_points() -> None:
    assert saturation_percent(0.5) == 97.5
    assert saturation_percent(2.0) == 60.0
    assert (saturation_percent(0.0), saturation_percent(5.0)) == (100.0, 0.0)


def test_an_exchange_is_found_after_half_a_minute_and_the_ratio_is_right(light: np.ndarray) -> None:
    found = first(light, exchanged=True)
    assert found is not None
    assert 32.0 * RATE < found[0] < 42.0 * RATE
    assert found[1] == pytest.approx(2.0, rel=0.03)
    assert first(light, exchanged=False) is None


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_it_does_not_matter_how_the_stream_is_cut(light: np.ndarray, seed: int) -> None:
    whole, cut = first(light, exchanged=True, cut=1), first(light, exchanged=True, cut=random.Random(seed))
    assert whole is not None
    assert cut is not None
    assert cut[1] == whole[1]
    assert whole[0] <= cut[0] < whole[0] + 90


@pytest.mark.parametrize("rate", [25.0, 50.0, 400.0])
def test_other_rates_give_the_same_answer(rate: float) -> None:
    light = Body.calm(8, movements_per_min=0.0).light(np.arange(0.0, 60.0, 1.0 / rate))
    found = first(light, exchanged=True, rate=rate)
    assert found is not None
    assert found[1] == pytest.approx(2.0, rel=0.04)


@pytest.mark.parametrize("brightness", [0.25, 1.0, 2.0])
def test_brightness_does_not_matter(light: np.ndarray, brightness: float) -> None:
    assert first(brightness * light, exchanged=True) is not None
    assert first(brightness * light, exchanged=False) is None


def test_one_stretch_below_the_limit_and_everything_begins_anew(light: np.ndarray) -> None:
    usual = light.copy()
    # Twenty seconds in, the channels are the right way round for a while.
    usual[2000:2900] = usual[2000:2900, ::-1]
    found = first(usual, exchanged=True)
    assert found is not None
    assert found[0] > (29.0 + 32.0) * RATE


def test_stretches_do_not_reach_across_an_interruption(light: np.ndarray) -> None:
    watch, stream = SwapWatch(RATE), counts(light)
    for start in range(0, len(stream), 400):
        # Four seconds at a time are never a whole stretch.
        assert watch.push(stream[start : start + 400, 1], stream[start : start + 400, 0]) is None
        watch.interrupt()


def test_ratios_that_no_blood_has_are_no_exchange(light: np.ndarray) -> None:
    level = light.mean(axis=0)
    absurd = level + (light - level) * [10.0, 1.0]
    assert first(np.maximum(absurd, 1.0), exchanged=False) is None
    nothing = np.zeros(6000, dtype=np.int32)
    assert SwapWatch(RATE).push(nothing, nothing) is None


def test_what_the_two_channels_do_not_share_is_no_exchange(light: np.ndarray) -> None:
    """Red that also sees somebody else's pulse: as large as it would be, and falling as it should, but not the same."""
    other = Body.calm(12, movements_per_min=0.0, heart_bpm=83.0).light(np.arange(0.0, 90.0, 1.0 / RATE))
    share, foreign = (1.0 - each[:, 1] / each[:, 1].mean() for each in (light, other))
    both = 286.0 * (1.0 - np.stack([1.7 * share + 1.5 * foreign, share], axis=1))
    assert first(both, exchanged=False) is None


@given(st.integers(0, 2**32), st.floats(0.0, 2.0), st.floats(1.0, 3.0))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_noise_is_no_exchange(seed: int, common: float, more: float) -> None:
    """Noise of each channel and of both, of which red has more."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(size=(6000, 2)) + common * draw.normal(size=(6000, 1))
    assert first([230.0, 286.0] * (1.0 + 0.003 * noise * [more, 1.0]), exchanged=False) is None


@pytest.mark.parametrize("name", ["neurokit_samples/sub-01", "welltory_ppg/sub-05", "welltory_ppg/sub-09"])
def test_recorded_fingers_are_recognised_both_ways(recordings: Path, name: str) -> None:
    file = next((recordings / name).glob("*recording-ppg*.tsv.gz"))
    replay = Replay(load_recording(file))
    light = replay.light(np.arange(1.0, min(replay.duration, 150.0) - 1.0, 1.0 / RATE))
    assert first(light, exchanged=True) is not None
    assert first(light, exchanged=False) is None


def test_a_recorded_wrist_that_moves_is_no_exchange(recordings: Path) -> None:
    """Whatever the two channels' ratio: a wrist that moves gives both the same relative change."""
    file = next((recordings / "stress_predict" / "sub-02").glob("*recording-ppg*.tsv.gz"))
    replay = Replay(load_recording(file))
    share = 1.0 - replay.light(np.arange(60.0, 660.0, 1.0 / RATE))[:, 1] / 286.0
    light = returned_light(0.1 * share, movement=share)
    assert first(light, exchanged=True) is None
