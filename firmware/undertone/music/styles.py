"""Styles: what the music is played on and how its accompaniment moves, as descriptions.

To add a style, write one more `Style` below and put it into `STYLES`; nothing else changes. Balance the gains so that, with
everything sounding, the melody is heard first and the pad last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from undertone.errors import UndertoneError
from undertone.flow import Layer

__all__ = ["STYLES", "TRIM_DB", "Style", "style_named"]

TRIM_DB: Mapping[int, float] = MappingProxyType(
    {0: 2.5, 8: 0.0, 11: 4.5, 32: 2.0, 46: -0.5, 49: -7.5, 89: 0.0, 91: -4.5}
)
"""What to add to a General MIDI program so that all are equally loud at the same velocity, where it is known, dB.

Source: integrated loudness (BS.1770) of this composer's layers played with FluidR3_GM, measured without effects.
"""

UP = (0, 1, 2, 3, 4, 3, 2, 1)
ROLLING = (0, 2, 1, 3, 2, 4, 3, 1)
ALBERTI = (0, 3, 2, 3, 1, 3, 2, 3)
WIDE = (0, 2, 4, 3, 1, 3, 4, 2)
FALLING = (0, 4, 3, 2, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Style:
    """One way for this music to sound."""

    name: str
    about: str
    """A sentence for the listener."""
    programs: Mapping[Layer, tuple[int, ...]]
    """General MIDI programs of each layer, 0…127; each chapter takes the next one."""
    gains_db: Mapping[Layer, float]
    """Balance of the layers when they are present, as for programs that are equally loud."""
    figures: tuple[tuple[int, ...], ...]
    """Orders in which the broken chords take their five notes: 0 the lowest (the root), 4 the highest."""
    metres: tuple[tuple[int, float], ...] = ((4, 3.0), (3, 1.0))
    """Quarter notes in a bar, with weights; drawn for each chapter."""
    sustain: float = 1.0
    """How far notes of the broken chords ring towards the end of their chord, 0…1: a pedal."""
    chord_centre: float = 62.0
    """Around which MIDI note the chords lie, unless the melody is so low that they make room for it."""
    lift: int = 0
    """Semitones by which the melody sounds higher than elsewhere."""
    density: float = 1.0
    """Factor on the number of notes."""
    brightness: float = 1.0
    """Factor on the corner of the low-pass."""

    def program(self, layer: Layer, chapter: int) -> int:
        """The General MIDI program of a layer in a chapter."""
        choices = self.programs[layer]
        return choices[chapter % len(choices)]

    def gain_db(self, layer: Layer, chapter: int) -> float:
        """The gain of a layer when it is fully there."""
        return self.gains_db[layer] + TRIM_DB.get(self.program(layer, chapter), 0.0)


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        style.name: style
        for style in (
            Style(
                "piano",
                "A soft piano over warm strings.",
                programs={Layer.PAD: (49, 89), Layer.BASS: (32,), Layer.HARMONY: (0,), Layer.MELODY: (0,), Layer.COUNTER: (0,), Layer.PERCUSSION: (0,)},
                gains_db={Layer.PAD: -9.0, Layer.BASS: -6.0, Layer.HARMONY: -4.0, Layer.MELODY: 0.0, Layer.COUNTER: -4.0, Layer.PERCUSSION: -12.0},
                figures=(UP, ROLLING, WIDE, ALBERTI),
                brightness=1.25,
            ),
            Style(
                "harp",
                "A harp with a celesta above it and quiet choir behind.",
                programs={Layer.PAD: (91, 49), Layer.BASS: (32,), Layer.HARMONY: (46,), Layer.MELODY: (8, 11), Layer.COUNTER: (8, 11), Layer.PERCUSSION: (0,)},
                gains_db={Layer.PAD: -10.0, Layer.BASS: -6.0, Layer.HARMONY: -3.0, Layer.MELODY: 0.0, Layer.COUNTER: -4.0, Layer.PERCUSSION: -12.0},
                figures=(UP, WIDE, FALLING, ROLLING),
                metres=((4, 2.0), (3, 2.0)),
                lift=5,
                brightness=1.2,
            ),
            Style(
                "bells",
                "Vibraphone and small bells over a slow drone.",
                programs={Layer.PAD: (89, 91), Layer.BASS: (32,), Layer.HARMONY: (11,), Layer.MELODY: (8, 11), Layer.COUNTER: (8, 11), Layer.PERCUSSION: (0,)},
                gains_db={Layer.PAD: -9.0, Layer.BASS: -7.0, Layer.HARMONY: -3.0, Layer.MELODY: 0.0, Layer.COUNTER: -4.0, Layer.PERCUSSION: -12.0},
                figures=(WIDE, FALLING, ROLLING),
                metres=((3, 2.0), (4, 2.0)),
                chord_centre=64.0,
                lift=3,
                density=0.8,
                brightness=1.2,
            ),
        )
    }
)
"""Every style by its name."""


def style_named(name: str) -> Style:
    """The style of this name.

    Raises UndertoneError, naming what there is, when there is none.
    """
    if name in STYLES:
        return STYLES[name]
    close = get_close_matches(name, STYLES, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "choose one of these."
    raise UndertoneError(f"There is no style {name!r}; there are {', '.join(sorted(STYLES))}: {hint}")
