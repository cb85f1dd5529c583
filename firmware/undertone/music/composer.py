"""The composer: asked for the next bar, it writes it.

Theory of operation. `Glide` turns directives into the shape of the bar (tempo, density, level, …) within limits of change.
`Form` says where in the piece we are and `Planner` what the phrase there is: key, chords, bass line, melody. All of that is
settled when a phrase begins, so modes, themes and layers change at phrase ends only. From the plan, `Ensemble` then writes the
notes of one bar as full as the shape asks for. Layers that enter or leave are faded by their gains; out of silence the level
alone rises, because two fades on top of each other would keep the beginning inaudible.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from undertone.flow import Bar, Directive, Layer, Note
from undertone.music.ensemble import Ensemble, present
from undertone.music.expression import LEVEL_STEP, Glide, Shape
from undertone.music.form import Form, Place
from undertone.music.phrase import Phrase, Planner
from undertone.music.streams import Streams
from undertone.music.styles import style_named

__all__ = ["Composer"]

AWAY_DB: Mapping[Layer, float] = MappingProxyType(
    {Layer.PAD: -24.0, Layer.BASS: -18.0, Layer.HARMONY: -18.0, Layer.MELODY: -12.0, Layer.COUNTER: -12.0, Layer.PERCUSSION: -18.0}
)
"""Where a fade of each layer begins and ends, relative to its balance."""
FADE_BARS = 4
"""A fade takes at least so many bars."""
QUIET_DB = 2.0
"""How much softer a quiet phrase is."""


class Composer:
    """Writes music without end, one bar at a time. The same seed and directives give the same bars.

    style: a name of `styles.STYLES`. muted: layers left out, which changes nothing in the others.
    variations: another number for "form", "harmony", "melody", "ornament", "touch", "bass", "texture" or "pad" re-rolls that.

    Raises UndertoneError for an unknown style.
    """

    def __init__(
        self,
        seed: int,
        *,
        style: str = "piano",
        muted: Iterable[Layer] = (),
        variations: Mapping[str, int] | None = None,
    ) -> None:
        self.style = style_named(style)
        streams = Streams(seed, variations)
        self._muted = frozenset(muted)
        self._glide = Glide()
        self._form = Form()
        self._planner = Planner(streams, self.style)
        self._ensemble = Ensemble(streams, self.style)
        self._place: Place | None = None
        self._phrase: Phrase | None = None
        self._index = 0
        self._bar = 0
        self._beats = self._planner.beats(0)
        self._layers: frozenset[Layer] = frozenset()
        self._silent = True
        self._gains = {layer: self.style.gain_db(layer, 0) + AWAY_DB[layer] for layer in Layer}

    def compose(self, t: float, directive: Directive | None) -> Bar:
        """The next bar, which will sound from t on (seconds).

        directive: what guidance asks for; when it is None or has expired the music drifts to neutral within the goal's last
        range of tempo. In the silent phase, or at a level of −inf, the bar is empty and its level is −inf at once: whoever
        plays it fades what still sounds. After silence the phrase begins anew.
        """
        if self._place is None:
            self._place = self._form.following(self._beats * 60.0 / self._glide.tempo_bpm)
        beats = self._beats = self._planner.beats(self._place.chapter)
        softer = QUIET_DB if self._place.letter == "quiet" else 0.0
        shape = self._glide.follow(t, directive, beats, softer_db=softer)
        if shape is None:
            return self._silence(beats, directive)
        if self._phrase is None:
            self._phrase = self._planner.plan(self._place, shape, self._ensemble.low)
            self._layers = present(self._phrase, shape) - self._changing(self._place)
            self._bar = 0
        if self._silent:
            self._enter(self._place.chapter)
        bar = self._write(self._phrase, shape)
        if self._bar == len(self._phrase.chords):
            self._place = self._phrase = None
        return bar

    def _write(self, phrase: Phrase, shape: Shape) -> Bar:
        sounding = self._fade(phrase, shape)
        notes = self._ensemble.play(phrase, self._bar, shape, sounding - self._muted)
        bar = Bar(
            index=self._index,
            beats=phrase.beats,
            tempo_bpm=shape.tempo_bpm,
            notes=notes,
            level_db=shape.level_db,
            gains_db=MappingProxyType(dict(self._gains)),
            programs=self._programs(phrase.place.chapter),
            low_pass_hz=shape.low_pass_hz * self.style.brightness,
            reverb_wet=shape.reverb_wet,
            reverb_seconds=shape.reverb_seconds,
            breath_per_min=shape.breath_per_min,
            swell_db=shape.swell_db,
            key=phrase.key.name,
            chord=" ".join(span.chord.name for span in phrase.chords[self._bar]),
            section=phrase.place.label,
            reason=shape.reason,
        )
        self._bar += 1
        self._index += 1
        return bar

    def _fade(self, phrase: Phrase, shape: Shape) -> frozenset[Layer]:
        """Move the gains towards the layers that the phrase should have; returns the layers that sound in this bar."""
        seconds = phrase.beats * 60.0 / shape.tempo_bpm
        sounding = set()
        for layer in Layer:
            there = self.style.gain_db(layer, phrase.place.chapter)
            away = there + AWAY_DB[layer]
            step = min(LEVEL_STEP * seconds, -AWAY_DB[layer] / FADE_BARS)
            wanted = there if layer in self._layers else away
            # A melody ends with its phrase rather than fading in the middle of the next.
            audible = layer in self._layers or (layer is not Layer.MELODY and self._gains[layer] > away)
            self._gains[layer] = min(max(wanted, self._gains[layer] - step), self._gains[layer] + step)
            if audible:
                sounding.add(layer)
        return frozenset(sounding)

    def _enter(self, chapter: int) -> None:
        """Put the layers where they belong at once: nothing sounds yet."""
        self._silent = False
        for layer in Layer:
            away = 0.0 if layer in self._layers else AWAY_DB[layer]
            self._gains[layer] = self.style.gain_db(layer, chapter) + away

    def _programs(self, chapter: int) -> Mapping[Layer, int]:
        return MappingProxyType({layer: self.style.program(layer, chapter) for layer in Layer})

    def _changing(self, place: Place) -> frozenset[Layer]:
        """Layers that leave in the last phrase of a chapter, because the next one gives them another timbre."""
        if not place.last:
            return frozenset()
        style, now = self.style, place.chapter
        held = (Layer.PAD, Layer.BASS)
        return frozenset(layer for layer in held if style.program(layer, now) != style.program(layer, now + 1))

    def _silence(self, beats: int, directive: Directive | None) -> Bar:
        self._phrase, self._silent = None, True
        self._ensemble.rest()
        notes: tuple[Note, ...] = ()
        bar = Bar(
            index=self._index,
            beats=beats,
            tempo_bpm=self._glide.tempo_bpm,
            notes=notes,
            level_db=-math.inf,
            gains_db=MappingProxyType(dict(self._gains)),
            programs=self._programs(self._place.chapter if self._place else 0),
            low_pass_hz=2000.0,
            reverb_wet=0.3,
            reverb_seconds=2.8,
            breath_per_min=None,
            swell_db=0.0,
            section="silence",
            reason=directive.reason if directive is not None else "",
        )
        self._index += 1
        return bar
