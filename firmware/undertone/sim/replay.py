"""A recording as a subject: what was recorded of a person reaches the emulated chips as light and conductance.

Theory of operation. The pulse wave is brought to the form in which a MAX3010x would have seen it: slow drift (below about
0.05 Hz, under breathing) is taken away, the wave is turned so that more blood means less light, scaled so that a typical pulse
is 1 % of the light that comes back, and limited softly so that movement cannot leave the range of the converter. All that is
allowed to look at the whole recording: replaying presents, it does not judge. Where red light was recorded beside the infrared,
it plays its own wave, in the recorded proportion to the infrared one; else red light follows infrared. Where a device like this
one counted the light and counted next to none, there was no finger.

Between the samples both channels follow the cubic spline through them, which keeps the moment of the steepest rise where
straight lines between samples at 25 to 64 Hz would shift it by milliseconds. Its slopes come from one convolution: the
spline's tridiagonal equations m[i−1] + 4 m[i] + m[i+1] = 3 (x[i+1] − x[i−1]) have the inverse kernel z^|k| / (4 + 2 z) with
z = √3 − 2, which fades to nothing within sixteen samples.

Source: C. de Boor, A Practical Guide to Splines (1978), ch. IV; M. Unser, "Splines", IEEE Sig. Proc. Mag. 16(6), 1999.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from undertone.errors import RecordingError
from undertone.flow import Bar, Samples
from undertone.sim.fingertip import DARK_PER_MA, RED_PULSE, returned_light
from undertone.storage import Recording, Series

__all__ = ["Replay"]

PULSE = 0.01
"""A typical pulse, peak to peak, as a share of the infrared light."""

LIMIT = 0.4
"""The furthest that movement may take the light from its mean, as a share of it."""

DRIFT_SECONDS = 8.0
"""Length of the running mean, taken twice, that is called drift."""

UNTOUCHED_SHARE = 0.04
"""Of a converter's full scale: with less light than that, nothing touched the sensor."""

MOST_RED = 2.0
"""The furthest that the recorded proportion of the red to the infrared pulse is believed."""

PULSE_BAND_HZ = 35.0
"""No pulse wave has anything above; faster recordings are smoothed to this."""


class Replay:
    """Plays a recording: its zero is at `start`. Music changes nothing.

    Without a pulse wave there is no finger on the light sensor; where samples are missing, before the first and after the last,
    the finger is off, or the electrodes.

    acq: which device's channels to play, "watch4" or "left"; if not given the one without a name, else the first.
    upright: whether more blood is a higher value of the pulse wave; if not given, its unit tells.
    start: when the recording's zero is, seconds.

    Raises RecordingError when there is no such device or neither a pulse wave nor conductance in the recording.
    """

    def __init__(
        self, recording: Recording, *, acq: str | None = None, upright: bool | None = None, start: float = 0.0
    ) -> None:
        self.recording = recording
        self.start = start
        pulse, skin = recording.first("ppg", acq=acq), recording.first("eda", acq=acq)
        if pulse is None and skin is None:
            which = f" by {acq!r}" if acq else ""
            found = ", ".join(sorted(recording.series)) or "nothing"
            raise RecordingError(f"{recording.name} has neither a pulse wave nor conductance{which} to replay, only: {found}.")
        self.duration = max(series.end for series in (pulse, skin) if series is not None)
        """When the last of the channels that are played ends, seconds from the recording's zero."""
        self._pulse = _Curve(pulse, _as_share(pulse, upright)) if pulse is not None else None
        red = recording.red(acq=acq)
        self._red = _Curve(red, _as_share(red, upright)) if red is not None else None
        self._red_pulse = _proportion(red, pulse) if red is not None and pulse is not None else RED_PULSE
        self._skin = _Curve(skin, skin.microsiemens) if skin is not None else None

    def light(self, times: Samples) -> Samples:
        """Light that comes back, (n, 2) for (n,) times: red and infrared, nA for each mA of LED current."""
        times = np.asarray(times, dtype=np.float64)
        if self._pulse is None:
            return np.full((len(times), 2), DARK_PER_MA)
        share, present = self._pulse.at(times - self.start)
        light = returned_light(PULSE * share)
        if self._red is not None:
            # The fingertip lets red pulsate at RED_PULSE of what it is told; this is to be the recorded proportion.
            own, there = self._red.at(times - self.start)
            light[there, 0] = returned_light(PULSE * self._red_pulse / RED_PULSE * own[there])[:, 0]
        light[~present] = DARK_PER_MA
        return light

    def conductance(self, times: Samples) -> Samples:
        """Skin conductance, (n,) for (n,) times, µS; 0 where there is none."""
        times = np.asarray(times, dtype=np.float64)
        if self._skin is None:
            return np.zeros(len(times))
        level, present = self._skin.at(times - self.start)
        return np.where(present, np.maximum(level, 0.0), 0.0)

    def hear(self, t: float, bar: Bar) -> None:
        """A recording hears nothing."""


