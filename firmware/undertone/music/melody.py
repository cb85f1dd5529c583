"""A melody that one can remember: the roles of a theme's sentence, sung over the chords of a phrase.

Each bar starts on a tone of its chord near a line that rises to one summit and falls. Between these anchors the motif's own
movement is followed as far as the harmony allows: a path through the notes of the key is found that costs least (dynamic
programming over note and last leap), where it costs to leave the motif's movement, to stand on a note outside the chord where
that is heard, to leave such a note by leap, to leap far, to go on in the direction of a leap instead of coming back by step,
and to reach the height of the summit anywhere else. Then upbeats lead out of held notes, long notes are leant on from above,
and the cadence is shaped so that the phrase ends with a rest.

Source: music.md §2.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertone.music.harmony import Progression, Span
from undertone.music.metre import strength
from undertone.music.motif import Motif, thinned
from undertone.music.streams import Stream
from undertone.music.theme import Theme, developed, figured, heights, roles_for, theme
from undertone.music.theory import Chord, Key

__all__ = ["Theme", "Tone", "developed", "ornamented", "sung", "theme"]


class Tone(NamedTuple):
    """A note of the melody."""

    beat: float
    duration: float
    step: int
    """Of the key."""
    pitch: int
    weight: float
    """0…1: how much would be missing without it."""


ANCHOR = 100.0
"""What it costs to begin a bar outside its chord: more than anything else."""
SUMMIT = 9.0
"""What it costs to reach the height of the summit in another bar than its own."""
BELOW, ABOVE = 6, 7
"""Steps that the melody may lie below and above its centre: mostly within a tenth."""
LEAP = 3
"""Steps from which a move is a leap that wants to be made good."""
FULL = 0.7
"""Share of the notes from which a melody is full enough for upbeats and leaning notes."""
ORNAMENT = 0.2
"""Weight of a note that only adorns."""
Costs = NDArray[np.float64]
Stands = NDArray[np.bool_]


def _chord_at(bar: tuple[Span, ...], beat: float) -> Chord:
    return next(span.chord for span in reversed(bar) if span.beat <= beat)


def _unary(key: Key, chord: Chord, steps: range, weight: float) -> tuple[Costs, Stands]:
    """What each step costs over this chord, and which steps belong to it."""
    pitches = [chord.pitch(key, step) % 12 for step in steps]
    inside = np.array([pitch in chord.tones for pitch in pitches])
    harsh = np.array([(pitch - 1) % 12 in chord.tones for pitch in pitches]) & ~inside
    return np.where(inside, 0.0, 2.2 * weight**2) + np.where(harsh, 2.5 * weight, 0.0), inside


def _kinds(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Moves from each step (rows) to each other, and what they are: 0 near, 1 a leap up, 2 a leap down."""
    moves = np.arange(size)[None, :] - np.arange(size)[:, None]
    return moves, np.where(moves >= LEAP, 1, np.where(moves <= -LEAP, 2, 0))


MOVES, KINDS = _kinds(BELOW + ABOVE + 1)
APART = np.abs(MOVES)
FAR = 0.5 * np.maximum(0, APART - 2) + 3.0 * (APART > 5) + 0.5 * (MOVES == 0)
"""What a move costs by its size, whatever is wanted."""
AWAY = np.where(MOVES == 0, 0.8, 2.5)
BACK = np.stack(
    [np.zeros(MOVES.shape), *(np.where((way * MOVES <= -1) & (way * MOVES >= -2), 0.0, AWAY) for way in (1, -1))]
)
"""What a move costs after a near move, after a leap up, after a leap down: leaps want to come back by step."""


def _moved(total: Costs, pair: Costs) -> tuple[Costs, NDArray[np.int64]]:
    """One note on: the least cost of each last move and step, shape (3, n), and from which state it came, flat."""
    size = total.shape[1]
    every = (total[:, :, None] + BACK + pair[None]).reshape(3 * size, size)
    kinds = np.tile(KINDS, (3, 1))
    reached, came = np.empty((3, size)), np.empty((3, size), dtype=np.int64)
    for kind in range(3):
        allowed = np.where(kinds == kind, every, np.inf)
        came[kind] = allowed.argmin(axis=0)
        reached[kind] = allowed[came[kind], np.arange(size)]
    return reached, came


