"""How much sound somebody has had: the weekly dose, and what a night may hold.

Theory of operation. Sound exposure is the square of the A-weighted sound pressure, summed over time. It is kept in buckets by
the device's own count of elapsed seconds, which only ever grows by what the device has lived through: no wall clock is asked,
so none can reset it or make it explode. A bucket counts until the whole of it is older than the span, so that a rolling sum is
never too small. What is left of an allowance, spread over a reserve of time, is the power that may sound from here on: it falls
smoothly while the allowance is used up, and the allowance is approached and never passed.

Source: Recommendation ITU-T H.870 (03/2022), clause 6 (80 dB(A) for 40 hours a week, for adults; 75 dB(A) for 40 hours, for
sensitive listeners); WHO, Guidelines for community noise (1999), table 4.1 (30 dB LAeq over 8 hours in bedrooms).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from undertone.audio.weighting import decibels, power

__all__ = ["ADULT_PA2H", "SENSITIVE_PA2H", "Exposure", "Rolling", "pa2h"]

REFERENCE_PA2 = 20e-6**2
"""The square of the pressure that is 0 dB, Pa²."""
HOUR = 3600.0
DAY = 24.0 * HOUR
WEEK = 7.0 * DAY
NIGHT = 8.0 * HOUR
NIGHT_DBA = 30.0
"""LAeq over 8 hours."""
NIGHT_BUCKET = 900.0
NIGHT_RESERVE = 1200.0
"""The rest of a night's allowance may be used up in no less than these seconds: 40 dB(A) for 40 minutes, then ever less."""
WEEK_RESERVE = HOUR
HARMLESS_DBA = 55.0
"""Once the dose is reached: a whole week at this level adds 4 % of a sensitive listener's dose, 1.3 % of an adult's."""
WARN_SHARE = 0.8
LARGEST_PA2H = 1e6
"""No week holds more than this: 132 dB(A) without a pause is a file that was tampered with."""


def pa2h(dba: float, hours: float) -> float:
    """The sound exposure of a level over so many hours, Pa²h."""
    return REFERENCE_PA2 * power(dba) * hours


ADULT_PA2H = pa2h(80.0, 40.0)
SENSITIVE_PA2H = pa2h(75.0, 40.0)


class Rolling:
    """A sum over the last `span` seconds of the device's life, in buckets of `bucket` seconds."""

    def __init__(self, *, span: float, bucket: float) -> None:
        self._span = span
        self._bucket = bucket
        self._sums: dict[int, float] = {}
        self.total = 0.0
        """The sum over the span, and up to one bucket more."""

    def add(self, elapsed: float, value: float) -> None:
        """Count a value at a moment of the device's life, seconds; what is not a number or below nothing is not counted."""
        index = int(elapsed // self._bucket)
        if index not in self._sums:
            self._sums[index] = 0.0
            self._forget(index)
        if 0.0 < value < math.inf:
            self._sums[index] += value
            self.total += value

    def _forget(self, index: int) -> None:
        oldest = index - math.ceil(self._span / self._bucket)
        self._sums = {place: kept for place, kept in self._sums.items() if place >= oldest}
        self.total = sum(self._sums.values())

    def as_dict(self) -> dict[str, float]:
        """The buckets that hold something, as plain values for JSON. May be called from any thread."""
        return {str(index): kept for index, kept in dict(self._sums).items() if kept > 0.0}

    def take(self, kept: Mapping[str, float], *, elapsed: float) -> None:
        """Go on from what `as_dict` gave.

        Raises ValueError, TypeError or AttributeError where that cannot be.
        """
        sums = {int(index): float(value) for index, value in kept.items()}
        latest = int(elapsed // self._bucket)
        if any(not 0 <= index <= latest or not 0.0 <= value < LARGEST_PA2H for index, value in sums.items()):
            raise ValueError("an exposure that there cannot be")
        self._sums = sums
        self._forget(latest)


class Exposure:
    """What the listener has had of this device.

    sensitive: the dose is that for children and sensitive listeners.
    """

    def __init__(self, *, sensitive: bool = False) -> None:
        self._limit = SENSITIVE_PA2H if sensitive else ADULT_PA2H
        self._elapsed = 0.0
        self._week = Rolling(span=WEEK, bucket=DAY)
        self._night = Rolling(span=NIGHT, bucket=NIGHT_BUCKET)

    @property
    def dose(self) -> float:
        """Share of the weekly dose that the last seven days hold; 1 is all of it."""
        return self._week.total / self._limit

    @property
    def warning(self) -> bool:
        """Whether the listener should be told."""
        return self.dose >= WARN_SHARE

    @property
    def night_dba(self) -> float:
        """What the nights' sound within the last 8 hours comes to when spread over 8 hours, dB(A); −inf for none."""
        return decibels(self._night.total / REFERENCE_PA2 / (NIGHT / HOUR))

    def add(self, mean_power: float, seconds: float, *, night: bool) -> None:
        """Count a moment.

        mean_power: the A-weighted power at the ear, relative to that of 0 dB. night: it counts for the night as well.
        """
        self._elapsed += seconds
        exposure = REFERENCE_PA2 * mean_power * seconds / HOUR
        self._week.add(self._elapsed, exposure)
        self._night.add(self._elapsed, exposure if night else 0.0)

    def away(self, seconds: float) -> None:
        """The device was off for so long."""
        self._elapsed += max(0.0, seconds)
        self.add(0.0, 0.0, night=False)

    def allowed_dba(self, *, night: bool) -> float:
        """The level at which the music may go on without passing an allowance, dB(A)."""
        left = max(0.0, self._limit - self._week.total) * HOUR / REFERENCE_PA2 / WEEK_RESERVE
        allowed = max(HARMLESS_DBA, decibels(left))
        if night:
            rest = pa2h(NIGHT_DBA, NIGHT / HOUR) - self._night.total
            allowed = min(allowed, decibels(rest * HOUR / REFERENCE_PA2 / NIGHT_RESERVE))
        return allowed

    def as_dict(self) -> dict[str, Any]:
        """Everything, as plain values for JSON. May be called from any thread."""
        return {"elapsed": round(self._elapsed, 1), "week": self._week.as_dict(), "night": self._night.as_dict()}

    def take(self, kept: Mapping[str, Any]) -> None:
        """Go on from what `as_dict` gave.

        Raises ValueError, with a sentence, where that cannot be; then nothing has changed.
        """
        try:
            elapsed = float(kept["elapsed"])
            if not 0.0 <= elapsed < math.inf:
                raise ValueError(f"{elapsed} seconds")
            week, night = Rolling(span=WEEK, bucket=DAY), Rolling(span=NIGHT, bucket=NIGHT_BUCKET)
            # What was written is rounded: a bucket may have begun just after.
            week.take(kept["week"], elapsed=elapsed + 1.0)
            night.take(kept["night"], elapsed=elapsed + 1.0)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ValueError(f"The dose that was kept cannot be used ({error}).") from error
        self._elapsed, self._week, self._night = elapsed, week, night
