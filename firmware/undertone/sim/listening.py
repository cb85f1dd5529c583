"""How music acts on a simulated listener.

This model exists so that the loop from body to music and back can be exercised. It is an assumption, not a finding: nothing
that it shows, on its own or in a simulated evening, is evidence that music does anything for anybody, and it is never used to
claim a benefit. With `response` 0 it does nothing, and the loop must work all the same.

Two first-order pulls, both slow:

* **Tension** is drawn to the arousal that the music carries, with a time constant of `TENSION_SECONDS` while the two are near.
  Music that is far from the listener's state pulls less: the pull is divided by 1 + (distance / 0.4)². Silence carries little
  arousal and pulls half as much.
* **Breathing** is drawn to the rate at which the music swells, by at most 70 % of the way, within `BREATH_SECONDS`; less when
  the swell is shallow (full at 3 dB) and less the further it is from how the listener breathes.

The body answers what it heard `LAG_SECONDS` ago.

Source: for the direction of the effects only, L. Bernardi et al., Heart 92:445 (2006); G. Bernardi et al., Circulation
119:3171 (2009); P. Gomez and B. Danuser, Emotion 7:377 (2007). The sizes are invented.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from undertone.flow import Bar

__all__ = ["LAG_SECONDS", "Listening", "carried_arousal"]

LAG_SECONDS = 4.0
"""Delay of the answer. More than the body is computed ahead of the question, plus what chips ask ahead of the present: so an
answer never rests on music that is not known yet."""

TENSION_SECONDS = 420.0
BREATH_SECONDS = 45.0
NEAR_TENSION = 0.4
NEAR_BREATHS = 4.0
"""Distances at which the pull has fallen to a half: of tension, and of breaths a minute."""

SILENCE_AROUSAL, SILENCE_STRENGTH = -0.5, 0.5
AFTER_SECONDS = 10.0
"""How long a bar is still felt after its end when no other follows."""

TEMPO_MIDDLE_BPM, TEMPO_OCTAVES = 67.0, 0.74
LEVEL_MIDDLE_DB, LEVEL_REACH_DB = -9.0, 9.0
BRIGHT_MIDDLE_HZ, BRIGHT_OCTAVES = 2000.0, 1.5
"""Of tempo, level and brightness: what carries no arousal, and how far from it carries all there is."""


def carried_arousal(bar: Bar) -> float | None:
    """Arousal that a bar carries, −1…1: half by tempo, a quarter each by level and brightness; None for silence."""
    if not (bar.notes or bar.cue) or bar.level_db == -math.inf:
        return None
    tempo = math.log2(bar.tempo_bpm / TEMPO_MIDDLE_BPM) / TEMPO_OCTAVES
    level = (bar.level_db - LEVEL_MIDDLE_DB) / LEVEL_REACH_DB
    bright = math.log2(bar.low_pass_hz / BRIGHT_MIDDLE_HZ) / BRIGHT_OCTAVES
    return 0.5 * _clamped(tempo) + 0.25 * _clamped(level) + 0.25 * _clamped(bright)


def _clamped(value: float) -> float:
    return min(max(value, -1.0), 1.0)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What matters of a bar, from when until when."""

    t: float
    end: float
    arousal: float
    strength: float
    breath_per_min: float | None
    swell: float


class Listening:
    """Remembers the bars of the last seconds and tells how they pull.

    response: how strongly this listener answers; 0 not at all, 1 as written above, 3 three times as fast.
    """

    def __init__(self, response: float) -> None:
        self._response = response
        self._bars: deque[_Heard] = deque()

    def hear(self, t: float, bar: Bar) -> None:
        """`bar` begins to sound at `t`. Bars come in the order in which they sound."""
        if self._response <= 0.0:
            return
        arousal = carried_arousal(bar)
        self._bars.append(
            _Heard(
                t=t,
                end=t + bar.seconds,
                arousal=SILENCE_AROUSAL if arousal is None else arousal,
                strength=SILENCE_STRENGTH if arousal is None else 1.0,
                breath_per_min=bar.breath_per_min if arousal is not None else None,
                swell=min(max(bar.swell_db, 0.0) / 3.0, 1.0),
            )
        )

    def pulls(self, now: float, tension: float, *, natural: float, breath_per_min: float) -> tuple[float, float]:
        """What the music adds to tension (0…1) in a second, and to the rate at which the listener wants to breathe (per min).

        now: seconds, never decreasing. Only what was heard up to LAG_SECONDS before it counts.
        natural, breath_per_min: how the listener would breathe without music, and how they do breathe.
        """
        bar = self._heard(now - LAG_SECONDS)
        if bar is None:
            return 0.0, 0.0
        distance = 0.5 * (bar.arousal + 1.0) - tension
        to_tension = self._response * bar.strength * distance / (1.0 + (distance / NEAR_TENSION) ** 2) / TENSION_SECONDS
        if bar.breath_per_min is None:
            return to_tension, 0.0
        distance = bar.breath_per_min - breath_per_min
        share = 0.7 * min(self._response, 1.0) * bar.swell / (1.0 + (distance / NEAR_BREATHS) ** 2)
        return to_tension, share * (bar.breath_per_min - natural)

    def _heard(self, then: float) -> _Heard | None:
        while len(self._bars) > 1 and self._bars[1].t <= then:
            self._bars.popleft()
        if not self._bars or self._bars[0].t > then or self._bars[0].end + AFTER_SECONDS < then:
            return None
        return self._bars[0]
