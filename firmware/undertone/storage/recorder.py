"""A recording, written while it is measured, so that a power cut loses no more than its last seconds.

    …_recording-ppg_physio.tsv.gz   infrared and red, counts          …_beats.tsv                   onset, ibi, flag
    …_recording-eda_physio.tsv.gz   skin conductance, microsiemens    …_desc-responses_events.tsv   responses of the skin
    …_events.tsv                    faults                            (with acq-podN where there are several pods)

Theory of operation. What arrives is collected and, every five seconds, appended: to a compressed table as one gzip member of
its own, to a text table as lines; then the disk confirms it. When the disk refuses, what was written of the batch is cut off
again, so that everything before stays readable. Nothing else is kept in memory but the faults, which are few, and whose table
is written anew when one begins or ends.

Time. A table has one rate and one start, but the chips' clocks are up to 1.5 % off and are followed while they run. Both
numbers are those of the least squares line through the moments of all blocks so far, and are written anew with each batch.
Missing samples become rows of n/a: as many as their time needs, counted such that roundings never add up, so that a row is at
most half a sample from where it belongs however much was lost. Where samples were lost there is at least one such row. A clock
that drifts in the course of an hour bends the true line: a straight one through a drift of 20 parts in a million is up to 6 ms
from it, while the time between two beats stays right.

Faults are events of the recording. Responses are what this program found, not what happened: they lie in a table of their own,
with the entity that BIDS derivatives have for that (`desc`); so do beats, in the table that this layout has always had.

Source: BIDS 1.10, "Physiological recordings" and "Events".
"""

from __future__ import annotations

import contextlib
import errno
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from undertone.errors import StorageError
from undertone.flow import Beat, BeatFlag, Block, Channel, Fault, Response
from undertone.storage.growing import LIGHT, PRIVATE, GrowingLines, GrowingSeries
from undertone.storage.recording_writer import describe_folder, table_text, write_whole

__all__ = ["FLUSH_SECONDS", "Recorder", "free_name"]

FLUSH_SECONDS = 5.0
"""Between two times at which the disk has confirmed everything."""
NAME = re.compile(r"sub-[a-zA-Z0-9]+(_(?!(acq|recording|desc)-)[a-z]+-[a-zA-Z0-9]+)*")
"""Entities in the form that BIDS gives them; three tell the files of one recording apart and are no part of its name."""
FULL = (errno.ENOSPC, errno.EDQUOT)

def free_name(folder: Path | str, name: str) -> str:
    """`name` with the lowest run number under which nothing lies in the folder yet: "sub-01_task-rest_run-01"."""
    run = 1
    while _taken(Path(folder).expanduser(), f"{name}_run-{run:02d}"):
        run += 1
    return f"{name}_run-{run:02d}"


