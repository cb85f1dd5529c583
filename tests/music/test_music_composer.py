"""The composer keeps its promises for any seed and any directives."""

from __future__ import annotations

import math
import random
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import Phase as Phase_
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import UndertoneError
from undertone.flow import Directive, Goal, Layer, Note, Phase
from undertone.music import STYLES, Composer, write_midi
from undertone.music.composer import AWAY_DB
from undertone.music.expression import ENTRY_DB
from undertone.music.score import piano_roll, score_text
from undertone.music.styles import Song


def asked(t=0.0, arousal=0.0, valence=0.2, *, level=0.0, breath=None, phase=Phase.LEAD, limits=(40.0, 112.0), goal=Goal.CALM):
    return Directive(t, t + 10, phase, goal, arousal, valence, level, breath, 0.9, "Because.", ("report",), limits)


def composed(seed=1, bars=60, *, style="piano", muted=(), variations=None, **how):
    composer = Composer(seed, style=style, muted=muted, variations=variations)
    t, written = 0.0, []
    for _ in range(bars):
        written.append(composer.compose(t, asked(t, **how)))
        t += written[-1].seconds
    return written


def layer(bars, which):
    return [tuple(note for note in bar.notes if note.layer is which) for bar in bars]


journeys = st.lists(
    st.tuples(
        st.floats(-1, 1), st.floats(-1, 1), st.floats(-30, 0), st.none() | st.floats(4, 12), st.sampled_from(list(Phase)),
        st.sampled_from([(40.0, 60.0), (54.0, 72.0), (76.0, 112.0)]), st.integers(1, 12),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@given(st.integers(0, 2**40), st.sampled_from(sorted(STYLES)), journeys)
@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase_.explicit, Phase_.generate])
def test_every_bar_is_lawful(seed, style, journey):
    composer, t, bars = Composer(seed, style=style), 0.0, []
    for arousal, valence, level, breath, phase, limits, count in journey:
        for _ in range(count):
            directive = asked(t, arousal, valence, level=level, breath=breath, phase=phase, limits=limits)
            bars.append(composer.compose(t, directive))
            t += bars[-1].seconds
    for index, bar in enumerate(bars):
        assert bar.index == index
        assert bar.beats in ((3, 4) if bar.level_db > -math.inf else (1,))
        assert bar.level_db <= 0
        assert 300 <= bar.low_pass_hz <= 20000
        assert 0 <= bar.reverb_wet <= 1
        assert set(bar.gains_db) == set(bar.programs) == set(Layer)
        assert all(0 <= program <= 127 for program in bar.programs.values())
        assert len(bar.notes) <= 12 * bar.beats
        if bar.level_db == -math.inf:
            assert not bar.notes
            continue
        assert bar.reason == "Because."
        assert bar.key and bar.section
        assert bool(bar.chord) == (bar.section != "pause")
        assert bar.origin == "generated"
        for note in bar.notes:
            assert 21 <= note.pitch <= 108
            assert 1 <= note.velocity <= 127
            assert 0 <= note.beat < bar.beats
            assert 0 < note.duration <= 2.2 * bar.beats
        if Composer(0, style=style).style.song is Song.THEME:
            assert all(b.beat > a.beat for a, b in pairwise(layer([bar], Layer.MELODY)[0]))
    for before, after in pairwise(bars):
        if -math.inf in (before.level_db, after.level_db) or before.section == "pause":
            continue
        assert abs(after.tempo_bpm / before.tempo_bpm - 1) <= 0.02 + 1e-9
        assert abs(after.level_db - before.level_db) <= 1.5 * after.seconds + 1e-9
        for which in Layer:
            assert abs(after.gains_db[which] - before.gains_db[which]) <= -AWAY_DB[which] / 4 + 1e-9


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_jumps_in_half_an_hour_of_wild_guidance(seed):
    chance, composer, t, bars = random.Random(seed), Composer(seed, style="guitar"), 0.0, []
    arousal = valence = level = 0.0
    goal, breath = Goal.CALM, None
    while t < 1900:
        if chance.random() < 0.05:
            arousal, valence, level = chance.uniform(-1, 1), chance.uniform(-1, 1), chance.uniform(-20, 0)
            goal, breath = chance.choice(list(Goal)), chance.choice([None, 5.0, 7.0])
        directive = asked(t, arousal, valence, level=level, breath=breath, goal=goal) if chance.random() < 0.9 else None
        bars.append(composer.compose(t, directive))
        t += bars[-1].seconds
    assert {"quiet", "pause"} <= {bar.section for bar in bars}
    for before, after in pairwise(bars):
        assert abs(after.tempo_bpm / before.tempo_bpm - 1) <= 0.04
        assert abs(after.level_db - before.level_db) <= 1.5 * after.seconds + 1e-9
        if before.notes and after.notes:
            for which in Layer:
                assert abs(after.gains_db[which] - before.gains_db[which]) <= -AWAY_DB[which] / 4 + 1e-9
            ringing = {note.layer for note in before.notes} & {note.layer for note in after.notes}
            assert not any(before.programs[which] != after.programs[which] for which in ringing & {Layer.PAD, Layer.BASS})
        assert bar_is_lawful(after)


