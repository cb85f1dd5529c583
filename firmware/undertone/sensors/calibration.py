"""Two-point calibration of the skin's front end with test resistors, and readings that know when they are steady.

Theory of operation. With a resistor R in place of the skin, V0/V1 = 1 + Rf/(R + Rs). Two resistors give two equations in the
feedback Rf and the series resistance Rs: with q = V0/V1 − 1,

    Rs = (q₂·R₂ − q₁·R₁) / (q₁ − q₂),   Rf = q₁·(R₁ + Rs).

A tolerance of 1 % in these shows as up to 2.6 % in a conductance of 20 µS; the converter itself is better than 0.2 %, and its
gain cancels in the ratio. 100 kΩ and 1 MΩ lie where skin does; a third, 47 kΩ, tells whether the result holds.

A reading is the mean of some seconds that is steady: what its first and last third say must agree within what noise does to
them, and its spread must be that of noise and not of somebody who holds the resistor in their hands.

Source: hardware.md §3.5; the equations are those of `conductance`, solved.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from undertone.errors import BusTimeout, ChipWrong, ConfigError, SensorError
from undertone.sensors.ads1115 import Ads1115, Input
from undertone.sensors.bus import Bus
from undertone.sensors.conductance import FrontEnd
from undertone.sensors.skin import SkinSettings

__all__ = ["Ratios", "Steady", "calibrated", "ratios", "residual"]

_TOLERANCE = 0.1
"""Share by which resistors that were soldered may be off what they are called."""
_APART = 2.0
"""Two test resistors must differ at least by this factor, or they are one equation."""
_OPEN_SHARE = 0.5
"""Of the smallest q that a resistor could give within the tolerances: below, nothing is connected."""
_RETRIES = 2
_RETRY_SECONDS = 0.01
_REFERENCE_SHARE = 0.1
_SETTLED = 8
"""Readings of the reference before a ratio is believed."""
_GAP_SECONDS = 0.25
_DRIFT, _SPREAD = 2e-4, 1e-3
"""Largest difference of the means of two thirds, and largest standard deviation, as shares of the ratio. Noise alone makes
0.5e-4 and 1.5e-4 of these."""
_FEWEST = 24
"""Ratios in a reading."""


class Steady:
    """Turns a stream of ratios into a reading as soon as it is steady.

    seconds: for how long it has to be so.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds
        self._kept: deque[tuple[float, float]] = deque()

    def push(self, now: float, ratio: float) -> float | None:
        """Take the ratio of one moment, seconds, later than the one before. Returns the mean of the last seconds, if steady.

        A pause of more than 0.25 s, or what is no number, and the seconds begin anew.
        """
        kept = self._kept
        if not math.isfinite(ratio):
            kept.clear()
            return None
        if kept and not 0.0 <= now - kept[-1][0] <= _GAP_SECONDS:
            kept.clear()
        kept.append((now, ratio))
        # One ratio from before the span is kept: it shows that the span is covered.
        while len(kept) > 1 and kept[1][0] <= now - self._seconds:
            kept.popleft()
        if now - kept[0][0] < self._seconds or len(kept) < _FEWEST:
            return None
        values = np.array([value for _, value in kept])
        third = len(values) // 3
        mean = float(values.mean())
        drift = abs(float(values[-third:].mean() - values[:third].mean()))
        steady = drift <= _DRIFT * abs(mean) and float(values.std()) <= _SPREAD * abs(mean)
        return mean if steady else None


class Ratios:
    """Reads V0/V1 of a front end, about 32 times a second.

    bus: its bus. settings: where the converter is, and what the front end is nominally.
    Raises ConfigError for a front end without a reference: it has no ratio, and nothing to be calibrated.
    """

    def __init__(self, bus: Bus, settings: SkinSettings) -> None:
        self.due = float("-inf")
        """When `poll` is wanted next, seconds."""
        if settings.front_end.reference_volts is None:
            raise ConfigError("This skin front end has no reference, so it cannot be calibrated with two resistors.")
        # With each conversion of the output comes one of the reference, so that neither of them decides the accuracy.
        self._chip = Ads1115(bus, address=settings.address, reference_every=0.0, range_volts=settings.front_end.range_volts)
        self._front_end = settings.front_end
        self._reference = 0.0
        self._references = 0
        self._failures = 0

    def poll(self, now: float) -> float | None:
        """The next ratio; None where there is none (yet).

        now: the present, seconds, noted immediately before the call.
        Raises SensorError, with a sentence, where the sensor cannot be read; polling again tries again.
        """
        try:
            result = self._chip.poll(now)
        except SensorError as error:
            self._failures += 1
            self.due = now + _RETRY_SECONDS
            if self._failures <= _RETRIES and not isinstance(error, (BusTimeout, ChipWrong)):
                return None
            self._chip.restart()
            self._failures = self._references = 0
            raise
        self.due = self._chip.due
        if result is None:
            return None
        self._failures = 0
        if result.which is Input.REFERENCE:
            self._refer(result.volts)
            return None
        return result.volts / self._reference if self._references >= _SETTLED else None

    def _refer(self, volts: float) -> None:
        """Follow the reference through its noise."""
        if not self._front_end.reference_present(volts):
            self._references = 0
            raise SensorError(
                f"The skin front end gives {volts:.3f} V on AIN1, where its reference of {self._front_end.reference_volts:g} V "
                f"should be: check its 3.3 V supply and its wiring."
            )
        self._references += 1
        self._reference += (volts - self._reference) * max(1.0 / self._references, _REFERENCE_SHARE)


