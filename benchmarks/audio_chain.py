"""What the sound costs, part by part: share of one core while it plays, and memory.

    PYTHONPATH=firmware OMP_NUM_THREADS=1 python benchmarks/audio_chain.py --seconds 60

Music from the composer goes through the whole chain as fast as it can. Shares are CPU time by the length of the sound. A Pi
Zero 2 W needs about 15 times as much for what is C and 20 times for what is numpy.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from undertone.audio import BLOCK, FluidSynth, Outlet, Renderer, ToneSynth, find_soundfont
from undertone.audio.filters import BlockFilter
from undertone.audio.limiter import Limiter
from undertone.audio.loudness import LoudnessRider
from undertone.audio.mixer import Mixer
from undertone.audio.reverb import Reverb
from undertone.flow import Bar, Directive, Goal, Phase
from undertone.music import Composer

RATE = 48000


class Stopwatch:
    """Adds up CPU time by part; a part inside another is not counted twice."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inside: list[str] = []

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, counted under a part."""

        def counted(*arguments: Any, **settings: Any) -> Any:
            before = time.thread_time()
            self._inside.append(part)
            try:
                return call(*arguments, **settings)
            finally:
                self._inside.pop()
                taken = time.thread_time() - before
                self.seconds[part] += taken
                if self._inside:
                    self.seconds[self._inside[-1]] -= taken

        return counted


def resident_mb() -> float:
    """Memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024.0
    return float("nan")


def chain(synth: FluidSynth | ToneSynth, watch: Stopwatch, *, seconds: float, arousal: float) -> tuple[float, float]:
    """Play so many seconds; the mean number of voices (0 where it is not told) and the gain of the loudness rider."""
    composer, renderer, outlet = Composer(7), Renderer(synth, rate_hz=RATE), Outlet(rate_hz=RATE, frames=BLOCK)

    def compose(t: float) -> Bar:
        directive = Directive(t, t + 60, Phase.HOLD, Goal.CALM, arousal, 0.3, 0.0, 6.0, 1.0, "benchmark")
        return composer.compose(t, directive)

    compose = watch.timed("composer", compose)
    render = watch.timed("events, controls, guard", renderer.render)
    voices = []
    while renderer.position < seconds:
        while renderer.needs_bar:
            renderer.queue(compose(renderer.end))
        outlet(render(BLOCK))
        voices.append(synth.voices if isinstance(synth, FluidSynth) else 0)
    return float(np.mean(voices)), renderer.gain_db


def watch_parts(watch: Stopwatch) -> None:
    """Have every part of the chain counted."""
    parts: dict[type, tuple[str, str]] = {
        FluidSynth: ("render", "synthesiser"),
        ToneSynth: ("render", "synthesiser"),
        Mixer: ("__call__", "gains and sum"),
        BlockFilter: ("__call__", "filters: low-pass, high-pass, K"),
        Reverb: ("__call__", "reverb"),
        LoudnessRider: ("__call__", "loudness"),
        Outlet: ("__call__", "outlet: volume, guard"),
        Limiter: ("__call__", "limiter"),
    }
    for kind, (method, name) in parts.items():
        setattr(kind, method, watch.timed(name, getattr(kind, method)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the music (60)")
    parser.add_argument("--arousal", type=float, default=0.0, help="−1…1: more is denser (0)")
    parser.add_argument("--tones", action="store_true", help="plain tones instead of FluidSynth")
    arguments = parser.parse_args()
    before = resident_mb()
    synth: FluidSynth | ToneSynth = ToneSynth() if arguments.tones else FluidSynth(find_soundfont())
    watch = Stopwatch()
    watch_parts(watch)
    wall = time.perf_counter()
    voices, gain = chain(synth, watch, seconds=arguments.seconds, arousal=arguments.arousal)
    wall = time.perf_counter() - wall
    for part, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        print(f"{part:32} {100 * seconds / arguments.seconds:6.2f} % of a core")
    print(f"{'all':32} {100 * sum(watch.seconds.values()) / arguments.seconds:6.2f} % of a core")
    print(f"{voices:.1f} voices on average, loudness gain {gain:.1f} dB, {arguments.seconds / wall:.0f} × real time")
    print(f"memory: {resident_mb():.0f} MB, of which {resident_mb() - before:.0f} MB by synthesiser, chain and music")


if __name__ == "__main__":
    main()
