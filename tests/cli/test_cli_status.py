"""`undertone status`: several pods, trouble, and counts of any name, in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.cli import remote
from undertone.cli.counted import counted
from undertone.cli.main import main
from undertone.cli.remote import _rows
from undertone.flow import Fault, FaultKind, Features, Status
from undertone.service.control import jsonable

Captured = pytest.CaptureFixture[str]


def answer(**changes: Any) -> dict[str, Any]:
    """A status as it comes over the socket."""
    features = Features(90.0, 72.4, 1.2, breathing_per_min=12.0, pulse_quality=0.93, skin_quality=0.5)
    plain = jsonable(Status(90.0, features, None, None, None, (), {"beats": 90}))
    assert isinstance(plain, dict)
    return {**plain, **changes}


def rows(**changes: Any) -> list[tuple[str, str]]:
    return _rows(answer(**changes))


def test_what_is_known_comes_with_how_well_it_is_known() -> None:
    told = dict(rows())
    assert told["heart"] == "72 ± 1 beats a minute"
    assert told["breath"] == "12.0 a minute"
    assert told["skin"] == "not known"
    assert told["quality"] == "pulse 93%, skin 50%"
    assert told["level"] == "silent"


def test_every_other_pod_has_a_line() -> None:
    others = [jsonable(Features(90.0, 64.0, 2.0, pod=2, tonic_microsiemens=3.456)), jsonable(Features(90.0, pod=5))]
    told = dict(rows(others=others))
    assert told["following"] == "pod 0"
    assert told["pod 2"] == "heart 64 ± 2 beats a minute, skin 3.46 µS; quality pulse 0%, skin 0%"
    assert told["pod 5"].startswith("heart not known")
    assert "following" not in dict(rows())


def test_trouble_is_said_once_and_of_several_pods_with_whose_it_is() -> None:
    faults = [jsonable(Fault(1.0, f"pod {pod} pulse", FaultKind.CONTACT, "Put the finger back.")) for pod in (0, 3)]
    alone = [text for name, text in rows(faults=faults) if name == "trouble"]
    assert alone == ["Put the finger back."]
    among = [text for name, text in rows(faults=faults, others=[jsonable(Features(1.0, pod=3))]) if name == "trouble"]
    assert among == ["pod 0 pulse, pod 3 pulse: Put the finger back."]


def test_counts_are_grouped_by_what_they_are_about() -> None:
    told = dict(counted({"beats": 1234, "pulse samples": 4000, "pulse samples lost": 0, "skin retries": 2, "underruns": 1}))
    assert told == {"device": "1,234 beats, 1 underruns", "pulse": "4,000 samples", "skin": "2 retries"}


def test_readings_are_said_in_units_that_people_use() -> None:
    counts = {
        "pulse infrared microamperes": 7200,
        "pulse range nanoamperes": 4096,
        "pulse clock parts per million": -1500,
        "pulse sensor temperature °C": 31,
    }
    assert counted(counts) == [("pulse", "infrared 7.2 mA, range 4.1 µA, clock -1500 ppm, sensor temperature 31 °C")]


def test_one_pod_is_not_told_twice_and_of_several_only_what_differs() -> None:
    one = {"pulse samples": 400, "pulse retries": 2, "pod 0: pulse samples": 400, "pod 0: pulse retries": 2}
    assert counted({**one, "pod 0: pulse red microamperes": 7000}) == [("pulse", "400 samples, 2 retries, red 7.0 mA")]
    several = {**one, "pod 11: pulse samples": 0, "pod 3: pulse retries": 1, "pod 3: bus hangs": 1}
    assert counted(several) == [
        ("pulse", "400 samples, 2 retries"),
        ("pod 0 pulse", "2 retries"),
        ("pod 3 pulse", "1 retries"),
        ("pod 3 bus", "1 hangs"),
    ]


@settings(deadline=None, max_examples=40, derandomize=True)
@given(counts=st.dictionaries(st.text(min_size=1, max_size=30), st.integers(1, 10**9), max_size=8))
def test_whatever_is_counted_under_whatever_name_is_shown(counts: dict[str, int]) -> None:
    text = " ".join(f"{name} {said}" for name, said in counted(counts))
    for value in counts.values():
        assert any(shown in text for shown in (f"{value:,}", f"{value / 1000:.1f}", f"{value:+d}", str(value)))


def test_the_answer_of_an_older_device_is_shown_as_far_as_it_goes(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = answer(faults=[{"message": "Plug it in."}])
    for name in ("others", "counts", "level_dbfs"):
        del plain[name]
    monkeypatch.setattr(remote, "ask", lambda socket, request: {"status": plain})
    assert main(["status"]) == 1
    text = capsys.readouterr().out
    assert "72 ± 1 beats a minute" in text and "trouble  Plug it in." in text and "nothing yet" in text
