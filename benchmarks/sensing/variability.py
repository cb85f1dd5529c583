"""Agreement of our variability with NeuroKit2's on the same clean intervals, with planted powers, and of pulse with ECG."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Beat, BeatFlag, Features
from undertone.signals import Signals
from undertone.signals.tachogram import lf_hf, spectrum
from undertone.sim import Body
from undertone.storage.playback import playback
from undertone.storage.recording import Recording, load_recording

__all__ = ["variability_tables"]

Times = NDArray[np.float64]

NAMES = ("RMSSD, ms", "SDNN, ms", "LF/HF")
WINDOWS = (60.0, 300.0, 300.0)
LEAST = 20


def variability_tables(*, quick: bool) -> Iterator[str]:
    """The tables, line by line."""
    yield "\nVariability: LF/HF of planted rhythms, mean of series with this share of the beats missing in runs of up to six"
    yield from _planted(2 if quick else 8)
    yield "\nVariability: ours beside NeuroKit2 on the same clean intervals, every 10 s"
    yield f"{'':34}{'moments':>9}{'ours':>10}{'NeuroKit2':>11}{'difference':>12}{'largest':>9}"
    for name, recording in _recordings():
        alone = replace(recording, series={}) if recording.beats is not None else recording
        yield from _beside(f"{name} beats of the ECG", alone)
        if recording.first("ppg") is not None:
            yield from _beside(f"{name} beats of the pulse", recording)
            yield from _pulse_and_heart(name, recording, alone)
    for seed in range(1 if quick else 3):
        yield from _beside(f"body {seed}, calm", _body(seed, 12.0))
    yield "\nCoherence of simulated bodies, mean (and lowest to highest)"
    for per_min in (6.0, 15.0):
        yield _coherences(f"breathing {per_min:g} a minute", _body(0, per_min))
    yield _coherences("restless heart without a rhythm", _restless())
    yield ""


def _recordings() -> Iterator[tuple[str, Recording]]:
    folder = Path(os.environ.get("UNDERTONE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    for path in sorted((folder / "neurokit_samples").glob("sub-*")):
        yield path.name, load_recording(path)


def _body(seed: int, per_min: float) -> Recording:
    """Beats alone of ten minutes of a calm body."""
    body = Body(seed, breathing_per_min=per_min, tension=0.2, usual=0.2)
    body.light(np.arange(0.0, 600.0, 0.5))
    return _of_beats(np.asarray(body.truth.beats))


def _restless() -> Recording:
    intervals = np.random.default_rng(2).normal(0.85, 0.03, 700)
    return _of_beats(np.cumsum(intervals))


def _of_beats(beats: Times) -> Recording:
    return Recording("beats", {}, beats=np.stack((beats, np.concatenate(([np.nan], np.diff(beats)))), axis=1))


def _heard(recording: Recording) -> tuple[list[Beat], list[Features]]:
    """All beats, and what was known every second."""
    signals, beats, known = Signals(), list[Beat](), list[Features]()
    for second in playback(recording):
        for block in second.blocks:
            beats += [value for value in signals.push(block) if isinstance(value, Beat)]
        for t, interval in second.beats:
            beats.append(signals.push_beat(t, interval))
        known.append(signals.features(second.end))
    return beats, known


def _values(features: Features) -> tuple[float | None, ...]:
    return features.rmssd_ms, features.sdnn_ms, features.lf_hf


def _neurokit(times: Times, intervals: Times) -> tuple[float, float, float]:
    """RMSSD and SDNN, milliseconds, and LF/HF."""
    import neurokit2

    told = {"RRI": 1000.0 * intervals, "RRI_Time": times}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        of_time, of_frequency = neurokit2.hrv_time(told), neurokit2.hrv_frequency(told)
    return (
        float(of_time["HRV_RMSSD"].iloc[0]),
        float(of_time["HRV_SDNN"].iloc[0]),
        float(of_frequency["HRV_LFHF"].iloc[0]),
    )


def _beside(name: str, recording: Recording) -> Iterator[str]:
    beats, known = _heard(recording)
    clean = np.array([(beat.t, beat.interval) for beat in beats if beat.flag is BeatFlag.CLEAN], dtype=np.float64)
    pairs: list[list[tuple[float, float]]] = [[], [], []]
    for features in known[::10]:
        for index, (ours, window) in enumerate(zip(_values(features), WINDOWS, strict=True)):
            inside = clean[(clean[:, 0] > features.t - window) & (clean[:, 0] <= features.t)]
            if ours is not None and len(inside) > LEAST:
                pairs[index].append((ours, _neurokit(inside[:, 0], inside[:, 1])[index]))
    for title, found in zip(NAMES, pairs, strict=True):
        if found:
            ours, theirs = np.array(found).T
            off = ours / theirs - 1.0
            yield (
                f"{name + ': ' + title:40}{len(found):3d}{np.mean(ours):10.2f}{np.mean(theirs):11.2f}"
                f"{np.mean(off):+12.1%}{off[np.argmax(np.abs(off))]:+9.1%}"
            )


def _pulse_and_heart(name: str, pulse: Recording, heart: Recording) -> Iterator[str]:
    """Ours from the pulse against ours from the ECG."""
    (_, of_pulse), (_, of_heart) = _heard(pulse), _heard(heart)
    for index, title in enumerate(NAMES):
        by_time = {features.t: _values(features)[index] for features in of_heart}
        both = [(_values(f)[index], by_time.get(f.t)) for f in of_pulse[::10]]
        found = np.array([pair for pair in both if None not in pair], dtype=np.float64).reshape(-1, 2)
        if len(found):
            off = found[:, 0] / found[:, 1] - 1.0
            yield (
                f"{name} pulse against ECG: {title:16}{len(found):3d}{found[:, 0].mean():10.2f}{found[:, 1].mean():11.2f}"
                f"{np.mean(off):+12.1%}{off[np.argmax(np.abs(off))]:+9.1%}"
            )


def _planted(series: int) -> Iterator[str]:
    missing = (0.0, 0.05, 0.1)
    yield f"{'planted':>10}" + "".join(f"   {share:>4.0%} missing: ours / NeuroKit2" for share in missing)
    for low, high in ((0.02, 0.04), (0.03, 0.03), (0.04, 0.02), (0.05, 0.01)):
        text = f"{(low / high) ** 2:10.2f}"
        for share in missing:
            ours, theirs = [], []
            for seed in range(series if share else 1):
                times, intervals = _swinging(low, high)
                kept = _kept(len(times), share, seed)
                ours.append(lf_hf(spectrum(times[kept], intervals[kept])) or np.nan)
                theirs.append(_neurokit(times[kept], intervals[kept])[2])
            text += f"{np.mean(ours):22.2f} / {np.mean(theirs):7.2f}"
        yield text


def _swinging(low: float, high: float) -> tuple[Times, Times]:
    """Five minutes of beats whose intervals swing at 0.095 Hz and at 0.27 Hz by these depths, seconds."""
    times, intervals, t = [], [], 0.0
    while t < 300.0:
        interval = 0.85 + low * np.sin(2.0 * np.pi * 0.095 * t) + high * np.sin(2.0 * np.pi * 0.27 * t)
        t += interval
        times.append(t)
        intervals.append(interval)
    return np.array(times), np.array(intervals)


def _kept(count: int, share: float, seed: int) -> NDArray[np.bool_]:
    draw, kept = np.random.default_rng(seed), np.ones(count, dtype=bool)
    while kept.mean() > 1.0 - share:
        first = int(draw.integers(count))
        kept[first : first + int(draw.integers(1, 7))] = False
    return kept


def _coherences(name: str, recording: Recording) -> str:
    _, known = _heard(recording)
    shares = [features.coherence for features in known if features.coherence is not None]
    if not shares:
        return f"{name:34}not known"
    return f"{name:34}{np.mean(shares):6.2f}   ({min(shares):.2f} to {max(shares):.2f})"
