"""Measures composed music beside human music: the gates of the music design, and what the cue model says of the score.

    PYTHONPATH=firmware python benchmarks/music_measures.py [--seeds 5] [--seconds 180] [--styles piano,harp,bells]

Human pieces are read from `UNDERTONE_CORPUS` or ../shared/corpus; without them only our own music is measured. Own metrics are
calibrated on their calm pieces: roughness so that its median there is .32, as published beside the gates. Controls are random
notes (chromatic, in a scale), a walk in a scale, and a loop of four bars.

Sources: entropy, groove similarity: Wu & Yang 2020; scale consistency: Mogren 2016; key profiles: Krumhansl & Kessler 1982;
roughness: Sethares 1993; spiral array: Chew 2000, momentum after Herremans & Chew 2016; cue model: Eerola et al. 2013.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from undertone.flow import Bar, Directive, Goal, Layer, Phase
from undertone.music import Composer

PROJECT = Path(__file__).resolve().parent.parent
SECONDS = 180.0


class Sounding(NamedTuple):
    """A note with its place in beats and in seconds."""

    beat: float
    beats: float
    second: float
    seconds: float
    pitch: int
    melody: bool


class Piece(NamedTuple):
    """Notes by onset, and how many quarter notes a bar has."""

    name: str
    notes: list[Sounding]
    metre: float


# ------------------------------------------------------------------------------------------------------------------ pieces


def composed(seed: int, arousal: float, valence: float, seconds: float, style: str) -> tuple[list[Bar], Piece]:
    """Music from a constant directive."""
    composer, now, beat, bars, notes = Composer(seed, style=style), 0.0, 0.0, [], []
    while now < seconds:
        directive = Directive(now, now + 10, Phase.HOLD, Goal.CALM, arousal, valence, 0.0, None, 1.0, "bench")
        bar = composer.compose(now, directive)
        length = 60.0 / bar.tempo_bpm
        for note in bar.notes:
            start = math.floor(note.beat * 8 + 0.25) / 8  # Undo the touch: it is no part of the score.
            sounding = Sounding(beat + start, note.duration, now + start * length, note.duration * length, note.pitch,
                                note.layer is Layer.MELODY)  # fmt: skip
            notes.append(sounding)
        bars.append(bar)
        now, beat = now + bar.seconds, beat + bar.beats
    return bars, Piece(f"{style} {seed}", sorted(notes), float(bars[0].beats))


def from_midi(path: Path, seconds: float) -> Piece:
    """The first part of a MIDI file."""
    import mido

    score = mido.MidiFile(path)
    open_notes: dict[tuple[int, int], list[tuple[float, float, int]]] = {}
    notes, beat, now, tempo, metre = [], 0.0, 0.0, 500000, 4.0
    for message in mido.merge_tracks(score.tracks):
        beat += message.time / score.ticks_per_beat
        now += mido.tick2second(message.time, score.ticks_per_beat, tempo)
        if now > seconds:
            break
        if message.type == "set_tempo":
            tempo = message.tempo
        elif message.type == "time_signature" and not notes:
            metre = message.numerator * 4 / message.denominator
        elif message.type == "note_on" and message.velocity and message.channel != 9:
            open_notes.setdefault((message.channel, message.note), []).append((beat, now, message.note))
        elif message.type in ("note_on", "note_off") and open_notes.get((message.channel, message.note)):
            start, second, pitch = open_notes[message.channel, message.note].pop(0)
            notes.append(Sounding(start, beat - start, second, now - second, pitch, False))
    return Piece(path.stem, sorted(notes), metre)


def controls(seed: int) -> list[Piece]:
    """Music by no composer: what any measure must be able to tell from music."""
    chance = random.Random(f"control {seed}")
    scale = [pitch for pitch in range(48, 85) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    beats = [b / 2 for b in range(360) if chance.random() < 0.7]

    def piece(name: str, pitches: Iterable[int]) -> Piece:
        return Piece(name, [Sounding(b, 0.5, b, 0.5, p, False) for b, p in zip(beats, pitches, strict=False)], 4.0)

    walk = [len(scale) // 2]
    for _ in beats:
        walk.append(min(max(walk[-1] + chance.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(scale) - 1))
    loop = [(b, chance.choice(scale)) for b in range(16)]
    return [
        piece("random chromatic", [chance.randrange(48, 85) for _ in beats]),
        piece("random diatonic", [chance.choice(scale) for _ in beats]),
        piece("walk", [scale[step] for step in walk]),
        Piece("loop", [Sounding(16 * n + b, 1, 16 * n + b, 1, p, False) for n in range(11) for b, p in loop], 4.0),
    ]


# ---------------------------------------------------------------------------------------------------------------- measures

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))


def skyline(piece: Piece) -> list[Sounding]:
    """The highest note at each onset, without those that lie under a longer and higher one."""
    tops: dict[float, Sounding] = {}
    for note in piece.notes:
        at = round(note.beat, 3)
        if at not in tops or note.pitch > tops[at].pitch:
            tops[at] = note
    line: list[Sounding] = []
    for _, note in sorted(tops.items()):
        if not any(n.pitch > note.pitch and n.beat + n.beats > note.beat + 0.1 for n in line[-4:]):
            line.append(note)
    return line


def melody_of(piece: Piece) -> list[Sounding]:
    """The melody where it is known, else the skyline."""
    return [note for note in piece.notes if note.melody] or skyline(piece)


def histogram(notes: Sequence[Sounding]) -> np.ndarray:
    """Share of sounding time of the 12 pitch classes."""
    counts = np.zeros(12)
    for note in notes:
        counts[note.pitch % 12] += max(note.beats, 0.01)
    return counts / max(counts.sum(), 1e-9)


def entropy(piece: Piece, bars: int) -> float:
    """Mean entropy of pitch classes in windows of so many bars, bits; each onset counts once."""
    width, values = piece.metre * bars, []
    end = piece.notes[-1].beat
    for index in range(int(end // width)):
        inside = [n.pitch % 12 for n in piece.notes if index * width <= n.beat < (index + 1) * width]
        if len(inside) >= 3:
            share = np.bincount(inside, minlength=12) / len(inside)
            values.append(-sum(p * math.log2(p) for p in share if p > 0))
    return float(np.mean(values)) if values else math.nan


def scale_consistency(piece: Piece) -> float:
    """Share of notes in the best scale."""
    counts = np.bincount([n.pitch % 12 for n in piece.notes], minlength=12)
    return float(max(counts[np.roll(SCALE, shift)].sum() for shift in range(12)) / counts.sum())


def key_fit(notes: Sequence[Sounding]) -> tuple[float, float]:
    """Correlation with the best major and with the best minor key profile."""
    share = histogram(notes)
    return tuple(max(float(np.corrcoef(share, np.roll(p, s))[0, 1]) for s in range(12)) for p in (MAJOR, MINOR))  # type: ignore


def groove(piece: Piece) -> float:
    """Similarity of the onset patterns of neighbouring bars on a grid of 16 places."""
    rows = int(piece.notes[-1].beat // piece.metre) + 1
    grid = np.zeros((rows, 16), dtype=bool)
    for note in piece.notes:
        row = int(note.beat // piece.metre)
        grid[row, min(15, int((note.beat / piece.metre - row) * 16 + 0.01))] = True
    return float(np.mean([1 - np.mean(a ^ b) for a, b in itertools.pairwise(grid)]))


def repetition(line: Sequence[Sounding]) -> float:
    """Share of melodic 4-grams (interval and length, four notes on) that have been heard before."""
    pairs = itertools.pairwise(line)
    steps = [(b.pitch - a.pitch, round((b.beat - a.beat) * 4)) for a, b in pairs]
    grams = [tuple(steps[i : i + 4]) for i in range(len(steps) - 3)]
    return 1 - len(set(grams)) / len(grams) if grams else math.nan


def intervals(line: Sequence[Sounding]) -> tuple[float, float, float]:
    """Share of steps (1 or 2 semitones), of leaps over 7, and the mean size."""
    moves = np.abs(np.diff([note.pitch for note in line]))
    return float(np.mean((moves >= 1) & (moves <= 2))), float(np.mean(moves > 7)), float(np.mean(moves))


PARTIALS = np.arange(1, 7)
LOUDNESS = 0.88 ** (PARTIALS - 1)


def _dissonance(low: int, high: int) -> float:
    f = 440.0 * 2 ** ((np.array([[low], [high]]) - 69) / 12) * PARTIALS
    gap = np.abs(f[0][:, None] - f[1][None, :])
    s = 0.24 / (0.0207 * np.minimum(f[0][:, None], f[1][None, :]) + 18.96)
    weight = LOUDNESS[:, None] * LOUDNESS[None, :]
    return float(np.sum(weight * (np.exp(-3.5 * s * gap) - np.exp(-5.75 * s * gap))))


_TABLE: dict[tuple[int, int], float] = {}


def roughness(piece: Piece) -> float:
    """Mean roughness of what sounds together at each half beat, per pair of notes' square root; uncalibrated."""
    values, active, notes = [], [], list(piece.notes)
    for half in range(int(piece.notes[-1].beat * 2)):
        now = half / 2 + 0.26
        while notes and notes[0].beat <= now:
            active.append(notes.pop(0))
        active = [note for note in active if note.beat + note.beats > now]
        pitches = sorted({note.pitch for note in active})
        if len(pitches) < 2:
            continue
        total = 0.0
        for index, low in enumerate(pitches):
            for high in pitches[index + 1 :]:
                if (low, high) not in _TABLE:
                    _TABLE[low, high] = _dissonance(low, high)
                total += _TABLE[low, high]
        values.append(total / len(pitches))
    return float(np.mean(values)) if values else 0.0


