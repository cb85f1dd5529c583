"""The front end measured with test resistors: the arithmetic, the refusals, and the whole way from an emulated chip."""

from __future__ import annotations

import errno
import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from undertone.errors import ConfigError, SensorError
from undertone.sensors import FrontEnd, Grove, SkinSettings, Steady, calibrated, ratios, residual
from undertone.sim import Ads1115Chip, EmulatedBus
from undertone.timeline import VirtualClock

NOMINAL = FrontEnd()
K100, M1, K47 = 100e3, 1e6, 47e3


def ratio(front_end: FrontEnd, ohms: float) -> float:
    v0, v1 = front_end.volts(1e6 / ohms)
    return v0 / v1


# ---------------------------------------------------------------------------------------------------------------- arithmetic


@given(st.floats(0.92, 1.08), st.floats(0.92, 1.08), st.booleans())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_two_resistors_find_the_front_end(feedback: float, series: float, other_way_round: bool) -> None:
    true = FrontEnd(feedback_ohm=220e3 * feedback, series_ohm=78e3 * series)
    points = [(K100, ratio(true, K100)), (M1, ratio(true, M1))]
    found = calibrated(NOMINAL, *(points[::-1] if other_way_round else points))
    assert found.feedback_ohm == pytest.approx(true.feedback_ohm)
    assert found.series_ohm == pytest.approx(true.series_ohm)
    assert (found.reference_volts, found.wet_ratio) == (NOMINAL.reference_volts, NOMINAL.wet_ratio)
    assert residual(found, K47, ratio(true, K47)) == pytest.approx(0.0, abs=1e-9)


def test_the_residual_is_what_a_wrong_front_end_costs() -> None:
    # hardware.md: 1 % of Rf costs 2.6 % at 20 µS.
    true = FrontEnd(feedback_ohm=222_200.0)
    assert residual(NOMINAL, 50e3, ratio(true, 50e3)) == pytest.approx(0.026, abs=0.001)
    assert residual(true, 50e3, ratio(true, 50e3)) == pytest.approx(0.0, abs=1e-12)


REFUSED = [
    # first, second, what the sentence says
    ((K100, ratio(NOMINAL, M1)), (M1, ratio(NOMINAL, K100)), "swapped"),
    ((K100, 1.0), (M1, ratio(NOMINAL, M1)), "Far too little flows through 100 kΩ"),
    ((K100, ratio(NOMINAL, K100)), (M1, 1.0001), "Far too little flows through 1 MΩ"),
    ((K100, ratio(NOMINAL, 1.0)), (M1, ratio(NOMINAL, M1)), "through 100 kΩ as if there were a short"),
    ((K100, ratio(NOMINAL, K100)), (M1, ratio(NOMINAL, 1.0)), "through 1 MΩ as if there were a short"),
    ((K100, 1.5), (M1, float("nan")), "Far too little"),
    ((K100, 1.8), (110e3, 1.7), "too alike"),
    ((0.0, 1.8), (M1, 1.2), "above 0"),
    ((K100, ratio(FrontEnd(feedback_ohm=250e3), K100)), (M1, ratio(FrontEnd(feedback_ohm=250e3), M1)), "feedback resistance"),
    ((K100, ratio(FrontEnd(series_ohm=95e3), K100)), (M1, ratio(FrontEnd(series_ohm=95e3), M1)), "series resistance.*95 kΩ"),
    # 120 kΩ taken for 100 kΩ
    ((K100, ratio(NOMINAL, 120e3)), (M1, ratio(NOMINAL, M1)), "more than 10% off"),
    ((K100, ratio(NOMINAL, K100)), (M1, ratio(NOMINAL, K100)), "swapped"),
]


