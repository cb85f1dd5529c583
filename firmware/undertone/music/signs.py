"""The signs of a voice: notes, chords, rests, ties and bars, read into notes with times.

Part of the text form of scores; `notation` reads what stands around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from undertone.flow import Layer
from undertone.music.sheet import GRAIN, Event, exact

__all__ = ["LENGTH_HINT", "Line", "Problem", "Sign", "Signs"]

LOWEST, HIGHEST = 21, 108
LONGEST = 64
"""Quarter notes that one sign may last."""
LENGTH_HINT = f"write quarter notes as 2, 0.5, 1.5 or 1/3, {LONGEST} at most"

TOKEN = re.compile(r"(?P<what>[^:~][^:]*?)(?::(?P<length>[^~]*))?(?P<tie>~?)")
PITCH = re.compile(r"(?P<letter>[a-gA-G])(?P<sign>##|bb|#|b)?(?P<octave>-?\d)(?P<tie>~?)")
LENGTH = re.compile(r"\d{1,4}/(?P<part>\d{1,4})|\d{1,4}(?:\.\d{1,6})?")
NATURAL = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
ACCIDENTALS = {None: 0, "#": 1, "##": 2, "b": -1, "bb": -2}


class Problem(NamedTuple):
    """Something in a score that cannot be read."""

    line: int
    """From 1."""
    column: int
    """From 1."""
    message: str
    """What is wrong and what may stand there."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A word of the music with its place."""

    text: str
    line: int
    column: int


@dataclass(slots=True)
class Line:
    """One voice of a section while it is read."""

    bars: list[tuple[list[Sign], bool]] = field(default_factory=list)
    """Signs of each bar, and whether a phrase ends with it."""

    def take(self, music: str, number: int, column: int, problems: list[Problem]) -> None:
        """Add a line's bars. column: of the first character of `music`."""
        signs: list[Sign] = []
        for match in re.finditer(r"\|+|[^\s|]+", music):
            place = column + match.start()
            if match[0][0] != "|":
                signs.append(Sign(match[0], number, place))
            elif len(match[0]) > 2:
                problems.append(Problem(number, place, "A bar ends with |, a phrase with ||."))
            elif signs:
                self.bars.append((signs, match[0] == "||"))
                signs = []
            else:
                problems.append(Problem(number, place, "There is nothing before this bar line: write R where a voice rests."))
        if signs:
            self.bars.append((signs, False))

    def rest(self, bars: int, line: int, column: int) -> None:
        """Add bars of rest."""
        self.bars += [([Sign("R", line, column)], False) for _ in range(bars)]


Tied = dict[int, tuple[int, Sign]]
"""Pitches that wait for the same note: where their note stands among the events, and the sign that is tied."""


class Signs:
    """Reads voices and gathers what is wrong with them."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def _wrong(self, line: int, column: int, message: str) -> None:
        self._problems.append(Problem(line, column, message))

    def voice(
        self, voice: Line, layer: Layer, start: Fraction, lengths: list[tuple[Fraction, Sign]], bar: Fraction
    ) -> list[Event]:
        """The notes of one voice from `start` on. lengths: takes the length of each bar and where it stands."""
        events: list[Event] = []
        tied: Tied = {}
        now, before = start, list[Sign]()
        for signs, _ in voice.bars:
            if signs[0].text == "%" and len(signs) == 1 and before:
                signs = [replace(sign, line=signs[0].line, column=signs[0].column) for sign in before]
            opened, length, wrong = now, Fraction(1), len(self._problems)
            for sign in signs:
                length, pitches = self._sign(sign, length, bar - (now - opened) if now >= 0 or start >= 0 else -now)
                tied = self._sounded(events, tied, pitches, now, length, layer, sign)
                now += length
            if len(self._problems) > wrong:
                # What cannot be read is told once: the bar is then taken to be as long as it should be.
                now = opened + (bar if opened >= 0 else -opened)
            lengths.append((now - opened, signs[0]))
            before = signs
        self._untied(tied)
        return events

    def _sounded(
        self, events: list[Event], tied: Tied, pitches: dict[int, bool], now: Fraction,
        length: Fraction, layer: Layer, sign: Sign,
    ) -> Tied:
        """Add the notes of a sign, lengthening those that are tied; returns what is tied to the next."""
        after: Tied = {}
        for pitch, ties in pitches.items():
            index = tied.pop(pitch)[0] if pitch in tied else len(events)
            if index == len(events):
                events.append(Event(float(now), float(length), pitch, layer))
            else:
                longer = exact(events[index].duration) + length
                events[index] = events[index]._replace(duration=float(longer))
            if ties:
                after[pitch] = (index, sign)
        self._untied(tied)
        return after

    def _untied(self, tied: Tied) -> None:
        for sign in {id(sign): sign for _, sign in tied.values()}.values():
            self._wrong(sign.line, sign.column, f"“{sign.text}” is tied, but the same note does not follow.")

    def _sign(self, sign: Sign, before: Fraction, left: Fraction) -> tuple[Fraction, dict[int, bool]]:
        """How long a sign lasts, and its pitches, each with whether it is tied on."""
        match = TOKEN.fullmatch(sign.text)
        silent = match is not None and match["what"] in ("r", "R", "%")
        if match is None or (silent and match["tie"]) or (match["what"] in ("R", "%") and match["length"] is not None):
            told = f"“{sign.text}” is no note: write one as c#4:1.5, a chord as c4+e4:2, a rest as r:1."
            self._wrong(sign.line, sign.column, told)
            return before, {}
        if match["what"] == "%":
            self._wrong(sign.line, sign.column, "“%” stands alone in its bar, and a bar stands before it.")
            return before, {}
        if match["what"] == "R":
            return max(left, Fraction(0)), {}
        length: Fraction | None = before
        if match["length"] is not None:
            length = self.length(match["length"], sign.line, sign.column + match.start("length"))
        if match["what"] == "r":
            return length or before, {}
        return length or before, self._pitches(match["what"], bool(match["tie"]), sign)

    def _pitches(self, text: str, tie: bool, sign: Sign) -> dict[int, bool]:
        pitches: dict[int, bool] = {}
        column = sign.column
        for name in text.split("+"):
            match = PITCH.fullmatch(name)
            pitch = 0
            if match:
                pitch = NATURAL[match["letter"].lower()] + ACCIDENTALS[match["sign"]] + 12 * (int(match["octave"]) + 1)
            if not match or not LOWEST <= pitch <= HIGHEST:
                told = f"“{name}” is no note: write a letter a…g, #, b or nothing, and an octave, from a0 to c8."
                self._wrong(sign.line, column, told)
            elif pitch in pitches:
                self._wrong(sign.line, column, f"“{name}” stands in this chord already.")
            else:
                pitches[pitch] = tie or bool(match["tie"])
            column += len(name) + 1
        return pitches

    def length(self, text: str, line: int, column: int) -> Fraction | None:
        """A number of quarter notes; None, and a problem, where it is none."""
        match = LENGTH.fullmatch(text)
        if match and (match["part"] is None or int(match["part"])):
            length = Fraction(text)
            if 0 < length <= LONGEST and GRAIN % length.denominator == 0:
                return length
        self._wrong(line, column, f"“{text}” is no length: {LENGTH_HINT}.")
        return None