def ratios(bus: Bus, settings: SkinSettings) -> Ratios:
    """What reads V0/V1 of the front end on `bus`. Raises ConfigError where it has no reference."""
    return Ratios(bus, settings)


def calibrated(front_end: FrontEnd, first: tuple[float, float], second: tuple[float, float]) -> FrontEnd:
    """The front end with the resistances that two test resistors show it to have.

    front_end: as it was built, nominally. first, second: the test resistor, ohms, and the ratio V0/V1 measured with it.
    Raises ConfigError, with a sentence, for readings that no front end of that build can give.
    """
    (small, at_small), (large, at_large) = sorted((first, second))
    if not (math.isfinite(small) and math.isfinite(large) and small > 0.0):
        raise ConfigError("A test resistor needs a resistance above 0 Ω.")
    if large < _APART * small:
        raise ConfigError(
            f"{_ohms(small)} and {_ohms(large)} are too alike to calibrate with: take 100 kΩ and 1 MΩ, or any two of which one "
            f"is at least {_APART:g} times the other."
        )
    for ohms, ratio in ((small, at_small), (large, at_large)):
        # By the larger one's measure, so that resistors which were swapped can be told from one that is not there.
        _refuse_open_or_short(front_end, ohms, ratio, no_more_than=large)
    if at_small <= at_large:
        raise ConfigError(
            f"{_ohms(small)} lets less through than {_ohms(large)}: the two resistors seem to have been swapped. Repeat both "
            f"readings."
        )
    q_small, q_large = at_small - 1.0, at_large - 1.0
    series = (q_large * large - q_small * small) / (q_small - q_large)
    feedback = q_small * (small + series)
    for what, nominal, found in (
        ("feedback resistance", front_end.feedback_ohm, feedback),
        ("series resistance", front_end.series_ohm, series),
    ):
        if not abs(found / nominal - 1.0) <= _TOLERANCE:
            raise ConfigError(
                f"The {what} would be {_ohms(found)}, which is more than {_TOLERANCE:.0%} off the {_ohms(nominal)} of the "
                f"build. Check the values of both test resistors and of the front end, and repeat both readings."
            )
    return replace(front_end, feedback_ohm=feedback, series_ohm=series)


def residual(front_end: FrontEnd, ohms: float, ratio: float) -> float:
    """By what share the conductance that a ratio stands for is larger than that of the resistor with which it was measured.

    Raises ConfigError, with a sentence, where the ratio is that of an open or shorted input.
    """
    _refuse_open_or_short(front_end, ohms, ratio, no_more_than=ohms)
    found = front_end.microsiemens(ratio * front_end.reference_volts, front_end.reference_volts)
    assert found is not None, "what would make it so has just been refused"
    return found * ohms * 1e-6 - 1.0


def _refuse_open_or_short(front_end: FrontEnd, ohms: float, ratio: float, *, no_more_than: float) -> None:
    """Raise ConfigError where `ohms` cannot have been connected as it should, nor any resistor up to `no_more_than` ohms."""
    least = front_end.feedback_ohm / (no_more_than + front_end.series_ohm)
    if not ratio - 1.0 >= _OPEN_SHARE * least * (1.0 - _TOLERANCE) ** 2 or not math.isfinite(ratio):
        raise ConfigError(
            f"Far too little flows through {_ohms(ohms)}: the resistor is not connected, or is a larger one. Clip it between "
            f"the two electrode leads and repeat the reading."
        )
    shorted = min(front_end.wet_ratio, 1.0 + front_end.feedback_ohm / front_end.series_ohm * (1.0 - _TOLERANCE) ** 2)
    if ratio >= shorted:
        raise ConfigError(_short(ohms))


def _short(ohms: float) -> str:
    return (
        f"So much flows through {_ohms(ohms)} as if there were a short: part the two electrode leads, clip the resistor "
        f"between them and repeat the reading."
    )


def _ohms(value: float) -> str:
    """A resistance as people write it."""
    for unit, scale in (("MΩ", 1e6), ("kΩ", 1e3)):
        if abs(value) >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value:.4g} Ω"
