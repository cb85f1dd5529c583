"""Files that can be played at any moment, and sentences when they cannot be written."""

from __future__ import annotations

import errno
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio import NullSink, WavSink
from undertone.audio.sinks import HEADER_BYTES
from undertone.errors import SoundError

RATE = 48000


def noise(frames: int, level: float = 0.3) -> NDArray[np.float32]:
    return (level * np.random.default_rng(0).uniform(-1, 1, (frames, 2))).astype(np.float32)


def read(path: Path) -> tuple[NDArray[np.float64], int]:
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 2
        width, data, rate = file.getsampwidth(), file.readframes(file.getnframes()), file.getframerate()
        assert len(data) == 2 * width * file.getnframes(), "the header promises more than there is"
    if width == 2:
        return np.frombuffer(data, "<i2").reshape(-1, 2) / 32767.0, rate
    raw = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
    return ((raw[:, 0] | raw[:, 1] << 8 | raw[:, 2] << 16) << 8 >> 8).reshape(-1, 2) / 0x7FFFFF, rate


@pytest.mark.parametrize(("bits", "error"), [(16, 1.6 / 32767), (24, 0.6 / 0x7FFFFF)])
def test_what_is_read_is_what_was_written(tmp_path: Path, bits: int, error: float) -> None:
    sound = noise(RATE)
    with WavSink(tmp_path / "a.wav", 44100, bits=bits) as sink:
        for start in range(0, RATE, 1000):
            sink.write(sound[start : start + 1000])
        assert sink.seconds == pytest.approx(RATE / 44100)
    heard, rate = read(tmp_path / "a.wav")
    assert rate == 44100
    assert np.abs(heard - sound).max() <= error


def test_the_file_can_be_played_while_it_is_written(tmp_path: Path) -> None:
    """As after a power cut: the sink is never closed."""
    sink = WavSink(tmp_path / "a.wav")
    for _ in range(10):
        sink.write(noise(RATE))
    heard, _ = read(tmp_path / "a.wav")
    assert 7.9 * RATE <= len(heard) <= 10 * RATE
    sink.close()
    sink.close()
    assert len(read(tmp_path / "a.wav")[0]) == 10 * RATE


def test_sixteen_bits_are_dithered_but_silence_stays_silent(tmp_path: Path) -> None:
    """A tone of a third of a step survives dither and would vanish by rounding."""
    tone = (0.33 / 32767 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)).astype(np.float32)
    with WavSink(tmp_path / "a.wav") as sink:
        sink.write(np.stack([tone, tone], axis=1))
        sink.write(np.zeros((1000, 2), dtype=np.float32))
    heard, _ = read(tmp_path / "a.wav")
    assert not np.any(heard[RATE:])
    spectrum = np.abs(np.fft.rfft(heard[:RATE, 0]))
    assert np.argmax(spectrum) == 1000


def test_too_loud_is_clipped_and_nonsense_is_silence(tmp_path: Path) -> None:
    with WavSink(tmp_path / "a.wav", bits=24) as sink:
        sink.write(np.array([[7.0, -7.0], [np.nan, np.inf]], dtype=np.float32))
    heard, _ = read(tmp_path / "a.wav")
    assert heard.tolist() == [[1.0, -1.0], [0.0, 1.0]]


def test_over_four_gigabytes_it_is_rf64(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "a.wav")
    assert (tmp_path / "a.wav").stat().st_size == HEADER_BYTES
    sink._bytes = 5_000_000_000
    sink.close()
    header = (tmp_path / "a.wav").read_bytes()
    assert header[:4] == b"RF64" and header[4:8] == b"\xff" * 4 and header[12:16] == b"ds64"
    assert int.from_bytes(header[20:28], "little") == 5_000_000_000 + HEADER_BYTES - 8
    assert int.from_bytes(header[28:36], "little") == 5_000_000_000
    assert int.from_bytes(header[36:44], "little") == 1_250_000_000
    assert header[72:80] == b"data" + b"\xff" * 4


@pytest.mark.parametrize(("place", "words"), [("missing/a.wav", "folder does not exist"), ("", "is a folder")])
def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, place: str, words: str) -> None:
    with pytest.raises(SoundError, match=words):
        WavSink(tmp_path / place)


def test_a_full_disk_is_a_sentence_at_the_start() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    with pytest.raises(SoundError, match="disk is full"):
        WavSink("/dev/full")


class Filling:
    """A file on a disk that takes some more bytes and then is full."""

    def __init__(self, file: object, room: int) -> None:
        self._file = file
        self.room = room

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        at_start = self._file.tell() < HEADER_BYTES  # type: ignore[attr-defined]
        if not at_start:
            data = data[: self.room]
            self.room -= len(data)
            if not data:
                raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data))  # type: ignore[attr-defined]


def test_a_disk_that_fills_up_keeps_what_it_took_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "a.wav")
    disk = Filling(sink._file, 4 * 1500)
    sink._file = disk  # type: ignore[assignment]
    sink.write(noise(1000))
    with pytest.raises(SoundError, match="disk is full"):
        sink.write(noise(1000))
    disk.room = 10**6
    sink.write(noise(300))
    sink.close()
    assert len(read(tmp_path / "a.wav")[0]) == 1800


def test_a_frame_that_the_disk_took_in_part_does_not_shift_what_follows(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "a.wav")
    disk = Filling(sink._file, 4 * 1500 + 1)
    sink._file = disk  # type: ignore[assignment]
    with pytest.raises(SoundError, match="disk is full"):
        sink.write(noise(2000))
    disk.room = 10**6
    sink.write(np.full((300, 2), 0.5, dtype=np.float32))
    sink.close()
    heard, _ = read(tmp_path / "a.wav")
    assert len(heard) == 1800
    assert np.abs(heard[1500:] - 0.5).max() < 1e-3


def test_only_two_widths() -> None:
    with pytest.raises(ValueError, match="16 or 24"):
        WavSink("nowhere.wav", bits=8)


def test_the_null_sink_counts() -> None:
    sink = NullSink(44100)
    sink.write(noise(100))
    sink.close()
    assert (sink.frames, sink.rate_hz, sink.paced) == (100, 44100, False)
