"""The simulated skin: its responses are as people's are, and what disturbs the electrodes does what it says."""

from __future__ import annotations

import numpy as np
import pytest

from undertone.flow import Samples
from undertone.sim import Body, Happening, HappeningKind
from undertone.sim.course import Course, Person
from undertone.sim.happenings import Contact
from undertone.sim.heart import PIECE_SECONDS
from undertone.sim.listening import Listening
from undertone.sim.skin import RECOVERIES, RISES, SKIN_HZ, Skin, Temper, Wave

TIMES = np.arange(0.0, 60.0, 0.02)


def waves(seed: int, count: int) -> list[Wave]:
    chance = np.random.default_rng(seed)
    return [Wave.drawn(chance, 5.0, 0.4, Temper(seed).usual) for _ in range(count)]


@pytest.mark.parametrize("seed", range(6))
def test_a_response_is_what_it_says(seed: int) -> None:
    for wave in waves(seed, 5):
        course = wave.at(TIMES)
        peak = int(np.argmax(course))
        assert (course[TIMES <= 5.0] == 0.0).all() and (course > -1e-12).all()
        assert course[peak] == pytest.approx(0.4, rel=1e-3)
        assert TIMES[peak] - 5.0 == pytest.approx(wave.rise, abs=0.03)
        half = TIMES[peak:][np.argmax(course[peak:] < 0.2)]
        assert half - TIMES[peak] == pytest.approx(wave.recovery, abs=0.05)
        assert RISES[0] <= wave.rise <= RISES[1] and RECOVERIES[0] <= wave.recovery <= RECOVERIES[1]


def test_the_burst_is_the_integral_that_it_stands_for() -> None:
    """The closed form against a sum over the burst."""
    wave = Wave(0.0, 1.0, burst=0.8, filling=0.5, drying=3.0, slow=0.2).measured()
    fired = (np.arange(4000) + 0.5) * 0.8 / 4000.0
    strength = (1.0 - np.cos(2.0 * np.pi * fired / 0.8)) / 4000.0
    for t in (0.3, 1.5, 6.0):
        since = np.maximum(t - fired, 0.0)
        answers = 0.8 * np.exp(-since / 3.0) + 0.2 * np.exp(-since / 18.0) - np.exp(-since / 0.5)
        expected = float(strength @ np.where(fired <= t, answers, 0.0)) / wave.largest
        assert float(wave.at(np.array([t]))[0]) == pytest.approx(expected, rel=2e-3)


def test_people_differ_more_than_their_responses() -> None:
    rises = [[wave.rise for wave in waves(seed, 12)] for seed in range(10)]
    within = np.mean([np.std(own) for own in rises])
    assert np.std([np.mean(own) for own in rises]) > within > 0.05


def pieces(seconds: int, script: tuple[Happening, ...] = ()) -> tuple[Samples, Samples, Samples]:
    """Seen, tonic, undisturbed."""
    course = Course(
        4,
        Person.drawn(4),
        tension=0.5,
        usual=0.5,
        breath_per_min=None,
        listening=Listening(0.0),
        script=script,
        movements_per_min=0.0,
        losses_per_hour=0.0,
    )
    skin = Skin(4, course)
    made = []
    for index in range(seconds // PIECE_SECONDS):
        seen = skin.piece(index)[:-1, 0]
        made.append((seen, skin.tonic[:-1], skin.undisturbed[:-1]))
    seen, tonic, undisturbed = (np.concatenate(part) for part in zip(*made, strict=True))
    assert skin.responses and all(response.recovery is not None for response in skin.responses)
    return seen, tonic, undisturbed


def test_the_level_lies_under_everything_and_drifts_slowly() -> None:
    seen, tonic, undisturbed = pieces(300)
    np.testing.assert_array_equal(seen, undisturbed)
    assert (undisturbed > tonic * 0.999).all()
    # 0.02 µS within a second would look like a response.
    assert np.abs(tonic[SKIN_HZ:] - tonic[:-SKIN_HZ]).max() < 0.02
    assert np.ptp(tonic) > 0.05


@pytest.mark.parametrize("kind", [HappeningKind.PRESSURE, HappeningKind.KNOCK, HappeningKind.LOOSE])
def test_a_contact_changes_what_is_seen_and_passes(kind: HappeningKind) -> None:
    seen, tonic, undisturbed = pieces(60, (Happening(20.0, kind, seconds=6.0),))
    share = seen / undisturbed
    before, after = share[: 18 * SKIN_HZ], share[int(29.5 * SKIN_HZ) :]
    np.testing.assert_array_equal(before, 1.0)
    assert np.abs(after - 1.0).max() < 0.01
    assert np.abs(share - 1.0).max() > 0.01
    still = pieces(60)
    np.testing.assert_array_equal(tonic, still[1])
    np.testing.assert_array_equal(undisturbed, still[2])


def test_a_contact_depends_on_seed_and_moment_only() -> None:
    happening = Happening(20.0, HappeningKind.PRESSURE)
    first, again, other = (Contact(seed, happening).at(TIMES) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    later = Contact(1, Happening(21.0, HappeningKind.PRESSURE)).at(TIMES + 1.0)
    assert not np.allclose(first, later)


def test_strength_is_strength() -> None:
    weak, strong = (
        np.abs(Contact(3, Happening(20.0, HappeningKind.KNOCK, strength=strength)).at(TIMES) - 1.0).max()
        for strength in (0.5, 1.0)
    )
    assert strong == pytest.approx(2.0 * weak)


def test_an_electrode_that_comes_loose_never_conducts_negatively() -> None:
    for seed in range(20):
        for kind in (HappeningKind.PRESSURE, HappeningKind.KNOCK, HappeningKind.LOOSE):
            assert (Contact(seed, Happening(5.0, kind, strength=5.0)).at(TIMES) >= 0.0).all()


def test_contacts_leave_the_light_alone() -> None:
    times = np.arange(0.0, 40.0, 0.05)
    still, pressed = Body(5), Body(5, script=[Happening(20.0, HappeningKind.PRESSURE, seconds=5.0)])
    np.testing.assert_array_equal(still.light(times), pressed.light(times))
    assert not np.array_equal(still.conductance(times), pressed.conductance(times))
