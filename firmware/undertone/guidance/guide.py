"""The guide: keeps the course of a session, and decides once a second what the music should be.

Theory of operation. Each second: what is felt is judged (`trust`); the listener's state is taken from their own word or else
from the sensors; the phase moves on and the plan along its path (`course`); every authority says what it would like
(`policy`); the highest is heard (`authority`); and what it wishes passes the one gate (`limits`).

Nothing here asks for the time or remembers more than the session: the same calls give the same directives.
"""

from __future__ import annotations

import math
from dataclasses import replace

from undertone.flow import Affect, Command, CommandKind, Directive, Features, Goal, Phase
from undertone.guidance.authority import Authority, strongest
from undertone.guidance.breath import Breath
from undertone.guidance.course import Course
from undertone.guidance.following import Following, Rising, Verdict
from undertone.guidance.limits import Limits, Wish
from undertone.guidance.phases import Event, after
from undertone.guidance.policy import SOFTER_DB, Moment, State, wishes
from undertone.guidance.programme import Programme
from undertone.guidance.reasons import Doubt, Reason
from undertone.guidance.trust import Heard, Trust, breathing

__all__ = ["Guide"]

BELIEVED = 300.0
"""Seconds for which the listener's word about themselves outranks the sensors."""
PRESSED = 300.0
"""Seconds for which "not good" softens, and within which a second one ends the music."""
SPARED = 60.0
"""Seconds for which rising arousal softens."""
SOFTER = 0.2
"""How far arousal falls when softening."""
FAR = 0.3
"""Distance between the listener and the music from which they are met at once, when they say so or are first felt."""
WORDS = 20.0
"""Seconds for which a reason keeps its words while nothing but a detail of it changes."""


