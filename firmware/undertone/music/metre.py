"""Metric weight: which moments of a bar matter."""

from __future__ import annotations

__all__ = ["Rhythm", "strength"]

Rhythm = tuple[tuple[float, float], ...]
"""Onset and duration of each note of a bar, in beats."""


def strength(beat: float, beats: int) -> float:
    """How much weight a moment of the bar has, 0.1…1."""
    place = beat % beats
    if place == 0:
        return 1.0
    if beats == 4 and place == 2:
        return 0.75
    if place == int(place):
        return 0.5
    return 0.25 if place * 2 == int(place * 2) else 0.1
