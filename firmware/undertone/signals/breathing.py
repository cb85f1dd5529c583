"""Breathing rate, from what breathing does to the pulse.

Theory of operation. Breathing in quickens the heart, and moves the size and the base line of the pulse wave. For each of the
three, the values at clean beats of the last 48 s become a spectrum over 4.5–32 breaths a minute, weighted by the square of the
frequency (that is, the spectrum of its changes), because slower rhythms of the vessels near 6 a minute are often the larger
ones. The three spectra, each with the same power, are added, and breathing is where the sum peaks. If no more than 35 % of the
sum lies within 1.5 a minute of that peak, then the three disagree or show nothing, and the answer is None.

A rate above half the heart rate cannot be seen in heartbeats and is not looked for.

Source: the three modulations and their fusion after Karlen and others 2013, IEEE TBME 60(7):1946–1953,
doi:10.1109/TBME.2013.2246160; adding spectra so that agreement decides is ours.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from undertone.flow import Beat, BeatFlag, Samples
from undertone.signals.pulse import Upstroke

__all__ = ["Breathing"]

_WINDOW = 48.0
_GRID_HZ = 4.0
_LEAST_SPAN = 36.0
_LEAST_COVERED = 0.75
_STALE = 5.0
_EVERY = 2.0
_PER_MIN = np.arange(4.5, 32.1, 0.25)
_NEAR = 6
_LEAST_SHARE = 0.35


class Breathing:
    """Remembers the clean beats of the last 48 s and what breathing did to them."""

    def __init__(self) -> None:
        self._beats: deque[tuple[float, float, float, float]] = deque()
        self._fourier: Samples | None = None
        self._answer: tuple[float, float | None] = (-np.inf, None)

    def push(self, beat: Beat, upstroke: Upstroke | None) -> None:
        """Take note of a beat; of an artefact nothing is kept. upstroke: None when only the beat is known."""
        if beat.flag is not BeatFlag.CLEAN or beat.interval is None:
            return
        height, level = (upstroke.height, upstroke.level) if upstroke is not None else (0.0, 0.0)
        self._beats.append((beat.t, beat.interval, height, level))
        while self._beats[0][0] <= beat.t - _WINDOW:
            self._beats.popleft()

    def per_min(self, now: float) -> float | None:
        """Breaths a minute over the last 48 s; None when the modulations disagree or too few beats are clean.

        It is estimated anew when there is a clean beat at least 2 s after the newest one of the last estimate.
        """
        if not self._beats or now - self._beats[-1][0] > _STALE:
            return None
        newest = self._beats[-1][0]
        if newest - self._answer[0] >= _EVERY:
            self._answer = (newest, self._estimate())
        return self._answer[1]

    def _estimate(self) -> float | None:
        beats = np.array(self._beats)
        times, intervals = beats[:, 0], beats[:, 1]
        span = times[-1] - times[0]
        if span < _LEAST_SPAN or intervals.sum() < _LEAST_COVERED * span:
            return None
        visible = np.flatnonzero(_PER_MIN * intervals.mean() <= 30.0)
        total = self._spectra(times, beats[:, 1:]).sum(axis=0)[visible]
        if not total.any() or _share(total) < _LEAST_SHARE:
            return None
        return _refined(total)

    def _spectra(self, times: Samples, columns: Samples) -> Samples:
        """Power at each of the rates for each column that varies, shape (columns, rates), each with sum 1."""
        if self._fourier is None:
            self._fourier = _fourier()
        grid = times[-1] - np.arange(self._fourier.shape[1])[::-1] / _GRID_HZ
        away = columns - np.median(columns, axis=0)
        spread = 1.4826 * np.median(np.abs(away), axis=0)
        varies = spread > 0.0
        tame = np.clip(away[:, varies] / spread[varies], -4.0, 4.0)
        waves = np.array([np.interp(grid, times, wave, left=0.0) for wave in tame.T]).reshape(-1, len(grid))
        parts = waves @ self._fourier.T
        power = (parts[:, : len(_PER_MIN)] ** 2 + parts[:, len(_PER_MIN) :] ** 2) * _PER_MIN**2
        return np.asarray(power / power.sum(axis=1, keepdims=True))


def _fourier() -> Samples:
    """Takes a window of samples to its cosine and sine parts at each rate: removes the line through it, applies a Hann window.

    Shape (2 × rates, samples).
    """
    count = round(_WINDOW * _GRID_HZ)
    t = np.arange(count) / _GRID_HZ
    line, _ = np.linalg.qr(np.stack((np.ones(count), t), axis=1))
    angle = 2.0 * np.pi * np.outer(_PER_MIN / 60.0, t)
    waves = np.concatenate((np.cos(angle), np.sin(angle))) * np.hanning(count)
    return np.asarray(waves - (waves @ line) @ line.T)


def _share(spectrum: Samples) -> float:
    """Share of the power within 1.5 a minute of the peak; 0 when the peak lies at either end."""
    peak = int(np.argmax(spectrum))
    if not 0 < peak < len(spectrum) - 1:
        return 0.0
    return float(spectrum[max(0, peak - _NEAR) : peak + _NEAR + 1].sum() / spectrum.sum())


def _refined(spectrum: Samples) -> float:
    """The rate at the peak, finer than the grid."""
    peak = int(np.argmax(spectrum))
    left, top, right = spectrum[peak - 1 : peak + 2].tolist()
    step = float(_PER_MIN[1] - _PER_MIN[0])
    return float(_PER_MIN[peak] + 0.5 * step * (left - right) / (left - 2.0 * top + right))
