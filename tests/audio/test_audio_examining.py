"""What is found out about a file is what is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from undertone.audio.examining import examined, sound_files
from undertone.errors import SoundError

RATE = 32000


def plucked(bpm: float, seconds: float, *, level: float = 0.2, brightness: float = 300.0, rate: int = RATE) -> np.ndarray:
    """A note on every beat, with softer ones between."""
    sound = np.zeros(round(seconds * rate))
    time = np.arange(round(0.6 * rate)) / rate
    for index in range(int(seconds * bpm / 30.0)):
        start = round(index * 30.0 / bpm * rate)
        hz = brightness * (1.0, 1.25, 1.5, 2.0)[index % 4]
        note = level * (1.0, 0.4)[index % 2] * np.sin(2 * np.pi * hz * time) * np.exp(-time / 0.2)
        sound[start : start + len(note)] += note[: len(sound) - start]
    return sound


def written(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, sound, rate)
    return path


def test_loudness_is_that_of_an_independent_meter(tmp_path: Path) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="pyloudnorm is the yardstick here")
    sound = np.concatenate([0.3 * plucked(90, 8.0), plucked(90, 8.0), np.zeros(4 * RATE)])
    found = examined(written(tmp_path / "some.wav", sound))
    stereo = np.stack([sound, sound], axis=1)
    assert found.loudness_lufs == pytest.approx(pyloudnorm.Meter(RATE).integrated_loudness(stereo), abs=0.3)


@pytest.mark.parametrize("bpm", [52.0, 84.0, 117.0])
def test_tempo_and_beat(bpm: float, tmp_path: Path) -> None:
    found = examined(written(tmp_path / "beat.flac", np.concatenate([np.zeros(RATE // 3), plucked(bpm, 24.0)])))
    assert found.tempo_bpm is not None and found.first_beat is not None
    octaves = np.log2(found.tempo_bpm / bpm)
    assert octaves == pytest.approx(round(octaves), abs=0.005) and abs(round(octaves)) <= 1
    off = (found.first_beat - 1 / 3) * found.tempo_bpm / 60.0
    # Half a beat off is no fault of the ear where the notes between are nearly as strong.
    assert abs(2 * off - round(2 * off)) < 0.2


def test_free_time_has_no_tempo(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    sound = np.zeros(30 * RATE)
    for start in np.sort(chance.random(60) * 29.0):
        note = plucked(60, 0.9, brightness=200 + 400 * chance.random())
        sound[round(start * RATE) : round(start * RATE) + len(note)] += note[: len(sound) - round(start * RATE)]
    assert examined(written(tmp_path / "free.wav", sound)).tempo_bpm is None


def test_faster_and_brighter_is_more_energetic(tmp_path: Path) -> None:
    slow = examined(written(tmp_path / "slow.wav", plucked(35, 20.0, brightness=180)))
    fast = examined(written(tmp_path / "fast.wav", plucked(140, 20.0, brightness=900)))
    assert -1.0 <= slow.arousal < fast.arousal - 0.4 <= 0.6
    assert slow.onsets_per_second < fast.onsets_per_second and slow.centroid_hz < fast.centroid_hz


def test_enters_after_the_silence_and_leaves_where_phrases_end(tmp_path: Path) -> None:
    phrase = plucked(100, 18.0)
    rest = np.zeros(round(1.5 * RATE))
    sound = np.concatenate([np.zeros(3 * RATE), phrase, rest, phrase, rest, phrase, np.zeros(5 * RATE)])
    found = examined(written(tmp_path / "phrases.wav", sound))
    assert found.entrances[0] == pytest.approx(3.0, abs=0.25)
    assert found.exits[-1] == pytest.approx(60.0, abs=1.2)
    assert list(found.exits[:-1]) == pytest.approx([21.75, 41.25], abs=1.0)
    assert found.entrances[1:] == found.exits[:-1]
    assert found.seconds == pytest.approx(65.0)


def test_a_long_file_is_heard_in_excerpts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undertone.audio.examining.WHOLE_SECONDS", 24.0)
    monkeypatch.setattr("undertone.audio.examining.EXCERPT_SECONDS", 3.0)
    heard: list[float] = []
    from undertone.audio import examining

    original = examining._hear

    def hear(file: object, start: float, seconds: float) -> object:
        heard.append(seconds)
        return original(file, start, seconds)

    monkeypatch.setattr("undertone.audio.examining._hear", hear)
    found = examined(written(tmp_path / "long.wav", np.tile(plucked(80, 10.0, rate=8000), 12), 8000))
    assert len(heard) == 8 and sum(heard) <= 24.0
    assert found.seconds == pytest.approx(120.0) and found.exits[-1] > 100.0


def test_a_file_that_breaks_off_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    path = written(tmp_path / "broken.flac", np.random.default_rng(0).standard_normal(20 * RATE) * 0.1)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = examined(path)
    assert found.seconds == pytest.approx(10.0, abs=1.0) and found.exits[-1] <= found.seconds


def test_silence_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="silent from its beginning"):
        examined(written(tmp_path / "still.wav", np.zeros(RATE)))


def test_what_is_known_is_kept_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = written(tmp_path / "tune.wav", plucked(90, 6.0)), tmp_path / "kept" / "known.json"
    first = examined(path, cache=cache)
    with monkeypatch.context() as blind:
        blind.setattr("undertone.audio.examining._examine", lambda path: pytest.fail("examined again"))
        assert examined(path, cache=cache) == first
    written(path, plucked(90, 7.0))
    assert examined(path, cache=cache).seconds == pytest.approx(7.0)


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"%s": {"mark": 3}}', '{"%s": 7}'])
def test_a_spoilt_cache_is_made_anew(spoilt: str, tmp_path: Path) -> None:
    path, cache = written(tmp_path / "tune.wav", plucked(90, 2.0)), tmp_path / "known.json"
    cache.write_text(spoilt.replace("%s", str(path)))
    assert examined(path, cache=cache).title == "tune"
    assert str(path) in json.loads(cache.read_text())


def test_a_cache_of_another_shape_is_made_anew(tmp_path: Path) -> None:
    path, cache = written(tmp_path / "tune.wav", plucked(90, 2.0)), tmp_path / "known.json"
    found = examined(path, cache=cache)
    kept = json.loads(cache.read_text())
    del kept[str(path)]["exits"]
    cache.write_text(json.dumps(kept))
    assert examined(path, cache=cache) == found


def test_lists_sound_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.MP3", "b/a.flac", "notes.txt", ".hidden.wav"):
        (tmp_path / name).touch()
    assert [os.path.relpath(path, tmp_path) for path in sound_files(tmp_path)] == ["b/a.flac", "z.MP3"]
    with pytest.raises(SoundError, match="no folder"):
        sound_files(tmp_path / "nowhere")
