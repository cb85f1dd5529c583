#!/usr/bin/env python
"""Our sound beside that of human pieces: loudness, range, true peak, balance, stereo, clicks, by independent meters.

    PYTHONPATH=firmware:. OMP_NUM_THREADS=1 python benchmarks/music_sound.py [--quick] [--styles piano,harp] [--seconds 180]

The band is what 10 to 90 % of the calm human pieces with a tempo of their own do (`UNDERTONE_CORPUS` or ../shared/corpus),
played by FluidSynth with the same sound font. Ours goes the whole way through composer, renderer and outlet. "off" is how far
the integrated loudness of the whole piece, its beginning included, lies from the target plus the level that its bars ask for.
The corpus is read once; its measures are kept in a temporary folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(PROJECT), str(PROJECT / "firmware")) if path not in sys.path]

from benchmarks.composing.sound_human import authored, played  # noqa: E402
from benchmarks.composing.sound_measures import Measures, measures, short_term  # noqa: E402
from undertone.audio import BLOCK, FluidSynth, Outlet, Renderer, ToneSynth, find_soundfont  # noqa: E402
from undertone.errors import SoundError  # noqa: E402
from undertone.flow import Bar, Directive, Goal, Phase  # noqa: E402
from undertone.music import Composer  # noqa: E402
from undertone.music.styles import STYLES  # noqa: E402

RATE = 48000
CORPUS = Path(os.environ.get("UNDERTONE_CORPUS", PROJECT.parent / "shared" / "corpus"))
TARGET = -23.0
SETTLED = 20.0
"""Seconds after which the music has come in; changes of level are looked for from there."""
BANDED = ("range_lu", "centroid_hz", "above_4k")
Ours = tuple[Measures, float, float, float]
"""Measures, how far off the target, the same after half a minute, fastest change of level in dB a second."""


def human(seconds: float, most: int | None) -> list[Measures]:
    """Measures of the calm human pieces."""
    found, files = list[Measures](), authored(CORPUS / "calm")[:most]
    source = (PROJECT / "benchmarks" / "composing" / "sound_measures.py").read_bytes()
    state = hashlib.sha256(source + str(seconds).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"undertone-human-sound-{state}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for number, file in enumerate(files, 1):
        if file.name not in known:
            print(f"\r  human piece {number} of {len(files)}", end="", file=sys.stderr, flush=True)
            known[file.name] = measures(played(file, seconds), RATE)
            path.write_text(json.dumps(known))
        found.append(Measures(*known[file.name]))
    return found


def _asked(t: float, arousal: float, valence: float, level: float) -> Directive:
    return Directive(t, t + 60, Phase.HOLD, Goal.CALM, arousal, valence, level, None, 1.0, "benchmark", (), (30.0, 160.0))


def ours(synth: FluidSynth | ToneSynth, style: str, seed: int, *, arousal: float, level: float, seconds: float) -> Ours:
    """One piece of ours from its very first sound on."""
    synth.silence()
    composer, bars = Composer(seed, style=style), list[Bar]()
    renderer, outlet, parts = Renderer(synth, rate_hz=RATE, target_lufs=TARGET), Outlet(rate_hz=RATE, frames=BLOCK), []
    while renderer.position < seconds:
        while renderer.needs_bar:
            bars.append(composer.compose(renderer.end, _asked(renderer.end, arousal, 0.4, level)))
            renderer.queue(bars[-1])
        parts.append(outlet(renderer.render(BLOCK)))
    sound = np.concatenate(parts).astype(np.float64)[: int(seconds * RATE)]
    found = measures(sound, RATE)
    wanted = TARGET + 10.0 * math.log10(
        sum(bar.seconds * 10.0 ** (bar.level_db / 10.0) for bar in bars if bar.level_db > -14.0)
        / sum(bar.seconds for bar in bars if bar.level_db > -14.0)
    )
    late = measures_lufs(sound[30 * RATE :]) - wanted
    levels = short_term(sound[int(SETTLED * RATE) :], RATE)
    steps = np.abs(levels[10:] - levels[:-10]) if len(levels) > 10 else np.zeros(1)
    return found, found.lufs - wanted, late, float(np.percentile(steps, 99))


def measures_lufs(sound: np.ndarray) -> float:
    """Integrated loudness alone."""
    import pyloudnorm

    return float(pyloudnorm.Meter(RATE).integrated_loudness(sound))


def band(sets: Sequence[Measures], field: str) -> tuple[float, float]:
    """From the 10th to the 90th percentile."""
    low, high = np.percentile([getattr(found, field) for found in sets], [10, 90])
    return float(low), float(high)


def line(name: str, sets: Sequence[Measures], rest: str = "") -> str:
    """Medians, and the worst of what should never be bad."""
    middle = {field: float(np.median([getattr(found, field) for found in sets])) for field in Measures._fields}
    worst = max(found.true_peak_db for found in sets)
    return (
        f"{name:<22}{middle['lufs']:8.1f}{middle['range_lu']:7.1f}{worst:9.1f}{middle['centroid_hz']:9.0f}"
        f"{100 * middle['above_4k']:9.2f}{max(found.offset_db for found in sets):8.0f}{middle['correlation']:7.2f}"
        f"{max(found.fold_loss_db for found in sets):7.2f}{sum(found.clicks for found in sets):7d}   {rest}"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", default=",".join(STYLES), help="all of them unless named")
    parser.add_argument("--arousals", default="-0.8,-0.4,0,0.4,0.8")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--level", type=float, default=0.0, help="level of the directive, dB ≤ 0")
    parser.add_argument("--quick", action="store_true", help="one seed, 60 s, two arousals, eight human pieces")
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.seconds, asked.arousals = 1, 60.0, "-0.4,0.4"
    people = human(180.0, 8 if asked.quick else None)
    names = (("LUFS", 8), ("LRA", 7), ("peak", 9), ("centroid", 9), (">4k, %", 9), ("offset", 8), ("corr", 7), ("fold", 7))
    heading = f"{'median':<22}" + "".join(f"{name:>{width}}" for name, width in (*names, ("clicks", 7)))
    print(f"{heading}   off / off after 30 s / dB a second, 99 %")
    limits = {}
    if people:
        print(line(f"human calm, {len(people)}", people))
        limits = {field: band(people, field) for field in BANDED}
        told = ", ".join(f"{field} {low:.3g}…{high:.3g}" for field, (low, high) in limits.items())
        print(f"{'  10…90 %':<22}{told}")
    else:
        print(f"There are no human pieces in {CORPUS}: set UNDERTONE_CORPUS.", file=sys.stderr)
    try:
        synth: FluidSynth | ToneSynth = FluidSynth(find_soundfont(), rate_hz=RATE)
    except SoundError as error:
        print(f"{error} Plain tones are measured instead.", file=sys.stderr)
        synth = ToneSynth(rate_hz=RATE)
    for style in asked.styles.split(","):
        everything: list[Measures] = []
        for arousal in map(float, asked.arousals.split(",")):
            sets = [
                ours(synth, style, seed, arousal=arousal, level=asked.level, seconds=asked.seconds)
                for seed in range(asked.seeds)
            ]
            everything += [found for found, *_ in sets]
            off, late, speed = (np.array([row[index] for row in sets]) for index in (1, 2, 3))
            rest = f"{off.min():+.1f}…{off.max():+.1f} / {late.min():+.1f}…{late.max():+.1f} / {speed.max():.1f}"
            print(line(f"{style} A {arousal:+.1f}", [found for found, *_ in sets], rest), flush=True)
        inside = []
        for field, (low, high) in limits.items():
            share = np.mean([low <= getattr(found, field) <= high for found in everything])
            middle = float(np.median([getattr(found, field) for found in everything]))
            where = "in" if low <= middle <= high else "OUTSIDE"
            inside.append(f"{field} {middle:.3g} {where} the band ({share:.0%} of pieces)")
        print(f"  {style}: " + "; ".join(inside))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
