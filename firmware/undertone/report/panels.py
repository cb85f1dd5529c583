"""The panels of a recording's picture, one function for each, and the stretch of time that all of them show.

Colours are those of Okabe and Ito, which people who see colours differently tell apart; what matters differs in shape as well.

Source: M. Okabe, K. Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from undertone.flow import Beat, BeatFlag, Samples, readonly
from undertone.report.analysis import Analysis
from undertone.report.evening import clear
from undertone.report.waves import envelope, gaps, steady, upright
from undertone.storage import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DOTS", "FAINT", "GRID", "INK", "PANELS", "Frame", "Panel", "clock", "draw_closely", "named"]

INK, FAINT, GRID, NOTHING = "#27323a", "#8a979f", "#e7ebee", "#eceff1"
WAVE, HEART, BREATH, SKIN, RESPONSE, STATE = "#0072B2", "#D55E00", "#0072B2", "#009E73", "#E69F00", "#7a4b8f"
MARKS: Mapping[BeatFlag, tuple[str, dict[str, Any]]] = {
    BeatFlag.CLEAN: ("beat", {"marker": "o", "ms": 4, "mfc": INK, "mec": INK}),
    BeatFlag.FIRST: ("first after a gap", {"marker": "o", "ms": 5, "mfc": "white", "mec": INK}),
    BeatFlag.ARTEFACT: ("set aside as an artefact", {"marker": "x", "ms": 6, "mec": HEART, "mew": 1.6}),
    BeatFlag.ECTOPIC: ("ectopic", {"marker": "D", "ms": 5, "mfc": "#CC79A7", "mec": INK}),
}
"""What each kind of beat is called and how it is drawn."""
LEFT: dict[str, Any] = {"loc": "left", "fontsize": 8.5, "pad": 4}
ABOVE: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.003, 0.97), "ncols": 4, "columnspacing": 1.4}
"""Where titles and legends stand: above their panels, on nothing that matters."""
OPEN_MICROSIEMENS = 0.03
"""Conductance below which the electrodes were off."""
DOTS = 1400
"""Columns of the picture; there is no use in more points."""
MINUTES_FROM = 180.0
"""Seconds from which on time is told in minutes."""
SHORTEST_GAP = 1.0 / 400.0
"""A gap that is shorter than this share of the picture is not shaded."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is drawn: the analysis between two moments, on an axis in seconds or minutes."""

    analysis: Analysis
    start: float
    end: float

    @property
    def unit(self) -> float:
        """Seconds in one unit of the axis."""
        return 60.0 if self.end - self.start >= MINUTES_FROM else 1.0

    def inside(self, t: float) -> bool:
        """Whether a moment is in the picture."""
        return self.start <= t < self.end

    def curve(self, series: Series, values: Samples) -> tuple[Samples, Samples]:
        """The part of a curve that is in the picture, its times in units of the axis, with no more points than can be seen."""
        times = series.times
        here = (times >= self.start) & (times < self.end)
        shown, values = envelope(times[here], values[here], DOTS)
        return shown / self.unit, values

    def over_time(self, rows: Iterable[Any], *names: str) -> list[Samples]:
        """Times in units of the axis, and of each name its values, NaN where it is not known."""
        rows = [row for row in rows if self.start <= row.t <= self.end]
        columns = [[math.nan if (value := getattr(row, name)) is None else value for row in rows] for name in names]
        return [np.array([row.t for row in rows]) / self.unit, *(np.array(column, dtype=np.float64) for column in columns)]


Panel = Callable[["Axes", Frame], None]


def draw_closely(axes: Axes, frame: Frame, start: float, end: float) -> None:
    """The pulse wave, where it is clearest, with every beat."""
    pulse = frame.analysis.recording.first("ppg")
    assert pulse is not None
    times, values = pulse.times, upright(pulse)
    here = (times >= start) & (times < end)
    axes.plot(*envelope(times[here], values[here], 2 * DOTS), color=WAVE, lw=1.1)
    known = np.isfinite(values)
    for flag, (name, how) in MARKS.items():
        at = np.array([beat.t for beat in frame.analysis.beats if beat.flag is flag and start <= beat.t < end])
        if len(at):
            axes.plot(at, np.interp(at, times[known], values[known]), ls="", label=name, **how)
    axes.set_xlim(start, end)
    axes.set_ylabel("more blood ↑")
    axes.tick_params(labelleft=False)
    axes.set_xlabel("seconds")
    where = f"{clock(start)} to {clock(end)}, where it is clearest (black bar below)"
    axes.set_title(f"the pulse wave from {where}, each beat at its steepest rise", **LEFT)
    axes.legend(**ABOVE)


