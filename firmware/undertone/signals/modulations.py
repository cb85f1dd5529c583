"""What of the changes from beat to beat repeats, at which rate, and how far above chance.

Theory of operation. Three things are known of each clean beat: its interval, the height of its upstroke, and the level of the
light. Each becomes an even series, a power spectrum over breathing rates, and a weight of evidence:

*Series.* Where nothing clean was heard for four seconds, or samples were lost, the finger may lie differently afterwards: such
a break parts the window into stretches. Each stretch is taken relative to its own median; shorter ones than six seconds, and
the breaks themselves, are zero: nothing is drawn across them. Values further than 2.5 robust standard deviations are cut off
there, so that one artefact is not a rhythm. Size and unit go with the division by that deviation.

*Spectrum.* Without its parabola, under a Hann window, at each of a hundred rates.

*Background.* Without breathing, slow changes are larger than quick ones: power falls with a power of the rate. The straight
line through the logarithms (with its slope drawn towards −1.5, and peaks cut off) says what chance alone would give here.

*Evidence.* Power over background is drawn from an exponential distribution if there is only chance, and from one (1 + s) times
as wide if there is a rhythm s times as strong. The logarithm of the ratio of the two, averaged over s of 1 and 4 and over the
chance of 0.7 that breathing does not show in this one of the three at all, is the evidence. So that one of the three can
neither decide alone nor forbid, it has a floor, and from ten times the background on it grows only with the logarithm. Breath
is no sine: three tenths of the evidence at twice a rate count for it. The vessels have a rhythm of their own near 6 a minute:
below 7 a minute 0.2 is taken off, up to 9 less. The evidence of the three is added.

Source: modulations after Karlen and others 2013, IEEE TBME 60(7):1946–1953, doi:10.1109/TBME.2013.2246160, and Charlton and
others 2018, IEEE Reviews in Biomedical Engineering 11:2–20, doi:10.1109/RBME.2017.2763681. The likelihood of a periodogram is
Whittle's (1953, Arkiv för Matematik 2:423–434, doi:10.1007/BF02590998); its use for weighing them is ours.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from undertone.flow import Samples, readonly

__all__ = ["RATES", "WINDOWS", "evidence", "spectra"]

RATES = readonly(np.exp(np.linspace(np.log(4.5), np.log(33.0), 100)))
"""Breaths a minute that are looked for, each 2 % above the one before, shape (100,)."""

WINDOWS = (48.0, 40.0, 32.0, 24.0)
"""Seconds of which spectra can be taken, longest first."""

_GRID_HZ = 2.5
_STRETCH = 6.0
_LEAST_COVERED = 0.6
_TAME = 2.5
_TO_DEVIATION = 1.4826
_FINEST = np.array([0.0005, 0.0, 0.0])
"""Beats are not known to a finer time than this, seconds; height and level have no smallest change of their own."""
_SLOPE = -1.5
_STEADY = 20.0
_STEEPEST, _FLATTEST = -3.5, 0.5
_ABOVE, _BELOW = 1.0, 3.0
_EULER = 0.5772
_DEEPEST = 0.005
_LARGE, _BEYOND = 10.0, 0.15
_STRENGTHS = np.array([1.0, 4.0])[:, None, None]
_ABSENT = 0.7
_OVERTONE = 0.3
_VESSELS = 0.2

_LOG_RATES = np.log(RATES)
_STEP = float(_LOG_RATES[1] - _LOG_RATES[0])
_SLOW = np.interp(RATES, (7.0, 9.0), (1.0, 0.0))


def spectra(beats: Samples, window: float) -> Samples | None:
    """Power of each modulation at each rate over the last `window` seconds, (0…3, 100); None where too little was clean.

    beats: a row for each clean beat: time, interval, height, level, number of its stretch; (n, 5), n ≥ 1.
    window: one of `WINDOWS`. Stretches must cover 60 % of it. What does not vary has no row in the result.
    """
    beats = beats[beats[:, 0] > beats[-1, 0] - window]
    transform = _fourier(window)
    grid = beats[-1, 0] - np.arange(transform.shape[1])[::-1] / _GRID_HZ
    covered, kept, values = _stretches(beats, grid)
    if np.count_nonzero(covered) < _LEAST_COVERED * len(grid):
        return None
    deviation = _TO_DEVIATION * _median(np.abs(values))
    varies = deviation > _FINEST
    tame = np.minimum(np.maximum(values[:, varies] / deviation[varies], -_TAME), _TAME)
    series = np.array([np.interp(grid, kept, column) for column in tame.T]).reshape(-1, len(grid)) * covered
    parts = series @ transform.T
    return np.asarray(parts[:, : len(RATES)] ** 2 + parts[:, len(RATES) :] ** 2)


def evidence(power: Samples, interval: float) -> Samples:
    """How much more likely each rate is than chance, natural logarithm, (100,); 0 for rates that beats cannot show.

    power: of each modulation, from `spectra`. interval: between beats, seconds. Two beats a breath are the least that show it.
    """
    seen = int(np.searchsorted(RATES, 29.4 / interval))
    result = np.zeros(len(RATES))
    if not len(power):
        return result
    power, rates = power[:, :seen], _LOG_RATES[:seen]
    chance = np.maximum(_background(power, rates), _DEEPEST * power.max(axis=1, keepdims=True))
    ratio = power / chance
    ratio = np.minimum(ratio, _LARGE * (1.0 + _BEYOND * np.log(np.maximum(ratio / _LARGE, 1.0))))
    likelier = np.exp(ratio * (_STRENGTHS / (1.0 + _STRENGTHS))) / (1.0 + _STRENGTHS)
    each = np.log(_ABSENT + (1.0 - _ABSENT) * likelier.sum(axis=0) / len(_STRENGTHS))
    octave = round(np.log(2.0) / _STEP)
    total = (each - _VESSELS * _SLOW[:seen]).sum(axis=0)
    total[: seen - octave] += _OVERTONE * np.maximum(each[:, octave:], 0.0).sum(axis=0)
    result[:seen] = total
    return result


def _stretches(beats: Samples, grid: Samples) -> tuple[Samples, Samples, Samples]:
    """Which of the grid stretches cover (0 or 1), times of the beats in them, and values relative to each stretch's median."""
    covered = np.zeros(len(grid))
    kept, values = [np.empty(0)], [np.empty((0, 3))]
    edges = [0, *(np.flatnonzero(beats[1:, 4] != beats[:-1, 4]) + 1).tolist(), len(beats)]
    for start, stop in pairwise(edges):
        stretch = beats[start:stop]
        first, last = stretch[0, 0], stretch[-1, 0]
        if last - first >= _STRETCH:
            covered[(grid >= first) & (grid <= last)] = 1.0
            kept.append(stretch[:, 0])
            values.append(stretch[:, 1:4] - _median(stretch[:, 1:4]))
    return covered, np.concatenate(kept), np.concatenate(values)


