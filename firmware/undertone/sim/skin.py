"""The skin of a simulated body: a level of conductance, and responses on top of it.

The level follows tension a minute behind, and drifts. Responses come by chance, more often with more tension, at least a second
apart; their sizes are log-normal. Each is the difference of two exponentials (a Bateman function): it rises within one to two
seconds and falls within several.

Source: shape after D. Alexander et al., J. Neurosci. Methods 146:116 (2005); numbers after M. Dawson, A. Schell and D. Filion,
"The electrodermal system", Handbook of Psychophysiology (2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from undertone.flow import Response, Samples
from undertone.sim.course import Course, Moment
from undertone.sim.happenings import HappeningKind, Witness
from undertone.sim.heart import PIECE_SECONDS, bells

__all__ = ["SKIN_HZ", "Skin"]

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


@dataclass(frozen=True, slots=True)
class _Wave:
    """One response as it runs its course."""

    onset: float
    height: float
    """µS, of the peak."""
    rising: float
    falling: float
    """Time constants, seconds."""

    @property
    def rise(self) -> float:
        """Onset to peak, seconds."""
        return math.log(self.falling / self.rising) * self.falling * self.rising / (self.falling - self.rising)

    def at(self, times: Samples) -> Samples:
        """µS at each time."""
        since = np.maximum(times - self.onset, 0.0)
        peak = math.exp(-self.rise / self.falling) - math.exp(-self.rise / self.rising)
        return (self.height / peak) * (np.exp(-since / self.falling) - np.exp(-since / self.rising))


class Skin:
    """Makes the conductance of one piece after the other, and notes its responses."""

    def __init__(self, seed: int, course: Course) -> None:
        self._course = course
        self._witness = Witness(seed, course.happenings)
        self._chance = np.random.default_rng([seed, 4])
        self._bells = bells(SKIN_HZ)
        self._waves: list[_Wave] = []
        self._latest = -math.inf
        self.responses: list[Response] = []
        """Responses of the pieces made since somebody emptied this list, in the order of their onsets."""

    def piece(self, index: int) -> Samples:
        """Conductance of a piece, (points + 1, 1), µS."""
        first = index * PIECE_SECONDS
        moments = self._course.moments(first, first + PIECE_SECONDS)
        times = first + np.linspace(0.0, PIECE_SECONDS, len(self._bells))
        self._witness.look(float(first))
        self._waves = [wave for wave in self._waves if wave.onset + 15.0 * wave.falling > first]
        for second, moment in enumerate(moments[:-1], start=first):
            self._respond(second, moment)
        person = self._course.person
        slow = self._bells @ np.array([moment.skin_drift + LEVEL_PER_TENSION * (moment.sweating - 0.5) for moment in moments])
        level = person.microsiemens * np.exp(slow)
        for disturbance in self._witness.disturbances:
            level = level * (1.0 + MOVEMENT_SHARE * disturbance.at(times))
        for wave in self._waves:
            level = level + wave.at(times)
        for happening in self._witness.current:
            if happening.takes_electrodes:
                level[(times >= happening.t) & (times < happening.end)] = 0.0
        return np.asarray(level[:, None])

    def _respond(self, second: int, moment: Moment) -> None:
        """What the skin does of itself, and after a noise, within one second."""
        come, offset, rising, falling = self._chance.random(4).tolist()
        size = math.exp(SIZE_SPREAD * float(self._chance.standard_normal()))
        person = self._course.person
        height = USUAL_MICROSIEMENS * size * (0.5 + moment.tension) * person.microsiemens / 5.0
        rate = person.responses_per_min * (0.06 + 0.94 * moment.tension**1.5)
        onset = second + offset
        for happening in self._witness.current:
            if happening.kind is HappeningKind.STARTLE and second <= happening.t + STARTLE_SECONDS < second + 1:
                come, onset = 0.0, happening.t + STARTLE_SECONDS
                height *= STARTLE_SIZE * happening.strength
        if come < rate / 60.0 and onset > self._latest + REFRACTORY_SECONDS:
            wave = _Wave(onset, height, rising=0.5 + 0.5 * rising, falling=2.0 + 3.0 * falling)
            self._waves.append(wave)
            self._latest = onset
            self.responses.append(Response(onset, height, wave.rise))
