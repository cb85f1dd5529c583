"""Distrust first: what is stale, unsure, impossible or stuck is not acted on, and the listener is told why."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from undertone.flow import Affect, AffectSource, Features
from undertone.guidance import Doubt
from undertone.guidance.trust import Heard, Trust, breathing

AFFECT = Affect(100.0, 0.4, None, 0.7, AffectSource.RULES, ("heart rate 9 bpm above your usual", "more responses"))
FEATURES = Features(100.0, heart_bpm=72.0, rmssd_ms=40.0, tonic_microsiemens=5.0, breathing_per_min=14.0, pulse_quality=0.9)


def weighed(affect: Affect | None = AFFECT, features: Features | None = FEATURES, now: float = 100.5) -> Heard | Doubt:
    return Trust().weigh(now, affect, features)


def test_a_good_reading_is_believed_with_its_strongest_reason_and_its_inputs() -> None:
    heard = weighed()
    assert heard == Heard(
        0.4, None, 0.7, False, "heart rate 9 bpm above your usual", ("arousal", "heart_bpm", "rmssd_ms", "tonic_microsiemens")
    )


def test_without_features_only_the_estimate_is_named() -> None:
    heard = weighed(replace(AFFECT, reasons=()), None)
    assert isinstance(heard, Heard)
    assert (heard.inputs, heard.detail) == (("arousal",), "")


def test_the_listeners_own_word_needs_no_sensor_and_little_confidence() -> None:
    said = replace(AFFECT, source=AffectSource.REPORT, confidence=0.1, valence=0.5)
    heard = weighed(said, replace(FEATURES, heart_bpm=900.0))
    assert isinstance(heard, Heard)
    assert (heard.reported, heard.inputs, heard.valence) == (True, ("report",), 0.5)
    assert weighed(replace(said, confidence=0.0)) is Doubt.WEAK


@pytest.mark.parametrize(
    ("doubt", "changes"),
    [
        (Doubt.STALE, {"t": 90.0}),
        (Doubt.STALE, {"t": 103.0}),
        (Doubt.STALE, {"t": math.nan}),
        (Doubt.IMPLAUSIBLE, {"arousal": 1.01}),
        (Doubt.IMPLAUSIBLE, {"arousal": math.nan}),
        (Doubt.IMPLAUSIBLE, {"confidence": 1.5}),
        (Doubt.IMPLAUSIBLE, {"confidence": math.nan}),
        (Doubt.IMPLAUSIBLE, {"valence": -1.01}),
        (Doubt.WEAK, {"confidence": 0.29}),
        (Doubt.WEAK, {"confidence": 0.0}),
        (Doubt.WEAK, {"source": AffectSource.NONE}),
        (Doubt.WEAK, {"source": AffectSource.DECAYED}),
    ],
)
def test_a_bad_estimate_is_not_believed(doubt: Doubt, changes: dict[str, object]) -> None:
    assert weighed(replace(AFFECT, **changes)) is doubt  # type: ignore[arg-type]


def test_no_estimate_is_no_reading() -> None:
    assert weighed(None) is Doubt.ABSENT


@pytest.mark.parametrize("heart", [29.0, 221.0, math.nan, math.inf, -1.0])
def test_an_impossible_heart_rate_is_not_believed(heart: float) -> None:
    assert weighed(features=replace(FEATURES, heart_bpm=heart)) is Doubt.IMPLAUSIBLE


@pytest.mark.parametrize("level", [-0.1, 101.0, math.nan])
def test_an_impossible_conductance_is_not_believed(level: float) -> None:
    assert weighed(features=replace(FEATURES, tonic_microsiemens=level)) is Doubt.IMPLAUSIBLE


def test_a_reading_that_hovers_around_the_threshold_does_not_flicker() -> None:
    trust = Trust()
    believed = []
    for i, confidence in enumerate([0.28, 0.31, 0.28, 0.26, 0.24, 0.28, 0.31]):
        heard = trust.weigh(100.0 + i, replace(AFFECT, t=100.0 + i, confidence=confidence), None)
        believed.append(isinstance(heard, Heard))
    assert believed == [False, True, True, True, False, False, True]


def at(second: float, heart: float | None = 72.0) -> tuple[float, Affect, Features]:
    features = Features(second, heart_bpm=heart)
    return second, replace(AFFECT, t=second), features


def test_a_sensor_that_says_the_very_same_for_two_minutes_is_stuck_until_it_moves() -> None:
    trust = Trust()
    heard = [trust.weigh(*at(float(second))) for second in range(122)]
    assert all(isinstance(reading, Heard) for reading in heard[:120])
    assert heard[120] is Doubt.STUCK
    assert isinstance(trust.weigh(*at(122.0, 72.1)), Heard)


def test_what_is_not_measured_cannot_be_stuck() -> None:
    trust = Trust()
    assert all(isinstance(trust.weigh(*at(float(second), None)), Heard) for second in range(200))


def test_jitter_is_smoothed_and_a_step_arrives_within_half_a_minute() -> None:
    trust = Trust()
    heard = [trust.weigh(float(t), replace(AFFECT, t=float(t), arousal=0.0 if t < 5 else 0.5), None) for t in range(40)]
    arousal = [reading.arousal for reading in heard if isinstance(reading, Heard)]
    assert arousal[4] == 0.0
    assert 0.0 < arousal[5] < 0.1
    assert arousal[35] == pytest.approx(0.5, abs=0.03)


def test_after_a_gap_smoothing_starts_anew() -> None:
    trust = Trust()
    trust.weigh(0.0, replace(AFFECT, t=0.0, arousal=-0.9), None)
    heard = trust.weigh(60.0, replace(AFFECT, t=60.0, arousal=0.5), None)
    assert isinstance(heard, Heard) and heard.arousal == 0.5


def test_breathing_is_believed_when_the_pulse_is_good_fresh_and_plausible() -> None:
    assert breathing(100.5, FEATURES) == 14.0
    assert breathing(100.5, None) is None
    assert breathing(111.0, FEATURES) is None
    assert breathing(97.0, FEATURES) is None
    for changes in (
        {"breathing_per_min": None},
        {"pulse_quality": 0.29},
        {"breathing_per_min": 2.9},
        {"breathing_per_min": math.nan},
    ):
        assert breathing(100.5, replace(FEATURES, **changes)) is None


@pytest.mark.parametrize(("later", "detail"), [(-0.4, ""), (0.1, ""), (0.2, "heart rate 9 bpm above your usual")])
def test_a_reason_that_does_not_speak_for_what_is_believed_is_not_told(later: float, detail: str) -> None:
    trust = Trust()
    trust.weigh(100.0, replace(AFFECT, t=100.0, arousal=0.6), FEATURES)
    heard = trust.weigh(101.0, replace(AFFECT, t=101.0, arousal=later), FEATURES)
    assert isinstance(heard, Heard) and heard.arousal > 0.4
    assert heard.detail == detail
