"""The skin of a simulated body: a level of conductance, and responses on top of it.

Theory of operation. The level follows tension a minute behind, drifts, and moves a little with each breath. Responses come by
chance, more often with more tension, at least a second apart; their sizes are log-normal. Each begins with a burst of the nerve
that lasts some tenths of a second, fills the sweat ducts within a time constant and dries with two: most of it within seconds,
some of it much more slowly. Rise and recovery differ between people, and around each person's usual from one response to the
next, so that no one formula fits them all.

What disturbs the electrodes acts on the whole conductance (see `happenings`).

Source: shape after D. Alexander et al., J. Neurosci. Methods 146:116 (2005), doi:10.1016/j.jneumeth.2005.02.001; numbers (rise
0.7 to 3 s, half recovery 1.5 to 8 s) after M. Dawson, A. Schell and D. Filion, "The electrodermal system", Handbook of
Psychophysiology (2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from undertone.flow import Response, Samples
from undertone.sim.course import Course, Moment
from undertone.sim.happenings import HappeningKind, Witness
from undertone.sim.heart import PIECE_SECONDS, bells, breath_wave, hats

__all__ = ["SKIN_HZ", "Skin", "Temper", "Wave"]

SKIN_HZ = 50
"""Points of the conductance's grid."""
LEVEL_PER_TENSION = 0.9
"""What full tension adds to the logarithm of the level."""
USUAL_MICROSIEMENS = 0.2
"""Median size of a response at middling tension, at a level of 5 µS."""
SIZE_SPREAD = 0.7
"""Standard deviation of the logarithm of the size."""
REFRACTORY_SECONDS = 1.0
STARTLE_SECONDS, STARTLE_SIZE = 1.6, 3.0
"""How long after a noise the skin answers, and how many times as strongly as usual."""
MOVEMENT_SHARE = 0.2
"""How much less a movement swings the conductance than the light."""
BREATH_SHARE = 0.0005
"""Of the level, by which it swings with a breath."""
DRIFT_SECONDS = 6.0
"""Time constant of the two low-passes through which the drift of the level reaches the skin: chance alone would jerk it."""
SLOW_SECONDS = 18.0
"""Time constant of the part of a response that dries slowly."""
OWN_SPREAD = 0.2
"""Standard deviation of the logarithms of burst and time constants, around what is usual for the person."""
RISES, RECOVERIES = (0.7, 3.0), (1.5, 8.0)
"""Seconds: a response of any other shape is drawn again."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One response as it runs its course. All but the height in seconds."""

    onset: float
    height: float
    """µS, of the peak."""
    burst: float
    """How long the nerve fires; more strongly in the middle."""
    filling: float
    drying: float
    """Time constants."""
    slow: float
    """Share of the response that dries slowly."""
    largest: float = 1.0
    """Of the course that these give, without the height."""
    rise: float = math.nan
    """Onset to peak."""
    recovery: float = math.nan
    """Peak to half."""

    @staticmethod
    def drawn(chance: np.random.Generator, onset: float, height: float, usual: tuple[float, float, float]) -> Wave:
        """One with the person's usual burst and time constants, more or less."""
        for _ in range(20):
            burst, filling, drying = (np.array(usual) * np.exp(OWN_SPREAD * chance.standard_normal(3))).tolist()
            wave = Wave(onset, height, burst, filling, max(drying, 1.3 * filling), 0.25 * float(chance.random())).measured()
            if RISES[0] <= wave.rise <= RISES[1] and RECOVERIES[0] <= wave.recovery <= RECOVERIES[1]:
                break
        return wave

    def measured(self) -> Wave:
        """The same, with rise, recovery and largest value as they are."""
        times = np.arange(0.0, 20.0, 0.02)
        course = self._course(times)
        peak = int(np.argmax(course))
        half = int(np.argmax(course[peak:] < 0.5 * course[peak]))
        recovery = 0.02 * half if half else math.inf
        return Wave(
            self.onset,
            self.height,
            self.burst,
            self.filling,
            self.drying,
            self.slow,
            largest=float(course[peak]),
            rise=0.02 * peak,
            recovery=recovery,
        )

    @property
    def end(self) -> float:
        """When all but nothing is left, seconds."""
        return self.onset + self.burst + 6.0 * (SLOW_SECONDS if self.slow else self.drying)

    def at(self, times: Samples) -> Samples:
        """µS at each time."""
        return self.height / self.largest * self._course(times - self.onset)

    def _course(self, since: Samples) -> Samples:
        firing = np.clip(since, 0.0, self.burst)
        dry = (1.0 - self.slow) * self._decay(since, firing, self.drying)
        return dry + self.slow * self._decay(since, firing, SLOW_SECONDS) - self._decay(since, firing, self.filling)

    def _decay(self, since: Samples, firing: Samples, constant: float) -> Samples:
        """What is left of a burst that is forgotten with a time constant: the integral of (1 − cos) times the decay."""
        turn, rate = 2.0 * math.pi / self.burst, 1.0 / constant
        decayed = np.exp(-(np.maximum(since, 0.0) - firing) * rate)
        begun = np.exp(-np.maximum(since, 0.0) * rate)
        swung = (rate * np.cos(turn * firing) + turn * np.sin(turn * firing)) / (rate**2 + turn**2)
        return np.asarray(decayed * (constant - swung) - begun * (constant - rate / (rate**2 + turn**2))) / self.burst


