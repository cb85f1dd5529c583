"""Onsets and tempo of recorded music, from how its spectra rise.

Theory of operation. An onset is a peak of the rise above what is usual around it. The tempo is sought twice: the correlation of
the rise with itself finds about how far beats lie apart, leaning towards tempi at which people tap, and a fine comb of
frequencies around there finds how far exactly and where the first beat lies. Music in free time has no such comb, and then
there is no tempo.

Source: S. Dixon, "Onset detection revisited", DAFx-06; D. Ellis, "Beat tracking by dynamic programming", J. New Music Research
36 (2007), whose weighting of tempi is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pace", "paced"]

Array = NDArray[np.float64]

TEMPI_BPM = (40.0, 200.0)
USUAL_BPM = 95.0
OCTAVES = 0.9
"""Deviation of the weighting of tempi around the usual one."""
AROUND_SECONDS = 0.8
"""What is usual is the mean over so long on both sides."""
ONSET = 1.6
"""A peak is an onset above this many times what is usual."""
APART_SECONDS = 0.06
CANDIDATES = 5
CLEAR = 0.22
"""Share of the rise that must follow the beat for it to be called clear."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a recording moves."""

    onsets_per_second: float
    tempo_bpm: float | None
    """None where there is no clear beat."""
    first_beat: float | None
    """Second of a beat, with `tempo_bpm`."""


def paced(parts: Sequence[tuple[float, Array]], *, step: float) -> Pace:
    """The pace of excerpts, each with its second and the rise of its spectra every `step` seconds."""
    rises = [_sharp(flux, step) for _, flux in parts]
    seconds = sum(len(rise) for rise in rises) * step
    onsets = sum(_onsets(rise, step) for rise in rises)
    index = max(range(len(rises)), key=lambda k: len(rises[k]))
    tempo, offset = _tempo(rises[index], step)
    beat = None if tempo is None else round(parts[index][0] + offset, 3)
    return Pace(onsets / max(seconds, step), tempo, beat)


def _around(values: Array, step: float) -> Array:
    """Mean of what is around each value."""
    reach = max(1, min(round(AROUND_SECONDS / step), len(values) // 2))
    padded = np.pad(values, reach, mode="edge")
    sums = np.concatenate([np.zeros(1), np.cumsum(padded)])
    means: Array = (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)
    return means


def _sharp(flux: Array, step: float) -> Array:
    """The rise above what is usual around, in units of that."""
    # The very first spectra rise from nothing, which is no onset.
    flux = flux.copy()
    flux[:2] = 0.0
    usual = _around(flux, step)
    sharp: Array = flux / (usual + 0.1 * float(flux.mean()) + 1e-9)
    return sharp


def _onsets(rise: Array, step: float) -> int:
    reach = max(1, round(APART_SECONDS / step))
    count, last = 0, -reach
    for place in np.flatnonzero(rise > ONSET).tolist():
        if place - last >= reach and rise[place] >= rise[max(0, place - reach) : place + reach + 1].max():
            count, last = count + 1, place
    return count


def _tempo(rise: Array, step: float) -> tuple[float | None, float]:
    """Beats per minute and second of a beat; None where the beat is not clear."""
    longest = round(60.0 / TEMPI_BPM[0] / step)
    if len(rise) < 4 * longest:
        return None, 0.0
    signal = np.maximum(rise - 1.0, 0.0)
    signal -= signal.mean()
    size = 1 << (2 * len(signal)).bit_length()
    alike = np.fft.irfft(np.abs(np.fft.rfft(signal, size)) ** 2)[: longest + 1]
    lags = np.arange(round(60.0 / TEMPI_BPM[1] / step), longest + 1)
    weights = np.exp(-0.5 * (np.log2(60.0 / (lags * step) / USUAL_BPM) / OCTAVES) ** 2)
    weighted = alike[lags] * weights
    peaks = lags[1:-1][(weighted[1:-1] > weighted[:-2]) & (weighted[1:-1] >= weighted[2:])]
    if not len(peaks):
        return None, 0.0
    likely = peaks[np.argsort(-weighted[peaks - lags[0]], kind="stable")[:CANDIDATES]]
    tempi = np.concatenate([60.0 / (lag * step) * np.linspace(0.98, 1.02, 81) for lag in likely.tolist()])
    time = np.arange(len(signal)) * step
    # Where the notes between the beats are as strong as those on them, only twice the tempo stands out.
    combs, halves = (np.exp(-2j * math.pi * times * tempi[:, None] / 60.0 * time) @ signal for times in (1.0, 2.0))
    strength = np.maximum(np.abs(combs), np.abs(halves))
    leaning = np.exp(-0.5 * (np.log2(tempi / USUAL_BPM) / OCTAVES) ** 2)
    best = int(np.argmax(strength * leaning))
    if float(strength[best]) < CLEAR * max(float(np.abs(signal).sum()), 1e-9):
        return None, 0.0
    tempo = float(tempi[best])
    turn = float(np.angle(combs[best])) if 2.0 * abs(combs[best]) > abs(halves[best]) else 0.5 * float(np.angle(halves[best]))
    return round(tempo, 2), -turn / (2.0 * math.pi) % 1.0 * 60.0 / tempo
