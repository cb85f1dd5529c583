"""From what the music should carry to how it should move and sound, and never in a jump.

Theory of operation. Five cues of music predict, by a linear model fitted to the ratings of 46 people, how pleasant and how
aroused it will be taken to be: share of major, density, register, loudness, and how detached the notes are. Each of them moves
both axes: denser music is more arousing and a little more pleasant, louder music more arousing and less pleasant, and so on. So
the formulas of the design alone leak from one axis into the other. Here they are the starting point, and the model is
turned round: share of major follows valence and loudness follows arousal, and of the three cues that are left (density,
register, detachment) those are taken that lie nearest to the design and make the model predict the valence and the arousal that
were asked for, on a scale of so many rating points to each. Where a cue meets the end of what is musical, the others carry the
rest. Mode counts two thirds for arousal: in the model's composite major is the more aroused, but partly because of how that was
put together (happy and scary against sad and peaceful).

What the ratings say nothing of (tempo at a given density, brightness, room, colour of chords) follows the design.
`Glide` follows directives bar by bar within limits of change, and drifts to neutral when there is none.

Source: Eerola, Friberg & Bresin 2013 (doi 10.3389/fpsyg.2013.00487), refitted: music.md §2.6 and cue_model.json; music.md
§2.5 (limits of change), §2.7 (formulas).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from undertone.flow import Directive, Goal, Phase

__all__ = [
    "AROUSAL_HEARD",
    "AROUSAL_POINTS",
    "AROUSAL_TERMS",
    "ENTRY_DB",
    "LEVEL_STEP",
    "LIMITS",
    "NEUTRAL_REASON",
    "TEMPO_STEP",
    "VALENCE_POINTS",
    "VALENCE_TERMS",
    "Cues",
    "Glide",
    "Shape",
    "breath_tempo",
    "cues_wanted",
    "level_wanted",
    "melody_share",
    "predicted",
    "tempo_wanted",
]


class Cues(NamedTuple):
    """What the model listens to, in its units."""

    major: float
    """Share of the time that sounds major, 0…1."""
    density: float
    """Octaves above 2.8 onsets a second."""
    register: float
    """Octaves of the melody above MIDI 68."""
    level: float
    """Tens of dB above the programme's loudness."""
    detachment: float
    """Silent share of the time from one note to the next, 0…1."""


VALENCE_TERMS = Cues(2.326, 0.309, 0.732, -0.463, 0.654)
AROUSAL_TERMS = Cues(1.145, 0.872, -0.150, 0.558, 0.856)
"""Rating points of each axis for each unit of each cue. Source: cue_model.json, raw coefficients of both indices."""
MODE_IN_AROUSAL = 0.65
"""How much of the term for major in the index of arousal is believed."""
AROUSAL_HEARD = AROUSAL_TERMS._replace(major=MODE_IN_AROUSAL * AROUSAL_TERMS.major)
VALENCE_POINTS, AROUSAL_POINTS = 1.75, 1.40
"""Rating points that a valence or arousal of 1 lies from neutral: about as far as the cues together reach."""
DARK, BRIGHT = 0.08, 0.76
"""Share of major that listeners find in music written to be all minor or all major: three chords sound like both at times."""
CLEARER = 0.04
"""How much more major is found at an arousal of 1 than at neutral: dense chords, and those of functional loops, are clearer."""
FREEDOM = (0.10, 0.15, 0.02)
"""How freely density, register and detachment depart from the design: variances, in the cues' units."""
TOLERANCE, SWEEPS = 0.01, 40
"""Variance of the error of a prediction that is let pass; rounds in which the cues are settled."""
LIMITS = ((math.log2(0.9 / 2.8), math.log2(7.0 / 2.8)), ((58.0 - 68.0) / 12.0, (81.0 - 68.0) / 12.0), (0.0, 0.45))
"""Least and most of the same three."""

TEMPO_STEP = 0.02
"""Largest change of tempo from one bar to the next, as a share."""
LEVEL_STEP = 1.5
"""Largest change of level, dB a second."""
AROUSAL_STEP, VALENCE_STEP = 0.04, 0.06
"""Largest change from one bar to the next: two per cent of tempo are .04 of arousal."""
NEUTRAL_STEP = 0.02
"""The same for both while nothing is known and the music drifts to neutral."""
SOFTER_DB = 3.0
"""How much softer than the programme music of an arousal of −1 is; from neutral on it has the programme's loudness."""
LOW_PASS_HZ = 4500.0
"""Corner at neutral: with it the share above 4 kHz is that of human pieces; 2 kHz, as first designed, is far too dark."""
SLOWEST, FASTEST = 30.0, 160.0
"""Tempi beyond which no goal may lead, beats per minute."""
ENTRY_DB = -9.0
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
    """Sounding share of the time from one note to the next, .55…1."""
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
    goal: Goal | None = None
    """Where the music leads; None until a directive has said so."""


