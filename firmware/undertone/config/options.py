"""What a settings class allows, read off its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from undertone.config.settings import Among, Range

__all__ = ["Option", "options", "written"]


@dataclass(frozen=True, slots=True)
class Option:
    """One field of a settings class."""

    name: str
    kind: type
    """bool, int, float, str, Path, a StrEnum, or another settings class."""
    nullable: bool
    range: Range | None
    choices: Mapping[str, Any] | None
    """Allowed values by how they are written; None where there is no list of them."""

    @property
    def section(self) -> bool:
        """Whether this is a settings class with options of its own."""
        return is_dataclass(self.kind)

    def allowed(self) -> str:
        """What may stand here, in words."""
        if self.choices is not None:
            words = ", ".join(self.choices)
        elif self.range is not None:
            low, high = (written(end, self) for end in (self.range.low, self.range.high))
            words = f"{'a whole number' if self.kind is int else 'a number'} from {low} to {high}"
        else:
            words = _WORDS[self.kind]
        return f"{words}, or null" if self.nullable else words


_WORDS: Mapping[type, str] = MappingProxyType(
    {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}
)


def options(cls: type) -> tuple[Option, ...]:
    """Every option of a settings class, in the order in which they are written down."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_option(field.name, hints[field.name]) for field in fields(cls))


def written(value: Any, option: Option) -> str:
    """A value of this option as YAML."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if option.range is not None and option.range.written is not None:
        return option.range.written(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Path) or option.choices is not None:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _option(name: str, hint: Any) -> Option:
    """The option that an annotation describes."""
    hint, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    limits = next((note for note in notes if isinstance(note, Range)), None)
    among = next((note for note in notes if isinstance(note, Among)), None)
    nullable = NoneType in get_args(hint)
    if nullable:
        hint = next(kind for kind in get_args(hint) if kind is not NoneType)
    choices: tuple[Any, ...] | None = among.values() if among is not None else None
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        hint = type(choices[0])
    elif issubclass(hint, StrEnum):
        choices = tuple(hint)
    return Option(name, hint, nullable, limits, None if choices is None else {str(choice): choice for choice in choices})
