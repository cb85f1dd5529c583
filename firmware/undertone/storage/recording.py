"""A recording: what sensors told of one person, read from a folder in BIDS form.

    sub-02/sub-02_task-stress_recording-ppg_physio.tsv.gz    a regular series without header; .json beside it
    sub-02/sub-02_task-stress_acq-left_recording-eda_physio.tsv.gz
    sub-02/sub-02_task-stress_events.tsv                     onset, duration, trial_type, …
    sub-02/sub-02_task-stress_beats.tsv                      onset, ibi

A file with several columns gives a series for each, but for the columns "infrared" and "red" of a pulse there is one pulse: the
infrared one. `Recorder` writes those.

The names tell which files belong together: all entities but `acq` (which device or side) and `recording` (what was measured)
name the recording. All times are seconds from the recording's common zero; a series may begin before or after it.

Source: Brain Imaging Data Structure 1.10, "Physiological recordings".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from undertone.errors import RecordingError
from undertone.flow import Samples, readonly
from undertone.storage.tables import number, read_rows, read_table

__all__ = ["Event", "Recording", "Series", "load_recording"]

PHYSIO = "_physio.tsv.gz"

PLACES = ("", "sub-*/", "sub-*/ses-*/", "ses-*/", "sub-*/*/", "sub-*/ses-*/*/")
"""Where recordings may lie below the folder that was named: this project's layout, and that of BIDS."""

RAW_LIGHT = ("counts", "brightness")
"""Units of light as a sensor saw it."""

INFRARED, RED = "infrared", "red"
"""Columns of a pulse that was recorded at two colours."""

TO_MICROSIEMENS = {"S": 1e6, "mS": 1e3, "nS": 1e-3}
"""What one of these units is in microsiemens. Anything else is taken for microsiemens."""

STANDARD_COLUMNS = {"cardiac": "ppg", "respiratory": "resp"}
"""What BIDS calls a column, and what it is called here."""


@dataclass(frozen=True, slots=True)
class Series:
    """Evenly spaced samples of one thing."""

    t0: float
    """Time of the first sample, seconds from the recording's zero; may be negative."""
    rate_hz: float
    values: Samples
    """Shape (n,), NaN where a sample is missing."""
    unit: str
    """As the recording calls it: "µS", "arbitrary", "counts"."""
    column: str = ""
    """As the recording calls it: "ppg", "red"."""
    device: str = ""
    """Maker and model, where they are known."""
    full_scale: float | None = None
    """Of light as a converter counts it: its highest count. None where that is not known, or something else was recorded."""

    @property
    def times(self) -> Samples:
        """Time of each sample, seconds, shape (n,)."""
        return self.t0 + np.arange(len(self.values)) / self.rate_hz

    @property
    def end(self) -> float:
        """When the sample after the last one would be due, seconds."""
        return self.t0 + len(self.values) / self.rate_hz

    @property
    def upright(self) -> bool:
        """Of a pulse wave: whether more blood is a higher value.

        It is where a device filtered its pulse for display. Light as a sensor saw it, told by its unit ("counts", "mean
        brightness"), falls when more blood comes.
        """
        return not any(unit in self.unit for unit in RAW_LIGHT)

    @property
    def microsiemens(self) -> Samples:
        """Of skin conductance: the values in microsiemens, whichever unit they were recorded in, shape (n,)."""
        return readonly(self.values * TO_MICROSIEMENS.get(self.unit, 1.0))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or a task that was done, during a recording."""

    onset: float
    """Seconds."""
    duration: float
    """Seconds; 0 for a moment."""
    trial_type: str
    more: Mapping[str, str] = field(default_factory=dict)
    """The other columns, as text. A column without a value here is left out."""


@dataclass(frozen=True, slots=True)
class Recording:
    """All that one recording holds."""

    name: str
    """"sub-02_task-stress"."""
    series: Mapping[str, Series]
    """By what was measured, "ppg", "eda", "ecg", "resp", "hr", "skt", with the device before it where there are several:
    "acq-watch4_ppg". A file with several columns gives one series for each, "light_red"."""
    events: tuple[Event, ...] = ()
    """In the order of their onsets."""
    beats: Samples | None = None
    """Shape (n, 2): time of the beat that ends an interval, and the interval, seconds; the interval is NaN where it is unsure.
    Of the device without a name, else of the first."""
    beats_by_device: Mapping[str, Samples] = field(default_factory=dict)
    """The same for each device that has some: "" or "acq-left"."""
    warnings: tuple[str, ...] = ()
    """What was passed over while it was read, in sentences."""

    def first(self, kind: str, *, acq: str | None = None) -> Series | None:
        """The series of a kind: of the device `acq` ("left"), else of the one without a name, else of the first; or None.

        Of a pulse at two colours the infrared one.
        """
        key = self._key(kind, acq)
        return None if key is None else self.series[key]

    def red(self, *, acq: str | None = None) -> Series | None:
        """The red light that was recorded beside `first("ppg")`, or None."""
        key = self._key("ppg", acq)
        return None if key is None else self.series.get(key.removesuffix(f"_{INFRARED}") + f"_{RED}")

    def devices(self) -> tuple[str, ...]:
        """What `acq` may be for this recording, sorted, without "acq-"; "" stands for the device without a name."""
        keys = {*self.series, *(f"{device}_" for device in self.beats_by_device)}
        return tuple(sorted({key.partition("_")[0][4:] if key.startswith("acq-") else "" for key in keys}))

    def of(self, acq: str | None) -> Recording:
        """The same recording with only what the device `acq` measured; all of it for None.

        Raises RecordingError where there is no such device.
        """
        if acq is None:
            return self
        name = acq.removeprefix("acq-")
        if name not in self.devices():
            known = ", ".join(device or "one without a name" for device in self.devices()) or "none"
            raise RecordingError(f"{self.name} has no device {name!r}; there is {known}.")
        device, own = f"acq-{name}", {key: series for key, series in self.series.items() if key.startswith(f"acq-{name}_")}
        beats = {key: beats for key, beats in self.beats_by_device.items() if key == device}
        return replace(self, series=own, beats=beats.get(device), beats_by_device=beats)

    def _key(self, kind: str, acq: str | None) -> str | None:
        names = (kind, f"{kind}_{INFRARED}")
        if acq is not None:
            device = f"acq-{acq.removeprefix('acq-')}"
            names = (f"{device}_{names[0]}", f"{device}_{names[1]}")
            return next((name for name in names if name in self.series), None)
        own = [name for name in names if name in self.series]
        others = sorted(key for key in self.series if key.endswith(tuple(f"_{name}" for name in names)))
        return next(iter([*own, *others]), None)

    @property
    def duration(self) -> float:
        """When the last series ends, or the last beat where there is no series, seconds from the recording's zero."""
        last_beat = 0.0 if self.beats is None or len(self.beats) == 0 else float(self.beats[-1, 0])
        return max((series.end for series in self.series.values()), default=last_beat)


