"""What is measured: programmes of ours, pieces by people, and controls."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from undertone.device.recital import Plan, composed, held
from undertone.flow import Bar, Goal
from undertone.music import Composer
from undertone.report.piece import Piece, Sounding

__all__ = ["CONTROLS", "HUMAN", "PROGRAMMES", "bars_of", "control", "corpus", "human", "middle", "windows"]

WINDOW = 180.0
"""Seconds that are measured at a time: as long as the pieces by people are on which the gates were found."""
FEWEST = 40
"""Notes that a piece or a window must have to be judged."""
HUMAN = ("calm", "lively")
CONTROLS = ("random chromatic", "random diatonic", "walk", "loop")
PROGRAMMES: Mapping[str, Plan | Goal] = {**{goal.value: goal for goal in Goal}, "just play": held(0.0, 0.0)}
"""By name: those of the four goals, walked without a listener, and neutral music without a goal."""


def bars_of(style: str, programme: str, seed: int, minutes: float, **composer: Any) -> list[Bar]:
    """Our music. composer: given to `Composer` as well."""
    return composed(Composer(seed, style=style, **composer), PROGRAMMES[programme], minutes=minutes)


def windows(piece: Piece) -> Iterator[Piece]:
    """The piece in pieces of three minutes; what has hardly any notes is left out."""
    for index in itertools.count():
        if index * WINDOW > piece.seconds:
            return
        window = piece.within(index * WINDOW, (index + 1) * WINDOW)
        if len(window.notes) >= FEWEST and window.seconds > 0.5 * WINDOW:
            yield window


def middle(piece: Piece) -> Piece:
    """The three minutes in the middle."""
    return piece.within(0.5 * (piece.seconds - WINDOW), 0.5 * (piece.seconds + WINDOW))


def corpus() -> Path:
    """Where pieces by people are looked for."""
    return Path(os.environ.get("UNDERTONE_CORPUS", Path(__file__).resolve().parents[2].parent / "shared" / "corpus"))


def human(kind: str, *, named: str = "*") -> list[Piece]:
    """The first three minutes of each piece of one kind, "calm" or "lively"; none where the corpus is absent.

    named: a pattern of file names without their ending.
    """
    pieces = (_from_midi(path) for path in sorted((corpus() / kind).glob(f"{named}.mid")))
    return [piece for piece in pieces if len(piece.notes) > FEWEST]


def _from_midi(path: Path) -> Piece:
    import mido

    score = mido.MidiFile(path)
    sounding: dict[tuple[int, int], list[tuple[float, float]]] = {}
    notes: list[Sounding] = []
    starts, beat, second, tempo, metre = [0.0], 0.0, 0.0, 500_000, 4.0
    for message in mido.merge_tracks(score.tracks):
        beat += message.time / score.ticks_per_beat
        second += mido.tick2second(message.time, score.ticks_per_beat, tempo)
        if second > WINDOW:
            break
        while starts[-1] + metre <= beat + 1e-6:
            starts.append(starts[-1] + metre)
        if message.type == "set_tempo":
            tempo = message.tempo
        elif message.type == "time_signature":
            metre = message.numerator * 4 / message.denominator
        elif message.type == "note_on" and message.velocity and message.channel != 9:
            sounding.setdefault((message.channel, message.note), []).append((beat, second))
        elif message.type in ("note_on", "note_off") and sounding.get((message.channel, message.note)):
            start, began = sounding[message.channel, message.note].pop(0)
            notes.append(Sounding(start, beat - start, began, second - began, message.note))
    starts.append(starts[-1] + metre)
    return Piece(path.stem, tuple(sorted(notes, key=lambda note: (note.beat, note.pitch))), tuple(starts))


BEATS = 180
"""Of a control, at 60 a minute."""


def control(name: str, seed: int) -> Piece:
    """Music by no composer: what any measure must be able to tell from music."""
    chance = random.Random(f"control {seed}")
    scale = [pitch for pitch in range(48, 85) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    beats = [beat / 2 for beat in range(2 * BEATS) if chance.random() < 0.7]
    if name == "random chromatic":
        return _control(name, beats, [chance.randrange(48, 85) for _ in beats], 0.5)
    if name == "random diatonic":
        return _control(name, beats, [chance.choice(scale) for _ in beats], 0.5)
    if name == "walk":
        place, steps = len(scale) // 2, []
        for _ in beats:
            place = min(max(place + chance.choice((-2, -1, -1, 0, 1, 1, 2)), 0), len(scale) - 1)
            steps.append(scale[place])
        return _control(name, beats, steps, 0.5)
    bars = [chance.choice(scale) for _ in range(16)]
    return _control(name, [float(beat) for beat in range(BEATS)], bars * (BEATS // 16 + 1), 1.0)


def _control(name: str, beats: Sequence[float], pitches: Sequence[int], length: float) -> Piece:
    notes = [Sounding(beat, length, beat, length, pitch) for beat, pitch in zip(beats, pitches, strict=False)]
    return Piece(name, tuple(notes), tuple(float(beat) for beat in range(0, BEATS + 1, 4)))
