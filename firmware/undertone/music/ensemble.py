"""The players: each layer writes its notes of one bar from the plan of the phrase.

No layer looks at what another has written. What they share is the plan: chords, bass line, melody, placing of the chords. How
each layer moves is the style's: it is drawn when a section begins and kept until it ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from undertone.flow import Layer, Note
from undertone.music import bass
from undertone.music.accompaniment import Passage, figurations_for, moved
from undertone.music.counter import answered
from undertone.music.expression import Shape, melody_share
from undertone.music.harmony import Span
from undertone.music.loops import Circles, circles, tuned
from undertone.music.melody import Tone, ornamented
from undertone.music.percussion import struck
from undertone.music.phrase import Phrase
from undertone.music.streams import Stream, Streams
from undertone.music.styles import Bed, Figuration, Ground, Song, Style
from undertone.music.texture import Sound, drone, fifths, hand, held
from undertone.music.theory import Key
from undertone.music.voicing import Voicing, voiced

__all__ = ["Ensemble"]

TOUCH: Mapping[Layer, tuple[float, float]] = MappingProxyType(
    {
        Layer.PAD: (64.0, 4.0),
        Layer.BASS: (64.0, 8.0),
        Layer.HARMONY: (58.0, 8.0),
        Layer.MELODY: (72.0, 10.0),
        Layer.COUNTER: (62.0, 8.0),
        Layer.PERCUSSION: (50.0, 10.0),
    }
)
"""Velocity of each layer at arousal 0, and by how much arousal changes it: a colour, not a loudness."""
LOWEST, HIGHEST = 21, 108
FLOOR = 59.0
"""Chords are not centred lower than this, or they would sound rough."""
BELOW, DEEPEST = 4, 55
"""Notes of the accompaniment less than so far below the melody's centre are put an octave lower, but not below this."""
SUSPENSION = 0.45
"""Chance that the pad lets a voice come late where one falls by step."""
ORNAMENT = (0.0, 0.05, 0.05, 0.12, 0.12, 0.15, 0.05, 0.12)
"""Chance of an ornament on a longer note, section by section of a chapter: themes are first said plainly."""
HIGH_LOOPS, LOW_LOOPS = (9, 2), (3, 4, 2, 3, 4)
"""Notes on each circle of the melody and of the accompaniment in a style of loops."""
RING = 2.5
"""Seconds that a note of a loop is held at most."""
HIGH_SHARE = 0.4
"""Share of the notes that the melody's circles have."""


