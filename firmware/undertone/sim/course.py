"""The slow state of a simulated body, second by second: tension, breathing, drifts, and what happens to it.

Theory of operation. `Course` advances in steps of one second, in order, and draws the same number of random values in each, so
that neither how often anybody asks nor how strongly music acts changes what chance brings. Heart and skin are made from the
moments of the course and smooth curves between them, each at its own pace; the course forgets what both have left behind.

Drifts are first-order (Ornstein–Uhlenbeck) processes. Three of them, with time constants of 8, 60 and 400 s and equal
variance, add up to the nearly 1/f spectrum of the very slow variability of the heart. The 0.1 Hz rhythm is an oscillation of
that frequency whose two quadratures drift.

Source: heart rate variability bands and 1/f after Task Force of the ESC and NASPE, Circulation 93:1043 (1996).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from undertone.flow import Samples
from undertone.sim.happenings import Happening, HappeningKind
from undertone.sim.listening import BREATH_SECONDS, Listening

__all__ = ["Course", "Moment", "Person"]


@dataclass(frozen=True, slots=True)
class Person:
    """What differs between people and stays: drawn from the seed."""

    heart_bpm: float
    """Mean heart rate without tension."""
    heart_bpm_per_tension: float
    breaths_per_min: float
    """Breathing rate without tension."""
    breaths_per_tension: float
    sinus_arrhythmia: float
    """Share by which the heart rate swings with a breath at 12 breaths a minute, without tension."""
    light: float
    """Infrared light that comes back, nA for each mA of LED current."""
    pulse: float
    """Pulse peak to peak as a share of the infrared light, at middling tension."""
    microsiemens: float
    """Skin conductance level at middling tension."""
    responses_per_min: float
    """Skin conductance responses at full tension."""

    @staticmethod
    def drawn(seed: int) -> Person:
        """Somebody, the same for the same seed."""
        draw = np.random.default_rng([seed, 1])
        return Person(
            heart_bpm=float(draw.uniform(52.0, 62.0)),
            heart_bpm_per_tension=float(draw.uniform(22.0, 32.0)),
            breaths_per_min=float(draw.uniform(10.5, 13.5)),
            breaths_per_tension=float(draw.uniform(3.0, 6.0)),
            sinus_arrhythmia=float(draw.uniform(0.04, 0.07)),
            light=float(draw.uniform(250.0, 320.0)),
            pulse=float(draw.uniform(0.008, 0.018)),
            microsiemens=float(math.exp(draw.normal(math.log(5.0), 0.35))),
            responses_per_min=float(draw.uniform(8.0, 12.0)),
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """The slow state at one whole second."""

    tension: float
    """0 (deeply calm) … 1 (very tense), with its small ups and downs."""
    sweating: float
    """Tension as the sweat glands follow it, a minute behind."""
    breath_per_min: float
    breath_phase: float
    """Breaths taken so far; whole numbers are the start of an inhalation."""
    heart_drift: float
    """Share added to the heart rate by very slow variability."""
    rhythm: tuple[float, float]
    """The two quadratures of the 0.1 Hz rhythm, shares of the heart rate."""
    perfusion: float
    """Logarithm of what the pulse's size is multiplied with."""
    baseline: float
    """Slow wander of the blood volume, in pulses."""
    skin_drift: float
    """Added to the logarithm of the conductance level."""

    @property
    def of_the_heart(self) -> tuple[float, ...]:
        """What the heart needs, in the order of `heart._Slow`."""
        return (
            self.tension,
            self.breath_per_min,
            self.heart_drift,
            *self.rhythm,
            self.perfusion,
            self.baseline,
        )


TIME_CONSTANTS = np.array([8.0, 60.0, 400.0, 30.0, 30.0, 90.0, 20.0, 300.0, 120.0, 6.0])
"""Of the drifts, seconds: three of the heart, two quadratures, perfusion, baseline, skin, tension, breath."""

SIZES = np.array([0.010, 0.012, 0.012, 0.012, 0.012, 0.15, 0.4, 0.05, 0.03, 0.07])
"""Standard deviations of the same."""

KEEP = np.exp(-1.0 / TIME_CONSTANTS)
RENEW = SIZES * np.sqrt(1.0 - KEEP**2)

OWN_SECONDS = 1800.0
"""Time constant with which tension returns to what is usual for this listener."""
SWEAT_SECONDS = 60.0
STARTLE = 0.15
"""Tension that a startle of strength 1 adds."""


