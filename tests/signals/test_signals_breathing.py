"""Breathing rate from what breathing does to the pulse."""

from __future__ import annotations

import csv
import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import signal
from signals_synthetic import cut, heartbeats, light

from undertone.flow import Channel
from undertone.signals import Signals


def told(signals: Signals, beats: np.ndarray) -> float | None:
    for before, beat in zip([None, *beats[:-1].tolist()], beats.tolist(), strict=True):
        signals.push_beat(beat, None if before is None else beat - before)
    return signals.features(float(beats[-1])).breathing_per_min


@pytest.mark.parametrize("rate", [5.5, 8.0, 12.0, 15.0, 20.0, 25.0])
def test_from_intervals_alone(rate: float) -> None:
    answer = told(Signals(), heartbeats(70.0, bpm=68.0, breath_per_min=rate, depth=0.04))
    assert answer == pytest.approx(rate, abs=0.5)


@pytest.mark.parametrize("what", ["size", "level"])
def test_from_the_wave_alone(what: str) -> None:
    times, beats = np.arange(0.0, 70.0, 0.01), heartbeats(70.0, depth=0.0)
    sizes = 1.0 + (0.15 * np.sin(2.0 * np.pi * 0.2 * beats) if what == "size" else 0.0 * beats)
    values = light(times, beats, sizes=sizes)
    if what == "level":
        values = values * (1.0 + 0.003 * np.sin(2.0 * np.pi * 0.2 * times))
    signals = Signals()
    for block in cut(Channel.INFRARED, values, 100.0, (50,)):
        signals.push(block)
    assert signals.features(70.0).breathing_per_min == pytest.approx(12.0, abs=0.6)


def test_disagreement_is_not_an_answer() -> None:
    times, beats = np.arange(0.0, 70.0, 0.01), heartbeats(70.0, breath_per_min=9.0, depth=0.03)
    values = light(times, beats, sizes=1.0 + 0.15 * np.sin(2.0 * np.pi * 0.25 * beats))
    values = values * (1.0 + 0.001 * np.sin(2.0 * np.pi * 0.38 * times))
    signals = Signals()
    for block in cut(Channel.INFRARED, values, 100.0, (50,)):
        signals.push(block)
    assert signals.features(70.0).heart_bpm is not None
    assert signals.features(70.0).breathing_per_min is None


def test_random_intervals_give_no_breathing() -> None:
    answers = [told(Signals(), np.cumsum(0.8 + np.random.default_rng(seed).normal(0.0, 0.02, 90))) for seed in range(12)]
    assert sum(answer is not None for answer in answers) <= 3


def test_not_before_36_seconds_and_not_after_silence() -> None:
    signals = Signals()
    assert told(signals, heartbeats(30.0)) is None
    signals = Signals()
    assert told(signals, heartbeats(60.0)) is not None
    assert signals.features(67.0).breathing_per_min is None


def breaths(path: Path) -> np.ndarray:
    wave = np.array(gzip.decompress(path.read_bytes()).split(), float)
    slow = signal.filtfilt(*signal.butter(2, [0.06, 0.6], "band", fs=100.0), wave)
    edges = np.flatnonzero((slow[:-1] < 0.0) & (slow[1:] >= 0.0))
    least = 0.25 * slow.std()
    kept = [a for a, b in pairwise(edges.tolist()) if slow[a:b].max() > least and slow[a:b].min() < -least]
    return np.array(kept) / 100.0


@pytest.mark.parametrize(
    ("name", "answered"), [("sub-01_task-rest", 0.4), ("sub-02_task-rest", 0.8), ("sub-03_task-pictures", 0.7)]
)
def test_against_the_belt(recordings: Path, name: str, answered: float) -> None:
    stem = recordings / "neurokit_samples" / name[:6] / name
    truth = breaths(Path(f"{stem}_recording-resp_physio.tsv.gz"))
    with open(f"{stem}_beats.tsv") as lines:
        rows = [(float(row["onset"]), row["ibi"]) for row in csv.DictReader(lines, delimiter="\t")]
    signals, errors, asked = Signals(), [], 0
    for t, interval in rows:
        signals.push_beat(t, None if interval == "n/a" else float(interval))
        lately = truth[(truth > t - 48.0) & (truth <= t)]
        if t > 48.0 and len(lately) > 3:
            asked += 1
            answer = signals.features(t).breathing_per_min
            if answer is not None:
                errors.append(abs(answer - 60.0 / np.median(np.diff(lately))))
    assert len(errors) >= answered * asked
    assert np.mean(errors) < 2.0
