"""What a section is about: two motifs, the order in which a phrase says them, and the line that it draws.

A phrase is a sentence of bars in roles, one letter each:
`m` the motif, `n` the second motif, `s` and `t` the motif moved once and twice along its sequence, `i` inverted, `b` backwards,
`a` at half the speed, `d` at double the speed and then held, `v` with a turn on its longest note, `f` its beginning said twice,
`c` an answer that comes to rest, `l` one long note, `r` a bar of rest, `k` the cadence.
The phrase that answers begins as the one that asks and ends otherwise; the middle phrase of a section takes the motif apart.

Source: music.md §2.3; the forms of sentence and period after Schoenberg and Caplin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from undertone.music.manners import BENTS, MANNERS
from undertone.music.motif import (
    Motif,
    backwards,
    ending,
    fragment,
    hurried,
    inverted,
    motif,
    retimed,
    stretched,
    turned,
)  # fmt: skip
from undertone.music.streams import Stream

__all__ = ["REST", "Theme", "developed", "figured", "heights", "roles_for", "theme"]

ASKS = (
    ("msmcmsfk", 3.0), ("mnscmnfk", 3.0), ("mnmcstfk", 2.0), ("mcscmstk", 2.0), ("mrmcmsfk", 1.5), ("mlnrmlck", 1.5),
    ("minrmifk", 1.5), ("mstcmsak", 1.5), ("mnbcmnck", 1.0), ("mmsrmmfk", 1.0), ("mdmcsdfk", 1.0), ("mvlrmvsk", 1.0),
)  # fmt: skip
"""Phrases that ask."""
ENDS = (
    ("stfk", 3.0), ("vsck", 2.0), ("fnck", 2.0), ("ffck", 1.5), ("iack", 1.0), ("sdlk", 1.0), ("nrfk", 1.0), ("bvck", 0.8),
)  # fmt: skip
"""How the answers end that begin as the question did."""
MIDDLES = (
    ("nsfrnsfk", 2.0), ("ffcrfslk", 1.5), ("inincfsk", 1.5), ("alsralck", 1.5), ("nbnrsbck", 1.0), ("sctrsclk", 1.5),
)  # fmt: skip
ARCHES = (
    ((0, 1, 0, 1, 2, 4, 2, 0), 3.0),
    ((0, 1, 2, 1, 3, 5, 3, 0), 2.0),
    ((0, 2, 4, 2, 1, 2, 1, -1), 2.0),
    ((4, 3, 2, 1, 2, 1, 0, -2), 1.5),
    ((0, -1, 0, 1, 0, 2, 4, 1), 1.5),
    ((1, 3, 5, 3, 1, 0, -1, -2), 1.0),
    ((2, 1, 0, -1, 0, 3, 1, -1), 1.5),
    ((-2, -1, 0, 1, 2, 3, 5, 2), 1.0),
)
"""Lines of a phrase, steps above the centre bar by bar; each has one summit and none ends on it."""
TAILS = (((2, 5, 2, 0), 2.0), ((3, 6, 3, -1), 1.0), ((1, 3, 2, -1), 2.0), ((0, 2, 0, -2), 1.5), ((5, 3, 1, -1), 1.5))
"""The second halves of the lines of answers."""
CADENCES = (("plain", 3.0), ("sigh", 3.0), ("turn", 1.5), ("late", 1.5))
"""How the last note is reached: at once, from the note above on the beat, round it, or held over from the bar's first beat."""
SAME_RHYTHM = 0.45
"""Chance that the second motif has the rhythm of the first: what differs then is where it goes."""
REST = Motif((), ())
"""A bar in which the melody is silent."""
GRAVEST = 8
"""Bars of a sentence as written."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What a section's melodies are made from."""

    motif: Motif
    answer: Motif
    """The second motif."""
    roles: str
    """One letter for each bar of a phrase that asks."""
    answering: str
    """The same for the phrase that answers it."""
    middle: str
    """The same for the phrase between."""
    arch: tuple[float, ...]
    """The line of the phrase that asks: steps above the centre, bar by bar."""
    answering_arch: tuple[float, ...]
    sequence: int
    """Steps by which `s` moves the motif."""
    upbeat: int
    """How many notes lead from a held note into the next bar, 0…2."""
    cadence: str
    """One of the names in `CADENCES`."""
    manner: str
    """A name in `MANNERS`."""


def _line(stream: Stream) -> tuple[float, ...]:
    span = stream.between(0.75, 1.15)
    return tuple(round(step * span, 2) for step in stream.weighted(ARCHES))


