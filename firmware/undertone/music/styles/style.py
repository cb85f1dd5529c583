"""What a style is: which layers there are, what they are played on, and how each of them moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from undertone.flow import Layer, Texture
from undertone.music.styles.balance import trim_db

__all__ = ["Bed", "Figuration", "Ground", "Song", "Style"]


class Song(StrEnum):
    """What the melody does."""

    THEME = "theme"
    """It sings the themes of the piece."""
    LOOPS = "loops"
    """A few small figures that each come back after a time of their own, bound to no bar."""


class Figuration(StrEnum):
    """How the accompaniment moves."""

    BROKEN = "broken"
    """Chords one note after the other, in the order of a figure."""
    HELD = "held"
    """Chords struck together and held, with single notes between."""
    ROCKING = "rocking"
    """A low note, then thirds and sixths to and fro, as a cradle goes."""
    PICKING = "picking"
    """Thumb on the beats, fingers between them, as a guitar is picked."""
    ARPEGGIO = "arpeggio"
    """Each chord spread once, slowly, and left to ring: then a rest."""
    INNER = "inner"
    """Held voices of which one at a time moves by step."""
    OFFBEAT = "offbeat"
    """A low note on the beat, short chords off it; only where the music is lively."""
    LOOPS = "loops"
    """Figures with periods of their own, bound to no bar."""


class Ground(StrEnum):
    """What the bass does."""

    WALKING = "walking"
    """Goes from chord to chord, with more steps as the music gets livelier."""
    HELD = "held"
    """One long note for each chord."""
    TENTHS = "tenths"
    """The low note, then the third of the chord a tenth above it."""
    PEDAL = "pedal"
    """Stays on the tonic, or else the fifth, under every chord that has it."""


class Bed(StrEnum):
    """What the pad holds."""

    CHORDS = "chords"
    """Every chord, with suspensions."""
    FIFTHS = "fifths"
    """Root and fifth of every chord, without its third."""
    DRONE = "drone"
    """Tonic and fifth, as long as they do not rub against the chord."""


@dataclass(frozen=True, slots=True)
class Style:
    """One way for this music to sound."""

    name: str
    about: str
    """A sentence for the listener."""
    programs: Mapping[Layer, tuple[int, ...]]
    """General MIDI programs of each layer it has, 0…127 (for percussion: drum kits); each chapter takes the next one."""
    gains_db: Mapping[Layer, float]
    """Balance of the layers when they are present, as for programs that are equally loud."""
    figures: tuple[tuple[int, ...], ...]
    """Orders in which broken chords take their five notes: 0 the lowest (the root), 4 the highest."""
    song: Song = Song.THEME
    figurations: tuple[tuple[Figuration, float], ...] = ((Figuration.BROKEN, 1.0),)
    """How the accompaniment may move, with weights; drawn for each section."""
    grounds: tuple[tuple[Ground, float], ...] = ((Ground.WALKING, 1.0),)
    """The same for the bass, drawn for each chapter."""
    bed: Bed = Bed.CHORDS
    strokes: tuple[str, ...] = ()
    """What the percussion plays on: names of `percussion.STROKES`."""
    swing: float = 0.0
    """How much later than even the second half of each beat comes in the percussion: 0 even, 1 as in triplets."""
    textures: tuple[Texture, ...] = ()
    """Sounds of nature that suit it."""
    metres: tuple[tuple[int, float], ...] = ((4, 3.0), (3, 1.0))
    """Quarter notes in a bar, with weights; drawn for each chapter."""
    sustain: float = 1.0
    """How far notes of the accompaniment ring towards the end of their chord, 0…1: a pedal."""
    chord_centre: float = 62.0
    """Around which MIDI note the chords lie, unless the melody is so low that they make room for it."""
    lift: int = 0
    """Semitones by which the melody sounds higher than elsewhere."""
    octave: int = 0
    """Octaves by which the accompaniment sounds higher than its chords lie."""
    legato: float = 1.0
    """Factor on how long the melody's notes are held."""
    touch: float = 0.0
    """Velocity added to every note: brighter above 0, duller below."""
    density: float = 1.0
    """Factor on the number of notes."""
    brightness: float = 1.0
    """Factor on the corner of the low-pass."""
    room: float = 1.0
    """Factor on the share of the room in what is heard."""
    origin: str = field(default="", compare=False)
    """Where it was read from."""

    @property
    def layers(self) -> frozenset[Layer]:
        """The layers that it has at all."""
        return frozenset(self.programs)

    @property
    def percussion(self) -> bool:
        """Whether it allows soft percussion."""
        return Layer.PERCUSSION in self.programs

    def program(self, layer: Layer, chapter: int) -> int:
        """The General MIDI program of a layer in a chapter; 0 for a layer that it has not."""
        choices = self.programs.get(layer, (0,))
        return choices[chapter % len(choices)]

    def gain_db(self, layer: Layer, chapter: int) -> float:
        """The gain of a layer when it is fully there; that of a layer it has not means nothing."""
        return self.gains_db.get(layer, -12.0) + trim_db(layer, self.program(layer, chapter))
