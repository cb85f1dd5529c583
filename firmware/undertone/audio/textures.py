"""Sea, rain, wind and fire, made and not recorded.

Theory of operation. Each texture has a few bands of noise, worked out once as tables of some seconds without a seam. What is
heard are grains of two seconds from random places of a table, laid over each other with equal power, so that nothing ever
comes back at the same distance. All bands of a texture are read at the same places and weighted anew in every block: slow
movements of the weights are the waves of the sea and the gusts of the wind. Drops and crackles are single short sounds at
random moments. Two independent streams make middle and sides: the sides differ, and folding to mono loses nothing but room.

The weights are functions of a slow clock and of seeded chance, block by block, so the same seed gives the same sound.

Source for the ideas of what such sounds consist of: A. Farnell, "Designing Sound", MIT Press 2010, chapters on rain, wind,
fire and running water; the figures are our own.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Texture

__all__ = ["NOMINAL_LUFS", "Textures"]

Array = NDArray[np.float64]
Sound = NDArray[np.float32]

NOMINAL_LUFS = -23.0
"""Loudness of every texture at factor 1."""
TABLE_SECONDS = 2.7
GRAIN_SECONDS = 2.0
APART_SECONDS = 0.1
"""Grains that sound together come from places at least so far apart, or they would colour each other like a comb."""
SIDE = 0.7
"""Amplitude of what differs between the sides, relative to what both share."""
LEVELS = {Texture.SEA: 0.0491, Texture.RAIN: 0.0463, Texture.WIND: 0.0334, Texture.FIRE: 0.0383}
"""Factors that bring each to −23 LUFS, mean of several seeds over a minute and a half; single ones differ by 1 dB."""


def _band(low_hz: float, high_hz: float, tilt_db: float, chance: np.random.Generator, *, size: int, rate_hz: float) -> Sound:
    """Noise between two frequencies, falling by `tilt_db` an octave within, of power 1, without a seam where it wraps."""
    frequency = np.fft.rfftfreq(size, 1.0 / rate_hz)
    octaves = np.log2(np.maximum(frequency, 1.0) / low_hz)
    # Fourth-order skirts on both sides. Power in equal bands of frequency falls by the tilt.
    shape = 10.0 ** (-tilt_db * octaves / 20.0)
    shape /= np.sqrt((1.0 + (low_hz / np.maximum(frequency, 1e-3)) ** 8) * (1.0 + (frequency / high_hz) ** 8))
    shape[0] = 0.0
    phases = chance.random(len(frequency), dtype=np.float32)
    noise = np.fft.irfft(shape * np.exp(2j * math.pi * phases), size)
    table: Sound = (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
    return table


class _Wander:
    """A value that drifts within −2…2, with a deviation near 1 and a memory of so many seconds, on a path without corners."""

    def __init__(self, seconds: float, chance: np.random.Generator, *, step: float) -> None:
        keep = self._keep = math.exp(-2.0 * step / seconds)
        self._chance = chance
        # Even noise of variance 1 through two equal first-order stages has this deviation.
        self._scale = 1.0 / math.sqrt((1.0 - keep) ** 4 * (1.0 + keep**2) / (1.0 - keep**2) ** 3)
        self._first = self._second = 0.0
        for _ in range(round(2.0 * seconds / step)):
            self()

    def __call__(self) -> float:
        noise = (self._chance.random() - 0.5) * math.sqrt(12.0)
        self._first += (1.0 - self._keep) * (noise - self._first)
        self._second += (1.0 - self._keep) * (self._first - self._second)
        return 2.0 * math.tanh(0.5 * self._second * self._scale)


class _Bed:
    """Bands of noise, read in grains from random places."""

    def __init__(
        self, bands: tuple[tuple[float, float, float], ...], chance: np.random.Generator, *, rate_hz: int, frames: int
    ) -> None:
        self._bands = bands
        self._chance = chance
        self._rate_hz = rate_hz
        self._frames = frames
        self._size = round(TABLE_SECONDS * rate_hz)
        self._tables = np.zeros((len(bands), self._size + frames), dtype=np.float32)
        self._made = 0
        half = self._half = max(1, round(0.5 * GRAIN_SECONDS * rate_hz / frames))
        # Middle and sides, two grains each; all begin at different moments.
        self._ages = [0, half, half // 2, half + half // 2]
        self._places = [0] * 4
        for grain in range(4):
            self._places[grain] = self._apart(grain)
        self._ramp = ((np.arange(frames) + 1.0) / frames).astype(np.float32)
        self._windows = np.sin(0.5 * math.pi * np.arange(2 * half + 1) / half).tolist()

    def grow(self) -> bool:
        """Work out one more band. True once all are there."""
        if self._made < len(self._bands):
            low, high, tilt = self._bands[self._made]
            table = _band(low, high, tilt, self._chance, size=self._size, rate_hz=self._rate_hz)
            self._tables[self._made] = np.concatenate([table, table[: self._frames]])
            self._made += 1
        return self._made == len(self._bands)

    def __call__(self, before: Array, after: Array) -> Sound:
        """The next block (2, frames) of middle and sides, its bands at amplitudes that move from `before` to `after`."""
        streams = np.empty((2, self._frames), dtype=np.float32)
        for stream in range(2):
            ends = np.zeros((2, self._frames), dtype=np.float32)
            for grain in (2 * stream, 2 * stream + 1):
                ends += self._grain(grain, before, after)
            ends[1] -= ends[0]
            ends[1] *= self._ramp
            np.add(ends[0], ends[1], out=streams[stream])
        self._move()
        return streams

    def _grain(self, grain: int, before: Array, after: Array) -> Sound:
        """What a grain gives at the amplitudes of the block's beginning and of its end, (2, frames)."""
        age, place = self._ages[grain], self._places[grain]
        weights = np.array([before * self._windows[age], after * self._windows[age + 1]], dtype=np.float32)
        heard: Sound = weights @ self._tables[:, place : place + self._frames]
        return heard

    def _move(self) -> None:
        """All grains go on by a block; those that have ended begin anew elsewhere."""
        self._places = [(place + self._frames) % self._size for place in self._places]
        for grain, age in enumerate(self._ages):
            self._ages[grain] = (age + 1) % (2 * self._half)
            if self._ages[grain] == 0:
                self._places[grain] = self._apart(grain)

    def _apart(self, grain: int) -> int:
        """A random place, not near to where another grain reads."""
        apart = APART_SECONDS * self._rate_hz
        others = [place for index, place in enumerate(self._places) if index != grain]
        while True:
            place = int(self._chance.random() * self._size)
            distances = (abs(place - other) for other in others)
            if all(min(distance, self._size - distance) >= apart for distance in distances):
                return place


