"""The two threads: hand-over, trouble and an end in time."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from undertone.audio import NullSink, Player, PlayerThread, Renderer, ToneSynth
from undertone.flow import Bar, Fault, FaultKind, Layer, Note

BAR = Bar(0, 4, 240.0, (Note(0, 4, 57, 90, Layer.PAD),), 0.0, {}, {}, 2000.0, 0.3, 2.0, None, 0.0)


class Device:
    """Plays twice as fast as a real one, and makes its writer wait as one does."""

    rate_hz = 48000
    paced = True
    latency = 0.1

    def __init__(self) -> None:
        self.blocks: list[NDArray[np.float32]] = []
        self.enough = threading.Event()
        self.closed = threading.Event()

    def write(self, frames: NDArray[np.float32]) -> None:
        self.blocks.append(frames)
        if len(self.blocks) >= 20:
            self.enough.set()
        threading.Event().wait(len(frames) / self.rate_hz / 2)

    def close(self) -> None:
        self.closed.set()


def test_plays_until_stopped_and_ends_in_silence() -> None:
    device = Device()
    thread = PlayerThread(Player(Renderer(ToneSynth()), device, lambda t: BAR, fade_in=0.0, ahead=0.4))
    thread.start()
    assert device.enough.wait(5.0)
    assert thread.alive
    before = time.monotonic()
    thread.stop()
    assert time.monotonic() - before < 2.0 and not thread.alive
    assert device.closed.is_set()
    sound = np.concatenate(device.blocks)
    assert np.abs(sound).max() > 0.01
    assert not sound[-100:].any()
    thread.stop()


def test_a_sink_that_does_not_pace_is_paced_by_the_clock() -> None:
    sink = NullSink()
    player = Player(Renderer(ToneSynth()), sink, lambda t: BAR)
    thread = PlayerThread(player)
    thread.start()
    threading.Event().wait(0.5)
    thread.stop()
    assert 0.1 * 48000 < sink.frames < 0.8 * 48000


def test_a_composer_that_raises_is_told_once_and_the_sound_fades() -> None:
    device, faults, told = Device(), list[Fault](), threading.Event()

    bars = iter([BAR])

    def need_bar(t: float) -> Bar:
        return next(bars)

    def on_fault(fault: Fault) -> None:
        faults.append(fault)
        told.set()

    player = Player(Renderer(ToneSynth()), device, need_bar, fade_in=0.0)
    thread = PlayerThread(player, on_fault=on_fault)
    thread.start()
    assert told.wait(5.0) and device.enough.wait(5.0)
    thread.stop()
    assert [fault.kind for fault in faults] == [FaultKind.STAGE]
    assert player.underruns == 1
    sound = np.concatenate(device.blocks)[:, 0]
    assert np.abs(np.diff(sound)).max() < 0.05 and not sound[-100:].any()


def test_stopping_before_starting_gives_the_sink_back() -> None:
    device = Device()
    thread = PlayerThread(Player(Renderer(ToneSynth()), device, lambda t: BAR))
    thread.stop()
    thread.stop()
    assert device.closed.is_set()


def test_volume_and_hush_may_come_from_any_thread() -> None:
    device = Device()
    player = Player(Renderer(ToneSynth()), device, lambda t: BAR, fade_in=0.0)
    thread = PlayerThread(player)
    thread.start()
    assert device.enough.wait(5.0)
    player.volume_db = -12.0
    player.hush()
    hushed = len(device.blocks)
    deadline = time.monotonic() + 5.0
    while len(device.blocks) < hushed + 6 and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert len(device.blocks) >= hushed + 6
    assert not np.concatenate(device.blocks[hushed + 4 :]).any()
    assert player.level_dbfs is None or player.level_dbfs < 0.0
    thread.stop()
    assert player.volume_db == pytest.approx(-12.0)
