"""What the guide does, as sentences. Each evening begins from the same defaults and changes one thing."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.flow import Affect, AffectSource, Command, CommandKind, Directive, Features, Goal, Phase
from undertone.guidance import GOALS, Guide, Limits

Course = Callable[[float], float | None]
"""The listener's arousal at a moment; None while they cannot be felt."""


class Evening:
    """A guide, and a listener whose arousal follows a course; remembers every directive."""

    def __init__(self, felt: Course, *, goal: Goal = Goal.CALM, breathing: float | None = None, **options: object) -> None:
        self.guide = Guide(goal, **options)  # type: ignore[arg-type]
        self.felt = felt
        self.breathing = breathing
        self.now = 0.0
        self.seen: list[Directive] = []

    def affect(self) -> Affect | None:
        arousal = self.felt(self.now)
        if arousal is None:
            return None
        return Affect(self.now, arousal, None, 0.7, AffectSource.RULES, ("heart rate 9 bpm above your usual",))

    def features(self) -> Features:
        wobble = 0.01 * (self.now % 7.0)
        return Features(self.now, heart_bpm=70.0 + wobble, breathing_per_min=self.breathing, pulse_quality=0.9)

    def run(self, seconds: float) -> Directive:
        for _ in range(int(seconds)):
            self.seen.append(self.guide.decide(self.now, self.affect(), self.features()))
            self.now += 1.0
        return self.seen[-1]

    def until(self, phase: Phase) -> Directive:
        for _ in range(6 * 3600):
            if self.run(1).phase is phase:
                return self.seen[-1]
        raise AssertionError(f"never came to {phase}")

    def tell(self, kind: CommandKind, **details: object) -> None:
        self.guide.command(Command(self.now, kind, **details))  # type: ignore[arg-type]

    def phases(self) -> list[Phase]:
        """Each phase once for each time that it began."""
        return [d.phase for i, d in enumerate(self.seen) if i == 0 or self.seen[i - 1].phase is not d.phase]


def steady(arousal: float) -> Course:
    return lambda t: arousal


def unfelt(t: float) -> None:
    return None


def follower(start: float, *, per_min: float = 0.09, goal: float = -0.5, begins: float = 200.0) -> Course:
    """A listener who comes along at a steady rate."""

    def course(t: float) -> float:
        gone = max(0.0, t - begins) / 60.0 * per_min
        return start + math.copysign(min(gone, abs(goal - start)), goal - start)

    return course


def late(arousal: float) -> Course:
    """A listener who is felt only after twenty seconds."""
    return lambda t: arousal if t > 20.0 else None


ORDER = [Phase.SETTLE, Phase.MEET, Phase.LEAD, Phase.HOLD, Phase.FADE, Phase.SILENT]

# -------------------------------------------------------------------------------------------------------- meeting and leading


def test_a_tense_listener_who_follows_goes_through_every_phase_once_in_the_minutes_asked_for() -> None:
    evening = Evening(follower(0.5))
    evening.run(20 * 60 + 5)
    assert evening.phases() == ORDER
    assert abs(next(d.t for d in evening.seen if d.phase is Phase.SILENT) - 1200.0) <= 3.0


def test_the_music_meets_the_listener_before_it_leads() -> None:
    evening = Evening(steady(0.6))
    last_met = evening.until(Phase.LEAD)
    assert last_met.arousal == pytest.approx(0.6, abs=0.03)
    assert 120.0 <= evening.now - 1.0 - next(d.t for d in evening.seen if d.phase is Phase.MEET) <= 240.0


def test_meeting_says_what_was_felt_which_way_it_goes_and_how_sure_it_is() -> None:
    evening = Evening(late(0.6))
    evening.until(Phase.MEET)
    directive = evening.run(20)
    assert directive.reason == (
        "Your body seems much more active than your usual (heart rate 9 bpm above your usual), "
        "so the music becomes livelier to meet you; I am fairly sure of this."
    )
    assert directive.inputs == ("arousal", "heart_bpm")
    assert directive.confidence == 0.7
    assert "stays with you" in evening.run(90).reason


@pytest.mark.parametrize("arousal", [-0.12, 0.12])
def test_music_that_is_already_with_the_listener_does_not_say_that_it_moves(arousal: float) -> None:
    evening = Evening(late(arousal))
    evening.until(Phase.MEET)
    assert evening.run(1).reason == (
        "Your body seems close to your usual, so the music stays with you; I am fairly sure of this."
    )


def test_a_calm_listener_is_met_downwards() -> None:
    evening = Evening(late(-0.3), goal=Goal.UPLIFT)
    evening.until(Phase.MEET)
    assert "calmer than your usual" in evening.run(5).reason
    assert "becomes calmer to meet you" in evening.run(1).reason
    assert evening.until(Phase.LEAD).arousal == pytest.approx(-0.3, abs=0.03)


def test_a_listener_beyond_what_the_limits_allow_is_met_as_far_as_allowed_and_still_led() -> None:
    evening = Evening(steady(1.0))
    directive = evening.until(Phase.LEAD)
    assert directive.arousal == pytest.approx(0.8, abs=0.03)
    assert evening.now <= 30 + 120 + 2


