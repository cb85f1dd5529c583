"""The pictures of an evening. One function for each, all on the same axis of minutes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from undertone.errors import UndertoneError
from undertone.flow import BeatFlag, Channel, Layer, Phase
from undertone.report.evening import Evening, clear

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "draw"]

INK = "#27323a"
FAINT = "#9aa7b0"
PULSE = "#b3475a"
SKIN = "#2f7f86"
STATE = "#5a4b8a"
MUSIC = "#c4862b"
SHADES = {
    Phase.SETTLE: "#eef1f3",
    Phase.MEET: "#f6e7d3",
    Phase.LEAD: "#e0ecdf",
    Phase.HOLD: "#dfe7f2",
    Phase.FADE: "#ece3f0",
    Phase.SILENT: "#ffffff",
}
LAYERS = {
    Layer.PAD: "#8fa3b5",
    Layer.BASS: "#5b4a3f",
    Layer.HARMONY: "#7fa66a",
    Layer.MELODY: "#c4562b",
    Layer.COUNTER: "#b08a2e",
    Layer.PERCUSSION: "#6b5b95",
}
WIDTH = 11.0
CLOSE_UP = 20.0
"""Seconds of the pulse wave that are shown closely."""
ROLL = 90.0
"""Seconds of the piano roll."""


def draw(evening: Evening, folder: Path) -> list[tuple[str, str, Path]]:
    """Draw every picture that the evening has data for; returns (title, caption, file) of each.

    Raises UndertoneError where matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise UndertoneError("Pictures need matplotlib: pip install 'undertone[report]'.") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    style: dict[Any, Any] = {"font.size": 9, "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK}
    style |= {"axes.grid": True, "grid.color": "#e7ebee", "axes.axisbelow": True, "xtick.color": INK, "ytick.color": INK}
    style |= {"axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 130}
    drawn = []
    with pyplot.rc_context(style):
        for name, title, caption, picture in PICTURES:
            figure = picture(evening)
            if figure is None:
                continue
            file = folder / f"{name}.png"
            figure.savefig(file, bbox_inches="tight")
            pyplot.close(figure)
            drawn.append((title, caption, file))
    return drawn


def _signals(evening: Evening) -> Figure | None:
    if not evening.features:
        return None
    figure, (heart, breath, variability, skin, quality) = _panels(evening, [1.6, 1.0, 1.0, 2.2, 0.9])
    pulse = [clear(features) for features in evening.features]
    _curve(heart, pulse, "heart_bpm", PULSE, "")
    heart.set_ylabel("heart, bpm")
    _curve(breath, pulse, "breathing_per_min", PULSE, "")
    breath.set_ylabel("breaths/min")
    _curve(variability, pulse, "rmssd_ms", PULSE, "")
    variability.set_ylabel("RMSSD, ms")
    times, wave = evening.wave(Channel.SKIN)
    skin.plot(times / 60.0, wave, color=SKIN, alpha=0.45, lw=0.7)
    _curve(skin, evening.features, "tonic_microsiemens", SKIN, "level")
    for response in evening.responses:
        skin.axvline(response.t / 60.0, ymax=min(1.0, 0.05 + response.amplitude_microsiemens), color=MUSIC, lw=0.8)
    skin.set_ylabel("skin, µS")
    _curve(quality, evening.features, "pulse_quality", PULSE, "pulse")
    _curve(quality, evening.features, "skin_quality", SKIN, "skin")
    quality.set_ylim(-0.05, 1.05)
    quality.set_ylabel("quality")
    return figure


def _beats(evening: Evening) -> Figure | None:
    start = _clearest(evening)
    if start is None:
        return None
    figure, (axes,) = _panels(evening, [2.4], minutes=False)
    times, wave = evening.wave(Channel.INFRARED, start, start + CLOSE_UP)
    # More blood reflects less light: turned over, the wave rises with each beat as in a textbook.
    wave = float(np.max(wave)) - wave
    axes.plot(times, wave, color=PULSE, lw=1.0)
    for beat in evening.beats:
        if start <= beat.t < start + CLOSE_UP:
            clean = beat.flag is not BeatFlag.ARTEFACT
            axes.axvline(beat.t, color=INK if clean else MUSIC, lw=0.8, ls="-" if clean else ":")
    axes.set_xlim(start, start + CLOSE_UP)
    axes.set_xlabel("seconds")
    axes.set_ylabel("pulse wave, counts")
    return figure


def _skin(evening: Evening) -> Figure | None:
    if not evening.responses:
        return None
    middle = max(evening.responses, key=lambda response: response.amplitude_microsiemens).t
    start, end = middle - 30.0, middle + 30.0
    times, wave = evening.wave(Channel.SKIN, start, end)
    if len(times) == 0:
        return None
    figure, (axes,) = _panels(evening, [2.0], minutes=False)
    axes.plot(times, wave, color=SKIN, lw=1.2)
    for response in evening.responses:
        if start <= response.t < end:
            foot = float(np.interp(response.t, times, wave))
            peak = foot + response.amplitude_microsiemens
            axes.plot([response.t, response.t + response.rise], [foot, peak], color=MUSIC, marker="o", ms=3, lw=1.0)
    axes.set_xlabel("seconds")
    axes.set_ylabel("skin, µS")
    return figure


def _state(evening: Evening) -> Figure | None:
    if not evening.affects:
        return None
    figure, (axes, sure) = _panels(evening, [2.6, 0.9])
    minutes = [affect.t / 60.0 for affect in evening.affects]
    arousal = [affect.arousal if affect.confidence > 0.0 else math.nan for affect in evening.affects]
    axes.plot(minutes, arousal, color=STATE, lw=1.4, label="felt by the device")
    ends = [*(directive.t for directive in evening.directives[1:]), evening.seconds]
    steps = zip(evening.directives, ends, strict=True)
    for index, (directive, end) in enumerate(steps):
        label = "carried by the music" if index == 0 else None
        x, y = (directive.t / 60.0, end / 60.0), (directive.arousal, directive.arousal)
        axes.plot(x, y, color=MUSIC, lw=2.0, label=label, solid_capstyle="butt")
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel("arousal relative to usual")
    axes.legend(loc="upper right", frameon=False, ncols=2)
    sure.fill_between(minutes, [affect.confidence for affect in evening.affects], color=STATE, alpha=0.35, lw=0)
    sure.set_ylim(0, 1.05)
    sure.set_ylabel("confidence")
    return figure


def _music(evening: Evening) -> Figure | None:
    if not evening.bars:
        return None
    figure, (tempo, level) = _panels(evening, [1.4, 1.4])
    minutes = [t / 60.0 for t, _ in evening.bars]
    tempo.step(minutes, [bar.tempo_bpm for _, bar in evening.bars], where="post", color=MUSIC)
    tempo.set_ylabel("tempo, bpm")
    known = [(t / 60.0, value) for t, value in evening.levels if value is not None and value > -90.0]
    if known:
        level.plot([t for t, _ in known], [value for _, value in known], color=INK, lw=0.9, label="measured")
        level.set_ylabel("level, dBFS")
    else:
        level.step(minutes, [max(-60.0, bar.level_db) for _, bar in evening.bars], where="post", color=INK)
        level.set_ylabel("level asked for, dB")
    return figure


def _roll(evening: Evening) -> Figure | None:
    if not evening.bars:
        return None
    middle = evening.bars[len(evening.bars) // 2][0]
    start = max(0.0, min(middle - ROLL / 2, evening.bars[-1][0] + evening.bars[-1][1].seconds - ROLL))
    figure, (axes,) = _panels(evening, [3.4], minutes=False)
    for t, bar in evening.bars:
        if not start - 15.0 <= t < start + ROLL:
            continue
        beat = 60.0 / bar.tempo_bpm
        axes.axvline(t, color="#e7ebee", lw=0.6)
        if t >= start:
            axes.annotate(bar.chord, (t, 1.01), xycoords=("data", "axes fraction"), fontsize=6, color=FAINT)
        for note in bar.notes:
            shape = (t + note.beat * beat, note.duration * beat)
            alpha = 0.35 + 0.65 * note.velocity / 127.0
            axes.broken_barh([shape], (note.pitch - 0.4, 0.8), color=LAYERS[note.layer], alpha=alpha, lw=0)
    axes.set_xlim(start, start + ROLL)
    axes.set_xlabel("seconds")
    axes.set_ylabel("MIDI pitch")
    axes.grid(visible=False)
    handles = [axes.plot([], [], color=color, lw=4, label=layer.value)[0] for layer, color in LAYERS.items()]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.04), frameon=False, ncols=4)
    return figure


PICTURES: Sequence[tuple[str, str, str, Callable[[Evening], Any]]] = (
    (
        "state",
        "State and direction",
        "How aroused the listener seemed, relative to their own usual, and the arousal that the music carried. "
        "The shades are the phases: settle, meet, lead, hold, fade.",
        _state,
    ),
    (
        "signals",
        "Body",
        "Heart rate, breathing rate, and beat-to-beat variability, where the pulse was clear; skin conductance with its level, "
        "and a mark for each response (taller is stronger); how far each channel (pulse red, skin green) could be trusted.",
        _signals,
    ),
    ("beats", "Beats, closely", "Twenty seconds of the pulse wave. Dotted marks are beats set aside as artefacts.", _beats),
    ("responses", "Skin conductance responses, closely", "A minute around the strongest, from onset to peak.", _skin),
    ("music", "Tempo and level", "One step for each bar.", _music),
    ("roll", "Piano roll", "A minute and a half from the middle, with the chords.", _roll),
)
"""Name of the file, title, caption, and what draws it (None where there is nothing to draw)."""


def _panels(evening: Evening, heights: list[float], *, minutes: bool = True) -> tuple[Figure, list[Axes]]:
    """Panels above each other; those in minutes share their axis and show spans and phases."""
    from matplotlib import pyplot

    size = (WIDTH, 0.5 + 0.85 * sum(heights))
    figure, grid = pyplot.subplots(len(heights), 1, figsize=size, sharex=True, squeeze=False, height_ratios=heights)
    panels: list[Axes] = list(grid[:, 0])
    if minutes:
        for axes in panels:
            _shade(axes, evening)
        panels[-1].set_xlabel("minutes")
        panels[-1].set_xlim(0.0, max(evening.seconds, 1.0) / 60.0)
        for index, span in enumerate(evening.spans):
            # Two rows, so that the names of short neighbours do not lie on each other.
            place = (span.start / 60.0, 1.02 + 0.09 * (index % 2))
            panels[0].annotate(span.name, place, xycoords=("data", "axes fraction"), fontsize=7, color=INK)
    return figure, panels


def _shade(axes: Axes, evening: Evening) -> None:
    starts = _phase_starts(evening)
    for (start, phase), end in zip(starts, [*(t for t, _ in starts[1:]), evening.seconds], strict=True):
        axes.axvspan(start / 60.0, end / 60.0, color=SHADES[phase], lw=0, zorder=0)
    for span in evening.spans:
        axes.axvline(span.start / 60.0, color=FAINT, lw=0.6, ls=":")


def _phase_starts(evening: Evening) -> list[tuple[float, Phase]]:
    starts: list[tuple[float, Phase]] = []
    for directive in evening.directives:
        if not starts or starts[-1][1] is not directive.phase:
            starts.append((directive.t, directive.phase))
    return starts


def _curve(axes: Axes, rows: Iterable[Any], name: str, color: str, label: str) -> None:
    """One feature over time, with gaps where it was not known."""
    points = [(row.t / 60.0, getattr(row, name)) for row in rows]
    values = [math.nan if value is None else value for _, value in points]
    axes.plot([t for t, _ in points], values, color=color, lw=1.2, label=label)


def _clearest(evening: Evening) -> float | None:
    """Start of the stretch with the clearest pulse, seconds; None where no pulse was felt."""
    quality = np.array([features.pulse_quality for features in evening.features])
    width = min(round(CLOSE_UP), len(quality))
    if not evening.beats or not quality.any():
        return None
    # The worst second of each stretch counts, then the middle one: a clear stretch is one without a bad moment.
    stretches = np.lib.stride_tricks.sliding_window_view(quality, width)
    best = int(np.argmax(stretches.min(axis=1) + 0.01 * stretches.mean(axis=1)))
    return max(0.0, evening.features[best].t - 1.0)
