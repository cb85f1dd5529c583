"""Figures that each come back after a time of their own.

Theory of operation. A few short figures circle, each with its own period. The periods stand to each other as square roots of
primes do, so no two of them ever meet again in the same way, and what sounds together is always new although nothing in it is.
A livelier music turns all circles faster by the same factor, so the number of notes follows exactly. A figure keeps its rhythm
and begins on the beat nearest to its time. Where a note of it would rub against the chord of the moment it moves to the
nearest note that does not.

Source: Brian Eno's account of the tape loops of "Music for Airports" (1978); figures, periods and tuning are a design.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from undertone.music.harmony import Span
from undertone.music.streams import Stream
from undertone.music.theory import Chord, Key

__all__ = ["Circles", "Loop", "Strike", "circles", "tuned"]

PERIODS = (1.0, 2**0.5, 3**0.5, 5**0.5, 7**0.5, 11**0.5)
"""How long the circles are beside each other."""
GRID = 1.0
"""Beats to which the beginnings of figures are drawn, so that what meets meets truly."""
REACH = 4
"""Steps from its first note beyond which a figure turns back."""
PLACES = (0, -3, 2, 4, -5, 1)
"""Steps above the layer's middle around which the figures lie, in the order in which they are made."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A figure on its circle."""

    period: float
    """Beside those of the other loops."""
    notes: tuple[tuple[float, int], ...]
    """Beats after its beginning, and on which step above the layer's middle."""

    @property
    def length(self) -> float:
        """Beats from its first note to where one more would come."""
        return self.notes[-1][0] + 1.0


class Strike(NamedTuple):
    """A note of a loop within a bar."""

    beat: float
    step: int
    first: bool
    """Whether its figure begins with it."""


def circles(stream: Stream, sizes: tuple[int, ...]) -> tuple[Loop, ...]:
    """New figures of so many notes each, most moving by step."""
    loops = []
    for index, size in enumerate(sizes):
        middle = PLACES[index % len(PLACES)] + int(stream.between(0, 2))
        step, way, notes, at = middle, stream.pick((1, -1)), [], 0.0
        for _ in range(size):
            notes.append((at, step))
            at += stream.pick((1.0, 1.0, 2.0, 1.0, 1.5, 0.5))
            turned = stream.chance(0.35)
            # A figure stays near where it began: it turns round before it has wandered a sixth away.
            way = -way if turned or way * (step - middle) >= REACH else way
            step += way * stream.pick((1, 1, 1, 2))
        loops.append(Loop(PERIODS[index % len(PERIODS)], tuple(notes)))
    return tuple(loops)


class Circles:
    """Where each circle stands. They go on turning whatever figures are on them, heard or not."""

    def __init__(self, stream: Stream, count: int) -> None:
        self._phases = [stream.unit() for _ in range(count)]
        self._begun: list[Strike] = []

    def turn(self, loops: tuple[Loop, ...], beats: float, rate: float) -> tuple[Strike, ...]:
        """The strikes of the next beats, in order, no two at the same time.

        loops: as many as there are circles, or fewer. rate: strikes a beat, over all loops on average.
        """
        pace = rate / sum(len(loop.notes) / loop.period for loop in loops)
        for index, loop in enumerate(loops):
            speed = pace / loop.period
            # A circle that is shorter than its figure has it twice as fast.
            scale = 1.0 if loop.length * speed <= 1.0 else 0.5
            turned = self._phases[index] + beats * speed
            for turn in range(1, int(turned) + 1):
                start = GRID * round((turn - self._phases[index]) / speed / GRID)
                self._begun += [Strike(start + scale * at, step, not place) for place, (at, step) in enumerate(loop.notes)]
            self._phases[index] = turned % 1.0
        due: list[Strike] = []
        for strike in sorted(self._begun):
            # Two that meet are set apart, so that both are heard.
            due.append(strike._replace(beat=max(strike.beat, due[-1].beat + GRID / 2) if due else strike.beat))
        self._begun = [strike._replace(beat=strike.beat - beats) for strike in due if strike.beat >= beats]
        return tuple(strike for strike in due if strike.beat < beats)


def _chord_at(bar: tuple[Span, ...], beat: float) -> Chord:
    return next(span.chord for span in reversed(bar) if span.beat <= beat)


def tuned(step: int, bar: tuple[Span, ...], beat: float, key: Key, *, within: bool = False) -> int:
    """The MIDI note of a step over the chord at a beat, or the nearest that is no semitone from a note of the chord.

    within: only notes of the chord will do.
    """
    chord = _chord_at(bar, beat)
    for away in (0, -1, 1, -2, 2, -3, 3):
        pitch = chord.pitch(key, step + away)
        rubs = within or any((pitch - tone) % 12 in (1, 11) for tone in chord.tones)
        if pitch % 12 in chord.tones or not rubs:
            return pitch
    return chord.pitch(key, step)
