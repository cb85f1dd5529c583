"""What carries the melody: broken chords, and the pad with its suspensions."""

from __future__ import annotations

from typing import NamedTuple

from undertone.music.harmony import Span
from undertone.music.streams import Stream
from undertone.music.theory import Key
from undertone.music.voicing import Voicing

__all__ = ["Sound", "broken", "drone", "fifths", "hand", "held", "slots"]

ORDERS: dict[int, tuple[tuple[int, ...], ...]] = {
    4: ((0, 4, 2, 6, 3, 7, 1, 5), (0, 4, 6, 2, 5, 1, 7, 3), (0, 3, 6, 4, 2, 7, 5, 1), (0, 2, 4, 6, 1, 3, 5, 7)),
    3: ((0, 2, 4, 1, 3, 5), (0, 4, 2, 3, 5, 1), (0, 2, 4, 5, 3, 1)),
}
"""For each metre, orders in which the eighths of a bar come into use as the music gets fuller."""


class Sound(NamedTuple):
    """A note of the accompaniment within a bar."""

    beat: float
    duration: float
    pitch: int
    weight: float


def hand(voicing: Voicing, low: int) -> tuple[int, int, int, int, int]:
    """Five notes for broken chords: the bass note less than an octave and a third below, the three voices, one above them."""
    first, second, third = voicing
    return low + 12 * max(0, (first - 3 - low) // 12), first, second, third, first + 12


def slots(order: tuple[int, ...], count: int, eighths: int) -> list[float]:
    """Onsets in beats: so many of the order's eighths, and beyond them sixteenths in the same order."""
    whole = sorted(order[: min(count, eighths)])
    between = order[: max(0, min(count - eighths, eighths))]
    return sorted([slot / 2 for slot in whole] + [slot / 2 + 0.25 for slot in between])


def _finger(figure: tuple[int, ...], place: int) -> int:
    """Which of the five notes comes at a sixteenth of the chord; between two eighths it is another one than theirs."""
    before, after = (figure[eighth % len(figure)] for eighth in (place // 2, place // 2 + 1))
    if place % 2 == 0:
        return before
    return next(finger % 5 for finger in (before + 2, before + 3, before + 1) if finger % 5 not in (before, after))


def broken(
    bar: tuple[Span, ...],
    hands: tuple[tuple[int, ...], ...],
    figure: tuple[int, ...],
    *,
    variant: int,
    count: int,
    beats: int,
    sustain: float,
) -> tuple[Sound, ...]:
    """One bar of broken chords.

    hands: the five notes of each chord of the bar. figure: the order in which they are taken, one entry per eighth.
    variant: which order of eighths to fill. count: how many notes. sustain: how far they ring to the end of their chord, 0…1.
    """
    orders = ORDERS[beats]
    order = orders[variant % len(orders)]
    sounds = []
    for beat in slots(order, max(1, count), 2 * beats):
        index = max(index for index, span in enumerate(bar) if span.beat <= beat)
        span = bar[index]
        place = round((beat - span.beat) * 4)
        pitch = hands[index][_finger(figure, place)]
        left = span.beat + span.beats - beat
        ring = max(0.5, min(left, 0.5 + sustain * (left - 0.5), 3.0))
        sounds.append(Sound(beat, ring, pitch, 1.0 if place == 0 else 0.6 if beat == int(beat) else 0.4))
    return tuple(sounds)


def held(
    bar: tuple[Span, ...], voicings: tuple[Voicing, ...], before: Voicing | None, stream: Stream, suspension: float
) -> tuple[Sound, ...]:
    """One bar of the pad: each voice held through its chord.

    before: the placing of the chord before the bar. suspension: chance that a voice which falls by step comes late, 0…1.
    """
    sounds: list[Sound] = []
    for span, voicing in zip(bar, voicings, strict=True):
        wanted, late = stream.chance(suspension), span.beats / 2 if span.beats != 3 else 1.0
        free = True
        for voice, pitch in enumerate(voicing):
            falls = before is not None and 1 <= before[voice] - pitch <= 2 and before[voice] not in voicing
            if wanted and falls and free and span.beats >= 2 and before is not None:
                sounds.append(Sound(span.beat, late, before[voice], 0.7))
                sounds.append(Sound(span.beat + late, span.beats - late, pitch, 0.6))
                free = False
            else:
                sounds.append(Sound(span.beat, span.beats, pitch, 0.6))
        before = voicing
    return tuple(sounds)


def drone(bar: tuple[Span, ...], key: Key, centre: float) -> tuple[Sound, ...]:
    """One bar of a drone: tonic, fifth and the tonic above, without what lies next to a note of the chord.

    Where nothing of it may stay, the root of the chord takes its place.
    """
    root = key.tonic + 12 * round((centre - 10 - key.tonic) / 12)
    pitches = (root, root + (key.pitch_classes[4] - key.tonic) % 12, root + 12)
    sounds: list[Sound] = []
    for span in bar:
        clear = [pitch for pitch in pitches if not any((pitch - tone) % 12 in (1, 2, 10, 11) for tone in span.chord.tones)]
        instead = root + (span.chord.root - root) % 12
        for pitch in clear or [instead]:
            going = next((sound for sound in sounds if sound.pitch == pitch and sound.beat + sound.duration == span.beat), None)
            if going is not None:
                sounds[sounds.index(going)] = going._replace(duration=going.duration + span.beats)
            else:
                sounds.append(Sound(span.beat, span.beats, pitch, 0.6))
    return tuple(sounds)


def fifths(bar: tuple[Span, ...], centre: float) -> tuple[Sound, ...]:
    """One bar of open fifths: the root of each chord with its fifth, and no third that could thicken."""
    lowest = round(centre) - 11
    sounds = []
    for span in bar:
        root = lowest + (span.chord.root - lowest) % 12
        fifth = root + (span.chord.tones[2] - span.chord.root) % 12
        sounds += [Sound(span.beat, span.beats, pitch, 0.6) for pitch in (root, fifth)]
    return tuple(sounds)
