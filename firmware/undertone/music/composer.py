"""The composer: asked for the next bar, it writes it.

Theory of operation. `Glide` turns directives into the shape of the bar (tempo, density, level, …) within limits of change, and
`arcs` the goal and the minutes since it was chosen into what the form may do. `Form` says where in the piece we are, `Planner`
what the phrase there is (key, chords, bass line, melody) and `Orchestrator` who plays it. All of that is settled when a phrase
begins, so modes, themes and layers change at phrase ends only. From the plan, `Ensemble` then writes the notes of one bar as
full as the shape asks for. Layers that enter or leave are faded by their gains, and one that enters waits until another that
leaves has gone; out of silence the level alone rises: two fades on top of each other would keep the beginning inaudible.
In a pause nothing is written at all: what sounds dies away in the room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from undertone.flow import Bar, Directive, Layer, Note, Texture
from undertone.music.arcs import OPEN, Clock, Stage
from undertone.music.ensemble import Ensemble
from undertone.music.expression import LEVEL_STEP, Glide, Shape
from undertone.music.form import Form, Place
from undertone.music.given import Given
from undertone.music.orchestration import GROUND, Orchestrator, Scoring, doubled, texture_for
from undertone.music.phrase import Phrase, Planner
from undertone.music.silence import silent_bar
from undertone.music.streams import Streams
from undertone.music.styles import Style, style_named

__all__ = ["AWAY_DB", "Composer"]

AWAY_DB: Mapping[Layer, float] = MappingProxyType(
    {
        Layer.PAD: -24.0,
        Layer.BASS: -18.0,
        Layer.HARMONY: -18.0,
        Layer.MELODY: -12.0,
        Layer.COUNTER: -12.0,
        Layer.PERCUSSION: -18.0,
    }
)
"""Where a fade of each layer begins and ends, relative to its balance."""
FADE_BARS = 4
"""A fade takes at least so many bars."""
ENTRANCES = (Layer.MELODY, Layer.HARMONY, Layer.PAD, Layer.BASS, Layer.COUNTER, Layer.PERCUSSION)
"""Who enters first where there is room for one only."""
SINGING = frozenset({Layer.MELODY, Layer.COUNTER})
QUIET_DB, PAUSE_DB = 2.0, 9.0
"""How much softer a quiet phrase is, and how far the level sinks in a pause, out of which it rises again."""
FRAGMENT_DB = 8.0
"""How much softer a melody is of which only fragments are left: each comes out of near silence, late on the way to sleep."""
RINGING = frozenset({Layer.PAD, Layer.BASS, Layer.HARMONY})
RING = 0.75
"""Share of a bar for which the last chord is held into a pause."""
RISE_DB = 1.5
"""How much louder each bar after a pause may be than the one before."""
TEXTURE_FROM_DB, TEXTURE_STEP_DB = -50.0, 1.5
"""Where a texture comes from and goes to, and how far its level moves in a bar: twenty bars from nothing to its place."""
HIGH_ENOUGH = 66.0
"""Where the melody's centre is at least this MIDI note it is doubled below, else above."""


