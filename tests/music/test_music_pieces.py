"""The pieces that come with Undertone: complete, in tune with the files they were set from, and fit to be played."""

from __future__ import annotations

import csv
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import mido
import pytest

from undertone.errors import UndertoneError
from undertone.flow import Layer
from undertone.music.notation import parse, write
from undertone.music.pieces import PIECES, piece_named
from undertone.music.sheet import Piece, unfolded

PROJECT = Path(__file__).resolve().parents[2]

SET_FROM = {
    "aus-meines-herzens-grunde": "BachJS__bwv_269",
    "cranham": "HolstGT__cranham",
    "greensleeves": "Traditional__Greensleaves",
    "gymnopedie-1": "SatieE__gymnopedie_1",
    "gymnopedie-3": "SatieE__gymnopedie_3",
    "new-britain": "Anonymous__new_britain",
    "o-haupt": "BachJS__O_Haupt_voll_Blut",
    "of-foreign-lands": "SchumannR__SchumannOp15No01",
    "prelude-20": "ChopinFF__Chop-28-20",
    "prelude-4": "ChopinFF__Chop-28-4",
    "prelude-in-c": "BachJS__wtk1-prelude1",
    "stille-nacht": "GruberFX__stille_nacht",
    "traeumerei": "SchumannR__SchumannOp15No07",
    "tryggare": "Traditional__tryggare_kan_ingen_vara",
    "wiegenlied": "BrahmsJ__LullabyBrahms-C",
}
"""The file of the corpus that each piece was set from; the others were set by hand."""


@pytest.fixture(scope="module")
def corpus() -> Path:
    """The folder of human-composed music, or a skip that says why."""
    folder = Path(os.environ.get("UNDERTONE_CORPUS", PROJECT.parent / "shared" / "corpus"))
    if not (folder / "calm" / "MANIFEST.csv").is_file():
        pytest.skip(f"no corpus in {folder}; set UNDERTONE_CORPUS to the folder that holds it")
    return folder / "calm"


def filed(path: Path) -> list[tuple[float, float, int]]:
    """The notes of a MIDI file: onset, length, pitch."""
    file, notes = mido.MidiFile(path), []
    for track in file.tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                sounding[message.note] = now
            elif message.type in ("note_on", "note_off") and message.note in sounding:
                start = sounding.pop(message.note)
                notes.append((start / file.ticks_per_beat, (now - start) / file.ticks_per_beat, message.note))
    return sorted(notes)


def agreement(piece: Piece, layers: set[Layer], there: list[tuple[float, float, int]]) -> float:
    """Share of the notes of some layers that the file has: the same pitch at the same time, to an eighth of a beat.

    A section may lie anywhere in the file, but all of it in one place, or in two where a bar of the file was put right.
    """
    pairs = {(round(8 * onset), pitch) for onset, _, pitch in there}
    agreed, count = 0, 0
    for section in piece.sections.values():
        left = [(round(8 * event.beat), event.pitch) for event in section.events if event.layer in layers]
        count += len(left)
        for _ in range(2):
            shifts = Counter(when - onset for onset, pitch in left for when, other in pairs if other == pitch)
            if not shifts:
                break
            best = max(shifts, key=lambda shift: (shifts[shift], -abs(shift)))
            kept = [(onset, pitch) for onset, pitch in left if (onset + best, pitch) not in pairs]
            agreed += len(left) - len(kept)
            left = kept
    return agreed / count


@pytest.mark.parametrize("name", sorted(SET_FROM))
def test_a_piece_agrees_with_the_file_it_was_set_from(name: str, corpus: Path) -> None:
    piece, there = piece_named(name), filed(corpus / f"{SET_FROM[name]}.mid")
    used = {event.layer for section in piece.sections.values() for event in section.events}
    lead = {Layer.MELODY} if Layer.MELODY in used else {Layer.HARMONY}
    assert agreement(piece, lead, there) >= 0.99
    assert agreement(piece, used - ({Layer.BASS} if "bass" in piece.about else set()), there) >= 0.99
    # The comparison is not blind: a semitone or half a beat elsewhere is seen.
    assert agreement(piece, lead, [(onset, length, pitch + 1) for onset, length, pitch in there]) < 0.6


def test_the_files_are_in_the_public_domain(corpus: Path) -> None:
    with (corpus / "MANIFEST.csv").open(newline="") as file:
        licences = {row["file"].removesuffix(".mid"): row["licence"] for row in csv.DictReader(file)}
    assert {licences[name] for name in SET_FROM.values()} == {"Public Domain"}


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_is_complete_and_playable(name: str) -> None:
    piece = piece_named(name)
    assert piece.title and piece.composer and piece.source and piece.licence == "public domain"
    measures = unfolded(piece)
    seconds = sum(measure.beats for measure in measures) * 60.0 / piece.tempo_bpm
    assert 30 <= seconds <= 300
    assert 40 <= piece.tempo_bpm <= 112
    assert 1 <= measures[0].beats <= 6
    assert parse(write(piece)) == piece
    opened = [index for index, measure in enumerate(measures) if measure.opens]
    assert all(after - before <= 17 for before, after in zip(opened, [*opened[1:], len(measures)], strict=True))
    assert all(before.events or after.events for before, after in pairwise(measures))
    for measure in measures:
        for layer in Layer:
            sounding = [event for event in measure.events if event.layer is layer]
            assert len({(event.beat, event.pitch) for event in sounding}) == len(sounding), "a note stands twice"
    tune = [event.pitch for measure in measures for event in measure.events if event.layer is Layer.MELODY]
    assert not tune or 55 <= sum(tune) / len(tune) <= 80


def test_there_are_enough_pieces_and_of_different_kinds() -> None:
    pieces = [piece_named(name) for name in PIECES]
    assert len(pieces) >= 12
    assert {piece.metre for piece in pieces} >= {(3, 4), (4, 4), (6, 8), (2, 4)}
    assert {piece.key.mode.name for piece in pieces} == {"ionian", "aeolian"}
    assert set(SET_FROM) <= set(PIECES)


def test_a_name_that_is_not_there_is_a_sentence_with_the_nearest() -> None:
    with pytest.raises(UndertoneError, match="did you mean 'greensleeves'"):
        piece_named("greensleves")
    with pytest.raises(UndertoneError, match="choose one"):
        piece_named("zzz")
