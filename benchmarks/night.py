"""A night of eight hours in virtual time, without sound, twice: how fast, and whether it is the same both times.

    python benchmarks/night.py [--hours 8]
    python benchmarks/night.py --sound          # once, with sound: underruns, level, discontinuities

Two runs with the same seed must give the same journal to the last digit; the digest is taken over every record. With --sound
the music is rendered and played into a meter that knows nothing of the device's own: A-weighting and the fast weighting by
scipy. It tells the loudest moment, how often the ceiling was passed, and every place where the sound is torn.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from undertone.config import Settings
from undertone.device import World, assemble
from undertone.flow import Goal, Record
from undertone.sim import Body


def resident() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


RATE = 48000
TORN = 20.0
"""The sound is torn where its fourth difference is so many times the median around it: piano music stays under 8, and of cuts
of 50 to 2048 frames in it 95 in 100 are over 60."""
FAINTEST = 1e-6
"""Medians below this count as this: rounding to 32 bits is no music."""
AROUND = 480
"""Frames over which the median is taken, and on either side once more."""


class Meter:
    """A sink that listens: loudest fast level, RMS of each second, torn places. Independent of the device's own meter."""

    paced = False
    latency = 0.0

    def __init__(self) -> None:
        from scipy import signal

        self.rate_hz = RATE
        self.frames = 0
        self.loudest: list[float] = []
        """Highest A-weighted fast level of each second, dB re the mean square 1."""
        self.torn: list[float] = []
        self._signal = signal
        poles = -2.0 * np.pi * np.array([20.598997, 20.598997, 107.65265, 737.86223, 12194.217, 12194.217])
        sos = signal.zpk2sos(*signal.bilinear_zpk(np.zeros(4), poles, 1.0, RATE))
        unity = np.abs(signal.sosfreqz(sos, [1000.0], fs=RATE)[1][0])
        self._sos, self._gain = sos, 1.0 / unity
        self._state = np.zeros((len(sos), 2, 2))
        self._keep = float(np.exp(-1.0 / (0.125 * RATE)))
        self._fast = np.zeros((2, 1))
        self._before = np.zeros((2, 4))
        self._waiting: list[np.ndarray] = []

    def write(self, frames: np.ndarray) -> None:
        self._waiting.append(frames)
        if sum(len(part) for part in self._waiting) >= RATE:
            sound = np.concatenate(self._waiting).T.astype(np.float64)
            self._waiting = [sound[:, RATE:].T.astype(np.float32)]
            self._second(sound[:, :RATE])

    def close(self) -> None:
        """Nothing to give back."""

    def _second(self, sound: np.ndarray) -> None:
        weighted, self._state = self._signal.sosfilt(self._sos, sound, axis=1, zi=self._state)
        power = (self._gain * weighted) ** 2
        fast, self._fast = self._signal.lfilter([1.0 - self._keep], [1.0, -self._keep], power, axis=1, zi=self._fast)
        self.loudest.append(float(10.0 * np.log10(max(fast.max(), 1e-20))))
        fourth = np.abs(np.diff(sound, 4, axis=1, prepend=self._before))
        self._before = sound[:, -4:]
        parts = fourth.reshape(2, -1, AROUND)
        usual = np.pad(np.maximum(np.median(parts, axis=2), FAINTEST), ((0, 0), (1, 1)), mode="edge")
        usual = np.maximum(np.maximum(usual[:, :-2], usual[:, 2:]), usual[:, 1:-1])
        for part in np.flatnonzero((parts.max(axis=2) > TORN * usual).any(axis=0)):
            self.torn.append((self.frames + int(part) * AROUND) / RATE)
        self.frames += RATE


def sounding(hours: float) -> int:
    """One night with sound; prints what the meter heard, and returns 1 where something is wrong."""
    settings = Settings()
    settings = replace(settings, guidance=replace(settings.guidance, goal=Goal.SLEEP, minutes=45.0))
    settings = replace(settings, music=replace(settings.music, seed=1))
    meter = Meter()
    device = assemble(World.simulated(Body.restless(1), open_sink=lambda: meter), settings)
    start, passed, softest = time.perf_counter(), 0, 0.0
    for step in range(1, int(hours * 60.0) + 1):
        device.run(until=60.0 * step)
        safety = device.player.safety
        ceiling = safety.ceiling_dba - safety.protection.calibration.full_scale_dba
        passed += sum(level > ceiling + 0.2 for level in meter.loudest[-60:])
        softest = min(softest, safety.stop_db)
        print(
            f"\r{step} of {hours * 60.0:.0f} min, {60.0 * step / (time.perf_counter() - start):.0f} times real time",
            end="",
            flush=True,
        )
    audible = sum(level > -80.0 for level in meter.loudest)
    print(
        f"\n{len(meter.loudest)} s of sound, {audible} s audible; loudest moment {max(meter.loudest):.1f} dB(A) re full scale"
    )
    print(f"underruns {device.player.underruns}; broken blocks {device.player.broken}; seconds over the ceiling {passed}")
    print(
        f"lowest stop of the volume {softest:.1f} dB; torn places {len(meter.torn)}: {[round(t, 3) for t in meter.torn[:10]]}"
    )
    print(f"memory {resident():.0f} MB")
    wrong = device.player.underruns or device.player.broken or passed or meter.torn
    device.close()
    return 1 if wrong else 0


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
    parser.add_argument("--hours", type=float, default=8.0, help="length of the night (%(default)g)")
    parser.add_argument("--sound", action="store_true", help="render it, and listen with a meter")
    asked = parser.parse_args()
    if asked.sound:
        raise SystemExit(sounding(asked.hours))
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
