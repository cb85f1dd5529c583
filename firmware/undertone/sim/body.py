"""A simulated listener: heart, breath, skin and movement, made from a seed, who may answer music.

`Body` is a `Subject`: the emulated chips ask it for light and conductance. What it knows and a sensor cannot, it tells in
`truth`, so that what the device found can be held against what was there.

How music acts on it is written in `listening`. That model exists so that the loop can be exercised; it is never evidence of a
benefit.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np

from undertone.flow import Bar, Response, Samples, readonly
from undertone.sim.course import Course, Person
from undertone.sim.happenings import Happening, HappeningKind
from undertone.sim.heart import LIGHT_HZ, PIECE_SECONDS, Heart
from undertone.sim.listening import Listening
from undertone.sim.skin import SKIN_HZ, Skin
from undertone.sim.trace import Trace

__all__ = ["Body", "Truth"]


class Body:
    """Somebody who wears a pod, the same for the same seed and the same music.

    How questions are cut into calls changes nothing. Music told at some moment is answered 4 s later, so questions may run up
    to a second ahead of the music.

    seed: of everything about this person and their evening.
    heart_bpm: mean heart rate at the tension of the beginning; None for what goes with the person.
    tension: at the beginning, 0 (deeply calm) … 1 (very tense). usual: to which it returns by itself within half an hour.
    breathing_per_min: at the tension of the beginning; None for what goes with the person.
    response: how strongly music acts, 0 (not at all), 1 (as `listening` says), or more, for short demonstrations.
    movements_per_min, losses_per_hour: how often the hand moves, and how often a sensor comes off for a while, by chance.
    script: what happens besides; times in seconds since `start`.
    start: when this life begins, seconds. Before, everything is as at the start.
    remember: seconds for which `truth` remembers; inf for all.

    Raises ValueError for values out of range.
    """

    def __init__(
        self,
        seed: int,
        *,
        heart_bpm: float | None = None,
        tension: float = 0.5,
        usual: float = 0.35,
        breathing_per_min: float | None = None,
        response: float = 1.0,
        movements_per_min: float = 0.0,
        losses_per_hour: float = 0.0,
        script: Iterable[Happening] = (),
        start: float = 0.0,
        remember: float = math.inf,
    ) -> None:
        _check("tension", tension, 0.0, 1.0)
        _check("usual", usual, 0.0, 1.0)
        _check("heart_bpm", heart_bpm, 30.0, 200.0)
        _check("breathing_per_min", breathing_per_min, 3.0, 40.0)
        _check("response", response, 0.0, 100.0)
        _check("movements_per_min", movements_per_min, 0.0, 60.0)
        _check("losses_per_hour", losses_per_hour, 0.0, 3600.0)
        self.start = start
        self._listening = Listening(response)
        self._course = Course(
            seed,
            Person.drawn(seed),
            tension=tension,
            usual=usual,
            breath_per_min=breathing_per_min,
            listening=self._listening,
            script=script,
            movements_per_min=movements_per_min,
            losses_per_hour=losses_per_hour,
        )
        self._heart = Heart(seed, self._course, heart_bpm=heart_bpm, tension=tension)
        self._skin = Skin(seed, self._course)
        self._light = Trace(self._heart_piece, piece_seconds=PIECE_SECONDS, points=PIECE_SECONDS * LIGHT_HZ, channels=2)
        self._conductance = Trace(self._skin_piece, piece_seconds=PIECE_SECONDS, points=PIECE_SECONDS * SKIN_HZ, channels=1)
        self._truth = Truth(start, remember, self._light, self._conductance, self._course.happenings)

    @classmethod
    def tense(cls, seed: int, **changes: Any) -> Body:
        """Somebody who comes in tense: quick heart, quick breath, damp hands; moves now and then."""
        return cls(seed, **{"tension": 0.8, "movements_per_min": 0.15, **changes})

    @classmethod
    def calm(cls, seed: int, **changes: Any) -> Body:
        """Somebody who is calm already and lies still."""
        return cls(seed, **{"tension": 0.2, "usual": 0.2, "movements_per_min": 0.05, **changes})

    @classmethod
    def restless(cls, seed: int, *, falls_off: float | None = None, **changes: Any) -> Body:
        """Somebody who keeps moving, and now and then loses a sensor.

        falls_off: when finger and electrodes come off for good, seconds since the start; None for never.
        """
        script = tuple(changes.pop("script", ()))
        if falls_off is not None:
            script += (Happening(falls_off, HappeningKind.SENSORS_OFF, seconds=math.inf),)
        return cls(seed, **{"tension": 0.6, "movements_per_min": 1.5, "losses_per_hour": 2.0, "script": script, **changes})

    @property
    def truth(self) -> Truth:
        """What was there, whether or not a sensor could see it."""
        return self._truth

    def light(self, times: Samples) -> Samples:
        """Light that comes back, (n, 2) for (n,) times: red and infrared, nA for each mA of LED current."""
        return self._light.at(np.asarray(times, dtype=np.float64) - self.start)

    def conductance(self, times: Samples) -> Samples:
        """Skin conductance, (n,) for (n,) times, µS; 0 with the electrodes off."""
        return self._conductance.at(np.asarray(times, dtype=np.float64) - self.start)[:, 0]

    def hear(self, t: float, bar: Bar) -> None:
        """`bar` begins to sound at `t`, seconds. What is told too late is answered from now on."""
        self._listening.hear(t - self.start, bar)

    def _heart_piece(self, index: int) -> Samples:
        self._remember(index)
        piece = self._heart.piece(index)
        self._truth.note_beats(self._heart.beats)
        self._heart.beats.clear()
        return piece

    def _skin_piece(self, index: int) -> Samples:
        piece = self._skin.piece(index)
        self._truth.note_responses(self._skin.responses)
        self._skin.responses.clear()
        return piece

    def _remember(self, index: int) -> None:
        """Let the truth know how the seconds before a piece of the heart went; forget what heart and skin have both used."""
        first = (index - 1) * PIECE_SECONDS
        if first < 0:
            return
        for moment in self._course.moments(first, first + PIECE_SECONDS - 1):
            self._truth.note_moment(moment.breath_per_min, moment.tension)
        self._course.forget(round(min(self._light.made, self._conductance.made)) - PIECE_SECONDS)


class Truth:
    """What a body knows of itself, up to the latest moment it was asked about. Compact: about 30 bytes a second."""

    def __init__(
        self, start: float, remember: float, light: Trace, conductance: Trace, happenings: list[Happening]
    ) -> None:
        self._start = start
        self._remember = remember
        self._light, self._conductance = light, conductance
        self._happenings = happenings
        self._beats = array("d")
        self._responses = array("d")
        self._moments = array("d")
        self._forgotten_moments = 0

    @property
    def beats(self) -> Samples:
        """When the pulse wave rose most steeply, seconds, ascending."""
        beats = np.array(self._beats)
        return readonly(beats[beats <= self._light.asked] + self._start)

    @property
    def responses(self) -> tuple[Response, ...]:
        """Skin conductance responses by their onsets. The size of each is its own, without what others add or take."""
        rows = np.array(self._responses).reshape(-1, 4)
        rows = rows[rows[:, 0] <= self._conductance.asked]
        return tuple(Response(onset + self._start, *shape) for onset, *shape in rows.tolist())

    @property
    def breathing(self) -> Samples:
        """Shape (n, 2): time, seconds, one a second, and breaths a minute."""
        return self._column(0)

    @property
    def tension(self) -> Samples:
        """Shape (n, 2): time, seconds, one a second, and tension, 0…1."""
        return self._column(1)

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """What happened, times in seconds since the start."""
        asked = max(self._light.asked, self._conductance.asked)
        return tuple(happening for happening in self._happenings if happening.t <= asked)

    def _column(self, index: int) -> Samples:
        values = np.array(self._moments).reshape(-1, 2)[:, index]
        times = self._start + self._forgotten_moments + np.arange(len(values))
        return readonly(np.stack([times, values], axis=1))

    def note_beats(self, beats: Iterable[float]) -> None:
        """Beats, seconds since the start, later than all before."""
        self._beats.extend(beats)
        old = self._light.made - self._remember
        while self._beats and self._beats[0] < old:
            self._beats.pop(0)

    def note_responses(self, responses: Iterable[Response]) -> None:
        """Responses with onsets in seconds since the start, later than all before."""
        for response in responses:
            assert response.recovery is not None
            self._responses.extend((response.t, response.amplitude_microsiemens, response.rise, response.recovery))
        old = self._conductance.made - self._remember
        while self._responses and self._responses[0] < old:
            del self._responses[:4]

    def note_moment(self, breath_per_min: float, tension: float) -> None:
        """How one more second began."""
        self._moments.extend((breath_per_min, tension))
        if len(self._moments) // 2 > self._remember:
            del self._moments[:2]
            self._forgotten_moments += 1


def _check(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}, not {value:g}")
