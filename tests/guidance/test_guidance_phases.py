"""The table of phases: every pair is written, and the documents' diagram says the same."""

from __future__ import annotations

import re

import pytest

from undertone.flow import Phase
from undertone.guidance import TRANSITIONS, Event, after, diagram, table

S, M, L, H, F, Q = Phase.SETTLE, Phase.MEET, Phase.LEAD, Phase.HOLD, Phase.FADE, Phase.SILENT

EXPECTED = {
    #               S  M  L  H  F  Q     the phase before
    Event.START:    (S, M, L, H, S, S),
    Event.SETTLED:  (M, M, L, H, F, Q),
    Event.CONTRAST: (L, L, L, H, F, Q),
    Event.MET:      (S, L, L, H, F, Q),
    Event.ARRIVED:  (S, M, H, H, F, Q),
    Event.STRAYED:  (S, M, M, M, F, Q),
    Event.GOAL:     (S, M, L, L, L, Q),
    Event.ENDING:   (F, F, F, F, F, Q),
    Event.ENOUGH:   (F, F, F, F, F, Q),
    Event.FADED:    (S, M, L, H, Q, Q),
    Event.STOP:     (Q, Q, Q, Q, Q, Q),
}  # fmt: skip


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("phase", Phase)
def test_every_event_is_answered_in_every_phase(phase: Phase, event: Event) -> None:
    assert after(phase, event) is EXPECTED[event][list(Phase).index(phase)]


def test_the_table_has_no_other_pairs() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert all(set(row) == set(Event) for row in TRANSITIONS.values())


def test_only_start_leads_out_of_silence() -> None:
    assert [event for event in Event if after(Phase.SILENT, event) is not Phase.SILENT] == [Event.START]


def test_every_phase_can_be_reached_from_the_first() -> None:
    reached = {Phase.SETTLE}
    while more := {after(phase, event) for phase in reached for event in Event} - reached:
        reached |= more
    assert reached == set(Phase)


def test_the_diagram_has_exactly_the_arrows_of_the_table() -> None:
    drawn = {
        (before, event, following)
        for before, following, events in re.findall(r"^    (\w+) --> (\w+): (.+)$", diagram(), re.MULTILINE)
        for event in events.split(", ")
    }
    written = {(p, e, after(p, e)) for p in Phase for e in Event if after(p, e) is not p}
    assert drawn == written
    assert diagram().startswith("stateDiagram-v2\n    [*] --> settle\n")


def test_the_table_in_the_documents_has_a_row_for_each_phase_and_a_cell_for_each_event() -> None:
    head, rule, *rows = table().splitlines()
    assert head == "| phase | " + " | ".join(Event) + " |"
    assert rule.count("|") == head.count("|")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in cells] == list(Phase)
    assert cells[0][1:] == ["·", "meet", "lead", "·", "·", "·", "·", "fade", "fade", "·", "silent"]


def test_the_table_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[Phase.SETTLE][Event.STOP] = Phase.LEAD  # type: ignore[index]
