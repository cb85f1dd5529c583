"""The people of Stress-Predict as the device would have met them: seconds of features, and what they were doing.

Theory of operation. A recording is pushed through `undertone.signals`, second by second, as the device does it. That costs
minutes, so the features are kept in `models/.cache`, under a name that changes with the code of `signals` and with the
recording. The wrist's pulse wave is given as infrared counts, where more blood means fewer counts.
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
from undertone.errors import RecordingError
from undertone.flow import Block, Channel, Features, readonly
from undertone.signals import Signals
from undertone.storage import Recording, load_recording

__all__ = ["Person", "Phase", "met", "recordings_folder"]

CACHE = Path(__file__).parents[1] / ".cache"
COUNTS = 130_000.0
"""Infrared counts of a resting finger: half of the chip's range."""
COUNTS_PER_UNIT = 20.0
"""Counts for one unit of the wristband's pulse wave; its beats are then about 1 % of the light."""
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
    for source in sorted(Path(undertone.signals.__path__[0]).glob("*.py")):
        seen.update(source.read_bytes())
    for key in ("ppg", "eda"):
        seen.update(np.ascontiguousarray(recording.series[key].values).tobytes())
    return seen.hexdigest()[:16]


def _observed(recording: Recording) -> Iterator[Features]:
    """The features of every second, as the device computes them."""
    signals = Signals()
    pulse, skin = recording.series["ppg"], recording.series["eda"]
    light = COUNTS - COUNTS_PER_UNIT * pulse.values
    for second in range(int(recording.duration)):
        for block in (
            *_blocks(Channel.INFRARED, light, t0=pulse.t0, rate_hz=pulse.rate_hz, second=second),
            *_blocks(Channel.SKIN, skin.values, t0=skin.t0, rate_hz=skin.rate_hz, second=second),
        ):
            signals.push(block)
        yield signals.features(second + 1.0)


def _blocks(
    channel: Channel, values: NDArray[np.float64], *, t0: float, rate_hz: float, second: int
) -> Iterator[Block]:
    """The samples taken in [second, second + 1), split where some are missing."""
    first = max(0, int(np.ceil((second - t0) * rate_hz)))
    last = min(len(values), int(np.ceil((second + 1 - t0) * rate_hz)))
    part = values[first:last] if last > first else values[:0]
    here = np.flatnonzero(np.isfinite(part))
    for run in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1):
        if len(run):
            yield Block(channel, t0 + (first + int(run[0])) / rate_hz, rate_hz, readonly(part[run]))


def _row(features: Features) -> list[float]:
    known = (getattr(features, name) for name in _FIELDS)
    return [features.t, *(np.nan if value is None else float(value) for value in known)]


def _features(row: NDArray[np.float64]) -> Features:
    known: dict[str, Any] = {name: float(value) for name, value in zip(_FIELDS, row[1:], strict=True) if not np.isnan(value)}
    return replace(Features(float(row[0])), **known)
