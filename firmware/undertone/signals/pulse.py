"""Finds heartbeats in the light that comes back from the skin.

Theory of operation. More blood means fewer counts, so the pulse is the inverted light. Its steepest rise marks the arrival of
the pulse wave better than its peak does: in wrist recordings the peaks wander with movement, the upstroke stays. The slope is
taken by differences smoothed with a Hann window of 0.2 s, and beats are found in its positive part, squared, by Elgendi's two
moving averages: where the mean over an upstroke (0.11 s) exceeds the mean over a beat (0.8 s), there is a beat, at the steepest
slope of that block, placed between samples by a parabola. Elgendi applies this to the wave itself; on the slope it finds more
beats and fewer false ones (measured on the recordings of the project). All windows are symmetric, so the delay is constant
and taken off the times.

Nothing here knows absolute size: only ratios of slopes decide. Single jumps, as a change of LED current makes them, are limited
to ten times the mean change from sample to sample of the last seconds, and then vanish in the smoothing.

A beat is reported at most 1.0 s after it happened, plus whatever the blocks were held back: 0.1 s smoothing, 0.4 s half a mean,
0.3 s in which a larger beat may replace it, 0.2 s chunk.

Source: Elgendi, Norton, Brearley, Abbott, Schuurmans 2013, PLoS ONE 8(10):e76585, doi:10.1371/journal.pone.0076585.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from undertone.flow import Block, Samples
from undertone.signals.filters import Chunks, Fir, Means, hann, odd
from undertone.signals.stamps import Stamps

__all__ = ["LATENCY", "Pulse", "Upstroke"]

LATENCY = 1.0
"""Seconds after which a beat has been reported, at most, once its samples have been pushed."""

_CHUNK = 0.2
_SMOOTHING = 0.2
_UPSTROKE = 0.111
_HALF_BEAT = 0.4
_APART = 0.3
_FLOOR = 0.02
_FLOOR_SECONDS = 8.0
_KEPT = 3.0
_WAVE = np.linspace(-0.25, 0.4, 27)
_FULL_SCALE = 262143.0
_JUMP = 10.0
_JUMP_SECONDS = 4.0


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


class Pulse:
    """Streams blocks of light into upstrokes.

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

    def push(self, block: Block) -> list[Upstroke]:
        """The upstrokes that this block completes, in order of time. Samples that are not finite count as lost.

        Rates of 25 to 250 Hz are meant; others work as well as they can.
        """
        found: list[Upstroke] = []
        if np.isfinite(block.values).all():
            self._follow(block, found)
        else:
            for part in _finite_parts(block):
                self._follow(part, found)
            if not np.isfinite(block.values[-1]):
                self._stamps.interrupt()
        return found

    def _follow(self, block: Block, found: list[Upstroke]) -> None:
        if not self._stamps.continues(block):
            self._break(found)
            self._stamps.begin()
            self._chunks = Chunks(max(4, round(_CHUNK * round(block.rate_hz))))
            self._fed = 0
        self._stamps.add(block)
        for chunk in self._chunks.push(block.values):
            self._take(chunk, round(block.rate_hz), found)

    def _take(self, chunk: Samples, rate: int, found: list[Upstroke]) -> None:
        self._fed += len(chunk)
        if chunk.sum() < self._contact_counts * len(chunk) or chunk.max() >= _FULL_SCALE:
            self._break(found)
            return
        self.seen = self._stamps.time(self._fed)
        if self._run is None:
            self._run = _Run(self._fed - len(chunk), rate)
        for rise in self._run.push(-chunk):
            self._report(rise, found)

    def _break(self, found: list[Upstroke]) -> None:
        """End the run: what follows has nothing to do with what was before."""
        if self._run is not None:
            for rise in self._run.flush():
                self._report(rise, found)
        self._run = None
        self._first = True

    def _report(self, rise: _Rise, found: list[Upstroke]) -> None:
        t = self._stamps.time(rise.position)
        if t <= self._last:
            return
        found.append(Upstroke(t, rise.height, -rise.level, rise.wave, self._first))
        self._last = t
        self._first = False