class Temper:
    """How one person's skin usually answers: drawn from the seed."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng([seed, 8])
        while True:
            burst, filling, drying = np.exp(draw.uniform(np.log((0.2, 0.25, 1.8)), np.log((1.2, 1.0, 6.0)))).tolist()
            self.usual = burst, filling, drying
            """Burst, filling, drying: seconds."""
            wave = Wave(0.0, 1.0, burst, filling, drying, 0.12).measured()
            if RISES[0] <= wave.rise <= RISES[1] and RECOVERIES[0] <= wave.recovery <= RECOVERIES[1]:
                break


class Skin:
    """Makes the conductance of one piece after the other, and notes its responses."""

    def __init__(self, seed: int, course: Course) -> None:
        self._course = course
        self._witness = Witness(seed, course.happenings)
        self._chance = np.random.default_rng([seed, 4])
        self._temper = Temper(seed)
        self._hats, self._bells = hats(SKIN_HZ), bells(SKIN_HZ)
        self._waves: list[Wave] = []
        self._latest = -math.inf
        self._drift = (0.0, 0.0)
        self.responses: list[Response] = []
        """Responses of the pieces made since somebody emptied this list, in the order of their onsets."""
        self.tonic: Samples = np.zeros(0)
        """Level of the newest piece, (points + 1,), µS: without responses, and with nothing disturbed."""
        self.undisturbed: Samples = np.zeros(0)
        """Conductance of the newest piece as it would be with the electrodes in place, (points + 1,), µS."""

    def piece(self, index: int) -> Samples:
        """Conductance of a piece, (points + 1, 1), µS."""
        first = index * PIECE_SECONDS
        moments = self._course.moments(first, first + PIECE_SECONDS)
        times = first + np.linspace(0.0, PIECE_SECONDS, len(self._bells))
        self._witness.look(float(first))
        self._waves = [wave for wave in self._waves if wave.end > first]
        for second, moment in enumerate(moments[:-1], start=first):
            self._respond(second, moment)
        self.tonic = self._level(moments)
        swing = breath_wave(self._hats @ np.array([moment.breath_phase for moment in moments]))
        self.undisturbed = self.tonic * (1.0 + BREATH_SHARE * swing)
        for wave in self._waves:
            self.undisturbed = self.undisturbed + wave.at(times)
        return self._disturbed(times, self.undisturbed)[:, None]

    def _level(self, moments: list[Moment]) -> Samples:
        drifts = [self._drift]
        for moment in moments[1:]:
            first, second = drifts[-1]
            first += (moment.skin_drift - first) / DRIFT_SECONDS
            drifts.append((first, second + (first - second) / DRIFT_SECONDS))
        self._drift = drifts[-1]
        sweating = np.array([moment.sweating for moment in moments])
        slow = np.array([second for _, second in drifts]) + LEVEL_PER_TENSION * (sweating - 0.5)
        return np.asarray(self._course.person.microsiemens * np.exp(self._bells @ slow))

    def _disturbed(self, times: Samples, level: Samples) -> Samples:
        for disturbance in self._witness.disturbances:
            level = level * (1.0 + MOVEMENT_SHARE * disturbance.at(times))
        for contact in self._witness.contacts:
            level = level * contact.at(times)
        off = np.zeros(len(times), dtype=bool)
        for happening in self._witness.current:
            if happening.takes_electrodes:
                off |= (times >= happening.t) & (times < happening.end)
        return np.where(off, 0.0, level)

    def _respond(self, second: int, moment: Moment) -> None:
        """What the skin does of itself, and after a noise, within one second."""
        come, offset = self._chance.random(2).tolist()
        size = math.exp(SIZE_SPREAD * float(self._chance.standard_normal()))
        shape = np.random.default_rng(self._chance.integers(1 << 62))
        person = self._course.person
        height = USUAL_MICROSIEMENS * size * (0.5 + moment.tension) * person.microsiemens / 5.0
        rate = person.responses_per_min * (0.06 + 0.94 * moment.tension**1.5)
        onset = second + offset
        for happening in self._witness.current:
            if happening.kind is HappeningKind.STARTLE and second <= happening.t + STARTLE_SECONDS < second + 1:
                come, onset = 0.0, happening.t + STARTLE_SECONDS
                height *= STARTLE_SIZE * happening.strength
        if come < rate / 60.0 and onset > self._latest + REFRACTORY_SECONDS:
            wave = Wave.drawn(shape, onset, height, self._temper.usual)
            self._waves.append(wave)
            self._latest = onset
            self.responses.append(Response(onset, height, wave.rise, wave.recovery))
