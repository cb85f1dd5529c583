"""How chords are set in motion: held, rocked, picked, spread, moved from within, off the beat.

Each way of moving fills the moments of a bar in an order of its own: the first few carry the chord, the later ones come in as
the music gets livelier. So the number of notes follows what is asked for in every style, and only its shape differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from undertone.music.harmony import Span
from undertone.music.streams import Stream
from undertone.music.styles import Figuration
from undertone.music.texture import Sound, broken, slots
from undertone.music.theory import Key

__all__ = ["Passage", "figurations_for", "moved"]

Orders = Mapping[int, tuple[tuple[int, ...], ...]]
ROCKING: Orders = MappingProxyType(
    {4: ((0, 4, 2, 6, 3, 7, 1, 5), (0, 4, 6, 2, 7, 3, 5, 1)), 3: ((0, 2, 4, 3, 5, 1), (0, 3, 2, 5, 4, 1))}
)
PICKING: Orders = MappingProxyType(
    {
        4: ((0, 4, 3, 6, 7, 2, 5, 1), (0, 4, 3, 7, 2, 6, 1, 5), (0, 3, 6, 4, 2, 7, 5, 1)),
        3: ((0, 2, 4, 3, 5, 1), (0, 3, 4, 2, 1, 5)),
    }
)
OFFBEAT: Orders = MappingProxyType({4: ((0, 3, 7, 4, 1, 5, 2, 6), (0, 3, 4, 7, 5, 1, 6, 2)), 3: ((0, 3, 5, 1, 2, 4),)})
HELD: Orders = MappingProxyType(
    {4: ((0, 4, 6, 3, 7, 2, 5, 1), (0, 3, 6, 4, 2, 7, 5, 1)), 3: ((0, 4, 2, 5, 3, 1), (0, 2, 4, 3, 5, 1))}
)
INNER: Orders = MappingProxyType(
    {4: ((0, 4, 2, 6, 3, 7, 5, 1), (0, 6, 4, 2, 7, 3, 1, 5)), 3: ((0, 4, 2, 3, 5, 1), (0, 2, 4, 5, 3, 1))}
)
ROLL = 0.018
"""Beats between the notes of a chord that is struck together: hands are no machine."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What an accompaniment makes one bar from."""

    bar: tuple[Span, ...]
    hands: tuple[tuple[int, ...], ...]
    """Five notes for each chord of the bar, from `texture.hand`."""
    key: Key
    beats: int
    count: int
    """How many onsets."""
    figure: tuple[int, ...]
    variant: int
    turn: int
    """Which bar of the phrase it is: what differs from bar to bar goes by this."""
    ceiling: int
    """Below which MIDI note it should keep, for the sake of the melody."""
    sustain: float
    """How far notes ring to the end of their chord, 0…1."""
    stream: Stream

    def at(self, beat: float) -> int:
        """Which chord sounds at a beat."""
        return max(index for index, span in enumerate(self.bar) if span.beat <= beat)

    def ring(self, beat: float, shortest: float = 0.5) -> float:
        """How long a note from this beat on may ring."""
        span = self.bar[self.at(beat)]
        left = span.beat + span.beats - beat
        return max(min(shortest, left), min(left, shortest + self.sustain * (left - shortest), 3.5))

    def onsets(self, orders: Orders) -> list[float]:
        """The moments to fill: now and then another order than the section's, so that bars differ."""
        choices = orders[self.beats]
        turned = self.variant + (1 if self.turn % 4 == 3 or self.stream.chance(0.15) else 0)
        found = slots(choices[turned % len(choices)], max(1, self.count), 2 * self.beats)
        return sorted({*found, *(span.beat for span in self.bar)})


def figurations_for(weights: tuple[tuple[Figuration, float], ...], arousal: float) -> tuple[tuple[Figuration, float], ...]:
    """The ways of moving that suit an arousal, with weights: short chords off the beat only where it is lively."""
    fit = tuple((name, weight) for name, weight in weights if name is not Figuration.OFFBEAT or arousal > 0.2)
    return fit or weights


def moved(figuration: Figuration, passage: Passage) -> tuple[Sound, ...]:
    """One bar of accompaniment, by onset."""
    return tuple(sorted(PLAYERS[figuration](passage)))


