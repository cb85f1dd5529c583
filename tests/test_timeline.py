"""The one loop in which everything that decides runs."""

from __future__ import annotations

import queue
import threading

import pytest

from undertone.timeline import SystemClock, Timeline, VirtualClock


def test_a_timer_gets_now_and_says_when_it_is_due_next() -> None:
    timeline = Timeline(VirtualClock())
    seen: list[float] = []

    def tick(now: float) -> float | None:
        seen.append(now)
        return now + 2.5 if len(seen) < 3 else None

    timeline.add("tick", tick, due=1.0)
    timeline.run()
    assert seen == [1.0, 3.5, 6.0]


def test_timers_due_together_run_in_the_order_in_which_they_were_added() -> None:
    timeline = Timeline(VirtualClock())
    seen: list[str] = []
    for name in "bca":
        timeline.add(name, lambda now, name=name: seen.append(name) or (now + 1 if now < 1 else None), due=0.0)
    timeline.run()
    assert seen == list("bcabca")


def test_a_message_is_handled_before_a_timer_of_the_same_moment() -> None:
    timeline = Timeline(VirtualClock())
    seen: list[str] = []
    timeline.add("timer", lambda now: seen.append("timer"), due=0.0)
    timeline.post("message", lambda now: seen.append("message"))
    timeline.run()
    assert seen == ["message", "timer"]


def test_a_message_can_be_posted_from_within_a_turn() -> None:
    timeline = Timeline(VirtualClock())
    seen: list[tuple[str, float]] = []
    timeline.add("timer", lambda now: timeline.post("echo", lambda at: seen.append(("echo", at))), due=4.0)
    timeline.run()
    assert seen == [("echo", 4.0)]


def test_running_until_a_moment_ends_there_and_can_go_on() -> None:
    timeline = Timeline(VirtualClock())
    seen: list[float] = []
    timeline.add("tick", lambda now: seen.append(now) or now + 1.0, due=0.0)
    timeline.run(until=2.0)
    assert seen == [0.0, 1.0, 2.0]
    assert timeline.clock.now() == 2.0
    timeline.run(until=3.5)
    assert seen == [0.0, 1.0, 2.0, 3.0]
    assert timeline.clock.now() == 3.5


def test_stop_ends_the_run_and_keeps_what_is_left() -> None:
    timeline = Timeline(VirtualClock())
    timeline.add("stop", lambda now: timeline.stop(), due=1.0)
    timeline.add("later", lambda now: None, due=2.0)
    timeline.run()
    assert timeline.clock.now() == 1.0


def test_a_timer_that_fell_behind_lets_the_others_go_first() -> None:
    timeline = Timeline(VirtualClock(10.0))
    seen: list[str] = []
    timeline.add("behind", lambda now: seen.append("behind") or (3.0 if seen.count("behind") < 2 else None), due=10.0)
    timeline.add("other", lambda now: seen.append("other"), due=10.0)
    timeline.run()
    assert seen == ["behind", "behind", "other"] or seen == ["behind", "other", "behind"]
    assert timeline.clock.now() == 10.0


def test_the_latency_report_names_the_culprit() -> None:
    readings = iter([0.0, 0.01, 1.0, 1.3, 2.0, 2.1])
    timeline = Timeline(VirtualClock(), budget=0.05, stopwatch=lambda: next(readings))
    timeline.add("quick", lambda now: None, due=1.0)
    timeline.add("slow", lambda now: None, due=2.0)
    timeline.add("slow", lambda now: None, due=3.0)
    timeline.run()
    assert set(timeline.late) == {"slow"}
    assert timeline.late["slow"].t == 2.0
    assert timeline.late["slow"].seconds == pytest.approx(0.3)
    assert timeline.turns == 3


def test_virtual_time_cannot_go_back() -> None:
    clock = VirtualClock(5.0)
    clock.jump(1.0)
    with pytest.raises(ValueError, match="back"):
        clock.jump(-0.1)
    assert clock.wait(queue.SimpleQueue(), 2.0) is None
    assert clock.now() == 6.0


def test_the_system_clock_wakes_for_a_message_from_another_thread() -> None:
    timeline = Timeline(SystemClock())
    seen: list[str] = []

    def arrive(now: float) -> None:
        seen.append("message")
        timeline.stop()

    timeline.add("far", lambda now: None, due=timeline.clock.now() + 60.0)
    thread = threading.Thread(target=lambda: timeline.post("arrive", arrive))
    thread.start()
    timeline.run(until=timeline.clock.now() + 2.0)
    thread.join(2.0)
    assert seen == ["message"]


def test_the_system_clock_waits_until_the_moment() -> None:
    clock = SystemClock()
    start = clock.now()
    assert clock.wait(queue.SimpleQueue(), start + 0.01) is None
    assert clock.now() >= start + 0.01
