"""What sound is like, in figures, read in one go from beginning to end, however long it is.

Theory of operation. `SoundMeter` takes blocks of stereo as they come and keeps a few numbers for each tenth of a second:
the K-weighted energy, the energy of the fold-down to mono, the highest sample, the spectrum in bands of a sixth of an octave
and its centroid. Everything else is worked out from those, so an hour takes some tens of megabytes.

Loudness is that of BS.1770-4: blocks of .4 s, three quarters overlapping, first those over −70 LUFS, of these those within
10 LU of their mean. Loudness range is that of EBU Tech 3342: 3 s, within 20 LU, from the 10th to the 95th percentile. True peak
is four times oversampled; it is looked for only where the samples come near the highest seen.

A click is a place where the signal is bent, within a sample or two, much more than anywhere in the millisecond around it: an
onset, however sharp, bends it for longer than that.

Source: ITU-R BS.1770-4; EBU Tech 3341, 3342; music.md §3.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undertone.audio.filters import BlockFilter, k_weighting, kernel
from undertone.report.measures_clicks import ClickFinder

__all__ = ["HOPS_PER_SECOND", "SoundCurves", "SoundMeasures", "SoundMeter", "energy_of", "integrated", "loudness_range"]

Array = NDArray[np.float64]

HOPS_PER_SECOND = 10
"""Rows a second in what is kept."""
MOMENTARY, SHORT_TERM = 4, 30
"""Hops of momentary (.4 s) and of short-term loudness (3 s)."""
OFFSET_DB = -0.691
"""BS.1770: a 997 Hz sine of 0 dBFS in one channel measures −3.01 LUFS."""
SILENT_LUFS, GATE_LU, RANGE_GATE_LU = -70.0, -10.0, -20.0
CHUNK = 4096
"""Frames filtered at a time."""
WINDOW = 4096
"""Frames of a spectrum: 85 ms at 48 kHz."""
HIGH_HZ = 4000.0
PHASES, TAPS = 4, 24
"""Of the oversampling, and samples that each value between samples rests on."""
NEAR = 0.5
"""Chunks whose samples stay under this share of the highest peak so far cannot hold a higher one."""
LOWEST_HZ, BANDS_PER_OCTAVE, BANDS = 30.0, 6, 56


@dataclass(frozen=True)
class SoundCurves:
    """What was kept of every tenth of a second."""

    seconds: Array
    """End of each hop, (n,)."""
    energy: Array
    """K-weighted mean square, summed over the channels, (n,)."""
    peak: Array
    """Highest sample, (n,)."""
    centroid_hz: Array
    """Centre of gravity of the power spectrum; NaN where it is silent, (n,)."""
    bands_db: Array
    """Power in bands of a sixth of an octave, 0 dB for a full-scale sine in both channels, (n, 56)."""
    bands_hz: Array
    """Lower edges of the bands, and last the upper edge of the highest, (57,)."""

    def momentary(self) -> Array:
        """Loudness over the last .4 s at each hop, LUFS; −inf for silence."""
        return _sliding(self.energy, MOMENTARY)

    def short_term(self) -> Array:
        """Loudness over the last 3 s at each hop, LUFS; −inf for silence."""
        return _sliding(self.energy, SHORT_TERM)


@dataclass(frozen=True, slots=True)
class SoundMeasures:
    """A sound in figures. None where it is silent."""

    seconds: float
    lufs: float | None
    """Integrated loudness."""
    range_lu: float | None
    """Loudness range; None where there are not 3 s."""
    true_peak_db: float | None
    """dB relative to full scale."""
    centroid_hz: float | None
    """Centre of gravity of the mean power spectrum."""
    high_share: float | None
    """Share of the power above 4 kHz, 0…1."""
    dc_share: float | None
    """Largest offset of a channel as a share of its highest sample, 0…1."""
    mono_loss_db: float | None
    """What is lost of the energy when the channels are added to one: 0 for the same on both sides, 3 for two that have
    nothing to do with each other, more where they cancel out."""
    clicks: int
    """Places where the signal jumps."""
    click_seconds: tuple[float, ...] = ()
    """Where the first of them are."""


class SoundMeter:
    """Takes stereo sound block by block and tells what it was like."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._weighting = BlockFilter(kernel(k_weighting(rate_hz), frames=CHUNK))
        self._hop = rate_hz // HOPS_PER_SECOND
        self._rest = np.zeros((2, 0))
        self._weighted = np.zeros((2, 0))
        self._before = np.zeros((2, WINDOW))
        self._window = np.hanning(WINDOW)
        self._hz = np.fft.rfftfreq(WINDOW, 1.0 / rate_hz)
        self._edges = LOWEST_HZ * 2.0 ** (np.arange(BANDS + 1) / BANDS_PER_OCTAVE)
        self._between_bins = np.append(self._hz, self.rate_hz / 2.0 + self._hz[1]) - 0.5 * self._hz[1]
        self._spectrum = np.zeros(len(self._hz))
        self._rows: list[tuple[float, float, float]] = []
        self._bands: list[NDArray[np.float32]] = []
        self._between = _oversampling()
        self._tail = np.zeros((2, TAPS))
        self._clicks = ClickFinder(rate_hz)
        self._frames, self._peak, self._true_peak = 0, np.zeros(2), 0.0
        self._sum, self._mid, self._sides = np.zeros(2), 0.0, 0.0

    def push(self, frames: NDArray[np.floating]) -> None:
        """Take the next frames, shape (n, 2), −1…1."""
        sound = np.concatenate([self._rest, np.asarray(frames, dtype=np.float64).T], axis=1)
        whole = sound.shape[1] // CHUNK * CHUNK
        self._rest = sound[:, whole:]
        for start in range(0, whole, CHUNK):
            self._take(np.ascontiguousarray(sound[:, start : start + CHUNK]), CHUNK)

    def finish(self) -> tuple[SoundMeasures, SoundCurves]:
        """What it was like; nothing can be pushed afterwards."""
        left = self._rest.shape[1]
        if left:
            padded = np.zeros((2, CHUNK))
            padded[:, :left] = self._rest
            self._take(padded, left)
        curves = self._curves()
        sounding = self._frames > 0 and bool(self._peak.max() > 0.0)
        power, above = self._spectrum.sum(), self._spectrum[self._hz > HIGH_HZ].sum()
        loudness = integrated(curves.energy)
        measures = SoundMeasures(
            seconds=self._frames / self.rate_hz,
            lufs=loudness,
            range_lu=loudness_range(curves.energy),
            true_peak_db=20.0 * math.log10(max(self._true_peak, self._peak.max())) if sounding else None,
            centroid_hz=float(self._hz @ self._spectrum / power) if power > 0.0 else None,
            high_share=float(above / power) if power > 0.0 else None,
            dc_share=float(np.max(np.abs(self._sum) / self._frames / np.maximum(self._peak, 1e-9))) if sounding else None,
            mono_loss_db=10.0 * math.log10(self._sides / max(self._mid, 1e-12 * self._sides)) if sounding else None,
            clicks=self._clicks.count,
            click_seconds=tuple(self._clicks.seconds),
        )
        return measures, curves

    def _take(self, chunk: Array, frames: int) -> None:
        """Take a chunk (2, 4096), of which so many frames count."""
        real = chunk[:, :frames]
        self._weighted = np.concatenate([self._weighted, self._weighting(chunk)[:, :frames] ** 2], axis=1)
        self._before = np.concatenate([self._before, real], axis=1)
        self._look_for_peaks(real)
        self._clicks.push(real)
        self._sum += real.sum(axis=1)
        self._mid += float(np.sum((0.5 * (real[0] + real[1])) ** 2))
        self._sides += float(np.sum(0.5 * (real[0] ** 2 + real[1] ** 2)))
        self._frames += frames
        while self._weighted.shape[1] >= self._hop:
            self._hop_done()

    def _hop_done(self) -> None:
        hop = self._hop
        end = self._before.shape[1] - (self._weighted.shape[1] - hop)
        spectrum = np.sum(np.abs(np.fft.rfft(self._before[:, end - WINDOW : end] * self._window, axis=1)) ** 2, axis=0)
        spectrum /= 0.5 * WINDOW * float(np.sum(self._window**2))
        power = float(spectrum.sum())
        centroid = float(self._hz @ spectrum) / power if power > 1e-12 else math.nan
        peak = float(np.abs(self._before[:, end - hop : end]).max())
        self._rows.append((float(self._weighted[:, :hop].sum()) / hop, peak, centroid))
        # The lowest bands are narrower than the lines of the spectrum: each gets its share of the line it lies in.
        bands = np.diff(np.interp(self._edges, self._between_bins, np.concatenate([[0.0], np.cumsum(spectrum)])))
        self._bands.append((10.0 * np.log10(np.maximum(bands, 1e-12))).astype(np.float32))
        self._spectrum += spectrum
        self._weighted = self._weighted[:, hop:]
        self._before = self._before[:, max(0, end - WINDOW) :]

    def _look_for_peaks(self, chunk: Array) -> None:
        joined = np.concatenate([self._tail, chunk], axis=1)
        self._tail = joined[:, -TAPS:]
        peaks = np.abs(chunk).max(axis=1)
        self._peak = np.maximum(self._peak, peaks)
        if np.abs(joined).max() > NEAR * max(self._true_peak, 1e-6):
            windows = np.lib.stride_tricks.sliding_window_view(joined, TAPS, axis=1)
            self._true_peak = max(self._true_peak, float(np.abs(windows @ self._between.T).max()), float(peaks.max()))

    def _curves(self) -> SoundCurves:
        rows = np.array(self._rows).reshape(-1, 3)
        return SoundCurves(
            seconds=(np.arange(len(rows)) + 1.0) / HOPS_PER_SECOND,
            energy=rows[:, 0],
            peak=rows[:, 1],
            centroid_hz=rows[:, 2],
            bands_db=np.array(self._bands, dtype=np.float64).reshape(-1, BANDS),
            bands_hz=self._edges,
        )


