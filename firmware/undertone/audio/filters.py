"""Recursive filters that work on whole blocks, without a loop over samples.

Theory of operation. A filter is kept as a state space, x' = A x + B u, y = C x + D u. Over a run of S samples the output is
a fixed matrix times the input plus a fixed matrix times the state at the run's start, and the state at its end is the same
kind of sum. So a block of N runs costs four small matrix products: the output of every run from silence, what each run adds
to the state, the states at the start of all runs (a block-Toeplitz matrix of powers of A), and what those states add to the
output. The result is that of the sample-by-sample recursion, exactly, however far the poles lie inside the unit circle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BlockFilter",
    "Kernel",
    "StateSpace",
    "bell",
    "biquad",
    "high_pass",
    "k_weighting",
    "kernel",
    "low_pass",
    "low_pass_kernel",
    "low_shelf",
    "series",
]

Array = NDArray[np.float64]

RUN = 32
"""Samples in a run. The cost of a block is flat between 16 and 64."""
STEPS_PER_OCTAVE = 48
"""Grid on which the low-pass corner moves. A step of a quarter tone's half changes the response by less than 0.2 dB."""


@dataclass(frozen=True, slots=True)
class StateSpace:
    """A linear filter of order n with one input and one output."""

    a: Array
    """(n, n)."""
    b: Array
    """(n,)."""
    c: Array
    """(n,)."""
    d: float


def biquad(b: Sequence[float], a: Sequence[float]) -> StateSpace:
    """The filter with numerator b0…b2 and denominator 1, a1, a2, in transposed direct form II."""
    b0, b1, b2 = b
    _, a1, a2 = a
    return StateSpace(
        a=np.array([[-a1, 1.0], [-a2, 0.0]]), b=np.array([b1 - a1 * b0, b2 - a2 * b0]), c=np.array([1.0, 0.0]), d=b0
    )


def series(first: StateSpace, second: StateSpace) -> StateSpace:
    """The filter that puts its input through `first` and what comes out through `second`."""
    n, m = len(first.b), len(second.b)
    a = np.zeros((n + m, n + m))
    a[:n, :n], a[n:, n:] = first.a, second.a
    a[n:, :n] = np.outer(second.b, first.c)
    return StateSpace(
        a=a,
        b=np.concatenate([first.b, second.b * first.d]),
        c=np.concatenate([second.d * first.c, second.c]),
        d=first.d * second.d,
    )


def low_pass(corner_hz: float, *, rate_hz: float) -> StateSpace:
    """A second-order Butterworth low-pass whose state stays meaningful when the corner moves.

    The two states are what the integrators hold, so a change of corner bends the output and does not break it.

    Source: A. Simper, "Linear Trapezoidal Integrated State Variable Filter With Low Noise Optimisation", Cytomic 2013.
    """
    g = math.tan(math.pi * min(corner_hz, 0.45 * rate_hz) / rate_hz)
    a1 = 1.0 / (1.0 + g * (g + math.sqrt(2.0)))
    a2, a3 = g * a1, g * g * a1
    return StateSpace(
        a=np.array([[2 * a1 - 1, -2 * a2], [2 * a2, 1 - 2 * a3]]),
        b=np.array([2 * a2, 2 * a3]),
        c=np.array([a2, 1 - a3]),
        d=a3,
    )


def high_pass(corner_hz: float, *, rate_hz: float) -> StateSpace:
    """A second-order Butterworth high-pass."""
    k = math.tan(math.pi * corner_hz / rate_hz)
    a0 = 1.0 + math.sqrt(2.0) * k + k * k
    return biquad([1.0 / a0, -2.0 / a0, 1.0 / a0], [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - math.sqrt(2.0) * k + k * k) / a0])


def low_shelf(corner_hz: float, gain_db: float, *, rate_hz: float) -> StateSpace:
    """A shelf that changes what lies below the corner by so many dB, half of them at the corner, as gently as it can.

    Source: R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients", shelf slope 1.
    """
    gain, w = 10.0 ** (gain_db / 40.0), 2.0 * math.pi * corner_hz / rate_hz
    cosine, slope = math.cos(w), math.sqrt(2.0 * gain) * math.sin(w)
    more, less = gain + 1.0, gain - 1.0
    a0 = more + less * cosine + slope
    return biquad(
        [
            gain * (more - less * cosine + slope) / a0,
            2.0 * gain * (less - more * cosine) / a0,
            gain * (more - less * cosine - slope) / a0,
        ],
        [1.0, -2.0 * (less + more * cosine) / a0, (more + less * cosine - slope) / a0],
    )


