"""The seed of a melody: one bar of rhythm and the way it moves, and what can be made of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from undertone.music.metre import Rhythm, rhythm, strength
from undertone.music.streams import Stream

__all__ = ["Motif", "ending", "fragment", "inverted", "motif", "stretched", "thinned"]

MOVES = ((-1, 0.33), (1, 0.31), (0, 0.08), (2, 0.08), (-2, 0.09), (3, 0.06), (-3, 0.02), (4, 0.02), (-4, 0.01))
"""Steps from one note to the next, with weights: 64 % are to a neighbour."""
WIDEST = 5
"""Steps from the lowest to the highest note of a motif at most."""


@dataclass(frozen=True, slots=True)
class Motif:
    """One bar of a melody without its pitch."""

    rhythm: Rhythm
    moves: tuple[int, ...]
    """Steps of the key from each note to the next: one fewer than notes."""


def _moves(stream: Stream, count: int) -> tuple[int, ...]:
    moves: list[int] = []
    place = low = high = 0
    while len(moves) < count:
        move = stream.weighted(MOVES)
        if moves and abs(moves[-1]) >= 3 and not (move * moves[-1] < 0 and abs(move) <= 2):
            move = -1 if moves[-1] > 0 else 1
        if moves and moves[-1] == 0 and move == 0:
            move = -1
        if max(high, place + move) - min(low, place + move) > WIDEST:
            move = -1 if place > 0 else 1
        place += move
        low, high = min(low, place), max(high, place)
        moves.append(move)
    return tuple(moves)


def motif(stream: Stream, beats: int) -> Motif:
    """A new motif of three to six notes for bars of 3 or 4 beats."""
    drawn = rhythm(stream, beats)
    while len(drawn) < 3:
        drawn = rhythm(stream, beats)
    return Motif(drawn, _moves(stream, len(drawn) - 1))


def inverted(source: Motif) -> Motif:
    """The same rhythm, turned upside down."""
    return Motif(source.rhythm, tuple(-move for move in source.moves))


def fragment(source: Motif, beats: int) -> Motif:
    """The beginning of the motif, twice, the second time a step lower."""
    half = beats / 2 if beats == 4 else 1.0
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
    return Motif(kept, source.moves[: len(kept) - 1])


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
