"""The performer: plays what people have written, and follows directives as the composer does.

Theory of operation. `Glide` turns directives into the shape of each bar, as for composed music. From the pieces it has, the
performer takes the one whose own mood is nearest to what is asked for and which was not played just before, moves it to a key
that suits the register and is near to the key before, and plays it through with the instruments of the style. Its tempo is the
piece's own, slower or faster by what arousal asks for, within the limits of the goal. What sounds changes where phrases
begin. Between pieces there is a pause. When a programme fades out and a piece has ended, no other begins: its home
chord is held until there is silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from undertone.errors import UndertoneError
from undertone.flow import Bar, Directive, Layer, Note, Phase
from undertone.music.expression import LEVEL_STEP, TEMPO_STEP, Glide, Shape, breath_tempo
from undertone.music.recognition import ChordFit, character
from undertone.music.rendition import Hands, Rendition, listened, rendition, transposed
from undertone.music.sheet import Piece, note_name
from undertone.music.silence import silent_bar
from undertone.music.streams import Streams
from undertone.music.styles import Style, style_named
from undertone.music.theory import Key

__all__ = ["Performer"]

AWAY_DB = -18.0
"""Where a fade of a layer begins and ends, relative to its balance."""
FADE_BARS = 4
"""A fade takes at least so many bars."""
OWN = (0.72, 1.35)
"""How far a piece may be slowed down or hurried for the sake of arousal alone."""
SLOWEST, FASTEST = 30.0, 160.0
REPEATED = (1.6, 1.3, 1.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""How much farther away a piece seems that was played one, two, three… pieces ago."""
CHOOSY = 0.3
"""How little of a difference in mood makes one piece likelier than another."""
PAUSE_SECONDS = (5.0, 4.0)
"""A pause between pieces at arousal 0, and how much longer at −1."""
HELD_BELOW_DB = -14.0
"""When a fade has come down to this level, no new piece begins."""
STAND_INS: Mapping[Layer, tuple[Layer, ...]] = MappingProxyType(
    {
        Layer.COUNTER: (Layer.MELODY, Layer.HARMONY),
        Layer.BASS: (Layer.HARMONY, Layer.PAD),
        Layer.HARMONY: (Layer.MELODY, Layer.PAD),
        Layer.PAD: (Layer.HARMONY,),
        Layer.MELODY: (Layer.HARMONY, Layer.COUNTER),
    }
)
"""Whose instrument a layer borrows in a style that has not got it."""
BORROWED_DB = -3.0
SHRILL = 83
"""MIDI note above which a melody should not reach."""
PITCHED = tuple(layer for layer in Layer if layer is not Layer.PERCUSSION)
"""Percussion sounds only where the state is lively, unless the piece is nothing else."""


