"""Fits the weights of `undertone.signals.skin_quality`, and shows how reliable they are on other bodies.

    python -m benchmarks.sensing.skin_calibration [--quick]

Simulated people sit still or have their electrodes pressed, knocked, moved, peeled and taken off, up to four times a minute, at
levels of 0.3 to 15 µS, with 2 to 15 responses a minute and noise of 0.0004 to 0.01 µS. Once a second the truth is asked whether
the window was good (see the docstring of `skin_quality`). A third of the people sit undisturbed: how often a given number turns
out right depends, as with every probability, on how common disturbances are.

Prints the weights, to be put into `skin_quality.WEIGHTS`; then, on people that were not used for fitting and with the weights
that are in `skin_quality`, how often windows of each quality were good, and the expected calibration error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.progress import tell
from benchmarks.sensing.skin_truth import Sitting, artefacts, blocks, sitting
from undertone.signals.conductance import Conductance
from undertone.signals.skin_quality import WEIGHTS, WINDOW
from undertone.sim.happenings import HappeningKind

__all__ = ["expected_calibration_error", "good", "judged", "person"]

KINDS = (
    HappeningKind.MOVEMENT,
    HappeningKind.PRESSURE,
    HappeningKind.KNOCK,
    HappeningKind.LOOSE,
    HappeningKind.ELECTRODES_OFF,
)
MINUTES = 6.0
FIRST_TEST_SEED = 10_000
LEVEL_WINDOW = 10.0
TONIC_SHARE = 0.10
MOVED, MOVED_SHARE = 0.03, 0.01

Values = NDArray[np.float64]


def person(seed: int) -> Sitting:
    """Somebody of the population that is described above."""
    draw = np.random.default_rng([seed, 5])
    microsiemens = float(np.exp(draw.uniform(np.log(0.3), np.log(15.0))))
    per_min = float(draw.uniform(1.0, 4.0))
    script = [] if seed % 3 == 0 else artefacts(seed, minutes=MINUTES, per_min=per_min, kinds=KINDS)
    return sitting(
        seed,
        minutes=MINUTES,
        per_min=float(draw.uniform(2.0, 15.0)),
        noise=float(np.exp(draw.uniform(np.log(0.0004), np.log(0.01)))),
        microsiemens=microsiemens,
        script=script,
    )


def good(truth: Sitting, now: float, level: float | None) -> bool:
    """Whether the window that ends now is the skin's, undisturbed, and the level right."""
    last = int(np.searchsorted(truth.times, now))
    first = int(np.searchsorted(truth.times, now - WINDOW))
    tonic = float(np.mean(truth.tonic[int(np.searchsorted(truth.times, now - LEVEL_WINDOW)) : last]))
    moved = float(np.ptp(truth.disturbance[first:last]))
    return level is not None and abs(level / tonic - 1.0) <= TONIC_SHARE and moved <= max(MOVED, MOVED_SHARE * tonic)


def judged(truth: Sitting) -> Iterator[tuple[tuple[float, ...] | None, float, bool]]:
    """Once a second, from the 12th: what was weighed (None where no sample is fresh), the quality, and whether it was good."""
    skin = Conductance()
    for count, block in enumerate(blocks(truth.times, truth.values, truth.rate_hz), 1):
        skin.push(block)
        if count % 4 == 0 and count >= 48:
            now = block.end
            quality, evidence = skin.quality(now), skin.evidence(now)
            yield (
                evidence.weighed() if evidence is not None and quality > 0.0 else None,
                quality,
                good(truth, now, skin.level(now)),
            )


def fitted(weighed: Values, truth: Values, *, ridge: float = 1.0) -> Values:
    """Weights of a logistic regression, the constant first, by Newton's method. weighed: (n, k); truth: (n,) of 0 and 1."""
    design = np.column_stack([np.ones(len(weighed)), weighed])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        probability = 1.0 / (1.0 + np.exp(-design @ weights))
        slope = design.T @ (truth - probability) - ridge * weights
        bend = (design * (probability * (1.0 - probability))[:, None]).T @ design + ridge * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def expected_calibration_error(quality: Values, truth: Values, *, bins: int = 10) -> float:
    """Mean distance between quality and share of good windows, over ten equal ranges of quality, by their numbers."""
    index = np.minimum((quality * bins).astype(int), bins - 1)
    apart = [abs(float(np.sum(quality[index == k]) - np.sum(truth[index == k]))) for k in range(bins)]
    return sum(apart) / len(quality)


def gathered(seeds: range, label: str) -> tuple[Values, Values, Values, Values]:
    """Weighed evidence and truth where samples are fresh; quality and truth of all."""
    rows: list[tuple[float, ...]] = []
    fresh: list[bool] = []
    everything: list[tuple[float, bool]] = []
    for done, seed in enumerate(seeds, 1):
        tell(f"{label} {done}/{len(seeds)}")
        for weighed, quality, truth in judged(person(seed)):
            everything.append((quality, truth))
            if weighed is not None:
                rows.append(weighed)
                fresh.append(truth)
    tell("")
    quality, truth_of_all = np.array(everything, dtype=np.float64).T
    return np.array(rows), np.array(fresh, dtype=np.float64), quality, truth_of_all


def show(quality: Values, truth: Values) -> None:
    """The table of reliability."""
    print(f"{'quality':>10} {'windows':>8} {'mean':>6} {'good':>6}")
    edges = (0.0, 1e-9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0 + 1e-9)
    for low, high in pairwise(edges):
        inside = (quality >= low) & (quality < high)
        if inside.any():
            span = "0" if high < 1e-6 else f"{low:.1f}–{high:.1f}"
            print(f"{span:>10} {int(inside.sum()):8d} {quality[inside].mean():6.3f} {truth[inside].mean():6.3f}")
    lucky = np.mean((quality - truth) ** 2)
    print(f"expected calibration error {expected_calibration_error(quality, truth):.3f}, Brier score {lucky:.3f}, ")
    print(f"share of good windows {truth.mean():.3f} (always saying that: Brier {truth.mean() * (1 - truth.mean()):.3f})")


def main() -> None:
    """Fit, then judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="8 people for fitting and 8 for judging, instead of 60 and 60")
    people = 8 if parser.parse_args().quick else 60
    weighed, truth, _, _ = gathered(range(people), "fitting")
    print("weights fitted:", tuple(round(float(weight), 2) for weight in fitted(weighed, truth)))
    print("weights in use:", WEIGHTS)
    _, _, quality, truth = gathered(range(FIRST_TEST_SEED, FIRST_TEST_SEED + people), "judging")
    show(quality, truth)


if __name__ == "__main__":
    main()
