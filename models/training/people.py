"""The people of Stress-Predict as the device would have met them: seconds of features, and what they were doing.

Theory of operation. A recording is played back through `undertone.signals`, second by second, as `undertone analyse` does it.
That costs minutes, so the features are kept in `models/.cache`, under a name that changes with that code and the recording.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import undertone.signals
import undertone.storage
from undertone.errors import RecordingError
from undertone.flow import Features
from undertone.signals import Signals
from undertone.storage import Recording, load_recording, playback

__all__ = ["Person", "Phase", "met", "recordings_folder"]

CACHE = Path(__file__).parents[1] / ".cache"
PROCESSES = 2
_FIELDS = tuple(field.name for field in fields(Features) if field.name not in ("t", "pod"))


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of the protocol."""

    onset: float
    end: float
    name: str
    """baseline, stroop, rest, interview, hyperventilation or questionnaire."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person's session."""

    name: str
    features: tuple[Features, ...]
    phases: tuple[Phase, ...]


def recordings_folder() -> Path:
    """The folder of Stress-Predict.

    Raises RecordingError, saying how to get it, where it is absent.
    """
    root = Path(os.environ.get("UNDERTONE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    folder = root / "stress_predict"
    if not folder.is_dir():
        raise RecordingError(
            f"There are no recordings in {folder}. Training needs Stress-Predict (Iqbal et al. 2022, doi 10.3390/s22218135, "
            "github.com/italha-d/Stress-Predict-Dataset, MIT) in BIDS form; set UNDERTONE_DATA to the folder that holds it."
        )
    return folder


def met(folder: Path, told: Callable[[int, int], None]) -> tuple[Person, ...]:
    """Everybody in the folder, in order of name. `told(done, of)` shows progress."""
    stems = sorted(path for path in folder.glob("sub-*") if path.is_dir())
    people: list[Person] = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for person in pool.map(_person, stems):
            people.append(person)
            told(len(people), len(stems))
    return tuple(people)


def _person(path: Path) -> Person:
    recording = load_recording(path)
    phases = tuple(Phase(event.onset, event.onset + event.duration, event.trial_type) for event in recording.events)
    kept = CACHE / f"{path.name}-{_fingerprint(recording)}.npy"
    if kept.exists():
        table = np.load(kept)
    else:
        table = np.array([_row(features) for features in _observed(recording)])
        CACHE.mkdir(exist_ok=True)
        unfinished = kept.with_suffix(f".{os.getpid()}.npy")
        np.save(unfinished, table)
        unfinished.replace(kept)
        for stale in set(CACHE.glob(f"{path.name}-*.npy")) - {kept}:
            stale.unlink(missing_ok=True)
    return Person(path.name, tuple(_features(row) for row in table), phases)


def _fingerprint(recording: Recording) -> str:
    seen = hashlib.sha256()
    signals, storage = Path(undertone.signals.__path__[0]), Path(undertone.storage.__path__[0])
    for source in (*sorted(signals.glob("*.py")), storage / "playback.py"):
        seen.update(source.read_bytes())
    for key in ("ppg", "eda"):
        seen.update(np.ascontiguousarray(recording.series[key].values).tobytes())
    return seen.hexdigest()[:16]


def _observed(recording: Recording) -> Iterator[Features]:
    """The features of every second, as the device computes them."""
    signals = Signals()
    for second in playback(recording):
        for block in second.blocks:
            signals.push(block)
        yield signals.features(second.end)


def _row(features: Features) -> list[float]:
    known = (getattr(features, name) for name in _FIELDS)
    return [features.t, *(np.nan if value is None else float(value) for value in known)]


def _features(row: NDArray[np.float64]) -> Features:
    known: dict[str, Any] = {name: float(value) for name, value in zip(_FIELDS, row[1:], strict=True) if not np.isnan(value)}
    return replace(Features(float(row[0])), **known)
