"""A second voice: it moves where the melody holds still, and keeps below it.

Theory of operation. First the moments: where the melody holds a note or rests there is room for an answer, and now and then the
voice joins a long note of the melody at its beginning. Then the notes, all of a phrase at once: of every way through the notes
of the key below the melody the one is taken that costs least (dynamic programming). It costs to stand on a note outside the
chord, to sound a dissonance or an empty interval with the melody, to leap, and to follow the melody's direction; parallel
fifths and octaves with the melody or the bass cost more than anything else together.

Source: the rules are those of species counterpoint (Fux 1725); the search and its weights are a design.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from undertone.music.harmony import Progression, Span
from undertone.music.melody import Tone
from undertone.music.metre import strength
from undertone.music.streams import Stream
from undertone.music.theory import Key

__all__ = ["GAP", "LOWEST", "answered", "parallel"]

GAP = 3
"""Semitones by which the voice stays below the melody at least."""
LOWEST, REACH = 50, 17
"""The voice lies no lower than this MIDI note, and at most so many semitones below the melody where that leaves room."""
LONGEST = 3.0
"""Beats that a note of it is held at most."""
HARMONIES = {3: 0.0, 4: 0.0, 8: 0.0, 9: 0.0, 0: 0.9, 7: 0.7, 5: 1.0, 2: 1.6, 10: 1.4, 1: 5.0, 11: 5.0, 6: 2.0}
"""What each interval with the melody costs, semitones modulo 12: thirds and sixths are sweet, fifths and octaves hollow."""
PARALLEL = 40.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """A place for a note, with all that sounds there."""

    beat: float
    """From the start of the phrase."""
    duration: float
    weight: float
    span: Span
    above: int | None
    """The melody's note that sounds when it begins; None where the melody rests."""
    ceiling: int
    """Highest MIDI note that stays clear below the melody all the while."""
    low: int
    """The bass."""


