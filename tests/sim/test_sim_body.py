"""The simulated body: it is the same for the same seed, it is plausible, and its truth is true."""

from __future__ import annotations

import math
import time
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Bar, Layer, Note, Samples
from undertone.sim import Body, Happening, HappeningKind
from undertone.sim.fingertip import DARK_PER_MA
from undertone.sim.listening import LAG_SECONDS, carried_arousal

SOFT = Bar(
    index=0,
    beats=4,
    tempo_bpm=46.0,
    notes=(Note(0.0, 4.0, 60, 60, Layer.PAD),),
    level_db=-15.0,
    gains_db={},
    programs={},
    low_pass_hz=800.0,
    reverb_wet=0.3,
    reverb_seconds=2.0,
    breath_per_min=None,
    swell_db=0.0,
)
LIVELY = replace(SOFT, tempo_bpm=110.0, level_db=0.0, low_pass_hz=5000.0)
SILENT = replace(SOFT, notes=(), level_db=-math.inf)


def evening(body: Body, seconds: float, bar: Bar | None = None) -> None:
    """Look at a body in steps of half a second, with the same bar sounding all the time."""
    sounding = 0.0
    for tick in range(int(seconds * 2)):
        now = tick / 2.0
        while bar is not None and sounding <= now:
            body.hear(sounding, bar)
            sounding += bar.seconds
        body.light(np.array([now]))
        body.conductance(np.array([now]))


def seen(body: Body, seconds: float, *, rate_hz: float = 100.0, start: float = 0.0) -> tuple[Samples, Samples]:
    times = start + np.arange(int(seconds * rate_hz)) / rate_hz
    return body.light(times), body.conductance(times)


