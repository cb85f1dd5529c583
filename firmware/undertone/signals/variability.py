"""Variability of the heart rate from the clean beats of the last minutes.

What is known over how long, and with how little it is not known:

    RMSSD       60 s    fewer than 20 differences of clean intervals that follow one another
    SDNN       300 s    clean intervals of less than 240 s
    LF/HF      300 s    clean intervals of less than 225 s, or of less than 90 % of the time since the first of them
    coherence   64 s    clean intervals of less than 90 % of the time

Five minutes are what the Task Force asks of short recordings, because SDNN grows with the length and both must be compared at
the same; it also asks for ten periods of the slowest rhythm of a band, which are 250 s for LF. A little less, so that some
artefacts are allowed, is where the answers begin. None of them is filled in or stretched over what is missing, and SDNN, LF/HF
and coherence are not known once no clean beat has come for 10 s.

Source: Task Force of the ESC and NASPE 1996, Circulation 93:1043–1065, doi:10.1161/01.CIR.93.5.1043.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from undertone.flow import Beat, BeatFlag, Samples
from undertone.signals.history import History
from undertone.signals.memory import Memory
from undertone.signals.tachogram import coherence, lf_hf, spectrum

__all__ = ["Variability"]

_RMSSD_WINDOW = 60.0
_RMSSD_LEAST = 20
_LONG = 300.0
_SDNN_LEAST = 240.0
_SPECTRUM_LEAST = 225.0
_SPECTRUM_EVERY = 10.0
_COHERENCE_WINDOW = 64.0
_COHERENCE_EVERY = 5.0
_COVERED = 0.9
_STALE = 10.0


class Variability:
    """Remembers the clean intervals of the last five minutes.

    SDNN and coherence are reckoned anew every 5 s, LF/HF every 10 s, as beats come: when they are asked for changes nothing.
    """

    def __init__(self) -> None:
        self._squares = Memory(_RMSSD_WINDOW)
        self._before: float | None = None
        self._clean = History(2, _LONG)
        self._newest = self._reckoned = self._taken = -np.inf
        self._sdnn: float | None = None
        self._lf_hf: float | None = None
        self._coherence: float | None = None

    def push(self, beat: Beat) -> None:
        """Take note of a beat. Only intervals that follow one another without an artefact or a gap give a difference."""
        if beat.flag is not BeatFlag.CLEAN or beat.interval is None:
            self._before = None
            return
        if self._before is not None:
            self._squares.add(beat.t, (beat.interval - self._before) ** 2)
        self._before = beat.interval
        if self._clean.add((beat.t, beat.interval)):
            self._newest = beat.t
            self._reckon(beat.t)

    def rmssd_ms(self, now: float) -> float | None:
        """RMSSD over the last 60 s, milliseconds; None with fewer than 20 differences."""
        squares = self._squares.values(now - _RMSSD_WINDOW, now)
        return 1000.0 * sqrt(sum(squares) / len(squares)) if len(squares) >= _RMSSD_LEAST else None

    def sdnn_ms(self, now: float) -> float | None:
        """Standard deviation of the clean intervals of the last 5 min, milliseconds; None with less than 4 min of them."""
        return self._sdnn if self._fresh(now) else None

    def lf_hf(self, now: float) -> float | None:
        """Power of the intervals of the last 5 min at 0.04–0.15 Hz over that at 0.15–0.4 Hz; None where too few are clean."""
        return self._lf_hf if self._fresh(now) else None

    def coherence(self, now: float) -> float | None:
        """Share of the power of the intervals of the last 64 s at their strongest rhythm, 0…1; None where too few are clean."""
        return self._coherence if self._fresh(now) else None

    def _fresh(self, now: float) -> bool:
        return now - self._newest <= _STALE

    def _reckon(self, now: float) -> None:
        if now - self._reckoned < _COHERENCE_EVERY:
            return
        self._reckoned = now
        clean = self._clean.after(now - _LONG)
        self._sdnn = 1000.0 * float(np.std(clean[:, 1], ddof=1)) if clean[:, 1].sum() >= _SDNN_LEAST else None
        minute = self._clean.after(now - _COHERENCE_WINDOW)
        full = _covered(minute, _COHERENCE_WINDOW)
        self._coherence = coherence(spectrum(minute[:, 0], minute[:, 1])) if full else None
        if now - self._taken >= _SPECTRUM_EVERY:
            self._taken = now
            full = _covered(clean, max(_SPECTRUM_LEAST / _COVERED, float(now - clean[0, 0] + clean[0, 1])))
            self._lf_hf = lf_hf(spectrum(clean[:, 0], clean[:, 1])) if full else None


def _covered(clean: Samples, seconds: float) -> bool:
    """Whether clean intervals make up nine tenths of that time."""
    return float(clean[:, 1].sum()) >= _COVERED * seconds
