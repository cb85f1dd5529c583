"""Where in the piece we are: chapters of sections of phrases of bars.

A chapter of eight to twelve minutes opens with a few bars without melody and says four to six sections in the order of a plan
of its own: a rondo, an arch, a song with two verses. Somewhere on the way it rests in a quiet passage of half a minute, and
where it ends there may be a real pause. A section of about two minutes is a small form of phrases: some ask, some answer, one
may take the theme apart, in some the accompaniment is alone. Where a section returns it has the same form. Chapters follow one
another without end; each takes its themes from the one before, and a late one may recall the very first.

Source: music.md §2.4 (lengths, quiet sections, pauses).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from undertone.music.arcs import OPEN, Arc, Stage
from undertone.music.streams import Streams

__all__ = ["LETTERS", "Form", "Place"]

LETTERS = "ABCR"
"""Sections with a theme; R recalls the first theme of the session."""
PLANS = (
    ("AB-ACA", 3.0), ("AAB-A", 1.5), ("ABC-BA", 2.0), ("ABA-CA", 2.0), ("A-ABA", 1.0), ("AB-ABA", 1.5), ("AB-CBA", 1.5),
    ("ABA-CBA", 2.0), ("ABC-ABA", 2.0), ("ABAC-BA", 1.5),
)  # fmt: skip
"""Orders of a chapter's sections; "-" is its quiet passage."""
CHAPTER_SECONDS = 590.0
SECTION_SECONDS = (95.0, 170.0)
PHRASE_BARS = ((8, 0.78), (6, 0.14), (10, 0.08))
"""Bars of a chapter's phrases, with weights."""
INTRO_BARS = 4
QUIET_SECONDS = 30.0
MOST_PHRASES = 8
"""Phrases of a section at most; where they are short a chapter has more sections instead."""
PAUSE_APART = 480.0
"""Seconds from one pause to the next at least."""
SMALL_FORMS = {
    1: ("n",), 2: ("qn",), 3: ("qqn", "qnn", "qqn", "qmn"), 4: ("qnqn", "qnmn", "qnqn", "qqmn"), 5: ("qnmqn", "qqnmn", "qnqmn"),
    6: ("qnqnmn", "qnmnqn", "qqnmqn"),
}  # fmt: skip
"""What the phrases of a section do, by how many there are: q asks, n answers, m takes the theme apart."""
RETURNING = ("AB", "ACA", "ABC", "A")
"""Orders in which sections come back when nothing new is said."""
LEAD_IN = 0.3
"""Chance that the accompaniment of a section begins four bars before its theme."""


@dataclass(frozen=True, slots=True)
class Place:
    """One phrase of the piece."""

    serial: int
    """0 for the first phrase of the session."""
    chapter: int
    section: int
    """Sections said in this chapter before this one, 0…7."""
    letter: str
    """"A", "B", "C", "R"; "intro", "quiet", "pause", "fragment" or "drone"."""
    answer: bool
    """Whether it answers."""
    bars: int
    last: bool = False
    """Whether it ends its chapter."""
    middle: bool = False
    """Whether it takes the theme apart."""
    alone: bool = False
    """Whether the accompaniment is alone."""
    turn: int = 0
    """How often this section has been said in this chapter before."""
    phrase: int = 0
    """Phrases of this section before this one."""
    raised: int = 0
    """Fifths by which its key lies higher than its section's."""
    paused: bool = False
    """Whether a pause follows."""
    verse: int | None = None
    """Which verse of a melody that a person gave is said here as it is; None for what is composed."""

    @property
    def sings(self) -> bool:
        """Whether there is a theme."""
        return (self.letter in LETTERS and not self.alone) or self.letter == "fragment"

    @property
    def silent(self) -> bool:
        """Whether nothing is played at all."""
        return self.letter == "pause"

    @property
    def theme(self) -> str:
        """The section whose harmony it shares."""
        return self.letter if self.letter in LETTERS else "A"

    @property
    def label(self) -> str:
        """What a reader of the score sees: "A" asks, "A'" answers, "A''" takes apart, "a" has no melody; "quiet", "pause"…"""
        if self.alone:
            return self.letter.lower()
        return self.letter + ("'" if self.answer else "''" if self.middle else "")

    @property
    def closed(self) -> bool:
        """Whether it ends at home."""
        return self.answer or self.last or self.letter in ("quiet", "pause", "fragment", "drone")