class Composer:
    """Writes music without end, one bar at a time. The same seed and directives give the same bars.

    style: a name of `styles.STYLES`, or a style. muted: layers left out, which changes nothing in the others.
    variations: another number for "form", "orchestration", "harmony", "melody", "ornament", "touch", "bass", "texture" or "pad"
    re-rolls that. given: a melody from a person, said first as it is and then developed.

    Raises UndertoneError for an unknown style.
    """

    def __init__(
        self,
        seed: int,
        *,
        style: str | Style = "piano",
        muted: Iterable[Layer] = (),
        variations: Mapping[str, int] | None = None,
        given: Given | None = None,
    ) -> None:
        self.style = style_named(style)
        self._streams = Streams(seed, variations, piece=self.style.name)
        self._muted = frozenset(muted)
        self._glide = Glide()
        self._clock = Clock()
        self._planner = Planner(self._streams, self.style, given)
        self._form = Form(self._streams, self._planner.verses)
        self._origin = "generated" if given is None else f"generated, with a melody woven in: {given.source}"
        self._orchestrator = Orchestrator(self._streams, self.style)
        self._ensemble = Ensemble(self._streams, self.style)
        self._arc = OPEN
        self._place: Place | None = None
        self._phrase: Phrase | None = None
        self._scoring = Scoring(frozenset())
        self._index = 0
        self._bar = 0
        self._beats = self._planner.beats(0)
        self._sounding: frozenset[Layer] = frozenset()
        self._silent = True
        self._sunk = 0.0
        self._textured = -1
        self._wanted_textures: Mapping[Texture, float] = {}
        self._textures: dict[Texture, float] = {}
        self._gains = {layer: self._there(layer, 0) + AWAY_DB[layer] for layer in Layer}

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on (seconds).

        directive: what guidance asks for; when it is None or has expired the music drifts to neutral within the goal's last
        range of tempo. In the silent phase, or at a level of −inf, the bar is empty and its level is −inf at once: whoever
        plays it fades what still sounds. After silence the phrase begins anew.
        """
        self._arc = self._clock.follow(t, directive)
        if self._place is None:
            self._place = self._form.following(self._beats * 60.0 / self._glide.tempo_bpm, self._arc)
        place = self._place
        self._beats = self._planner.beats(place.chapter)
        shape = self._glide.follow(t, directive, self._beats, softer_db=self._softer(place))
        if shape is None:
            bar = self._silence(directive)
        else:
            if self._bar == 0:
                self._begin(place, shape)
            bar = self._rest(place, shape) if place.silent else self._play(place, shape)
            self._bar += 1
            if self._bar >= place.bars:
                self._place, self._bar = None, 0
        self._index += 1
        self._clock.passed(bar.seconds)
        return bar

    def _begin(self, place: Place, shape: Shape) -> None:
        """Settle what holds for a whole phrase."""
        self._scoring = self._orchestrator.scored(place, shape, self._arc)
        if place.chapter != self._textured:
            self._textured = place.chapter
            self._wanted_textures = texture_for(self._streams, self.style, place.chapter, self._arc)
        if place.silent:
            return
        turned = self._scoring.figure
        self._phrase = self._planner.plan(place, shape, self._ensemble.low, arc=self._arc, turned=turned)
        if self._silent:
            self._enter(place.chapter)

    def _softer(self, place: Place) -> float:
        """How much less than asked for, dB: in quiet passages and pauses, and for some bars after a pause."""
        if place.silent:
            self._sunk = PAUSE_DB
            return PAUSE_DB
        self._sunk = max(0.0, self._sunk - RISE_DB)
        return max(self._sunk, QUIET_DB if place.letter == "quiet" else 0.0)

    def _play(self, place: Place, shape: Shape) -> Bar:
        assert self._phrase is not None
        phrase = self._phrase
        sounding = self._fade(phrase, shape)
        notes = self._ensemble.play(phrase, self._bar, shape, sounding)
        if self._scoring.doubled and Layer.COUNTER in sounding:
            melody = tuple(note for note in notes if note.layer is Layer.MELODY)
            others = [note for note in notes if note.layer is not Layer.COUNTER]
            both = [*others, *doubled(melody, high=shape.melody_centre < HIGH_ENOUGH)]
            notes = tuple(sorted(both, key=lambda note: (note.beat, note.layer, note.pitch)))
        if place.paused and self._bar == place.bars - 1:
            last = phrase.chords[self._bar][-1].beat
            notes = tuple(_rung_on(note, phrase.beats, last) for note in notes)
        chord = " ".join(span.chord.name for span in phrase.chords[self._bar])
        return self._written(shape, tuple(note for note in notes if note.layer not in self._muted), place, chord)

    def _rest(self, place: Place, shape: Shape) -> Bar:
        """A bar of a pause."""
        self._ensemble.rest()
        self._sounding = frozenset()
        # Nothing sounds: when the music begins again its layers are where they belong and the level alone rises.
        self._silent = True
        return self._written(shape, (), place, "")

    def _written(self, shape: Shape, notes: tuple[Note, ...], place: Place, chord: str) -> Bar:
        self._weather()
        return Bar(
            index=self._index,
            beats=self._beats,
            tempo_bpm=shape.tempo_bpm,
            notes=notes,
            level_db=shape.level_db,
            gains_db=MappingProxyType(dict(self._gains)),
            programs=self._programs(place.chapter),
            low_pass_hz=shape.low_pass_hz * self.style.brightness,
            reverb_wet=min(1.0, shape.reverb_wet * self.style.room),
            reverb_seconds=shape.reverb_seconds,
            breath_per_min=shape.breath_per_min,
            swell_db=shape.swell_db,
            key=self._phrase.key.name if self._phrase is not None else "",
            chord=chord,
            section=place.label,
            reason=shape.reason,
            textures=MappingProxyType(dict(self._textures)),
            origin=self._origin,
        )

    def _fade(self, phrase: Phrase, shape: Shape) -> frozenset[Layer]:
        """Move the gains towards the layers that the phrase should have; returns the layers that sound in this bar."""
        seconds = phrase.beats * 60.0 / shape.tempo_bpm
        wanted = self._scoring.layers - self._leaving(phrase.place)
        chapter = phrase.place.chapter
        # Voices that sing end with their phrase rather than fading in the middle of the next.
        sounding = {
            layer for layer in self._sounding
            if layer in wanted or (layer not in SINGING and self._gains[layer] > self._there(layer, chapter) + AWAY_DB[layer])
        }  # fmt: skip
        for layer in ENTRANCES:
            bare = layer in GROUND and not sounding & wanted & GROUND
            if layer in wanted and (layer is Layer.MELODY or bare or len(sounding | {layer}) <= len(wanted)):
                sounding.add(layer)
        for layer in Layer:
            there = self._there(layer, chapter)
            step = min(LEVEL_STEP * seconds, -AWAY_DB[layer] / FADE_BARS)
            aim = there if layer in sounding & wanted else there + AWAY_DB[layer]
            self._gains[layer] = min(max(aim, self._gains[layer] - step), self._gains[layer] + step)
        self._sounding = frozenset(sounding)
        return self._sounding

    def _enter(self, chapter: int) -> None:
        """Put the layers where they belong at once: nothing sounds yet."""
        self._silent = False
        self._sounding = self._scoring.layers
        for layer in Layer:
            away = 0.0 if layer in self._sounding else AWAY_DB[layer]
            self._gains[layer] = self._there(layer, chapter) + away

    def _weather(self) -> None:
        """Let the textures come and go by a small step; one that has gone is no longer named."""
        for texture in sorted({*self._textures, *self._wanted_textures}):
            aim = self._wanted_textures.get(texture, TEXTURE_FROM_DB)
            level = self._textures.get(texture, TEXTURE_FROM_DB)
            level = min(max(aim, level - TEXTURE_STEP_DB), level + TEXTURE_STEP_DB)
            self._textures[texture] = level
            if level <= TEXTURE_FROM_DB and texture not in self._wanted_textures:
                del self._textures[texture]

    def _turn(self, layer: Layer, chapter: int) -> int:
        """How many timbres a layer has gone through: each chapter brings one new one, and the other layers keep theirs."""
        choices = sorted(layer for layer, programs in self.style.programs.items() if len(programs) > 1)
        if not choices:
            return 0
        return sum(self._streams.of("form", "timbre", number).pick(choices) is layer for number in range(1, chapter + 1))

    def _there(self, layer: Layer, chapter: int) -> float:
        """The gain of a layer that is fully there, dB."""
        softer = FRAGMENT_DB if layer is Layer.MELODY and self._arc.stage >= Stage.FRAGMENTS else 0.0
        return self.style.gain_db(layer, self._turn(layer, chapter)) - softer

    def _programs(self, chapter: int) -> Mapping[Layer, int]:
        return MappingProxyType({layer: self.style.program(layer, self._turn(layer, chapter)) for layer in Layer})

    def _leaving(self, place: Place) -> frozenset[Layer]:
        """Layers that leave in the last phrase of a chapter, because the next one gives them another timbre without a pause."""
        if not place.last or place.paused:
            return frozenset()
        now, then = self._programs(place.chapter), self._programs(place.chapter + 1)
        return frozenset(layer for layer in (Layer.PAD, Layer.BASS) if now[layer] != then[layer])

    def _silence(self, directive: Directive | None) -> Bar:
        self._phrase, self._silent, self._bar = None, True, 0
        self._ensemble.rest()
        self._sounding = frozenset()
        self._textures.clear()
        return silent_bar(
            self._index,
            directive,
            tempo_bpm=self._glide.tempo_bpm,
            gains_db=MappingProxyType(dict(self._gains)),
            programs=self._programs(self._place.chapter if self._place else 0),
            origin=self._origin,
        )


def _rung_on(note: Note, beats: int, last: float) -> Note:
    """A note before a pause: what stands on the last chord (from beat `last` on) is held into the pause, where it dies away."""
    if note.layer in RINGING and note.beat >= last:
        return replace(note, duration=max(note.duration, (1.0 + RING) * beats - note.beat))
    return note
