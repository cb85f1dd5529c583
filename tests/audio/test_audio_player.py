"""The player in virtual time: what happens when, and what happens when the world fails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio import BLOCK, Outlet, Player, Renderer, SilentPlayer, Sink, Stems, ToneSynth
from undertone.audio.gauge import BufferGauge
from undertone.errors import SoundError
from undertone.flow import Bar, Fault, FaultKind, Layer, Note

RATE = 48000


def bar(index: int = 0) -> Bar:
    """Two seconds of an even chord."""
    return Bar(
        index=index,
        beats=4,
        tempo_bpm=120.0,
        notes=tuple(Note(0, 4, pitch, 90, Layer.PAD) for pitch in (52, 57, 64)),
        level_db=0.0,
        gains_db={},
        programs={},
        low_pass_hz=2000.0,
        reverb_wet=0.2,
        reverb_seconds=2.0,
        breath_per_min=None,
        swell_db=0.0,
    )


class Humming(ToneSynth):
    """Costs next to nothing: one even tone in the pad's stem as long as anything sounds."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = 0.05 * np.sin(2 * np.pi * np.arange(2 * RATE) * 220 / RATE).astype(np.float32)
        self._place = 0

    def render(self, stems: Stems) -> None:
        stems[:] = 0.0
        count = stems.shape[2]
        if self._tones:
            stems[0] = self._tone[self._place : self._place + count]
        self._place = (self._place + count) % RATE


class Kept:
    """A sink that keeps everything and can be broken."""

    rate_hz = RATE

    def __init__(self, *, paced: bool = False, latency: float = 0.0) -> None:
        self.paced = paced
        self.latency = latency
        self.blocks: list[NDArray[np.float32]] = []
        self.broken = False
        self.closed = 0
        self.tries = 0

    def write(self, frames: NDArray[np.float32]) -> None:
        self.tries += 1
        if self.broken:
            raise SoundError("The sound device stopped taking sound: is it still connected?")
        self.blocks.append(frames)

    def close(self) -> None:
        self.closed += 1

    @property
    def sound(self) -> NDArray[np.float32]:
        return np.concatenate(self.blocks)


