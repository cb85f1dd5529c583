"""A little faster or slower at the same pitch.

Theory of operation. The source is copied as it is, and a pointer says where the copy ought to be. Once the two have drifted
apart by some milliseconds, a place near the pointer is sought whose next moments are most like those that would naturally
follow, and the copy goes over to it in a short crossfade. While the difference would be heard, or a stroke begins, the splice
waits for a better moment, until the drift has become as large as it may be. At speed 1 nothing drifts, so what comes out is
what went in, bit for bit.

Source: W. Verhelst, M. Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality time-scale
modification of speech", ICASSP 1993, doi 10.1109/ICASSP.1993.319366. Splicing only when the drift asks for it follows from
their similarity measure, which the natural continuation always wins as long as it is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["FASTEST", "SLOWEST", "Stretch"]

Sound = NDArray[np.float32]

SLOWEST, FASTEST = 0.9, 1.1
"""Speeds within which the splices stay inaudible on most music."""
HOP_SECONDS = 1024 / 48000
"""Length of a crossfade, and of what is compared."""
DRIFT_SECONDS = 0.02
"""How far the copy may usually be from where it ought to be. A splice of half as much again holds a period of 33 Hz."""
LEAP_SECONDS = 0.006
"""A splice moves the copy by at least this, so that splices stay rare."""
UNHEARD = 0.03
"""A splice need not wait if what differs has less than this share of the power that was heard lately."""
LATELY_SECONDS = 0.4
PRESSING, FORCED = 0.9, 1.6
"""Drift, as a share of the largest, above which any splice will do but one within a stroke, and above which any at all."""
PATIENCE = 3
"""A splice that can wait is looked for in one hop of so many."""
GLIDE_PER_SECOND = 0.05
"""How fast the speed follows what is asked for."""
COARSE = 4
"""The first search looks at the mean of so many frames."""
STROKE = 3.0
"""A part whose loudest quarter has more than this times the power of its first quarter holds the beginning of a stroke."""


class Stretch:
    """Pulls stereo sound from `read` and hands it on at another speed.

    read: asked for a number of frames, gives (2, n) of float32, n smaller than asked for at the end and only there.
    speed: at the start, .9…1.1.
    """

    def __init__(self, read: Callable[[int], Sound], *, rate_hz: float, speed: float = 1.0) -> None:
        self._read = read
        self._rate_hz = rate_hz
        self._hop = COARSE * round(HOP_SECONDS * rate_hz / COARSE)
        self._reach = round(DRIFT_SECONDS * rate_hz)
        self._leap = round(LEAP_SECONDS * rate_hz)
        self._glide = GLIDE_PER_SECOND * self._hop / rate_hz
        self._ramp = ((np.arange(self._hop, dtype=np.float32) + 1.0) / (self._hop + 1)).astype(np.float32)
        self._speed = _within(speed)
        self._source = np.zeros((2, 0), dtype=np.float32)
        self._head = 0
        """Frame of `_source` that is copied next."""
        self._drift = 0.0
        """Frames by which the copy is ahead of where it ought to be."""
        self._ready = np.zeros((2, 0), dtype=np.float32)
        self._ended = False
        self._waited = 0
        self._lately = 0.0
        """Power of the last moments."""
        self.splices = 0
        """Made so far."""

    def __call__(self, frames: int, speed: float) -> Sound:
        """The next frames (2, frames), fewer only at the end of the source."""
        parts, missing = [self._ready], frames - self._ready.shape[1]
        while missing > 0:
            part = self._next(_within(speed))
            if part.shape[1] == 0:
                break
            parts.append(part)
            missing -= part.shape[1]
        sound = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        self._ready = sound[:, frames:]
        return sound[:, :frames]

    def _next(self, speed: float) -> Sound:
        """One hop of output, or what is left of it."""
        self._speed += min(max(speed - self._speed, -self._glide), self._glide)
        self._fill()
        hop, head = self._hop, self._head
        plain = self._source[:, head : head + hop]
        if plain.shape[1] < hop:
            self._head += plain.shape[1]
            return plain
        power = float(np.vdot(plain, plain)) / hop
        self._lately += (power - self._lately) * min(1.0, hop / (LATELY_SECONDS * self._rate_hz))
        place = self._splice() if abs(self._drift) > 0.5 * self._reach else None
        self._drift += hop * (1.0 - self._speed)
        self._head += hop
        if place is None:
            return plain
        start, likeness = place
        self._drift += start - head
        self._head = start + hop
        self._waited = 0
        self.splices += 1
        # What is alike adds up in amplitude, what is not in power: in between, the sum of both keeps the level even.
        rest = 1.0 - self._ramp
        level = np.sqrt(self._ramp**2 + rest**2 + 2.0 * max(likeness, 0.0) * self._ramp * rest)
        mixed: Sound = (plain * rest + self._source[:, start : start + hop] * self._ramp) / level
        return mixed

    def _fill(self) -> None:
        """Keep enough behind and ahead of the head for any splice."""
        behind = 3 * self._reach
        if self._head > 5 * behind:
            self._source = self._source[:, self._head - behind :]
            self._head = behind
        ahead = self._head + 3 * self._reach + 2 * self._hop
        while not self._ended and self._source.shape[1] < ahead:
            wanted = 4 * self._hop
            new = self._read(wanted)
            self._ended = new.shape[1] < wanted
            self._source = np.concatenate([self._source, new], axis=1)

    def _splice(self) -> tuple[int, float] | None:
        """Where to go on from instead, and how alike it is; None to wait."""
        hop, head = self._hop, self._head
        drift = abs(self._drift) / self._reach
        self._waited += 1
        if drift < PRESSING and self._waited % PATIENCE != 1:
            return None
        due = head - round(self._drift)
        # Towards where the copy ought to be, and so little beyond that no splice back follows at once.
        beyond = self._reach // 2
        low, high = (due - beyond, head - self._leap) if self._drift > 0 else (head + self._leap, due + beyond)
        low, high = max(low, 0), min(high, self._source.shape[1] - hop)
        if high - low < COARSE:
            return None
        mono = self._source[0, low : high + hop] + self._source[1, low : high + hop]
        pattern = self._source[0, head : head + hop] + self._source[1, head : head + hop]
        start, likeness = self._most_alike(mono, pattern)
        found = mono[start : start + hop]
        if drift < FORCED:
            different = (1.0 - likeness) * float(np.dot(pattern, pattern) + np.dot(found, found)) / (2 * hop)
            heard = drift < PRESSING and different > UNHEARD * self._lately
            if heard or _begins(pattern) or _begins(found):
                return None
        return low + start, likeness

    def _most_alike(self, sound: Sound, pattern: Sound) -> tuple[int, float]:
        """Where in `sound` the pattern correlates best, and how well: first coarsely everywhere, then finely around there."""
        count = len(sound) // COARSE * COARSE
        coarse = sound[:count].reshape(-1, COARSE).mean(axis=1)
        places = _correlation(coarse, pattern.reshape(-1, COARSE).mean(axis=1))
        middle = int(np.argmax(places)) * COARSE
        first = max(0, middle - COARSE)
        last = min(len(sound) - len(pattern), middle + COARSE)
        fine = _correlation(sound[first : last + len(pattern)], pattern)
        best = int(np.argmax(fine))
        return first + best, float(fine[best])


def _correlation(sound: Sound, pattern: Sound) -> Sound:
    """Normalised correlation of the pattern with every place of the sound, −1…1."""
    power = float(np.dot(pattern, pattern))
    sums = np.concatenate([np.zeros(1), np.cumsum(sound.astype(np.float64) ** 2)])
    powers = np.maximum(sums[len(pattern) :] - sums[: -len(pattern)], 0.0)
    products = np.correlate(sound, pattern, mode="valid")
    result: Sound = (products / np.sqrt(powers * power + 1e-12)).astype(np.float32)
    return result


def _begins(sound: Sound) -> bool:
    """Whether a stroke begins within."""
    quarters = np.square(sound[: len(sound) // 4 * 4].reshape(4, -1)).sum(axis=1)
    return bool(quarters.max() > STROKE * quarters[0] + 1e-9)


def _within(speed: float) -> float:
    return min(max(speed, SLOWEST), FASTEST) if math.isfinite(speed) else 1.0
