"""Nothing whatsoever that comes in leaves louder than is safe, and what is safe leaves as it came.

The meter is independent of the device's: the standard's analogue curve over a spectrum, and scipy's recursion.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.audio.dose import Exposure
from undertone.audio.filters import BlockFilter, kernel
from undertone.audio.night import Calibration, Ceilings
from undertone.audio.outlet import Outlet
from undertone.audio.safety import LOUDEST_DBFS, Protection
from undertone.audio.weighting import a_weighting

signal = pytest.importorskip("scipy.signal", reason="scipy is the yardstick here")

Sound = NDArray[np.float64]
RATE = 48000
FRAMES = 1024
ONE = np.arange(int(1.5 * RATE)) / RATE

# IEC 61672-1:2013, table 3, by tenths of a decade over or under 1 kHz: the exact frequencies.
TABULATED = {-15: -39.4, -12: -26.2, -9: -16.1, -6: -8.6, -3: -3.2, 0: 0.0, 3: 1.2, 6: 1.0, 9: -1.1, 11: -4.3, 12: -6.6}


def curve(frequencies: Sound) -> Sound:
    """The analogue curve, from the standard's formula with the rounded frequencies of its poles."""
    f = np.maximum(frequencies, 1e-3) ** 2
    gain = 12194.0**2 * f**2 / ((f + 20.6**2) * np.sqrt((f + 107.7**2) * (f + 737.9**2)) * (f + 12194.0**2))
    return np.asarray(gain * 10 ** (2.0 / 20.0))


def fast_level(sound: Sound, rate: int = RATE) -> Sound:
    """What a sound level meter would show, dB re the mean square 1, of the louder channel."""
    size = 1 << int(np.ceil(np.log2(sound.shape[1] + rate)))
    weighted = np.fft.irfft(np.fft.rfft(sound, size) * curve(np.fft.rfftfreq(size, 1.0 / rate)), size)[:, : sound.shape[1]]
    keep = math.exp(-1.0 / (0.125 * rate))
    power = signal.lfilter([1.0 - keep], [1.0, -keep], weighted**2, axis=1).max(axis=0)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-20)))


def true_peak_db(sound: Sound) -> float:
    return float(20.0 * np.log10(np.abs(signal.resample_poly(sound, 8, 1, axis=1)).max() + 1e-12))


def through(sound: Sound, outlet: Outlet) -> Sound:
    frames = np.ascontiguousarray(sound.T, dtype=np.float32)
    whole = len(frames) // FRAMES * FRAMES
    return np.concatenate([outlet(frames[at : at + FRAMES]) for at in range(0, whole, FRAMES)]).T.astype(np.float64)


def outlet_with(dba: float | None, *, night: bool = False, exposure: Exposure | None = None) -> Outlet:
    protection = Protection(Calibration(dba, 0.0), night=lambda: night, exposure=exposure or Exposure())
    return Outlet(rate_hz=RATE, frames=FRAMES, fade_in=0.0, protection=protection)


def full_scale(outlet: Outlet) -> float:
    return outlet.safety.protection.calibration.full_scale_dba


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_the_weighting_is_that_of_the_standard(rate: int) -> None:
    frames = 2048
    impulse = np.zeros((2, 32 * frames))
    impulse[:, 0] = 1.0
    work = BlockFilter(kernel(a_weighting(rate), frames=frames))
    response = np.concatenate([work(impulse[:, at : at + frames]) for at in range(0, impulse.shape[1], frames)], axis=1)[0]
    gains = 20.0 * np.log10(np.abs(np.fft.rfft(response)))
    for tenths, wanted in TABULATED.items():
        frequency = 1000.0 * 10 ** (tenths / 10.0)
        assert 20.0 * math.log10(curve(np.array([frequency]))[0]) == pytest.approx(wanted, abs=0.06), "the yardstick itself"
        found = float(np.interp(frequency, np.fft.rfftfreq(len(response), 1.0 / rate), gains))
        assert found == pytest.approx(wanted, abs=0.2), frequency