class Bars:
    """Answers with bars, and remembers when it was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.late = False

    def __call__(self, t: float) -> Bar | None:
        self.asked.append(t)
        return None if self.late else bar(len(self.asked) - 1)


def player_with(sink: Sink | None, need_bar: Bars | None = None, **settings: object) -> Player:
    return Player(Renderer(Humming()), sink, need_bar or Bars(), **{"fade_in": 0.0, **settings})  # type: ignore[arg-type]


def run(player: Player | SilentPlayer, start: float, end: float) -> float:
    """Call `advance` whenever it is due; the time at which it was due last."""
    now = start
    while now < end:
        due = player.advance(now)
        assert due > now
        now = due
    return now


def rms(sound: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))


def test_writes_until_now_and_renders_until_ahead() -> None:
    sink = Kept()
    player = player_with(sink, ahead=0.5)
    assert 100.0 < player.advance(100.0) <= 100.5
    assert not sink.blocks and 0.5 <= player.rendered_ahead < 0.55
    player.advance(103.0)
    assert len(sink.sound) == pytest.approx(3 * RATE, abs=BLOCK)
    assert player.position == pytest.approx(3.0, abs=BLOCK / RATE)
    assert player.underruns == 0


def test_bars_are_asked_for_once_with_the_time_at_which_they_sound() -> None:
    bars, told = Bars(), []
    player = player_with(Kept(), bars, on_bar=lambda t, found: told.append((t, found.index)))
    run(player, 100.0, 107.2)
    assert bars.asked == pytest.approx([100.0, 102.0, 104.0, 106.0])
    assert told == [(pytest.approx(100.0 + 2 * k), k) for k in range(4)]


def test_a_late_bar_is_asked_for_again_and_the_chord_goes_on() -> None:
    bars, sink = Bars(), Kept()
    player = player_with(sink, bars)
    run(player, 0.0, 2.0)
    bars.late = True
    run(player, 2.0, 7.0)
    assert rms(sink.sound[-RATE:]) > 0.3 * rms(sink.sound[2 * RATE : 3 * RATE])
    bars.late = False
    before = len(bars.asked)
    player.advance(7.5)
    assert bars.asked[before] == pytest.approx(7.5, abs=0.5)
    assert player.underruns == 0


def test_comes_up_slowly_at_the_start() -> None:
    sink = Kept()
    run(player_with(sink, fade_in=4.0), 0.0, 6.0)
    levels = [rms(part) for part in sink.sound[: 5 * RATE].reshape(-1, RATE // 2, 2)]
    assert levels[0] < 0.05 * levels[-1]
    assert levels[:6] == sorted(levels[:6])


def test_hush_is_silent_within_a_fifth_of_a_second_and_clicks_not() -> None:
    sink, bars = Kept(), Bars()
    player = player_with(sink, bars)
    run(player, 0.0, 4.0)
    before = len(sink.sound)
    player.hush()
    run(player, 4.0, 8.0)
    sound = sink.sound
    assert not np.any(sound[before + RATE // 5 :])
    assert np.abs(np.diff(sound[before - RATE :, 0])).max() < 1.5 * np.abs(np.diff(sound[before - RATE : before, 0])).max()
    assert player.level_dbfs is None
    assert len(bars.asked) >= 4


def test_resume_comes_up_again() -> None:
    sink = Kept()
    player = player_with(sink)
    run(player, 0.0, 2.0)
    player.hush()
    run(player, 2.0, 3.0)
    player.resume(1.0)
    run(player, 3.0, 6.0)
    assert rms(sink.sound[-RATE // 2 :]) > 0.01


def test_volume_acts_at_the_last_step_and_never_amplifies() -> None:
    sinks = [Kept() for _ in range(3)]
    for sink, volume in zip(sinks, (0.0, -20.0, 12.0), strict=True):
        player = player_with(sink)
        run(player, 0.0, 2.0)
        player.volume_db = volume
        player.volume_db = math.nan
        run(player, 2.0, 5.0)
    full, soft, more = (sink.sound[-RATE:] for sink in sinks)
    assert 20 * math.log10(rms(soft) / rms(full)) == pytest.approx(-20.0, abs=0.1)
    assert np.array_equal(more, full)


def test_a_volume_of_nothing_is_silence() -> None:
    sink = Kept()
    player = player_with(sink)
    player.volume_db = -math.inf
    run(player, 0.0, 1.0)
    assert not np.any(sink.sound[RATE // 2 :])


def test_level_is_that_of_the_last_second() -> None:
    sink = Kept()
    player = player_with(sink)
    assert player.level_dbfs is None
    run(player, 0.0, 5.0)
    assert player.level_dbfs == pytest.approx(20 * math.log10(rms(sink.sound[-RATE:])), abs=0.2)


def test_a_lost_sink_is_told_once_retried_with_back_off_and_told_back_once() -> None:
    sink, faults, bars = Kept(), list[Fault](), Bars()
    player = player_with(sink, bars, on_fault=faults.append)
    run(player, 0.0, 2.0)
    sink.broken = True
    before = sink.tries
    run(player, 2.0, 20.0)
    assert [(fault.kind, fault.over) for fault in faults] == [(FaultKind.SOUND, False)]
    assert "connected" in faults[0].message and faults[0].t == pytest.approx(2.0, abs=0.5)
    assert sink.tries - before == 5, "at once, then after 1, 2, 4, 8 seconds"
    assert len(bars.asked) == pytest.approx(10, abs=1)
    sink.broken = False
    run(player, 20.0, 35.0)
    assert [fault.over for fault in faults] == [False, True]
    assert not player.lost
    assert len(sink.sound) < 6 * RATE
    assert rms(sink.sound[-RATE // 4 :]) > 0.01


def test_sound_comes_back_softly() -> None:
    sink = Kept()
    player = player_with(sink)
    run(player, 0.0, 2.0)
    sink.broken = True
    run(player, 2.0, 3.5)
    written = len(sink.sound)
    sink.broken = False
    run(player, 3.5, 8.0)
    back = sink.sound[written:]
    assert rms(back[:2000]) < 0.05 * rms(back[-RATE:])


def test_another_sink_is_opened_and_the_broken_one_closed() -> None:
    first, second, faults = Kept(), Kept(), list[Fault]()
    player = player_with(first, on_fault=faults.append, reopen=lambda: second)
    run(player, 0.0, 1.0)
    first.broken = True
    run(player, 1.0, 4.0)
    assert first.closed == 1
    assert second.blocks and [fault.over for fault in faults] == [False, True]


def test_starts_without_a_device_and_finds_one() -> None:
    found, faults = Kept(), list[Fault]()
    answers = iter([SoundError("There is no sound device."), SoundError("There is no sound device."), found])

    def reopen() -> Sink:
        answer = next(answers)
        if isinstance(answer, SoundError):
            raise answer
        return answer

    player = player_with(None, on_fault=faults.append, reopen=reopen)
    run(player, 0.0, 8.0)
    assert [fault.over for fault in faults] == [False, True]
    assert rms(found.sound[-RATE:]) > 0.01


def test_without_any_sink_the_bars_go_on_and_it_is_said_what_to_do() -> None:
    faults, bars = list[Fault](), Bars()
    run(player_with(None, bars, on_fault=faults.append), 0.0, 6.0)
    assert len(faults) == 1 and faults[0].message.endswith(".")
    assert len(bars.asked) == 4


def test_close_fades_out_and_closes_even_a_broken_sink() -> None:
    sink = Kept()
    player = player_with(sink)
    run(player, 0.0, 3.0)
    before = len(sink.sound)
    player.close()
    assert sink.closed == 1
    ending = sink.sound[before - RATE // 2 :, 0]
    assert np.abs(ending[-100:]).max() == 0.0
    assert np.abs(np.diff(ending)).max() < 1.5 * np.abs(np.diff(ending[: RATE // 2])).max()
    broken = Kept()
    broken.broken = True
    player = player_with(broken)
    run(player, 0.0, 1.0)
    player.close()
    assert broken.closed == 1


def test_in_real_time_bars_are_asked_for_by_the_clock_of_the_device() -> None:
    """The device plays 1 % slower than our clock: after 20 s, bars are due 0.2 s later than frames alone would say."""
    sink, bars = Kept(paced=True, latency=0.2), Bars()
    player = player_with(sink, bars)
    now, written = 0.0, 0
    while now < 20.0:
        player.render_ahead(now)
        written += 1
        after = max(now, written * BLOCK / RATE * 1.01 - 0.2)
        player.write_block(now, finished=lambda after=after: after)
        now = after
    frames = 2.0 * (len(bars.asked) - 1)
    assert bars.asked[-1] == pytest.approx(frames * 1.01, abs=0.08)
    assert player.underruns == 0


def test_a_device_that_swallows_sound_is_fed_no_faster_than_the_clock() -> None:
    """ALSA's null device takes whatever it is given at once."""
    sink = Kept(paced=True, latency=0.2)
    player = player_with(sink)
    now = 0.0
    while now < 10.0:
        player.render_ahead(now)
        now = max(now + 1e-4, player.write_block(now, finished=lambda now=now: now))
    assert len(sink.sound) / RATE == pytest.approx(10.0 * 1.01 + 0.2 + 0.2, abs=0.1)
    assert player.underruns == 0


