"""The spectrum of the intervals between beats, in its bands, and how much of it is one rhythm.

Theory of operation. Intervals are known only where a beat ends them, and where artefacts were left out they are missing. A
curve drawn through what is known, as is often done before a Fourier transform, smooths the quick rhythms away where beats are
missing. With a tenth of them gone in runs of up to six, that makes ratios of low to high frequency of 0.25, 1, 4 and 25 too
large by factors of 2.3, 1.4, 1.2 and 1.1. Therefore the transform is taken of the known intervals themselves, at their own
times, as Lomb's periodogram does: the factors are 1.0, 0.95, 0.85 and 0.5, because what is missing spreads the stronger rhythm.
Where more than a tenth is missing, `variability` gives no answer.

The sum over a few hundred unevenly spaced intervals is cheap by spreading each over the two nearest points of an even mesh, and
a fast Fourier transform of that; the mesh's own response is divided out.

Source: Lomb 1976, Astrophysics and Space Science 39:447–462, doi:10.1007/BF00648343; the mesh after the idea of Press and
Rybicki 1989, Astrophysical Journal 338:277–280, doi:10.1086/167197; missing beats and Lomb's periodogram after Clifford and
Tarassenko 2005, IEEE TBME 52(4):630–638, doi:10.1109/TBME.2005.844028.
"""

from __future__ import annotations

import numpy as np

from undertone.flow import Samples, readonly

__all__ = ["FREQUENCIES_HZ", "coherence", "lf_hf", "spectrum"]

_MESH_HZ = 4.0
_POINTS = 2048
_HIGHEST_HZ = 0.4

FREQUENCIES_HZ = readonly(np.arange(0.0, _HIGHEST_HZ, _MESH_HZ / _POINTS))
"""Of the spectrum, 0 to below 0.4 Hz, 1/512 Hz apart, shape (205,)."""

_RESPONSE = np.sinc(FREQUENCIES_HZ / _MESH_HZ) ** 4


def _band(low: float, high: float) -> slice:
    """Frequencies from `low` to below `high`, Hz."""
    return slice(*np.searchsorted(FREQUENCIES_HZ, (low, high)).tolist())


_LF, _HF = _band(0.04, 0.15), _band(0.15, _HIGHEST_HZ)
_RHYTHMS, _ALL = _band(0.04, 0.26), _band(0.0033, _HIGHEST_HZ)
_AROUND = 0.015


def spectrum(times: Samples, intervals: Samples) -> Samples:
    """Power of the intervals at `FREQUENCIES_HZ`, (205,), in a unit of no meaning: only ratios are of use.

    times: at which the intervals ended, seconds, ascending, (n,), over at most 500 s; intervals: seconds, (n,).
    The straight line through the intervals is taken out; a Hann window lies over the whole.
    """
    start, span = times[0], times[-1] - times[0]
    x = times - 0.5 * (times[0] + times[-1])
    window = 0.5 + 0.5 * np.cos(2.0 * np.pi / span * x)
    # The straight line of least squares under the window.
    weight = window / window.sum()
    x = x - weight @ x
    level = weight @ intervals
    slope = (weight * x) @ intervals / ((weight * x) @ x)
    wave = window * (intervals - level - slope * x)
    position = (times - start) * _MESH_HZ
    index = position.astype(np.intp)
    part = position - index
    mesh = np.bincount(index, wave * (1.0 - part), _POINTS) + np.bincount(index + 1, wave * part, _POINTS)
    transform = np.fft.rfft(mesh, _POINTS)[: len(FREQUENCIES_HZ)]
    return np.asarray((transform.real**2 + transform.imag**2) / _RESPONSE)


def lf_hf(power: Samples) -> float | None:
    """Power at 0.04–0.15 Hz over that at 0.15–0.4 Hz; None where there is none.

    Source: the bands are those of the Task Force of the ESC and NASPE 1996, Circulation 93:1043–1065,
    doi:10.1161/01.CIR.93.5.1043, table 2.
    """
    high = float(power[_HF].sum())
    return float(power[_LF].sum()) / high if high > 0.0 else None


def coherence(power: Samples) -> float | None:
    """Share of the power at 0.0033–0.4 Hz that lies within 0.015 Hz of the strongest of 0.04–0.26 Hz, 0…1; None without power.

    A pure rhythm gives 0.89 in 64 s: the Hann window spreads it.

    Source: McCraty and Childre 2010, Alternative Therapies in Health and Medicine 16(4):10–24, where power around the peak is
    set against the rest instead of the whole; a share stays within 0…1.
    """
    whole = float(power[_ALL].sum())
    if not whole > 0.0:
        return None
    peak = FREQUENCIES_HZ[_RHYTHMS][int(np.argmax(power[_RHYTHMS]))]
    around = _band(max(peak - _AROUND, 0.0033), min(peak + _AROUND, _HIGHEST_HZ))
    return float(power[around].sum()) / whole
