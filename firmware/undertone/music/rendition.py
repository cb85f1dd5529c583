"""One playing of a piece: where it lies, what it is played with, and how each of its bars becomes notes.

The melody stays as it is written. What accompanies it follows the state: where that is low, fewer of its notes are struck and
those ring longer, and at last only its chords are held; where it is high, held chords are broken and the melody is doubled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from undertone.flow import Layer, Note
from undertone.music.expression import Shape
from undertone.music.metre import strength
from undertone.music.recognition import ChordFit, chords_heard
from undertone.music.sheet import Event, Measure, Piece, unfolded
from undertone.music.streams import Stream
from undertone.music.styles import Style
from undertone.music.theory import Chord, Key
from undertone.music.voicing import Voicing, voiced

__all__ = ["Hands", "Harmony", "Rendition", "counted", "listened", "rendition", "transposed"]

COUNTED = (40.0, 112.0)
"""Quarter notes a minute beyond which a piece is counted in doubles or halves, so that a beat is what one nods to."""
LOWEST, HIGHEST = 28, 100
"""Where pitched notes may lie after transposing."""
LEADS = (Layer.MELODY, Layer.HARMONY, Layer.COUNTER, Layer.BASS, Layer.PAD, Layer.PERCUSSION)
"""Which layer leads: the first of these that a piece has."""
TOUCH: Mapping[Layer, float] = MappingProxyType(
    {Layer.PAD: 58.0, Layer.BASS: 62.0, Layer.HARMONY: 54.0, Layer.MELODY: 74.0, Layer.COUNTER: 60.0, Layer.PERCUSSION: 46.0}
)
"""Velocity of each layer at arousal 0."""
THIN_BELOW = 0.0
"""Arousal below which accompaniment is thinned; at −1 a quarter of it is left."""
BREAK_ABOVE, DOUBLE_ABOVE = 0.3, 0.5
"""Arousal above which held chords are broken, and above which the melody is doubled an octave higher."""
PAD_CENTRE = 60.0
FIGURED = 2.5
"""Notes to a beat above which a leading voice counts as figuration."""
RING = 4.0
"""Quarter notes that a pedal lets a note ring at most."""


class Harmony(NamedTuple):
    """A chord within a bar, as it was heard in what is written."""

    beat: float
    beats: float
    chord: ChordFit


@dataclass(frozen=True, slots=True)
class Rendition:
    """A piece as it is played this time."""

    piece: Piece
    measures: tuple[Measure, ...]
    phrases: tuple[tuple[int, int], ...]
    """For each bar: the first bar of its phrase, and how many the phrase has."""
    layers: frozenset[Layer]
    """The layers for which it has notes."""
    lead: Layer
    """The layer without which it would not be this piece."""
    centre: float
    """Mean pitch of the leading layer as written, each note as long as it lasts."""
    busy: bool
    """Whether the leading layer is a figuration rather than a song, to be thinned like an accompaniment."""
    tempo_bpm: float
    """Its own tempo, in the beats of `measures`."""
    chords: tuple[tuple[Harmony, ...], ...] = ()
    """Of each bar, none before the first has sounded; empty until they have been listened for."""
    number: int = 0
    """How many pieces were played before it."""
    shift: int = 0
    """Semitones by which it sounds higher than written."""
    octave: int = 0
    """Octaves by which its melody is higher still."""
    thinner: bool = False
    """Whether this is a repeat that is to be lighter."""

    @property
    def key(self) -> Key:
        """The key in which it sounds."""
        return transposed(self.piece.key, self.shift)


def transposed(key: Key, semitones: int) -> Key:
    """The key so many semitones higher, with six signs at most."""
    return Key((key.fifths + 7 * semitones + 5) % 12 - 5, key.mode)


def counted(piece: Piece) -> Piece:
    """The piece counted in beats of a walking pace: a quick one in halves, a very slow one in doubles."""
    factor = 1.0
    while piece.tempo_bpm * factor > COUNTED[1]:
        factor /= 2
    while piece.tempo_bpm * factor < COUNTED[0]:
        factor *= 2
    if factor == 1.0:
        return piece
    sections = {
        name: replace(
            section,
            pickup=section.pickup * factor,
            beats=section.beats * factor,
            events=tuple(
                event._replace(beat=event.beat * factor, duration=event.duration * factor) for event in section.events
            ),
        )
        for name, section in piece.sections.items()
    }
    above, below = piece.metre
    metre = (above, round(below / factor)) if below / factor >= 1 else (round(above * factor), below)
    return replace(piece, sections=sections, metre=metre, tempo_bpm=piece.tempo_bpm * factor)


def rendition(piece: Piece) -> Rendition | None:
    """The piece as it is written, played through once, its chords not listened for yet; None where it has no notes."""
    beaten = counted(piece)
    measures = unfolded(beaten)
    events = [event for measure in measures for event in measure.events]
    layers = frozenset(event.layer for event in events)
    if not layers:
        return None
    lead = next(layer for layer in LEADS if layer in layers)
    led = [event for event in events if event.layer is lead]
    onsets = sum(len({event.beat for event in measure.events if event.layer is lead}) for measure in measures)
    return Rendition(
        piece=beaten,
        measures=measures,
        phrases=_phrases(measures),
        layers=layers,
        lead=lead,
        centre=sum(event.pitch * event.duration for event in led) / sum(event.duration for event in led),
        busy=onsets > FIGURED * sum(measure.beats for measure in measures),
        tempo_bpm=beaten.tempo_bpm,
    )


def _phrases(measures: Sequence[Measure]) -> tuple[tuple[int, int], ...]:
    starts = [index for index, measure in enumerate(measures) if measure.opens or index == 0]
    spans = zip(starts, [*starts[1:], len(measures)], strict=True)
    return tuple((first, after - first) for first, after in spans for _ in range(first, after))


def listened(take: Rendition) -> Rendition:
    """The same with its chords."""
    return replace(take, chords=_chords(take.measures, take.piece.key))


def _chords(measures: Sequence[Measure], key: Key) -> tuple[tuple[Harmony, ...], ...]:
    """The chords of each bar, found beat by beat."""
    beats: list[list[Event]] = []
    strong: list[bool] = []
    held: list[Event] = []
    for measure in measures:
        sounding = [*held, *measure.events]
        beats += [_cut(sounding, float(beat), beat + 1.0) for beat in range(measure.beats)]
        strong += [strength(float(beat), measure.beats) > 0.5 for beat in range(measure.beats)]
        held = [
            event._replace(beat=0.0, duration=event.beat + event.duration - measure.beats)
            for event in sounding
            if event.beat + event.duration > measure.beats + 1e-6
        ]
    found = iter(chords_heard(beats, strong, key))
    chords: list[tuple[Harmony, ...]] = []
    for measure in measures:
        bar: list[Harmony] = []
        for beat in range(measure.beats):
            fit = next(found)
            if fit is not None and bar and bar[-1].chord == fit:
                bar[-1] = bar[-1]._replace(beats=bar[-1].beats + 1.0)
            elif fit is not None:
                bar.append(Harmony(float(beat), 1.0, fit))
        chords.append(tuple(bar))
    return tuple(chords)


def _cut(events: Iterable[Event], start: float, end: float) -> list[Event]:
    """The parts of the notes that sound between two beats; the melody's passing notes count less than what carries it."""
    inside = []
    for event in events:
        length = min(event.beat + event.duration, end) - max(event.beat, start)
        if length > 1e-6:
            lighter = 0.6 if event.layer is Layer.MELODY else 1.0
            inside.append(event._replace(beat=max(event.beat, start), duration=length * lighter))
    return inside