def _answered(stream: Stream, roles: str, arch: tuple[float, ...]) -> tuple[str, tuple[float, ...]]:
    tail = tuple(float(step) for step in stream.weighted(TAILS))
    return roles[:4] + stream.weighted(ENDS), arch[:4] + tail


def theme(stream: Stream, beats: int, *, unlike: str = "") -> Theme:
    """A new theme for bars of 3 beats or more.

    unlike: a manner to keep away from, so that a contrasting section has another gait.
    """
    manner = stream.pick(sorted(set(MANNERS) - {unlike}))
    other = stream.pick(sorted(MANNERS)) if stream.chance(0.4) else manner
    bent, second = stream.pick(sorted(BENTS)), stream.pick(sorted(BENTS))
    roles, arch = stream.weighted(ASKS), _line(stream)
    answering, answering_arch = _answered(stream, roles, arch)
    first, answer = motif(stream, beats, manner, bent), motif(stream, beats, other, second)
    if stream.chance(SAME_RHYTHM):
        moves = (*answer.moves, *inverted(answer).moves)
        answer = replace(first, moves=(moves * len(first.moves))[: len(first.moves)])
    return Theme(
        motif=first,
        answer=answer,
        roles=roles,
        answering=answering,
        middle=stream.weighted(MIDDLES),
        arch=arch,
        answering_arch=answering_arch,
        sequence=stream.weighted(((1, 2.0), (-1, 2.0), (2, 1.0), (-2, 1.0))),
        upbeat=stream.weighted(((0, 2.0), (1, 1.5), (2, 2.0))),
        cadence=stream.weighted(CADENCES),
        manner=manner,
    )


WAYS = (("invert", 2.0), ("backwards", 1.5), ("swap", 2.0), ("stretch", 1.5), ("retime", 2.5), ("retell", 1.5))


def developed(source: Theme, stream: Stream, beats: int) -> Theme:
    """A theme that comes from another: it keeps the rhythm or the moves of its motifs, and tells them otherwise."""
    way = stream.weighted(WAYS)
    roles, arch = stream.weighted(ASKS), _line(stream)
    answering, answering_arch = _answered(stream, roles, arch)
    told = replace(
        source, roles=roles, answering=answering, arch=arch, answering_arch=answering_arch, sequence=-source.sequence,
        cadence=stream.weighted(CADENCES),
    )  # fmt: skip
    slow = stretched(source.motif, beats)
    if way == "stretch" and len(slow.rhythm) >= 2:
        return replace(told, motif=slow, answer=source.motif)
    if way == "swap":
        return replace(told, motif=source.answer, answer=source.motif)
    if way == "backwards" and backwards(source.motif) != source.motif:
        return replace(told, motif=backwards(source.motif))
    if way == "retime":
        manner = stream.pick(sorted(set(MANNERS) - {source.manner}))
        return replace(told, motif=retimed(source.motif, stream, beats, manner), answer=source.motif, manner=manner)
    if way == "retell":
        return replace(told, answer=inverted(source.answer))
    return replace(told, motif=inverted(source.motif))


def roles_for(source: Theme, bars: int, *, closed: bool, middle: bool = False) -> str:
    """One role for each bar of a phrase of so many bars, 1 or more; the last is the cadence."""
    roles = source.middle if middle else source.answering if closed else source.roles
    if bars < GRAVEST:
        head = (bars - 1) // 2
        return (roles[:head] + roles[GRAVEST - bars + head :])[:bars]
    body = roles[:4] * ((bars - 4) // 4) + roles[: (bars - 4) % 4] if bars > GRAVEST else roles[:4]
    return body[: bars - 4] + roles[4:]


def heights(source: Theme, bars: int, *, closed: bool) -> tuple[float, ...]:
    """How far above its own mean each bar of the line lies, steps: so the melody keeps to its register whatever its line."""
    arch = source.answering_arch if closed else source.arch
    line = [arch[min(len(arch) - 1, bar * len(arch) // bars)] for bar in range(bars)]
    return tuple(height - sum(line) / bars for height in line)


def figured(source: Theme, role: str, beats: int) -> Motif:
    """What is said in a bar of this role; the cadence is one note, which is shaped where the phrase is known."""
    if role in "mst":
        return source.motif
    made = {"n": lambda: source.answer, "i": lambda: inverted(source.motif), "b": lambda: backwards(source.motif),
            "a": lambda: stretched(source.motif, beats), "d": lambda: hurried(source.motif, beats),
            "v": lambda: turned(source.motif), "f": lambda: fragment(source.motif, beats),
            "c": lambda: ending(source.answer, beats)}  # fmt: skip
    if role in made:
        return made[role]()
    if role == "r":
        return REST
    return Motif(((0.0, float(beats) if role == "l" else beats * 0.75),), ())
