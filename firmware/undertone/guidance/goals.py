"""Where a listener can ask to be led: one row for each goal.

Tempo ranges, and the arousal that gives a tempo inside them, are those of the mapping from arousal to music
(tempo = 72 · 2^(0.7 · arousal) bpm). Durations follow the programmes of the literature: 15–30 minutes by day, 45 by night.

Source: Starcke, Mayr & von Georgi 2021, IJERPH 18:12486 (leading from the listener's state);
Jespersen et al. 2022, Cochrane review of music for insomnia (25–60 minutes at bedtime).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from undertone.flow import Goal

__all__ = ["GOALS", "Aim", "End"]


class End(StrEnum):
    """How a programme leaves."""

    HOLD = "hold"
    """Stays at the goal until the last minute and leaves in a short fade."""
    FADE = "fade"
    """Keeps falling: the last quarter of the programme is one long fade."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a goal means for the music."""

    arousal: float
    """Arousal of the music at the goal, −1…1."""
    valence: float
    """Valence of the music at the goal, −1…1."""
    tempo_limits_bpm: tuple[float, float]
    """Slowest and fastest tempo on the whole way, beats per minute."""
    breath_per_min: float | None
    """Slowest rate to which the swell leads the breath, 4.5…7 a minute; None where the breath is left alone."""
    minutes: float
    """Length of the programme unless the listener says otherwise."""
    end: End


GOALS: Mapping[Goal, Aim] = MappingProxyType(
    {
        Goal.CALM: Aim(-0.5, 0.3, (54.0, 72.0), 6.0, 20.0, End.HOLD),
        Goal.SLEEP: Aim(-0.8, 0.2, (40.0, 60.0), 5.5, 45.0, End.FADE),
        Goal.FOCUS: Aim(0.1, 0.2, (60.0, 84.0), 6.5, 30.0, End.HOLD),
        Goal.UPLIFT: Aim(0.5, 0.7, (76.0, 112.0), None, 20.0, End.HOLD),
    }
)
"""One row for each goal."""
