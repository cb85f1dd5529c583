"""Finds heartbeats in the light that comes back from the skin.

Theory of operation. `upstrokes` measures every rise of the pulse wave, `rhythm` chooses those that are beats. Both know only
one unbroken run of samples with contact; here runs begin and end, and positions become times. A lost or missing sample, a
finger that is lifted, and light beyond the converter's range end a run: no interval reaches across.

A beat is reported at most 2.0 s after it happened, plus whatever the blocks were held back: 0.1 s smoothing, 0.4 s in which its
shape and its neighbours are looked at, 1.0 s in which the rhythm may still prefer another rise, 0.5 s chunk. The chunk is what
makes it cheap: nearly all of the cost is that of calling numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from undertone.flow import Block, Samples
from undertone.signals.filters import Chunks
from undertone.signals.periodicity import Periodicity
from undertone.signals.rhythm import Rhythm
from undertone.signals.stamps import Stamps
from undertone.signals.upstrokes import Rise, Rises

__all__ = ["LATENCY", "Break", "Found", "Pulse", "Spectrum", "Upstroke"]

LATENCY = 2.0
"""Seconds after which a beat has been reported, at most, once its samples have been pushed."""

_CHUNK = 0.5
_TICK_EVERY, _SPECTRUM_EVERY = 2, 4
_FULL_SCALE = 262143.0


@dataclass(frozen=True, slots=True)
class Upstroke:
    """One rise of the pulse wave."""

    t: float
    """Time of the steepest rise, seconds."""
    height: float
    """Foot to peak, counts."""
    level: float
    """Light half-way up, counts."""
    wave: Samples
    """The wave from 0.25 s before to 0.4 s after, shape (27,), mean 0 and length 1."""
    first: bool
    """True for the first after the start or a gap."""
    odds: float = 0.0
    """Logarithm of the odds that it is a beat, by its shape and its neighbours alone."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """How strongly the wave of the last seconds repeats at each heart rate."""

    t: float
    """Time of the newest sample in it, seconds."""
    strength: Samples | None
    """At each of `periodicity.RATES`, 0…1, the strongest 1, shape (101,); None every other time, and in the first seconds."""


@dataclass(frozen=True, slots=True)
class Break:
    """Samples were lost, or there was no contact: what follows has nothing to do with what was before."""


Found = Upstroke | Spectrum | Break


class _Run:
    """What knows only one unbroken run of samples with contact.

    start: position of its first sample. rate: samples a second, rounded.
    """

    def __init__(self, start: int, rate: int) -> None:
        self.rises = Rises(start, rate)
        self.rhythm = Rhythm(rate)
        self.periodicity = Periodicity(rate)
        self.chunks = 0


class Pulse:
    """Streams blocks of light into upstrokes and spectra.

    contact_counts: below this mean level nothing touches the sensor, and there are no beats.
    """

    def __init__(self, *, contact_counts: float = 10_000.0) -> None:
        self._contact_counts = contact_counts
        self._stamps = Stamps(slack=0.025)
        self._run: _Run | None = None
        self._chunks = Chunks(1)
        self._first = True
        self._fed = 0
        self._last = -np.inf
        self.seen: float | None = None
        """Time of the newest sample that was taken with contact, seconds."""

    def push(self, block: Block) -> list[Found]:
        """What this block completes: upstrokes in order of time, a spectrum every second between them, and where a run ended.

        Samples that are not finite count as lost. Rates of 25 to 250 Hz are meant; others work as well as they can.
        """
        found: list[Found] = []
        if np.isfinite(block.values).all():
            self._follow(block, found)
        else:
            for part in _finite_parts(block):
                self._follow(part, found)
            if not np.isfinite(block.values[-1]):
                self._stamps.interrupt()
        return found

    def _follow(self, block: Block, found: list[Found]) -> None:
        if not self._stamps.continues(block):
            self._break(found)
            self._stamps.begin()
            self._chunks = Chunks(max(4, round(_CHUNK * round(block.rate_hz))))
            self._fed = 0
        self._stamps.add(block)
        for chunk in self._chunks.push(block.values):
            self._take(chunk, round(block.rate_hz), found)

    def _take(self, chunk: Samples, rate: int, found: list[Found]) -> None:
        self._fed += len(chunk)
        if chunk.sum() < self._contact_counts * len(chunk) or chunk.max() >= _FULL_SCALE:
            self._break(found)
            return
        now = self.seen = self._stamps.time(self._fed)
        if self._run is None:
            self._run = _Run(self._fed - len(chunk), rate)
        run = self._run
        self._report(run.rhythm.push(run.rises.push(-chunk), run.rises.known), found)
        run.periodicity.push(run.rises.slope(len(chunk)))
        run.chunks += 1
        if run.chunks % _TICK_EVERY == 0:
            due = run.chunks % _SPECTRUM_EVERY == 0
            found.append(Spectrum(now, run.periodicity.strength() if due else None))

    def _break(self, found: list[Found]) -> None:
        """End the run: what follows has nothing to do with what was before."""
        if self._run is not None:
            self._report(self._run.rhythm.flush(), found)
            found.append(Break())
        self._run = None
        self._first = True

    def _report(self, beats: list[tuple[Rise, float]], found: list[Found]) -> None:
        for rise, odds in beats:
            t = self._stamps.time(rise.position)
            if t > self._last:
                found.append(Upstroke(t, rise.height, -rise.level, rise.wave, self._first, odds))
                self._last = t
                self._first = False


def _finite_parts(block: Block) -> Iterator[Block]:
    """The stretches of a block without missing samples; each but the first says that samples were lost before it."""
    finite = np.isfinite(block.values)
    edges = np.flatnonzero(np.diff(np.concatenate(((False,), finite, (False,))).astype(np.int8)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        t0 = block.t0 + start / block.rate_hz
        yield Block(block.channel, t0, block.rate_hz, block.values[start:stop], block.lost + start, block.pod)
