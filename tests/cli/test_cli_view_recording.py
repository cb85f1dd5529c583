"""`undertone view`: where the picture lies, and what is said where there can be none."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from undertone.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def recorded(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of a minute, and a folder of its own to stand in."""
    with monkeypatch.context() as quick:
        quick.setattr(os, "fsync", lambda descriptor: None)
        assert main(["record", str(tmp_path / "kept"), "--listener", "calm", "--minutes", "0.7"]) == 0
    capsys.readouterr()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "kept"


def said(capsys: Captured) -> str:
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return out + err


def test_the_picture_lies_here_and_is_named_like_the_recording(recorded: Path, capsys: Captured) -> None:
    assert main(["view", str(recorded)]) == 0
    assert said(capsys) == "picture  sub-simulated_task-calm_run-01.png\n"
    assert Path("sub-simulated_task-calm_run-01.png").read_bytes().startswith(b"\x89PNG")


def test_it_goes_where_it_is_wanted_and_shows_what_is_wanted(recorded: Path, capsys: Captured) -> None:
    arguments = ["view", str(recorded), "--from", "0.2", "--to", "0.5", "--close", "6", "--out"]
    assert main([*arguments, "part.svg"]) == 0
    text = Path("part.svg").read_text()
    assert "0:12 to 0:30" in text and "the pulse wave from" in text
    assert main([*arguments[:-2], "0", "--out", "flat.svg"]) == 0
    assert "the pulse wave from" not in Path("flat.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--out", "picture.doc"], ".png, .svg, .pdf"),
        (["--from", "3", "--to", "2"], "is not before"),
        (["--from", "30"], "nothing to draw"),
        (["--out", "no/folder/x.png"], "cannot be written"),
        (["--device", "left"], "no device 'left'"),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(arguments: list[str], complaint: str, recorded: Path, capsys: Captured) -> None:
    assert main(["view", str(recorded), *arguments]) == 1
    assert complaint in said(capsys)
    assert list(Path().iterdir()) == []


def test_a_recording_that_breaks_off_is_drawn_as_far_as_it_goes(recorded: Path, capsys: Captured) -> None:
    file = next(recorded.rglob("*recording-ppg_physio.tsv.gz"))
    file.write_bytes(file.read_bytes()[:-2000])
    assert main(["view", str(recorded)]) == 0
    text = said(capsys)
    assert "breaks off where its recording was interrupted" in text and "picture  " in text


@pytest.mark.parametrize("command", ["view", "analyse"])
def test_several_devices_are_named_and_one_can_be_chosen(
    command: str, recordings: Path, tmp_path: Path, capsys: Captured
) -> None:
    whole = recordings / "brain_wearable_music" / "sub-A1"
    folder = tmp_path / "sub-A1"
    shutil.copytree(whole, folder)
    for file in folder.glob("*physio.tsv.gz"):
        file.chmod(0o644)
        file.write_bytes(gzip.compress(b"\n".join(gzip.decompress(file.read_bytes()).splitlines()[:300])))
    for file in folder.glob("*.tsv"):
        file.unlink()
    extra = ["--out", str(tmp_path / "x.png")] if command == "view" else []
    assert main([command, str(folder), *extra]) == 0
    assert "--device takes one of left, right" in said(capsys)
    assert main([command, str(folder), "--device", "right", *extra]) == 0
    assert "--device takes" not in said(capsys)
