"""What the signals of a recording say, as the device would have heard it: second by second, nothing ahead of its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from undertone.affect import Estimator
from undertone.flow import Affect, Beat, Features, Response
from undertone.signals import Signals
from undertone.storage import Recording, Second, playback

__all__ = ["Analysis", "analysed"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that was found in a recording, in the order of time."""

    recording: Recording
    beats: tuple[Beat, ...]
    responses: tuple[Response, ...]
    features: tuple[Features, ...]
    """One a second."""
    affects: tuple[Affect, ...]
    """One a second."""


def analysed(
    recording: Recording,
    estimator: Estimator,
    *,
    through: Callable[[Sequence[Second]], Iterable[Second]] | None = None,
) -> Analysis:
    """Listen to a recording.

    estimator: judges the state. through: hands the seconds on one after the other, and may show how far it is.
    """
    signals = Signals()
    found: list[Beat | Response] = []
    features: list[Features] = []
    affects: list[Affect] = []
    seconds = list(playback(recording))
    for second in seconds if through is None else through(seconds):
        for block in second.blocks:
            found += signals.push(block)
        found += [signals.push_beat(t, interval) for t, interval in second.beats]
        features.append(signals.features(second.end))
        affects.append(estimator.push(features[-1]))
    return Analysis(
        recording=recording,
        beats=tuple(event for event in found if isinstance(event, Beat)),
        responses=tuple(event for event in found if isinstance(event, Response)),
        features=tuple(features),
        affects=tuple(affects),
    )