def test_a_device_whose_clock_is_fast_is_never_kept_waiting() -> None:
    """At 0.5 % it takes 0.3 s more than a minute of sound in a minute."""
    sink = Kept(paced=True, latency=0.2)
    player = player_with(sink)
    now, written = 0.0, 0
    while now < 60.0:
        player.render_ahead(now)
        written += 1
        after = max(now, written * BLOCK / RATE / 1.005 - 0.2)
        now = player.write_block(now, finished=lambda after=after: after)
        assert now == after
    assert player.underruns == 0


def test_when_rendering_is_late_the_sound_fades_out_and_in_and_is_counted_once() -> None:
    sink = Kept(paced=True, latency=0.2)
    player = player_with(sink)

    def write(count: int) -> None:
        for _ in range(count):
            player.write_block(0.0, finished=lambda: 0.0)

    player.render_ahead(0.0)
    write(10)
    player.render_ahead(0.0)
    write(25)
    player.render_ahead(0.0)
    write(8)
    assert player.underruns == 1
    sound = sink.sound[:, 0]
    assert not np.any(sound[23 * BLOCK : 35 * BLOCK]) and np.any(sound[-BLOCK:])
    assert np.abs(np.diff(sound)).max() < 0.02


def test_gaps_between_writes_longer_than_what_was_buffered_are_underruns() -> None:
    gauge = BufferGauge()
    now = 0.0
    for pause in [0.0] * 20 + [0.15] + [0.0] * 20 + [0.25] + [0.0] * 20:
        now += pause
        after = now + 0.02
        gauge.wrote(now, after, seconds=0.021, capacity=0.2)
        now = after
    assert gauge.underruns == 1


def test_a_slow_start_or_a_reopened_device_is_no_underrun() -> None:
    gauge = BufferGauge()
    gauge.wrote(0.0, 0.0, seconds=0.02, capacity=0.2)
    gauge.forget()
    gauge.wrote(5.0, 5.0, seconds=0.02, capacity=0.2)
    assert gauge.underruns == 0


def test_the_outlet_lets_nothing_broken_through() -> None:
    outlet = Outlet(rate_hz=RATE, frames=BLOCK, fade_in=0.0)
    for value in (math.nan, math.inf, 1e30, -40.0):
        out = outlet(np.full((BLOCK, 2), value, dtype=np.float32))
        assert np.isfinite(out).all() and np.abs(out).max() <= 10 ** (-1.5 / 20) + 1e-6
    assert outlet.broken == 2


