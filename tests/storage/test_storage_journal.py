"""The journal: every value comes back as it was, and a full disk or a power cut costs as little as promised."""

from __future__ import annotations

import errno
import json
import math
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from undertone.errors import StorageError
from undertone.flow import (
    Affect,
    AffectSource,
    Bar,
    Beat,
    BeatFlag,
    Block,
    Channel,
    Command,
    CommandKind,
    Directive,
    Fault,
    FaultKind,
    Features,
    Goal,
    Layer,
    Note,
    Phase,
    Record,
    Response,
    readonly,
)
from undertone.storage import Journal, JournalThread, MemoryJournal, read_journal, read_raw

BAR = Bar(
    index=3,
    beats=4,
    tempo_bpm=58.5,
    notes=(Note(0.0, 1.5, 60, 64, Layer.PAD), Note(1.0, 0.5, 67, 50, Layer.MELODY)),
    level_db=-math.inf,
    gains_db={Layer.PAD: 0.0, Layer.BASS: -6.0},
    programs={Layer.PAD: 89},
    low_pass_hz=1800.0,
    reverb_wet=0.3,
    reverb_seconds=2.5,
    breath_per_min=None,
    swell_db=3.0,
    chord="Am7",
)
DIRECTIVE = Directive(
    1.0,
    9.0,
    Phase.LEAD,
    Goal.SLEEP,
    arousal=-0.25,
    valence=0.1,
    level_db=-3.0,
    breath_per_min=6.5,
    confidence=0.75,
    reason="Softer now.",
    inputs=("heart_bpm", "report"),
    tempo_limits_bpm=(40.0, 70.0),
)
RUBBISH = (
    b"\0" * 4096 + b"\n",
    b"[1]\n",
    b'{"type": "beat"}\n',
    b'{"type": "beat", "t": 1, "value": 7}\n',
    b"7\n",
    b"\xff\n",
    b"[" * 100_000 + b"\n",
)
VALUES: tuple[Any, ...] = (
    Beat(1.0, 0.8125, BeatFlag.CLEAN),
    Beat(2.0, None, BeatFlag.FIRST, pod=3),
    Response(3.5, 0.21, 1.5),
    Features(4.0, heart_bpm=61.25, pulse_quality=0.5),
    Affect(5.0, -0.5, None, 0.8, AffectSource.MODEL, ("heart rate 9 bpm above your usual",)),
    DIRECTIVE,
    BAR,
    Fault(6.0, "pod 0 pulse", FaultKind.CHIP_MISSING, "Prüfe die Kabel.", over=True),
    Command(7.0, CommandKind.REPORT, arousal=0.5, valence=-1.0),
)
BLOCK = Block(Channel.SKIN, 2.0, 16.0, readonly([1.5, 2.25]), lost=2)


