"""From the text of a style to a `Style`, or to all of its mistakes at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, TypeVar

from undertone.errors import ConfigError
from undertone.flow import Layer, Texture
from undertone.music.percussion import STROKES
from undertone.music.styles.style import Bed, Figuration, Ground, Song, Style

__all__ = ["StyleError", "read_style"]

FIGURE = ((0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 1, 3, 2, 4, 3, 1), (0, 2, 4, 3, 1, 3, 4, 2))
"""What broken chords do where the style does not say."""
GAINS_DB = {
    Layer.PAD: -10.0, Layer.BASS: -6.0, Layer.HARMONY: -4.0, Layer.MELODY: 0.0, Layer.COUNTER: -4.0, Layer.PERCUSSION: -14.0,
}  # fmt: skip
QUIETEST_LOUDEST = (-40.0, 6.0)
NEEDED = (Layer.PAD, Layer.HARMONY)
"""Layers that every style has: quiet places are made of them."""

_Name = TypeVar("_Name", bound=StrEnum)
_Value = TypeVar("_Value")


class StyleError(ConfigError):
    """A style does not say what it must. The message names every mistake, one a line."""


def read_style(text: str, where: str) -> Style:
    """The style that a TOML text describes. where: its file, whose name without `.toml` becomes the style's.

    Raises StyleError with every mistake: where it is, what was found, what may stand there.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StyleError(f"{where} is not TOML: {error}. docs/styles.md shows a whole style.") from error
    except RecursionError as error:
        raise StyleError(f"{where} is nested too deeply. docs/styles.md shows a whole style.") from error
    reading = _Reading(_lines(text))
    style = reading.style(tree, PurePath(where).stem, where)
    if reading.mistakes:
        count = len(reading.mistakes)
        head = f"{where} has {count} mistakes; correct them" if count > 1 else f"{where} has a mistake; correct it"
        told = [words for _, words in sorted(reading.mistakes)]
        raise StyleError("\n  ".join([f"{head} and try again (docs/styles.md explains every word):", *told]))
    return style


def _lines(text: str) -> Mapping[str, int]:
    """On which line each entry stands, as far as can be seen without parsing; only used to help a person find it."""
    places: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]") and "=" not in line and "," not in line:
            table = line.strip("[] ")
            places.setdefault(table, number)
        elif "=" in line and not line.startswith(("#", "[", "{", '"')):
            name = line.partition("=")[0].strip()
            places.setdefault(f"{table}.{name}" if table else name, number)
    return places


def _instead(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}."