def test_a_listener_who_moves_away_is_met_for_four_minutes_at_most() -> None:
    evening = Evening(lambda t: 0.7 if t % 60 < 30 else -0.7)
    evening.until(Phase.MEET)
    began = evening.now
    evening.until(Phase.LEAD)
    assert evening.now - began <= 241.0


@pytest.mark.parametrize("goal", Goal)
def test_leading_goes_one_way_at_no_more_than_a_tenth_a_minute(goal: Goal) -> None:
    direction = GOALS[goal].arousal
    evening = Evening(lambda t: 0.5 if direction < 0.2 else -0.4, goal=goal, minutes=30.0, contrast=True)
    evening.until(Phase.FADE)
    led = [d for d in evening.seen if d.phase in (Phase.LEAD, Phase.HOLD)]
    for before, after in zip(led, led[60:], strict=False):
        assert abs(after.arousal - before.arousal) <= 0.1 + 1e-9
        assert abs(after.valence - before.valence) <= 0.1 + 1e-9
    steps = [b.arousal - a.arousal for a, b in itertools.pairwise(led)]
    assert all(step * direction >= 0.0 for step in steps)
    assert led[-1].arousal == pytest.approx(direction, abs=0.021)
    assert led[-1].valence == pytest.approx(GOALS[goal].valence, abs=0.021)


def test_leading_rests_on_the_plan_and_says_so() -> None:
    evening = Evening(follower(0.5))
    directive = evening.until(Phase.LEAD)
    assert directive.reason == "The plan now leads the music slowly down towards calm."
    assert directive.inputs == ("schedule",)
    assert evening.until(Phase.HOLD).reason == "The music has reached calm, so by the plan it stays there."


def test_contrast_leads_from_the_first_second_and_never_waits_or_meets() -> None:
    evening = Evening(steady(0.9), contrast=True)
    evening.run(1200)
    assert evening.phases()[:2] == [Phase.LEAD, Phase.HOLD]
    assert Phase.MEET not in evening.phases()
    assert max(d.arousal for d in evening.seen) == 0.0
    assert not any("waits" in d.reason for d in evening.seen)


def test_a_two_minute_demonstration_has_every_phase_and_tells_that_it_is_quick() -> None:
    evening = Evening(follower(0.6, begins=0.0), minutes=2.0)
    evening.run(125)
    assert evening.phases() == ORDER
    assert "10 times faster than usual" in evening.seen[0].reason
    assert evening.guide.programme.pace == 10.0
    assert evening.guide.limits.lead_per_min == pytest.approx(1.0)
    assert max(d.arousal for d in evening.seen) >= 0.5
    assert min(d.arousal for d in evening.seen) <= -0.35


# ----------------------------------------------------------------------------------------------------------- following or not


def test_no_progress_for_three_minutes_makes_the_music_wait_where_it_is() -> None:
    evening = Evening(steady(0.6))
    evening.until(Phase.LEAD)
    evening.run(300)
    led = [d for d in evening.seen if d.phase is Phase.LEAD]
    left = next(d for d in led if d.arousal < 0.6 - 0.15)
    waiting = [d for d in led if "waits" in d.reason]
    assert 120.0 <= waiting[0].t - left.t <= 180.0, "checked every minute, so the minute in which they parted may count"
    assert waiting[0].reason == (
        "Your body is not following yet (heart rate 9 bpm above your usual), "
        "so the music waits here for you; I am fairly sure of this."
    )
    assert waiting[0].inputs == ("arousal", "heart_bpm")
    assert waiting[0].arousal - led[-1].arousal <= 0.02


def test_the_music_leads_on_in_the_second_in_which_a_listener_has_come_past_it() -> None:
    evening = Evening(steady(0.6))
    while "waits" not in evening.run(1).reason:
        assert evening.now < 900.0
    evening.run(5)
    evening.felt = steady(-0.3)
    turned = evening.now
    while evening.run(1).reason.startswith("Your body is not following"):
        assert evening.now < turned + 30.0
    heard = evening.guide._trust._smooth
    assert heard is not None
    assert evening.seen[-1].reason == "The plan now leads the music slowly down towards calm."
    assert heard[1] > evening.seen[-1].arousal - 0.05, "not first when they are far ahead"


def test_a_listener_who_is_lost_is_met_again_twice_at_most_and_then_waited_for() -> None:
    evening = Evening(steady(0.6), minutes=60.0)
    evening.run(60 * 60 - 70)
    assert evening.phases() == [Phase.SETTLE] + [Phase.MEET, Phase.LEAD] * 3
    again = [d for d in evening.seen if d.phase is Phase.MEET]
    assert again[-1].arousal == pytest.approx(0.6, abs=0.03)


def test_nobody_is_met_again_when_the_time_is_nearly_over() -> None:
    evening = Evening(lambda t: follower(0.5)(t) if t < 700 else 0.6)
    evening.run(1200)
    assert evening.phases().count(Phase.MEET) == 1


