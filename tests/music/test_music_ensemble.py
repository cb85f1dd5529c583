"""What each layer plays: an answer below the melody, soft strokes, circles, accompaniments that move in ways of their own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Directive, Goal, Layer, Phase
from undertone.music import STYLES, Composer, bass
from undertone.music.accompaniment import Passage, figurations_for, moved
from undertone.music.counter import GAP, answered, parallel
from undertone.music.ensemble import Ensemble
from undertone.music.expression import Glide
from undertone.music.form import Place
from undertone.music.harmony import progression
from undertone.music.loops import PERIODS, Circles, Loop, circles, tuned
from undertone.music.melody import Tone, sung, theme
from undertone.music.metre import strength
from undertone.music.percussion import STROKES, euclidean, struck
from undertone.music.phrase import Phrase
from undertone.music.streams import Streams
from undertone.music.styles import Figuration
from undertone.music.texture import drone, fifths, hand
from undertone.music.theory import IONIAN, MODES, Key
from undertone.music.voicing import voiced

MOVING = tuple(figuration for figuration in Figuration if figuration is not Figuration.LOOPS)


def asked(t=0.0, arousal=0.0, valence=0.3, goal=Goal.CALM):
    return Directive(t, t + 10, Phase.HOLD, goal, arousal, valence, 0.0, None, 1.0, "test")


@cache
def planned(seed, *, beats=4, bars=8):
    """A phrase with its melody."""
    key = Key(seed % 9 - 4, MODES[seed % 6])
    streams = Streams(seed)
    chords = progression(
        key, streams.of("harmony"), bars=bars, beats=beats, closed=True, functional=seed % 2 == 0, slow=False, colour_chance=0.3
    )
    tones = sung(theme(streams.of("melody"), beats), key, chords, beats=beats, centre=70, closed=True)
    place = Place(seed, 0, 0, "A", True, bars)
    lows = bass.line(chords, None)
    return Phrase(place, key, beats, chords, lows, tones, (0, 1, 2, 3, 4, 3, 2, 1), seed % 12)


def passage(phrase, bar, count, *, sustain=0.5):
    before, hands = None, []
    for span, low in zip(phrase.chords[bar], phrase.lows[bar], strict=True):
        before = voiced(span.chord, before, 62)
        hands.append(hand(before, low))
    stream = Streams(phrase.place.serial).of("texture", bar)
    return Passage(
        phrase.chords[bar],
        tuple(hands),
        phrase.key,
        phrase.beats,
        count,
        phrase.figure,
        phrase.variant,
        bar,
        90,
        sustain,
        stream,
    )


def onsets(sounds):
    """Moments at which something begins, with what is rolled counted once."""
    beats = sorted(sound.beat for sound in sounds)
    return [beat for index, beat in enumerate(beats) if not index or beat - beats[index - 1] > 0.05]


# ------------------------------------------------------------------------------------------------------------------ counter


def answer(seed, activity=0.6, beats=4):
    phrase = planned(seed, beats=beats)
    line = answered(
        phrase.tones, phrase.chords, phrase.lows, phrase.key, beats=beats, activity=activity, stream=Streams(seed).of("counter")
    )
    return phrase, line


@given(st.integers(0, 10_000), st.sampled_from([3, 4]), st.floats(0, 1))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_second_voice_never_crosses_the_melody(seed, beats, activity):
    phrase, line = answer(seed, activity, beats)
    melody = [(beats * bar + t.beat, t.duration, t.pitch) for bar, tones in enumerate(phrase.tones) for t in tones]
    for bar, tones in enumerate(line):
        for tone in tones:
            start, end = beats * bar + tone.beat, beats * bar + tone.beat + tone.duration
            assert 0 <= tone.beat < beats and tone.duration > 0
            for began, length, pitch in melody:
                if began < end and began + length > start:
                    assert tone.pitch <= pitch - GAP
        assert all(b.beat >= a.beat + a.duration - 1e-9 for a, b in pairwise(tones))


def test_the_second_voice_moves_by_step_where_the_melody_holds_still():
    steps = leaps = count = free = harsh = strong = 0
    for seed in range(40):
        phrase, line = answer(seed)
        for bar, tones in enumerate(line):
            for tone in tones:
                count += 1
                free += not any(abs(t.beat - tone.beat) < 0.3 for t in phrase.tones[bar])
                chord = next(span.chord for span in reversed(phrase.chords[bar]) if span.beat <= tone.beat)
                if strength(tone.beat, 4) >= 0.75:
                    strong += 1
                    harsh += tone.pitch % 12 not in chord.tones
        flat = [tone.step for tones in line for tone in tones]
        steps += sum(abs(b - a) <= 1 for a, b in pairwise(flat))
        leaps += sum(abs(b - a) > 3 for a, b in pairwise(flat))
    assert 40 * 8 * 0.8 <= count <= 40 * 8 * 3
    assert free > 0.75 * count
    assert steps > 0.5 * (count - 40)
    assert leaps < 0.1 * count
    assert harsh < 0.1 * strong


def test_no_parallel_fifths_or_octaves_with_melody_or_bass():
    def count(sung_as):
        found = 0
        for seed in range(40):
            phrase, line = answer(seed)
            moments = []
            for bar, tones in enumerate(line):
                for tone in tones:
                    above = [t.pitch for t in phrase.tones[bar] if t.beat <= tone.beat + 0.05 < t.beat + t.duration]
                    spans = phrase.chords[bar]
                    place = max(index for index, span in enumerate(spans) if span.beat <= tone.beat)
                    top = above[-1] if above else None
                    moments.append((top, sung_as(tone.pitch, top), phrase.lows[bar][place]))
            for (top, mid, low), (next_top, next_mid, next_low) in pairwise(moments):
                if top is not None and next_top is not None:
                    found += parallel((top, mid), (next_top, next_mid))
                found += parallel((mid, low), (next_mid, next_low))
        return found

    assert count(lambda pitch, top: pitch) == 0
    # A careless voice, that goes with the melody an octave below, would have many.
    assert count(lambda pitch, top: pitch if top is None else top - 12) > 100


def test_parallels_are_told_from_their_likes():
    assert parallel((67, 60), (69, 62))
    assert parallel((72, 60), (74, 62))
    assert not parallel((67, 60), (67, 60))
    assert not parallel((67, 60), (65, 57))
    assert not parallel((67, 60), (60, 65))


def test_without_a_melody_there_is_no_answer():
    phrase = planned(1)
    silent = tuple(() for _ in phrase.tones)
    line = answered(silent, phrase.chords, phrase.lows, phrase.key, beats=4, activity=1, stream=Streams(1).of("counter"))
    assert line == silent


def test_the_second_voice_fills_a_bar_in_which_the_melody_rests():
    filled = 0
    for seed in range(20):
        phrase = planned(seed)
        tones = (*phrase.tones[:3], (), *phrase.tones[4:])
        line = answered(
            tones, phrase.chords, phrase.lows, phrase.key, beats=4, activity=0.5, stream=Streams(seed).of("counter")
        )
        filled += bool(line[3])
    assert filled == 20


# --------------------------------------------------------------------------------------------------------------- percussion


@pytest.mark.parametrize(
    ("strokes", "places", "pattern"),
    [(3, 8, "x..x..x."), (5, 8, "x.x.xx.x"), (2, 5, "x..x."), (4, 16, "x...x...x...x..."), (0, 4, "...."), (4, 4, "xxxx")],
)
def test_euclidean_rhythms_are_those_of_the_paper(strokes, places, pattern):
    """E(3,8) is the tresillo, E(5,8) the cinquillo in one of its rotations, E(2,5) a pattern of Persia."""
    assert "".join(".x"[hit] for hit in euclidean(strokes, places)) == pattern


@given(st.integers(1, 16), st.integers(1, 16))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_euclidean_rhythms_are_as_even_as_can_be(strokes, places):
    strokes = min(strokes, places)
    hits = [place for place, hit in enumerate(euclidean(strokes, places)) if hit]
    assert len(hits) == strokes
    gaps = [b - a for a, b in pairwise([*hits, hits[0] + places])]
    assert max(gaps) - min(gaps) <= 1


def test_nothing_is_struck_in_calm_music_and_more_in_lively():
    def strokes(arousal):
        return sum(
            len(rhythm)
            for turn in range(8)
            for rhythm in struck(
                ("shaker", "hand drum", "triangle"), beats=4, arousal=arousal, turn=turn, last=False, swing=0.0,
                stream=Streams(turn).of("percussion"),
            )
        )  # fmt: skip

    counts = [strokes(arousal) for arousal in (-1.0, -0.31, -0.2, 0.2, 0.6, 1.0)]
    assert counts[:2] == [0, 0]
    assert counts == sorted(counts)
    assert 8 < counts[2] < counts[-1] <= 8 * 15


def test_swing_makes_off_beats_late_and_nothing_else():
    def beats(swing):
        return [
            sound.beat
            for rhythm in struck(
                ("shaker",), beats=4, arousal=1.0, turn=0, last=False, swing=swing, stream=Streams(3).of("percussion")
            )
            for sound in rhythm
        ]

    for even, swung in zip(beats(0.0), beats(1.0), strict=True):
        assert swung - even == pytest.approx(1 / 6 if even % 1 == 0.5 else 0.0)


def test_strokes_are_keys_of_the_percussion_map():
    assert all(35 <= pitch <= 81 + 1 for stroke in STROKES.values() for pitch in stroke.pitches)


# -------------------------------------------------------------------------------------------------------------------- loops


def test_circles_give_as_many_strikes_as_asked_for_whatever_the_bars():
    loops = circles(Streams(1).of("melody"), (5, 3, 2))
    for rate in (0.3, 1.0, 2.0):
        for beats in (3, 4):
            state = Circles(Streams(2).of("melody"), 3)
            strikes = [strike for _ in range(300) for strike in state.turn(loops, beats, rate)]
            assert len(strikes) / (300 * beats) == pytest.approx(rate, rel=0.05)


def test_no_two_circles_meet_again_in_the_same_way():
    assert len({round(a / b, 6) for a in PERIODS for b in PERIODS if a != b}) == len(PERIODS) * (len(PERIODS) - 1)
    loops = circles(Streams(1).of("melody"), (3, 2))
    state = Circles(Streams(2).of("melody"), 2)
    bars = [tuple(state.turn(loops, 4, 0.7)) for _ in range(120)]
    phrases = [tuple(bars[start : start + 4]) for start in range(0, 120, 4)]
    assert len(set(phrases)) > 25


def test_strikes_of_one_layer_never_fall_together():
    state = Circles(Streams(5).of("melody"), 4)
    loops = circles(Streams(5).of("figures"), (3, 4, 2, 5))
    for _ in range(100):
        strikes = state.turn(loops, 4, 1.8)
        assert all(0 <= strike.beat < 4 for strike in strikes)
        assert all(b.beat > a.beat for a, b in pairwise(strikes))


def test_a_figure_keeps_its_rhythm():
    loop = Loop(1.0, ((0.0, 0), (1.5, 1), (2.0, 2)))
    state = Circles(Streams(1).of("melody"), 1)
    strikes, clock = [], 0.0
    for _ in range(60):
        strikes += [(clock + strike.beat, strike.step) for strike in state.turn((loop,), 4, 0.3)]
        clock += 4
    starts = [beat for beat, step in strikes if step == 0]
    assert len(starts) > 20
    for start in starts[:-1]:
        assert {(round(beat - start, 3), step) for beat, step in strikes if start <= beat <= start + 2} == {
            (0, 0),
            (1.5, 1),
            (2, 2),
        }


@given(st.integers(0, 5000), st.integers(-8, 12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_circles_rubs_against_no_chord(seed, step):
    phrase = planned(seed)
    for bar in phrase.chords:
        for span in bar:
            pitch = tuned(step, bar, span.beat, phrase.key)
            rubs = any((pitch - tone) % 12 in (1, 11) for tone in span.chord.tones)
            assert pitch % 12 in span.chord.tones or not rubs
            assert tuned(step, bar, span.beat, phrase.key, within=True) % 12 in span.chord.tones


# ----------------------------------------------------------------------------------------------------------- accompaniments


@pytest.mark.parametrize("figuration", MOVING)
@pytest.mark.parametrize("beats", [3, 4])
def test_every_way_of_moving_has_as_many_onsets_as_asked_for(figuration, beats):
    for count in (2, 4, 6, 8, 10):
        found = []
        for seed in range(12):
            phrase = planned(seed, beats=beats)
            for bar in range(7):
                if len(phrase.chords[bar]) == 1:
                    found.append(len(onsets(moved(figuration, passage(phrase, bar, count)))))
        wanted = count
        assert 0.7 * wanted <= fmean(found) <= wanted + 1.0, count


@pytest.mark.parametrize("figuration", MOVING)
def test_every_way_of_moving_stays_in_its_bar_and_its_chord(figuration):
    strange = total = 0
    for seed in range(30):
        phrase = planned(seed, beats=3 + seed % 2)
        for bar in range(8):
            for sound in moved(figuration, passage(phrase, bar, 3 + seed % 8)):
                assert 0 <= sound.beat < phrase.beats
                assert 0 < sound.duration <= phrase.beats
                assert 30 <= sound.pitch <= 96
                assert 0 < sound.weight <= 1
                span = max((span for span in phrase.chords[bar] if span.beat <= sound.beat + 0.01), key=lambda span: span.beat)
                total += 1
                strange += sound.pitch % 12 not in span.chord.tones and sound.beat == span.beat
    assert strange == 0 if figuration is not Figuration.HELD else strange < 0.02 * total


def test_ways_of_moving_differ_in_length_and_in_what_sounds_together():
    def profile(figuration):
        sounds = [s for seed in range(6) for bar in range(7) for s in moved(figuration, passage(planned(seed), bar, 4))]
        together = len(sounds) / (6 * 7)
        late = fmean(sound.beat for sound in sounds)
        return round(together, 1), round(late, 2), round(fmean(sound.duration for sound in sounds), 2)

    profiles = {figuration: profile(figuration) for figuration in MOVING}
    for one in MOVING:
        for other in MOVING:
            if one < other:
                apart = max(abs(a - b) / max(a, b) for a, b in zip(profiles[one], profiles[other], strict=True))
                assert apart > 0.06, (one, other, profiles[one], profiles[other])
    # An arpeggio is over before its bar is; short chords are shorter than anything.
    assert profiles[Figuration.ARPEGGIO][1] < profiles[Figuration.BROKEN][1]
    assert profiles[Figuration.OFFBEAT][2] < min(profiles[other][2] for other in MOVING if other is not Figuration.OFFBEAT)
    assert profiles[Figuration.INNER][2] > profiles[Figuration.BROKEN][2]


@pytest.mark.parametrize("figuration", MOVING)
def test_bars_over_the_same_chord_differ_now_and_then(figuration):
    phrase = planned(2)
    made = {
        tuple((round(sound.beat, 2), sound.pitch) for sound in moved(figuration, replace(passage(phrase, 0, 5), turn=turn)))
        for turn in range(4)
    }
    assert len(made) >= 2


def test_short_chords_off_the_beat_are_for_lively_music():
    weights = ((Figuration.BROKEN, 1.0), (Figuration.OFFBEAT, 3.0))
    assert figurations_for(weights, -0.5) == weights[:1]
    assert figurations_for(weights, 0.5) == weights
    assert figurations_for(weights[1:], -0.5) == weights[1:]


# --------------------------------------------------------------------------------------------------------- drones and basses


def test_a_drone_holds_tonic_and_fifth_and_gives_way():
    stays = total = 0
    for seed in range(30):
        phrase = planned(seed)
        home = {phrase.key.tonic, phrase.key.pitch_classes[4]}
        for bar in phrase.chords:
            sounds = drone(bar, phrase.key, 62)
            assert sounds
            for span in bar:
                sounding = [s for s in sounds if s.beat <= span.beat < s.beat + s.duration]
                assert sounding
                for sound in sounding:
                    total += 1
                    stays += sound.pitch % 12 in home
                    assert 40 <= sound.pitch <= 76
                    assert sound.pitch % 12 in span.chord.tones or not any(
                        (sound.pitch - tone) % 12 in (1, 2, 10, 11) for tone in span.chord.tones
                    )
    assert stays > 0.6 * total


def test_open_fifths_have_no_third():
    for seed in range(20):
        for bar in planned(seed).chords:
            sounds = fifths(bar, 62)
            assert len(sounds) == 2 * len(bar)
            for span in bar:
                pitches = sorted(sound.pitch for sound in sounds if sound.beat == span.beat)
                assert {pitch % 12 for pitch in pitches} == {span.chord.root, span.chord.tones[2]}
                assert 51 <= pitches[0] < 63 and pitches[1] - pitches[0] in (6, 7, 8)


def test_a_pedal_stays_where_the_chords_let_it():
    phrase = planned(0)
    pitches = [
        step.pitch for bar, lows in zip(phrase.chords, phrase.lows, strict=True) for step in bass.pedal(bar, lows, phrase.key)
    ]
    walked = [low for lows in phrase.lows for low in lows]
    assert len(set(pitches)) < len(set(walked)) or len(set(pitches)) <= 3
    for seed in range(20):
        phrase = planned(seed)
        for bar, lows in zip(phrase.chords, phrase.lows, strict=True):
            steps = bass.pedal(bar, lows, phrase.key)
            assert sum(step.duration for step in steps) == 4
            for step in steps:
                spans = [span for span in bar if step.beat <= span.beat < step.beat + step.duration]
                assert all(step.pitch % 12 in span.chord.tones for span in spans)


@pytest.mark.parametrize("beats", [3, 4])
def test_tenths_reach_a_tenth_above_the_low_note(beats):
    wide = 0
    for seed in range(20):
        phrase = planned(seed, beats=beats)
        for bar, lows in zip(phrase.chords, phrase.lows, strict=True):
            steps = bass.tenths(bar, lows, Streams(seed).of("bass"))
            assert sum(step.duration for step in steps) == beats
            assert [step.pitch for step in steps if step.weight == 1.0] == list(lows)
            for low, high in pairwise(steps):
                if high.weight < 1.0:
                    wide += 1
                    assert 14 <= high.pitch - low.pitch <= 17
    assert wide > 60


# ----------------------------------------------------------------------------------------------------------------- ensemble


def playing(style, arousal, *, layers=tuple(Layer), seeds=4, bars=8):
    """Every layer of a style over planned phrases, with the seconds they last."""
    notes, seconds = [], 0.0
    for seed in range(seeds):
        beats = STYLES[style].metres[0][0]
        phrase, ensemble = planned(seed, beats=beats, bars=bars), Ensemble(Streams(seed), STYLES[style])
        shape = Glide().follow(0.0, asked(arousal=arousal), beats)
        for bar in range(bars):
            notes.append(ensemble.play(phrase, bar, shape, layers))
            seconds += beats * 60.0 / shape.tempo_bpm
    return notes, seconds


@pytest.mark.parametrize("style", sorted(STYLES))
def test_more_notes_a_second_with_arousal_in_every_style(style):
    rates = []
    for arousal in (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9):
        bars, seconds = playing(style, arousal, layers=(Layer.PAD, Layer.HARMONY, Layer.MELODY))
        rates.append(sum(len({round(note.beat * 8) for note in notes}) for notes in bars) / seconds)
    assert all(b > 1.04 * a for a, b in pairwise(rates)), rates
    assert rates[-1] > 2.5 * rates[0]


@pytest.mark.parametrize("style", sorted(STYLES))
def test_only_layers_that_are_asked_for_and_that_the_style_has(style):
    full = {note.layer for notes in playing(style, 0.5)[0] for note in notes}
    assert full == STYLES[style].layers
    for layer in Layer:
        alone = [note for notes in playing(style, 0.5, layers=(layer,))[0] for note in notes]
        assert {note.layer for note in alone} == {layer} & STYLES[style].layers


@pytest.mark.parametrize("style", sorted(STYLES))
def test_no_layer_hears_another(style):
    full = playing(style, 0.4)[0]
    for layer in STYLES[style].layers:
        alone = playing(style, 0.4, layers=(layer,))[0]
        assert [tuple(n for n in notes if n.layer is layer) for notes in full] == alone


def test_each_style_moves_in_its_own_way():
    """Length, height, number and evenness of what accompanies: no two styles have the same."""

    def profile(style):
        bars, seconds = playing(style, 0.0, layers=(Layer.HARMONY, Layer.PAD), seeds=8)
        notes = [note for bar in bars for note in bar]
        moving = [note for note in notes if note.layer is Layer.HARMONY]
        return (
            len(moving) / seconds,
            fmean(note.duration for note in moving),
            fmean(note.pitch for note in moving) / 10,
            len(notes) / max(1, len({(i, round(n.beat * 4)) for i, bar in enumerate(bars) for n in bar})),
        )

    profiles = {style: profile(style) for style in STYLES}
    for one in STYLES:
        for other in STYLES:
            if one < other:
                apart = sum(abs(a - b) / max(a, b) for a, b in zip(profiles[one], profiles[other], strict=True))
                assert apart > 0.15, (one, other, profiles[one], profiles[other])


def test_circles_turn_on_while_they_are_not_heard():
    def late(layers):
        ensemble, phrase = Ensemble(Streams(3), STYLES["bells"]), planned(3)
        shape = Glide().follow(0.0, asked(), 4)
        for bar in range(4):
            ensemble.play(phrase, bar, shape, layers)
        return ensemble.play(phrase, 4, shape, (Layer.MELODY, Layer.HARMONY))

    assert late((Layer.MELODY, Layer.HARMONY)) == late(())


def test_bells_are_bound_to_no_bar():
    bars, _ = playing("bells", 0.0, layers=(Layer.MELODY,), seeds=1)
    assert len({tuple((round(note.beat), note.pitch) for note in notes) for notes in bars}) >= 6


def test_held_notes_last_two_bars_at_most_and_are_not_struck_twice():
    for style in ("lullaby", "bells", "strings"):
        bars, _ = playing(style, -0.4, layers=(Layer.PAD, Layer.BASS), seeds=1)
        beats = STYLES[style].metres[0][0]
        sounding = {}
        for index, notes in enumerate(bars):
            for note in notes:
                start = index * beats + note.beat
                assert note.duration <= 2 * beats + 0.01
                assert sounding.get((note.layer, note.pitch), -1.0) <= start + 0.02
                sounding[note.layer, note.pitch] = start + note.duration


def test_what_is_held_into_the_next_bar_belongs_there():
    tied = 0
    for style in ("piano", "strings"):
        for seed in range(8):
            phrase, ensemble = planned(seed), Ensemble(Streams(seed), STYLES[style])
            shape = Glide().follow(0.0, asked(arousal=-0.4), 4)
            for bar in range(7):
                for note in ensemble.play(phrase, bar, shape, (Layer.PAD,)):
                    if note.beat + note.duration > 4.5:
                        tied += 1
                        assert note.pitch % 12 in phrase.chords[bar + 1][0].chord.tones
    assert tied > 20


def test_percussion_is_soft_and_never_in_calm_music():
    calm = [note for notes in playing("guitar", -0.5)[0] for note in notes]
    assert not any(note.layer is Layer.PERCUSSION for note in calm)
    lively = [n for notes in playing("guitar", 0.5)[0] for n in notes if n.layer is Layer.PERCUSSION]
    assert lively
    assert all(note.velocity <= 80 for note in lively)


def test_the_accompaniment_keeps_below_the_melody():
    above = total = 0
    for style in sorted(set(STYLES) - {"bells"}):
        for seed in range(4):
            phrase, ensemble = planned(seed), Ensemble(Streams(seed), STYLES[style])
            shape = Glide().follow(0.0, asked(), 4)
            for bar in range(8):
                for note in ensemble.play(phrase, bar, shape, (Layer.HARMONY,)):
                    sung = [tone.pitch for tone in phrase.tones[bar] if tone.beat <= note.beat < tone.beat + tone.duration]
                    above += bool(sung) and note.pitch > sung[-1]
                    total += bool(sung)
    assert above < 0.06 * total


def test_a_tone_given_by_hand_is_answered_below():
    key = Key(0, IONIAN)
    chords = progression(
        key, Streams(1).of("harmony"), bars=4, beats=4, closed=True, functional=True, slow=False, colour_chance=0.0
    )
    tones = tuple((Tone(0.0, 4.0, 7, 72, 1.0),) for _ in chords)
    line = answered(tones, chords, bass.line(chords, None), key, beats=4, activity=0.8, stream=Streams(1).of("counter"))
    notes = [tone for bar in line for tone in bar]
    assert len(notes) >= 4
    assert all(50 <= tone.pitch <= 69 for tone in notes)


def test_a_composer_brings_every_layer_of_a_style_to_sound():
    composer, t, heard = Composer(2, style="guitar"), 0.0, set()
    for _ in range(160):
        bar = composer.compose(t, asked(t, arousal=0.6, goal=Goal.UPLIFT))
        heard |= {note.layer for note in bar.notes}
        t += bar.seconds
    assert heard == set(Layer)
