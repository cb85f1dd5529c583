"""What each room costs: its share of one core, and the memory that it adds.

    python benchmarks/rooms.py [--minutes 5] [--rate-hz 48000]

Runs one session of a simulated listener in virtual time, with sound into nowhere, and measures the CPU time that passes within
each room's entry points, less what passes in the rooms that they call. The simulator stands apart: a real device has a body in
its place. Memory is read before and after each room is loaded, in the order of the table.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ENTRIES = {
    "simulator": ("undertone.sim", ("EmulatedBus.read", "EmulatedBus.write", "Body.hear")),
    "sensors": ("undertone.sensors", ("Pods.poll",)),
    "signals": ("undertone.signals", ("Signals.push", "Signals.features")),
    "affect": ("undertone.affect", ("ModelEstimator.push", "RuleEstimator.push")),
    "guidance": ("undertone.guidance", ("Guide.decide",)),
    "music": ("undertone.music", ("Composer.compose",)),
    "audio": ("undertone.audio", ("Player.advance",)),
}
TARGET_SHARE = 0.06
TARGET_BYTES = 200e6


class Stopwatches:
    """CPU seconds by room, each less what its callees took."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._nested = [0.0]

    def watch(self, room: str, owner: Any, name: str) -> None:
        """Have a method of a class counted as the room's."""
        method: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(method)
        def watched(*arguments: Any, **options: Any) -> Any:
            self._nested.append(0.0)
            before = time.thread_time()
            try:
                return method(*arguments, **options)
            finally:
                took = time.thread_time() - before
                self.seconds[room] += took - self._nested.pop()
                self._nested[-1] += took

        setattr(owner, name, watched)


def resident() -> int:
    """Resident memory of this process, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS in /proc/self/status")


def load_rooms(stopwatches: Stopwatches) -> dict[str, int]:
    """Import room after room; returns the memory that each added, bytes."""
    added = {}
    importlib.import_module("numpy")
    added["python and numpy"] = resident()
    for room, (module, entries) in ENTRIES.items():
        before = resident()
        loaded = importlib.import_module(module)
        added[room] = resident() - before
        for entry in entries:
            owner, method = entry.split(".")
            stopwatches.watch(room, getattr(loaded, owner), method)
    return added


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rate-hz", type=int, default=None)
    asked = parser.parse_args()
    stopwatches = Stopwatches()
    memory = load_rooms(stopwatches)

    from undertone.audio import NullSink
    from undertone.config import Settings
    from undertone.device import World, assemble
    from undertone.sim import Body

    settings = Settings()
    settings = replace(settings, guidance=replace(settings.guidance, minutes=asked.minutes))
    before = resident()
    world = World.simulated(Body.tense(1), open_sink=lambda: NullSink(asked.rate_hz or settings.audio.rate_hz))
    device = assemble(world, settings)
    memory["the device, with fonts and model"] = resident() - before
    before, start, wall = resident(), time.thread_time(), time.perf_counter()
    seconds = asked.minutes * 60.0
    device.run(until=seconds)
    total, wall = time.thread_time() - start, time.perf_counter() - wall
    device.close()
    memory["what it gathered while running"] = resident() - before
    stopwatches.seconds["between the rooms"] = total - sum(stopwatches.seconds.values())

    print(f"{asked.minutes:g} minutes of session in {wall:.1f} s\n")
    print(f"{'room':<34}{'share of a core':>16}")
    for room, took in stopwatches.seconds.items():
        print(f"{room:<34}{took / seconds:>15.2%}")
    device_share = (total - stopwatches.seconds["simulator"]) / seconds
    print(f"{'the device (without the simulator)':<34}{device_share:>15.2%}   target {TARGET_SHARE:.0%}")
    print(f"\n{'memory':<34}{'MB':>16}")
    for part, size in memory.items():
        print(f"{part:<34}{size / 1e6:>16.1f}")
    print(f"{'in all':<34}{resident() / 1e6:>16.1f}   target {TARGET_BYTES / 1e6:.0f}")


if __name__ == "__main__":
    main()
