"""Light that comes back from a fingertip on a MAX3010x, as all that can be looked at agrees on it.

More blood means less light. Red light comes back a little more weakly than infrared and pulsates half as strongly, which is the
ratio for usual oxygen in the blood.

Source: typical counts and currents of the MAX30102 with a finger, at 7 mA about 2 µA of the 4.096 µA range.
"""

from __future__ import annotations

import numpy as np

from undertone.flow import Samples

__all__ = ["DARK_PER_MA", "INFRARED_PER_MA", "returned_light"]

INFRARED_PER_MA = 286.0
"""Infrared light that comes back from a usual finger, nA for each mA of LED current."""

DARK_PER_MA = 3.0
"""What the cover glass throws back with no finger there, nA for each mA of LED current."""

RED_LIGHT, RED_PULSE = 0.8, 0.5
"""Red light that comes back, and how strongly it pulsates, against infrared."""


def returned_light(blood: Samples, *, infrared_per_ma: float = INFRARED_PER_MA, movement: Samples | float = 0.0) -> Samples:
    """Light for each mA of LED current, nA/mA, (n, 2): red and infrared; never less than in the dark.

    blood: share of the infrared light that blood takes, (n,). movement: share of all light that movement takes, (n,).
    """
    light = np.empty((len(blood), 2))
    light[:, 0] = RED_LIGHT * infrared_per_ma * (1.0 - RED_PULSE * blood - movement)
    light[:, 1] = infrared_per_ma * (1.0 - blood - movement)
    return np.maximum(light, DARK_PER_MA, out=light)
