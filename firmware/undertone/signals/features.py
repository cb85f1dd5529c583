"""The signals of one pod: blocks in, beats and responses out, one `Features` a second.

The pulse becomes upstrokes and spectra (`pulse`), upstrokes become beats with judged intervals (`beats`), from which heart
rate (`heart_rate`), variability (`variability`) and breathing (`breathing`) follow. Conductance becomes level and responses
(`conductance`). `quality` says how far to trust either.
"""

from __future__ import annotations

from undertone.flow import Beat, Block, Channel, Features, Response
from undertone.signals.beats import Beats, Judged
from undertone.signals.breathing import Breathing
from undertone.signals.conductance import Conductance
from undertone.signals.heart_rate import HeartRate
from undertone.signals.pulse import Pulse, Spectrum, Upstroke
from undertone.signals.quality import PulseQuality
from undertone.signals.variability import Variability

__all__ = ["Signals"]


class Signals:
    """Everything that is found in the signals of one pod, streaming and causal.

    pod: number that the results carry; the pod of a block is not looked at.
    threshold: smallest skin conductance response, microsiemens.
    contact_counts: mean level of light below which nothing touches the sensor.

    The result does not depend on how the stream was cut into blocks. A beat comes at most 2.0 s after it happened; one whose
    interval is too short waits for the next, and comes at most 5.3 s after (`beats.HELD`). A response comes once it has
    lost half of its amplitude, at most 8 s after its peak.
    """

    def __init__(self, pod: int = 0, *, threshold: float = 0.03, contact_counts: float = 10_000.0) -> None:
        self.pod = pod
        self._pulse = Pulse(contact_counts=contact_counts)
        self._beats = Beats(pod)
        self._heart_rate = HeartRate()
        self._variability = Variability()
        self._breathing = Breathing()
        self._quality = PulseQuality()
        self._conductance = Conductance(threshold=threshold, pod=pod)
        self._seen: float | None = None

    def push(self, block: Block) -> tuple[Beat | Response, ...]:
        """What this block completes: beats from infrared light, responses from conductance; red light is not used."""
        if block.channel is Channel.INFRARED:
            return self._listen(block)
        if block.channel is Channel.SKIN:
            return tuple(self._conductance.push(block))
        return ()

    def push_beat(self, t: float, interval: float | None) -> Beat:
        """Take a beat that something else has found, from a recording that has only beats.

        t: its time, seconds. interval: seconds since the beat before; None where that is not known.
        """
        self._seen = t
        return self._note(self._beats.push_beat(t, interval))

    def features(self, now: float) -> Features:
        """What is known at this moment from what has been pushed so far. Ask once a second, with increasing time."""
        responses = self._conductance.responses(now)
        breath = self._breathing.rate(now)
        heart, chance = self._heart(now)
        return Features(
            t=now,
            heart_bpm=None if heart is None else heart[0],
            heart_error_bpm=None if heart is None else heart[1],
            rmssd_ms=self._variability.rmssd_ms(now),
            sdnn_ms=self._variability.sdnn_ms(now),
            lf_hf=self._variability.lf_hf(now),
            coherence=self._variability.coherence(now),
            breathing_per_min=None if breath is None else breath[0],
            breathing_error_per_min=None if breath is None else breath[1],
            tonic_microsiemens=self._conductance.level(now),
            responses_per_min=None if responses is None else responses[0],
            response_sum_microsiemens=None if responses is None else responses[1],
            pulse_quality=chance * self._quality.fresh(now, self._seen),
            skin_quality=self._conductance.quality(now),
            pod=self.pod,
        )

    def _heart(self, now: float) -> tuple[tuple[float, float] | None, float]:
        """Heart rate and standard error, None where it is more likely wrong than right, and how likely it is right."""
        evidence = self._heart_rate.evidence(now)
        if evidence is None:
            return None, 0.0
        chance = self._quality.probability(now, evidence)
        return (evidence.answer if chance >= 0.5 else None), chance

    def _listen(self, block: Block) -> tuple[Beat, ...]:
        """The beats that this block of light makes certain."""
        beats: list[Beat] = []
        for found in self._pulse.push(block):
            if isinstance(found, Upstroke):
                beats += map(self._note, self._beats.push(found))
            elif isinstance(found, Spectrum):
                beats += map(self._note, self._beats.pass_time(found.t))
                if found.strength is not None:
                    self._heart_rate.hear(found.t, found.strength)
            else:
                beats += map(self._note, self._beats.flush())
        self._seen = self._pulse.seen
        return tuple(beats)

    def _note(self, judged: Judged) -> Beat:
        beat, upstroke = judged
        self._variability.push(beat)
        self._heart_rate.push(beat, None if upstroke is None else upstroke.odds)
        self._quality.push(beat, None if upstroke is None else upstroke.wave)
        self._breathing.push(beat, upstroke)
        return beat
