"""The reader's thread: handing over, stumbling, and ending. Nothing else is tested with real time."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping

import pytest

from undertone.flow import Block, Fault, FaultKind
from undertone.sensors import Pods, PulseSettings, Reader, ReaderThread, SkinSettings
from undertone.sim.ads1115_chip import Ads1115Chip
from undertone.sim.bus import EmulatedBus
from undertone.sim.max3010x_chip import Max3010xChip
from undertone.sim.tca9548a_chip import Tca9548aChip
from undertone.timeline import SystemClock

PATIENCE = 2.0


def test_blocks_reach_the_other_thread_until_it_is_stopped(make_bench: type) -> None:
    clock, finger = SystemClock(), make_bench().finger
    bus = EmulatedBus({0x57: Max3010xChip(finger, clock.now), 0x48: Ads1115Chip(finger, clock.now)}, now=clock.now)
    arrived: queue.SimpleQueue[Block | Fault] = queue.SimpleQueue()
    thread = ReaderThread(Reader(bus, pulse=PulseSettings(), skin=SkinSettings()), clock, arrived.put)
    thread.start()
    first = arrived.get(timeout=PATIENCE)
    assert isinstance(first, Block)
    assert thread.stop()
    assert thread.stop()
    transfers = bus.transfers
    assert not any("reader of pod" in other.name for other in threading.enumerate())
    assert transfers == bus.transfers
    with pytest.raises(RuntimeError):
        thread.start()


def test_a_thread_that_was_never_started_stops_at_once() -> None:
    thread = ReaderThread(Reader(EmulatedBus({}, now=lambda: 0.0), pulse=None, skin=None), SystemClock(), print)
    assert thread.stop()


def test_a_pod_without_sensors_is_waited_for_quietly() -> None:
    """Nothing is ever due there, and a thread cannot wait until infinity."""
    thread = ReaderThread(Reader(EmulatedBus({}, now=lambda: 0.0), pulse=None, skin=None), SystemClock(), print)
    failed: list[object] = []
    before, threading.excepthook = threading.excepthook, failed.append
    try:
        thread.start()
        thread.stop()
    finally:
        threading.excepthook = before
    assert failed == []


class Stumbling:
    """Mistaken twice, then well."""

    name = "pod 4"
    counts: Mapping[str, int] = {}

    def __init__(self) -> None:
        self.polls = 0
        self.due = 0.0

    def poll(self, now: float) -> list[Block | Fault]:
        self.polls += 1
        if self.polls <= 2:
            raise KeyError("a mistake")
        return []


def test_a_mistake_is_told_once_and_the_thread_lives_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("undertone.sensors.reader._STUMBLED_SECONDS", 0.01)
    arrived: queue.SimpleQueue[Block | Fault] = queue.SimpleQueue()
    thread = ReaderThread(Stumbling(), SystemClock(), arrived.put)
    thread.start()
    begun, ended = arrived.get(timeout=PATIENCE), arrived.get(timeout=PATIENCE)
    thread.stop()
    assert isinstance(begun, Fault)
    assert isinstance(ended, Fault)
    assert (begun.kind, begun.source, begun.over, ended.over) == (FaultKind.STAGE, "pod 4 reader", False, True)
    assert arrived.empty()
    assert len(caplog.records) == 1, "a mistake that lasts all night would fill the log"


def test_a_receiver_that_fails_does_not_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undertone.sensors.reader._STUMBLED_SECONDS", 0.01)
    arrived: queue.SimpleQueue[Block | Fault] = queue.SimpleQueue()
    refusals = iter((True, True))

    def deliver(item: Block | Fault) -> None:
        if next(refusals, False):
            raise ValueError("not now")
        arrived.put(item)

    class Telling(Stumbling):
        def poll(self, now: float) -> list[Block | Fault]:
            return [Fault(now, "pod 4 pulse", FaultKind.BUS, "Look here.")]

    thread = ReaderThread(Telling(), SystemClock(), deliver)
    thread.start()
    told = arrived.get(timeout=PATIENCE)
    thread.stop()
    assert isinstance(told, Fault)
    assert told.kind is FaultKind.BUS


def test_a_thread_that_does_not_let_go_of_the_bus_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("undertone.sensors.reader._JOIN_SECONDS", 0.05)
    began, release = threading.Event(), threading.Event()

    class Hanging(Stumbling):
        def poll(self, now: float) -> list[Block | Fault]:
            began.set()
            release.wait(PATIENCE)
            return []

    thread = ReaderThread(Hanging(), SystemClock(), print)
    thread.start()
    assert began.wait(PATIENCE)
    with caplog.at_level(logging.ERROR):
        assert thread.stop() is False
    assert "reader of pod 4 still holds the bus" in caplog.text
    release.set()
    monkeypatch.setattr("undertone.sensors.reader._JOIN_SECONDS", PATIENCE)
    assert thread.stop() is True


def test_many_pods_are_read_by_one_thread(make_bench: type) -> None:
    clock, finger = SystemClock(), make_bench().finger
    chips = {pod: {0x57: Max3010xChip(finger, clock.now), 0x48: Ads1115Chip(finger, clock.now)} for pod in range(3)}
    bus = EmulatedBus({0x70: Tca9548aChip(chips, clock.now)}, now=clock.now)
    arrived: queue.SimpleQueue[Block | Fault] = queue.SimpleQueue()
    thread = ReaderThread(Pods(bus, [(PulseSettings(), SkinSettings())] * 3, mux=0x70), clock, arrived.put)
    thread.start()
    pods: set[int] = set()
    while pods < {0, 1, 2}:
        block = arrived.get(timeout=PATIENCE)
        assert isinstance(block, Block)
        pods.add(block.pod)
    assert thread.stop()
    assert not any("reader of pods" in other.name for other in threading.enumerate())
