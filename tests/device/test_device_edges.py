"""How the outside reaches the core: the shelf of bars, and threads in real time."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from undertone.audio import NullSink, Renderer
from undertone.config import Settings
from undertone.device import World, assemble
from undertone.device.edges import Shelf
from undertone.flow import Bar, Layer
from undertone.sim import Body
from undertone.timeline import Timeline, VirtualClock


def bar(index: int) -> Bar:
    balance = dict.fromkeys(Layer, 0.0)
    programs = dict.fromkeys(Layer, 0)
    return Bar(index, 4, 60.0, (), 0.0, balance, programs, 2000.0, 0.3, 2.5, None, 0.0)


class Composing:
    """Composes bars of four seconds, unless told to fail."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.broken = False

    def compose(self, t: float) -> Bar | None:
        self.asked.append(t)
        return None if self.broken else bar(len(self.asked) - 1)


def test_the_first_bar_is_ordered_and_the_next_one_is_composed_ahead() -> None:
    timeline, composing = Timeline(VirtualClock()), Composing()
    shelf = Shelf(timeline, composing.compose)
    assert shelf.take(0.5) is None, "nothing is composed in the player's thread"
    assert shelf.take(0.6) is None
    timeline.run()
    assert composing.asked == [0.5], "one order at a time"
    first = shelf.take(0.7)
    assert first is not None and first.index == 0
    timeline.run()
    assert composing.asked == [0.5, 4.7], "the next bar is composed for the moment at which it will sound"
    second = shelf.take(4.7)
    assert second is not None and second.index == 1


def test_a_composer_that_fails_is_asked_again() -> None:
    timeline, composing = Timeline(VirtualClock()), Composing()
    composing.broken = True
    shelf = Shelf(timeline, composing.compose)
    assert shelf.take(0.0) is None
    timeline.run()
    composing.broken = False
    assert shelf.take(1.0) is None
    timeline.run()
    assert shelf.take(1.1) is not None


def test_in_real_time_rendering_that_fails_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Renderer, frames: int) -> None:
        raise ZeroDivisionError("as asked")

    monkeypatch.setattr(Renderer, "render", broken)
    world = World.simulated(Body.tense(1), open_sink=lambda: NullSink(48000), live=True)
    device = assemble(world, Settings())
    device.run(until=world.clock.now() + 0.4)
    told = [fault.message for fault in device.status().faults]
    device.close()
    assert any("as asked" in message for message in told)


def test_in_real_time_samples_arrive_and_sound_leaves() -> None:
    sink = NullSink(48000)
    sink.paced = False
    world = World.simulated(Body.tense(1), open_sink=lambda: sink, live=True)
    settings = Settings()
    device = assemble(world, replace(settings, music=replace(settings.music, seed=1)))
    device.run(until=world.clock.now() + 1.5)
    device.close()
    assert device.core.counts["samples"] > 100
    assert device.core.counts["bars"] >= 1
    assert sink.frames > 0.8 * 48000
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if "reader" in name or "sound" in name or "render" in name}, "all threads have ended"
