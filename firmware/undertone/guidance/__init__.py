"""Guidance: from where the listener is, and what they asked for, to what the music should be.

`Guide.decide` is called once a second with the latest estimate and gives one `Directive`: with its reason in a plain sentence,
the inputs it rests on, and an expiry. Goals are rows of `GOALS`, phases a table (`TRANSITIONS`, drawn by `diagram`), the order
of authority is `Authority`, and `Limits` is what nothing can exceed.
"""

from undertone.guidance.authority import Authority, strongest
from undertone.guidance.goals import GOALS, Aim, End
from undertone.guidance.guide import Guide
from undertone.guidance.limits import Gate, Limits, Wish
from undertone.guidance.phases import TRANSITIONS, Event, after, diagram, table
from undertone.guidance.programme import Programme, planned
from undertone.guidance.reasons import Direction, Doubt, Reason, Why, sentence

__all__ = [
    "GOALS",
    "TRANSITIONS",
    "Aim",
    "Authority",
    "Direction",
    "Doubt",
    "End",
    "Event",
    "Gate",
    "Guide",
    "Limits",
    "Programme",
    "Reason",
    "Why",
    "Wish",
    "after",
    "diagram",
    "planned",
    "sentence",
    "strongest",
    "table",
]
