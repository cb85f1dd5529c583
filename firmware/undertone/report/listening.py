"""What a piece is like, for those who cannot hear it: its bars, what was asked for, its sound in figures, and its measures.

`Listening` holds everything that the page shows; `MeterSink` measures sound while it is rendered, so that no file is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Bar, Directive
from undertone.report.measures import failed, measured
from undertone.report.measures_form import Form, distance, form_of, longest_repeat
from undertone.report.measures_sound import SoundCurves, SoundMeasures, SoundMeter, energy_of, integrated
from undertone.report.piece import Piece, piece_of

__all__ = ["WINDOW", "Listening", "MeterSink", "noting", "windows"]

WINDOW = 180.0
"""Seconds that the gates are held against at a time: as long as the music by people was on which they were found."""
FEWEST = 40
"""Notes from which three minutes are judged."""
Plan = Callable[[float], Directive]


@dataclass(frozen=True)
class Listening:
    """A piece and its sound. A part that there is not is empty or None."""

    title: str
    about: str
    """A sentence: what it is and where it comes from."""
    bars: tuple[Bar, ...] = ()
    asked: tuple[Directive, ...] = ()
    """What was asked for when each bar was composed; none for music that was not asked for."""
    sound: SoundMeasures | None = None
    curves: SoundCurves | None = None
    target_lufs: float | None = None
    """Loudness of the programme at level 0 dB."""

    @cached_property
    def piece(self) -> Piece:
        """The score without percussion."""
        return piece_of(self.bars, self.title)

    @cached_property
    def starts(self) -> tuple[float, ...]:
        """Second at which each bar begins, and last at which the last one ends."""
        return (0.0, *itertools.accumulate(bar.seconds for bar in self.bars))

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(self.starts[-1], self.sound.seconds if self.sound else 0.0)

    @cached_property
    def form(self) -> Form | None:
        """How its phrases are like each other; None where there are not two."""
        return form_of(self.piece) if self.bars else None

    @cached_property
    def windows(self) -> tuple[Mapping[str, float | None], ...]:
        """The measures of each three minutes of the score; of all of it where it is shorter."""
        return tuple(measured(window) for window in windows(self.piece)) if self.bars else ()

    @cached_property
    def measures(self) -> Mapping[str, float | None]:
        """The median of each measure of the score."""
        found: dict[str, float | None] = {}
        for key in self.windows[0] if self.windows else ():
            known = [value for row in self.windows if (value := row[key]) is not None]
            found[key] = float(np.median(known)) if known else None
        return found

    @cached_property
    def repeat(self) -> tuple[float, float]:
        """The longest passage that is played again nearly as it was: its length and its beginning, seconds."""
        return longest_repeat(self.piece) if self.bars else (0.0, 0.0)

    @cached_property
    def asked_lufs(self) -> float | None:
        """The integrated loudness that the levels of the bars ask for; None where nothing is known of it."""
        if self.target_lufs is None:
            return None
        levels = np.repeat([bar.level_db for bar in self.bars], [max(1, round(10.0 * bar.seconds)) for bar in self.bars])
        return integrated(energy_of(self.target_lufs + levels)) if len(levels) else self.target_lufs

    def as_dict(self) -> dict[str, Any]:
        """All measures, for programs; None means not known."""
        form = self.form
        return {
            "title": self.title,
            "about": self.about,
            "seconds": self.seconds,
            "bars": len(self.bars),
            "score": dict(self.measures),
            "windows": [dict(row) for row in self.windows],
            "gates_failed": failed(self.measures),
            "form": form and {"returns": form.returns, "best": form.best, "any": form.chance},
            "longest_repeat_seconds": self.repeat[0] if self.bars else None,
            "halves_distance": self._halves(),
            "sound": asdict(self.sound) if self.sound else None,
            "target_lufs": self.target_lufs,
            "asked_lufs": self.asked_lufs,
        }

    def _halves(self) -> float | None:
        """How far the second half is from the first."""
        middle = self.piece.seconds / 2.0
        return distance(self.piece.within(0.0, middle), self.piece.within(middle, 2.0 * middle + 1.0)) if self.bars else None


def windows(piece: Piece) -> Sequence[Piece]:
    """Three minutes after three minutes of a piece, without those that have hardly any notes; a short piece whole."""
    if piece.seconds <= 1.5 * WINDOW:
        return [piece] if piece.notes else []
    found = [piece.within(start, start + WINDOW) for start in np.arange(0.0, piece.seconds, WINDOW).tolist()]
    return [window for window in found if len(window.notes) >= FEWEST and window.seconds > 0.5 * WINDOW]


def noting(plan: Plan, into: list[Directive]) -> Plan:
    """The plan, which keeps everything that it tells."""

    def told(t: float) -> Directive:
        into.append(plan(t))
        return into[-1]

    return told


class MeterSink:
    """Hears everything and keeps figures, not sound. beside: another sink that is given the same."""

    paced = False
    latency = 0.0

    def __init__(self, rate_hz: int = 48000, *, beside: Any = None) -> None:
        self.rate_hz = rate_hz
        self.meter = SoundMeter(rate_hz)
        self._beside = beside

    def write(self, frames: NDArray[np.float32]) -> None:
        """Take frames (n, 2). Raises SoundError where the other sink does."""
        self.meter.push(frames)
        if self._beside is not None:
            self._beside.write(frames)

    def close(self) -> None:
        """Close the other sink."""
        if self._beside is not None:
            self._beside.close()
