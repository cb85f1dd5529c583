"""The loudness rider against an independent meter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio.loudness import LoudnessRider

RATE = 48000
FRAMES = 1024


def ridden(sound: NDArray[np.float64], rider: LoudnessRider | None = None) -> NDArray[np.float64]:
    rider = rider or LoudnessRider(-23.0, rate_hz=RATE, frames=FRAMES)
    whole = sound.shape[1] // FRAMES * FRAMES
    return np.concatenate([rider(sound[:, start : start + FRAMES]) for start in range(0, whole, FRAMES)], axis=1)


def phrases(seconds: float, level: float, seed: int = 0) -> NDArray[np.float64]:
    """Stereo noise in notes of half a second that die away, with a pause of two seconds in ten: as uneven as music."""
    count = int(seconds * RATE)
    times = np.arange(count) / RATE
    shape = np.exp(-3.0 * (times % 0.5)) * (times % 10.0 < 8.0)
    return np.asarray(level * shape * np.random.default_rng(seed).standard_normal((2, count)))


def integrated(sound: NDArray[np.float64]) -> float:
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="pyloudnorm is the yardstick here")
    return float(pyloudnorm.Meter(RATE).integrated_loudness(sound.T))


@pytest.mark.parametrize("level", [0.04, 0.4])
def test_holds_the_target_within_half_a_unit_once_settled(level: float) -> None:
    settled = ridden(phrases(50.0, level))[:, 30 * RATE :]
    assert integrated(settled) == pytest.approx(-23.0, abs=0.5)


@pytest.mark.parametrize("level", [0.025, 0.2])
def test_is_near_the_target_after_ten_seconds_of_music(level: float) -> None:
    """From 6 dB softer and 12 dB louder than the loudness that it assumes at first."""
    first = ridden(phrases(25.0, level))[:, 10 * RATE :]
    assert integrated(first) == pytest.approx(-23.0, abs=1.0)


def test_much_too_soft_an_instrument_is_brought_up_at_once_and_no_pumping_is_left() -> None:
    assert integrated(ridden(phrases(25.0, 0.01))[:, 10 * RATE :]) > -27.5
    rider = LoudnessRider(-23.0, rate_hz=RATE, frames=FRAMES)
    ridden(phrases(20.0, 0.2), rider)
    gains, after = [], phrases(15.0, 0.2, seed=1)
    for start in range(0, after.shape[1] - FRAMES, FRAMES):
        rider(after[:, start : start + FRAMES])
        gains.append(rider.gain_db)
    assert np.abs(np.diff(gains)).max() * RATE / FRAMES < 0.9


def test_measures_what_an_independent_meter_measures() -> None:
    rider = LoudnessRider(-23.0, rate_hz=RATE, frames=FRAMES)
    sound = phrases(40.0, 0.05)
    ridden(sound, rider)
    assert rider.loudness == pytest.approx(integrated(sound[:, 20 * RATE :]), abs=0.4)


def test_a_pause_lifts_nothing() -> None:
    rider = LoudnessRider(-23.0, rate_hz=RATE, frames=FRAMES)
    ridden(phrases(30.0, 0.1), rider)
    before = rider.gain_db
    hum = 1e-3 * np.random.default_rng(1).standard_normal((2, 20 * RATE))
    ridden(np.zeros((2, 20 * RATE)), rider)
    ridden(hum, rider)
    assert rider.gain_db == pytest.approx(before, abs=0.1)


def test_the_gain_is_bounded_and_slow() -> None:
    rider = LoudnessRider(-23.0, rate_hz=RATE, frames=FRAMES)
    gains = []
    for sound in (phrases(30.0, 0.1), phrases(40.0, 0.0008), phrases(10.0, 0.1)):
        for start in range(0, sound.shape[1] - FRAMES, FRAMES):
            rider(sound[:, start : start + FRAMES])
            gains.append(rider.gain_db)
    steps = np.diff(gains) * RATE / FRAMES
    assert np.abs(steps).max() <= 2.5 + 1e-6
    later = steps[28 * RATE // FRAMES :]
    assert later.max() <= 0.4 + 0.02
    assert later.min() >= -1.5 - 1e-6
    assert max(gains) <= 6.0 + 18.0


def test_the_gain_moves_without_steps() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 50.0 * np.arange(400 * FRAMES) / RATE)
    out = ridden(np.stack([tone, tone]))[0]
    assert np.abs(np.diff(out, 2)).max() < 1.2 * np.abs(out).max() * (2 * np.pi * 50.0 / RATE) ** 2 + 1e-6
