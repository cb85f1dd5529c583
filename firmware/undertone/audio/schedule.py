"""From bars of notes to events at frames.

Theory of operation. Events wait in a heap ordered by frame; at the same frame a note ends before another begins. A note that
strikes a pitch which still sounds in its layer ends the older one, whose own end is then ignored. The ends of pad notes that
lie so near to the end of all known music that no later bar is there yet are held back: when the next bar is late, the chord
simply stays, and when it comes they end where they should.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from enum import IntEnum

from undertone.flow import Bar, Layer, Note

__all__ = ["Event", "EventKind", "Schedule"]


class EventKind(IntEnum):
    """What happens, in the order in which it happens within one frame."""

    END = 0
    PROGRAM = 1
    STRIKE = 2


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that the synthesiser is told at a frame."""

    frame: int
    kind: EventKind
    order: int
    """Tells a note from the others; ends carry that of their note."""
    layer: Layer
    pitch: int = 0
    value: int = 0
    """Velocity of a strike, number of a program."""


class Schedule:
    """The events of all bars that are known.

    rate_hz: frames a second.
    lead: frames before the end of the known music from which on pad notes are held.
    """

    def __init__(self, *, rate_hz: int, lead: int) -> None:
        self._rate_hz = rate_hz
        self._lead = lead
        self._events: list[Event] = []
        self._held: list[Event] = []
        self._sounding: dict[tuple[Layer, int], int] = {}
        self._programs: dict[Layer, int] = {}
        self._chord: tuple[Note, ...] = ()
        self._order = itertools.count()
        self.end = 0
        """Frame at which the known music ends."""

    def add(self, bar: Bar, *, at: int) -> int:
        """Take in a bar that starts at frame `at`, or where the known music ends if that is later. Returns where it starts."""
        start = max(self.end, at)
        self.end = start + max(1, round(bar.seconds * self._rate_hz))
        for layer, program in bar.programs.items():
            if self._programs.get(layer) != program:
                self._programs[layer] = program
                self._push(Event(start, EventKind.PROGRAM, next(self._order), layer, value=program))
        per_beat = 60.0 / bar.tempo_bpm * self._rate_hz
        for note in bar.notes:
            self._add_note(note, start + round(note.beat * per_beat), start + round((note.beat + note.duration) * per_beat))
        pads = [note for note in bar.notes if note.layer is Layer.PAD]
        last = max((note.beat + note.duration for note in pads), default=0.0)
        self._chord = tuple(note for note in pads if note.beat + note.duration > last - 0.5)
        for end in self._held:
            self._push(Event(max(end.frame, at), EventKind.END, end.order, end.layer, end.pitch))
        self._held.clear()
        return start

    def hold(self, frame: int) -> None:
        """The known music has ended and no bar is there: strike the last chord again if none of it sounds any more."""
        coming = any(event.kind is EventKind.STRIKE for event in self._events)
        if coming or any(layer is Layer.PAD for layer, _ in self._sounding):
            return
        for note in self._chord:
            self._add_note(note, frame, frame)

    def due(self, before: int) -> list[Event]:
        """The events up to a frame, in order, each once. A strike may be preceded by the end of what it replaces."""
        found: list[Event] = []
        while self._events and self._events[0].frame < before:
            found.extend(self._happen(heapq.heappop(self._events)))
        return found

    def clear(self) -> None:
        """Forget all that sounds; what is still to come stays."""
        self._sounding.clear()
        self._held.clear()

    def _happen(self, event: Event) -> list[Event]:
        key = (event.layer, event.pitch)
        match event.kind:
            case EventKind.PROGRAM:
                return [event]
            case EventKind.STRIKE:
                older = [Event(event.frame, EventKind.END, 0, *key)] if key in self._sounding else []
                self._sounding[key] = event.order
                return [*older, event]
            case EventKind.END:
                if self._sounding.get(key) != event.order:
                    return []
                if event.layer is Layer.PAD and event.frame >= self.end - self._lead:
                    self._held.append(event)
                    return []
                del self._sounding[key]
                return [event]

    def _add_note(self, note: Note, start: int, end: int) -> None:
        order = next(self._order)
        self._push(Event(start, EventKind.STRIKE, order, note.layer, note.pitch, note.velocity))
        self._push(Event(max(end, start + 1), EventKind.END, order, note.layer, note.pitch))

    def _push(self, event: Event) -> None:
        heapq.heappush(self._events, event)
