"""Skin conductance: ours beside NeuroKit2 and cvxEDA, on simulated people whose truth is known and on recordings.

    benchmarks/skin [--quick] [--picture FILE]

What is true: simulated people at tension 0.5 whose responses rise within 0.7 to 3 s and lose half within 1.5 to 8 s, in shapes
that differ between people and from one response to the next (`undertone.sim.skin`), 2 to 20 a minute at random, at least one
second apart. Every response that would be at least 0.03 µS high alone counts, however near it is to others; none are merged.
A response is found when an onset lies within 0.5 s of its own; no delay is removed from anybody. The first 6 s and the last
20 s of a sitting count for nobody, because ours is causal: it begins late and tells late. Amplitude, rise and recovery are
compared where a response was found; the tonic level, once a second, with the true one.

Ours hears a quarter of a second at a time, the others the whole sitting. The peers and how they are used: `skin_peers`.

Recordings have no truth: there the table says how far ours and the others agree.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.progress import tell
from benchmarks.sensing.scoring import Score, match
from benchmarks.sensing.skin_peers import OURS, PEERS, Cost, Found, measured, ours
from benchmarks.sensing.skin_truth import Sitting, artefacts, blocks, sitting
from undertone.errors import RecordingError
from undertone.flow import Channel
from undertone.sim.happenings import HappeningKind
from undertone.storage import load_recording
from undertone.storage.playback import playback

__all__: list[str] = []

Values = NDArray[np.float64]

NAMES = (OURS, *PEERS)
RATES = (2.0, 5.0, 10.0, 20.0)
NOISES = (0.0005, 0.002, 0.005)
TOLERANCE = 0.5
FIRST, LAST = 6.0, 20.0
FIRST_SEED = 2000
"""Development used other people."""
ARTEFACTS = (
    HappeningKind.PRESSURE,
    HappeningKind.KNOCK,
    HappeningKind.MOVEMENT,
    HappeningKind.LOOSE,
    HappeningKind.ELECTRODES_OFF,
)
ARTEFACTS_PER_MIN = 3.0
FINGERS = ("neurokit_samples/sub-02/sub-02_task-rest", "neurokit_samples/sub-03/sub-03_task-pictures")
WRISTS = tuple(f"stress_predict/sub-{number:02d}/sub-{number:02d}_task-stress" for number in (2, 5, 7, 10, 20, 25, 30, 35))


@dataclass(slots=True)
class Tally:
    """What one method did under one condition."""

    score: Score = field(default_factory=Score)
    onset: list[float] = field(default_factory=list)
    amplitude: list[tuple[float, float]] = field(default_factory=list)
    rise: list[float] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    tonic: list[float] = field(default_factory=list)

    def take(self, found: Found, truth: Sitting) -> None:
        """Add one sitting."""
        true = truth.onsets()
        last = float(truth.times[-1]) - LAST
        onsets = np.array([response.t for response in true])
        pairs = match(found.onsets, onsets, TOLERANCE)
        counted = [(f, t) for f, t in pairs.tolist() if FIRST <= onsets[t] < last]
        lone = np.delete(found.onsets, pairs[:, 0])
        missed = np.delete(onsets, pairs[:, 1])
        self.score += Score(len(counted), _inside(lone, last), _inside(missed, last))
        for f, t in counted:
            response = true[t]
            self.onset.append(float(found.onsets[f]) - response.t)
            self.amplitude.append((float(found.amplitudes[f]), response.amplitude_microsiemens))
            self.rise.append(float(found.rises[f]) - response.rise)
            if response.recovery is not None:
                self.recovery.append(float(found.recoveries[f]) - response.recovery)
        level = np.interp(found.tonic[:, 0], truth.times, truth.tonic)
        now = (found.tonic[:, 0] > 2 * FIRST) & (found.tonic[:, 0] < last)
        self.tonic += np.abs(found.tonic[now, 1] / level[now] - 1.0)[:: max(1, int(now.sum()) // 300)].tolist()

    def row(self) -> str:
        """The columns of the table."""
        amplitude = np.array(self.amplitude).reshape(-1, 2)
        logs = np.log(np.maximum(amplitude, 1e-3))
        alike = float(np.corrcoef(logs.T)[0, 1]) if len(logs) > 2 else np.nan
        share = np.abs(amplitude[:, 0] / amplitude[:, 1] - 1.0)
        recovered = np.isfinite(self.recovery)
        return (
            f"{self.score.f1:5.3f} {self.score.sensitivity:5.3f} {self.score.ppv:5.3f} "
            f"{_median(self.onset):+6.2f} ±{float(np.std(self.onset)) if self.onset else np.nan:4.2f} "
            f"{100 * _median(share):4.0f} % {alike:5.2f} {_median(np.abs(self.rise)):5.2f} "
            f"{_median(np.abs(self.recovery)):5.2f} {100 * float(np.mean(recovered)) if len(recovered) else 0.0:4.0f} % "
            f"{100 * _median(self.tonic):5.1f} %"
        )


HEAD = (
    "   F1  sens   ppv  onset, s      amplitude   rise  half recovery  tonic\n"
    f"{'':31}" + "                    error     r |err|  |err| known   error"
)


def _inside(times: Values, last: float) -> int:
    return int(np.sum((times >= FIRST) & (times < last)))


def _median(values: Iterable[float] | Values) -> float:
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    return float(np.median(array)) if len(array) else float("nan")


def heard(truth: Sitting, costs: dict[str, Cost], *, memory: bool = False) -> Iterator[tuple[str, Found]]:
    """What each method finds in a sitting."""
    seconds = len(truth.values) / truth.rate_hz
    values, t0 = np.array(truth.values), float(truth.times[0])
    stream = list(blocks(truth.times, truth.values, truth.rate_hz))
    yield OURS, measured(lambda: ours(stream), costs[OURS], seconds, memory=memory)
    for name, peer in PEERS.items():
        call: Callable[[], Found] = lambda peer=peer: peer(values, truth.rate_hz, t0)  # type: ignore[misc]  # noqa: E731
        yield name, measured(call, costs[name], seconds, memory=memory)


def on_truth(people: int, minutes: float, costs: dict[str, Cost]) -> None:
    """The table over rates and noises."""
    print(f"\nSimulated truth: {people} people, {minutes:g} min each, for every rate and noise; 16 Hz, onset within 0.5 s")
    print(f"{'':31}{HEAD}")
    for rate in RATES:
        for noise in NOISES:
            tallies = {name: Tally() for name in NAMES}
            for person in range(people):
                tell(f"{rate:g}/min, noise {noise} µS: person {person + 1}/{people}")
                truth = sitting(FIRST_SEED + person, minutes=minutes, per_min=rate, noise=noise)
                for name, found in heard(truth, costs, memory=person == 0 and noise == NOISES[0]):
                    tallies[name].take(found, truth)
            tell("")
            for name, tally in tallies.items():
                label = f"{rate:4g}/min {noise:6.4f} µS" if name == OURS else ""
                print(f"{label:17} {name:13}{tally.row()}")


def on_artefacts(people: int, minutes: float) -> None:
    """False responses a minute where the skin does nothing."""
    print(f"\nFalse responses a minute: no response at all, {ARTEFACTS_PER_MIN:g} disturbances a minute, at 0.5 and 5 µS")
    print(f"{'':18}" + "".join(f"{name:>15}" for name in NAMES))
    for kind in (None, *ARTEFACTS):
        counts: defaultdict[str, int] = defaultdict(int)
        total = 0.0
        for person in range(people):
            for level in (0.5, 5.0):
                tell(f"{kind}: person {person + 1}/{people}")
                seed = FIRST_SEED + person
                script = [] if kind is None else artefacts(seed, minutes=minutes, per_min=ARTEFACTS_PER_MIN, kinds=[kind])
                truth = sitting(
                    seed, minutes=minutes, per_min=1e-6, noise=0.0005 * level**0.5, microsiemens=level, script=script
                )
                total += minutes
                for name, found in heard(truth, defaultdict(Cost)):
                    counts[name] += len(found.onsets)
        tell("")
        print(f"{kind or 'nothing':18}" + "".join(f"{counts[name] / total:15.2f}" for name in NAMES))


def on_recordings(folder: Path, wrists: int, costs: dict[str, Cost]) -> None:
    """Agreement on recordings, which have no truth."""
    if not folder.is_dir():
        print(f"\nThere are no recordings in {folder}: set UNDERTONE_DATA to the folder that holds them.")
        return
    print("\nRecordings: responses a minute; how many of ours the other has within 1 s, and how many of theirs ours has;")
    print(f"correlation of the numbers in each minute. Fingers at 100 Hz; wrists at 4 Hz, {wrists} of the set's 35.")
    print(f"{'':16}{'ours/min':>9} " + "".join(f"{name:>14}/min  ours theirs   r" for name in PEERS))
    for stem in (*FINGERS, *WRISTS[:wrists]):
        try:
            recording = load_recording(folder / stem)
        except RecordingError as error:
            print(f"{stem}: {error}")
            continue
        tell(stem)
        skin = recording.first("eda")
        if skin is None:
            continue
        stream = [block for second in playback(recording) for block in second.blocks if block.channel is Channel.SKIN]
        values = np.array(skin.microsiemens)
        known = np.isfinite(values)
        values = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
        seconds = len(values) / skin.rate_hz
        mine = measured(lambda stream=stream: ours(stream), Cost(), seconds)  # type: ignore[misc]
        cells = ""
        for peer in PEERS.values():
            theirs = measured(
                lambda peer=peer, values=values, skin=skin: peer(values, skin.rate_hz, skin.t0),  # type: ignore[misc]
                Cost(),
                seconds,
            )
            cells += agreement(mine, theirs, seconds)
        tell("")
        print(f"{stem.split('/')[0][:8]} {stem.split('/')[1]} {60 * len(mine.onsets) / seconds:7.1f}  {cells}")


def agreement(mine: Found, theirs: Found, seconds: float) -> str:
    """One peer's cells of the table of recordings."""
    pairs = len(match(mine.onsets, theirs.onsets, 1.0))
    edges = np.arange(0.0, seconds + 60.0, 60.0) + (mine.onsets[0] // 60.0 * 60.0 if len(mine.onsets) else 0.0)
    counts = [np.histogram(found.onsets, edges)[0].astype(np.float64) for found in (mine, theirs)]
    spread = len(counts[0]) > 4 and min(float(np.std(count)) for count in counts) > 0.0
    alike = f"{float(np.corrcoef(*counts)[0, 1]):5.2f}" if spread else "    –"
    here, there = (f"{100 * pairs / max(1, len(found.onsets)):4.0f} %" for found in (mine, theirs))
    return f"{60 * len(theirs.onsets) / seconds:18.1f}{here}{there}{alike}"


def picture(path: Path) -> None:
    """One minute with twenty responses: truth, ours, and cvxEDA's peaks."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    truth = sitting(FIRST_SEED + 2, minutes=4.0, per_min=20.0, noise=0.001)
    first, last = 120.0, 180.0
    found = dict(heard(truth, defaultdict(Cost)))
    figure, axes = pyplot.subplots(figsize=(12, 5))
    shown = (truth.times >= first) & (truth.times < last)
    axes.plot(truth.times[shown], truth.values[shown], color="black", linewidth=0.9, label="conductance")
    axes.plot(truth.times[shown], truth.tonic[shown], color="grey", linestyle=":", label="true level")
    tonic = found[OURS].tonic
    near = (tonic[:, 0] >= first) & (tonic[:, 0] < last)
    axes.plot(tonic[near, 0], tonic[near, 1], color="tab:blue", linewidth=0.9, label="our level")
    low, high = float(np.min(truth.tonic[shown])), float(np.max(truth.values[shown]))
    rows = (
        ("truth", np.array([response.t for response in truth.onsets()]), "black"),
        ("ours", found[OURS].onsets, "tab:blue"),
        ("cvxEDA", found["cvxEDA"].onsets, "tab:orange"),
    )
    for row, (name, onsets, colour) in enumerate(rows):
        level = low - (0.06 + 0.05 * row) * (high - low)
        onsets = onsets[(onsets >= first) & (onsets < last)]
        axes.plot(onsets, np.full(len(onsets), level), "|", color=colour, markersize=10, markeredgewidth=1.6, label=name)
    axes.set_xlabel("seconds")
    axes.set_ylabel("µS")
    axes.legend(loc="upper right", ncols=3, fontsize=8)
    axes.set_title("Twenty skin responses a minute: onsets that are true, and found")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"Drawn in {path}.")


def main() -> None:
    """All tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 people instead of 8, and one wrist instead of eight")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw one minute: truth, ours, cvxEDA")
    options = parser.parse_args()
    people, minutes, wrists = (2, 3.0, 1) if options.quick else (8, 6.0, len(WRISTS))
    costs: dict[str, Cost] = defaultdict(Cost)
    on_truth(people, minutes, costs)
    on_artefacts(max(1, people // 2), minutes)
    folder = Path(os.environ.get("UNDERTONE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    on_recordings(folder, wrists, costs)
    print("\nCost, on the simulated people: ours streaming with features once a second, the others once over all")
    for name, cost in costs.items():
        print(f"{name:14} {cost.per_hour:8.3f} s of CPU an hour of signal, {cost.peak / 1e6:7.2f} MB at most")
    if options.picture:
        picture(options.picture)


if __name__ == "__main__":
    main()
