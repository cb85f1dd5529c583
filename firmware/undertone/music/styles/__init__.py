"""Styles: what the music is played on and how each layer moves, as small files.

Each built-in style is a TOML file beside this module; docs/styles.md explains every word of one. `STYLES` reads them when it
is first asked, `read_styles` reads a folder of somebody's own, and `read_style` checks one text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from undertone.errors import UndertoneError
from undertone.music.styles.balance import trim_db
from undertone.music.styles.reading import StyleError, read_style
from undertone.music.styles.style import Bed, Figuration, Ground, Song, Style

__all__ = [
    "STYLES",
    "Bed",
    "Figuration",
    "Ground",
    "Song",
    "Style",
    "StyleError",
    "read_style",
    "read_styles",
    "style_named",
    "trim_db",
]

LARGEST = 65_536
"""Bytes of a style; a larger file is something else."""


@cache
def _built_in() -> Mapping[str, Style]:
    folder = resources.files("undertone.music.styles")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    read = (read_style(entry.read_text(encoding="utf-8"), f"styles/{entry.name}") for entry in files)
    return MappingProxyType({style.name: style for style in read})


class _Styles(Mapping[str, Style]):
    """The built-in styles, read when they are first needed."""

    def __getitem__(self, name: str) -> Style:
        return _built_in()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_built_in())

    def __len__(self) -> int:
        return len(_built_in())


STYLES: Mapping[str, Style] = _Styles()
"""Every built-in style by its name."""


def read_styles(folder: Path | str) -> Mapping[str, Style]:
    """The styles in a folder, by the names of their files without `.toml`; empty where it holds none.

    Raises StyleError with the mistakes of all files together, or with what to do where the folder cannot be read.
    """
    found: dict[str, Style] = {}
    mistakes: list[str] = []
    try:
        paths = sorted(path for path in Path(folder).iterdir() if path.suffix == ".toml")
    except OSError as error:
        raise StyleError(f"The styles in {folder} cannot be read ({error.strerror}); check the folder's path.") from error
    for path in paths:
        try:
            style = read_style(_text(path), str(path))
        except StyleError as error:
            mistakes.append(str(error))
        else:
            found[style.name] = style
    if mistakes:
        raise StyleError("\n".join(mistakes))
    return MappingProxyType(found)


def _text(path: Path) -> str:
    """What a file says. Raises StyleError where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise StyleError(f"{path} is too large for a style; a style takes a page.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StyleError(f"{path} is not text in UTF-8; save it as that.") from error
    except OSError as error:
        raise StyleError(f"{path} cannot be read ({error.strerror}); check that it is a file and may be read.") from error


def style_named(name: str | Style, own: Mapping[str, Style] = MappingProxyType({})) -> Style:
    """The style of this name; a style itself stands for itself. own: styles beside the built-in ones, which come first.

    Raises UndertoneError, naming what there is, when there is none.
    """
    if isinstance(name, Style):
        return name
    known = {**STYLES, **own}
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "choose one of these."
    raise UndertoneError(f"There is no style {name!r}; there are {', '.join(sorted(known))}: {hint}")
