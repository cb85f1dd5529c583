"""The five measured quantities that arousal is judged by, on the scale on which people differ least.

Theory of operation. A heart rate counts in beats per minute; variability, conductance and breathing count in ratios, so they
are taken as logarithms; a rate of skin responses counts as its square root, which makes the spread of a count even. On these
scales "two units above usual" means about the same at a dry wrist (0.1 µS) and at a warm finger (10 µS).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from undertone.flow import Features

__all__ = ["GOOD", "SCALES", "Quantity", "Reading", "Scale", "readings"]

GOOD = 0.5
"""Quality from which a channel counts as good: only then does it teach the baseline and move the state."""


class Quantity(StrEnum):
    """What is compared with the listener's usual. The values are the names of the fields of `Features`."""

    HEART = "heart_bpm"
    VARIABILITY = "rmssd_ms"
    BREATHING = "breathing_per_min"
    CONDUCTANCE = "tonic_microsiemens"
    RESPONSES = "responses_per_min"


@dataclass(frozen=True, slots=True)
class Scale:
    """How one quantity is measured, and what is ordinary for people in general."""

    onto: Callable[[float], float]
    """From the unit of `Features` to the scale on which it is compared."""
    back: Callable[[float], float]
    """The inverse of `onto`."""
    lowest: float
    """Smallest value of `Features` that can be true; below it the value is not used."""
    highest: float
    """Largest value of `Features` that can be true."""
    spread: float
    """Ordinary standard deviation of a person at rest within minutes, on the scale."""
    bound: float
    """How far the usual may drift from where it was first learnt, on the scale."""
    pulse: bool
    """True when the pulse channel carries it, False for the skin channel."""


SCALES: Mapping[Quantity, Scale] = MappingProxyType({
    Quantity.HEART: Scale(float, float, 30.0, 220.0, spread=4.0, bound=12.0, pulse=True),
    Quantity.VARIABILITY: Scale(math.log, math.exp, 1.0, 400.0, spread=0.35, bound=0.7, pulse=True),
    Quantity.BREATHING: Scale(math.log, math.exp, 3.0, 45.0, spread=0.2, bound=0.4, pulse=True),
    Quantity.CONDUCTANCE: Scale(math.log, math.exp, 0.01, 100.0, spread=0.25, bound=1.5, pulse=False),
    Quantity.RESPONSES: Scale(math.sqrt, lambda root: root * root, 0.0, 60.0, spread=0.7, bound=1.5, pulse=False),
})
"""Design values; the spreads are rounded from seated rest and only set how soon a change counts as one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One quantity at one moment, on its scale, with the quality of the channel that carried it (0…1)."""

    value: float
    quality: float


def readings(features: Features) -> dict[Quantity, Reading]:
    """The quantities that are known in `features`. What is None, not finite or impossible is left out."""
    pulse, skin = _share(features.pulse_quality), _share(features.skin_quality)
    known: dict[Quantity, Reading] = {}
    for quantity, scale in SCALES.items():
        value: float | None = getattr(features, quantity.value)
        if value is None or not scale.lowest <= value <= scale.highest:
            continue
        known[quantity] = Reading(scale.onto(value), pulse if scale.pulse else skin)
    return known


def _share(quality: float) -> float:
    return min(1.0, max(0.0, quality)) if math.isfinite(quality) else 0.0
