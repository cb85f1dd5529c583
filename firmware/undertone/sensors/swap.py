"""Finds out from the pulse itself whether red and infrared have been taken for each other.

Theory of operation. Blood with its usual oxygen takes less red than infrared light: in what comes back, red pulsates about half
as strongly as infrared, each as a share of its own steady light. On many cheap modules the two LEDs are exchanged, and then
what is called red pulsates twice as strongly. The usual formula turns that ratio R into an oxygen saturation of 110 − 25·R per
cent: 97 % for 0.5, but 60 % for 2, with which nobody sits and listens. From R = 1.3 on (77 %) the exchange is the better
explanation.

Each channel is averaged to 20 values a second, and what each changes within 0.2 s, as a share of the light, is compared over
4 s; slow drift and noise are small in that. A stretch counts only if it looks like a pulse: both channels move together
(correlation from 0.9 on), by no more than a pulse does and no less than can be told from noise, and they fall faster than they
rise, as blood arrives faster than it leaves: neither a hand that moves nor the flicker of a lamp does that. R is the slope of
red over infrared by least squares, which noise can only make smaller. Of ten stretches eight must count and all of these be
above the limit; a single one below, and everything begins anew.

Source: J. G. Webster (ed.), Design of Pulse Oximeters, 1997, ch. 4 and 9 (ratio of ratios, and the formula as an approximation
of its curve); hardware.md §1.5 (modules with exchanged LEDs).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undertone.flow import Samples

__all__ = ["SwapWatch", "saturation_percent"]

_COARSE_HZ = 20.0
_LAG = 4
"""Coarse values over which a change is taken: 0.2 s."""
_STRETCH = 80
"""Changes in a stretch: 4 s."""
_LATEST, _ENOUGH = 10, 8
"""So many of the latest stretches must count: at least 32 s of pulse."""
_LIMIT = 1.3
_ABSURD = 4.0
"""A larger ratio is no blood at all."""
_CORRELATION = 0.9
_SKEWNESS = -0.3
"""In fingers at rest it is about −1, and below −0.3 in nine of ten stretches; 0 for anything symmetric."""
_FAINTEST, _STRONGEST = 0.0002, 0.03
"""Standard deviation of the changes, as a share of the light."""


def saturation_percent(ratio: float) -> float:
    """The oxygen saturation for which a ratio of red to infrared pulsation would stand, per cent, 0…100."""
    return min(100.0, max(0.0, 110.0 - 25.0 * ratio))


class SwapWatch:
    """Watches red and infrared, as they are called at the moment. rate_hz: nominal samples a second."""

    def __init__(self, rate_hz: float) -> None:
        self._group = max(1, round(rate_hz / _COARSE_HZ))
        self._length = self._group * (_STRETCH + _LAG)
        self._samples = np.zeros((0, 2))
        self._ratios: list[float | None] = []

    def interrupt(self) -> None:
        """What follows does not join: samples are missing, or there is no finger. What was found so far is kept."""
        self._samples = np.zeros((0, 2))

    def forget(self) -> None:
        """Begin anew: the channels, the chip or the finger are other ones."""
        self.interrupt()
        self._ratios.clear()

    def push(self, red: NDArray[np.int32], infrared: NDArray[np.int32]) -> float | None:
        """Take some samples, counts, (n,) each. Returns the ratio if the two are exchanged for sure, and begins anew then."""
        self._samples = np.concatenate((self._samples, np.stack((red, infrared), axis=1)))
        while len(self._samples) >= self._length:
            ratio = _ratio(self._samples[: self._length].reshape(-1, self._group, 2).mean(axis=1))
            # The last values are the first ones of the next stretch, whose changes begin with them.
            self._samples = self._samples[self._group * _STRETCH :]
            if ratio is not None and not _LIMIT < ratio < _ABSURD:
                self._ratios.clear()
                continue
            self._ratios = [*self._ratios, ratio][-_LATEST:]
            counting = [each for each in self._ratios if each is not None]
            if len(counting) >= _ENOUGH:
                self.forget()
                return float(np.median(counting))
        return None


def _ratio(light: Samples) -> float | None:
    """Pulsation of red over that of infrared in one stretch, (n, 2) counts; None where it does not look like a pulse."""
    level = light.mean(axis=0)
    if level.min() <= 0.0:
        return None
    changes = (light[_LAG:] - light[:-_LAG]) / level
    changes -= changes.mean(axis=0)
    size = changes.std(axis=0)
    if size.min() <= _FAINTEST or size.max() >= _STRONGEST:
        return None
    red, infrared = changes.T
    together = float((red * infrared).mean())
    skewness = (changes**3).mean(axis=0) / size**3
    if together < _CORRELATION * float(size[0] * size[1]) or skewness.max() > _SKEWNESS:
        return None
    return together / float(size[1] ** 2)