class _Shower:
    """Single short sounds at random moments and places between left and right."""

    def __init__(self, sounds: list[Sound], chance: np.random.Generator, *, frames: int) -> None:
        self._sounds = sounds
        self._chance = chance
        self._frames = frames
        self._row = np.zeros((2, frames + max(len(sound) for sound in sounds)), dtype=np.float32)

    def __call__(self, expected: float, *, spread: float, loudest: float) -> Sound:
        """The next block (2, frames), left and right.

        expected: how many begin in a block on average. spread: deviation of their levels, dB. loudest: factor of any at most.
        """
        row, chance = self._row, self._chance
        for _ in range(int(chance.poisson(expected))):
            sound = self._sounds[int(chance.random() * len(self._sounds))]
            start = int(chance.random() * self._frames)
            level = min(loudest, 10.0 ** (spread * float(chance.standard_normal()) / 20.0))
            angle = (0.15 + 0.7 * chance.random()) * 0.5 * math.pi
            row[0, start : start + len(sound)] += np.float32(level * math.cos(angle)) * sound
            row[1, start : start + len(sound)] += np.float32(level * math.sin(angle)) * sound
        heard = row[:, : self._frames].copy()
        rest = row.shape[1] - self._frames
        row[:, :rest] = row[:, self._frames :].copy()
        row[:, rest:] = 0.0
        return heard


def _ring(hz: float, seconds: float, *, rate_hz: float, attack: float = 0.0008) -> Sound:
    """A tone that comes quickly and dies away to 1/e within so many seconds."""
    time = np.arange(round(6.0 * seconds * rate_hz)) / rate_hz
    envelope = (1.0 - np.exp(-time / attack)) * np.exp(-time / seconds) * (1.0 - time / time[-1])
    tone: Sound = (envelope * np.sin(2.0 * math.pi * hz * time)).astype(np.float32)
    return tone


class _Recipe(Protocol):
    """What makes a texture itself."""

    @property
    def bands(self) -> tuple[tuple[float, float, float], ...]:
        """Lowest and highest frequency in Hz, fall in dB an octave within."""

    def weights(self, breath_per_min: float | None) -> list[float]:
        """Amplitude of each band at the end of the next block."""

    def single(self) -> Sound | None:
        """Drops or crackles of the next block (2, frames), left and right."""


