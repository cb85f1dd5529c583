"""The heart of a simulated body, and the light that its pulse lets through.

Theory of operation. The heart rate is a mean that goes with tension, times one plus three swings: with the breath (respiratory
sinus arrhythmia: larger when calm and when breathing slowly), at 0.1 Hz, and very slowly. Its integral is the phase of the
heart; a beat falls wherever the phase passes a whole number (integral pulse frequency modulation). The pulse wave is a function
of that phase, so that beats and wave cannot disagree. Breathing also moves the wave up and down and changes its size.

Source: integral pulse frequency modulation after R. Hyndman and R. Mohn, Automedica 1:239 (1975); modulations of the pulse wave
by breathing after P. Charlton et al., Physiol. Meas. 37:610 (2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from undertone.flow import Samples
from undertone.sim.course import Course
from undertone.sim.fingertip import DARK_PER_MA, returned_light
from undertone.sim.happenings import Witness
from undertone.sim.pulse_wave import blood_volume

__all__ = ["LIGHT_HZ", "PIECE_SECONDS", "Heart", "bells"]

PIECE_SECONDS = 2
"""The body is made in pieces of this many seconds."""

LIGHT_HZ = 400
"""Points of the light's grid: straight lines between them miss a pulse by less than a thousandth of its size."""

RHYTHM_HZ = 0.1
AMPLITUDE_SWING, BASELINE_SWING = 0.08, 0.25
"""How far a breath changes the pulse's size, and moves it, in pulses."""


def hats(points_per_second: int) -> Samples:
    """Weights of the whole seconds at the points of a piece, (points + 1, PIECE_SECONDS + 1): straight lines between them."""
    seconds = np.linspace(0.0, PIECE_SECONDS, PIECE_SECONDS * points_per_second + 1)
    return np.maximum(0.0, 1.0 - np.abs(seconds[:, None] - np.arange(PIECE_SECONDS + 1)))


def bells(points_per_second: int) -> Samples:
    """As `hats`, with level ends: what is weighted so has no corners, which would look like the rise of a pulse."""
    hat = hats(points_per_second)
    return hat * hat * (3.0 - 2.0 * hat)


def breath_wave(phase: Samples) -> Samples:
    """The lungs, −1…1, over breaths taken; breathing in is quicker than breathing out."""
    angle = 2.0 * np.pi * phase
    return np.asarray(-np.cos(angle + 0.35 * np.sin(angle)))


class _Slow(NamedTuple):
    """What is slow about a body (see `course.Moment`), at each point of a piece, (n,) each."""

    tension: Samples
    breath_per_min: Samples
    heart_drift: Samples
    cosine: Samples
    sine: Samples
    perfusion: Samples
    baseline: Samples


class Heart:
    """Makes the light of one piece after the other, and notes when the heart beat."""

    def __init__(self, seed: int, course: Course, *, heart_bpm: float | None, tension: float) -> None:
        self._course = course
        self._witness = Witness(seed, course.happenings)
        person = course.person
        usual = person.heart_bpm + person.heart_bpm_per_tension * tension
        self._offset = 0.0 if heart_bpm is None else heart_bpm - usual
        self._phase = float(np.random.default_rng([seed, 3]).random())
        self._hats, self._bells = hats(LIGHT_HZ), bells(LIGHT_HZ)
        self.beats: list[float] = []
        """Beats of the pieces made since somebody emptied this list, seconds."""

    def piece(self, index: int) -> Samples:
        """Red and infrared light of a piece, (points + 1, 2), nA for each mA."""
        first = index * PIECE_SECONDS
        moments = self._course.moments(first, first + PIECE_SECONDS)
        times = first + np.linspace(0.0, PIECE_SECONDS, len(self._hats))
        slow = _Slow(*(self._bells @ np.array([moment.of_the_heart for moment in moments])).T)
        breaths = self._hats @ np.array([moment.breath_phase for moment in moments])
        mean, rate = self._rates(times, slow, breaths)
        phase = self._phase + np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) / LIGHT_HZ)])
        self._note_beats(times, phase)
        lungs = breath_wave(breaths)
        size = np.exp(slow.perfusion - 0.8 * (slow.tension - 0.5)) * (1.0 + AMPLITUDE_SWING * lungs)
        volume = size * (blood_volume(phase, mean) - 0.4) + slow.baseline - BASELINE_SWING * lungs
        return self._light(times, self._course.person.pulse * volume)

    def _rates(self, times: Samples, slow: _Slow, breaths: Samples) -> tuple[Samples, Samples]:
        """Heart rate without and with its swings, beats a second, (n,) each."""
        person = self._course.person
        mean = (person.heart_bpm + self._offset + person.heart_bpm_per_tension * slow.tension) / 60.0
        swing = person.sinus_arrhythmia * (1.0 - 0.7 * slow.tension) * np.sqrt(12.0 / slow.breath_per_min)
        angle = 2.0 * np.pi * RHYTHM_HZ * times
        rhythm = slow.cosine * np.cos(angle) + slow.sine * np.sin(angle)
        # The heart is quickest at the end of breathing in.
        rate = mean * (1.0 + swing * breath_wave(breaths - 0.08) + rhythm + slow.heart_drift)
        return mean, np.maximum(rate, 0.4)

    def _note_beats(self, times: Samples, phase: Samples) -> None:
        whole = np.arange(np.floor(phase[0]) + 1.0, np.floor(phase[-1]) + 1.0)
        self.beats += np.interp(whole, phase, times).tolist()
        self._phase = float(phase[-1] - np.floor(phase[-1]))

    def _light(self, times: Samples, blood: Samples) -> Samples:
        """Light from the share of it that blood takes, with all that has happened."""
        self._witness.look(float(times[0]))
        movement = np.zeros(len(times))
        for disturbance in self._witness.disturbances:
            movement -= disturbance.at(times)
        light = returned_light(blood, infrared_per_ma=self._course.person.light, movement=movement)
        for happening in self._witness.current:
            if happening.takes_finger:
                light[(times >= happening.t) & (times < happening.end)] = DARK_PER_MA
        return light
