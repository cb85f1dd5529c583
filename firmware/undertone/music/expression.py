"""From what the music should carry to how it should move and sound, and never in a jump.

The formulas give tempo, density, register, articulation, brightness, room and level for an arousal and a valence. They rest on
the ratings of Eerola, Friberg & Bresin 2013 and the productions of Bresin & Friberg 2011; the constants are a design.
`Glide` follows directives bar by bar within limits of change, and drifts to neutral when there is none.

Source: music.md §2.5 (limits of change), §2.7 (formulas).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from undertone.flow import Directive, Goal, Phase

__all__ = [
    "ENTRY_DB",
    "LEVEL_STEP",
    "NEUTRAL_REASON",
    "TEMPO_STEP",
    "Glide",
    "Shape",
    "breath_tempo",
    "level_wanted",
    "melody_share",
    "tempo_wanted",
]

TEMPO_STEP = 0.02
"""Largest change of tempo from one bar to the next, as a share."""
LEVEL_STEP = 1.5
"""Largest change of level, dB a second."""
AROUSAL_STEP, VALENCE_STEP = 0.04, 0.06
"""Largest change from one bar to the next: two per cent of tempo are .04 of arousal."""
NEUTRAL_STEP = 0.02
"""The same for both while nothing is known and the music drifts to neutral."""
HEADROOM_DB = 2.0
"""Below the programme's loudness at neutral, so that aroused music can be louder without passing it."""
SLOWEST, FASTEST = 30.0, 160.0
"""Tempi beyond which no goal may lead, beats per minute."""
ENTRY_DB = -15.0
"""Level of the first bar after silence, from which the music rises; where less is asked for, that."""
NEUTRAL_REASON = "There is no fresh guidance, so the music drifts to its neutral middle."


@dataclass(frozen=True, slots=True)
class Shape:
    """How one bar should move and sound."""

    arousal: float
    valence: float
    tempo_bpm: float
    onsets_per_second: float
    melody_centre: float
    """MIDI note around which the melody lies."""
    level_db: float
    legato: float
    """Sounding share of the time from one note to the next, .6…1.1."""
    low_pass_hz: float
    reverb_wet: float
    reverb_seconds: float
    colour_chance: float
    """Probability of a seventh or ninth."""
    voices: int
    """How many layers should sound, 1…4."""
    breath_per_min: float | None
    swell_db: float
    functional: bool
    """Whether chords should pull (uplift, focus) rather than rest."""
    reason: str


def tempo_wanted(arousal: float, limits_bpm: tuple[float, float]) -> float:
    """Beats per minute for an arousal within the goal's limits."""
    return min(max(72.0 * math.exp2(0.7 * arousal), limits_bpm[0]), limits_bpm[1])


def breath_tempo(tempo_bpm: float, breath_per_min: float, beats: int, limits_bpm: tuple[float, float]) -> float:
    """A tempo near the given one with a whole number of beats to a breath, where one lies within 8 % and the limits."""
    counts = (8, 10, 12, 16) if beats == 4 else (6, 9, 12, 15)
    tied = min((count * breath_per_min for count in counts), key=lambda bpm: abs(bpm - tempo_bpm))
    fits = abs(tied - tempo_bpm) <= 0.08 * tempo_bpm and limits_bpm[0] <= tied <= limits_bpm[1]
    return tied if fits else tempo_bpm


def level_wanted(arousal: float, valence: float) -> float:
    """dB relative to the programme's loudness, at most 0."""
    return min(0.0, 4.0 * arousal - 1.5 * valence - HEADROOM_DB)


def melody_share(arousal: float) -> float:
    """How many notes the melody should have for each of its theme's; more than 1 means ornaments."""
    return 0.95 * math.exp2(0.7 * arousal)


def _toward(now: float, wanted: float, step: float) -> float:
    return min(max(wanted, now - step), now + step)


def _within_one(value: float) -> float:
    """The value limited to −1…1; what is no number counts as neutral."""
    return min(max(value, -1.0), 1.0) if math.isfinite(value) else 0.0


