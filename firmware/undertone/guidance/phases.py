"""The phases of a session and every way from one to another.

Everything about the order of phases lives in `TRANSITIONS`. It names every pair of phase and event, so that no event can come
at a moment for which nothing is written; a pair that changes nothing names its own phase. The diagram in the documents is
drawn from the table by `diagram`, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from undertone.flow import Phase

__all__ = ["TRANSITIONS", "Event", "after", "diagram", "table"]


class Event(StrEnum):
    """What can move a session on."""

    START = "start"
    """The listener asks for music."""
    SETTLED = "settled"
    """The listener can be felt, or has been waited for long enough."""
    CONTRAST = "contrast"
    """The listener asked to be taken elsewhere instead of being met."""
    MET = "met"
    """The music has been close to the listener's state for long enough."""
    ARRIVED = "arrived"
    """The music has reached the goal."""
    STRAYED = "strayed"
    """The listener is somewhere else than the music and does not follow."""
    GOAL = "goal"
    """The listener chose another goal."""
    ENDING = "ending"
    """The minutes that were asked for are nearly over."""
    ENOUGH = "enough"
    """The listener said twice that this is not good."""
    FADED = "faded"
    """The fade has reached its quietest level."""
    STOP = "stop"
    """The listener asked for silence."""


def _row(stay: Phase, **moves: Phase) -> Mapping[Event, Phase]:
    """Every event, with `stay` where no move is named. STOP leads to silence from everywhere."""
    named = {Event(name.lower()): phase for name, phase in moves.items()}
    return MappingProxyType({event: named.get(event, stay) for event in Event} | {Event.STOP: Phase.SILENT})


_LEAVING = {"ENDING": Phase.FADE, "ENOUGH": Phase.FADE}

TRANSITIONS: Mapping[Phase, Mapping[Event, Phase]] = MappingProxyType(
    {
        Phase.SETTLE: _row(Phase.SETTLE, SETTLED=Phase.MEET, CONTRAST=Phase.LEAD, **_LEAVING),
        Phase.MEET: _row(Phase.MEET, CONTRAST=Phase.LEAD, MET=Phase.LEAD, **_LEAVING),
        Phase.LEAD: _row(Phase.LEAD, ARRIVED=Phase.HOLD, STRAYED=Phase.MEET, **_LEAVING),
        Phase.HOLD: _row(Phase.HOLD, STRAYED=Phase.MEET, GOAL=Phase.LEAD, **_LEAVING),
        Phase.FADE: _row(Phase.FADE, START=Phase.SETTLE, GOAL=Phase.LEAD, FADED=Phase.SILENT),
        Phase.SILENT: _row(Phase.SILENT, START=Phase.SETTLE),
    }
)
"""The phase after each event in each phase."""


def after(phase: Phase, event: Event) -> Phase:
    """The phase that follows when `event` comes in `phase`; the same phase where it changes nothing."""
    return TRANSITIONS[phase][event]


def diagram() -> str:
    """The table as a Mermaid state diagram. Pairs that change nothing are left out, events with one way share an arrow."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.SETTLE}"]
    for phase, row in TRANSITIONS.items():
        ways: dict[Phase, list[str]] = {}
        for event, following in row.items():
            if following is not phase:
                ways.setdefault(following, []).append(event)
        lines += [f"    {phase} --> {following}: {', '.join(events)}" for following, events in ways.items()]
    return "\n".join(lines) + "\n"


def table() -> str:
    """The table as Markdown: a row for each phase, a column for each event; "·" where nothing changes."""
    lines = ["| phase | " + " | ".join(Event) + " |", "|--" * (len(Event) + 1) + "|"]
    for phase, row in TRANSITIONS.items():
        cells = ["·" if row[event] is phase else str(row[event]) for event in Event]
        lines.append(f"| {phase} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
