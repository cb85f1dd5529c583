"""A listener's own recordings as music that follows directives.

Theory of operation. What may change in a finished recording is which one plays, for how long, how loud, how bright and how
fast within a tenth. So most of following lies in the choice: a track whose energy is near to what is asked for now, not far
from the one before, and rather one that has waited long. Bars of a few seconds, on the beat where the track has a clear one,
let level, brightness, swell and speed follow as in any other music. A track is left where a phrase ends, at its end or, if
something else would fit much better, before. Towards sleep nothing livelier than the last track begins.

The energy of a track is a guess made from its sound, so what is chosen is no more than plausible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from undertone.errors import SoundError
from undertone.flow import Bar, Cue, Directive, Goal, Layer
from undertone.music.expression import Glide, Shape
from undertone.music.silence import silent_bar
from undertone.music.streams import Streams

__all__ = ["Recorded", "Track"]

SPEEDS = (0.9, 1.1)
SPEED_STEP = 0.02
"""Largest change of speed from one bar to the next."""
FREE_SPEEDS = (0.95, 1.05)
"""Speeds of a track without a clear beat."""
BEATS = 4
FREE_BPM = 60.0
"""Of bars where there is no clear beat: four seconds each."""
SHORTEST_BAR = 2.4
"""Seconds of a bar; fast tracks have eight beats in one."""
STAY_SECONDS = 900.0
"""A long recording gives way after this, if there are others."""
SETTLED_SECONDS = 60.0
"""A track plays at least so long before a better one may take its place."""
BETTER = 0.35
"""How much nearer in energy another must be for that."""
TOO_LIVELY, TOO_LIVELY_FOR_SLEEP = 0.6, 0.15
"""A track so much livelier than asked for is not chosen while another fits."""
TOO_CALM = 0.8
"""Nor one so much calmer, but on the way to sleep nothing is."""
RISE_IN_SLEEP = 0.02
"""How much livelier than the one before a track may be on the way to sleep."""
JUMP, JUMP_COST = 0.4, 0.5
"""A change of energy beyond this from one track to the next counts, by this weight."""
TURN = 0.7
"""Distance in energy that waiting through as many choices as there are tracks makes up for."""
WHIM = 0.1
"""Largest distance in energy that chance makes up for."""
OPEN_HZ = 12000.0
"""Corner of the low-pass at neutral: a recording has its own brightness, and is darkened only towards rest."""
LOW_PASS_HZ = (1500.0, 16000.0)
ROOM = 0.25
"""It has its own room, too: of the reverb it gets so much."""
NONE: Mapping[Layer, int] = MappingProxyType({})
"""No layer plays."""


@dataclass(frozen=True, slots=True)
class Track:
    """A recording and what is known of it."""

    path: str
    title: str
    artist: str
    """Empty where it is not known."""
    seconds: float
    arousal: float
    """−1…1, as its sound suggests."""
    tempo_bpm: float | None = None
    """None where there is no clear beat."""
    first_beat: float | None = None
    """Second of a beat, with `tempo_bpm`."""
    entrances: tuple[float, ...] = (0.0,)
    """Seconds at which one may begin, rising."""
    exits: tuple[float, ...] = ()
    """Seconds at which one may leave, rising; the end where there is none."""

    @property
    def origin(self) -> str:
        """Whose music this is, in words."""
        name = self.path.rsplit("/", 1)[-1]
        by = f" by {self.artist}" if self.artist else ""
        return f"“{self.title or name}”{by}, the listener's own recording ({name})"


@dataclass(slots=True)
class _Visit:
    """A track being played."""

    track: Track
    place: float
    """Second at which the next bar begins."""
    leave: float
    """Second at which it is left at the latest."""
    speed: float
    played: float = 0.0


class Recorded:
    """Chooses and orders recordings and plays them in bars. The same seed and directives give the same bars.

    tracks: at least one. Raises SoundError, in a sentence, if there is none.
    """

    def __init__(self, tracks: Sequence[Track], seed: int) -> None:
        playable = [track for track in tracks if track.seconds > 0.0]
        if not playable:
            raise SoundError("There is no recording to play: name at least one sound file that can be read.")
        self._tracks = playable
        self._streams = Streams(seed)
        self._glide = Glide()
        self._visit: _Visit | None = None
        self._last: Track | None = None
        self._left: dict[str, float] = {}
        self._chosen: dict[str, int] = {}
        self._choices = 0
        self._index = 0

    @property
    def playing(self) -> Track | None:
        """The track that plays; None in silence."""
        return self._visit.track if self._visit is not None else None

    @property
    def between(self) -> bool:
        """True while nothing is being played: another maker of music may go on."""
        return self._visit is None

    def add(self, track: Track) -> None:
        """One more recording may be chosen from here on."""
        if track.seconds > 0.0:
            self._tracks = [*(known for known in self._tracks if known.path != track.path), track]

    def lose(self, path: str) -> None:
        """This file cannot be played: leave it, and choose it no more."""
        self._tracks = [track for track in self._tracks if track.path != path]
        if self._visit is not None and self._visit.track.path == path:
            self._visit = None

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on (seconds).

        directive: what guidance asks for; without a live one everything drifts to neutral. In the silent phase, or at a level
        of −inf, the bar plays nothing, and another track begins after it. Where every file is lost, bars play nothing.
        """
        beats = self._beats(self._visit.track) if self._visit is not None else BEATS
        shape = self._glide.follow(t, directive, beats)
        if shape is None:
            self._visit = None
            self._index += 1
            return silent_bar(self._index - 1, directive, tempo_bpm=FREE_BPM, gains_db=NONE, programs=NONE)
        goal = directive.goal if directive is not None else None
        if self._visit is None and self._tracks:
            self._visit = self._enter(self._choose(shape.arousal, goal), shape)
        if self._visit is None:
            return self._bar(BEATS, FREE_BPM, shape, None, shape.reason)
        return self._next(self._visit, shape, goal)

    def _next(self, visit: _Visit, shape: Shape, goal: Goal | None) -> Bar:
        """A bar of the track, the last one as long as it takes to reach the end of the phrase."""
        track = visit.track
        visit.speed = min(max(self._speed(track, shape), visit.speed - SPEED_STEP), visit.speed + SPEED_STEP)
        beats = self._beats(track)
        usual = beats * 60.0 / (track.tempo_bpm or FREE_BPM)
        end = self._end(visit, usual, shape, goal)
        lasts = usual if end is None else end - visit.place
        if end is not None:
            beats = max(1, round(beats * lasts / usual))
        cue = Cue(track.path, visit.place, visit.speed)
        bar = self._bar(beats, beats * 60.0 / (lasts / visit.speed), shape, cue, shape.reason, track)
        visit.place += lasts
        visit.played += lasts
        if end is not None:
            self._left[track.path] = end
            self._visit = None
        return bar

    def _end(self, visit: _Visit, usual: float, shape: Shape, goal: Goal | None) -> float | None:
        """Where to leave, if that is within this bar or too little would be left for another."""
        reach = visit.place + 1.5 * usual
        for place in (*visit.track.exits, visit.leave):
            if visit.place + 0.5 * usual <= place <= reach and (place >= visit.leave or self._better(visit, shape, goal)):
                return place
        # Only a recording shorter than half a bar comes here with its end so near.
        return max(visit.leave, visit.place + 0.25 * usual) if visit.place + 0.5 * usual > visit.leave else None

    def _better(self, visit: _Visit, shape: Shape, goal: Goal | None) -> bool:
        """Whether something else would fit so much better that this track should end with the phrase."""
        others = [track for track in self._fitting(shape.arousal, goal) if track is not visit.track]
        if visit.played < SETTLED_SECONDS or not others:
            return False
        nearest = min(abs(track.arousal - shape.arousal) for track in others)
        return abs(visit.track.arousal - shape.arousal) - nearest > BETTER

    def _choose(self, arousal: float, goal: Goal | None) -> Track:
        """The next track."""
        fitting = self._fitting(arousal, goal)
        whim = self._streams.of("recorded", self._choices)
        costs = []
        for track in fitting:
            waited = (self._choices - self._chosen.get(track.path, -1)) / len(self._tracks)
            jump = abs(track.arousal - self._last.arousal) - JUMP if self._last is not None else 0.0
            cost = abs(track.arousal - arousal) + JUMP_COST * max(0.0, jump) - TURN * waited
            costs.append(cost - WHIM * whim.unit())
        track = fitting[costs.index(min(costs))]
        self._chosen[track.path] = self._choices
        self._choices += 1
        self._last = track
        return track

    def _fitting(self, arousal: float, goal: Goal | None) -> list[Track]:
        """Tracks that may be chosen: not the last again, and none far from what is asked for, if that leaves any."""
        others = [track for track in self._tracks if track is not self._last] or self._tracks
        highest = arousal + (TOO_LIVELY_FOR_SLEEP if goal is Goal.SLEEP else TOO_LIVELY)
        if goal is Goal.SLEEP and self._last is not None:
            highest = min(highest, self._last.arousal + RISE_IN_SLEEP)
        lowest = -math.inf if goal is Goal.SLEEP else arousal - TOO_CALM
        fitting = [track for track in others if lowest <= track.arousal <= highest]
        aim = -math.inf if goal is Goal.SLEEP else arousal
        return fitting or [min(others, key=lambda track: abs(track.arousal - max(aim, -1.0)))]

    def _enter(self, track: Track, shape: Shape) -> _Visit:
        """Begin a track: a long one where it was left, any other at its beginning, on a beat."""
        entrances = track.entrances or (0.0,)
        end = track.exits[-1] if track.exits else track.seconds
        place = entrances[0]
        if end - place > STAY_SECONDS:
            left = self._left.get(track.path, -1.0)
            place = next((later for later in entrances if left <= later < end - SETTLED_SECONDS), place)
        if track.tempo_bpm is not None and track.first_beat is not None:
            beat = 60.0 / track.tempo_bpm
            place = max(0.0, track.first_beat + math.floor((place - track.first_beat) / beat + 0.5) * beat)
        leave = end
        if len(self._tracks) > 1 and end - place > STAY_SECONDS:
            soon = [exit_ for exit_ in track.exits if place + SETTLED_SECONDS < exit_ <= place + STAY_SECONDS]
            leave = soon[-1] if soon else place + STAY_SECONDS
        return _Visit(track, place, max(leave, place + 1.0), self._speed(track, shape))

    @staticmethod
    def _beats(track: Track) -> int:
        """Quarter notes in a bar of this track."""
        return BEATS if track.tempo_bpm is None or BEATS * 60.0 / track.tempo_bpm >= SHORTEST_BAR else 2 * BEATS

    @staticmethod
    def _speed(track: Track, shape: Shape) -> float:
        """The speed that would suit what is asked for."""
        if track.tempo_bpm is None:
            wanted, (slowest, fastest) = math.exp2(0.35 * (shape.arousal - track.arousal)), FREE_SPEEDS
        else:
            octaves = math.log2(shape.tempo_bpm / track.tempo_bpm)
            wanted, (slowest, fastest) = math.exp2(octaves - round(octaves)), SPEEDS
        return min(max(wanted, slowest), fastest)

    def _bar(
        self, beats: int, tempo_bpm: float, shape: Shape, cue: Cue | None, reason: str, track: Track | None = None
    ) -> Bar:
        self._index += 1
        return Bar(
            index=self._index - 1,
            beats=beats,
            tempo_bpm=tempo_bpm,
            notes=(),
            level_db=shape.level_db,
            gains_db=NONE,
            programs=NONE,
            low_pass_hz=_corner(shape),
            reverb_wet=ROOM * shape.reverb_wet,
            reverb_seconds=shape.reverb_seconds,
            breath_per_min=shape.breath_per_min,
            swell_db=shape.swell_db,
            section=track.title if track is not None else "",
            reason=reason,
            cue=cue,
            origin=track.origin if track is not None else "",
        )


def _corner(shape: Shape) -> float:
    """Corner of the low-pass, Hz."""
    return min(max(OPEN_HZ * math.exp2(1.3 * shape.arousal + 0.4 * shape.valence), LOW_PASS_HZ[0]), LOW_PASS_HZ[1])