def test_a_listener_who_strays_while_holding_is_met_again() -> None:
    evening = Evening(lambda t: follower(0.2)(t) if t < 900 else 0.5, minutes=40.0)
    evening.run(35 * 60)
    phases = evening.phases()
    assert phases[:5] == [Phase.SETTLE, Phase.MEET, Phase.LEAD, Phase.HOLD, Phase.MEET]


def test_a_listener_who_is_first_felt_while_the_music_leads_is_met_then() -> None:
    evening = Evening(lambda t: 0.7 if t > 400 else None)
    evening.run(400)
    assert evening.seen[-1].phase is Phase.LEAD
    assert evening.run(2).phase is Phase.MEET
    evening.run(250)
    assert max(d.arousal for d in evening.seen) == pytest.approx(0.7, abs=0.15)
    assert evening.phases() == [Phase.SETTLE, Phase.MEET, Phase.LEAD, Phase.MEET, Phase.LEAD]


@pytest.mark.parametrize(("felt", "at", "contrast"), [(0.1, 400.0, False), (0.7, 400.0, True), (0.7, 1000.0, False)])
def test_one_who_is_near_the_music_or_wants_contrast_or_comes_late_is_not(felt: float, at: float, contrast: bool) -> None:
    evening = Evening(lambda t: felt if t > at else None, contrast=contrast)
    evening.run(at)
    before = evening.seen[-1].phase
    assert evening.run(2).phase is before


def test_meeting_again_keeps_the_valence_that_the_music_has() -> None:
    evening = Evening(steady(0.6), minutes=60.0)
    evening.until(Phase.LEAD)
    valence = evening.until(Phase.MEET).valence
    assert valence > 0.2
    assert evening.run(60).valence == pytest.approx(valence, abs=0.03)


# ------------------------------------------------------------------------------------------------------------------- distrust


def test_without_any_sensor_the_plan_is_followed_and_said_so() -> None:
    evening = Evening(unfelt)
    directive = evening.run(100)
    assert (directive.arousal, directive.confidence, directive.inputs) == (0.0, 0.0, ("default",))
    assert directive.reason == (
        "I cannot feel you at the moment, so I follow the plan, which keeps the music gentle and in the middle."
    )
    assert evening.until(Phase.LEAD).reason == (
        "I cannot feel you at the moment, so I follow the plan, which now leads the music slowly down towards calm."
    )
    evening.run(1200)
    assert evening.phases() == ORDER


@pytest.mark.parametrize(
    ("says", "broken"),
    [
        ("I am not sure enough of what I feel", {"confidence": 0.1}),
        ("I am not sure enough of what I feel", {"source": AffectSource.DECAYED}),
        ("I have not felt you just now", {"t": -100.0}),
        ("What the sensor says cannot be right", {"arousal": 9.0}),
    ],
)
def test_the_music_stays_where_it_was_when_the_sensor_is_not_believed(says: str, broken: dict[str, float]) -> None:
    evening = Evening(steady(0.5))
    evening.run(100)
    met = evening.seen[-1].arousal
    for _ in range(40):
        affect = evening.affect()
        assert affect is not None
        directive = evening.guide.decide(evening.now, replace(affect, **broken), evening.features())  # type: ignore[arg-type]
        evening.now += 1.0
    assert directive.arousal == pytest.approx(met, abs=0.03)
    assert directive.reason == f"{says}, so I follow the plan, which keeps the music where I last felt you."
    assert directive.inputs == ("schedule",)


def test_a_stuck_sensor_is_noticed_and_told() -> None:
    guide = Guide(Goal.CALM)
    for t in range(140):
        affect = Affect(float(t), 0.5, None, 0.7, AffectSource.RULES)
        directive = guide.decide(float(t), affect, Features(float(t), heart_bpm=70.0))
    assert directive.reason.startswith("The sensor has said the very same for too long")


def test_wild_readings_move_the_music_no_faster_than_its_limits() -> None:
    evening = Evening(lambda t: 1.0 if int(t) % 2 else -1.0)
    evening.run(400)
    steps = [abs(b.arousal - a.arousal) for a, b in zip(evening.seen, evening.seen[1:], strict=False)]
    assert max(steps) <= 0.4 / 60.0 + 1e-9


# ---------------------------------------------------------------------------------------------------------------- self-report


def test_what_the_listener_says_outranks_what_is_felt() -> None:
    evening = Evening(steady(0.3))
    evening.until(Phase.MEET)
    evening.tell(CommandKind.REPORT, arousal=-0.3, valence=0.4)
    directive = evening.run(110)
    assert directive.arousal == pytest.approx(-0.3, abs=0.03)
    assert directive.valence == pytest.approx(0.4, abs=0.03)
    assert directive.reason == (
        "You said that you feel calmer than your usual, so the music stays with you; your word counts most."
    )
    assert (directive.inputs, directive.confidence) == (("report",), 1.0)


