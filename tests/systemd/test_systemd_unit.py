"""The service's files, judged by systemd's own tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "systemd"
UNIT = FOLDER / "undertone.service"


def ask(*command: object) -> subprocess.CompletedProcess[str]:
    """Run one of systemd's tools, or skip where there is none."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"there is no {command[0]} on this machine")
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=30, check=False)


def systemd_version() -> int:
    found = re.match(r"systemd (\d+)", ask("systemd-analyze", "--version").stdout)
    assert found
    return int(found[1])


def keys() -> dict[str, list[str]]:
    """The unit's options with their values, in order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there, so that only the unit is judged."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/undertone/bin/undertone", sys.executable))
    assert sys.executable in copy.read_text()
    return copy


def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    told = ask("systemd-analyze", "verify", unit)
    assert (told.returncode, told.stderr) == (0, "")


def test_an_unknown_key_would_be_noticed(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "WatchdogSecs" in ask("systemd-analyze", "verify", unit).stderr


def test_the_exposure_is_at_most_one(unit: Path) -> None:
    told = ask("systemd-analyze", "security", "--offline=yes", "--threshold=10", unit)
    found = re.search(r"Overall exposure level for undertone.service: ([\d.]+)", told.stdout)
    assert found, told.stdout + told.stderr
    print(f"exposure {found[1]} of 10")
    assert float(found[1]) <= 1.0


def test_offline_is_enforced() -> None:
    unit = keys()
    assert unit["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert unit["PrivateNetwork"] == ["yes"]
    assert unit["IPAddressDeny"] == ["any"]


def test_the_pause_before_a_restart_grows_where_systemd_can_do_that(unit: Path) -> None:
    if systemd_version() < 254:
        pytest.skip("systemd is older than 254")
    folder = unit.parent / "undertone.service.d"
    folder.mkdir()
    shutil.copy(FOLDER / "back-off.conf", folder)
    told = ask("systemd-analyze", "verify", unit)
    assert (told.returncode, told.stderr) == (0, "")


def test_the_user_and_every_group_are_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    folder = tmp_path / "usr" / "lib" / "sysusers.d"
    folder.mkdir(parents=True)
    shutil.copy(FOLDER / "undertone-sysusers.conf", folder / "undertone.conf")
    told = ask("systemd-sysusers", f"--root={tmp_path}", "undertone.conf")
    assert told.returncode == 0, told.stderr
    users = [line.split(":")[0] for line in (tmp_path / "etc" / "passwd").read_text().splitlines()]
    groups = [line.split(":")[0] for line in (tmp_path / "etc" / "group").read_text().splitlines()]
    assert keys()["User"] == users
    assert set(keys()["SupplementaryGroups"][0].split()) < set(groups)


def test_udev_understands_the_rules() -> None:
    told = ask("udevadm", "--version")
    if int(told.stdout.split()[0]) < 254:
        pytest.skip("udevadm is older than 254 and cannot verify")
    told = ask("udevadm", "verify", "--resolve-names=never", FOLDER / "60-undertone.rules")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_rules_name_the_groups_of_the_service() -> None:
    named = set(re.findall(r'GROUP="(\w+)"', (FOLDER / "60-undertone.rules").read_text()))
    assert named == set(keys()["SupplementaryGroups"][0].split()) - {"audio"}


def test_alsa_understands_the_sound_configuration() -> None:
    if shutil.which("aplay") is None:
        pytest.skip("there is no aplay on this machine")
    told = subprocess.run(
        ["aplay", "-L"], env={"ALSA_CONFIG_PATH": str(FOLDER / "asound.conf")}, capture_output=True, text=True, check=False
    )
    assert "parser" not in told.stderr
    assert "Unexpected" not in told.stderr


def test_the_guide_installs_every_file() -> None:
    guide = (FOLDER / "README.md").read_text()
    for path in FOLDER.iterdir():
        if path.name != "README.md":
            assert f"systemd/{path.name} /" in guide, f"the guide does not say where {path.name} goes"


def test_the_program_talks_where_the_unit_lets_it() -> None:
    from undertone.config import Settings

    assert Settings().service.socket.parent == Path("/run") / keys()["RuntimeDirectory"][0]


def test_the_program_knows_what_the_unit_starts(tmp_path: Path) -> None:
    words = keys()["ExecStart"][0].split()[1:-1]
    told = subprocess.run(
        [sys.executable, "-c", "from undertone.cli import main; raise SystemExit(main())", *words, tmp_path / "none.yaml"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(FOLDER.parent / "firmware"), "PATH": "/usr/bin:/bin"},
        timeout=30,
        check=False,
    )
    assert "none.yaml" in told.stderr
    assert "usage" not in told.stderr
