"""Sim: a listener, chips and a bus that are not there, for everything that runs without hardware.

A product feature, not a test helper: `undertone simulate` and `undertone replay` run the whole device on it. A `Body` is a
listener made from a seed, a `Replay` one who was recorded; either is looked at by emulated chips on an emulated bus, so that
drivers, signals and everything after cannot tell the difference.
"""

from __future__ import annotations

from undertone.sim.ads1115_chip import Ads1115Chip
from undertone.sim.body import Body, Truth
from undertone.sim.bus import EmulatedBus
from undertone.sim.chips import Chip
from undertone.sim.grove import GroveCircuit
from undertone.sim.happenings import Happening, HappeningKind
from undertone.sim.max3010x_chip import Max3010xChip
from undertone.sim.replay import Replay
from undertone.sim.segment import Segment
from undertone.sim.shared import Listener, Shared
from undertone.sim.subject import Subject
from undertone.sim.tca9548a_chip import Tca9548aChip

__all__ = [
    "Ads1115Chip",
    "Body",
    "Chip",
    "EmulatedBus",
    "GroveCircuit",
    "Happening",
    "HappeningKind",
    "Listener",
    "Max3010xChip",
    "Replay",
    "Segment",
    "Shared",
    "Subject",
    "Tca9548aChip",
    "Truth",
]
