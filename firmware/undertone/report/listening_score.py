"""Pictures of the score: every note, the form, the harmony, the layers, and what was asked for.

Each draws its figure and returns it with what is to be seen in it, in words and figures; None where there is nothing to draw.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from undertone.flow import Bar, Layer
from undertone.report.listening import Listening
from undertone.report.listening_frame import (
    FAINT,
    INK,
    LAYERS,
    TEXTURES,
    WIDTH,
    clocked,
    fits,
    key_changes,
    rows,
    sections,
    shade,
    stretches,
)
from undertone.report.measures_form import PHRASE_BARS
from undertone.report.panels import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["asked", "closely", "form", "harmony", "layers", "roll"]

Drawn = tuple["Figure", str] | None

MOST_ROWS = 6
CLOSE_SECONDS, CLOSE_ROWS = 25.0, 3
PAGE_WIDTH = 0.92
"""Share of the width that the axes take."""
FIFTHS = ("C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "F")
"""Roots in the order of fifths."""
NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = ((False, "#9a5a00", "major and open chords"), (True, "#2f4f8f", "minor and diminished chords"))
SPELT = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def roll(listening: Listening) -> Drawn:
    """All notes of the whole piece."""
    if not any(bar.notes for bar in listening.bars):
        return None
    spans = stretches(listening.starts[-1], MOST_ROWS)
    figure, panels = rows(len(spans), 1.9, sharex=False)
    low, high = _reach(listening)
    for axes, (start, end) in zip(panels, spans, strict=True):
        shade(axes, listening, start, end)
        _notes(axes, listening, start, end, height=1.6 * 72.0 / (high - low))
        _keys(axes, listening, start, end)
        clocked(axes, start, end)
        axes.set_ylim(low, high)
        _octaves(axes)
    panels[-1].set_xlabel("minutes and seconds")
    _legend(panels[0], listening)
    counts = Counter(note.layer for bar in listening.bars for note in bar.notes)
    named = ", ".join(f"{layer.value} {counts[layer]}" for layer in Layer if counts[layer])
    melody = [note.pitch for bar in listening.bars for note in bar.notes if note.layer is Layer.MELODY]
    where = f" The melody lies between {_pitch(min(melody))} and {_pitch(max(melody))}." if melody else ""
    return figure, f"{sum(counts.values())} notes in {clock(listening.starts[-1])}: {named}.{where}"


def closely(listening: Listening) -> Drawn:
    """Some rows from the middle of the piece, where single notes and chords can be read."""
    if not any(bar.notes for bar in listening.bars):
        return None
    seconds = listening.starts[-1]
    length = min(CLOSE_SECONDS * CLOSE_ROWS, seconds)
    begin = max(0.0, min(0.5 * seconds - 0.5 * length, seconds - length))
    begin = max((start for start in listening.starts if start <= begin + 0.01), default=0.0)
    count = max(1, math.ceil(length / CLOSE_SECONDS - 0.01))
    figure, panels = rows(count, 2.3, sharex=False)
    low, high = _reach(listening)
    chords: list[str] = []
    for index, axes in enumerate(panels):
        start = begin + index * length / count
        end = begin + (index + 1) * length / count
        shade(axes, listening, start, end, named=False)
        _notes(axes, listening, start, end, height=1.9 * 72.0 / (high - low))
        for t in listening.starts:
            if start <= t < end:
                axes.axvline(t, color=FAINT, lw=0.5, zorder=0.5)
        chords += _chords(axes, listening, start, end)
        _keys(axes, listening, start, end)
        clocked(axes, start, end)
        axes.set_ylim(low, high)
        _octaves(axes)
    panels[-1].set_xlabel("minutes and seconds")
    _legend(panels[0], listening)
    first = f"The first of {len(chords)} chords: " if len(chords) > 24 else "Chords: "
    read = " ".join(chords[:24]) or "not named"
    return figure, f"From {clock(begin)} to {clock(begin + length)}, bar lines as thin lines. {first}{read}."


def form(listening: Listening) -> Drawn:
    """The sections as a strip, and how like each phrase is to each other."""
    found = listening.form
    if found is None:
        return None
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(WIDTH, 8.6), layout="constrained")
    strip, table = figure.subplots(2, 1, height_ratios=[0.5, 8.0])
    shade(strip, listening, 0.0, listening.starts[-1])
    clocked(strip, 0.0, listening.starts[-1])
    strip.set_yticks([])
    strip.grid(visible=False)
    strip.set_xlabel("minutes and seconds")
    count = len(found.similarity)
    picture = table.imshow(
        np.ma.masked_invalid(found.similarity), origin="lower", cmap="magma", vmin=0.0, vmax=1.0, interpolation="nearest",
        extent=(0.5, count + 0.5, 0.5, count + 0.5),
    )  # fmt: skip
    table.set_facecolor("#d9dee1")
    table.grid(visible=False)
    table.set_xlabel(f"phrase of {PHRASE_BARS} bars that begins with this bar")
    table.set_ylabel("beside that which begins with this bar")
    _letters(table, listening, count)
    figure.colorbar(picture, ax=table, label="similarity: 0 nothing in common, 1 the same", shrink=0.8)
    letters = [name for _, _, name in sections(listening)]
    said = " ".join(letters[:40]) + (" …" if len(letters) > 40 else "")
    return figure, (
        f"The sections are {said}. {found.returns:.0%} of the phrases come back after something else. A phrase and "
        f"the one most like it elsewhere have a similarity of {found.best:.2f}, any two {found.chance:.2f}".replace("-", "−")
        + ". In notes made by chance the first figure is about .2."
    )


def harmony(listening: Listening) -> Drawn:
    """Keys, modes and chords over time."""
    points = [(start, *parts) for bar, start in zip(listening.bars, listening.starts, strict=False) for parts in _roots(bar)]
    if not points:
        return None
    spans = stretches(listening.starts[-1], MOST_ROWS)
    figure, panels = rows(len(spans), 1.9, sharex=False)
    # The root that comes most often stands in the middle, and what is near to it around it.
    lowest = Counter(point[3] for point in points).most_common(1)[0][0] - 5
    for axes, (begin, end) in zip(panels, spans, strict=True):
        shade(axes, listening, begin, end, named=False)
        inside = [(start + at, start + at + length, (root - lowest) % 12, minor) for start, at, length, root, minor, _ in points
                  if begin <= start < end]  # fmt: skip
        for minor, colour, name in KINDS:
            drawn = [(a, b, root) for a, b, root, is_minor in inside if is_minor is minor]
            if drawn:
                a, b, root = zip(*drawn, strict=True)
                axes.hlines(root, a, b, color=colour, lw=5.0, label=name)
        _keys(axes, listening, begin, end, above=True)
        clocked(axes, begin, end)
        axes.set_ylim(-0.8, 11.8)
        axes.set_yticks(range(12), [FIFTHS[(lowest + row) % 12] for row in range(12)], fontsize=8)
        axes.set_ylabel("root")
    panels[-1].set_xlabel("minutes and seconds")
    handles = {label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper right", ncols=2)
    keys = key_changes(listening)
    common = ", ".join(f"{name} {count}" for name, count in Counter(parts[5] for parts in points).most_common(6))
    turns = ", ".join(f"{name} from {clock(t)}" for t, name in keys[:12]) + (" …" if len(keys) > 12 else "")
    return figure, f"{len(points)} chords; most often {common}. Keys: {turns or 'not named'}."


def layers(listening: Listening) -> Drawn:
    """When each layer and texture sounds, and how loud it stands."""
    there = [layer for layer in Layer if any(note.layer is layer for bar in listening.bars for note in bar.notes)]
    natural = sorted({texture for bar in listening.bars for texture in bar.textures})
    if not there:
        return None
    figure, (axes,) = rows(1, 0.8 + 0.45 * (len(there) + len(natural)))
    shade(axes, listening, 0.0, listening.starts[-1])
    said = []
    for row, layer in enumerate(there):
        bars = [any(note.layer is layer for note in bar.notes) for bar in listening.bars]
        _lane(axes, listening, row, LAYERS[layer], [
            _share(bar.gains_db.get(layer, 0.0), [b.gains_db.get(layer, 0.0) for b in listening.bars]) if sounds else 0.0
            for bar, sounds in zip(listening.bars, bars, strict=True)
        ])  # fmt: skip
        said.append(f"{layer.value} in {np.mean(bars):.0%} of the bars, entering {_entries(bars)}")
    for row, texture in enumerate(natural, start=len(there)):
        levels = [bar.textures.get(texture) for bar in listening.bars]
        heard = [level is not None and level > -math.inf for level in levels]
        known = [level for level in levels if level is not None and level > -math.inf]
        _lane(axes, listening, row, TEXTURES[texture], [
            _share(level, known) if level is not None and level > -math.inf else 0.0 for level in levels
        ])  # fmt: skip
        said.append(f"{texture.value} in {np.mean(heard):.0%} of the bars, entering {_entries(heard)}")
    axes.set_yticks(range(len(there) + len(natural)), [layer.value for layer in there] + [name.value for name in natural])
    axes.set_ylim(len(there) + len(natural) - 0.4, -0.6)
    clocked(axes, 0.0, listening.starts[-1])
    axes.set_xlabel("minutes and seconds")
    return figure, "; ".join(said) + "."


def asked(listening: Listening) -> Drawn:
    """Tempo and level of each bar, and the valence and arousal that were asked for."""
    if not listening.bars:
        return None
    seconds = np.array(listening.starts[:-1])
    tempo = np.array([bar.tempo_bpm for bar in listening.bars])
    level = np.array([bar.level_db if bar.level_db > -math.inf else math.nan for bar in listening.bars])
    figure, panels = rows(3 if listening.asked else 2, 1.45)
    panels[0].step(seconds, tempo, where="post", color="#8a4a00")
    panels[0].set_ylabel("tempo, bpm")
    panels[1].step(seconds, level, where="post", color=INK)
    panels[1].set_ylabel("level, dB")
    for axes in panels:
        shade(axes, listening, 0.0, listening.starts[-1], named=axes is panels[0])
    said = [f"Tempo {_span(tempo, '.0f')} bpm", f"level {_span(level, '.1f')} dB"]
    if listening.asked:
        valence = np.array([directive.valence for directive in listening.asked])
        arousal = np.array([directive.arousal for directive in listening.asked])
        panels[2].step(seconds, arousal, where="post", color="#b8401a", label="arousal")
        panels[2].step(seconds, valence, where="post", color="#1d5f66", ls="--", label="valence")
        panels[2].set_ylim(-1.05, 1.05)
        panels[2].set_ylabel("asked for")
        panels[2].legend(loc="upper right", ncols=2)
        said += [f"arousal {_span(arousal, '.2f')}", f"valence {_span(valence, '.2f')}"]
    silent = float(np.mean(np.isnan(level)))
    if silent:
        said.append(f"silence in {silent:.0%} of the bars")
    clocked(panels[-1], 0.0, listening.starts[-1])
    panels[-1].set_xlabel("minutes and seconds")
    return figure, "; ".join(said) + "."


# ------------------------------------------------------------------------------------------------------------------ details


def _notes(axes: Axes, listening: Listening, start: float, end: float, *, height: float) -> None:
    """The notes between two seconds as lines, darker for louder ones, the melody on top."""
    lines: dict[Layer, list[tuple[float, float, int, int]]] = {layer: [] for layer in Layer}
    for bar, begin in zip(listening.bars, listening.starts, strict=False):
        if not start - 30.0 <= begin < end:
            continue
        beat = 60.0 / bar.tempo_bpm
        for note in bar.notes:
            first, last = begin + note.beat * beat, begin + (note.beat + note.duration) * beat
            if last > start and first < end:
                lines[note.layer].append((max(first, start), min(last, end), note.pitch, note.velocity))
    for order, layer in enumerate(Layer):
        if lines[layer]:
            first_, last_, pitch, velocity = (np.array(column, dtype=float) for column in zip(*lines[layer], strict=True))
            front = 3.0 if layer is Layer.MELODY else 1.0 + 0.1 * order
            width = max(1.2, 0.85 * height) * (1.0 if layer is not Layer.PAD else 0.8)
            axes.hlines(pitch, first_, last_, color=LAYERS[layer], lw=width, zorder=front,
                        alpha=np.clip(0.45 + velocity / 127.0, 0.45, 1.0))  # fmt: skip


def _reach(listening: Listening) -> tuple[float, float]:
    pitches = [note.pitch for bar in listening.bars for note in bar.notes]
    return min(pitches) - 4.0, max(pitches) + 3.0


def _octaves(axes: Axes) -> None:
    low, high = axes.get_ylim()
    ticks = [pitch for pitch in range(12, 121, 12) if low <= pitch <= high]
    axes.set_yticks(ticks, [_pitch(pitch) for pitch in ticks])


def _pitch(pitch: int) -> str:
    return f"{SPELT[pitch % 12]}{pitch // 12 - 1}"


def _legend(axes: Axes, listening: Listening) -> None:
    there = {note.layer for bar in listening.bars for note in bar.notes}
    handles = [axes.plot([], [], color=LAYERS[layer], lw=4, label=layer.value)[0] for layer in Layer if layer in there]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.1), ncols=6, borderaxespad=0.0)


def _keys(axes: Axes, listening: Listening, start: float, end: float, *, above: bool = False) -> None:
    """Names of the keys where they begin, and at the left edge that which is in force."""
    changes = key_changes(listening)
    before = [name for t, name in changes if t <= start]
    marks = ([(start, before[-1])] if before else []) + [(t, name) for t, name in changes if start < t < end]
    per_second, free = PAGE_WIDTH * WIDTH * 72.0 / (end - start), -math.inf
    for t, name in marks:
        there, free = fits(t, name, free, per_second, end)
        if there:
            place, shift = ((t, 1.0), (1, 2)) if above else ((t, 0.0), (2, 2))
            axes.annotate(name, place, xycoords=("data", "axes fraction"), xytext=shift, textcoords="offset points", fontsize=9,
                          style="italic", annotation_clip=False, zorder=4)  # fmt: skip


def _chords(axes: Axes, listening: Listening, start: float, end: float) -> list[str]:
    """Names of the chords above the bars, where they fit; returns them all."""
    per_second, free, names = PAGE_WIDTH * WIDTH * 72.0 / (end - start), -math.inf, []
    for bar, begin in zip(listening.bars, listening.starts, strict=False):
        if start <= begin < end and bar.chord:
            names.append(bar.chord)
            there, free = fits(begin, bar.chord, free, per_second, end)
            if there:
                axes.annotate(bar.chord, (begin, 1.0), xycoords=("data", "axes fraction"), xytext=(1, 2), fontsize=9.5,
                              textcoords="offset points", annotation_clip=False)  # fmt: skip
    return names


def _letters(axes: Axes, listening: Listening, count: int) -> None:
    """Names of the sections along the upper and right side, where they fit."""
    first, free = 0, -math.inf
    per_bar = 6.6 * 72.0 / max(count, 1)
    for _, end, name in sections(listening, strokes=False):
        at = first + 1.0
        if at <= count:
            axes.axvline(at - 0.5, color="white", lw=0.4)
            axes.axhline(at - 0.5, color="white", lw=0.4)
            there, free = fits(at, name, free, per_bar, count + 1.0)
            if there:
                axes.annotate(name, (at, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
                              fontsize=9, annotation_clip=False)  # fmt: skip
        first = int(np.searchsorted(np.array(listening.starts), end - 1e-6))


def _roots(bar: Bar) -> list[tuple[float, float, int, bool, str]]:
    """Second within the bar, length, place of the root in the order of fifths, whether it is minor, and name of its chords."""
    names = bar.chord.split()
    found = []
    for index, name in enumerate(names):
        if name[0] not in NATURAL:
            continue
        sign = name[1:].startswith("#") - name[1:].startswith("b")
        kind = name[1 + abs(sign) :]
        root = (NATURAL[name[0]] + sign) % 12
        minor = kind.startswith(("m", "dim", "°", "ø")) and not kind.startswith("maj")
        length = bar.seconds / len(names)
        found.append((index * length, length, (7 * root) % 12, minor, name))
    return found


def _lane(axes: Axes, listening: Listening, row: int, colour: str, shares: list[float]) -> None:
    """A lane whose height says how loud a layer stands in each bar."""
    height = 0.4 * np.append(shares, shares[-1] if shares else 0.0)
    axes.fill_between(listening.starts, row - height, row + height, step="post", color=colour, lw=0)


def _share(gain_db: float, gains_db: list[float]) -> float:
    """Between a fifth and one: where a gain lies between the least and the greatest."""
    low, high = min(gains_db), max(gains_db)
    return 1.0 if high - low < 0.5 else 0.2 + 0.8 * (gain_db - low) / (high - low)


def _entries(bars: list[bool]) -> str:
    count = sum(now and not before for before, now in zip([False, *bars], bars, strict=False))
    return "once" if count == 1 else f"{count} times"


def _span(values: np.ndarray, form: str) -> str:
    """From where to where, by way of how far: what a curve does, in figures."""
    known = values[~np.isnan(values)] + 0.0
    if not len(known):
        return "not known"
    if format(known.min(), form) == format(known.max(), form):
        return f"{format(known[0], form)} throughout".replace("-", "−")
    ends = f"{format(known[0], form)} at first, {format(known[-1], form)} at last"
    return f"{ends}, between {format(known.min(), form)} and {format(known.max(), form)}".replace("-", "−")