def load_recording(path: Path | str) -> Recording:
    """Read the recording that lies at `path`.

    path: a folder that holds one recording, the beginning that its file names share (`…/sub-02/sub-02_task-stress`), or one of
    its `_physio.tsv.gz` files; in each case the whole recording is read.

    Raises RecordingError, in a sentence, for whatever keeps it from being read.
    """
    try:
        stem = _stem(Path(path).expanduser())
    except RecordingError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        # A name that is too long, a folder that may not be entered, a ~somebody who does not exist.
        why = getattr(error, "strerror", None) or str(error)
        raise RecordingError(f"{path} cannot be looked into ({why}): check the path and who may read it.") from None
    series: dict[str, Series] = {}
    warnings: list[str] = []
    for file in sorted(stem.parent.glob(f"*{PHYSIO}")):
        if _belongs(file, stem):
            series |= _read_physio(file, warnings)
    beats = {key: _read_beats(file, warnings) for key, file in _beats_files(stem)}
    events = stem.with_name(stem.name + "_events.tsv")
    return Recording(
        name=stem.name,
        series=series,
        events=_read_events(events, warnings) if events.is_file() else (),
        beats=beats[min(beats)] if beats else None,
        beats_by_device=beats,
        warnings=tuple(warnings),
    )


# --------------------------------------------------------------------------------------------------------------- finding it


def _split(name: str) -> tuple[str, str, str]:
    """Of a file's name without its ending: the recording, the device ("acq-left" or ""), and what was measured."""
    entities = name.split("_")
    device = next((entity for entity in entities if entity.startswith("acq-")), "")
    kind = next((entity for entity in entities if entity.startswith("recording-")), "")
    return "_".join(entity for entity in entities if entity not in (device, kind)), device, kind.removeprefix("recording-")


def _belongs(file: Path, stem: Path) -> bool:
    return _split(file.name.removesuffix(PHYSIO))[0] == stem.name


def _stem(path: Path) -> Path:
    """The folder of the one recording at `path`, joined with its name."""
    if path.is_file() and not path.name.endswith(PHYSIO):
        raise RecordingError(f"{path} is no recording: name its folder or one of its …{PHYSIO} files.")
    if path.name.endswith(PHYSIO) and path.is_file():
        return path.with_name(_split(path.name.removesuffix(PHYSIO))[0])
    if path.is_dir():
        return _only(path, (file for place in PLACES for file in path.glob(f"{place}*{PHYSIO}")))
    if not path.parent.is_dir():
        raise RecordingError(f"There is no folder {path.parent}: check the path of the recording.")
    files = [file for file in path.parent.glob(f"*{PHYSIO}") if re.match(re.escape(path.name) + "(_|$)", file.name)]
    if not files:
        raise RecordingError(f"There is no folder {path}, and no recording whose files begin so: check the path.")
    return _only(path, files)


