"""The last gate: every directive passes here, whoever wished for it, and nothing else makes one.

Theory of operation. The policy says what it would like as a `Wish`. The `Gate` knows only what it let through last, and turns
the wish into a `Directive` that

* lies within the caps (arousal, valence, level, tempo, breath),
* moves no faster than the slews: the lead rate, the meeting rate while the listener is being met, and, downwards only, the
  quicker rates of softening,
* ignores wishes that differ from the last one by less than the dead-band, so that the music does not chatter,
* has a reason, an input and an expiry.

Wishes that are not numbers change nothing. Time that stands still or goes back moves nothing; after a long silence of the
caller no more than a few seconds of movement are made up for.

Source: the OpenAPS reference design (limits in the last step, dead-band, expiring actions); rates of change are
design values after the iso principle of music therapy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from undertone.flow import Directive, Goal, Phase
from undertone.guidance.reasons import Reason, sentence

__all__ = ["Gate", "Limits", "Wish"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What no wish can exceed. The defaults are the written limits; a demonstration hurries the music's, never the body's."""

    arousal: tuple[float, float] = (-0.9, 0.8)
    """Range of the music's arousal, within −1…1."""
    valence: tuple[float, float] = (-0.6, 0.9)
    """Range of the music's valence, within −1…1. A low mood is met, but not all the way down."""
    tempo_bpm: tuple[float, float] = (40.0, 112.0)
    """No tempo outside, beats per minute."""
    breath_per_min: tuple[float, float] = (4.5, 15.0)
    """Range of the swell's rate."""
    lead_per_min: float = 0.1
    """Fastest change of arousal and valence while leading, a minute."""
    meet_per_min: float = 0.4
    """Fastest change of arousal and valence while meeting, a minute."""
    soften_per_s: float = 0.1
    """Fastest fall of arousal when softening, a second."""
    dead_band: float = 0.02
    """Smallest change of arousal or valence that is passed on."""
    breath_step_per_min: float = 0.5
    """Fastest change of the swell's rate, breaths a minute, in a minute."""
    loudest_db: float = 0.0
    """No level above, dB relative to the programme's loudness, ≤ 0."""
    enter_db: float = -20.0
    """Level at which music enters after silence, dB."""
    floor_db: float = -36.0
    """Quietest level that still sounds, dB; below it is silence."""
    level_db_per_s: float = 1.5
    """Fastest change of level, dB a second."""
    soften_db_per_s: float = 6.0
    """Fastest fall of level when softening, dB a second."""
    lifetime: float = 30.0
    """Seconds for which a directive holds, 5…60."""
    silence_lifetime: float = 43200.0
    """Seconds for which a directive of silence holds, so that nothing starts to sound at night should guidance fail."""

    def __post_init__(self) -> None:
        """Raises ValueError, naming the limit, for one that could not protect anybody."""
        for name, low, high in (("arousal", -1.0, 1.0), ("valence", -1.0, 1.0), ("tempo_bpm", 20.0, 200.0)):
            below, above = getattr(self, name)
            if not low <= below < above <= high:
                raise ValueError(f"{name} must be a range within {low:g}…{high:g}, lower end first; found {below} and {above}")
        if not 0.0 < self.breath_per_min[0] < self.breath_per_min[1] <= 30.0:
            raise ValueError(f"breath_per_min must be a range within 0…30, lower end first; found {self.breath_per_min}")
        if not self.floor_db < self.enter_db <= self.loudest_db <= 0.0 or not math.isfinite(self.floor_db):
            raise ValueError("levels must be in the order floor_db < enter_db ≤ loudest_db ≤ 0")
        if not 5.0 <= self.lifetime <= 60.0 or not self.lifetime <= self.silence_lifetime < math.inf:
            raise ValueError("lifetime must be 5…60 s, and silence_lifetime at least as long and finite")
        for field in fields(self):
            value = getattr(self, field.name)
            rate = isinstance(value, float) and field.name.endswith(("_per_min", "_per_s", "dead_band"))
            if rate and not 0.0 < value < math.inf:
                raise ValueError(f"{field.name} must be more than 0 and finite; found {value}")

    def hurried(self, pace: float) -> Limits:
        """The limits of a programme that moves `pace` times faster than written. Body, level and expiry keep theirs."""
        return replace(self, lead_per_min=self.lead_per_min * pace, meet_per_min=self.meet_per_min * pace)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the policy would like the music to be, before the limits."""

    phase: Phase
    goal: Goal
    arousal: float
    valence: float
    reason: Reason
    inputs: tuple[str, ...]
    tempo_limits_bpm: tuple[float, float]
    level_db: float = 0.0
    breath_per_min: float | None = None
    confidence: float = 0.0
    soften: bool = False
    """True where a fall of arousal or level may be quick."""


class Gate:
    """Turns wishes into directives within the limits. Call once a second, in order."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.arousal: float | None = None
        """What was let through last; None before the first sound."""
        self.valence: float | None = None
        self.level_db = -math.inf
        self.breath_per_min: float | None = None
        self._aims = {"arousal": 0.0, "valence": 0.0}
        self._now: float | None = None

    def passed(self, wish: Wish, now: float) -> Directive:
        """The wish within the limits, as a directive from `now` on."""
        dt = 0.0 if self._now is None else min(max(now - self._now, 0.0), 5.0)
        self._now = now
        self.arousal = self._axis("arousal", wish.arousal, self.arousal, wish, dt)
        self.valence = self._axis("valence", wish.valence, self.valence, wish, dt)
        self.level_db = self._level(wish, dt)
        self.breath_per_min = self._breath(wish.breath_per_min, dt)
        slowest, fastest = (_clamped(bpm, *self.limits.tempo_bpm) for bpm in sorted(wish.tempo_limits_bpm))
        directive = Directive(
            t=now,
            expires=now + (self.limits.silence_lifetime if wish.phase is Phase.SILENT else self.limits.lifetime),
            phase=wish.phase,
            goal=wish.goal,
            arousal=self.arousal,
            valence=self.valence,
            level_db=self.level_db,
            breath_per_min=self.breath_per_min,
            confidence=_clamped(wish.confidence, 0.0, 1.0) if math.isfinite(wish.confidence) else 0.0,
            reason=sentence(wish.reason),
            inputs=wish.inputs or ("default",),
            tempo_limits_bpm=(slowest, fastest),
        )
        if wish.phase is Phase.SILENT:
            self.arousal = self.valence = self.breath_per_min = None
        return directive

    def _axis(self, name: str, wished: float, last: float | None, wish: Wish, dt: float) -> float:
        """One axis of the plane, capped, past the dead-band, at its rate."""
        if not math.isfinite(wished):
            return 0.0 if last is None else last
        wished = _clamped(wished, *getattr(self.limits, name))
        if last is None:
            self._aims[name] = wished
            return wished
        if abs(wished - self._aims[name]) >= self.limits.dead_band:
            self._aims[name] = wished
        per_min = self.limits.meet_per_min if wish.phase in (Phase.SETTLE, Phase.MEET) else self.limits.lead_per_min
        rise = per_min / 60.0 * dt
        fall = max(rise, self.limits.soften_per_s * dt) if wish.soften and name == "arousal" else rise
        return last + _clamped(self._aims[name] - last, -fall, rise)

    def _level(self, wish: Wish, dt: float) -> float:
        """The level; silence comes at once, sound enters quietly."""
        limits = self.limits
        if wish.phase is Phase.SILENT:
            return -math.inf
        if math.isnan(wish.level_db):
            return max(self.level_db, limits.floor_db)
        wished = _clamped(wish.level_db, limits.floor_db, limits.loudest_db)
        if self.level_db == -math.inf:
            return min(wished, limits.enter_db)
        fall = limits.soften_db_per_s if wish.soften else limits.level_db_per_s
        return self.level_db + _clamped(wished - self.level_db, -fall * dt, limits.level_db_per_s * dt)

    def _breath(self, wished: float | None, dt: float) -> float | None:
        """The swell's rate."""
        if wished is None or not math.isfinite(wished):
            return None
        wished = _clamped(wished, *self.limits.breath_per_min)
        if self.breath_per_min is None:
            return wished
        step = self.limits.breath_step_per_min / 60.0 * dt
        return self.breath_per_min + _clamped(wished - self.breath_per_min, -step, step)


def _clamped(value: float, low: float, high: float) -> float:
    """The value, or the nearest end of the range."""
    return min(max(value, low), high)