def _pulse(axes: Axes, frame: Frame) -> None:
    """The whole pulse wave, and below it the beats that are not clean."""
    pulse = frame.analysis.recording.first("ppg")
    assert pulse is not None
    wave = steady(upright(pulse), max(3, round(2.0 * pulse.rate_hz)))
    times, values = frame.curve(pulse, wave)
    axes.plot(times, values, color=WAVE, lw=0.6)
    # Wide enough for the pulse; movement may be as large as it likes, and leaves the panel.
    known = np.abs(values[np.isfinite(values)])
    reach = 4.0 * float(np.median(known)) if len(known) and known.any() else 1.0
    axes.set_ylim(-1.5 * reach, reach)
    _missing(axes, frame, pulse)
    # The wave itself says nothing that a scale would help with.
    axes.tick_params(labelleft=False)
    axes.set_ylabel("pulse wave")
    odd = [beat for beat in frame.analysis.beats if beat.flag in (BeatFlag.ARTEFACT, BeatFlag.ECTOPIC) and frame.inside(beat.t)]
    _rug(axes, frame, odd)


def _heart(axes: Axes, frame: Frame) -> None:
    """Heart rate with its error, before the rates of the single intervals."""
    beats = [beat for beat in frame.analysis.beats if beat.flag is BeatFlag.CLEAN and beat.interval and frame.inside(beat.t)]
    single = np.array([60.0 / beat.interval for beat in beats if beat.interval])
    size = min(3.0, max(1.4, 900.0 / max(len(single), 1)))
    at = [beat.t / frame.unit for beat in beats]
    dots: dict[str, Any] = {"ls": "", "marker": "o", "mec": "none", "mfc": FAINT}
    axes.plot(at, single, ms=size, alpha=0.7, **dots)
    axes.plot([], [], ms=3.0, label="each clean interval", **dots)
    times, rate, error = frame.over_time(map(clear, frame.analysis.features), "heart_bpm", "heart_error_bpm")
    _banded(axes, times, rate, error, HEART, "heart rate")
    _limit(axes, np.concatenate([single, rate]), least=10.0)
    axes.set_ylabel("heart, bpm")


def _breath(axes: Axes, frame: Frame) -> None:
    times, rate, error = frame.over_time(map(clear, frame.analysis.features), "breathing_per_min", "breathing_error_per_min")
    _banded(axes, times, rate, error, BREATH, "breathing")
    _limit(axes, rate, least=8.0)
    axes.set_ylabel("breaths/min")


def _skin(axes: Axes, frame: Frame) -> None:
    """Conductance with its level; a stem for each response, as high as it is strong."""
    skin = frame.analysis.recording.first("eda")
    assert skin is not None
    # Open electrodes conduct nothing, which says nothing of the skin.
    microsiemens = np.where(skin.microsiemens < OPEN_MICROSIEMENS, np.nan, skin.microsiemens)
    skin = replace(skin, values=readonly(microsiemens), unit="µS")
    times, values = frame.curve(skin, microsiemens)
    axes.plot(times, values, color=SKIN, lw=1.0, label="conductance")
    at, level = frame.over_time(frame.analysis.features, "tonic_microsiemens")
    axes.plot(at, level, color=INK, lw=0.9, ls="--", alpha=0.8, label="level")
    low, high = _limit(axes, np.concatenate([values, level]), bottom=0.3, least=0.2)
    responses = [response for response in frame.analysis.responses if frame.inside(response.t)]
    if responses:
        strong = np.array([response.amplitude_microsiemens for response in responses])
        most = float(np.percentile(strong, 95.0))
        tops = low + 0.2 * (high - low) * np.minimum(strong / most, 1.2)
        axes.vlines([r.t / frame.unit for r in responses], low, tops, color=RESPONSE, lw=1.1, label="responses")
    _missing(axes, frame, skin)
    axes.set_yticks([tick for tick in axes.get_yticks() if max(0.0, low) <= tick <= high])
    axes.set_ylabel("skin, µS")


