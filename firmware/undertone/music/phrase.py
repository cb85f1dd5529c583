"""Plans phrases: key, chords, bass line and melody of a few bars at a time, remembered so that they return as they were.

A melody that a person gave is the first section of the first chapter, verse by verse as it is, with chords that bend to it; a
late chapter recalls it. All later themes are developed from its motifs, so it is heard throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from undertone.music.arcs import OPEN, Arc, Stage
from undertone.music.bass import line
from undertone.music.expression import Shape, melody_share
from undertone.music.form import Place
from undertone.music.given import Given, key_for, literal, theme_of
from undertone.music.harmonising import harmonised
from undertone.music.harmony import SLOW_BELOW, Progression, majorness_wanted, mode_between, progression
from undertone.music.melody import Theme, Tone, developed, sung, theme
from undertone.music.streams import Streams
from undertone.music.styles import Style
from undertone.music.theory import Key, Mode

__all__ = ["Phrase", "Planner"]

STAY = 0.15
"""How far the wanted majorness may drift before a chapter's modes are chosen anew."""
SIGNATURES = (-4, -3, -2, -1, 0, 1, 2, 3, 4)
VISITS = {"A": (0,), "B": (0, 1, -1), "C": (-1, 1), "R": (0,)}
"""Fifths by which the sections of a chapter may leave its signature."""
HIGHER = {"B": 2, "C": -1}
"""Semitones by which the melodies of contrasting sections lie higher."""
HIGHEST_CENTRE = 79
"""Above this MIDI note a melody is not raised by the form: it would ring in the ears."""
DRONES = 3
"""Progressions that a drone goes through before the first comes back."""
Tune = tuple[tuple[Tone, ...], ...]
"""A melody, bar by bar."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """All of a phrase that does not depend on how full or loud it is."""

    place: Place
    key: Key
    beats: int
    chords: Progression
    lows: tuple[tuple[int, ...], ...]
    """The bass note of each chord."""
    tones: Tune
    """The melody, bar by bar; a bar in which it rests is empty, and all are where the phrase has none."""
    figure: tuple[int, ...]
    variant: int


LONGEST_VERSE, SHORTEST_VERSE = 12, 6
"""Bars: the phrases of a given melody are put together until a verse is about as long as a phrase of ours."""


class Planner:
    """Makes the plan of each phrase when it begins. given: a melody from a person, to be woven in."""

    def __init__(self, streams: Streams, style: Style, given: Given | None = None) -> None:
        self._streams = streams
        self._style = style
        self._given = given
        self._verses = _verses(given) if given is not None else ()
        self._modes: dict[str, Mode] = {}
        self._majorness: float | None = None
        self._modes_chapter = -1
        self._chapter = -1
        self._chords: dict[tuple[object, ...], Progression] = {}
        self._tunes: dict[tuple[object, ...], Tune] = {}
        self._said: dict[tuple[object, ...], Phrase] = {}
        self._themes: dict[tuple[int, str], Theme] = {}

    @property
    def verses(self) -> tuple[int, ...]:
        """Bars of the verses of the given melody; empty where there is none."""
        return tuple(bars for _, bars in self._verses)

    def beats(self, chapter: int) -> int:
        """Quarter notes in the bars of a chapter: those of the given melody, where there is one."""
        if self._given is not None:
            return self._given.beats
        return self._streams.of("form", "metre", chapter).weighted(self._style.metres)

    def plan(self, place: Place, shape: Shape, low: int | None, *, arc: Arc = OPEN, turned: int = 0) -> Phrase:
        """The phrase for this place, as the music is when it begins.

        low: the bass note before it. arc: what the goal asks of the form; from the stage of returns on, a phrase that has been
        said in this chapter is said again as it was, whatever the state. turned: how often the section's accompaniment has
        taken another figure.
        """
        self._forget(place.chapter)
        remembered = self._remembered(place) if arc.stage > Stage.OPEN else None
        phrase = self._made(place, shape, arc, turned) if remembered is None else replace(remembered, place=place)
        if place.letter == "fragment":
            phrase = replace(phrase, tones=_fragments(phrase.tones, place.phrase))
        else:
            self._said[self._name(place)] = phrase
        return replace(phrase, lows=line(phrase.chords, low))

    def _made(self, place: Place, shape: Shape, arc: Arc, turned: int) -> Phrase:
        key = self._key(place, shape.valence)
        verse = self._verse(place, key, shape, arc)
        chords = self._progression(place, key, shape) if verse is None else self._harmonised(place, key, shape, verse)
        if verse is None:
            verse = self._melody(place, key, chords, shape, arc) if place.sings else tuple(() for _ in chords)
        stream = self._streams.of("texture", "figure", place.chapter, place.theme)
        first, variant = int(stream.unit() * len(self._style.figures)), int(stream.between(0, 12))
        return Phrase(
            place=place,
            key=key,
            beats=self.beats(place.chapter),
            chords=chords,
            lows=(),
            tones=verse,
            figure=self._style.figures[(first + turned) % len(self._style.figures)],
            variant=variant + turned,
        )

    def _name(self, place: Place) -> tuple[object, ...]:
        return place.letter, place.answer, place.middle, place.alone, place.bars, place.verse

    def _remembered(self, place: Place) -> Phrase | None:
        """The phrase as it was last said in this chapter; a fragment is one of the answer of the first theme."""
        if place.letter == "fragment":
            sung = [kept for kept in self._said.values() if kept.place.theme == "A" and kept.place.sings]
            return max(sung, key=lambda kept: (kept.place.answer, -kept.place.serial), default=None)
        return None if place.letter == "drone" else self._said.get(self._name(place))

    def _forget(self, chapter: int) -> None:
        """Drop what only earlier chapters needed, so that memory does not grow with the night; themes grow from the last."""
        if chapter == self._chapter:
            return
        self._chapter = chapter
        self._chords.clear()
        self._tunes.clear()
        self._said.clear()
        self._themes = {name: kept for name, kept in self._themes.items() if name[0] >= chapter - 1 or name == (0, "A")}

    def _key(self, place: Place, valence: float) -> Key:
        fifths = self._signature(place) + place.raised
        fifths -= 12 if fifths > 6 else 0
        if self._given is not None and (place.theme == "R" or (place.theme == "A" and place.chapter == 0)):
            return key_for(self._given, fifths)
        return Key(fifths, self._mode(place, valence))

    def _signature(self, place: Place) -> int:
        """Sharps: each chapter moves to a neighbour of the last one, and its B and C may visit a neighbour of its own."""
        fifths = self._streams.of("form", "signature").pick(SIGNATURES)
        for number in range(1, place.chapter + 1):
            way = self._streams.of("form", "signature", number).pick((-1, 1))
            fifths += way if -4 <= fifths + way <= 4 else -way
        return fifths + self._streams.of("form", "visit", place.chapter, place.theme).pick(VISITS[place.theme])

    def _mode(self, place: Place, valence: float) -> Mode:
        """The mode of this place: each section draws its own among those that can carry the valence."""
        wanted = majorness_wanted(valence)
        if self._modes_chapter != place.chapter or self._majorness is None or abs(wanted - self._majorness) > STAY:
            self._modes_chapter, self._majorness = place.chapter, wanted
            self._modes = {
                letter: mode_between(wanted, self._streams.of("form", "mode", place.chapter, letter).unit())
                for letter in VISITS
            }
        return self._modes[place.theme]

    def _progression(self, place: Place, key: Key, shape: Shape) -> Progression:
        drone = place.serial % DRONES if place.letter == "drone" else -1
        slow = shape.arousal < SLOW_BELOW or drone >= 0
        name = (place.chapter, place.theme, place.closed, place.middle, place.bars, key, shape.functional, slow, drone)
        if name not in self._chords:
            # The middle phrase of a section and the drone leave its loop of chords; all others share it.
            other = ("middle",) if place.middle else ("drone", drone) if drone >= 0 else ()
            self._chords[name] = progression(
                key,
                self._streams.of("harmony", place.chapter, place.theme, key.mode.name, *other),
                bars=place.bars,
                beats=self.beats(place.chapter),
                closed=place.closed,
                functional=shape.functional,
                slow=slow,
                colour_chance=shape.colour_chance,
            )
        return self._chords[name]

    def theme(self, chapter: int, letter: str) -> Theme:
        """The theme of a section; from the second chapter on it is a development of the one before, and R is the very first."""
        if (chapter, letter) not in self._themes:
            self._themes[chapter, letter] = self._new_theme(chapter, letter)
        return self._themes[chapter, letter]

    def _new_theme(self, chapter: int, letter: str) -> Theme:
        beats = self.beats(chapter)
        stream = self._streams.of("melody", chapter, letter)
        if self._given is not None and (chapter, letter) == (0, "A"):
            return theme_of(self._given, stream)
        if letter == "R":
            source = self.theme(0, "A")
            return source if self.beats(0) == beats else developed(self.theme(chapter, "A"), stream, beats)
        if letter != "A":
            first = self.theme(chapter, "A")
            made = theme(stream, beats, unlike=first.manner)
            # Now and then the contrasting section answers with what the first one began with.
            kin = stream.chance(0.35) or self._given is not None
            return replace(made, answer=first.motif) if kin else made
        if chapter and self.beats(chapter - 1) == beats:
            return developed(self.theme(chapter - 1, letter), stream, beats)
        return theme(stream, beats)

    def _centre(self, place: Place, shape: Shape, arc: Arc) -> int:
        """The MIDI note around which a melody lies: in minor thirds, so that a small change of state replays it as it was."""
        usual = shape.melody_centre + self._style.lift
        raised = arc.lift + HIGHER.get(place.letter, 0) + (2 if place.raised else 0)
        return 3 * round(usual / 3) + min(raised, max(0, HIGHEST_CENTRE - round(usual)))

    def _verse(self, place: Place, key: Key, shape: Shape, arc: Arc) -> Tune | None:
        """The given melody as it is, where this place recites it."""
        if self._given is None or place.verse is None:
            return None
        # All verses move by the same octaves: it is the whole melody that lies around the centre.
        first = self._verses[place.verse][0]
        whole = literal(self._given, key, bars=len(self._given.bars))
        verse = literal(self._given, key, phrase=first, bars=place.bars)
        centre = self._centre(place, shape, arc) + _middle(verse) - _middle(whole)
        return literal(self._given, key, phrase=first, centre=centre, bars=place.bars)

    def _harmonised(self, place: Place, key: Key, shape: Shape, verse: Tune) -> Progression:
        name = (place.chapter, place.theme, place.verse, place.closed, key, shape.functional, verse)
        if name not in self._chords:
            self._chords[name] = harmonised(
                verse,
                key,
                beats=self.beats(place.chapter),
                closed=place.closed,
                functional=shape.functional,
                stream=self._streams.of("harmony", place.chapter, place.theme, place.verse),
                colour_chance=shape.colour_chance,
            )
        return self._chords[name]

    def _melody(self, place: Place, key: Key, chords: Progression, shape: Shape, arc: Arc) -> Tune:
        centre = self._centre(place, shape, arc)
        share = min(1.0, round(4 * melody_share(shape.arousal)) / 4)
        letter = place.theme
        name = (place.chapter, letter, place.closed, place.middle, chords, centre, share)
        if name not in self._tunes:
            self._tunes[name] = sung(
                self.theme(place.chapter, letter),
                key,
                chords,
                beats=self.beats(place.chapter),
                centre=centre,
                closed=place.closed,
                share=share,
                middle=place.middle,
            )
        return self._tunes[name]


def _verses(given: Given) -> tuple[tuple[int, int], ...]:
    """The first phrase and the bars of each verse of a melody."""
    verses: list[tuple[int, int]] = []
    for number, bars in enumerate(given.phrases):
        if verses and verses[-1][1] < SHORTEST_VERSE and verses[-1][1] + bars <= LONGEST_VERSE:
            verses[-1] = (verses[-1][0], verses[-1][1] + bars)
        else:
            verses.append((number, bars))
    return tuple(verses)


def _middle(tune: Tune) -> float:
    """The mean pitch of a tune, 0 where it has no notes."""
    pitches = [tone.pitch for tones in tune for tone in tones]
    return sum(pitches) / max(1, len(pitches))


def _fragments(tune: Tune, count: int) -> Tune:
    """The beginning of a tune and its last bar, less of it each time; its rhythm is untouched, the rest is silence."""
    sounding = [bar for bar, tones in enumerate(tune) if tones]
    kept = {*sounding[: max(1, 3 - count // 2)], *(sounding[-1:] if count < 8 else ())}
    return tuple(tones if bar in kept else () for bar, tones in enumerate(tune))
