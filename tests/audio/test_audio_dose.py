"""The weekly dose and the allowance of a night: what they count, and that nothing resets them or makes them explode."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.audio.dose import ADULT_PA2H, SENSITIVE_PA2H, Exposure, pa2h

HOUR = 3600.0


def power(dba: float) -> float:
    return float(10.0 ** (dba / 10.0))


def test_the_doses_are_those_of_the_recommendation() -> None:
    assert pytest.approx(1.6, abs=0.001) == ADULT_PA2H
    assert pytest.approx(0.506, abs=0.001) == SENSITIVE_PA2H
    assert pa2h(83.0, 20.0) == pytest.approx(ADULT_PA2H, rel=0.003), "3 dB more halve the time"


@pytest.mark.parametrize(("dba", "hours", "sensitive"), [(80.0, 40.0, False), (75.0, 40.0, True), (86.0, 10.05, False)])
def test_a_whole_dose_is_one(dba: float, hours: float, sensitive: bool) -> None:
    exposure = Exposure(sensitive=sensitive)
    for hour in range(math.ceil(hours)):
        exposure.add(power(dba), HOUR * min(1.0, hours - hour), night=False)
    assert exposure.dose == pytest.approx(1.0, rel=0.01)
    assert exposure.warning


def test_it_rolls_over_seven_days_and_is_never_too_small() -> None:
    exposure = Exposure()
    exposure.add(power(85.0), HOUR, night=False)
    first = exposure.dose
    doses = []
    for _ in range(9 * 24):
        exposure.add(0.0, HOUR, night=False)
        doses.append(exposure.dose)
    assert all(dose == first for dose in doses[: 7 * 24 - 1]), "all of it counts for seven days"
    assert doses[-1] == 0.0 and doses[8 * 24] == 0.0, "and none of it after eight"


@settings(deadline=None, max_examples=30, derandomize=True)
@given(
    moments=st.lists(
        st.tuples(st.floats(20.0, 95.0), st.floats(1.0, 7200.0), st.booleans(), st.booleans()), min_size=1, max_size=40
    )
)
def test_it_never_loses_what_a_week_held(moments: list[tuple[float, float, bool, bool]]) -> None:
    """Beside an exact sum over the last seven days, over any restarts."""
    exposure, exact, now = Exposure(), list[tuple[float, float]](), 0.0
    for dba, seconds, night, restarted in moments:
        now += seconds
        exposure.add(power(dba), seconds, night=night)
        exact.append((now, pa2h(dba, seconds / HOUR)))
        if restarted:
            kept = json.loads(json.dumps(exposure.as_dict()))
            exposure = Exposure()
            exposure.take(kept)
    week = sum(value for t, value in exact if now - t < 7 * 24 * HOUR)
    assert week * 0.999 <= exposure.dose * ADULT_PA2H <= sum(value for _, value in exact) * 1.001


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -1.0])
def test_what_is_no_power_is_not_counted(wrong: float) -> None:
    exposure = Exposure()
    exposure.add(power(60.0), 60.0, night=True)
    before = exposure.dose, exposure.night_dba
    exposure.add(wrong, 60.0, night=True)
    assert (exposure.dose, exposure.night_dba) == before


def test_forty_decibels_may_sound_for_forty_minutes_of_a_night() -> None:
    """WHO: 30 dB LAeq over eight hours. 45 minutes at 40 dB(A) are 29.7 dB."""
    exposure = Exposure()
    exposure.add(power(40.0), 45 * 60.0, night=True)
    assert exposure.night_dba == pytest.approx(29.7, abs=0.05)


@pytest.mark.parametrize("over", [0.0, 12.0])
def test_a_night_approaches_its_allowance_and_never_passes_it(over: float) -> None:
    """For eight hours always as loud as is allowed at the moment, or the 12 dB over it that the ceiling leaves."""
    exposure, levels = Exposure(), []
    for _ in range(8 * 3600):
        level = min(40.0, max(-100.0, exposure.allowed_dba(night=True))) + over
        levels.append(level)
        exposure.add(power(level), 1.0, night=True)
    assert 29.9 < exposure.night_dba <= 30.0 + 1e-9
    if over == 0.0:
        assert max(abs(after - before) for before, after in itertools.pairwise(levels)) < 0.1, "it glides"


def test_a_night_has_its_allowance_again_after_eight_hours() -> None:
    exposure = Exposure()
    exposure.add(power(40.0), 48 * 60.0, night=True)
    spent = exposure.allowed_dba(night=True)
    for _ in range(9 * 60):
        exposure.add(0.0, 60.0, night=False)
    assert spent < 20.0 and exposure.allowed_dba(night=True) > 41.0
    assert exposure.dose > 0.0


def test_what_sounds_by_day_does_not_count_for_the_night() -> None:
    exposure = Exposure()
    exposure.add(power(60.0), 3 * HOUR, night=False)
    assert exposure.night_dba == -math.inf


def test_a_full_dose_lets_only_what_hardly_adds_to_it() -> None:
    exposure = Exposure(sensitive=True)
    while exposure.dose < 1.0:
        exposure.add(power(85.0), 600.0, night=False)
    allowed = exposure.allowed_dba(night=False)
    before = exposure.dose
    for _ in range(24):
        exposure.add(power(allowed), HOUR, night=False)
    assert exposure.dose - before < 0.01, "of a dose, a day"


def test_being_away_only_makes_it_less() -> None:
    exposure = Exposure()
    exposure.add(power(85.0), HOUR, night=True)
    before = exposure.dose
    exposure.away(-1e9)
    assert exposure.dose == before
    exposure.away(9 * 24 * HOUR)
    assert exposure.dose == 0.0 and exposure.night_dba == -math.inf


@pytest.mark.parametrize(
    "kept",
    [
        {}, {"elapsed": -1.0, "week": {}, "night": {}}, {"elapsed": 1e400, "week": {}, "night": {}},
        {"elapsed": 10.0, "week": {"0": -1.0}, "night": {}}, {"elapsed": 10.0, "week": {"0": math.nan}, "night": {}},
        {"elapsed": 10.0, "week": {"5": 0.1}, "night": {}}, {"elapsed": 10.0, "week": {"x": 0.1}, "night": {}},
        {"elapsed": 10.0, "week": {"0": 1e9}, "night": {}}, {"elapsed": 10.0, "week": [], "night": {}}, {"elapsed": None},
    ],
)  # fmt: skip
def test_what_cannot_have_been_kept_is_refused_and_changes_nothing(kept: dict[str, object]) -> None:
    exposure = Exposure()
    exposure.add(power(60.0), 60.0, night=True)
    before = exposure.as_dict()
    with pytest.raises(ValueError, match="cannot be used"):
        exposure.take(kept)
    assert exposure.as_dict() == before
