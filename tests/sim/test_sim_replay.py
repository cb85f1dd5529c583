"""Replay: what was recorded reaches the chips in range, in time, the right way up, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from undertone.errors import RecordingError
from undertone.flow import Samples, readonly
from undertone.sim import Replay
from undertone.sim.fingertip import DARK_PER_MA, INFRARED_PER_MA
from undertone.storage import Recording, Series, load_recording

PERIOD = 0.85


def pulse_wave(times: Samples) -> Samples:
    """A smooth wave that rises quickly and falls slowly."""
    phase = np.asarray(times) % PERIOD

    def bump(middle: float, width: float) -> Samples:
        return np.sum([np.exp(-0.5 * ((phase - middle + k * PERIOD) / width) ** 2) for k in (-1, 0, 1)], axis=0)

    return np.asarray(bump(0.2, 0.07) + 0.4 * bump(0.45, 0.1))


def recorded(
    rate_hz: float, *, seconds: float = 60.0, t0: float = 0.0, unit: str = "arbitrary", scale: float = 1.0, level: float = 0.0
) -> Recording:
    times = t0 + np.arange(int(seconds * rate_hz)) / rate_hz
    return Recording("sub-1_task-x", {"ppg": Series(t0, rate_hz, readonly(level + scale * pulse_wave(times)), unit)})


def steepest(times: Samples, wave: Samples) -> Samples:
    """Times of the steepest rises, finer than a sample."""
    slope = np.gradient(wave, times)
    middle = slope[1:-1]
    at = np.flatnonzero((middle > slope[:-2]) & (middle >= slope[2:]) & (middle > 0.5 * slope.max())) + 1
    before, here, after = slope[at - 1], slope[at], slope[at + 1]
    return np.asarray(times[at] + (times[1] - times[0]) * 0.5 * (before - after) / (before - 2 * here + after))


@pytest.mark.parametrize("rate_hz", [25.0, 30.0, 64.0, 100.0, 256.0, 1000.0])
def test_beats_stay_where_they_were(rate_hz: float) -> None:
    grid = np.arange(2.0, 55.0, 0.01)
    found = steepest(grid, -Replay(recorded(rate_hz)).light(grid)[:, 1])
    fine = np.arange(0.0, 2 * PERIOD, 1e-4)
    truth = steepest(fine, pulse_wave(fine))[0] % PERIOD
    error = (found - truth + PERIOD / 2) % PERIOD - PERIOD / 2
    assert len(found) == pytest.approx(53.0 / PERIOD, abs=2)
    # The parabola through three slopes at 100 Hz is itself 0.5 ms off; straight lines between the samples give 1 to 13 ms.
    assert np.sqrt(np.mean(error**2)) < (1.2e-3 if rate_hz < 30 else 0.7e-3)


@pytest.mark.parametrize(("scale", "level"), [(1.0, 0.0), (40_000.0, 2_000_000.0), (0.001, -3.0)])
def test_any_scale_becomes_a_pulse_of_one_percent(scale: float, level: float) -> None:
    light = Replay(recorded(64.0, scale=scale, level=level)).light(np.arange(5.0, 50.0, 0.01))
    assert np.median(light[:, 1]) == pytest.approx(INFRARED_PER_MA, rel=0.01)
    assert np.ptp(light[:, 1]) / INFRARED_PER_MA == pytest.approx(0.01, rel=0.3)
    red, infrared = (np.ptp(column) / np.median(column) for column in light.T)
    assert red / infrared == pytest.approx(0.5, rel=0.02)


def test_more_blood_is_less_light_whichever_way_it_was_recorded() -> None:
    grid = np.arange(5.0, 50.0, 0.01)
    upright = Replay(recorded(64.0)).light(grid)
    raw = Replay(recorded(64.0, unit="counts", scale=-1.0, level=1000.0)).light(grid)
    np.testing.assert_allclose(raw, upright, rtol=1e-6)
    assert np.corrcoef(upright[:, 1], pulse_wave(grid))[0, 1] < -0.95
    np.testing.assert_allclose(Replay(recorded(64.0, scale=-1.0), upright=False).light(grid), upright, rtol=1e-6)


def test_hum_above_the_pulse_does_not_come_through() -> None:
    times = np.arange(0.0, 40.0, 0.001)
    hum = 0.3 * np.sin(2 * np.pi * 199.0 * times)
    waves = (pulse_wave(times), pulse_wave(times) + hum)
    clean, humming = (Replay(Recording("sub-1", {"ppg": Series(0.0, 1000.0, readonly(wave), "")})) for wave in waves)
    grid = np.arange(10.0, 30.0, 0.01)
    assert np.ptp(humming.light(grid) - clean.light(grid)) < 0.05 * np.ptp(clean.light(grid)[:, 1])


def test_movement_stays_within_the_range_of_the_converter() -> None:
    wave = np.array(recorded(64.0).series["ppg"].values)
    wave[1000:1100] += 300.0 * np.sin(np.arange(100))
    series = Series(0.0, 64.0, readonly(wave), "arbitrary")
    light = Replay(Recording("sub-1", {"ppg": series})).light(np.arange(0.0, 59.9, 0.01))
    assert light[:, 1].min() > 0.5 * INFRARED_PER_MA and light[:, 1].max() < 1.5 * INFRARED_PER_MA


def test_slow_drift_is_left_out_but_breathing_is_kept() -> None:
    times = np.arange(0.0, 120.0, 1 / 64)
    breath = np.sin(2 * np.pi * 0.2 * times)
    wave = readonly(pulse_wave(times) + 0.5 * breath + 20.0 * times / 120.0)
    light = Replay(Recording("sub-1", {"ppg": Series(0.0, 64.0, wave, "")})).light(times)[:, 1] / INFRARED_PER_MA - 1.0
    inner = slice(64 * 20, 64 * 100)
    assert abs(np.polyfit(times[inner], light[inner], 1)[0] * 80.0) < 0.002
    kept = -2.0 * np.mean(light[inner] * breath[inner]) / 0.5
    whole = np.ptp(pulse_wave(times[:640]))
    assert kept == pytest.approx(0.01 / (whole + 0.6), rel=0.4)


def test_missing_samples_are_a_finger_that_is_off() -> None:
    wave = np.array(recorded(64.0).series["ppg"].values)
    wave[640:1280] = np.nan
    replay = Replay(Recording("sub-1", {"ppg": Series(0.0, 64.0, readonly(wave), "")}))
    light = replay.light(np.array([9.5, 9.97, 9.99, 10.0, 15.0, 19.99, 20.01, 30.0]))
    assert (light[2:6] == DARK_PER_MA).all()
    assert (light[[0, 1, 6, 7]] > 100.0).all()


def test_before_the_first_and_after_the_last_sample_nothing_is_there() -> None:
    skin = Series(0.25, 4.0, readonly([2.0, 2.5, 3.0, 2.0]), "µS")
    recording = Recording("sub-1", {"ppg": recorded(64.0, t0=-2.0, seconds=20).series["ppg"], "eda": skin})
    replay = Replay(recording)
    level = replay.conductance(np.array([-1.0, 0.2, 0.25, 0.5, 1.0, 1.01, 99.0]))
    assert level.tolist() == pytest.approx([0, 0, 2, 2.5, 2, 0, 0])
    light = replay.light(np.array([-2.5, -1.0, 17.0, 18.5]))[:, 1]
    assert (light > 100.0).tolist() == [False, True, True, False]
    assert replay.duration == pytest.approx(18.0)


def test_a_recording_can_begin_at_any_time() -> None:
    recording = Recording("sub-1", {"eda": Series(0.0, 4.0, readonly(np.linspace(1, 5, 200)), "µS")})
    times = np.arange(0.0, 40.0, 0.03)
    later = Replay(recording, start=1000.0).conductance(times + 1000.0)
    np.testing.assert_allclose(later, Replay(recording).conductance(times))


def test_conductance_has_its_unit_and_never_falls_below_zero() -> None:
    step = readonly([0.0, 0.0, 0.0, 4e-6, 4e-6, 0.0, 0.0])
    level = Replay(Recording("sub-1", {"eda": Series(0.0, 4.0, step, "S")})).conductance(np.arange(0.0, 1.5, 0.01))
    assert level.min() == 0.0 and 4.0 <= level.max() < 5.0


def test_without_a_pulse_there_is_no_finger_and_without_conductance_no_electrodes() -> None:
    times = np.arange(0.0, 1.0, 0.01)
    skin_only = Replay(Recording("sub-1", {"eda": Series(0.0, 4.0, readonly([1.0] * 8), "µS")}))
    assert (skin_only.light(times) == DARK_PER_MA).all() and skin_only.light(times).shape == (100, 2)
    assert (Replay(recorded(64.0)).conductance(times) == 0.0).all()


def test_with_neither_it_says_so() -> None:
    with pytest.raises(RecordingError, match=r"neither .* only: ecg\."):
        Replay(Recording("sub-1", {"ecg": Series(0.0, 100.0, readonly([1.0] * 8), "mV")}))
    with pytest.raises(RecordingError, match="'watch9'"):
        Replay(recorded(64.0), acq="watch9")


@pytest.mark.parametrize("values", [[1.0], [float("nan")] * 50, [5.0] * 500, [1.0, float("nan"), 2.0]])
def test_odd_recordings_do_no_harm(values: list[float]) -> None:
    series = Series(0.0, 64.0, readonly(values), "")
    replay = Replay(Recording("sub-1", {"ppg": series, "eda": series}))
    times = np.linspace(-1.0, 9.0, 300)
    assert np.isfinite(replay.light(times)).all() and np.isfinite(replay.conductance(times)).all()


def test_how_questions_are_cut_changes_nothing() -> None:
    times = np.sort(np.random.default_rng(1).uniform(0.0, 59.0, 4000))
    recording = recorded(64.0)
    whole = Replay(recording).light(times)
    replay = Replay(recording)
    np.testing.assert_array_equal(np.concatenate([replay.light(part) for part in np.array_split(times, 97)]), whole)


def two_colours(*, ratio: float, full_scale: float | None = 262143.0) -> Recording:
    """Counts of a MAX3010x with a pulse of 1 % in infrared, and one of `ratio` times that in red, a tenth of a second later."""
    times = np.arange(6000) / 100.0
    infrared = 130_000.0 * (1.0 - 0.01 * pulse_wave(times))
    red = 90_000.0 * (1.0 - 0.01 * ratio * pulse_wave(times - 0.1))
    series = {
        f"ppg_{name}": Series(0.0, 100.0, readonly(values), "counts", full_scale=full_scale)
        for name, values in (("infrared", infrared), ("red", red))
    }
    return Recording("sub-1_task-x", series)


@pytest.mark.parametrize("ratio", [0.4, 0.5, 1.3])
def test_red_light_that_was_recorded_is_played_in_its_proportion(ratio: float) -> None:
    grid = np.arange(10.0, 50.0, 0.01)
    red, infrared = Replay(two_colours(ratio=ratio)).light(grid).T
    assert np.ptp(red) / np.median(red) / (np.ptp(infrared) / np.median(infrared)) == pytest.approx(ratio, rel=0.03)
    shifts = [float(np.corrcoef(np.roll(infrared, shift)[50:-50], red[50:-50])[0, 1]) for shift in range(20)]
    assert int(np.argmax(shifts)) == 10 and max(shifts) > 0.99


def test_without_counts_red_pulsates_as_in_a_usual_fingertip() -> None:
    grid = np.arange(10.0, 50.0, 0.01)
    red, infrared = Replay(two_colours(ratio=1.3, full_scale=None)).light(grid).T
    assert np.ptp(red) / np.median(red) / (np.ptp(infrared) / np.median(infrared)) == pytest.approx(0.5, rel=0.03)


def test_where_next_to_no_light_was_counted_there_was_no_finger() -> None:
    recording = two_colours(ratio=0.5)
    series = dict(recording.series)
    infrared = np.array(series["ppg_infrared"].values)
    infrared[2000:3000] = 1200.0
    series["ppg_infrared"] = Series(0.0, 100.0, readonly(infrared), "counts", full_scale=262143.0)
    light = Replay(Recording("sub-1_task-x", series)).light(np.array([19.9, 20.1, 25.0, 29.9, 30.1]))
    assert (light[1:4] == DARK_PER_MA).all() and (light[[0, 4]] > 100.0).all()


# ------------------------------------------------------------------------------------------------------------ real recordings


@pytest.mark.parametrize(
    ("path", "acq", "finger", "skin"),
    [
        ("stress_predict/sub-02", None, 0.99, 0.99),
        ("neurokit_samples/sub-01", None, 0.99, 0.0),
        ("neurokit_samples/sub-02", None, 0.0, 0.99),
        ("welltory_ppg/sub-03", None, 0.99, 0.0),
        ("cogwear/sub-00/sub-00_ses-pilot_task-baseline", "watch4", 0.85, 0.0),
        ("cogwear/sub-00/sub-00_ses-pilot_task-baseline", None, 0.99, 0.99),
        ("brain_wearable_music/sub-A1", "right", 0.0, 0.95),
    ],
)
def test_every_set_plays_in_range(recordings: Path, path: str, acq: str | None, finger: float, skin: float) -> None:
    replay = Replay(load_recording(recordings / path), acq=acq)
    times = np.arange(0.0, replay.duration, 0.02)
    light, conductance = replay.light(times)[:, 1], replay.conductance(times)
    assert np.mean(light > 100.0) >= finger and (finger > 0 or light.max() == DARK_PER_MA)
    assert np.mean(conductance > 0.0) >= skin and (skin > 0 or conductance.max() == 0.0)
    assert light.max() < 1.45 * INFRARED_PER_MA


@pytest.mark.parametrize(
    ("path", "acq"),
    [
        ("welltory_ppg/sub-03", None),
        ("cogwear/sub-11/sub-11_ses-pre_task-baseline", "watch4"),
        ("neurokit_samples/sub-01", None),
    ],
)
def test_real_pulses_rise_quickly_and_fall_slowly(recordings: Path, path: str, acq: str | None) -> None:
    replay = Replay(load_recording(recordings / path), acq=acq)
    light = replay.light(np.arange(1.0, min(replay.duration, 120.0) - 1.0, 0.02))[:, 1]
    rises = -np.diff(light[light > 100.0])
    rises = rises[np.abs(rises) < np.percentile(np.abs(rises), 98.0)]
    assert np.mean((rises - rises.mean()) ** 3) / rises.std() ** 3 > 0.3
