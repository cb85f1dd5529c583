"""The ceiling holds for any signal, and what is quiet passes untouched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.audio.limiter import Limiter

RATE = 48000
FRAMES = 1024


def limited(sound: NDArray[np.float64], limiter: Limiter | None = None) -> NDArray[np.float64]:
    limiter = limiter or Limiter(rate_hz=RATE, frames=FRAMES)
    return np.concatenate([limiter(sound[:, start : start + FRAMES]) for start in range(0, sound.shape[1], FRAMES)], axis=1)


def true_peak_db(sound: NDArray[np.float64]) -> float:
    signal = pytest.importorskip("scipy.signal", reason="scipy is the yardstick here")
    finer = signal.resample_poly(sound, 8, 1, axis=1)
    return float(20 * np.log10(np.abs(finer[:, 400:-400]).max()))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), loud=st.floats(0.1, 30.0), tilt=st.floats(0.0, 0.98), bursts=st.booleans())
def test_no_true_peak_gets_past(seed: int, loud: float, tilt: float, bursts: bool) -> None:
    signal = pytest.importorskip("scipy.signal", reason="scipy is the yardstick here")
    chance = np.random.default_rng(seed)
    sound = signal.lfilter([1 - tilt], [1, -tilt], chance.standard_normal((2, 8 * FRAMES)), axis=1) * loud
    if bursts:
        sound *= np.repeat(chance.random(32) < 0.3, FRAMES // 4)
    out = limited(sound)
    assert true_peak_db(out) < -1.0
    assert np.isfinite(out).all()


@pytest.mark.parametrize("frequency", [997.0, 6000.0, 12000.0])
def test_peaks_between_samples_count(frequency: float) -> None:
    """Twelve thousand hertz sampled 45 degrees off its crests has samples 3 dB under its true peak."""
    tone = 1.2 * np.sin(2 * np.pi * frequency * np.arange(20 * FRAMES) / RATE + np.pi / 4)
    out = limited(np.stack([tone, tone]))
    assert true_peak_db(out[:, 4 * FRAMES : -FRAMES]) == pytest.approx(-1.5, abs=0.4)


def test_quiet_sound_passes_untouched_and_late() -> None:
    limiter = Limiter(rate_hz=RATE, frames=FRAMES)
    sound = 0.1 * np.random.default_rng(0).standard_normal((2, 4 * FRAMES))
    out = limited(np.clip(sound, -0.4, 0.4), limiter)
    late = limiter.delay
    assert np.array_equal(out[:, late:], np.clip(sound, -0.4, 0.4)[:, :-late])
    assert late / RATE < 0.0055


def test_turns_down_smoothly_and_in_time() -> None:
    """A burst in a soft tone: the gain is low before the burst comes, bends no faster than 5 ms allow, and returns."""
    tone = np.full(60 * FRAMES, 0.01)
    tone[10 * FRAMES : 10 * FRAMES + 500] = 3.0
    limiter = Limiter(rate_hz=RATE, frames=FRAMES)
    out = limited(np.stack([tone, tone]), limiter)[0]
    gain = out[limiter.delay :] / tone[: -limiter.delay]
    assert np.abs(np.diff(gain)).max() < 1.2 / (0.005 * RATE)
    assert gain[10 * FRAMES] <= 10 ** (-1.5 / 20) / 3.0 + 1e-9
    assert gain[int(10 * FRAMES + RATE * 0.5)] == pytest.approx(1.0, abs=1e-6)


def test_tells_how_much_it_took() -> None:
    limiter = Limiter(rate_hz=RATE, frames=FRAMES)
    limited(np.full((2, 4 * FRAMES), 10 ** (4.5 / 20)), limiter)
    assert limiter.reduction_db == pytest.approx(6.0, abs=0.3)
