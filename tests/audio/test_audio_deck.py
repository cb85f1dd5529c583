"""Cues of a listener's recordings: no seam where they go on, an even crossfade where they do not, and no end to the music."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from undertone.audio.deck import AHEAD_SECONDS, FADE_SECONDS, PRESUMED_LUFS, Deck, Stream
from undertone.errors import SoundError
from undertone.flow import Cue

RATE = 48000
BLOCK = 2048
Sound = NDArray[np.float32]


class Tape:
    """A file that is computed: `wave` of the time in seconds."""

    def __init__(self, wave: Callable[[NDArray[np.float64]], NDArray[np.float64]], seconds: float = 600.0) -> None:
        self.wave = wave
        self.length = round(seconds * RATE)
        self.place = 0
        self.steps = 1
        self.failed = False
        self.breaks: int | None = None
        self.closed = False
        self.reads: list[int] = []

    def seek(self, second: float) -> bool:
        if second * RATE > self.length:
            raise SoundError(f"The tape breaks off before second {second:.0f}.")
        self.steps -= 1
        self.place = round(second * RATE)
        return self.steps <= 0

    def read(self, frames: int) -> Sound:
        assert not self.closed
        end = min(self.length, self.place + frames)
        if self.breaks is not None and end > self.breaks:
            end, self.failed = max(self.place, self.breaks), True
        time = np.arange(self.place, end) / RATE
        self.reads.append(len(time))
        self.place = end
        wave = self.wave(time)
        return np.array([wave, wave], dtype=np.float32)

    def close(self) -> None:
        self.closed = True


def tone(hz: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    return lambda time: 0.1 * np.sin(2 * np.pi * hz * time)


class Shelf:
    """Tapes by name, and whichever were opened."""

    def __init__(self, **tapes: Callable[[], Tape]) -> None:
        self.tapes = tapes
        self.opened: list[tuple[str, Tape]] = []

    def __call__(self, track: str) -> Stream:
        if track not in self.tapes:
            raise SoundError(f"There is no sound file {track}: was it moved?")
        self.opened.append((track, self.tapes[track]()))
        return self.opened[-1][1]


def deck(shelf: Shelf, loudness: dict[str, float] | None = None) -> Deck:
    known = loudness if loudness is not None else dict.fromkeys(shelf.tapes, -23.0)
    return Deck(rate_hz=RATE, frames=BLOCK, loudness=known.get, open_track=shelf)


def played(on: Deck, bars: list[tuple[Cue | None, float]], *, expected: bool = True) -> NDArray[np.float64]:
    """All bars, each beginning within the block in which it is due, as the renderer does it."""
    parts, frame, due = [], 0, 0.0
    if expected:
        for cue, seconds in bars:
            if cue is not None:
                on.expect(cue, seconds)
    waiting = list(bars)
    total = sum(seconds for _, seconds in bars) * RATE
    while frame < total:
        while waiting and due * RATE < frame + BLOCK:
            cue, seconds = waiting.pop(0)
            on.begin(cue, seconds, level_lufs=-23.0)
            due += seconds
        block = on(0.0, None)
        parts.append(np.zeros((2, BLOCK)) if block is None else block)
        frame += BLOCK
    return np.concatenate(parts, axis=1)


def level(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """RMS of each tenth of a second."""
    tenths = sound[0, : sound.shape[1] // 4800 * 4800].reshape(-1, 4800)
    return np.sqrt(np.mean(tenths**2, axis=1))


def following(track: str, start: float, count: int, seconds: float = 3.0, speed: float = 1.0) -> list[tuple[Cue | None, float]]:
    return [(Cue(track, start + k * seconds * speed, speed), seconds) for k in range(count)]


def test_bars_that_follow_each_other_play_the_file_as_it_is() -> None:
    sound = played(deck(Shelf(a=lambda: Tape(tone(200.0)))), following("a", 7.0, 5))
    time = 7.0 + np.arange(sound.shape[1]) / RATE
    after = slice(RATE, 14 * RATE)
    assert np.allclose(sound[0, after], 0.1 * np.sin(2 * np.pi * 200.0 * time)[after], atol=1e-6)


def test_one_file_is_opened_once_and_closed_in_the_end() -> None:
    shelf = Shelf(a=lambda: Tape(tone(200.0)), b=lambda: Tape(tone(300.0)))
    on = deck(shelf)
    played(on, following("a", 0.0, 4) + following("b", 5.0, 4))
    assert [name for name, _ in shelf.opened] == ["a", "b"]
    assert shelf.opened[0][1].closed and not shelf.opened[1][1].closed
    on.close()
    assert shelf.opened[1][1].closed and not on.active


def test_another_cue_crosses_over_with_equal_power() -> None:
    chance = np.random.default_rng(0).standard_normal((2, 25 * RATE // 16)).astype(np.float32).repeat(16, axis=1)
    noises = [lambda time, side=side: 0.1 * chance[side, np.round(time * RATE).astype(int)] for side in range(2)]
    shelf = Shelf(a=lambda: Tape(noises[0]), b=lambda: Tape(noises[1]))
    sound = played(deck(shelf), following("a", 0, 4) + following("b", 9, 4))
    levels = 20 * np.log10(level(sound)[5:-1])
    middle = levels[10 * 12 - 5 : 10 * 12 - 5 + round(10 * FADE_SECONDS)]
    assert middle.mean() == pytest.approx(np.median(levels), abs=0.5)
    assert np.abs(np.diff(sound[0], 2))[: 12 * RATE].max() >= 0.9 * np.abs(np.diff(sound[0], 2)).max()


def test_a_jump_within_a_file_crosses_over_too() -> None:
    shelf = Shelf(a=lambda: Tape(tone(200.0)))
    sound = played(deck(shelf), following("a", 0.0, 3) + following("a", 60.0013, 3))
    assert len(shelf.opened) == 2
    assert np.abs(np.diff(sound[0], 2)).max() < 1.05 * 2 * 0.1 * (2 * np.pi * 200 / RATE) ** 2


def test_where_bars_stop_playing_a_file_it_fades() -> None:
    on = deck(Shelf(a=lambda: Tape(tone(200.0))))
    sound = played(on, [*following("a", 0.0, 3), (None, 3.0), (None, 3.0)])
    assert level(sound)[85] > 0.06 and not sound[:, round((9.1 + FADE_SECONDS) * RATE) :].any()
    assert not on.active
    assert np.abs(np.diff(sound[0], 2)).max() < 1.05 * 0.1 * (2 * np.pi * 200 / RATE) ** 2


def test_loudness_meets_the_programme() -> None:
    for loudness, factor in ((-23.0, 1.0), (-17.0, 0.5012), (-29.0, 1.9953), (math.nan, 10 ** ((-23 - PRESUMED_LUFS) / 20))):
        sound = played(deck(Shelf(a=lambda: Tape(tone(200.0))), {"a": loudness}), following("a", 0.0, 2))
        assert level(sound)[20] == pytest.approx(factor * 0.1 / math.sqrt(2), rel=1e-3)


def test_speed_is_followed_and_bars_still_go_on() -> None:
    shelf = Shelf(a=lambda: Tape(tone(200.0)))
    cues, place = [], 0.0
    for speed in (1.0, 1.02, 1.04, 1.05, 1.05, 1.03):
        cues.append((Cue("a", place, speed), 4.0))
        place += 4.0 * speed
    sound = played(deck(shelf), cues)
    assert len(shelf.opened) == 1
    assert shelf.opened[0][1].place / RATE == pytest.approx(place + AHEAD_SECONDS, abs=0.4)
    assert np.abs(np.diff(sound[0], 2)).max() < 1.05 * 0.1 * (2 * np.pi * 200 / RATE) ** 2


def test_swells_with_the_breath_at_half_the_depth_of_the_pad() -> None:
    on = deck(Shelf(a=lambda: Tape(tone(1000.0))))
    on.begin(Cue("a", 0.0), 100.0, level_lufs=-23.0)
    sound = np.concatenate([found for _ in range(700) if (found := on(6.0, 6.0)) is not None], axis=1)[:, RATE:]
    levels = 20 * np.log10(level(sound))
    assert np.ptp(levels) == pytest.approx(3.0, abs=0.2)
    spectrum = np.abs(np.fft.rfft(levels[:200] - levels[:200].mean()))
    assert np.argmax(spectrum) == 2


def test_a_missing_file_is_told_once_and_the_other_fades() -> None:
    on = deck(Shelf(a=lambda: Tape(tone(200.0))))
    sound = played(on, following("a", 0.0, 2) + following("gone", 0.0, 3) + following("a", 30.0, 2) + following("gone", 9.0, 1))
    assert on.failed_tracks() == ["gone"] and on.failed_tracks() == []
    assert on.troubles() == ["There is no sound file gone: was it moved?"] and on.lost == 1
    assert on.troubles() == []
    assert np.isfinite(sound).all() and level(sound)[-35] > 0.05


def test_a_file_that_breaks_off_fades_and_is_told_once() -> None:
    def breaking() -> Tape:
        tape = Tape(tone(200.0))
        tape.breaks = round(5.03 * RATE)
        return tape

    on = deck(Shelf(a=breaking))
    sound = played(on, following("a", 0.0, 4))
    assert on.troubles() == ["The sound file a broke off: is its disk still there?"] and on.lost == 1
    assert not sound[:, round(5.1 * RATE) :].any() and level(sound)[48] > 0.06
    assert np.abs(np.diff(sound[0], 2)).max() < 2 * 0.1 * (2 * np.pi * 200 / RATE) ** 2


def test_a_file_that_ends_is_no_trouble() -> None:
    on = deck(Shelf(a=lambda: Tape(tone(200.0), seconds=4.02)))
    sound = played(on, following("a", 0.0, 4))
    assert on.troubles() == [] and not sound[:, round(4.1 * RATE) :].any()
    assert np.abs(np.diff(sound[0], 2)).max() < 2 * 0.1 * (2 * np.pi * 200 / RATE) ** 2


def test_a_place_that_takes_time_is_waited_for_while_the_other_plays() -> None:
    def slow() -> Tape:
        tape = Tape(tone(300.0))
        tape.steps = 60
        return tape

    bars = following("a", 0.0, 2) + following("b", 400.0, 4)
    sound = played(deck(Shelf(a=lambda: Tape(tone(200.0)), b=slow)), bars, expected=False)
    levels = level(sound)
    assert levels[62:80].min() > 0.06 and levels[120:].min() > 0.06


def test_a_place_that_is_not_there_is_told() -> None:
    on = deck(Shelf(a=lambda: Tape(tone(200.0), seconds=10.0)))
    assert not played(on, following("a", 50.0, 2)).any()
    assert on.troubles() == ["The tape breaks off before second 50."]


def test_reads_ahead_a_little_at_a_time_and_no_more_than_it_may() -> None:
    shelf = Shelf(a=lambda: Tape(tone(200.0)))
    on = deck(shelf)
    on.expect(Cue("a", 0.0), 60.0)
    on(0.0, None)
    for _ in range(200):
        on(0.0, None)
    tape = shelf.opened[0][1]
    assert max(tape.reads) <= 4096 and tape.place <= (AHEAD_SECONDS + 0.1) * RATE
    on.begin(Cue("a", 0.0), 60.0, level_lufs=-23.0)
    before = len(tape.reads)
    for _ in range(100):
        on(0.0, None)
    assert len(tape.reads) - before <= 100 * BLOCK / 4096 + 6


def test_silence_forgets_what_sounded() -> None:
    shelf = Shelf(a=lambda: Tape(tone(200.0)))
    on = deck(shelf)
    played(on, following("a", 0.0, 2))
    on.reset()
    assert not on.active and shelf.opened[0][1].closed and on(0.0, None) is None
    sound = played(on, following("a", 6.0, 2))
    assert level(sound)[20] > 0.06 and len(shelf.opened) == 2


CUES = st.tuples(
    st.sampled_from(["a", "b", "c", "gone", None, "on", "on", "on"]),
    st.floats(0.0, 90.0),
    st.floats(0.1, 4.0),
    st.floats(0.9, 1.1),
)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(wishes=st.lists(CUES, min_size=1, max_size=8), expected=st.booleans())
def test_whatever_is_cued_nothing_clicks_and_every_file_is_given_back(
    wishes: list[tuple[str | None, float, float, float]], expected: bool
) -> None:
    pitches = {"a": 150.0, "b": 200.0, "c": 130.0}
    shelf = Shelf(**{name: lambda hz=hz: Tape(tone(hz), seconds=80.0) for name, hz in pitches.items()})
    bars: list[tuple[Cue | None, float]] = []
    for track, start, seconds, speed in wishes:
        if track == "on":
            last = bars[-1] if bars else (None, 0.0)
            cue = None if last[0] is None else Cue(last[0].track, last[0].start + last[1] * last[0].speed, speed)
        else:
            cue = None if track is None else Cue(track, start, speed)
        bars.append((cue, seconds))
    on = deck(shelf)
    sound = played(on, bars, expected=expected)
    # Three tones at most sound at a time, and the quickest fade lasts 30 ms.
    assert np.abs(np.diff(sound[0], 2)).max() < 4 * 0.1 * (2 * np.pi * 200 / RATE) ** 2
    assert np.abs(sound).max() < 0.4
    assert sum(not tape.closed for _, tape in shelf.opened) <= 5
    on.close()
    assert all(tape.closed for _, tape in shelf.opened)
