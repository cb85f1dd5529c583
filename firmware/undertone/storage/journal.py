"""The journal: what flowed through the device, one line of JSON for each value, kept through full disks and power cuts.

Theory of operation. `keep` only queues (see `backlog` for what is given up when too much waits); `write`, called from one
thread, appends everything that waits and has the disk confirm it, every five seconds: a power cut loses no more than that. A
line that was cut short is removed when the file is opened again, and passed over when it is read. When the disk refuses,
whatever was written of the batch is cut off again, the batch waits on, one Fault is told, and the disk is asked again with
growing patience; when it takes the batch, the end of the Fault is told.

Each opening writes a line that says when it was by the clock on the wall, as far as that is known, and in which boot of the
machine: times are those of the monotonic clock and mean nothing across boots. A file that has grown too large becomes the
previous one, `journal.jsonl.1`, in whose place it steps.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from undertone.errors import StorageError
from undertone.flow import Block, Fault, FaultKind, Record
from undertone.storage.backlog import Backlog, Rank
from undertone.storage.lines import decoded, encoded

__all__ = ["Journal", "JournalThread", "MemoryJournal", "Store", "read_journal", "read_raw"]

_log = logging.getLogger(__name__)

SYNC_SECONDS = 5.0
"""Between two times at which the disk has confirmed everything."""
PATIENCE_SECONDS = (5.0, 60.0)
"""First and longest wait before a disk that refused is asked again."""
BATCH = 5000
"""Values written at once."""
HEADER = b'{"type": "journal"'
BOOT = Path("/proc/sys/kernel/random/boot_id")
FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_TO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EROFS)
"""What `fsync` says of things that are no files on a disk."""


class Store(Protocol):
    """Where the device keeps what it does."""

    def keep(self, record: Record) -> None:
        """Keep a record. Never waits, never fails. May be called from any thread."""

    def keep_raw(self, block: Block) -> None:
        """Keep samples; they are given up first."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What was written and what had to be given up."""

    def close(self) -> None:
        """Write what waits, as far as that is possible, and be done."""


def _counts(written: int, unwritable: int, given_up: Mapping[Rank, int]) -> Mapping[str, int]:
    return {
        "journal lines": written,
        "journal samples given up": given_up[Rank.SAMPLES],
        "journal readings given up": given_up[Rank.READING],
        "journal music given up": given_up[Rank.MUSIC],
        "journal events given up": given_up[Rank.EVENT],
        "journal unwritable": unwritable,
    }


class MemoryJournal:
    """Keeps records in memory only, for virtual time: the same bound, the same policy."""

    def __init__(self, *, most: int = 20_000) -> None:
        self._backlog = Backlog(most)
        self._kept = 0

    def keep(self, record: Record) -> None:
        """Keep a record."""
        self._backlog.add(record.t, record.value)
        self._kept += 1

    def keep_raw(self, block: Block) -> None:
        """Keep samples."""
        self._backlog.add(block.t0, block)

    @property
    def records(self) -> tuple[Record, ...]:
        """What is kept, in the order in which it came, without samples."""
        return tuple(Record(w.t, w.value) for w in self._backlog if not isinstance(w.value, Block))

    @property
    def counts(self) -> Mapping[str, int]:
        """What was kept and what had to be given up."""
        return _counts(self._kept, 0, self._backlog.given_up)

    def close(self) -> None:
        """Nothing needs to be done."""


