"""What was heard is kept over restarts, whatever the wall clock does."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from undertone.errors import StorageError
from undertone.flow import Fault
from undertone.storage.exposure import ExposureFile, ExposureKeeper
from undertone.storage.remembered import Damaged
from undertone.storage.wall import EARLIEST, Wall, read_wall

NOW = EARLIEST + 1e7
KEPT = {"elapsed": 100.0, "week": {"0": 0.01}, "night": {}}


def at(seconds: float, *, trusted: bool = True) -> Callable[[], Wall]:
    return lambda: Wall(seconds, 0, trusted)


def test_what_was_written_is_read_with_the_time_that_passed(tmp_path: Path) -> None:
    file = ExposureFile(tmp_path / "state", wall=at(NOW))
    assert file.read() is None and file.starts == 1
    file.write(KEPT)
    later = ExposureFile(tmp_path / "state", wall=at(NOW + 500.0))
    assert later.read() == (KEPT, pytest.approx(500.0)) and later.starts == 2
    later.write(KEPT)
    assert json.loads(later.path.read_text())["starts"] == 2
    assert stat.S_IMODE(later.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(later.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("saved", "read", "away"),
    [
        (at(NOW), at(NOW - 1e6), 0.0),
        (at(NOW), at(NOW + 1e9), 86400.0),
        (at(NOW), at(NOW + 100.0, trusted=False), 0.0),
        (at(NOW, trusted=False), at(NOW + 100.0), 0.0),
        (at(NOW), at(float("nan")), 0.0),
    ],
    ids=["back", "far ahead", "not trusted", "not trusted then", "no number"],
)
def test_a_clock_that_jumps_wipes_nothing_out(
    saved: Callable[[], Wall], read: Callable[[], Wall], away: float, tmp_path: Path
) -> None:
    ExposureFile(tmp_path, wall=saved).write(KEPT)
    found = ExposureFile(tmp_path, wall=read).read()
    assert found is not None and found[1] == away


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 2}', '{"version": 1, "starts": 1}',
     '{"version": 1, "starts": "x", "saved": null, "exposure": {}}',
     '{"version": 1, "starts": 1e999, "saved": null, "exposure": {}}', "[" * 10_000, " " * 70_000],
)  # fmt: skip
def test_a_damaged_file_is_a_sentence(content: str, tmp_path: Path) -> None:
    file = ExposureFile(tmp_path, wall=at(NOW))
    file.path.write_text(content)
    with pytest.raises(Damaged, match="is damaged"):
        file.read()
    assert file.set_aside().name == "exposure.json.damaged" and file.read() is None


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    file = ExposureFile(tmp_path, wall=at(NOW))
    file.path.mkdir()
    with pytest.raises(StorageError, match="cannot be read"):
        file.read()


def test_a_power_cut_while_writing_leaves_the_file_and_no_litter(tmp_path: Path) -> None:
    file = ExposureFile(tmp_path, wall=at(NOW))
    file.write(KEPT)
    (tmp_path / ".exposure.json.abc").write_text("half")
    file.write(KEPT)
    assert [path.name for path in tmp_path.iterdir()] == ["exposure.json"]


class Slow(ExposureFile):
    """A file on a disk that waits until it may write."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, wall=at(NOW))
        self.may = threading.Event()
        self.wrote: list[Any] = []
        self.full = False

    def write(self, exposure: Any) -> None:
        assert self.may.wait(5.0)
        if self.full:
            raise OSError(28, "No space left on device")
        self.wrote.append(exposure)


def test_the_latest_is_written_and_nobody_waits(tmp_path: Path) -> None:
    file = Slow(tmp_path)
    keeper = ExposureKeeper(file, report=lambda fault: None, now=lambda: 0.0)
    for number in range(50):
        keeper.keep({"elapsed": number})
    file.may.set()
    keeper.close()
    keeper.close()
    assert file.wrote[-1] == {"elapsed": 49} and len(file.wrote) <= 3


def test_a_full_disk_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    file, faults = Slow(tmp_path), list[Fault]()
    told = threading.Semaphore(0)

    def report(fault: Fault) -> None:
        faults.append(fault)
        told.release()

    file.may.set()
    file.full = True
    keeper = ExposureKeeper(file, report=report, now=lambda: 7.0)
    keeper.keep(KEPT)
    assert told.acquire(timeout=5.0)
    keeper.keep(KEPT)
    file.full = False
    keeper.keep(KEPT)
    keeper.close()
    assert [fault.over for fault in faults] == [False, True]
    assert "No space left" in faults[0].message and faults[0].t == 7.0


def test_a_wall_clock_is_trusted_only_where_something_set_it(tmp_path: Path) -> None:
    mark, chips = tmp_path / "synchronized", tmp_path / "rtc"

    def read(seconds: float) -> Wall:
        return read_wall(clock=lambda: seconds, marks=(mark,), chips=chips)

    assert not read(NOW).trusted and read(NOW).trusted_minute is None
    mark.touch()
    assert read(NOW).trusted and read(NOW).trusted_minute == read(NOW).minute
    for wrong in (0.0, EARLIEST - 1.0, 1e12, float("nan"), float("inf"), -1e18):
        assert not read(wrong).trusted, wrong
    mark.unlink()
    (chips / "rtc0").mkdir(parents=True)
    (chips / "rtc0" / "since_epoch").write_text("12345\n")
    assert not read(NOW).trusted, "its battery is empty"
    (chips / "rtc0" / "since_epoch").write_text(f"{NOW:.0f}\n")
    assert read(NOW).trusted
    (chips / "rtc0" / "since_epoch").write_text("soon\n")
    assert not read(NOW).trusted
