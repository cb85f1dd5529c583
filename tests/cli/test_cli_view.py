"""The session as text."""

from __future__ import annotations

import io

from undertone.cli.view import View, described, meter
from undertone.flow import Affect, AffectSource, Directive, Fault, FaultKind, Features, Goal, Phase, Status


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def status(t: float = 90.0, *faults: Fault) -> Status:
    directive = Directive(t, t + 30.0, Phase.LEAD, Goal.CALM, -0.2, 0.1, 0.0, 6.0, 0.8, "Your heart has slowed.")
    affect = Affect(t, 0.5, None, 0.7, AffectSource.MODEL)
    return Status(t, Features(t, heart_bpm=72.4, pulse_quality=0.9), affect, directive, None, faults, {}, -31.0)


def test_a_meter_shows_where_a_value_lies() -> None:
    assert meter(-1.0).startswith("●")
    assert meter(1.0).endswith("●")
    assert meter(-7.0) == meter(-1.0)
    assert len({len(meter(value / 10)) for value in range(-10, 11)}) == 1


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    rows = dict(described(Status(0.0, None, None, None, None, ())))
    assert rows["heart"] == "–"
    assert rows["arousal"] == "not known yet"
    assert rows["level"] == "silent"
    assert "72 beats" in dict(described(status()))["heart"]
    assert dict(described(status()))["why"] == "Your heart has slowed."


def test_a_heart_rate_from_an_unclear_pulse_is_not_shown() -> None:
    unclear = Status(1.0, Features(1.0, heart_bpm=151.0, pulse_quality=0.2), None, None, None, ())
    assert dict(described(unclear))["heart"] == "–"


def test_without_a_terminal_a_dozen_lines_tell_a_session() -> None:
    stream = io.StringIO()
    with View("test", 1200.0, stream=stream) as view:
        for second in range(1, 1201):
            view.show(status(float(second)))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 12
    assert lines[0].startswith("0:01")
    assert all("Your heart has slowed." in line and "72 bpm" in line for line in lines)


def test_on_a_terminal_a_panel_shows_the_reason_and_the_trouble() -> None:
    stream = Terminal()
    with View("An evening", 1200.0, stream=stream) as view:
        view.show(status(90.0, Fault(80.0, "pulse", FaultKind.CONTACT, "Put the finger back.")))
    shown = stream.getvalue()
    for text in ("An evening", "Your heart has slowed.", "Put the finger back.", "1:30 of 20:00"):
        assert text in shown
