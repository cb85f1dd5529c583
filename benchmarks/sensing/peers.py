"""The offline libraries behind one face: a whole pulse wave in, the times of its beats out.

Each is used as its own documentation shows: NeuroKit2 cleans with `ppg_clean` and finds with one of three methods, HeartPy gets
a wave filtered to 0.7–3.5 Hz. They take their thresholds from all that they are given, and one movement would spoil an hour:
what is longer than three minutes they get in pieces of two, which is to their advantage. `bishop` (MSPTD) takes time and
memory with the square of the length, so that it gets windows of 20 s, of which the inner 16 s count.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["PEERS", "Peer", "device_costs", "neurokit_quality"]

Times = NDArray[np.float64]
Finder = Callable[[Times, int], Times]

WINDOW, INNER = 20, 16
PIECE, OVERLAP, WHOLE = 120, 4, 180
"""Seconds: a piece, what it overlaps the next by at either end, and how long a wave may be to be given whole."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to find beats that others published."""

    name: str
    find: Finder
    """Upright wave and whole rate in; sample numbers of the beats out. May raise whatever the library raises."""
    in_pieces: bool = True
    """Whether a long wave is given in pieces."""
    failures: list[int] = field(default_factory=list)
    """Where a piece began on which the library gave up."""

    def beats(self, wave: Times, rate_hz: float, t0: float) -> Times:
        """Times of the beats, seconds; may raise whatever the library raises."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rate = round(rate_hz)
            if len(wave) <= WHOLE * rate or not self.in_pieces:
                return t0 + np.asarray(self.find(wave, rate), dtype=np.float64) / rate_hz
            found = [self._piece(wave, rate, start) for start in range(0, len(wave), PIECE * rate)]
            return t0 + np.concatenate(found) / rate_hz

    def _piece(self, wave: Times, rate: int, start: int) -> Times:
        """The beats of one piece; none where the library gives up on it."""
        begin, end = max(0, start - OVERLAP * rate), start + (PIECE + OVERLAP) * rate
        try:
            found = begin + np.asarray(self.find(wave[begin:end], rate), dtype=np.float64)
        except Exception:
            self.failures.append(start)
            return np.empty(0)
        return found[(found >= start) & (found < start + PIECE * rate)]


def _neurokit(method: str) -> Finder:
    def find(wave: Times, rate: int) -> Times:
        import neurokit2

        clean = neurokit2.ppg_clean(wave, sampling_rate=rate)
        return np.asarray(neurokit2.ppg_findpeaks(clean, sampling_rate=rate, method=method)["PPG_Peaks"], dtype=np.float64)

    return find


def _bishop(wave: Times, rate: int) -> Times:
    import neurokit2

    clean = neurokit2.ppg_clean(wave, sampling_rate=rate)
    edge = (WINDOW - INNER) // 2 * rate
    found: list[Times] = []
    for start in range(0, max(1, len(clean) - 2 * edge), INNER * rate):
        part = clean[start : start + WINDOW * rate]
        peaks = start + np.asarray(
            neurokit2.ppg_findpeaks(part, sampling_rate=rate, method="bishop")["PPG_Peaks"], dtype=np.float64
        )
        low = start + edge if start else 0
        last = start + WINDOW * rate >= len(clean)
        found.append(peaks[(peaks >= low) & ((peaks < start + edge + INNER * rate) | last)])
        if last:
            break
    return np.concatenate(found)


def _heartpy(wave: Times, rate: int) -> Times:
    import heartpy

    filtered = heartpy.filter_signal(wave, [0.7, 3.5], sample_rate=rate, order=3, filtertype="bandpass")
    working, _ = heartpy.process(filtered, float(rate))
    kept = np.asarray(working["binary_peaklist"], dtype=bool)
    return np.asarray(np.asarray(working["peaklist"], dtype=np.float64)[kept])


PEERS = (
    Peer("NeuroKit2 elgendi", _neurokit("elgendi")),
    Peer("NeuroKit2 bishop", _bishop, in_pieces=False),
    Peer("NeuroKit2 charlton", _neurokit("charlton")),
    Peer("HeartPy", _heartpy),
)


def neurokit_quality(wave: Times, rate: int, found: Times) -> Times:
    """NeuroKit2's own quality of a wave at each sample, by likeness to its mean beat. found: sample numbers of the beats."""
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = neurokit2.ppg_clean(wave, sampling_rate=rate)
        quality = neurokit2.ppg_quality(clean, peaks=found.astype(int), sampling_rate=rate, method="templatematch")
    return np.asarray(quality, dtype=np.float64)


def device_costs(wave: Times, rate: int) -> dict[str, float]:
    """Seconds that one ten-second window costs with NeuroKit2, as a device would have to ask it every second."""
    from time import process_time

    import neurokit2

    part = wave[: 10 * rate]

    def whole() -> None:
        neurokit2.ppg_process(part, sampling_rate=rate)

    def beats() -> None:
        neurokit2.ppg_findpeaks(neurokit2.ppg_clean(part, sampling_rate=rate), sampling_rate=rate)

    costs = {}
    for name, ask in (("ppg_process", whole), ("ppg_clean + ppg_findpeaks", beats)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask()
            start = process_time()
            for _ in range(20):
                ask()
            costs[name] = (process_time() - start) / 20.0
    return costs
