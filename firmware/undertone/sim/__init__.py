"""Sim: a listener, chips and a bus that are not there, for everything that runs without hardware.

A product feature, not a test helper: `undertone simulate` and `undertone replay` run the whole device on it. A `Body` is a
listener made from a seed, a `Replay` one who was recorded; either is looked at by emulated chips on an emulated bus, so that
drivers, signals and everything after cannot tell the difference.
"""

from __future__ import annotations

from undertone.sim.body import Body, Truth
from undertone.sim.happenings import Happening, HappeningKind
from undertone.sim.replay import Replay
from undertone.sim.subject import Subject

__all__ = ["Body", "Happening", "HappeningKind", "Replay", "Subject", "Truth"]
