"""What disturbs a simulated body's sensors: movement, a sensor that comes off, a noise in the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from undertone.flow import Samples

__all__ = ["Contact", "Disturbance", "Happening", "HappeningKind", "Witness"]

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
    PRESSURE = "pressure"
    """Something presses an electrode to the skin, or less than before: conductance steps, and steps back at the end."""
    KNOCK = "knock"
    """Something knocks against an electrode: one to four spikes of conductance."""
    LOOSE = "loose electrode"
    """An electrode peels off in part: conductance falls in jerks, trembles, and comes back at the end."""


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


class Contact:
    """What pressure, a knock or a loose electrode makes of the conductance, as a factor.

    The size is drawn from the seed and the moment at which it begins. Pressure of strength 1 changes conductance by 3 to 30 %
    within 0.05 to 0.8 s, and a tenth of that fades with a time constant of 5 s; spikes of a knock are 2 to 30 % high and 0.1 to
    1 s wide; a loose electrode keeps 10 to 70 % of its area.
    """

    def __init__(self, seed: int, happening: Happening) -> None:
        draw = np.random.default_rng([seed, 9, round(abs(happening.t) * 1000)])
        self.happening = happening
        self._sign = float(draw.choice((-1.0, 1.0)))
        self._share = happening.strength * float(np.exp(draw.uniform(np.log(0.03), np.log(0.3))))
        self._edges = draw.uniform(0.05, 0.8, 2)
        self._moments = np.sort(draw.uniform(0.0, 1.0, 4))
        self._widths = np.exp(draw.uniform(np.log(0.05), np.log(0.5), 4))
        self._sizes = self._share * draw.uniform(0.3, 1.0, 4) * draw.choice((-1.0, 1.0), 4)
        self._count = int(draw.integers(1, 5))
        self._kept = draw.uniform(0.1, 0.7)
        self._trembling = draw.uniform(1.0, 4.0, 3)

    def at(self, times: Samples) -> Samples:
        """The factor at each time, (n,) for (n,) times; 1 where nothing is the matter."""
        since = times - self.happening.t
        if self.happening.kind is HappeningKind.PRESSURE:
            return np.maximum(0.0, 1.0 + self._pressed(since))
        if self.happening.kind is HappeningKind.KNOCK:
            return np.maximum(0.0, 1.0 + self._knocked(since))
        return np.maximum(0.0, 1.0 - (1.0 - self._kept) * self._lifted(since))

    def _pressed(self, since: Samples) -> Samples:
        left = since - self.happening.seconds
        on, off = np.clip(since / self._edges[0], 0.0, 1.0), np.clip(left / self._edges[1], 0.0, 1.0)
        return np.asarray(self._sign * self._share * (on - off) * (0.9 + 0.1 * np.exp(-np.maximum(since, 0.0) / 5.0)))

    def _knocked(self, since: Samples) -> Samples:
        moments = self.happening.seconds * self._moments[: self._count]
        apart = (since[:, None] - moments) / self._widths[: self._count]
        return np.asarray(np.exp(-0.5 * np.minimum(apart * apart, 100.0)) @ self._sizes[: self._count])

    def _lifted(self, since: Samples) -> Samples:
        seconds = self.happening.seconds
        jerks = 0.7 * self._moments[:3] * seconds
        fallen = np.clip((since[:, None] - jerks) / 0.3, 0.0, 1.0).sum(axis=1) / 3.0
        back = np.clip((since - 0.8 * seconds) / (0.2 * seconds), 0.0, 1.0)
        trembling = np.sin(2.0 * np.pi * self._trembling * since[:, None]).mean(axis=1)
        return np.asarray(fallen * (1.0 - back) * (1.0 + 0.2 * trembling))

    @property
    def end(self) -> float:
        """When nothing of it is left, seconds."""
        return self.happening.end + 3.0


TOUCHING = (HappeningKind.PRESSURE, HappeningKind.KNOCK, HappeningKind.LOOSE)


class Witness:
    """Follows a growing list of happenings and knows which of them still matter."""

    def __init__(self, seed: int, happenings: Sequence[Happening]) -> None:
        self._seed = seed
        self._happenings = happenings
        self._seen = 0
        self.current: list[Happening] = []
        self.disturbances: list[Disturbance] = []
        self.contacts: list[Contact] = []

    def look(self, now: float) -> None:
        """Take in what is new, and let go of what is over at `now`."""
        self.current = [happening for happening in self.current if happening.end + REACTION_SECONDS > now]
        self.disturbances = [disturbance for disturbance in self.disturbances if disturbance.end > now]
        self.contacts = [contact for contact in self.contacts if contact.end > now]
        for happening in self._happenings[self._seen :]:
            self.current.append(happening)
            if happening.kind is HappeningKind.MOVEMENT:
                self.disturbances.append(Disturbance(self._seed, happening))
            if happening.kind in TOUCHING:
                self.contacts.append(Contact(self._seed, happening))
        self._seen = len(self._happenings)
