"""A listener's MIDI files: what is melody, where the bars are, and a sentence for whatever cannot be played."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import UndertoneError
from undertone.flow import Layer
from undertone.music.midi import BYTES_LIMIT, MidiError, read_messages
from undertone.music.midi_in import piece_from, read_midi
from undertone.music.sheet import Piece, unfolded

Row = Sequence[tuple[float, float, int]]
"""Onset and length in quarter notes, pitch."""


def track(notes: Row, *, channel: int = 0, program: int = 0, velocity: int = 70, ticks: int = 480) -> mido.MidiTrack:
    events = [(0, 0, mido.Message("program_change", channel=channel, program=program))]
    for onset, length, pitch in notes:
        events.append((round(onset * ticks), 2, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((round((onset + length) * ticks), 1, mido.Message("note_off", channel=channel, note=pitch)))
    made, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        made.append(message.copy(time=tick - now))
        now = tick
    return made


def saved(*tracks: mido.MidiTrack, kind: int = 1, ticks: int = 480) -> bytes:
    file, target = mido.MidiFile(type=kind, ticks_per_beat=ticks), BytesIO()
    file.tracks.extend(tracks)
    file.save(file=target)
    return target.getvalue()


def conducted(*messages: mido.MetaMessage) -> mido.MidiTrack:
    return mido.MidiTrack(messages)


def layer(piece: Piece, which: Layer) -> list[tuple[float, int]]:
    return [(event.beat, event.pitch) for event in piece.sections["A"].events if event.layer is which]


PITCHES = (72, 74, 76, 77, 79, 77, 76, 74, 72, 71, 72, 74, 72, 74, 76, 72)
TUNE = [(float(beat), 1.0, pitch) for beat, pitch in enumerate(PITCHES)]
CHORDS = [(2.0 * half, 2.0, pitch) for half in range(8) for pitch in (60, 64, 67)]
LOW = [(4.0 * bar, 4.0, pitch) for bar, pitch in enumerate((36, 43, 41, 36))]


def test_tracks_become_layers_by_where_they_lie_and_how_they_move() -> None:
    strings = [(4.0 * bar, 4.0, pitch) for bar in range(4) for pitch in (52, 60)]
    drums = [(float(beat), 0.1, 36) for beat in range(16)]
    piece = piece_from(
        saved(
            track(CHORDS, channel=0),
            track(TUNE, channel=1),
            track(strings, channel=2, program=48),
            track(LOW, channel=3),
            track(drums, channel=9),
        ),
        "tune.mid",
    )
    assert layer(piece, Layer.MELODY) == [(onset, pitch) for onset, _, pitch in TUNE]
    assert layer(piece, Layer.BASS) == [(onset, pitch) for onset, _, pitch in LOW]
    assert layer(piece, Layer.HARMONY) == [(onset, pitch) for onset, _, pitch in CHORDS]
    assert layer(piece, Layer.PAD) == [(onset, pitch) for onset, _, pitch in strings]
    assert layer(piece, Layer.PERCUSSION) == [(onset, pitch) for onset, _, pitch in drums]
    assert (piece.title, piece.key.name, piece.metre, piece.tempo_bpm) == ("tune", "C ionian", (4, 4), 120.0)


def test_a_piano_on_one_track_is_taken_apart() -> None:
    piece = piece_from(saved(track([*TUNE, *CHORDS, *LOW]), kind=0), "piano.mid")
    assert layer(piece, Layer.MELODY) == [(onset, pitch) for onset, _, pitch in TUNE]
    assert layer(piece, Layer.BASS) == [(onset, pitch) for onset, _, pitch in LOW]
    assert layer(piece, Layer.HARMONY) == [(onset, pitch) for onset, _, pitch in CHORDS]


def test_metre_tempo_key_and_title_are_read() -> None:
    head = conducted(
        mido.MetaMessage("track_name", name="Süße Ruh"),
        mido.MetaMessage("copyright", text="© Somebody"),
        mido.MetaMessage("time_signature", numerator=6, denominator=8),
        mido.MetaMessage("key_signature", key="F"),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60)),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(120), time=480 * 8),
    )
    piece = piece_from(saved(head, track([(0.0, 3.0, 65), (3.0, 3.0, 69), (6.0, 3.0, 72), (9.0, 6.0, 65)])), "a.mid")
    assert (piece.title, piece.metre, piece.key.name) == ("Süße Ruh", (6, 8), "F ionian")
    assert 60 < piece.tempo_bpm < 70, "eight slow beats and one quick one, each as long as it lasts"
    assert "© Somebody" in piece.licence
    assert [measure.beats for measure in unfolded(piece)] == [3] * 4


def test_what_was_played_is_moved_to_the_grid_and_what_was_typed_stays() -> None:
    rng = random.Random(1)
    played = [(max(0.0, onset + rng.uniform(-0.06, 0.06)), 0.8, pitch) for onset, _, pitch in TUNE]
    piece = piece_from(saved(track(played)), "played.mid")
    assert [event.beat for event in piece.sections["A"].events] == pytest.approx([onset for onset, _, _ in TUNE], abs=0.09)
    assert all(abs(12 * event.beat - round(12 * event.beat)) < 1e-6 for event in piece.sections["A"].events)
    typed = [(onset, 0.25, pitch) for onset, _, pitch in TUNE]
    typed[3] = (3.05, 0.25, 77)
    kept = piece_from(saved(track(typed)), "t.mid").sections["A"].events
    assert kept[3].beat == pytest.approx(3.05, abs=0.003)


def test_louder_notes_weigh_more() -> None:
    piece = piece_from(saved(track(TUNE, velocity=90), track(CHORDS, channel=1, velocity=40)), "a.mid")
    weights = {event.layer: event.weight for event in piece.sections["A"].events}
    assert weights[Layer.MELODY] > weights[Layer.HARMONY] + 0.2


@pytest.mark.parametrize(("bpm", "heard", "factor"), [(600, 300, 0.5), (8, 32, 4), (90, 90, 1)])
def test_an_absurd_tempo_is_counted_in_halves_or_doubles(bpm: float, heard: float, factor: float) -> None:
    head = conducted(mido.MetaMessage("set_tempo", tempo=round(mido.bpm2tempo(bpm))))
    piece = piece_from(saved(head, track(TUNE)), "fast.mid")
    assert piece.tempo_bpm == pytest.approx(heard, rel=0.01)
    assert layer(piece, Layer.MELODY)[1] == (factor, 74)


def test_silence_before_the_first_note_is_left_out_and_phrases_are_found() -> None:
    rows = [(40.0 + 16 * phrase + beat, 0.9, 60 + beat % 5) for phrase in range(3) for beat in range(14)]
    piece = piece_from(saved(track(rows)), "late.mid")
    assert layer(piece, Layer.MELODY)[0] == (0.0, 60)
    assert [index for index, measure in enumerate(unfolded(piece)) if measure.opens] == [0, 4, 8]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(100), "not a MIDI file"),
        (saved(track(TUNE))[:60], "damaged or cut short"),
        (saved(), "no notes"),
        (saved(track([])), "no notes"),
        (saved(track(TUNE), kind=1)[:8] + struct.pack(">HHH", 2, 1, 480) + saved(track(TUNE))[14:], "separate patterns"),
        (b"MThd" + struct.pack(">LHHH", 6, 1, 65535, 480), "claims 65535 tracks"),
        (b"MThd" + struct.pack(">LHHH", 6, 1, 1, 0xE728) + bytes(20), "film frames"),
        (b"MThd" + struct.pack(">LHHH", 6, 1, 1, 0) + bytes(20), "film frames"),
        (b"MThd" + struct.pack(">LHHH", 6, 1, 1, 480) + b"MTrk" + struct.pack(">L", 50000) + b"\xff" * 50000, "does not end"),
        (saved(track(TUNE)) + bytes(BYTES_LIMIT), "larger than"),
        (saved(track([(0.0, 1.0, 60), (500_000.0, 1.0, 60)])), "longer than"),
        (saved(track([(0.01 * n, 0.01, 60 + n % 7) for n in range(20_500)])), "at most 20000"),
    ],
)
def test_whatever_cannot_be_played_is_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(MidiError, match=words):
        piece_from(data, "own.mid")


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match=r"gone\.mid cannot be read"):
        read_midi(tmp_path / "gone.mid")
    with pytest.raises(MidiError, match="cannot be read"):
        read_midi(tmp_path)


def test_notes_without_an_end_and_doubled_notes_do_no_harm() -> None:
    head = mido.MidiTrack([mido.Message("note_on", note=60), mido.Message("note_on", note=60, time=480)])
    piece = piece_from(saved(head), "endless.mid")
    assert [(event.beat, event.duration) for event in piece.sections["A"].events] == [(0, 1), (1, 1)]


messages = st.one_of(
    st.builds(
        lambda kind, channel, note, loud, time: mido.Message(kind, channel=channel, note=note, velocity=loud, time=time),
        st.sampled_from(["note_on", "note_off"]), st.integers(0, 15), st.integers(0, 127), st.integers(0, 127),
        st.integers(0, 5000) | st.integers(0, 2**28 - 1),
    ),
    st.builds(lambda tempo: mido.MetaMessage("set_tempo", tempo=tempo), st.integers(0, 2**24 - 1)),
    st.builds(
        lambda above, below: mido.MetaMessage("time_signature", numerator=above, denominator=2**below),
        st.integers(0, 255), st.integers(0, 9),
    ),
    st.builds(lambda program: mido.Message("program_change", program=program), st.integers(0, 127)),
)  # fmt: skip


@given(st.lists(st.lists(messages, max_size=30), max_size=5), st.integers(1, 0x7FFF), st.integers(0, 1))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_well_formed_file_is_a_piece_or_a_sentence(rows: list[list[mido.Message]], ticks: int, kind: int) -> None:
    tracks = [mido.MidiTrack(row) for row in ([*rows, []][:1] if kind == 0 else rows)]
    try:
        piece = piece_from(saved(*tracks, kind=kind, ticks=ticks), "x.mid")
    except UndertoneError as error:
        assert str(error).startswith("x.mid")
        return
    measures = unfolded(piece)
    assert 10 <= piece.tempo_bpm <= 400
    for measure in measures:
        assert measure.beats >= 2
        for event in measure.events:
            assert 0 <= event.beat < measure.beats and 0 < event.duration <= 64 and 21 <= event.pitch <= 108


WHOLE = saved(
    conducted(*(mido.MetaMessage(kind) for kind in ("track_name", "key_signature", "time_signature", "set_tempo"))),
    track(TUNE),
    track(CHORDS, channel=9),
)


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, len(WHOLE)),
    st.binary(max_size=30),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_hostile_bytes_are_a_piece_or_a_sentence(changes: list[tuple[int, int]], cut: int, extra: bytes) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    spoilt = bytes(data)
    for hostile in (spoilt, spoilt[:cut] + extra + spoilt[cut:], spoilt[:14] + extra, WHOLE[:14] + extra * 9):
        with suppress(UndertoneError):
            assert unfolded(piece_from(hostile, "x.mid"))


def test_the_largest_file_that_is_read_costs_little(tmp_path: Path) -> None:
    """Running status, three bytes for a note: the most messages for the bytes that are allowed."""
    body = b"\x00\x90\x3c\x40" + b"\x01\x3c\x40\x01\x3c\x00" * ((60_000 - 30) // 6) + b"\x00\xff\x2f\x00"
    data = b"MThd" + struct.pack(">LHHH", 6, 1, 1, 480) + b"MTrk" + struct.pack(">L", len(body)) + body
    assert len(read_messages(data, "dense.mid").notes) > 9000
    assert len(unfolded(piece_from(data, "dense.mid"))) < 20
