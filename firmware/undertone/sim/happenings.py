"""What disturbs a simulated body's sensors: movement, a sensor that comes off, a noise in the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from undertone.flow import Samples

__all__ = ["Disturbance", "Happening", "HappeningKind", "Witness"]

AFTERMATH_SECONDS = 10.0
"""Time in which the light settles by 63 % after a movement has changed how the finger lies."""


REACTION_SECONDS = 5.0
"""Nobody answers a happening later than this."""


class HappeningKind(StrEnum):
    """What may happen to somebody who wears a pod."""

    MOVEMENT = "movement"
    """The hand moves: light and, less, conductance swing, and the finger lies a little differently afterwards."""
    FINGER_OFF = "finger off"
    ELECTRODES_OFF = "electrodes off"
    SENSORS_OFF = "sensors off"
    """Finger and electrodes."""
    STARTLE = "startle"
    """A noise in the house: tension jumps and the skin answers once, strongly."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happens, from `t` for `seconds`.

    Raises ValueError where it takes no time.
    """

    t: float
    kind: HappeningKind
    seconds: float = 5.0
    strength: float = 1.0
    """How strong a movement or a startle is; 1 is usual."""

    def __post_init__(self) -> None:
        if not self.seconds > 0.0:
            raise ValueError(f"what happens must last longer than 0 s, not {self.seconds:g} s")

    @property
    def end(self) -> float:
        """When it is over, seconds."""
        return self.t + self.seconds

    @property
    def takes_finger(self) -> bool:
        """Whether no light comes back while it lasts."""
        return self.kind in (HappeningKind.FINGER_OFF, HappeningKind.SENSORS_OFF)

    @property
    def takes_electrodes(self) -> bool:
        """Whether nothing conducts while it lasts."""
        return self.kind in (HappeningKind.ELECTRODES_OFF, HappeningKind.SENSORS_OFF)


class Disturbance:
    """What one movement adds to the light, as a share of it: five swings of 0.4 to 6 Hz that come and go, and what stays.

    Which swings is drawn from the seed and the moment at which the movement begins, so that it does not depend on what else
    happens.
    """

    def __init__(self, seed: int, happening: Happening) -> None:
        draw = np.random.default_rng([seed, 7, round(abs(happening.t) * 1000)])
        self.happening = happening
        self._frequencies = np.exp(draw.uniform(np.log(0.4), np.log(6.0), 5))
        self._phases = draw.uniform(0.0, 2.0 * np.pi, 5)
        self._sizes = happening.strength * draw.uniform(0.01, 0.05, 5) / self._frequencies**0.5
        self._shift = happening.strength * draw.normal(0.0, 0.03)

    @property
    def end(self) -> float:
        """When nothing of it is left, seconds."""
        return self.happening.end + 6.0 * AFTERMATH_SECONDS

    def at(self, times: Samples) -> Samples:
        """Share of the light that is added at each time, (n,) for (n,) times."""
        since = times - self.happening.t
        along = np.clip(since / self.happening.seconds, 0.0, 1.0)
        swings = self._sizes @ np.sin(2.0 * np.pi * self._frequencies[:, None] * since + self._phases[:, None])
        shifted = self._shift * (0.5 - 0.5 * np.cos(np.pi * along))
        settling = np.exp(-np.maximum(times - self.happening.end, 0.0) / AFTERMATH_SECONDS)
        return np.sin(np.pi * along) * swings + shifted * settling


class Witness:
    """Follows a growing list of happenings and knows which of them still matter."""

    def __init__(self, seed: int, happenings: Sequence[Happening]) -> None:
        self._seed = seed
        self._happenings = happenings
        self._seen = 0
        self.current: list[Happening] = []
        self.disturbances: list[Disturbance] = []

    def look(self, now: float) -> None:
        """Take in what is new, and let go of what is over at `now`."""
        self.current = [happening for happening in self.current if happening.end + REACTION_SECONDS > now]
        self.disturbances = [disturbance for disturbance in self.disturbances if disturbance.end > now]
        for happening in self._happenings[self._seen :]:
            self.current.append(happening)
            if happening.kind is HappeningKind.MOVEMENT:
                self.disturbances.append(Disturbance(self._seed, happening))
        self._seen = len(self._happenings)
