"""An ADS1115 at register level, whose conversions take their time.

Theory of operation. As the other chip, it does nothing until somebody looks, and then makes up for the time since: a
conversion that has ended by now puts its result into the register. A conversion keeps the input, the range and the rate with
which it was started; what is written meanwhile is for the next one, and starting another meanwhile has no effect. Both are
traps into which drivers have fallen.

Inputs are the outputs of the skin's front end (AIN0, AIN1; the others are at ground), with noise of one count RMS at ±2.048 V.
Simplified: the comparator, its pin and its thresholds do nothing but keep what is written; input impedances are infinite here
and belong to the front end, where they matter.

Source: TI SBAS444D, pp. 13–30; hardware.md §2.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np

from undertone.sensors.ads1115 import TABLE
from undertone.sensors.conductance import PATH_B
from undertone.sim.chips import HORIZON, Ahead, Now
from undertone.sim.subject import Subject

__all__ = ["Ads1115Chip", "Circuit"]

_CONVERSION, _CONFIG = 0, 1
_OS, _SINGLE_SHOT = 0x8000, 0x0100
_FIELDS = {name: TABLE["CONFIG"].field(name) for name in ("inputs", "range_volts", "conversions_per_s")}
_PINS: dict[str, tuple[int, int | None]] = {
    **{f"{positive}-{negative}": (positive, negative) for positive, negative in ((0, 1), (0, 3), (1, 3), (2, 3))},
    **{str(pin): (pin, None) for pin in range(4)},
}
_WAKE_SECONDS = 25e-6
"""From power-down to the start of a single conversion."""
_NOISE_VOLTS = 62.5e-6
_LOOK = 1.0 / 64.0
"""Grid on which the subject's conductance is asked for. In between it is a straight line: nothing in it is faster than 3 Hz."""


class _Setting(NamedTuple):
    """What a configuration means for a conversion."""

    positive: int
    negative: int | None
    """Pins; None is ground."""
    counts_per_volt: float
    rate_hz: float


@cache
def _setting(config: int) -> _Setting:
    positive, negative = _PINS[str(_FIELDS["inputs"].value(config))]
    full_scale = _FIELDS["range_volts"].number(config)
    return _Setting(positive, negative, 32768.0 / full_scale, _FIELDS["conversions_per_s"].number(config))


class _Conversion(NamedTuple):
    """One under way, with everything that was valid when it started."""

    start: float
    seconds: float
    setting: _Setting


class Circuit(Protocol):
    """What lies between the skin and the inputs."""

    def volts(self, conductance_microsiemens: float) -> tuple[float, float]:
        """The voltages at AIN0 and AIN1 for a conductance ≥ 0; inf stands for electrodes that touch."""