class Hands:
    """Plays the bars of renditions, remembering what still rings."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._voicing: Voicing | None = None
        self._ringing: dict[int, float] = {}
        self._clock = 0.0

    def play(self, take: Rendition, index: int, shape: Shape, layers: Iterable[Layer], stream: Stream) -> tuple[Note, ...]:
        """The notes of one bar, by onset; only those of the given layers."""
        measure, wanted = take.measures[index], frozenset(layers)
        notes: list[Note] = []
        for layer in Layer:
            touch = stream.between(0.0, 1.0)
            if layer not in wanted:
                continue
            if layer is Layer.PAD and Layer.PAD not in take.layers:
                notes += self._held(take, index, shape, touch)
                continue
            events = [event for event in measure.events if event.layer is layer]
            if layer is Layer.COUNTER and Layer.COUNTER not in take.layers:
                events = _doubled(take, measure, shape)
            if layer is Layer.HARMONY or (take.busy and layer is take.lead):
                events = self._accompanying(take, index, events, shape)
            notes += [self._note(take, index, event, shape, touch + 0.618 * place) for place, event in enumerate(events)]
        if Layer.PAD not in wanted:
            self._ringing.clear()
        self._clock += measure.beats
        return tuple(sorted(_single(notes), key=lambda note: (note.beat, note.layer, note.pitch)))

    def rest(self) -> None:
        """Nothing rings any more."""
        self._ringing.clear()
        self._voicing = None

    def drone(self, take: Rendition, beats: int, shape: Shape) -> tuple[Note, ...]:
        """A bar in which the piece's home chord is held."""
        key = take.key
        home = Chord(key.spelled(0), 0, key.tonic, (key.tonic, key.pitch_classes[2], key.pitch_classes[4]))
        notes = self._sounded(home, 0.0, float(beats), shape, 0.5, following=home, tail=float(beats))
        self._clock += beats
        return tuple(notes)

    # ---------------------------------------------------------------------------------------------------- accompaniment

    def _accompanying(self, take: Rendition, index: int, events: list[Event], shape: Shape) -> list[Event]:
        """The written accompaniment, thinned where the state is low and broken where it is high."""
        beats = take.measures[index].beats
        share = 1.0 if shape.arousal >= THIN_BELOW else 1.0 + 0.75 * (shape.arousal - THIN_BELOW)
        if take.thinner:
            share *= 0.75
        if share < 1.0:
            return _thinned(events, share, beats)
        if shape.arousal > BREAK_ABOVE:
            return _broken(events)
        return events

    def _held(self, take: Rendition, index: int, shape: Shape, touch: float) -> list[Note]:
        """The chords of a bar, each held while it lasts."""
        after = take.chords[index + 1][:1] if index + 1 < len(take.chords) else ()
        row = [*take.chords[index], *after]
        notes: list[Note] = []
        for place, (beat, length, fit) in enumerate(take.chords[index]):
            following = _chord(row[place + 1].chord, take) if place + 1 < len(row) else None
            tail = row[place + 1].beats if following is not None else 0.0
            notes += self._sounded(_chord(fit, take), beat, length, shape, touch, following=following, tail=tail)
        return notes

    def _sounded(
        self, chord: Chord, beat: float, length: float, shape: Shape, touch: float, *, following: Chord | None, tail: float
    ) -> list[Note]:
        """The chord, voice by voice. A note that the following chord shares goes on through it (`tail`, in beats)."""
        self._voicing = voiced(chord, self._voicing, PAD_CENTRE)
        shared = () if following is None else voiced(following, self._voicing, PAD_CENTRE)
        notes = []
        for pitch in self._voicing:
            end = self._clock + beat + length
            if self._ringing.get(pitch, -1.0) >= end - 0.01:
                continue
            held = length + (tail if pitch in shared else 0.0)
            self._ringing[pitch] = self._clock + beat + held
            velocity = TOUCH[Layer.PAD] + self._style.touch + 5.0 * shape.arousal + 4.0 * touch
            notes.append(Note(round(beat, 3), round(held, 3), pitch, _velocity(velocity), Layer.PAD))
        return notes

    # -------------------------------------------------------------------------------------------------------- touch

    def _note(self, take: Rendition, index: int, event: Event, shape: Shape, drawn: float) -> Note:
        """A note as a person would play it: a little late, weighted by the beat and by the phrase's rise and fall."""
        measure = take.measures[index]
        first, length = take.phrases[index]
        arc = math.sin(math.pi * (index - first + event.beat / measure.beats + 0.25) / (length + 0.5))
        # The golden ratio spreads the notes' small differences evenly, from one draw for each layer of the bar.
        by_chance = 2.0 * (drawn % 1.0) - 1.0
        velocity = (
            TOUCH[event.layer] + self._style.touch + 8.0 * shape.arousal + 24.0 * (event.weight - 0.6)
            + 6.0 * (strength(event.beat, measure.beats) - 0.5) + 4.0 * arc + 2.5 * by_chance
        )
        late = 0.0 if event.layer in (Layer.PAD, Layer.PERCUSSION) else 0.012 * (drawn % 1.0)
        return Note(
            beat=round(min(event.beat + late, measure.beats - 0.001), 3),
            duration=round(max(0.1, self._length(take, index, event, shape)), 3),
            pitch=_pitch(take, event),
            velocity=_velocity(velocity),
            layer=event.layer,
        )

    def _length(self, take: Rendition, index: int, event: Event, shape: Shape) -> float:
        """How long a note sounds: as written, more or less detached; accompaniment rings on in its chord as under a pedal."""
        if event.layer in (Layer.MELODY, Layer.COUNTER):
            return event.duration * min(1.05, shape.legato * self._style.legato)
        if event.layer is Layer.BASS:
            return event.duration * min(1.0, max(shape.legato, 0.8))
        if event.layer is not Layer.HARMONY:
            return event.duration
        under = next((held for held in take.chords[index] if held.beat <= event.beat + 0.01 < held.beat + held.beats), None)
        if under is None or event.pitch % 12 not in under.chord.tones:
            return event.duration
        pedal = self._style.sustain * min(1.0, max(0.0, 0.75 - 0.5 * shape.arousal))
        return max(event.duration, min(RING, pedal * (under.beat + under.beats - event.beat)))