class _Curve:
    """A series as a function of time: the cubic spline through its samples, broken where samples are missing."""

    def __init__(self, series: Series, values: Samples) -> None:
        self._t0 = series.t0
        self._rate = series.rate_hz
        self._last = len(values) - 1
        finite = np.isfinite(values)
        self._present = np.append(finite[:-1] & finite[1:], False)
        self._values = _filled(values, finite)
        self._slopes = _spline_slopes(self._values)

    def at(self, times: Samples) -> tuple[Samples, NDArray[np.bool_]]:
        """Values, and whether there is something at each time, seconds from the recording's zero."""
        where = (times - self._t0) * self._rate
        index = np.clip(np.floor(where), 0, max(self._last - 1, 0)).astype(np.int64)
        along = np.clip(where - index, 0.0, 1.0)
        present = self._present[index] & (where >= 0.0) & (where <= self._last)
        after = np.minimum(index + 1, self._last)
        x0, x1, m0, m1 = self._values[index], self._values[after], self._slopes[index], self._slopes[after]
        rise = x1 - x0
        values = x0 + along * (m0 + along * (3.0 * rise - 2.0 * m0 - m1 + along * (m0 + m1 - 2.0 * rise)))
        return values, present


def _as_share(series: Series, upright: bool | None) -> Samples:
    """The pulse wave where 1 is a typical pulse, more blood is more, without drift, softly limited."""
    if upright is None:
        upright = series.upright
    finite = np.isfinite(series.values) & ~_untouched(series)
    values = _filled(series.values, finite) * (1.0 if upright else -1.0)
    if series.rate_hz > 4 * PULSE_BAND_HZ:
        values = _low_pass(values, series.rate_hz)
    values = values - _drift(values, max(3, round(DRIFT_SECONDS * series.rate_hz)))
    share = values / _typical_pulse(values[finite], round(DRIFT_SECONDS * series.rate_hz))
    most = LIMIT / PULSE
    return np.where(finite, most * np.tanh(share / most), np.nan)


def _untouched(series: Series) -> NDArray[np.bool_]:
    """Where a converter counted so little light that there was no finger, (n,)."""
    if series.full_scale is None:
        return np.zeros(len(series.values), dtype=np.bool_)
    return np.nan_to_num(series.values, nan=series.full_scale) < UNTOUCHED_SHARE * series.full_scale


def _proportion(red: Series, infrared: Series) -> float:
    """How strongly red light pulsates, as a share of itself, against infrared; as in a usual fingertip where it cannot be told.

    Source: the "ratio of ratios" of pulse oximetry; Y. Mendelson, Clin. Chem. 38(9), 1992, doi:10.1093/clinchem/38.9.1601.
    """
    shares = []
    for series in (red, infrared):
        touched = np.isfinite(series.values) & ~_untouched(series)
        if series.full_scale is None or not touched.any():
            return RED_PULSE
        window = max(3, round(DRIFT_SECONDS * series.rate_hz))
        wave = _filled(series.values, touched)
        shares.append(_typical_pulse((wave - _drift(wave, window))[touched], window) / float(np.median(wave[touched])))
    return min(shares[0] / shares[1], MOST_RED) if shares[1] > 0.0 else RED_PULSE


def _typical_pulse(values: Samples, window: int) -> float:
    """Peak to peak in the usual window, or 1 where nothing beats."""
    count = len(values) // window
    windows = values[: count * window].reshape(count, window) if count else values.reshape(1, -1)
    if windows.size == 0:
        return 1.0
    low, high = np.percentile(windows, [5.0, 95.0], axis=1)
    typical = float(np.median(high - low))
    return typical if typical > 0.0 and math.isfinite(typical) else 1.0


def _filled(values: Samples, finite: NDArray[np.bool_]) -> Samples:
    """Missing samples replaced by a straight line, so that filters pass over them."""
    if finite.all():
        return values
    if not finite.any():
        return np.zeros(len(values))
    where = np.arange(len(values))
    return np.interp(where, where[finite], values[finite])


def _drift(values: Samples, window: int) -> Samples:
    """The running mean of the running mean, as long as the values."""
    for _ in range(2):
        total = np.concatenate([[0.0], np.cumsum(values)])
        left = np.maximum(np.arange(len(values)) - window // 2, 0)
        right = np.minimum(np.arange(len(values)) + window // 2 + 1, len(values))
        values = (total[right] - total[left]) / (right - left)
    return values


def _low_pass(values: Samples, rate_hz: float) -> Samples:
    """The values without what lies above the pulse band: a windowed sinc, no delay."""
    half = math.ceil(1.5 * rate_hz / PULSE_BAND_HZ)
    taps = np.sinc(2.0 * PULSE_BAND_HZ / rate_hz * np.arange(-half, half + 1)) * np.hamming(2 * half + 1)
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, taps / taps.sum(), mode="valid")


def _spline_slopes(values: Samples) -> Samples:
    """Slope of the cubic spline at each sample, per sample; it runs on level beyond both ends."""
    z = math.sqrt(3.0) - 2.0
    kernel = z ** np.abs(np.arange(-16, 17)) / (4.0 + 2.0 * z)
    padded = np.pad(values, 17, mode="edge")
    return np.convolve(3.0 * (padded[2:] - padded[:-2]), kernel, mode="valid")
