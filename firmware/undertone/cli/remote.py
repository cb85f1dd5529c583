"""`undertone status` and `undertone tell`: talking to the running device."""

from __future__ import annotations

import argparse
import json
from typing import Any

from undertone import config
from undertone.errors import UndertoneError
from undertone.flow import Goal
from undertone.service import ask

__all__ = ["status", "tell"]


def status(asked: argparse.Namespace) -> int:
    """Print how the running device is; 1 when it has something to complain about."""
    answer = ask(config.load(asked.config).service.socket, {"do": "status"})["status"]
    if asked.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for name, value in _rows(answer):
            print(f"{name:>12}  {value}")
    return 1 if answer["faults"] else 0


def tell(asked: argparse.Namespace) -> int:
    """Tell the running device what a person wants."""
    ask(config.load(asked.config).service.socket, _request(asked.what, asked.value))
    return 0


def _request(what: str, value: str | None) -> dict[str, Any]:
    match what:
        case "goal":
            if value is None:
                raise UndertoneError(f"Which goal? One of {', '.join(Goal)}.")
            return {"do": "goal", "goal": value}
        case "volume":
            return {"do": "volume", "volume_db": _number(value, "Which volume? 0 dB is full, -6 is quieter.")}
        case "feel":
            return {"do": "report", "arousal": _number(value, "How tense? From -1 (calm) to 1 (tense).")}
        case _:
            return {"do": what.replace("-", " ")}


def _number(value: str | None, question: str) -> float:
    try:
        return float(value or "")
    except ValueError:
        raise UndertoneError(question) from None


def _rows(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The most important of a status, for a person."""
    features, affect = answer["features"] or {}, answer["affect"] or {}
    directive, bar = answer["directive"] or {}, answer["bar"] or {}
    known = affect.get("confidence", 0.0) > 0.0
    rows = [
        ("heart", _value(features.get("heart_bpm"), "{:.0f} beats a minute")),
        ("breath", _value(features.get("breathing_per_min"), "{:.1f} a minute")),
        ("skin", _value(features.get("tonic_microsiemens"), "{:.2f} µS")),
        ("quality", f"pulse {features.get('pulse_quality', 0.0):.0%}, skin {features.get('skin_quality', 0.0):.0%}"),
        ("arousal", _value(affect.get("arousal") if known else None, "{:+.2f} relative to the usual")),
        ("phase", directive.get("phase", "–")),
        ("why", directive.get("reason", "–")),
        ("playing", f"{bar['key']}, {bar['chord']}, {bar['tempo_bpm']:.0f} bpm" if bar else "nothing"),
        ("level", _value(answer.get("level_dbfs"), "{:.0f} dBFS")),
    ]
    # Two sensors on a bus that is not there say the same: once is enough for a person.
    rows += [("trouble", message) for message in dict.fromkeys(fault["message"] for fault in answer["faults"])]
    counts = answer["counts"]
    rows.append(("counted", ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing yet"))
    return rows


def _value(value: float | None, form: str) -> str:
    return "not known" if value is None else form.format(value)