def answered(
    tones: Sequence[tuple[Tone, ...]],
    chords: Progression,
    lows: Sequence[tuple[int, ...]],
    key: Key,
    *,
    beats: int,
    activity: float,
    stream: Stream,
) -> tuple[tuple[Tone, ...], ...]:
    """The second voice of one phrase, bar by bar; bars may be empty.

    tones: the melody. lows: the bass note of each chord. activity: 0 about a note in each bar, 1 about three.
    """
    melody = [(beats * bar + tone.beat, tone) for bar, line in enumerate(tones) for tone in line]
    if not melody:
        return tuple(() for _ in tones)
    moments: list[_Moment] = []
    for bar in range(len(tones)):
        places = _places(tones[bar], beats, activity, stream)
        for place, end in pairwise([*places, float(beats)]):
            index = max(index for index, span in enumerate(chords[bar]) if span.beat <= place)
            span = chords[bar][index]
            length = min(end - place, LONGEST, span.beat + span.beats - place)
            moments.append(_moment(beats * bar + place, length, strength(place, beats), span, melody, lows[bar][index]))
    found: list[list[Tone]] = [[] for _ in tones]
    for moment, step in zip(moments, _path(moments, key), strict=True):
        if step is None:
            continue
        bar = int(moment.beat // beats)
        pitch = moment.span.chord.pitch(key, step)
        found[bar].append(Tone(moment.beat - beats * bar, moment.duration, step, pitch, 0.4 + 0.3 * moment.weight))
    return tuple(tuple(line) for line in found)


def _places(line: tuple[Tone, ...], beats: int, activity: float, stream: Stream) -> list[float]:
    """Where in a bar the voice begins notes: most gladly where the melody holds or rests."""
    wanted, silent = 1.0 + 1.6 * max(0.0, activity) + stream.between(-0.5, 0.5), stream.chance(0.15)
    if silent and line:
        return []
    grid = [half / 2 for half in range(2 * beats)]
    ranked: list[tuple[float, float]] = []
    for place in grid:
        draw = stream.between(0.0, 0.3)
        value = strength(place, beats) + draw
        struck = next((tone for tone in line if abs(tone.beat - place) < 0.3), None)
        held = next((tone for tone in line if tone.beat + 0.4 < place < tone.beat + tone.duration - 0.2), None)
        rests = struck is None and not any(tone.beat <= place < tone.beat + tone.duration for tone in line)
        if rests:
            value += 0.6
        elif held is not None:
            value += 0.4 if place - held.beat >= 1.0 else 0.0
        elif struck is not None and struck.duration >= 2.0 and place == 0.0:
            value -= 0.1
        else:
            continue
        ranked.append((-value, place))
    return sorted(place for _, place in sorted(ranked)[: max(1, round(wanted))])


def _moment(beat: float, length: float, weight: float, span: Span, melody: Sequence[tuple[float, Tone]], low: int) -> _Moment:
    sounding = [tone.pitch for start, tone in melody if start <= beat + 0.05 and start + tone.duration > beat + 0.05]
    during = [tone.pitch for start, tone in melody if start < beat + length and start + tone.duration > beat]
    # Where the melody rests the voice stays below where it was and where it goes on.
    nearest = sorted(melody, key=lambda item: abs(item[0] - beat))[:2]
    highest = min(during or [tone.pitch for _, tone in nearest])
    return _Moment(beat, length, weight, span, sounding[-1] if sounding else None, highest - GAP, low)


def _path(moments: Sequence[_Moment], key: Key) -> list[int | None]:
    """The cheapest way through the moments, as steps of the key; None where there is no room for a note."""
    path: list[int | None] = []
    total: dict[int, float] = {}
    back: list[dict[int, int | None]] = []
    rooms = [_room(moment, key) for moment in moments]
    for index, (moment, room) in enumerate(zip(moments, rooms, strict=True)):
        before = moments[index - 1] if index else None
        reached: dict[int, float] = {}
        came: dict[int, int | None] = {}
        for step in room:
            own = _standing(moment, key, step)
            if not total or before is None:
                reached[step], came[step] = own, None
                continue
            costs = ((price + _moving(before, moment, key, left, step), left) for left, price in total.items())
            best, came[step] = min(costs)
            reached[step] = best + own
        back.append(came)
        total = reached
    place = min(total, key=lambda step: (total[step], step)) if total else None
    for index in range(len(moments) - 1, -1, -1):
        path.append(place)
        place = back[index][place] if place is not None else None
        if place is None and index and rooms[index - 1]:
            place = min(back[index - 1], key=lambda step: (_standing(moments[index - 1], key, step), step))
    return path[::-1]


def _room(moment: _Moment, key: Key) -> list[int]:
    """The steps that lie below the melody, within reach."""
    floor = max(LOWEST, min(moment.ceiling - REACH + GAP, moment.ceiling))
    steps = range(key.step(floor) - 1, key.step(moment.ceiling) + 2)
    return [step for step in steps if floor <= moment.span.chord.pitch(key, step) <= moment.ceiling]


def _standing(moment: _Moment, key: Key, step: int) -> float:
    """What it costs to sound a step at a moment."""
    chord = moment.span.chord
    pitch = chord.pitch(key, step)
    inside = pitch % 12 in chord.tones
    harsh = not inside and (pitch - 1) % 12 in chord.tones
    cost = (0.0 if inside else 0.8 + 2.0 * moment.weight) + (4.0 if harsh else 0.0)
    if moment.above is not None:
        cost += HARMONIES[(moment.above - pitch) % 12]
    # It is at home about a sixth below the melody and clear above the bass.
    return cost + 0.06 * abs(moment.ceiling - 6 - pitch) + (2.0 if pitch - moment.low < 7 else 0.0)


def _moving(before: _Moment, after: _Moment, key: Key, left: int, step: int) -> float:
    """What it costs to go from one step to another."""
    apart = abs(step - left)
    cost = (0.5, 0.0, 0.5, 1.0)[apart] if apart <= 3 else 1.5 * (apart - 2)
    first, second = before.span.chord.pitch(key, left), after.span.chord.pitch(key, step)
    if before.above is not None and after.above is not None:
        if (after.above - before.above) * (second - first) > 0:
            cost += 0.5
        cost += PARALLEL * parallel((before.above, first), (after.above, second))
    return cost + PARALLEL * parallel((first, before.low), (second, after.low))


def parallel(before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether two voices (upper, lower) go from one fifth to another, or from one octave to another."""
    (top, low), (next_top, next_low) = before, after
    both = (next_top - top) * (next_low - low) > 0
    return both and (top - low) % 12 in (0, 7) and (next_top - next_low) % 12 == (top - low) % 12
