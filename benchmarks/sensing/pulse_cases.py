"""Pulse waves with a reference: recordings of people, the same disturbed on purpose, and bodies whose truth is known.

A `Case` is a pulse wave and what is known of the beats in it. What a reference does not know is not judged: a `Truth` has
spans, and only there are beats counted as missed or false.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.flow import readonly
from undertone.storage import Recording, Series, load_recording

__all__ = ["Case", "Truth", "contact", "folder", "two_wrists", "wrist"]

Times = NDArray[np.float64]

RUN_LEAST = 8
"""Intervals that the E4 must have trusted in a row for its beats to be held against anybody's."""
RUN_SLACK = 0.04
"""Seconds by which the E4's beats may lie off the sum of its intervals: it counts in 64ths of a second."""
EDGE = 2.0
"""Seconds at either end of a recording in which nobody is judged: offline filters ring there, streams begin and end there."""


@dataclass(frozen=True)
class Truth:
    """Beats, seconds, and the stretches of time within which they are all that there were."""

    beats: Times
    spans: tuple[tuple[float, float], ...]
    longest_delay: float = 0.6
    """How far the pulse may lie from the reference, seconds: what has no common clock may lie far."""
    what: str = ""

    def inside(self, times: Times, *, margin: float = 0.0) -> Times:
        """Those of the times that lie in a span, or less than `margin` outside it."""
        keep = np.zeros(len(times), dtype=bool)
        for start, end in self.spans:
            keep |= (times >= start - margin) & (times <= end + margin)
        return times[keep]

    def shifted(self, seconds: float) -> Truth:
        """The same, later."""
        spans = tuple((start + seconds, end + seconds) for start, end in self.spans)
        return replace(self, beats=self.beats + seconds, spans=spans)

    def within(self, start: float, end: float) -> Truth:
        """The same, judged between these two times only."""
        cut = tuple((max(a, start), min(b, end)) for a, b in self.spans if min(b, end) - max(a, start) > 1.0)
        return replace(self, spans=cut)

    def rate(self, now: float, seconds: float = 15.0) -> float | None:
        """Beats a minute over the last seconds; None where they are not known nearly all of that time."""
        last = int(np.searchsorted(self.beats, now, side="right"))
        first = int(np.searchsorted(self.beats, now - seconds))
        if last - first < 4 or not any(a <= now - seconds + 1.5 and now - 1.5 <= b for a, b in self.spans):
            return None
        return 60.0 * (last - first - 1) / float(self.beats[last - 1] - self.beats[first])


@dataclass(frozen=True)
class Case:
    """A pulse wave with its truth."""

    name: str
    group: str
    recording: Recording
    truth: Truth

    @cached_property
    def series(self) -> Series:
        """The pulse wave."""
        found = self.recording.first("ppg")
        assert found is not None
        return found

    @cached_property
    def wave(self) -> Times:
        """The wave for those who want it whole: upright, without missing samples."""
        values = self.series.values if self.series.upright else -self.series.values
        known = np.isfinite(values)
        return np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])

    def changed(self, name: str, series: Series) -> Case:
        """The same truth with another wave."""
        return replace(self, name=name, recording=replace(self.recording, name=name, series={"ppg": series}))

    def until(self, seconds: float) -> Case:
        """The beginning of it."""
        series = self.series
        cut = replace(series, values=series.values[: round(max(0.0, seconds - series.t0) * series.rate_hz)])
        return replace(self.changed(self.name, cut), truth=self.truth.within(-np.inf, seconds))


def folder() -> Path | None:
    """Where recordings lie, or None where there are none."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    place = Path(os.environ.get("UNDERTONE_DATA", default))
    return place if (place / "stress_predict").is_dir() else None


def contact(data: Path) -> Iterator[Case]:
    """Finger recordings: one against its ECG, ten against a chest strap."""
    recording = load_recording(data / "neurokit_samples" / "sub-01")
    assert recording.beats is not None
    onsets, unsure = recording.beats[:, 0], recording.beats[np.isnan(recording.beats[:, 1]), 0]
    spans = _between(unsure, 2.0, EDGE, recording.series["ppg"].end - EDGE)
    yield Case("neurokit 01", "finger, ECG", recording, Truth(onsets, spans, what="R peaks"))
    for place in sorted((data / "welltory_ppg").glob("sub-*")):
        recording = load_recording(place)
        assert recording.beats is not None
        beats = np.concatenate(([0.0], np.cumsum(recording.beats[:, 1])))
        truth = Truth(beats, ((float(beats[0]), float(beats[-1])),), longest_delay=25.0, what="RR of a strap")
        yield Case(f"welltory {place.name[-2:]}", "finger, strap", recording, truth)


def wrist(data: Path, *, every: int = 1) -> Iterator[Case]:
    """Wrist recordings of 55 minutes against the beats that the E4 itself trusted, every so many people."""
    for place in sorted((data / "stress_predict").glob("sub-*"))[::every]:
        recording = load_recording(place)
        assert recording.beats is not None
        yield Case(f"stress {place.name[-2:]}", "wrist, E4", recording, _trusted(recording.beats))


def two_wrists(data: Path) -> Iterator[tuple[Case, Case]]:
    """Recordings of an E4 and a Galaxy Watch4 that the same person wore at the same time: no reference but one another."""
    nothing = Truth(np.empty(0), ())
    stems = sorted(path.name.split("_acq-watch4")[0] for path in (data / "cogwear").glob("sub-*/*watch4_recording-ppg*.gz"))
    for stem in stems:
        recording = load_recording(data / "cogwear" / stem[:6] / stem)
        if "ppg" not in recording.series:
            continue
        name = stem.replace("sub-", "").replace("_ses-", " ").replace("_task-", " ")
        sides = (recording.series["ppg"], recording.series["acq-watch4_ppg"])
        cases = [Case(name, "two wrists", replace(recording, series={"ppg": side}, beats=None), nothing) for side in sides]
        yield cases[0], cases[1]


def _between(points: Times, margin: float, start: float, end: float) -> tuple[tuple[float, float], ...]:
    """From start to end without what lies within `margin` of the points."""
    edges = [start, *(edge for point in points for edge in (point - margin, point + margin)), end]
    return tuple((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1.0)


def _trusted(rows: Times) -> Truth:
    """The runs of intervals that follow one another without a gap."""
    beats: list[float] = []
    spans: list[tuple[float, float]] = []
    known = rows[np.isfinite(rows[:, 1])]
    breaks = np.flatnonzero(np.abs(np.diff(known[:, 0]) - known[1:, 1]) > RUN_SLACK) + 1
    for run in np.split(known, breaks):
        if len(run) < RUN_LEAST:
            continue
        start = float(run[0, 0] - run[0, 1])
        if spans and start - spans[-1][1] < 0.25:
            continue
        beats += [start, *run[:, 0].tolist()]
        spans.append((start, float(run[-1, 0])))
    return Truth(readonly(beats), tuple(spans), what="the E4's trusted beats")
