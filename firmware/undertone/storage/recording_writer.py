"""Writes a recording as a folder in BIDS form, such that `load_recording` gives the same recording back."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from undertone.errors import RecordingError, StorageError
from undertone.flow import Samples
from undertone.storage.recording import Event, Recording, Series

__all__ = ["describe_folder", "table_text", "write_recording", "write_whole"]

DESCRIPTIONS = {
    "ppg": "photoplethysmogram",
    "eda": "skin conductance",
    "ecg": "electrocardiogram",
    "resp": "breathing",
    "hr": "heart rate",
    "skt": "skin temperature",
}


def write_recording(folder: Path | str, recording: Recording) -> Path:
    """Write `recording` below `folder`, in the folder of its person, and return the beginning that its file names share.

    Its name must begin with "sub-" and is made of entities: "sub-02_task-rest". Each file appears whole or not at all, and the
    same recording always gives the same bytes.

    Raises RecordingError for a name or a key that cannot become a file's name and for a series that could not be read back,
    StorageError when the files cannot be written.
    """
    folder, person = Path(folder).expanduser(), recording.name.split("_")[0]
    if not person.startswith("sub-") or "/" in recording.name:
        raise RecordingError(f"A recording cannot be called {recording.name!r}: its name must look like sub-02_task-rest.")
    stem = folder / person / recording.name
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        describe_folder(folder)
        for key, series in recording.series.items():
            _write_series(stem, key, series)
        if recording.events:
            write_whole(Path(f"{stem}_events.tsv"), _events_table(recording.events))
        for device, beats in _beats(recording).items():
            write_whole(Path(f"{stem}_{device}_beats.tsv" if device else f"{stem}_beats.tsv"), _beats_table(beats))
    except OSError as error:
        why = error.strerror or str(error)
        raise StorageError(f"The recording cannot be written to {folder} ({why}): is the disk full or protected?") from None
    return stem


def _beats(recording: Recording) -> Mapping[str, Samples]:
    if recording.beats_by_device or recording.beats is None:
        return recording.beats_by_device
    return {"": recording.beats}


def _write_series(stem: Path, key: str, series: Series) -> None:
    device, _, kind = key.rpartition("_") if key.startswith("acq-") else ("", "", key)
    if not kind.isalnum() or (device and not device.removeprefix("acq-").isalnum()):
        raise RecordingError(f"A series cannot be called {key!r}: use letters and digits, after acq-DEVICE_ if need be.")
    if len(series.values) == 0 or np.isinf(series.values).any():
        raise RecordingError(f"The series {key!r} is empty or holds an infinite number: leave it out, or write NaN instead.")
    column = series.column or kind
    side: dict[str, Any] = {
        "SamplingFrequency": series.rate_hz,
        "StartTime": series.t0,
        "Columns": [column],
        column: {"Description": DESCRIPTIONS.get(kind, kind), "Units": series.unit or "arbitrary"},
    }
    if series.device:
        side["Manufacturer"] = series.device
    base = f"{stem}_{device}_recording-{kind}_physio" if device else f"{stem}_recording-{kind}_physio"
    lines = "\n".join(map(repr, series.values.tolist())).replace("nan", "n/a") + "\n"
    write_whole(Path(f"{base}.tsv.gz"), gzip.compress(lines.encode(), compresslevel=6, mtime=0))
    write_whole(Path(f"{base}.json"), (json.dumps(side, indent=2, ensure_ascii=False) + "\n").encode())


def describe_folder(folder: Path) -> None:
    """A data set needs a description; one that is there is left alone."""
    path = folder / "dataset_description.json"
    if not path.exists():
        text = json.dumps({"Name": "Recordings of Undertone", "BIDSVersion": "1.10.0", "DatasetType": "raw"}, indent=2)
        write_whole(path, (text + "\n").encode())


def _events_table(events: Iterable[Event]) -> bytes:
    events = list(events)
    more = list(dict.fromkeys(column for event in events for column in event.more))
    rows = [["onset", "duration", "trial_type", *more]]
    rows += [
        [repr(event.onset), repr(event.duration), event.trial_type or "n/a"] + [event.more.get(name, "n/a") for name in more]
        for event in events
    ]
    return table_text(rows)


def _beats_table(beats: Samples) -> bytes:
    return table_text([["onset", "ibi"], *([repr(value).replace("nan", "n/a") for value in row] for row in beats.tolist())])


def table_text(rows: Iterable[Iterable[str]]) -> bytes:
    """The rows as a table of text, every cell on its one line."""
    return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows).encode()


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """The file appears whole, or stays as it was: it is written beside its place and then moved there. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Have the disk confirm the names in a folder, where it can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