def _quality(axes: Axes, frame: Frame) -> None:
    recording = frame.analysis.recording
    times, pulse, skin = frame.over_time(frame.analysis.features, "pulse_quality", "skin_quality")
    if recording.first("ppg") is not None or recording.beats is not None:
        axes.plot(times, 100.0 * pulse, color=HEART, lw=1.1, label="of the pulse")
    if recording.first("eda") is not None:
        axes.plot(times, 100.0 * skin, color=SKIN, lw=1.1, ls=(0, (4, 1)), label="of the skin")
    axes.set_ylim(-4.0, 104.0)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("quality, %")


def _state(axes: Axes, frame: Frame) -> None:
    """Arousal against this person's usual, where there is any confidence in it."""
    times, arousal, confidence = frame.over_time(frame.analysis.affects, "arousal", "confidence")
    axes.axhline(0.0, color=FAINT, lw=0.8)
    axes.plot(times, np.where(confidence > 0.0, arousal, np.nan), color=STATE, lw=1.3, label="0 is this person's usual")
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, 0, 1])
    axes.set_ylabel("arousal")


def _has(kind: str) -> Callable[[Analysis], bool]:
    return lambda analysis: analysis.recording.first(kind) is not None


def _beats(analysis: Analysis) -> bool:
    return bool(analysis.beats)


PANELS: tuple[tuple[float, Callable[[Analysis], bool], Panel], ...] = (
    (1.2, _has("ppg"), _pulse),
    (1.6, _beats, _heart),
    (1.0, _beats, _breath),
    (1.7, _has("eda"), _skin),
    (0.8, lambda analysis: True, _quality),
    (1.0, lambda analysis: any(affect.confidence > 0.0 for affect in analysis.affects), _state),
)
"""Height in inches, whether a recording has it, and what draws it."""


# ------------------------------------------------------------------------------------------------------------ parts of panels


def _banded(axes: Axes, times: Samples, values: Samples, error: Samples, color: str, name: str) -> None:
    """A line within the band of its standard error."""
    axes.plot(times, values, color=color, lw=1.3, label=name)
    if np.isfinite(error).any():
        low, high = values - error, values + error
        axes.fill_between(times, low, high, color=color, alpha=0.22, lw=0, label="give or take its error")


def _limit(axes: Axes, values: Samples, *, bottom: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """Let the axis hold all but the most extreme hundredth, and room below as a share; returns its ends."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        axes.set_ylim(0.0, 1.0)
        return 0.0, 1.0
    low, high = (float(edge) for edge in np.percentile(known, [0.5, 99.5]))
    wide = max(high - low, least, 1e-6)
    middle = 0.5 * (low + high)
    low, high = middle - (0.5 + bottom) * wide, middle + 0.56 * wide
    axes.set_ylim(low, high)
    axes.locator_params(axis="y", nbins=5, integer=high - low > 4.0)
    return low, high


def _rug(axes: Axes, frame: Frame, beats: list[Beat]) -> None:
    """Beats that are not clean, along the lower edge."""
    low, high = axes.get_ylim()
    for row, flag in enumerate((BeatFlag.ARTEFACT, BeatFlag.ECTOPIC)):
        at = [beat.t / frame.unit for beat in beats if beat.flag is flag]
        if at:
            name, how = MARKS[flag]
            size = {**how, "ms": 4 if len(at) < 200 else 2.5, "mew": 1.0}
            axes.plot(at, [low + (0.09 + 0.07 * row) * (high - low)] * len(at), ls="", label=f"{name} ({len(at):,})", **size)


def _missing(axes: Axes, frame: Frame, series: Series) -> None:
    """Shade the time of which nothing is known."""
    shortest = max(1.0, SHORTEST_GAP * (frame.end - frame.start))
    spans = [*gaps(series, shortest), (frame.start, series.t0), (series.end, frame.end)]
    label: str | None = "nothing measured"
    for start, end in spans:
        start, end = max(start, frame.start), min(end, frame.end)
        if end - start >= shortest:
            axes.axvspan(start / frame.unit, end / frame.unit, fc=NOTHING, ec="#c3ccd2", hatch="///", lw=0, label=label)
            label = None


def named(axes: Axes) -> None:
    """Names of what is drawn, above the panel."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**ABOVE)


def clock(seconds: float) -> str:
    """Minutes and seconds: "59:26"."""
    sign, whole = ("−" if seconds < 0 else ""), abs(round(seconds))
    return f"{sign}{whole // 60}:{whole % 60:02d}"
