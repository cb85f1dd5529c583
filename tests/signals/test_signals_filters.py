"""Streaming filters against scipy, and the time of samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from undertone.flow import Block, Channel, readonly
from undertone.signals.filters import Chunks, Fir, Means, hann, odd
from undertone.signals.memory import Memory
from undertone.signals.stamps import Stamps


def block(t0: float, count: int, rate_hz: float = 100.0, lost: int = 0) -> Block:
    return Block(Channel.INFRARED, t0, rate_hz, readonly(np.zeros(count)), lost)


@pytest.mark.parametrize("rate", [25, 64, 100, 250])
def test_smoothing_is_the_hann_window_of_scipy_and_passes_the_heart_but_not_the_mains(rate: int) -> None:
    kernel = hann(odd(0.2 * rate))
    window = signal.get_window("hann", len(kernel) + 2, fftbins=False)[1:-1]
    assert kernel == pytest.approx(window / window.sum())
    _, response = signal.freqz(kernel, worN=[0.0, 2.0, 50.0], fs=rate)
    assert abs(response[0]) == pytest.approx(1.0)
    assert abs(response[1]) > 0.8
    if rate >= 100:
        assert abs(response[2]) < 0.01


def test_fir_in_chunks_is_lfilter_over_all() -> None:
    stream = np.random.default_rng(1).normal(size=400)
    kernel = hann(11)
    fir = Fir(kernel)
    assert np.concatenate([fir.push(chunk) for chunk in Chunks(20).push(stream)]) == pytest.approx(
        signal.lfilter(kernel, [1.0], stream)
    )


def test_means_are_centred() -> None:
    stream = np.random.default_rng(1).normal(size=200)
    means = Means(2, 7)
    parts = [means.push(stream[start : start + 10]) for start in range(0, 200, 10)]
    short = np.concatenate([part[0] for part in parts])
    long = np.concatenate([part[1] for part in parts])
    for arrival in range(20, 200):
        centre = arrival - 7
        assert short[arrival] == pytest.approx(stream[centre - 2 : centre + 3].mean())
        assert long[arrival] == pytest.approx(stream[centre - 7 : centre + 8].mean())


def test_chunks_keep_what_is_left_over() -> None:
    chunks = Chunks(5)
    got = [
        c.tolist() for part in ([0, 1, 2], [3, 4, 5, 6, 7, 8, 9, 10], [11]) for c in chunks.push(np.array(part, dtype=float))
    ]
    assert got == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_stamps_tell_a_gap_from_a_trembling_stamp() -> None:
    stamps = Stamps(slack=0.025)
    assert not stamps.continues(block(0.0, 10))
    stamps.add(block(0.0, 10))
    assert stamps.continues(block(0.1, 10))
    assert stamps.continues(block(0.104, 10))
    assert not stamps.continues(block(0.15, 10))
    assert not stamps.continues(block(0.05, 10))
    assert not stamps.continues(block(0.1, 10, lost=1))
    assert not stamps.continues(block(0.1, 10, rate_hz=64.0))
    stamps.interrupt()
    assert not stamps.continues(block(0.1, 10))


def test_stamps_follow_the_measured_times() -> None:
    stamps = Stamps(slack=0.025)
    stamps.add(block(5.0, 100))
    stamps.add(block(6.01, 100, rate_hz=101.0))
    assert stamps.time(50.0) == pytest.approx(5.5)
    assert stamps.time(150.5) == pytest.approx(6.01 + 50.5 / 101.0)


def test_memory_gives_what_lies_in_the_window_and_forgets_the_rest() -> None:
    memory = Memory(10.0)
    for t in range(2000):
        memory.add(float(t), 2.0 * t)
    assert memory.values(1990.0, 1993.0) == [3982.0, 3984.0, 3986.0]
    assert memory.count(1990.0, 1993.0) == 3
    assert memory.newest(1995.5) == (1995.0, 3990.0)
    assert memory.newest(5.0) is None
    memory.add(3.0, 1.0)
    assert memory.newest(9e9) == (1999.0, 3998.0)
    assert memory.count(-1.0, 9e9) < 300
