"""Who plays: which layers sound in each phrase, and how that changes from phrase to phrase.

Every set of layers that a phrase may have is weighed: by what suits its place in the form, by how far it is from the set before
it (one change from phrase to phrase, two where a section begins), by how lately it was heard, and by a taste of its own for
each section, so that two seeds are scored differently. The lightest wins. Where the layers stay, the accompaniment takes
another figure or the melody is doubled, so that each phrase brings one thing. No set is larger than the state asks for, and
none is empty but where the form rests.

Source: music.md §2.4 (one change per phrase, two per section), §2.7 (number of layers).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

from undertone.flow import Layer, Note, Texture
from undertone.music.arcs import Arc, Stage
from undertone.music.expression import Shape
from undertone.music.form import Place
from undertone.music.streams import Stream, Streams
from undertone.music.styles import Style

__all__ = ["GROUND", "Orchestrator", "Scoring", "doubled", "texture_for"]

Layers = frozenset[Layer]
GROUND = frozenset({Layer.PAD, Layer.HARMONY})
"""Layers that can carry music without a melody."""
SUITS: Mapping[str, Mapping[Layer, float]] = MappingProxyType(
    {
        "A": {Layer.HARMONY: 1.6, Layer.PAD: 0.5, Layer.BASS: 0.3, Layer.COUNTER: -0.3, Layer.PERCUSSION: -0.3},
        "B": {Layer.HARMONY: 1.2, Layer.PAD: 0.6, Layer.BASS: 0.2, Layer.COUNTER: 0.5, Layer.PERCUSSION: -0.2},
        "C": {Layer.HARMONY: 1.6, Layer.PAD: 0.0, Layer.BASS: 0.6, Layer.COUNTER: 0.1, Layer.PERCUSSION: 0.3},
        "R": {Layer.HARMONY: 1.4, Layer.PAD: 0.7, Layer.BASS: 0.2, Layer.COUNTER: 0.2, Layer.PERCUSSION: -0.6},
    }
)
"""How well a layer suits a section."""
REST_SUITS: Mapping[Layer, float] = MappingProxyType(
    {Layer.PAD: 1.2, Layer.HARMONY: 0.9, Layer.BASS: -0.1, Layer.COUNTER: -9.0, Layer.PERCUSSION: -9.0}
)
"""The same for beginnings, quiet passages, fragments and drones."""
AGAIN = 0.35
"""How much more welcome a second voice is each time a section returns."""
TASTE = 0.6
"""How far a section's own taste may go."""
CHANGE, EMPTIER, HEARD = 0.8, 0.7, 0.3
"""What a change too many or too few costs, a layer fewer than could be, and each time a set was among the last six."""
MOVING = 0.8
"""How much more welcome broken chords are with each unit of arousal."""
MUDDY = 2.5
"""How much less welcome held chords are with each unit of arousal above 0: under much that moves they are mud."""
LIVELY = 0.0
"""Arousal from which percussion may come in."""
TEXTURE_DB = -20.0
"""Level of a texture, relative to the programme."""
DOUBLING_GAP = 12


@dataclass(frozen=True, slots=True)
class Scoring:
    """Who plays a phrase."""

    layers: Layers
    doubled: bool = False
    """Whether the second voice goes with the melody an octave apart instead of against it."""
    figure: int = 0
    """How often the accompaniment has taken another figure since the chapter began."""


