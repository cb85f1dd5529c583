"""Music: from what guidance asks for to bars of notes.

`Composer` writes one bar after the other from a seed, without end; `score_text`, `piano_roll` and `write_midi` show them.
Read `composer` first, then `phrase` (what a phrase is) and `ensemble` (how its layers are played).
"""

from __future__ import annotations

from undertone.music.composer import Composer
from undertone.music.midi import write_midi
from undertone.music.score import Block, piano_roll, score_text
from undertone.music.styles import STYLES, Style, style_named

__all__ = ["STYLES", "Block", "Composer", "Style", "piano_roll", "score_text", "style_named", "write_midi"]
