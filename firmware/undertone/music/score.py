"""Scores for people: as text that can be compared line by line, and as blocks for a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from undertone.flow import Bar, Layer, Note
from undertone.music.provenance import GENERATED, Provenance
from undertone.music.theory import pitch_name

__all__ = ["Block", "piano_roll", "score_text"]


class Block(NamedTuple):
    """A note as a block of a piano roll."""

    start_s: float
    """Seconds since the first bar."""
    duration_s: float
    pitch: int
    velocity: int
    layer: Layer


def piano_roll(bars: Iterable[Bar]) -> tuple[Block, ...]:
    """All notes with their times in seconds, bar after bar."""
    blocks, start = [], 0.0
    for bar in bars:
        beat = 60.0 / bar.tempo_bpm
        blocks += [Block(start + n.beat * beat, n.duration * beat, n.pitch, n.velocity, n.layer) for n in bar.notes]
        start += bar.seconds
    return tuple(blocks)


def _written(note: Note) -> str:
    return f"{note.beat:g}:{pitch_name(note.pitch)}/{note.duration:g}v{note.velocity}"


def _headline(bar: Bar) -> str:
    breath = "" if bar.breath_per_min is None else f"  breath {bar.breath_per_min:.2f}/min {bar.swell_db:.1f} dB"
    return (
        f"bar {bar.index}  {bar.section}  {bar.beats}/4 {bar.tempo_bpm:.2f} bpm  {bar.level_db:.1f} dB"
        f"  {bar.key}  {bar.chord}  {bar.low_pass_hz:.0f} Hz  room {bar.reverb_wet:.2f} {bar.reverb_seconds:.1f} s{breath}"
    )


def score_text(bars: Iterable[Bar], *, provenance: Provenance | None = None) -> str:
    """The bars as text: a line on each bar, then a line for each layer that plays.

    A note reads onset:name/duration in beats, then v and its velocity: `1.5:E4/0.5v62`. Gains stand before the layer's notes.
    Where the music comes from stands above it, after `#`, and again wherever other people's music begins.
    """
    lines = [] if provenance is None else [f"# {line}" for line in provenance.as_text().splitlines()]
    origin = ""
    for bar in bars:
        if bar.origin not in ("", GENERATED, origin):
            lines.append(f"# {bar.origin}")
        origin = bar.origin
        lines.append(_headline(bar))
        for layer in Layer:
            notes = [_written(note) for note in bar.notes if note.layer is layer]
            if notes:
                lines.append(f"  {layer.value} [{bar.programs[layer]}, {bar.gains_db[layer]:.1f} dB] {' '.join(notes)}")
    return "\n".join(lines) + "\n"
