"""From stems to one stereo signal: balance, breath, brightness and room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from undertone.audio.controls import Setting
from undertone.audio.filters import BlockFilter, StateSpace, bell, high_pass, kernel, low_pass_kernel, low_shelf, series
from undertone.audio.reverb import Reverb
from undertone.audio.synth import Stems
from undertone.flow import Layer

__all__ = ["Mixer", "balance", "breath", "stage"]

Array = NDArray[np.float64]

INHALE = 0.4
"""Share of a breath that is inhaled."""
HIGH_PASS_HZ = 25.0
"""Below this there is nothing but the offset of sampled pads."""
SHELF_HZ, SHELF_DB = 240.0, -1.0
"""Pads and basses of sampled instruments are thick where several of them meet."""
PRESENCE_HZ, PRESENCE_DB, PRESENCE_OCTAVES = 2500.0, 0.5, 2.4
"""Where melodies are told apart. Both were set so that the centroid of every style lies among that of human pieces."""
AIR_HZ, AIR_DB, AIR_OCTAVES = 6500.0, 3.0, 2.2
"""Softly struck samples have a tenth of the power above 4 kHz that played music has."""
WIDTH, PAD_WIDTH = 0.35, 0.15
"""Share of the difference between the sides that is kept of the instruments: two microphones in a piano cancel each other in
mono, and the voices of a sampled pad do so for seconds. What is heard to the left and right is the place of each layer, and
the room."""
ROOM_WIDTH = 0.65
"""The same of the room's answer: sides that have nothing in common would lose 3 dB in mono, these lose 1.5."""
PLACES: Mapping[Layer, float] = MappingProxyType(
    {Layer.HARMONY: -0.22, Layer.COUNTER: 0.25, Layer.MELODY: 0.06, Layer.PERCUSSION: 0.15}
)
"""Where each layer stands, −1 (left) … 1 (right); the others in the middle."""
WHISPER = 1e-12
"""A constant noise of −240 dBFS keeps the recursions out of the denormal numbers, which are slow."""


def breath(phase: float) -> float:
    """How full the lungs are, 0…1, at a phase of 0…1: in over two fifths of the time, out over three."""
    phase %= 1.0
    share = phase / INHALE if phase < INHALE else 1.0 + (phase - INHALE) / (1.0 - INHALE)
    return 0.5 - 0.5 * math.cos(math.pi * share)


def balance(rate_hz: float) -> tuple[StateSpace, StateSpace]:
    """What every mix goes through last: no offset and a thinner bass, then clearer middle and high tones.

    Two filters, because the cost of one grows with the square of its order.
    """
    thinner = low_shelf(SHELF_HZ, SHELF_DB, rate_hz=rate_hz)
    clearer = bell(PRESENCE_HZ, PRESENCE_DB, PRESENCE_OCTAVES, rate_hz=rate_hz)
    airier = bell(AIR_HZ, AIR_DB, AIR_OCTAVES, rate_hz=rate_hz)
    return series(high_pass(HIGH_PASS_HZ, rate_hz=rate_hz), thinner), series(clearer, airier)


def _narrowing(width: float) -> Array:
    """From both sides to both sides with so much of their difference, (2, 2); what they have in common stays as it is."""
    return 0.5 * np.array([[1.0 + width, 1.0 - width], [1.0 - width, 1.0 + width]])


ROOM = _narrowing(ROOM_WIDTH) * math.sqrt(2.0 / (1.0 + ROOM_WIDTH**2))
"""Narrows the room's answer without taking power from it."""


def stage(layers: tuple[Layer, ...]) -> Array:
    """From both sides of every stem to both sides of the mix, (2, 2 · layers).

    Each stem is made narrower, which leaves its sum as it is, and put in its place at the same power everywhere.
    """
    columns = []
    for layer in layers:
        angle = 0.25 * math.pi * (1.0 + PLACES.get(layer, 0.0))
        narrow = _narrowing(PAD_WIDTH if layer is Layer.PAD else WIDTH)
        columns.append(math.sqrt(2.0) * np.diag([math.cos(angle), math.sin(angle)]) @ narrow)
    return np.concatenate(columns, axis=1)


class Mixer:
    """Mixes blocks of a fixed length. Each value moves in a straight line from block to block, so nothing clicks."""

    def __init__(self, layers: tuple[Layer, ...], *, rate_hz: int, frames: int) -> None:
        self._rate_hz = rate_hz
        self._frames = frames
        self._pad = layers.index(Layer.PAD)
        self._ramp = (np.arange(1, frames + 1) / frames).astype(np.float32)
        self._low_pass = BlockFilter(low_pass_kernel(4000.0, rate_hz=rate_hz, frames=frames))
        self._balance = tuple(BlockFilter(kernel(system, frames=frames)) for system in balance(rate_hz))
        self._reverb = Reverb(rate_hz=rate_hz, frames=frames)
        self._whisper = WHISPER * np.random.default_rng(1).standard_normal((2, frames))
        self._stage = stage(layers).astype(np.float32)
        self._gains: NDArray[np.float32] | None = None
        self._phase = 0.0

    def __call__(
        self, stems: Stems, setting: Setting, *, breath_per_min: float | None, beside: Array | None = None
    ) -> Array:
        """One block (2, frames) from stems (layers, 2, frames), at where things stand at the block's end.

        beside: another (2, frames) that is darkened and put into the room with them, balanced already.
        """
        gains = setting.gains.astype(np.float32)
        gains[self._pad] *= self._swell(setting.swell_db, breath_per_min)
        before = gains if self._gains is None else self._gains
        self._gains = gains
        ramps = before[:, None] + (gains - before)[:, None] * self._ramp
        balanced = (stems * ramps[:, None]).reshape(-1, self._frames)
        dry = (self._stage @ balanced).astype(np.float64) + self._whisper
        if beside is not None:
            dry += beside
        self._low_pass.kernel = low_pass_kernel(setting.low_pass_hz, rate_hz=self._rate_hz, frames=self._frames)
        dry = self._low_pass(dry)
        angle = 0.5 * math.pi * setting.reverb_wet
        room = ROOM @ self._reverb(dry, setting.reverb_seconds)
        mixed = math.cos(angle) * dry + math.sin(angle) * room
        for filtering in self._balance:
            mixed = filtering(mixed)
        return mixed

    def _swell(self, depth_db: float, breath_per_min: float | None) -> float:
        if breath_per_min is not None:
            self._phase = (self._phase + breath_per_min / 60.0 * self._frames / self._rate_hz) % 1.0
        return float(10.0 ** (depth_db * (breath(self._phase) - 0.5) / 20.0))

    def reset(self) -> None:
        """Forget everything that still rings."""
        self._low_pass.reset()
        for filtering in self._balance:
            filtering.reset()
        self._reverb.reset()
        self._gains = None
