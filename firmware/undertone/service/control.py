"""The control socket: one JSON object a line in, one JSON object a line out, over a Unix socket.

    {"do": "status"}                                   → {"ok": true, "status": {…}}
    {"do": "stop"}      {"do": "not good"}             → {"ok": true}
    {"do": "goal", "goal": "sleep"}                    → {"ok": true}
    {"do": "report", "arousal": 0.4, "valence": -0.2}  → {"ok": true}
    {"do": "volume", "volume_db": -6}                  → {"ok": true}
    anything else                                      → {"ok": false, "error": "a sentence"}

The server is an edge: its thread never touches the core, it posts to the timeline and waits a bounded time for the answer. A
request is at most 4096 bytes and must be there within two seconds, so a slow or silent client holds nobody up for longer; a
core that does not answer in time is reported as "busy".
"""

from __future__ import annotations

import json
import logging
import math
import os
import queue
import socket
import stat
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from undertone.errors import StorageError, UndertoneError
from undertone.flow import Command, CommandKind, Goal, Status
from undertone.timeline import Timeline

__all__ = ["ControlServer", "ask", "command_from"]

LONGEST_REQUEST = 4096
LONGEST_ANSWER = 1 << 20
CLIENT_PATIENCE = 2.0
"""Seconds for a client to say what it wants, and for the core to answer."""

log = logging.getLogger(__name__)


def command_from(request: dict[str, Any], now: float) -> Command:
    """The command that a request asks for.

    Raises UndertoneError with a sentence for anything that is not one.
    """
    wanted = request.get("do")
    kinds = {kind.value: kind for kind in CommandKind}
    if not isinstance(wanted, str) or wanted not in kinds:
        raise UndertoneError(f"I do not know how to do {wanted!r}; known are status, {', '.join(kinds)}.")
    kind = kinds[wanted]
    needed = {CommandKind.GOAL: "goal", CommandKind.REPORT: "arousal", CommandKind.VOLUME: "volume_db"}.get(kind)
    if needed is not None and request.get(needed) is None:
        raise UndertoneError(f'"{wanted}" needs "{needed}".')
    return Command(
        t=now,
        kind=kind,
        goal=_goal(request.get("goal")),
        arousal=_number(request, "arousal", -1.0, 1.0),
        valence=_number(request, "valence", -1.0, 1.0),
        volume_db=_number(request, "volume_db", -60.0, 0.0),
    )


def _goal(name: object) -> Goal | None:
    if name is None:
        return None
    if name not in list(Goal):
        raise UndertoneError(f"{name!r} is no goal; choose one of {', '.join(Goal)}.")
    return Goal(str(name))


def _number(request: dict[str, Any], name: str, lowest: float, highest: float) -> float | None:
    value = request.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise UndertoneError(f'"{name}" must be a number from {lowest:g} to {highest:g}.')
    return float(value)


class ControlServer:
    """Answers on a Unix socket, in a thread of its own.

    path: of the socket; a stale one is replaced.
    timeline: where commands are carried out.
    status, command: called in the timeline's thread.

    Raises StorageError if the socket cannot be made.
    """

    def __init__(
        self, path: Path, timeline: Timeline, *, status: Callable[[], Status], command: Callable[[Command], None]
    ) -> None:
        self._path = path
        self._timeline = timeline
        self._status = status
        self._command = command
        self._socket = _listen(path)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._open = True

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End, and remove the socket. May be called twice."""
        if self._open:
            self._open = False
            # A blocked accept is not woken by close() on Linux, but it is by shutdown().
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            if self._thread.is_alive():
                self._thread.join(2 * CLIENT_PATIENCE + 1.0)
            self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while self._open:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                try:
                    client.sendall(json.dumps(self._answer(_line(client, LONGEST_REQUEST))).encode() + b"\n")
                except (OSError, UndertoneError) as error:
                    log.info("a client of the control socket went away: %s", error)

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise UndertoneError('A request is an object such as {"do": "status"}.')
            if request.get("do") == "status":
                return {"ok": True, "status": jsonable(self._in_the_core(lambda now: self._status()))}
            command = command_from(request, self._timeline.clock.now())
            self._in_the_core(lambda now: self._command(command))
            return {"ok": True}
        except (ValueError, RecursionError):
            return {"ok": False, "error": "That is not JSON; send one object on one line."}
        except UndertoneError as error:
            return {"ok": False, "error": str(error)}

    def _in_the_core(self, call: Callable[[float], Any]) -> Any:
        """What `call` gives in the timeline's thread. What it raises is the client's to hear and may not end the core."""
        answer: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

        def carried_out(now: float) -> None:
            try:
                answer.put((call(now), None))
            except Exception as error:
                log.exception("a command failed")
                answer.put((None, error))

        self._timeline.post("control", carried_out)
        try:
            value, error = answer.get(timeout=CLIENT_PATIENCE)
        except queue.Empty:
            raise UndertoneError("The device is busy; try again in a moment.") from None
        if error is not None:
            raise UndertoneError(f"The device could not do that ({error}); look at its log.") from error
        return value


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to a running device and return its answer.

    Raises UndertoneError with a sentence when there is none or it does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(CLIENT_PATIENCE)
        try:
            client.connect(str(path))
            client.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(_line(client, LONGEST_ANSWER, patience=2 * CLIENT_PATIENCE))
        except PermissionError:
            raise UndertoneError(f"You may not talk to the device at {path}; join the group undertone, or use sudo.") from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise UndertoneError(f"No device is running at {path}; start it with `undertone run`.") from None
        except (OSError, ValueError) as error:
            what_to_do = "look at `systemctl status undertone`"
            raise UndertoneError(f"The device at {path} does not answer ({error}); {what_to_do}.") from error
    if not isinstance(answer, dict) or not answer.get("ok"):
        raise UndertoneError(str(answer.get("error", "The device answered nonsense.") if isinstance(answer, dict) else answer))
    return answer


def _listen(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        server.bind(str(path))
        os.chmod(path, 0o660)
        server.listen(4)
    except OSError as error:
        server.close()
        why = error.strerror or error
        raise StorageError(f"The control socket {path} cannot be made ({why}); choose another path.") from error
    return server


def _line(client: socket.socket, longest: int, *, patience: float = CLIENT_PATIENCE) -> bytes:
    received = b""
    deadline = time.monotonic() + patience
    while not received.endswith(b"\n"):
        # The whole line has one deadline: a client that sends a byte now and then must not hold the socket.
        client.settimeout(max(0.001, deadline - time.monotonic()))
        piece = client.recv(4096)
        if not piece:
            break
        received += piece
        if len(received) > longest:
            raise UndertoneError(f"more than {longest} bytes on one line")
    return received


def jsonable(value: Any) -> Any:
    """The value in what JSON has: dataclasses become objects, tuples lists, keys strings, infinities and NaN null."""
    if is_dataclass(value):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
