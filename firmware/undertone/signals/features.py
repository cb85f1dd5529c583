"""The signals of one pod: blocks in, beats and responses out, one `Features` a second.

The pulse becomes upstrokes (`pulse`), these become beats with judged intervals (`intervals`), from which heart rate and
variability (`variability`) and breathing (`breathing`) follow. Conductance becomes level and responses (`conductance`).
`quality` says how far to trust either.
"""

from __future__ import annotations

from undertone.flow import Beat, Block, Channel, Features, Response
from undertone.signals.breathing import Breathing
from undertone.signals.conductance import Conductance
from undertone.signals.intervals import Intervals
from undertone.signals.pulse import Pulse, Upstroke
from undertone.signals.quality import PulseQuality
from undertone.signals.variability import Variability

__all__ = ["Signals"]


class Signals:
    """Everything that is found in the signals of one pod, streaming and causal.

    pod: number that the results carry; the pod of a block is not looked at.
    threshold: smallest skin conductance response, microsiemens.
    contact_counts: mean level of light below which nothing touches the sensor.

    The result does not depend on how the stream was cut into blocks. A beat comes at most 1.0 s after it happened, a response
    about 1.5 s after its peak.
    """

    def __init__(self, pod: int = 0, *, threshold: float = 0.03, contact_counts: float = 10_000.0) -> None:
        self.pod = pod
        self._pulse = Pulse(contact_counts=contact_counts)
        self._intervals = Intervals()
        self._variability = Variability()
        self._breathing = Breathing()
        self._quality = PulseQuality()
        self._conductance = Conductance(threshold=threshold, pod=pod)
        self._before: float | None = None
        self._seen: float | None = None

    def push(self, block: Block) -> tuple[Beat | Response, ...]:
        """What this block completes: beats from infrared light, responses from conductance; red light is not used."""
        if block.channel is Channel.INFRARED:
            beats = tuple(self._beat(upstroke) for upstroke in self._pulse.push(block))
            self._seen = self._pulse.seen
            return beats
        if block.channel is Channel.SKIN:
            return tuple(self._conductance.push(block))
        return ()

    def push_beat(self, t: float, interval: float | None) -> Beat:
        """Take a beat that something else has found, from a recording that has only beats.

        t: its time, seconds. interval: seconds since the beat before; None where that is not known.
        """
        self._seen = t
        return self._note(t, interval, None)

    def features(self, now: float) -> Features:
        """What is known at this moment from what has been pushed so far. Ask once a second, with increasing time."""
        responses = self._conductance.responses(now)
        return Features(
            t=now,
            heart_bpm=self._variability.heart_bpm(now),
            rmssd_ms=self._variability.rmssd_ms(now),
            breathing_per_min=self._breathing.per_min(now),
            tonic_microsiemens=self._conductance.level(now),
            responses_per_min=None if responses is None else responses[0],
            response_sum_microsiemens=None if responses is None else responses[1],
            pulse_quality=self._quality.value(now, self._seen),
            skin_quality=self._conductance.quality(now),
            pod=self.pod,
        )

    def _beat(self, upstroke: Upstroke) -> Beat:
        interval = None if upstroke.first or self._before is None else upstroke.t - self._before
        self._before = upstroke.t
        return self._note(upstroke.t, interval, upstroke)

    def _note(self, t: float, interval: float | None, upstroke: Upstroke | None) -> Beat:
        flag = self._intervals.push(interval)
        beat = Beat(t, interval, flag, self.pod)
        self._variability.push(beat)
        self._quality.push(beat, None if upstroke is None else upstroke.wave)
        self._breathing.push(beat, upstroke)
        return beat
