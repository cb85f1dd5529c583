"""One second of knowledge after the other, and knowing that one does not know."""

from __future__ import annotations

import numpy as np
import pytest
from signals_synthetic import cut, heartbeats, light, sweat

from undertone.flow import BeatFlag, Block, Channel, Features, readonly
from undertone.signals import Signals

RATE = 50.0


def lived(
    signals: Signals, seconds: float, *, pulse: np.ndarray | None = None, skin: np.ndarray | None = None
) -> list[Features]:
    """Features once a second while both channels come in, half a second at a time."""
    blocks = [] if pulse is None else cut(Channel.INFRARED, pulse, RATE, (25,))
    blocks += [] if skin is None else cut(Channel.SKIN, skin, 16.0, (8,))
    blocks.sort(key=lambda block: block.end)
    features, waiting = [], iter(blocks)
    block = next(waiting, None)
    for now in np.arange(1.0, seconds + 0.5):
        while block is not None and block.end <= now:
            signals.push(block)
            block = next(waiting, None)
        features.append(signals.features(float(now)))
    return features


def a_minute() -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(0.0, 70.0, 1.0 / RATE)
    return light(times, heartbeats(70.0)), sweat(np.arange(0.0, 70.0, 1.0 / 16.0), [10.0, 25.0, 41.0, 55.0])


def test_nothing_is_known_in_the_beginning() -> None:
    assert Signals(pod=3).features(1.0) == Features(t=1.0, pod=3)


def test_all_is_known_after_a_minute() -> None:
    pulse, skin = a_minute()
    last = lived(Signals(), 70.0, pulse=pulse, skin=skin)[-1]
    assert last.heart_bpm == pytest.approx(70.0, rel=0.02)
    assert last.rmssd_ms == pytest.approx(30.0, rel=0.4)
    assert last.breathing_per_min == pytest.approx(15.0, abs=0.6)
    assert last.tonic_microsiemens == pytest.approx(5.0, abs=0.1)
    assert last.responses_per_min == pytest.approx(3.0, abs=0.2)
    assert last.pulse_quality > 0.9
    assert last.skin_quality > 0.9


def test_quality_goes_before_what_is_known_grows_stale() -> None:
    pulse, skin = a_minute()
    signals = Signals()
    before = lived(signals, 70.0, pulse=pulse, skin=skin)[-1]
    assert before.pulse_quality > 0.9
    silence = [signals.features(70.0 + i) for i in range(1, 80)]
    assert silence[2].pulse_quality == 0.0
    assert silence[2].skin_quality == 0.0
    assert silence[2].heart_bpm is not None
    assert silence[14] == Features(
        t=85.0,
        rmssd_ms=silence[14].rmssd_ms,
        responses_per_min=silence[14].responses_per_min,
        response_sum_microsiemens=silence[14].response_sum_microsiemens,
    )
    assert silence[-1] == Features(t=149.0)


def test_quality_goes_with_the_samples_before_the_beats_are_missed() -> None:
    pulse, _ = a_minute()
    signals = Signals()
    lived(signals, 70.0, pulse=pulse)
    assert signals.features(70.9).pulse_quality > 0.8
    assert signals.features(72.6).pulse_quality == 0.0


def test_light_without_a_pulse_has_no_quality() -> None:
    pulse, _ = a_minute()
    pulse[round(60.0 * RATE) :] = pulse[round(60.0 * RATE)]
    features = lived(Signals(), 70.0, pulse=pulse)
    assert features[58].pulse_quality > 0.9
    assert features[64].pulse_quality == 0.0


def test_beats_without_a_rhythm_have_little_quality() -> None:
    signals, t, qualities = Signals(), 0.0, []
    for interval in np.random.default_rng(0).uniform(0.35, 1.6, 200).tolist():
        t += interval
        signals.push_beat(t, interval)
        qualities.append(signals.features(t).pulse_quality)
    assert np.mean(qualities) < 0.5


def test_a_finger_off_is_no_quality_although_samples_come() -> None:
    pulse, _ = a_minute()
    pulse[round(60.0 * RATE) :] *= 0.01
    features = lived(Signals(), 70.0, pulse=pulse)
    assert features[58].pulse_quality > 0.9
    assert features[62].pulse_quality == 0.0


def test_noise_has_little_quality() -> None:
    noise = 130_000.0 + np.random.default_rng(1).normal(0.0, 300.0, round(70.0 * RATE))
    assert max(f.pulse_quality for f in lived(Signals(), 70.0, pulse=noise)[20:]) < 0.5


def test_quality_falls_with_noise() -> None:
    pulse, _ = a_minute()
    noise = np.random.default_rng(1).normal(0.0, 1.0, len(pulse))
    means = [
        np.mean([f.pulse_quality for f in lived(Signals(), 70.0, pulse=pulse + size * noise)[20:]]) for size in (0, 500, 1500)
    ]
    assert means[0] > means[1] > means[2]


def test_red_light_is_not_looked_at() -> None:
    pulse, _ = a_minute()
    signals = Signals()
    assert signals.push(Block(Channel.RED, 0.0, RATE, readonly(pulse))) == ()
    assert signals.features(70.0) == Features(t=70.0)


def test_beats_alone_are_enough_for_the_heart() -> None:
    signals = Signals(pod=2)
    times = heartbeats(60.0)
    first = signals.push_beat(float(times[0]), None)
    assert first.flag is BeatFlag.FIRST
    assert first.pod == 2
    for before, t in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        signals.push_beat(t, t - before)
    known = signals.features(60.0)
    assert known.heart_bpm == pytest.approx(70.0, rel=0.02)
    assert known.pulse_quality > 0.9
    assert signals.features(64.0).pulse_quality == 0.0


def test_an_impossible_rate_does_no_harm() -> None:
    assert Signals().push(Block(Channel.INFRARED, 0.0, 2.0, readonly(np.full(400, 1e5)))) == ()
    assert Signals().push(Block(Channel.SKIN, 0.0, 1.0, readonly(np.full(400, 5.0)))) == ()
