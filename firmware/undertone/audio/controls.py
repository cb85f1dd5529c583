"""Where the mix stands between two bars: every value glides and arrives at the end of its bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Bar, Layer, Texture

__all__ = ["Controls", "Setting", "amplitude"]

Array = NDArray[np.float64]

FLOOR_DB = -70.0
"""Glides to and from silence pass through this level; at it the amplitude is 0."""
LOW_PASS_HZ = (80.0, 20000.0)
REVERB_SECONDS = (0.2, 12.0)
SWELL_DB = (0.0, 12.0)
GAIN_DB = (FLOOR_DB, 12.0)
TEXTURE_DB = (FLOOR_DB, 0.0)


def amplitude(level_db: float) -> float:
    """Factor of a level in dB; exactly 0 at and below −70 dB."""
    floor = 10.0 ** (FLOOR_DB / 20.0)
    return float(max(0.0, (10.0 ** (level_db / 20.0) - floor) / (1.0 - floor)))


@dataclass(frozen=True, slots=True)
class Setting:
    """Where everything stands at one moment."""

    level: float
    """Factor of the whole mix; 0 is silence."""
    gains: Array
    """Factor of each layer."""
    low_pass_hz: float
    reverb_wet: float
    reverb_seconds: float
    swell_db: float
    textures: Array = field(default_factory=lambda: np.zeros(len(Texture)))
    """Factor of each texture, 1 being the programme's loudness."""


class Controls:
    """Takes the aims of each bar and tells where things stand at any frame in between.

    Levels move evenly in dB, the low-pass and the decay evenly in octaves, the rest in a straight line.
    """

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers
        self._from: Array | None = None
        self._to = self._vector(0.0, {}, {}, 4000.0, 0.3, 2.8, 0.0)
        self._start = 0
        self._end = 1
        self.breath_per_min: float | None = None
        """Rate of the swell, as the last bar wants it."""

    def aim(self, bar: Bar, *, start: int, end: int) -> None:
        """Move from where things stand at `start` to what the bar wants at `end`, in frames. The first bar is there at once."""
        breath = bar.breath_per_min if bar.breath_per_min and 0.0 < bar.breath_per_min < math.inf else None
        aims = self._vector(
            bar.level_db,
            bar.gains_db,
            bar.textures,
            bar.low_pass_hz,
            bar.reverb_wet,
            bar.reverb_seconds,
            bar.swell_db if breath else 0.0,
        )
        self._from = aims if self._from is None else self._at(start)
        self._to, self._start, self._end = aims, start, max(end, start + 1)
        self.breath_per_min = breath or self.breath_per_min

    def at(self, frame: int) -> Setting:
        """Where everything stands at a frame."""
        level, low_pass, wet, seconds, swell, *gains = self._at(frame).tolist()
        layers = len(self._layers)
        return Setting(
            level=amplitude(level),
            gains=np.array([amplitude(gain) for gain in gains[:layers]]),
            low_pass_hz=2.0**low_pass,
            reverb_wet=wet,
            reverb_seconds=2.0**seconds,
            swell_db=swell,
            textures=np.array([amplitude(gain) for gain in gains[layers:]]),
        )

    def _at(self, frame: int) -> Array:
        if self._from is None:
            return self._to
        share = min(1.0, max(0.0, (frame - self._start) / (self._end - self._start)))
        return self._from + (self._to - self._from) * share

    def _vector(
        self,
        level_db: float,
        gains_db: Mapping[Layer, float],
        textures: Mapping[Texture, float],
        low_pass: float,
        wet: float,
        seconds: float,
        swell: float,
    ) -> Array:
        return np.array(
            [
                _within(level_db, (FLOOR_DB, 0.0)),
                math.log2(_within(low_pass, LOW_PASS_HZ)),
                _within(wet, (0.0, 1.0)),
                math.log2(_within(seconds, REVERB_SECONDS)),
                _within(swell, SWELL_DB),
                *(_within(gains_db.get(layer, 0.0), GAIN_DB) for layer in self._layers),
                *(_within(textures.get(texture, FLOOR_DB), TEXTURE_DB) for texture in Texture),
            ]
        )


def _within(value: float, limits: tuple[float, float]) -> float:
    """The value, clamped; the lower limit for what is not a number."""
    low, high = limits
    return low if math.isnan(value) else min(max(value, low), high)
