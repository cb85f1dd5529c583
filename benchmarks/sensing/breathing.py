"""Breathing rate and heart-rate variability: ours beside what offline libraries give on the same, where the truth is known.

Ours goes sample by sample through `undertone.signals.Signals`, asked once a second, and does not look ahead; it may say that it
does not know. Errors are compared every 5 s with the mean rate of the 48 s before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.breathing_cases import WINDOW, Case, check_count, recorded, simulated
from benchmarks.sensing.breathing_peers import heartpy_rates, neurokit_rates
from benchmarks.sensing.breathing_ward import ward
from benchmarks.sensing.progress import tell
from benchmarks.sensing.variability import variability_tables
from undertone.flow import Beat, BeatFlag
from undertone.signals import Signals
from undertone.signals.breathing import Breathing
from undertone.signals.pulse import Upstroke
from undertone.signals.variability import Variability
from undertone.storage.playback import playback

Rows = NDArray[np.float64]

EVERY = 5
MADE = ("body", "ward")
"""How the groups begin whose cases are made up."""
TRUTH, OURS, ERROR, NEUROKIT, HEARTPY = range(5)


@dataclass(frozen=True)
class Run:
    """What came of one case."""

    group: str
    name: str
    rows: Rows
    """A row every 5 s: true rate, our rate, our standard error, NeuroKit2's rate, HeartPy's; NaN for no answer. (n, 5)."""
    first: float
    """Seconds from the first sample to our first answer; inf for none."""


def run(case: Case) -> Run:
    """All answers to one case."""
    signals, neurokit, heartpy = Signals(), neurokit_rates(case.recording), heartpy_rates(case.recording)
    rows, begin, first = [], None, np.inf
    for second in playback(case.recording):
        begin = second.end - 1.0 if begin is None else begin
        for block in second.blocks:
            signals.push(block)
        for t, interval in second.beats:
            signals.push_beat(t, interval)
        now = second.end
        known = signals.features(now)
        if known.breathing_per_min is not None:
            first = min(first, now - begin)
        truth = case.rate(now) if now - begin >= WINDOW and round(now) % EVERY == 0 else None
        if truth is not None:
            given = (known.breathing_per_min, known.breathing_error_per_min, neurokit(now), heartpy(now))
            rows.append((truth, *(np.nan if value is None else value for value in given)))
    return Run(case.group, case.name, np.array(rows).reshape(-1, 5), first)


def measures(rows: Rows, column: int) -> str:
    """Share answered, mean absolute error, bias, and share within 2 a minute, of one of the three who answer."""
    answered = np.isfinite(rows[:, column])
    if not answered.any():
        return f"{0:6.2f}     –      –     –"
    off = rows[answered, column] - rows[answered, TRUTH]
    return f"{answered.mean():6.2f} {np.abs(off).mean():5.2f} {off.mean():+6.2f} {(np.abs(off) <= 2.0).mean():5.2f}"


def honesty(rows: Rows) -> str:
    """Shares of our answers within one and within two standard errors."""
    known = rows[np.isfinite(rows[:, OURS])]
    off = np.abs(known[:, OURS] - known[:, TRUTH])
    return (
        f"{(off <= known[:, ERROR]).mean():5.2f} {(off <= 2.0 * known[:, ERROR]).mean():5.2f}" if len(known) else "    –     –"
    )


HEADING = (
    f"{'':34}{'':7}| {'ours':^38}| {'NeuroKit2':^25}| {'HeartPy':^25}\n"
    f"{'':34}{'moments':>7}| {'known':>5} {'MAE':>5} {'bias':>6} {'≤ 2':>5} {'1 SE':>5} {'2 SE':>5}  "
    f"| {'known':>5} {'MAE':>5} {'bias':>6} {'≤ 2':>5} | {'known':>5} {'MAE':>5} {'bias':>6} {'≤ 2':>5}"
)


def line(name: str, rows: Rows) -> str:
    """One line of the table."""
    ours, peers = measures(rows, OURS), (measures(rows, NEUROKIT), measures(rows, HEARTPY))
    return f"{name:34}{len(rows):7d}|{ours} {honesty(rows)}  |{peers[0]} |{peers[1]}"


def tables(runs: Sequence[Run]) -> Iterable[str]:
    """The table of recordings one by one, the groups, and error against coverage."""
    yield HEADING
    for one in runs:
        if not one.group.startswith(MADE):
            yield line(one.name, one.rows)
    yield ""
    for group in dict.fromkeys(one.group for one in runs):
        yield line(group, np.concatenate([one.rows for one in runs if one.group == group]))
    bodies = [one.rows for one in runs if one.group.startswith("body")]
    if bodies:
        rows = np.concatenate(bodies)
        for low, high in ((4.0, 8.0), (8.0, 14.0), (14.0, 20.0), (20.0, 30.0)):
            yield line(f"bodies at {low:g} to {high:g} a minute", rows[(rows[:, TRUTH] >= low) & (rows[:, TRUTH] < high)])
    begun = sorted(one.first for one in runs)
    yield f"\nFirst answer after {begun[len(begun) // 2]:.0f} s (median of {len(begun)}), {begun[0]:.0f} s at the earliest."
    yield "\nOurs, error against coverage: answers whose standard error is at most …"
    yield f"{'':34}" + "".join(f"{limit:>12}" for limit in ("0.5", "0.75", "1", "1.5", "2", "all"))
    for title, chosen in _kinds(runs):
        if chosen:
            yield f"{title + ': share known / MAE':34}" + "".join(f"{value:>12}" for value in _curve(np.concatenate(chosen)))


def _kinds(runs: Sequence[Run]) -> Iterable[tuple[str, list[Rows]]]:
    """The rows of recordings, of bodies, and of the ward."""
    yield "recordings", [one.rows for one in runs if not one.group.startswith(MADE)]
    yield "bodies", [one.rows for one in runs if one.group.startswith("body")]
    yield "ward", [one.rows for one in runs if one.group == "ward"]


def _curve(rows: Rows) -> Iterable[str]:
    for limit in (0.5, 0.75, 1.0, 1.5, 2.0, np.inf):
        kept = rows[np.isfinite(rows[:, OURS]) & (np.nan_to_num(rows[:, ERROR], nan=np.inf) <= limit)]
        off = np.abs(kept[:, OURS] - kept[:, TRUTH])
        yield f"{len(kept) / len(rows):.2f} / {off.mean():.2f}" if len(kept) else "0.00 / –"


def cost() -> str:
    """Time for a second of signal, of breathing and variability, beside that of all of `Signals`; in this process, now."""
    body = next(iter(simulated(quick=True))).recording
    begin = time.perf_counter()
    signals, beats = Signals(), []
    for second in playback(body):
        for block in second.blocks:
            beats += [beat for beat in signals.push(block) if isinstance(beat, Beat)]
        signals.features(second.end)
    whole = (time.perf_counter() - begin) / 240.0
    draw = np.random.default_rng(0)
    upstrokes = [
        Upstroke(beat.t, draw.normal(1000.0, 50.0), draw.normal(1e5, 50.0), np.zeros(27), beat.flag is BeatFlag.FIRST)
        for beat in beats
    ]
    spent = []
    for _ in range(5):
        breathing, variability = Breathing(), Variability()
        begin = time.perf_counter()
        for beat, upstroke in zip(beats, upstrokes, strict=True):
            breathing.push(beat, upstroke)
            variability.push(beat)
        spent.append((time.perf_counter() - begin) / 240.0)
    return (
        f"Cost for each second of signal: breathing and variability {1e6 * min(spent):.0f} µs, "
        f"all of Signals {1e6 * whole:.0f} µs."
    )


def picture(runs: Sequence[Run], path: Path) -> None:
    """Answers against truth, and error against coverage, as a file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for title, chosen in _kinds(runs):
        if not chosen:
            continue
        rows = np.concatenate(chosen)
        known = rows[np.isfinite(rows[:, OURS])]
        left.errorbar(known[:, TRUTH], known[:, OURS], known[:, ERROR], fmt=".", markersize=3, elinewidth=0.3, label=title)
        order = known[np.argsort(known[:, ERROR])]
        off = np.abs(order[:, OURS] - order[:, TRUTH])
        share = np.arange(1, len(off) + 1)
        right.plot(share / len(rows), np.cumsum(off) / share, label=title)
    left.plot((4.0, 30.0), (4.0, 30.0), color="grey", linewidth=0.8)
    left.set(xlabel="true breaths a minute", ylabel="answer, ± standard error")
    right.set(xlabel="share of the time answered, surest first", ylabel="mean absolute error a minute", ylim=(0.0, None))
    left.legend()
    right.legend()
    figure.savefig(path)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(prog="benchmarks/breathing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer bodies and patients, and less of the variability")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="draw answers against truth into this file")
    chosen = parser.parse_args()
    print(f"Counting breaths on belts of known rate: within {check_count():.2f} a minute.", flush=True)
    runs: list[Run] = []
    for case in chain(recorded(), simulated(quick=chosen.quick), ward(quick=chosen.quick)):
        tell(f"{len(runs) + 1:4d}  {case.group}: {case.name}")
        runs.append(run(case))
    tell("")
    if all(one.group.startswith(MADE) for one in runs):
        print("There are no recordings here: set UNDERTONE_DATA to the folder that holds neurokit_samples.")
    for text in chain(tables(runs), variability_tables(quick=chosen.quick), [cost()]):
        print(text, flush=True)
    if chosen.picture is not None:
        picture(runs, chosen.picture)
        print(f"The picture is in {chosen.picture}.")


if __name__ == "__main__":
    main()