def bar_is_lawful(bar):
    return all(0 <= note.beat < bar.beats and note.duration > 0 and 21 <= note.pitch <= 108 for note in bar.notes)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_same_seed_same_music_other_seed_other_music(style):
    assert composed(5, style=style) == composed(5, style=style)
    assert layer(composed(5, style=style), Layer.MELODY) != layer(composed(6, style=style), Layer.MELODY)


def test_no_shared_source_of_chance_is_touched():
    random.seed(1)
    before = random.getstate()
    composed(3, 20)
    assert random.getstate() == before


@pytest.mark.parametrize("gone", list(Layer))
def test_muting_a_layer_changes_no_other(gone):
    how = {"bars": 150, "style": "guitar", "arousal": 0.5, "goal": Goal.UPLIFT, "limits": (76.0, 112.0)}
    full, without = composed(2, **how), composed(2, muted=(gone,), **how)
    assert not any(layer(without, gone))
    assert any(layer(full, gone))
    for other in set(Layer) - {gone}:
        assert layer(full, other) == layer(without, other)


@pytest.mark.parametrize(
    ("stream", "changes"),
    [
        ("melody", {Layer.MELODY, Layer.COUNTER, Layer.HARMONY}),
        ("ornament", {Layer.MELODY}),
        ("touch", {Layer.MELODY, Layer.COUNTER}),
        ("bass", {Layer.BASS}),
        ("texture", {Layer.HARMONY}),
        ("pad", {Layer.PAD}),
    ],
)
def test_rerolling_a_stream_changes_its_own_layer_only(stream, changes):
    """A second voice follows the melody and the accompaniment keeps below it: what changes the tune may change them."""
    plain, rerolled = composed(2, 90, arousal=0.6), composed(2, 90, arousal=0.6, variations={stream: 1})
    different = {which for which in Layer if layer(plain, which) != layer(rerolled, which)}
    assert different <= changes | ({Layer.COUNTER} if Layer.MELODY in changes else set())
    assert different & changes


def test_rerolling_the_orchestration_keeps_the_tune():
    plain, rerolled = composed(2, 120), composed(2, 120, variations={"orchestration": 1})
    assert layer(plain, Layer.MELODY) == layer(rerolled, Layer.MELODY)
    assert [{note.layer for note in bar.notes} for bar in plain] != [{note.layer for note in bar.notes} for bar in rerolled]


def test_keys_and_layers_change_only_where_phrases_end():
    bars, starts, composer, t = [], set(), Composer(4), 0.0
    for bar in range(160):
        fresh = composer._bar == 0
        bars.append(composer.compose(t, asked(t, arousal=-0.3, valence=math.sin(bar / 15))))
        t += bars[-1].seconds
        if fresh:
            starts.add(bar)
    changes = {index for index in range(1, 160) if bars[index].key != bars[index - 1].key}
    assert len(changes) >= 3
    assert changes <= starts
    labels = {index for index in range(1, 160) if bars[index].section != bars[index - 1].section}
    assert labels <= starts


