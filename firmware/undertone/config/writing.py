"""Changing a few options in a configuration that a person wrote, and nothing else in it.

Theory of operation. The file is read as nodes that know where in the text they stand. Only the text of a value is exchanged,
or a line is put in where there was none, so that comments, order, indentation and spelling of everything else stay as they are,
to the byte. What comes out is read once more as a configuration before it takes the place of the file, in one step.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from undertone.config.reading import load
from undertone.config.settings import Settings
from undertone.errors import ConfigError, StorageError

__all__ = ["set_options"]


def set_options(path: Path | str, values: Mapping[str, float | str], *, note: str = "") -> None:
    """Set options in a configuration file.

    values: by the path of the option, "sensors.skin.feedback_ohms"; text must be a plain word. note: a comment that goes behind
    each of them, in place of one with the same first word; another comment that is there is left alone.

    Raises ConfigError where the file is no good configuration, before or after; StorageError where it cannot be written.
    """
    # Behind a link, the file itself is changed.
    file = Path(path).resolve()
    wanted: Any = load(file)
    text = file.read_bytes().decode("utf-8")
    for option, value in values.items():
        keys = option.split(".")
        text = _with(text, keys, value if isinstance(value, str) else repr(float(value)).removesuffix(".0"), note)
        wanted = _changed(wanted, keys, value)
    _replace(file, text, wanted)


def _changed(settings: Any, keys: list[str], value: float | str) -> Any:
    """The settings with one option set."""
    first, *rest = keys
    return replace(settings, **{first: _changed(getattr(settings, first), rest, value) if rest else value})


def _with(text: str, keys: list[str], value: str, note: str) -> str:
    """The text with one option set."""
    import yaml

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    indent = 0
    for depth, key in enumerate(keys):
        if node is None or node.id != "mapping" or not node.value:
            return _filled(text, node, keys[depth:], value, note, indent)
        found = next((pair for pair in node.value if pair[0].value == key), None)
        if found is None:
            return _inserted(text, node, keys[depth:], value, note)
        indent = found[0].start_mark.column + 2
        node = found[1]
    return _exchanged(text, node, value, note)


def _exchanged(text: str, node: Any, value: str, note: str) -> str:
    """The value in place of the one that is there."""
    start, end = node.start_mark.index, node.end_mark.index
    gap = "" if start > 0 and text[start - 1] in " \t" else " "
    line_end = text.find("\n", end)
    rest = text[end:] if line_end < 0 else text[end:line_end]
    if note and re.fullmatch(rf"[ \t\r]*(#[ \t]*{re.escape(note.split()[0])}\b.*)?", rest):
        rest = f"  # {note}"
    return text[:start] + gap + value + rest + ("" if line_end < 0 else text[line_end:])


def _inserted(text: str, node: Any, keys: list[str], value: str, note: str) -> str:
    """The option before the first one of a section that has some."""
    first = node.value[0][0].start_mark
    place: int = first.index
    if node.flow_style:
        # What stands in braces stays in one line, which has no room for a comment.
        inner = value
        for key in reversed(keys[1:]):
            inner = f"{{{key}: {inner}}}"
        return f"{text[:place]}{keys[0]}: {inner}, {text[place:]}"
    column: int = first.column
    return text[:place] + _lines(keys, value, note, column).lstrip() + " " * column + text[place:]


def _filled(text: str, node: Any, keys: list[str], value: str, note: str, indent: int) -> str:
    """The option in a section that is empty, or in a file that is."""
    if node is None or (indent == 0 and node.id == "scalar" and not node.value):
        return text + ("" if not text or text.endswith("\n") else "\n") + _lines(keys, value, note, 0)
    inner = value
    for key in reversed(keys):
        inner = f"{{{key}: {inner}}}"
    start, end = node.start_mark.index, node.end_mark.index
    if start == end or node.id == "scalar":
        # `skin:`, `skin: ~` or `skin: null`, perhaps with a comment behind it, which the lines then follow.
        line_end = text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end
        return text[:start] + text[end:line_end] + "\n" + _lines(keys, value, note, indent) + text[line_end + 1 :]
    return text[:start] + inner + text[end:]


def _lines(keys: list[str], value: str, note: str, indent: int) -> str:
    """The option as lines, with the sections around it."""
    *sections, option = keys
    lines = [" " * (indent + 2 * depth) + f"{key}:\n" for depth, key in enumerate(sections)]
    comment = f"  # {note}" if note else ""
    return "".join(lines) + " " * (indent + 2 * len(sections)) + f"{option}: {value}{comment}\n"


def _replace(file: Path, text: str, wanted: Settings) -> None:
    """Let the text take the place of the file at once, if it says exactly what is wanted."""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".yaml", dir=file.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if load(temporary) != wanted:
                raise ConfigError("other settings would change as well")
            before = file.stat()
            os.chmod(temporary, before.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(temporary, before.st_uid, before.st_gid)
            os.replace(temporary, file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except ConfigError as error:
        raise ConfigError(f"{file} is written in a way that cannot be changed by a program; change it by hand.") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise StorageError(f"{file} cannot be written ({why}): it is as it was. May you write to it?") from None
