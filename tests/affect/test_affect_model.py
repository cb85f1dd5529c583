"""The learned estimator, with a network made of three lines, and the vector that it is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from undertone.affect import NAMES, Baseline, Calibration, Card, History, Model, ModelEstimator
from undertone.flow import Affect, AffectSource, Features, Samples, readonly

USUAL = Features(
    t=0.0,
    heart_bpm=62.0,
    rmssd_ms=42.0,
    breathing_per_min=13.0,
    tonic_microsiemens=5.0,
    responses_per_min=2.0,
    pulse_quality=0.9,
    skin_quality=0.9,
)
TENSE = replace(
    USUAL, heart_bpm=78.0, rmssd_ms=24.0, breathing_per_min=18.0, tonic_microsiemens=7.5, responses_per_min=8.0
)
LOST = Features(t=0.0)


class Made:
    """A network that is a plain function."""

    def __init__(self, answer: Callable[[Samples], float]) -> None:
        self.answer = answer

    def __call__(self, vector: Samples) -> Samples:
        return np.array([self.answer(vector)])


def heart_and_skin(vector: Samples) -> float:
    return float(vector[NAMES.index("heart_30s")] + vector[NAMES.index("conductance_30s")])


def known() -> Baseline:
    return Baseline.of(
        heart_bpm=62.0, rmssd_ms=42.0, breathing_per_min=13.0, tonic_microsiemens=5.0, responses_per_min=2.0
    )


def estimator(answer: Callable[[Samples], float] = heart_and_skin, baseline: Baseline | None = None) -> ModelEstimator:
    calibration = Calibration(slope=1.0, intercept=-1.0, neutral=-1.0, width=2.0)
    low, high = readonly(np.full(len(NAMES), -3.5)), readonly(np.full(len(NAMES), 3.5))
    card = Card("made", "", 0, NAMES, low, high, calibration)
    return ModelEstimator(Model(card, Made(answer)), known() if baseline is None else baseline)  # type: ignore[arg-type]


def run(model: ModelEstimator, like: Features, count: int, *, start: float) -> Affect:
    affect = model.push(replace(like, t=start))
    for second in range(1, count):
        affect = model.push(replace(like, t=start + second))
    return affect


def vector_of(like: Features, count: int = 300, baseline: Baseline | None = None) -> dict[str, float]:
    history = History()
    for second in range(count):
        history.push(replace(like, t=float(second)))
    return dict(zip(NAMES, history.vector(known() if baseline is None else baseline), strict=True))


def test_usual_is_neutral_and_tense_above() -> None:
    usual, tense = run(estimator(), USUAL, 120, start=0.0), run(estimator(), TENSE, 120, start=0.0)
    assert usual.arousal == pytest.approx(0.0, abs=0.02)
    assert tense.arousal > 0.6
    assert tense.source is AffectSource.MODEL
    assert tense.confidence > 0.5
    assert tense.valence is None
    assert "heart rate 16 bpm above your usual" in tense.reasons


def test_the_vector_of_a_usual_body_is_zero() -> None:
    for name, value in vector_of(USUAL).items():
        assert value == pytest.approx(0.9 if name.endswith("_known") else 0.0, abs=1e-9), name


def test_the_vector_is_the_same_at_a_dry_wrist_and_a_warm_finger() -> None:
    def body(level: float) -> dict[str, float]:
        baseline = Baseline.of(heart_bpm=62.0, rmssd_ms=42.0, tonic_microsiemens=level, responses_per_min=2.0)
        return vector_of(replace(TENSE, tonic_microsiemens=1.5 * level), baseline=baseline)

    for name, value in body(0.2).items():
        assert value == pytest.approx(body(12.0)[name]), name


def test_the_vector_does_not_say_how_late_it_is() -> None:
    early, late = vector_of(TENSE, 300), vector_of(TENSE, 4000)
    assert early == pytest.approx(late)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1.0])
def test_the_vector_is_always_finite(value: float) -> None:
    broken = replace(TENSE, heart_bpm=value, rmssd_ms=value, tonic_microsiemens=value, responses_per_min=value)
    assert all(math.isfinite(x) for x in vector_of(broken).values())
    assert all(math.isfinite(x) for x in vector_of(replace(TENSE, skin_quality=value, pulse_quality=value)).values())
    assert vector_of(broken)["pulse_known"] == 0.0


def test_a_lost_channel_reads_as_usual_and_unknown() -> None:
    vector = vector_of(replace(TENSE, skin_quality=0.0))
    assert vector["conductance_30s"] == vector["responses_3min"] == vector["conductance_change"] == 0.0
    assert vector["skin_known"] == 0.0
    assert vector["heart_30s"] > 1.0


def test_without_a_usual_nothing_is_known() -> None:
    assert not any(vector_of(TENSE, 30, baseline=Baseline()).values())


def test_only_what_was_is_in_the_vector() -> None:
    history = History()
    for second in range(200):
        history.push(replace(USUAL, t=float(second)))
    history.push(replace(USUAL, t=10_000.0))
    after = dict(zip(NAMES, history.vector(known()), strict=True))
    assert after["pulse_known"] == pytest.approx(0.9 / 60.0)


def test_it_abstains_without_a_good_signal_and_decays() -> None:
    model = estimator()
    before = run(model, TENSE, 200, start=0.0)
    poor = replace(TENSE, heart_bpm=180.0, pulse_quality=0.4, skin_quality=0.4)
    after = run(model, poor, 30, start=200.0)
    assert after.source is AffectSource.DECAYED
    assert 0.0 < after.arousal < before.arousal
    end = run(model, LOST, 1500, start=230.0)
    assert (end.arousal, end.confidence, end.source) == (0.0, 0.0, AffectSource.NONE)


def test_it_abstains_until_something_is_usual() -> None:
    model = estimator(baseline=Baseline())
    assert run(model, TENSE, 40, start=0.0).source is AffectSource.NONE
    early = run(model, TENSE, 40, start=40.0)
    late = run(model, TENSE, 200, start=80.0)
    assert early.source is AffectSource.MODEL
    assert early.confidence < late.confidence


def test_a_usual_that_is_half_known_is_half_as_sure() -> None:
    def confidence(seconds: float) -> float:
        kept = {"heart_bpm": [62.0, 4.0, 62.0, seconds]}
        model = estimator(lambda _: 3.0, Baseline.from_dict({"version": 1, "usual": kept}))
        return run(model, replace(USUAL, skin_quality=0.0), 10, start=0.0).confidence

    assert 0.3 * confidence(180.0) < confidence(70.0) < 0.6 * confidence(180.0)


def test_strange_inputs_lower_confidence_until_it_abstains() -> None:
    def confidence(bpm: float) -> float:
        return run(estimator(lambda _: 0.0), replace(USUAL, heart_bpm=bpm), 200, start=0.0).confidence

    low = replace(estimator().model.card, low=readonly(np.full(len(NAMES), -0.1)), high=readonly(np.full(len(NAMES), 1.0)))
    strict = ModelEstimator(Model(low, Made(lambda _: 3.0)), known())  # type: ignore[arg-type]
    wild = replace(TENSE, heart_bpm=200.0, tonic_microsiemens=90.0, breathing_per_min=40.0, responses_per_min=50.0)
    told = run(strict, wild, 60, start=0.0)
    assert told.confidence == 0.0
    assert told.reasons == ("the signals are outside what is understood, returning to neutral",)
    assert confidence(62.0) >= confidence(160.0) > 0.0


def test_the_first_minute_is_listened_to_before_it_is_judged() -> None:
    low = replace(estimator().model.card, low=readonly(np.full(len(NAMES), 0.9)), high=readonly(np.full(len(NAMES), 1.0)))
    told = run(ModelEstimator(Model(low, Made(lambda _: 3.0)), known()), USUAL, 30, start=0.0)  # type: ignore[arg-type]
    assert told.confidence == 0.0
    assert told.reasons == ("listening for a minute first",)


def test_undecided_is_less_confident_than_decided() -> None:
    undecided = run(estimator(lambda _: 1.0), USUAL, 200, start=0.0)
    decided = run(estimator(lambda _: 6.0), USUAL, 200, start=0.0)
    assert undecided.confidence < 0.6 * decided.confidence


def test_one_channel_is_less_sure_than_two() -> None:
    both = run(estimator(lambda _: 3.0), TENSE, 200, start=0.0)
    for one in (replace(TENSE, skin_quality=0.0), replace(TENSE, pulse_quality=0.0)):
        told = run(estimator(lambda _: 3.0), one, 200, start=0.0)
        assert told.confidence == pytest.approx(0.8 * both.confidence, rel=1e-4)


def test_report_outranks_the_model() -> None:
    model = estimator()
    run(model, TENSE, 100, start=0.0)
    model.report(100.0, -1.0, -0.5)
    affect = model.push(replace(TENSE, t=100.0))
    assert (affect.source, affect.arousal, affect.valence) == (AffectSource.REPORT, -1.0, -0.5)


def test_calibration_puts_even_odds_in_the_middle() -> None:
    calibration = Calibration(slope=2.0, intercept=-1.0, neutral=-0.8, width=1.5)
    assert calibration.probability(0.5) == pytest.approx(0.5)
    assert calibration.arousal(0.1) == pytest.approx(0.0)
    assert calibration.probability(1e9) == pytest.approx(1.0)
    assert calibration.probability(-1e9) == pytest.approx(0.0)
    assert -1.0 <= calibration.arousal(-1e9) < calibration.arousal(1.0) < calibration.arousal(1e9) <= 1.0
