"""Plans phrases: key, chords, bass line and melody of eight bars at a time, remembered so that they return as they were."""

from __future__ import annotations

from dataclasses import dataclass

from undertone.music.bass import line
from undertone.music.expression import Shape, melody_share
from undertone.music.form import ORDER, Place
from undertone.music.harmony import SLOW_BELOW, Progression, majorness_wanted, mode_between, mode_for, progression
from undertone.music.melody import Theme, Tone, developed, sung, theme
from undertone.music.streams import Streams
from undertone.music.styles import Style
from undertone.music.theory import Key, Mode

__all__ = ["Phrase", "Planner"]

STAY = 0.15
"""How far the wanted majorness may drift before a chapter's modes are chosen anew."""
OTHERS = {"B": 2, "C": 1}
"""How often the contrasting sections come in a chapter; all the rest is A."""
SIGNATURES = (-4, -3, -2, -1, 0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Phrase:
    """All of a phrase that does not depend on how full or loud it is."""

    place: Place
    key: Key
    beats: int
    chords: Progression
    lows: tuple[tuple[int, ...], ...]
    """The bass note of each chord."""
    tones: tuple[tuple[Tone, ...], ...]
    """The melody, empty where the phrase has none."""
    figure: tuple[int, ...]
    variant: int


class Planner:
    """Makes the plan of each phrase when it begins."""

    def __init__(self, streams: Streams, style: Style) -> None:
        self._streams = streams
        self._style = style
        self._modes: dict[str, Mode] = {}
        self._majorness: float | None = None
        self._modes_chapter = -1
        self._chapter = -1
        self._chords: dict[tuple[object, ...], Progression] = {}
        self._tones: dict[tuple[object, ...], tuple[tuple[Tone, ...], ...]] = {}
        self._themes: dict[tuple[int, str], Theme] = {}

    def beats(self, chapter: int) -> int:
        """Quarter notes in the bars of a chapter."""
        return self._streams.of("form", "metre", chapter).weighted(self._style.metres)

    def plan(self, place: Place, shape: Shape, low: int | None) -> Phrase:
        """The phrase for this place, as the music is now. low: the bass note before it."""
        self._forget(place.chapter)
        key = Key(self._signature(place), self._mode(place, shape.valence))
        chords = self._progression(place, key, shape)
        figures = self._streams.of("texture", "figure", place.chapter, place.theme)
        return Phrase(
            place=place,
            key=key,
            beats=self.beats(place.chapter),
            chords=chords,
            lows=line(chords, low),
            tones=self._melody(place, key, chords, shape) if place.sings else tuple(() for _ in chords),
            figure=figures.pick(self._style.figures),
            variant=int(figures.between(0, 12)),
        )

    def _forget(self, chapter: int) -> None:
        """Drop what only earlier chapters needed, so that memory does not grow with the night; themes grow from the last."""
        if chapter == self._chapter:
            return
        self._chapter = chapter
        self._chords.clear()
        self._tones.clear()
        self._themes = {name: kept for name, kept in self._themes.items() if name[0] >= chapter - 1}

    def _signature(self, place: Place) -> int:
        """Sharps: each chapter moves to a neighbour of the last one, and its B and C may visit a neighbour of its own."""
        fifths = self._streams.of("form", "signature").pick(SIGNATURES)
        for number in range(1, place.chapter + 1):
            way = self._streams.of("form", "signature", number).pick((-1, 1))
            fifths += way if -4 <= fifths + way <= 4 else -way
        visits = {"A": (0,), "B": (0, 1, -1), "C": (-1, 1)}[place.theme]
        return fifths + self._streams.of("form", "visit", place.chapter, place.theme).pick(visits)

    def _mode(self, place: Place, valence: float) -> Mode:
        """The mode of this place: A carries the valence, B and C contrast and make up for what A's mode misses."""
        wanted = majorness_wanted(valence)
        if self._modes_chapter != place.chapter or self._majorness is None or abs(wanted - self._majorness) > STAY:
            self._modes_chapter, self._majorness = place.chapter, wanted
            home = mode_between(wanted, self._streams.of("form", "mode", place.chapter).unit())
            missed = (wanted - home.majorness) * ORDER.count("A") / (len(ORDER) - ORDER.count("A"))
            self._modes = {"A": home, **{letter: mode_for(wanted + missed) for letter in OTHERS}}
        return self._modes[place.theme]

    def _progression(self, place: Place, key: Key, shape: Shape) -> Progression:
        slow = shape.arousal < SLOW_BELOW
        name = (place.chapter, place.theme, place.closed, place.bars, key, shape.functional, slow)
        if name not in self._chords:
            self._chords[name] = progression(
                key,
                self._streams.of("harmony", place.chapter, place.theme, key.mode.name),
                bars=place.bars,
                beats=self.beats(place.chapter),
                closed=place.closed,
                functional=shape.functional,
                slow=slow,
                colour_chance=shape.colour_chance,
            )
        return self._chords[name]

    def theme(self, chapter: int, letter: str) -> Theme:
        """The theme of a section; from the second chapter on it is a development of the one before."""
        if (chapter, letter) not in self._themes:
            beats = self.beats(chapter)
            stream = self._streams.of("melody", chapter, letter)
            if chapter and self.beats(chapter - 1) == beats:
                made = developed(self.theme(chapter - 1, letter), stream, beats)
            else:
                made = theme(stream, beats)
            self._themes[chapter, letter] = made
        return self._themes[chapter, letter]

    def _melody(self, place: Place, key: Key, chords: Progression, shape: Shape) -> tuple[tuple[Tone, ...], ...]:
        # The register counts in minor thirds, so that a small change of state replays the phrase as it was.
        centre = 3 * round((shape.melody_centre + self._style.lift) / 3) + (2 if place.letter == "B" else 0)
        share = min(1.0, round(4 * melody_share(shape.arousal)) / 4)
        name = (place.chapter, place.letter, place.closed, chords, centre, share)
        if name not in self._tones:
            beats = self.beats(place.chapter)
            source = self.theme(place.chapter, place.letter)
            self._tones[name] = sung(source, key, chords, beats=beats, centre=centre, closed=place.closed, share=share)
        return self._tones[name]
