"""Bars in, sound out: the pure half of the room, put together."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from undertone.audio.controls import Controls, Setting
from undertone.audio.deck import Deck
from undertone.audio.filters import BlockFilter, StateSpace, bell, kernel, low_pass_kernel, low_shelf, series
from undertone.audio.loudness import LoudnessRider
from undertone.audio.mixer import (
    AIR_DB,
    AIR_HZ,
    AIR_OCTAVES,
    PRESENCE_DB,
    PRESENCE_HZ,
    PRESENCE_OCTAVES,
    SHELF_DB,
    SHELF_HZ,
    Mixer,
)
from undertone.audio.schedule import Event, EventKind, Schedule
from undertone.audio.synth import Synth
from undertone.audio.textures import NOMINAL_LUFS, Textures
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
LEAST_SHARE = 0.1
"""Of its power that the mix keeps, however loud the textures are."""
TEXTURE_BRIGHTER = 1.5
"""Corner of the textures' low-pass over that of the mix: they darken with it, and stay what they are."""
BELIEVED_DB = 3.0
"""Of the loudness rider's gain, beyond its usual one, that a new track counts on."""

Sound = NDArray[np.float64]


class Renderer:
    """Plays bars of notes on a synthesiser and mixes its stems into sound at the wanted loudness.

    Everything is a function of the bars and of the frame at which each was queued. When no bar comes, the last chord of the pad
    is held until one does. What comes out has not met the limiter yet: that stands at the very end, in `Outlet`.

    Recordings go through the same mix as the notes. Textures are laid beside it, each at the loudness that its bar says, and
    the rest gives way so that the whole is as loud as the programme.

    synth: must run at `rate_hz`; ValueError if not.
    target_lufs: loudness of bars whose level is 0 dB.
    deck: plays the files that bars cue; one that knows nothing of any track's loudness by default.
    seed: of the textures.
    """

    def __init__(
        self, synth: Synth, *, rate_hz: int = 48000, target_lufs: float = -23.0, deck: Deck | None = None, seed: int = 0
    ) -> None:
        if synth.rate_hz != rate_hz:
            raise ValueError(f"the synthesiser runs at {synth.rate_hz} Hz, the renderer at {rate_hz} Hz")
        self.rate_hz = rate_hz
        self._synth = synth
        self._schedule = Schedule(rate_hz=rate_hz, lead=round(LEAD_SECONDS * rate_hz))
        self._controls = Controls(synth.layers)
        self._mixer = Mixer(synth.layers, rate_hz=rate_hz, frames=BLOCK)
        self._rider = LoudnessRider(target_lufs, rate_hz=rate_hz, frames=BLOCK)
        self._deck = deck or Deck(rate_hz=rate_hz, frames=BLOCK)
        self._textures = Textures(seed=seed, rate_hz=rate_hz, frames=BLOCK)
        self._unmixed: BlockFilter | None = None
        self._dimmer = BlockFilter(low_pass_kernel(TEXTURE_BRIGHTER * 4000.0, rate_hz=rate_hz, frames=BLOCK))
        self._lift = 10.0 ** ((target_lufs - NOMINAL_LUFS) / 20.0)
        self._way = 1.0
        self._target_lufs = target_lufs
        self._usual_db = self._rider.gain_db
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
        if bar.cue is not None:
            self._deck.expect(bar.cue, bar.seconds)

    def troubles(self) -> list[str]:
        """What was wrong with sound files since this was last asked: for each file one sentence, once."""
        return self._deck.troubles()

    def failed_tracks(self) -> list[str]:
        """Sound files that could not be played since this was last asked, each once."""
        return self._deck.failed_tracks()

    def close(self) -> None:
        """Give every sound file back."""
        self._deck.close()

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
            if bar.cue is not None or self._deck.active:
                self._deck.begin(bar.cue, bar.seconds, level_lufs=self._target_lufs - self._rider_db())
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
        breath = self._controls.breath_per_min
        files = self._as_recorded(self._deck(after.swell_db, breath))
        mixed = self._rider(self._mixer(self._stems, after, breath_per_min=breath, beside=files))
        sound = self._among_textures(mixed, after) * (before + (after.level - before) * self._ramp)
        return np.ascontiguousarray(sound.T, dtype=np.float32)

    def _as_recorded(self, files: Sound | None) -> Sound | None:
        """Recordings, changed so that they leave the mixer as they are: its balance is for sampled instruments."""
        if files is None:
            return None
        if self._unmixed is None:
            self._unmixed = BlockFilter(kernel(_balance_undone(self.rate_hz), frames=BLOCK))
        return self._unmixed(files)

    def _among_textures(self, mixed: Sound, setting: Setting) -> Sound:
        """The mix with the textures laid beside it, at the loudness of the programme together."""
        textures = self._textures(setting.textures, self._controls.breath_per_min)
        before = self._way
        self._way = math.sqrt(max(1.0 - float(np.vdot(setting.textures, setting.textures)), LEAST_SHARE))
        if textures is None and before == self._way == 1.0:
            return mixed
        mixed = mixed * (before + (self._way - before) * self._ramp)
        if textures is None:
            return mixed
        corner = min(TEXTURE_BRIGHTER * setting.low_pass_hz, 20000.0)
        self._dimmer.kernel = low_pass_kernel(corner, rate_hz=self.rate_hz, frames=BLOCK)
        whole: Sound = mixed + self._lift * self._dimmer(textures.astype(np.float64))
        return whole

    def _rider_db(self) -> float:
        """What the rider will add to a track that begins: it has a memory, of which no more than a little is believed."""
        return self._usual_db + min(max(self._rider.gain_db - self._usual_db, -BELIEVED_DB), BELIEVED_DB)

    def _nothing(self, events: list[Event]) -> NDArray[np.float32]:
        """A block of silence, which costs nothing."""
        if not self._silent:
            self._silent = True
            self._synth.silence()
            self._mixer.reset()
            self._rider.reset()
            self._dimmer.reset()
            if self._unmixed is not None:
                self._unmixed.reset()
            self._schedule.clear()
        if self._deck.active:
            self._deck.reset()
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


def _balance_undone(rate_hz: float) -> StateSpace:
    """The inverse of what the mixer does to the balance of low and high tones: such filters are undone by the opposite gain."""
    thicker = low_shelf(SHELF_HZ, -SHELF_DB, rate_hz=rate_hz)
    darker = bell(PRESENCE_HZ, -PRESENCE_DB, PRESENCE_OCTAVES, rate_hz=rate_hz)
    return series(thicker, series(darker, bell(AIR_HZ, -AIR_DB, AIR_OCTAVES, rate_hz=rate_hz)))
