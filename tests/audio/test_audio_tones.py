"""The plain instrument has a fitting sound for every layer."""

from __future__ import annotations

import numpy as np
import pytest

from undertone.audio import BLOCK
from undertone.audio.synth import ToneSynth
from undertone.flow import Layer

RATE = 48000


def struck(layer: Layer, pitch: int, *, seconds: float = 0.5) -> np.ndarray:
    """One note, mono."""
    synth = ToneSynth(rate_hz=RATE)
    synth.strike(layer, pitch, 80)
    parts = []
    for _ in range(int(seconds * RATE / BLOCK) + 1):
        stems = np.zeros((len(synth.layers), 2, BLOCK), dtype=np.float32)
        synth.render(stems)
        assert not np.any(np.delete(stems, synth.layers.index(layer), axis=0))
        parts.append(stems[synth.layers.index(layer)].sum(axis=0))
    return np.concatenate(parts)


def spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return np.fft.rfftfreq(len(sound), 1 / RATE), power / power.sum()


@pytest.mark.parametrize("layer", sorted(set(Layer) - {Layer.PERCUSSION}))
def test_a_layer_that_sings_has_its_pitch(layer: Layer) -> None:
    frequency, power = spectrum(struck(layer, 69, seconds=1.5))
    assert frequency[power.argmax()] == pytest.approx(440, abs=3)


def test_percussion_is_a_short_noise_darker_for_drums_than_for_shakers() -> None:
    centroids = []
    for pitch in (82, 64, 41):
        sound = struck(Layer.PERCUSSION, pitch)
        frequency, power = spectrum(sound)
        assert power.max() < 0.2, "a tone would have one peak"
        assert np.abs(sound[: RATE // 10]).max() > 20 * np.abs(sound[-RATE // 10 :]).max()
        centroids.append(float((frequency * power).sum()))
    assert centroids == sorted(centroids, reverse=True)
    assert centroids[0] > 3 * centroids[-1]


def test_percussion_always_sounds_the_same() -> None:
    assert np.array_equal(struck(Layer.PERCUSSION, 70), struck(Layer.PERCUSSION, 70))