@dataclass
class _Reading:
    """One reading of one text: what has been found wrong so far."""

    lines: Mapping[str, int]
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    """Lines, 0 where there is none, and sentences."""

    def style(self, tree: Mapping[str, Any], name: str, where: str) -> Style:
        """The style, to be used only where no mistake has been noted."""
        layers = {layer: self._table(tree, layer.value) for layer in Layer if layer.value in tree}
        for layer in NEEDED:
            if layer not in layers:
                self._mistake(layer.value, f"is missing: every style needs a table [{layer.value}] with programs")
        if not self._get(tree, "about", "a sentence", "", _text):
            self._mistake("about", "is missing: say in a sentence what it sounds like")
        taken: dict[str, Any] = {"figures": FIGURE}
        taken |= {key: self._number(tree, key, limits, default) for key, (limits, default) in SHARES.items()}
        for layer, table in layers.items():
            taken |= self._layer(layer, table)
            self._unknown(table, (*COMMON, *KEYS[layer]), f"{layer.value}.")
        self._unknown(tree, (*TOP, *(layer.value for layer in Layer)), "")
        programs = {layer: self._programs(table, layer) for layer, table in layers.items()}
        gains = {
            layer: self._number(table, f"{layer.value}.gain_db", QUIETEST_LOUDEST, GAINS_DB[layer])
            for layer, table in layers.items()
        }
        return Style(
            name=name,
            about=str(tree.get("about", "")),
            programs=MappingProxyType(programs),
            gains_db=MappingProxyType(gains),
            textures=tuple(Texture(word) for word in self._names(tree, "textures", list(map(str, Texture)), empty=True)),
            metres=self._metres(tree),
            origin=where,
            **taken,
        )

    def _layer(self, layer: Layer, table: Mapping[str, Any]) -> dict[str, Any]:
        """What only this layer has, by the names of `Style`'s fields."""
        match layer:
            case Layer.MELODY:
                return {
                    "song": self._name(table, "melody.moves", Song, Song.THEME),
                    "lift": round(self._number(table, "melody.lift", (-12.0, 12.0), 0.0)),
                    "legato": self._number(table, "melody.legato", (0.5, 1.5), 1.0),
                }
            case Layer.HARMONY:
                return {
                    "figurations": self._weights(table, "harmony.moves", Figuration, Figuration.BROKEN),
                    "figures": self._figures(table),
                    "chord_centre": self._number(table, "harmony.centre", (55.0, 72.0), 62.0),
                    "octave": round(self._number(table, "harmony.octave", (-1.0, 1.0), 0.0)),
                    "sustain": self._number(table, "harmony.sustain", (0.0, 1.0), 1.0),
                }
            case Layer.BASS:
                return {"grounds": self._weights(table, "bass.moves", Ground, Ground.WALKING)}
            case Layer.PAD:
                return {"bed": self._name(table, "pad.moves", Bed, Bed.CHORDS)}
            case Layer.PERCUSSION:
                if "strokes" not in table:
                    self._mistake("percussion.strokes", f"is missing: a list of any of {', '.join(STROKES)}")
                strokes = tuple(self._names(table, "percussion.strokes", tuple(STROKES)))
                return {"strokes": strokes, "swing": self._number(table, "percussion.swing", (0.0, 1.0), 0.0)}
            case Layer.COUNTER:
                return {}

    # ------------------------------------------------------------------------------------------------------------ values

    def _table(self, tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = tree[name]
        if isinstance(value, dict):
            return value
        self._mistake(name, f"found {value!r}; allowed: a table, as [{name}] on a line and its entries below")
        return {"programs": 0}

    def _get(
        self, table: Mapping[str, Any], place: str, allowed: str, default: _Value, taken: Callable[[Any], _Value | None]
    ) -> _Value:
        """One value, or the default where it is absent or a mistake. taken: the value if it may stand there, else None."""
        key = place.rpartition(".")[2]
        if key not in table:
            return default
        value = taken(table[key])
        if value is None:
            self._mistake(place, f"found {_shown(table[key])}; allowed: {allowed}")
            return default
        return value

    def _number(self, table: Mapping[str, Any], place: str, limits: tuple[float, float], default: float) -> float:
        low, high = limits
        return self._get(table, place, f"a number from {low:g} to {high:g}", default, lambda value: _within(value, low, high))

    def _programs(self, table: Mapping[str, Any], layer: Layer) -> tuple[int, ...]:
        def taken(value: Any) -> tuple[int, ...] | None:
            values = value if isinstance(value, list) else [value]
            fits = values and all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= 127 for v in values)
            return tuple(values) if fits else None

        place, kind = f"{layer.value}.programs", "drum kits" if layer is Layer.PERCUSSION else "General MIDI programs"
        if "programs" not in table:
            self._mistake(place, f"is missing: one or more {kind}, whole numbers from 0 to 127, in [ ]")
        return self._get(table, place, f"one or more {kind}, whole numbers from 0 to 127, in [ ]", (0,), taken)

    def _name(self, table: Mapping[str, Any], place: str, names: type[_Name], default: _Name) -> _Name:
        known = [str(name) for name in names]
        allowed = _any_of(known) + _hint([table.get("moves")], known)
        return self._get(table, place, allowed, default, lambda value: names(value) if value in known else None)

    def _names(self, table: Mapping[str, Any], place: str, known: Sequence[str], *, empty: bool = False) -> list[str]:
        def taken(value: Any) -> list[str] | None:
            fits = isinstance(value, list) and (value or empty) and all(item in known for item in value)
            return list(dict.fromkeys(value)) if fits else None

        found = table.get(place.rpartition(".")[2])
        hint = _hint(found if isinstance(found, list) else [found], known)
        return self._get(table, place, f"a list of {_any_of(known)}{hint}", [], taken)

    def _weights(
        self, table: Mapping[str, Any], place: str, names: type[_Name], default: _Name
    ) -> tuple[tuple[_Name, float], ...]:
        known = [str(name) for name in names]

        def taken(value: Any) -> tuple[tuple[_Name, float], ...] | None:
            pairs = value if isinstance(value, dict) else {value: 1} if isinstance(value, str) else {}
            fits = pairs and all(name in known and _within(share, 0.01, 100.0) for name, share in pairs.items())
            return tuple((names(name), float(share)) for name, share in pairs.items()) if fits else None

        found = table.get("moves")
        hint = _hint(list(found) if isinstance(found, dict) else [found], known)
        allowed = f"{_any_of(known)}, or several with weights from 0.01 to 100, as {{ {known[0]} = 2, {known[-1]} = 1 }}{hint}"
        return self._get(table, place, allowed, ((default, 1.0),), taken)

    def _figures(self, table: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
        def taken(value: Any) -> tuple[tuple[int, ...], ...] | None:
            rows = value if isinstance(value, list) else []
            fits = rows and all(isinstance(row, list) and 3 <= len(row) <= 16 for row in rows)
            fits = fits and all(type(note) is int and 0 <= note <= 4 for row in rows for note in row)
            return tuple(tuple(row) for row in rows) if fits else None

        allowed = "a list of figures, each a list of 3 to 16 numbers from 0 (the lowest note) to 4 (the highest)"
        return self._get(table, "harmony.figures", allowed, FIGURE, taken)

    def _metres(self, tree: Mapping[str, Any]) -> tuple[tuple[int, float], ...]:
        def taken(value: Any) -> tuple[tuple[int, float], ...] | None:
            pairs = value if isinstance(value, dict) else {}
            fits = pairs and all(name in ("3", "4") and _within(share, 0.01, 100.0) for name, share in pairs.items())
            return tuple((int(name), float(share)) for name, share in pairs.items()) if fits else None

        return self._get(tree, "metres", "3 and 4 with weights, as { 4 = 3, 3 = 1 }", ((4, 3.0), (3, 1.0)), taken)

    # ---------------------------------------------------------------------------------------------------------- mistakes

    def _unknown(self, table: Mapping[str, Any], known: Sequence[str], prefix: str) -> None:
        for key in table:
            if key not in known:
                self._mistake(prefix + key, f"there is no such entry; {_instead(key, known)}")

    def _mistake(self, place: str, words: str) -> None:
        line = self.lines.get(place)
        self.mistakes.append((line or 0, f"{place}{f' (line {line})' if line else ''}: {words}"))


SHARES: Mapping[str, tuple[tuple[float, float], float]] = MappingProxyType(
    {
        "density": ((0.2, 2.0), 1.0),
        "brightness": ((0.5, 3.0), 1.0),
        "room": ((0.0, 2.0), 1.0),
        "touch": ((-40.0, 40.0), 0.0),
    }
)
"""Numbers that hold for the whole style, with limits and defaults."""
TOP = ("about", "metres", "textures", *SHARES)
COMMON = ("programs", "gain_db")
KEYS: Mapping[Layer, tuple[str, ...]] = MappingProxyType(
    {
        Layer.PAD: ("moves",),
        Layer.BASS: ("moves",),
        Layer.HARMONY: ("moves", "figures", "centre", "octave", "sustain"),
        Layer.MELODY: ("moves", "lift", "legato"),
        Layer.COUNTER: (),
        Layer.PERCUSSION: ("strokes", "swing"),
    }
)
"""What else may stand in the table of each layer."""


def _within(value: Any, low: float, high: float) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    return float(value) if fits else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def _any_of(names: Sequence[str]) -> str:
    return f"any of {', '.join(names)}"


def _hint(found: Sequence[Any], known: Sequence[str]) -> str:
    """What was probably meant, for the first word that is not known."""
    wrong = [word for word in found if isinstance(word, str) and word not in known]
    close = get_close_matches(wrong[0], known, n=1) if wrong else []
    return f"; did you mean {close[0]!r}?" if close else ""
