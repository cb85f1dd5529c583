"""Pulse waves and beats with known breathing: recordings with a belt, the same disturbed on purpose, and simulated bodies.

The rate of a belt in a window is counted: breaths less one, over the time from the first to the last. It is counted twice, by
how the slow part of the belt rises through its middle and by NeuroKit2's peaks, and is only believed where the two agree to
1.5 a minute. On belts of known rate the first count is within 0.2 a minute (`check_count`).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from undertone.flow import readonly
from undertone.sim import Body
from undertone.storage.recording import Recording, Series, load_recording

__all__ = ["WINDOW", "Case", "check_count", "recorded", "simulated"]

Times = NDArray[np.float64]

WINDOW = 48.0
"""Seconds over which rates are compared."""
AGREE_PER_MIN = 1.5
LEAST_BREATHS = 3
COUNTS_PER_NA = 460.0
"""What the light of a simulated finger becomes in counts: about half of the converter's range."""
READING_NOISE = 30.0
"""Standard deviation of what the converter adds, counts."""

NEUROKIT = ("sub-01/sub-01_task-rest", "sub-02/sub-02_task-rest", "sub-03/sub-03_task-pictures")


@dataclass(frozen=True)
class Case:
    """A recording, and what is known of the breathing in it."""

    group: str
    name: str
    recording: Recording
    rate: Callable[[float], float | None]
    """Breaths a minute over the `WINDOW` before a moment; None where that is not known."""


