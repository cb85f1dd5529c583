"""The last gate: caps, slews, dead-band and expiry hold whatever is wished, and there is no way around it."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import undertone.guidance
from undertone.flow import Directive, Goal, Phase
from undertone.guidance import Gate, Limits, Reason, Why, Wish

WISH = Wish(
    phase=Phase.LEAD,
    goal=Goal.CALM,
    arousal=0.0,
    valence=0.0,
    reason=Reason(Why.LEAD, Goal.CALM),
    inputs=("schedule",),
    tempo_limits_bpm=(54.0, 72.0),
)


def passed(*wishes: Wish, seconds: float = 1.0, limits: Limits | None = None) -> list[Directive]:
    gate = Gate(limits or Limits())
    return [gate.passed(wish, 10.0 + i * seconds) for i, wish in enumerate(wishes)]


def wishes(count: int, **changes: object) -> list[Wish]:
    return [replace(WISH, **changes)] * count  # type: ignore[arg-type]


def test_what_is_within_the_limits_passes_as_it_is() -> None:
    first = passed(replace(WISH, arousal=0.4, valence=0.2, level_db=-25.0, breath_per_min=7.0, confidence=0.5))[0]
    assert (first.arousal, first.valence, first.level_db, first.breath_per_min, first.confidence) == (0.4, 0.2, -25.0, 7.0, 0.5)
    assert first.tempo_limits_bpm == (54.0, 72.0)
    assert first.reason == "The plan now leads the music slowly towards calm."


@pytest.mark.parametrize(
    ("field", "wished", "given_"),
    [
        ("arousal", 3.0, 0.8),
        ("arousal", -3.0, -0.9),
        ("valence", 3.0, 0.9),
        ("valence", -3.0, -0.6),
        ("breath_per_min", 30.0, 15.0),
        ("breath_per_min", 1.0, 4.5),
        ("confidence", 7.0, 1.0),
        ("confidence", -7.0, 0.0),
    ],
)
def test_nothing_passes_beyond_its_cap(field: str, wished: float, given_: float) -> None:
    assert getattr(passed(replace(WISH, **{field: wished}))[0], field) == given_  # type: ignore[arg-type]


def test_the_level_never_rises_above_the_programmes_loudness() -> None:
    assert passed(*wishes(60, level_db=20.0))[-1].level_db == 0.0


def test_music_enters_quietly_and_rises_slowly() -> None:
    levels = [directive.level_db for directive in passed(*wishes(20))]
    assert levels[0] == -20.0
    assert levels[1] == -18.5
    assert levels[-1] == 0.0


def test_a_wish_for_a_level_below_the_floor_is_the_floor_and_not_silence() -> None:
    assert passed(*wishes(60, level_db=-math.inf))[-1].level_db == -36.0


def test_tempo_limits_stay_within_the_gates_own_and_in_order() -> None:
    assert passed(replace(WISH, tempo_limits_bpm=(200.0, 10.0)))[0].tempo_limits_bpm == (40.0, 112.0)


@pytest.mark.parametrize(("phase", "per_min"), [(Phase.SETTLE, 0.4), (Phase.MEET, 0.4), (Phase.LEAD, 0.1), (Phase.FADE, 0.1)])
@pytest.mark.parametrize("goal", [-0.9, 0.8])
def test_arousal_and_valence_move_no_faster_than_the_phase_allows(phase: Phase, per_min: float, goal: float) -> None:
    start = replace(WISH, phase=phase)
    last = passed(start, *[replace(start, arousal=goal, valence=goal)] * 60)[-1]
    assert last.arousal == pytest.approx(math.copysign(per_min, goal))
    assert last.valence == pytest.approx(math.copysign(per_min, goal))


def test_softening_may_fall_quickly_but_never_rise_quickly() -> None:
    loud = wishes(20)
    down = passed(*loud, *wishes(2, arousal=-0.5, valence=-0.5, level_db=-12.0, soften=True))
    assert down[-1].arousal == pytest.approx(-0.2)
    assert down[-1].level_db == -12.0
    assert down[-1].valence == pytest.approx(-0.2 / 60.0)
    up = passed(*wishes(20, level_db=-12.0), *wishes(2, arousal=0.5, soften=True))
    assert up[-1].arousal == pytest.approx(0.2 / 60.0)
    assert up[-1].level_db == pytest.approx(-12.0 + 3.0)


def test_level_moves_at_most_one_and_a_half_decibels_a_second() -> None:
    assert passed(*wishes(20), *wishes(1, level_db=-30.0))[-1].level_db == -1.5


def test_silence_comes_at_once_and_is_not_left_by_itself() -> None:
    silent = replace(WISH, phase=Phase.SILENT)
    out = passed(*wishes(20), silent, silent, WISH)
    assert [d.level_db for d in out[20:]] == [-math.inf, -math.inf, -20.0]


def test_after_silence_the_music_may_begin_anywhere() -> None:
    out = passed(
        replace(WISH, arousal=-0.5, breath_per_min=5.0),
        replace(WISH, phase=Phase.SILENT),
        replace(WISH, arousal=0.5, breath_per_min=9.0),
    )
    assert (out[-1].arousal, out[-1].breath_per_min) == (0.5, 9.0)


def test_changes_smaller_than_the_dead_band_are_not_passed_on() -> None:
    chatter = [replace(WISH, arousal=0.019 * (-1) ** i) for i in range(50)]
    assert {directive.arousal for directive in passed(WISH, *chatter)} == {0.0}


def test_a_slow_ramp_is_followed_to_within_the_dead_band() -> None:
    ramp = [replace(WISH, arousal=-0.0015 * i) for i in range(301)]
    assert passed(*ramp)[-1].arousal == pytest.approx(-0.45, abs=0.021)


def test_the_swell_moves_half_a_breath_a_minute_at_most() -> None:
    out = passed(replace(WISH, breath_per_min=12.0), *wishes(60, breath_per_min=5.0))
    assert out[-1].breath_per_min == pytest.approx(11.5)
    assert passed(replace(WISH, breath_per_min=12.0), WISH, replace(WISH, breath_per_min=5.0))[-1].breath_per_min == 5.0


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_changes_nothing(nonsense: float) -> None:
    steady = wishes(20, arousal=0.3, valence=0.1, level_db=-3.0)
    bad = replace(WISH, arousal=nonsense, valence=nonsense, breath_per_min=nonsense, confidence=nonsense, level_db=math.nan)
    last = passed(*steady, bad)[-1]
    assert (last.arousal, last.valence, last.level_db, last.breath_per_min, last.confidence) == (0.3, 0.1, -3.0, None, 0.0)
    first = passed(bad)[0]
    assert (first.arousal, first.valence, first.level_db) == (0.0, 0.0, -36.0)


def test_time_that_stands_still_or_goes_back_moves_nothing() -> None:
    gate = Gate(Limits())
    gate.passed(WISH, 100.0)
    for now in (100.0, 50.0, -1e9):
        directive = gate.passed(replace(WISH, arousal=0.8), now)
        assert (directive.arousal, directive.level_db) == (0.0, -20.0)


def test_after_a_long_pause_no_more_than_five_seconds_are_made_up_for() -> None:
    assert passed(WISH, replace(WISH, arousal=0.8), seconds=1e8)[-1].arousal == pytest.approx(0.5 / 60.0)


def test_every_directive_expires_within_the_minute_and_silence_lasts_the_night() -> None:
    sounding, silent = passed(WISH, replace(WISH, phase=Phase.SILENT))
    assert sounding.expires - sounding.t == 30.0
    assert silent.expires - silent.t == 12 * 3600.0


def test_a_wish_that_names_no_input_rests_on_the_default() -> None:
    assert passed(replace(WISH, inputs=()))[0].inputs == ("default",)


def test_a_demonstration_hurries_the_music_and_nothing_else() -> None:
    quick = Limits().hurried(10.0)
    assert (quick.lead_per_min, quick.meet_per_min) == (1.0, 4.0)
    assert replace(quick, lead_per_min=0.1, meet_per_min=0.4) == Limits()


@pytest.mark.parametrize("lifetime", [5.0, 60.0])
def test_the_ends_of_the_lifetime_are_allowed(lifetime: float) -> None:
    assert passed(WISH, limits=Limits(lifetime=lifetime))[0].expires == 10.0 + lifetime


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arousal": (-2.0, 0.5)}, "arousal must be a range within -1…1"),
        ({"valence": (0.5, -0.5)}, "valence must be a range within -1…1"),
        ({"tempo_bpm": (0.0, 90.0)}, "tempo_bpm must be a range within 20…200"),
        ({"arousal": (math.nan, 0.5)}, "arousal must be a range"),
        ({"breath_per_min": (0.0, 5.0)}, "breath_per_min must be a range within 0…30"),
        ({"loudest_db": 1.0}, "floor_db < enter_db ≤ loudest_db ≤ 0"),
        ({"enter_db": -50.0}, "floor_db < enter_db ≤ loudest_db ≤ 0"),
        ({"floor_db": -math.inf}, "floor_db < enter_db ≤ loudest_db ≤ 0"),
        ({"lifetime": 600.0}, "lifetime must be 5…60 s"),
        ({"silence_lifetime": math.inf}, "lifetime must be 5…60 s"),
        ({"lead_per_min": 0.0}, "lead_per_min must be more than 0"),
        ({"soften_db_per_s": math.inf}, "soften_db_per_s must be more than 0"),
        ({"dead_band": -0.1}, "dead_band must be more than 0"),
    ],
)
def test_limits_that_protect_nobody_are_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Limits(**changes)  # type: ignore[arg-type]


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Wish,
            phase=st.sampled_from(Phase),
            goal=st.sampled_from(Goal),
            arousal=NUMBERS,
            valence=NUMBERS,
            reason=st.just(Reason(Why.LEAD, Goal.CALM)),
            inputs=st.sampled_from([(), ("report",)]),
            tempo_limits_bpm=st.tuples(st.floats(0, 500), st.floats(0, 500)),
            level_db=NUMBERS,
            breath_per_min=st.none() | NUMBERS,
            confidence=NUMBERS,
            soften=st.booleans(),
        ),
        min_size=1,
        max_size=30,
    ),
    st.floats(0.0, 20.0),
)
def test_no_wish_whatever_breaks_a_limit(many: list[Wish], seconds: float) -> None:
    limits, dt = Limits(), min(seconds, 5.0) + 1e-9
    last: Directive | None = None
    for directive in passed(*many, seconds=seconds):
        assert -0.9 <= directive.arousal <= 0.8 and -0.6 <= directive.valence <= 0.9
        assert (directive.level_db == -math.inf) == (directive.phase is Phase.SILENT)
        assert directive.level_db <= 0.0 and 0.0 <= directive.confidence <= 1.0
        assert 40.0 <= directive.tempo_limits_bpm[0] <= directive.tempo_limits_bpm[1] <= 112.0
        assert directive.breath_per_min is None or 4.5 <= directive.breath_per_min <= 15.0
        assert directive.reason and directive.inputs and directive.t < directive.expires < math.inf
        if last is not None and Phase.SILENT not in (last.phase, directive.phase):
            assert directive.arousal - last.arousal <= limits.meet_per_min / 60.0 * dt + 1e-9
            assert last.arousal - directive.arousal <= limits.soften_per_s * dt + 1e-9
            assert abs(directive.valence - last.valence) <= limits.meet_per_min / 60.0 * dt + 1e-9
            assert (
                -limits.soften_db_per_s * dt - 1e-9 <= directive.level_db - last.level_db <= limits.level_db_per_s * dt + 1e-9
            )
        last = directive


def calls(tree: ast.AST) -> list[str]:
    """Name of every function or class that is called, however it is reached."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [f.id if isinstance(f, ast.Name) else f.attr for f in functions if isinstance(f, ast.Name | ast.Attribute)]


def test_no_module_but_the_gate_makes_a_directive() -> None:
    folder = Path(undertone.guidance.__file__).parent
    makers = {path.name for path in folder.glob("*.py") if "Directive" in calls(ast.parse(path.read_text()))}
    assert makers == {"limits.py"}


def test_whatever_the_guide_decides_comes_out_of_the_gate() -> None:
    tree = ast.parse((Path(undertone.guidance.__file__).parent / "guide.py").read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    deciding = [f for f in functions if isinstance(f.returns, ast.Name) and f.returns.id == "Directive"]
    assert {function.name for function in deciding} == {"decide", "_passed"}
    for function in deciding:
        for node in ast.walk(function):
            if isinstance(node, ast.Return):
                assert isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)
                assert node.value.func.attr in {"_passed", "passed"}
        assert "replace" not in calls(function)
