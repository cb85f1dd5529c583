"""What systemd is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from undertone.device.notify import Silence, SystemdNotifier, notifier


@pytest.fixture
def systemd(tmp_path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(tmp_path / "notify"))
    server.settimeout(1.0)
    return server


def test_nobody_is_told_where_nobody_asks() -> None:
    assert isinstance(notifier({}), Silence)
    assert notifier({}).watchdog is None


def test_each_word_is_one_datagram(systemd: socket.socket) -> None:
    told = notifier({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000000"})
    assert told.watchdog == 20.0
    told.ready()
    told.alive()
    told.tell("leading\nto calm")
    told.stopping()
    received = [systemd.recv(200).decode() for _ in range(4)]
    assert received == ["READY=1", "WATCHDOG=1", "STATUS=leading to calm", "STOPPING=1"]


def test_the_abstract_namespace_is_understood() -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind("\0undertone-test-notify")
    server.settimeout(1.0)
    notifier({"NOTIFY_SOCKET": "@undertone-test-notify"}).ready()
    assert server.recv(20) == b"READY=1"


def test_a_deaf_systemd_stops_nothing(tmp_path: Path) -> None:
    told = SystemdNotifier(str(tmp_path / "nobody"), watchdog=None)
    told.ready()
    told.alive()
