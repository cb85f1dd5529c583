"""`undertone status` and `undertone tell`: talking to the running device."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from typing import Any

from undertone import config
from undertone.cli.counted import counted
from undertone.errors import UndertoneError
from undertone.flow import Goal
from undertone.service import ask

__all__ = ["status", "tell"]


def status(asked: argparse.Namespace) -> int:
    """Print how the running device is, with every pod; 1 when it has something to complain about."""
    answer = ask(config.load(asked.config).service.socket, {"do": "status"})["status"]
    if asked.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for name, value in _rows(answer):
            print(f"{name:>14}  {value}")
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


def _rows(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The most important of a status, for a person."""
    features, affect = answer.get("features") or {}, answer.get("affect") or {}
    directive, bar, others = answer.get("directive") or {}, answer.get("bar") or {}, answer.get("others") or []
    known = affect.get("confidence", 0.0) > 0.0
    rows = [("following", f"pod {features.get('pod', 0)}")] if others else []
    rows += [
        ("heart", _within(features.get("heart_bpm"), features.get("heart_error_bpm"), ".0f", "beats a minute")),
        ("breath", _within(features.get("breathing_per_min"), features.get("breathing_error_per_min"), ".1f", "a minute")),
        ("skin", _value(features.get("tonic_microsiemens"), "{:.2f} µS")),
        ("quality", _quality(features)),
        ("arousal", _value(affect.get("arousal") if known else None, "{:+.2f} relative to the usual")),
        ("phase", directive.get("phase", "–")),
        ("why", directive.get("reason", "–")),
        ("playing", f"{bar['key']}, {bar['chord']}, {bar['tempo_bpm']:.0f} bpm" if bar else "nothing"),
        ("level", "silent" if answer.get("level_dbfs") is None else f"{answer['level_dbfs']:.0f} dBFS"),
    ]
    rows += [(f"pod {other.get('pod', '?')}", _in_short(other)) for other in others]
    rows += [("trouble", text) for text in _troubles(answer.get("faults") or [], several=bool(others))]
    return rows + (counted(answer.get("counts") or {}) or [("counted", "nothing yet")])


def _in_short(features: Mapping[str, Any]) -> str:
    """Somebody whom the music does not follow."""
    heart = _within(features.get("heart_bpm"), features.get("heart_error_bpm"), ".0f", "beats a minute")
    return f"heart {heart}, skin {_value(features.get('tonic_microsiemens'), '{:.2f} µS')}; quality {_quality(features)}"


def _quality(features: Mapping[str, Any]) -> str:
    return f"pulse {features.get('pulse_quality') or 0.0:.0%}, skin {features.get('skin_quality') or 0.0:.0%}"


def _troubles(faults: Iterable[Mapping[str, Any]], *, several: bool) -> list[str]:
    """Each message once, for two sensors on a bus that is not there say the same; of several pods, with whose it is."""
    sources: dict[str, list[str]] = {}
    for fault in faults:
        sources.setdefault(fault["message"], []).append(str(fault.get("source", "")))
    return [f"{', '.join(whose)}: {message}" if several else message for message, whose in sources.items()]


def _within(value: float | None, error: float | None, form: str, unit: str) -> str:
    """A value, and how far off it may be where that is known."""
    if value is None:
        return "not known"
    return f"{value:{form}} {unit}" if error is None else f"{value:{form}} ± {error:{form}} {unit}"


def _value(value: float | None, form: str) -> str:
    return "not known" if value is None else form.format(value)
