"""From a file to settings, or to all of its mistakes at once.

The YAML is read as a tree of nodes and not as Python values, so that each mistake can be told with its line, a name that stands
there twice is noticed, and nothing is built that the settings do not ask for.
"""

from __future__ import annotations

import math
import stat
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from undertone.config.options import Option, options
from undertone.config.settings import Settings
from undertone.errors import ConfigError

__all__ = ["load"]

LARGEST = 65_536
"""Bytes of a configuration; a larger file is something else."""

_Section = TypeVar("_Section")
_MISSING = object()


def load(path: Path | str | None) -> Settings:
    """The settings in a YAML file; the defaults without one. Whatever the file does not mention keeps its default.

    Paths in the file may begin with ~ and are meant from the folder of the file.

    Raises ConfigError with every mistake, one a line: where it is, what was found, what is allowed.
    """
    if path is None:
        return Settings()
    path = Path(path)
    text = _text(path)
    try:
        import yaml
    except ImportError as error:
        raise ConfigError(
            f"Reading {path} needs PyYAML: install it with `sudo apt install python3-yaml`, or leave the configuration out."
        ) from error
    reading = _Reading(path, yaml.SafeLoader(""))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML{_place(error)}. `undertone config` prints one to begin with.") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply. `undertone config` prints one to begin with.") from error
    settings = reading.section(Settings, root, "")
    if reading.mistakes:
        count = len(reading.mistakes)
        head = f"{path} has {count} mistakes; correct them" if count > 1 else f"{path} has a mistake; correct it"
        raise ConfigError("\n  ".join([f"{head} and try again:", *reading.mistakes]))
    return settings


def _text(path: Path) -> str:
    """What the file says. Raises ConfigError where it cannot be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path} is not a file. Name the YAML file itself; `undertone config` prints one to begin with.")
        if status.st_size > LARGEST:
            raise ConfigError(f"{path} is too large for a configuration. `undertone config` prints one to begin with.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8. `undertone config` prints one to begin with.") from error
    except FileNotFoundError as error:
        raise ConfigError(f"There is no configuration {path}. `undertone config > {path}` writes one.") from error
    except OSError as error:
        advice = "Give this user the right to read it" if isinstance(error, PermissionError) else "Check its path"
        raise ConfigError(f"{path} cannot be read ({error.strerror}). {advice}.") from error


def _place(error: Any) -> str:
    """Where the YAML goes wrong, and how."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or getattr(error, "reason", None)
    where = "" if mark is None else f": line {mark.line + 1}, column {mark.column + 1}"
    return f"{where}: {problem}" if problem else where


@dataclass
class _Reading:
    """One reading of one file: what has been found wrong so far."""

    path: Path
    loader: Any
    mistakes: list[str] = field(default_factory=list)

    def section(self, cls: type[_Section], node: Any, where: str) -> _Section:
        """The settings of one section; a section that is left empty has its defaults."""
        known = {option.name: option for option in options(cls)}
        if node is None or _empty(node):
            return cls()
        if node.id != "mapping":
            self._mistake(where or "the file", node, f"found {_shown(node)}; allowed: options with values, as `name: value`")
            return cls()
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if key.id == "scalar" else _shown(key)
            place = f"{where}.{name}" if where else str(name)
            if name not in known:
                self._mistake(place, key, f"there is no such option; {_instead(name, list(known))}")
            elif name in found:
                self._mistake(place, key, "stands here a second time; keep one of the two")
            elif known[name].section:
                found[name] = self.section(known[name].kind, value, place)
            else:
                found[name] = self._value(known[name], value, place)
        return cls(**{name: value for name, value in found.items() if value is not _MISSING})

    def _value(self, option: Option, node: Any, where: str) -> Any:
        """The value of one option, or _MISSING once the mistake is noted."""
        value = _converted(option, self._plain(node), self.path.parent)
        if value is _MISSING:
            # A number that is nearly another one is no slip of the hand.
            guess = option.choices is not None and option.kind is not int and node.id == "scalar"
            close = _close(node.value, list(option.choices or ())) if guess else ""
            self._mistake(where, node, f"found {_shown(node)}; allowed: {option.allowed()}{close}")
        return value

    def _plain(self, node: Any) -> Any:
        """A scalar as the bool, number, None or text that YAML takes it for; _MISSING for anything else."""
        if node.id != "scalar":
            return _MISSING
        if node.tag.rpartition(":")[2] in ("bool", "int", "float", "null"):
            try:
                return self.loader.construct_object(node)
            except (ValueError, KeyError, IndexError):
                return node.value
        return node.value

    def _mistake(self, where: str, node: Any, words: str) -> None:
        self.mistakes.append(f"{where} (line {node.start_mark.line + 1}): {words}")


def _converted(option: Option, value: Any, folder: Path) -> Any:
    """The value as the option wants it, or _MISSING where it is not allowed."""
    if value is None:
        return None if option.nullable else _MISSING
    if option.choices is not None:
        matches = (choice for choice in option.choices.values() if type(value) is _plain_kind(choice) and value == choice)
        return next(matches, _MISSING)
    if option.kind is Path:
        return _as_path(value, folder)
    if option.kind is float and type(value) is int:
        value = float(value) if abs(value) < 1 << 53 else math.inf
    limits, right_kind = option.range, type(value) is option.kind
    return value if right_kind and (limits is None or limits.low <= value <= limits.high) else _MISSING


def _plain_kind(choice: Any) -> type:
    """The type that YAML would give to this choice."""
    return str if isinstance(choice, StrEnum) else type(choice)


def _as_path(value: Any, folder: Path) -> Any:
    """A path, from the folder of the file, or _MISSING where it is none."""
    if type(value) is not str or not value.strip() or "\0" in value:
        return _MISSING
    try:
        return folder / Path(value).expanduser()
    except RuntimeError:
        return _MISSING


def _empty(node: Any) -> bool:
    """Whether nothing, or null, stands here."""
    return bool(node.tag.endswith(":null"))


def _shown(node: Any) -> str:
    """What was found, short enough to be told."""
    if node.id != "scalar":
        return {"mapping": "options", "sequence": "a list"}[node.id]
    if _empty(node):
        return "nothing"
    return repr(node.value if len(node.value) <= 40 else node.value[:39] + "…")


def _instead(name: str, known: list[str]) -> str:
    """What an unknown option might have meant, or what there is."""
    close = _close(name, known)
    return close.removeprefix("; ") if close else f"there are {', '.join(known)}"


def _close(found: str, known: list[str]) -> str:
    """A guess at what was meant."""
    matches = get_close_matches(found.lower(), {name.lower(): name for name in known}, n=1)
    return f"; did you mean {next(name for name in known if name.lower() == matches[0])!r}?" if matches else ""
