"""Volts of the skin's front end to microsiemens, and back.

Theory of operation. An operational amplifier holds its inverting input at the reference V1. The skin, with a series resistance
Rs in its leads, hangs between that input and ground; the feedback resistor Rf supplies what flows. So V0 = V1·(1 + Rf·G) with
G = 1/(Rskin + Rs): the conductance of the loop follows from the *ratio* of two voltages that one converter measures, and the
drift of the 3.3 V supply cancels. With the electrodes open V0 = V1; with them shorted V0 stays below the converter's full
scale: nothing that can happen to the skin saturates the chain.

Other front ends work by other formulas; `SkinFrontEnd` is what the skin channel needs of any.

Source: hardware.md §3.5, path B; the formula is Ohm's law.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["PATH_B", "FrontEnd", "SkinFrontEnd", "electrode_volts", "microsiemens"]


class SkinFrontEnd(Protocol):
    """What lies between the skin and the converter: its output on AIN0, and its reference, if it has one, on AIN1."""

    @property
    def range_volts(self) -> float:
        """The converter's range that takes every output: 4.096 or 2.048 V."""

    @property
    def reference_volts(self) -> float | None:
        """The reference, nominally, volts; None for a front end without one."""

    def reference_present(self, v1: float) -> bool:
        """Whether `v1`, volts, can be the reference; True for a front end without one."""

    def microsiemens(self, v0: float, v1: float) -> float | None:
        """Conductance of the skin, microsiemens ≥ 0; 0 with the electrodes open; None where it cannot be known.

        v0: the output, volts. v1: the reference, volts; not looked at where there is none.
        """


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """The resistors of one front end.

    Raises ValueError where one of them is not positive.
    """

    feedback_ohm: float = 220_000.0
    """Rf."""
    series_ohm: float = 78_000.0
    """Rs: both electrode leads together."""
    reference_volts: float = 0.5
    """V1, nominally."""
    wet_ratio: float = 3.6
    """V0/V1 from which on the electrodes count as touching each other: 1.80 V, about 150 µS."""

    def __post_init__(self) -> None:
        if min(self.feedback_ohm, self.series_ohm, self.reference_volts) <= 0 or self.wet_ratio <= 1:
            raise ValueError(f"a front end needs positive resistances and voltages and a ratio above 1: {self}")

    @property
    def range_volts(self) -> float:
        """The converter's range that takes every output, volts."""
        return 2.048

    def reference_present(self, v1: float) -> bool:
        """Whether `v1` is within a fifth of the reference: otherwise the front end is not powered or not wired to AIN1."""
        return abs(v1 - self.reference_volts) <= 0.2 * self.reference_volts

    def microsiemens(self, v0: float, v1: float) -> float | None:
        """Conductance of the skin, microsiemens ≥ 0; 0 with the electrodes open; None where it cannot be known.

        v0: the output, volts. v1: the reference, volts. None: the electrodes touch each other or are soaked (`wet_ratio`
        reached), or the reference is not there.
        """
        if not self.reference_present(v1) or v0 >= self.wet_ratio * v1:
            return None
        loop = max(0.0, v0 / v1 - 1.0) / self.feedback_ohm
        beside = 1.0 - loop * self.series_ohm
        # Rskin = 1/loop − Rs turned upside down, which also holds for an open loop.
        return 1e6 * loop / beside if beside > 0.0 else None

    def volts(self, conductance_microsiemens: float) -> tuple[float, float]:
        """The output and the reference, volts, for a conductance ≥ 0; inf stands for electrodes that touch."""
        siemens = conductance_microsiemens * 1e-6
        loop = 1.0 / (1.0 / siemens + self.series_ohm) if siemens > 0.0 else 0.0
        return self.reference_volts * (1.0 + self.feedback_ohm * loop), self.reference_volts


PATH_B = FrontEnd()
"""The recommended build: two leads of 39 kΩ, 220 kΩ of feedback, 0.5 V."""


def microsiemens(v0: float, v1: float, *, front_end: SkinFrontEnd = PATH_B) -> float | None:
    """See `SkinFrontEnd.microsiemens`."""
    return front_end.microsiemens(v0, v1)


def electrode_volts(conductance_microsiemens: float, *, front_end: FrontEnd = PATH_B) -> tuple[float, float]:
    """See `FrontEnd.volts`."""
    return front_end.volts(conductance_microsiemens)
