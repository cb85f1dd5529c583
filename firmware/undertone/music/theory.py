"""Notes, modes, keys and chords, with their names.

A key is a signature and a mode. Keys of one signature share all their notes, so moving between them changes the centre and
nothing else; that is how this music darkens and brightens. A *step* counts the notes of a key: step 0 is the tonic nearest
below or at middle C + 6, step 7 the tonic an octave above.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["AEOLIAN", "DORIAN", "IONIAN", "LYDIAN", "MIXOLYDIAN", "MODES", "PHRYGIAN", "Chord", "Key", "Mode", "pitch_name"]

LETTERS = "CDEFGAB"
NATURAL = (0, 2, 4, 5, 7, 9, 11)
SHARPS = "FCGDAEB"
"""Letters in the order in which a signature sharpens them; flats come in the reverse order."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to hear seven notes around one of them."""

    name: str
    steps: tuple[int, ...]
    """Semitones of the seven notes above the tonic."""
    happiness: float
    """Share of listeners who judged a melody in it the happier one.

    Source: Temperley & Tan 2013, figure 10.
    """
    degree: int
    """Where its tonic stands in the Ionian scale of the same signature, 0…6."""
    share: float | None = None
    """How much of what is played in it should sound major, 0…1; None leaves that to its happiness."""

    @property
    def majorness(self) -> float:
        """The share of major if one is asked for; else from 0 for the darkest mode to 1 for the brightest."""
        return (self.happiness - 0.21) / (0.83 - 0.21) if self.share is None else self.share


IONIAN = Mode("ionian", (0, 2, 4, 5, 7, 9, 11), 0.83, 0)
MIXOLYDIAN = Mode("mixolydian", (0, 2, 4, 5, 7, 9, 10), 0.64, 4)
LYDIAN = Mode("lydian", (0, 2, 4, 6, 7, 9, 11), 0.58, 3)
DORIAN = Mode("dorian", (0, 2, 3, 5, 7, 9, 10), 0.40, 1)
AEOLIAN = Mode("aeolian", (0, 2, 3, 5, 7, 8, 10), 0.34, 5)
PHRYGIAN = Mode("phrygian", (0, 1, 3, 5, 7, 8, 10), 0.21, 2)

MODES = (IONIAN, MIXOLYDIAN, LYDIAN, DORIAN, AEOLIAN, PHRYGIAN)
"""From bright to dark."""


def pitch_name(pitch: int) -> str:
    """The name of a MIDI note, spelt with sharps: 60 is "C4"."""
    return f"{('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')[pitch % 12]}{pitch // 12 - 1}"


@dataclass(frozen=True)
class Key:
    """Seven notes and which of them is home."""

    fifths: int
    """Sharps of the signature; negative for flats; −6…6."""
    mode: Mode

    @cached_property
    def tonic(self) -> int:
        """Pitch class of the home note, 0…11."""
        return (7 * self.fifths + NATURAL[self.mode.degree]) % 12

    @property
    def name(self) -> str:
        """For example "A dorian"."""
        return f"{self.spelled(0)} {self.mode.name}"

    @cached_property
    def pitch_classes(self) -> tuple[int, ...]:
        """The seven notes from the tonic up, 0…11 each."""
        return tuple((self.tonic + step) % 12 for step in self.mode.steps)

    def spelled(self, degree: int) -> str:
        """Name of the note on a degree (0…6 from the tonic), spelt as the signature spells it."""
        home = (4 * self.fifths + self.mode.degree) % 7
        letter = LETTERS[(home + degree) % 7]
        if self.fifths >= 0:
            place, sign, count = SHARPS.index(letter), "#", self.fifths
        else:
            place, sign, count = 6 - SHARPS.index(letter), "b", -self.fifths
        return letter + sign * ((count + 6 - place) // 7)

    def pitch(self, step: int) -> int:
        """MIDI note of a step; step 0 lies within 55…66."""
        base = 60 + self.tonic if self.tonic <= 6 else 48 + self.tonic
        return base + 12 * (step // 7) + self.mode.steps[step % 7]

    def step(self, pitch: float) -> int:
        """The step nearest to a MIDI note; of two equally near the lower one."""
        guess = round((pitch - self.pitch(0)) * 7 / 12)
        return min(range(guess - 1, guess + 2), key=lambda step: (abs(self.pitch(step) - pitch), step))


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes that sound together, built on a degree of a key."""

    name: str
    """For example "Am7"."""
    degree: int
    """Of its root in the key, 0…6."""
    root: int
    """Pitch class of the root."""
    tones: tuple[int, ...]
    """Pitch classes: root, third (or fourth), fifth, then at most one of seventh and ninth."""
    altered: tuple[tuple[int, int], ...] = field(default=())
    """Degrees of the key that this chord raises or lowers, with semitones."""

    @property
    def essential(self) -> tuple[int, ...]:
        """The pitch classes without which it would be another chord, when the bass has the root."""
        return (self.tones[1], self.tones[3]) if len(self.tones) > 3 else (self.tones[0], self.tones[1], self.tones[2])

    def pitch(self, key: Key, step: int) -> int:
        """MIDI note of a step of the key while this chord sounds."""
        return key.pitch(step) + dict(self.altered).get(step % 7, 0)
