"""Skin conductance: its level, its responses, and how far it can be trusted.

Theory of operation. Every rate from 4 to 64 Hz is averaged down to about 4 samples a second, so that features mean the same on
every device. `sudomotor` finds the bursts of the nerve in them, `phasic` the responses that these cause, also where conductance
falls all the while; `skin_quality` says how far to trust what was seen.

Conductance outside 0.03–60 µS means that the electrodes are off or wet, and a change by more than 10 µS/s that one moved:
nothing crosses such a break, or a gap, and the first second after it is not used.

The level is the median of the last 10 s less what the responses add to it.

What is absolute: the limits of range and slope, and the threshold. All else scales with the signal.

Source: limits of range and slope after I. Kleckner et al., IEEE TBME 65(7):1460 (2018), doi:10.1109/TBME.2017.2758643.
"""

from __future__ import annotations

import numpy as np

from undertone.flow import Block, Response
from undertone.signals.answers import Usual
from undertone.signals.memory import Memory
from undertone.signals.phasic import Phasic
from undertone.signals.quality import falling
from undertone.signals.skin_quality import WINDOW, Evidence, probability
from undertone.signals.stamps import Stamps
from undertone.signals.sudomotor import RATE_HZ

__all__ = ["RATE_HZ", "Conductance"]

_LIFTED = 0.03
_DRY = 0.05
_WET = 60.0
_STEEPEST = 10.0
_SETTLING = 4
_LEVEL_WINDOW = 10.0
_RESPONSE_WINDOW = 60.0


class Conductance:
    """Streams blocks of conductance into responses.

    A response is told once it has lost half of its amplitude, about 2.5 s after the onset of the next one, where that comes
    first, or 8 s after its peak. It counts in `responses` about 2.5 s after its onset.

    threshold: smallest amplitude that counts, microsiemens.
    """

    def __init__(self, *, threshold: float = 0.03, pod: int = 0) -> None:
        self._threshold = threshold
        self._pod = pod
        self._stamps = Stamps(slack=0.1)
        self._bin = _Bin(1.0)
        self._before: tuple[float, float] | None = None
        self._good = Memory(60.0)
        self._usual = Usual()
        self._run = Phasic(threshold, self._usual, pod=pod)
        self._settling = _SETTLING
        self._amplitudes = Memory(60.0)
        self._broken: float | None = None
        self._artefact: float | None = None

    def push(self, block: Block) -> list[Response]:
        """The responses that this block completes."""
        found: list[Response] = []
        if not self._stamps.continues(block):
            self._stamps.begin()
            self._bin = _Bin(max(1.0, round(block.rate_hz) / RATE_HZ))
            self._break(found)
        start = self._stamps.count
        self._stamps.add(block)
        for index, value in enumerate(block.values.tolist(), start):
            mean = self._bin.push(index, value)
            if mean is not None:
                self._take(self._stamps.time(mean[0]), mean[1], found)
        return found

    def _break(self, found: list[Response]) -> None:
        self._tell(self._run.close(), found)
        self._artefact = self._run.artefact or self._artefact
        self._run = Phasic(self._threshold, self._usual, pod=self._pod)
        self._settling = _SETTLING

    def _take(self, t: float, value: float, found: list[Response]) -> None:
        before, self._before = self._before, (t, value)
        believable = _LIFTED <= value <= _WET  # not so when it is not a number
        if not believable or (before is not None and abs(value - before[1]) > _STEEPEST * (t - before[0])):
            self._broken = t
            self._break(found)
            return
        if self._settling:
            self._settling -= 1
            return
        self._good.add(t, value)
        self._tell(self._run.push(t, value), found)

    def _tell(self, responses: list[Response], found: list[Response]) -> None:
        for response in responses:
            self._amplitudes.add(response.t, response.amplitude_microsiemens)
            found.append(response)

    def level(self, now: float) -> float | None:
        """Tonic level over the last 10 s, microsiemens; None when fewer than half of its samples are good."""
        times, values = (part(now - _LEVEL_WINDOW, now) for part in (self._good.times, self._good.values))
        if len(values) < 0.5 * _LEVEL_WINDOW * RATE_HZ:
            return None
        return float(np.sort(np.array(values) - self._run.phasic(np.array(times)))[len(values) // 2])

    def responses(self, now: float) -> tuple[float, float] | None:
        """Responses a minute and the sum of their amplitudes (µS) a minute, over the last 60 s.

        Both are scaled to a full minute when part of it could not be observed; None when less than half could be.
        """
        observed = self._good.count(now - _RESPONSE_WINDOW, now) / RATE_HZ
        if observed < 0.5 * _RESPONSE_WINDOW:
            return None
        scale = 60.0 / min(_RESPONSE_WINDOW, observed)
        amplitudes = self._amplitudes.values(now - _RESPONSE_WINDOW, now)
        amplitudes += [amplitude for onset, amplitude in self._run.pending() if onset > now - _RESPONSE_WINDOW]
        return scale * len(amplitudes), scale * sum(amplitudes)

    def quality(self, now: float) -> float:
        """0…1: probability that the conductance of the last 5 s is that of the skin, undisturbed (see `skin_quality`).

        Falls to 0 from 1 s to 2.5 s after the last good sample. Below 0.05 µS the skin is too dry to be trusted: 0.
        """
        newest, evidence = self._good.newest(now), self.evidence(now)
        if newest is None or evidence is None or newest[1] < _DRY:
            return 0.0
        return falling(now - newest[0], 1.0, 2.5) * probability(evidence)

    def evidence(self, now: float) -> Evidence | None:
        """What the quality rests on; None where the last 5 s hold no good sample."""
        values = self._good.values(now - WINDOW, now)
        if not values:
            return None
        artefacts = [t for t in (self._broken, self._run.artefact, self._artefact) if t is not None]
        return Evidence.seen(values, clear=now - max(artefacts) if artefacts else None)


class _Bin:
    """Means over `samples` successive samples, which need not be a whole number."""

    def __init__(self, samples: float) -> None:
        self._samples = samples
        self._number = 0
        self._sum = 0.0
        self._positions = 0
        self._count = 0

    def push(self, index: int, value: float) -> tuple[float, float] | None:
        """Mean position and mean value of the bin that this sample completes."""
        self._sum += value
        self._positions += index
        self._count += 1
        if (index + 1.5) / self._samples < self._number + 1:
            return None
        mean = self._positions / self._count, self._sum / self._count
        self._number += 1
        self._sum, self._positions, self._count = 0.0, 0, 0
        return mean
