"""What people wrote, played as the state asks: the same pieces, within the limits of change, with nobody's name lost."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import UndertoneError
from undertone.flow import Bar, Directive, Goal, Layer, Phase
from undertone.music.notation import parse
from undertone.music.performer import Performer
from undertone.music.pieces import PIECES, piece_named
from undertone.music.rendition import counted, rendition, transposed
from undertone.music.sheet import Piece, unfolded
from undertone.music.styles import STYLES
from undertone.music.theory import MODES, Key

PLAYED = [piece_named(name) for name in PIECES]
SATIE, BACH, JOY = (piece_named(name) for name in ("gymnopedie-1", "prelude-in-c", "ode-to-joy"))


def asked(t=0.0, arousal=0.0, valence=0.2, *, level=0.0, breath=None, phase=Phase.LEAD, limits=(40.0, 112.0), goal=Goal.CALM):
    return Directive(t, t + 10, phase, goal, arousal, valence, level, breath, 0.9, "Because.", ("report",), limits)


def performed(pieces=PLAYED, bars=80, *, seed=1, style="piano", muted=(), **how) -> list[Bar]:
    performer = Performer(pieces, seed, style=style, muted=muted)
    t, written = 0.0, []
    for _ in range(bars):
        written.append(performer.compose(t, asked(t, **how)))
        t += written[-1].seconds
    return written


def onsets_per_second(bars: list[Bar]) -> float:
    sounding = [bar for bar in bars if bar.section != "pause"]
    return sum(len({round(note.beat, 1) for note in bar.notes}) for bar in sounding) / sum(bar.seconds for bar in sounding)


def tune(bars: list[Bar]) -> list[int]:
    return [note.pitch for bar in bars for note in bar.notes if note.layer is Layer.MELODY]


journeys = st.lists(
    st.tuples(
        st.floats(-1, 1), st.floats(-1, 1), st.floats(-30, 0), st.none() | st.floats(4, 12), st.sampled_from(list(Phase)),
        st.sampled_from([(40.0, 60.0), (54.0, 72.0), (76.0, 112.0)]), st.integers(1, 25),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


programmes = st.sets(st.sampled_from(PIECES), min_size=1, max_size=4)


@given(st.integers(0, 2**40), st.sampled_from(sorted(STYLES)), programmes, journeys)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_every_bar_is_lawful(seed, style, names, journey) -> None:
    performer, t, bars = Performer([piece_named(name) for name in sorted(names)], seed, style=style), 0.0, []
    for arousal, valence, level, breath, phase, limits, count in journey:
        for _ in range(count):
            directive = asked(t, arousal, valence, level=level, breath=breath, phase=phase, limits=limits)
            bars.append(performer.compose(t, directive))
            t += bars[-1].seconds
    for index, bar in enumerate(bars):
        assert bar.index == index
        assert bar.level_db <= 0 and 0 <= bar.reverb_wet <= 1 and bar.section
        assert set(bar.gains_db) == set(bar.programs) == set(Layer)
        assert len(bar.notes) <= 16 * bar.beats
        if bar.level_db == -math.inf:
            assert not bar.notes
            continue
        assert bar.reason == "Because." and bar.key and "changed" in bar.origin
        for note in bar.notes:
            assert 21 <= note.pitch <= 108 and 1 <= note.velocity <= 127
            assert 0 <= note.beat < bar.beats and 0 < note.duration <= 40
        struck = [(note.layer, note.pitch, note.beat) for note in bar.notes]
        assert len(set(struck)) == len(struck)
    for before, after in pairwise(bars):
        if -math.inf in (before.level_db, after.level_db):
            continue
        assert abs(after.tempo_bpm / before.tempo_bpm - 1) <= 0.04 + 1e-9
        assert abs(after.level_db - before.level_db) <= 1.5 * after.seconds + 1e-9


def test_the_same_seed_plays_the_same_and_another_seed_another_order() -> None:
    assert performed(seed=5, bars=60) == performed(seed=5, bars=60)
    orders = {tuple(dict.fromkeys(bar.origin for bar in performed(seed=seed, bars=60))) for seed in range(4)}
    assert len(orders) >= 3


@pytest.mark.parametrize("name", PIECES)
def test_the_melody_is_what_was_written(name: str) -> None:
    """At neutral every note of the leading voice sounds, in order and in time, all moved by the same interval."""
    piece = piece_named(name)
    measures = unfolded(piece)
    lead = rendition(piece).lead  # type: ignore[union-attr]
    bars = performed([piece], len(measures))
    assert [bar.beats for bar in bars] == [measure.beats for measure in measures]
    moved = set()
    for bar, measure in zip(bars, measures, strict=True):
        wanted = sorted((e.beat, e.pitch) for e in measure.events if e.layer is lead)
        got = sorted((note.beat, note.pitch) for note in bar.notes if note.layer is lead)
        assert len(got) == len(wanted)
        for beat, _ in wanted:
            assert any(abs(beat - other) < 0.02 for other, _ in got)
        for beat in {beat for beat, _ in wanted}:
            written = sorted(pitch for other, pitch in wanted if other == beat)
            heard = sorted(pitch for other, pitch in got if abs(other - beat) < 0.02)
            moved |= {low - high for low, high in zip(heard, written, strict=True)}
    assert len(moved) == 1 and -6 <= moved.pop() <= 6


def test_arousal_moves_tempo_density_and_brightness_and_the_tune_stays() -> None:
    counts, tempi, corners, tunes = [], [], [], []
    for arousal in (-0.9, -0.5, 0.0, 0.4, 0.9):
        bars = performed([JOY], 40, arousal=arousal)
        counts.append(onsets_per_second(bars))
        tempi.append(bars[-1].tempo_bpm)
        corners.append(bars[-1].low_pass_hz)
        pitches = tune(bars)
        tunes.append([pitch - pitches[0] for pitch in pitches])
    for values in (counts, tempi, corners):
        assert values == sorted(values) and values[0] < values[2] < values[-1]
    assert counts[-1] > 1.5 * counts[0]
    assert all(other == tunes[0] for other in tunes)


def test_a_low_state_strikes_fewer_notes_of_the_accompaniment_and_lets_them_ring() -> None:
    def struck(arousal: float) -> tuple[float, float]:
        notes = [note for bar in performed([BACH], 30, arousal=arousal) for note in bar.notes if note.layer is Layer.HARMONY]
        return len(notes) / 30, sum(note.duration for note in notes) / len(notes)

    calm, usual = struck(-0.7), struck(0.0)
    assert calm[0] < 0.6 * usual[0]
    assert calm[1] > 1.3 * usual[1]


def test_the_tempo_is_the_pieces_own_within_the_limits() -> None:
    assert performed([SATIE], 20)[-1].tempo_bpm == pytest.approx(66, abs=2)
    assert performed([JOY], 20)[-1].tempo_bpm == pytest.approx(96, abs=2)
    for limits in ((40.0, 60.0), (76.0, 112.0)):
        assert all(limits[0] <= bar.tempo_bpm <= limits[1] for bar in performed(PLAYED, 120, limits=limits))


def test_a_quick_piece_is_counted_in_halves_so_that_it_can_be_calm() -> None:
    quick = replace(JOY, tempo_bpm=168.0)
    assert counted(quick).tempo_bpm == 84.0 and counted(quick).metre == (4, 8)
    bars = performed([quick], 30, limits=(54.0, 72.0))
    assert all(bar.tempo_bpm <= 72 for bar in bars)
    assert 0.5 < onsets_per_second([bar for bar in bars if bar.notes]) < 4
    slow = replace(SATIE, tempo_bpm=33.0)
    assert counted(slow).tempo_bpm == 66.0


def test_what_is_asked_for_chooses_the_piece() -> None:
    def minor(valence: float) -> float:
        firsts = [performed(seed=seed, bars=1, valence=valence)[0].key for seed in range(8)]
        return sum("aeolian" in key for key in firsts) / 8

    assert minor(-0.8) > 0.7 > 0.3 > minor(0.8)


def test_no_piece_comes_twice_in_a_row_and_there_is_a_pause_between() -> None:
    bars = performed(PLAYED[:3], 400)
    rests = [index for index, bar in enumerate(bars) if bar.section == "pause"]
    assert rests and all(not bars[index].notes for index in rests)
    for index in rests:
        if index + 1 < len(bars) and bars[index + 1].section != "pause":
            assert bars[index + 1].origin.split("”")[0] != bars[index].origin.split("”")[0]


def test_a_repeat_is_dressed_differently() -> None:
    bars = performed([piece_named("wiegenlied")], 130, style="harp")
    ended = [before.section == "pause" != after.section for before, after in pairwise(bars)]
    starts = [0, *(index + 1 for index, over in enumerate(ended) if over)]
    assert len(starts) >= 4
    dresses = {(tuple(bars[at].programs.values()), tuple(note.pitch for note in bars[at].notes)) for at in starts}
    assert len(dresses) > 1


def test_layers_change_where_phrases_begin() -> None:
    performer, t, bars = Performer([BACH], 1), 0.0, []
    for index in range(35):
        bars.append(performer.compose(t, asked(t, -0.95 if index > 5 else 0.0)))
        t += bars[-1].seconds
    opens = [index for index, measure in enumerate(unfolded(BACH)) if measure.opens]
    entered = next(index for index, bar in enumerate(bars) if any(note.layer is Layer.PAD for note in bar.notes))
    assert entered in opens and entered > 5
    for before, after in pairwise(bars):
        assert all(abs(after.gains_db[layer] - before.gains_db[layer]) <= 18.0 / 4 + 1e-9 for layer in Layer)


def test_breath_brings_the_chords_of_the_piece_as_a_pad() -> None:
    without, with_breath = performed([SATIE], 12), performed([SATIE], 12, breath=6.0)
    assert not any(note.layer is Layer.PAD for bar in without for note in bar.notes)
    held = [{note.pitch % 12 for note in bar.notes if note.layer is Layer.PAD} for bar in with_breath]
    assert sum(bool(pitches) for pitches in held) >= 6
    assert with_breath[-1].swell_db > 0 and with_breath[-1].breath_per_min == 6.0
    shift = next(note.pitch for note in with_breath[0].notes if note.layer is Layer.BASS) - 43
    assert held[0] <= {(tone + shift) % 12 for tone in (7, 11, 2, 6)}, "G major seventh"


def test_it_ends_on_its_home_chord_and_in_silence() -> None:
    performer, t, bars = Performer([piece_named("tryggare")], 2), 0.0, []
    for index in range(200):
        level, phase = (-0.25 * index, Phase.FADE) if index < 180 else (-math.inf, Phase.SILENT)
        bars.append(performer.compose(t, asked(t, -0.8, level=level, phase=phase, limits=(40.0, 60.0), goal=Goal.SLEEP)))
        t += bars[-1].seconds
    ends = [bar for bar in bars if bar.section == "end"]
    assert len(ends) > 20
    key = next(bar for bar in bars if bar.section == "end").key
    assert key == "D ionian" or key.endswith("ionian")
    sounding = {note.pitch % 12 for bar in ends for note in bar.notes}
    tonic = next(Key(fifths, MODES[0]) for fifths in range(-6, 7) if Key(fifths, MODES[0]).name == key)
    assert sounding == {tonic.pitch_classes[degree] for degree in (0, 2, 4)}
    assert bars[-1].level_db == -math.inf and not bars[-1].notes
    after = performer.compose(t, asked(t, 0.0))
    assert after.notes or performer.compose(t, asked(t, 0.0)).notes


def test_muting_a_layer_changes_no_other() -> None:
    full, without = performed(bars=60), performed(bars=60, muted=(Layer.MELODY,))
    assert not tune(without) and tune(full)
    for layer in set(Layer) - {Layer.MELODY}:
        one, other = ([[note for note in bar.notes if note.layer is layer] for bar in bars] for bars in (full, without))
        assert one == other


def test_without_guidance_it_drifts_to_neutral_and_plays_on() -> None:
    performer, t, bars = Performer([SATIE], 1), 0.0, []
    for index in range(60):
        bars.append(performer.compose(t, asked(t, -0.9) if index < 5 else None))
        t += bars[-1].seconds
    assert bars[-1].notes and bars[-1].tempo_bpm > bars[5].tempo_bpm


def test_whose_it_is_stands_in_every_bar() -> None:
    bars = performed([SATIE], 5)
    assert all(bar.origin.startswith("“Gymnopédie no. 1” by Erik Satie, public domain, tempo") for bar in bars)
    assert all(bar.origin.endswith("changed") for bar in bars)
    assert bars[0].chord and bars[0].section == "A"


def test_it_says_when_another_may_go_on() -> None:
    performer, t = Performer([piece_named("tryggare")], 1), 0.0
    states = []
    for _ in range(30):
        bar = performer.compose(t, asked(t))
        t += bar.seconds
        states.append((bar.section, performer.between))
    assert states[0] == ("A", False) and ("pause", True) in states and ("pause", False) not in states


def test_nothing_to_play_is_a_sentence() -> None:
    with pytest.raises(UndertoneError, match="nothing to play"):
        Performer([], 1)
    empty = parse("title: T\nkey: C major\nmetre: 4/4\ntempo: 60\n[A]\nmelody: R")
    with pytest.raises(UndertoneError, match="nothing to play"):
        Performer(empty, 1)
    with pytest.raises(UndertoneError, match="no style"):
        Performer(SATIE, 1, style="nonsense")


def test_a_piece_of_percussion_alone_is_played() -> None:
    drums = parse("title: T\nkey: C major\nmetre: 4/4\ntempo: 60\n[A]\npercussion: c2 e2 c2 e2 | %")
    bars = performed([drums], 6)
    assert {note.layer for bar in bars for note in bar.notes} <= {Layer.PERCUSSION, Layer.PAD}
    assert all(bar.notes for bar in bars[:2])


def test_keys_are_moved_by_semitones() -> None:
    for mode in MODES:
        for fifths in range(-6, 7):
            key = Key(fifths, mode)
            for shift in range(-6, 7):
                assert transposed(key, shift).tonic == (key.tonic + shift) % 12 and transposed(key, shift).mode is mode


def _minutes(piece: Piece) -> float:
    return sum(measure.beats for measure in unfolded(piece)) / piece.tempo_bpm


def test_there_is_half_an_hour_before_everything_has_been_heard() -> None:
    assert sum(_minutes(piece) for piece in PLAYED) > 20
