"""Pieces in the public domain that come with Undertone, each a `.score` file beside this one in the form of `docs/scores.md`.

To add one, put another such file here.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files

from undertone.errors import UndertoneError
from undertone.music.notation import parse
from undertone.music.sheet import Piece

__all__ = ["PIECES", "piece_named"]

ENDING = ".score"


PIECES: tuple[str, ...] = tuple(
    sorted(file.name.removesuffix(ENDING) for file in files(__name__).iterdir() if file.name.endswith(ENDING))
)
"""The names of all pieces, in the order of the alphabet."""


@lru_cache(maxsize=64)
def piece_named(name: str) -> Piece:
    """The piece of this name.

    Raises UndertoneError, naming what there is, when there is none, and NotationError for a score that cannot be read.
    """
    if name not in PIECES:
        close = get_close_matches(name, PIECES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "choose one of these."
        raise UndertoneError(f"There is no piece {name!r}; there are {', '.join(PIECES)}: {hint}")
    return parse(files(__name__).joinpath(name + ENDING).read_text(encoding="utf-8"), name + ENDING)
