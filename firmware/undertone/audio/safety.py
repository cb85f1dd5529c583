"""The ceiling for the ear: however loud the sound that comes, what leaves is never louder at the listening place than is safe.

Theory of operation. Three hands share the gain, and none of them ever lifts anything.

The slow one is a stop on the volume knob. It follows the loudest five seconds of the last minutes and lets the volume rise no
further than the level that is allowed for long: 5 dB under the ceiling, or less where a night's or a week's allowance runs out.
It moves so slowly that music keeps its shape, and a listener who turns down below it turns down at once.

The fast one guards the ceiling itself, which is a level with the fast time weighting. Sound waits for one block while the next
is looked at; at every grain the gain is the largest that, were it held over all that is known, would keep the level under the
ceiling, given what has left already. So a stroke is let through as loud as it may be, and what goes on sounds is turned down
within the time in which a meter would notice. It comes back slowly.

The third is doubt. What is about to leave is put through a meter of its own, bends of the gain and all. If it is over the
ceiling, the whole block is reckoned again more strictly. Only where the gain has long been the same is the meter spared: what
it would say is then what was heard on the way in, times that gain.

What has left is counted in `Exposure`, which says what is still allowed. Limits change by gliding.

Source: IEC 61672-1:2013 (A-weighting, fast time weighting); see `dose` and `night` for the limits.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from undertone.audio.dose import Exposure
from undertone.audio.filters import BlockFilter, kernel
from undertone.audio.night import Calibration, Ceilings
from undertone.audio.weighting import FAST_SECONDS, a_weighting, decibels, power

__all__ = ["Protection", "Safety", "by_day"]

Array = NDArray[np.float64]

RUN = 32
"""Samples in which the power is summed: within so few, the fast weighting changes by 0.02 dB at most."""
GRAINS = 4
"""Times within a block at which the gain is chosen anew."""
LOUDEST_DBFS = -12.0
"""No calibration and no setting allows more than this A-weighted level: it guards against a calibration that is wrong."""
HEADROOM_DB = 0.5
"""By how much the fast hand stays under the ceiling."""
SLOW_UNDER_DB = 5.0
SPENT_OVER_DB = 12.0
"""Where an allowance is nearly used up, the ceiling is no further than this over the level that is allowed for long."""
RELEASE_DB_PER_SECOND = 12.0
TIGHTEN_DB_PER_SECOND = 0.5
LOOSEN_DB_PER_SECOND = 0.1
"""How fast limits glide."""
STOP_DOWN_DB_PER_SECOND = 2.0
STOP_UP_DB_PER_SECOND = 0.05
"""How fast the stop on the volume moves."""
PASSAGE_SECONDS = 5.0
PROGRAMME_DBFS = -27.0
"""The A-weighted level that a programme is expected to have before it is heard."""
SILENT_DBFS = -70.0
STRICTER = (1.0, 0.5, 0.2, 0.05, 0.0)
"""Shares of the ceiling's power that are tried one after the other."""
STOP_STEP_DB = 0.5
"""The stop rests until it is this far from where it should be."""
LEVEL_SECONDS = 1.0
MEMORY_SECONDS = 0.125
"""What A-weighting remembers of what was before this is less than a ten-millionth."""
STILL_MEMORIES = 4
"""After so many times as long in silence, the filters are made to hold nothing at all."""


def by_day() -> bool:
    """It is never night: for files, which are not heard while they are written."""
    return False


@dataclass(frozen=True, slots=True)
class Protection:
    """What the safety stage goes by.

    night: asked once a second whether the limits of the night hold; where it raises, they do.
    """

    calibration: Calibration = field(default_factory=Calibration)
    ceilings: Ceilings = field(default_factory=Ceilings)
    night: Callable[[], bool] = by_day
    exposure: Exposure = field(default_factory=Exposure)