RISE = math.sqrt(2 / 15)


def _place(pitch: int, home: int) -> np.ndarray:
    """A pitch on the spiral array, spelt on the fifths nearest to the key of the piece."""
    fifth = home + 2 + ((7 * pitch - home - 2 + 5) % 12) - 5
    return np.array([math.sin(fifth * math.pi / 2), math.cos(fifth * math.pi / 2), fifth * RISE])


def momentum(piece: Piece) -> float:
    """How far the centre of effect of what sounds moves from each two beats to the next two; uncalibrated."""
    share = histogram(piece.notes)
    home = max(range(12), key=lambda s: float(np.corrcoef(share, np.roll(MAJOR, 7 * s))[0, 1]))
    rows = np.zeros((int(max(n.beat + n.beats for n in piece.notes) / 2) + 1, 4))
    for note in piece.notes:
        end = note.beat + note.beats
        for row in range(int(note.beat / 2), int(end / 2) + 1):
            inside = max(0.0, min(end, 2 * row + 2) - max(note.beat, 2 * row))
            rows[row] += inside * np.append(_place(note.pitch, home), 1.0)
    rows = rows[rows[:, 3] > 0]
    centres = rows[:, :3] / rows[:, 3:]
    return float(np.mean(np.linalg.norm(np.diff(centres, axis=0), axis=1)))


