"""Where in the piece we are: chapters of sections of phrases of bars.

A chapter opens with a few bars without melody, then says its sections in the order A A B A, rests in a quiet phrase, and goes
on with C A B A. A section is two phrases: the first ends with a question, the second answers it. Chapters follow one another
without end; each takes its themes from the one before.

Source: music.md §2.3 (AABACABA), §2.4 (lengths, quiet sections).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ORDER", "Form", "Place"]

ORDER = "AABACABA"
INTRO_BARS, PHRASE_BARS = 4, 8
QUIET_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """One phrase of the piece."""

    serial: int
    """0 for the first phrase of the session."""
    chapter: int
    section: int
    """Sections said in this chapter before this one, 0…7."""
    letter: str
    """"A", "B", "C"; "intro" or "quiet"."""
    answer: bool
    """Whether it is the second phrase of its section."""
    bars: int
    last: bool = False
    """Whether it ends its chapter."""

    @property
    def sings(self) -> bool:
        """Whether there is a theme."""
        return self.letter in "ABC"

    @property
    def theme(self) -> str:
        """The section whose harmony it shares."""
        return self.letter if self.sings else "A"

    @property
    def label(self) -> str:
        """What a reader of the score sees: "A", "B'", "quiet"; the second of a pair has a stroke."""
        return self.letter + ("'" if self.answer else "")

    @property
    def closed(self) -> bool:
        """Whether it ends at home."""
        return self.answer or self.letter == "quiet"


class Form:
    """Says which phrase comes next."""

    def __init__(self) -> None:
        self._serial = -1
        self._chapter = 0
        self._plan: list[tuple[int, str, bool]] = []

    def following(self, seconds_per_bar: float) -> Place:
        """The next phrase. seconds_per_bar: as the music goes now; a quiet phrase lasts about half a minute."""
        if not self._plan:
            self._chapter += self._serial >= 0
            self._plan = self._chapter_plan()
        section, letter, answer = self._plan.pop(0)
        self._serial += 1
        bars = INTRO_BARS if letter == "intro" else PHRASE_BARS
        if letter == "quiet":
            bars = min(PHRASE_BARS, max(4, 2 * round(QUIET_SECONDS / seconds_per_bar / 2)))
        return Place(self._serial, self._chapter, section, letter, answer, bars, last=not self._plan)

    def _chapter_plan(self) -> list[tuple[int, str, bool]]:
        plan = [(0, "intro", False)]
        for section, letter in enumerate(ORDER):
            if section == len(ORDER) // 2:
                plan.append((section, "quiet", False))
            plan += [(section, letter, False), (section, letter, True)]
        return plan
