"""An evening as it was: everything a session made, kept in memory so that it can be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

import numpy as np

from undertone.flow import Affect, Bar, Beat, Block, Channel, Directive, Fault, Features, Record, Response, Samples

__all__ = ["CLEAR", "Evening", "Noticed", "Span", "clear", "noticed"]


CLEAR = 0.3
"""Quality of the pulse from which its numbers are shown to a person; below, a heart rate is mostly movement."""


def clear(features: Features) -> Features:
    """The features without what an unclear pulse says."""
    if features.pulse_quality >= CLEAR:
        return features
    return replace(features, heart_bpm=None, rmssd_ms=None, breathing_per_min=None)


@dataclass(frozen=True, slots=True)
class Span:
    """A named stretch of time, such as a task in a recording."""

    name: str
    start: float
    end: float


@dataclass(slots=True)
class Evening:
    """Collects what a session makes. Give `record` and `samples` to the device.

    title: what the page is called.
    spans: what is known to have happened, drawn behind the curves.
    pod: whose evening it is; what comes from other pods is left out.
    """

    title: str
    spans: Sequence[Span] = ()
    beats: list[Beat] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    features: list[Features] = field(default_factory=list)
    affects: list[Affect] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    bars: list[tuple[float, Bar]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pod: int = 0
    levels: list[tuple[float, float | None]] = field(default_factory=list)
    """Level of the sound, dB relative to full scale, once a second."""
    _blocks: dict[Channel, list[Block]] = field(default_factory=dict)

    def record(self, record: Record) -> None:
        """Take one value that the device made."""
        if getattr(record.value, "pod", self.pod) != self.pod:
            return
        match record.value:
            case Beat() as beat:
                self.beats.append(beat)
            case Response() as response:
                self.responses.append(response)
            case Features() as features:
                self.features.append(features)
            case Affect() as affect:
                self.affects.append(affect)
            case Directive() as directive:
                self.directives.append(directive)
            case Bar() as bar:
                self.bars.append((record.t, bar))
            case Fault() as fault:
                self.faults.append(fault)

    def samples(self, block: Block) -> None:
        """Take the samples of one block."""
        if block.pod != self.pod:
            return
        self._blocks.setdefault(block.channel, []).append(block)

    def wave(self, channel: Channel, start: float = -np.inf, end: float = np.inf) -> tuple[Samples, Samples]:
        """Times and values of a channel between two moments, each of shape (n,)."""
        blocks = [block for block in self._blocks.get(channel, ()) if block.end > start and block.t0 < end]
        if not blocks:
            return np.empty(0), np.empty(0)
        times = np.concatenate([block.times for block in blocks])
        values = np.concatenate([block.values for block in blocks])
        inside = (times >= start) & (times < end)
        return times[inside], values[inside]

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.features[-1].t if self.features else 0.0


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the device noticed during one span. None where it did not know."""

    span: Span
    arousal: float | None
    """Mean over the seconds with confidence, −1…1, relative to the listener's usual."""
    confident: float
    """Share of the seconds in which there was any confidence, 0…1."""
    heart_bpm: float | None
    tonic_microsiemens: float | None
    responses_per_min: float | None


def noticed(evening: Evening) -> list[Noticed]:
    """What the device noticed in each span of the evening, in order."""
    return [_noticed_in(evening, span) for span in evening.spans]


def _noticed_in(evening: Evening, span: Span) -> Noticed:
    affects = [affect for affect in evening.affects if span.start <= affect.t < span.end]
    known = [affect.arousal for affect in affects if affect.confidence > 0.0]
    features = [features for features in evening.features if span.start <= features.t < span.end]
    return Noticed(
        span=span,
        arousal=_mean(known),
        confident=len(known) / len(affects) if affects else 0.0,
        heart_bpm=_mean(f.heart_bpm for f in features if f.pulse_quality >= 0.5),
        tonic_microsiemens=_mean(f.tonic_microsiemens for f in features),
        responses_per_min=_mean(f.responses_per_min for f in features),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
