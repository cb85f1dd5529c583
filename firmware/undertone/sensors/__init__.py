"""Sensors: the only place that knows registers.

A `Reader` polls the two chips of a pod over a `Bus` and tells blocks of samples, with the times at which they were taken, and
faults. It never waits: time is an argument, so the same code reads a real pod in a `ReaderThread` and an emulated one in a
simulated night.

    bus (three verbs; LinuxBus)
      ├─ max3010x: driver of the pulse sensor ─▶ pulse: FIFO → stamp (when was it?) → INFRARED and RED blocks ─┐
      └─ ads1115: driver of the converter ─────▶ skin: volts → conductance → decimate → SKIN blocks ───────────┴▶ Reader

One pod is on the bus itself; up to eight are behind a bus switch, and `Pods` reads them all:

    bus ─▶ mux: selects a pod's channel before each transfer ─▶ one Reader for each pod ─▶ pods: whose turn is it, who hangs?
      └─ recovery: frees a bus that is held low (pinctrl: by the Pi's own pins)

Within the pulse channel, `led` keeps the light in range, `swap` notices exchanged LEDs, and `temperature` reads the die's. The
skin's front end is a `FrontEnd` (`conductance`), which `calibration` measures with test resistors, or a `Grove`.

`registers` is how a datasheet's tables are written down, `trouble` how faults are told once and retried with patience.
"""

from __future__ import annotations

from undertone.sensors.ads1115 import Ads1115
from undertone.sensors.bus import Bus, LinuxBus
from undertone.sensors.calibration import Ratios, Steady, calibrated, ratios, residual
from undertone.sensors.conductance import FrontEnd, SkinFrontEnd, electrode_volts, microsiemens
from undertone.sensors.grove import Grove
from undertone.sensors.max3010x import Max3010x, PulseSettings
from undertone.sensors.mux import PodBus, Tca9548a
from undertone.sensors.pinctrl import PinctrlLines
from undertone.sensors.pods import Pods
from undertone.sensors.reader import Polled, Reader, ReaderThread
from undertone.sensors.recovery import Freed, Levels, Line, Lines, Recovery
from undertone.sensors.skin import SkinSettings
from undertone.sensors.stamp import Stamp, Stamped

__all__ = [
    "Ads1115",
    "Bus",
    "Freed",
    "FrontEnd",
    "Grove",
    "Levels",
    "Line",
    "Lines",
    "LinuxBus",
    "Max3010x",
    "PinctrlLines",
    "PodBus",
    "Pods",
    "Polled",
    "PulseSettings",
    "Ratios",
    "Reader",
    "ReaderThread",
    "Recovery",
    "SkinFrontEnd",
    "SkinSettings",
    "Stamp",
    "Stamped",
    "Steady",
    "Tca9548a",
    "calibrated",
    "electrode_volts",
    "microsiemens",
    "ratios",
    "residual",
]