class Ads1115Chip:
    """One emulated chip.

    subject: whose skin is between the electrodes. now: the present. tolerance: by how much its oscillator is too fast, as a
    share (within ±0.1 by the datasheet). noise: multiple of the datasheet's noise; 0 for none. seed: of that noise.
    front_end: what lies between the skin and the inputs. bits: 12 for the ADS1015 that is sold as an ADS1115.
    inputs: if given, the voltages at the four pins at a moment, instead of the front end's.
    """

    def __init__(
        self,
        subject: Subject | None,
        now: Now,
        *,
        tolerance: float = 0.0,
        noise: float = 1.0,
        seed: int = 0,
        front_end: Circuit = PATH_B,
        bits: int = 16,
        inputs: Callable[[float], Sequence[float]] | None = None,
    ) -> None:
        if subject is None and inputs is None:
            raise ValueError("an emulated ADS1115 needs a subject or the voltages at its inputs")
        self.tolerance = tolerance
        self.deaf = 0
        """So many of the next writes it acknowledges and does not take."""
        self._now = now
        self._random = random.Random(seed)
        self._noise_volts = noise * _NOISE_VOLTS
        self._front_end = front_end
        self._kept = 0xFFFF & -1 << 16 - bits
        self._inputs = inputs or self._at_electrodes
        self._ahead = Ahead(subject.conductance) if subject is not None else None
        self._looked: list[float] = []
        self._looked_from = 0
        self.brown_out()

    def brown_out(self) -> None:
        """Lose the power for a moment: all registers are as after power-up."""
        self._registers = [register.reset for register in TABLE]
        self._running: _Conversion | None = None

    def general_call(self, command: int) -> None:
        """What is sent to address 0 is for every chip; 0x06 resets this one."""
        if command == 0x06:
            self.brown_out()

    def read(self, register: int, length: int) -> bytes:
        """The register, most significant byte first; a longer read gets it again."""
        self._advance(self._now())
        word = self._registers[register & 3]
        if register & 3 == _CONFIG:
            # "0: the device is currently performing a conversion", which in continuous mode it always is.
            word = word & ~_OS | (0 if self._running else _OS)
        return (word.to_bytes(2, "big") * (length // 2 + 1))[:length]

    def write(self, register: int, data: bytes) -> None:
        """Take a register of two bytes; anything shorter is not taken. The conversion register cannot be written."""
        now = self._now()
        self._advance(now)
        place = register & 3
        if len(data) < 2 or place == _CONVERSION:
            return
        if self.deaf:
            self.deaf -= 1
            return
        self._registers[place] = word = int.from_bytes(data[:2], "big")
        if place == _CONFIG and self._running is None and (word & _OS or not word & _SINGLE_SHOT):
            self._start(now + _WAKE_SECONDS)

    def _start(self, at: float) -> _Conversion:
        setting = _setting(self._registers[_CONFIG])
        self._running = _Conversion(at, 1.0 / (setting.rate_hz * (1.0 + self.tolerance)), setting)
        return self._running

    def _advance(self, now: float) -> None:
        """Finish the conversions that have ended by now."""
        running = self._running
        if running is None or now < running.start + running.seconds:
            return
        self._finish(running)
        self._running = None
        if self._registers[_CONFIG] & _SINGLE_SHOT:
            return
        # Continuous: the next one begins where the last one ended. Of many, only the newest can still be seen.
        end = running.start + running.seconds
        following = self._start(end)
        whole = int((now - end) / following.seconds)
        if whole:
            self._finish(following._replace(start=end + (whole - 1) * following.seconds))
            self._start(end + whole * following.seconds)

    def _finish(self, conversion: _Conversion) -> None:
        """Put the result into the register: what the inputs were in the middle of the conversion, clipped to the range."""
        setting = conversion.setting
        pins = self._inputs(conversion.start + 0.5 * conversion.seconds)
        volts = pins[setting.positive] - (pins[setting.negative] if setting.negative is not None else 0.0)
        if self._noise_volts:
            volts += self._random.gauss(0.0, self._noise_volts)
        counts = round(volts * setting.counts_per_volt)
        self._registers[_CONVERSION] = max(-32768, min(32767, counts)) & self._kept

    def _at_electrodes(self, t: float) -> tuple[float, float, float, float]:
        """The voltages at the four pins at t."""
        v0, v1 = self._front_end.volts(self._conductance(t))
        return v0, v1, 0.0, 0.0

    def _conductance(self, t: float) -> float:
        """Microsiemens at t, from answers fetched a second ahead."""
        place = int(t / _LOOK)
        if not self._looked_from <= place < self._looked_from + len(self._looked) - 1:
            assert self._ahead is not None
            grid = np.arange(place, place + round(HORIZON / _LOOK), dtype=np.float64) * _LOOK
            self._looked, self._looked_from = self._ahead.at(grid).tolist(), place
        share = t / _LOOK - place
        low, high = self._looked[place - self._looked_from], self._looked[place - self._looked_from + 1]
        # An electrode that comes off, or electrodes that touch, have no values in between.
        if share == 0.0 or min(low, high) <= 0.0 or high == float("inf") or low == float("inf"):
            return low
        return low + (high - low) * share