def _finite_parts(block: Block) -> Iterator[Block]:
    """The stretches of a block without missing samples; each but the first says that samples were lost before it."""
    finite = np.isfinite(block.values)
    edges = np.flatnonzero(np.diff(np.concatenate(((False,), finite, (False,))).astype(np.int8)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        t0 = block.t0 + start / block.rate_hz
        yield Block(block.channel, t0, block.rate_hz, block.values[start:stop], block.lost + start, block.pod)


@dataclass(frozen=True, slots=True)
class _Rise:
    """An upstroke in samples instead of seconds."""

    position: float
    height: float
    level: float
    wave: Samples


class _Run:
    """The detector within one unbroken run of samples with contact.

    start: position of its first sample. rate: samples a second, rounded.
    """

    def __init__(self, start: int, rate: int) -> None:
        self._rate = rate
        taps = odd(_SMOOTHING * rate)
        self._half_beat = max(2, round(_HALF_BEAT * rate))
        half_upstroke = max(1, odd(_UPSTROKE * rate) // 2)
        self._shortest = 2 * half_upstroke + 1
        self._smooth = Fir(hann(taps))
        self._means = Means(half_upstroke, self._half_beat)
        self._apart = _APART * rate
        self._offset = start - taps // 2 - 0.5
        self._ready = taps + self._half_beat
        self._slope = np.zeros(round(_KEPT * rate))
        self._light = np.zeros(len(self._slope) + taps // 2)
        self._end = 0
        self._before: float | None = None
        self._floor = 0.0
        self._change = 0.0
        self._on = True
        self._since = -1
        self._held: _Rise | None = None
        self._emitted = -np.inf

    def push(self, wave: Samples) -> list[_Rise]:
        """The upstrokes that this chunk of inverted light completes."""
        slope = self._smooth.push(self._steps(wave))
        energy = np.maximum(slope, 0.0)
        energy *= energy
        short, long = self._means.push(energy)
        on = short > long + self._threshold(energy)
        self._keep(slope, wave)
        return self._blocks(on, self._end - len(wave) - self._half_beat)

    def _steps(self, wave: Samples) -> Samples:
        """Changes from sample to sample, with jumps limited."""
        steps = np.empty_like(wave)
        steps[0] = 0.0 if self._before is None else wave[0] - self._before
        np.subtract(wave[1:], wave[:-1], out=steps[1:])
        self._before = float(wave[-1])
        if self._end >= self._rate:
            limit = _JUMP * self._change
            np.minimum(np.maximum(steps, -limit, out=steps), limit, out=steps)
        mean = float(np.abs(steps).sum()) / len(steps)
        self._change += self._share(len(steps), _JUMP_SECONDS) * (mean - self._change)
        return steps

    def _share(self, new: int, seconds: float) -> float:
        """What new samples weigh in a mean over about so many seconds, or over all samples while there are fewer."""
        return new / min(self._end + new, seconds * self._rate)

    def flush(self) -> list[_Rise]:
        """The upstroke that was still waiting for a larger one."""
        held, self._held = self._held, None
        return [] if held is None else [held]

    def _keep(self, slope: Samples, wave: Samples) -> None:
        n = len(slope)
        for kept, new in ((self._slope, slope), (self._light, wave)):
            kept[:-n] = kept[n:]
            kept[-n:] = new
        self._end += n

    def _threshold(self, energy: Samples) -> float:
        """A small share of the mean energy of the last seconds, so that rest between beats does not become beats."""
        mean = float(energy.sum()) / len(energy)
        self._floor += self._share(len(energy), _FLOOR_SECONDS) * (mean - self._floor)
        return _FLOOR * self._floor

    def _blocks(self, on: np.ndarray[tuple[int], np.dtype[np.bool_]], first: int) -> list[_Rise]:
        """Upstrokes whose block ends here. first: which slope the first of `on` belongs to."""
        done: list[_Rise] = []
        if first < self._ready:
            on[: max(0, self._ready - first)] = True
        changes = np.flatnonzero(on[1:] != on[:-1]).tolist()
        if on[0] != self._on:
            changes.insert(0, -1)
        for change in changes:
            index = first + change + 1
            if on[change + 1]:
                self._since = index
            elif self._since >= 0 and index - self._since >= self._shortest:
                self._contest(self._rise(self._since, index), done)
        self._on = bool(on[-1])
        if self._held is not None and first + len(on) + self._offset - self._held.position >= self._apart:
            self._emit(done)
        return done

    def _contest(self, rise: _Rise, done: list[_Rise]) -> None:
        """Of two upstrokes closer than any two heartbeats, the higher is the beat."""
        if rise.position - self._emitted < self._apart:
            return
        if self._held is not None:
            if rise.position - self._held.position < self._apart:
                if rise.height > self._held.height:
                    self._held = rise
                return
            self._emit(done)
        self._held = rise

    def _emit(self, done: list[_Rise]) -> None:
        for held in self.flush():
            self._emitted = held.position
            done.append(held)

    def _rise(self, start: int, stop: int) -> _Rise:
        """Measure the upstroke whose block covers the slopes from start to stop."""
        kept, shift = self._slope, self._end - len(self._slope)
        low = max(1, start - shift)
        peak = low + int(np.argmax(kept[low : stop - shift]))
        left, top, right = kept[peak - 1 : peak + 2].tolist()
        bend = left - 2.0 * top + right
        exact = peak + (0.5 * (left - right) / bend if bend < 0.0 else 0.0)
        foot, crest = self._extent(peak)
        # The light reaches back further by the delay of the smoothing, so the same index means the same moment.
        level = 0.5 * float(self._light[foot] + self._light[crest])
        height = float(kept[foot + 1 : crest].sum())
        wave = np.cumsum(np.interp(exact + _WAVE * self._rate, np.arange(len(kept)), kept))
        wave -= wave.mean()
        size = float(np.sqrt(wave @ wave))
        wave = wave / size if size > 0.0 else wave
        return _Rise(exact + shift + self._offset, height, level, wave)

    def _extent(self, peak: int) -> tuple[int, int]:
        """Where the rise begins and ends: the nearest slopes to either side that are not positive."""
        reach = self._half_beat
        low, high = max(0, peak - reach), min(len(self._slope), peak + reach)
        falling = self._slope[low:high] <= 0.0
        before = np.flatnonzero(falling[: peak - low])
        after = np.flatnonzero(falling[peak - low :])
        foot = low + int(before[-1]) if len(before) else low
        crest = peak + int(after[0]) if len(after) else high - 1
        return foot, crest