class _Sea:
    """Waves of uneven height and period roll in over a steady surge: first the low band, then the break, then the foam."""

    bands = ((45.0, 170.0, 3.0), (170.0, 800.0, 3.0), (800.0, 4200.0, 4.0))

    def __init__(self, chance: np.random.Generator, *, rate_hz: int, frames: int) -> None:
        self._chance = chance
        self._step = frames / rate_hz
        self._waves = [_Wave(chance, 11.0), _Wave(chance, 7.0)]
        self._surge = _Wander(15.0, chance, step=self._step)

    def weights(self, breath_per_min: float | None) -> list[float]:
        low = middle = high = 0.0
        surge = 10.0 ** (1.5 * self._surge() / 20.0)
        # The near waves may come at the pace of the breath; those further out keep their own.
        paced = 60.0 / breath_per_min if breath_per_min else 11.0
        for wave, period, near in zip(self._waves, (min(max(paced, 7.0), 15.0), 7.0), (1.0, 0.45), strict=True):
            phase, height = wave.move(self._step, period)
            low += near * height * _hump(phase, 0.10, 0.42)
            middle += near * height * _hump(phase, 0.24, 0.48)
            high += near * height * _hump(phase, 0.34, 0.54)
        return [surge * (0.42 + 0.42 * low), surge * (0.22 + 0.85 * middle), surge * (0.08 + 0.55 * high)]

    def single(self) -> Sound | None:
        return None


class _Wave:
    """One train of waves."""

    def __init__(self, chance: np.random.Generator, period: float) -> None:
        self._chance = chance
        self._phase = chance.random()
        self._period = period * (0.85 + 0.3 * chance.random())
        self._height = 0.55 + 0.45 * chance.random()

    def move(self, seconds: float, period: float) -> tuple[float, float]:
        """Phase 0…1 and height 0…1 after so many seconds; each wave draws its own around the usual period."""
        self._phase += seconds / self._period
        if self._phase >= 1.0:
            self._phase %= 1.0
            self._period = period * (0.82 + 0.36 * self._chance.random())
            self._height = 0.45 + 0.55 * self._chance.random()
        return self._phase, self._height


def _hump(phase: float, begin: float, peak: float) -> float:
    """0…1: rises smoothly from `begin` to `peak` and falls away to the end of the phase."""
    if phase <= begin:
        return 0.0
    if phase < peak:
        return 0.5 - 0.5 * math.cos(math.pi * (phase - begin) / (peak - begin))
    rest = (1.0 - phase) / (1.0 - peak)
    return rest * rest * (3.0 - 2.0 * rest)


class _Rain:
    """Steady rain in uneven strength, and single drops near by."""

    bands = ((150.0, 600.0, 2.0), (600.0, 2200.0, 3.0), (2200.0, 5000.0, 5.0))

    def __init__(self, chance: np.random.Generator, *, rate_hz: int, frames: int) -> None:
        self._step = frames / rate_hz
        self._strength, self._far, self._fine = (_Wander(memory, chance, step=self._step) for memory in (20.0, 9.0, 5.0))
        tones = [(700.0 + 2600.0 * chance.random(), 0.0025 + 0.006 * chance.random()) for _ in range(32)]
        self._drops = _Shower([3.0 * _ring(hz, decay, rate_hz=rate_hz) for hz, decay in tones], chance, frames=frames)

    def weights(self, breath_per_min: float | None) -> list[float]:
        strength = 10.0 ** (1.2 * self._strength() / 20.0)
        far, fine = 10.0 ** (1.2 * self._far() / 20.0), 10.0 ** (1.0 * self._fine() / 20.0)
        self._rate = 26.0 * strength**2
        return [0.45 * strength * far, 0.5 * strength, 0.30 * strength * fine]

    def single(self) -> Sound | None:
        return self._drops(self._rate * self._step, spread=5.0, loudest=2.0)


class _Wind:
    """A band of noise whose middle wanders: stronger gusts are brighter."""

    MIDDLES = (120.0, 190.0, 300.0, 480.0, 760.0, 1200.0)
    bands = ((50.0, 110.0, 3.0), *((0.8 * hz, 1.25 * hz, 0.0) for hz in MIDDLES))

    def __init__(self, chance: np.random.Generator, *, rate_hz: int, frames: int) -> None:
        step = frames / rate_hz
        self._gust, self._hover, self._flutter = (_Wander(memory, chance, step=step) for memory in (9.0, 14.0, 1.2))

    def weights(self, breath_per_min: float | None) -> list[float]:
        gust = self._gust()
        middle = math.log2(330.0) + 0.55 * gust + 0.35 * self._hover()
        strength = 10.0 ** ((3.2 * gust + 0.8 * self._flutter()) / 20.0)
        distances = (math.log2(hz) - middle for hz in self.MIDDLES)
        return [0.5 * strength**0.5, *(strength * math.exp(-0.5 * (distance / 0.55) ** 2) for distance in distances)]

    def single(self) -> Sound | None:
        return None