def swing(light: Samples) -> float:
    """Usual size of a pulse as a share of the light."""
    infrared = light[: len(light) // 200 * 200, 1].reshape(-1, 200)
    return float(np.median(np.ptp(infrared, axis=1)) / np.median(infrared))


# ------------------------------------------------------------------------------------------------------------- deterministic


@settings(max_examples=8, deadline=None, derandomize=True)
@given(cuts=st.lists(st.floats(0.0, 60.0), max_size=30), seed=st.integers(0, 5))
def test_how_questions_are_cut_changes_nothing(cuts: list[float], seed: int) -> None:
    times = np.arange(0.0, 60.0, 0.01)
    script = (
        Happening(20.0, HappeningKind.MOVEMENT),
        Happening(30.0, HappeningKind.STARTLE),
        Happening(50.0, HappeningKind.FINGER_OFF, seconds=4.0),
    )

    def body() -> Body:
        return Body.restless(seed, movements_per_min=6.0, losses_per_hour=120.0, script=script)

    whole, cut = body(), body()
    light, skin = whole.light(times), whole.conductance(times)
    edges = np.searchsorted(times, sorted(cuts))
    # The other body is asked about its skin first, and in pieces.
    np.testing.assert_array_equal(np.concatenate([cut.conductance(part) for part in np.split(times, edges)]), skin)
    np.testing.assert_array_equal(np.concatenate([cut.light(part) for part in np.split(times, edges)]), light)
    np.testing.assert_array_equal(cut.truth.beats, whole.truth.beats)
    assert cut.truth.responses == whole.truth.responses
    assert cut.truth.happenings == whole.truth.happenings


def test_other_moments_lie_on_the_same_curve() -> None:
    fine, coarse = Body(3), Body(3)
    times = np.arange(0.0, 30.0, 0.01)
    np.testing.assert_allclose(fine.light(np.arange(3000 * 4) / 400.0)[::4], coarse.light(times), rtol=1e-12)


def test_seeds_differ_and_repeat() -> None:
    first, again, other = (seen(Body.tense(seed), 20.0) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.allclose(first[0], other[0], rtol=1e-3)


def test_a_life_can_begin_at_any_time() -> None:
    here, there = Body.restless(4, falls_off=15.0), Body.restless(4, falls_off=15.0, start=12345.0)
    np.testing.assert_allclose(seen(there, 20.0, start=12345.0)[0], seen(here, 20.0)[0], rtol=1e-6)
    np.testing.assert_allclose(there.truth.beats - 12345.0, here.truth.beats, atol=1e-9)
    assert there.truth.tension[0, 0] == 12345.0


def test_a_pause_of_the_questions_is_lived_through() -> None:
    asked, paused = Body(5), Body(5)
    times = np.arange(0.0, 300.0, 0.01)
    np.testing.assert_array_equal(paused.light(times[29000:]), asked.light(times)[29000:])
    np.testing.assert_array_equal(paused.truth.beats[-5:], asked.truth.beats[-5:])


def test_a_little_of_the_past_can_be_asked_about_again() -> None:
    for first, last in ((0.0, 3.9), (4.0, 7.9)):
        body = Body(5)
        before = body.light(np.array([first]))
        body.light(np.array([last]))
        np.testing.assert_array_equal(body.light(np.array([first])), before)


def test_the_past_is_gone() -> None:
    body = Body(5)
    body.light(np.array([100.0]))
    with pytest.raises(ValueError, match="may not go back"):
        body.light(np.array([10.0]))


# ------------------------------------------------------------------------------------------------------------------- plausible


@pytest.mark.parametrize("seed", range(5))
def test_it_is_within_what_people_are(seed: int) -> None:
    for body, slowest, quickest in ((Body.tense(seed), (68, 12.5), (95, 20)), (Body.calm(seed), (52, 10), (75, 16.5))):
        light, skin = seen(body, 300.0, rate_hz=50.0)
        intervals = np.diff(body.truth.beats)
        rates = np.array([60.0 / intervals.mean(), body.truth.breathing[:, 1].mean()])
        assert (rates > slowest).all() and (rates < quickest).all()
        assert 0.004 < swing(light) < 0.035
        assert (light[:, 1] > 100.0).all() and light[:, 1].max() * 7.0 < 4096.0
        assert skin.min() > 1.0 and skin.max() < 30.0
        assert intervals.min() > 0.35 and intervals.max() < 1.6


def test_tension_shows_in_heart_breath_and_skin() -> None:
    for seed in range(3):
        tense, calm = Body.tense(seed, movements_per_min=0.0), Body.calm(seed, movements_per_min=0.0)
        (_, tense_skin), (_, calm_skin) = seen(tense, 400.0, rate_hz=20.0), seen(calm, 400.0, rate_hz=20.0)
        tense_beats, calm_beats = np.diff(tense.truth.beats), np.diff(calm.truth.beats)
        assert tense_beats.mean() < 0.9 * calm_beats.mean()
        assert np.std(np.diff(tense_beats)) < 0.7 * np.std(np.diff(calm_beats))
        assert np.median(tense_skin) > 1.3 * np.median(calm_skin)
        assert len(tense.truth.responses) > 2 * len(calm.truth.responses) > 0


def test_what_is_asked_for_is_what_comes() -> None:
    body = Body(6, heart_bpm=72.0, breathing_per_min=6.5, tension=0.4, usual=0.4)
    seen(body, 600.0, rate_hz=10.0)
    assert 60.0 / np.diff(body.truth.beats).mean() == pytest.approx(72.0, abs=3.0)
    assert body.truth.breathing[:, 1].mean() == pytest.approx(6.5, abs=0.6)
    assert body.truth.tension[:, 1].mean() == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    "change", [{"tension": 1.5}, {"heart_bpm": 0.0}, {"breathing_per_min": 100.0}, {"response": -1.0}, {"usual": math.nan}]
)
def test_impossible_people_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(change))} must be between"):
        Body(1, **change)


def spectrum(beats: Samples) -> tuple[Samples, Samples]:
    """Power of the intervals over frequency."""
    grid = np.arange(beats[1], beats[-1], 0.25)
    intervals = np.interp(grid, beats[1:], np.diff(beats))
    power = np.abs(np.fft.rfft((intervals - intervals.mean()) * np.hanning(len(grid)))) ** 2
    return np.fft.rfftfreq(len(grid), 0.25), power


