"""Music: from what guidance asks for to bars of notes.

Three make bars, each by one method, `compose(t, directive)`: `Composer` makes music up from a seed, without end; `Performer`
plays what people have written; `Recorded` plays recordings. A `Medley` lets several take turns. Read `composer` first, then
`phrase` (what a phrase is), `orchestration` (who plays in it) and `ensemble` (how).

`score_text`, `piano_roll` and `write_midi` show bars, and every file says where its music comes from (`Provenance`).
"""

from __future__ import annotations

from undertone.music.composer import Composer
from undertone.music.medley import Medley
from undertone.music.midi import write_midi
from undertone.music.performer import Performer
from undertone.music.provenance import Provenance
from undertone.music.recorded import Recorded, Track
from undertone.music.score import Block, piano_roll, score_text
from undertone.music.styles import STYLES, Style, style_named

__all__ = [
    "STYLES",
    "Block",
    "Composer",
    "Medley",
    "Performer",
    "Provenance",
    "Recorded",
    "Style",
    "Track",
    "piano_roll",
    "score_text",
    "style_named",
    "write_midi",
]
