"""Bars in, sound out: the pure half of the room, put together."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from undertone.audio.controls import Controls
from undertone.audio.loudness import LoudnessRider
from undertone.audio.mixer import Mixer
from undertone.audio.schedule import Event, EventKind, Schedule
from undertone.audio.synth import Synth
from undertone.flow import Bar

__all__ = ["BLOCK", "Renderer"]

BLOCK = 2048
"""Frames rendered at a time."""
GRAIN = 64
"""Frames to which the beginning and end of notes are rounded within a block: FluidSynth's own grain."""
LOUDEST = 100.0
"""Stems beyond this are not music but a fault of the synthesiser."""
LEAD_SECONDS = 0.5
"""A bar is asked for when less than this is known."""


class Renderer:
    """Plays bars of notes on a synthesiser and mixes its stems into sound at the wanted loudness.

    Everything is a function of the bars and of the frame at which each was queued. When no bar comes, the last chord of the pad
    is held until one does. What comes out has not met the limiter yet: that stands at the very end, in `Outlet`.

    synth: must run at `rate_hz`; ValueError if not.
    target_lufs: loudness of bars whose level is 0 dB.
    """

    def __init__(self, synth: Synth, *, rate_hz: int = 48000, target_lufs: float = -23.0) -> None:
        if synth.rate_hz != rate_hz:
            raise ValueError(f"the synthesiser runs at {synth.rate_hz} Hz, the renderer at {rate_hz} Hz")
        self.rate_hz = rate_hz
        self._synth = synth
        self._schedule = Schedule(rate_hz=rate_hz, lead=round(LEAD_SECONDS * rate_hz))
        self._controls = Controls(synth.layers)
        self._mixer = Mixer(synth.layers, rate_hz=rate_hz, frames=BLOCK)
        self._rider = LoudnessRider(target_lufs, rate_hz=rate_hz, frames=BLOCK)
        self._stems = np.zeros((len(synth.layers), 2, BLOCK), dtype=np.float32)
        self._ramp = np.arange(1, BLOCK + 1) / BLOCK
        self._bars: deque[tuple[int, Bar]] = deque()
        self._started: deque[tuple[float, Bar]] = deque()
        self._frame = 0
        self._rest = np.zeros((0, 2), dtype=np.float32)
        self._silent = False
        self._level: float | None = None
        self.broken = 0
        """Blocks in which the synthesiser gave what cannot be sound, and which became silence."""

    @property
    def position(self) -> float:
        """Seconds rendered so far."""
        return (self._frame - len(self._rest)) / self.rate_hz

    @property
    def end(self) -> float:
        """Second at which the next queued bar would start: the end of the known music, or now if that has passed."""
        return max(self._schedule.end, self._frame) / self.rate_hz

    @property
    def needs_bar(self) -> bool:
        """True when less than half a second of music is known."""
        return self._schedule.end - self._frame < LEAD_SECONDS * self.rate_hz

    @property
    def gain_db(self) -> float:
        """What the loudness rider adds at present, dB."""
        return self._rider.gain_db

    def queue(self, bar: Bar) -> None:
        """Play this bar after all others."""
        self._bars.append((self._schedule.add(bar, at=self._frame), bar))

    def started(self) -> list[tuple[float, Bar]]:
        """Bars that began to be rendered since this was last asked, each with the second at which it starts."""
        found = list(self._started)
        self._started.clear()
        return found

    def render(self, frames: int) -> NDArray[np.float32]:
        """The next frames, shape (frames, 2). Any way of cutting the time into calls gives the same sound."""
        parts, missing = [self._rest], frames - len(self._rest)
        while missing > 0:
            parts.append(self._block())
            missing -= BLOCK
        sound = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self._rest = sound[frames:]
        return sound[:frames]

    def _block(self) -> NDArray[np.float32]:
        start, stop = self._frame, self._frame + BLOCK
        while self._bars and self._bars[0][0] < stop:
            begin, bar = self._bars.popleft()
            self._controls.aim(bar, start=begin, end=begin + round(bar.seconds * self.rate_hz))
            self._started.append((begin / self.rate_hz, bar))
        if self._schedule.end <= start:
            self._schedule.hold(start)
        events = self._schedule.due(stop)
        after = self._controls.at(stop)
        # From where the last block ended: a bar may begin, and turn the glide, within this one.
        before = after.level if self._level is None else self._level
        self._frame, self._level = stop, after.level
        if before == 0.0 and after.level == 0.0:
            return self._nothing(events)
        self._silent = False
        self._play(events, start)
        mixed = self._mixer(self._stems, after, breath_per_min=self._controls.breath_per_min)
        sound = self._rider(mixed) * (before + (after.level - before) * self._ramp)
        return np.ascontiguousarray(sound.T, dtype=np.float32)

    def _nothing(self, events: list[Event]) -> NDArray[np.float32]:
        """A block of silence, which costs nothing."""
        if not self._silent:
            self._silent = True
            self._synth.silence()
            self._mixer.reset()
            self._rider.reset()
            self._schedule.clear()
        for event in events:
            if event.kind is EventKind.PROGRAM:
                self._synth.program(event.layer, event.value)
        return np.zeros((BLOCK, 2), dtype=np.float32)

    def _play(self, events: list[Event], start: int) -> None:
        """Fill the stems, telling the synthesiser each event at its grain."""
        done = 0
        for event in events:
            offset = max(0, event.frame - start) // GRAIN * GRAIN
            if offset > done:
                self._synth.render(self._stems[:, :, done:offset])
                done = offset
            self._tell(event)
        self._synth.render(self._stems[:, :, done:])
        # Written so that what is not a number fails too. Whatever passes keeps every filter behind it finite.
        if not max(self._stems.max(), -self._stems.min()) < LOUDEST:
            self._stems[:] = 0.0
            self.broken += 1

    def _tell(self, event: Event) -> None:
        match event.kind:
            case EventKind.PROGRAM:
                self._synth.program(event.layer, event.value)
            case EventKind.STRIKE:
                self._synth.strike(event.layer, event.pitch, event.value)
            case EventKind.END:
                self._synth.end(event.layer, event.pitch)