class _Fire:
    """A low flickering glow, and crackles that come in flurries."""

    bands = ((50.0, 260.0, 4.0), (260.0, 2000.0, 4.0))

    def __init__(self, chance: np.random.Generator, *, rate_hz: int, frames: int) -> None:
        self._step = frames / rate_hz
        self._glow, self._flicker, self._flurry = (_Wander(memory, chance, step=self._step) for memory in (12.0, 0.5, 3.0))
        self._crackles = _Shower([_crackle(chance, rate_hz=rate_hz) for _ in range(32)], chance, frames=frames)

    def weights(self, breath_per_min: float | None) -> list[float]:
        glow, flicker = self._glow(), self._flicker()
        return [10.0 ** ((1.5 * glow + 1.0 * flicker) / 20.0), 0.45 * 10.0 ** ((1.5 * glow + 2.5 * flicker) / 20.0)]

    def single(self) -> Sound | None:
        rate = 5.0 * math.exp(0.9 * self._flurry())
        return self._crackles(rate * self._step, spread=6.0, loudest=1.2)


def _crackle(chance: np.random.Generator, *, rate_hz: int) -> Sound:
    """A short burst of two or three close tones: wood that splits."""
    hz, decay = 500.0 * 2.0 ** (2.4 * chance.random()), 0.0015 + 0.004 * chance.random()
    sounds = [_ring(hz * (0.7 + 0.6 * chance.random()), decay, rate_hz=rate_hz, attack=0.0004) for _ in range(3)]
    sound: Sound = np.sum(sounds, axis=0)
    return sound * np.float32(8.0 / np.abs(sound).max())


RECIPES: dict[Texture, type[_Sea] | type[_Rain] | type[_Wind] | type[_Fire]] = {
    Texture.SEA: _Sea,
    Texture.RAIN: _Rain,
    Texture.WIND: _Wind,
    Texture.FIRE: _Fire,
}


class _Maker:
    """One texture at work."""

    def __init__(self, texture: Texture, *, seed: int, rate_hz: int, frames: int) -> None:
        chance = np.random.default_rng([seed, *texture.value.encode()])
        self._recipe: _Recipe = RECIPES[texture](chance, rate_hz=rate_hz, frames=frames)
        self._bed = _Bed(self._recipe.bands, chance, rate_hz=rate_hz, frames=frames)
        self._level = LEVELS[texture]
        self._weights: Array | None = None
        self._ramp = ((np.arange(frames) + 1.0) / frames).astype(np.float32)
        self.ready = False
        self._gain = 0.0

    def __call__(self, gain: float, breath_per_min: float | None) -> Sound | None:
        """The next block (2, frames), its factor moving to `gain`; None while its tables are being worked out."""
        if not self.ready:
            self.ready = self._bed.grow()
            return None
        after = np.array(self._recipe.weights(breath_per_min)) * self._level
        before = after if self._weights is None else self._weights
        self._weights = after
        first, self._gain = self._gain, gain
        middle, side = self._bed(before * first, after * gain)
        side *= SIDE
        sound = np.stack([middle + side, middle - side])
        single = self._recipe.single()
        if single is not None:
            gains = np.float32(first) + np.float32(gain - first) * self._ramp
            sound += single * (gains * np.float32(self._level))
        return sound

    @property
    def sounds(self) -> bool:
        """False once it has faded to nothing."""
        return self._gain > 0.0


class Textures:
    """All textures that sound, each at its factor, 1 being −23 LUFS. What does not sound costs nothing.

    seed: the same seed, factors and breaths give the same sound. rate_hz, frames: of the renderer.
    """

    def __init__(self, *, seed: int, rate_hz: int, frames: int) -> None:
        self._seed = seed
        self._rate_hz = rate_hz
        self._frames = frames
        self._makers: dict[Texture, _Maker] = {}

    def __call__(self, gains: Array, breath_per_min: float | None) -> Sound | None:
        """The next block (2, frames), or None where nothing sounds.

        gains: factor of each texture, in the order of `Texture`, at the end of the block.
        """
        mixed: Sound | None = None
        for texture, gain in zip(Texture, gains.tolist(), strict=True):
            maker = self._makers.get(texture)
            if maker is None and gain > 0.0:
                maker = _Maker(texture, seed=self._seed, rate_hz=self._rate_hz, frames=self._frames)
                self._makers[texture] = maker
            if maker is None or not (gain > 0.0 or maker.sounds):
                continue
            sound = maker(gain, breath_per_min)
            if sound is not None:
                mixed = sound if mixed is None else mixed + sound
        return mixed