class Orchestrator:
    """Decides the scoring of each phrase, remembering the last ones."""

    def __init__(self, streams: Streams, style: Style) -> None:
        self._streams = streams
        self._style = style
        self._last: Scoring | None = None
        self._heard: deque[Layers] = deque(maxlen=6)
        self._chapter = 0

    def scored(self, place: Place, shape: Shape, arc: Arc) -> Scoring:
        """The scoring of a phrase as the music is when it begins."""
        if place.silent:
            return Scoring(frozenset())
        before = self._last
        figure = before.figure if before is not None and place.chapter == self._chapter else 0
        self._chapter = place.chapter
        stream = self._streams.of("orchestration", place.serial)
        turn = stream.unit() * arc.change
        opens = place.phrase == 0
        changes = 2 if opens else 1 if turn > 0.35 else 0
        layers = self._lightest(place, shape, arc, before, changes)
        stays = before is not None and layers - {Layer.MELODY} == before.layers - {Layer.MELODY}
        figure += (stays or opens) and stream.chance(0.7 * arc.change)
        self._last = Scoring(layers, self._doubles(place, layers, arc, stream), figure)
        self._heard.append(layers)
        return self._last

    def _doubles(self, place: Place, layers: Layers, arc: Arc, stream: Stream) -> bool:
        """Whether the second voice doubles the melody: where a section returns, and more readily while the music builds."""
        wanted = stream.chance(0.6 if arc.doubling else 0.3)
        return Layer.COUNTER in layers and Layer.MELODY in layers and wanted and (arc.doubling or place.turn > 0)

    def _lightest(self, place: Place, shape: Shape, arc: Arc, before: Scoring | None, changes: int) -> Layers:
        size = self._size(place, shape, arc)
        sings = place.sings and size > 1 and Layer.MELODY in self._style.layers
        able, needed = self._able(place, shape, arc, sings=sings), self._needed(place, shape, sings=sings)
        size = max(len(needed), min(len(able), size))
        rest = sorted(able - needed)
        taste = self._taste(place, shape)
        best: tuple[float, list[Layer]] | None = None
        for added in (added for count in range(size - len(needed) + 1) for added in combinations(rest, count)):
            layers = needed | set(added)
            if not (layers & GROUND or (sings and len(layers) > 1)):
                continue
            # In a fixed order, because sums of fractions depend on it.
            liked = sum(taste[layer] for layer in sorted(layers))
            weight = EMPTIER * (size - len(layers)) - liked + HEARD * self._heard.count(layers)
            if before is not None:
                moved = len((layers ^ before.layers) - {Layer.MELODY})
                weight += CHANGE * abs(moved - changes)
            if best is None or (weight, sorted(layers)) < best:
                best = (weight, sorted(layers))
        # A style may have nothing that carries music alone; then it plays what it has.
        return frozenset(best[1] if best is not None else sorted(able or self._style.layers)[: max(1, size)])

    def _able(self, place: Place, shape: Shape, arc: Arc, *, sings: bool) -> Layers:
        able = set(self._style.layers)
        if not sings:
            able -= {Layer.MELODY, Layer.COUNTER}
        if not arc.counter or place.letter == "fragment":
            able.discard(Layer.COUNTER)
        lively = arc.percussion and shape.arousal > LIVELY and place.letter in SUITS
        if not lively:
            able.discard(Layer.PERCUSSION)
        return frozenset(able)

    def _needed(self, place: Place, shape: Shape, *, sings: bool) -> Layers:
        needed = {Layer.MELODY} if sings else set()
        if shape.breath_per_min is not None or place.letter == "drone":
            # The pad carries the swell that the breath may follow, and what is left at the end.
            needed.add(Layer.PAD)
        return frozenset(needed & self._style.layers)

    def _size(self, place: Place, shape: Shape, arc: Arc) -> int:
        """How many layers there may be."""
        asked = max(1, min(shape.voices, arc.most))
        if place.letter not in SUITS:
            return min(asked, 2 if place.letter in ("intro", "quiet", "fragment") else asked)
        thin = arc.thin if arc.stage is Stage.OPEN else 0
        return max(min(2, asked), asked - thin)

    def _taste(self, place: Place, shape: Shape) -> dict[Layer, float]:
        stream = self._streams.of("orchestration", "taste", place.chapter, place.theme)
        own = {layer: stream.between(-TASTE, TASTE) for layer in Layer}
        suits = SUITS.get(place.letter, REST_SUITS)
        taste = {layer: suits.get(layer, 0.0) + (own[layer] if place.letter in SUITS else 0.3 * own[layer]) for layer in Layer}
        taste[Layer.COUNTER] += AGAIN * place.turn
        # What moves carries lively music, what is held carries calm music.
        taste[Layer.HARMONY] += MOVING * shape.arousal
        taste[Layer.PAD] -= MUDDY * max(0.0, shape.arousal)
        if place.phrase == 0 and place.letter in SUITS:
            # A section opens clearly: what is new in it is the theme.
            taste[Layer.COUNTER] -= 0.5
        return taste


def doubled(melody: tuple[Note, ...], *, high: bool) -> tuple[Note, ...]:
    """The melody once more in the second voice, an octave away and softer. high: above rather than below."""
    way = DOUBLING_GAP if high else -DOUBLING_GAP
    return tuple(
        Note(note.beat, note.duration, note.pitch + way, max(1, note.velocity - 10), Layer.COUNTER)
        for note in melody
        if 21 <= note.pitch + way <= 108
    )


def texture_for(streams: Streams, style: Style, chapter: int, arc: Arc) -> Mapping[Texture, float]:
    """The sound of nature in which a chapter lies, with its level in dB; empty for most chapters of most goals."""
    stream = streams.of("orchestration", "texture", chapter)
    drawn, which = stream.unit(), stream.unit()
    if not style.textures or drawn >= arc.texture:
        return {}
    return {style.textures[int(which * len(style.textures))]: TEXTURE_DB}
