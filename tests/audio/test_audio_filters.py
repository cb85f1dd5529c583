"""Block filters against the sample-by-sample recursion, and the weighting against the standard."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio.filters import (
    BlockFilter,
    StateSpace,
    bell,
    biquad,
    high_pass,
    k_weighting,
    kernel,
    low_pass,
    low_pass_kernel,
    low_shelf,
    series,
)

signal = pytest.importorskip("scipy.signal", reason="scipy is the yardstick here")

FRAMES = 1024
RATE = 48000


def in_blocks(filtering: BlockFilter, sound: NDArray[np.float64]) -> NDArray[np.float64]:
    blocks = [filtering(sound[:, start : start + FRAMES]) for start in range(0, sound.shape[1], FRAMES)]
    return np.concatenate(blocks, axis=1)


def noise(blocks: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((2, blocks * FRAMES))


def by_recursion(system: StateSpace, sound: NDArray[np.float64]) -> NDArray[np.float64]:
    numerator, denominator = signal.ss2tf(system.a, system.b[:, None], system.c[None, :], [[system.d]])
    return np.asarray(signal.lfilter(numerator[0], denominator, sound, axis=1))


@pytest.mark.parametrize(
    "system",
    [
        high_pass(25.0, rate_hz=RATE),
        k_weighting(RATE),
        low_pass(300.0, rate_hz=RATE),
        biquad([0.2, 0.3, 0.1], [1.0, -1.6, 0.8]),
        low_shelf(250.0, -4.0, rate_hz=RATE),
        bell(2000.0, 3.0, 2.0, rate_hz=RATE),
        series(high_pass(25.0, rate_hz=RATE), series(low_shelf(250.0, -4.0, rate_hz=RATE), bell(2e3, 3.0, 2.0, rate_hz=RATE))),
    ],
    ids=["high-pass", "K", "low-pass", "biquad", "shelf", "bell", "series"],
)
def test_blocks_give_what_the_recursion_gives(system: StateSpace) -> None:
    sound = noise(6)
    filtered = in_blocks(BlockFilter(kernel(system, frames=FRAMES)), sound)
    assert np.abs(filtered - by_recursion(system, sound)).max() < 1e-6


@pytest.mark.parametrize(("kind", "corner"), [("lowpass", 970.0), ("lowpass", 4100.0), ("highpass", 25.0)])
def test_low_and_high_pass_are_butterworth(kind: str, corner: float) -> None:
    system = low_pass(corner, rate_hz=RATE) if kind == "lowpass" else high_pass(corner, rate_hz=RATE)
    sound = noise(4)
    wanted = signal.lfilter(*signal.butter(2, corner, kind, fs=RATE), sound, axis=1)
    assert np.abs(in_blocks(BlockFilter(kernel(system, frames=FRAMES)), sound) - wanted).max() < 1e-6


def gain_db(system: StateSpace, frequency: float) -> float:
    z = np.exp(2j * np.pi * frequency / RATE)
    answer = system.c @ np.linalg.solve(z * np.eye(len(system.b)) - system.a, system.b) + system.d
    return float(20 * np.log10(abs(answer)))


@pytest.mark.parametrize("gain", [-5.0, 3.0])
def test_a_shelf_changes_what_lies_below_and_nothing_above(gain: float) -> None:
    shelf = low_shelf(250.0, gain, rate_hz=RATE)
    assert gain_db(shelf, 20.0) == pytest.approx(gain, abs=0.05)
    assert gain_db(shelf, 250.0) == pytest.approx(gain / 2, abs=0.01)
    assert gain_db(shelf, 4000.0) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("gain", [-4.0, 3.0])
def test_a_bell_changes_its_surroundings_only(gain: float) -> None:
    rise = bell(2000.0, gain, 2.0, rate_hz=RATE)
    assert gain_db(rise, 2000.0) == pytest.approx(gain, abs=0.01)
    assert gain_db(rise, 1000.0) == pytest.approx(gain / 2, abs=0.15)
    assert gain_db(rise, 4000.0) == pytest.approx(gain / 2, abs=0.15)
    assert gain_db(rise, 30.0) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("gain", [-5.0, 3.0])
def test_a_shelf_is_that_of_the_analogue_prototype(gain: float) -> None:
    """H(s) = A (s² + √(2A) s + A) / (A s² + √(2A) s + 1), by another bilinear transform, warped to fit at the corner."""
    a, corner = 10 ** (gain / 40), 250.0
    slope, scale = np.sqrt(2 * a), np.tan(np.pi * corner / RATE) * 2 * RATE
    numerator, denominator = a * np.array([1, slope, a]), np.array([a, slope, 1])
    unit = scale ** np.arange(3)
    b, c = signal.bilinear(numerator * unit, denominator * unit, RATE)
    for frequency in (60.0, 150.0, 250.0, 500.0, 1200.0):
        _, answer = signal.freqz(b, c, [frequency], fs=RATE)
        wanted = 20 * np.log10(abs(answer[0]))
        assert gain_db(low_shelf(corner, gain, rate_hz=RATE), frequency) == pytest.approx(wanted, abs=0.01)


def test_a_bell_is_as_wide_high_up() -> None:
    rise = bell(6500.0, 5.0, 2.2, rate_hz=RATE)
    above = [frequency for frequency in np.geomspace(2000.0, 20000.0, 400) if gain_db(rise, float(frequency)) > 2.5]
    assert np.log2(above[-1] / above[0]) == pytest.approx(2.2, abs=0.12)


def test_k_weighting_is_that_of_the_standard() -> None:
    """Coefficients at 48 kHz from ITU-R BS.1770-4, tables 1 and 2."""
    sound = noise(4)
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585]
    low_cut = [1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]
    wanted = signal.lfilter(*low_cut, signal.lfilter(*shelf, sound, axis=1), axis=1)
    assert np.abs(in_blocks(BlockFilter(kernel(k_weighting(RATE), frames=FRAMES)), sound) - wanted).max() < 1e-5


def test_an_offset_disappears() -> None:
    filtered = in_blocks(BlockFilter(kernel(high_pass(25.0, rate_hz=RATE), frames=FRAMES)), np.full((2, 40 * FRAMES), 0.5))
    assert np.abs(filtered[:, -FRAMES:]).max() < 1e-9


def test_a_gliding_corner_makes_no_click() -> None:
    """A step of the corner moves no sample by more than the tone itself moves between two samples."""
    tone = np.sin(2 * np.pi * 440.0 * np.arange(80 * FRAMES) / RATE)
    low = BlockFilter(low_pass_kernel(4000.0, rate_hz=RATE, frames=FRAMES), channels=1)
    out = []
    for index in range(80):
        low.kernel = low_pass_kernel(4000.0 * 2.0 ** (-index / 24.0), rate_hz=RATE, frames=FRAMES)
        out.append(low(tone[None, index * FRAMES : (index + 1) * FRAMES])[0])
    curvature = np.abs(np.diff(np.concatenate(out), 2))[FRAMES:]
    assert curvature.max() < 1.5 * (2 * np.pi * 440.0 / RATE) ** 2


def test_reset_forgets() -> None:
    filtering = BlockFilter(kernel(k_weighting(RATE), frames=FRAMES))
    first = filtering(noise(1))
    filtering(noise(1, seed=1))
    filtering.reset()
    assert np.array_equal(filtering(noise(1)), first)