@dataclass(slots=True)
class _Singer:
    """Finds the way through the bars of one phrase."""

    key: Key
    beats: int
    steps: range
    summit: int
    """The highest step."""
    places: Costs = field(init=False)
    last: int | None = None
    """The step sung last."""
    kind: int = 0
    """What the last move was, as in `_kinds`."""

    def __post_init__(self) -> None:
        self.places = np.array(self.steps, dtype=np.float64)

    def way(
        self, bar: tuple[Span, ...], figure: Motif, target: float, onward: float, *, peak: bool, closing: bool
    ) -> list[int]:
        """The cheapest steps for the figure.

        target, onward: near which step this and the next bar should begin. peak: whether the summit is here.
        closing: whether the next bar is the last, which wants to be reached by step.
        """
        places, low = self.places, self.steps[0]
        top = self._top(figure) if peak else -1
        start = 0.7 * np.abs(places - target)
        if self.last is not None:
            moves = places - self.last
            apart = np.abs(moves)
            start = start + 0.4 * np.maximum(0, apart - 2) + 0.8 * (apart == 0) + 1.2 * np.maximum(0, apart - 4)
            start = start + 0.9 * BACK[self.kind][self.last - low]
        total = np.full((3, len(places)), np.inf)
        back: list[NDArray[np.int64]] = []
        stood: Stands = np.ones(len(places), dtype=np.bool_)
        for index, (beat, length) in enumerate(figure.rhythm):
            weight = min(1.0, strength(beat, self.beats) + 0.15 * (length - 1)) if index else 1.0
            unary, inside = _unary(self.key, _chord_at(bar, beat), self.steps, max(0.1, weight))
            unary = unary + self._height(index == top)
            if index:
                pair = 1.0 * np.abs(MOVES - figure.moves[index - 1]) + FAR + np.where(stood[:, None], 0.0, 2.5 * (APART > 1))
                total, came = _moved(total, pair)
                back.append(came)
                total = total + unary
            else:
                total[0] = start + 2.0 * unary + np.where(inside, 0.0, ANCHOR)
            stood = inside
        total = total + (0.9 if closing else 0.3) * np.maximum(0.0, np.abs(places - onward) - (1 if closing else 2))
        return self._traced(total, back)

    def _height(self, top: bool) -> Costs:
        """What the summit's height costs here: where the line culminates it is wanted, elsewhere it is kept for there."""
        if top:
            return np.asarray(1.8 * np.abs(self.places - self.summit), dtype=np.float64)
        return np.where(self.places >= self.summit, SUMMIT, 0.0)

    def _top(self, figure: Motif) -> int:
        """The note of a figure that should stand on the summit: its highest, and of several the longest."""
        heights_ = list(accumulate(figure.moves, initial=0))
        return max(range(len(heights_)), key=lambda i: (heights_[i], figure.rhythm[i][1], -i))

    def _traced(self, total: Costs, back: list[NDArray[np.int64]]) -> list[int]:
        size = len(self.places)
        state = int(total.argmin())
        path = [state]
        for came in reversed(back):
            kind, place = divmod(path[-1], size)
            path.append(int(came[kind, place]))
        return [self.steps[state % size] for state in reversed(path)]

    def sang(self, path: list[int]) -> None:
        """Remember where a bar has led."""
        line = path if self.last is None else [self.last, *path]
        if len(line) >= 2:
            move = line[-1] - line[-2]
            self.kind = 1 if move >= LEAP else 2 if move <= -LEAP else 0
        self.last = path[-1]


def _lean(figure: Motif) -> float:
    """How far the notes of a figure lie above its first one on average, steps."""
    places = list(accumulate(figure.moves, initial=0))
    return sum(places) / len(places)


