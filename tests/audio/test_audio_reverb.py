"""The room: how long it sounds, how loud, how dense, and that it never runs away."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio.reverb import Reverb

FRAMES = 1024


def answer(sound: NDArray[np.float64], seconds: float, rate_hz: int = 48000) -> NDArray[np.float64]:
    reverb = Reverb(rate_hz=rate_hz, frames=FRAMES)
    blocks = [reverb(sound[:, start : start + FRAMES], seconds) for start in range(0, sound.shape[1], FRAMES)]
    return np.concatenate(blocks, axis=1)


def impulse(blocks: int, side: int = 0) -> NDArray[np.float64]:
    sound = np.zeros((2, blocks * FRAMES))
    sound[side, 0] = 1.0
    return sound


@pytest.mark.parametrize(("seconds", "rate_hz"), [(1.0, 48000), (2.8, 48000), (2.8, 44100), (5.0, 48000)])
def test_decays_by_sixty_decibels_in_the_wanted_time(seconds: float, rate_hz: int) -> None:
    signal = pytest.importorskip("scipy.signal", reason="scipy is the yardstick here")
    heard = answer(impulse(int(seconds * rate_hz / FRAMES)), seconds, rate_hz).sum(axis=0)
    band = signal.sosfilt(signal.butter(4, [350, 700], "band", fs=rate_hz, output="sos"), heard)
    left = np.cumsum(band[::-1] ** 2)[::-1]
    decay = 10 * np.log10(left / left[0])
    t30 = 2 * (np.argmax(decay < -35) - np.argmax(decay < -5)) / rate_hz
    assert t30 == pytest.approx(seconds, rel=0.08)


@pytest.mark.parametrize("seconds", [1.0, 2.8, 5.0])
def test_wetness_does_not_depend_on_the_decay(seconds: float) -> None:
    sound = np.random.default_rng(0).standard_normal((2, 300 * FRAMES))
    heard = answer(sound, seconds)[:, 150 * FRAMES :]
    assert abs(10 * np.log10(heard.var() / sound.var())) < 1.5
    assert abs(np.corrcoef(heard)[0, 1]) < 0.1


def test_the_first_echoes_come_early_and_dense() -> None:
    """Echo density: share of samples beyond one standard deviation, relative to noise; 1 is indistinguishable from noise.

    Source: J. Abel, P. Huang, "A simple, robust measure of reverberation echo density", AES 121 (2006).
    """
    heard = answer(impulse(30), 2.8)[0]
    assert np.flatnonzero(np.abs(heard) > 1e-6)[0] < 0.012 * 48000
    around = {second: heard[int((second - 0.01) * 48000) : int((second + 0.01) * 48000)] for second in (0.15, 0.3)}
    density = {second: np.mean(np.abs(part) > part.std()) / 0.3173 for second, part in around.items()}
    assert density[0.15] > 0.7
    assert density[0.3] > 0.9


def test_the_longest_decay_still_dies() -> None:
    heard = answer(impulse(900), 12.0)
    assert np.abs(heard[:, -FRAMES:]).max() < 0.02 * np.abs(heard).max()


def test_falls_silent_when_reset() -> None:
    reverb = Reverb(rate_hz=48000, frames=FRAMES)
    reverb(np.ones((2, FRAMES)), 5.0)
    reverb.reset()
    assert not np.any(reverb(np.zeros((2, FRAMES)), 5.0))


def test_the_length_of_a_block_changes_nothing() -> None:
    sound = np.random.default_rng(0).standard_normal((2, 16 * FRAMES))
    long = Reverb(rate_hz=48000, frames=4 * FRAMES)
    heard = np.concatenate([long(sound[:, start : start + 4 * FRAMES], 2.8) for start in range(0, 16 * FRAMES, 4 * FRAMES)], 1)
    assert np.allclose(heard, answer(sound, 2.8), atol=1e-5)