def test_the_silent_player_keeps_the_same_clock() -> None:
    told: dict[str, list[float]] = {"silent": [], "sounding": []}
    silent = SilentPlayer(Bars(), on_bar=lambda t, found: told["silent"].append(t))
    run(silent, 50.0, 58.0)
    run(player_with(Kept(), on_bar=lambda t, found: told["sounding"].append(t)), 50.0, 58.0)
    assert told["silent"][:4] == pytest.approx(told["sounding"][:4]) == [50.0, 52.0, 54.0, 56.0]
    assert silent.level_dbfs is None and silent.underruns == 0
    silent.hush()
    silent.volume_db = 3.0
    assert silent.volume_db == 0.0


def test_the_silent_player_waits_for_late_bars() -> None:
    bars, told = Bars(), []
    player = SilentPlayer(bars, on_bar=lambda t, found: told.append(t))
    run(player, 0.0, 2.0)
    bars.late = True
    run(player, 2.0, 5.0)
    bars.late = False
    run(player, 5.0, 8.0)
    assert told[2] >= 5.0 and np.diff(told).min() >= 2.0


class Wire:
    """A device that is pulled out and plugged in again, each time as another sink; every sink keeps what it heard."""

    def __init__(self) -> None:
        self.there = True
        self.sinks: list[Kept] = []

    def open(self) -> Sink:
        if not self.there:
            raise SoundError("There is no sound device.")
        self.sinks.append(Kept())
        return self.sinks[-1]

    def pull(self) -> None:
        self.there = False
        self.sinks[-1].broken = True

    @property
    def last(self) -> NDArray[np.float32]:
        return self.sinks[-1].sound


def test_a_device_lost_twice_is_found_twice_and_nothing_is_left_open() -> None:
    wire, faults = Wire(), list[Fault]()
    player = player_with(wire.open(), on_fault=faults.append, reopen=wire.open)
    now = run(player, 0.0, 2.0)
    for _ in range(2):
        wire.pull()
        now = run(player, now, now + 3.0)
        assert player.lost
        wire.there = True
        now = run(player, now, now + 8.0)
        assert not player.lost and rms(wire.last[-RATE // 2 :]) > 0.01
        assert np.abs(np.diff(wire.last[:, 0])).max() < 0.02, "it comes up without a click"
    assert [fault.over for fault in faults] == [False, True, False, True]
    assert [sink.closed for sink in wire.sinks] == [1, 1, 0]
    assert player.underruns == 0


def test_a_device_lost_while_hushed_comes_back_silent_until_it_is_asked_for() -> None:
    wire, bars = Wire(), Bars()
    player = player_with(wire.open(), bars, reopen=wire.open)
    now = run(player, 0.0, 2.0)
    player.hush()
    now = run(player, now, now + 1.0)
    wire.pull()
    now = run(player, now, now + 3.0)
    wire.there = True
    now = run(player, now, now + 6.0)
    assert not player.lost and not wire.last.any()
    player.resume(0.5)
    run(player, now, now + 3.0)
    assert rms(wire.last[-RATE // 2 :]) > 0.01


def test_hushed_while_it_is_lost_it_comes_back_silent() -> None:
    wire = Wire()
    player = player_with(wire.open(), reopen=wire.open)
    now = run(player, 0.0, 2.0)
    wire.pull()
    now = run(player, now, now + 2.0)
    player.hush()
    wire.there = True
    run(player, now, now + 8.0)
    assert not player.lost and not wire.last.any()


def test_a_device_that_comes_back_at_another_rate_is_refused_with_a_sentence() -> None:
    """What is rendered is rendered for one rate; at another it would sound too low and run too long."""
    faults, sinks = list[Fault](), [Kept()]

    def reopen() -> Sink:
        sinks.append(Kept())
        sinks[-1].rate_hz = 44100 if len(sinks) < 4 else RATE
        return sinks[-1]

    player = player_with(sinks[0], on_fault=faults.append, reopen=reopen)
    now = run(player, 0.0, 1.0)
    sinks[0].broken = True
    run(player, now, now + 12.0)
    assert [sink.closed for sink in sinks] == [1, 1, 1, 0]
    assert not sinks[1].blocks and not sinks[2].blocks and sinks[3].blocks
    assert [fault.over for fault in faults] == [False, True]


def test_nothing_of_the_safety_stage_can_be_set_from_outside() -> None:
    player = player_with(Kept())
    with pytest.raises(AttributeError):
        player.safety = None  # type: ignore[misc, assignment]
    player.volume_db = 40.0
    run(player, 0.0, 2.0)
    assert player.safety.stop_db <= 0.0 and player.safety.ceiling_dba == 65.0