def _background(power: Samples, rates: Samples) -> Samples:
    """What chance alone would give, shape of `power`: a straight line through logarithms. rates: their logarithms, (n,)."""
    x = rates - rates.sum() / len(rates)
    y = np.log(power + 1e-12)
    line = _median((y - _SLOPE * x).T)[:, None] + _SLOPE * x
    y = line + np.minimum(np.maximum(y - line, -_BELOW), _ABOVE)
    slope = np.minimum(np.maximum((y @ x + _STEADY * _SLOPE) / (x @ x + _STEADY), _STEEPEST), _FLATTEST)
    # The logarithm of exponentially distributed power lies on average below that of its mean by Euler's constant.
    return np.asarray(np.exp(y.sum(axis=1, keepdims=True) / len(x) + slope[:, None] * x + _EULER))


def _median(columns: Samples) -> Samples:
    """Of each column of (n, k), shape (k,). Several times as quick as numpy's on the little that is asked here."""
    ordered = np.sort(columns, axis=0)
    return np.asarray(0.5 * (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]))


@cache
def _fourier(window: float) -> Samples:
    """Takes an even series to its cosine and sine parts at each rate, without its parabola, under a Hann window.

    Shape (200, samples).
    """
    count = round(window * _GRID_HZ)
    t = np.arange(count) / _GRID_HZ
    parabola, _ = np.linalg.qr(np.vander(t - t.mean(), 3))
    angle = 2.0 * np.pi * np.outer(RATES / 60.0, t)
    waves = np.concatenate((np.cos(angle), np.sin(angle))) * np.hanning(count)
    return readonly(waves - (waves @ parabola) @ parabola.T)
