"""`undertone analyse`: what the signals of a recording say, and what the estimator makes of it."""

from __future__ import annotations

import argparse
import json
from statistics import fmean
from typing import Any

from undertone.affect import Estimator, estimator
from undertone.cli.progress import progress
from undertone.flow import Affect, Beat, Features, Response
from undertone.signals import Signals
from undertone.storage import Recording, load_recording, playback

__all__ = ["analyse", "analysis"]


def analyse(asked: argparse.Namespace) -> int:
    """Print what the signals of a recording say."""
    recording = load_recording(asked.recording)
    chosen, fault = estimator(asked.model)
    result = analysis(recording, chosen)
    if asked.json:
        print(json.dumps(result))
        return 0
    if fault is not None:
        print(fault.message)
    for name, value in _summary(recording, result):
        print(f"{name:>22}  {value}")
    return 0


def analysis(recording: Recording, chosen: Estimator) -> dict[str, Any]:
    """What the signals of a recording say, as the device would have heard it, in the form that `--json` prints."""
    signals = Signals()
    beats: list[Beat] = []
    responses: list[Response] = []
    features: list[Features] = []
    affects: list[Affect] = []
    for second in progress(list(playback(recording)), f"listening to {recording.name}"):
        events: list[Beat | Response] = [event for block in second.blocks for event in signals.push(block)]
        events += [signals.push_beat(t, interval) for t, interval in second.beats]
        beats += [event for event in events if isinstance(event, Beat)]
        responses += [event for event in events if isinstance(event, Response)]
        features.append(signals.features(second.end))
        affects.append(chosen.push(features[-1]))
    return {
        "beats": [{"t": _round(beat.t), "interval": _round(beat.interval)} for beat in beats],
        "heart_bpm": [[f.t, _round(f.heart_bpm)] for f in features],
        "breathing_per_min": [[f.t, _round(f.breathing_per_min)] for f in features],
        "conductance_microsiemens": [[f.t, _round(f.tonic_microsiemens)] for f in features],
        "responses": [
            {"t": _round(r.t), "amplitude": _round(r.amplitude_microsiemens), "rise": _round(r.rise)} for r in responses
        ],
        "quality": {
            "pulse": [[f.t, _round(f.pulse_quality)] for f in features],
            "skin": [[f.t, _round(f.skin_quality)] for f in features],
        },
        "affect": [[a.t, _round(a.arousal) if a.confidence > 0.0 else None, _round(a.confidence)] for a in affects],
    }


def _round(value: float | None) -> float | None:
    """To four decimals: beat times keep a tenth of a millisecond, and the output stays readable."""
    return None if value is None else round(value, 4)


def _summary(recording: Recording, result: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for a person, with a line for each event of the recording."""
    rows = [
        ("recording", f"{recording.name}, {recording.duration / 60:.1f} min: {', '.join(sorted(recording.series)) or 'beats'}"),
        ("beats", str(len(result["beats"]))),
        ("heart rate", _mean(result["heart_bpm"], "{:.0f} bpm")),
        ("breathing", _mean(result["breathing_per_min"], "{:.1f} a minute")),
        ("skin conductance", _mean(result["conductance_microsiemens"], "{:.2f} µS")),
        ("responses", str(len(result["responses"]))),
        ("quality", f"pulse {_mean(result['quality']['pulse'], '{:.0%}')}, skin {_mean(result['quality']['skin'], '{:.0%}')}"),
    ]
    for event in recording.events:
        end = event.onset + event.duration
        during = [row[:2] for row in result["affect"] if event.onset <= row[0] < end]
        arousal = _mean(during, "{:+.2f} relative to this person's usual")
        rows.append((event.trial_type, f"arousal {arousal}"))
    return rows


def _mean(rows: list[list[Any]], form: str) -> str:
    known = [value for _, value in rows if value is not None]
    return form.format(fmean(known)) if known else "not known"
