"""The rules of the house, enforced: who may import whom, and who may touch the world."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "firmware" / "undertone"

BASE = {"flow", "timeline", "errors"}
CORE = {"signals", "affect", "guidance", "music"}
TOP = {"service", "panel", "links", "cli"}
"""Nothing below may know these."""

PURE_AUDIO_EXCEPTIONS = {"audio/sinks_portaudio.py", "audio/player_thread.py"}
"""The half of `audio` that touches the world."""

FORBIDDEN_IN_CORE = {"time", "datetime", "threading", "queue", "random.random", "socket", "subprocess", "asyncio"}
"""`random` itself is allowed: a seeded `random.Random` is how music is composed."""

DOORS = {
    "smbus2": "sensors/bus.py",
    "pyaudio": "audio/sinks_portaudio.py",
    "ai_edge_litert": "affect/interpreter.py",
    "tflite_runtime": "affect/interpreter.py",
    "gpiozero": "device/controls.py",
    "sqlite3": "storage/",
    "yaml": "config",
    "mido": "music/",
    "soundfile": "audio/files.py",
    "soxr": "audio/files.py",
    "matplotlib": "report/",
    "rich": "cli/",
}
"""Each outside effect has one door, and the door is opened lazily."""


def modules() -> list[str]:
    return sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every imported module by its absolute name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room that they reach into"
            yield node.module or "", node
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node


def room_of(module: str) -> str:
    return module.split("/")[0].removesuffix(".py")


def parsed(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text())


def rooms_used(module: str) -> set[str]:
    names = {name for name, _ in imports(parsed(module)) if name.startswith("undertone.")}
    return {name.split(".")[1] for name in names}


def is_core(module: str) -> bool:
    return room_of(module) in CORE or (room_of(module) == "audio" and module not in PURE_AUDIO_EXCEPTIONS)


@pytest.mark.parametrize("module", modules())
def test_rooms_meet_only_where_they_may(module: str) -> None:
    room, used = room_of(module), rooms_used(module)
    used.discard(room)
    if room in BASE:
        assert used <= BASE
    elif is_core(module):
        assert used <= BASE, f"{module} reaches into {sorted(used - BASE)}; rooms of the core meet through flow"
    if room not in TOP:
        assert not used & TOP, f"{module} knows {sorted(used & TOP)}"
    if room not in TOP | {"device", "sim", "report"}:
        assert "sim" not in used, f"{module} knows the simulator"


@pytest.mark.parametrize("module", [module for module in modules() if room_of(module) in BASE])
def test_the_base_stands_on_numpy_alone(module: str) -> None:
    from sys import stdlib_module_names

    for name, _ in imports(parsed(module)):
        assert name.split(".")[0] in stdlib_module_names | {"numpy", "undertone"}


@pytest.mark.parametrize("module", [module for module in modules() if is_core(module)])
def test_the_core_has_no_clock_no_threads_and_no_chance(module: str) -> None:
    tree = parsed(module)
    names = {name for name, _ in imports(tree)}
    assert not names & FORBIDDEN_IN_CORE
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "random":
            assert node.attr == "Random", f"{module}:{node.lineno} uses unseeded randomness"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "default_rng":
            assert node.args, f"{module}:{node.lineno} uses an unseeded generator"


@pytest.mark.parametrize("module", modules())
def test_each_effect_has_one_door_opened_lazily(module: str) -> None:
    tree = parsed(module)
    at_top = {id(node) for node in tree.body}
    for name, node in imports(tree):
        door = DOORS.get(name.split(".")[0])
        if door is None:
            continue
        assert module.startswith(door), f"{module} imports {name}, whose door is {door}"
        assert id(node) not in at_top, f"{module} imports {name} before anybody asked for it"


def test_scipy_and_pandas_stay_out_of_the_device() -> None:
    for module in modules():
        for name, _ in imports(parsed(module)):
            assert name.split(".")[0] not in {"scipy", "pandas", "numba", "sklearn"}, f"{module} imports {name}"


def test_production_code_never_asks_whether_it_is_simulated() -> None:
    for module in modules():
        if room_of(module) in {"sim", "cli", "report"} or module == "device/world.py":
            continue
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.id if isinstance(node, ast.Name) else node.attr
                assert name.lower() not in {"is_simulated", "simulated", "is_virtual", "dry_run"}, f"{module} asks {name}"
    assert "VirtualClock" not in (PACKAGE / "device" / "assemble.py").read_text()


def test_modules_stay_readable() -> None:
    for module in modules():
        lines = len((PACKAGE / module).read_text().splitlines())
        assert lines <= 400, f"{module} has {lines} lines"
