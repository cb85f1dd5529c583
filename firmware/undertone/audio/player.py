"""Keeps sound rendered ahead, asks for bars in time, and hands sound to a sink, whatever happens to that sink.

Theory of operation. Two steps meet in a row of blocks. `render_ahead` pulls bars and renders until the row is `ahead`
seconds long. `write_block` takes the oldest block through the outlet (volume, stop, limiter, safety) and writes it, in pieces,
so that a stop does not wait until a device has room for the rest of a block. In virtual time `advance` does both; in real time
`PlayerThread` runs each in a thread of its own, so that a slow bar or a sound read from a slow disk costs depth and no gap. A
block may only be appended by the one side and taken by the other, so no lock is needed.

Frame 0 sounds at `_origin`. In virtual time, and for sinks that do not pace us, that moment never moves. A device has a
clock of its own: there the origin is read off each write, so that bars are asked for at the time at which they will truly be
heard. A device that swallows sound without playing it, as ALSA's null device does, would otherwise be fed without end: once it
has taken more than any device could, the clock paces the writes.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from undertone.audio.gauge import BufferGauge
from undertone.audio.outlet import Outlet
from undertone.audio.renderer import BLOCK, Renderer
from undertone.audio.safety import Protection, Safety
from undertone.audio.sinks import Sink
from undertone.errors import SoundError
from undertone.flow import Bar, Fault, FaultKind

__all__ = ["Player"]

PIECE = 1024
"""Frames taken through the outlet and written at a time."""
FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
CLOSING_BLOCKS = 3
"""Time for the fade-out and for what waits in the limiter."""
SWALLOW_SECONDS = 0.2
"""A device that has taken this much more than it can hold and play plays nothing: it is a null device, and we keep the time."""


class Player:
    """Plays what bars say, through a sink that may come and go.

    renderer: what turns bars into sound.
    sink: where sound goes; None if `reopen` is to find one.
    need_bar: asked for the next bar with the time at which it will sound; may answer None, and is then asked again.
    ahead: seconds of sound rendered before they are due.
    on_bar: told of each bar when it begins to be rendered, with the time at which it will sound.
    on_fault: told once when the sink fails and once when it works again.
    reopen: opens the sink anew after it failed; without it the same sink is tried again.
    fade_in: seconds in which sound comes up at the start.
    protection: what the safety stage at the very end goes by; day, and a level that nobody measured, if not given.

    With a `PlayerThread`, `need_bar` and `on_bar` are called in its rendering thread and `on_fault` in its writing thread.
    """

    def __init__(
        self,
        renderer: Renderer,
        sink: Sink | None,
        need_bar: Callable[[float], Bar | None],
        *,
        ahead: float = 0.5,
        on_bar: Callable[[float, Bar], None] | None = None,
        on_fault: Callable[[Fault], None] | None = None,
        reopen: Callable[[], Sink] | None = None,
        fade_in: float = 8.0,
        protection: Protection | None = None,
    ) -> None:
        self.ahead = ahead
        self._renderer = renderer
        self._sink = sink
        self._need_bar = need_bar
        self._on_bar = on_bar
        self._on_fault = on_fault
        self._reopen = reopen
        self._row: deque[NDArray[np.float32]] = deque()
        self._outlet = Outlet(rate_hz=renderer.rate_hz, frames=PIECE, fade_in=fade_in, protection=protection)
        self._gauge = BufferGauge()
        self._seconds = BLOCK / renderer.rate_hz
        self._origin: float | None = None
        self._written = 0
        self._starved = 0
        self._fault: Fault | None = None
        self._retry_at = -math.inf
        self._now = 0.0
        self._dry = False
        self._sink_latency = 0.0
        self._retry_in = FIRST_RETRY_SECONDS

    @property
    def volume_db(self) -> float:
        """What the listener asked for, dB ≤ 0."""
        return self._outlet.volume_db

    @volume_db.setter
    def volume_db(self, volume_db: float) -> None:
        self._outlet.volume_db = volume_db

    @property
    def level_dbfs(self) -> float | None:
        """RMS of what was written over the last second; None while nothing sounds."""
        return self._outlet.level_dbfs

    @property
    def level_dba(self) -> float | None:
        """The same at the pillow, dB(A); None where nothing sounds or the level has not been measured."""
        return self._outlet.safety.level_dba

    @property
    def safety(self) -> Safety:
        """The stage that guards the ear, for what it knows; nothing of it can be set."""
        return self._outlet.safety

    @property
    def underruns(self) -> int:
        """Times that the device ran dry, as far as gaps between writes tell, or that rendering came too late."""
        return self._gauge.underruns + self._starved

    @property
    def broken(self) -> int:
        """Blocks that could not be sound and became silence."""
        return self._renderer.broken + self._outlet.broken

    @property
    def position(self) -> float:
        """Seconds of sound that have left."""
        return self._written * self._seconds

    @property
    def rendered_ahead(self) -> float:
        """Seconds of sound that are rendered and have not left."""
        return len(self._row) * self._seconds

    @property
    def sink_latency(self) -> float:
        """Seconds of sound that the sink may still play after a stop: what it adds to the 20 ms of `hush`."""
        return self._sink_latency

    @property
    def lost(self) -> bool:
        """True while there is no working sink."""
        return self._fault is not None

    def troubles(self) -> list[str]:
        """What was wrong with sound files since this was last asked: for each file one sentence, once."""
        return self._renderer.troubles()

    def failed_tracks(self) -> list[str]:
        """Sound files that could not be played since this was last asked, each once: choose others."""
        return self._renderer.failed_tracks()

    def hush(self) -> None:
        """Fade to silence within 20 ms of what is written next, and stay silent; the bars go on."""
        self._outlet.hush()

    def resume(self, seconds: float | None = None) -> None:
        """Come up again after `hush`, within `seconds` or as at the start."""
        self._outlet.resume(seconds)

    def advance(self, now: float) -> float:
        """Render until now + ahead, write until now, and say when this is due again. For virtual time."""
        if self._origin is None:
            self._origin = now
        while self._origin + (self._written + 1) * self._seconds <= now:
            if not self._row:
                self.render_block()
            self.write_block(now)
        self.render_ahead(now)
        return now + 0.5 * self.ahead

    def render_ahead(self, now: float) -> None:
        """Render until the row is `ahead` seconds long."""
        if self._origin is None:
            self._origin = now
        while self.rendered_ahead < self.ahead:
            self.render_block()

    def render_block(self) -> None:
        """Render one block, asking for a bar if that is needed."""
        origin = self._origin or 0.0
        while self._renderer.needs_bar:
            bar = self._need_bar(origin + self._renderer.end)
            if bar is None:
                break
            self._renderer.queue(bar)
        self._row.append(self._renderer.render(BLOCK))
        for start, bar in self._renderer.started():
            if self._on_bar is not None:
                self._on_bar(origin + start, bar)

    def write_block(self, now: float, *, finished: Callable[[], float] | None = None) -> float:
        """Write the oldest block, or silence if there is none, and say when the next is due.

        finished: tells the time after the write. To be given in real time, where writing waits for the device.
        """
        self._now = now
        if self._origin is None:
            self._origin = now
        self._leave(self._next(), last=self.lost or (finished is not None and not self._row))
        self._written += 1
        sink = self._sink
        self._sink_latency = sink.latency if sink is not None else 0.0
        if finished is None or sink is None or not sink.paced or self.lost:
            return self._origin + (self._written + 1) * self._seconds
        after = finished()
        self._gauge.wrote(now, after, seconds=self._seconds, capacity=sink.latency)
        self._origin = after + sink.latency + self._outlet.delay - self.position
        return after + max(0.0, self._gauge.swallowed - sink.latency - SWALLOW_SECONDS)

    def close(self) -> None:
        """Fade out and give the sink back. Never raises for trouble with the sink."""
        self._outlet.hush()
        for _ in range(CLOSING_BLOCKS):
            if self._sink is not None and not self.lost:
                self._leave(self._next())
        self._release()
        self._renderer.close()

    def _next(self) -> NDArray[np.float32]:
        if self._row:
            self._dry = False
            return self._row.popleft()
        if not self._dry:
            self._dry = True
            self._starved += 1
        return np.zeros((BLOCK, 2), dtype=np.float32)

    def _leave(self, block: NDArray[np.float32], *, last: bool = False) -> None:
        """Write a block, piece by piece, each by what is wanted at that moment. last: nothing is known to follow."""
        for start in range(0, BLOCK, PIECE):
            ending = last and (self._dry or start + PIECE == BLOCK)
            self._write(self._outlet(block[start : start + PIECE], last=ending or self.lost))

    def _write(self, block: NDArray[np.float32]) -> None:
        if self.lost and self._now < self._retry_at:
            return
        try:
            if self._reopen is not None and (self.lost or self._sink is None):
                self._release()
                self._sink = self._of_our_rate(self._reopen())
            if self._sink is None:
                raise SoundError("There is no sound device: connect one, or choose another sink.")
            self._sink.write(block)
        except SoundError as error:
            self._lose(error)
        else:
            self._recover()

    def _of_our_rate(self, sink: Sink) -> Sink:
        """The sink; one of another rate is closed, and SoundError raised."""
        if sink.rate_hz == self._renderer.rate_hz:
            return sink
        with contextlib.suppress(SoundError):
            sink.close()
        ours = self._renderer.rate_hz
        raise SoundError(f"The sound device came back at {sink.rate_hz} Hz instead of {ours} Hz: set audio.rate_hz or restart.")

    def _lose(self, error: SoundError) -> None:
        if self._fault is None:
            self._fault = Fault(self._now, "sound", FaultKind.SOUND, str(error))
            self._tell(self._fault)
        self._retry_at = self._now + self._retry_in
        self._retry_in = min(2.0 * self._retry_in, LAST_RETRY_SECONDS)

    def _recover(self) -> None:
        if self._fault is not None:
            self._tell(replace(self._fault, t=self._now, message="Sound is back.", over=True))
            self._fault = None
            self._retry_in = FIRST_RETRY_SECONDS
            self._gauge.forget()

    def _tell(self, fault: Fault) -> None:
        if self._on_fault is not None:
            self._on_fault(fault)

    def _release(self) -> None:
        """Close the sink, broken or not."""
        if self._sink is None:
            return
        try:
            self._sink.close()
        except SoundError as error:
            self._lose(error)
        self._sink = None