def test_the_heart_swings_with_the_breath_at_a_tenth_of_a_hertz_and_slowly() -> None:
    body = Body(7, breathing_per_min=15.0, tension=0.2, usual=0.2)
    body.light(np.array([1800.0]))
    frequency, power = spectrum(body.truth.beats)

    def density(low: float, high: float) -> float:
        return float(power[(frequency >= low) & (frequency < high)].mean())

    assert density(0.21, 0.29) > 3.0 * density(0.32, 0.45), "no respiratory arrhythmia"
    assert density(0.21, 0.29) > 3.0 * density(0.14, 0.19)
    assert density(0.08, 0.12) > 2.0 * density(0.14, 0.19), "no slow rhythm"
    assert density(0.001, 0.01) > 3.0 * density(0.03, 0.06), "no drift"


def test_breathing_is_in_the_pulse_wave() -> None:
    body = Body(8, breathing_per_min=12.0)
    light, _ = seen(body, 300.0, rate_hz=20.0)
    power = np.abs(np.fft.rfft((light[:, 1] - light[:, 1].mean()) * np.hanning(len(light)))) ** 2
    frequency = np.fft.rfftfreq(len(light), 0.05)
    breath = body.truth.breathing[:, 1].mean() / 60.0
    apart = np.abs(frequency - breath)
    inside, beside = apart < 0.03, (apart > 0.07) & (apart < 0.12)
    assert power[inside].mean() > 3.0 * power[beside].mean()


# ---------------------------------------------------------------------------------------------------------------------- truth


@pytest.mark.parametrize(("tension", "breath"), [(0.1, 6.0), (0.5, 14.0), (0.95, 19.0)])
def test_beats_are_where_the_pulse_rises_most_steeply(tension: float, breath: float) -> None:
    body = Body(9, tension=tension, breathing_per_min=breath)
    step = 1.0 / 400.0
    wave = -body.light(np.arange(0.0, 120.0, step))[:, 1]
    slope = np.diff(wave)
    found = []
    for beat in body.truth.beats[1:-1]:
        first = int((beat - 0.15) / step)
        steepest = first + int(np.argmax(slope[first : first + 120]))
        before, here, after = slope[steepest - 1 : steepest + 2]
        found.append((steepest + 0.5 + 0.5 * (before - after) / (before - 2 * here + after)) * step)
    error = np.array(found) - body.truth.beats[1:-1]
    assert len(found) > 60
    assert np.abs(error).max() < 0.003 and abs(error.mean()) < 0.001


def test_responses_are_what_the_skin_shows() -> None:
    body = Body(10, tension=0.4, usual=0.4)
    times = np.arange(0.0, 900.0, 0.02)
    skin = body.conductance(times)
    responses = body.truth.responses
    onsets = np.array([response.t for response in responses])
    assert 1.0 < len(responses) / 15.0 < 8.0
    assert np.diff(onsets).min() >= 1.0
    alone = [r for r in responses[:-1] if np.sum(np.abs(onsets - r.t) < 12.0) == 1 and r.amplitude_microsiemens > 0.1]
    assert len(alone) >= 5
    late, large = [], []
    for response in alone:
        index = np.searchsorted(times, response.t)
        rise = skin[index : index + 250] - skin[index]
        large.append(rise.max() / response.amplitude_microsiemens - 1.0)
        late.append(np.argmax(rise) * 0.02 - response.rise)
    # A level that moves meanwhile moves the peak a little.
    assert abs(np.median(late)) < 0.25 and abs(np.median(large)) < 0.12 and np.abs(large).max() < 0.4
    logs = np.log([response.amplitude_microsiemens for response in responses])
    assert 0.4 < logs.std() < 1.0, "sizes are log-normal"


def test_truth_ends_with_what_was_asked() -> None:
    body = Body.tense(11)
    body.light(np.array([60.3]))
    assert 58.0 < body.truth.beats[-1] <= 60.3
    assert body.truth.responses == ()
    body.conductance(np.array([30.0]))
    assert all(response.t <= 30.0 for response in body.truth.responses)


# ---------------------------------------------------------------------------------------------------------------- disturbances


def test_a_movement_disturbs_the_light_and_passes() -> None:
    still, moved = Body(12), Body(12, script=[Happening(20.0, HappeningKind.MOVEMENT, seconds=4.0)])
    difference = np.abs(seen(moved, 120.0)[0] - seen(still, 120.0)[0])[:, 1]
    assert difference[:2000].max() == 0.0
    assert difference[2000:2400].max() > 2.0 * np.ptp(seen(Body(12), 10.0)[0][:, 1])
    assert difference[10000:].max() < 0.05
    assert moved.truth.beats.tolist() == still.truth.beats.tolist(), "a movement is no beat"