def test_bright_and_dark_keys_follow_valence():
    order = ["phrygian", "aeolian", "dorian", "lydian", "mixolydian", "ionian"]

    def brightness(valence):
        return sum(order.index(bar.key.split()[1]) for seed in range(6) for bar in composed(seed, 30, valence=valence))

    values = [brightness(valence) for valence in (-0.8, 0.0, 0.8)]
    assert values == sorted(values)
    assert values[0] < values[1] < values[2]


def test_more_notes_faster_and_brighter_with_arousal():
    counts, tempi, corners = [], [], []
    for arousal in (-0.9, -0.5, 0.0, 0.5, 0.9):
        bars = composed(3, 40, arousal=arousal)
        seconds = sum(bar.seconds for bar in bars)
        onsets = sum(len({round(note.beat, 1) for note in bar.notes}) for bar in bars)
        counts.append(onsets / seconds)
        tempi.append(bars[-1].tempo_bpm)
        corners.append(bars[-1].low_pass_hz)
    for values in (counts, tempi, corners):
        assert values == sorted(values)
    assert counts[-1] > 2.5 * counts[0]


def test_there_is_a_quiet_place_without_melody_in_every_chapter():
    for seed in range(2):
        bars = composed(seed, 260, limits=(72.0, 72.0))
        quiet = [bar for bar in bars if bar.section == "quiet"]
        assert quiet
        assert not any(note.layer is Layer.MELODY for bar in quiet for note in bar.notes)
        assert quiet[-1].level_db < max(bar.level_db for bar in bars) - 1.0


def test_fades_of_layers_take_four_bars_or_more():
    found = 0
    for seed in range(3):
        bars = composed(seed, 90, arousal=0.0)
        for which in (Layer.PAD, Layer.BASS, Layer.HARMONY):
            gains = [bar.gains_db[which] for bar in bars]
            highest, lowest = max(gains), min(gains)
            found += highest - lowest > 15
            assert all(abs(b - a) <= -AWAY_DB[which] / 4 + 1e-9 for a, b in pairwise(gains))
    assert found >= 3


def test_silence_is_empty_and_music_comes_back():
    composer = Composer(1)
    composer.compose(0.0, asked())
    for directive in (asked(phase=Phase.SILENT), asked(level=-math.inf)):
        bar = composer.compose(4.0, directive)
        assert (bar.notes, bar.level_db) == ((), -math.inf)
        # Music that is asked for again waits for the end of such a bar, so it is short; and not so short that it is work.
        assert 0.5 < bar.seconds < 2
    bar = composer.compose(8.0, asked(8.0))
    assert bar.notes
    assert bar.level_db <= ENTRY_DB


def test_out_of_silence_the_level_alone_rises():
    """A layer that also fades in would keep the beginning inaudible for four bars."""
    composer = Composer(1)
    t, began = 0.0, []
    for silent in (False, False, True, True, False, False):
        bar = composer.compose(t, asked(t, phase=Phase.SILENT if silent else Phase.LEAD))
        t += bar.seconds
        if not silent:
            began.append(bar)
    for bar in began:
        for which in {note.layer for note in bar.notes}:
            assert bar.gains_db[which] == composer.style.gain_db(which, 0)


def test_after_silence_every_note_of_the_pad_is_struck_again():
    for seed in range(10):
        composer, t = Composer(seed), 0.0
        first = composer.compose(t, asked(t))
        for bar in range(1, 7):
            t += 4.0
            composer.compose(t, asked(t, phase=Phase.SILENT if bar == 6 else Phase.LEAD))
        again = composer.compose(t + 4.0, asked(t + 4.0))
        pads = [len({note.pitch for note in notes}) for notes in layer([first, again], Layer.PAD)]
        assert min(pads) >= 3


def test_memory_does_not_grow_with_the_night():
    composer, t = Composer(1), 0.0
    kept = []
    for _ in range(2000):
        t += composer.compose(t, asked(t, arousal=math.sin(t / 300))).seconds
        planner = composer._planner
        kept.append(len(planner._chords) + len(planner._tunes) + len(planner._themes) + len(planner._said))
    assert composer._form._chapter >= 3
    assert max(kept[1000:]) <= 1.3 * max(kept[:1000])