def _pitch(take: Rendition, event: Event) -> int:
    if event.layer is Layer.PERCUSSION:
        return event.pitch
    pitch = event.pitch + take.shift + (12 * take.octave if event.layer is Layer.MELODY else 0)
    while pitch > HIGHEST:
        pitch -= 12
    while pitch < LOWEST:
        pitch += 12
    return pitch


def _velocity(value: float) -> int:
    return round(min(max(value, 1.0), 127.0))


def _chord(fit: ChordFit, take: Rendition) -> Chord:
    """The chord as it sounds, with the third that the key has where it was heard without one."""
    tones = fit.tones
    if len(tones) == 2:
        scale = take.piece.key.pitch_classes
        third = next((tone for tone in ((fit.root + 4) % 12, (fit.root + 3) % 12) if tone in scale), (fit.root + 4) % 12)
        tones = (tones[0], third, tones[1])
    moved = tuple((tone + take.shift) % 12 for tone in tones)
    return Chord(fit.name, 0, moved[0], moved)


def _doubled(take: Rendition, measure: Measure, shape: Shape) -> list[Event]:
    """The melody an octave higher, softly, where the state is lively and there is room above."""
    if shape.arousal < DOUBLE_ABOVE or take.octave:
        return []
    sung = [event for event in measure.events if event.layer is Layer.MELODY]
    room = [event for event in sung if event.pitch + take.shift + 12 <= HIGHEST - 4]
    return [event._replace(pitch=event.pitch + 12, layer=Layer.COUNTER, weight=event.weight - 0.25) for event in room]


