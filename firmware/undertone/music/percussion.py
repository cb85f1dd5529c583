"""Soft strokes: rhythms that spread their strokes as evenly as they can, on few and gentle instruments.

A Euclidean rhythm lays k strokes on n places so that the gaps between them differ by at most one. Each instrument has one,
fuller as the music gets livelier and turned so that its strokes fall where that instrument belongs: on the beats, or between
them. Now and then a soft stroke is left out, so that no bar repeats itself like a machine.

Source: Bjorklund 2003; Toussaint 2005, "The Euclidean algorithm generates traditional musical rhythms" (BRIDGES); pitches:
General MIDI percussion key map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from undertone.music.metre import strength
from undertone.music.streams import Stream
from undertone.music.texture import Sound

__all__ = ["STROKES", "Stroke", "euclidean", "struck"]

QUIETEST = -0.3
"""Arousal below which nothing is struck: what leads to sleep has no beat."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One instrument and its rhythm."""

    pitches: tuple[int, ...]
    """Keys of the percussion map: on strong places the first, elsewhere the last."""
    places: int
    """Places in a beat: 1, 2 or 4."""
    calm: float
    """Strokes in a beat where percussion begins…"""
    lively: float
    """…and at an arousal of 1."""
    turn: int
    """By how many places the rhythm begins later."""
    weight: float
    """0…1: how firmly it is struck."""


STROKES: Mapping[str, Stroke] = MappingProxyType(
    {
        "shaker": Stroke((82,), 2, 0.5, 1.4, 1, 0.5),
        "maracas": Stroke((70,), 2, 0.5, 1.4, 1, 0.5),
        "cabasa": Stroke((69,), 2, 0.5, 1.5, 1, 0.4),
        "hand drum": Stroke((64, 63), 2, 0.5, 1.25, 0, 0.5),
        "frame drum": Stroke((41, 43), 2, 0.25, 0.75, 0, 0.5),
        "brush": Stroke((38, 40), 2, 0.5, 1.25, 2, 0.45),
        "triangle": Stroke((81,), 1, 0.25, 0.25, 3, 0.4),
        "wood": Stroke((76, 77), 2, 0.25, 1.0, 3, 0.35),
        "cymbal": Stroke((51,), 1, 0.25, 1.0, 0, 0.3),
    }
)
"""What can be struck, by name."""


def euclidean(strokes: int, places: int) -> tuple[bool, ...]:
    """So many strokes on so many places, as evenly as they can lie, the first on the first place.

    strokes: 0…places. Place i is struck where i · strokes mod places < strokes: Bjorklund's patterns, but for rotation.
    """
    return tuple(place * strokes % places < strokes for place in range(places))


def struck(
    names: tuple[str, ...], *, beats: int, arousal: float, turn: int, last: bool, swing: float, stream: Stream
) -> tuple[tuple[Sound, ...], ...]:
    """One bar of strokes, for each named instrument; empty below the arousal at which percussion begins.

    turn: which bar of the phrase: pairs of bars differ, and every fourth is thinner. last: whether the phrase ends here, which
    thins them, too.
    swing: 0…1, how late the second half of a beat comes.
    """
    if arousal < QUIETEST:
        return ()
    share = (arousal - QUIETEST) / (1.0 - QUIETEST)
    fullness = share * (0.5 if last else 0.7 if turn % 4 == 3 else 1.0)
    return tuple(
        _rhythm(STROKES[name], beats=beats, share=fullness, turn=turn, swing=swing, stream=stream)
        # The second and third come in one after the other as the music gets livelier.
        for index, name in enumerate(names)
        if share >= 0.25 * index
    )


def _rhythm(stroke: Stroke, *, beats: int, share: float, turn: int, swing: float, stream: Stream) -> tuple[Sound, ...]:
    places = stroke.places * beats
    count = round((stroke.calm + (stroke.lively - stroke.calm) * share) * beats)
    pattern = euclidean(min(max(1, count), places), places)
    start = (stroke.turn + (turn % 2) * stroke.places) % places
    sounds = []
    for place in range(places):
        kept, alternate = stream.unit(), stream.chance(0.8)
        beat = place / stroke.places
        heavy = strength(beat, beats)
        if not pattern[(place - start) % places] or (kept < 0.15 and heavy < 0.75):
            continue
        late = swing / 6.0 if beat % 1.0 == 0.5 else 0.0
        pitch = stroke.pitches[0 if heavy >= 0.75 and alternate else -1]
        sounds.append(Sound(beat + late, 0.5, pitch, stroke.weight + 0.3 * (heavy - 0.5)))
    return tuple(sounds)
