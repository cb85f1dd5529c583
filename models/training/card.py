"""The model card, `models/README.md`: the words of `card.md` with the figures of the evaluation, and no other figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["card"]

WORDS = Path(__file__).with_name("card.md")


def card(found: dict[str, Any]) -> str:
    """The card as Markdown. `found` is what `results.results` gave, with "file" and "twice_the_same" added."""
    return WORDS.read_text().format_map(_file(found) | _data(found) | _scores(found) | _order(found) | _confidence(found))


def _file(found: dict[str, Any]) -> dict[str, str]:
    file, int8 = found["file"], found["int8"]
    return {
        "weights": str(file["weights"]),
        "bytes": str(file["bytes"]),
        "sha256": file["sha256"],
        "twice": "gave the same file, byte for byte" if found["twice_the_same"] else "gave different files",
        "int8_mean": f"{int8['mean_auc_difference']:+.4f}",
        "int8_largest": f"{int8['largest_auc_difference']:.4f}",
        "int8_probability": f"{int8['largest_difference_of_probability']:.3f}",
    }


def _data(found: dict[str, Any]) -> dict[str, str]:
    data = found["data"]
    return {
        "people": str(data["people"]),
        "windows": str(data["windows"]),
        "stress_windows": str(data["windows_of_stress"]),
        "step": str(data["seconds_between_windows"]),
        "pulse_used": _percent(data["share_of_pulse_used"]["mean"]),
    }


def _scores(found: dict[str, Any]) -> dict[str, str]:
    spread = sorted(value for value in found["per_person_auc"].values() if value is not None)
    methods = [
        f"| {name} | {_interval(score['auc'])} | {_interval(score['balanced_accuracy'])} |"
        for name, score in found["methods"].items()
    ]
    return {
        "methods": "\n".join(methods),
        "lowest": f"{spread[0]:.2f}",
        "quarter": f"{spread[len(spread) // 4]:.2f}",
        "three_quarters": f"{spread[3 * len(spread) // 4]:.2f}",
        "highest": f"{spread[-1]:.2f}",
        "below_chance": str(sum(value < 0.5 for value in spread) or "none"),
        "unsettled_too": _interval(found["unsettled_too"]["auc"]),
        "over_logistic_regression": _interval(found["over_logistic_regression"]["auc"], sign=True),
        "over_rules": _interval(found["over_rules"]["auc"], sign=True),
        "without_pulse": _interval(found["lost_channel"]["without pulse"]["auc"]),
        "without_skin": _interval(found["lost_channel"]["without skin"]["auc"]),
        "hyperventilation": _interval(found["hyperventilation_against_rest"]["auc"]),
    }


def _order(found: dict[str, Any]) -> dict[str, str]:
    clock, network = found["methods"]["a clock"]["auc"], found["methods"]["network, int8"]["auc"]
    near = found["bracketed"]
    return {
        "clock": _interval(clock),
        "clock_side": "above" if clock["mean"] > network["mean"] else "below",
        "network": f"{network['mean']:.3f}",
        "stroop": _interval(near["stroop"]["auc"]),
        "stroop_clock": _interval(near["stroop"]["auc_of_elapsed_time"]),
        "interview": _interval(near["interview"]["auc"]),
        "interview_clock": _interval(near["interview"]["auc_of_elapsed_time"]),
    }


def _confidence(found: dict[str, Any]) -> dict[str, str]:
    bins = [f"| {told:.2f} | {true:.2f} | {_percent(share)} |" for told, true, share in found["calibration"]["reliability"]]
    kept = [
        f"| {_percent(row['share'])} | {_interval(row['auc'])} | {row['auc']['people']} | {row['pooled_auc']:.3f} |"
        for row in found["coverage"]
    ]
    return {
        "calibration_error": f"{found['calibration']['expected_calibration_error']:.3f}",
        "reliability": "\n".join(bins),
        "coverage": "\n".join(kept),
        "abstained": _percent(found["abstained"]),
    }


def _interval(score: dict[str, Any], *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return f"{score['mean']:{form}} ({score['low']:{form}} to {score['high']:{form}})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
