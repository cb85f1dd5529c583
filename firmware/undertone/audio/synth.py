"""What turns notes into sound: the port, and the plainest instrument that fits it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Layer

__all__ = ["Stems", "Synth", "ToneSynth"]

Stems = NDArray[np.float32]
"""Shape (layers, 2, frames)."""


class Synth(Protocol):
    """An instrument with one stereo output for each layer."""

    @property
    def rate_hz(self) -> int:
        """Frames a second."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, in the order of the stems."""

    def program(self, layer: Layer, number: int) -> None:
        """Give a layer's notes from now on a General MIDI sound, 0…127."""

    def strike(self, layer: Layer, pitch: int, velocity: int) -> None:
        """Begin a note. A pitch that still sounds in the layer has been ended before."""

    def end(self, layer: Layer, pitch: int) -> None:
        """Let a note fade out."""

    def silence(self) -> None:
        """Drop every note at once."""

    def render(self, stems: Stems) -> None:
        """Write the next frames, dry, over whatever the array holds."""

    def close(self) -> None:
        """Give everything back. The synthesiser cannot be used afterwards."""


TABLE = 4096
INAUDIBLE = 3e-4


@dataclass(frozen=True, slots=True)
class _Voice:
    """How one layer sounds: partials, and how it comes and goes."""

    partials: tuple[float, ...]
    attack: float
    """Seconds to full."""
    decay: float
    """Seconds to 1/e while held; inf for a steady tone."""
    release: float
    """Seconds to 1/e once ended."""
    side: float
    """−1 (left) … 1 (right)."""
    struck: bool = False
    """Whether it is a soft noise, darker for lower keys, instead of a tone."""


VOICES = {
    Layer.PAD: _Voice((1.0, 0.35, 0.2, 0.08, 0.05), 0.6, math.inf, 0.5, 0.0),
    Layer.BASS: _Voice((1.0, 0.5, 0.15), 0.03, 1.6, 0.15, 0.0),
    Layer.HARMONY: _Voice((1.0, 0.3, 0.25, 0.1, 0.08, 0.04), 0.008, 0.9, 0.3, -0.35),
    Layer.MELODY: _Voice((1.0, 0.15, 0.3, 0.05, 0.06), 0.02, 1.4, 0.25, 0.25),
    Layer.COUNTER: _Voice((1.0, 0.4, 0.1, 0.1), 0.06, 1.8, 0.3, -0.15),
    Layer.PERCUSSION: _Voice((), 0.004, 0.05, 0.05, 0.1, struck=True),
}


RUSTLE = (20, 1000)
"""Lowest and highest partial of the noise of what is struck: 0.2 to 12 kHz for the brightest of it."""
BRIGHTEST = 82
"""The key that sounds brightest, a shaker; what lies an octave lower in the percussion map has half its frequencies."""


def _rustle() -> NDArray[np.float32]:
    """A cycle of noise that falls by 3 dB an octave; always the same."""
    low, high = RUSTLE
    spectrum = np.zeros(TABLE // 2 + 1, dtype=np.complex128)
    turns = np.random.default_rng(7).uniform(0.0, 2.0 * np.pi, high - low)
    spectrum[low:high] = np.exp(1j * turns) / np.sqrt(np.arange(low, high))
    wave = np.fft.irfft(spectrum, TABLE)
    # Short as it is, it takes three times the height of a tone to be heard beside one.
    return np.asarray(0.36 * wave / np.abs(wave).max(), dtype=np.float32)


def _table(voice: _Voice) -> NDArray[np.float32]:
    if voice.struck:
        return _rustle()
    angle = 2.0 * np.pi * np.arange(TABLE) / TABLE
    wave = np.sum([weight * np.sin((k + 1) * angle) for k, weight in enumerate(voice.partials)], axis=0)
    return np.asarray(0.12 * wave / np.abs(wave).max(), dtype=np.float32)


class _Tone:
    """One note that sounds."""

    __slots__ = ("age", "ended", "gain", "layer", "level", "phase", "pitch", "step")

    def __init__(self, layer: int, pitch: int, *, gain: float, step: float) -> None:
        self.layer = layer
        self.pitch = pitch
        self.gain = gain
        self.step = step
        """Table entries a frame."""
        self.phase = 0.0
        self.age = 0.0
        self.level = 0.0
        self.ended = False


class ToneSynth:
    """Plain tones from wave tables: what still makes music where FluidSynth or its sounds are missing, and in quick tests.

    It knows no programs: each layer always has its one sound. At most 48 notes sound; the softest gives way.
    """

    POLYPHONY = 48

    def __init__(self, *, rate_hz: int = 48000) -> None:
        self.rate_hz = rate_hz
        self.layers: tuple[Layer, ...] = tuple(Layer)
        self._voices = tuple(VOICES[layer] for layer in self.layers)
        self._tables = np.stack([_table(voice) for voice in self._voices])
        angles = np.array([(voice.side + 1.0) * math.pi / 4.0 for voice in self._voices])
        self._pan = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        self._tones: list[_Tone] = []

    def program(self, layer: Layer, number: int) -> None:
        """Nothing: each layer has its one sound."""

    def strike(self, layer: Layer, pitch: int, velocity: int) -> None:
        """Begin a note."""
        if len(self._tones) >= self.POLYPHONY:
            self._tones.remove(min(self._tones, key=lambda tone: tone.level))
        if self._voices[self.layers.index(layer)].struck:
            step = 2.0 ** ((min(pitch, BRIGHTEST) - BRIGHTEST) / 12.0) * 48000.0 / self.rate_hz
        else:
            step = 440.0 * 2.0 ** ((pitch - 69) / 12.0) * TABLE / self.rate_hz
        # Evens out what the ear loses towards the bass.
        gain = (velocity / 127.0) ** 1.5 * 2.0 ** ((60 - pitch) / 48.0)
        self._tones.append(_Tone(self.layers.index(layer), pitch, gain=gain, step=step))

    def end(self, layer: Layer, pitch: int) -> None:
        """Let a note fade out."""
        index = self.layers.index(layer)
        for tone in self._tones:
            if tone.layer == index and tone.pitch == pitch:
                tone.ended = True

    def silence(self) -> None:
        """Drop every note at once."""
        self._tones.clear()

    def render(self, stems: Stems) -> None:
        """Write the next frames over whatever the array holds."""
        stems[:] = 0.0
        frames = stems.shape[2]
        if not self._tones:
            return
        count = np.arange(frames, dtype=np.float64)
        ramp = ((count + 1.0) / frames).astype(np.float32)
        for tone in self._tones:
            before, after = tone.level, self._next_level(tone, frames / self.rate_hz)
            place = (tone.phase + tone.step * count).astype(np.int32) & (TABLE - 1)
            wave = self._tables[tone.layer].take(place) * (np.float32(before) + np.float32(after - before) * ramp)
            stems[tone.layer] += self._pan[tone.layer][:, None] * wave
            tone.phase = (tone.phase + tone.step * frames) % TABLE
            tone.level = after
        self._tones = [tone for tone in self._tones if tone.level > INAUDIBLE or tone.age < self._voices[tone.layer].attack]

    def _next_level(self, tone: _Tone, seconds: float) -> float:
        voice = self._voices[tone.layer]
        tone.age += seconds
        if tone.ended:
            return tone.level * math.exp(-seconds / voice.release)
        if tone.age < voice.attack:
            return tone.gain * tone.age / voice.attack
        return tone.gain * math.exp(-(tone.age - voice.attack) / voice.decay)

    def close(self) -> None:
        """Drop every note."""
        self.silence()
