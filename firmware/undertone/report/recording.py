"""One picture of a recording: its waves, and everything that was found in them, above each other on one axis of time."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from undertone.errors import StorageError, UndertoneError
from undertone.flow import Samples
from undertone.report.analysis import Analysis
from undertone.report.panels import DOTS, FAINT, GRID, INK, PANELS, Frame, Panel, clock, draw_closely, named
from undertone.report.waves import steady
from undertone.storage import Event, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CLOSE_SECONDS", "draw_recording"]

SHADES = ("#e3eef6", "#f7ecd8")
"""Of events that follow each other."""
STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK, "axes.grid": True, "grid.color": GRID,
    "axes.axisbelow": True, "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "legend.fontsize": 8, "legend.borderaxespad": 0.2, "svg.fonttype": "none",
}  # fmt: skip
WIDTH = 11.0
"""Inches."""
BETWEEN = 0.26
"""Inches above a panel."""
CLOSE_INCHES = 2.35
"""Of the wave shown closely, with what is around it."""
CLOSE_SECONDS = 15.0
"""Of the wave that are shown closely, unless asked for otherwise."""
QUALITY_LAG = 4.0
"""Seconds by which a quality is told later than the middle of the stretch that it is about."""


def draw_recording(
    analysis: Analysis, file: Path, *, start: float | None = None, end: float | None = None, close: float = CLOSE_SECONDS
) -> Path:
    """Draw a recording into a file, whose ending says how: .png, .svg or .pdf. Returns the file.

    start, end: seconds on the recording's clock; all of it if not given. close: seconds of the pulse wave that are shown
    closely, where it is clearest; 0 for none.

    Raises UndertoneError where there is nothing to draw in that time or matplotlib is missing, StorageError where the file
    cannot be written.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise UndertoneError("Pictures need matplotlib: pip install 'undertone[report]'.") from error
    frame = _framed(analysis, start, end)
    panels = [(height, panel) for height, there, panel in PANELS if there(analysis)]
    clearest = _clearest(frame, close)
    matplotlib.use("Agg")
    from matplotlib import pyplot

    height = sum(height + BETWEEN for height, _ in panels)
    with matplotlib.rc_context(STYLE):
        figure = pyplot.figure(figsize=(WIDTH, 1.27 + height + (CLOSE_INCHES if clearest else 0.0)))
        try:
            _compose(figure, frame, panels, clearest)
            figure.savefig(file, dpi=140)
        except OSError as error:
            why = error.strerror or str(error)
            raise StorageError(f"The picture {file} cannot be written ({why}): choose another place with --out.") from None
        finally:
            pyplot.close(figure)
    return file


def _framed(analysis: Analysis, start: float | None, end: float | None) -> Frame:
    """The part that is asked for, within what there is."""
    if not analysis.features:
        raise UndertoneError(f"There is nothing to draw in {analysis.recording.name}: no pulse wave, conductance or beats.")
    first, last = analysis.features[0].t - 1.0, analysis.features[-1].t
    frame = Frame(analysis, first if start is None else max(first, start), last if end is None else min(last, end))
    if frame.end - frame.start < 1.0:
        raise UndertoneError(
            f"{analysis.recording.name} goes from {clock(first)} to {clock(last)} (minutes and seconds): there is nothing to "
            f"draw in the part asked for."
        )
    return frame


def _compose(figure: Any, frame: Frame, panels: list[tuple[float, Panel]], clearest: tuple[float, float] | None) -> None:
    """Put the panels above each other, those in the picture's own time on one axis."""
    lanes = [event for event in frame.analysis.recording.events if _shown(frame, event)]
    heights, inches = [height for height, _ in panels], figure.get_figheight()
    figure.text(0.012, 1.0 - 0.24 / inches, _title(frame), fontsize=11)
    margins = {"left": 0.075, "right": 0.988}
    top = 1.0 - 0.35 / inches
    if clearest is not None:
        grid = figure.add_gridspec(1, 1, top=top - 0.25 / inches, bottom=top - (CLOSE_INCHES - 0.55) / inches, **margins)
        draw_closely(figure.add_subplot(grid[0, 0]), frame, *clearest)
        top -= CLOSE_INCHES / inches
    space = BETWEEN * len(heights) / sum(heights)
    grid = figure.add_gridspec(
        len(panels), 1, top=top - 0.42 / inches, bottom=0.45 / inches, hspace=space, height_ratios=heights, **margins
    )
    first: Any = None
    for index, (_, panel) in enumerate(panels):
        axes = figure.add_subplot(grid[index, 0], sharex=first)
        first = first or axes
        panel(axes, frame)
        named(axes)
        _happened(axes, frame, lanes, named=index == 0)
        axes.yaxis.set_label_coords(-0.045, 0.5)
        axes.tick_params(labelbottom=index == len(panels) - 1, bottom=index == len(panels) - 1)
        if clearest is not None and index == 0:
            axes.axvspan(*(t / frame.unit for t in clearest), ymin=0.0, ymax=0.05, color=INK, lw=0)
    first.set_xlim(frame.start / frame.unit, frame.end / frame.unit)
    axes.set_xlabel("minutes" if frame.unit > 1.0 else "seconds")


