"""Fits the numbers of `undertone.signals` that say how sure a pulse is, and prints how far they can be believed.

    PYTHONPATH=firmware python -m benchmarks.sensing.pulse_calibration

Three regressions, each over sets of which every group weighs the same:

    odds       of a rise to be a beat, from its traits (`rhythm.ODDS`)
    error      logarithm of the standard error of the heart rate (`heart_rate.WEIGHTS`)
    quality    probability that the heart rate is within 5 bpm of the true one (`quality.QUALITY`)

The reference is the ECG, the strap, the beats that the E4 itself trusted (so that wrists speak for rest more than for
movement), simulated hearts, and simulated bodies that move, of which the truth is always known. Noise without any pulse
counts as an answer that is wrong. What is printed below the weights is judged on sets that the fit has not seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.progress import tell
from benchmarks.sensing.pulse_cases import EDGE, Case, contact, folder, wrist
from benchmarks.sensing.pulse_hardships import bodies, disturbed, hearts, noises
from benchmarks.sensing.pulse_scores import aligned, calibration_error, reliability
from benchmarks.sensing.scoring import match
from undertone.flow import Channel
from undertone.signals.beats import Beats
from undertone.signals.filters import Chunks
from undertone.signals.heart_rate import HeartRate
from undertone.signals.pulse import Pulse, Spectrum, Upstroke
from undertone.signals.quality import PulseQuality
from undertone.signals.rhythm import ODDS, Rhythm
from undertone.signals.upstrokes import Rises
from undertone.storage import playback

Values = NDArray[np.float64]

NEAR_BPM = 5.0
BEAT_SECONDS = 0.1
"""A rise this near to a true beat is that beat."""
LEAST_BPM, WORST_BPM = 0.3, 10.0
"""Smallest standard error that is told, and the largest with which there is still an answer."""
TRAITS = 6
"""How many traits the error is made of; the quality takes one more."""
SETTLED = 15.0
"""Seconds from the start of a recording in which nothing is judged."""


@dataclass(frozen=True)
class Told:
    """What was told of one case, a row for each second."""

    group: str
    bpm: Values
    truth: Values
    """NaN where it is not known, 0 where there is none."""
    traits: Values


def told(case: Case) -> Told:
    """Listen to a case, and remember what error and quality are made of."""
    pulse, beats, rate, quality = Pulse(), Beats(0), HeartRate(), PulseQuality()
    rows: list[tuple[float, float, tuple[float, ...]]] = []
    found: list[float] = []
    for second in playback(case.recording):
        for block in second.blocks:
            if block.channel is not Channel.INFRARED:
                continue
            for value in pulse.push(block):
                if isinstance(value, Spectrum) and value.strength is not None:
                    rate.hear(value.t, value.strength)
                for beat, upstroke in beats.push(value) if isinstance(value, Upstroke) else ():
                    assert upstroke is not None
                    rate.push(beat, upstroke.odds)
                    quality.push(beat, upstroke.wave)
                    found.append(beat.t)
        evidence = rate.evidence(second.end)
        if evidence is not None and quality.fresh(second.end, pulse.seen) == 1.0 and second.end > case.series.t0 + SETTLED:
            rows.append((second.end, evidence.bpm, quality.traits(second.end, evidence)))
    moments = np.array([row[0] for row in rows])
    truth = _truth(case, np.array(found), moments)
    traits = np.array([row[2] for row in rows]).reshape(-1, TRAITS + 1)
    return Told(case.group, np.array([row[1] for row in rows]), truth, traits)


def rises(case: Case) -> tuple[Values, Values]:
    """Traits of each rise of a case, (n, 4), and 1 where it is a beat, (n,); only where the truth is known."""
    light = np.concatenate([block.values for second in playback(case.recording) for block in second.blocks])
    rate = round(case.series.rate_hz)
    measured, rhythm = Rises(0, rate), Rhythm(rate)
    places, traits = [], []
    for chunk in Chunks(rate // 2).push(light):
        for rise in measured.push(-chunk):
            places.append(rise.position / case.series.rate_hz + case.series.t0)
            traits.append(rhythm.traits(rise))
    times, table = np.array(places), np.array(traits)
    clear = (table[:, 1] > 1.4) & (table[:, 2] < 1.0)
    truth = case.truth.shifted(aligned(times[clear], case.truth)).within(case.series.t0 + EDGE, case.series.end - EDGE)
    beat = np.zeros(len(times), dtype=bool)
    beat[match(times, truth.beats, BEAT_SECONDS)[:, 0]] = True
    known = np.isin(times, truth.inside(times))
    return table[known], beat[known].astype(np.float64)


def odds_weights(cases: Iterable[Case]) -> Values:
    """Weights of the odds of a rise, by logistic regression; each group of cases weighs the same."""
    parts: dict[str, list[tuple[Values, Values]]] = {}
    for case in cases:
        parts.setdefault(case.group, []).append(rises(case))
    traits = np.concatenate([part[0] for group in parts.values() for part in group])
    kept = np.concatenate([part[1] for group in parts.values() for part in group])
    counts = [(sum(len(part[1]) for part in group), len(part[1])) for group in parts.values() for part in group]
    weights = np.concatenate([np.full(count, 1000.0 / total) for total, count in counts])
    return logistic(traits, kept, weights)


def _truth(case: Case, found: Values, moments: Values) -> Values:
    if not len(case.truth.beats):
        return np.zeros(len(moments))
    truth = case.truth.shifted(aligned(found, case.truth))
    return np.array([np.nan if (rate := truth.rate(now)) is None else rate for now in moments.tolist()])


@dataclass(frozen=True)
class Table:
    """The judged seconds of several cases under one another."""

    traits: Values
    errors: Values
    """Absolute, bpm; inf where there is no heart."""
    weights: Values
    """Such that each group weighs the same."""

    @property
    def right(self) -> Values:
        """1 where the rate was within 5 bpm."""
        return (self.errors <= NEAR_BPM).astype(np.float64)


def _table(parts: list[Told]) -> Table:
    groups = sorted({part.group for part in parts})
    traits, errors, weights = [], [], []
    for group in groups:
        inside = [part for part in parts if part.group == group]
        truth = np.concatenate([part.truth for part in inside])
        known = np.isfinite(truth)
        away = np.abs(np.concatenate([part.bpm for part in inside]) - truth)[known]
        away[truth[known] == 0.0] = np.inf
        traits.append(np.concatenate([part.traits for part in inside])[known])
        errors.append(away)
        weights.append(np.full(len(away), 1000.0 / max(1, len(away))))
    return Table(np.concatenate(traits), np.concatenate(errors), np.concatenate(weights))


def logistic(traits: Values, kept: Values, weights: Values, *, pull: float = 1.0) -> Values:
    """Weights of a logistic regression, by Newton's method. traits: (n, k), the first column 1. pull: towards 0."""
    found = np.zeros(traits.shape[1])
    penalty = pull * np.eye(len(found))
    penalty[0, 0] = 1e-6
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(traits @ found, -50.0, 50.0)))
        slope = traits.T @ (weights * (kept - chance)) - penalty @ found
        bend = (traits * (weights * chance * (1.0 - chance))[:, None]).T @ traits + penalty
        found += np.linalg.solve(bend, slope)
    return found


