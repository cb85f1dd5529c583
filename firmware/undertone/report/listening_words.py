"""What each measure means in plain words, and whether it is as music by people is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from undertone.report.listening import Listening
from undertone.report.measures import GATES

__all__ = ["CALM", "LIVELY", "SOUND_CALM", "Row", "score_rows", "sound_rows"]

Bands = Mapping[str, tuple[float, float]]

CALM: Bands = MappingProxyType(
    {
        "repetition": (0.0, 0.47), "roughness": (0.09, 0.46), "leaps": (0.0, 0.25), "steps": (0.31, 0.71),
        "interval": (2.0, 5.8), "key clarity": (0.78, 0.97), "scale": (0.86, 1.0), "entropy 1": (1.76, 2.55),
        "entropy 4": (2.42, 2.94), "groove": (0.80, 0.97), "momentum": (0.45, 0.82), "diameter": (2.10, 3.23),
        "strain": (0.45, 0.71), "onsets/s": (0.80, 5.10), "returns": (0.0, 0.43), "best": (0.10, 0.72),
    }
)  # fmt: skip
"""Where eight tenths of 62 calm pieces by people lie. Measured by `benchmarks/music --calibrate`."""
LIVELY: Bands = MappingProxyType(
    {
        "repetition": (0.29, 0.65), "roughness": (0.11, 0.31), "leaps": (0.08, 0.23), "steps": (0.29, 0.61),
        "interval": (3.1, 5.1), "key clarity": (0.84, 0.95), "scale": (0.82, 0.95), "entropy 1": (1.87, 2.28),
        "entropy 4": (2.43, 2.96), "groove": (0.86, 0.93), "momentum": (0.48, 0.68), "diameter": (2.46, 3.18),
        "strain": (0.48, 0.67), "onsets/s": (3.1, 5.5), "returns": (0.0, 0.77), "best": (0.34, 1.0),
    }
)  # fmt: skip
"""The same of 22 lively pieces."""
SOUND_CALM: Bands = MappingProxyType(
    {"range_lu": (1.5, 5.7), "centroid_hz": (521.0, 1132.0), "high_share": (0.0039, 0.0215)}
)
"""The same of the calm pieces' sound, played dry on the same instruments. Measured by `benchmarks/music --sound`."""
SOUND_LIVELY: Bands = MappingProxyType(
    {"range_lu": (2.1, 12.5), "centroid_hz": (627.0, 808.0), "high_share": (0.0103, 0.0169)}
)

MEANINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "repetition": ("Repeated turns", "share of four-note turns of the melody that were heard before"),
        "roughness": ("Roughness", "how harsh what sounds together is"),
        "leaps": ("Leaps", "share of the melody's moves over a fifth"),
        "steps": ("Steps", "share of the melody's moves of a tone or a semitone"),
        "interval": ("Size of moves", "mean size of the melody's moves, semitones"),
        "key clarity": ("Key clarity", "how well the notes fit the best key, 0 to 1"),
        "scale": ("In one scale", "share of notes in the one best scale"),
        "entropy 1": ("Variety in a bar", "entropy of the pitch classes of one bar, bits"),
        "entropy 4": ("Variety in four bars", "entropy of the pitch classes of four bars, bits"),
        "groove": ("Steadiness", "how alike the rhythms of neighbouring bars are, 0 to 1"),
        "momentum": ("Movement of harmony", "how far the harmony moves every two beats, on the spiral array"),
        "diameter": ("Width of harmony", "how far apart the notes of two beats lie, on the spiral array"),
        "strain": ("Distance from home", "how far the harmony is from the middle of the piece, on the spiral array"),
        "onsets/s": ("Density", "moments a second at which a note begins"),
        "returns": ("Returns", "share of phrases that come back after something else"),
        "best": ("Likeness of returns", "how like a phrase is to the one most like it elsewhere, 0 to 1"),
    }
)
CEILING_DB, NEAR_LU = -1.0, 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, as a reader sees it."""

    name: str
    meaning: str
    value: str
    calm: str
    lively: str
    passes: str
    """What would pass; "" where there is no gate."""
    verdict: str
    """In words."""
    fails: bool = False


def score_rows(listening: Listening) -> Iterator[Row]:
    """The measures of the score."""
    values = dict(listening.measures)
    if listening.form is not None:
        values |= {"returns": listening.form.returns, "best": listening.form.best}
    for key, value in values.items():
        name, meaning = MEANINGS[key]
        gate = GATES.get(key)
        verdict, fails = _judged(value, gate, CALM.get(key), LIVELY.get(key))
        calm, lively = _range(CALM.get(key)), _range(LIVELY.get(key))
        yield Row(name, meaning, _figure(value), calm, lively, _gate(gate, ".2f"), verdict, fails)


def sound_rows(listening: Listening) -> Iterator[Row]:
    """The measures of the sound."""
    sound, wanted = listening.sound, listening.asked_lufs
    if sound is None:
        return
    near = None if wanted is None else (wanted - NEAR_LU, wanted + NEAR_LU)
    over_all = "integrated over all of it, LUFS; what passes is what the levels ask for, ± .5"
    yield _sound_row("Loudness", over_all, sound.lufs, near, ".1f", "")
    yield _sound_row("Loudness range", "between soft and loud passages, LU", sound.range_lu, None, ".1f", "range_lu")
    peak = (-200.0, CEILING_DB)
    yield _sound_row("True peak", "highest point between and at samples, dB re full scale", sound.true_peak_db, peak, ".1f", "")
    yield _sound_row("Brightness", "centre of the mean spectrum, Hz", sound.centroid_hz, None, ".0f", "centroid_hz")
    yield _sound_row("Above 4 kHz", "share of the power", sound.high_share, None, ".2%", "high_share")
    yield _sound_row("Offset", "constant part as a share of the highest sample", sound.dc_share, (0.0, 0.001), ".3%", "")
    yield _sound_row("Lost in mono", "energy lost when both channels become one, dB", sound.mono_loss_db, (0.0, 3.5), ".1f", "")
    yield _sound_row("Clicks", "places where the signal jumps", float(sound.clicks), (0.0, 0.0), ".0f", "")


def _sound_row(name: str, meaning: str, value: float | None, gate: tuple[float, float] | None, form: str, key: str) -> Row:
    calm, lively = SOUND_CALM.get(key), SOUND_LIVELY.get(key)
    verdict, fails = _judged(value, gate, calm, lively)
    return Row(name, meaning, _figure(value, form), _range(calm, form), _range(lively, form), _gate(gate, form), verdict, fails)


def _judged(
    value: float | None, gate: tuple[float, float] | None, calm: tuple[float, float] | None, lively: tuple[float, float] | None
) -> tuple[str, bool]:
    """The verdict, and whether a gate is not passed."""
    if value is None:
        return "not known: there is nothing to measure", False
    if gate is not None and not gate[0] <= value <= gate[1]:
        return ("fails: below what passes" if value < gate[0] else "fails: above what passes"), True
    said = ["passes"] if gate is not None else []
    for name, band in (("calm", calm), ("lively", lively)):
        if band is not None:
            where = "below" if value < band[0] else "above" if value > band[1] else "within"
            said.append(f"{where} {name} music by people")
    return "; ".join(said) or "no gate", False


def _figure(value: float | None, form: str = ".2f") -> str:
    return "–" if value is None else format(value, form).replace("-", "−")


def _range(band: tuple[float, float] | None, form: str = ".2f") -> str:
    return "" if band is None else f"{_figure(band[0], form)} to {_figure(band[1], form)}"


def _gate(gate: tuple[float, float] | None, form: str) -> str:
    if gate is None:
        return ""
    if gate[0] <= -200.0 or gate[0] == 0.0:
        return f"at most {_figure(gate[1], form)}" if gate[1] else "none"
    return f"at least {_figure(gate[0], form)}" if gate[1] == 1.0 else _range(gate, form)
