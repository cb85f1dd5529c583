"""The device: every effect it has (`World`), and the one place where the rooms are put together (`assemble`).

`recital` is music without a device: a programme walked by its plan alone, and played into a file.
"""

from undertone.device.assemble import Device, assemble, make_pods, make_synth, pulse_settings, skin_settings
from undertone.device.world import OpenSink, World

__all__ = ["Device", "OpenSink", "World", "assemble", "make_pods", "make_synth", "pulse_settings", "skin_settings"]
