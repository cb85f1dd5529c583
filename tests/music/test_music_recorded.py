"""A listener's recordings as music: what is chosen, when it is left, and how it follows."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import SoundError
from undertone.flow import Bar, Directive, Goal, Phase
from undertone.music.recorded import SETTLED_SECONDS, SPEED_STEP, STAY_SECONDS, Recorded, Track


def track(name: str, arousal: float = 0.0, seconds: float = 200.0, **known: object) -> Track:
    return Track(f"/music/{name}.flac", name, "", seconds, arousal, exits=(60.0, 120.0, seconds - 2.0), **known)  # type: ignore[arg-type]


def asked(
    t: float, arousal: float = 0.0, *, goal: Goal = Goal.CALM, level: float = 0.0, breath: float | None = None
) -> Directive:
    phase = Phase.SILENT if level == -math.inf else Phase.LEAD
    return Directive(t, t + 20.0, phase, goal, arousal, 0.0, level, breath, 0.9, "Because.", ("report",), (40.0, 112.0))


def composed(recorded: Recorded, seconds: float, arousal: float = 0.0, *, t: float = 0.0, **wishes: object) -> list[Bar]:
    bars: list[Bar] = []
    end = t + seconds
    while t < end:
        bars.append(recorded.compose(t, asked(t, arousal, **wishes)))  # type: ignore[arg-type]
        t += bars[-1].seconds
    return bars


def visits(bars: list[Bar]) -> list[str]:
    """Tracks in the order in which they were begun."""
    found: list[str] = []
    for before, bar in zip([None, *bars], bars, strict=False):
        if bar.cue is not None and (before is None or before.cue is None or not goes_on(before, bar)):
            found.append(bar.cue.track)
    return found


def goes_on(before: Bar, bar: Bar) -> bool:
    assert before.cue is not None and bar.cue is not None
    end = before.cue.start + before.seconds * before.cue.speed
    return before.cue.track == bar.cue.track and abs(bar.cue.start - end) < 1e-6


SHELF = [track(name, arousal) for name, arousal in (("a", -0.9), ("b", -0.6), ("c", -0.3), ("d", 0.0), ("e", 0.3), ("f", 0.8))]


def test_the_same_seed_plays_the_same_and_another_not() -> None:
    plays = [visits(composed(Recorded(SHELF, seed), 1400.0)) for seed in (1, 1, 2, 3)]
    assert plays[0] == plays[1]
    assert len({tuple(play) for play in plays}) > 1


def test_bars_go_on_without_a_seam_until_the_end_of_a_phrase() -> None:
    bars = composed(Recorded(SHELF, 1), 900.0)
    leaps = 0
    for before, bar in pairwise(bars):
        if not goes_on(before, bar):
            leaps += 1
            left = before.cue.start + before.seconds * before.cue.speed  # type: ignore[union-attr]
            assert left == pytest.approx(198.0, abs=1e-6)
            assert bar.cue is not None and bar.cue.start == 0.0
    assert leaps >= 4
    assert all(1.0 < bar.seconds < 10.0 and not bar.notes and bar.index == k for k, bar in enumerate(bars))


def test_never_the_same_twice_in_a_row_and_all_that_fit_get_their_turn() -> None:
    played = visits(composed(Recorded(SHELF, 1), 5000.0, -0.1))
    assert all(first != second for first, second in pairwise(played))
    counts = Counter(played)
    assert set(counts) == {one.path for one in SHELF[:5]}
    assert max(counts.values()) <= 4 * min(counts.values())


@pytest.mark.parametrize("arousal", [-0.8, 0.0, 0.7])
def test_what_plays_has_about_the_energy_asked_for(arousal: float) -> None:
    shelf = {one.path: one.arousal for one in SHELF}
    played = [shelf[path] for path in visits(composed(Recorded(SHELF, 1), 2000.0, arousal))]
    others = [shelf[path] for path in visits(composed(Recorded(SHELF, 1), 2000.0, -arousal or 0.7))]
    assert abs(sum(played) / len(played) - arousal) < 0.45
    assert (sum(played) / len(played) < sum(others) / len(others)) == (arousal < (-arousal or 0.7))


def test_on_the_way_to_sleep_no_track_is_livelier_than_the_last() -> None:
    shelf = {one.path: one.arousal for one in SHELF}
    recorded, bars, t = Recorded(SHELF, 1), [], 0.0
    while t < 3000.0:
        bars.append(recorded.compose(t, asked(t, 0.2 - t / 2500.0, goal=Goal.SLEEP)))
        t += bars[-1].seconds
    energies = [shelf[path] for path in visits(bars)]
    assert energies[0] >= 0.0 and energies[-1] <= -0.6
    # With the calmest two left, they take turns.
    assert all(after <= before + 0.02 or {before, after} == {-0.9, -0.6} for before, after in pairwise(energies))


def test_leaves_with_a_phrase_when_something_fits_much_better() -> None:
    recorded = Recorded([track("calm", -0.8), track("lively", 0.6)], 1)
    first = composed(recorded, 30.0, 0.6)
    assert first[0].cue is not None and "lively" in first[0].cue.track
    rest = composed(recorded, 300.0, -0.8, t=sum(bar.seconds for bar in first))
    change = next(k for k, (before, bar) in enumerate(pairwise(rest)) if not goes_on(before, bar))
    cue = rest[change].cue
    assert cue is not None and "calm" in rest[change + 1].cue.track  # type: ignore[union-attr]
    assert cue.start + rest[change].seconds * cue.speed == pytest.approx(120.0, abs=1e-6)
    assert cue.start > SETTLED_SECONDS


def test_bars_lie_on_the_beat_of_the_track() -> None:
    beating = track("beat", 0.0, tempo_bpm=90.0, first_beat=0.4, entrances=(5.1,))
    bars = composed(Recorded([beating], 1), 60.0)
    beats = [(bar.cue.start - 0.4) * 90.0 / 60.0 for bar in bars if bar.cue is not None]
    assert beats == pytest.approx([round(beat) for beat in beats], abs=1e-6)
    assert abs(bars[0].cue.start - 5.1) <= 0.34  # type: ignore[union-attr]
    assert all(bar.tempo_bpm == pytest.approx(90.0 * bar.cue.speed) for bar in bars if bar.cue is not None)


def test_speed_moves_towards_the_asked_tempo_a_little_at_a_time() -> None:
    recorded = Recorded([track("beat", 0.0, 3000.0, tempo_bpm=72.0, first_beat=0.0)], 1)
    first, t = recorded.compose(0.0, asked(0.0, 0.0)), 4.0
    assert first.cue is not None and first.cue.speed == pytest.approx(1.0)
    bars = composed(recorded, 240.0, -1.0, t=t)
    speeds = [first.cue.speed, *(bar.cue.speed for bar in bars if bar.cue is not None)]
    assert all(abs(after - before) <= SPEED_STEP + 1e-9 for before, after in pairwise(speeds))
    assert min(speeds) == pytest.approx(0.9)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(
    lengths=st.lists(st.floats(0.3, 4000.0), min_size=1, max_size=5),
    tempo=st.one_of(st.none(), st.floats(30.0, 240.0)),
    arousals=st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=8),
    seed=st.integers(0, 5),
)
def test_whatever_the_files_bars_are_sane_and_within_them(
    lengths: list[float], tempo: float | None, arousals: list[float], seed: int
) -> None:
    tracks = [
        Track(f"{k}.mp3", "", "", length, arousals[k % len(arousals)], tempo, 0.2 if tempo else None)
        for k, length in enumerate(lengths)
    ]
    recorded, t = Recorded(tracks, seed), 0.0
    for k in range(30):
        bar = recorded.compose(t, asked(t, arousals[k % len(arousals)], level=-6.0))
        t += bar.seconds
        assert bar.cue is not None and 0.9 <= bar.cue.speed <= 1.1
        # Recordings of a second or two get a bar of a sensible length all the same.
        length = lengths[int(bar.cue.track.split(".")[0])]
        assert 0.0 <= bar.cue.start <= length and 0.05 < bar.seconds < 20.0 and bar.beats >= 1
        assert bar.cue.start + bar.seconds * bar.cue.speed <= max(length, bar.cue.start + 2.0) + 1e-6
        assert bar.level_db <= 0.0 and 1500.0 <= bar.low_pass_hz <= 16000.0


def test_follows_level_brightness_and_breath() -> None:
    recorded = Recorded(SHELF, 1)
    before = composed(recorded, 60.0, 0.3)[-1]
    after = composed(recorded, 120.0, -0.8, t=60.0, level=-12.0, breath=6.0)
    assert after[-1].level_db < before.level_db - 10.0 and after[-1].low_pass_hz < before.low_pass_hz
    assert after[-1].breath_per_min == 6.0 and after[-1].swell_db > 2.0
    assert all(abs(y.level_db - x.level_db) <= 1.5 * 6.1 for x, y in pairwise(after))


def test_silence_is_silence_and_then_another_track_begins() -> None:
    recorded = Recorded(SHELF, 1)
    first = composed(recorded, 20.0)
    silent = recorded.compose(20.0, asked(20.0, level=-math.inf))
    assert silent.level_db == -math.inf and silent.cue is None and recorded.playing is None
    again = recorded.compose(24.0, asked(24.0))
    assert again.cue is not None and again.cue.start == 0.0 and again.cue.track != first[0].cue.track  # type: ignore[union-attr]


def test_without_guidance_it_plays_on() -> None:
    recorded = Recorded(SHELF, 1)
    bars = [recorded.compose(4.0 * k, None) for k in range(80)]
    assert all(bar.cue is not None and "no fresh guidance" in bar.reason for bar in bars)


def test_a_long_recording_gives_way_and_goes_on_where_it_was_left() -> None:
    exits = tuple(100.0 * k for k in range(1, 100))
    night = Track("night.mp3", "Night", "", 10_000.0, -0.5, entrances=(0.0, *exits), exits=(*exits, 9_990.0))
    bars = composed(Recorded([night, track("a", -0.5)], 1), 2500.0, -0.5)
    starts = [bar for before, bar in pairwise(bars) if not goes_on(before, bar)]
    stays = [bar.cue.start for bar in [bars[0], *starts] if bar.cue is not None and bar.cue.track == "night.mp3"]
    assert stays[:2] == [0.0, STAY_SECONDS]


def test_alone_a_track_begins_again() -> None:
    assert visits(composed(Recorded([track("a")], 1), 700.0))[:3] == ["/music/a.flac"] * 3


def test_what_is_lost_is_left_at_once_and_chosen_no_more() -> None:
    recorded = Recorded(SHELF[2:4], 1)
    gone = recorded.compose(0.0, asked(0.0)).cue
    assert gone is not None
    recorded.lose(gone.track)
    assert gone.track not in visits(composed(recorded, 1000.0, t=4.0))
    for one in SHELF:
        recorded.lose(one.path)
    empty = recorded.compose(1004.0, asked(1004.0))
    assert empty.cue is None and empty.origin == "" and empty.seconds == pytest.approx(4.0)


def test_says_whose_it_is() -> None:
    bar = Recorded([Track("/m/x.mp3", "Evening", "A. Listener", 60.0, 0.0)], 1).compose(0.0, asked(0.0))
    assert bar.origin == "“Evening” by A. Listener, the listener's own recording (x.mp3)"
    assert Track("/m/y.wav", "", "", 60.0, 0.0).origin == "“y.wav”, the listener's own recording (y.wav)"


def test_needs_something_to_play() -> None:
    for tracks in ([], [track("a", seconds=0.0)]):
        with pytest.raises(SoundError, match="no recording to play"):
            Recorded(tracks, 1)
