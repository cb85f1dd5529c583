"""Listeners' files: whatever they hold, only sound or a sentence comes out, and never more memory than a moment needs."""

from __future__ import annotations

import os
from pathlib import Path
from time import process_time

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from undertone.audio.examining import examined
from undertone.audio.files import LOUDEST, SoundFile, SoundStream
from undertone.errors import SoundError

RATE = 44100
KINDS = {"wav": {}, "flac": {}, "mp3": {}, "ogg": {}, "aiff": {}}


def tone(seconds: float = 2.0, *, rate: int = RATE, channels: int = 2) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return np.stack([0.2 * np.sin(2 * np.pi * (440.0 + 220.0 * side) * time) for side in range(channels)], axis=1)


def written(path: Path, sound: np.ndarray, rate: int = RATE, **how: object) -> Path:
    with soundfile.SoundFile(path, "w", rate, sound.shape[1], **how) as file:
        file.title, file.artist = "Evening", "A. Listener"
        file.write(sound)
    return path


def everything(stream: SoundStream | SoundFile, *, most: int = 50_000_000) -> np.ndarray:
    parts = []
    while sum(part.shape[1] for part in parts) < most:
        parts.append(stream.read(4096))
        if parts[-1].shape[1] < 4096:
            break
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_reads_every_format_at_the_wanted_rate(kind: str, tmp_path: Path) -> None:
    stream = SoundStream(written(tmp_path / f"tone.{kind}", tone()), rate_hz=48000)
    sound = everything(stream)
    assert sound.dtype == np.float32
    assert sound.shape[1] == pytest.approx(2 * 48000, abs=10)
    assert stream.seconds == pytest.approx(2.0, abs=0.01) and not stream.failed
    for side, hz in enumerate((440, 660)):
        spectrum = np.abs(np.fft.rfft(sound[side, 20000:68000]))
        assert np.argmax(spectrum) == hz
        assert np.sqrt(np.mean(sound[side, 20000:68000] ** 2)) == pytest.approx(0.2 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_knows_title_and_artist(kind: str, tmp_path: Path) -> None:
    tags = SoundFile(written(tmp_path / f"tone.{kind}", tone())).tags
    assert (tags["title"], tags["artist"]) == ("Evening", "A. Listener")


def test_at_its_own_rate_every_sample_is_as_it_was(tmp_path: Path) -> None:
    sound = tone().astype(np.float32)
    found = everything(SoundStream(written(tmp_path / "tone.wav", sound, subtype="FLOAT"), rate_hz=RATE))
    assert np.array_equal(found, sound.T)


@settings(deadline=None, max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.integers(1, 9000), min_size=1, max_size=20))
def test_any_way_of_cutting_reads_the_same(pieces: list[int], tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    if not path.exists():
        written(path, 0.1 * np.random.default_rng(0).standard_normal((RATE, 2)))
    whole = everything(SoundStream(path, rate_hz=48000))
    stream = SoundStream(path, rate_hz=48000)
    cut = np.concatenate([stream.read(frames) for frames in pieces], axis=1)
    assert np.array_equal(cut, whole[:, : cut.shape[1]])
    assert cut.shape[1] == min(sum(pieces), whole.shape[1])


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_goes_to_a_place(kind: str, tmp_path: Path) -> None:
    """To the very sample; libsndfile is off by some samples in the last page of an Ogg file, which is not tried."""
    sound = np.concatenate([tone(1.0), 0.5 * tone(1.0), tone(1.0)])
    path = written(tmp_path / f"steps.{kind}", sound)
    whole = everything(SoundFile(path))
    for second in (0.0, 0.3, 1.2, 1.0):
        file = SoundFile(path)
        file.read(1000)
        while not file.seek(second):
            pass
        found = np.concatenate([file.read(frames) for frames in (100, 4000, 9000)], axis=1)
        start = round(second * RATE)
        assert found.shape[1] == 13_100
        assert np.allclose(found, whole[:, start : start + 13_100], atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 8])
def test_any_number_of_channels_becomes_two(channels: int, tmp_path: Path) -> None:
    sound = everything(SoundStream(written(tmp_path / "many.wav", tone(0.5, channels=channels)), rate_hz=RATE))
    assert sound.shape[0] == 2 and np.all(np.std(sound, axis=1) > 0.1)
    if channels == 1:
        assert np.array_equal(sound[0], sound[1])


def test_what_is_not_a_number_or_absurd_is_tamed(tmp_path: Path) -> None:
    sound = tone().astype(np.float32)
    sound[100] = np.nan
    sound[200] = np.inf
    sound[300] = -1e30
    found = everything(SoundStream(written(tmp_path / "wild.wav", sound, subtype="FLOAT"), rate_hz=RATE))
    assert np.isfinite(found).all() and np.abs(found).max() <= LOUDEST
    assert not found[:, 100].any() and not found[:, 200].any()


def sentence(path: Path) -> str:
    with pytest.raises(SoundError) as caught:
        SoundFile(path)
    said = str(caught.value)
    assert str(path) in said and said.endswith((".", "?"))
    return said


