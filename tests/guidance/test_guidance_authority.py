"""Who decides: stop > the listener's choice > self-report > sensor > schedule > default, in every combination."""

from __future__ import annotations

import itertools
import math

import pytest

from undertone.flow import Affect, AffectSource, Command, CommandKind, Goal, Phase
from undertone.guidance import GOALS, Authority, Direction, Guide, strongest
from undertone.guidance.following import Verdict
from undertone.guidance.policy import Moment, State, wishes

ORDER = ("stop", "choice", "report", "sensor", "schedule", "default")


def test_the_order_is_the_promised_one() -> None:
    assert tuple(authority.name.lower() for authority in sorted(Authority, reverse=True)) == ORDER


@pytest.mark.parametrize("present", [c for n in range(1, 7) for c in itertools.combinations(Authority, n)])
def test_the_highest_claim_is_heard_in_every_combination(present: tuple[Authority, ...]) -> None:
    expected = next(authority for authority in sorted(Authority, reverse=True) if authority in present)
    assert strongest({authority: authority.name for authority in present}) == (expected, expected.name)


def test_somebody_must_claim_something() -> None:
    with pytest.raises(ValueError, match="always at least the default"):
        strongest({})


NAMED = {
    Authority.STOP: "stop",
    Authority.CHOICE: "not_good",
    Authority.REPORT: "report",
    Authority.SENSOR: "arousal",
    Authority.SCHEDULE: "schedule",
    Authority.DEFAULT: "default",
}


@pytest.mark.parametrize("present", [c for n in range(6) for c in itertools.combinations(sorted(Authority)[1:], n)])
def test_the_guide_obeys_the_highest_of_those_who_speak(present: tuple[Authority, ...]) -> None:
    guide = Guide(Goal.CALM)
    if Authority.SCHEDULE in present:  # a listener who was felt and is felt no longer leaves a plan
        guide.decide(0.0, Affect(0.0, 0.5, None, 0.7, AffectSource.RULES))
    guide.decide(1.0, None)
    if Authority.REPORT in present:
        guide.command(Command(1.0, CommandKind.REPORT, arousal=-0.5))
    if Authority.CHOICE in present:
        guide.command(Command(1.0, CommandKind.NOT_GOOD))
    if Authority.STOP in present:
        guide.command(Command(1.0, CommandKind.STOP))
    sensed = Affect(2.0, 0.6, None, 0.7, AffectSource.RULES) if Authority.SENSOR in present else None
    directive = guide.decide(2.0, sensed)
    assert directive.inputs[0] == NAMED[max((*present, Authority.DEFAULT))]
    assert (directive.level_db == -math.inf) == (Authority.STOP in present)


STATE = State(Authority.SENSOR, 0.6, None, 0.7, ("arousal", "heart_bpm"))


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("felt", [None, STATE, State(Authority.REPORT, 0.6, 0.1, 1.0, ("report",))])
@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize(("pressed", "enough"), [(None, False), (0.0, False), (0.0, True)])
@pytest.mark.parametrize("rising", [None, 0.1])
def test_every_moment_has_a_default_and_every_wish_names_what_it_rests_on(
    phase: Phase, felt: State | None, verdict: Verdict, pressed: float | None, enough: bool, rising: float | None
) -> None:
    moment = Moment(
        phase, Goal.CALM, GOALS[Goal.CALM], (0.2, 0.1), 0.3,
        state=felt, known=None if felt is None else (0.6, None), verdict=verdict, pressed=pressed, enough=enough, rising=rising,
    )  # fmt: skip
    claims = wishes(moment)
    assert Authority.DEFAULT in claims
    assert (Authority.STOP in claims) == (phase is Phase.SILENT)
    assert (Authority.CHOICE in claims) == (phase is not Phase.SILENT and pressed is not None)
    assert {Authority.SENSOR, Authority.REPORT} & set(claims) <= ({felt.authority} if felt is not None else set())
    for wish in claims.values():
        assert wish.inputs
        assert wish.phase is phase
    if pressed is not None and phase is not Phase.SILENT:
        assert strongest(claims)[1].arousal <= pressed
        assert strongest(claims)[1].level_db <= -6.0


def test_a_second_press_that_is_no_longer_softened_still_never_rises() -> None:
    moment = Moment(Phase.FADE, Goal.UPLIFT, GOALS[Goal.UPLIFT], (0.5, 0.1), 0.3, enough=True)
    assert strongest(wishes(moment))[1].arousal == 0.3


@pytest.mark.parametrize(
    ("music", "direction"), [(0.2, Direction.CALMER), (-0.5, Direction.STEADY), (-0.67, Direction.LIVELIER)]
)
def test_the_plan_says_which_way_the_music_really_goes_to_the_goal(music: float, direction: Direction) -> None:
    moment = Moment(Phase.LEAD, Goal.CALM, GOALS[Goal.CALM], (-0.4, 0.1), music)
    assert wishes(moment)[Authority.SCHEDULE].reason.direction is direction
