#!/usr/bin/env python
"""Does the music carry the valence and the arousal that are asked for, by cues measured on the rendered sound?

    PYTHONPATH=firmware:. OMP_NUM_THREADS=1 python benchmarks/music_affect.py [--quick] [--styles piano,harp] [--jobs 2]

For each style a grid of valence × arousal × seeds is composed, played with FluidSynth and mixed as it would be heard. From
each excerpt come density, register and detachment of the melody (from its score), its mode as a key finder hears it that knows
nothing of what was written, and loudness (pyloudnorm) and brightness of the rendered sound. The published linear model
(cue_model.json, from `UNDERTONE_DESIGN` or ../shared/design) turns cues into valence and arousal; printed is how these follow
what was asked.
A control plays as many random notes of the same key, lengths, heights and levels through the same chain.

Its index of arousal has a term for mode that comes partly from how the index was put together (happy and scary against sad and
peaceful), so arousal is told with and without it. Loudness, density and detachment are what we set from arousal: that they come
back shows that they reach the ear, not that people would hear arousal. Nobody has listened.

What has been measured is kept in a temporary folder, by the state of the source, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(PROJECT), str(PROJECT / "firmware")) if path not in sys.path]

from benchmarks.composing.affect_cues import MODEL_TERMS, Cues, Model, read_model  # noqa: E402
from benchmarks.composing.affect_keys import ALBRECHT, KRUMHANSL, KeyFinder, calibrated, taught  # noqa: E402
from benchmarks.composing.affect_play import Cell, measured  # noqa: E402
from undertone.audio import FluidSynth, ToneSynth, find_soundfont  # noqa: E402
from undertone.errors import SoundError  # noqa: E402
from undertone.music.styles import STYLES  # noqa: E402

CORPUS = Path(os.environ.get("UNDERTONE_CORPUS", PROJECT.parent / "shared" / "corpus"))
DESIGN = Path(os.environ.get("UNDERTONE_DESIGN", PROJECT.parent / "shared" / "design"))
_finders: list[KeyFinder] = []
_synth: list[FluidSynth | ToneSynth | None] = []


def _open(finders: Sequence[KeyFinder], score_only: bool) -> None:
    """What each process keeps: key finders and one synthesiser."""
    _finders[:] = finders
    try:
        _synth[:] = [None if score_only else FluidSynth(find_soundfont())]
    except SoundError as error:
        print(f"{error} Plain tones are measured instead.", file=sys.stderr)
        _synth[:] = [ToneSynth()]


def _measure(cell: Cell) -> tuple[Cell, Cues]:
    return cell, measured(cell, _synth[0], _finders)


def _kept(score_only: bool) -> Path:
    """Where the results of this state of the source are kept."""
    digest = hashlib.sha256(b"score" if score_only else b"sound")
    rooms = [PROJECT / "firmware" / "undertone" / room for room in ("music", "audio")]
    files = [path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".toml")]
    for path in sorted([*files, *(PROJECT / "benchmarks" / "composing").glob("affect_*.py")]):
        digest.update(path.read_bytes())
    return Path(tempfile.gettempdir()) / f"undertone-affect-{digest.hexdigest()[:16]}.jsonl"


def results(cells: Sequence[Cell], finders: Sequence[KeyFinder], *, jobs: int, score_only: bool) -> Iterator[tuple[Cell, Cues]]:
    """Cues of every cell, those first that have been measured before."""
    path, known = _kept(score_only), dict[tuple[object, ...], Cues]()
    if path.exists():
        for line in path.read_text().splitlines():
            key, values = json.loads(line)
            known[tuple(key)] = Cues(*values)
    fresh = [cell for cell in cells if astuple(cell) not in known]
    yield from ((cell, known[astuple(cell)]) for cell in cells if astuple(cell) in known)
    with path.open("a") as file, ProcessPoolExecutor(jobs, initializer=_open, initargs=(finders, score_only)) as pool:
        for cell, cues in pool.map(_measure, fresh, chunksize=4):
            file.write(json.dumps([astuple(cell), list(cues)]) + "\n")
            file.flush()
            yield cell, cues


def told(found: Iterable[tuple[Cell, Cues]], count: int) -> list[tuple[Cell, Cues]]:
    """All of them, with a line of progress."""
    kept = []
    for number, pair in enumerate(found, 1):
        kept.append(pair)
        if sys.stderr.isatty() or number % 200 == 0 or number == count:
            print(f"\r  {number} of {count} excerpts", end="" if number < count else "\n", file=sys.stderr, flush=True)
    return kept


def index(model: Model, name: str, rows: np.ndarray, *, without: tuple[str, ...] = ()) -> np.ndarray:
    """What the model makes of rows of cues, (n, 5)."""
    weights = np.array([0.0 if term in without else model[name][term] for term in MODEL_TERMS])
    values: np.ndarray = model[name]["intercept"] + rows @ weights
    return values


def _judged(name: str, asked: np.ndarray, other: np.ndarray, heard: np.ndarray) -> str:
    """One line: R², cross-talk, the means along the axis and whether they rise."""
    levels = np.unique(asked)
    means = [float(heard[asked == level].mean()) for level in levels]
    r, cross = np.corrcoef(asked, heard)[0, 1], np.corrcoef(other, heard)[0, 1]
    falls = [f"{a:+.2f}→{b:+.2f}" for (a, x), (b, y) in itertools.pairwise(zip(levels, means, strict=True)) if y <= x]
    rising = "rises at every step" if not falls else "DOES NOT RISE at " + ", ".join(falls)
    return f"  {name:34} R² {r * r:.3f}  cross-talk r {cross:+.2f}  " + " ".join(f"{m:+.2f}" for m in means) + f"  {rising}"


def _means(asked: np.ndarray, other: np.ndarray, heard: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was asked and heard of each cell of the grid, its seeds averaged."""
    places, cell = np.unique(np.stack([asked, other], axis=1), axis=0, return_inverse=True)
    sums = np.bincount(cell.reshape(-1), weights=heard)
    return places[:, 0], places[:, 1], sums / np.bincount(cell.reshape(-1))