def test_music_without_any_guidance_is_neutral_music():
    composer = Composer(1)
    bars = [composer.compose(4.0 * index, None) for index in range(40)]
    assert all(bar.notes for bar in bars)
    assert bars[-1].tempo_bpm == pytest.approx(72.0)
    assert "neutral" in bars[-1].reason


def test_the_breath_reaches_the_bar():
    bars = composed(1, 40, arousal=-0.4, breath=6.0)
    assert bars[-1].breath_per_min == 6.0
    assert 3 <= bars[-1].swell_db <= 6
    assert bars[-1].tempo_bpm == pytest.approx(60.0)
    pads = layer(bars, Layer.PAD)
    assert all(before or after for before, after in pairwise(pads[8:]))


def test_an_unknown_style_says_what_there_is():
    with pytest.raises(UndertoneError, match="did you mean 'piano'"):
        Composer(1, style="pianoo")
    with pytest.raises(UndertoneError, match=r"bells, .*harp, .*piano"):
        Composer(1, style="x")


def test_composing_a_bar_takes_less_than_ten_milliseconds():
    began = time.process_time()
    composed(1, 200, arousal=0.5)
    assert (time.process_time() - began) / 200 < 0.010


def test_the_piano_roll_has_every_note_at_its_time():
    bars = composed(1, 12)
    blocks = piano_roll(bars)
    assert len(blocks) == sum(len(bar.notes) for bar in bars)
    last = bars[-1].notes[-1]
    start = sum(bar.seconds for bar in bars[:-1]) + last.beat * 60 / bars[-1].tempo_bpm
    assert blocks[-1].start_s == pytest.approx(start)
    assert blocks[-1][2:] == (last.pitch, last.velocity, last.layer)
    assert blocks[-1].duration_s == pytest.approx(last.duration * 60 / bars[-1].tempo_bpm)


def test_the_score_names_everything():
    text = score_text(composed(1, 6))
    assert text.count("bar ") == 6
    assert "piano" not in text
    for word in ("bpm", "dB", "Hz", "melody [0", "harmony [0", "pad [49"):
        assert word in text


def test_a_midi_file_holds_the_same_notes(tmp_path):
    mido = pytest.importorskip("mido")
    bars = [*composed(1, 20, arousal=0.5), *composed(1, 1, phase=Phase.SILENT)]
    path = tmp_path / "piece.mid"
    write_midi(path, bars)
    score = mido.MidiFile(path)
    assert [track.name for track in score.tracks] == ["undertone", *(which.value for which in Layer)]
    assert score.length == pytest.approx(sum(bar.seconds for bar in bars), abs=4.0)
    for which, track in zip(Layer, score.tracks[1:], strict=True):
        found, now = [], 0
        for message in track:
            now += message.time
            if message.type == "note_on":
                found.append((round(now / 480, 2), message.note, message.velocity))
        expected, start = [], 0
        for bar in bars:
            notes = [note for note in bar.notes if note.layer is which]
            expected += [(round(start + round(n.beat * 480) / 480, 2), n.pitch, n.velocity) for n in notes]
            start += bar.beats
        assert sorted(found) == sorted(expected)
        assert sum(m.type == "note_off" for m in track) == len(found)
        assert next(m.program for m in track if m.type == "program_change") == bars[0].programs[which]
    assert sum(m.type == "set_tempo" for m in score.tracks[0]) == len(bars)


def test_a_note_struck_again_in_a_midi_file_is_not_cut_by_its_own_first_end(tmp_path):
    mido = pytest.importorskip("mido")
    bars = [
        replace(bar, notes=(Note(0.0, 2.5, 60, 64, Layer.MELODY), Note(2.0, 1.9, 60, 64, Layer.MELODY)))
        for bar in composed(1, 1)
    ]
    write_midi(tmp_path / "piece.mid", bars)
    now, heard = 0, []
    for message in mido.MidiFile(tmp_path / "piece.mid").tracks[1 + list(Layer).index(Layer.MELODY)]:
        now += message.time
        if message.type in ("note_on", "note_off"):
            heard.append((message.type, now))
    assert heard == [("note_on", 0), ("note_off", 960), ("note_on", 960), ("note_off", 1872)]
