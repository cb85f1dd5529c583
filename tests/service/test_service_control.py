"""Asking and telling the running device over its socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from undertone.errors import StorageError, UndertoneError
from undertone.flow import Command, CommandKind, Directive, Goal, Layer, Phase, Status
from undertone.service.control import ControlServer, ask, command_from, jsonable
from undertone.timeline import SystemClock, Timeline


def status() -> Status:
    directive = Directive(1.0, 31.0, Phase.LEAD, Goal.CALM, -0.2, 0.1, float("-inf"), 6.0, 0.8, "Because.")
    return Status(2.0, None, None, directive, None, (), {"samples": 3})


class Running:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands: list[Command] = []
        self.broken = False
        self.timeline = Timeline(SystemClock())
        self.timeline.add("for ever", lambda now: now + 1.0)
        self.server = ControlServer(path, self.timeline, status=status, command=self.command)
        self.thread = threading.Thread(target=self.timeline.run)

    def command(self, command: Command) -> None:
        if self.broken:
            raise ZeroDivisionError("as asked")
        self.commands.append(command)

    def __enter__(self) -> Running:
        self.thread.start()
        self.server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.stop()
        self.timeline.post("stop", lambda now: self.timeline.stop())
        self.thread.join(2.0)
        assert not self.thread.is_alive()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "undertone.sock") as device:
        yield device


def test_the_status_comes_as_json_without_infinities(running: Running) -> None:
    answer = ask(running.path, {"do": "status"})
    assert answer["status"]["directive"]["phase"] == "lead"
    assert answer["status"]["directive"]["level_db"] is None
    assert answer["status"]["counts"] == {"samples": 3}


def test_a_command_reaches_the_device(running: Running) -> None:
    ask(running.path, {"do": "report", "arousal": 0.5, "valence": -0.25})
    ask(running.path, {"do": "goal", "goal": "sleep"})
    told = [(command.kind, command.arousal, command.valence, command.goal) for command in running.commands]
    assert told == [(CommandKind.REPORT, 0.5, -0.25, None), (CommandKind.GOAL, None, None, Goal.SLEEP)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"nonsense\n", "not JSON"),
        (b"[1, 2]\n", "object"),
        (b"[" * 4000 + b"\n", "not JSON"),
        (b'{"do": "explode"}\n', "explode"),
        (b'{"do": "goal", "goal": "win"}\n', "calm, sleep, focus, uplift"),
        (b'{"do": "goal"}\n', "needs"),
        (b'{"do": "volume", "volume_db": 40}\n', "-60 to 0"),
        (b'{"do": "volume", "volume_db": NaN}\n', "-60 to 0"),
        (b'{"do": "report", "arousal": true}\n', "-1 to 1"),
        (b'{"do": ["stop"]}\n', "stop"),
    ],
)
def test_a_hostile_request_gets_a_sentence_and_changes_nothing(running: Running, line: bytes, complaint: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(running.path))
        client.sendall(line)
        answer: dict[str, Any] = json.loads(client.recv(65536))
    assert answer["ok"] is False
    assert complaint in answer["error"]
    assert running.commands == []
    assert ask(running.path, {"do": "status"})["ok"], "the device goes on"


def test_a_command_that_fails_is_told_and_the_device_goes_on(running: Running) -> None:
    running.broken = True
    with pytest.raises(UndertoneError, match="as asked"):
        ask(running.path, {"do": "stop"})
    assert ask(running.path, {"do": "status"})["ok"]


def test_an_endless_line_is_cut_off(running: Running) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(running.path))
        try:
            for _ in range(64):
                client.sendall(b"x" * 1024)
            assert client.recv(100) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert ask(running.path, {"do": "status"})["ok"]


def test_a_stale_socket_is_replaced_and_removed_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "undertone.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with Running(path):
        assert ask(path, {"do": "status"})["ok"]
        assert path.stat().st_mode & 0o777 == 0o660
    assert not path.exists()


def test_nobody_at_the_socket_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UndertoneError, match="No device is running"):
        ask(tmp_path / "nobody", {"do": "status"})


def test_a_path_where_no_socket_can_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose another path"):
        ControlServer(tmp_path / "file" / "socket", Timeline(SystemClock()), status=status, command=lambda command: None)


def test_a_command_needs_what_it_is_about() -> None:
    with pytest.raises(UndertoneError, match="arousal"):
        command_from({"do": "report"}, 0.0)
    assert command_from({"do": "not good"}, 4.0) == Command(4.0, CommandKind.NOT_GOOD)


def test_what_json_lacks_becomes_null() -> None:
    assert jsonable(MappingProxyType({Layer.PAD: -3.0})) == {"pad": -3.0}
    assert jsonable({"a": (1, float("nan"), [float("inf")])}) == {"a": [1, None, [None]]}
