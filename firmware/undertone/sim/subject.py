"""Whom the emulated chips look at: a simulated body, or somebody who was recorded."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Subject"]


class Subject(Protocol):
    """Somebody who wears a pod: what light comes back from the finger, and how well the skin conducts.

    The chips ask with arrays of exact sampling moments. For each of the two questions by itself the moments never decrease,
    within a call and from call to call, so that a subject may forget what lies behind. The two are asked independently: their
    moments may be more than a second apart. A chip may ask up to `chips.HORIZON` (1 s) ahead of the present, to be cheap; what
    happens to the subject after that cannot change what was already answered.

    Both must be deterministic: the same construction and the same questions give the same answers. How a question is cut into
    calls may not matter.
    """

    def light(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Photocurrent for each mA of LED current, nA/mA, shape (n, 2): red (660 nm), infrared (880 nm).

        times: seconds, shape (n,), non-decreasing. More blood means less light. A finger gives about 286 nA/mA of infrared,
        of which 1 % pulsates (0.5–3 %); with no finger on the window there are a few nA/mA.
        """

    def conductance(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Conductance of the skin between the electrodes, microsiemens ≥ 0, shape (n,); exactly 0 with the electrodes off.

        times: seconds, shape (n,), non-decreasing. inf means that the electrodes touch each other.
        """