def test_the_finger_comes_off_and_comes_back() -> None:
    body = Body(13, script=[Happening(10.0, HappeningKind.FINGER_OFF, seconds=5.0)])
    light, skin = seen(body, 20.0)
    assert (light[1000:1500] == DARK_PER_MA).all()
    assert (light[:1000, 1] > 100.0).all() and (light[1501:, 1] > 100.0).all()
    assert (skin > 0.5).all()


def test_the_electrodes_come_off() -> None:
    light, skin = seen(Body(13, script=[Happening(10.0, HappeningKind.ELECTRODES_OFF, seconds=5.0)]), 20.0)
    assert (skin[1000:1498] == 0.0).all()
    assert (skin[:998] > 0.5).all() and (skin[1500:] > 0.5).all()
    assert (light[:, 1] > 100.0).all()


def test_a_restless_sleeper_loses_the_sensors_for_good() -> None:
    light, skin = seen(Body.restless(14, falls_off=30.0, losses_per_hour=0.0), 90.0)
    assert (light[3000:] == DARK_PER_MA).all() and (skin[3000:] == 0.0).all()
    assert (light[:2999, 1] > 50.0).all()


def test_chance_brings_as_many_disturbances_as_asked() -> None:
    body = Body(15, movements_per_min=8.0, losses_per_hour=48.0)
    body.conductance(np.array([900.0]))
    kinds = [happening.kind for happening in body.truth.happenings]
    assert 85 < kinds.count(HappeningKind.MOVEMENT) < 155
    assert 4 <= len(kinds) - kinds.count(HappeningKind.MOVEMENT) <= 24


def test_a_startle_shows_in_the_skin() -> None:
    body = Body(16, script=[Happening(30.0, HappeningKind.STARTLE, strength=2.0)])
    seen(body, 60.0)
    answer = [response for response in body.truth.responses if 31.0 < response.t < 32.0]
    assert len(answer) == 1 and answer[0].amplitude_microsiemens > 0.3
    tension = body.truth.tension[:, 1]
    assert tension[33:40].mean() > tension[20:29].mean() + 0.15


# ---------------------------------------------------------------------------------------------------------------------- music


def test_without_response_music_changes_nothing() -> None:
    heard, unheard = Body.tense(20, response=0.0), Body.tense(20, response=0.0)
    evening(heard, 120.0, replace(SOFT, breath_per_min=6.0, swell_db=3.0))
    evening(unheard, 120.0)
    times = np.arange(120.0, 130.0, 0.01)
    np.testing.assert_array_equal(heard.light(times), unheard.light(times))
    np.testing.assert_array_equal(heard.conductance(times), unheard.conductance(times))


def tension_after(bar: Bar | None, *, seconds: float = 600.0, **changes: Any) -> float:
    body = Body(21, **{"tension": 0.5, "usual": 0.5, **changes})
    evening(body, seconds, bar)
    return float(body.truth.tension[-60:, 1].mean())


def test_soft_music_calms_and_lively_music_rouses_slowly() -> None:
    alone = tension_after(None)
    assert tension_after(SOFT) < alone - 0.1
    assert tension_after(LIVELY) > alone + 0.1
    assert abs(tension_after(SOFT, seconds=60.0) - tension_after(None, seconds=60.0)) < 0.05
    assert alone - 0.1 < tension_after(SILENT) < alone - 0.01


def test_response_is_how_strongly() -> None:
    alone, once, thrice = (tension_after(SOFT, seconds=240.0, response=response) for response in (0.0, 1.0, 3.0))
    assert alone - thrice > 1.7 * (alone - once) > 0.0


def test_music_that_is_near_pulls_more_than_music_that_is_far() -> None:
    near = replace(SOFT, tempo_bpm=67.0, level_db=-9.0, low_pass_hz=2500.0)
    changes = {"tension": 0.95, "usual": 0.95, "seconds": 240.0}
    assert carried_arousal(SOFT) < -0.5 < 0.0 < carried_arousal(near) < 0.2  # type: ignore[operator]
    assert tension_after(near, **changes) < tension_after(SOFT, **changes) < tension_after(None, **changes)


