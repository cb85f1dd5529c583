"""Breathing rate as offline libraries give it from the same recordings.

No library at hand estimates breathing from all three modulations of a pulse, or says how sure it is. What is comparable:

NeuroKit2: beats by its own `ppg_process` (or those given), their rate as a curve, `ecg_rsp` (a filter that leaves breathing
of that curve, `charlton2016`: 4 to 60 a minute), and `rsp_process` on it, which finds breaths; the mean of its rate over the
window. It sees the whole recording at once, ahead and back.

HeartPy: its own beats (or those given), and `calc_breathing` on the intervals of each window by Welch's method, told to look
from 4.5 to 33 a minute as ours does (by itself it looks from 6 to 24).

Both always answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.breathing_cases import WINDOW
from undertone.storage.recording import Recording

__all__ = ["heartpy_rates", "neurokit_rates"]

Times = NDArray[np.float64]
Rate = Callable[[float], float | None]

GRID_HZ = 10.0


def neurokit_rates(recording: Recording) -> Rate:
    """Breaths a minute over the window before a moment; None where the library fails."""
    import neurokit2

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            beats = _beats(recording, _neurokit_beats)
            times = np.arange(beats[0], beats[-1], 1.0 / GRID_HZ)
            heart = np.interp(times, beats[1:], 60.0 / np.diff(beats))
            derived = neurokit2.ecg_rsp(heart, sampling_rate=round(GRID_HZ), method="charlton2016")
            found, _ = neurokit2.rsp_process(derived, sampling_rate=round(GRID_HZ))
            rates = found["RSP_Rate"].to_numpy()
    except (ValueError, IndexError, ZeroDivisionError):
        return lambda now: None
    return lambda now: _finite(rates[(times > now - WINDOW) & (times <= now)].mean())


def heartpy_rates(recording: Recording) -> Rate:
    """Breaths a minute over the window before a moment; None where the library fails."""
    from heartpy.analysis import calc_breathing

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            beats = _beats(recording, _heartpy_beats)
    except Exception:  # HeartPy raises errors of its own and of others where it finds no rhythm.
        return lambda now: None

    def rate(now: float) -> float | None:
        inside = beats[(beats > now - WINDOW) & (beats <= now)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                measured, _ = calc_breathing(1000.0 * np.diff(inside), bw_cutoff=[0.075, 0.55], measures={}, working_data={})
        except (ValueError, IndexError, ZeroDivisionError, TypeError):
            return None
        return _finite(60.0 * float(measured["breathingrate"]))

    return rate


def _beats(recording: Recording, find: Callable[[Times, int], Times]) -> Times:
    """Times of the beats: found in the pulse, or those that the recording names."""
    pulse = recording.first("ppg")
    if pulse is None:
        assert recording.beats is not None
        return np.asarray(recording.beats[:, 0])
    wave = np.asarray(pulse.values if pulse.upright else -pulse.values)
    return pulse.t0 + find(wave, round(pulse.rate_hz)) / pulse.rate_hz


def _neurokit_beats(wave: Times, rate: int) -> Times:
    import neurokit2

    _, found = neurokit2.ppg_process(wave, sampling_rate=rate)
    return np.asarray(found["PPG_Peaks"], dtype=np.float64)


def _heartpy_beats(wave: Times, rate: int) -> Times:
    import heartpy

    filtered = heartpy.filter_signal(wave, [0.7, 3.5], sample_rate=rate, order=3, filtertype="bandpass")
    working, _ = heartpy.process(filtered, float(rate))
    return np.asarray(working["peaklist"], dtype=np.float64)[np.asarray(working["binary_peaklist"], dtype=bool)]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
