"""`undertone calibrate level`: from two readings to a configuration, and everything that can go wrong on the way."""

from __future__ import annotations

import argparse
import builtins
import math
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio.filters import BlockFilter, kernel
from undertone.audio.noise import level_noise
from undertone.audio.weighting import a_weighting
from undertone.cli import calibrate_level as module
from undertone.cli.calibrate_level import calibrate_level
from undertone.config import load
from undertone.errors import SoundError, UndertoneError

Captured = pytest.CaptureFixture[str]
CONFIG = """\
# By the bed.
audio:
  volume_db: -6.0  # as I like it
guidance: {goal: sleep}
"""


class Answers:
    """A room in which somebody answers what they were told to, and the noise is noted."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self.played: list[float] = []
        self.closed = False

    def play(self, level_db: float) -> None:
        self.played.append(level_db)

    def ask(self, question: str) -> str:
        answer = next(self._answers)
        if answer == "^C":
            raise KeyboardInterrupt
        if answer == "^D":
            raise EOFError
        return answer

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "undertone.yaml"
    path.write_text(CONFIG)
    return path


def asked(file: Path | None, **changes: object) -> argparse.Namespace:
    return argparse.Namespace(**{"config": file, "yes": True, "rehearse": False, "reading": None, "meter": "app", **changes})


def test_two_readings_are_walked_through_and_written(file: Path, capsys: Captured) -> None:
    room = Answers("", "", "", "s", "", "", "55,5", "46.0")
    assert calibrate_level(asked(file), room=room) == 0
    assert room.closed
    assert room.played == [-70.0, -65.0, -60.0, -55.0, -60.0, -55.0, -50.0, -60.0]
    assert max(np.diff(room.played)) <= 5.0, "never louder by more than a step"
    audio = load(file).audio
    assert audio.calibration_dba == pytest.approx(75.5) and audio.calibration_error_db == 5.0
    text = file.read_text()
    assert "# By the bed." in text and "volume_db: -6.0  # as I like it" in text and "# calibrated 20" in text
    assert "give or take 5 dB for an app" in capsys.readouterr().out


def test_a_meter_is_trusted_more_than_an_app(file: Path) -> None:
    assert calibrate_level(asked(file, meter="meter"), room=Answers("55", "45")) == 0
    assert load(file).audio.calibration_error_db == 2.0


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [(("", "55", "51"), "hears the room"), (("", "55", "40"), "something else changes the level")],
)
def test_readings_that_do_not_fit_change_nothing(
    answers: tuple[str, ...], complaint: str, file: Path, capsys: Captured
) -> None:
    assert calibrate_level(asked(file), room=Answers(*answers)) == 1
    text = capsys.readouterr().out
    assert complaint in text and "Nothing was changed" in text
    assert file.read_text() == CONFIG


def test_nonsense_is_asked_for_again(file: Path, capsys: Captured) -> None:
    room = Answers("loud", "140", "-3", "nan", "1e99", "30", "", "60 dB(A)", "what", "50")
    assert calibrate_level(asked(file), room=room) == 0
    text = capsys.readouterr().out
    assert text.count("That is no reading of this noise") == 6
    assert "Make it louder" in text
    assert room.played[-2:] == [-65.0, -75.0]


@pytest.mark.parametrize("reading", [(55.0, 53.0), (140.0, 130.0), (10.0, 5.0), (math.nan, 40.0), (55.0, math.inf)])
def test_given_readings_that_cannot_be_are_refused(reading: tuple[float, float], file: Path) -> None:
    assert calibrate_level(asked(file, reading=list(reading))) == 1
    assert file.read_text() == CONFIG


def test_a_level_that_no_speaker_has_is_refused(file: Path, capsys: Captured) -> None:
    assert calibrate_level(asked(file), room=Answers("", "99", "89")) == 1
    assert "which no speaker does" in capsys.readouterr().out


def test_readings_can_be_given_without_playing_anything(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "open_default_sink", lambda *arguments: pytest.fail("something was to be played"))
    assert calibrate_level(asked(file, reading=[61.0, 52.0], meter="meter")) == 0
    assert load(file).audio.calibration_dba == 61.0


def test_ctrl_c_is_silence_and_changes_nothing(file: Path, capsys: Captured) -> None:
    room = Answers("", "^C")
    with pytest.raises(KeyboardInterrupt):
        calibrate_level(asked(file), room=room)
    assert room.closed and file.read_text() == CONFIG
    assert "nothing was changed" in capsys.readouterr().out


def test_where_nobody_answers_it_says_what_to_do(file: Path) -> None:
    room = Answers("^D")
    with pytest.raises(UndertoneError, match="--reading"):
        calibrate_level(asked(file), room=room)
    assert room.closed


def test_a_rehearsal_finds_the_computed_room_and_writes_nothing(file: Path, capsys: Captured) -> None:
    assert calibrate_level(asked(file, rehearse=True)) == 0
    text = capsys.readouterr().out
    assert "A rehearsal" in text and "nothing was written" in text
    assert file.read_text() == CONFIG
    found = float(text.split("level      ")[1].split(" dB(A)")[0])
    assert found == pytest.approx(91.3 - 30.0, abs=0.3)


def test_the_noise_has_the_level_that_it_says_and_no_seam() -> None:
    noise = level_noise(48000)[:, :1].T.astype(np.float64)
    ear = BlockFilter(kernel(a_weighting(48000), frames=2048), channels=1)
    twice = np.concatenate([ear(np.tile(noise, 2)[:, at : at + 2048]) for at in range(0, 2 * noise.shape[1], 2048)], axis=1)
    assert 10 * math.log10(np.mean(twice[:, noise.shape[1] :] ** 2)) == pytest.approx(-30.0, abs=0.02)
    spectrum = np.abs(np.fft.rfft(noise[0])) ** 2
    frequencies = np.fft.rfftfreq(noise.shape[1], 1.0 / 48000)
    octaves = [spectrum[(frequencies >= low) & (frequencies < 2 * low)].sum() for low in (500.0, 1000.0)]
    assert octaves[0] == pytest.approx(octaves[1], rel=0.05), "pink: each octave has the same power"
    assert abs(noise[0, 0] - noise[0, -1]) <= np.abs(np.diff(noise[0])).max()
    assert np.abs(noise).max() < 0.3


class Device:
    """A sound device that keeps what it gets, and makes its writer wait a little."""

    rate_hz, paced, latency = 48000, True, 0.02

    def __init__(self, *, breaks: bool = False) -> None:
        self.blocks: list[NDArray[np.float32]] = []
        self.breaks = breaks
        self.closed = False
        self.some = threading.Event()

    def write(self, frames: NDArray[np.float32]) -> None:
        if self.breaks:
            self.some.set()
            raise SoundError("The sound device stopped taking sound: is it still connected?")
        self.blocks.append(frames)
        if len(self.blocks) % 12 == 0:
            self.some.set()
        threading.Event().wait(0.001)

    def close(self) -> None:
        self.closed = True


def terminal(device: Device, *answers: str) -> Iterator[str]:
    for answer in answers:
        device.some.clear()
        assert device.some.wait(5.0)
        yield answer


def test_the_real_room_plays_through_the_last_stage_and_ends_in_silence(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    device = Device()
    answers = terminal(device, "", "", "60", "50")
    monkeypatch.setattr(module, "open_default_sink", lambda *arguments: device)
    monkeypatch.setattr(builtins, "input", lambda question: next(answers))
    assert calibrate_level(asked(file)) == 0
    sound = np.concatenate(device.blocks)
    assert device.closed and np.abs(sound).max() > 0.001
    assert not sound[-500:].any()
    assert np.abs(np.diff(sound[:, 0])).max() < 0.01
    assert load(file).audio.calibration_dba == pytest.approx(60.0 + 60.0 - 30.0)


def test_a_device_that_breaks_is_a_sentence(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(breaks=True)
    monkeypatch.setattr(module, "open_default_sink", lambda *arguments: device)

    def answer(question: str) -> str:
        assert device.some.wait(5.0)
        return ""

    monkeypatch.setattr(builtins, "input", answer)
    with pytest.raises(SoundError, match="still connected"):
        calibrate_level(asked(file))