def _broken(passage: Passage) -> list[Sound]:
    turned = passage.variant + (1 if passage.turn % 4 == 3 else 0)
    sounds = broken(
        passage.bar, passage.hands, passage.figure, variant=turned, count=passage.count, beats=passage.beats,
        sustain=passage.sustain,
    )  # fmt: skip
    return list(sounds)


def _struck(beat: float, pitches: tuple[int, ...], duration: float, weight: float) -> list[Sound]:
    """A chord as a hand plays it: from below, all but together, the upper notes lighter."""
    ordered = sorted(set(pitches))
    return [Sound(beat + ROLL * index, duration, pitch, weight - 0.06 * index) for index, pitch in enumerate(ordered)]


def _held(passage: Passage) -> list[Sound]:
    onsets = passage.onsets(HELD)
    # Chords on the first of the moments, single notes from inside them on the rest.
    chords = {span.beat for span in passage.bar} | ({2.0} if passage.count >= 6 and passage.beats == 4 else set())
    sounds: list[Sound] = []
    ends = [*onsets[1:], float(passage.beats)]
    for place, (beat, _) in enumerate(zip(onsets, ends, strict=True)):
        low, first, second, third, top = passage.hands[passage.at(beat)]
        if beat in chords:
            following = min((other for other in chords if other > beat), default=float(passage.beats))
            whole = (low, first, second, third) if passage.turn % 2 == 0 else (low, second, third)
            sounds += _struck(beat, whole, 0.95 * (following - beat), 0.8 if beat == 0 else 0.6)
        else:
            finger = (top, second, third, first)[(place + passage.turn) % 4]
            sounds.append(Sound(beat, passage.ring(beat, 0.75), finger, 0.4))
    return sounds