class Guide:
    """Leads one listener through one session, and through the next when they ask for it.

    goal: where they asked to go. minutes: length of the programme, at most 1440, None for the goal's usual; below 15 it is
    a demonstration that moves faster. contrast: take them elsewhere at once instead of meeting them first. limits: what no
    directive exceeds; those written in `Limits` where not given.

    Raises ValueError for minutes out of range.
    """

    def __init__(
        self, goal: Goal, *, minutes: float | None = 20.0, contrast: bool = False, limits: Limits | None = None
    ) -> None:
        self._course = Course(goal, minutes, limits or Limits())
        self._contrast = contrast
        self._now: float | None = None
        self._forget()

    def _forget(self) -> None:
        """Know nothing of a listener, as at the beginning of every session."""
        self._trust = Trust()
        self._breath = Breath(self.limits)
        self._following = Following()
        self._rising = Rising()
        self._known: tuple[float, float | None] | None = None
        self._report: tuple[float, float | None, float | None] | None = None
        self._pressed: tuple[float, float, float] | None = None
        self._spared: tuple[float, float] | None = None
        self._told: tuple[float, Reason] | None = None
        self._enough = False
        self._stopped = False

    @property
    def phase(self) -> Phase:
        """Where the session is."""
        return self._course.phase

    @property
    def goal(self) -> Goal:
        """Where it goes."""
        return self._course.goal

    @property
    def progress(self) -> float:
        """Share of the programme that is over, 0…1."""
        return 0.0 if self._now is None else self._course.progress(self._now)

    @property
    def programme(self) -> Programme:
        """Its times and its pace."""
        return self._course.programme

    @property
    def limits(self) -> Limits:
        """The limits in force; in a demonstration the hurried ones."""
        return self._course.programme.limits

    def decide(self, now: float, affect: Affect | None, features: Features | None = None) -> Directive:
        """What the music should be from `now` on. Call once a second; `now` that goes back is taken as standing still."""
        before = self._now
        if before is None:
            before = now
            self._course.begin(now)
        now = self._now = now if now >= before else before
        if self.phase is Phase.SILENT:
            return self._passed(now, None, None)
        heard = self._trust.weigh(now, affect, features)
        state = self._listener(now, heard)
        if state is not None:
            self._find(now, state)
        self._watch(now, state)
        event = self._course.due(
            now,
            None if state is None else state.arousal,
            lost=self._following.verdict is Verdict.LOST,
            contrast=self._contrast,
        )
        if event is not None:
            self._event(event, now)
        waits = self.phase is Phase.LEAD and self._following.verdict is not Verdict.FOLLOWS
        self._course.move(min(now - before, 5.0), waits=waits, falls=self._pressed is not None)
        leading = self.phase not in (Phase.SETTLE, Phase.MEET)
        self._breath.advance(now, breathing(now, features), self._course.aim.breath_per_min, leading=leading)
        return self._passed(now, state, heard if isinstance(heard, Doubt) else None)

    def command(self, command: Command) -> None:
        """Take a person's wish into account, from the next decision on. What has no meaning here is ignored."""
        now = self._time_of(command)
        if command.kind is CommandKind.STOP:
            self._stopped = True
            self._event(Event.STOP, now)
        elif command.kind is CommandKind.START:
            self._start(command.goal, now)
        elif command.kind is CommandKind.GOAL and command.goal is not None:
            self._choose(command.goal, now)
        elif command.kind is CommandKind.NOT_GOOD:
            self._press(now)
        elif command.kind is CommandKind.REPORT:
            self._take_report(command, now)

    # ------------------------------------------------------------------------------------------------------------- wishes

    def _time_of(self, command: Command) -> float:
        """When a command was given, as far as its own time can be believed."""
        if self._now is None:
            return command.t if math.isfinite(command.t) else 0.0
        return command.t if self._now <= command.t <= self._now + 5.0 else self._now

    def _start(self, goal: Goal | None, now: float) -> None:
        """Begin anew after silence or while fading; while music plays, only the goal counts."""
        if after(self.phase, Event.START) is self.phase:
            if goal is not None:
                self._choose(goal, now)
            return
        self._course.choose(goal or self.goal, now)
        self._event(Event.START, now)

    def _choose(self, goal: Goal, now: float) -> None:
        """Lead to another goal from here on. In silence nothing starts to sound: the goal waits for the start."""
        self._course.choose(goal, now)
        self._following.forget()
        self._event(Event.GOAL, now)
        self._enough, self._pressed = False, None

    def _press(self, now: float) -> None:
        """Soften; or, on the second press within some minutes, end."""
        if self.phase is Phase.SILENT:
            return
        if self._pressed is not None and now - self._pressed[0] <= PRESSED:
            self._enough = True
            self._event(Event.ENOUGH, now)
            return
        self._pressed = (now, self._course.music - SOFTER, self._softer_db())
        self._course.lower(self._pressed[1])

    def _softer_db(self) -> float:
        """Clearly below the level now, however soft that is; but softening alone goes no lower than where music enters."""
        level = max(self._course.gate.level_db, self.limits.floor_db)
        return max(level + SOFTER_DB, min(level, self.limits.enter_db))

    def _take_report(self, command: Command, now: float) -> None:
        """Believe what the listener says of themselves. What is not a number is not known."""
        arousal, valence = _said(command.arousal), _said(command.valence)
        if arousal is None and valence is None:
            return
        self._report, self._told = (now, arousal, valence), None
        if arousal is not None and abs(arousal - self._course.music) > FAR and not self._contrast:
            self._event(Event.STRAYED, now)

    def _event(self, event: Event, now: float) -> None:
        """Let the course follow its table; a new session or a new meeting forgets what came before."""
        if self._course.event(event, now):
            if self.phase is Phase.SETTLE:
                self._forget()
            elif self.phase is Phase.MEET:
                self._following.forget()

    # ------------------------------------------------------------------------------------------------------- the listener

    def _listener(self, now: float, heard: Heard | Doubt) -> State | None:
        """Where the listener is: by their own word while it is fresh, else by the sensors."""
        arousal = valence = None
        if self._report is not None and now - self._report[0] <= BELIEVED:
            _, arousal, valence = self._report
        if arousal is not None:
            return State(Authority.REPORT, arousal, valence, 1.0, ("report",))
        if isinstance(heard, Doubt):
            return None
        return State(
            authority=Authority.REPORT if heard.reported else Authority.SENSOR,
            arousal=heard.arousal,
            valence=heard.valence if valence is None else valence,
            confidence=heard.confidence,
            inputs=heard.inputs if valence is None or heard.reported else (*heard.inputs, "report"),
            detail=heard.detail,
        )

    def _find(self, now: float, state: State) -> None:
        """Remember where the listener is. One who is first felt when the music has already left is met now."""
        course = self._course
        if self._known is None and abs(state.arousal - course.music) > FAR and not self._contrast and course.time_to_meet(now):
            self._event(Event.STRAYED, now)
        self._known = (state.arousal, state.valence)

    def _watch(self, now: float, state: State | None) -> None:
        """See whether the listener comes along, or goes the other way."""
        course = self._course
        led = state is not None and course.phase in (Phase.LEAD, Phase.HOLD) and not self._contrast
        arousal = state.arousal if state is not None else None
        self._following.push(now, arousal if led else None, music=course.music, goal=course.aim.arousal)
        sensed = state is not None and state.authority is Authority.SENSOR and course.phase in (Phase.LEAD, Phase.HOLD)
        rises = self._rising.push(now, arousal if sensed else None)
        if self._spared is not None and (now - self._spared[0] > SPARED or not sensed):
            self._spared = None
        if rises and self._spared is None and course.aim.arousal <= course.music:
            self._spared = (now, course.music - SOFTER)
        if self._pressed is not None and now - self._pressed[0] > PRESSED:
            self._pressed = None

    def _passed(self, now: float, state: State | None, doubt: Doubt | None) -> Directive:
        """The strongest wish of this moment, through the gate."""
        course = self._course
        moment = Moment(
            phase=course.phase,
            goal=course.goal,
            aim=course.aim,
            path=course.path,
            music=course.music,
            level_db=self.limits.floor_db if self._enough else course.level_db(now),
            state=state,
            doubt=doubt if state is None else None,
            known=self._known,
            verdict=self._following.verdict,
            rising=None if self._spared is None else self._spared[1],
            pressed=None if self._pressed is None else self._pressed[1],
            pressed_db=SOFTER_DB if self._pressed is None else self._pressed[2],
            enough=self._enough,
            stopped=self._stopped,
            breath_per_min=self._breath.rate_per_min,
            breath_follows=self._breath.follows,
            pace=course.programme.pace,
        )
        return course.gate.passed(self._worded(now, strongest(wishes(moment))[1]), now)

    def _worded(self, now: float, wish: Wish) -> Wish:
        """The wish with its reason in steady words: they change with the reason, and else only now and then."""
        reason = wish.reason
        if self._told is not None and now - self._told[0] < WORDS:
            told = self._told[1]
            if (
                replace(reason, direction=told.direction, state=told.state, confidence=told.confidence, detail=told.detail)
                == told
            ):
                return replace(wish, reason=told)
        self._told = (now, reason)
        return wish


def _said(value: float | None) -> float | None:
    """What was said on one scale, within −1…1; None where it is no number."""
    return None if value is None or not math.isfinite(value) else min(max(value, -1.0), 1.0)
