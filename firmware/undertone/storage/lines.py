"""Values of `flow` as lines of JSON, and back.

    {"t": 12.5, "type": "beat", "value": {"t": 12.5, "interval": 0.81, "flag": "clean", "pod": 0}}

What is not known is null. JSON has no infinity: the level of silence is written "-inf". How a value is read back follows from
the annotations of its class; a field that a line lacks takes its default, and one that a class does not know is passed over, so
that journals outlive changes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from undertone import flow

__all__ = ["TYPES", "decoded", "encoded"]

TYPES: Mapping[str, type] = {
    kind.__name__.lower(): kind
    for kind in (
        flow.Affect,
        flow.Bar,
        flow.Beat,
        flow.Block,
        flow.Command,
        flow.Directive,
        flow.Fault,
        flow.Features,
        flow.Response,
    )
}
"""What can be kept, by the name that stands in `type`."""

Reader = Callable[[Any], Any]


def encoded(t: float, value: Any) -> bytes:
    """The line for a value at a time, with its end of line.

    Raises TypeError or ValueError for what is none of TYPES.
    """
    name = type(value).__name__.lower()
    if TYPES.get(name) is not type(value):
        raise TypeError(f"{type(value).__name__} is nothing that a journal keeps")
    line = {"t": _plain(t), "type": name, "value": _plain(value)}
    return json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(", ", ": ")).encode() + b"\n"


def decoded(line: bytes) -> tuple[float, Any] | None:
    """Time and value of a line; None for a line of another type.

    Raises ValueError for what is no line of a journal.
    """
    try:
        content = json.loads(line)
        kind = TYPES.get(content["type"])
        return None if kind is None else (float(content["t"]), _reader(kind)(content["value"]))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"no line of a journal: {error}") from None


def _plain(value: Any) -> Any:
    """The value made of what JSON has."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if isinstance(value, str | bool | NoneType | int):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be written")


@cache
def _reader(hint: Any) -> Reader:
    """What turns plain JSON into something of the annotated type."""
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_reader(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (_reader(arg) for arg in args if arg is not NoneType)
        return lambda plain: None if plain is None else inner(plain)
    if origin is tuple:
        inner = _reader(args[0])
        return lambda plain: tuple(inner(item) for item in plain)
    if origin is np.ndarray:
        return flow.readonly
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, item = _reader(args[0]), _reader(args[1])
        return lambda plain: {key(name): item(content) for name, content in plain.items()}
    if isinstance(hint, type):
        return hint
    raise TypeError(f"no way to read {hint}")


def _dataclass_reader(kind: type) -> Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(plain: Any) -> Any:
        return kind(**{name: reader(plain[name]) for name, reader in readers.items() if name in plain})

    return read