def table(title: str, pairs: Sequence[tuple[Cell, Cues]], model: Model) -> None:
    """Print how both axes of one set follow what was asked."""
    valence = np.array([cell.valence for cell, _ in pairs])
    arousal = np.array([cell.arousal for cell, _ in pairs])
    rows = np.array([cues.terms() for _, cues in pairs])
    other = np.array([cues.terms(other=True) for _, cues in pairs])
    bright = np.log2([cues.centroid for _, cues in pairs])
    print(f"\n{title}: {len(pairs)} excerpts")
    for name, asked, other_axis in (("valence", valence, arousal), ("arousal", arousal, valence)):
        print(_judged(f"{name}, mean of each cell", *_means(asked, other_axis, index(model, f"{name}_index", rows))))
    print(_judged("valence", valence, arousal, index(model, "valence_index", rows)))
    print(_judged("  mode by Krumhansl's profiles", valence, arousal, index(model, "valence_index", other)))
    print(_judged("  without its term for mode", valence, arousal, index(model, "valence_index", rows, without=("major",))))
    print(_judged("arousal", arousal, valence, index(model, "arousal_index", rows)))
    print(_judged("  without its term for mode", arousal, valence, index(model, "arousal_index", rows, without=("major",))))
    names = ("share of major", "density, octaves", "register, octaves", "level, 10 dB", "detachment")
    for column, name in enumerate(names):
        strongest = (valence, arousal) if name in ("share of major", "register, octaves") else (arousal, valence)
        print(_judged(f"  cue: {name}", *strongest, rows[:, column]))
    if np.isfinite(bright).all():
        print(_judged("  beside: centroid, octaves", arousal, valence, bright))
    for emotion, sign in (("Happy", (1, 1)), ("Peaceful", (1, -1)), ("Sad", (-1, -1)), ("Scary", (-1, 1))):
        toward = sign[0] * valence + sign[1] * arousal
        r = np.corrcoef(toward, index(model, emotion, rows))[0, 1]
        print(f"  {emotion.lower():8} r {r:+.2f} with its quarter of the plane")


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", default=",".join(STYLES), help="all of them unless named")
    parser.add_argument("--grid", type=int, default=9, help="levels of each axis from −1 to 1 (9)")
    parser.add_argument("--seeds", type=int, default=20, help="pieces in each cell (20)")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of an excerpt (60)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--score", action="store_true", help="do not render: level as written, no brightness")
    parser.add_argument("--no-control", action="store_true", help="leave the random notes out")
    parser.add_argument("--quick", action="store_true", help="5 × 5 grid, 1 seed, 40 s, score only unless --styles names one")
    asked = parser.parse_args()
    if asked.quick:
        asked.grid, asked.seeds, asked.seconds, asked.score = 5, 1, 40.0, "," in asked.styles
    path = DESIGN / "cue_model.json"
    if not path.exists():
        print(f"There is no cue model at {path}: set UNDERTONE_DESIGN to the folder that has it.", file=sys.stderr)
        return 1
    model, pieces = read_model(path), taught(CORPUS)
    if not pieces:
        print(f"There are no human pieces in {CORPUS}: the key finder keeps what it learnt from them earlier.", file=sys.stderr)
    finders = [calibrated(pieces, profiles) for profiles in (ALBRECHT, KRUMHANSL)]
    for finder, name in zip(finders, ("Albrecht & Shanahan", "Krumhansl & Kessler"), strict=True):
        print(f"key finder, {name}: the mode of {finder.right:.0%} of {finder.pieces} human pieces; both modes weigh the same")
    levels = [float(level) for level in np.linspace(-1.0, 1.0, asked.grid)]
    kinds = (False,) if asked.no_control else (False, True)
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    cells = [
        Cell(style, seed, valence, arousal, asked.seconds, control)
        for style, control, seed, valence, arousal in itertools.product(asked.styles.split(","), kinds, seeds, levels, levels)
    ]
    found = told(results(cells, finders, jobs=asked.jobs, score_only=asked.score), len(cells))
    for control in kinds:
        kind, own = "random notes, " if control else "", [pair for pair in found if pair[0].control is control]
        for style in asked.styles.split(","):
            table(kind + style, [pair for pair in own if pair[0].style == style], model)
        if "," in asked.styles:
            table(f"{kind}all styles", own, model)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
