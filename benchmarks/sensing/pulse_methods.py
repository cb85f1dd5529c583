"""What each method says of a case: its beats, and its heart rate each second with how much it doubts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.sensing.peers import PEERS, Peer, neurokit_quality
from benchmarks.sensing.pulse_cases import Case
from benchmarks.sensing.pulse_scores import WINDOW, window_rates
from undertone.flow import Beat, Channel, Features
from undertone.signals import Signals
from undertone.storage import Second, playback

__all__ = ["OURS", "Answer", "Method", "by_own_quality", "listened", "methods", "ours"]

Values = NDArray[np.float64]

OURS = "ours"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method says of one case."""

    beats: Values
    moments: Values
    rates: Values
    """At the moments, bpm; NaN where it does not dare."""
    doubts: Values
    """The larger, the less sure; only their order counts."""
    errors: Values | None = None
    """Standard errors of the rates, bpm, where the method tells them."""
    quality: Values | None = None
    """Probability that the rate is right to 5 bpm, where the method tells it."""


@dataclass
class Method:
    """A method, what it cost, and how often it gave up."""

    name: str
    ask: Callable[[Case], Answer]
    seconds: float = 0.0
    heard: float = 0.0
    """Seconds of signal that it was given."""
    failed: int = 0

    def __call__(self, case: Case) -> Answer | None:
        """The answer, or None where the method raised."""
        start = process_time()
        try:
            return self.ask(case)
        except Exception:
            self.failed += 1
            return None
        finally:
            self.seconds += process_time() - start
            self.heard += len(case.series.values) / case.series.rate_hz


def methods(*, bishop: bool = True) -> list[Method]:
    """Ours and the peers."""
    chosen = [peer for peer in PEERS if bishop or "bishop" not in peer.name]
    return [Method(OURS, ours), *(Method(peer.name, asking(peer)) for peer in chosen)]


def ours(case: Case) -> Answer:
    """As `undertone analyse` hears it: second by second, causal."""
    beats, told = listened(playback(case.recording))
    nan = float("nan")
    errors = np.array([nan if f.heart_error_bpm is None else f.heart_error_bpm for f in told])
    return Answer(
        beats=np.array([beat.t for beat in beats]),
        moments=np.array([f.t for f in told]),
        rates=np.array([nan if f.heart_bpm is None else f.heart_bpm for f in told]),
        doubts=np.where(np.isfinite(errors), errors, np.inf),
        errors=errors,
        quality=np.array([f.pulse_quality for f in told]),
    )


def listened(seconds: Iterable[Second]) -> tuple[list[Beat], list[Features]]:
    """The beats of these seconds of signal, and what was known after each."""
    signals = Signals()
    beats: list[Beat] = []
    told = []
    for second in seconds:
        for block in second.blocks:
            if block.channel is Channel.INFRARED:
                beats += [value for value in signals.push(block) if isinstance(value, Beat)]
        told.append(signals.features(second.end))
    return beats, told


def asking(peer: Peer) -> Callable[[Case], Answer]:
    """A peer's rate is that of its beats in the same 15 s; it doubts it by how much their intervals spread."""

    def ask(case: Case) -> Answer:
        series = case.series
        beats = peer.beats(case.wave, series.rate_hz, series.t0)
        moments = np.arange(np.floor(series.t0) + 1.0, np.ceil(series.end) + 0.5)
        rates, spreads = window_rates(beats, moments)
        return Answer(beats, moments, rates, spreads)

    return ask


def by_own_quality(case: Case, answer: Answer) -> Answer:
    """The same answer of NeuroKit2, doubted by NeuroKit2's own quality of the wave instead."""
    series = case.series
    places = np.clip(np.round((answer.beats - series.t0) * series.rate_hz), 0, len(case.wave) - 1)
    quality = neurokit_quality(case.wave, round(series.rate_hz), places)
    sums = np.concatenate(([0.0], np.cumsum(np.nan_to_num(quality))))
    last = np.clip(((answer.moments - series.t0) * series.rate_hz).astype(int), 0, len(quality))
    first = np.clip(last - round(WINDOW * series.rate_hz), 0, len(quality))
    mean = (sums[last] - sums[first]) / np.maximum(1, last - first)
    return Answer(answer.beats, answer.moments, answer.rates, -mean)
