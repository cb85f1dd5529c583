"""Skin responses as ours and the offline libraries find them, behind one face: a whole course of conductance in, responses out.

Ours goes through `undertone.signals.Signals`, a quarter of a second at a time, with `features` once a second, as on the device.

The others get the whole course at once:

- `NeuroKit2`: `eda_phasic` with its default (a high-pass), `eda_peaks` with its default (a tenth of the largest);
- `cvxEDA`: `eda_phasic(method="cvxeda")`, and `eda_peaks` down to what the threshold of 0.03 µS asks for, which suits it better
  than the default;
- `cvxEDA driver`: the same, but from the driver of its answer instead of from the peaks of the answer. The library does not
  offer that. We take the driver from the phasic part by the inverse of cvxEDA's own response (time constants 0.7 and 2 s),
  smoothed by 0.3 s, and call every hump with an area of at least 0.03 µS a response: the best that we could make of it.
"""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Block, Response
from undertone.signals import Signals

__all__ = ["OURS", "PEERS", "Cost", "Found", "Listener", "measured", "ours"]

Values = NDArray[np.float64]
THRESHOLD = 0.03
OURS = "ours"
SLOW, QUICK = 2.0, 0.7
SMOOTH = 0.3
DRIVER_LATE = 0.25
"""Seconds by which the smoothed driver's climb precedes the onset: the constant that gave cvxEDA's driver its best score."""


@dataclass(frozen=True, slots=True)
class Found:
    """Responses of at least 0.03 µS, by their onsets. All arrays (n,); NaN where something is not known."""

    onsets: Values
    amplitudes: Values
    rises: Values
    recoveries: Values
    tonic: Values
    """Shape (m, 2): seconds and µS."""


Listener = Callable[[Values, float, float], Found]
"""Conductance (µS), rate (Hz) and time of the first sample (s)."""


def ours(blocks: Sequence[Block]) -> Found:
    """What `Signals` makes of the blocks."""
    signals = Signals()
    responses: list[Response] = []
    tonic: list[tuple[float, float]] = []
    second = np.floor(blocks[0].t0) + 1.0
    for block in blocks:
        while block.t0 >= second:
            features = signals.features(float(second))
            if features.tonic_microsiemens is not None:
                tonic.append((float(second), features.tonic_microsiemens))
            second += 1.0
        responses += [value for value in signals.push(block) if isinstance(value, Response)]
    rows = [
        (r.t, r.amplitude_microsiemens, r.rise, np.nan if r.recovery is None else r.recovery)
        for r in sorted(responses, key=lambda response: response.t)
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Found(*columns, tonic=np.array(tonic).reshape(-1, 2))


def _peaks(phasic: Values, tonic: Values, rate_hz: float, t0: float, *, share: float) -> Found:
    import neurokit2

    try:
        _, info = neurokit2.eda_peaks(phasic, sampling_rate=rate_hz, amplitude_min=share)
    except (ValueError, IndexError, ZeroDivisionError):
        # The library stops where it finds no peak at all.
        info = {}
    names = ("SCR_Onsets", "SCR_Amplitude", "SCR_RiseTime", "SCR_RecoveryTime")
    onsets, amplitudes, rises, recoveries = (np.asarray(info.get(name, ()), dtype=np.float64) for name in names)
    kept = np.isfinite(onsets) & (amplitudes >= THRESHOLD)
    times = t0 + np.arange(len(tonic)) / rate_hz
    return Found(
        t0 + onsets[kept] / rate_hz,
        amplitudes[kept],
        rises[kept],
        recoveries[kept],
        np.stack([times, tonic], axis=1),
    )


def _taken_apart(values: Values, rate_hz: float, method: str) -> tuple[Values, Values]:
    import neurokit2

    parts = neurokit2.eda_phasic(values, sampling_rate=rate_hz, method=method)
    return parts["EDA_Phasic"].to_numpy(dtype=np.float64), parts["EDA_Tonic"].to_numpy(dtype=np.float64)


def neurokit(values: Values, rate_hz: float, t0: float) -> Found:
    """NeuroKit2 as it comes."""
    return _peaks(*_taken_apart(values, rate_hz, "highpass"), rate_hz, t0, share=0.1)


def cvxeda(values: Values, rate_hz: float, t0: float) -> Found:
    """cvxEDA, and NeuroKit2's peaks of its answer."""
    phasic, tonic = _taken_apart(values, rate_hz, "cvxeda")
    return _peaks(phasic, tonic, rate_hz, t0, share=min(0.9, 0.2 * THRESHOLD / max(float(np.max(phasic)), 1e-6)))


def cvxeda_driver(values: Values, rate_hz: float, t0: float) -> Found:
    """cvxEDA, and the humps of its driver."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    phasic, tonic = _taken_apart(values, rate_hz, "cvxeda")
    width = SMOOTH * rate_hz
    smooth, slope, bend = (gaussian_filter1d(phasic, width, order=order) * rate_hz**order for order in range(3))
    driver = np.maximum(smooth + (SLOW + QUICK) * slope + SLOW * QUICK * bend, 0.0)
    since = np.arange(0.0, 20.0, 0.01)
    each = float(np.max(np.exp(-since / SLOW) - np.exp(-since / QUICK))) / (SLOW - QUICK)
    tops = find_peaks(driver)[0]
    valleys = [0, *(int(a + np.argmin(driver[a:b])) for a, b in pairwise(tops)), len(driver)]
    rows = []
    for top, (first, last) in zip(tops, pairwise(valleys), strict=True):
        amplitude = float(np.sum(driver[first:last])) / rate_hz * each
        if amplitude >= THRESHOLD:
            low = np.flatnonzero(driver[first:top] <= 0.25 * driver[top])
            onset = first + (int(low[-1]) + 1 if len(low) else 0)
            rows.append((t0 + onset / rate_hz + DRIVER_LATE, amplitude, np.nan, np.nan))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Found(*columns, tonic=np.stack([t0 + np.arange(len(tonic)) / rate_hz, tonic], axis=1))


PEERS: dict[str, Listener] = {"NeuroKit2": neurokit, "cvxEDA": cvxeda, "cvxEDA driver": cvxeda_driver}


@dataclass(slots=True)
class Cost:
    """What it took, summed."""

    cpu: float = 0.0
    signal: float = 0.0
    """Seconds of signal."""
    peak: float = 0.0
    """Bytes, of the largest call."""

    @property
    def per_hour(self) -> float:
        """CPU seconds for an hour of signal."""
        return self.cpu / max(self.signal, 1e-9) * 3600.0


def measured(call: Callable[[], Found], cost: Cost, seconds: float, *, memory: bool = False) -> Found:
    """The result of the call, whose time is added to `cost`; its memory, where asked for, in a second call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = time.process_time()
        found = call()
        cost.cpu += time.process_time() - before
        cost.signal += seconds
        if memory:
            tracemalloc.start()
            call()
            cost.peak = max(cost.peak, float(tracemalloc.get_traced_memory()[1]))
            tracemalloc.stop()
    return found