def tempo_wanted(arousal: float, limits_bpm: tuple[float, float]) -> float:
    """Beats per minute for an arousal within the goal's limits."""
    return min(max(72.0 * math.exp2(0.7 * arousal), limits_bpm[0]), limits_bpm[1])


def breath_tempo(tempo_bpm: float, breath_per_min: float, beats: int, limits_bpm: tuple[float, float]) -> float:
    """A tempo near the given one with a whole number of beats to a breath, where one lies within 8 % and the limits."""
    counts = (8, 10, 12, 16) if beats == 4 else (6, 9, 12, 15)
    tied = min((count * breath_per_min for count in counts), key=lambda bpm: abs(bpm - tempo_bpm))
    fits = abs(tied - tempo_bpm) <= 0.08 * tempo_bpm and limits_bpm[0] <= tied <= limits_bpm[1]
    return tied if fits else tempo_bpm


def level_wanted(arousal: float) -> float:
    """dB relative to the programme's loudness, at most 0."""
    return SOFTER_DB * min(0.0, arousal)


def cues_wanted(arousal: float, valence: float) -> Cues:
    """The cues from which the model predicts this arousal and valence, −1…1 each, as near to the design as they can be."""
    design = _design(arousal, valence)
    asked = (
        predicted(_design(0.0, 0.0), VALENCE_TERMS) + VALENCE_POINTS * valence,
        predicted(_design(0.0, 0.0), AROUSAL_HEARD) + AROUSAL_POINTS * arousal,
    )
    start = (design.density, design.register, design.detachment)
    moved = _nearest(start, asked, design)
    return design._replace(density=moved[0], register=moved[1], detachment=moved[2])


def predicted(cues: Cues, terms: Cues) -> float:
    """What the model makes of the cues on one axis, rating points from an arbitrary zero."""
    return sum(cue * term for cue, term in zip(cues, terms, strict=True))


def _design(arousal: float, valence: float) -> Cues:
    """The formulas of the design, within the limits."""
    wanted = (
        math.log2(2.6 / 2.8) + 1.25 * arousal - 0.1 * valence,
        (1.0 + 7.0 * valence - 2.5 * arousal) / 12.0,
        0.10 + 0.20 * arousal,
    )
    density, register, detachment = (min(max(value, low), high) for value, (low, high) in zip(wanted, LIMITS, strict=True))
    major = DARK + (BRIGHT - DARK) * (0.5 + 0.5 * valence) + CLEARER * arousal
    return Cues(major, density, register, level_wanted(arousal) / 10.0, detachment)


def _nearest(start: tuple[float, ...], asked: tuple[float, float], fixed: Cues) -> list[float]:
    """Density, register and detachment within their limits that predict what is asked, or come as near as they can.

    Minimises the squared distance to the start, each cue by its freedom, plus the squared error of the prediction by
    `TOLERANCE`: a convex sum, so setting each cue in turn to its best value leads to the one minimum.
    """
    terms = [(t.density, t.register, t.detachment) for t in (VALENCE_TERMS, AROUSAL_HEARD)]
    rest = [
        wanted - predicted(fixed._replace(density=0.0, register=0.0, detachment=0.0), t)
        for wanted, t in zip(asked, (VALENCE_TERMS, AROUSAL_HEARD), strict=True)
    ]
    values = list(start)
    for _ in range(SWEEPS):
        for cue, (low, high) in enumerate(LIMITS):
            pull, stiffness = start[cue] / FREEDOM[cue], 1.0 / FREEDOM[cue]
            for term, goal in zip(terms, rest, strict=True):
                others = sum(term[other] * values[other] for other in range(3) if other != cue)
                pull += term[cue] * (goal - others) / TOLERANCE
                stiffness += term[cue] ** 2 / TOLERANCE
            values[cue] = min(max(pull / stiffness, low), high)
    return values


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
        wanted = self._programme_db + level_wanted(self._arousal) - softer_db
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
        cues = cues_wanted(arousal, valence)
        return Shape(
            arousal=arousal,
            valence=valence,
            tempo_bpm=self._tempo,
            onsets_per_second=2.8 * math.exp2(cues.density),
            melody_centre=68.0 + 12.0 * cues.register,
            level_db=self._level,
            legato=1.0 - cues.detachment,
            low_pass_hz=LOW_PASS_HZ * math.exp2(0.8 * arousal + 0.25 * valence),
            reverb_wet=0.30 - 0.12 * arousal,
            reverb_seconds=2.8 * math.exp2(-0.5 * arousal),
            colour_chance=0.3 - 0.25 * arousal,
            voices=self._voices,
            breath_per_min=self._breath,
            swell_db=self._swell,
            functional=self._goal is Goal.UPLIFT or arousal > 0.25,
            reason=reason,
            goal=self._goal,
        )