def test_after_five_minutes_a_word_gives_way_to_the_sensor() -> None:
    evening = Evening(steady(0.1))
    evening.until(Phase.MEET)
    evening.tell(CommandKind.REPORT, arousal=0.1)
    for _ in range(310):
        evening.run(1)
        evening.guide._course.phase = Phase.MEET  # hold it here: only whose word counts is looked at
    assert evening.seen[-1].inputs == ("arousal", "heart_bpm")
    assert evening.seen[-20].inputs == ("report",)


def test_the_estimators_own_report_counts_as_the_listeners_word() -> None:
    guide = Guide(Goal.CALM)
    directive = guide.decide(0.0, Affect(0.0, 0.4, -0.2, 0.95, AffectSource.REPORT))
    assert (directive.inputs, directive.arousal, directive.valence) == (("report",), 0.4, -0.2)


def test_valence_alone_is_taken_from_the_word_and_arousal_from_the_sensor() -> None:
    evening = Evening(steady(0.4))
    evening.guide.command(Command(0.0, CommandKind.REPORT, valence=-0.5))
    directive = evening.run(1)
    assert (directive.arousal, directive.valence) == (0.4, -0.5)
    assert directive.inputs == ("arousal", "heart_bpm", "report")


def test_a_word_far_from_the_music_has_the_listener_met_at_once_even_while_leading() -> None:
    evening = Evening(follower(0.3), minutes=40.0)
    evening.until(Phase.LEAD)
    evening.run(240)
    evening.tell(CommandKind.REPORT, arousal=0.7)
    assert evening.run(1).phase is Phase.MEET
    assert evening.run(120).arousal == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize(("arousal", "contrast"), [(0.2, False), (0.7, True)])
def test_a_word_near_the_music_or_against_a_chosen_contrast_changes_no_phase(arousal: float, contrast: bool) -> None:
    evening = Evening(follower(0.3), contrast=contrast)
    evening.until(Phase.LEAD)
    evening.run(5)
    evening.tell(CommandKind.REPORT, arousal=arousal)
    assert evening.run(1).phase is Phase.LEAD


def test_a_listener_who_says_that_they_are_not_there_yet_is_waited_for() -> None:
    evening = Evening(unfelt, minutes=40.0)
    evening.until(Phase.LEAD)
    while evening.run(1).arousal > -0.1:
        pass
    evening.tell(CommandKind.REPORT, arousal=0.15)
    evening.run(240)
    assert evening.seen[-1].reason == (
        "You said that you feel close to your usual, so the music waits here for you; your word counts most."
    )
    assert evening.seen[-1].inputs == ("report",)


@pytest.mark.parametrize("nothing", [{}, {"arousal": math.nan}, {"valence": math.inf}])
def test_a_report_that_says_nothing_changes_nothing(nothing: dict[str, float]) -> None:
    evening = Evening(steady(0.4))
    evening.run(10)
    evening.tell(CommandKind.REPORT, **nothing)
    assert evening.run(1).inputs == ("arousal", "heart_bpm")


def test_a_report_out_of_range_is_taken_as_the_end_of_the_scale() -> None:
    evening = Evening(unfelt)
    evening.tell(CommandKind.REPORT, arousal=7.0)
    assert evening.run(1).arousal == 0.8


# -------------------------------------------------------------------------------------------------------------------- trouble


PLAYING = [(goal, phase) for goal in Goal for phase in (Phase.SETTLE, Phase.MEET, Phase.LEAD, Phase.HOLD)]
PLAYING.remove((Goal.SLEEP, Phase.HOLD))  # sleep falls until it fades


@pytest.mark.parametrize(("goal", "phase"), PLAYING)
def test_not_good_softens_within_five_seconds_in_every_phase(goal: Goal, phase: Phase) -> None:
    evening = Evening(follower(-0.1, goal=GOALS[goal].arousal), goal=goal, minutes=30.0)
    evening.until(phase)
    before = evening.run(20)
    assert before.phase is phase
    evening.tell(CommandKind.NOT_GOOD)
    after = evening.run(5)
    assert after.level_db == pytest.approx(-6.0)
    assert after.arousal == pytest.approx(max(before.arousal - 0.2, -0.9), abs=0.03)
    assert after.reason == "You said that this is not good, so the music is softer and calmer now; say it again and it stops."
    assert after.inputs == ("not_good",)


@pytest.mark.parametrize("seconds", [1, 4, 8, 13])
def test_not_good_while_the_music_is_still_entering_does_not_let_it_become_louder(seconds: int) -> None:
    evening = Evening(unfelt)
    before = evening.run(seconds).level_db
    evening.tell(CommandKind.NOT_GOOD)
    evening.run(60)
    softened = [d.level_db for d in evening.seen[seconds:]]
    assert max(softened) <= before
    assert softened[-1] == pytest.approx(max(before - 6.0, -20.0))


def test_not_good_is_heard_when_the_music_is_already_softened_for_a_rise() -> None:
    evening = Evening(lambda t: 0.2 + 0.007 * max(0.0, t - 200.0))
    assert evening.run(266).level_db == pytest.approx(-6.0)
    evening.tell(CommandKind.NOT_GOOD)
    assert evening.run(5).level_db == pytest.approx(-12.0)