class Disk:
    """What `os.write` meets: it can be full after so many bytes, and may come back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 10**9
        self.error = errno.ENOSPC
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, file: int, content: Any) -> int:
        if self.room <= 0:
            raise OSError(self.error, os.strerror(self.error))
        written = self._write(file, bytes(content)[: self.room])
        self.room -= written
        return written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.jsonl"


def journal_at(path: Path, faults: list[Fault] | None = None, **changes: Any) -> Journal:
    report = faults.append if faults is not None else None
    return Journal(path, report=report, now=lambda: 0.0, wall=lambda: 1.7e9, **changes)


def commands(journal: Journal | MemoryJournal, times: range) -> None:
    for t in times:
        journal.keep(Record(float(t), Command(float(t), CommandKind.STOP)))


def features(journal: Journal | MemoryJournal, times: range) -> None:
    for t in times:
        journal.keep(Record(float(t), Features(float(t))))


def times(path: Path) -> list[float]:
    return [record.t for record in read_journal(path)]


# ---------------------------------------------------------------------------------------------------------------- round trip


def test_every_value_comes_back_as_it_was(path: Path) -> None:
    journal = journal_at(path)
    for t, value in enumerate(VALUES):
        journal.keep(Record(float(t), value))
    journal.close()
    read = list(read_journal(path))
    assert read == [Record(float(t), value) for t, value in enumerate(VALUES)]
    assert isinstance(read[6].value, Bar) and isinstance(read[6].value.notes[0].layer, Layer)
    assert journal.counts["journal lines"] == len(VALUES)


def test_each_line_is_strict_json_with_a_type(path: Path) -> None:
    journal = journal_at(path)
    for value in VALUES:
        journal.keep(Record(1.0, value))
    journal.close()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    lines = [json.loads(line, parse_constant=refuse) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["type"] for line in lines[:4]] == ["journal", "beat", "beat", "response"]
    assert lines[0]["wall"] == "2023-11-14T22:13:20+00:00"
    assert lines[2]["value"]["interval"] is None


def test_samples_are_kept_apart(path: Path) -> None:
    journal = journal_at(path)
    journal.keep_raw(BLOCK)
    journal.keep(Record(3.0, VALUES[0]))
    journal.close()
    (block,) = read_raw(path)
    assert (block.channel, block.t0, block.rate_hz, block.lost) == (Channel.SKIN, 2.0, 16.0, 2)
    np.testing.assert_array_equal(block.values, BLOCK.values)
    assert times(path) == [3.0]


def test_numbers_of_numpy_are_numbers(path: Path) -> None:
    journal = journal_at(path)
    journal.keep(Record(float(np.float64(1.0)), Features(np.float64(1.0), heart_bpm=np.float32(60.5), pod=np.int64(2))))  # type: ignore[arg-type]
    journal.close()
    assert next(read_journal(path)).value == Features(1.0, heart_bpm=60.5, pod=2)


def test_what_cannot_be_a_line_is_counted_and_does_not_stand_in_the_way(path: Path) -> None:
    journal = journal_at(path)
    journal.keep(Record(1.0, object()))  # type: ignore[arg-type]
    journal.keep(Record(2.0, Features(2.0, heart_bpm={1, 2})))  # type: ignore[arg-type]
    journal.keep(Record(3.0, Features(3.0)))
    journal.close()
    assert times(path) == [3.0]
    assert journal.counts["journal unwritable"] == 2
    assert journal.counts["journal lines"] == 1


def test_what_cannot_be_a_line_is_counted_once_however_often_the_disk_refuses(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    disk.room = 0
    journal = journal_at(path)
    journal.keep(Record(1.0, object()))  # type: ignore[arg-type]
    features(journal, range(2))
    now = 0.0
    for _ in range(4):
        now = journal.write(now)
    disk.room = 10**9
    journal.write(now)
    assert (journal.counts["journal unwritable"], journal.counts["journal lines"]) == (1, 2)


# ---------------------------------------------------------------------------------------------------------------- when written


def test_the_disk_is_asked_once_in_five_seconds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(file))
    journal = journal_at(path)
    due = 0.0
    for tick in range(601):
        now = tick / 10.0
        features(journal, range(tick, tick + 1))
        if now >= due:
            before = len(synced)
            due = journal.write(now)
            assert due == now + 5.0
            assert len(synced) > before, "what was written was not confirmed"
        else:
            journal.write(now)
    assert len(times(path)) == 601, "what is older than five seconds is on the disk"
    assert len(synced) <= 13 + 2, "60 s, and the file and its folder once when it was made"


def test_nothing_is_written_when_nothing_waits(path: Path) -> None:
    journal = journal_at(path)
    assert journal.write(0.0) == 5.0
    journal.close()
    assert not path.exists()


def test_nobody_else_may_read_it(path: Path) -> None:
    journal = journal_at(path)
    commands(journal, range(1))
    journal.close()
    assert path.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------------------------------------------------------ power cut


def test_a_line_cut_short_by_a_power_cut_is_passed_over(path: Path) -> None:
    journal = journal_at(path)
    commands(journal, range(5))
    journal.close()
    whole = path.read_bytes()
    ends = [at for at, byte in enumerate(whole) if byte == 10]
    for size in range(ends[3] + 1, len(whole)):
        path.write_bytes(whole[:size])
        assert times(path) == [0.0, 1.0, 2.0] + [3.0] * (size > ends[4]), size


@pytest.mark.parametrize("cut", [1, 40])
def test_writing_goes_on_after_a_power_cut(path: Path, cut: int) -> None:
    journal = journal_at(path)
    commands(journal, range(3))
    journal.close()
    path.write_bytes(path.read_bytes()[:-cut])
    again = journal_at(path)
    commands(again, range(10, 12))
    again.close()
    assert times(path) == [0.0, 1.0, 10.0, 11.0]
    assert [record.t for record in read_journal(path, last_opening=True)] == [10.0, 11.0]
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_rubbish_in_the_middle_costs_only_itself(path: Path) -> None:
    journal = journal_at(path)
    commands(journal, range(3))
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    for rubbish in RUBBISH:
        path.write_bytes(b"".join([*lines[:2], rubbish, *lines[2:]]))
        assert times(path) == [0.0, 1.0, 2.0], rubbish


def test_lines_of_newer_and_older_writers_are_read(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(
        b'{"t": 1, "type": "features", "value": {"t": 1.0, "heart_bpm": 60, "of_tomorrow": [1]}}\n'
        b'{"t": 2, "type": "dream", "value": {}}\n'
    )
    assert list(read_journal(path)) == [Record(1.0, Features(1.0, heart_bpm=60.0))]


def test_a_journal_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be read .*check the path"):
        list(read_journal(tmp_path / "none"))


# ------------------------------------------------------------------------------------------------------------------ full disk


def test_a_full_disk_is_told_once_and_nothing_is_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, faults = Disk(monkeypatch), list[Fault]()
    journal = journal_at(path, faults)
    commands(journal, range(3))
    journal.write(0.0)
    disk.room = 50
    now = 5.0
    for _ in range(6):
        commands(journal, range(int(now), int(now) + 1))
        now = journal.write(now)
        assert times(path) == [0.0, 1.0, 2.0], "half a line was left behind"
    assert [(fault.kind, fault.over) for fault in faults] == [(FaultKind.STORAGE, False)]
    assert "No space left" in faults[0].message and "free some space" in faults[0].message
    disk.room = 10**9
    journal.write(now)
    assert [fault.over for fault in faults] == [False, True]
    assert len(times(path)) == 9 and times(path) == sorted(times(path))
    assert journal.counts["journal events given up"] == 0


def test_patience_grows_to_a_minute(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    disk.room = 0
    journal = journal_at(path)
    commands(journal, range(1))
    waits, now = [], 0.0
    for _ in range(6):
        due = journal.write(now)
        waits.append(due - now)
        now = due
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_real_full_device_is_survived() -> None:
    faults: list[Fault] = []
    journal = journal_at(Path("/dev/full"), faults)
    commands(journal, range(3))
    journal.write(0.0)
    journal.write(5.0)
    journal.close()
    assert [fault.kind for fault in faults] == [FaultKind.STORAGE]


def test_a_drive_that_went_away_is_opened_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, faults = Disk(monkeypatch), list[Fault]()
    journal = journal_at(path, faults)
    commands(journal, range(2))
    journal.write(0.0)
    disk.room, disk.error = 0, errno.EIO
    commands(journal, range(2, 4))
    journal.write(5.0)
    assert "check the disk" in faults[0].message
    path.rename(path.with_name("pulled out"))
    disk.room = 10**9
    journal.write(10.0)
    assert times(path) == [2.0, 3.0]


def test_a_file_that_somebody_erased_is_begun_anew(path: Path) -> None:
    faults: list[Fault] = []
    journal = journal_at(path, faults)
    commands(journal, range(2))
    journal.write(0.0)
    path.unlink()
    commands(journal, range(2, 4))
    journal.write(5.0)
    journal.close()
    assert times(path) == [2.0, 3.0]
    assert faults == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    faults: list[Fault] = []
    journal = journal_at(tmp_path / "file" / "journal.jsonl", faults)
    commands(journal, range(1))
    journal.write(0.0)
    assert len(faults) == 1 and "file/journal.jsonl cannot be written" in faults[0].message


def test_samples_go_first_then_readings_then_music_events_never(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    disk.room = 0
    journal = journal_at(path, most_waiting=40)
    for t in range(10):
        journal.keep_raw(Block(Channel.SKIN, float(t), 16.0, readonly([1.0])))
        features(journal, range(t, t + 1))
        journal.keep(Record(float(t), DIRECTIVE))
        commands(journal, range(t, t + 1))
        journal.write(100.0 * t)
    given_up = ("samples", "readings", "music", "events")

    def gone() -> list[int]:
        return [journal.counts[f"journal {kind} given up"] for kind in given_up]

    assert gone() == [0, 0, 0, 0]
    commands(journal, range(10, 15))
    assert gone() == [5, 0, 0, 0]
    commands(journal, range(15, 25))
    assert gone() == [10, 5, 0, 0]
    commands(journal, range(25, 38))
    assert gone() == [10, 10, 8, 0]
    disk.room = 10**9
    journal.write(10_000.0)
    kept = list(read_journal(path))
    assert [r.t for r in kept if isinstance(r.value, Command)] == [float(t) for t in range(38)]
    assert [r.t for r in kept if isinstance(r.value, Directive)] == [8.0, 9.0], "the oldest of a rank go first"


def test_even_events_are_bounded(path: Path) -> None:
    journal = journal_at(path, most_waiting=100)
    commands(journal, range(250))
    assert journal.counts["journal events given up"] == 150
    journal.close()
    assert times(path) == [float(t) for t in range(150, 250)]


def test_a_file_that_has_grown_large_steps_aside(path: Path) -> None:
    journal = journal_at(path, most_bytes=4000)
    for t in range(100):
        commands(journal, range(t, t + 1))
        journal.write(10.0 * t)
    journal.close()
    previous = path.with_name(path.name + ".1")
    assert path.stat().st_size <= 4000 and previous.stat().st_size <= 4000
    assert times(previous) + times(path) == [float(t) for t in range(100 - len(times(previous) + times(path)), 100)]
    assert {file.name for file in path.parent.iterdir()} == {path.name, previous.name}


# --------------------------------------------------------------------------------------------------------------------- others


def test_the_thread_writes_everything_before_it_ends(path: Path) -> None:
    journal = Journal(path)
    thread = JournalThread(journal)
    thread.start()

    def keep_some(first: int) -> None:
        commands(journal, range(first, first + 200))

    keepers = [threading.Thread(target=keep_some, args=(first,)) for first in (0, 200, 400)]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join(2.0)
    thread.stop(timeout=2.0)
    assert sorted(times(path)) == [float(t) for t in range(600)]


def test_a_thread_that_never_ran_can_be_stopped(path: Path) -> None:
    JournalThread(Journal(path)).stop()


def test_in_memory_the_order_and_the_policy_are_the_same() -> None:
    journal = MemoryJournal(most=10)
    journal.keep_raw(BLOCK)
    for t, value in enumerate(VALUES):
        journal.keep(Record(float(t), value))
    assert journal.records == tuple(Record(float(t), value) for t, value in enumerate(VALUES))
    commands(journal, range(20, 24))
    assert journal.counts["journal samples given up"] == 1
    assert journal.counts["journal readings given up"] == 3
    assert [record.t for record in journal.records] == [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 20.0, 21.0, 22.0, 23.0]
    journal.close()