class Recorder:
    """Writes one recording.

    folder: of the data set; made if need be. name: entities that begin with "sub-": "sub-01_task-rest".
    pods: how many there are; with more than one each has its own files. devices: maker and model by "ppg" and "eda".
    zero: when the recording begins on the clock of what arrives, seconds; what is written counts from there.

    `push` and `note` only collect. `write` is to be called about once a second; it does its work when that is due.
    Raises StorageError, from the start and from `write` and `close`, in a sentence, where the disk refuses or something of this
    name is there already.
    """

    def __init__(
        self,
        folder: Path | str,
        name: str,
        *,
        pods: int = 1,
        devices: Mapping[str, tuple[str, str]] | None = None,
        zero: float = 0.0,
    ) -> None:
        folder, person = Path(folder).expanduser(), name.split("_")[0]
        if not NAME.fullmatch(name):
            raise StorageError(f"A recording cannot be called {name!r}: its name must look like sub-02_task-rest.")
        if _taken(folder, name):
            raise StorageError(f"{folder / person / name} is there already, and nothing is written over: choose another name.")
        self.stem = folder / person / name
        self.seconds = 0.0
        """Up to when there is something, seconds from the beginning."""
        self.samples = 0
        """Samples of infrared light and of conductance."""
        self.missing = 0
        """Rows of missing samples between them."""
        self._zero = zero
        self._several = pods > 1
        self._devices = devices or {}
        self._due = -math.inf
        self._series: dict[tuple[str, int], GrowingSeries] = {}
        self._lines: dict[Path, GrowingLines] = {}
        self._faults: list[tuple[Fault, float | None]] = []
        self._told = False
        self._broken = False
        with self._sentences():
            self.stem.parent.mkdir(parents=True, exist_ok=True)
            describe_folder(folder)
            # An empty one also proves, before anybody sits still for an hour, that there can be a recording here.
            self._write_faults()

    def push(self, block: Block) -> None:
        """Take samples. Red light is kept where it comes with, and after, infrared light of the same moments."""
        kind = "eda" if block.channel is Channel.SKIN else "ppg"
        series = self._series.get((kind, block.pod))
        if series is None:
            path = self._path(block.pod, f"recording-{kind}_physio")
            columns = ("eda",) if kind == "eda" else LIGHT
            series = self._series[kind, block.pod] = GrowingSeries(path, columns, self._devices.get(kind), zero=self._zero)
        self.missing += series.push(block)
        self.samples += 0 if block.channel is Channel.RED else len(block.values)
        self.seconds = max(self.seconds, block.end - self._zero)

    def note(self, value: Beat | Response | Fault) -> None:
        """Take what was found in the samples, or what is wrong with them."""
        match value:
            case Beat():
                # An interval is written where it is one between two beats of the heart.
                known = value.interval is not None and value.flag is not BeatFlag.ARTEFACT
                ibi = f"{value.interval:.6f}" if known else "n/a"
                beat = (f"{value.t - self._zero:.6f}", ibi, value.flag.value)
                self._table(value.pod, "beats", ("onset", "ibi", "flag")).add(beat)
            case Response():
                columns = ("onset", "duration", "amplitude", "rise", "recovery", "trial_type")
                row = (f"{value.t - self._zero:.4f}", *map(_written, _lasting(value)), "response")
                self._table(value.pod, "desc-responses_events", columns).add(row)
            case Fault():
                self._fault(value)

    def write(self, now: float) -> float:
        """Append what was collected and have the disk confirm it, if that is due; returns when it is due next, seconds."""
        if now >= self._due:
            self._flush()
            self._due = now + FLUSH_SECONDS
        return self._due

    def close(self) -> None:
        """Write the rest: every fault that is not over lasts until here. Nothing more, after the disk has refused.

        Where there never were any samples, nothing stays.
        """
        if self._broken:
            return
        if not self._series:
            with contextlib.suppress(OSError):
                Path(f"{self.stem}_events.tsv").unlink()
                self.stem.parent.rmdir()
            return
        self._faults = [(fault, self._zero + self.seconds if end is None else end) for fault, end in self._faults]
        self._told = True
        for series in self._series.values():
            series.finish()
        self._flush()

    def _flush(self) -> None:
        with self._sentences():
            for series in self._series.values():
                series.flush()
            for lines in self._lines.values():
                lines.flush()
            if self._told:
                self._write_faults()

    def _fault(self, fault: Fault) -> None:
        self._told = True
        if not fault.over:
            self._faults.append((fault, None))
            return
        for index, (began, end) in enumerate(self._faults):
            if end is None and (began.source, began.kind) == (fault.source, fault.kind):
                self._faults[index] = (began, fault.t)

    def _write_faults(self) -> None:
        rows = [["onset", "duration", "trial_type", "source", "message"]]
        for fault, end in self._faults:
            lasting = "n/a" if end is None else f"{max(0.0, end - fault.t):.3f}"
            rows.append([f"{fault.t - self._zero:.3f}", lasting, fault.kind.value, fault.source, fault.message])
        write_whole(Path(f"{self.stem}_events.tsv"), table_text(rows), mode=PRIVATE)
        self._told = False

    def _table(self, pod: int, suffix: str, columns: tuple[str, ...]) -> GrowingLines:
        path = Path(f"{self._path(pod, suffix)}.tsv")
        return self._lines.setdefault(path, GrowingLines(path, columns))

    def _path(self, pod: int, suffix: str) -> Path:
        return Path(f"{self.stem}_acq-pod{pod}_{suffix}" if self._several else f"{self.stem}_{suffix}")

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """What the disk says, as a sentence; once it has refused, the recording is over."""
        try:
            yield
        except OSError as error:
            self._broken = True
            why = error.strerror or str(error)
            full = error.errno in FULL
            advice = "Free some space and record again." if full else "Is the disk there, and may you write to it?"
            rest = "cannot go on" if self._series else "cannot begin"
            stays = " What was written until then stays readable." if self._series else ""
            raise StorageError(f"The recording {self.stem} {rest} ({why}). {advice}{stays}") from None


def _lasting(response: Response) -> Iterable[float | None]:
    """Duration, amplitude, rise and recovery of a response; its duration is known where its recovery is."""
    recovery = response.recovery
    duration = None if recovery is None else response.rise + recovery
    return duration, response.amplitude_microsiemens, response.rise, recovery


def _written(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"


def _taken(folder: Path, name: str) -> bool:
    """Whether anything of a recording of this name is there."""
    kinds = ("acq-", "recording-", "desc-", "beats.", "events.")
    beside = (folder / name.split("_")[0]).glob(f"{name}_*")
    return any(file.name[len(name) + 1 :].startswith(kinds) for file in beside)
