"""Pictures of the sound: how loud it is, and what it is made of.

Each draws its figure and returns it with what is to be seen in it, in words and figures; None where there is nothing to draw.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from undertone.report.listening import Listening
from undertone.report.listening_frame import FAINT, INK, WIDTH, clocked, rows, shade
from undertone.report.measures_sound import HOPS_PER_SECOND
from undertone.report.panels import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["loudness", "spectrogram"]

Array = NDArray[np.float64]
Drawn = tuple["Figure", str] | None

LOWEST_LUFS = -70.0
COLUMNS = 1400
"""Of a picture at most."""
NEAR_LU = 0.5
FAINTEST_DB = -100.0
SMOOTH = 31
"""Hops over which the centroid's median is drawn: 3 s."""


def loudness(listening: Listening) -> Drawn:
    """Momentary, short-term and integrated loudness, the target, and the highest samples."""
    sound, curves = listening.sound, listening.curves
    if sound is None or curves is None or sound.lufs is None:
        return None
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(WIDTH, 5.4), layout="constrained")
    axes, peaks = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1.0])
    seconds, short = curves.seconds, np.maximum(curves.short_term(), LOWEST_LUFS)
    momentary = np.maximum(curves.momentary(), LOWEST_LUFS)
    axes.plot(seconds, momentary, color="#8b98a1", lw=0.7, label="momentary (.4 s)")
    axes.plot(seconds, short, color="#1d5f66", lw=1.6, label="short-term (3 s)")
    axes.axhline(sound.lufs, color="#b8401a", lw=1.6, ls="--", label=f"integrated {sound.lufs:.1f} LUFS".replace("-", "−"))
    target = listening.target_lufs
    if target is not None:
        axes.axhspan(target - NEAR_LU, target + NEAR_LU, color="#e9cf8f", lw=0, zorder=0, label="target ± .5")
        _asked_level(axes, listening, target)
    sounding = momentary[momentary > LOWEST_LUFS]
    axes.set_ylim(max(LOWEST_LUFS, float(np.percentile(sounding, 5.0)) - 8.0), float(sounding.max()) + 4.0)
    axes.set_ylabel("loudness, LUFS")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=5)
    peaks.plot(seconds, 20.0 * np.log10(np.maximum(curves.peak, 1e-5)), color=INK, lw=0.7)
    peaks.axhline(-1.0, color="#b8401a", lw=1.0, ls=":")
    peaks.set_ylim(-60.0, 2.0)
    peaks.set_ylabel("peak, dB")
    peaks.set_xlabel("minutes and seconds")
    clocked(peaks, 0.0, float(seconds[-1]))
    if listening.bars:
        shade(peaks, listening, 0.0, min(listening.starts[-1], sound.seconds), named=False)
    return figure, _seen(listening, short)


def _asked_level(axes: Axes, listening: Listening, target: float) -> None:
    """The loudness that the levels of the bars ask for."""
    if not listening.bars:
        return
    levels = [target + bar.level_db if bar.level_db > -math.inf else math.nan for bar in listening.bars]
    axes.plot(listening.starts[1:], levels, color=INK, lw=1.2, ls=":", label="asked for")


def _seen(listening: Listening, short: Array) -> str:
    sound = listening.sound
    assert sound is not None and sound.lufs is not None
    said = f"Integrated {sound.lufs:.1f} LUFS"
    wanted = listening.asked_lufs
    if wanted is not None:
        where = "above" if sound.lufs > wanted else "below"
        said += f", {abs(sound.lufs - wanted):.1f} LU {where} the {wanted:.1f} that its levels ask for"
    if sound.range_lu is not None:
        said += f"; loudness range {sound.range_lu:.1f} LU"
    heard = np.where(short > LOWEST_LUFS + 1.0, short, np.nan)
    if not np.isnan(heard).all():
        loudest, softest = int(np.nanargmax(heard)), int(np.nanargmin(heard[30:]) + 30) if len(heard) > 60 else 0
        said += f"; loudest at {clock(loudest / HOPS_PER_SECOND)} ({heard[loudest]:.1f} LUFS over 3 s)"
        said += f", softest at {clock(softest / HOPS_PER_SECOND)}"
    if sound.true_peak_db is not None:
        said += f"; highest true peak {sound.true_peak_db:.1f} dB re full scale"
    return said.replace("-", "−") + "."


def spectrogram(listening: Listening) -> Drawn:
    """Power by pitch over time, with the centre of the spectrum."""
    sound, curves = listening.sound, listening.curves
    if sound is None or curves is None or sound.centroid_hz is None:
        return None
    from matplotlib.patheffects import Normal, Stroke

    figure, (axes,) = rows(1, 4.4)
    bands, step = _thinned(curves.bands_db)
    seconds = np.arange(len(bands) + 1) * step / HOPS_PER_SECOND
    top = float(bands.max())
    # A row for every sixth of an octave: what is drawn is even in pitch, so the axis is logarithmic.
    picture = axes.pcolormesh(seconds, curves.bands_hz, bands.T, cmap="magma", vmin=max(FAINTEST_DB, top - 70.0), vmax=top,
                              rasterized=True)  # fmt: skip
    centre = _smoothed(np.where(curves.peak > 1e-4, curves.centroid_hz, np.nan))
    axes.plot(curves.seconds, centre, color="#7fe0e8", lw=1.4, label="centre of the spectrum (3 s)",
              path_effects=[Stroke(linewidth=3.4, foreground="black"), Normal()])  # fmt: skip
    axes.set_yscale("log")
    ticks = [50, 100, 200, 500, 1000, 2000, 4000, 8000, 16000]
    axes.set_yticks(ticks, [f"{hz:g}" if hz < 1000 else f"{hz // 1000} k" for hz in ticks])
    axes.minorticks_off()
    axes.set_ylim(curves.bands_hz[0], min(18000.0, curves.bands_hz[-1]))
    clocked(axes, 0.0, float(seconds[-1]))
    axes.set_ylabel("Hz")
    axes.set_xlabel("minutes and seconds")
    axes.grid(visible=False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    figure.colorbar(picture, ax=axes, label="dB re full scale")
    axes.axhline(4000.0, color=FAINT, lw=0.8, ls=":")
    known = centre[~np.isnan(centre)]
    moves = f", moving between {np.percentile(known, 5):.0f} and {np.percentile(known, 95):.0f} Hz" if len(known) else ""
    high = f"{sound.high_share:.2%}" if sound.high_share is not None else "an unknown share"
    return figure, (
        f"The centre of the spectrum lies at {sound.centroid_hz:.0f} Hz{moves}; {high} of the power lies above 4 kHz. "
        f"Clicks: {sound.clicks or 'none'}."
    )


def _thinned(bands: Array) -> tuple[Array, float]:
    """The loudest of so many neighbouring hops, so that there are not more columns than can be seen; and how many."""
    step = max(1, math.ceil(len(bands) / COLUMNS))
    whole = len(bands) // step * step
    if step == 1:
        return bands, 1.0
    return np.asarray(bands[:whole].reshape(-1, step, bands.shape[1]).max(axis=1)), float(step)


def _smoothed(values: Array) -> Array:
    """Medians of 31 neighbours; NaN where none is known."""
    half = SMOOTH // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTH)
    known = ~np.isnan(windows).all(axis=1)
    smoothed = np.full(len(values), np.nan)
    smoothed[known] = np.nanmedian(windows[known], axis=1)
    return smoothed
