"""FluidSynth: one stem for each layer, sounds that repeat, and sentences when something is missing."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from undertone.audio import BLOCK, FluidSynth, Stems, fluid
from undertone.errors import SoundError
from undertone.flow import Layer

RATE = 48000


@pytest.fixture(scope="module")
def soundfont() -> Path:
    """The smallest sound font there is, or a skip that says why."""
    try:
        fluid._library()
        found = fluid.find_soundfont()
    except SoundError as error:
        pytest.skip(str(error))
    small = found.parent / "TimGM6mb.sf2"
    return small if small.is_file() else found


@pytest.fixture
def synth(soundfont: Path) -> Iterator[FluidSynth]:
    """A fresh synthesiser."""
    made = FluidSynth(soundfont)
    yield made
    made.close()


def rendered(synth: FluidSynth, frames: int = RATE // 2) -> Stems:
    stems = np.full((len(synth.layers), 2, frames), 9.0, dtype=np.float32)
    synth.render(stems)
    return stems


@pytest.mark.parametrize("layer", list(Layer))
def test_each_layer_has_a_stem_of_its_own(synth: FluidSynth, layer: Layer) -> None:
    synth.program(layer, 0)
    synth.strike(layer, 60, 90)
    stems = rendered(synth)
    index = synth.layers.index(layer)
    assert np.abs(stems[index]).max(axis=1).min() > 0.005
    assert not np.any(np.delete(stems, index, axis=0))


def test_plays_the_right_pitch_at_the_right_rate(soundfont: Path) -> None:
    for rate in (44100, 48000):
        synth = FluidSynth(soundfont, rate_hz=rate)
        synth.program(Layer.MELODY, 73)
        synth.strike(Layer.MELODY, 69, 90)
        sound = rendered(synth, rate)[synth.layers.index(Layer.MELODY), 0]
        synth.close()
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(rate)))
        assert np.argmax(spectrum[300:600]) + 300 == pytest.approx(440, abs=4)


def test_pieces_of_sixty_four_frames_sound_like_the_whole(soundfont: Path) -> None:
    sounds = []
    for cuts in ((0, BLOCK), (0, 64, 320, 960, BLOCK)):
        synth = FluidSynth(soundfont)
        synth.strike(Layer.PAD, 60, 90)
        stems = np.zeros((len(synth.layers), 2, BLOCK), dtype=np.float32)
        for start, stop in pairwise(cuts):
            synth.render(stems[:, :, start:stop])
        synth.close()
        sounds.append(stems)
    assert np.any(sounds[0]) and np.array_equal(*sounds)


def test_ended_notes_fade_and_silenced_notes_stop(synth: FluidSynth) -> None:
    synth.program(Layer.PAD, 48)
    synth.strike(Layer.PAD, 60, 90)
    held = np.abs(rendered(synth)[0]).max()
    synth.end(Layer.PAD, 60)
    rendered(synth, 4 * RATE)
    assert np.abs(rendered(synth)[0]).max() < 0.01 * held
    synth.strike(Layer.PAD, 60, 90)
    rendered(synth)
    assert synth.voices > 0
    synth.silence()
    rendered(synth)
    assert not np.any(rendered(synth))


def centroid(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())


def test_percussion_plays_a_drum_kit(synth: FluidSynth) -> None:
    """Key 42 is a closed hi-hat, all of it above 3 kHz; as a note of a piano it would be a low F sharp."""
    index = synth.layers.index(Layer.PERCUSSION)
    for kit in (0, 40, 99):
        synth.program(Layer.PERCUSSION, kit)
        synth.strike(Layer.PERCUSSION, 42, 90)
        assert centroid(rendered(synth)[index, 0]) > 3000
        synth.silence()
    synth.program(Layer.MELODY, 0)
    synth.strike(Layer.MELODY, 42, 90)
    assert centroid(rendered(synth)[synth.layers.index(Layer.MELODY), 0]) < 1000


def test_what_rings_too_long_is_damped(synth: FluidSynth, monkeypatch: pytest.MonkeyPatch) -> None:
    def ringing(program: int) -> float:
        synth.silence()
        synth.program(Layer.HARMONY, program)
        synth.strike(Layer.HARMONY, 60, 90)
        rendered(synth, RATE // 10)
        synth.end(Layer.HARMONY, 60)
        seconds = 0.0
        while synth.voices and seconds < 20.0:
            rendered(synth, RATE // 10)
            seconds += 0.1
        return seconds

    piano, damped = ringing(0), {program: ringing(program) for program in fluid.DAMPED}
    assert all(seconds < 9.0 for seconds in damped.values())
    # A program that is not damped after one that was has its own time.
    assert ringing(0) == piano
    monkeypatch.setattr(fluid, "DAMPED", {})
    assert ringing(46) > 1.5 * damped[46]


def test_polyphony_is_bounded(soundfont: Path) -> None:
    synth = FluidSynth(soundfont, polyphony=8)
    for pitch in range(40, 80):
        synth.strike(Layer.PAD, pitch, 90)
    rendered(synth, BLOCK)
    voices = synth.voices
    synth.close()
    assert voices <= 8


def test_can_be_closed_twice(soundfont: Path) -> None:
    synth = FluidSynth(soundfont)
    synth.close()
    synth.close()


def test_a_missing_font_is_a_sentence(tmp_path: Path, soundfont: Path) -> None:
    with pytest.raises(SoundError, match=r"no sound font .*sudo apt install fluid-soundfont-gm"):
        FluidSynth(tmp_path / "none.sf2")


def test_what_is_no_font_is_a_sentence(tmp_path: Path, soundfont: Path) -> None:
    path = tmp_path / "junk.sf2"
    path.write_bytes(b"not a font" * 100)
    with pytest.raises(SoundError, match="is not a sound font"):
        FluidSynth(path)


def test_a_damaged_font_is_a_sentence_and_nothing_else(
    tmp_path: Path, soundfont: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "short.sf2"
    with soundfont.open("rb") as file:
        path.write_bytes(file.read(100_000))
    with pytest.raises(SoundError, match="damaged"):
        FluidSynth(path)
    assert capfd.readouterr().err == ""


def test_no_font_anywhere_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fluid, "FOLDERS", (tmp_path,))
    with pytest.raises(SoundError, match="fluid-soundfont-gm"):
        fluid.find_soundfont()
    (tmp_path / "TimGM6mb.sf2").touch()
    assert fluid.find_soundfont() == tmp_path / "TimGM6mb.sf2"
    (tmp_path / "FluidR3_GM.sf2").touch()
    assert fluid.find_soundfont() == tmp_path / "FluidR3_GM.sf2"


def test_a_missing_library_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(SoundError, match="FluidSynth is not installed"):
        FluidSynth(tmp_path / "any.sf2")