def test_softened_music_does_not_rise_and_returns_after_five_minutes() -> None:
    evening = Evening(steady(0.3), goal=Goal.UPLIFT, minutes=60.0, contrast=True)
    evening.run(120)
    evening.tell(CommandKind.NOT_GOOD)
    softened = [evening.run(1) for _ in range(300)]
    assert max(d.arousal for d in softened[5:]) <= softened[5].arousal + 1e-9
    assert {d.level_db for d in softened[5:]} == {-6.0}
    assert evening.run(60).level_db == 0.0
    assert evening.run(120).arousal > softened[5].arousal


def test_a_second_not_good_within_minutes_fades_quickly_into_silence() -> None:
    evening = Evening(steady(0.3))
    evening.run(200)
    evening.tell(CommandKind.NOT_GOOD)
    evening.run(100)
    evening.tell(CommandKind.NOT_GOOD)
    directive = evening.run(1)
    assert (directive.phase, directive.inputs) == (Phase.FADE, ("not_good",))
    assert directive.reason == "You said twice that this is not good, so the music fades away now."
    pressed = evening.now
    evening.until(Phase.SILENT)
    assert evening.now - pressed <= 10.0


def test_a_second_not_good_much_later_softens_again() -> None:
    evening = Evening(steady(0.3), minutes=40.0)
    evening.run(200)
    evening.tell(CommandKind.NOT_GOOD)
    evening.run(310)
    evening.tell(CommandKind.NOT_GOOD)
    assert evening.run(5).phase is not Phase.FADE
    assert evening.seen[-1].level_db == pytest.approx(-6.0)


def test_not_good_while_fading_softens_and_the_fade_goes_on() -> None:
    evening = Evening(unfelt, goal=Goal.SLEEP)
    evening.until(Phase.FADE)
    evening.tell(CommandKind.NOT_GOOD)
    assert evening.run(5).level_db <= -6.0
    evening.run(700)
    assert evening.seen[-1].phase is Phase.SILENT


def test_a_minute_of_rising_arousal_while_leading_softens_within_five_seconds() -> None:
    begins = 200.0
    evening = Evening(lambda t: 0.2 + 0.007 * max(0.0, t - begins))
    evening.run(200)
    assert evening.seen[-1].phase is Phase.LEAD
    evening.run(66)
    directive = evening.seen[-1]
    assert directive.level_db == pytest.approx(-6.0)
    assert directive.reason.startswith(
        "Your body has been getting more active (heart rate 9 bpm above your usual), so the music"
    )
    assert directive.inputs == ("arousal", "heart_bpm")
    assert directive.arousal <= evening.seen[199].arousal - 0.15


def test_rising_softens_only_while_it_can_be_felt() -> None:
    evening = Evening(lambda t: None if t > 266 else 0.2 + 0.007 * max(0.0, t - 200.0))
    evening.run(266)
    assert evening.seen[-1].level_db == pytest.approx(-6.0)
    assert evening.run(10).level_db == 0.0
    assert "rising" not in evening.seen[-1].reason


def test_rising_arousal_on_the_way_up_is_what_was_asked_for() -> None:
    evening = Evening(lambda t: min(0.5, -0.3 + 0.007 * max(0.0, t - 200.0)), goal=Goal.UPLIFT)
    evening.run(500)
    assert min(d.level_db for d in evening.seen[60:]) == 0.0


def test_music_softened_on_the_way_down_waits_for_the_plan_and_does_not_turn_back_up() -> None:
    evening = Evening(lambda t: 0.2 + 0.007 * min(max(0.0, t - 200.0), 70.0), minutes=40.0)
    evening.run(200)
    assert evening.seen[-1].phase is Phase.LEAD
    evening.run(300)
    led = [d for d in evening.seen[200:] if d.phase is Phase.LEAD]
    assert "getting more active" in led[70].reason and "waits here" in led[-1].reason
    assert all(b.arousal <= a.arousal + 1e-9 for a, b in itertools.pairwise(led))


def test_a_minute_of_rising_arousal_softens_while_the_goal_is_held_too() -> None:
    evening = Evening(lambda t: follower(0.0)(t) if t < 900 else min(0.5, 0.007 * (t - 900)), minutes=30.0)
    evening.run(900)
    assert evening.seen[-1].phase is Phase.HOLD
    evening.run(75)
    assert (evening.seen[-1].phase, evening.seen[-1].level_db) == (Phase.HOLD, pytest.approx(-6.0))
    assert "getting more active" in evening.seen[-1].reason


def test_softening_for_a_rise_ends_after_a_minute_without_one() -> None:
    evening = Evening(lambda t: 0.2 + 0.007 * min(max(0.0, t - 200.0), 70.0), minutes=40.0)
    evening.run(400)
    levels = [d.level_db for d in evening.seen]
    assert min(levels[200:]) == -6.0
    assert levels[-1] == 0.0