class Course:
    """The moments of a body's life, made one after the other.

    seed: of everything that chance decides.
    person: whose life.
    tension: at the beginning, 0…1. usual: to which it returns by itself.
    breath_per_min: at the beginning; None for what goes with the tension.
    listening: how music pulls.
    script: what will happen, in any order.
    movements_per_min, losses_per_hour: how often chance moves the hand, or takes a sensor off for half a minute.
    """

    def __init__(
        self,
        seed: int,
        person: Person,
        *,
        tension: float,
        usual: float,
        breath_per_min: float | None,
        listening: Listening,
        script: Iterable[Happening],
        movements_per_min: float,
        losses_per_hour: float,
    ) -> None:
        self.person = person
        self._listening = listening
        self._usual = usual
        self._per_second = (movements_per_min / 60.0, losses_per_hour / 3600.0)
        self._script = sorted(script, key=lambda happening: happening.t)
        self._chance = np.random.default_rng([seed, 2])
        self._drifts = SIZES * self._chance.standard_normal(len(SIZES))
        self._tension = tension
        natural = person.breaths_per_min + person.breaths_per_tension * tension
        self._breath = natural if breath_per_min is None else breath_per_min
        self._breath_offset = self._breath - natural
        self.happenings: list[Happening] = []
        self._first = 0
        self._moments: list[Moment] = []
        self._moments.append(self._moment(tension, 0.0))

    def moments(self, first: int, last: int) -> list[Moment]:
        """The moments from second `first` to second `last`, both included; lives on as far as that takes."""
        while self._first + len(self._moments) <= last:
            self._live()
        return self._moments[first - self._first : last + 1 - self._first]

    def forget(self, before: int) -> None:
        """Nobody will ask for moments before this second again."""
        gone = min(before - self._first, len(self._moments) - 1)
        if gone > 0:
            del self._moments[:gone]
            self._first += gone

    def _live(self) -> None:
        now = self._first + len(self._moments) - 1
        before = self._moments[-1]
        self._happen(float(now))
        self._drifts = KEEP * self._drifts + RENEW * self._chance.standard_normal(len(SIZES))
        person = self.person
        natural = person.breaths_per_min + person.breaths_per_tension * self._tension + self._breath_offset
        to_tension, to_breath = self._listening.pulls(
            float(now), self._tension, natural=natural, breath_per_min=self._breath
        )
        self._tension += (self._usual - self._tension) / OWN_SECONDS + to_tension
        self._tension = min(max(self._tension, 0.0), 1.0)
        self._breath += (natural + to_breath - self._breath) / BREATH_SECONDS
        sweating = before.sweating + (self._tension - before.sweating) / SWEAT_SECONDS
        self._moments.append(self._moment(sweating, before.breath_phase, before.breath_per_min))

    def _moment(self, sweating: float, phase: float, breath_before: float | None = None) -> Moment:
        drift = self._drifts.tolist()
        breath = max(self._breath * math.exp(drift[9]), 3.0)
        if breath_before is not None:
            phase += 0.5 * (breath_before + breath) / 60.0
        return Moment(
            tension=min(max(self._tension + drift[8], 0.0), 1.0),
            sweating=sweating,
            breath_per_min=breath,
            breath_phase=phase,
            heart_drift=drift[0] + drift[1] + drift[2],
            rhythm=(drift[3], drift[4]),
            perfusion=drift[5],
            baseline=drift[6],
            skin_drift=drift[7],
        )

    def _happen(self, now: float) -> None:
        """What the script or chance brings in the second that begins now."""
        draw: Samples = self._chance.random(6)
        while self._script and self._script[0].t <= now + 1.0:
            self.happenings.append(self._script.pop(0))
            if self.happenings[-1].kind is HappeningKind.STARTLE:
                self._tension = min(1.0, self._tension + STARTLE * self.happenings[-1].strength)
        if draw[0] < self._per_second[0]:
            strength = float(np.exp(1.2 * (draw[2] - 0.5)))
            self.happenings.append(
                Happening(now + float(draw[1]), HappeningKind.MOVEMENT, seconds=1.5 + 6.0 * float(draw[3]), strength=strength)
            )
        if draw[4] < self._per_second[1]:
            kinds = (HappeningKind.FINGER_OFF, HappeningKind.ELECTRODES_OFF, HappeningKind.SENSORS_OFF)
            kind = kinds[int(3.0 * draw[5])]
            self.happenings.append(Happening(now + float(draw[1]), kind, seconds=10.0 + 40.0 * float(draw[3])))
