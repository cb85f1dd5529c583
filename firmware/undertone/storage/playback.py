"""A recording as the blocks that the sensors would have brought, second by second, for whoever needs no chips in between.

Analysis and the training of models go through here, so that both hear the same; `sim.Replay` plays a recording through chips.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from undertone.flow import Block, Channel, Samples, readonly
from undertone.storage.recording import Recording, Series

__all__ = ["Second", "playback"]

FULL_SCALE = 262143.0
"""Highest count of the light of a MAX3010x."""
PULSE_LEVEL = 131_000.0
"""Counts around which a recorded pulse is presented: the middle of the converter's range, where the device keeps its own."""
PULSE_SWING = 1000.0
"""Counts that the spread of a recorded pulse becomes (the middle 80 % of its values)."""


@dataclass(frozen=True, slots=True)
class Second:
    """What arrived during one second."""

    end: float
    """The second ends here, seconds on the recording's clock."""
    blocks: tuple[Block, ...]
    beats: tuple[tuple[float, float | None], ...]
    """Time and interval of each beat that the recording names, where it has no pulse wave; None for an unsure interval."""


def playback(recording: Recording, *, until: float = math.inf) -> Iterator[Second]:
    """The recording from its first sample to its last, or to `until`, second by second.

    Light that a device like this one counted comes as it was. Any other pulse wave is scaled once by its spread over the whole
    recording, turned so that more blood means less light, and lifted to where the device keeps its own; scale and level say
    nothing about the body. A missing sample ends a block, and the next one says how many were missing.
    """
    pulse, skin = recording.first("ppg"), recording.first("eda")
    channels = []
    if pulse is not None:
        channels.append((Channel.INFRARED, pulse, _presented(pulse)))
    if skin is not None:
        channels.append((Channel.SKIN, skin, skin.microsiemens))
    named = recording.beats if pulse is None and recording.beats is not None else np.empty((0, 2))
    if not channels and len(named) == 0:
        return
    starts = [series.t0 for _, series, _ in channels] + [float(t) for t in named[:1, 0]]
    # A series ends after its last sample; a beat on a whole second belongs to the second that begins there.
    ends = [series.end for _, series, _ in channels] + [math.floor(t) + 1.0 for t in named[-1:, 0]]
    for end in range(math.floor(min(starts)) + 1, math.ceil(min(max(ends), until)) + 1):
        blocks = [block for channel, series, values in channels for block in _blocks(channel, series, values, end)]
        inside = named[(named[:, 0] >= end - 1) & (named[:, 0] < end)]
        beats = tuple((float(t), None if math.isnan(interval) else float(interval)) for t, interval in inside)
        yield Second(float(end), tuple(blocks), beats)


def _presented(pulse: Series) -> Samples:
    if pulse.full_scale == FULL_SCALE:
        return pulse.values
    wave = pulse.values if pulse.upright else -pulse.values
    known = wave[np.isfinite(wave)]
    if len(known) == 0:
        return wave
    low, middle, high = np.percentile(known, (10.0, 50.0, 90.0))
    return readonly(PULSE_LEVEL - (wave - middle) * (PULSE_SWING / max(high - low, 1e-9)))


def _blocks(channel: Channel, series: Series, values: Samples, end: int) -> Iterator[Block]:
    """The runs of known samples within the second that ends at `end`."""
    first = max(0, math.ceil((end - 1 - series.t0) * series.rate_hz - 1e-6))
    last = min(len(values), math.ceil((end - series.t0) * series.rate_hz - 1e-6))
    known = np.isfinite(values[first:last])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        begin = first + int(start)
        run = readonly(values[begin : first + stop])
        yield Block(channel, series.t0 + begin / series.rate_hz, series.rate_hz, run, lost=_missing_before(values, begin))


def _missing_before(values: Samples, index: int) -> int:
    """How many samples are missing immediately before one; 0 before the first that there is."""
    before = index
    while before > 0 and not math.isfinite(values[before - 1]):
        before -= 1
    return index - before if before else 0