def test_breath_is_drawn_to_the_swell() -> None:
    def breathing(bar: Bar | None) -> float:
        body = Body(22, breathing_per_min=13.0)
        evening(body, 360.0, bar)
        return float(body.truth.breathing[-180:, 1].mean())

    alone = breathing(replace(SOFT, swell_db=3.0))
    swelling = replace(SOFT, breath_per_min=9.0, swell_db=3.0)
    assert 9.0 < breathing(swelling) < alone - 1.0
    assert breathing(swelling) < breathing(replace(swelling, swell_db=1.0)) < alone
    assert breathing(replace(swelling, swell_db=0.0)) == pytest.approx(alone, abs=0.01)


def test_tempo_level_and_brightness_each_carry_arousal() -> None:
    middle = carried_arousal(SOFT)
    assert middle is not None and carried_arousal(SILENT) is None
    for change in ({"tempo_bpm": 60.0}, {"level_db": -10.0}, {"low_pass_hz": 1200.0}):
        more = carried_arousal(replace(SOFT, **change))
        assert more is not None and middle < more <= 1.0


def test_music_is_answered_late_enough_to_be_asked_ahead() -> None:
    """A body that is asked a second ahead of the music answers as one that knew the music all along."""
    ahead, knowing = Body(23, tension=0.8), Body(23, tension=0.8)
    bars = [(float(second), LIVELY if second % 7 < 3 else SOFT) for second in range(60)]
    for t, bar in bars:
        knowing.hear(t, bar)
    for t, bar in bars:
        ahead.light(np.array([t + 0.999]))
        ahead.conductance(np.array([t + 0.999]))
        ahead.hear(t, bar)
    times = np.arange(60.0, 60.0 + LAG_SECONDS, 0.01)
    np.testing.assert_array_equal(ahead.light(times), knowing.light(times))
    np.testing.assert_array_equal(ahead.truth.tension, knowing.truth.tension)


def test_music_acts_the_same_whenever_a_life_begins() -> None:
    here, there = Body(24, tension=0.8), Body(24, tension=0.8, start=5000.0)
    for second in range(0, 100, 5):
        here.hear(float(second), SOFT)
        there.hear(second + 5000.0, SOFT)
    for body in (here, there):
        body.light(np.array([body.start + 100.0]))
    np.testing.assert_array_equal(here.truth.tension[:, 1], there.truth.tension[:, 1])
    unheard = Body(24, tension=0.8)
    unheard.light(np.array([100.0]))
    assert here.truth.tension[-1, 1] < unheard.truth.tension[-1, 1]


# ----------------------------------------------------------------------------------------------------------------- a long night


def test_it_costs_little_and_its_memory_is_flat() -> None:
    body = Body.restless(30, remember=600.0)
    pulse, skin = np.arange(25) / 100.0, np.arange(8) / 32.0

    def live(first: int, last: int) -> None:
        for quarter in range(4 * first, 4 * last):
            body.light(quarter / 4.0 + pulse)
            body.conductance(quarter / 4.0 + skin)

    live(0, 700)
    tracemalloc.start()
    live(700, 710)
    before = tracemalloc.get_traced_memory()[0]
    live(710, 1200)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 20_000, "more than 40 bytes a second stay behind"
    assert 590.0 < body.truth.beats[0] < 610.0 and len(body.truth.tension) == 600
    assert body.truth.tension[-1, 0] == pytest.approx(1200.0, abs=4.0)
    began = time.process_time()
    live(1200, 1500)
    assert (time.process_time() - began) / 300.0 < 0.005, "0.4 ms a second is usual"


def test_what_takes_no_time_cannot_happen() -> None:
    """A movement that lasts 0 s would divide the light by nothing."""
    for seconds in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="longer than 0 s"):
            Happening(3.0, HappeningKind.MOVEMENT, seconds=seconds)


@pytest.mark.parametrize("changes", [{"movements_per_min": -1.0}, {"losses_per_hour": math.nan}])
def test_how_often_something_happens_must_be_possible(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be between 0 and"):
        Body(1, **changes)  # type: ignore[arg-type]
