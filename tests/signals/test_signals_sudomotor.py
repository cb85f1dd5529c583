"""The driver of skin conductance, and the bursts in it."""

from __future__ import annotations

import numpy as np
import pytest
from signals_synthetic import sweat

from undertone.flow import Samples
from undertone.signals.answers import Shape, Usual, explain
from undertone.signals.sudomotor import DELAY, GAIN, RATE_HZ, Burst, Bursts, driver

TIMES = np.arange(0.0, 60.0, 1.0 / RATE_HZ)


def driven(values: Samples) -> Samples:
    """Driver at each time but the first and last four."""
    listed = values.tolist()
    return np.array([driver(listed[index : index + 2 * DELAY + 1]) for index in range(len(listed) - 2 * DELAY)])


def bursts_of(values: Samples, threshold: float = 0.02) -> list[Burst]:
    follower = Bursts()
    return [burst for value in driven(values).tolist() for burst in follower.push(value, threshold)]


def test_the_driver_of_lines_and_parabolas_is_exact() -> None:
    inner = TIMES[DELAY:-DELAY]
    np.testing.assert_allclose(driven(np.full(len(TIMES), 5.0)), 5.0 / 2.5, rtol=1e-12)
    np.testing.assert_allclose(driven(0.3 * TIMES), 0.3 + 0.3 * inner / 2.5, rtol=1e-12)
    # A parabola is smoothed as well: its level by half its bend times the variance of the Gaussian.
    bent = driven(TIMES**2) - (2.0 * inner + 2.0 * 0.4 + inner**2 / 2.5)
    assert np.ptp(bent) < 1e-9 and 0.0 < bent[0] < 0.05


def test_noise_grows_by_the_gain() -> None:
    noise = np.random.default_rng(1).standard_normal(20_000)
    assert float(np.std(driven(noise))) == pytest.approx(GAIN, rel=0.03)


def test_a_response_is_one_hump_and_no_hollow() -> None:
    course = driven(sweat(TIMES, [20.0], amplitude=1.0, level=0.0))
    (burst,) = bursts_of(sweat(TIMES, [20.0], amplitude=1.0))
    assert (burst.top + DELAY) / RATE_HZ == pytest.approx(20.2, abs=0.3)
    assert burst.hollow == pytest.approx(0.0, abs=0.02)
    assert course.min() > -0.02 * course.max()


def test_bursts_stand_apart_where_conductance_only_falls() -> None:
    values = sweat(TIMES, [20.0], amplitude=3.0) + sweat(TIMES, [24.0], amplitude=0.25, level=0.0)
    after = values[(TIMES > 22.5) & (TIMES < 30.0)]
    assert (np.diff(after) < 0.0).all()
    assert len(bursts_of(values)) == 2


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(5.0 + 0.5 * (abs(TIMES - 30.0) < 0.3), id="spike"),
        pytest.param(5.0 - 0.5 * (TIMES > 30.0), id="fall"),
        pytest.param(5.0 - 0.5 * (abs(TIMES - 30.0) < 0.3), id="notch"),
    ],
)
def test_what_no_nerve_does_leaves_a_hollow(values: Samples) -> None:
    follower, deep = Bursts(), False
    for value in driven(values).tolist():
        follower.push(value, 0.02)
        deep = deep or follower.hollow(0.04, 0.4)
    assert deep


def test_a_burst_with_a_hollow_behind_it_says_so() -> None:
    spike, response = bursts_of(5.0 + 0.5 * (abs(TIMES - 30.0) < 0.3))[0], bursts_of(sweat(TIMES, [20.0]))[0]
    assert spike.hollow > 0.4 * spike.height
    assert response.hollow < 0.05 * response.height


def test_nothing_is_negative_and_the_sum_is_what_was_seen() -> None:
    shape, onsets = Shape(), np.array([10.0, 13.0, 13.6])
    courses = shape.at(TIMES[:, None] - onsets)
    found = explain(TIMES, 4.0 + courses @ np.array([0.5, 0.2, 0.0]) - 0.05 * courses[:, 2], courses)
    assert found.scales[0] == pytest.approx(0.5, abs=0.02)
    assert found.scales[2] == 0.0
    without = explain(TIMES, 4.0 + courses @ np.array([0.5, 0.2, 0.0]) - 0.05 * courses[:, 2], courses[:, :2])
    np.testing.assert_allclose(found.scales[:2], without.scales, rtol=1e-9)
    assert found.error == pytest.approx(without.error, rel=1e-9)
    exact = explain(TIMES, 4.0 + courses @ np.array([0.5, 0.2, 0.1]), courses)
    np.testing.assert_allclose(exact.scales, [0.5, 0.2, 0.1], rtol=1e-3)
    assert exact.error < 1e-6


def test_the_shape_of_a_person_is_learnt() -> None:
    true, usual, times = Shape(filling=0.4, drying=5.0, lag=0.3), Usual(), np.arange(0.0, 15.0, 0.25)
    draw = np.random.default_rng(3)
    for _ in range(90):
        onsets = np.array([1.0])
        values = 5.0 + true.at(times[:, None] - onsets)[:, 0] + 0.003 * draw.standard_normal(len(times))
        usual.learn(times, values, onsets, np.zeros(0), explain(times, values, usual.shape.at(times[:, None] - onsets)).error)
    assert usual.shape.drying == pytest.approx(5.0, rel=0.25)
    assert usual.shape.filling == pytest.approx(0.4, rel=0.3)
    assert usual.shape.lag == pytest.approx(0.3, abs=0.1)
