"""Where the notes of a chord lie: three voices that move as little as they can.

Every placing of three chord tones within the window is tried. The cost of moving from one placing to the next is
half of all motion, more for a voice that moves beyond a major third, more for parallel fifths and octaves, and a little for
straying from the centre. Placings that would sound rough (close and low) are not considered at all.

Source: music.md §2.2 (weights and limits measured on human pieces), after Tymoczko's minimal voice leading.
"""

from __future__ import annotations

from itertools import combinations, pairwise

from undertone.music.theory import Chord

__all__ = ["HIGHEST", "LOWEST", "Voicing", "cost", "voiced"]

Voicing = tuple[int, int, int]
"""MIDI notes from low to high."""

LOWEST, HIGHEST = 53, 74
CLOSEST = 3
"""Semitones between neighbouring voices at least."""
WIDEST = 17
"""Semitones from the lowest voice to the highest at most."""
FARTHEST = 7
"""Semitones that a voice moves at most where the chord can be placed so without its ninth or seventh."""
CLOSEST_LOW, LOW = 4, 57
"""The same where the lower of the two lies below this note."""


def _clear(voicing: Voicing) -> bool:
    pairs = pairwise(voicing)
    return all(upper - lower >= (CLOSEST_LOW if lower < LOW else CLOSEST) for lower, upper in pairs)


def _parallels(before: Voicing, after: Voicing) -> int:
    count = 0
    for low, high in combinations(range(3), 2):
        interval = (before[high] - before[low]) % 12
        moved = before[low] != after[low] and before[high] != after[high]
        count += moved and interval in (0, 7) and (after[high] - after[low]) % 12 == interval
    return count


def cost(before: Voicing | None, after: Voicing, centre: float) -> float:
    """How much a listener would notice the change; `before` is None at the beginning."""
    stray = 0.12 * abs(sum(after) / 3 - centre)
    if before is None:
        return stray
    moves = [abs(new - old) for old, new in zip(before, after, strict=True)]
    return 0.5 * sum(moves) + 0.6 * max(0, max(moves) - 4) + 1.2 * _parallels(before, after) + stray


def voiced(chord: Chord, before: Voicing | None, centre: float) -> Voicing:
    """The placing of the chord that costs least. centre: where the middle of the three should lie, MIDI."""
    near = (max(LOWEST, round(centre) - 11), min(HIGHEST, round(centre) + 13))
    third = {chord.tones[1]}
    # A ninth may be missing where it would rub against the third, and the centre is left before the chord gets rough.
    candidates = (
        _placings(chord, set(chord.essential), *near)
        or _placings(chord, third, *near)
        or _placings(chord, third, LOWEST, HIGHEST)
    )
    best = min(candidates, key=lambda placing: (cost(before, placing, centre), placing))
    if before is not None and max(abs(new - old) for new, old in zip(best, before, strict=True)) > FARTHEST:
        # Nor is any colour worth such a jump.
        best = min((best, *_placings(chord, third, *near)), key=lambda placing: (cost(before, placing, centre), placing))
    return best


def _placings(chord: Chord, essential: set[int], low: int, high: int) -> list[Voicing]:
    """Every clear placing of three different tones of the chord, the essential ones among them."""
    tones = [pitch for pitch in range(low, high + 1) if pitch % 12 in chord.tones]
    return [
        placing
        for placing in combinations(tones, 3)
        if placing[2] - placing[0] <= WIDEST
        and len(sounding := {pitch % 12 for pitch in placing}) == 3
        and essential <= sounding
        and _clear(placing)
    ]