# ---------------------------------------------------------------------------------------------------- choices of the listener


def test_stop_is_silence_at_once_and_for_good() -> None:
    evening = Evening(steady(0.3))
    evening.run(300)
    evening.tell(CommandKind.STOP)
    assert evening.guide.phase is Phase.SILENT
    directive = evening.run(1)
    assert (directive.level_db, directive.breath_per_min, directive.inputs) == (-math.inf, None, ("stop",))
    assert directive.reason == "You asked to stop, so there is silence."
    for kind in (CommandKind.NOT_GOOD, CommandKind.VOLUME, CommandKind.REPORT, CommandKind.STOP):
        evening.tell(kind, arousal=0.9)
    evening.tell(CommandKind.GOAL, goal=Goal.UPLIFT)
    assert evening.run(3600).level_db == -math.inf
    assert evening.seen[-1].reason == "You asked to stop, so there is silence."


def test_start_begins_a_new_session_that_knows_nothing_of_the_last() -> None:
    evening = Evening(unfelt)
    evening.tell(CommandKind.REPORT, arousal=0.8)
    evening.run(300)
    evening.tell(CommandKind.STOP)
    evening.run(10)
    evening.tell(CommandKind.START, goal=Goal.SLEEP)
    directive = evening.run(1)
    assert (directive.phase, directive.goal, directive.level_db) == (Phase.SETTLE, Goal.SLEEP, -20.0)
    assert (directive.arousal, directive.inputs) == (0.0, ("default",))
    assert evening.run(20 * 60 - 10).phase is not Phase.SILENT


def test_start_while_fading_begins_anew_without_a_jump() -> None:
    evening = Evening(steady(0.0))
    evening.until(Phase.FADE)
    evening.run(40)
    before = evening.seen[-1]
    evening.tell(CommandKind.START)
    after = evening.run(1)
    assert after.phase is Phase.SETTLE
    assert 0.0 < after.level_db - before.level_db <= 1.5
    assert abs(after.arousal - before.arousal) <= 0.01


def test_start_while_playing_changes_nothing_but_the_goal() -> None:
    evening = Evening(steady(0.3))
    evening.run(100)
    evening.tell(CommandKind.START)
    assert evening.run(1).phase is Phase.MEET
    evening.tell(CommandKind.START, goal=Goal.FOCUS)
    assert (evening.run(1).phase, evening.seen[-1].goal) == (Phase.MEET, Goal.FOCUS)


@pytest.mark.parametrize(
    ("phase", "then"), [(Phase.MEET, Phase.MEET), (Phase.LEAD, Phase.LEAD), (Phase.HOLD, Phase.LEAD), (Phase.FADE, Phase.LEAD)]
)
def test_another_goal_leads_there_from_where_the_music_is(phase: Phase, then: Phase) -> None:
    evening = Evening(follower(0.0), minutes=30.0)
    before = evening.until(phase)
    evening.tell(CommandKind.GOAL, goal=Goal.UPLIFT)
    after = evening.run(1)
    assert (after.phase, after.goal, after.tempo_limits_bpm) == (then, Goal.UPLIFT, (76.0, 112.0))
    assert abs(after.arousal - before.arousal) <= 0.01
    assert evening.guide.goal is Goal.UPLIFT
    assert evening.run(29 * 60 - 120).phase not in (Phase.FADE, Phase.SILENT), "the minutes count anew"


def test_a_new_goal_after_two_complaints_takes_the_music_back() -> None:
    evening = Evening(steady(0.3))
    evening.run(200)
    evening.tell(CommandKind.NOT_GOOD)
    evening.tell(CommandKind.NOT_GOOD)
    evening.tell(CommandKind.GOAL, goal=Goal.SLEEP)
    assert evening.run(30).level_db == 0.0
    assert evening.seen[-1].phase is Phase.LEAD


@pytest.mark.parametrize("command", [Command(0.0, CommandKind.GOAL), Command(0.0, CommandKind.VOLUME, volume_db=-6.0)])
def test_commands_without_meaning_for_guidance_change_nothing(command: Command) -> None:
    evening, other = Evening(steady(0.3)), Evening(steady(0.3))
    evening.guide.command(command)
    assert evening.run(300) == other.run(300)


@pytest.mark.parametrize("t", [math.nan, math.inf, -1e9, 1e12])
def test_a_command_from_a_broken_clock_counts_from_now(t: float) -> None:
    evening = Evening(unfelt)
    evening.run(10)
    evening.guide.command(Command(t, CommandKind.REPORT, arousal=0.4))
    assert evening.run(1).inputs == ("report",)
    assert evening.run(295).inputs != ("default",)
    early = Guide(Goal.CALM)
    early.command(Command(t, CommandKind.STOP))
    assert early.decide(0.0, None).phase is Phase.SILENT


# -------------------------------------------------------------------------------------------------------- breath, fade, night