def test_says_what_is_wrong(tmp_path: Path) -> None:
    assert "no sound file" in sentence(tmp_path / "gone.mp3")
    assert "folder" in sentence(tmp_path)
    (tmp_path / "empty.wav").touch()
    assert "empty" in sentence(tmp_path / "empty.wav")
    (tmp_path / "letter.mp3").write_text("Dear listener, this is not music. " * 50)
    assert "not a sound file" in sentence(tmp_path / "letter.mp3")
    (tmp_path / "stub.flac").write_bytes(b"fLaC" + bytes(20))
    assert "broken" in sentence(tmp_path / "stub.flac")
    written(tmp_path / "none.wav", np.zeros((0, 2)))
    assert "no sound" in sentence(tmp_path / "none.wav")
    written(tmp_path / "slow.wav", tone(0.1), rate=11)
    assert "11 samples a second" in sentence(tmp_path / "slow.wav")
    written(tmp_path / "crowd.wav", np.zeros((10, 40)))
    assert "40 channels" in sentence(tmp_path / "crowd.wav")
    soundfile.write(tmp_path / "other.au", tone(0.1), RATE, format="AU")
    assert "not a sound file" in sentence(tmp_path / "other.au")
    os.mkfifo(tmp_path / "pipe.wav")
    assert "pipe" in sentence(tmp_path / "pipe.wav")


def test_says_that_a_file_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "locked.wav", tone(0.1))

    def refused(self: Path, *arguments: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    assert "may not be read" in sentence(path)


@pytest.mark.parametrize("missing", ["soundfile", "soxr"])
def test_says_what_to_install(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "tone.wav", tone(0.1))
    monkeypatch.setitem(__import__("sys").modules, missing, None)
    with pytest.raises(SoundError, match=f"pip install .*{missing}"):
        SoundStream(path, rate_hz=48000)


def test_names_that_are_no_unicode_are_files_too(tmp_path: Path) -> None:
    plain = written(tmp_path / "tone.wav", tone(0.2))
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe tone.wav"))
    plain.rename(odd)
    assert everything(SoundFile(odd)).shape[1] == round(0.2 * RATE)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("share", [0.02, 0.6])
def test_a_truncated_file_gives_what_is_there_or_a_sentence(kind: str, share: float, tmp_path: Path) -> None:
    path = written(tmp_path / f"tone.{kind}", tone(4.0))
    whole = path.read_bytes()
    path.write_bytes(whole[: round(share * len(whole))])
    try:
        found = everything(SoundStream(path, rate_hz=48000))
    except SoundError:
        return
    assert np.isfinite(found).all() and found.shape[1] < 4.1 * 48000


def poke(whole: bytes, changes: list[tuple[float, int]], reach: int) -> bytes:
    changed = bytearray(whole)
    for place, value in changes:
        changed[int(place * min(reach, len(changed) - 1))] = value
    return bytes(changed)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    return {kind: written(folder / f"tone.{kind}", tone(0.6)).read_bytes() for kind in ("wav", "flac", "mp3", "ogg")}


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
@settings(deadline=None, max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
    reach=st.sampled_from([48, 400, 100_000]),
)
def test_hostile_bytes_give_sound_or_a_sentence(
    kind: str, changes: list[tuple[float, int]], reach: int, originals: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"poked.{kind}"
    path.write_bytes(poke(originals[kind], changes, reach))
    before = process_time()
    try:
        stream = SoundStream(path, rate_hz=48000)
        stream.seek(0.2)
        sound = everything(stream, most=2_000_000)
        assert np.isfinite(sound).all() and np.abs(sound).max(initial=0.0) < 1.5 * LOUDEST
        stream.close()
        examined(path)
    except SoundError as error:
        assert str(error).endswith((".", "?"))
    assert process_time() - before < 4.0


def test_an_mp3_whose_header_lies_is_no_longer_than_it_can_be(originals: dict[str, bytes], tmp_path: Path) -> None:
    """The index claims 15 000 hours; nothing walks through them."""
    path, whole = tmp_path / "liar.mp3", bytearray(originals["mp3"])
    mark = max(whole.find(b"Xing"), whole.find(b"Info"))
    whole[mark + 8 : mark + 12] = b"\x7f\xff\xff\xff"
    path.write_bytes(whole)
    assert soundfile.info(path).duration > 1e6
    before = process_time()
    assert SoundFile(path).seconds < 60.0
    assert examined(path).seconds == pytest.approx(0.6, abs=0.3)
    assert process_time() - before < 4.0


@pytest.fixture(scope="module")
def night_long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP3 of ten hours without an index."""
    path = tmp_path_factory.mktemp("long") / "night.mp3"
    noise = 0.1 * np.random.default_rng(0).standard_normal((80_000, 1))
    soundfile.write(path, noise, 8000, compression_level=0.99, bitrate_mode="CONSTANT")
    whole = path.read_bytes()
    body = whole[whole.index(whole[:2], 100) :]
    with path.open("wb") as file:
        for _ in range(3600):
            file.write(body)
    return path


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads")
def test_ten_hours_are_never_read_at_once(night_long: Path) -> None:
    assert night_long.stat().st_size > 20_000_000
    before = bytes_read()
    stream = SoundStream(night_long, rate_hz=48000)
    sound = stream.read(5 * 48000)
    assert sound.shape == (2, 5 * 48000) and stream.seconds > 9 * 3600
    assert bytes_read() - before < 500_000
    assert stream._ready.shape[1] < 48000


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads")
def test_a_place_deep_in_an_mp3_is_reached_in_small_steps(night_long: Path) -> None:
    stream = SoundStream(night_long, rate_hz=48000)
    most, steps, there = 0, 0, False
    while not there and steps < 50:
        before = bytes_read()
        there = stream.seek(600.0)
        most, steps = max(most, bytes_read() - before), steps + 1
    assert there and 15 <= steps <= 22
    assert most < 200_000
    assert np.abs(stream.read(4800)).max() > 0.01


def test_a_file_that_is_deleted_while_open_is_read_on_and_a_disk_that_goes_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "tone.wav", tone(4.0))
    stream = SoundStream(path, rate_hz=RATE)
    stream.read(1000)
    with path.open("r+b") as file:
        file.truncate(60_000)
    found = everything(stream)
    assert found.shape[1] < 2 * RATE and stream.failed
