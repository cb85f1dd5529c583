"""Pulse waves and conductance with known truth, for the tests of signals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from undertone.flow import Beat, Block, Channel, Response, Samples, readonly
from undertone.signals import Signals

UPSTROKE = 0.12 - 0.1 / np.sqrt(2.0)
"""Seconds from a heartbeat of `light` to its steepest rise, were it alone."""


def heartbeats(seconds: float, *, bpm: float = 70.0, breath_per_min: float = 15.0, depth: float = 0.04) -> Samples:
    """Times of heartbeats whose intervals breathe by ± depth."""
    times, t = [], 0.3
    while t < seconds:
        times.append(t)
        t += 60.0 / bpm * (1.0 + depth * np.sin(2.0 * np.pi * breath_per_min / 60.0 * t))
    return np.array(times)


def light(
    times: Samples, beats: Samples, *, level: float = 130_000.0, depth: float = 0.01, sizes: Samples | None = None
) -> Samples:
    """Counts with a pulse at each of the beats: more blood, fewer counts."""
    wave = np.zeros_like(times)
    for beat, size in zip(beats, np.ones(len(beats)) if sizes is None else sizes, strict=True):
        near = (times > beat - 1.0) & (times < beat + 1.5)
        since = times[near] - beat
        wave[near] += size * (np.exp(-(((since - 0.12) / 0.1) ** 2)) + 0.35 * np.exp(-(((since - 0.38) / 0.12) ** 2)))
    return level * (1.0 - depth * wave)


def sweat(times: Samples, onsets: Iterable[float], *, amplitude: float = 0.3, level: float = 5.0) -> Samples:
    """Microsiemens with a response at each of the onsets."""
    fine = np.arange(0.0, 30.0, 0.01)
    shape = np.exp(-fine / 4.0) - np.exp(-fine / 0.75)
    wave = np.full(len(times), level)
    for onset in onsets:
        wave += amplitude * np.interp(times - onset, fine, shape / shape.max(), left=0.0, right=0.0)
    return wave


def cut(channel: Channel, values: Samples, rate_hz: float, sizes: Sequence[int], *, t0: float = 0.0) -> list[Block]:
    """The stream as blocks of the given sizes, which are repeated as long as there are samples."""
    blocks, start, turn = [], 0, 0
    while start < len(values):
        size = sizes[turn % len(sizes)]
        blocks.append(Block(channel, t0 + start / rate_hz, rate_hz, readonly(values[start : start + size])))
        start, turn = start + size, turn + 1
    return blocks


def heard(blocks: Iterable[Block], signals: Signals | None = None) -> list[Beat | Response]:
    """All that comes of the blocks."""
    signals = Signals() if signals is None else signals
    return [value for block in blocks for value in signals.push(block)]


def matches(truth: Samples, found: Samples, tolerance: float) -> int:
    """How many of the true times have a found one of their own within the tolerance."""
    count = i = j = 0
    while i < len(truth) and j < len(found):
        if abs(found[j] - truth[i]) <= tolerance:
            count, i, j = count + 1, i + 1, j + 1
        elif found[j] < truth[i]:
            j += 1
        else:
            i += 1
    return count


def f1(truth: Samples, found: Samples, tolerance: float = 0.15, *, span: tuple[float, float] = (-np.inf, np.inf)) -> float:
    """Harmonic mean of the share of the truth that was found and the share of the found that is true, both within a span."""
    asked = truth[(truth > span[0]) & (truth < span[1])]
    given = found[(found > span[0]) & (found < span[1])]
    sensitivity = matches(asked, found, tolerance) / len(asked)
    precision = matches(truth, given, tolerance) / max(1, len(given))
    return 2.0 * sensitivity * precision / max(1e-9, sensitivity + precision)
