"""Streaming filters that work on chunks of a fixed number of samples.

Theory of operation. Rounding depends on how sums are grouped. If every filter sees the stream in the same chunks, counted from
the start of an unbroken run, then its output is the same to the last bit however the stream arrived. `Chunks` does the
regrouping; the filters below may then be plain numpy on short arrays.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from undertone.flow import Samples

__all__ = ["Chunks", "Fir", "Means", "hann", "odd"]


def odd(length: float) -> int:
    """The odd number of samples nearest to a length, at least 1."""
    return 2 * max(0, round((length - 1.0) / 2.0)) + 1


def hann(length: int) -> Samples:
    """A Hann window of this many samples, none of them zero, with sum 1. Shape (length,)."""
    window = np.sin(np.pi * np.arange(1, length + 1) / (length + 1)) ** 2
    return np.asarray(window / window.sum(), dtype=np.float64)


class Chunks:
    """Regroups whatever arrives into chunks of `size` samples."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = np.empty(0)

    def push(self, values: Samples) -> Iterator[Samples]:
        """The chunks that are now complete, each of shape (size,)."""
        stream = np.concatenate((self._rest, values)) if len(self._rest) else values
        whole = len(stream) - len(stream) % self._size
        self._rest = stream[whole:].copy()
        for start in range(0, whole, self._size):
            yield stream[start : start + self._size]


class Fir:
    """A finite impulse response filter. Before its first sample it has seen zeros."""

    def __init__(self, kernel: Samples) -> None:
        self._reversed = kernel[::-1].copy()
        self._past = np.zeros(len(kernel) - 1)

    def push(self, chunk: Samples) -> Samples:
        """The filtered chunk, shape as given, delayed by (len(kernel) − 1) / 2 samples when the kernel is symmetric."""
        stream = np.concatenate((self._past, chunk))
        self._past = stream[len(stream) - len(self._past) :]
        return np.correlate(stream, self._reversed, "valid")


class Means:
    """Two running means of different length around the same sample.

    half_short, half_long: how many samples each reaches to either side.
    """

    def __init__(self, half_short: int, half_long: int) -> None:
        self._short = half_short
        self._long = half_long
        self._past = np.zeros(2 * half_long)

    def push(self, chunk: Samples) -> tuple[Samples, Samples]:
        """The short and the long mean, each of shape (n,), around the samples `half_long` before those of the chunk."""
        stream = np.concatenate((self._past, chunk))
        self._past = stream[len(stream) - len(self._past) :]
        sums = np.zeros(len(stream) + 1)
        np.cumsum(stream, out=sums[1:])
        n, short, long = len(chunk), self._short, self._long
        over_long = (sums[2 * long + 1 :] - sums[:n]) / (2 * long + 1)
        first = long - short
        over_short = (sums[first + 2 * short + 1 : first + 2 * short + 1 + n] - sums[first : first + n]) / (2 * short + 1)
        return over_short, over_long