class Glide:
    """Follows directives one bar at a time, never faster than the limits above."""

    def __init__(self) -> None:
        self._started = False
        self._arousal = 0.0
        self._valence = 0.0
        self._tempo = 72.0
        self._level = -math.inf
        self._programme_db = 0.0
        self._limits = (40.0, 112.0)
        self._goal: Goal | None = None
        self._fading = False
        self._voices = 3
        self._breath: float | None = None
        self._swell = 0.0

    def follow(self, t: float, directive: Directive | None, beats: int, *, softer_db: float = 0.0) -> Shape | None:
        """The shape of the bar that sounds from t on, or None for silence.

        beats: quarter notes in the bar. softer_db: how much less than asked for, ≥ 0 (a quiet section).
        """
        live = directive if directive is not None and t < directive.expires else None
        if directive is not None and (directive.phase is Phase.SILENT or directive.level_db == -math.inf):
            self._level = -math.inf
            return None
        if live is not None:
            slowest, fastest = sorted(live.tempo_limits_bpm)
            self._limits, self._goal = (max(slowest, SLOWEST), min(fastest, FASTEST)), live.goal
            self._programme_db, self._fading = min(0.0, live.level_db), live.phase is Phase.FADE
        self._feel(live)
        breath = live.breath_per_min if live is not None else None
        if breath is not None and not 0 < breath < math.inf:
            breath = None
        self._move_tempo(breath, beats)
        self._move_level(beats, softer_db)
        self._breathe(breath)
        self._count_voices()
        self._started = True
        return self._shape(live.reason if live is not None else NEUTRAL_REASON)

    @property
    def tempo_bpm(self) -> float:
        """Of the last bar."""
        return self._tempo

    def _feel(self, live: Directive | None) -> None:
        arousal = _within_one(live.arousal) if live is not None else 0.0
        valence = _within_one(live.valence) if live is not None else 0.0
        if not self._started:
            self._arousal, self._valence = arousal, valence
            return
        self._arousal = _toward(self._arousal, arousal, AROUSAL_STEP if live is not None else NEUTRAL_STEP)
        self._valence = _toward(self._valence, valence, VALENCE_STEP if live is not None else NEUTRAL_STEP)

    def _move_tempo(self, breath: float | None, beats: int) -> None:
        wanted = tempo_wanted(self._arousal, self._limits)
        if breath:
            wanted = breath_tempo(wanted, breath, beats, self._limits)
        self._tempo = _toward(self._tempo, wanted, TEMPO_STEP * self._tempo) if self._started else wanted

    def _move_level(self, beats: int, softer_db: float) -> None:
        wanted = self._programme_db + level_wanted(self._arousal, self._valence) - softer_db
        step = LEVEL_STEP * beats * 60.0 / self._tempo
        if self._level == -math.inf:
            self._level = min(wanted, ENTRY_DB)
        else:
            self._level = _toward(self._level, wanted, step)

    def _breathe(self, breath: float | None) -> None:
        depth = 0.0 if breath is None else min(max(4.5 - 1.5 * self._arousal, 3.0), 6.0)
        self._swell = _toward(self._swell, depth, 0.75) if self._started else depth
        if breath is not None:
            self._breath = breath
        elif self._swell == 0.0:
            self._breath = None

    def _count_voices(self) -> None:
        # The thresholds of music.md §2.7 with some inertia, so that a state on the edge does not flicker.
        edge = 0.05 if self._started else 0.0
        low = -0.85 + (edge if self._voices <= 2 else -edge)
        high = 0.35 + (-edge if self._voices >= 4 else edge)
        self._voices = 2 if self._arousal < low else 4 if self._arousal > high else 3
        if self._fading and self._level < -9.0:
            self._voices = 2 if self._level >= -18.0 else 1

    def _shape(self, reason: str) -> Shape:
        arousal, valence = self._arousal, self._valence
        return Shape(
            arousal=arousal,
            valence=valence,
            tempo_bpm=self._tempo,
            onsets_per_second=min(max(2.6 * math.exp2(1.25 * arousal - 0.1 * valence), 0.9), 7.0),
            melody_centre=min(max(69.0 + 7.0 * valence - 2.5 * arousal, 62.0), 78.0),
            level_db=self._level,
            legato=min(max(0.95 - 0.25 * arousal, 0.6), 1.1),
            low_pass_hz=2000.0 * math.exp2(1.3 * arousal + 0.4 * valence),
            reverb_wet=0.30 - 0.12 * arousal,
            reverb_seconds=2.8 * math.exp2(-0.5 * arousal),
            colour_chance=0.3 - 0.25 * arousal,
            voices=self._voices,
            breath_per_min=self._breath,
            swell_db=self._swell,
            functional=self._goal is Goal.UPLIFT or arousal > 0.25,
            reason=reason,
        )
