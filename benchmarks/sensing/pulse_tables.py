"""The tables and the picture of `benchmarks/pulse`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.pulse_methods import OURS
from benchmarks.sensing.pulse_scores import calibration_error, covered, reliability
from benchmarks.sensing.scoring import Score

__all__ = ["SHARES", "Tallies", "Tally", "beats_table", "errors_table", "picture", "promises", "row"]

Values = NDArray[np.float64]

SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass
class Tally:
    """What one method made of one group of cases."""

    score: Score = field(default_factory=Score)
    intervals: list[Values] = field(default_factory=list)
    errors: list[Values] = field(default_factory=list)
    """Of the heart rate, bpm, NaN where it was not told."""
    doubts: list[Values] = field(default_factory=list)
    deviations: list[Values] = field(default_factory=list)
    """Standard errors that were told beside them."""
    qualities: list[Values] = field(default_factory=list)
    failed: int = 0


Tallies = dict[tuple[str, str], Tally]
"""By group and by the name of the method."""


def row(name: str, cells: list[str]) -> None:
    """Print one row of a table."""
    print(f"{name:30}" + "".join(f"{cell:>25}" for cell in cells), flush=True)


def _groups(tallies: Tallies) -> list[str]:
    return list(dict.fromkeys(group for group, _ in tallies))


def beats_table(tallies: Tallies, names: list[str]) -> None:
    """F1 (sensitivity, PPV), and the median error of the intervals, for each group."""
    print("\nBeats: F1 (sensitivity/PPV), and median error of the intervals, ms; failures are counted as missed")
    row("", names)
    for group in _groups(tallies):
        cells = []
        for name in names:
            tally = tallies.get((group, name))
            if tally is None or tally.score == Score():
                cells.append("–")
                continue
            errors = np.concatenate(tally.intervals) if tally.intervals else np.empty(0)
            middle = f"{1000.0 * float(np.median(errors)):.0f}" if len(errors) else "–"
            failed = f" !{tally.failed}" if tally.failed else ""
            cells.append(f"{tally.score.f1:.4f} {tally.score.sensitivity:.2f}/{tally.score.ppv:.2f} {middle:>3}{failed}")
        if any(cell != "–" for cell in cells):
            row(group, cells)


def errors_table(tallies: Tallies, names: list[str]) -> None:
    """Mean absolute error of the heart rate at each coverage."""
    print("\nHeart rate: mean absolute error, bpm, of the surest share of all seconds (– where so many were not answered)")
    print(f"{'':30}{'':22}" + "".join(f"{share:>8.0%}" for share in SHARES) + "   answered  > 5 bpm")
    for group in _groups(tallies):
        for name in names:
            tally = tallies.get((group, name))
            if tally is None or not tally.errors or not any(len(part) for part in tally.errors) or group == "noise":
                continue
            errors, doubts = np.concatenate(tally.errors), np.concatenate(tally.doubts)
            cells = "".join("       –" if np.isnan(error) else f"{error:8.2f}" for error in covered(errors, doubts, SHARES))
            answered = np.isfinite(errors)
            wrong = np.mean(np.abs(errors[answered]) > 5.0) if answered.any() else np.nan
            print(f"{group:30}{name:22}{cells}{answered.mean():>11.1%}{wrong:>9.1%}")


def promises(tallies: Tallies) -> None:
    """Whether standard errors and quality of ours are kept."""
    print("\nOurs: share of true rates within one and two of the standard errors told; quality, promised and kept (5 bpm)")
    print(f"{'':30}{'within 1':>10}{'within 2':>10}{'answered':>10}{'quality':>10}{'kept':>8}{'ECE':>8}")
    all_promised, all_kept = [], []
    for group in _groups(tallies):
        tally = tallies.get((group, OURS))
        if tally is None or not tally.deviations or not any(len(part) for part in tally.deviations):
            continue
        errors, deviations = np.abs(np.concatenate(tally.errors)), np.concatenate(tally.deviations)
        promised = np.concatenate(tally.qualities)
        kept = (errors <= 5.0).astype(np.float64)
        answered = np.isfinite(errors)
        ratio = errors[answered] / deviations[answered]
        one, two = (f"{np.mean(ratio <= many):.1%}" if len(ratio) and group != "noise" else "–" for many in (1.0, 2.0))
        print(
            f"{group:30}{one:>10}{two:>10}{answered.mean():>10.1%}{promised.mean():>10.3f}{kept.mean():>8.3f}"
            f"{calibration_error(promised, kept):>8.3f}"
        )
        all_promised.append(promised)
        all_kept.append(kept)
    promised, kept = np.concatenate(all_promised), np.concatenate(all_kept)
    print(f"all together: expected calibration error {calibration_error(promised, kept):.3f}")
    for promise, share, count in reliability(promised, kept):
        print(f"    promised {promise:6.1%}   kept {share:6.1%}   {count:7d} s")


def picture(tallies: Tallies, names: list[str], file: Path) -> None:
    """Draw error against coverage, a panel for each group."""
    from matplotlib.figure import Figure

    groups = [group for group in _groups(tallies) if group != "noise" and (group, OURS) in tallies]
    across = 4
    down = -(-len(groups) // across)
    figure = Figure(figsize=(3.6 * across, 2.8 * down), layout="constrained")
    shares = tuple(np.arange(0.3, 1.001, 0.02).tolist())
    for place, group in enumerate(groups, 1):
        axes = figure.add_subplot(down, across, place)
        for number, name in enumerate(names):
            tally = tallies.get((group, name))
            if tally is not None and tally.errors:
                error = covered(np.concatenate(tally.errors), np.concatenate(tally.doubts), shares)
                axes.plot(shares, error, color=f"C{number}", label=name, linewidth=2.0 if name == OURS else 1.0)
        axes.set_title(group, fontsize=9)
        axes.set_xlabel("share of the time answered")
        axes.set_ylabel("mean error, bpm")
    figure.axes[0].legend(fontsize=6)
    figure.savefig(file, dpi=120)
