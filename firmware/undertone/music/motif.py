"""The seed of a melody: one bar of rhythm and the way it moves, and what can be made of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from undertone.music.manners import BENTS, MANNERS, Moves, bar_of
from undertone.music.metre import Rhythm, strength
from undertone.music.streams import Stream

__all__ = [
    "Motif", "backwards", "ending", "fragment", "hurried", "inverted", "motif", "retimed", "stretched", "thinned", "turned",
]  # fmt: skip

WIDEST = 5
"""Steps from the lowest to the highest note of a motif at most."""
SHORTEST = 0.5
"""Beats of the shortest note that a development may leave."""


@dataclass(frozen=True, slots=True)
class Motif:
    """One bar of a melody without its pitch."""

    rhythm: Rhythm
    moves: tuple[int, ...]
    """Steps of the key from each note to the next: one fewer than notes."""


def _moves(stream: Stream, count: int, bent: Moves) -> tuple[int, ...]:
    moves: list[int] = []
    place = low = high = 0
    while len(moves) < count:
        move = stream.weighted(bent)
        if moves and abs(moves[-1]) >= 3 and not (move * moves[-1] < 0 and abs(move) <= 2):
            move = -1 if moves[-1] > 0 else 1
        if moves and moves[-1] == 0 and move == 0 and stream.chance(0.6):
            move = -1
        if max(high, place + move) - min(low, place + move) > WIDEST:
            move = -1 if place > 0 else 1
        place += move
        low, high = min(low, place), max(high, place)
        moves.append(move)
    if moves and not any(moves):
        moves[-1] = 1
    return tuple(moves)


def _bar(stream: Stream, beats: int, manner: str) -> Rhythm:
    """A bar of three notes or more; after some attempts a plain one, so that no manner can hold the music up."""
    for _ in range(12):
        drawn = bar_of(MANNERS[manner], stream, beats)
        if len(drawn) >= 3:
            return drawn
    return (*((float(beat), 1.0) for beat in range(min(beats, 3) - 1)), (float(min(beats, 3) - 1), beats - min(beats, 3) + 1.0))


def motif(stream: Stream, beats: int, manner: str = "singing", bent: str = "stepping") -> Motif:
    """A new motif of three to six notes for bars of 3 or more beats.

    manner, bent: names in `MANNERS` and `BENTS`. Raises KeyError for others.
    """
    drawn = _bar(stream, beats, manner)
    return Motif(drawn, _moves(stream, len(drawn) - 1, BENTS[bent]))


def retimed(source: Motif, stream: Stream, beats: int, manner: str) -> Motif:
    """The same moves as far as they go, in another rhythm."""
    drawn = _bar(stream, beats, manner)
    moves = (source.moves or (1, -1)) * len(drawn)
    return Motif(drawn, moves[: len(drawn) - 1])


def inverted(source: Motif) -> Motif:
    """The same rhythm, turned upside down."""
    return Motif(source.rhythm, tuple(-move for move in source.moves))


def backwards(source: Motif) -> Motif:
    """The same rhythm, its notes in the opposite order."""
    return Motif(source.rhythm, tuple(-move for move in reversed(source.moves)))


def fragment(source: Motif, beats: int) -> Motif:
    """The beginning of the motif, twice, the second time a step lower."""
    half = 1.0 if beats == 3 else beats / 2
    head = tuple((beat, min(length, half - beat)) for beat, length in source.rhythm if beat < half)
    if not head:
        return source
    again = tuple((beat + half, length) for beat, length in head)
    moves = source.moves[: len(head) - 1]
    join = -sum(moves) - 1
    rest: Rhythm = ((2.0, 1.0),) if beats == 3 else ()
    return Motif(head + again + rest, moves + (join or -1,) + moves + ((-1,) if rest else ()))


def stretched(source: Motif, beats: int) -> Motif:
    """The motif at half the speed, as far as a bar reaches."""
    kept = tuple((2 * beat, min(2 * length, beats - 2 * beat)) for beat, length in source.rhythm if 2 * beat < beats)
    return Motif(kept, source.moves[: len(kept) - 1]) if kept else source


def hurried(source: Motif, beats: int) -> Motif:
    """The motif at double the speed, then its last note held; without the notes that would become too short."""
    kept = [index for index, (_, length) in enumerate(source.rhythm) if length / 2 >= SHORTEST or index == 0]
    if len(kept) < 2:
        return source
    places = list(itertools.accumulate(source.moves, initial=0))
    starts = [source.rhythm[index][0] / 2 for index in kept]
    ends = [*starts[1:], float(beats)]
    moves = tuple(places[after] - places[before] for before, after in itertools.pairwise(kept))
    return Motif(tuple((start, end - start) for start, end in zip(starts, ends, strict=True)), moves)


def turned(source: Motif) -> Motif:
    """The motif with its longest note adorned by the note above: there, up, back; as it was where no note is long enough."""
    longest = max(range(len(source.rhythm)), key=lambda index: (source.rhythm[index][1], -index))
    start, length = source.rhythm[longest]
    if length < 1.5:
        return source
    adorned = ((start, length - 1.0), (start + length - 1.0, 0.5), (start + length - 0.5, 0.5))
    rhythm = source.rhythm[:longest] + adorned + source.rhythm[longest + 1 :]
    return Motif(rhythm, (*source.moves[:longest], 1, -1, *source.moves[longest:]))


def ending(source: Motif, beats: int) -> Motif:
    """A way to come to rest: at most the first two notes of the motif, then one that is held."""
    first = source.rhythm[0][0]
    if first >= 1 or beats == 3:
        return Motif(((first, beats - first),), ())
    head = tuple((beat, min(length, 2 - beat)) for beat, length in source.rhythm[:2] if beat < 2)
    start = 2.0
    return Motif((*head, (start, beats - start)), (*source.moves[: len(head) - 1], -1))


def thinned(source: Motif, share: float, beats: int) -> Motif:
    """The motif with the notes that carry it, each held until the next, moving by step where it moved at all.

    share: how many notes to keep, 0…1; the first always stays.
    """
    notes = source.rhythm
    keep = max(1, round(share * len(notes)))
    if keep >= len(notes):
        return source
    ranked = sorted(range(1, len(notes)), key=lambda i: (-strength(notes[i][0], beats) - 0.1 * notes[i][1], i))
    kept = [0, *sorted(ranked[: keep - 1])]
    ends = [notes[i][0] for i in kept[1:]] + [notes[-1][0] + notes[-1][1]]
    moves = []
    for left, right in itertools.pairwise(kept):
        way = sum(source.moves[left:right])
        moves.append((way > 0) - (way < 0) if abs(way) <= 3 else way // 2)
    return Motif(tuple((notes[i][0], end - notes[i][0]) for i, end in zip(kept, ends, strict=True)), tuple(moves))
