"""Options that a program sets in a file that a person wrote: everything else stays, to the byte."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.config import Settings, explained_yaml, load, set_options
from undertone.errors import ConfigError, StorageError

FEEDBACK, SERIES = "sensors.skin.feedback_ohms", "sensors.skin.series_ohms"
NOTE = "calibrated 2026-07-14"


def written(path: Path, text: str, *, note: str = NOTE) -> str:
    """The file with both resistors set."""
    path.write_bytes(text.encode())
    set_options(path, {FEEDBACK: 222_300.0, SERIES: 77_170.5}, note=note)
    skin = load(path).sensors.skin
    assert (skin.feedback_ohms, skin.series_ohms) == (222_300.0, 77_170.5)
    return path.read_bytes().decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "undertone.yaml"


def test_in_the_explained_file_two_lines_change(file: Path) -> None:
    before, after = explained_yaml().splitlines(), written(file, explained_yaml()).splitlines()
    assert len(before) == len(after)
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [f"    feedback_ohms: 222300  # {NOTE}", f"    series_ohms: 77170.5  # {NOTE}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "",
            "sensors:\n  skin:\n    feedback_ohms: 222300  # N\n",
        ),
        (
            "# only a comment",
            "# only a comment\nsensors:\n  skin:\n    feedback_ohms: 222300  # N\n",
        ),
        (
            "sensors:\n    bus: 2  # mine\nmusic: {seed: 1}\n",
            "sensors:\n    skin:\n      feedback_ohms: 222300  # N\n    bus: 2  # mine\nmusic: {seed: 1}\n",
        ),
        (
            "sensors:\n  skin:  # the front end\nmusic: {seed: 1}\n",
            "sensors:\n  skin:  # the front end\n    feedback_ohms: 222300  # N\nmusic: {seed: 1}\n",
        ),
        (
            "sensors:\n  skin: ~",
            "sensors:\n  skin: \n    feedback_ohms: 222300  # N\n",
        ),
        (
            "sensors: {bus: 2}  # short",
            "sensors: {skin: {feedback_ohms: 222300}, bus: 2}  # short",
        ),
        (
            "sensors: {skin: {}}",
            "sensors: {skin: {feedback_ohms: 222300}}",
        ),
        (
            "sensors:\n  skin:\n    feedback_ohms: 2.2e+5 # calibrated last year\n",
            "sensors:\n  skin:\n    feedback_ohms: 222300  # N\n",
        ),
        (
            "sensors:\n  skin:\n    feedback_ohms: 2.2e+5 # R3, metal film\r\n",
            "sensors:\n  skin:\n    feedback_ohms: 222300 # R3, metal film\r\n",
        ),
        (
            "sensors: {skin: {feedback_ohms: 200000, enabled: yes}}",
            "sensors: {skin: {feedback_ohms: 222300, enabled: yes}}",
        ),
    ],
)  # fmt: skip
def test_however_it_is_written_the_rest_stays(text: str, expected: str, file: Path) -> None:
    file.write_bytes(text.encode())
    set_options(file, {FEEDBACK: 222_300.0}, note=NOTE)
    assert file.read_bytes().decode().replace(NOTE, "N") == expected
    assert load(file).sensors.skin.feedback_ohms == 222_300.0


def test_setting_it_again_changes_the_value_and_the_date_alone(file: Path) -> None:
    first = written(file, "guidance: {goal: sleep}\n", note="calibrated 2026-01-01")
    assert written(file, first) == first.replace("2026-01-01", "2026-07-14")


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    indent=st.integers(1, 6),
    comments=st.lists(st.text(st.characters(codec="latin-1", exclude_categories=("C",)), max_size=30), max_size=4),
    known=st.booleans(),
    value=st.floats(10_000.0, 10_000_000.0),
)
def test_comments_and_all_other_settings_survive(
    indent: int, comments: list[str], known: bool, value: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, pad = tmp_path_factory.mktemp("c") / "u.yaml", " " * indent
    lines = ["sensors:", f"{pad}bus: 2", f"{pad}skin:", f"{pad}{pad}address: 0x49"]
    lines += [f"{pad}{pad}feedback_ohms: 150000"] if known else []
    for index, comment in enumerate(comments):
        lines.insert(2 * index, f"{pad if index else ''}# {comment}")
    file.write_text("\n".join([*lines, "music:", f"{pad}seed: 3"]))
    before = load(file)
    set_options(file, {FEEDBACK: value})
    skin = replace(before.sensors.skin, feedback_ohms=value)
    assert load(file) == replace(before, sensors=replace(before.sensors, skin=skin))
    assert all(f"# {comment}" in file.read_text() for comment in comments)


def test_words_can_be_set_as_well(file: Path) -> None:
    file.write_text("sensors:\n  skin: {front_end: built}\n")
    set_options(file, {"sensors.skin.front_end": "grove", "sensors.skin.open_volts": 2.61})
    assert (load(file).sensors.skin.front_end, load(file).sensors.skin.open_volts) == ("grove", 2.61)


def test_rights_and_links_stay(file: Path, tmp_path: Path) -> None:
    file.write_text("")
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    set_options(link, {FEEDBACK: 222_300.0})
    assert link.is_symlink() and load(file).sensors.skin.feedback_ohms == 222_300.0
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "undertone.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "sensors: {skin: &a {enabled: true}}\nmusic: *a\n",
        "nonsense: 1\n",
        "sensors: [\n",
    ],
)
def test_a_file_with_mistakes_is_left_alone(text: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError):
        set_options(file, {FEEDBACK: 222_300.0})
    assert file.read_text() == text


@pytest.mark.parametrize("value", [5.0, float("inf"), float("nan")])
def test_a_value_that_is_not_allowed_changes_nothing(value: float, file: Path) -> None:
    file.write_text("music: {seed: 1}\n")
    with pytest.raises(ConfigError, match="change it by hand"):
        set_options(file, {FEEDBACK: value})
    assert file.read_text() == "music: {seed: 1}\n"
    assert len(list(file.parent.iterdir())) == 1


def test_a_disk_that_refuses_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("music: {seed: 1}\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot be written \(No space left on device\): it is as it was"):
        set_options(file, {FEEDBACK: 222_300.0})
    assert file.read_text() == "music: {seed: 1}\n"
    assert len(list(file.parent.iterdir())) == 1


def test_the_defaults_written_over_the_defaults_are_the_defaults(file: Path) -> None:
    file.write_text(explained_yaml())
    set_options(file, {FEEDBACK: Settings().sensors.skin.feedback_ohms})
    assert load(file) == Settings() and file.read_text() == explained_yaml()
