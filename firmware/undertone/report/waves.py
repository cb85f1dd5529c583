"""Long series made drawable: what a picture of some hundred dots can show of a million samples."""

from __future__ import annotations

import numpy as np

from undertone.flow import Samples
from undertone.storage import Series

__all__ = ["envelope", "gaps", "steady", "upright"]


def upright(pulse: Series) -> Samples:
    """The pulse wave such that more blood is higher, as in a textbook, shape (n,)."""
    return pulse.values if pulse.upright else -pulse.values


def steady(values: Samples, window: int) -> Samples:
    """The values without what changes slowly: less the mean of a window around each, shape (n,). NaN stays NaN."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    left = np.maximum(np.arange(len(values)) - window // 2, 0)
    right = np.minimum(np.arange(len(values)) + window // 2 + 1, len(values))
    inside = np.maximum(count[right] - count[left], 1)
    return np.asarray(values - (total[right] - total[left]) / inside)


def envelope(times: Samples, values: Samples, dots: int) -> tuple[Samples, Samples]:
    """The same curve with at most two points for each of `dots` columns: its lowest and its highest value there.

    A column with a gap in it is a gap (NaN) only where nothing is known in all of it. Shorter series come back as they are.
    """
    if len(values) <= 2 * dots:
        return times, values
    edges = np.linspace(0, len(values), dots + 1).astype(np.int64)[:-1]
    known = np.isfinite(values)
    low = np.minimum.reduceat(np.where(known, values, np.inf), edges)
    high = np.maximum.reduceat(np.where(known, values, -np.inf), edges)
    points = np.stack([low, high], axis=1)
    points[~np.isfinite(low)] = np.nan
    return np.repeat(times[edges], 2), points.ravel()


def gaps(series: Series, shortest: float) -> list[tuple[float, float]]:
    """Beginning and end of each stretch of missing samples that lasts at least so many seconds."""
    missing = ~np.isfinite(series.values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    spans = series.t0 + edges.reshape(-1, 2) / series.rate_hz
    return [(float(start), float(end)) for start, end in spans if end - start >= shortest]