def test_the_swell_starts_at_three_quarters_of_the_breathing_and_is_led_slowly_down() -> None:
    evening = Evening(follower(0.3), breathing=16.0)
    evening.until(Phase.MEET)
    directive = evening.run(10)
    assert directive.breath_per_min == 12.0
    assert directive.inputs[-1] == "breathing_per_min"
    assert "three quarters of the pace of your breathing" in directive.reason
    evening.until(Phase.HOLD)
    rates = [d.breath_per_min for d in evening.seen if d.breath_per_min is not None]
    assert all(0.0 <= a - b <= 0.5 + 1e-9 for a, b in zip(rates, rates[60:], strict=False))
    assert "breathing_per_min" not in evening.seen[-1].inputs


def test_an_uplift_leaves_the_breath_alone() -> None:
    evening = Evening(steady(0.0), goal=Goal.UPLIFT, breathing=16.0)
    evening.run(1300)
    assert {d.breath_per_min for d in evening.seen} == {None}


def test_sleep_keeps_falling_fades_for_long_and_is_silent_for_the_rest_of_the_night() -> None:
    evening = Evening(follower(0.1, goal=-0.7, per_min=0.03), goal=Goal.SLEEP, minutes=None)
    evening.until(Phase.FADE)
    assert evening.now == pytest.approx(45 * 60 * 0.75, abs=2)
    led = [d.arousal for d in evening.seen if d.phase is Phase.LEAD]
    assert len(led) > 25 * 60, "it falls through most of the programme"
    evening.run(800)
    while evening.now < 8 * 3600:
        evening.now += 9.0
        evening.run(1)
    faded = [d for d in evening.seen if d.phase is Phase.FADE]
    assert all(a.level_db >= b.level_db and a.arousal >= b.arousal for a, b in itertools.pairwise(faded))
    assert faded[-1].level_db == -36.0
    silent = [d for d in evening.seen if d.phase is Phase.SILENT]
    assert silent[0].t == pytest.approx(45 * 60, abs=3)
    assert evening.seen[-1] is silent[-1]
    assert {(d.level_db, d.reason, d.inputs) for d in silent} == {
        (-math.inf, "The plan is over, so there is silence.", ("schedule",))
    }
    assert all(d.t < d.expires for d in silent)


def test_the_music_never_becomes_livelier_while_it_fades() -> None:
    evening = Evening(steady(-0.6), goal=Goal.UPLIFT)
    assert evening.until(Phase.FADE).arousal < 0.4, "the way up is not yet done"
    evening.run(70)
    faded = [d.arousal for d in evening.seen if d.phase is Phase.FADE]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(faded))


def test_a_clock_that_goes_back_or_leaps_years_ends_in_the_plan_and_not_in_noise() -> None:
    evening = Evening(steady(0.4))
    evening.run(300)
    last = evening.seen[-1]
    for now in (5.0, math.nan, -math.inf):
        assert evening.guide.decide(now, None).t == last.t
    year = 3e7
    for second in range(70):
        directive = evening.guide.decide(year + second, None)
        assert directive.level_db <= 0.0
    assert directive.phase is Phase.SILENT


def test_the_same_calls_give_the_same_directives() -> None:
    one, other = (Evening(lambda t: 0.5 * math.sin(t / 90.0), breathing=14.0) for _ in range(2))
    one.run(1300)
    other.run(1300)
    assert one.seen == other.seen


def test_it_does_not_matter_when_the_clock_began() -> None:
    course: Course = lambda t: 0.6 if t < 900 else None  # noqa: E731
    early, late_ = Evening(course, minutes=40.0), Evening(lambda t: course(t - 2.0**20), minutes=40.0)
    late_.now = 2.0**20
    for evening in (early, late_):
        evening.run(1000)
        evening.tell(CommandKind.GOAL, goal=Goal.SLEEP)
        evening.run(2500)
    assert early.phases().count(Phase.MEET) == 2, "they are met again, which depends on the time left"
    assert late_.phases() == early.phases()
    assert [d.arousal for d in late_.seen] == pytest.approx([d.arousal for d in early.seen], abs=1e-6)
    assert [d.reason for d in late_.seen] == [d.reason for d in early.seen]


def test_stricter_limits_are_kept() -> None:
    evening = Evening(steady(0.9), limits=Limits(arousal=(-0.2, 0.3), loudest_db=-10.0))
    evening.run(1300)
    assert {0.3, -0.2} >= {max(d.arousal for d in evening.seen)}
    assert max(d.arousal for d in evening.seen) == pytest.approx(0.3, abs=0.021)
    assert min(d.arousal for d in evening.seen) >= -0.2
    assert max(d.level_db for d in evening.seen) == -10.0


# ---------------------------------------------------------------------------------------------- reasons and what they rest on

WITHOUT: dict[str, Callable[[Affect | None, Features | None], tuple[Affect | None, Features | None]]] = {
    "arousal": lambda affect, features: (None, features),
    "breathing_per_min": lambda affect, features: (
        affect,
        None if features is None else replace(features, breathing_per_min=None),
    ),
}


