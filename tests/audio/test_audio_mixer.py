"""The mix: where layers stand, what one loudspeaker makes of two, and the balance of the spectrum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio.controls import Setting
from undertone.audio.mixer import ROOM, Mixer, balance, stage
from undertone.flow import Layer

RATE = 48000
FRAMES = 2048
LAYERS = tuple(Layer)


def mixed(stems: NDArray[np.float32], *, wet: float = 0.0) -> NDArray[np.float64]:
    """Blocks (layers, 2, n · frames) through a mixer that changes nothing on the way."""
    setting = Setting(
        level=1.0, gains=np.ones(len(LAYERS)), low_pass_hz=20000.0, reverb_wet=wet, reverb_seconds=2.0, swell_db=0.0
    )
    mixer = Mixer(LAYERS, rate_hz=RATE, frames=FRAMES)
    starts = range(0, stems.shape[2], FRAMES)
    return np.concatenate([mixer(stems[:, :, at : at + FRAMES], setting, breath_per_min=None) for at in starts], axis=1)


def noise(layer: Layer, sides: tuple[float, float], blocks: int = 40) -> NDArray[np.float32]:
    """Noise in one stem: the same on both sides, each with its factor."""
    stems = np.zeros((len(LAYERS), 2, blocks * FRAMES), dtype=np.float32)
    sound = np.random.default_rng(0).standard_normal(blocks * FRAMES)
    for side, factor in enumerate(sides):
        stems[LAYERS.index(layer), side] = 0.1 * factor * sound
    return stems


def fold_loss_db(sound: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(sound**2) / np.mean(sound.mean(axis=0) ** 2)))


def test_every_layer_keeps_its_power_wherever_it_stands() -> None:
    both = stage(LAYERS)
    for index in range(len(LAYERS)):
        left, right = both[:, 2 * index : 2 * index + 2].sum(axis=1)
        assert left**2 + right**2 == pytest.approx(2.0)


def test_layers_stand_where_they_should() -> None:
    both = stage(LAYERS)
    sides = {layer: both[:, 2 * index : 2 * index + 2].sum(axis=1) for index, layer in enumerate(LAYERS)}
    assert sides[Layer.PAD][0] == pytest.approx(sides[Layer.PAD][1])
    assert sides[Layer.BASS][0] == pytest.approx(sides[Layer.BASS][1])
    assert sides[Layer.HARMONY][0] > sides[Layer.HARMONY][1]
    assert sides[Layer.COUNTER][0] < sides[Layer.COUNTER][1]


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_apart_does_not_vanish_in_mono(layer: Layer) -> None:
    """Sides that have nothing in common, as two far microphones: 3 dB would be lost as they are."""
    stems = noise(layer, (1.0, 0.0))
    stems[LAYERS.index(layer), 1] = 0.1 * np.random.default_rng(1).standard_normal(stems.shape[2])
    assert fold_loss_db(stems[LAYERS.index(layer)].astype(np.float64)) == pytest.approx(3.0, abs=0.1)
    assert fold_loss_db(mixed(stems)[:, 4 * FRAMES :]) < 0.75


def test_the_room_is_wide_and_folds_too() -> None:
    dry, wet = mixed(noise(Layer.PAD, (1.0, 1.0))), mixed(noise(Layer.PAD, (1.0, 1.0)), wet=1.0)
    late = wet[:, 20 * FRAMES :]
    assert 0.8 < fold_loss_db(late) < 1.8
    assert abs(np.corrcoef(late)[0, 1]) < 0.6
    assert 10 * np.log10(late.var() / dry.var()) == pytest.approx(0.0, abs=2.5)
    white = np.random.default_rng(2).standard_normal((2, 100000))
    assert (ROOM @ white).var() == pytest.approx(white.var(), rel=0.02)


def gain_db(frequency: float) -> float:
    z, answer = np.exp(2j * np.pi * frequency / RATE), 1.0
    for system in balance(RATE):
        answer = answer * (system.c @ np.linalg.solve(z * np.eye(len(system.b)) - system.a, system.b) + system.d)
    return float(20 * np.log10(abs(answer)))


def test_the_balance_is_thinner_below_and_clearer_above() -> None:
    assert gain_db(5.0) < -25.0
    assert -1.2 < gain_db(100.0) < -0.6
    assert abs(gain_db(700.0)) < 0.7
    assert 0.4 < gain_db(2500.0) < 2.0
    assert 2.5 < gain_db(6500.0) < 3.6
    assert gain_db(18000.0) < 2.0


def test_offsets_do_not_pass() -> None:
    stems = np.full((len(LAYERS), 2, 40 * FRAMES), 0.2, dtype=np.float32)
    assert np.abs(mixed(stems)[:, -FRAMES:]).max() < 1e-6


def test_a_gain_is_reached_in_a_straight_line() -> None:
    mixer = Mixer(LAYERS, rate_hz=RATE, frames=FRAMES)
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(4 * FRAMES) / RATE).astype(np.float32)
    parts = []
    for index, gain in enumerate((1.0, 1.0, 0.5, 0.5)):
        stems = np.zeros((len(LAYERS), 2, FRAMES), dtype=np.float32)
        stems[LAYERS.index(Layer.BASS)] = tone[index * FRAMES : (index + 1) * FRAMES]
        setting = Setting(
            level=1.0, gains=np.full(len(LAYERS), gain), low_pass_hz=20000.0, reverb_wet=0.0, reverb_seconds=2.0, swell_db=0.0
        )
        parts.append(mixer(stems, setting, breath_per_min=None)[0])
    powers = [math.sqrt(2 * float(np.mean(part[at : at + 480] ** 2))) for part in parts for at in (0, 768, 1536)]
    assert powers[6] == pytest.approx(powers[5], rel=0.07)
    assert powers[7] == pytest.approx(0.755 * powers[4], rel=0.06)
    assert powers[10] == pytest.approx(0.5 * powers[4], rel=0.02)
