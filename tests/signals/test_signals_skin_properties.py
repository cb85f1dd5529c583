"""Skin conductance, whatever comes: how it is cut, what is lost, how large it is, how fast it is sampled."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signals_synthetic import cut

from undertone.flow import Block, Channel, Response, Samples, readonly
from undertone.signals.conductance import Conductance
from undertone.sim.skin import Temper, Wave

RATE = 16.0
SECONDS = 90.0
LONGEST = 8.0


def skin(seed: int, *, rate: float = RATE, per_min: float = 10.0, noise: float = 0.001, level: float = 5.0) -> Samples:
    """Conductance of somebody with responses of their own shapes, at random; each sample is the mean of its time."""
    draw = np.random.default_rng([seed, 1])
    fine = np.arange(0.0, SECONDS, 1.0 / 64.0)
    values = level + 0.003 * fine
    t = 4.0
    while (t := t + 1.0 + float(draw.exponential(60.0 / per_min - 1.0))) < SECONDS - 14.0:
        height = 0.06 + 0.2 * float(draw.random())
        values = values + Wave.drawn(draw, t, height, Temper(seed).usual).at(fine)
    values = values + noise * draw.standard_normal(len(fine))
    return np.asarray(values.reshape(-1, round(64.0 / rate)).mean(axis=1))


def heard(blocks: list[Block], **options: float) -> list[Response]:
    conductance = Conductance(**options)  # type: ignore[arg-type]
    return [response for block in blocks for response in conductance.push(block)]


def stream(values: Samples, rate: float = RATE, sizes: tuple[int, ...] = (4,), t0: float = 0.0) -> list[Block]:
    return cut(Channel.SKIN, values, rate, sizes, t0=t0)


@given(
    seed=st.integers(0, 30), sizes=st.lists(st.integers(1, 90), min_size=1, max_size=8), rate=st.sampled_from([4.0, 16.0, 64.0])
)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_the_cut_changes_nothing_at_all(seed: int, sizes: list[int], rate: float) -> None:
    values = skin(seed, rate=rate)
    values[round(50.0 * rate) : round(53.0 * rate)] = 0.0
    whole, parts = Conductance(), Conductance()
    assert [r for b in stream(values, rate, (7,)) for r in whole.push(b)] == [
        r for b in stream(values, rate, tuple(sizes)) for r in parts.push(b)
    ]
    for now in (SECONDS, SECONDS + 1.5):
        assert whole.level(now) == parts.level(now)
        assert whole.quality(now) == parts.quality(now)
        assert whole.responses(now) == parts.responses(now)


@given(seed=st.integers(0, 30), start=st.floats(15.0, 60.0), seconds=st.floats(0.4, 25.0), told=st.booleans())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_nothing_crosses_a_gap_and_nothing_later_is_shifted(seed: int, start: float, seconds: float, told: bool) -> None:
    """told: whether the block after the gap says how many samples were lost, or only comes late."""
    values = skin(seed)
    first, last = round(start * RATE), round((start + seconds) * RATE)
    before, after = stream(values[:first]), stream(values[last:], t0=last / RATE)
    after[0] = Block(Channel.SKIN, after[0].t0, RATE, after[0].values, last - first if told else 0)
    found = heard(before + after)
    for response in found:
        assert not first / RATE - 0.25 <= response.t < last / RATE, "nothing is made up where nothing was seen"
        end = response.t + response.rise + (response.recovery or 0.0)
        assert end <= first / RATE or response.t >= last / RATE, "nothing reaches across"
    whole = np.array([response.t for response in heard(stream(values))])
    settled = [response.t for response in found if response.t > last / RATE + 12.0]
    if settled:
        apart = np.array([np.abs(whole - t).min() for t in settled])
        assert np.median(apart) < 0.1, "later times stay where they were"


@given(seed=st.integers(0, 30), octaves=st.integers(-3, 2))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_twice_the_conductance_gives_twice_the_amplitudes(seed: int, octaves: int) -> None:
    """Within the limits of range and slope, and with the threshold scaled too; all else stays, to the last bit."""
    values, factor = skin(seed), 2.0**octaves
    usual = heard(stream(values))
    scaled = heard(stream(values * factor), threshold=0.03 * factor)
    assert [(r.t, r.rise, r.recovery) for r in scaled] == [(r.t, r.rise, r.recovery) for r in usual]
    assert [r.amplitude_microsiemens for r in scaled] == [r.amplitude_microsiemens * factor for r in usual]


@given(seed=st.integers(0, 30))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_the_rate_changes_little(seed: int) -> None:
    slow, usual, quick = (heard(stream(skin(seed, rate=rate), rate, (max(1, round(rate / 4)),))) for rate in (4.0, 16.0, 64.0))
    for other in (slow, quick):
        times = np.array([response.t for response in other])
        near = [abs(times - response.t).min() <= 0.3 for response in usual]
        assert np.mean(near) >= 0.85
        assert abs(len(other) - len(usual)) <= 1 + 0.15 * len(usual)


@given(seed=st.integers(0, 30), threshold=st.floats(0.05, 0.2))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_the_threshold_leaves_out_what_is_smaller(seed: int, threshold: float) -> None:
    values = skin(seed)
    few, many = heard(stream(values), threshold=threshold), heard(stream(values))
    assert all(response.amplitude_microsiemens >= threshold for response in few)
    # Smaller bursts, looked at, may also cost a larger one that they stand beside.
    assert len(few) <= len(many) + 1
    if sum(response.amplitude_microsiemens < 0.9 * threshold for response in many) > 1:
        assert len(few) < len(many)


@given(
    st.lists(
        st.one_of(st.floats(0.0, 80.0), st.sampled_from([0.0, 5.0, math.nan, math.inf, -1.0])), min_size=1, max_size=400
    ).map(lambda values: np.repeat(np.array(values), 3))
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_whatever_comes_the_numbers_stay_in_range(values: Samples) -> None:
    conductance = Conductance()
    for block in stream(values):
        for response in conductance.push(block):
            assert response.amplitude_microsiemens >= 0.03
            assert 0.4 <= response.rise <= 5.3
            assert response.recovery is None or 0.0 < response.recovery <= LONGEST + 1.0
        assert 0.0 <= conductance.quality(block.end) <= 1.0
        level = conductance.level(block.end)
        assert level is None or math.isfinite(level)


@given(seed=st.integers(0, 20), per_min=st.sampled_from([3.0, 10.0, 20.0]))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_a_response_is_told_at_most_eight_seconds_after_its_peak(seed: int, per_min: float) -> None:
    conductance, before = Conductance(), -1.0
    for block in stream(skin(seed, per_min=per_min)):
        for response in conductance.push(block):
            assert block.end - (response.t + response.rise) <= LONGEST + 0.25
            assert response.t > before
            before = response.t


def test_a_pod_names_its_responses() -> None:
    conductance = Conductance(pod=3)
    found = [r for b in stream(skin(1)) for r in conductance.push(b)]
    assert found and {response.pod for response in found} == {3}


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.5, 3.0])
def test_quality_goes_to_nothing_without_samples(seconds: float) -> None:
    conductance = Conductance()
    for block in stream(skin(2)[: round(60.0 * RATE)]):
        conductance.push(block)
    qualities = [conductance.quality(60.0 + t) for t in np.linspace(0.0, seconds, 7)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(qualities))
    assert (conductance.quality(60.0 + seconds) == 0.0) == (seconds >= 2.5)


def test_electrodes_off_and_on() -> None:
    conductance, values = Conductance(), skin(3)
    values[round(30.0 * RATE) : round(40.0 * RATE)] = 0.0
    quality = {}
    for block in cut(Channel.SKIN, readonly(values), RATE, (4,)):
        conductance.push(block)
        quality[round(block.end, 2)] = conductance.quality(block.end)
        if block.end == 40.75:
            assert conductance.evidence(40.75 + 4.2) is None, "the first second after a break is not used"
    evidence = conductance.evidence(42.0)
    assert evidence is not None and evidence.recent == 1.0
    assert quality[29.0] > 0.9
    assert max(value for t, value in quality.items() if 33.0 <= t <= 40.0) == 0.0
    assert quality[42.0] < 0.5
    assert quality[75.0] > 0.9
