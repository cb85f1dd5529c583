"""The heart rate of the last seconds, with its standard error, also while the wearer moves.

Theory of operation. There are two estimates. The mean of the intervals of the last 15 s is the sharpest while beats are
clear: of all of them where the shapes of the beats leave no doubt (without the longest and the shortest eighth, unless all
are clean), else of the middle half of those that are clean. The other is a belief over all heart rates that is carried on in
time: it drifts apart as a heart may change, and is sharpened by each beat (by its interval, the more the surer both of its
beats are) and, weakly, by the spectrum of the wave every two seconds. A few false beats, or seconds of movement, hardly move
it. Its mean over the last 9 s is taken where less than half of the time is covered by clean intervals, or where the two
disagree by more than 4 % and more than the intervals spread.

The standard error is read from how wide the belief is, how much the intervals spread, how much of the time they do not cover,
how doubtful the beats are, and how far the two estimates lie apart: the logarithm of the error is a sum of these. Its weights
are fitted to what the errors were on recordings with a reference, on the same disturbed, and on simulated bodies that move
(`benchmarks/sensing/pulse_calibration.py`). Where the error would be above 10 bpm there is no answer, and `Signals` keeps it
to itself also where it is more likely wrong than right (`quality`).

Source: the belief after Bieri and others 2023, "BeliefPPG", UAI, arXiv:2306.07730, with counted beats in place of their
network; the spectrum's part is Noll's, see `periodicity`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt

import numpy as np

from undertone.flow import Beat, BeatFlag, Samples
from undertone.signals.memory import Memory
from undertone.signals.periodicity import RATES, STEP

__all__ = ["WEIGHTS", "Evidence", "HeartRate"]

WEIGHTS = (3.82, 0.78, 0.93, 3.86, 4.04, 2.49)
"""Of 1 and of the traits of `Evidence` in the logarithm of the standard error, bpm."""

_LOGS = np.log(RATES)
_SQUARES = _LOGS * _LOGS
_ONES = np.ones(len(RATES))
_WINDOW = 15.0
_TRACKED = 9.0
_STALE = 5.0
_LEAST = 4
_UNCOVERED = 0.5
_NO_DOUBT = 0.01
_UNKNOWN = 0.3
_SHORTEST, _LONGEST = 0.27, 2.2
_AGREE = 0.04
_WORST_BPM = 10.0
_LEAST_BPM = 0.3

_DRIFT = 0.02
_GRAINS, _MOST_GRAINS = 20, 600
_INTERVAL_SPREAD = 0.06
_SURE = 2.0
_MOST_BELIEVED = 0.9
_SPECTRUM_BEARING = 0.2
_SPECTRUM_DOUBT = 0.05
_NEVER_RULED_OUT = 1e-6
_AROUND_PEAK = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a heart rate and against it."""

    bpm: float
    width: float
    """Standard deviation of the belief, as a share of the rate."""
    spread: float
    """Of the clean intervals of the last 15 s, from their quartiles, as a share of them."""
    uncovered: float
    """Share of the last 15 s without clean intervals, 0…1."""
    doubt: float
    """Mean probability of the last 15 s' beats to be none, by their shapes, 0…1."""
    apart: float
    """By how much the two estimates disagree, as a share of the rate."""

    @property
    def traits(self) -> tuple[float, ...]:
        """What the standard error and the quality are made of, without units, each of moderate size; the first is 1."""
        return (1.0, log(self.width), log(self.spread + 0.02), self.uncovered, self.doubt, min(self.apart, _UNKNOWN))

    @property
    def answer(self) -> tuple[float, float] | None:
        """Beats a minute, and the standard error; None where it is not known to 10 bpm."""
        error = exp(sum(weight * trait for weight, trait in zip(WEIGHTS, self.traits, strict=True)))
        return (self.bpm, max(_LEAST_BPM, error)) if error <= _WORST_BPM else None