def _rocking(passage: Passage) -> list[Sound]:
    sounds: list[Sound] = []
    starts = {span.beat for span in passage.bar}
    rocked = 0
    for beat in passage.onsets(ROCKING):
        low, first, second, third, top = passage.hands[passage.at(beat)]
        if beat in starts:
            sounds.append(Sound(beat, passage.ring(beat, 1.0), low, 0.9))
            rocked = 0
            continue
        pairs = ((first, second), (second, third), (first, third), (third, top))
        pair = pairs[(0, 1, 0, 2, 1, 3)[(rocked + (passage.turn // 2) % 2) % 6]]
        whole = beat == int(beat)
        # Thirds and sixths on the beats, one of their notes between them.
        pitches = pair if whole else (pair[rocked % 2],)
        sounds += _struck(beat, pitches, passage.ring(beat, 0.9 if whole else 0.6), 0.5 if whole else 0.35)
        rocked += 1
    return sounds


def _picking(passage: Passage) -> list[Sound]:
    sounds: list[Sound] = []
    starts = {span.beat for span in passage.bar}
    for beat in passage.onsets(PICKING):
        hand = passage.hands[passage.at(beat)]
        low, first, _, _, top = hand
        place = round(2 * beat)
        if beat in starts:
            # Every other bar thumb and ring finger pinch.
            pinched = (low, top) if passage.turn % 2 == 0 and beat == 0 else (low,)
            sounds += _struck(beat, pinched, passage.ring(beat, 1.0), 0.85)
        elif beat == int(beat) and passage.beats == 4 and int(beat) % 2 == 0:
            sounds.append(Sound(beat, passage.ring(beat, 1.0), first if passage.turn % 4 != 2 else low, 0.6))
        else:
            finger = passage.figure[(place + 2 * (passage.turn % 2)) % len(passage.figure)]
            between = beat * 2 != int(beat * 2)
            pitch = hand[max(1, finger)] if not between else hand[1 + (finger + 1) % 4]
            sounds.append(Sound(beat, passage.ring(beat, 0.75), pitch, 0.35 if place % 2 else 0.5))
    return _parted(sounds)


def _arpeggio(passage: Passage) -> list[Sound]:
    sounds: list[Sound] = []
    for index, span in enumerate(passage.bar):
        low, first, second, third, top = passage.hands[index]
        above = {note + 12 for note in (second, third) if note + 12 < passage.ceiling}
        ladder = tuple(sorted({low, first, second, third, top, *above}))
        count = max(1, round(passage.count * span.beats / passage.beats))
        # The run takes at most three quarters of its chord; what is left is for its ringing.
        step = next((size for size in (0.5, 1 / 3, 0.25) if count * size <= 0.75 * span.beats), 0.25)
        if count <= 3 and passage.turn % 2:
            step = 1.0
        way = list(range(len(ladder)))
        rise = (way + way[-2:0:-1])[:count]
        rise += [way[(2 * place) % len(way)] for place in range(max(0, count - len(rise)))]
        if passage.turn % 4 == 3 and count >= 4:
            rise = [0, *reversed(rise[1:])]
        for place, rung in enumerate(rise):
            beat = span.beat + place * step
            if beat < span.beat + span.beats - 0.1:
                sounds.append(Sound(beat, passage.ring(beat), ladder[rung], 0.85 if place == 0 else 0.5 - 0.02 * place))
    return sounds


def _offbeat(passage: Passage) -> list[Sound]:
    sounds: list[Sound] = []
    starts = {span.beat for span in passage.bar}
    for beat in passage.onsets(OFFBEAT):
        low, first, second, third, top = passage.hands[passage.at(beat)]
        if beat in starts:
            sounds.append(Sound(beat, passage.ring(beat, 0.9), low, 0.8))
        elif beat * 2 % 2 == 1:
            chord = (second, third) if (passage.turn + int(beat)) % 2 else (first, second, third)
            sounds += _struck(beat, chord, 0.4, 0.45)
        else:
            pitch = (first, top, third, second)[(int(2 * beat) + passage.turn) % 4]
            sounds.append(Sound(beat, 0.6, pitch, 0.4))
    return sounds


def _inner(passage: Passage) -> list[Sound]:
    """Three voices: all change with the chord; between, one after the other leaves its note and comes back or goes on."""
    onsets = passage.onsets(INNER)
    # Where it is livelier two voices do: three that move would thicken.
    voices = (0, 1, 2) if passage.count <= 4 else (0, 2)
    lines: dict[int, list[tuple[float, int, float]]] = {voice: [] for voice in voices}
    turn = passage.turn + passage.variant
    for beat in onsets:
        index = passage.at(beat)
        hand = passage.hands[index]
        if beat == passage.bar[index].beat:
            for voice, line in lines.items():
                line.append((beat, hand[1 + voice], 0.7 if voice == 2 else 0.55))
            continue
        turn += 1
        voice = (2, voices[1], 2, 0)[turn % 4]
        home, now = hand[1 + voice], lines[voice][-1][1]
        pitch = _away(passage, index, home, turn) if now == home else home
        if all(abs(pitch - line[-1][1]) >= 2 for other, line in lines.items() if other != voice):
            lines[voice].append((beat, pitch, 0.4))
        else:
            lines[voice].append((beat, home if now != home else now, 0.4))
    sounds = []
    for line in lines.values():
        merged = [line[0], *(after for before, after in pairwise(line) if after[1] != before[1] or after[2] > 0.5)]
        ends = [beat for beat, _, _ in merged[1:]] + [float(passage.beats)]
        sounds += [Sound(beat, end - beat, pitch, weight) for (beat, pitch, weight), end in zip(merged, ends, strict=True)]
    return sounds


def _away(passage: Passage, index: int, pitch: int, turn: int) -> int:
    """Where a voice goes from its note of the chord: to the chord's next note, and every third time by step."""
    chord, key = passage.bar[index].chord, passage.key
    step = key.step(pitch)
    if turn % 3:
        nearby = [pitch + away for away in (3, 4, -3, -4, 5, -5) if (pitch + away) % 12 in chord.tones]
        return nearby[turn % min(2, len(nearby))] if nearby else pitch
    above, below = chord.pitch(key, step + 1), chord.pitch(key, step - 1)
    # A semitone above would rub.
    return above if turn % 2 and above - pitch == 2 else below


def _parted(sounds: list[Sound]) -> list[Sound]:
    """A string that is picked again stops ringing first."""
    parted = []
    for sound in sorted(sounds):
        again = [other.beat - sound.beat for other in sounds if other.pitch == sound.pitch and other.beat > sound.beat + 0.1]
        parted.append(sound._replace(duration=min([sound.duration, *again])))
    return parted


PLAYERS: Mapping[Figuration, Callable[[Passage], list[Sound]]] = MappingProxyType(
    {
        Figuration.BROKEN: _broken,
        Figuration.HELD: _held,
        Figuration.ROCKING: _rocking,
        Figuration.PICKING: _picking,
        Figuration.ARPEGGIO: _arpeggio,
        Figuration.INNER: _inner,
        Figuration.OFFBEAT: _offbeat,
    }
)