class Performer:
    """Plays pieces without end, one bar at a time. The same pieces, seed and directives give the same bars.

    pieces: one or several, in any order. style: one, or its name, for the instruments. muted: layers left out.
    Raises UndertoneError where there is no piece, or no such style.
    """

    def __init__(
        self, pieces: Piece | Iterable[Piece], seed: int, *, style: str | Style = "piano", muted: Iterable[Layer] = ()
    ) -> None:
        given = (pieces,) if isinstance(pieces, Piece) else tuple(pieces)
        self.style = style_named(style) if isinstance(style, str) else style
        self._takes = [take for piece in given if (take := rendition(piece)) is not None]
        if not self._takes:
            raise UndertoneError("There is nothing to play: give the performer at least one piece with notes in it.")
        self._moods = [character(take.measures, take.piece.key, take.tempo_bpm) for take in self._takes]
        self._streams = Streams(seed)
        self._muted = frozenset(muted)
        self._glide = Glide()
        self._hands = Hands(self.style)
        self._recent: list[int] = []
        self._take: Rendition | None = None
        self._key: Key | None = None
        self._index = self._place = self._pause = 0
        self._number = -1
        self._tempo: float | None = None
        self._limits = (40.0, 112.0)
        self._level = -math.inf
        self._layers: frozenset[Layer] = frozenset()
        self._gains = dict.fromkeys(Layer, AWAY_DB)
        self._ended: Rendition | None = None

    @property
    def between(self) -> bool:
        """True while no piece is being played: before the first, and in the pause after one."""
        return self._take is None

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on (seconds).

        directive: what guidance asks for; when it is None or has expired the music drifts to neutral. In the silent phase, or
        at a level of −inf, the bar is empty and its level is −inf at once. After silence another piece begins.
        """
        beats = self._beats()
        shape = self._glide.follow(t, directive, beats)
        if directive is not None and t < directive.expires:
            slowest, fastest = sorted(directive.tempo_limits_bpm)
            self._limits = (max(slowest, SLOWEST), min(fastest, FASTEST))
        if shape is None:
            return self._silence(directive)
        fading = directive is not None and directive.phase is Phase.FADE
        if self._ended is not None and fading and self._level <= HELD_BELOW_DB:
            return self._held(self._ended, shape)
        if self._pause:
            return self._paused(shape)
        if self._take is None:
            self._take = self._chosen(shape)
            self._place, self._ended = 0, None
            beats = self._beats()
        return self._played(self._take, shape)

    # ------------------------------------------------------------------------------------------------------ the pieces

    def _beats(self) -> int:
        if self._take is not None:
            return self._take.measures[self._place].beats
        return self._ended.measures[-1].beats if self._ended is not None else 4

    def _chosen(self, shape: Shape) -> Rendition:
        """The next piece: near to what is asked for, not heard just now, in a key and a dress of its own."""
        self._number += 1
        stream = self._streams.of("piece", self._number)
        choices = []
        for index, mood in enumerate(self._moods):
            if self._recent[:1] == [index] and len(self._moods) > 1:
                continue
            away = math.hypot(mood.valence - shape.valence, 0.8 * (mood.arousal - shape.arousal))
            heard = sum(REPEATED[ago] for ago, other in enumerate(self._recent) if other == index)
            choices.append((index, math.exp(-(away + heard) / CHOOSY) + 1e-12))
        index = stream.weighted(choices)
        again = index in self._recent
        self._recent = [index, *self._recent][: len(REPEATED)]
        if not self._takes[index].chords:
            self._takes[index] = listened(self._takes[index])
        plain = replace(self._takes[index], number=self._number)
        shift = self._shift(plain, shape)
        high = plain.centre + shift < 71.0 and plain.lead is Layer.MELODY
        return replace(
            plain, shift=shift, octave=int(again and high and stream.chance(0.5)), thinner=again and stream.chance(0.5)
        )

    def _shift(self, take: Rendition, shape: Shape) -> int:
        """Semitones that bring the leading voice to its register, and the key near to the one before it."""
        target = shape.melody_centre + self.style.lift / 2 if take.lead is Layer.MELODY else take.centre
        pitches = [event.pitch for measure in take.measures for event in measure.events if event.layer is not Layer.PERCUSSION]
        led = [event.pitch for measure in take.measures for event in measure.events if event.layer is Layer.MELODY]

        def cost(shift: int) -> tuple[float, int]:
            fifths = 0.0 if self._key is None else abs(_apart(transposed(take.piece.key, shift), self._key))
            # Slow tunes that reach far up are shrill long before an instrument ends.
            shrill = 0.4 * max(0, max(led) + shift - SHRILL) if led else 0.0
            beyond = shrill + max(0, 30 - min(pitches) - shift) + max(0, max(pitches) + shift - 96) if pitches else 0
            return 0.3 * abs(take.centre + shift - target) + 0.5 * fifths + 0.15 * abs(shift) + beyond, abs(shift)

        return min(range(-6, 7), key=cost)

    # -------------------------------------------------------------------------------------------------------- the bars

    def _played(self, take: Rendition, shape: Shape) -> Bar:
        measure = take.measures[self._place]
        self._move_tempo(take, shape, measure.beats, TEMPO_STEP)
        if measure.opens or self._place == 0:
            self._layers = self._wanted(take, shape)
        seconds = measure.beats * 60.0 / self._told_tempo()
        sounding = self._fade(take, seconds, at_once=self._level == -math.inf or self._place == 0)
        stream = self._streams.of("touch", take.number, self._place)
        notes = self._hands.play(take, self._place, shape, sounding - self._muted, stream)
        chord = " ".join(_moved_name(held.chord, take) for held in take.chords[self._place])
        bar = self._bar(take, shape, measure.beats, notes, section=measure.section or "A", chord=chord)
        self._place += 1
        if self._place == len(take.measures):
            self._ended, self._take, self._key = take, None, take.key
            length = PAUSE_SECONDS[0] - PAUSE_SECONDS[1] * min(shape.arousal, 0.0)
            self._pause = max(1, round(length / seconds))
        return bar

    def _wanted(self, take: Rendition, shape: Shape) -> frozenset[Layer]:
        """The layers of a phrase: as many as the state asks for."""
        if shape.voices == 1:
            return frozenset({Layer.PAD})
        if shape.voices == 2:
            return frozenset({take.lead, Layer.PAD})
        layers = {layer for layer in take.layers if layer in (take.lead, *PITCHED) or shape.arousal > 0.0}
        if shape.breath_per_min is not None:
            # The swell is heard in the pad: where there is a breath to follow, the chords of the piece are held under it.
            layers.add(Layer.PAD)
        if shape.voices >= 4:
            layers |= {Layer.PAD, Layer.COUNTER}
        return frozenset(layers)

    def _fade(self, take: Rendition, seconds: float, *, at_once: bool) -> frozenset[Layer]:
        """Move the gains towards the layers that are wanted; returns those that sound in this bar."""
        sounding = set()
        step = min(LEVEL_STEP * seconds, -AWAY_DB / FADE_BARS)
        for layer in Layer:
            aim = 0.0 if layer in self._layers else AWAY_DB
            now = self._gains[layer]
            self._gains[layer] = aim if at_once else min(max(aim, now - step), now + step)
            if layer in self._layers or (layer is not take.lead and self._gains[layer] > AWAY_DB):
                sounding.add(layer)
        return frozenset(sounding)

    def _move_tempo(self, take: Rendition, shape: Shape, beats: int, step: float) -> None:
        factor = min(max(math.exp2(0.7 * shape.arousal), OWN[0]), OWN[1])
        wanted = min(max(take.tempo_bpm * factor, self._limits[0]), self._limits[1])
        if shape.breath_per_min:
            wanted = breath_tempo(wanted, shape.breath_per_min, beats, self._limits)
        now = self._tempo
        self._tempo = wanted if now is None else min(max(wanted, now * (1 - step)), now * (1 + step))

    def _told_tempo(self) -> float:
        return self._tempo if self._tempo is not None else self._glide.tempo_bpm

    def _paused(self, shape: Shape) -> Bar:
        """A bar of rest between two pieces."""
        assert self._ended is not None
        self._pause -= 1
        self._hands.rest()
        return self._bar(self._ended, shape, self._ended.measures[-1].beats, (), section="pause", chord="")

    def _held(self, take: Rendition, shape: Shape) -> Bar:
        """A bar at the end of a night: the home chord of the last piece."""
        self._pause = 0
        self._layers = frozenset({Layer.PAD})
        beats = take.measures[-1].beats
        sounding = self._fade(take, beats * 60.0 / self._told_tempo(), at_once=False)
        notes = self._hands.drone(take, beats, shape) if Layer.PAD in sounding - self._muted else ()
        return self._bar(take, shape, beats, notes, section="end", chord=take.key.spelled(0))

    def _bar(self, take: Rendition, shape: Shape, beats: int, notes: tuple[Note, ...], *, section: str, chord: str) -> Bar:
        tempo = self._told_tempo()
        step = LEVEL_STEP * beats * 60.0 / tempo
        # The glide counts the seconds of its own tempo; the level must not move faster than that of the piece allows.
        low, high = (self._level - step, self._level + step) if self._level > -math.inf else (-math.inf, math.inf)
        self._level = min(max(shape.level_db, low), high)
        bar = Bar(
            index=self._index,
            beats=beats,
            tempo_bpm=tempo,
            notes=notes,
            level_db=self._level,
            gains_db=self._balance(take.number),
            programs=self._programs(take.number),
            low_pass_hz=shape.low_pass_hz * self.style.brightness,
            reverb_wet=min(1.0, shape.reverb_wet * self.style.room),
            reverb_seconds=shape.reverb_seconds,
            breath_per_min=shape.breath_per_min,
            swell_db=shape.swell_db,
            key=take.key.name,
            chord=chord,
            section=section,
            reason=shape.reason,
            origin=_origin(take),
        )
        self._index += 1
        return bar

    def _silence(self, directive: Directive | None) -> Bar:
        self._hands.rest()
        self._take, self._ended, self._pause, self._level = None, None, 0, -math.inf
        number = max(self._number, 0)
        bar = silent_bar(
            self._index,
            directive,
            tempo_bpm=self._told_tempo(),
            gains_db=self._balance(number),
            programs=self._programs(number),
        )
        self._index += 1
        return bar

    # ---------------------------------------------------------------------------------------------------- instruments

    def _voice(self, layer: Layer) -> Layer:
        """The layer whose instrument is used: its own, or that of the nearest which the style has."""
        there = self.style.layers
        return next((other for other in (layer, *STAND_INS.get(layer, ())) if other in there), layer)

    def _programs(self, number: int) -> Mapping[Layer, int]:
        return MappingProxyType({layer: self.style.program(self._voice(layer), number) for layer in Layer})

    def _balance(self, number: int) -> Mapping[Layer, float]:
        balance = {}
        for layer in Layer:
            voice = self._voice(layer)
            balance[layer] = self.style.gain_db(voice, number) + (0.0 if voice is layer else BORROWED_DB) + self._gains[layer]
        return MappingProxyType(balance)


def _apart(one: Key, other: Key) -> int:
    """Steps on the circle of fifths between two signatures."""
    return (one.fifths - other.fifths + 6) % 12 - 6


def _moved_name(chord: ChordFit, take: Rendition) -> str:
    """A chord's name where the piece sounds."""
    kind = chord.name.removeprefix(note_name(chord.root, take.piece.key))
    return note_name((chord.root + take.shift) % 12, take.key) + kind


def _origin(take: Rendition) -> str:
    """Whose it is and what was done to it."""
    done = ["tempo", "instruments"] + (["key"] if take.shift else []) + (["octave of the melody"] if take.octave else [])
    return f"{take.piece.credit}, {', '.join(done[:-1])} and {done[-1]} changed"