def _home(middle: int, last: int | None, *, closed: bool) -> int:
    """The step on which the phrase ends: home, or the one above it, which asks for more, in the melody's lower half.

    last: the step from which it is reached, near which its octave is chosen; None where that is not known yet.
    """
    home = 0 if closed else 1
    near = [home + 7 * octave for octave in range((middle - BELOW - home) // 7, (middle + 4 - home) // 7 + 1)]
    low = [step for step in near if middle - BELOW < step <= middle + 3] or near
    return min(low, key=lambda step: abs(step - (middle - 1)) + (2.0 * abs(step - last) if last is not None else 0.0))


def _targets(source: Theme, roles: str, figures: list[Motif], middle: int, closed: bool) -> list[float]:
    line = heights(source, len(roles), closed=closed)
    targets = []
    for role, height, figure in zip(roles, line, figures, strict=True):
        moved = {"s": source.sequence, "t": 2 * source.sequence}.get(role, 0)
        targets.append(middle + height + moved - (_lean(figure) if figure.rhythm else 0.0))
    targets[-1] = float(_home(middle, None, closed=closed))
    return targets


def sung(
    source: Theme, key: Key, chords: Progression, *, beats: int, centre: float, closed: bool, share: float = 1.0,
    middle: bool = False,
) -> tuple[tuple[Tone, ...], ...]:
    """The melody of one phrase, bar by bar; a bar of rest is empty.

    centre: around which MIDI note. closed: end at home. share: how many notes of each bar to sing, 0…1.
    middle: whether it is the phrase that takes the theme apart.
    """
    centred = key.step(centre)
    roles = roles_for(source, len(chords), closed=closed, middle=middle)
    figures = [figured(source, role, beats) for role in roles]
    figures = [thinned(figure, share, beats) if figure.rhythm else figure for figure in figures]
    targets = _targets(source, roles, figures, centred, closed)
    line = heights(source, len(roles), closed=closed)
    sounding = [index for index in range(len(roles) - 1) if figures[index].rhythm] or [0]
    peak = max(sounding, key=lambda index: (line[index], -index))
    summit = min(centred + ABOVE, centred + round(max(line[index] for index in sounding)) + 2)
    singer = _Singer(key, beats, range(centred - BELOW, centred + ABOVE + 1), summit)
    said: dict[tuple[object, ...], list[int]] = {}
    bars: list[tuple[Tone, ...]] = []
    for index, (bar, role, figure) in enumerate(zip(chords, roles, figures, strict=True)):
        if not figure.rhythm:
            bars.append(())
            continue
        # The same part of the sentence over the same chords is said again literally, so that it is recognised.
        same = (role, *((span.beat, span.chord.degree, span.chord.altered) for span in bar))
        path = said.get(same, [])
        if index == peak or not _fits(path, key, _chord_at(bar, figure.rhythm[0][0]), summit):
            last = index == len(chords) - 1
            target = float(_home(centred, singer.last, closed=closed)) if last else targets[index]
            onward = target if last else targets[index + 1]
            path = singer.way(bar, figure, target, onward, peak=index == peak, closing=index == len(chords) - 2)
            if index != peak:
                said[same] = path
        singer.sang(path)
        bars.append(_tones(key, bar, figure, path, beats))
    return _shaped(source, roles, bars, key, chords, beats, share)


def _fits(path: list[int], key: Key, first: Chord, summit: int) -> bool:
    """Whether a way that was sung can be sung again here."""
    return bool(path) and first.pitch(key, path[0]) % 12 in first.tones and max(path) < summit


def _shaped(
    source: Theme, roles: str, bars: list[tuple[Tone, ...]], key: Key, chords: Progression, beats: int, share: float
) -> tuple[tuple[Tone, ...], ...]:
    """The phrase with upbeats, leaning notes, breaths and its cadence."""
    shaped = []
    before: Tone | None = None
    for index, bar in enumerate(bars):
        after = bars[index + 1] if index + 1 < len(bars) else ()
        if index == len(bars) - 1:
            bar = _cadence(source, bar, before, key, chords[index], beats, share)
        elif roles[index] in "cl" and bar:
            bar = _sighed(bar, before, key, chords[index]) if share >= FULL else bar
            leads = after and source.upbeat and share >= FULL
            bar = _led(bar, after, source.upbeat, key, chords[index]) if leads else _breathed(bar)
        shaped.append(bar)
        before = bar[-1] if bar else before
    return tuple(shaped)


def _breathed(bar: tuple[Tone, ...]) -> tuple[Tone, ...]:
    """The bar with time to take breath after its last note, where that is long enough."""
    last = bar[-1]
    return (*bar[:-1], last._replace(duration=last.duration - min(1.0, last.duration / 4))) if last.duration >= 2 else bar


def _leans(key: Key, chord: Chord, step: int) -> bool:
    """Whether the note above a step of this chord sounds well before it: a whole tone, or the fourth before the third."""
    upper, own = chord.pitch(key, step + 1), chord.pitch(key, step)
    if own % 12 not in chord.tones:
        return False
    third = own % 12 == chord.tones[1]
    return (upper - own == 2 or third) and (third or (upper - 1) % 12 not in chord.tones)


def _sighed(bar: tuple[Tone, ...], before: Tone | None, key: Key, chords: tuple[Span, ...]) -> tuple[Tone, ...]:
    """The bar with its long note reached from the note above, where the line comes from there or from near it."""
    last = bar[-1]
    came = bar[-2] if len(bar) > 1 else before
    chord = _chord_at(chords, last.beat)
    if last.duration < 2 or last.beat % 2 or came is None or not 0 <= came.step - last.step <= 3:
        return bar
    if not _leans(key, chord, last.step):
        return bar
    lean = 0.5 if last.duration < 3 else 1.0
    leaning = Tone(last.beat, lean, last.step + 1, chord.pitch(key, last.step + 1), 0.9)
    return (*bar[:-1], leaning, last._replace(beat=last.beat + lean, duration=last.duration - lean, weight=0.5))


def _cadence(
    source: Theme, bar: tuple[Tone, ...], before: Tone | None, key: Key, chords: tuple[Span, ...], beats: int, share: float
) -> tuple[Tone, ...]:
    """The last bar: its one note, leant on, turned round or held back, and then a rest of a beat or nearly one."""
    note = bar[0]
    chord, end = _chord_at(chords, 0.0), note.beat + note.duration
    came = before.step - note.step if before is not None else 9
    if share < 0.6 or not _leans(key, chord, note.step) or not 0 <= came <= 3:
        return bar
    upper = chord.pitch(key, note.step + 1)
    if source.cadence == "sigh" or (source.cadence == "late" and came != 1):
        return (Tone(0.0, 1.0, note.step + 1, upper, 0.95), note._replace(beat=1.0, duration=end - 1.0, weight=0.6))
    if source.cadence == "late" and beats >= 4:
        # A suspension: what was sung before is held over the barline and gives way on the second beat.
        return (Tone(0.0, 1.5, note.step + 1, upper, 0.9), note._replace(beat=1.5, duration=end - 1.5, weight=0.5))
    if source.cadence == "turn":
        turn = Tone(0.5, 0.5, note.step + 1, upper, 0.3)
        return (note._replace(duration=0.5), turn, note._replace(beat=1.0, duration=end - 1.0, weight=0.7))
    return bar


def _led(
    bar: tuple[Tone, ...], after: tuple[Tone, ...], notes: int, key: Key, chords: tuple[Span, ...]
) -> tuple[Tone, ...]:
    """The bar with notes that lead by step into the next, where its last note is held long enough."""
    last = bar[-1]
    if last.duration < 2:
        return bar
    # A short breath stays: a held note of two beats gives only its last half beat away.
    room, count = (1.0, notes) if last.duration >= 3 else (0.5, 1)
    way = 1 if after[0].step > last.step else -1
    end = last.beat + last.duration
    leading = []
    for left in range(count, 0, -1):
        step, beat = after[0].step - way * left, end - left * room / count
        leading.append(Tone(beat, room / count, step, _chord_at(chords, beat).pitch(key, step), 0.3))
    return (*bar[:-1], last._replace(duration=last.duration - room), *leading)


def _tones(key: Key, bar: tuple[Span, ...], figure: Motif, path: list[int], beats: int) -> tuple[Tone, ...]:
    return tuple(
        Tone(
            beat,
            length,
            step,
            _chord_at(bar, beat).pitch(key, step),
            1.0 if index == 0 else min(0.99, strength(beat, beats) + 0.1 * length),
        )
        for index, ((beat, length), step) in enumerate(zip(figure.rhythm, path, strict=True))
    )


def ornamented(
    tones: tuple[Tone, ...], following: Tone | None, key: Key, bar: tuple[Span, ...], stream: Stream, chance: float
) -> tuple[Tone, ...]:
    """The same melody with passing and neighbour notes in its longer notes.

    following: the first note of the next bar. chance: of an ornament on each note that has room for one, 0…1.
    """
    done: list[Tone] = []
    for tone, after in zip(tones, [*tones[1:], following], strict=True):
        wanted, above = stream.chance(chance), stream.chance(0.6)
        if not wanted or after is None or tone.duration < 1.0:
            done.append(tone)
            continue
        gap = after.step - tone.step
        half = 0.5 if tone.duration <= 2 else 1.0
        direction = 1 if gap > 0 else -1
        # A repeated note gets its neighbour, a step is overshot and comes back, a third or more is filled before its goal.
        step = tone.step + (1 if above else -1) if gap == 0 else after.step + (direction if abs(gap) == 1 else -direction)
        beat = tone.beat + tone.duration - half
        done.append(tone._replace(duration=tone.duration - half))
        done.append(Tone(beat, half, step, _chord_at(bar, beat).pitch(key, step), ORNAMENT))
    return tuple(done)