def _only(path: Path, files: Iterable[Path]) -> Path:
    """The one recording among the files."""
    stems = {file.with_name(_split(file.name.removesuffix(PHYSIO))[0]) for file in files}
    if not stems:
        raise RecordingError(f"{path} holds no recording: there is no …_recording-ppg{PHYSIO} or the like in it.")
    if len(stems) > 1:
        folder = path if path.is_dir() else path.parent
        names = sorted(str(stem.relative_to(folder)) for stem in stems)
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        raise RecordingError(f"{path} stands for {len(names)} recordings. Choose one of those in {folder}: {shown}.")
    return stems.pop()


def _beats_files(stem: Path) -> Iterable[tuple[str, Path]]:
    for file in sorted(stem.parent.glob("*_beats.tsv")):
        name, device, _ = _split(file.name.removesuffix("_beats.tsv"))
        if name == stem.name:
            yield device, file


# --------------------------------------------------------------------------------------------------------------- reading it


def _read_physio(file: Path, warnings: list[str]) -> dict[str, Series]:
    """The series in one file, by their names within the recording; what is passed over is added to the warnings."""
    side = _read_side(file.with_name(file.name.removesuffix(".tsv.gz") + ".json"), file)
    columns = side["Columns"]
    device = " ".join(str(side[name]) for name in ("Manufacturer", "ManufacturersModelName") if side.get(name))
    table, passed_over = read_table(file, len(columns))
    warnings += passed_over
    _, acq, kind = _split(file.name.removesuffix(PHYSIO))
    series: dict[str, Series] = {}
    if len(table) == 0:
        return series
    for index, column in enumerate(columns):
        about = side[column] if isinstance(side.get(column), dict) else {}
        key = (kind if len(columns) == 1 else f"{kind}_{column}") if kind else STANDARD_COLUMNS.get(column, column)
        series[f"{acq}_{key}" if acq else key] = Series(
            t0=side["StartTime"],
            rate_hz=side["SamplingFrequency"],
            values=readonly(table[:, index]),
            unit=str(about.get("Units", "")),
            column=column,
            device=device,
            full_scale=_finite(about.get("Maximum")),
        )
    return series


def _read_side(path: Path, data: Path) -> dict[str, Any]:
    """What the .json beside a series says, checked."""
    try:
        side = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordingError(f"{path.name} is missing beside {data}: without it the samples' rate is not known.") from None
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path} cannot be read as JSON ({error}): take it again from the recording's source.") from None
    if not isinstance(side, dict):
        raise RecordingError(f"{path} must hold a JSON object with SamplingFrequency, StartTime and Columns.")
    rate, start, columns = _finite(side.get("SamplingFrequency")), _finite(side.get("StartTime")), side.get("Columns")
    if rate is None or rate <= 0.0:
        raise RecordingError(f"{path}: SamplingFrequency must be a number of samples a second, above 0.")
    if start is None:
        raise RecordingError(f"{path}: StartTime must be a number of seconds.")
    if not isinstance(columns, list) or not columns or not all(isinstance(column, str) for column in columns):
        raise RecordingError(f"{path}: Columns must be a list with the name of each column, not {columns!r}.")
    return {**side, "SamplingFrequency": rate, "StartTime": start}


def _finite(value: object) -> float | None:
    """The value as a float, if it is a number that can be reckoned with."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _read_events(file: Path, warnings: list[str]) -> tuple[Event, ...]:
    known = ("onset", "duration")
    rows, passed_over = read_rows(file, known)
    warnings += passed_over
    events = [
        Event(
            onset=number(file, row, "onset", math.nan),
            duration=number(file, row, "duration", 0.0),
            trial_type="" if (kind := row.get("trial_type", "")) == "n/a" else kind,
            more={key: text for key, text in row.items() if key not in (*known, "trial_type") and text != "n/a"},
        )
        for row in rows
    ]
    return tuple(sorted((event for event in events if math.isfinite(event.onset)), key=lambda event: event.onset))


def _read_beats(file: Path, warnings: list[str]) -> Samples:
    """Beats in the order of their onsets; one of which nobody knows when it was is left out."""
    known = ("onset", "ibi")
    rows, passed_over = read_rows(file, known)
    warnings += passed_over
    beats = [tuple(number(file, row, column, math.nan) for column in known) for row in rows]
    return readonly(sorted((beat for beat in beats if math.isfinite(beat[0])), key=lambda beat: beat[0])).reshape(-1, 2)
