"""Keeps the light that comes back within the converter's range: more LED current for dark skin, less for a thin finger.

Theory of operation. The chip has no automatic gain. Here the median of a second of samples of each channel is looked at. As
long as it lies between a quarter and three quarters of full scale, nothing happens. Outside, the current is set so that the
median would lie in the middle, but changed at most by a factor of two: from the middle, the light has to change by a half
before anything happens again, and that is the hysteresis. Where it lies just outside, it has to do so for three seconds, for
a hand that moves is soon back; where it is nearly dark or nearly full, one second is enough.

When a channel is still nearly full at the lowest current, the ADC's range is doubled; when both are below a quarter and the
range is wider than configured, it is halved again before any current is raised: then both are at most in the middle.

Only seconds in which a finger lies on the sensor count: one sample that says otherwise, and the second begins anew. Nothing
depends on how the stream of samples is cut, except that samples taken before a change took effect are nobody's business.

Source: hardware.md §1.4; the ranges and steps are those of Maxim 19-7740 Rev 0, pp. 18–20.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from undertone.sensors.max3010x_table import FULL_SCALE
from undertone.sensors.optics import Drive

__all__ = ["LIFTED_NA_PER_MA", "TOUCHED_NA_PER_MA", "LedControl", "na_per_ma"]

TOUCHED_NA_PER_MA = 40.0
LIFTED_NA_PER_MA = 30.0
"""Infrared light that comes back, per mA of LED current. A finger returns about 286, a dark or cold one a fifth of that, the
bare window a few; two values, so that a light touch does not flicker between yes and no."""

_DARK_COUNTS = 128.0
"""What the converter may show without any light."""
_LOW, _MIDDLE, _HIGH = (share * FULL_SCALE for share in (0.25, 0.5, 0.75))
_TOO_LOW, _TOO_HIGH = (share * FULL_SCALE for share in (0.125, 0.9))
"""Beyond these there is no time to lose."""
_WINDOW_SECONDS = 1.05
"""A little more than a second, so that a chip whose clock runs fast does not get more than one change a second."""
_PATIENCE = 3
"""Windows in a row that lie just outside."""
_STEP_MA = 0.2
_DIMMEST, _BRIGHTEST = 1, 255
"""Steps of the LED current."""
_LARGEST_FACTOR = 2.0
_WIDEST_NA = 16384


def na_per_ma(infrared: NDArray[np.int32] | float, drive: Drive) -> NDArray[np.float64]:
    """Infrared light for each mA of LED current, nA/mA, from counts; infinite where they are at full scale.

    What the converter shows in the dark is taken off, because at a low current it would look like a finger.
    """
    counts = np.asarray(infrared, dtype=np.float64)
    light = (counts - _DARK_COUNTS) / (drive.infrared_ma * drive.counts_per_na)
    return np.where(counts >= _TOO_HIGH, np.inf, light)


class LedControl:
    """Decides when the LED currents or the range have to change.

    drive: how the LEDs are driven at first. A channel whose current is 0 stays off, and without infrared light nothing is ever
    changed, for then nobody knows whether there is a finger. rate_hz: nominal samples a second.
    """

    def __init__(self, drive: Drive, rate_hz: float) -> None:
        self._narrowest_na = drive.range_na
        self._window = math.ceil(_WINDOW_SECONDS * rate_hz)
        self.begin(drive)

    def begin(self, drive: Drive) -> None:
        """From here on the LEDs are driven so, or something happened that makes the last samples worthless."""
        self._drive = drive
        # Below, nothing touches the sensor; what is nearly full is a finger at any current.
        self._least = min(TOUCHED_NA_PER_MA * drive.infrared_ma * drive.counts_per_na + _DARK_COUNTS, _TOO_HIGH)
        self._interrupt()

    def push(self, red: NDArray[np.int32], infrared: NDArray[np.int32]) -> Drive | None:
        """Take some samples, counts, (n,) each. Returns how the LEDs must be driven from now on; None for as they are."""
        if self._drive.infrared_ma <= 0.0:
            return None
        start = 0
        for stop in (*np.flatnonzero(infrared < self._least).tolist(), len(infrared)):
            drive = self._take(red[start:stop], infrared[start:stop])
            if drive is not None:
                self.begin(drive)
                return drive
            if stop < len(infrared):
                self._interrupt()
            start = stop + 1
        return None

    def _interrupt(self) -> None:
        """There is no finger: the second begins anew."""
        self._patience = [0, 0]
        self._pieces: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
        self._held = 0

    def _take(self, red: NDArray[np.int32], infrared: NDArray[np.int32]) -> Drive | None:
        """Take samples that follow those before, all with a finger; look at each second that they complete."""
        while self._held + len(red) >= self._window:
            rest = self._window - self._held
            pieces = (*self._pieces, (red[:rest], infrared[:rest]))
            drive = self._decide(*(float(np.median(np.concatenate(channel))) for channel in zip(*pieces, strict=True)))
            if drive is not None:
                return drive
            red, infrared = red[rest:], infrared[rest:]
            self._pieces, self._held = [], 0
        self._pieces.append((red, infrared))
        self._held += len(red)
        return None

    def _decide(self, red: float, infrared: float) -> Drive | None:
        """What the medians of a second ask for."""
        steps = [round(self._drive.red_ma / _STEP_MA), round(self._drive.infrared_ma / _STEP_MA)]
        lit = [median for median, step in zip((red, infrared), steps, strict=True) if step]
        # Both are asked, always: each remembers for how long it has been outside.
        due = [self._is_due(place, median) for place, median in enumerate((red, infrared)) if steps[place]]
        if not any(due):
            return None
        full = [median for median, step in zip((red, infrared), steps, strict=True) if step == _DIMMEST and median > _TOO_HIGH]
        if full and self._drive.range_na < _WIDEST_NA:
            return replace(self._drive, range_na=2 * self._drive.range_na)
        if max(lit) < _LOW and self._drive.range_na > self._narrowest_na:
            return replace(self._drive, range_na=self._drive.range_na // 2)
        wanted = [_step(step, median) for step, median in zip(steps, (red, infrared), strict=True)]
        if wanted == steps:
            return None
        return replace(self._drive, red_ma=round(wanted[0] * _STEP_MA, 1), infrared_ma=round(wanted[1] * _STEP_MA, 1))

    def _is_due(self, place: int, median: float) -> bool:
        """Whether a channel has been outside for long enough."""
        if _LOW <= median <= _HIGH:
            self._patience[place] = 0
            return False
        self._patience[place] += 1
        return self._patience[place] >= _PATIENCE or not _TOO_LOW <= median <= _TOO_HIGH


def _step(step: int, median: float) -> int:
    """The LED current, in steps, that brings a median to the middle, as far as one change may; `step` for a median in range."""
    if step == 0 or _LOW <= median <= _HIGH:
        return step
    factor = min(max(_MIDDLE / max(median, 1.0), 1.0 / _LARGEST_FACTOR), _LARGEST_FACTOR)
    # Upwards where a half is rounded: no change is larger than by the factor.
    return min(max(round(step * factor), (step + 1) // 2, _DIMMEST), _BRIGHTEST)
