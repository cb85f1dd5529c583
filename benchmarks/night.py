"""A night of eight hours in virtual time, without sound, twice: how fast, and whether it is the same both times.

    python benchmarks/night.py [--hours 8]

Two runs with the same seed must give the same journal to the last digit; the digest is taken over every record.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from undertone.config import Settings
from undertone.device import World, assemble
from undertone.flow import Goal, Record
from undertone.sim import Body


def resident() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def night(hours: float) -> tuple[str, Counter[str], float]:
    """One night; returns the digest of its records, how many there were of each kind, and the seconds that it took."""
    digest, kinds = hashlib.sha256(), Counter[str]()

    def record(value: Record) -> None:
        digest.update(repr(value).encode())
        kinds[type(value.value).__name__] += 1

    settings = Settings()
    settings = replace(settings, guidance=replace(settings.guidance, goal=Goal.SLEEP, minutes=45.0))
    settings = replace(settings, music=replace(settings.music, seed=1))
    device = assemble(World.simulated(Body.restless(1), open_sink=None), settings, record=record)
    start = time.perf_counter()
    device.run(until=hours * 3600.0)
    took = time.perf_counter() - start
    device.close()
    return digest.hexdigest(), kinds, took


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=8.0)
    asked = parser.parse_args()
    digests = []
    for _ in range(2):
        before = resident()
        digest, kinds, took = night(asked.hours)
        digests.append(digest)
        print(f"{asked.hours:g} h in {took:.1f} s: {asked.hours * 3600 / took:.0f} times faster than real time (target 100)")
        print(f"  {dict(kinds)}; memory {before:.0f} → {resident():.0f} MB; digest {digest[:16]}")
    print("identical" if digests[0] == digests[1] else "NOT IDENTICAL")


if __name__ == "__main__":
    main()