def quality_weights(table: Table) -> Values:
    """Weights of the quality. Each trait speaks against a pulse: one that would speak for it beside the others is left out."""
    used = np.ones(table.traits.shape[1], dtype=bool)
    while True:
        found = np.zeros(len(used))
        found[used] = logistic(table.traits[:, used], table.right, table.weights)
        wrong = found > 0.0
        wrong[0] = False
        if not wrong.any():
            return found
        used &= ~wrong


def error_weights(table: Table) -> Values:
    """Weights of the logarithm of the standard error: the most probable where errors are Student's with four degrees.

    Then moved so that, of each group alike, two thirds lie within one standard error.
    """
    from scipy.optimize import minimize

    known = np.isfinite(table.errors)
    traits, errors, weights = table.traits[known, :TRAITS], table.errors[known], table.weights[known]

    def cost(found: Values) -> float:
        logs = np.clip(traits @ found, -3.0, 5.0)
        return float(weights @ (logs + 2.5 * np.log1p(errors**2 / np.exp(2.0 * logs) / 4.0)) + 0.5 * found[1:] @ found[1:])

    found = np.asarray(minimize(cost, np.zeros(TRAITS), method="BFGS").x)
    ratio = errors / np.maximum(LEAST_BPM, np.exp(traits @ found))
    order = np.argsort(ratio)
    share = np.cumsum(weights[order]) / weights.sum()
    found[0] += np.log(ratio[order][int(np.searchsorted(share, 0.683))])
    return found


def _promises(fitted: Table, asked: Table, name: str) -> None:
    """Fit on one, and print what it promises of the other."""
    quality = quality_weights(fitted)
    promised = 1.0 / (1.0 + np.exp(-np.clip(asked.traits @ quality, -50.0, 50.0)))
    error = np.maximum(LEAST_BPM, np.exp(asked.traits[:, :TRAITS] @ error_weights(fitted)))
    answered = (error <= WORST_BPM) & np.isfinite(asked.errors)
    within = asked.errors[answered] / error[answered]
    print(f"\n{name}: {len(promised)} seconds, {asked.right.mean():.1%} right")
    if len(within):
        print(f"  within one standard error {np.mean(within <= 1.0):.1%}, within two {np.mean(within <= 2.0):.1%}")
    print(f"  expected calibration error of the quality {calibration_error(promised, asked.right):.3f}")
    for promise, kept, count in reliability(promised, asked.right):
        print(f"    promised {promise:6.1%}   kept {kept:6.1%}   {count:7d} s")


def main() -> None:
    """Fit everything, and print it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    data = folder()
    if data is None:
        raise SystemExit("There are no recordings to fit to: set UNDERTONE_DATA to the folder that holds them.")
    touch = list(contact(data))
    sets: dict[str, list[Case]] = {
        "fingers": touch,
        "disturbed fingers": list(disturbed(touch)),
        "hearts": list(hearts()),
        "bodies": list(bodies()),
        "noise": list(noises()),
        "wrists": list(wrist(data, every=4)),
    }
    whole = [case for name in ("fingers", "disturbed fingers", "hearts", "bodies") for case in sets[name]]
    print("ODDS =", _tuple(odds_weights(whole)), "beside the chosen", ODDS)
    parts = {name: list(_progress(name, cases)) for name, cases in sets.items()}
    everything = _table([part for group in parts.values() for part in group])
    print("WEIGHTS =", _tuple(error_weights(everything)))
    print("QUALITY =", _tuple(quality_weights(everything)))
    _promises(everything, everything, "nothing left out")
    for held in (("fingers", "disturbed fingers"), ("wrists",), ("hearts",), ("bodies",), ("noise",)):
        asked = _table([part for name in held for part in parts[name]])
        fitted = _table([part for name in parts if name not in held for part in parts[name]])
        _promises(fitted, asked, "left out: " + ", ".join(held))


def _progress(name: str, cases: Iterable[Case]) -> Iterator[Told]:
    for number, case in enumerate(cases, 1):
        tell(f"{name}: {number}")
        yield told(case)
    tell("")


def _tuple(values: Values) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in values.tolist()) + ")"


if __name__ == "__main__":
    main()