class Ensemble:
    """Plays phrases, remembering where hands and strings are."""

    def __init__(self, streams: Streams, style: Style) -> None:
        self._streams = streams
        self._style = style
        self._voicing: Voicing | None = None
        self._centre = style.chord_centre
        self._ringing: dict[tuple[Layer, int], float] = {}
        self._clock = 0.0
        self._figuration: tuple[int, Figuration] | None = None
        self._counter: tuple[object, tuple[tuple[Tone, ...], ...]] | None = None
        self._high = Circles(streams.of("melody", "circles"), len(HIGH_LOOPS))
        self._deep = Circles(streams.of("texture", "circles"), len(LOW_LOOPS))
        self._placed: tuple[Voicing, ...] = ()
        self._before: Voicing | None = None
        self._players: Mapping[Layer, Callable[[Phrase, int, Shape], list[Note]]] = {
            Layer.PAD: self._pad,
            Layer.BASS: self._bass,
            Layer.HARMONY: self._harmony,
            Layer.MELODY: self._loops if style.song is Song.LOOPS else self._melody,
            Layer.COUNTER: self._answer,
            Layer.PERCUSSION: self._percussion,
        }
        self.low: int | None = None
        """The last note of the bass line."""

    def play(self, phrase: Phrase, bar: int, shape: Shape, layers: Iterable[Layer]) -> tuple[Note, ...]:
        """The notes of one bar of a phrase, by onset; only those of the given layers, as far as the style has them."""
        self._place_chords(phrase, bar, shape)
        wanted = self._style.layers.intersection(layers)
        notes: list[Note] = []
        for layer, player in self._players.items():
            if layer in wanted:
                notes += player(phrase, bar, shape)
            elif self._circling(layer):
                # Circles go on turning unheard, so that muting a layer changes nothing in it later.
                player(phrase, bar, shape)
            else:
                self._forget(layer)
        self.low = phrase.lows[bar][-1]
        self._clock += phrase.beats
        return tuple(sorted(notes, key=lambda note: (note.beat, note.layer, note.pitch)))

    def rest(self) -> None:
        """Silence has come: nothing rings any more."""
        self._ringing.clear()

    def _place_chords(self, phrase: Phrase, bar: int, shape: Shape) -> None:
        """Find where the chords of the bar lie. What accompanies keeps below the melody, wherever that goes."""
        self._before = self._voicing
        lift = self._style.lift if self._style.octave == 0 else 0
        self._centre = max(FLOOR, min(self._style.chord_centre, shape.melody_centre + lift - 8.0))
        placed = []
        for span in phrase.chords[bar]:
            self._voicing = voiced(span.chord, self._voicing, self._centre)
            placed.append(self._voicing)
        self._placed = tuple(placed)

    def _circling(self, layer: Layer) -> bool:
        if layer is Layer.MELODY:
            return self._style.song is Song.LOOPS
        return layer is Layer.HARMONY and any(name is Figuration.LOOPS for name, _ in self._style.figurations)

    def _forget(self, layer: Layer) -> None:
        """What a layer that falls silent had ringing rings no more."""
        self._ringing = {key: end for key, end in self._ringing.items() if key[0] is not layer}

    def _stream(self, name: str, phrase: Phrase, bar: int) -> Stream:
        return self._streams.of(name, phrase.place.serial, bar)

    # --------------------------------------------------------------------------------------------------- pad and bass

    def _pad(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        stream = self._stream("pad", phrase, bar)
        after = phrase.chords[bar + 1] if bar + 1 < len(phrase.chords) else ()
        coming: set[int] = set()
        if self._style.bed is not Bed.CHORDS:
            sounds, upcoming = (self._open(chords, phrase.key) for chords in (phrase.chords[bar], after))
            coming = {sound.pitch for sound in upcoming if sound.duration == phrase.beats}
        else:
            sounds = held(phrase.chords[bar], self._placed, self._before, stream, SUSPENSION)
            if len(after) == 1 and self._voicing is not None:
                coming = set(voiced(after[0].chord, self._voicing, self._centre))
        return self._sustained(Layer.PAD, sounds, coming, phrase, shape, stream)

    def _open(self, chords: tuple[Span, ...], key: Key) -> tuple[Sound, ...]:
        return drone(chords, key, self._centre) if self._style.bed is Bed.DRONE else fifths(chords, self._centre)

    def _sustained(
        self, layer: Layer, sounds: Iterable[Sound], coming: set[int], phrase: Phrase, shape: Shape, stream: Stream
    ) -> list[Note]:
        """Long notes, where one that the next bar shares goes on sounding: it gets its length when it starts, two bars at most.

        coming: the pitches that sound through the whole of the next bar.
        """
        notes = []
        for sound in sounds:
            start, end = self._clock + sound.beat, self._clock + sound.beat + sound.duration
            if self._ringing.get((layer, sound.pitch), -1.0) >= end - 0.01:
                continue
            if sound.pitch in coming and sound.beat + sound.duration >= phrase.beats:
                end += phrase.beats
            self._ringing[layer, sound.pitch] = end
            notes.append(self._note(sound, layer, shape, stream, duration=end - start, late=0.0))
        return notes

    def _bass(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        stream = self._stream("bass", phrase, bar)
        last = bar + 1 >= len(phrase.chords)
        chords, lows = phrase.chords[bar], phrase.lows[bar]
        ground = self._streams.of("bass", "ground", phrase.place.chapter, phrase.place.theme).weighted(self._style.grounds)
        if ground is Ground.PEDAL:
            after = () if last else bass.pedal(phrase.chords[bar + 1], phrase.lows[bar + 1], phrase.key)
            coming = {after[0].pitch} if len(after) == 1 else set()
            steps = bass.pedal(chords, lows, phrase.key)
            return self._sustained(Layer.BASS, (Sound(*step) for step in steps), coming, phrase, shape, stream)
        if ground is Ground.HELD:
            steps = bass.held(chords, lows)
        elif ground is Ground.TENTHS and not last:
            steps = bass.tenths(chords, lows, stream)
        else:
            following = None if last else phrase.lows[bar + 1][0]
            activity = 0.2 if last else 0.5 + 0.6 * shape.arousal
            steps = bass.walked(chords, lows, following, phrase.key, stream, activity)
        legato = min(1.0, shape.legato)
        return [
            self._note(Sound(*step), Layer.BASS, shape, stream, duration=step.duration * legato, late=0.01) for step in steps
        ]

    # -------------------------------------------------------------------------------------------------- accompaniment

    def _harmony(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        figuration = self._drawn(phrase, shape)
        if figuration is Figuration.LOOPS:
            return self._deep_loops(phrase, bar, shape)
        # Below where melodies of this state lie rather than below this one: another melody must not change the accompaniment.
        ceiling = round(shape.melody_centre) + self._style.lift - BELOW if phrase.place.sings else HIGHEST
        hands = tuple(
            self._beneath(hand(voicing, low), ceiling) for voicing, low in zip(self._placed, phrase.lows[bar], strict=True)
        )
        stream = self._stream("texture", phrase, bar)
        passage = Passage(
            bar=phrase.chords[bar],
            hands=hands,
            key=phrase.key,
            beats=phrase.beats,
            count=self._harmony_count(phrase, bar, shape),
            figure=phrase.figure,
            variant=phrase.variant,
            turn=bar,
            ceiling=ceiling,
            sustain=self._style.sustain * min(1.0, max(0.0, 0.75 - 0.5 * shape.arousal)),
            stream=stream,
        )
        sounds = moved(figuration, passage)
        return [self._note(sound, Layer.HARMONY, shape, stream, duration=sound.duration, late=0.015) for sound in sounds]

    def _beneath(self, pitches: tuple[int, ...], ceiling: int) -> tuple[int, ...]:
        """The notes of a hand, those that do not lie below a MIDI note an octave lower, where that is not too low."""
        shifted = (pitch + 12 * self._style.octave for pitch in pitches)
        return tuple(pitch - 12 if pitch >= ceiling and pitch - 12 >= DEEPEST else pitch for pitch in shifted)

    def _drawn(self, phrase: Phrase, shape: Shape) -> Figuration:
        """How the accompaniment moves in this phrase: the same in all phrases of a section, as far as the state suits it."""
        if self._figuration is None or self._figuration[0] != phrase.place.serial:
            stream = self._streams.of("texture", "figuration", phrase.place.chapter, phrase.place.section, phrase.place.theme)
            choices = figurations_for(self._style.figurations, shape.arousal)
            self._figuration = (phrase.place.serial, stream.weighted(choices))
        return self._figuration[1]

    def _harmony_count(self, phrase: Phrase, bar: int, shape: Shape) -> int:
        wanted = self._rate(shape) * phrase.beats * 60.0 / shape.tempo_bpm
        if phrase.place.sings:
            # Most of the melody's onsets fall together with those of the broken chords.
            wanted -= 0.15 * melody_share(shape.arousal) * phrase.beats
        else:
            wanted *= 0.7
        # Some bars have a note more than others, as breath has: fuller in the second and fourth, ebbing where the phrase ends.
        wanted += (0.0, 0.7, -0.7, 0.7)[bar % 4] if bar + 1 < len(phrase.chords) else -0.2 * wanted
        return round(min(max(wanted, 1.0 if self._style.density < 0.8 else 2.0), 4.0 * phrase.beats))

    def _rate(self, shape: Shape) -> float:
        """Onsets a second that are asked for in this style."""
        return shape.onsets_per_second * self._style.density

    def _deep_loops(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        share = 1.0 - HIGH_SHARE if phrase.place.sings else 0.7
        return self._circled(Layer.HARMONY, phrase, bar, shape, share)

    def _loops(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        notes = self._circled(Layer.MELODY, phrase, bar, shape, HIGH_SHARE)
        return notes if phrase.place.sings else []

    def _circled(self, layer: Layer, phrase: Phrase, bar: int, shape: Shape, share: float) -> list[Note]:
        """The strikes of a layer's circles in this bar, tuned to its chords; each section has figures of its own."""
        sings = layer is Layer.MELODY
        name, state, sizes = ("melody", self._high, HIGH_LOOPS) if sings else ("texture", self._deep, LOW_LOOPS)
        loops = circles(self._streams.of(name, "figures", phrase.place.chapter, phrase.place.theme), sizes)
        touch = self._stream("touch" if sings else "texture", phrase, bar)
        beat_seconds = 60.0 / shape.tempo_bpm
        rate = share * self._rate(shape)
        ring = min(RING, 1.2 / rate) / beat_seconds
        middle = phrase.key.step(shape.melody_centre + self._style.lift if sings else self._centre)
        notes = []
        for strike in state.turn(loops, phrase.beats, rate * beat_seconds):
            pitch = tuned(middle + strike.step, phrase.chords[bar], strike.beat, phrase.key, within=False)
            sound = Sound(strike.beat, ring, pitch, 0.7 if strike.first else 0.5)
            notes.append(self._note(sound, layer, shape, touch, duration=min(ring, 2.0 * phrase.beats), late=0.03))
        return notes

    # -------------------------------------------------------------------------------------------- melody and its answer

    def _melody(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        stream, touch = self._stream("ornament", phrase, bar), self._stream("touch", phrase, bar)
        tones = phrase.tones[bar]
        if not tones:
            return []
        last = bar + 1 >= len(phrase.tones)
        following = None if last or not phrase.tones[bar + 1] else phrase.tones[bar + 1][0]
        share = melody_share(shape.arousal)
        chance = max(0.0, share - 1.0) + ORNAMENT[phrase.place.section % len(ORNAMENT)]
        if chance and not last:
            tones = ornamented(tones, following, phrase.key, phrase.chords[bar], stream, chance)
        return [self._sing(tone, Layer.MELODY, shape, touch, self._arc(phrase, bar)) for tone in tones]

    def _arc(self, phrase: Phrase, bar: int) -> float:
        """How much more firmly the middle of a phrase is played than its ends, as velocity."""
        return 6.0 * math.sin(math.pi * (bar + 0.5) / len(phrase.tones)) - 3.0

    def _sing(self, tone: Tone, layer: Layer, shape: Shape, touch: Stream, arc: float) -> Note:
        sound = Sound(tone.beat, tone.duration, tone.pitch, tone.weight + arc / 20.0)
        legato = min(1.15, shape.legato * self._style.legato)
        return self._note(sound, layer, shape, touch, duration=max(0.1, tone.duration * legato), late=0.02)

    def _answer(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        plan = (phrase.place.serial, phrase.tones)
        if self._counter is None or self._counter[0] != plan:
            line = answered(
                phrase.tones, phrase.chords, phrase.lows, phrase.key, beats=phrase.beats, activity=0.5 + 0.5 * shape.arousal,
                stream=self._streams.of("counter", phrase.place.serial),
            )  # fmt: skip
            self._counter = (plan, line)
        touch = self._stream("counter", phrase, bar)
        return [self._sing(tone, Layer.COUNTER, shape, touch, self._arc(phrase, bar)) for tone in self._counter[1][bar]]

    # ----------------------------------------------------------------------------------------------------- percussion

    def _percussion(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        stream = self._stream("percussion", phrase, bar)
        rhythms = struck(
            self._style.strokes, beats=phrase.beats, arousal=shape.arousal, turn=bar, last=bar + 1 == len(phrase.chords),
            swing=self._style.swing, stream=stream,
        )  # fmt: skip
        return [
            self._note(sound, Layer.PERCUSSION, shape, stream, duration=sound.duration, late=0.015)
            for rhythm in rhythms
            for sound in rhythm
        ]

    def _note(self, sound: Sound, layer: Layer, shape: Shape, stream: Stream, *, duration: float, late: float) -> Note:
        """A note as a person would play it: a little late, never twice with the same force."""
        middle, more = TOUCH[layer]
        velocity = middle + self._style.touch + more * shape.arousal + 12.0 * (sound.weight - 0.6) + stream.between(-3.0, 3.0)
        return Note(
            beat=round(sound.beat + late * stream.unit(), 3),
            duration=round(duration, 3),
            pitch=min(max(sound.pitch, LOWEST), HIGHEST),
            velocity=round(min(max(velocity, 1.0), 127.0)),
            layer=layer,
        )
