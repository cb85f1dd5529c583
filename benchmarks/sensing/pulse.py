"""Beats and heart rate: ours beside NeuroKit2 (three methods) and HeartPy, on every recording with a reference.

Ours hears each recording second by second as `undertone analyse` does and never looks ahead; the peers get it whole. Beats
match within 150 ms after one constant delay, the same for all of a recording, is taken off. A peer's heart rate is that of
its beats of the last 15 s, and it leaves out first where their intervals spread most.

References: the ECG; the RR of a chest strap (without time stamps, aligned by the shift at which most beats agree); on the wrist
the beats that the E4 itself trusted, eight intervals in a row at least, which is rest more than movement, and between them
nothing is judged; simulated hearts and bodies, whose truth is always known; and for two wrists at the same time one another.
"""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.peers import PEERS, device_costs
from benchmarks.sensing.progress import tell
from benchmarks.sensing.pulse_cases import Case, contact, folder, two_wrists, wrist
from benchmarks.sensing.pulse_hardships import bodies, disturbed, hearts, noises
from benchmarks.sensing.pulse_methods import OURS, Answer, Method, by_own_quality, listened, methods, ours
from benchmarks.sensing.pulse_scores import judged
from benchmarks.sensing.pulse_tables import Tallies, Tally, beats_table, errors_table, picture, promises, row
from benchmarks.sensing.scoring import Score
from undertone.storage import playback

Values = NDArray[np.float64]

SETTLED = 15.0
"""Seconds from the start in which no heart rate is judged."""
BY_QUALITY = "elgendi by NK quality"
SHORT = 64.0
"""Seconds that `bishop`, whose cost is quadratic, gets of anything but the finger recordings; there it is judged on no more."""


def judge_all(cases: Iterable[Case], asked: list[Method], tallies: Tallies) -> None:
    """Ask every method about every case."""
    for case in cases:
        tell(f"{case.group}: {case.name}")
        cells = []
        for method in asked:
            given = case.until(case.series.t0 + SHORT) if "bishop" in method.name and "finger," not in case.group else case
            tally = tallies.setdefault((case.group, method.name), Tally())
            answer = method(given)
            if answer is None:
                tally.failed += 1
                span = given.truth.within(given.series.t0, given.series.end)
                tally.score += Score(0, 0, len(span.inside(span.beats)))
                cells.append("failed")
                continue
            shift = 0.0
            if len(case.truth.beats):
                heard = judged(answer.beats, given)
                shift = heard.delay
                tally.score += heard.score
                tally.intervals.append(heard.interval_errors)
                cells.append(f"{heard.score.f1:.4f}")
            note_rates(tally, given, answer, shift)
            if method.name == "NeuroKit2 elgendi" and len(case.truth.beats):
                _by_quality(tallies, given, answer, shift)
        if case.group.startswith("finger"):
            tell("")
            row(case.name, cells)


def note_rates(tally: Tally, case: Case, answer: Answer, shift: float) -> None:
    """Hold heart rates against the truth; where there is no heart, every answer is wrong."""
    truth = case.truth.shifted(shift)
    settled = answer.moments - case.series.t0 > SETTLED
    if len(case.truth.beats):
        rates = [truth.rate(now) for now in answer.moments.tolist()]
        known = np.array([np.nan if rate is None else rate for rate in rates])
    else:
        known = np.zeros(len(answer.moments))
    kept = settled & np.isfinite(known)
    tally.errors.append((answer.rates - known)[kept])
    tally.doubts.append(answer.doubts[kept])
    if answer.errors is not None and answer.quality is not None:
        tally.deviations.append(answer.errors[kept])
        tally.qualities.append(answer.quality[kept])


def _by_quality(tallies: Tallies, case: Case, answer: Answer, shift: float) -> None:
    """The same rates, left out by NeuroKit2's own quality instead; where that raises, by nothing."""
    try:
        answer = by_own_quality(case, answer)
    except Exception:
        answer = replace(answer, doubts=np.zeros(len(answer.moments)))
    note_rates(tallies.setdefault((case.group, BY_QUALITY), Tally()), case, answer, shift)


