"""The daemon, on a simulated world in real time: it comes up, answers, and goes down when told to."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from undertone.audio import NullSink
from undertone.config import Settings
from undertone.device import World
from undertone.flow import Phase
from undertone.service import ask, serve
from undertone.sim import Body


class Listening:
    """A service manager that remembers what it was told."""

    watchdog = 0.9

    def __init__(self) -> None:
        self.told: list[str] = []

    def ready(self) -> None:
        self.told.append("ready")

    def alive(self) -> None:
        self.told.append("alive")

    def tell(self, text: str) -> None:
        self.told.append(text)

    def stopping(self) -> None:
        self.told.append("stopping")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    changed = Settings()
    changed = replace(changed, storage=replace(changed.storage, folder=tmp_path / "kept"))
    return replace(changed, service=replace(changed.service, socket=tmp_path / "socket"))


def test_the_daemon_comes_up_answers_and_goes_down_when_told(settings: Settings) -> None:
    manager, answers = Listening(), []
    world = replace(World.simulated(Body.calm(1), open_sink=lambda: NullSink(48000), live=True), notify=manager)

    def visit() -> None:
        answers.append(ask(settings.service.socket, {"do": "status"})["status"])
        ask(settings.service.socket, {"do": "goal", "goal": "sleep"})
        answers.append(ask(settings.service.socket, {"do": "status"})["status"])
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    visitor = threading.Timer(1.3, visit)
    visitor.start()
    try:
        assert serve(settings, world=world) == 0
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    visitor.join(2.0)
    assert answers[0]["counts"]["samples"] > 0
    assert answers[0]["directive"]["phase"] == Phase.SETTLE
    assert manager.told[0] == "ready"
    assert manager.told.count("alive") >= 4
    assert manager.told[-1] == "stopping"
    assert not settings.service.socket.exists()