class Journal:
    """Appends to a file. `keep` and `keep_raw` may be called from any thread; `write` and `close` from one.

    path: the file; it and its folder are made when the first line is written.
    report: called with a Fault when the disk refuses and when it takes lines again, from the thread that writes.
    most_waiting: values that may wait; at five a second, more than an hour of a full disk.
    most_bytes: size at which the file becomes the previous one.
    now, wall: seconds on the device's clock, and since 1970.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        report: Callable[[Fault], None] | None = None,
        most_waiting: int = 20_000,
        most_bytes: int = 128 << 20,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path).expanduser()
        self.now = now
        self._report = report
        self._wall = wall
        self._most_bytes = most_bytes
        self._backlog = Backlog(most_waiting)
        self._lock = threading.Lock()
        self._file: int | None = None
        self._due = float("-inf")
        self._patience = PATIENCE_SECONDS[0]
        self._refused = False
        self._written = 0
        self._unwritable = 0

    def keep(self, record: Record) -> None:
        """Keep a record. Never waits, never fails."""
        with self._lock:
            self._backlog.add(record.t, record.value)

    def keep_raw(self, block: Block) -> None:
        """Keep samples; they are given up first."""
        with self._lock:
            self._backlog.add(block.t0, block)

    @property
    def counts(self) -> Mapping[str, int]:
        """Lines written, values given up by rank, and values that could not be put into a line."""
        with self._lock:
            return _counts(self._written, self._unwritable, self._backlog.given_up)

    def write(self, now: float) -> float:
        """Write what waits and have the disk confirm it, if that is due; returns when it is due next, seconds.

        What a disk refuses is told as a Fault, never raised.
        """
        if now < self._due:
            return self._due
        with self._lock:
            batch = self._backlog.take(BATCH)
        lines = list(self._lines(batch))
        try:
            self._append(b"".join(lines), now)
        except OSError as error:
            with self._lock:
                self._backlog.put_back(batch)
            if error.errno not in FULL:
                # The drive may be another one when it comes back: the file is opened anew.
                self._close_file()
            self._tell_refused(now, error)
            self._due = now + self._patience
            self._patience = min(2.0 * self._patience, PATIENCE_SECONDS[1])
            return self._due
        with self._lock:
            self._written += len(lines)
            self._unwritable += len(batch) - len(lines)
        if lines:
            self._tell_taken(now)
        self._due = now if len(batch) == BATCH else now + SYNC_SECONDS
        return self._due

    def close(self) -> None:
        """Write what waits, whether or not it is due, and close the file. What the disk refuses now is lost."""
        waiting = -1
        while len(self._backlog) and len(self._backlog) != waiting:
            waiting = len(self._backlog)
            self._due = float("-inf")
            self.write(self.now())
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def _lines(self, batch: list[Any]) -> Iterator[bytes]:
        # What cannot become a line is passed over, and counted once the disk has taken the others: a batch may come again.
        for waiting in batch:
            with contextlib.suppress(TypeError, ValueError):
                yield encoded(waiting.t, waiting.value)

    def _append(self, lines: bytes, now: float) -> None:
        """All of the lines, confirmed by the disk, or none of them and OSError."""
        if not lines:
            return
        if self._file is not None and os.fstat(self._file).st_nlink == 0:
            # Somebody erased the file: what follows begins a new one, instead of going where nobody can read it.
            self._close_file()
        if self._file is not None and os.fstat(self._file).st_size + len(lines) > self._most_bytes:
            os.replace(self.path, self.path.with_name(self.path.name + ".1"))
            self._close_file()
        if self._file is None:
            self._file = _opened(self.path, self._header(now))
        _append_or_nothing(self._file, lines)

    def _header(self, now: float) -> bytes:
        boot = None
        with contextlib.suppress(OSError):
            boot = BOOT.read_text().strip()
        wall = datetime.fromtimestamp(self._wall(), UTC).isoformat(timespec="seconds")
        return json.dumps({"type": "journal", "version": 1, "t": now, "wall": wall, "boot": boot}).encode() + b"\n"

    def _tell_refused(self, now: float, error: OSError) -> None:
        if not self._refused and self._report is not None:
            advice = "free some space" if error.errno in FULL else "check the disk and who may write there"
            why = error.strerror or str(error)
            message = f"{self.path} cannot be written ({why}): {advice}. Until then what happens is kept in memory."
            self._report(Fault(now, "journal", FaultKind.STORAGE, message))
        self._refused = True

    def _tell_taken(self, now: float) -> None:
        self._patience = PATIENCE_SECONDS[0]
        if self._refused and self._report is not None:
            message = f"{self.path} is written again; what waited in memory is on the disk."
            self._report(Fault(now, "journal", FaultKind.STORAGE, message, over=True))
        self._refused = False


def _opened(path: Path, header: bytes) -> int:
    """The file, open for appending, without the line that a power cut left unfinished, and with a header after that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _mend(file)
        _append_or_nothing(file, header)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _sync(folder)
        finally:
            os.close(folder)
    except BaseException:
        os.close(file)
        raise
    return file


def _mend(file: int) -> None:
    """Cut off what follows the last end of line."""
    size = end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - 65536)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(file, end)


def _append_or_nothing(file: int, content: bytes) -> None:
    good = os.fstat(file).st_size
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
        _sync(file)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, good)
        raise


def _sync(file: int) -> None:
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in NOT_TO_SYNC:
            raise


class JournalThread:
    """The thread that writes a journal, and the only one that touches its file."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, *, timeout: float = 5.0) -> None:
        """Write what waits and end.

        Raises StorageError when the disk does not come back within `timeout` seconds; the thread is then left behind.
        """
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._thread.is_alive():
            where = self._journal.path
            raise StorageError(f"The disk did not take the journal within {timeout:g} s: is {where} on a dead drive?")

    def _run(self) -> None:
        due = self._journal.now()
        while not self._stopping.wait(max(0.0, due - self._journal.now())):
            try:
                due = self._journal.write(self._journal.now())
            except Exception as error:
                _log.error("the journal's thread stumbled and goes on: %s", error)
                due = self._journal.now() + PATIENCE_SECONDS[1]
        self._journal.close()


def read_journal(path: Path | str, *, last_opening: bool = False) -> Iterator[Record]:
    """The records of a journal in the order in which they were kept, one at a time, without samples.

    last_opening: only those since the file was last opened for writing: times before that may be of another boot.

    A line that a power cut left unfinished is passed over. Raises StorageError when the file cannot be read.
    """
    return (Record(t, value) for t, value in _read(Path(path).expanduser(), last_opening) if not isinstance(value, Block))


def read_raw(path: Path | str, *, last_opening: bool = False) -> Iterator[Block]:
    """The samples in a journal; as `read_journal`."""
    return (value for _, value in _read(Path(path).expanduser(), last_opening) if isinstance(value, Block))


def _read(path: Path, last_opening: bool) -> Iterator[tuple[float, Any]]:
    try:
        with path.open("rb") as file:
            if last_opening:
                file.seek(_last_header(file))
            for line in file:
                with contextlib.suppress(ValueError):
                    read = decoded(line) if line.endswith(b"\n") else None
                    if read is not None:
                        yield read
    except OSError as error:
        why = error.strerror or str(error)
        raise StorageError(f"The journal {path} cannot be read ({why}): check the path and who may read it.") from None


def _last_header(lines: Iterator[bytes]) -> int:
    """Where the last header begins in the file, 0 when there is none."""
    found = position = 0
    for line in lines:
        if line.startswith(HEADER):
            found = position
        position += len(line)
    return found
