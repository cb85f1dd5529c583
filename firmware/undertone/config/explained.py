"""The file that explains every option, written from the settings classes themselves."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from undertone.config.options import options, written
from undertone.config.settings import Settings

__all__ = ["explained_yaml"]

WIDTH = 100
HEAD = (
    "Configuration of Undertone. Every option is here with its default, and what is left out keeps its default. "
    "Paths may begin with ~ and are meant from the folder of this file."
)


def explained_yaml() -> str:
    """A configuration with every option at its default, what it means, and what is allowed. Reading it gives the defaults."""
    lines = _comment(HEAD, "")
    for option in options(Settings):
        lines += ["", *_section(option.name, getattr(Settings(), option.name), "")]
    return "\n".join(lines) + "\n"


def _section(name: str, settings: Any, indent: str) -> Iterator[str]:
    """The lines of one section: its own explanation, then each option with its."""
    cls = type(settings)
    yield from _comment(str(cls.__doc__), indent)
    yield f"{indent}{name}:"
    meanings = _meanings(cls)
    for option in options(cls):
        value = getattr(settings, option.name)
        if option.section:
            yield from _section(option.name, value, indent + "  ")
        else:
            yield from _comment(f"{meanings[option.name]} Allowed: {option.allowed()}.", indent + "  ")
            yield f"{indent}  {option.name}: {written(value, option)}"


def _comment(text: str, indent: str) -> list[str]:
    words = " ".join(text.split())
    return textwrap.wrap(words, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_long_words=False)


def _meanings(cls: type) -> Mapping[str, str]:
    """The line under each field of a settings class."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = str(ast.literal_eval(text.value))
    return found
