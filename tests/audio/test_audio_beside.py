"""Recordings and textures in the renderer: they sound without a note, as loud as asked for, and cost nothing else."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from undertone.audio import BLOCK, Renderer, ToneSynth
from undertone.audio.controls import Controls
from undertone.audio.deck import Deck
from undertone.flow import Bar, Cue, Layer, Note, Texture

RATE = 48000
EMPTY = Bar(0, 4, 120.0, (), 0.0, {}, {}, 8000.0, 0.1, 1.5, None, 0.0)


def rendered(bars: list[Bar], seconds: float, *, cut: int = BLOCK, deck: Deck | None = None) -> NDArray[np.float64]:
    renderer = Renderer(ToneSynth(), deck=deck)
    for bar in bars:
        renderer.queue(bar)
    parts, left = [], round(seconds * RATE)
    while left > 0:
        parts.append(renderer.render(min(cut, left)))
        left -= len(parts[-1])
    return np.concatenate(parts).astype(np.float64)


def loudness(sound: NDArray[np.float64]) -> float:
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="pyloudnorm is the yardstick here")
    return float(pyloudnorm.Meter(RATE).integrated_loudness(sound))


@pytest.fixture
def noise(tmp_path: Path) -> str:
    """Twelve seconds of soft noise at another rate, −36 LUFS or so."""
    path = tmp_path / "noise.flac"
    sound = np.cumsum(np.random.default_rng(0).standard_normal((12 * 44100, 2)), axis=0)
    soundfile.write(path, 0.01 * (sound[100:] - sound[:-100]) / 10.0, 44100)
    return str(path)


def cued(track: str, count: int = 5, **changes: object) -> list[Bar]:
    return [replace(EMPTY, index=k, cue=Cue(track, 2.0 * k), **changes) for k in range(count)]  # type: ignore[arg-type]


def test_a_cue_alone_sounds_at_the_loudness_of_the_programme(noise: str) -> None:
    data, rate = soundfile.read(noise)
    known = pytest.importorskip("pyloudnorm").Meter(rate).integrated_loudness(data)
    sound = rendered(cued(noise, 3), 5.5, deck=Deck(rate_hz=RATE, frames=BLOCK, loudness={noise: known}.get))
    assert loudness(sound[RATE:]) == pytest.approx(-23.0, abs=0.7)


@pytest.mark.parametrize(("texture", "level"), list(zip(Texture, (-6.0, -20.0, -12.0, 0.0), strict=True)))
def test_a_texture_alone_sounds_as_loud_as_it_is_said(texture: Texture, level: float) -> None:
    sound = rendered([replace(EMPTY, index=k, textures={texture: level}) for k in range(4)], 7.0)
    assert loudness(sound[RATE:]) == pytest.approx(-23.0 + level, abs=3.5)


def test_music_gives_way_so_that_the_whole_is_as_loud_as_before() -> None:
    notes = tuple(Note(0, 4, pitch, 70, Layer.PAD) for pitch in (50, 57, 62, 66))
    bars = [replace(EMPTY, index=k, notes=notes) for k in range(7)]
    alone = rendered(bars, 13.0)[6 * RATE :]
    among = rendered([replace(bar, textures={Texture.RAIN: -3.0}) for bar in bars], 13.0)[6 * RATE :]
    assert loudness(among) == pytest.approx(loudness(alone), abs=1.0)
    assert np.corrcoef(alone[:, 0], among[:, 0])[0, 1] < 0.9


@pytest.mark.parametrize("cut", [1333])
def test_any_cutting_sounds_the_same(cut: int, noise: str) -> None:
    bars = [replace(bar, textures={Texture.FIRE: -10.0}) for bar in cued(noise, 3)]
    bars[2] = replace(bars[2], cue=Cue(noise, 7.7, 1.05))
    assert np.array_equal(rendered(bars, 6.0), rendered(bars, 6.0, cut=cut))


def test_silence_stays_silence(noise: str) -> None:
    bars = [replace(bar, textures={Texture.SEA: -6.0}) for bar in cued(noise, 5)]
    bars = [*bars[:2], *(replace(bar, level_db=-math.inf) for bar in bars[2:4]), bars[4]]
    sound = rendered(bars, 10.0)
    assert not sound[round(6.1 * RATE) : round(7.95 * RATE)].any()
    assert np.abs(sound[RATE : 3 * RATE]).max() > 0.01 and np.abs(sound[9 * RATE :]).max() > 0.01


def test_a_recording_keeps_its_balance_of_low_and_high(tmp_path: Path) -> None:
    """The mixer's own is for sampled instruments: what it adds must have been taken away before."""
    path, pitches = tmp_path / "tones.wav", (80, 250, 800, 2500, 6500)
    time = np.arange(6 * RATE) / RATE
    soundfile.write(path, 0.05 * np.sum([np.sin(2 * np.pi * hz * time + hz) for hz in pitches], axis=0), RATE)
    bars = [replace(EMPTY, index=k, cue=Cue(str(path), 2.0 * k), low_pass_hz=20000.0, reverb_wet=0.0) for k in range(2)]
    spectrum = np.abs(np.fft.rfft(rendered(bars, 4.0)[2 * RATE : 3 * RATE, 0]))
    levels = [20 * np.log10(spectrum[hz]) for hz in pitches]
    assert np.ptp(levels) < 1.2


