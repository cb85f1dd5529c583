"""One pod, read: what its two chips measure as blocks, and what is wrong with them as faults."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from undertone.flow import Block, Fault, FaultKind
from undertone.sensors.bus import Bus
from undertone.sensors.max3010x import PulseSettings
from undertone.sensors.pulse import PulseChannel
from undertone.sensors.skin import SkinChannel, SkinSettings
from undertone.timeline import Clock

__all__ = ["Polled", "Reader", "ReaderThread"]

_log = logging.getLogger(__name__)
_EARLY = 1e-6
"""Seconds by which a poll may come early: less than any clock's grain."""
_STUMBLED_SECONDS = 1.0
_JOIN_SECONDS = 2.0
_LONGEST_SLEEP_SECONDS = 60.0
"""A pod without sensors is never due, and no thread can wait for ever by a number."""


class Polled(Protocol):
    """What is read by asking it again and again: one pod, or many."""

    @property
    def name(self) -> str:
        """Whom it reads, for a thread's name and for faults."""

    @property
    def due(self) -> float:
        """When `poll` is wanted next, seconds; −inf before the first one, inf where there is nothing to read."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted since the start, by plain names that never change. Any thread may ask."""

    def poll(self, now: float) -> list[Block | Fault]:
        """What there is to tell. Never raises for trouble with the bus or the chips: that becomes a fault.

        now: the present, seconds, noted immediately before the call.
        """


class Reader:
    """Reads the pulse sensor and the skin sensor of one pod, each in its own time.

    bus: the bus that both are on; only `poll` uses it. pulse, skin: how they are set up; None for a pod without that sensor.
    pod: 0…7, for the blocks and the faults.

    Blocks: INFRARED and RED together, about five times a second, joining each other without a gap unless samples were lost;
    SKIN four times a second, in microsiemens, delayed by the low-pass by 0.5 s, which its times allow for.
    """

    def __init__(self, bus: Bus, *, pulse: PulseSettings | None, skin: SkinSettings | None, pod: int = 0) -> None:
        channels: list[PulseChannel | SkinChannel] = []
        # The pulse first: the moment of its poll is what its samples are timed by.
        if pulse is not None:
            channels.append(PulseChannel(bus, pulse, pod=pod))
        if skin is not None:
            channels.append(SkinChannel(bus, skin, pod=pod))
        self.pod = pod
        self._channels = channels

    @property
    def name(self) -> str:
        """See `Polled.name`."""
        return f"pod {self.pod}"

    @property
    def due(self) -> float:
        """When `poll` is wanted next, seconds; −inf before the first one, inf where there is nothing to read."""
        return min((channel.due for channel in self._channels), default=float("inf"))

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted since the start, by plain names: "pulse samples lost", "skin retries" …"""
        return {name: count for channel in self._channels for name, count in channel.counts.items()}

    def poll(self, now: float) -> list[Block | Fault]:
        """What there is to tell. Never raises for trouble with the bus or the chips: that becomes a fault.

        now: the present, seconds, noted immediately before the call.
        """
        out: list[Block | Fault] = []
        for channel in self._channels:
            if channel.due <= now + _EARLY:
                out += channel.poll(now)
        return out

    def hasten(self, now: float) -> None:
        """Have every sensor asked by the next poll, however short a time ago it was asked."""
        for channel in self._channels:
            channel.due = min(channel.due, now)


class ReaderThread:
    """Polls a reader whenever it is due. Its thread is the only one that touches the bus.

    reader: what to poll, one pod or many. clock: the machine's clock. deliver: called in this thread with each block and fault;
    it must hand them over (`Timeline.post`) and return at once.
    """

    def __init__(self, reader: Polled, clock: Clock, deliver: Callable[[Block | Fault], None]) -> None:
        self._reader = reader
        self._clock = clock
        self._deliver = deliver
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"reader of {reader.name}", daemon=True)

    def start(self) -> None:
        """Begin to read. Raises RuntimeError when called twice."""
        self._thread.start()

    def stop(self) -> bool:
        """End reading and wait until the bus is free, for at most two seconds. May be called twice.

        False where the thread still holds the bus after that, which is also logged: a transfer, or whom the blocks are handed
        to, does not return. The bus may not be used by anybody else then; the thread ends with the program.
        """
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            return True
        _log.error("the %s still holds the bus %g s after it was told to stop", self._thread.name, _JOIN_SECONDS)
        return False

    def _run(self) -> None:
        stumbled: Fault | None = None
        while not self._ending.is_set():
            now = self._clock.now()
            try:
                for item in self._reader.poll(now):
                    self._deliver(item)
                if stumbled is not None:
                    self._deliver(Fault(now, stumbled.source, stumbled.kind, "Reading the sensors goes on.", over=True))
                    stumbled = None
            except Exception:  # The root of a thread: whatever it is, the listener keeps their music.
                if stumbled is None:
                    # Logged and told once: the mistake may last all night.
                    _log.exception("reading %s stumbled", self._reader.name)
                    message = "Reading the sensors stumbled over a mistake in the program; it tries again every second."
                    stumbled = Fault(now, f"{self._reader.name} reader", FaultKind.STAGE, message)
                    # Delivering may be the very thing that stumbles.
                    with contextlib.suppress(Exception):
                        self._deliver(stumbled)
                self._ending.wait(_STUMBLED_SECONDS)
                continue
            self._ending.wait(min(max(0.0, self._reader.due - self._clock.now()), _LONGEST_SLEEP_SECONDS))
