"""Scores as text that a person can write in an editor: a piece on a page. `docs/scores.md` teaches the form.

    title: New Britain
    key: G major
    metre: 3/4
    tempo: 76

    [A] pickup 1
    melody: d4 | g4:2 b4:1/2 g4 | b4:2 a4:1 || g4:2 e4:1 | d4:2

A note is a letter with its accidentals and octave (`f#4`, c4 is middle C), then, after a colon, its length in quarter notes.
Without one it is as long as what stands before it in its bar; the first of a bar is one quarter note. `+` joins the notes
of a chord, `~` ties to the same note after it, `r` rests, `R` rests to the end of the bar, `%` repeats the bar before.
`|` ends a bar, `||` ends a phrase as well; the end of a line ends a bar. Lines without an empty line between them sound
together (a system); a voice that is not in a system rests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction

from undertone.errors import UndertoneError
from undertone.flow import Layer
from undertone.music.engraving import said_length, write
from undertone.music.sheet import Event, Piece, Section, bar_beats, exact
from undertone.music.signs import Line, Problem, Sign, Signs
from undertone.music.theory import AEOLIAN, IONIAN, MODES, Key

__all__ = ["HEADERS", "NotationError", "Problem", "parse", "parse_line", "read_key", "write"]

SIZE_LIMIT = 200_000
"""Characters of a score at most: more than a symphony's first movement takes."""
SHOWN = 20
"""Problems that a message spells out; it counts the others."""
SLOWEST, FASTEST = 10.0, 400.0
FORM_LIMIT = 200
"""Sections that a form may list."""

HEADERS: Mapping[str, str] = {
    "title": "what it is called",
    "composer": "who wrote it",
    "source": "where these notes come from",
    "licence": "what allows it to be played: public domain",
    "key": "D major, A minor, E dorian",
    "metre": "as a time signature: 3/4",
    "tempo": "quarter notes a minute",
    "form": "names of sections in the order of playing: A A B A",
    "about": "what was left out or changed",
}
"""What may stand above the first section, and what it says."""
REQUIRED = ("title", "key", "metre", "tempo")

VOICE = re.compile(r"([a-z]+)([2-9]?)")