@pytest.mark.parametrize(("first", "second", "says"), REFUSED, ids=[says for *_, says in REFUSED])
def test_what_no_front_end_can_give_is_refused_in_a_sentence(
    first: tuple[float, float], second: tuple[float, float], says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as refusal:
        calibrated(NOMINAL, first, second)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(("measured", "says"), [(1.01, "too little"), (3.7, "short"), (float("nan"), "too little")])
def test_a_check_that_is_none_is_refused(measured: float, says: str) -> None:
    with pytest.raises(ConfigError, match=f"47 kΩ.*{says}|{says}.*47 kΩ"):
        residual(NOMINAL, K47, measured)
    with pytest.raises(ConfigError, match="through 470 Ω"):
        residual(NOMINAL, 470.0, measured)


# ------------------------------------------------------------------------------------------------------------------ steadiness


def noisy(level: float, seconds: float, seed: int, hz: float = 32.0) -> list[tuple[float, float]]:
    draw = np.random.default_rng(seed)
    return [(i / hz, level + 1.3e-4 * draw.normal()) for i in range(int(seconds * hz))]


def test_a_reading_comes_as_soon_as_it_is_steady_and_not_before() -> None:
    steady = Steady(3.0)
    readings = [(t, steady.push(t, value)) for t, value in noisy(2.236, 6.0, 1)]
    first = next(t for t, reading in readings if reading is not None)
    assert first == pytest.approx(3.0, abs=0.05)
    assert all(reading == pytest.approx(2.236, abs=1e-4) for t, reading in readings if reading is not None)
    assert sum(reading is None for t, reading in readings if t >= 3.0) < 5


@given(st.floats(1.0, 6.0), st.floats(1.1, 3.0), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_reading_takes_the_time_it_is_told_to(seconds: float, level: float, seed: int) -> None:
    steady = Steady(seconds)
    times = [t for t, value in noisy(level, seconds + 2.0, seed) if steady.push(t, value) is not None]
    assert seconds <= times[0] < seconds + 1.0


@given(st.integers(10, 150), st.floats(0.3, 5.0), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_no_reading_reaches_across_a_gap(before: int, gap: float, seed: int) -> None:
    steady, stream = Steady(3.0), noisy(1.5, 12.0, seed)
    for t, value in stream[:before]:
        steady.push(t, value)
    late = [(t + gap, value) for t, value in stream[before:]]
    times = [t for t, value in late if steady.push(t, value) is not None]
    assert times[0] - late[0][0] >= 3.0


@given(st.floats(2e-3, 0.5), st.integers(0, 2**32), st.sampled_from(["step", "slope", "hum"]))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_moves_is_no_reading(size: float, seed: int, how: str) -> None:
    """A step within the seconds, a slope of that much in three of them, or a hum of that height."""
    assume(how != "hum" or size > 6e-3)
    steady = Steady(3.0)
    for t, value in noisy(2.0, 4.4, seed):
        moved = {"step": size * (t > 1.5), "slope": size * t / 3.0, "hum": size * np.sin(2 * np.pi * 1.7 * t)}[how]
        reading = steady.push(t, value + float(moved))
        # Long after the step it is over, and until shortly after it, it hardly weighs.
        assert reading is None or (how == "step" and (t < 1.6 or t > 4.3)), t


def test_nothing_that_is_no_number_gets_into_a_reading() -> None:
    steady = Steady(1.0)
    for t, value in noisy(2.0, 0.9, 3):
        steady.push(t, value)
    assert steady.push(0.91, float("nan")) is None
    assert all(steady.push(1.0 + t, value) is None for t, value in noisy(2.0, 0.9, 4))


def test_a_few_rare_ratios_are_no_reading() -> None:
    steady = Steady(3.0)
    assert all(steady.push(0.24 * i, 2.0) is None for i in range(100))


# -------------------------------------------------------------------------------------------------------------- the whole way


class Resistor:
    """What is clipped between the electrode leads."""

    def __init__(self) -> None:
        self.ohms = float("inf")

    def light(self, times: np.ndarray) -> np.ndarray:
        raise AssertionError("a resistor has no pulse")

    def conductance(self, times: np.ndarray) -> np.ndarray:
        return np.full_like(times, 1e6 / self.ohms)


class Bench:
    def __init__(self, built: FrontEnd, **chip: float) -> None:
        self.clock = VirtualClock(5.0)
        self.resistor = Resistor()
        self.chip = Ads1115Chip(self.resistor, self.clock.now, front_end=built, **chip)  # type: ignore[arg-type]
        self.bus = EmulatedBus({0x48: self.chip}, now=self.clock.now)
        self.ratios = ratios(self.bus, SkinSettings())
        self.late = random.Random(1)

    def read(self, ohms: float, patience: float = 8.0) -> float:
        """What `undertone calibrate` does: poll when due until the reading is steady."""
        self.resistor.ohms = ohms
        steady, end = Steady(3.0), self.clock.now() + patience
        while self.clock.now() < end:
            self.clock.jump(max(0.0, self.ratios.due - self.clock.now()) + self.late.random() * 0.001)
            found = self.ratios.poll(self.clock.now())
            reading = None if found is None else steady.push(self.clock.now(), found)
            if reading is not None:
                return reading
        raise AssertionError("never steady")


@pytest.mark.parametrize(
    ("feedback", "series", "tolerance"), [(1.01, 0.99, 0.0), (0.99, 1.01, -0.1), (1.05, 1.05, 0.1), (0.95, 1.02, 0.0)]
)
def test_a_front_end_is_calibrated_to_a_third_of_a_percent(feedback: float, series: float, tolerance: float) -> None:
    built = FrontEnd(feedback_ohm=220e3 * feedback, series_ohm=78e3 * series)
    bench = Bench(built, tolerance=tolerance, seed=7)
    readings = {ohms: bench.read(ohms) for ohms in (K100, M1, K47)}
    found = calibrated(NOMINAL, (K100, readings[K100]), (M1, readings[M1]))
    for ohms, reading in readings.items():
        assert abs(residual(found, ohms, reading)) < 0.003, ohms
    assert max(abs(residual(NOMINAL, ohms, reading)) for ohms, reading in readings.items()) > 0.01


def test_a_reading_takes_three_seconds_and_a_reference_with_each_conversion() -> None:
    bench = Bench(NOMINAL)
    start = bench.clock.now()
    assert bench.read(K100) == pytest.approx(ratio(NOMINAL, K100), rel=2e-4)
    assert 3.0 < bench.clock.now() - start < 4.5


def test_trouble_is_raised_as_a_sentence_and_a_nack_or_two_are_not() -> None:
    bench = Bench(NOMINAL)
    bench.bus.nack(0x48, 2)
    bench.read(K100)
    bench.bus.nack(0x48, 3)
    with pytest.raises(SensorError, match="No chip answers at 0x48"):
        bench.read(K100)
    bench.read(K100)
    bench.bus.fail(0x48, errno.ETIMEDOUT)
    with pytest.raises(SensorError, match="held low"):
        bench.read(K100)
    bench.chip.brown_out()
    bench.read(M1)


def test_a_front_end_without_power_is_told() -> None:
    bench = Bench(NOMINAL)
    steady = bench.chip._inputs
    bench.chip._inputs = lambda t: (0.0, 0.01, 0.0, 0.0)
    with pytest.raises(SensorError, match=r"gives 0\.010 V on AIN1.*reference of 0\.5 V.*wiring"):
        bench.read(K100)
    bench.chip._inputs = steady
    assert bench.read(K100) == pytest.approx(ratio(NOMINAL, K100), rel=2e-4)


def test_a_front_end_without_a_reference_has_nothing_to_calibrate() -> None:
    with pytest.raises(ConfigError, match="cannot be calibrated"):
        ratios(Bench(NOMINAL).bus, SkinSettings(front_end=Grove(open_volts=1.6)))