class HeartRate:
    """Follows the heart rate of one wearer. Everything comes in order of time."""

    def __init__(self) -> None:
        self._belief = np.full(len(RATES), 1.0 / len(RATES))
        self._now: float | None = None
        self._tracked: deque[tuple[float, float]] = deque()
        self._width = 1.0
        self._clean = Memory(_WINDOW)
        self._all = Memory(_WINDOW)
        self._doubts = Memory(_WINDOW)
        self._odds = 0.0

    def hear(self, t: float, strength: Samples) -> None:
        """Take note of a spectrum: how strongly the wave repeats at each of the rates, 0…1, the strongest 1."""
        self._advance(t)
        share = strength * strength
        share /= float(share @ _ONES)
        self._learn(((1.0 - _SPECTRUM_DOUBT) * share + _SPECTRUM_DOUBT / len(share)) ** _SPECTRUM_BEARING)

    def push(self, beat: Beat, odds: float | None) -> None:
        """Take note of a beat. odds: logarithm of those that it is one; None where only the beat is known."""
        odds = _SURE + 2.0 if odds is None else odds
        self._doubts.add(beat.t, 1.0 / (1.0 + exp(odds)))
        believed = _MOST_BELIEVED / (1.0 + exp(_SURE - min(odds, self._odds)))
        self._odds = odds
        if beat.interval is not None and _SHORTEST <= beat.interval <= _LONGEST:
            self._all.add(beat.t, beat.interval)
        if beat.flag is not BeatFlag.CLEAN or beat.interval is None:
            return
        self._clean.add(beat.t, beat.interval)
        self._advance(beat.t)
        away = (_LOGS + log(beat.interval / 60.0)) / _INTERVAL_SPREAD
        share = np.exp(-0.5 * away * away)
        share /= float(share @ _ONES)
        # Half the bearing of what is independent: the root.
        self._learn(np.sqrt(believed * share + (1.0 - believed) / len(share)))

    def evidence(self, now: float) -> Evidence | None:
        """What is known at a moment; None when nothing has been heard for 5 s."""
        tracked = [rate for t, rate in self._tracked if now - _TRACKED < t <= now]
        if self._now is None or now - self._now > _STALE or not tracked:
            return None
        track = sum(tracked) / len(tracked)
        clean = sorted(self._clean.values(now - _WINDOW, now))
        doubts = self._doubts.values(now - _WINDOW, now)
        doubt = sum(doubts) / len(doubts) if doubts else 1.0
        uncovered = max(0.0, 1.0 - sum(clean) / _WINDOW)
        if len(clean) < _LEAST:
            return Evidence(exp(track), self._width, _UNKNOWN, uncovered, doubt, _UNKNOWN)
        quarter = len(clean) // 4
        spread = log(clean[-1 - quarter] / clean[quarter]) / 1.35
        mean = log(60.0 / self._mean(now, clean, doubt))
        apart = abs(mean - track)
        chosen = mean if uncovered <= _UNCOVERED and apart <= max(_AGREE, spread) else track
        return Evidence(exp(chosen), self._width, spread, uncovered, doubt, apart)

    def _mean(self, now: float, clean: list[float], doubt: float) -> float:
        """The mean interval of the last 15 s, seconds, from as many as the doubt allows."""
        if doubt >= _NO_DOUBT:
            return _trimmed(clean, 4)
        every = self._all.values(now - _WINDOW, now)
        return _trimmed(sorted(every), 8) if len(every) > len(clean) else sum(clean) / len(clean)

    def _advance(self, t: float) -> None:
        """Let the belief drift apart until a time."""
        passed = 0.0 if self._now is None else t - self._now
        if self._now is None or passed > 0.0:
            self._now = t
        if passed <= 0.0:
            return
        self._belief = np.convolve(self._belief, _drift(min(round(passed * _GRAINS), _MOST_GRAINS)), "same")

    def _learn(self, likelihood: Samples) -> None:
        """Sharpen the belief, and note where it stands."""
        belief = self._belief * likelihood
        peak = int(belief.argmax())
        belief += _NEVER_RULED_OUT * float(belief[peak])
        belief /= float(belief @ _ONES)
        self._belief = belief
        near = slice(max(0, peak - _AROUND_PEAK), peak + _AROUND_PEAK + 1)
        rate = float(belief[near] @ _LOGS[near]) / float(belief[near] @ _ONES[near])
        self._width = sqrt(max(0.0, float(belief @ _SQUARES) - 2.0 * rate * float(belief @ _LOGS) + rate * rate))
        assert self._now is not None
        self._tracked.append((self._now, rate))
        while self._tracked[0][0] <= self._now - _TRACKED:
            self._tracked.popleft()


@cache
def _drift(grains: int) -> Samples:
    """How a belief spreads within so many twentieths of a second."""
    deviation = _DRIFT * sqrt(max(1, grains) / _GRAINS) / STEP
    reach = min(len(RATES) // 2, int(3.0 * deviation) + 1)
    return np.asarray(np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2))


def _trimmed(ordered: list[float], part: int) -> float:
    """The mean without the smallest and the largest `part`-th part."""
    cut = len(ordered) // part
    middle = ordered[cut : len(ordered) - cut]
    return sum(middle) / len(middle)
