"""A bass that goes somewhere: which note of each chord is lowest, and how the bar is walked."""

from __future__ import annotations

from typing import NamedTuple

from undertone.music.harmony import Progression, Span
from undertone.music.streams import Stream
from undertone.music.theory import Key

__all__ = ["HIGHEST", "LOWEST", "Step", "held", "line", "pedal", "tenths", "walked"]

LOWEST, HIGHEST = 36, 52


class Step(NamedTuple):
    """A note of the bass within a bar."""

    beat: float
    duration: float
    pitch: int
    weight: float
    """0…1: 1 carries the chord."""


def _third(span: Span) -> int | None:
    """The third of a chord, None where it has a fourth instead."""
    return None if (span.chord.tones[1] - span.chord.root) % 12 == 5 else span.chord.tones[1]


def _turn(before: int, note: int, after: int) -> float:
    """What it costs to change direction or to stand still."""
    if note == before:
        return 0.8
    same_way = (note - before) * (after - note) > 0
    return 0.0 if same_way else 0.5


def line(chords: Progression, start: int | None) -> tuple[tuple[int, ...], ...]:
    """The lowest note of each chord of a phrase, MIDI 36…52, bar by bar.

    Roots are preferred, and required of the first and the last chord; a third in the bass is welcome where the line then
    moves by step and keeps its direction. start: the bass note before the phrase.
    """
    spans = [span for bar in chords for span in bar]
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
    for index, span in enumerate(spans):
        fixed = index in (0, len(spans) - 1)
        choices = [
            (pitch, 0.0 if pitch % 12 == span.chord.root else 1.4)
            for pitch in range(LOWEST, HIGHEST + 1)
            if pitch % 12 == span.chord.root or (not fixed and pitch % 12 == _third(span))
        ]
        reached: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
        for pitch, extra in choices:
            extra += 0.05 * abs(pitch - 43)
            if not best:
                before = start if start is not None else 43
                reached[before, pitch] = (extra + 0.15 * abs(pitch - before), (pitch,))
            for (earlier, left), (total, path) in best.items():
                move = abs(pitch - left)
                leap = 0.2 * move if move <= 2 else 0.35 + 0.14 * move
                price = total + extra + leap + _turn(earlier, left, pitch)
                if price < reached.get((left, pitch), (float("inf"), ()))[0]:
                    reached[left, pitch] = (price, (*path, pitch))
        best = reached
    notes = list(min(best.values())[1])
    return tuple(tuple(notes.pop(0) for _ in bar) for bar in chords)


def walked(
    bar: tuple[Span, ...], lows: tuple[int, ...], following: int | None, key: Key, stream: Stream, activity: float
) -> tuple[Step, ...]:
    """The bass of one bar.

    lows: the lowest note of each of its chords. following: the first note of the next bar.
    activity: 0 holds each chord, 0.3 restates it in the middle, 0.6 walks towards the next chord, 0.8 at times runs there.
    """
    steps: list[Step] = []
    fifth_up, lead, run = stream.chance(0.6), stream.chance(0.5 + activity / 2), stream.chance(0.5)
    for index, (span, low) in enumerate(zip(bar, lows, strict=True)):
        goal = lows[index + 1] if index + 1 < len(lows) else following
        beats = [(span.beat, span.beats, low, 1.0)]
        if activity >= 0.3 and span.beats >= 3:
            second = span.beat + (2.0 if span.beats == 4 else span.beats - 1)
            fifth = low + 7 if fifth_up and low + 7 <= HIGHEST + 3 else low
            if span.chord.root != low % 12 or (low + 7) % 12 not in span.chord.tones:
                fifth = low
            beats = [(span.beat, second - span.beat, low, 1.0), (second, span.beat + span.beats - second, fifth, 0.5)]
        if activity >= 0.6 and lead and goal is not None and goal != low and beats[-1][1] >= 2:
            start, length, pitch, weight = beats[-1]
            way = key.step(goal) + (1 if goal < low else -1)
            beats[-1] = (start, length - 1, pitch, weight)
            beats.append((start + length - 1, 1.0, span.chord.pitch(key, way), 0.3))
            if activity >= 0.8 and run and abs(goal - pitch) >= 3:
                # Livelier still, two quick notes lead there.
                beats[-1] = (start + length - 1, 0.5, span.chord.pitch(key, way + (1 if goal < low else -1)), 0.25)
                beats.append((start + length - 0.5, 0.5, span.chord.pitch(key, way), 0.3))
        steps += [Step(*beat) for beat in beats]
    return tuple(steps)


def held(bar: tuple[Span, ...], lows: tuple[int, ...]) -> tuple[Step, ...]:
    """One long note for each chord of a bar."""
    return tuple(Step(span.beat, span.beats, low, 1.0) for span, low in zip(bar, lows, strict=True))


def tenths(bar: tuple[Span, ...], lows: tuple[int, ...], stream: Stream) -> tuple[Step, ...]:
    """The low note of each chord, then the chord's third or root a tenth or so above, as a wide left hand plays it."""
    steps: list[Step] = []
    for span, low in zip(bar, lows, strict=True):
        above = [pitch for pitch in range(low + 14, low + 18) if pitch % 12 in span.chord.tones[:2]]
        if span.beats < 3 or not above:
            steps.append(Step(span.beat, span.beats, low, 1.0))
            continue
        later = stream.pick((1.0, 2.0, 2.0)) if span.beats >= 4 else 1.0
        steps.append(Step(span.beat, later, low, 1.0))
        steps.append(Step(span.beat + later, span.beats - later, above[0], 0.4))
    return tuple(steps)


def pedal(bar: tuple[Span, ...], lows: tuple[int, ...], key: Key) -> tuple[Step, ...]:
    """The tonic under every chord that has it, else the fifth, else the chord's own low note; one note where it stays."""
    steps: list[Step] = []
    for span, low in zip(bar, lows, strict=True):
        stays = [pitch for pitch in (key.tonic, key.pitch_classes[4]) if pitch in span.chord.tones]
        pitch = LOWEST + (stays[0] - LOWEST) % 12 if stays else low
        if steps and steps[-1].pitch == pitch:
            steps[-1] = steps[-1]._replace(duration=steps[-1].duration + span.beats)
        else:
            steps.append(Step(span.beat, span.beats, pitch, 1.0))
    return tuple(steps)