def judge_wrists(pairs: Iterable[tuple[Case, Case]], asked: list[Method], tallies: Tallies) -> None:
    """Rates of two devices on one person at one time: what one says is held against the other."""
    for left, right in pairs:
        tell(f"two wrists: {left.name}")
        for method in asked:
            first, second = method(left), method(right)
            tally = tallies.setdefault(("two wrists", method.name), Tally())
            if first is None or second is None:
                tally.failed += 1
                continue
            moments = np.intersect1d(first.moments, second.moments)
            moments = moments[moments > max(left.series.t0, right.series.t0) + SETTLED]
            here, there = (np.searchsorted(answer.moments, moments) for answer in (first, second))
            tally.errors.append(first.rates[here] - second.rates[there])
            tally.doubts.append(np.maximum(first.doubts[here], second.doubts[there]))


def costs(asked: list[Method], data: Path | None) -> None:
    """What an hour of signal costs, and what a device would have to spend on NeuroKit2."""
    print("\nCost: processor seconds for an hour of signal, over all that was given above (ours: causal, once a second)")
    for method in asked:
        failed = f"   gave up on {method.failed} of them" if method.failed else ""
        print(f"    {method.name:22}{3600.0 * method.seconds / max(1.0, method.heard):9.2f} s{failed}")
    failures = sum(len(peer.failures) for peer in PEERS)
    print(f"    pieces of long recordings on which a peer gave up: {failures}")
    case = next(iter(contact(data))) if data is not None else next(iter(bodies(seeds=1)))
    rate = round(case.series.rate_hz)
    seconds = list(playback(case.recording))
    start = process_time()
    listened(seconds)
    own = (process_time() - start) / len(seconds)
    print(f"\nUsed as a device has to, {rate} samples a second, asked once a second: ours {1000.0 * own:.2f} ms of each second")
    for name, cost in device_costs(case.wave, rate).items():
        print(f"    NeuroKit2 {name + ' on 10 s':36}{1000.0 * cost:8.2f} ms of each second, {cost / own:6.0f} times ours")
    hour = np.tile(case.wave, 1 + 3600 * rate // len(case.wave))[: 3600 * rate]
    start = process_time()
    PEERS[0].find(hour, rate)
    offline = process_time() - start
    print(f"    NeuroKit2 elgendi offline, a whole hour at once: {offline:.2f} s; ours, streaming: {3600.0 * own:.2f} s")
    print(f"\nMost memory beside the recording itself, {case.series.end:.0f} s at {rate} samples a second")
    for name, ask in [(OURS, ours), *((peer.name, _finding(peer.name)) for peer in PEERS if "bishop" not in peer.name)]:
        tracemalloc.start()
        ask(case)
        print(f"    {name:22}{tracemalloc.get_traced_memory()[1] / 1e6:8.1f} MB")
        tracemalloc.stop()


def _finding(name: str) -> Callable[[Case], object]:
    peer = next(peer for peer in PEERS if peer.name == name)
    return lambda case: peer.beats(case.wave, case.series.rate_hz, case.series.t0)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few of each, and without bishop")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="also draw error against coverage into this file")
    chosen = parser.parse_args(arguments)
    few = chosen.quick
    asked = methods(bishop=not few)
    names = [method.name for method in asked]
    tallies: Tallies = {}
    data = folder()
    print("Beats of each finger recording: F1")
    row("", names)
    if data is None:
        print("There are no recordings: set UNDERTONE_DATA to the folder that holds them. Only simulations follow.")
    else:
        touch = list(contact(data))
        judge_all(touch[:4] if few else touch, asked, tallies)
        judge_all(disturbed(touch[:1] if few else touch[::2]), [m for m in asked if "bishop" not in m.name], tallies)
        judge_all(wrist(data, every=9 if few else 1), asked, tallies)
        judge_wrists(islice(two_wrists(data), 6 if few else None), [m for m in asked if "bishop" not in m.name], tallies)
    judge_all(hearts(seconds=60.0 if few else 120.0), asked, tallies)
    judge_all(bodies(seeds=1 if few else 6), asked, tallies)
    judge_all(noises(seeds=1 if few else 3), asked, tallies)
    tell("")
    beats_table(tallies, names)
    errors_table(tallies, [*names, BY_QUALITY])
    promises({key: tally for key, tally in tallies.items() if key[0] != "two wrists"})
    costs(asked, data)
    if chosen.picture is not None:
        picture(tallies, names, chosen.picture)
        print(f"\nError against coverage is drawn in {chosen.picture}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
