"""A recording as the blocks that the sensors would have brought."""

from __future__ import annotations

import numpy as np
import pytest

from undertone.flow import Channel, readonly
from undertone.storage import Recording, Series, playback


def recording(pulse: np.ndarray, *, unit: str = "arbitrary", rate_hz: float = 50.0) -> Recording:
    return Recording("sub-01_task-test", {"ppg": Series(-0.25, rate_hz, readonly(pulse), unit)})


def wave(seconds: float = 10.0, rate_hz: float = 50.0) -> np.ndarray:
    return np.sin(2 * np.pi * 1.2 * np.arange(round(seconds * rate_hz)) / rate_hz)


def test_every_sample_comes_once_in_its_second() -> None:
    blocks = [(second.end, block) for second in playback(recording(wave())) for block in second.blocks]
    times = np.concatenate([block.times for _, block in blocks])
    assert times == pytest.approx(-0.25 + np.arange(500) / 50.0)
    assert all(end - 1.0 - 1e-6 <= block.t0 and block.times[-1] < end for end, block in blocks)
    assert {block.channel for _, block in blocks} == {Channel.INFRARED}


def test_more_blood_is_less_light_whichever_way_it_was_recorded() -> None:
    pulse = wave()
    for unit, sign in (("arbitrary", -1.0), ("counts", 1.0)):
        light = np.concatenate([b.values for s in playback(recording(pulse, unit=unit)) for b in s.blocks])
        assert np.corrcoef(sign * light, pulse)[0, 1] == pytest.approx(1.0)
        assert 120_000 < light.min() < light.max() < 140_000


def test_missing_samples_end_a_block_and_nothing_is_filled_in() -> None:
    pulse = wave()
    pulse[120:240] = np.nan
    blocks = [block for second in playback(recording(pulse)) for block in second.blocks]
    times = np.concatenate([block.times for block in blocks])
    assert len(times) == 380
    assert not np.any((times > -0.25 + 120 / 50 - 1e-6) & (times < -0.25 + 240 / 50 - 1e-6))
    assert all(np.isfinite(block.values).all() for block in blocks)


def test_beats_are_told_only_where_there_is_no_wave() -> None:
    beats = np.array([[1.5, np.nan], [2.3, 0.8]])
    alone = Recording("sub-01_task-test", {}, beats=beats)
    told = [beat for second in playback(alone) for beat in second.beats]
    assert told == [(1.5, None), (2.3, 0.8)]
    both = Recording("sub-01_task-test", recording(wave()).series, beats=beats)
    assert not [beat for second in playback(both) for beat in second.beats]


def test_a_beat_on_the_last_whole_second_is_told() -> None:
    beats = Recording("sub-01_task-test", {}, beats=np.array([[4.2, 0.8], [5.0, 0.8]]))
    seconds = list(playback(beats))
    assert [beat for second in seconds for beat in second.beats] == [(4.2, 0.8), (5.0, 0.8)]
    assert [second.end for second in seconds] == [5.0, 6.0]
    assert beats.duration == 5.0


def test_conductance_is_told_in_microsiemens_whatever_its_unit() -> None:
    for unit, value in (("µS", 5.0), ("S", 5e-6), ("nS", 5000.0)):
        skin = Recording("sub-01_task-test", {"eda": Series(0.0, 4.0, readonly([value] * 8), unit)})
        told = np.concatenate([block.values for second in playback(skin) for block in second.blocks])
        assert told == pytest.approx(5.0), unit


def test_a_recording_without_anything_to_hear_is_silent() -> None:
    assert list(playback(Recording("sub-01_task-test", {}))) == []


def test_light_that_a_device_like_this_one_counted_comes_as_it_was() -> None:
    counts = 120_000.0 + 400.0 * wave()
    counts[100:200] = 900.0
    series = Series(0.0, 50.0, readonly(counts), "counts", full_scale=262143.0)
    told = np.concatenate([b.values for s in playback(Recording("sub-1_task-x", {"ppg_infrared": series})) for b in s.blocks])
    np.testing.assert_array_equal(told, counts)


def test_of_two_colours_the_infrared_one_is_played() -> None:
    counts = [Series(0.0, 50.0, readonly(level + wave()), "counts", full_scale=262143.0) for level in (1e5, 2e5)]
    both = Recording("sub-1_task-x", {"ppg_red": counts[0], "ppg_infrared": counts[1]})
    blocks = [block for second in playback(both) for block in second.blocks]
    assert {block.channel for block in blocks} == {Channel.INFRARED}
    assert min(block.values.min() for block in blocks) > 199_000


def test_a_block_after_missing_samples_says_how_many_they_were() -> None:
    pulse = wave()
    pulse[:30] = np.nan
    pulse[120:240] = np.nan
    pulse[260:262] = np.nan
    lost = [block.lost for second in playback(recording(pulse)) for block in second.blocks]
    assert [count for count in lost if count] == [120, 2]
