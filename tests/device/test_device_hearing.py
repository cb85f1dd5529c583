"""What guards the ear, put together: the night, the dose over restarts, and what is said of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from undertone.audio.night import Calibration
from undertone.device.hearing import Hearing
from undertone.errors import ConfigError
from undertone.flow import Fault, FaultKind, Goal
from undertone.storage.exposure import ExposureFile, ExposureKeeper
from undertone.storage.wall import EARLIEST, Wall

NOON = Wall(EARLIEST + 1e7, 12 * 60, True)
LOUD = 10.0**9.5


def hearing(folder: Path | None, faults: list[Fault], wall: Wall = NOON, **settings: object) -> Hearing:
    keeper = None
    if folder is not None:
        keeper = ExposureKeeper(ExposureFile(folder, wall=lambda: wall), report=faults.append, now=lambda: 0.0)
    return Hearing(
        tell=faults.append, calibration=Calibration(60.0), wall=lambda: wall, keeper=keeper, **settings  # type: ignore[arg-type]
    )


def test_the_dose_goes_on_over_power_cuts_and_wrong_clocks(tmp_path: Path) -> None:
    faults = list[Fault]()
    back, ahead = Wall(NOON.seconds - 1e7, 0, True), Wall(4e9, 700, False)
    walls = [NOON, Wall(0.0, 0, False), back, ahead, Wall(NOON.seconds + 60.0, 0, True)]
    doses = []
    for wall in walls:
        ear = hearing(tmp_path, faults, wall)
        ear.recall(0.0)
        doses.append(ear.protection.exposure.dose)
        ear.protection.exposure.add(LOUD, 600.0, night=False)
        ear.second(1.0, 0.0)
        ear.protection.exposure.add(LOUD, 60.0, night=False)
        ear.close(2.0)
    assert doses[0] == 0.0 and all(after > before for before, after in itertools.pairwise(doses))
    assert doses[-1] == pytest.approx(4 * doses[1], rel=0.001)
    assert not faults


def test_a_night_that_was_slept_with_the_device_off_is_over(tmp_path: Path) -> None:
    faults = list[Fault]()
    ear = hearing(tmp_path, faults)
    ear.protection.exposure.add(10.0**4.0, 2700.0, night=True)
    ear.close(0.0)
    for hours, left in ((1.0, 29.7), (10.0, float("-inf"))):
        ear = hearing(tmp_path, faults, Wall(NOON.seconds + 3600.0 * hours, 0, True))
        ear.recall(0.0)
        assert ear.protection.exposure.night_dba == pytest.approx(left, abs=0.05)


def test_it_is_kept_every_two_minutes(tmp_path: Path) -> None:
    class Counted(ExposureKeeper):
        def keep(self, exposure: object) -> None:
            kept.append(exposure)

    kept: list[object] = []
    file = ExposureFile(tmp_path, wall=lambda: NOON)
    keeper = Counted(file, report=lambda fault: None, now=lambda: 0.0)
    ear = Hearing(tell=lambda fault: None, keeper=keeper)
    for second in range(601):
        ear.second(float(second), 0.0)
    assert len(kept) == 6
    ear.close(601.0)
    ear.close(602.0)
    assert len(kept) == 7


def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path) -> None:
    faults = list[Fault]()
    for content in ("{", '{"version": 1, "starts": 1, "saved": null, "exposure": {"elapsed": -5}}'):
        (tmp_path / "exposure.json").write_text(content)
        ear = hearing(tmp_path, faults)
        ear.recall(3.0)
        assert faults[-1].kind is FaultKind.STORAGE and "set aside" in faults[-1].message and faults[-1].t == 3.0
        assert ear.protection.exposure.dose == 0.0
        ear.close(4.0)
    assert len(faults) == 2 and (tmp_path / "exposure.json").exists()


def test_a_file_that_may_not_be_read_is_left_alone(tmp_path: Path) -> None:
    faults = list[Fault]()
    (tmp_path / "exposure.json").mkdir()
    ear = hearing(tmp_path, faults)
    ear.recall(0.0)
    ear.close(1.0)
    assert len(faults) == 1 and (tmp_path / "exposure.json").is_dir()


def test_the_listener_is_warned_once_and_told_when_it_is_over() -> None:
    faults = list[Fault]()
    ear = hearing(None, faults)
    for hour in range(24):
        ear.protection.exposure.add(10.0**8.5, 3600.0, night=False)
        ear.second(float(hour), 0.0)
    assert [fault.over for fault in faults] == [False] and "WHO" in faults[0].message
    ear.protection.exposure.away(10 * 86400.0)
    ear.second(30.0, 0.0)
    ear.second(31.0, 0.0)
    assert [fault.over for fault in faults] == [False, True]


def test_night_follows_the_clock_and_the_goal() -> None:
    faults = list[Fault]()
    ear = hearing(None, faults)
    assert not ear.protection.night()
    ear.goal = lambda: Goal.SLEEP
    assert ear.protection.night()
    assert hearing(None, faults, Wall(NOON.seconds, 23 * 60, True)).protection.night()
    assert hearing(None, faults, Wall(NOON.seconds, 12 * 60, False)).protection.night(), "a clock that nobody set"
    assert not Hearing(tell=faults.append).protection.night(), "nothing is heard in a simulation"


def test_hours_that_are_none_are_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"audio\.night: .* like 22:00-07:00"):
        Hearing(tell=lambda fault: None, night="late")
