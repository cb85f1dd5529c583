"""`undertone listen-report` from the command line: our music, a MIDI file, a sound file, and files that are none."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from undertone.audio import WavSink
from undertone.cli.listen_report import arguments, listen_report
from undertone.device.recital import composed, held
from undertone.errors import UndertoneError
from undertone.flow import Goal
from undertone.music import Composer, write_midi


def ask(*words: str) -> int:
    parser = argparse.ArgumentParser()
    arguments(parser, minutes=float, unit=float)
    return listen_report(parser.parse_args(words))


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_a_score_becomes_a_page_without_any_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--goal", "sleep", "--minutes", "2", "--silent", "--seed", "4", "--out", str(tmp_path / "page")) == 0
    page = tmp_path / "page" / "index.html"
    assert capsys.readouterr().out == f"page     {page}\n"
    text = page.read_text()
    assert "seed 4 in the style piano" in text
    assert "towards sleep" in text
    assert not (tmp_path / "page" / "loudness.png").exists()


def test_music_held_at_one_place_is_rendered_and_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wav = tmp_path / "sound.wav"
    assert ask("--arousal", "-0.5", "--minutes", "0.2", "--json", "--wav", str(wav)) == 0
    found = told(capsys)
    sound = found["sound"]
    assert isinstance(sound, dict)
    assert -40.0 < sound["lufs"] < -15.0
    assert sound["clicks"] == 0
    assert wav.stat().st_size > 1_000_000
    assert "held at arousal -0.50 and valence +0.00" in str(found["about"])


def test_the_same_seed_gives_the_same_measures(capsys: pytest.CaptureFixture[str]) -> None:
    ask("--minutes", "3", "--silent", "--json")
    first = told(capsys)
    ask("--minutes", "3", "--silent", "--json")
    assert told(capsys) == first
    ask("--minutes", "3", "--silent", "--json", "--seed", "2")
    assert told(capsys)["score"] != first["score"]


def test_a_midi_file_is_played_once_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tune.mid"
    bars = composed(Composer(1), held(0.0, 0.0, goal=Goal.CALM), minutes=1.0)
    write_midi(file, bars)
    assert ask(str(file), "--silent", "--json") == 0
    found = told(capsys)
    assert isinstance(found["bars"], int)
    assert abs(found["bars"] - len(bars)) <= 2
    assert "played by Undertone" in str(found["about"])


def test_a_sound_file_is_listened_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tone.wav"
    t = np.arange(4 * 48000) / 48000
    wave = (0.1 * np.sin(2 * np.pi * 1000.0 * t)).astype(np.float32)
    with WavSink(file, 48000) as sink:
        sink.write(np.stack([wave, wave], axis=1))
    assert ask(str(file), "--json") == 0
    sound = told(capsys)["sound"]
    assert isinstance(sound, dict)
    assert sound["lufs"] == pytest.approx(-20.0, abs=0.02)
    assert sound["seconds"] == pytest.approx(4.0)


@pytest.mark.parametrize("name", ["broken.mid", "broken.wav", "missing.mid", "missing.flac"])
def test_a_file_that_is_none_is_a_sentence(tmp_path: Path, name: str) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(UndertoneError, match=name):
        ask(str(tmp_path / name), "--json")


def test_a_style_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UndertoneError, match="no style"):
        ask("--style", "brass band", "--minutes", "1", "--silent", "--json")
