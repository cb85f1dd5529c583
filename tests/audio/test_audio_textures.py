"""Sea, rain, wind and fire: as loud as said, never the same twice, never harsh, and nothing where nothing is asked for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio.textures import APART_SECONDS, NOMINAL_LUFS, Textures, _Bed
from undertone.flow import Texture

RATE = 48000
BLOCK = 2048
ALL = list(Texture)


def factors(**levels: float) -> NDArray[np.float64]:
    return np.array([levels.get(texture.value, 0.0) for texture in Texture])


@lru_cache(maxsize=16)
def heard(texture: Texture, seconds: float = 16.0, seed: int = 1, breath: float | None = None) -> NDArray[np.float64]:
    """(n, 2) at factor 1, after it has come in."""
    textures, wanted = Textures(seed=seed, rate_hz=RATE, frames=BLOCK), factors(**{texture.value: 1.0})
    blocks = [textures(wanted, breath) for _ in range(10 + round(seconds * RATE / BLOCK))]
    return np.concatenate([block for block in blocks[10:] if block is not None], axis=1).T.astype(np.float64)


@pytest.mark.parametrize("texture", ALL)
def test_each_is_as_loud_as_the_programme(texture: Texture) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="pyloudnorm is the yardstick here")
    found = pyloudnorm.Meter(RATE).integrated_loudness(heard(texture))
    assert found == pytest.approx(NOMINAL_LUFS, abs=2.5)


@pytest.mark.parametrize("texture", ALL)
def test_none_is_harsh_and_none_has_an_offset(texture: Texture) -> None:
    sound = heard(texture)
    power = np.abs(np.fft.rfft(sound[:, 0])) ** 2
    hz = np.fft.rfftfreq(len(sound), 1.0 / RATE)
    assert power[hz > 6000.0].sum() < 0.01 * power.sum()
    assert power[hz < 30.0].sum() < 0.02 * power.sum()
    assert np.abs(sound.mean(axis=0)).max() < 1e-3
    assert np.abs(sound).max() < 9.0 * sound.std()


@pytest.mark.parametrize("texture", ALL)
def test_the_sides_differ_and_fold_to_mono(texture: Texture) -> None:
    left, right = heard(texture).T
    assert 0.2 < np.corrcoef(left, right)[0, 1] < 0.6
    assert 10 * np.log10(np.mean(((left + right) / 2) ** 2) / np.mean(left**2)) > -2.5


@pytest.mark.parametrize("texture", ALL)
def test_nothing_comes_back(texture: Texture) -> None:
    """No stretch of it is like a later one, at any distance from a fifth of a second on."""
    mono = heard(texture).mean(axis=1)[::4]
    size = 1 << (2 * len(mono)).bit_length()
    alike = np.fft.irfft(np.abs(np.fft.rfft(mono, size)) ** 2)[: len(mono)] / np.dot(mono, mono)
    assert np.abs(alike[round(0.2 * RATE / 6) : len(mono) // 2]).max() < 0.15


@pytest.mark.parametrize("texture", ALL)
def test_the_seed_decides(texture: Texture) -> None:
    first, again, other = (Textures(seed=seed, rate_hz=RATE, frames=BLOCK) for seed in (3, 3, 4))
    wanted = factors(**{texture.value: 1.0})
    sounds = [
        np.concatenate([found for _ in range(40) if (found := one(wanted, None)) is not None], 1)
        for one in (first, again, other)
    ]
    assert np.array_equal(sounds[0], sounds[1])
    assert abs(np.corrcoef(sounds[0][0], sounds[2][0])[0, 1]) < 0.1


def test_one_texture_does_not_change_another() -> None:
    alone, among = (Textures(seed=3, rate_hz=RATE, frames=BLOCK) for _ in range(2))
    rain = [alone(factors(rain=0.5), None) for _ in range(30)]
    both = [among(factors(rain=0.5, sea=0.3), None) for _ in range(30)]
    sea = Textures(seed=3, rate_hz=RATE, frames=BLOCK)
    rest = [sea(factors(sea=0.3), None) for _ in range(30)]
    for one, whole, other in zip(rain[10:], both[10:], rest[10:], strict=True):
        assert one is not None and whole is not None and other is not None
        assert np.allclose(whole - one, other, atol=1e-6)


@pytest.mark.parametrize("texture", ALL)
def test_comes_and_goes_without_a_click(texture: Texture) -> None:
    textures = Textures(seed=1, rate_hz=RATE, frames=BLOCK)
    steps = [0.0, *([1.0] * 40), *([0.0] * 3), *([1.0] * 12), *([0.2] * 10), *([0.0] * 3)]
    blocks = [textures(factors(**{texture.value: step}), None) for step in steps]
    assert blocks[0] is None and blocks[-1] is None and blocks[-2] is None
    sound = np.concatenate([np.zeros((2, BLOCK)) if block is None else block for block in blocks], axis=1)
    steady = np.abs(np.diff(heard(texture)[: 8 * RATE], axis=0)).max()
    assert np.abs(np.diff(sound)).max() < 1.3 * steady
    assert sound[:, -1].any() == np.False_ and sound.std() > 0.005


def test_waves_come_at_the_pace_of_the_breath() -> None:
    """Counted over minutes in the band of the foam: slower breath, slower waves."""
    rates = []
    for breath in (8.0, 4.0):
        sound = heard(Texture.SEA, 48.0, 5, breath).mean(axis=1)
        foam = np.diff(sound, 2)
        levels = np.sqrt(np.mean(foam[: len(foam) // 12000 * 12000].reshape(-1, 12000) ** 2, axis=1))
        smooth = np.convolve(levels - levels.mean(), np.hanning(13), "same")
        spectrum = np.abs(np.fft.rfft(smooth * np.hanning(len(smooth))))
        rates.append(60.0 * np.sum(np.fft.rfftfreq(len(smooth), 0.25) * spectrum**2) / np.sum(spectrum**2))
    assert rates[0] > 1.3 * rates[1]


def test_at_another_rate_it_is_as_loud() -> None:
    levels = []
    for rate in (48000, 44100):
        textures = Textures(seed=1, rate_hz=rate, frames=BLOCK)
        blocks = [textures(factors(rain=1.0), None) for _ in range(300)]
        levels.append(np.std(np.concatenate([block for block in blocks[10:] if block is not None], axis=1)))
    assert levels[0] == pytest.approx(levels[1], rel=0.2)


def test_nothing_asked_for_makes_nothing() -> None:
    textures = Textures(seed=1, rate_hz=RATE, frames=BLOCK)
    assert textures(factors(), None) is None and not textures._makers


def test_grains_that_sound_together_come_from_different_places() -> None:
    """Else they would colour each other like a comb."""
    bed = _Bed(((100.0, 1000.0, 3.0),), np.random.default_rng(1), rate_hz=RATE, frames=BLOCK)
    while not bed.grow():
        pass
    nearest = bed._size
    for _ in range(1500):
        bed(np.ones(1), np.ones(1))
        places = sorted(bed._places)
        nearest = min(nearest, *np.diff([*places, places[0] + bed._size]))
    assert nearest >= APART_SECONDS * RATE - 1