def recorded() -> Iterator[Case]:
    """Recordings with a belt: the finger's pulse, the beats of the ECG alone, and the pulse disturbed; none where absent."""
    folder = Path(os.environ.get("UNDERTONE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    for stem in NEUROKIT:
        if not (folder / "neurokit_samples" / stem).parent.is_dir():
            continue
        recording = load_recording(folder / "neurokit_samples" / stem)
        rate = _belt(recording.series["resp"])
        name = stem[:6]
        alone = replace(recording, series={"ecg": recording.series["ecg"]})
        yield Case("beats of the ECG", f"{name} beats", alone, rate)
        pulse = recording.first("ppg")
        if pulse is not None:
            yield Case("finger", f"{name} finger", recording, rate)
            for what, changed in _disturbed(pulse):
                yield Case("finger, disturbed", f"{name} {what}", replace(recording, series={"ppg": changed}), rate)


def simulated(*, quick: bool) -> Iterator[Case]:
    """Bodies that breathe 5 to 25 times a minute: calm, tense, moving, and calm with beats alone; four minutes each."""
    rates = (5.0, 7.5, 12.0, 18.0, 25.0) if quick else (5.0, 6.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0, 22.5, 25.0)
    for seed in range(1 if quick else 4):
        for rate in rates:
            number = 100 * seed + round(rate)
            for group, body in (
                ("body, calm", Body(number, breathing_per_min=rate, tension=0.2, usual=0.2)),
                ("body, tense", Body(number, breathing_per_min=rate, tension=0.8, usual=0.8)),
                ("body, moving", Body(number, breathing_per_min=rate, movements_per_min=1.5)),
            ):
                yield _lived(group, f"{rate:g} a minute, seed {seed}", body, number)
            calm = Body(number, breathing_per_min=rate, tension=0.2, usual=0.2)
            yield _beats_alone(_lived("body, beats alone", f"{rate:g} a minute, seed {seed}", calm, number), calm)


def check_count() -> float:
    """Largest error of the belt's count on belts of known rate, 5 to 30 a minute, with noise and wander; breaths a minute."""
    draw, worst, times = np.random.default_rng(0), 0.0, np.arange(0.0, 240.0, 0.01)
    for rate in (5.0, 8.0, 12.0, 18.0, 25.0, 30.0):
        angle = 2.0 * np.pi * rate / 60.0 * times
        wander = np.cumsum(draw.normal(0.0, 0.003, len(times)))
        belt = np.sin(angle + 0.4 * np.sin(angle)) + wander + draw.normal(0.0, 0.2, len(times))
        counted = _count(_rises(belt, 100.0), 200.0)
        worst = max(worst, np.inf if counted is None else abs(counted - rate))
    return worst


def _belt(belt: Series) -> Callable[[float], float | None]:
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, found = neurokit2.rsp_process(np.asarray(belt.values), sampling_rate=round(belt.rate_hz))
    rises = belt.t0 + _rises(np.asarray(belt.values), belt.rate_hz)
    peaks = belt.t0 + np.asarray(found["RSP_Peaks"], dtype=np.float64) / belt.rate_hz

    def rate(now: float) -> float | None:
        one, other = _count(rises, now), _count(peaks, now)
        if one is None or other is None or abs(one - other) > AGREE_PER_MIN:
            return None
        return 0.5 * (one + other)

    return rate


def _rises(values: Times, rate_hz: float) -> Times:
    """When the slow part of a belt rises through its middle, where a peak and a trough lie before the next time; seconds."""
    band = signal.butter(2, [0.06, 0.7], "band", fs=rate_hz, output="sos")
    slow = signal.sosfiltfilt(band, values)
    edges = np.flatnonzero((slow[:-1] < 0.0) & (slow[1:] >= 0.0))
    least = 0.25 * slow.std()
    kept = [first for first, then in pairwise(edges) if slow[first:then].max() > least and slow[first:then].min() < -least]
    return np.array(kept, dtype=np.float64) / rate_hz


def _count(breaths: Times, now: float) -> float | None:
    inside = breaths[(breaths > now - WINDOW) & (breaths <= now)]
    return 60.0 * (len(inside) - 1) / float(inside[-1] - inside[0]) if len(inside) > LEAST_BREATHS else None


def _disturbed(pulse: Series) -> Iterator[tuple[str, Series]]:
    """The same pulse sampled otherwise, under noise, and with movement now and then."""
    values, draw = np.asarray(pulse.values), np.random.default_rng(1)
    spread = float(np.subtract(*np.percentile(values, (90.0, 10.0))))
    for rate_hz in (25.0, 50.0, 125.0):
        times = np.arange(pulse.times[0], pulse.times[-1], 1.0 / rate_hz)
        smooth = signal.sosfiltfilt(signal.butter(4, min(10.0, 0.4 * rate_hz), fs=pulse.rate_hz, output="sos"), values)
        yield f"at {rate_hz:g} Hz", replace(pulse, rate_hz=rate_hz, values=readonly(np.interp(times, pulse.times, smooth)))
    yield "in noise", replace(pulse, values=readonly(values + draw.normal(0.0, 0.1 * spread, len(values))))
    # A hospital monitor shows no slow changes: what breathing does to the level is mostly gone.
    high = signal.sosfilt(signal.butter(1, 0.5, "high", fs=pulse.rate_hz, output="sos"), values - values.mean())
    yield "without level", replace(pulse, values=readonly(high))
    moved = values.copy()
    for start in draw.uniform(20.0, len(values) / pulse.rate_hz - 10.0, 6):
        first = round(float(start) * pulse.rate_hz)
        moved[first : first + round(4.0 * pulse.rate_hz)] += spread * np.cumsum(
            draw.normal(0.0, 0.2, round(4.0 * pulse.rate_hz))
        )
        moved[first + round(4.0 * pulse.rate_hz) :] += spread * draw.normal(0.0, 1.0)
    yield "with movement", replace(pulse, values=readonly(moved))


def _lived(group: str, name: str, body: Body, seed: int) -> Case:
    """Four minutes of a body under a finger sensor at 100 Hz."""
    draw, times = np.random.default_rng(seed), np.arange(0.0, 240.0, 0.01)
    light = np.concatenate([body.light(part)[:, 1] for part in np.split(times, 240)])
    body.light(np.array([243.0]))
    counts = np.clip(np.round(COUNTS_PER_NA * light + draw.normal(0.0, READING_NOISE, len(times))), 0.0, 262143.0)
    breathing = body.truth.breathing

    def rate(now: float) -> float | None:
        return float(breathing[(breathing[:, 0] > now - WINDOW) & (breathing[:, 0] <= now), 1].mean())

    return Case(group, name, Recording(name, {"ppg": Series(0.0, 100.0, readonly(counts), "counts")}), rate)


def _beats_alone(case: Case, body: Body) -> Case:
    beats = body.truth.beats[body.truth.beats < 240.0]
    intervals = np.concatenate(([np.nan], np.diff(beats)))
    return replace(case, recording=Recording(case.name, {}, beats=readonly(np.stack((beats, intervals), axis=1))))
