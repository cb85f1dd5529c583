"""Skin conductance whose truth is known: simulated people who sit still, or whose electrodes are disturbed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from undertone.flow import Block, Channel, Response, Samples, readonly
from undertone.sim.course import Course, Person
from undertone.sim.happenings import Happening, HappeningKind
from undertone.sim.heart import PIECE_SECONDS
from undertone.sim.listening import Listening
from undertone.sim.skin import SKIN_HZ, Skin

__all__ = ["DEVICE_HZ", "Sitting", "artefacts", "blocks", "sitting"]

DEVICE_HZ = 16.0
"""Samples a second of the device's skin channel."""

_TENSION = 0.5
_SHARE_OF_FULL = 0.06 + 0.94 * _TENSION**1.5
"""Of a person's responses at full tension, that come at this tension."""
_BLOCK = 4


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a sensor saw of one person, and what was there. All arrays have one value for each sample, µS."""

    times: Samples
    """Seconds."""
    values: Samples
    """As seen, with noise."""
    tonic: Samples
    undisturbed: Samples
    """Tonic and responses, without noise and with the electrodes in place."""
    disturbance: Samples
    """What disturbed electrodes add."""
    responses: tuple[Response, ...]
    rate_hz: float = DEVICE_HZ

    def onsets(self, threshold: float = 0.03) -> list[Response]:
        """The responses that count: all that would be at least so high alone, however near to others."""
        return [response for response in self.responses if response.amplitude_microsiemens >= threshold]


def sitting(
    seed: int,
    *,
    minutes: float,
    per_min: float,
    noise: float = 0.001,
    microsiemens: float | None = None,
    script: Iterable[Happening] = (),
    rate_hz: float = DEVICE_HZ,
    step: float = 0.0,
) -> Sitting:
    """One person, seen for some minutes.

    per_min: mean number of responses a minute, at least a second apart. noise: standard deviation of white noise in each
    sample, µS. microsiemens: level; None for the person's own. step: to which the values are rounded, µS; 0 for none.
    """
    person = Person.drawn(seed)
    each_second = per_min / 60.0 / (1.0 - 0.5 * per_min / 60.0)
    person = replace(
        person,
        responses_per_min=60.0 * each_second / _SHARE_OF_FULL,
        microsiemens=person.microsiemens if microsiemens is None else microsiemens,
    )
    course = Course(
        seed,
        person,
        tension=_TENSION,
        usual=_TENSION,
        breath_per_min=None,
        listening=Listening(0.0),
        script=script,
        movements_per_min=0.0,
        losses_per_hour=0.0,
    )
    skin = Skin(seed, course)
    pieces = []
    for index in range(round(minutes * 60.0 / PIECE_SECONDS)):
        seen = skin.piece(index)[:-1, 0]
        pieces.append(np.stack([seen, skin.tonic[:-1], skin.undisturbed[:-1]]))
        course.forget(index * PIECE_SECONDS)
    fine = np.concatenate(pieces, axis=1)
    edges = np.arange(0.0, fine.shape[1] / SKIN_HZ + 1e-9, 1.0 / rate_hz)
    sums = np.concatenate([np.zeros((3, 1)), np.cumsum(fine, axis=1)], axis=1)
    at = np.arange(sums.shape[1]) / SKIN_HZ
    seen, tonic, undisturbed = (np.diff(np.interp(edges, at, row)) * (rate_hz / SKIN_HZ) for row in sums)
    values = seen + noise * np.random.default_rng([seed, 77]).standard_normal(len(seen)) * (seen > 0.0)
    if step:
        values = step * np.round(values / step)
    return Sitting(
        times=readonly(edges[:-1] + 0.5 / rate_hz),
        values=readonly(np.maximum(values, 0.0)),
        tonic=readonly(tonic),
        undisturbed=readonly(undisturbed),
        disturbance=readonly(seen - undisturbed),
        responses=tuple(skin.responses),
        rate_hz=rate_hz,
    )


def artefacts(seed: int, *, minutes: float, per_min: float, kinds: Iterable[HappeningKind]) -> list[Happening]:
    """Disturbances by chance, of the given kinds, so many a minute."""
    draw = np.random.default_rng([seed, 78])
    chosen = list(kinds)
    happenings, t = [], 5.0
    while (t := t + float(draw.exponential(60.0 / per_min))) < minutes * 60.0 - 5.0:
        kind = chosen[int(draw.integers(len(chosen)))]
        seconds, strength = float(np.exp(draw.uniform(np.log(1.0), np.log(15.0)))), float(np.exp(draw.normal(0.0, 0.5)))
        happenings.append(Happening(t, kind, seconds=seconds, strength=strength))
    return happenings


def blocks(times: Samples, values: Samples, rate_hz: float) -> Iterator[Block]:
    """The samples as the device would bring them: a quarter of a second at a time."""
    size = max(1, round(_BLOCK * rate_hz / DEVICE_HZ))
    for start in range(0, len(values), size):
        yield Block(Channel.SKIN, float(times[start]), rate_hz, readonly(values[start : start + size]))