def sine(frequency: float) -> Callable[[np.random.Generator], Sound]:
    return lambda chance: np.sin(2 * np.pi * frequency * ONE + chance.uniform(0, 6.28))


def bursting(chance: np.random.Generator) -> Sound:
    return chance.standard_normal(len(ONE)) * np.repeat(chance.random(len(ONE) // 500) < 0.3, 500)


def with_nothings(chance: np.random.Generator) -> Sound:
    sound = chance.standard_normal(len(ONE))
    sound[chance.integers(0, len(ONE), 3)] = chance.choice([math.nan, math.inf, -math.inf, 1e30])
    return sound


def steps(chance: np.random.Generator) -> Sound:
    return np.repeat(chance.choice([-1.0, 0.0, 1.0], len(ONE) // 2400), 2400)


def late(chance: np.random.Generator) -> Sound:
    return np.sin(2 * np.pi * 1500.0 * ONE) * (chance.uniform(0.3, 1.2) < ONE)


SOUNDS: dict[str, Callable[[np.random.Generator], Sound]] = {
    "low": sine(25.0), "middle": sine(1000.0), "ear": sine(2800.0), "high": sine(15000.0),
    "square": lambda chance: np.sign(np.sin(2 * np.pi * chance.uniform(20, 3000) * ONE)),
    "noise": lambda chance: chance.standard_normal(len(ONE)), "bursts": bursting, "nothings": with_nothings, "steps": steps,
    "direct current": lambda chance: np.ones(len(ONE)), "late": late,
    "clicks": lambda chance: 1.0 * (np.arange(len(ONE)) % 4001 == 0),
}  # fmt: skip


@settings(deadline=None, max_examples=36, derandomize=True)
@given(
    name=st.sampled_from(sorted(SOUNDS)),
    seed=st.integers(0, 999),
    gain=st.sampled_from([0.01, 0.3, 1.0, 30.0]),
    dba=st.sampled_from([None, 20.0, 45.0, 62.0, 75.0, 110.0]),
    night=st.booleans(),
    volumes=st.lists(st.sampled_from([-80.0, -30.0, -6.0, 0.0, 12.0, math.inf, math.nan]), max_size=3),
)
def test_nothing_leaves_louder_than_the_ceiling(
    name: str, seed: int, gain: float, dba: float | None, night: bool, volumes: list[float]
) -> None:
    sound = gain * np.stack([SOUNDS[name](np.random.default_rng(seed)), np.zeros(len(ONE))])
    outlet = outlet_with(dba, night=night)
    parts, part = [], len(ONE) // (len(volumes) + 1) // FRAMES * FRAMES
    for place, volume in enumerate([0.0, *volumes]):
        outlet.volume_db = volume
        parts.append(through(sound[:, place * part : (place + 1) * part], outlet))
    out = np.concatenate(parts, axis=1)
    assert np.isfinite(out).all()
    ceiling = min((45.0 if night else 65.0) - full_scale(outlet), LOUDEST_DBFS)
    assert fast_level(out).max() <= ceiling + 0.2
    assert true_peak_db(out) <= -1.0


def test_what_the_look_ahead_gets_wrong_the_meter_catches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gains that are never low enough the first time, as a mistake in reckoning them would be."""
    outlet = outlet_with(75.0, night=True)
    reckoned, usual = outlet.safety._gains, 10 ** ((45.0 - 105.0 - 0.5) / 10.0)

    def careless(powers: Sound, ceiling: float) -> list[float]:
        return [1.0] * 4 if ceiling > 0.9 * usual else reckoned(powers, ceiling)

    monkeypatch.setattr(outlet.safety, "_gains", careless)
    noise = 0.3 * np.random.default_rng(4).standard_normal((2, RATE))
    assert fast_level(through(noise, outlet)).max() + 105.0 <= 45.2


def test_a_calibration_that_is_far_too_low_does_not_let_it_roar() -> None:
    tone = np.stack([np.sin(2 * np.pi * 1000.0 * ONE)] * 2)
    assert -13.0 < fast_level(through(tone, outlet_with(20.0))).max() <= LOUDEST_DBFS + 0.1


def test_a_volume_that_is_turned_up_at_once_is_seen_coming() -> None:
    outlet = outlet_with(75.0, night=True)
    noise = 0.3 * np.random.default_rng(4).standard_normal((2, RATE))
    outlet.volume_db = -60.0
    soft = through(noise, outlet)
    outlet.volume_db = 0.0
    level = fast_level(np.concatenate([soft, through(noise, outlet)], axis=1))
    assert level.max() + 105.0 <= 45.2


def test_the_same_holds_at_44100_hertz() -> None:
    protection = Protection(Calibration(60.0, 0.0), night=lambda: True)
    outlet = Outlet(rate_hz=44100, frames=FRAMES, fade_in=0.0, protection=protection)
    out = through(np.random.default_rng(5).standard_normal((2, 60 * FRAMES)), outlet)
    assert 44.0 <= fast_level(out, 44100).max() + 90.0 <= 45.2


def test_a_healthy_programme_leaves_untouched_by_day() -> None:
    """Noise shaped like music, at −23 LUFS: nobody measured the level, and the usual ceiling is above it."""
    chance = np.random.default_rng(3)
    pink = signal.lfilter([0.05], [1.0, -0.95], chance.standard_normal((2, 4 * RATE)), axis=1)
    # What lies near the twenty hertz at which the outlet ends is turned in phase.
    pink = signal.sosfilt(signal.butter(4, 200.0, "highpass", fs=RATE, output="sos"), pink, axis=1)
    pink *= 0.05 / pink.std()
    outlet = outlet_with(None)
    out = through(pink, outlet)
    assert outlet.safety.stop_db == 0.0
    delay = round(outlet.delay * RATE)
    heard, came = out[:, delay + RATE :], pink[:, RATE : out.shape[1] - delay]
    assert np.corrcoef(heard[0], came[0])[0, 1] > 0.99
    assert heard.std() == pytest.approx(came.std(), rel=0.01)


def test_the_gain_moves_without_a_click() -> None:
    """A soft tone beside loud swells far above it: turning these down leaves nothing beside the tone but its own bends."""
    t = np.arange(6 * RATE) / RATE
    swell = signal.lfilter(np.hanning(960) / np.hanning(960).sum(), [1.0], (t % 1.5 > 1.0) * 1.0)
    tone = 0.02 * np.sin(2 * np.pi * 400.0 * t)
    outlet = outlet_with(62.0)
    loud = 0.5 * swell * np.sin(2 * np.pi * 8000.0 * t)
    out = through(np.stack([tone + loud] * 2), outlet)
    assert outlet.safety.stop_db < -1.0
    beside = signal.sosfilt(signal.butter(8, (1200.0, 3000.0), "bandpass", fs=RATE, output="sos"), out[0])[RATE // 2 :]
    assert np.abs(beside).max() < 0.02 * 10 ** (-50.0 / 20.0)
    assert np.abs(np.diff(out[0])).max() <= 1.001 * np.abs(np.diff(tone + loud)).max()


def test_turning_down_acts_at_once_even_where_the_stop_is_lower() -> None:
    """The stop caps the volume and does not multiply with it: 10 dB under the stop is 10 dB softer."""
    t = np.arange(16 * RATE) / RATE
    outlet = outlet_with(70.0)
    sound = np.stack([0.1 * np.sin(2 * np.pi * 1000.0 * t)] * 2)
    before = fast_level(through(sound, outlet))[-1]
    stop = outlet.safety.stop_db
    assert stop < -10.0
    outlet.volume_db = stop - 10.0
    after = through(sound[:, : 2 * RATE], outlet)
    assert fast_level(after)[RATE // 2 :].mean() == pytest.approx(before - 10.0, abs=0.7)
    assert fast_level(after)[-1] == pytest.approx(before - 10.0, abs=0.7)


def test_limits_glide_when_night_falls() -> None:
    nightly = [False]
    protection = Protection(Calibration(60.0, 0.0), night=lambda: nightly[0])
    outlet = Outlet(rate_hz=RATE, frames=FRAMES, fade_in=0.0, protection=protection)
    noise = np.random.default_rng(1).standard_normal((2, 5 * RATE)) * 0.05
    day = fast_level(through(noise, outlet)[:, 2 * RATE :]).max()
    nightly[0] = True
    levels = [outlet.safety.ceiling_dba]
    for _ in range(10):
        out = through(noise, outlet)
        levels.append(outlet.safety.ceiling_dba)
    assert day + 90.0 > 55.0
    assert levels == sorted(levels, reverse=True) and levels[0] == 65.0 and levels[-1] == 45.0
    assert max(np.abs(np.diff(levels))) <= 2.6, "half a decibel a second"
    assert fast_level(out)[RATE:].max() + 90.0 <= 45.0


def test_where_night_cannot_be_asked_it_is_night() -> None:
    def broken() -> bool:
        raise OSError("no clock")

    outlet = Outlet(rate_hz=RATE, frames=FRAMES, protection=Protection(night=broken))
    assert outlet.safety.night and outlet.safety.ceiling_dba == 45.0


def test_what_leaves_is_counted_as_a_meter_would() -> None:
    exposure = Exposure()
    noise = np.random.default_rng(2).standard_normal((2, 8 * RATE)) * 0.1
    out = through(noise, outlet_with(55.0, night=True, exposure=exposure))
    size = 1 << 19
    weighted = np.fft.irfft(np.fft.rfft(out, size) * curve(np.fft.rfftfreq(size, 1.0 / RATE)), size)[:, : out.shape[1]]
    level = 10.0 * math.log10(np.mean(weighted**2, axis=1).max()) + 85.0
    assert exposure.night_dba == pytest.approx(level + 10.0 * math.log10(out.shape[1] / RATE / (8 * 3600.0)), abs=0.3)


def test_a_spent_night_is_silent_and_a_spent_week_soft() -> None:
    spent = Exposure()
    spent.add(10.0**6.0, 60.0, night=True)
    outlet = outlet_with(60.0, night=True, exposure=spent)
    noise = np.random.default_rng(2).standard_normal((2, RATE)) * 0.1
    assert fast_level(through(noise, outlet)).max() + 90.0 < 20.0
    week = Exposure()
    week.add(10.0**10.0, 3600.0, night=False)
    outlet = outlet_with(60.0, exposure=week)
    assert week.dose > 1.0
    assert 50.0 < fast_level(through(np.tile(noise, 8), outlet))[-RATE:].max() + 90.0 < 57.0


@settings(deadline=None, max_examples=20, derandomize=True)
@given(day=st.floats(allow_nan=True), night=st.floats(allow_nan=True))
def test_no_setting_exceeds_the_ceilings(day: float, night: float) -> None:
    ceilings = Ceilings(day, night)
    assert 25.0 <= ceilings.night_dba <= 45.0
    assert ceilings.night_dba <= ceilings.day_dba <= 65.0


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -40.0, 111.0])
def test_a_calibration_that_cannot_be_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="no level"):
        Calibration(wrong)
    with pytest.raises(ValueError, match="uncertain"):
        Calibration(60.0, wrong)


def test_silence_leaves_nothing_in_the_filters() -> None:
    """After a night of silence numbers would be so small that processors become slow."""
    outlet = outlet_with(60.0)
    through(np.random.default_rng(0).standard_normal((2, RATE)), outlet)
    quiet = through(np.zeros((2, 4 * RATE)), outlet)
    assert not quiet[:, -RATE:].any()
    assert outlet.safety.level_dba is None and outlet.level_dbfs is None
    for held in (outlet._subsonic, outlet.safety._ear, outlet.safety._meter):
        assert not held._state.any()


def test_the_level_is_that_of_a_meter() -> None:
    outlet = outlet_with(50.0)
    tone = np.stack([0.01 * np.sqrt(2.0) * np.sin(2 * np.pi * 1000.0 * np.arange(3 * RATE) / RATE)] * 2)
    through(tone, outlet)
    assert outlet.safety.level_dba == pytest.approx(-40.0 + 80.0, abs=0.1)
    assert outlet_with(None).safety.level_dba is None