def bell(centre_hz: float, gain_db: float, octaves: float, *, rate_hz: float) -> StateSpace:
    """A rise (or dip) of so many dB around a frequency; at half of the gain it is so many octaves wide.

    Source: the same cookbook, peaking filter, with its bandwidth corrected for the sampling.
    """
    gain, w = 10.0 ** (gain_db / 40.0), 2.0 * math.pi * centre_hz / rate_hz
    alpha = math.sin(w) * math.sinh(0.5 * math.log(2.0) * octaves * w / math.sin(w))
    a0, cosine = 1.0 + alpha / gain, math.cos(w)
    return biquad(
        [(1.0 + alpha * gain) / a0, -2.0 * cosine / a0, (1.0 - alpha * gain) / a0],
        [1.0, -2.0 * cosine / a0, (1.0 - alpha / gain) / a0],
    )


def k_weighting(rate_hz: float) -> StateSpace:
    """The head shelf and the low cut through which loudness is measured, at any rate.

    Source: ITU-R BS.1770-4, tables 1 and 2; the analogue prototypes that give those coefficients at 48 kHz are from
    B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145 (2018).
    """
    k, q, shelf = math.tan(math.pi * 1681.974450955533 / rate_hz), 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    knee = shelf**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    head = biquad(
        [(shelf + knee * k / q + k * k) / a0, 2.0 * (k * k - shelf) / a0, (shelf - knee * k / q + k * k) / a0],
        [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
    )
    k, q = math.tan(math.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    a0 = 1.0 + k / q + k * k
    low_cut = biquad([1.0, -2.0, 1.0], [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0])
    return series(head, low_cut)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A filter of order n, worked out for blocks of N runs of S samples."""

    through: Array
    """(S, S): a run's input to its output."""
    into: Array
    """(S, n): a run's input to what it adds to the state."""
    across: Array
    """((N + 1) n, (N + 1) n): the state before the block and what each run adds, to the state before each run and after all."""
    out: Array
    """(n, S): the state before a run to the run's output."""


def kernel(system: StateSpace, *, frames: int) -> Kernel:
    """Work a filter out for blocks of `frames` samples, a multiple of 32."""
    order, runs = len(system.b), frames // RUN
    powers = _powers(system.a, RUN + 1)
    response = np.concatenate([[system.d], powers[: RUN - 1] @ system.b @ system.c])
    lag = np.arange(RUN)[None, :] - np.arange(RUN)[:, None]
    leaps = np.concatenate([np.zeros((1, order, order)), _powers(powers[RUN], runs + 1).transpose(0, 2, 1)])
    distance = np.arange(runs + 1)[None, :] - np.arange(runs + 1)[:, None]
    across = leaps[np.maximum(distance + 1, 0)].transpose(0, 2, 1, 3)
    return Kernel(
        through=np.where(lag >= 0, response[np.abs(lag)], 0.0),
        into=powers[RUN - 1 :: -1] @ system.b,
        across=across.reshape((runs + 1) * order, (runs + 1) * order),
        out=np.ascontiguousarray((system.c @ powers[:RUN]).T),
    )


def _powers(matrix: Array, count: int) -> Array:
    """Powers 0…count − 1 of a matrix, (count, n, n), by doubling."""
    powers = np.eye(len(matrix))[None]
    leap = matrix
    while len(powers) < count:
        powers = np.concatenate([powers, leap @ powers])
        leap = leap @ leap
    return powers[:count]


@lru_cache(maxsize=48)
def _low_pass_on_grid(step: int, rate_hz: float, frames: int) -> Kernel:
    return kernel(low_pass(2.0 ** (step / STEPS_PER_OCTAVE), rate_hz=rate_hz), frames=frames)


def low_pass_kernel(corner_hz: float, *, rate_hz: float, frames: int) -> Kernel:
    """The low-pass whose corner is nearest to `corner_hz` on a grid of 48 steps an octave. Kept once worked out."""
    return _low_pass_on_grid(round(math.log2(corner_hz) * STEPS_PER_OCTAVE), rate_hz, frames)


class BlockFilter:
    """A filter at work on a stream of blocks of a fixed length."""

    def __init__(self, work: Kernel, *, channels: int = 2) -> None:
        self.kernel = work
        """May be replaced between blocks by another of the same order and length; the state goes on."""
        self._state = np.zeros((channels, work.into.shape[1]))

    def __call__(self, block: Array) -> Array:
        """The filtered block. Both (channels, frames)."""
        work = self.kernel
        channels, order = self._state.shape
        runs = np.ascontiguousarray(block).reshape(-1, RUN)
        added = (runs @ work.into).reshape(channels, -1)
        states = np.concatenate([self._state, added], axis=1) @ work.across
        self._state = states[:, -order:]
        before = states[:, :-order].reshape(-1, order)
        return (runs @ work.through + before @ work.out).reshape(block.shape)

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._state = np.zeros_like(self._state)
