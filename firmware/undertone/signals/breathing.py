"""Breathing rate with its standard error, from what breathing does to the pulse.

Theory of operation. Breathing in quickens the heart, and moves the size and the base line of the pulse wave; `modulations`
weighs, for each rate, what the three say about it. Here this becomes a probability of each rate, and is carried on: every 5 s
the probabilities are blurred by what breathing may change in that time (4.5 %, and with a chance of 1 in 400 to anything
usual), and multiplied with the new evidence. As successive windows share most of their beats, the evidence counts 0.3 of
itself, but the first of all the whole; where only beats are known, and not their waves, so that one of the three has to speak
for all, it counts 1.75 times as much. What is usual is a rate around 15 a minute: 9 to 25 in two of three cases.

The answer is the mean of the rates within 18 % of the most probable one. Its standard error is that of all rates around the
answer, other peaks included, widened by 30 % because true breathing is less regular than one peak; that was measured on
recordings. Above 2.6 a minute there is no answer.

A rate above half the heart rate cannot be seen in heartbeats, and a slow rhythm of the vessels near 6 a minute can look like
breathing where breathing itself shows in none of the three.

Source: fusion by agreement is the idea of Karlen and others 2013, IEEE TBME 60(7):1946–1953, doi:10.1109/TBME.2013.2246160;
forward filtering over a grid after Rabiner 1989, Proceedings of the IEEE 77(2):257–286, doi:10.1109/5.18626.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np

from undertone.flow import Beat, BeatFlag, Samples, readonly
from undertone.signals.history import History
from undertone.signals.modulations import RATES, WINDOWS, evidence, spectra
from undertone.signals.pulse import Upstroke

__all__ = ["Breathing"]

_EVERY = 5.0
_HOLE = 4.0
_STALE = 8.0
_FORGOTTEN = 60.0
_COUNTS = 0.3
_ALONE = 1.75
_CHANGE = 0.045
_ANYTHING = 0.0025
_USUAL, _USUALLY = 15.0, 0.5
_SLACK = 1.5
_NEAR = 0.18
_WIDER = 1.3
_LARGEST_ERROR = 2.6


class Breathing:
    """Remembers the clean beats of the last 48 s, and how probable each rate is by now.

    What it says depends on the beats pushed, not on when it is asked.
    """

    def __init__(self) -> None:
        self._beats = History(5, WINDOWS[0] + _EVERY)
        self._stretch = 0
        self._newest = self._estimated = -np.inf
        self._probability = _usual()
        self._new = True
        self._answer: tuple[float, float] | None = None

    def push(self, beat: Beat, upstroke: Upstroke | None) -> None:
        """Take note of a beat; of an artefact nothing is kept. upstroke: None when only the beat is known."""
        if beat.interval is None:
            self._stretch += 1
        if beat.flag is not BeatFlag.CLEAN or beat.interval is None:
            return
        if beat.t - self._newest > _HOLE:
            self._stretch += 1
        height, level = (upstroke.height, upstroke.level) if upstroke is not None else (0.0, 0.0)
        if not self._beats.add((beat.t, beat.interval, height, level, self._stretch)):
            return
        self._newest = beat.t
        if beat.t - self._estimated >= _EVERY:
            self._estimate(beat.t)

    def rate(self, now: float) -> tuple[float, float] | None:
        """Breaths a minute and their standard error; None when it is above 2.6, or no clean beat came for 8 s."""
        return self._answer if now - self._newest <= _STALE else None

    def _estimate(self, now: float) -> None:
        passed = now - self._estimated
        self._estimated = now
        if passed > _FORGOTTEN:
            self._probability = _usual()
            self._new = True
        else:
            for _ in range(round(passed / _EVERY)):
                self._probability = _step() @ self._probability
        beats = self._beats.after(now - WINDOWS[0])
        power = self._power(beats)
        self._answer = None
        if power is None:
            return
        counts = (1.0 if self._new else _COUNTS) * (_ALONE if len(power) == 1 else 1.0)
        self._new = False
        weight = counts * evidence(power, float(np.sort(beats[:, 1])[len(beats) // 2]))
        likely = self._probability * np.exp(weight - weight.max())
        self._probability = likely / likely.sum()
        self._answer = _read(self._probability)

    def _power(self, beats: Samples) -> Samples | None:
        """Spectra over the longest window that clean beats fill."""
        span = float(beats[-1, 0] - beats[0, 0])
        for window in WINDOWS:
            power = spectra(beats, window) if span >= window - _SLACK else None
            if power is not None:
                return power
        return None


@cache
def _usual() -> Samples:
    """Probability of each rate when nothing is known, (100,)."""
    weight = np.exp(-0.5 * (np.log(RATES / _USUAL) / _USUALLY) ** 2)
    return readonly(weight / weight.sum())


@cache
def _step() -> Samples:
    """Probability of each rate (first index) five seconds after each rate (second index), (100, 100)."""
    apart = np.log(RATES[:, None] / RATES[None, :])
    near = np.exp(-0.5 * (apart / _CHANGE) ** 2)
    return readonly((1.0 - _ANYTHING) * near / near.sum(axis=0) + _ANYTHING * _usual()[:, None])


def _read(probability: Samples) -> tuple[float, float] | None:
    """The rate and its standard error; None where that is too large."""
    most = RATES[int(np.argmax(probability))]
    near = np.where(np.abs(np.log(RATES / most)) < _NEAR, probability, 0.0)
    rate = float(near @ RATES) / float(near.sum())
    error = _WIDER * sqrt(float(probability @ (RATES - rate) ** 2))
    return (rate, error) if error <= _LARGEST_ERROR else None