def _title(frame: Frame) -> str:
    recording = frame.analysis.recording
    devices = sorted({series.device for series in recording.series.values() if series.device})
    part = f"{clock(frame.start)} to {clock(frame.end)}"
    return "   ".join([recording.name, part, *devices[:2]])


def _happened(axes: Axes, frame: Frame, events: list[Event], *, named: bool) -> None:
    """Events as bands through all panels; above the first their names, and along its top the times of trouble."""
    done = [event for event in events if "message" not in event.more]
    for index, event in enumerate(done):
        start, end = max(event.onset, frame.start) / frame.unit, min(event.onset + event.duration, frame.end) / frame.unit
        if event.duration:
            axes.axvspan(start, end, color=SHADES[index % 2], lw=0, zorder=0)
        else:
            axes.axvline(start, color=FAINT, lw=0.8, ls=":", zorder=0.5)
    if not named:
        return
    width = (frame.end - frame.start) / frame.unit
    for event in events:
        if "message" in event.more:
            start, end = event.onset / frame.unit, (event.onset + event.duration) / frame.unit
            axes.axvspan(start, max(end, start + 3.0 * width / DOTS), ymin=0.95, ymax=1.0, color=INK, lw=0, alpha=0.75)
    free = [-math.inf, -math.inf]
    for event in events:
        _name(axes, event.trial_type, max(event.onset, frame.start) / frame.unit, free, WIDTH * 0.913 * 72.0 / width)


def _name(axes: Axes, name: str, at: float, free: list[float], points_per_unit: float) -> None:
    """Write a name above the panel, in the lower or else the upper row; where neither has room it is left out."""
    width = (4.2 * len(name) + 6.0) / points_per_unit
    for row, until in enumerate(free):
        if at >= until:
            free[row] = at + width
            axes.annotate(name, (at, 1.0), xycoords=("data", "axes fraction"), xytext=(1, 14 + 9 * row), fontsize=7.5,
                          textcoords="offset points", annotation_clip=False)  # fmt: skip
            return


def _shown(frame: Frame, event: Event) -> bool:
    return event.onset < frame.end and event.onset + event.duration >= frame.start


def _clearest(frame: Frame, close: float) -> tuple[float, float] | None:
    """Where the pulse wave is shown closely; None where there is no wave or no wish.

    The stretch whose worst second is best, and in which no second swings much further than the middle one.
    """
    pulse = frame.analysis.recording.first("ppg")
    if pulse is None or close <= 0.0:
        return None
    length = min(close, frame.end - frame.start)
    features = [features for features in frame.analysis.features if frame.start + QUALITY_LAG < features.t <= frame.end]
    quality = np.array([features.pulse_quality for features in features])
    width = min(max(1, round(length)), len(quality))
    if not quality.any():
        return None
    stretches = np.lib.stride_tricks.sliding_window_view(quality, width)
    swings = np.lib.stride_tricks.sliding_window_view(_swings(pulse, [f.t - QUALITY_LAG for f in features]), width)
    uneven = np.log(swings.max(axis=1) / np.median(swings, axis=1))
    best = int(np.argmax(stretches.min(axis=1) + 0.01 * stretches.mean(axis=1) - 0.2 * uneven))
    start = min(max(frame.start, features[best].t - QUALITY_LAG), frame.end - length)
    return start, start + length


def _swings(pulse: Series, starts: list[float]) -> Samples:
    """How far the wave swings in the second from each moment on; never quite nothing."""
    wave = np.nan_to_num(np.abs(steady(pulse.values, max(3, round(2.0 * pulse.rate_hz)))))
    edges = np.clip(np.round((np.array([*starts, starts[-1] + 1.0]) - pulse.t0) * pulse.rate_hz), 0, len(wave)).astype(np.int64)
    swings = [wave[start:end].max(initial=0.0) for start, end in pairwise(edges)]
    return np.asarray(swings) + 1e-9 * (1.0 + float(wave.max(initial=0.0)))