def measured(piece: Piece) -> dict[str, float]:
    """All measures of a piece."""
    line = melody_of(piece)
    steps, leaps, size = intervals(line)
    onsets = len({round(note.second, 2) for note in piece.notes})
    return {
        "repetition": repetition(line),
        "roughness": roughness(piece),
        "leaps": leaps,
        "steps": steps,
        "interval": size,
        "key clarity": max(key_fit(piece.notes)),
        "scale": scale_consistency(piece),
        "entropy 1": entropy(piece, 1),
        "entropy 4": entropy(piece, 4),
        "groove": groove(piece),
        "momentum": momentum(piece),
        "onsets/s": onsets / max(1.0, piece.notes[-1].second),
    }


GATES = {
    "repetition": (0.05, 0.60),
    "roughness": (0.0, 0.45),
    "leaps": (0.0, 0.26),
    "steps": (0.20, 1.0),
    "key clarity": (0.78, 1.0),
    "scale": (0.86, 1.0),
    "entropy 4": (2.4, 3.0),
    "groove": (0.80, 0.98),
    "momentum": (0.40, 0.90),
}


def failed(values: dict[str, float]) -> list[str]:
    """The gates that a piece does not pass."""
    return [name for name, (low, high) in GATES.items() if not low <= values[name] <= high]


MAJORNESS = {"ionian": 1.0, "mixolydian": 0.69, "lydian": 0.6, "dorian": 0.31, "aeolian": 0.21, "phrygian": 0.0}


def cues(bars: Sequence[Bar], piece: Piece) -> tuple[float, float, float]:
    """What the cue model expects of the score: valence with the mode as written, the same with the mode that key profiles
    find in the notes, and arousal (without its term for mode, which comes from how the composite was built).

    Source: the raw coefficients of its composites in music.md §2.6.
    """
    tune = [note for note in piece.notes if note.melody]
    register = np.mean([note.pitch for note in tune])
    speed = len({round(note.second, 2) for note in piece.notes}) / max(1.0, piece.notes[-1].second)
    gaps = [min(1.2, a.beats / (b.beat - a.beat)) for a, b in itertools.pairwise(tune) if 0.1 < b.beat - a.beat <= 4]
    stac = (0.75 - float(np.mean(gaps))) / 0.5
    level = float(np.mean([bar.level_db for bar in bars[4:]]))
    major, minor = key_fit(piece.notes)
    written = 0.5 - float(np.mean([MAJORNESS[bar.key.split()[1]] for bar in bars]))
    found = 1 / (1 + math.exp(12 * (major - minor))) - 0.5
    bright = math.log2(np.mean([bar.low_pass_hz for bar in bars]) / 2000)
    octaves, tempo = (register - 68) / 12, math.log2(speed / 2.8)
    valence = 0.213 * octaves + 0.087 * tempo - 0.137 * level / 10 + 0.098 * stac - 0.014 * bright
    arousal = -0.053 * octaves + 0.329 * tempo + 0.208 * level / 10 + 0.155 * stac - 0.016 * bright
    return valence - 0.676 * written, valence - 0.676 * found, arousal