def test_in_silence_no_file_is_kept_open(noise: str) -> None:
    renderer = Renderer(ToneSynth())
    for bar in (*cued(noise, 2), *(replace(EMPTY, level_db=-math.inf, cue=Cue(noise, 4.0 + 2 * k)) for k in range(3))):
        renderer.queue(bar)
    renderer.render(3 * RATE)
    assert len(renderer._deck._voices) == 1
    renderer.render(5 * RATE)
    assert not renderer._deck._voices


def test_a_vanished_file_is_told_and_the_texture_goes_on(noise: str) -> None:
    bars = [replace(bar, textures={Texture.WIND: -6.0}) for bar in cued(noise, 5)]
    Path(noise).unlink()
    renderer = Renderer(ToneSynth())
    for bar in bars:
        renderer.queue(bar)
    sound = renderer.render(8 * RATE)
    told = renderer.troubles()
    assert len(told) == 1 and noise in told[0] and told[0].startswith("There is no sound file")
    assert np.abs(sound[6 * RATE :]).max() > 0.005 and np.isfinite(sound).all()


def test_a_darker_bar_darkens_recordings_and_textures(noise: str) -> None:
    shares = []
    for corner in (500.0, 8000.0):
        for bars in (cued(noise, 2), [replace(EMPTY, textures={Texture.RAIN: -6.0})] * 2):
            sound = rendered([replace(bar, low_pass_hz=corner) for bar in bars], 4.0)[:, 0]
            power = np.abs(np.fft.rfft(sound[RATE:])) ** 2
            shares.append(power[3 * 3000 :].sum() / power.sum())
    assert shares[0] < 0.3 * shares[2] and shares[1] < 0.3 * shares[3]


def test_textures_glide_like_layers() -> None:
    controls = Controls(tuple(Layer))
    controls.aim(replace(EMPTY, textures={Texture.SEA: -10.0}), start=0, end=1000)
    later = {Texture.SEA: -30.0, Texture.WIND: 20.0, Texture.RAIN: math.nan}
    controls.aim(replace(EMPTY, textures=later), start=1000, end=2000)
    sea, wind = (list(Texture).index(texture) for texture in (Texture.SEA, Texture.WIND))
    places = [controls.at(frame).textures for frame in (1000, 1500, 2000)]
    assert [20 * math.log10(place[sea]) for place in places] == pytest.approx([-10.0, -20.0, -30.0], abs=0.1)
    assert places[0][wind] == 0.0 and places[2][wind] == pytest.approx(1.0)
    assert places[2][list(Texture).index(Texture.RAIN)] == 0.0


def test_without_cue_or_texture_nothing_of_this_is_made() -> None:
    renderer = Renderer(ToneSynth())
    renderer.queue(replace(EMPTY, notes=(Note(0, 4, 57, 70, Layer.PAD),)))
    renderer.render(RATE)
    assert not renderer._textures._makers and not renderer._deck.active and renderer.troubles() == []