class NotationError(UndertoneError, ValueError):
    """A score does not say what it must. Its message lists every problem with its place."""

    def __init__(self, problems: list[Problem], where: str) -> None:
        self.problems = tuple(sorted(problems))
        shown = [f"{where}:{line}:{column}: {message}" for line, column, message in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            shown.append(f"{where}: there are {len(self.problems) - SHOWN} problems more.")
        super().__init__("\n".join(shown))


@dataclass(slots=True)
class _Part:
    """A section while it is read."""

    name: str
    line: int
    pickup: Fraction
    voices: dict[str, Line] = field(default_factory=dict)
    system: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Lines since the last empty one: how many bars each has, and where it stands."""
    bars: int = 0
    """In the systems that are finished."""


def read_key(text: str) -> Key | None:
    """The key that "D major", "f# minor" or "Bb dorian" names, None where it is none or has more than six signs."""
    words = text.split()
    if len(words) != 2 or not (match := re.fullmatch(r"([a-gA-G])(#|b)?", words[0])):
        return None
    wanted = words[1].lower()
    names = {mode.name: mode for mode in MODES} | {"major": IONIAN, "minor": AEOLIAN}
    if wanted not in names:
        return None
    spelled = match[1].upper() + (match[2] or "")
    return next((key for fifths in range(-6, 7) if (key := Key(fifths, names[wanted])).spelled(0) == spelled), None)


def parse(text: str, where: str = "score") -> Piece:
    """The piece that a text describes.

    where: what the messages call it, for example its file name. Raises NotationError with all problems at once.
    """
    return _Reader(where).piece(text)


def parse_line(text: str, metre: tuple[int, int] = (4, 4), where: str = "melody") -> tuple[Event, ...]:
    """The notes of one line of music such as `g4:2 a4 | b4:4`, of which bars may have any length.

    Raises NotationError with all problems at once.
    """
    problems: list[Problem] = []
    events: list[Event] = []
    start = Fraction(0)
    for number, music in enumerate(text[:SIZE_LIMIT].splitlines(), 1):
        voice, lengths = Line(), list[tuple[Fraction, Sign]]()
        voice.take(music, number, 1, problems)
        events += Signs(problems).voice(voice, Layer.MELODY, start, lengths, bar_beats(metre))
        start += sum((length for length, _ in lengths), Fraction(0))
    if problems:
        raise NotationError(problems, where)
    return tuple(events)


class _Reader:
    """Reads one text and gathers what is wrong with it."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []
        self._signs = Signs(self.problems)
        self._headers: dict[str, tuple[str, int, int]] = {}
        self._parts: dict[str, _Part] = {}

    def piece(self, text: str) -> Piece:
        """The whole piece. Raises NotationError."""
        if len(text) > SIZE_LIMIT:
            told = f"A score has {SIZE_LIMIT} characters at most; this has {len(text)}: split it into pieces."
            raise NotationError([Problem(1, 1, told)], self.where)
        self._divide(text)
        for name in REQUIRED:
            if name not in self._headers:
                self._wrong(1, 1, f"There is no line “{name}: …” ({HEADERS[name]}) above the first section.")
        key, metre, tempo = self._key(), self._metre(), self._tempo()
        if not self._parts:
            self._wrong(max(1, text.count("\n") + 1), 1, "There is no section: begin one with a line such as [A].")
        bar = bar_beats(metre)
        sections = {name: self._section(part, bar) for name, part in self._parts.items()}
        self._check_ends(sections, bar)
        form = self._form(sections)
        if self.problems:
            raise NotationError(self.problems, self.where)
        said = {name: value for name, (value, _, _) in self._headers.items()}
        return Piece(
            title=said["title"],
            composer=said.get("composer", ""),
            source=said.get("source", ""),
            licence=said.get("licence", ""),
            key=key,
            metre=metre,
            tempo_bpm=tempo,
            form=form,
            sections=sections,
            about=said.get("about", ""),
        )

    def _wrong(self, line: int, column: int, message: str) -> None:
        self.problems.append(Problem(line, column, message))

    # -------------------------------------------------------------------------------------------------- lines

    def _divide(self, text: str) -> None:
        part: _Part | None = None
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            column = len(raw) - len(raw.lstrip()) + 1
            if part is not None and (not line or line.startswith("[")):
                self._finished(part)
            if not line or line.startswith("# ") or line == "#":
                continue
            if line.startswith("["):
                part = self._opened(line, number, column)
            elif ":" not in line:
                self._wrong(number, column, "Here stands a line such as “key: D major”, “[A]” or “melody: c4 d4 |”.")
            elif part is None:
                self._header(line, number, column)
            else:
                self._voice_line(part, raw, number, column)
        if part is not None:
            self._finished(part)

    def _finished(self, part: _Part) -> None:
        """The end of a system: its lines have equally many bars, and what is not in it rests."""
        longest = max((bars for bars, _ in part.system.values()), default=0)
        for name, voice in part.voices.items():
            bars, line = part.system.get(name, (0, part.line))
            if 0 < bars < longest:
                self._wrong(line, 1, f"This line has {bars} bars; another of its system has {longest}.")
            voice.rest(part.bars + longest - len(voice.bars), line, 1)
        part.bars += longest
        part.system.clear()

    def _opened(self, line: str, number: int, column: int) -> _Part:
        match = re.fullmatch(r"\[\s*([^\W_][\w'’-]*)\s*\]\s*(?:pickup\s+(\S+))?", line)
        if not match:
            self._wrong(number, column, "A section begins with its name in brackets, [A], or [A] pickup 1 where it leads in.")
            return _Part("", number, Fraction(0))
        pickup = self._signs.length(match[2], number, column + match.start(2)) if match[2] else Fraction(0)
        if match[1] in self._parts:
            self._wrong(number, column, f"There is a section {match[1]} already; each has another name, and “form” repeats it.")
        return self._parts.setdefault(match[1], _Part(match[1], number, pickup or Fraction(0)))

    def _header(self, line: str, number: int, column: int) -> None:
        name, value = (word.strip() for word in line.split(":", 1))
        if name not in HEADERS:
            near = get_close_matches(name, HEADERS, n=1)
            hint = f"did you mean “{near[0]}”?" if near else f"there are {', '.join(HEADERS)}; music stands below a line [A]."
            self._wrong(number, column, f"There is no line “{name}”: {hint}")
        elif name in self._headers:
            self._wrong(number, column, f"“{name}” stands in line {self._headers[name][1]} already.")
        elif not value:
            self._wrong(number, column + len(line), f"After “{name}:” stands {HEADERS[name]}.")
        else:
            self._headers[name] = (value, number, column + line.index(value, len(name) + 1))

    def _voice_line(self, part: _Part, raw: str, number: int, column: int) -> None:
        name, music = raw.split(":", 1)
        name = name.strip()
        match = VOICE.fullmatch(name)
        if not match or match[1] not in set(Layer):
            voices = ", ".join(Layer)
            self._wrong(number, column, f"There is no voice “{name}”; there are {voices}, and any of them with 2…9.")
            return
        voice = part.voices.setdefault(name, Line())
        if name in part.system:
            self._wrong(number, column, f"“{name}” stands in this system already; an empty line begins the next system.")
            return
        voice.rest(part.bars - len(voice.bars), number, column)
        voice.take(music, number, len(raw) - len(music) + 1, self.problems)
        part.system[name] = (len(voice.bars) - part.bars, number)

    # -------------------------------------------------------------------------------------------------- header values

    def _key(self) -> Key:
        value, line, column = self._headers.get("key", ("", 0, 0))
        key = read_key(value)
        if key is None and line:
            modes = ", ".join(["major", "minor", *(mode.name for mode in MODES)])
            self._wrong(line, column, f"“{value}” is no key: write a note, then one of {modes}; it has six signs at most.")
        return key or Key(0, IONIAN)

    def _metre(self) -> tuple[int, int]:
        value, line, column = self._headers.get("metre", ("", 0, 0))
        match = re.fullmatch(r"(\d{1,2})/(1|2|4|8|16)", value)
        if match and 1 <= int(match[1]) <= 24 and 0.5 <= int(match[1]) * 4 / int(match[2]) <= 12:
            return int(match[1]), int(match[2])
        if line:
            self._wrong(line, column, f"“{value}” is no metre: write one such as 3/4 or 6/8, of twelve quarter notes at most.")
        return 4, 4

    def _tempo(self) -> float:
        value, line, column = self._headers.get("tempo", ("", 0, 0))
        if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", value) and SLOWEST <= float(value) <= FASTEST:
            return float(value)
        if line:
            self._wrong(line, column, f"“{value}” is no tempo: write quarter notes a minute, {SLOWEST:g} to {FASTEST:g}.")
        return 72.0

    def _form(self, sections: Mapping[str, Section]) -> tuple[str, ...]:
        value, line, column = self._headers.get("form", (" ".join(sections), 0, 0))
        names = value.split()
        for match in re.finditer(r"\S+", value):
            if match[0] not in sections and line:
                there = ", ".join(sections) or "none"
                self._wrong(line, column + match.start(), f"There is no section {match[0]}; there are {there}.")
        if len(names) > FORM_LIMIT:
            self._wrong(line, column, f"A form lists {FORM_LIMIT} sections at most; this has {len(names)}.")
        return tuple(names)

    # -------------------------------------------------------------------------------------------------- music

    def _section(self, part: _Part, bar: Fraction) -> Section:
        if part.pickup >= bar:
            self._wrong(part.line, 1, f"A pickup is shorter than a bar, which has {said_length(bar)} quarter notes here.")
        if not part.voices:
            self._wrong(part.line, 1, f"Section {part.name} has no music: write a line such as “melody: c4 d4 |” below it.")
        events: list[Event] = []
        phrases: set[int] = set()
        lengths: list[list[tuple[Fraction, Sign]]] = []
        first = 1 if part.pickup else 0
        for name, voice in part.voices.items():
            lengths.append([])
            layer = Layer(name.rstrip("23456789"))
            events += self._signs.voice(voice, layer, -part.pickup, lengths[-1], bar)
            phrases |= {index + 1 - first for index, (_, ends) in enumerate(voice.bars[:-1]) if ends and index + 1 > first}
        last = self._last(part, lengths, bar)
        beats = Fraction(0) if part.bars <= first else (part.bars - first - 1) * bar + last
        ordered = sorted(events, key=lambda event: (event.beat, tuple(Layer).index(event.layer), event.pitch, event.duration))
        return Section(part.name, float(part.pickup), float(beats), tuple(ordered), tuple(sorted(phrases)))

    def _last(self, part: _Part, lengths: list[list[tuple[Fraction, Sign]]], bar: Fraction) -> Fraction:
        """How long the last bar is; all bars are looked at."""
        ends: dict[Fraction, Sign] = {}
        for bars in lengths:
            for index, (length, sign) in enumerate(bars):
                wanted = part.pickup if index == 0 and part.pickup else bar
                if length != wanted and (index + 1 < len(bars) or length > wanted):
                    told = f"This bar has {said_length(length)} quarter notes; it should have {said_length(wanted)}."
                    self._wrong(sign.line, sign.column, told)
            # A voice that rests in the last bar rests as long as the others sound.
            if bars and bars[-1][1].text != "R":
                ends[bars[-1][0]] = bars[-1][1]
        if len(ends) > 1:
            sign = ends[min(ends)]
            self._wrong(sign.line, sign.column, "This last bar of its section is shorter than in another voice.")
        return min(ends, default=bar)

    def _check_ends(self, sections: Mapping[str, Section], bar: Fraction) -> None:
        pickups = {exact(section.pickup) for section in sections.values()}
        for name, section in sections.items():
            short = -exact(section.beats) % bar
            signs = [voice.bars[-1][0][0] for voice in self._parts[name].voices.values() if voice.bars]
            if short and short not in pickups and signs:
                lacks = f"This last bar lacks {said_length(short)} quarter notes"
                told = f"{lacks}: that may be only where a section begins with a pickup of as many."
                self._wrong(signs[0].line, signs[0].column, told)