def cue_grid(style: str, seeds: int, seconds: float) -> None:
    """Print how the cue model's valence and arousal follow ours."""
    wanted, found = [], []
    levels = (-0.8, -0.4, 0.0, 0.4, 0.8)
    for arousal in levels:
        for valence in levels:
            for seed in range(seeds):
                wanted.append((valence, arousal))
                found.append(cues(*composed(seed, arousal, valence, seconds, style)))
    w, f = np.array(wanted), np.array(found)
    print(f"\ncue model, {style}: {len(w)} pieces of {seconds:.0f} s")
    for axis, column, name in ((0, 0, "valence (mode as written)"), (0, 1, "valence (mode as found)"), (1, 2, "arousal")):
        means = [float(f[w[:, axis] == level, column].mean()) for level in levels]
        r = np.corrcoef(w[:, axis], f[:, column])[0, 1]
        cross = np.corrcoef(w[:, 1 - axis], f[:, column])[0, 1]
        rising = "rises at every step" if all(b > a for a, b in itertools.pairwise(means)) else "DOES NOT RISE"
        print(f"  {name}: R² {r * r:.2f}, cross-talk r {cross:+.2f}, {' '.join(f'{m:+.2f}' for m in means)}  {rising}")


# -------------------------------------------------------------------------------------------------------------------- table


def row(name: str, sets: Sequence[dict[str, float]]) -> str:
    """Medians of a set, with the share of pieces that fail two gates or more."""
    cells = [f"{np.nanmedian([s[key] for s in sets]):>11.2f}" for key in sets[0]]
    worst = Counter(gate for values in sets for gate in failed(values))
    bad = sum(len(failed(s)) >= 2 for s in sets)
    detail = ", ".join(f"{gate} {count}" for gate, count in worst.most_common())
    return f"{name:<26}{''.join(cells)}   fail {bad}/{len(sets)}  {detail}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--styles", default="piano,harp,bells")
    parser.add_argument("--cue-seeds", type=int, default=2)
    options = parser.parse_args()
    corpus = Path(os.environ.get("UNDERTONE_CORPUS", PROJECT.parent / "shared" / "corpus"))
    table: list[tuple[str, list[dict[str, float]]]] = []
    scale, spread, cost, count = 1.0, 1.0, 0.0, 0
    for folder in ("calm", "lively"):
        files = sorted((corpus / folder).glob("*.mid"))
        if not files:
            print(f"no human pieces in {corpus / folder}: set UNDERTONE_CORPUS", file=sys.stderr)
            continue
        pieces = [piece for piece in (from_midi(path, options.seconds) for path in files) if len(piece.notes) > 40]
        table.append((f"human {folder} {len(pieces)}", [measured(piece) for piece in pieces]))
    if table:
        scale = 0.32 / float(np.median([s["roughness"] for s in table[0][1]]))
        spread = 0.60 / float(np.median([s["momentum"] for s in table[0][1]]))
    for index in range(4):
        pieces = [controls(seed)[index] for seed in range(options.seeds)]
        table.append((pieces[0].name, [measured(piece) for piece in pieces]))
    for style in options.styles.split(","):
        for arousal in (-0.8, -0.4, 0.0, 0.4, 0.8):
            sets = []
            for seed in range(options.seeds):
                before = time.perf_counter()
                bars, piece = composed(seed, arousal, 0.4, options.seconds, style)
                cost, count = cost + time.perf_counter() - before, count + len(bars)
                sets.append(measured(piece))
            table.append((f"{style} A {arousal:+.1f}", sets))
    print(f"{'median':<26}" + "".join(f"{name:>11}" for name in table[0][1][0]))
    for name, sets in table:
        print(row(name, [s | {"roughness": s["roughness"] * scale, "momentum": s["momentum"] * spread} for s in sets]))
    print(f"\ncomposing: {1000 * cost / count:.2f} ms a bar")
    if options.cue_seeds:
        for style in options.styles.split(","):
            cue_grid(style, options.cue_seeds, 90.0)


if __name__ == "__main__":
    main()
