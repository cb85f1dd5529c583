"""The players: each layer writes its notes of one bar from the plan of the phrase.

No layer looks at what another has written. What they share is the plan: chords, bass line, placing of the chords.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from undertone.flow import Layer, Note
from undertone.music.bass import walked
from undertone.music.expression import Shape, melody_share
from undertone.music.melody import Tone, ornamented
from undertone.music.phrase import Phrase
from undertone.music.streams import Stream, Streams
from undertone.music.styles import Style
from undertone.music.texture import Sound, broken, hand, held
from undertone.music.voicing import Voicing, voiced

__all__ = ["Ensemble", "present"]

TOUCH: Mapping[Layer, tuple[float, float]] = MappingProxyType(
    {
        Layer.PAD: (64.0, 4.0),
        Layer.BASS: (64.0, 8.0),
        Layer.HARMONY: (58.0, 8.0),
        Layer.MELODY: (72.0, 10.0),
        Layer.COUNTER: (64.0, 8.0),
        Layer.PERCUSSION: (50.0, 10.0),
    }
)
"""Velocity of each layer at arousal 0, and by how much arousal changes it: a colour, not a loudness."""
LOWEST, HIGHEST = 21, 108
FLOOR = 59.0
"""Chords are not centred lower than this, or they would sound rough."""
SUSPENSION = 0.45
"""Chance that the pad lets a voice come late where one falls by step."""
ORNAMENT = (0.0, 0.05, 0.05, 0.12, 0.12, 0.15, 0.05, 0.12)
"""Chance of an ornament on a longer note, section by section of a chapter: themes are first said plainly."""


def present(phrase: Phrase, shape: Shape) -> frozenset[Layer]:
    """The layers that a phrase should have: as many as the state asks for, another choice in every other section."""
    place = phrase.place
    if shape.voices == 1:
        return frozenset({Layer.PAD})
    if not place.sings:
        return frozenset({Layer.PAD, Layer.HARMONY})
    if shape.voices == 2:
        return frozenset({Layer.PAD, Layer.HARMONY if place.section % 2 else Layer.MELODY})
    if shape.voices == 3:
        low = place.section % 2 == 1 and shape.breath_per_min is None
        return frozenset({Layer.HARMONY, Layer.MELODY, Layer.BASS if low else Layer.PAD})
    return frozenset({Layer.PAD, Layer.BASS, Layer.HARMONY, Layer.MELODY})


class Ensemble:
    """Plays phrases, remembering where hands and strings are."""

    def __init__(self, streams: Streams, style: Style) -> None:
        self._streams = streams
        self._style = style
        self._voicing: Voicing | None = None
        self._centre = style.chord_centre
        self._ringing: dict[int, float] = {}
        self._clock = 0.0
        self.low: int | None = None
        """The last note of the bass line."""

    def play(self, phrase: Phrase, bar: int, shape: Shape, layers: Iterable[Layer]) -> tuple[Note, ...]:
        """The notes of one bar of a phrase, by onset; only those of the given layers."""
        before = self._voicing
        # What accompanies keeps below the melody, wherever that goes.
        self._centre = max(FLOOR, min(self._style.chord_centre, shape.melody_centre - 8.0))
        voicings, hands = [], []
        for span, low in zip(phrase.chords[bar], phrase.lows[bar], strict=True):
            self._voicing = voiced(span.chord, self._voicing, self._centre)
            voicings.append(self._voicing)
            hands.append(hand(self._voicing, low))
        notes: list[Note] = []
        wanted = frozenset(layers)
        if Layer.PAD in wanted:
            notes += self._pad(phrase, bar, shape, tuple(voicings), before)
        else:
            self._ringing.clear()
        if Layer.BASS in wanted:
            notes += self._bass(phrase, bar, shape)
        if Layer.HARMONY in wanted:
            notes += self._harmony(phrase, bar, shape, tuple(hands))
        if Layer.MELODY in wanted:
            notes += self._melody(phrase, bar, shape)
        self.low = phrase.lows[bar][-1]
        self._clock += phrase.beats
        return tuple(sorted(notes, key=lambda note: (note.beat, note.layer, note.pitch)))

    def rest(self) -> None:
        """Silence has come: nothing rings any more."""
        self._ringing.clear()

    def _stream(self, name: str, phrase: Phrase, bar: int) -> Stream:
        return self._streams.of(name, phrase.place.serial, bar)

    def _pad(
        self, phrase: Phrase, bar: int, shape: Shape, voicings: tuple[Voicing, ...], before: Voicing | None
    ) -> list[Note]:
        stream = self._stream("pad", phrase, bar)
        notes = []
        for sound in held(phrase.chords[bar], voicings, before, stream, SUSPENSION):
            start, end = self._clock + sound.beat, self._clock + sound.beat + sound.duration
            # A note that the next chord shares goes on sounding: it is given its length when it starts, two bars at most.
            if self._ringing.get(sound.pitch, -1.0) >= end - 0.01:
                continue
            if self._tied(phrase, bar, sound):
                end += phrase.beats
            self._ringing[sound.pitch] = end
            notes.append(self._note(sound, Layer.PAD, shape, stream, duration=end - start, late=0.0))
        return notes

    def _tied(self, phrase: Phrase, bar: int, sound: Sound) -> bool:
        """Whether a note that lasts to the end of this bar is held through the whole of the next."""
        if bar + 1 >= len(phrase.chords) or sound.beat + sound.duration < phrase.beats or len(phrase.chords[bar + 1]) > 1:
            return False
        assert self._voicing is not None
        return sound.pitch in voiced(phrase.chords[bar + 1][0].chord, self._voicing, self._centre)

    def _bass(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        stream = self._stream("bass", phrase, bar)
        last = bar + 1 >= len(phrase.chords)
        following = None if last else phrase.lows[bar + 1][0]
        activity = 0.2 if last else 0.5 + 0.6 * shape.arousal
        steps = walked(phrase.chords[bar], phrase.lows[bar], following, phrase.key, stream, activity)
        return [
            self._note(Sound(*step), Layer.BASS, shape, stream, duration=step.duration * min(1.0, shape.legato), late=0.01)
            for step in steps
        ]

    def _harmony(self, phrase: Phrase, bar: int, shape: Shape, hands: tuple[tuple[int, ...], ...]) -> list[Note]:
        stream = self._stream("texture", phrase, bar)
        sounds = broken(
            phrase.chords[bar],
            hands,
            phrase.figure,
            variant=phrase.variant,
            count=self._harmony_count(phrase, bar, shape),
            beats=phrase.beats,
            sustain=self._style.sustain * min(1.0, max(0.0, 0.75 - 0.5 * shape.arousal)),
        )
        return [self._note(sound, Layer.HARMONY, shape, stream, duration=sound.duration, late=0.015) for sound in sounds]

    def _harmony_count(self, phrase: Phrase, bar: int, shape: Shape) -> int:
        seconds = phrase.beats * 60.0 / shape.tempo_bpm
        wanted = shape.onsets_per_second * self._style.density * seconds
        if phrase.place.sings:
            # Most of the melody's onsets fall together with those of the broken chords.
            wanted -= 0.15 * melody_share(shape.arousal) * phrase.beats
        else:
            wanted *= 0.7
        # Some bars have a note more than others, as breath has: fuller in the second and fourth, ebbing where the phrase ends.
        wanted += (0.0, 0.7, -0.7, 0.7)[bar % 4] if bar + 1 < len(phrase.chords) else -0.2 * wanted
        return round(min(max(wanted, 2.0), 4.0 * phrase.beats))

    def _melody(self, phrase: Phrase, bar: int, shape: Shape) -> list[Note]:
        stream, touch = self._stream("ornament", phrase, bar), self._stream("touch", phrase, bar)
        tones = phrase.tones[bar]
        if not tones:
            return []
        last = bar + 1 >= len(phrase.tones)
        following = None if last or not phrase.tones[bar + 1] else phrase.tones[bar + 1][0]
        share = melody_share(shape.arousal)
        chance = max(0.0, share - 1.0) + ORNAMENT[phrase.place.section]
        if chance and not last:
            tones = ornamented(tones, following, phrase.key, phrase.chords[bar], stream, chance)
        arc = 6.0 * math.sin(math.pi * (bar + 0.5) / len(phrase.tones)) - 3.0
        return [self._sing(tone, shape, touch, arc) for tone in tones]

    def _sing(self, tone: Tone, shape: Shape, touch: Stream, arc: float) -> Note:
        sound = Sound(tone.beat, tone.duration, tone.pitch, tone.weight + arc / 20.0)
        return self._note(sound, Layer.MELODY, shape, touch, duration=max(0.1, tone.duration * shape.legato), late=0.02)

    def _note(self, sound: Sound, layer: Layer, shape: Shape, stream: Stream, *, duration: float, late: float) -> Note:
        """A note as a person would play it: a little late, never twice with the same force."""
        middle, more = TOUCH[layer]
        velocity = middle + more * shape.arousal + 12.0 * (sound.weight - 0.6) + stream.between(-3.0, 3.0)
        return Note(
            beat=round(sound.beat + late * stream.unit(), 3),
            duration=round(duration, 3),
            pitch=min(max(sound.pitch, LOWEST), HIGHEST),
            velocity=round(min(max(velocity, 1.0), 127.0)),
            layer=layer,
        )
