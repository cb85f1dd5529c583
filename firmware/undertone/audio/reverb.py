"""A room: a feedback-delay network of eight lines.

Theory of operation. Eight delay lines of mutually prime lengths feed each other through an orthogonal (Hadamard) matrix, so
that without losses the energy would stay for ever; a gain for each line makes it decay by 60 dB in the wanted time, and a
two-tap mean in each line lets the treble die sooner, as air and curtains do. Every line is longer than a block: what a block
feeds back depends on earlier blocks only, and so a whole block is a few matrix products. A longer block is cut in parts.
Each line is heard at two places, the nearer one early, so that the first tens of milliseconds are dense enough for plucked
notes.

Source: J.-M. Jot, A. Chaigne, "Digital delay networks for designing artificial reverberators", AES 90 (1991).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["Reverb"]

Array = NDArray[np.float64]

LINES = 8
LENGTHS_MS = (24.0, 29.7, 36.7, 45.3, 55.9, 68.3, 83.1, 101.9)
"""Their sum, 0.44 s, is above 0.15 times the longest decay, below which single modes would ring through."""
EARLY = (0.31, 0.83, 0.47, 0.11, 0.67, 0.23, 0.53, 0.17)
"""Where along its length each line is heard first."""
DAMPING = 0.22
"""Weight of the second tap: a loss of 0.3 dB a pass at 5 kHz and 1.2 dB at 10 kHz."""
SPRAY_SECONDS = 0.03
SPRAY_TAPS = 24
"""What enters a line is first sprayed into this many pulses of either sign, so that even the first echoes are dense."""
LOUDNESS = 2.0
"""Makes the power of the answer to noise that of the noise."""


def _next_prime(number: int) -> int:
    while any(number % divisor == 0 for divisor in range(2, math.isqrt(number) + 1)):
        number += 1
    return number


def _hadamard() -> Array:
    two = np.array([[1.0, 1.0], [1.0, -1.0]])
    return np.kron(np.kron(two, two), two) / math.sqrt(LINES)


class _Spray:
    """A sparse filter of pulses of either sign, one in each cell of an even grid, dying away by 6 dB; the sides differ.

    Source: V. Välimäki and others, "Late reverberation synthesis using filtered velvet noise", Applied Sciences 7 (2017).
    """

    def __init__(self, *, rate_hz: float, frames: int) -> None:
        chance = np.random.default_rng(17)
        cell = SPRAY_SECONDS * rate_hz / SPRAY_TAPS
        places = ((np.arange(SPRAY_TAPS) + chance.random((2, SPRAY_TAPS))) * cell).astype(int)
        weights = np.where(chance.random((2, SPRAY_TAPS)) < 0.5, -1.0, 1.0) * np.geomspace(1.0, 0.5, SPRAY_TAPS)
        self._weights = (weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float32)[:, None, :]
        self._frames = frames
        self._reach = int(places.max())
        self._heard = np.zeros((2, self._reach + frames), dtype=np.float32)
        self._windows = sliding_window_view(self._heard.reshape(-1), frames)
        self._starts = np.arange(2)[:, None] * self._heard.shape[1] + self._reach - places

    def __call__(self, block: Array) -> NDArray[np.float32]:
        self._heard[:, : self._reach] = self._heard[:, self._frames :]
        self._heard[:, self._reach :] = block
        sprayed: NDArray[np.float32] = np.matmul(self._weights, self._windows[self._starts])[:, 0]
        return sprayed

    def reset(self) -> None:
        self._heard[:] = 0.0


class Reverb:
    """Stereo reverberation, 100 % wet, of about the power of what goes in.

    frames: length of a block.
    """

    def __init__(self, *, rate_hz: float, frames: int) -> None:
        self._rate_hz = rate_hz
        lengths = [_next_prime(round(ms * rate_hz / 1000.0)) for ms in LENGTHS_MS]
        # A part may not be longer than the shortest line, so that it feeds back nothing of itself.
        self._part = max(part for part in range(1, min(frames, lengths[0]) + 1) if frames % part == 0)
        self._lengths = np.array(lengths)
        self._spray = _Spray(rate_hz=rate_hz, frames=self._part)
        self._reach = lengths[-1] + 1
        size = self._reach + 16 * self._part
        self._lines = np.zeros((LINES, size), dtype=np.float32)
        self._head = self._reach
        self._windows = sliding_window_view(self._lines.reshape(-1), self._part)
        self._late = np.arange(LINES) * size - self._lengths
        self._early = np.arange(LINES) * size - np.round(self._lengths * EARLY).astype(int)
        mixing = _hadamard()
        self._mixing = mixing
        self._inject = mixing[:, [1, 2]].astype(np.float32)
        self._listen_early = (mixing[:, [3, 5]].T * LOUDNESS).astype(np.float32)
        self._listen_late = (mixing[:, [6, 4]].T * LOUDNESS).astype(np.float32)
        self._seconds = 0.0
        self._feedback = self._inject
        self._loss = 0.0

    def __call__(self, block: Array, seconds: float) -> Array:
        """What the room answers to a stereo block (2, frames), with a decay by 60 dB in `seconds`."""
        if seconds != self._seconds:
            self._decay_in(seconds)
        part = self._part
        parts = [self._answer(block[:, start : start + part]) for start in range(0, block.shape[1], part)]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def _decay_in(self, seconds: float) -> None:
        self._seconds = seconds
        gains = 10.0 ** (-3.0 * self._lengths / (max(seconds, 0.1) * self._rate_hz))
        self._feedback = (self._mixing * gains).astype(np.float32)
        # The energy of the impulse response is near 1 / (1 - g²): by its root, wetness does not depend on the decay.
        self._loss = math.sqrt(max(1e-6, 1.0 - float(np.mean(gains**2))))

    def _answer(self, dry: Array) -> NDArray[np.float32]:
        part, head = self._part, self._head
        if head + part > self._lines.shape[1]:
            self._lines[:, : self._reach] = self._lines[:, head - self._reach : head]
            head = self._reach
        late = self._windows[self._late + head]
        returning = late * np.float32(1.0 - DAMPING) + self._windows[self._late + (head - 1)] * np.float32(DAMPING)
        self._lines[:, head : head + part] = self._feedback @ returning + self._inject @ self._spray(dry)
        heard: NDArray[np.float32] = self._listen_early @ self._windows[self._early + head] + self._listen_late @ returning
        self._head = head + part
        heard *= np.float32(self._loss)
        return heard

    def reset(self) -> None:
        """Let the room fall silent at once."""
        self._lines[:] = 0.0
        self._spray.reset()
