"""Short excerpts at a valence and an arousal, composed and rendered as they would be heard, and the control beside them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.composing.affect_cues import Cues, Heard, cues_of
from benchmarks.composing.affect_keys import KeyFinder
from undertone.audio import BLOCK, FluidSynth, Outlet, Renderer, ToneSynth
from undertone.flow import Bar, Directive, Goal, Layer, Note, Phase
from undertone.music import Composer

__all__ = ["Cell", "excerpt", "measured", "scrambled", "sounding"]

RATE = 48000
EARLIEST = 12.0
"""An excerpt begins with the first bar after so many seconds in which there is a melody, or half a minute later without."""
PRELUDE = 14.0
"""Seconds that are rendered before, so that level and room have settled."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One excerpt of the grid."""

    style: str
    seed: int
    valence: float
    arousal: float
    seconds: float
    control: bool = False


def excerpt(cell: Cell) -> tuple[list[Bar], int]:
    """The bars of an excerpt with those before it, and which one it begins with."""
    composer, t, bars, begin, start = Composer(cell.seed, style=cell.style), 0.0, list[Bar](), None, 0.0
    while begin is None or t < start + cell.seconds:
        asked = Directive(
            t, t + 60, Phase.HOLD, Goal.CALM, cell.arousal, cell.valence, 0.0, None, 1.0, "benchmark", (), (30.0, 160.0)
        )
        bar = composer.compose(t, asked)
        sings = any(note.layer is Layer.MELODY for note in bar.notes)
        if begin is None and t >= EARLIEST and (sings or t >= EARLIEST + 30.0):
            begin, start = len(bars), t
        bars.append(bar)
        t += bar.seconds
    first, before = begin, 0.0
    while first > 0 and before < PRELUDE:
        first -= 1
        before += bars[first].seconds
    kept = bars[first:]
    if cell.control:
        chance = random.Random(f"control {cell.style} {cell.seed} {cell.valence} {cell.arousal}")
        kept = [scrambled(bar, chance) for bar in kept]
    return kept, begin - first


SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SCALES = {
    "ionian": (0, 2, 4, 5, 7, 9, 11), "mixolydian": (0, 2, 4, 5, 7, 9, 10), "lydian": (0, 2, 4, 6, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10), "aeolian": (0, 2, 3, 5, 7, 8, 10), "phrygian": (0, 1, 3, 5, 7, 8, 10),
}  # fmt: skip


def scrambled(bar: Bar, chance: random.Random) -> Bar:
    """The control: as many notes of each layer, as long and as loud, around the same height and of the same key; which and
    when is chance."""
    name, mode = bar.key.split()
    tonic = SEMITONES[name[0]] + name.count("#") - name.count("b")
    scale = {(tonic + step) % 12 for step in SCALES[mode]}
    notes = []
    for layer in Layer:
        own = [note for note in bar.notes if note.layer is layer]
        if not own:
            continue
        centre = sum(note.pitch for note in own) / len(own)
        near = [pitch for pitch in range(21, 109) if pitch % 12 in scale and abs(pitch - centre) <= 9]
        for note in own:
            pitch = note.pitch if layer is Layer.PERCUSSION else chance.choice(near)
            notes.append(Note(chance.randrange(bar.beats * 4) / 4, note.duration, pitch, note.velocity, layer))
    return replace(bar, notes=tuple(sorted(notes, key=lambda note: (note.beat, note.layer, note.pitch))))


def sounding(bars: Sequence[Bar], synth: FluidSynth | ToneSynth) -> np.ndarray:
    """The bars as they leave the outlet, (frames, 2), without its fade-in."""
    synth.silence()
    renderer, outlet = Renderer(synth, rate_hz=RATE), Outlet(rate_hz=RATE, frames=BLOCK, fade_in=0.0)
    waiting, parts, seconds = list(bars), [], sum(bar.seconds for bar in bars)
    while renderer.position < seconds:
        while renderer.needs_bar and waiting:
            renderer.queue(waiting.pop(0))
        parts.append(outlet(renderer.render(BLOCK)))
    return np.concatenate(parts)[: int(seconds * RATE)]


def measured(cell: Cell, synth: FluidSynth | ToneSynth | None, finders: Sequence[KeyFinder]) -> Cues:
    """The cues of one excerpt. synth: None measures the score alone, taking the level from its bars."""
    bars, begin = excerpt(cell)
    start, notes, t = sum(bar.seconds for bar in bars[:begin]), list[Heard](), 0.0
    for bar in bars:
        beat = 60.0 / bar.tempo_bpm
        notes += [Heard(t + n.beat * beat - start, n.duration * beat, n.pitch, n.layer) for n in bar.notes]
        t += bar.seconds
    inside = [note for note in notes if 0.0 <= note.start < cell.seconds]
    if synth is None:
        cues = cues_of(inside, np.zeros((0, 2)), rate_hz=RATE, seconds=cell.seconds, finders=finders)
        return cues._replace(level=-23.0 + float(np.mean([bar.level_db for bar in bars[begin:]])))
    sound = sounding(bars, synth)[int(start * RATE) : int((start + cell.seconds) * RATE)]
    return cues_of(inside, sound, rate_hz=RATE, seconds=cell.seconds, finders=finders)
