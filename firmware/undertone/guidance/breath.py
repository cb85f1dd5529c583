"""How fast the music should swell: at three quarters of the listener's own breathing, and slowly slower from there.

The swell starts where the listener is and is led, by at most half a breath a minute in each minute, towards the slow rates
that people find easy to breathe along with (4.5…7 a minute). It is an offer to the breath; nothing is claimed about the heart.

Source: Shaffer & Meehan 2020, doi:10.3389/fnins.2020.570400 (4.5–6.5 a minute for adults).
"""

from __future__ import annotations

import math

from undertone.guidance.limits import Limits

__all__ = ["Breath"]

SHARE = 0.75
"""Of the listener's own rate, where the swell starts."""
FORGETS = 120.0
"""Seconds for which the swell goes on by the plan when breathing can no longer be felt."""
SMOOTHING = 20.0
"""Time constant of the listener's own rate, seconds."""


class Breath:
    """The swell's rate, advanced once a second."""

    def __init__(self, limits: Limits) -> None:
        self.rate_per_min: float | None = None
        """Where the swell is; None while there is none."""
        self.follows = False
        """True where the rate just given comes from the listener's own breathing."""
        self._limits = limits
        self._own: float | None = None
        self._felt = -math.inf
        self._now = 0.0

    def advance(self, now: float, own: float | None, slowest: float | None, *, leading: bool) -> float | None:
        """The swell's rate, breaths a minute; None for no swell.

        own: the listener's breathing rate, None where it is not known. slowest: where the goal leads the breath, None where it
        leaves it alone. leading: whether the swell may leave the listener's own pace.
        """
        dt = min(max(now - self._now, 0.0), 5.0)
        self._now = now
        self._feel(now, own, dt)
        self.follows = False
        if slowest is None or self._own is None or now - self._felt > FORGETS:
            self.rate_per_min = self._own = None
            return None
        low, high = self._limits.breath_per_min
        met = min(max(SHARE * self._own, low), high)
        if self.rate_per_min is None:
            self.rate_per_min, self.follows = met, True
            return met
        wished = min(self.rate_per_min, slowest) if leading else met
        self.follows = not leading and own is not None
        step = self._limits.breath_step_per_min / 60.0 * dt
        self.rate_per_min += min(max(wished - self.rate_per_min, -step), step)
        return self.rate_per_min

    def _feel(self, now: float, own: float | None, dt: float) -> None:
        """Keep the listener's own rate, without its jitter."""
        if own is None:
            return
        self._own = own if self._own is None else self._own + (own - self._own) * -math.expm1(-dt / SMOOTHING)
        self._felt = now
