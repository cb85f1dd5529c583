"""What beats and heart rates are worth against a reference: scores, error against coverage, and whether promises are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.pulse_cases import EDGE, Case, Truth
from benchmarks.sensing.scoring import Score, delay, match

__all__ = ["Heard", "aligned", "calibration_error", "covered", "judged", "reliability", "window_rates"]

Values = NDArray[np.float64]

TOLERANCE = 0.15
WINDOW = 15.0
NEAR = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """How the beats found in one case compare with its truth."""

    score: Score
    delay: float
    """By which the beats come after the reference, seconds: pulse transit, a detector's mark, a clock of its own."""
    interval_errors: Values
    """Absolute errors of the intervals between beats that were both found, seconds."""


def aligned(found: Values, truth: Truth) -> float:
    """The constant by which the beats found come after the true ones, seconds."""
    if truth.longest_delay < 1.0:
        return delay(truth.inside(found, margin=truth.longest_delay), truth.beats, longest=truth.longest_delay)
    # No common clock: the shift at which most differences agree.
    away = (found[:, None] - truth.beats[None, :]).ravel()
    away = np.sort(away[np.abs(away) <= truth.longest_delay])
    if not len(away):
        return 0.0
    grid = np.arange(-truth.longest_delay, truth.longest_delay, 0.01)
    counts = np.searchsorted(away, grid + NEAR) - np.searchsorted(away, grid - NEAR)
    best = grid[int(np.argmax(counts))]
    return float(np.median(away[np.abs(away - best) <= 2.0 * NEAR]))


def judged(found: Values, case: Case) -> Heard:
    """The score of the beats found in a case, where its truth is known."""
    shift = aligned(found, case.truth)
    truth = case.truth.shifted(shift).within(case.series.t0 + EDGE, case.series.end - EDGE)
    beats = truth.inside(truth.beats)
    near = truth.inside(found, margin=TOLERANCE)
    pairs = match(near, beats, TOLERANCE)
    # A beat just outside a span may be the match of one just inside, but it is not a false one.
    free = np.ones(len(near), dtype=bool)
    free[pairs[:, 0]] = False
    false = len(truth.inside(near[free]))
    follow = (np.diff(pairs, axis=0) == 1).all(axis=1)
    there, asked = near[pairs[:, 0]], beats[pairs[:, 1]]
    errors = np.abs(np.diff(there) - np.diff(asked))[follow] if len(pairs) > 1 else np.empty(0)
    return Heard(Score(len(pairs), false, len(beats) - len(pairs)), shift, errors)


def window_rates(found: Values, moments: Values) -> tuple[Values, Values]:
    """What beats alone say at each moment: rate over the last 15 s, bpm, and how much their intervals spread, as a share.

    NaN where there are fewer than five beats.
    """
    rates, spreads = np.full(len(moments), np.nan), np.full(len(moments), np.inf)
    first, last = np.searchsorted(found, moments - WINDOW), np.searchsorted(found, moments, side="right")
    for index, (start, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        intervals = np.diff(found[start:stop])
        if len(intervals) >= 4:
            rates[index] = 60.0 / intervals.mean()
            spreads[index] = intervals.std() / intervals.mean()
    return rates, spreads


def covered(errors: Values, doubts: Values, shares: tuple[float, ...]) -> list[float]:
    """Mean absolute error of the surest answers, for each share of all moments; NaN where so many were not answered.

    errors: bpm, NaN where nothing was answered. doubts: the larger, the sooner it is left out.
    """
    answered = np.flatnonzero(np.isfinite(errors))
    order = answered[np.argsort(doubts[answered], kind="stable")]
    wanted = [round(share * len(errors)) for share in shares]
    return [float(np.abs(errors[order[:count]]).mean()) if 0 < count <= len(order) else float("nan") for count in wanted]


def reliability(promised: Values, kept: Values, *, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean promise, share kept, and number of moments, for each tenth of the probabilities that holds any."""
    index = np.minimum((promised * bins).astype(int), bins - 1)
    rows = []
    for number in range(bins):
        inside = index == number
        if inside.any():
            rows.append((float(promised[inside].mean()), float(kept[inside].mean()), int(inside.sum())))
    return rows


def calibration_error(promised: Values, kept: Values) -> float:
    """Expected calibration error: how far promises lie from what was kept, over tenths, weighted by their number."""
    rows = reliability(promised, kept)
    return sum(abs(promise - share) * count for promise, share, count in rows) / max(1, len(promised))