@dataclass(frozen=True, slots=True)
class _Step:
    """A phrase that is due: its kind as in `SMALL_FORMS`, or "-" for the accompaniment alone, and its length."""

    letter: str
    kind: str
    bars: int
    phrase: int = 0
    raised: int = 0
    verse: int | None = None


class Form:
    """Says which phrase comes next.

    verses: bars of the verses of a melody that a person gave; they are the first section of the first chapter, and what a late
    chapter recalls.
    """

    def __init__(self, streams: Streams, verses: tuple[int, ...] = ()) -> None:
        self._streams = streams
        self._verses = verses
        self._serial = -1
        self._chapter = -1
        self._section = -1
        self._sections: deque[str] = deque()
        self._steps: deque[_Step] = deque()
        self._turns: dict[str, int] = {}
        self._said: set[tuple[str, str]] = set()
        self._plan = ""
        self._apart = 0.0
        self._returns = 0
        self._stage = Stage.OPEN

    def following(self, seconds_per_bar: float, arc: Arc = OPEN) -> Place:
        """The next phrase. seconds_per_bar: as the music goes now, which decides how many phrases a section has."""
        if arc.stage is Stage.DRONE:
            self._steps.clear()
            self._steps.append(_Step("drone", "n", 8))
        elif arc.stage is Stage.FRAGMENTS:
            self._fragments()
        elif arc.stage is Stage.RETURNS and self._stage is Stage.OPEN:
            # What is left of a section that was on its way may be new.
            self._steps.clear()
        self._stage = arc.stage
        while not self._steps:
            self._next_section(seconds_per_bar, arc)
        step = self._steps.popleft()
        self._said.add((step.letter, step.kind))
        pause = bool(self._steps) and self._steps[0].letter == "pause"
        ends = pause or (not (self._steps or self._sections or step.letter == "pause") and arc.chapters)
        self._serial += 1
        self._apart = 0.0 if step.letter == "pause" else self._apart + step.bars * seconds_per_bar
        return Place(
            serial=self._serial,
            chapter=max(0, self._chapter),
            section=min(7, max(0, self._section)),
            letter=step.letter,
            answer=step.kind == "n" and step.letter in LETTERS,
            bars=step.bars,
            last=ends,
            middle=step.kind == "m",
            alone=step.kind == "-",
            turn=max(0, self._turns.get(step.letter, 1) - 1),
            phrase=step.phrase,
            raised=step.raised,
            paused=pause,
            verse=step.verse,
        )

    def _next_section(self, spb: float, arc: Arc) -> None:
        """Put the phrases of the next section into the queue, or of the next chapter's beginning."""
        if arc.stage is not Stage.OPEN or not (arc.chapters or self._sections):
            self._return(spb, arc)
            return
        if not self._sections:
            self._open_chapter(spb)
            return
        letter = self._sections.popleft()
        if letter == "-":
            bars = min(16, max(4, 2 * round(QUIET_SECONDS / spb / 2)))
            self._steps.append(_Step("quiet", "n", bars))
            return
        self._say(letter, spb, arc)
        # How the chapter ends is settled where its last section begins.
        if not self._sections and arc.pause_seconds and self._apart + self._queued() * spb >= PAUSE_APART:
            bars = max(2, round(arc.pause_seconds / spb))
            self._steps.append(_Step("pause", "n", bars))

    def _queued(self) -> int:
        return sum(step.bars for step in self._steps)

    def _open_chapter(self, spb: float) -> None:
        self._chapter += 1
        self._section, self._turns, self._said = -1, {}, set()
        stream = self._streams.of("form", "plan", self._chapter)
        needed = CHAPTER_SECONDS / (MOST_PHRASES * self._phrase_bars() * spb)
        most = max(len(plan) for plan, _ in PLANS)
        long = [(plan, weight) for plan, weight in PLANS if plan != self._plan and len(plan) - 1 >= min(needed, most - 1)]
        plan = stream.weighted(long)
        recalls = stream.chance(0.5) and self._chapter >= 2
        self._plan = plan
        if recalls:
            spot = max(plan.rfind("C"), plan.rfind("B"))
            plan = plan[:spot] + "R" + plan[spot + 1 :]
        self._sections = deque(plan)
        self._steps.append(_Step("intro", "q", INTRO_BARS if spb > 2.4 else 2 * INTRO_BARS))

    def _phrase_bars(self) -> int:
        return self._streams.of("form", "phrase", self._chapter).weighted(PHRASE_BARS)

    def _say(self, letter: str, spb: float, arc: Arc) -> None:
        """Queue the phrases of a section; the same letter has the same small form each time."""
        self._section += 1
        turn = self._turns[letter] = self._turns.get(letter, 0) + 1
        stream, bars = self._streams.of("form", "section", self._chapter, letter), self._phrase_bars()
        low, high = SECTION_SECONDS
        count = max(1, len(self._plan.replace("-", "")))
        seconds = arc.length * min(high, max(low, CHAPTER_SECONDS / count))
        phrases = min(MOST_PHRASES, max(2, round(seconds / (bars * spb))))
        draw, leads = stream.unit(), stream.chance(LEAD_IN) and turn == 1 and self._section > 0
        raised = arc.raised if letter == "A" and turn > 1 and not self._sections else 0
        if self._verses and (letter == "R" or (letter == "A" and self._chapter == 0)):
            self._recite(letter, raised, phrases * bars)
            return
        kinds = _spread(_small_form(max(2, round(phrases * arc.melody)), draw), phrases)
        if leads and kinds[0] != "-":
            self._steps.append(_Step(letter, "-", 4, 0, raised))
        for number, (kind, after) in enumerate(zip(kinds, [*kinds[1:], "n"], strict=True)):
            self._steps.append(_Step(letter, kind, bars, number, raised))
            if kind == "n" and after != "-" and arc.breath_bars:
                self._steps.append(_Step(letter, "-", arc.breath_bars, number, raised))

    def _recite(self, letter: str, raised: int, bars: int) -> None:
        """Queue the verses of a given melody, all of them, and again as long as they are short for a section."""
        times = max(1, round(bars / (sum(self._verses) + 4)))
        for number in range(times * len(self._verses)):
            verse = number % len(self._verses)
            closes = verse == len(self._verses) - 1
            self._steps.append(_Step(letter, "n" if closes else "q", self._verses[verse], number, raised, verse))
            if closes and number + 1 < times * len(self._verses):
                self._steps.append(_Step(letter, "-", 4, number, raised))

    def _return(self, spb: float, arc: Arc) -> None:
        """Nothing new: sections of this chapter come back, with those of their phrases that have been said."""
        if self._chapter < 0:
            self._open_chapter(spb)
        self._sections.clear()
        order, self._returns = RETURNING[self._returns % len(RETURNING)], self._returns + 1
        for letter in [letter for letter in order if letter in self._turns] or ["A"]:
            self._say(letter, spb, arc)
        known = [step for step in self._steps if step.kind == "-" or (step.letter, step.kind) in self._said]
        if any(step.kind != "-" for step in known):
            self._steps = deque(known)

    def _fragments(self) -> None:
        """Only beginnings and ends, each after a phrase of accompaniment."""
        if not self._steps or self._steps[0].letter != "fragment":
            bars = self._phrase_bars()
            self._steps.clear()
            self._returns += 1
            self._steps.extend((_Step("A", "-", 4), _Step("fragment", "n", bars, self._returns)))


def _small_form(phrases: int, draw: float) -> str:
    """What so many sung phrases do; a long section first asks and answers once more."""
    head = ""
    while phrases > max(SMALL_FORMS):
        head, phrases = head + "qn", phrases - 2
    forms = SMALL_FORMS[phrases]
    return head + forms[int(draw * len(forms))]


def _spread(kinds: str, phrases: int) -> list[str]:
    """The kinds with the accompaniment alone ("-") between them until there are so many phrases, never twice in a row."""
    after = [index for index, kind in enumerate(kinds) if kind == "n"]
    # At the end first, then between pairs of question and answer, then before the first.
    places = [len(kinds), *(index + 1 for index in after[:-1]), 0]
    chosen = set(places[: max(0, phrases - len(kinds))])
    spread: list[str] = []
    for index in range(len(kinds) + 1):
        spread += ["-"] * (index in chosen) + list(kinds[index : index + 1])
    return spread