class Safety:
    """Keeps a stereo stream under the ceilings, one block late.

    frames: length of a block, a multiple of 128.
    """

    def __init__(self, protection: Protection | None = None, *, rate_hz: float, frames: int) -> None:
        self.protection = protection or Protection()
        self._seconds = frames / rate_hz
        self._full_scale_dba = self.protection.calibration.full_scale_dba
        self._ear = BlockFilter(kernel(a_weighting(rate_hz), frames=frames))
        self._meter = copy.copy(self._ear)
        self._meter_gain = 1.0
        """The meter is told everything divided by this, and what it says is multiplied by it."""
        self._even_for = 0
        """Blocks for which the gain has been the same."""
        self._even_gain = 0.0
        runs = frames // RUN
        self._grain = runs // GRAINS
        self._share = np.full(runs, 1.0 / runs)
        keep = math.exp(-RUN / (rate_hz * FAST_SECONDS))
        lag = np.arange(2 * runs)[:, None] - np.arange(2 * runs)[None, :]
        self._into = np.where(lag >= 0, (1.0 - keep) * keep ** np.maximum(lag, 0), 0.0)
        """(2 N, 2 N): powers of all runs so far to what the fast weighting then holds of them."""
        self._decay = keep ** np.arange(1, 2 * runs + 1)
        self._held = np.zeros((2, frames))
        self._held_powers = np.zeros((2, runs))
        self._held_ear = copy.copy(self._ear)
        self._fast = np.zeros(2)
        """What a meter holds of each channel after the last block that left, power."""
        self._gain = 1.0
        self._turn = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, frames // GRAINS + 1) / (frames // GRAINS))
        self._line = np.arange(1, frames + 1) / frames
        self._passage = 0.0
        self._programme_db = PROGRAMME_DBFS
        self._asked_in = 0.0
        self.night = self._is_night()
        """Whether the limits of the night hold."""
        self.ceiling_dba, self._stop_dba = self._wanted()
        """The ceiling as it stands, LAFmax in dB(A)."""
        self._stop_db = min(0.0, self._dbfs(self._stop_dba) - PROGRAMME_DBFS)
        self._resting = True
        self._still = 0
        """Blocks for which nothing has come."""
        self._recent: list[float] = []
        self._most = max(1, round(LEVEL_SECONDS / self._seconds))
        self._memory = math.ceil(MEMORY_SECONDS / self._seconds)
        self.reduction_db = 0.0
        """By how much the fast hand turned the last block down, dB ≥ 0."""

    @property
    def stop_db(self) -> float:
        """The volume beyond which turning up changes nothing, dB ≤ 0."""
        return self._stop_db

    @property
    def level_dba(self) -> float | None:
        """LAeq of what left over the last second, dB(A); None where nothing sounds or the level is not known."""
        recent = list(self._recent)
        level = decibels(sum(recent) / len(recent)) if recent else -math.inf
        if level < SILENT_DBFS or not self.protection.calibration.known:
            return None
        return level + self._full_scale_dba

    def __call__(self, sound: Array, *, gate: Array | float, volume: Array | float) -> Array:
        """The block before the last one that came, as loud as it may be. Both (2, frames).

        gate, volume: gains of what leaves, 0…1: one, or one for every frame.
        """
        self._glide()
        late, late_ear, self._held = self._held, self._held_ear, sound
        self._still = 0 if sound.any() else self._still + 1
        if self._still == STILL_MEMORIES * self._memory:
            self._ear.reset()
            self._meter.reset()
        heard = self._ear(sound)
        self._held_ear = copy.copy(self._ear)
        powers = np.concatenate([self._held_powers, _runs(heard)], axis=1)
        self._held_powers = powers[:, powers.shape[1] // 2 :]
        stop = self._moved_stop(powers)
        loud = min(max(_ends(volume)), max(_ends(stop)))
        asked_gain = gate * np.minimum(volume, stop)
        gains = self._gains(powers * loud**2, self._power(self.ceiling_dba) * power(-HEADROOM_DB))
        unbent = isinstance(asked_gain, float) and self._gain == 1.0 and min(gains) == 1.0
        self._even_for = self._even_for + 1 if unbent and asked_gain == self._even_gain else 0
        self._even_gain = float(asked_gain) if unbent else math.nan
        if self._even_for > self._memory:
            return self._unchanged(late, late_ear, powers[:, : powers.shape[1] // 2], self._even_gain)
        return self._verified(late * asked_gain, powers * loud**2, gains)

    def _unchanged(self, late: Array, ear: BlockFilter, powers: Array, gain: float) -> Array:
        """What leaves where nothing has moved for some time, and what that means for the meter, if it is safe."""
        leaving = powers * gain**2
        if self._highest(leaving) > self._power(self.ceiling_dba):
            return self._verified(late * gain, np.concatenate([leaving, self._held_powers * gain**2], axis=1), [1.0] * GRAINS)
        self._meter, self._meter_gain = ear, gain
        if gain == 0.0:
            self._meter.reset()
            self._meter_gain = 1.0
        self._left(leaving, [1.0] * GRAINS)
        return late if gain == 1.0 else late * gain

    def _verified(self, asked: Array, powers: Array, gains: list[float]) -> Array:
        """What may leave of a block that is asked for.

        powers: of it and of the next. gains: those that should do.
        """
        ceiling = self._power(self.ceiling_dba)
        best: tuple[float, Array, Array, list[float], BlockFilter] | None = None
        for strictness in STRICTER:
            if best is not None:
                gains = self._gains(powers, strictness * ceiling * power(-HEADROOM_DB))
            out = asked * self._curve(gains) if min(gains) < 1.0 or self._gain < 1.0 else asked
            meter = copy.copy(self._meter)
            leaving = _runs(meter(out / self._meter_gain)) * self._meter_gain**2
            highest = self._highest(leaving)
            if best is None or highest < best[0]:
                best = (highest, out, leaving, gains, meter)
            if highest <= ceiling:
                break
        assert best is not None
        _, out, leaving, gains, self._meter = best
        if min(gains) < 1.0:
            self._even_for = 0
        self._left(leaving, gains)
        return out

    def _highest(self, powers: Array) -> float:
        """The highest reading of a meter with the fast time weighting over a block that leaves."""
        runs = powers.shape[1]
        return float((self._fast[:, None] * self._decay[:runs] + powers @ self._into[:runs, :runs].T).max())

    def _left(self, powers: Array, gains: list[float]) -> None:
        """Note what left."""
        runs = powers.shape[1]
        self._gain = gains[-1]
        self.reduction_db = max(0.0, -2.0 * decibels(min(gains)))
        self._fast = self._decay[runs - 1] * self._fast + powers @ self._into[runs - 1, :runs]
        mean = float((powers @ self._share).max())
        self._recent = [*self._recent[-self._most + 1 :], mean]
        at_ear = mean * power(self._full_scale_dba)
        self.protection.exposure.add(at_ear, self._seconds, night=self.night)

    def _gains(self, powers: Array, ceiling: float) -> list[float]:
        """The gain at the end of each grain of the block that leaves.

        powers: (2, 2 N), of that block and of the next. ceiling: power.
        """
        readings = self._fast[:, None] * self._decay + powers @ self._into.T
        if self._gain == 1.0 and readings.max() <= ceiling:
            return [1.0] * GRAINS
        gains, fast, gain = [], self._fast, self._gain
        release = power(0.5 * RELEASE_DB_PER_SECOND * self._seconds / GRAINS)
        grain = self._grain
        ahead = GRAINS * grain
        for place in range(grain, ahead + grain, grain):
            wanted = min(1.0, gain * release)
            leaving = powers[:, place - grain : place] * max(gain, wanted) ** 2
            fast = self._decay[grain - 1] * fast + leaving @ self._into[grain - 1, :grain]
            coming = powers[:, place : place + ahead] @ self._into[:ahead, :ahead].T
            room = np.maximum(ceiling - fast[:, None] * self._decay[:ahead], 0.0)
            gain = min(wanted, math.sqrt(float((room / np.maximum(coming, 1e-30)).min())))
            gains.append(gain)
        return gains

    def _curve(self, gains: list[float]) -> Array:
        """The gain of every frame: from one choice to the next without a corner."""
        parts, before = [], self._gain
        for gain in gains:
            parts.append(before + (gain - before) * self._turn)
            before = gain
        return np.concatenate(parts)

    # ------------------------------------------------------------------------------------------------------- the slow hand

    def _moved_stop(self, powers: Array) -> Array | float:
        """The stop on the volume over the block that leaves: one gain, or where it moves one for every frame."""
        mean = float((powers[:, : len(self._share)] @ self._share).max())
        self._passage += (mean - self._passage) * min(1.0, self._seconds / PASSAGE_SECONDS)
        passage = decibels(self._passage)
        if passage < SILENT_DBFS:
            self._programme_db = max(self._programme_db, PROGRAMME_DBFS)
        else:
            self._programme_db = max(passage, self._programme_db - STOP_UP_DB_PER_SECOND * self._seconds)
        wanted = min(0.0, self._dbfs(self._stop_dba) - self._programme_db)
        before = self._stop_db
        self._resting = wanted == before or (self._resting and abs(wanted - before) < STOP_STEP_DB)
        if self._resting:
            return power(before / 2.0)
        step = (STOP_DOWN_DB_PER_SECOND if wanted < before else STOP_UP_DB_PER_SECOND) * self._seconds
        self._stop_db = before + min(max(wanted - before, -step), step)
        first, last = power(before / 2.0), power(self._stop_db / 2.0)
        return np.asarray(first + (last - first) * self._line)

    # ---------------------------------------------------------------------------------------------------------- the limits

    def _glide(self) -> None:
        self._asked_in -= self._seconds
        if self._asked_in <= 0.0:
            self._asked_in = 1.0
            self.night = self._is_night()
        ceiling, stop = self._wanted()
        self.ceiling_dba = self._glided(self.ceiling_dba, ceiling)
        self._stop_dba = self._glided(self._stop_dba, stop)

    def _glided(self, value: float, wanted: float) -> float:
        up, down = LOOSEN_DB_PER_SECOND * self._seconds, TIGHTEN_DB_PER_SECOND * self._seconds
        return value + min(max(wanted - value, -down), up)

    def _wanted(self) -> tuple[float, float]:
        """The ceiling and the level that is allowed for long, dB(A), as they should be."""
        protection = self.protection
        ceiling = protection.ceilings.night_dba if self.night else protection.ceilings.day_dba
        ceiling = min(ceiling, LOUDEST_DBFS + self._full_scale_dba)
        allowed = max(protection.exposure.allowed_dba(night=self.night), -100.0)
        return min(ceiling, allowed + SPENT_OVER_DB), min(ceiling - SLOW_UNDER_DB, allowed)

    def _is_night(self) -> bool:
        try:
            return bool(self.protection.night())
        except Exception:
            return True

    def _dbfs(self, dba: float) -> float:
        return dba - self._full_scale_dba

    def _power(self, dba: float) -> float:
        return power(dba - self._full_scale_dba)


def _runs(weighted: Array) -> Array:
    """Mean power of every run of a block (2, frames), (2, N)."""
    runs = weighted.reshape(2, -1, RUN)
    return np.asarray(np.einsum("cnr,cnr->cn", runs, runs) / RUN)


def _ends(gain: Array | float) -> tuple[float, float]:
    """The first and the last of it."""
    return (gain, gain) if isinstance(gain, float) else (float(gain[0]), float(gain[-1]))