@settings(max_examples=8, deadline=None)
@given(
    goal=st.sampled_from(Goal),
    seed=st.integers(0, 1000),
    start=st.floats(-0.8, 0.9),
    drift=st.floats(-0.1, 0.1),
    swing=st.floats(0.0, 0.3),
)
def test_removing_the_named_input_removes_the_change(goal: Goal, seed: int, start: float, drift: float, swing: float) -> None:
    evening = Evening(
        lambda t: max(-1.0, min(1.0, start + drift * t / 60.0 + swing * math.sin((t + seed) / 40.0))), goal=goal, breathing=13.0
    )
    for second in range(1100):
        fork = copy.deepcopy(evening.guide) if second % 37 == 0 else None
        directive = evening.run(1)
        if fork is None:
            continue
        for name, remove in WITHOUT.items():
            if name in directive.inputs:
                twin = copy.deepcopy(fork)
                evening.now -= 1.0
                without = twin.decide(evening.now, *remove(evening.affect(), evening.features()))
                evening.now += 1.0
                assert name not in without.inputs
                assert without.reason != directive.reason


def test_a_reason_keeps_its_words_while_only_its_details_flicker() -> None:
    guide = Guide(Goal.CALM)
    said = []
    for t in range(120):
        beats = f"heart rate {8 + t % 3} bpm above your usual"
        affect = Affect(float(t), 0.5 + 0.02 * (t % 2), None, 0.79 + 0.02 * (t % 2), AffectSource.RULES, (beats,))
        said.append(guide.decide(float(t), affect).reason)
    assert len(set(said[31:])) > 1
    assert sum(a != b for a, b in itertools.pairwise(said)) <= 120 / 20 + 1, (
        "at most every twenty seconds, and at the new phase"
    )


def test_a_new_word_of_the_listener_is_told_at_once() -> None:
    evening = Evening(unfelt)
    evening.tell(CommandKind.REPORT, arousal=0.2)
    assert "You said that you feel more active than your usual" in evening.run(3).reason
    evening.tell(CommandKind.REPORT, arousal=-0.3)
    assert "You said that you feel calmer than your usual" in evening.run(1).reason


def test_without_the_sensor_nobody_is_waited_for() -> None:
    evening = Evening(lambda t: 0.6 if t < 440 else None)
    evening.run(440)
    assert "waits" in evening.seen[-1].reason
    held = evening.seen[-1].arousal
    assert evening.run(60).arousal < held - 0.05
    assert evening.seen[-1].inputs == ("schedule",)


def test_without_the_report_the_music_goes_by_the_sensor_again() -> None:
    said, unsaid = Evening(steady(0.1)), Evening(steady(0.1))
    for evening in (said, unsaid):
        evening.run(30)
    said.tell(CommandKind.REPORT, arousal=0.7)
    assert said.run(60).arousal - unsaid.run(60).arousal > 0.3


GARBAGE = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, 0.5, -0.5, 1.0])
COMMANDS = st.builds(
    Command,
    t=GARBAGE,
    kind=st.sampled_from(CommandKind),
    goal=st.none() | st.sampled_from(Goal),
    arousal=st.none() | GARBAGE,
    valence=st.none() | GARBAGE,
)
AFFECTS = st.builds(
    Affect, t=GARBAGE, arousal=GARBAGE, valence=st.none() | GARBAGE, confidence=GARBAGE, source=st.sampled_from(AffectSource)
)
FEATURES = st.builds(
    Features, t=GARBAGE, heart_bpm=st.none() | GARBAGE, breathing_per_min=st.none() | GARBAGE, pulse_quality=GARBAGE
)


@settings(max_examples=60, deadline=None)
@given(
    goal=st.sampled_from(Goal),
    minutes=st.sampled_from([0.2, 2.0, 20.0]),
    contrast=st.booleans(),
    steps=st.lists(
        st.tuples(st.floats(0.0, 400.0), st.none() | AFFECTS, st.none() | FEATURES, st.none() | COMMANDS), max_size=60
    ),
)
def test_whatever_comes_the_limits_hold_and_every_directive_has_reason_input_and_expiry(
    goal: Goal, minutes: float, contrast: bool, steps: list[tuple[float, Affect | None, Features | None, Command | None]]
) -> None:
    guide = Guide(goal, minutes=minutes, contrast=contrast)
    now, last = 0.0, None
    for seconds, affect, features, command in steps:
        if command is not None:
            guide.command(command)
        now += seconds
        timely = None if affect is None else replace(affect, t=now if affect.t == 0.0 else affect.t)
        directive = guide.decide(now, timely, features)
        assert directive.reason.endswith(".") and directive.inputs and directive.t < directive.expires < math.inf
        assert -0.9 <= directive.arousal <= 0.8 and -0.6 <= directive.valence <= 0.9
        assert directive.level_db <= 0.0 and 0.0 <= directive.confidence <= 1.0
        assert (directive.level_db == -math.inf) == (directive.phase is Phase.SILENT)
        if last is not None and Phase.SILENT not in (last.phase, directive.phase):
            assert directive.arousal - last.arousal <= guide.limits.meet_per_min / 60.0 * min(seconds, 5.0) + 1e-9
        last = directive