def integrated(energy: Array) -> float | None:
    """Integrated loudness of K-weighted mean squares of tenths of a second, LUFS; None where all is silent."""
    blocks = _means(energy, MOMENTARY)
    loud = blocks[_lufs(blocks) > SILENT_LUFS]
    if not len(loud):
        return None
    kept = loud[_lufs(loud) > _lufs(np.mean(loud)) + GATE_LU]
    return float(_lufs(np.mean(kept)))


def loudness_range(energy: Array) -> float | None:
    """Loudness range of K-weighted mean squares of tenths of a second, LU; None where nothing sounds for 3 s."""
    blocks = _means(energy, SHORT_TERM)
    loud = blocks[_lufs(blocks) > SILENT_LUFS]
    if not len(loud):
        return None
    levels = _lufs(loud)
    kept = levels[levels > _lufs(np.mean(loud)) + RANGE_GATE_LU]
    low, high = np.percentile(kept, [10.0, 95.0])
    return float(high - low)


def energy_of(lufs: Array) -> Array:
    """K-weighted mean squares of loudnesses, LUFS; 0 for −inf."""
    return np.asarray(10.0 ** ((lufs - OFFSET_DB) / 10.0))


def _lufs(energy: Array | np.floating) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(OFFSET_DB + 10.0 * np.log10(energy))


def _means(energy: Array, width: int) -> Array:
    """Means of so many neighbouring values; none where there are not so many."""
    if len(energy) < width:
        return np.zeros(0)
    return np.convolve(energy, np.full(width, 1.0 / width), "valid")


def _sliding(energy: Array, width: int) -> Array:
    """Loudness over the last `width` hops at each hop; what lies before the beginning is silence."""
    return _lufs(np.maximum(_means(np.concatenate([np.zeros(width - 1), energy]), width), 1e-30))


def _oversampling() -> Array:
    """Weights (3, 24) that give the signal at ¼, ½ and ¾ between the two middle samples: a windowed sinc."""
    offsets = np.arange(-TAPS // 2 + 1, TAPS // 2 + 1)
    distance = (np.arange(1, PHASES) / PHASES)[:, None] - offsets
    weights = np.sinc(distance) * np.cos(np.pi * distance / (TAPS + 1)) ** 2
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