def _thinned(events: list[Event], share: float, beats: int) -> list[Event]:
    """The onsets that carry the bar, each held until the next that is kept. share: of the onsets, 0…1; one always stays."""
    onsets = sorted({event.beat for event in events})
    keep = max(1, round(share * len(onsets)))
    if keep >= len(onsets):
        return events
    ranked = sorted(onsets, key=lambda beat: (-strength(beat, beats), beat))
    kept = sorted(ranked[:keep])
    ends = dict(zip(kept, [*kept[1:], float(beats)], strict=True))
    left = [event for event in events if event.beat in ends]
    return [event._replace(duration=max(event.duration, ends[event.beat] - event.beat)) for event in left]


def _broken(events: list[Event]) -> list[Event]:
    """Held chords of three notes and more, one note after the other in eighths, up and down again."""
    done: list[Event] = []
    for beat in sorted({event.beat for event in events}):
        chord = sorted((event for event in events if event.beat == beat), key=lambda event: event.pitch)
        length = min(event.duration for event in chord)
        steps = int(length / 0.5)
        if len(chord) < 3 or steps < 3:
            done += chord
            continue
        order = [*range(len(chord)), *range(len(chord) - 2, 0, -1)]
        for step in range(steps):
            picked, passed = chord[order[step % len(order)]], 0.5 * step
            weight = picked.weight - 0.1 * (step > 0)
            done.append(picked._replace(beat=beat + passed, duration=min(1.0, length - passed), weight=weight))
    return done


def _single(notes: Iterable[Note]) -> list[Note]:
    """No layer strikes the same pitch twice at once: of such notes the longest stays."""
    best: dict[tuple[Layer, int, int], Note] = {}
    for note in notes:
        place = (note.layer, note.pitch, round(note.beat * 16))
        if place not in best or best[place].duration < note.duration:
            best[place] = note
    return list(best.values())
