"""Sensors: the only place that knows registers.

A `Reader` polls the two chips of a pod over a `Bus` and tells blocks of samples, with the times at which they were taken, and
faults. It never waits: time is an argument, so the same code reads a real pod in a `ReaderThread` and an emulated one in a
simulated night.

    bus (two verbs; LinuxBus)
      ├─ max3010x: driver of the pulse sensor ─▶ pulse: FIFO → stamp (when was it?) → INFRARED and RED blocks ─┐
      └─ ads1115: driver of the converter ─────▶ skin: volts → conductance → decimate → SKIN blocks ───────────┴▶ Reader

`registers` is how a datasheet's tables are written down, `trouble` how faults are told once and retried with patience.
"""

from __future__ import annotations

from undertone.sensors.ads1115 import Ads1115
from undertone.sensors.bus import Bus, LinuxBus
from undertone.sensors.conductance import FrontEnd, electrode_volts, microsiemens
from undertone.sensors.max3010x import Max3010x, PulseSettings
from undertone.sensors.reader import Reader, ReaderThread
from undertone.sensors.skin import SkinSettings
from undertone.sensors.stamp import Stamp, Stamped

__all__ = [
    "Ads1115",
    "Bus",
    "FrontEnd",
    "LinuxBus",
    "Max3010x",
    "PulseSettings",
    "Reader",
    "ReaderThread",
    "SkinSettings",
    "Stamp",
    "Stamped",
    "electrode_volts",
    "microsiemens",
]
