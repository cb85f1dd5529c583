"""The course of a session: its phase, the plan's path through arousal and valence, and when each ends."""

from __future__ import annotations

from undertone.flow import Goal, Phase
from undertone.guidance.following import CLOSE
from undertone.guidance.goals import GOALS, Aim
from undertone.guidance.limits import Gate, Limits
from undertone.guidance.phases import Event, after
from undertone.guidance.programme import planned

__all__ = ["Course"]

NEUTRAL = (0.0, 0.0)
"""Arousal and valence where a session begins when nothing is known."""
REMATCHES = 2
"""How often in a session a listener who does not follow is met anew because of the sensors."""


class Course:
    """Where a session is on its way, second by second. It reads from the gate what the music is now.

    Raises ValueError for minutes out of range.
    """

    def __init__(self, goal: Goal, minutes: float | None, limits: Limits) -> None:
        self.goal = goal
        self.phase = Phase.SETTLE
        self.programme = planned(GOALS[goal], minutes, limits)
        self.gate = Gate(self.programme.limits)
        self.path = NEUTRAL
        """Arousal and valence of the plan now."""
        self._minutes = minutes
        self._limits = limits
        self._rate = (0.0, 0.0)
        self._began = self._since = 0.0
        self._fades_from = 0.0
        self._rematches = 0

    @property
    def aim(self) -> Aim:
        """What the goal means for the music."""
        return GOALS[self.goal]

    @property
    def music(self) -> float:
        """Arousal of the music now; of the plan before the first sound."""
        return self.path[0] if self.gate.arousal is None else self.gate.arousal

    def progress(self, now: float) -> float:
        """Share of the programme that is over, 0…1."""
        return min(max((now - self._began) / (60.0 * self.programme.minutes), 0.0), 1.0)

    def begin(self, now: float) -> None:
        """Start from the first second."""
        self._began = self._since = now
        self.path, self._rate, self._rematches = NEUTRAL, (0.0, 0.0), 0

    def choose(self, goal: Goal, now: float) -> None:
        """Go to another goal from here on; the minutes count anew."""
        self.goal = goal
        self.programme = planned(self.aim, self._minutes, self._limits)
        self._began = now
        if self.phase is Phase.LEAD:
            self._set_out(now)

    def event(self, event: Event, now: float) -> bool:
        """Follow the table of transitions; True where the phase has changed."""
        phase = after(self.phase, event)
        if phase is self.phase:
            return False
        self.phase, self._since = phase, now
        if phase is Phase.SETTLE:
            self.begin(now)
        elif phase in (Phase.MEET, Phase.LEAD):
            self._set_out(now)
        elif phase is Phase.FADE:
            self._fades_from = max(self.gate.level_db, self.programme.limits.floor_db)
        return True

    def due(self, now: float, felt: float | None, *, lost: bool, contrast: bool) -> Event | None:
        """What time has brought; None while the phase goes on.

        felt: the listener's arousal, None where it is not known. lost: they have not followed for long. contrast: they asked
        not to be met.
        """
        if self.phase is Phase.FADE:
            return Event.FADED if self.gate.level_db <= self.programme.limits.floor_db else None
        if now - self._began >= self.programme.fades_at:
            return Event.ENDING
        if self.phase is Phase.SETTLE:
            return Event.CONTRAST if contrast else self._settled(now, felt)
        return self._met(now, felt) if self.phase is Phase.MEET else self._led(now, lost)

    def time_to_meet(self, now: float) -> bool:
        """Whether there is time enough to meet the listener before the fade."""
        return self.programme.fades_at - (now - self._began) > self.programme.meet[1]

    def move(self, dt: float, *, waits: bool, falls: bool) -> None:
        """Go along the path for dt seconds. waits: stay where we are. falls: never up, as while softened or fading."""
        if waits or self.phase in (Phase.SETTLE, Phase.MEET):
            return
        arousal = _towards(self.path[0], self.aim.arousal, self._rate[0] * dt)
        if falls or self.phase is Phase.FADE:
            arousal = min(arousal, self.path[0])
        self.path = (arousal, _towards(self.path[1], self.aim.valence, self._rate[1] * dt))

    def lower(self, arousal: float) -> None:
        """Let the path go on from no higher than this."""
        self.path = (min(self.path[0], arousal), self.path[1])

    def level_db(self, now: float) -> float:
        """Level by the plan: full, and evenly down to the quietest while fading."""
        if self.phase is not Phase.FADE:
            return 0.0
        share = min((now - self._since) / self.programme.fade, 1.0)
        return self._fades_from + share * (self.programme.limits.floor_db - self._fades_from)

    def _settled(self, now: float, felt: float | None) -> Event | None:
        """Wait for the listener to be felt, but not for ever."""
        shortest, longest = self.programme.settle
        return Event.SETTLED if now - self._since >= (longest if felt is None else shortest) else None

    def _met(self, now: float, felt: float | None) -> Event | None:
        """Stay until the music is where the listener is, but not for ever."""
        shortest, longest = self.programme.meet
        low, high = self.programme.limits.arousal
        met = felt is None or abs(min(max(felt, low), high) - self.music) <= CLOSE
        return Event.MET if now - self._since >= (shortest if met else longest) else None

    def _led(self, now: float, lost: bool) -> Event | None:
        """Arrive, or go back to a listener who does not follow while there is time to meet them."""
        if lost and self._rematches < REMATCHES and self.time_to_meet(now):
            self._rematches += 1
            return Event.STRAYED
        return Event.ARRIVED if self.path[0] == self.aim.arousal else None

    def _set_out(self, now: float) -> None:
        """Lead from where the music is."""
        at = now - self._began
        valence = self.path[1] if self.gate.valence is None else self.gate.valence
        self.path = (self.music, valence)
        self._rate = (
            self.programme.rate(self.aim.arousal - self.music, at),
            self.programme.rate(self.aim.valence - valence, at),
        )


def _towards(value: float, goal: float, step: float) -> float:
    """One step nearer to the goal, and not past it."""
    return min(value + step, goal) if value < goal else max(value - step, goal)
