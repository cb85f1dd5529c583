"""A room: a feedback-delay network of eight lines.

Theory of operation. Eight delay lines of mutually prime lengths feed each other through an orthogonal (Hadamard) matrix, so
that without losses the energy would stay for ever; a gain for each line makes it decay by 60 dB in the wanted time, and a
two-tap mean in each line lets the treble die sooner, as air and curtains do. Every line is longer than a block: what a block
feeds back depends on earlier blocks only, and so a whole block is a few matrix products. Each line is heard at two places,
the nearer one early, so that the first tens of milliseconds are dense enough for plucked notes.

Source: J.-M. Jot, A. Chaigne, "Digital delay networks for designing artificial reverberators", AES 90 (1991).
"""

from __future__ import annotations

import math

import numpy as np
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
        self._places = ((np.arange(SPRAY_TAPS) + chance.random((2, SPRAY_TAPS))) * cell).astype(int)
        weights = np.where(chance.random((2, SPRAY_TAPS)) < 0.5, -1.0, 1.0) * np.geomspace(1.0, 0.5, SPRAY_TAPS)
        self._weights = (weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float32)
        self._past = np.zeros((2, int(self._places.max())), dtype=np.float32)
        self._pulses = np.empty((2, SPRAY_TAPS, frames), dtype=np.float32)
        self._frames = frames

    def __call__(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = np.concatenate([self._past, block], axis=1)
        reach = self._past.shape[1]
        for side, places in enumerate(self._places.tolist()):
            for tap, place in enumerate(places):
                self._pulses[side, tap] = heard[side, reach - place : reach - place + self._frames]
        self._past = heard[:, self._frames :]
        sprayed: NDArray[np.float32] = np.matmul(self._weights[:, None, :], self._pulses)[:, 0]
        return sprayed

    def reset(self) -> None:
        self._past = np.zeros_like(self._past)


class Reverb:
    """Stereo reverberation, 100 % wet, of about the power of what goes in.

    frames: length of a block; at most the shortest line, 24 ms.

    Raises ValueError for a longer block.
    """

    def __init__(self, *, rate_hz: float, frames: int) -> None:
        self._rate_hz = rate_hz
        self._frames = frames
        self._lengths = [_next_prime(round(ms * rate_hz / 1000.0)) for ms in LENGTHS_MS]
        if frames >= self._lengths[0]:
            raise ValueError(f"a block of {frames} frames is longer than the shortest delay line ({self._lengths[0]})")
        self._early = [round(length * share) for length, share in zip(self._lengths, EARLY, strict=True)]
        self._reach = self._lengths[-1] + 1
        self._lines = np.zeros((LINES, self._reach + 16 * frames), dtype=np.float32)
        self._head = self._reach
        self._taps = np.empty((LINES, frames + 1), dtype=np.float32)
        self._heard = np.empty((2 * LINES, frames), dtype=np.float32)
        self._spray = _Spray(rate_hz=rate_hz, frames=frames)
        mixing = _hadamard()
        self._mixing = mixing
        self._inject = mixing[:, [1, 2]].astype(np.float32)
        self._listen = (np.concatenate([mixing[:, [3, 5]], mixing[:, [6, 4]]]).T * LOUDNESS).astype(np.float32)

    def __call__(self, block: Array, seconds: float) -> Array:
        """What the room answers to a stereo block (2, frames), with a decay by 60 dB in `seconds`."""
        frames, head = self._frames, self._head
        if head + frames > self._lines.shape[1]:
            self._lines[:, : self._reach] = self._lines[:, head - self._reach : head]
            head = self._reach
        for line, length in enumerate(self._lengths):
            self._taps[line] = self._lines[line, head - length - 1 : head - length + frames]
        returning = self._taps[:, 1:] * np.float32(1.0 - DAMPING) + self._taps[:, :-1] * np.float32(DAMPING)
        gains = 10.0 ** (-3.0 * np.array(self._lengths) / (max(seconds, 0.1) * self._rate_hz))
        dry = self._spray(block.astype(np.float32))
        self._lines[:, head : head + frames] = (self._mixing * gains).astype(np.float32) @ returning + self._inject @ dry
        for line, early in enumerate(self._early):
            self._heard[line] = self._lines[line, head - early : head - early + frames]
        self._heard[LINES:] = returning
        self._head = head + frames
        # Energy of the impulse response is near 1 / (1 - g²): divide by its root so that wetness does not depend on decay.
        loss = math.sqrt(max(1e-6, 1.0 - float(np.mean(gains**2))))
        return (self._listen @ self._heard).astype(np.float64) * loss

    def reset(self) -> None:
        """Let the room fall silent at once."""
        self._lines[:] = 0.0
        self._spray.reset()
