"""A bench: one pod of emulated chips on an emulated bus, a finger on it, and a clock that we turn by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.flow import Block, Channel, Fault
from undertone.sensors import PulseSettings, Reader, SkinSettings
from undertone.sim.ads1115_chip import Ads1115Chip
from undertone.sim.bus import EmulatedBus
from undertone.sim.max3010x_chip import Max3010xChip
from undertone.timeline import VirtualClock

PULSE, SKIN = 0x57, 0x48
BEAT_HZ = 1.1


class Finger:
    """A pulse of one sine and a slowly waving skin; `lift`, `press` and `open` change what the chips see from then on."""

    def __init__(self) -> None:
        self.level = 286.0
        self.microsiemens: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda t: 5.0 + np.sin(0.3 * t)

    def light(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        infrared = self.level * (1.0 - 0.01 * np.cos(2 * np.pi * BEAT_HZ * times))
        return np.stack([0.6 * infrared, infrared], axis=1)

    def conductance(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.microsiemens(times)


class Bench:
    """Everything that a test of the reader needs."""

    def __init__(self, *, skew: float = 0.0, pulse: PulseSettings | None = None, skin: SkinSettings | None = None) -> None:
        self.clock = VirtualClock(100.0)
        self.finger = Finger()
        self.pulse_chip = Max3010xChip(self.finger, self.clock.now, skew=skew)
        self.skin_chip = Ads1115Chip(self.finger, self.clock.now)
        self.bus = EmulatedBus({PULSE: self.pulse_chip, SKIN: self.skin_chip}, now=self.clock.now)
        self.reader = Reader(self.bus, pulse=pulse or PulseSettings(), skin=skin or SkinSettings())
        self.told: list[Block | Fault] = []

    def run(self, seconds: float, *, late: Callable[[], float] = lambda: 0.0) -> list[Block | Fault]:
        """Poll whenever due, `late()` seconds too late. Returns what was told meanwhile."""
        end, before = self.clock.now() + seconds, len(self.told)
        while (due := max(self.reader.due, self.clock.now())) <= end:
            self.clock.jump(due - self.clock.now() + late())
            self.told += self.reader.poll(self.clock.now())
        self.clock.jump(max(0.0, end - self.clock.now()))
        return self.told[before:]

    def blocks(self, channel: Channel) -> list[Block]:
        return [item for item in self.told if isinstance(item, Block) and item.channel is channel]

    def faults(self) -> list[tuple[str, str, bool]]:
        return [(item.source, item.kind.value, item.over) for item in self.told if isinstance(item, Fault)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def make_bench() -> type[Bench]:
    return Bench
