"""The Grove GSR v1.2 as a front end, by the formula that its schematic really gives.

Theory of operation. Half the supply, from a divider of 2 × 4.7 kΩ, goes through R6 = 200 kΩ to the skin, whose other end is at
ground, and through R5 = 200 kΩ to a potentiometer. The board puts out twice the difference of the two, so it sinks from its
value with open electrodes, Voc, as the skin conducts. With d = (Voc − V)/VCC, and R6 counted with half of the divider's 4.7 kΩ
as 202.35 kΩ,

    G ≈ d / ((1 − d) · R6),

in which neither the position of the potentiometer nor the bits of a converter appear. (The formula that was published with the
board gives a tenth of the resistance.) As both branches load the divider, this is still up to 3 % low. Exactly, with
r = 2.35 kΩ and u = Voc/VCC = R5/(R5 + Rpot + r), what flows through the skin for each volt of the divider is

    g = d / ((1 − r·u/R5) · (R6 + r·(u − d))),   G = g / (1 − g·R6),   R6 = 200 kΩ,

by the two node equations of the schematic, solved: the same three voltages are enough.

The output passes R9 = 1 MΩ, against which the ADS1115 is a load of 6 MΩ to 0.7 V: it sees 6/7 of what it should, and 0.1 V.
Only the difference counts, so that d has to be divided by 0.857, or by 0.998 with R9 bypassed by 10 kΩ, which is the better
thing to do: the 6 MΩ are typical, not exact.

The output ends at 0 V, where the skin conducts as well as the potentiometer: more cannot be told from electrodes that touch.
It also ends 1.5 V below the supply with an LM324; a conductance that is too small for it to come off that end cannot be told
from electrodes that are off.

Source: hardware.md §3.2, from the board's published schematic (Grove - GSR v1.2); TI SBAS444D, p. 5 (input impedance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from undertone.errors import ConfigError

__all__ = ["Grove"]

_R5_OHM = 200_000.0
_R9_OHM, _BYPASS_OHM = 1e6, 10_000.0
_CONVERTER_OHM, _CONVERTER_VOLTS = 6e6, 0.7
"""The converter's input at ±4.096 V, as a resistor to a voltage."""
_DIVIDER_OHM = 2_350.0
"""Two resistors of 4.7 kΩ, as the branches see them."""
_HEAD_ROOM_VOLTS = 1.5
"""How far an LM324 stays below its supply."""
_AT_THE_END_VOLTS = 0.02
"""How near to one of its ends the output has to be to be there."""
_NEAR_THE_END_VOLTS = 0.1
"""How near it may be at most for a voltage that is worth measuring: where exactly the end is, differs from board to board."""
_LARGEST_VOLTS = 4.096


@dataclass(frozen=True, slots=True)
class Grove:
    """One board.

    Raises ConfigError for voltages and resistances that no board has.
    """

    open_volts: float
    """Output with the electrodes open, volts: as the converter reads it, or, where that is at the output's upper end, as
    `from_potentiometer` computes it."""
    supply_volts: float = 3.3
    """VCC. With 5 V, only what lies below 4.096 V can be read."""
    r6_ohm: float = 202_350.0
    """In front of the skin, half of the divider included."""
    bypassed: bool = True
    """Whether R9 is bypassed by 10 kΩ across it."""
    rail_to_rail: bool = False
    """Whether the amplifier reaches its supply: an LMV324 instead of an LM324. Read the chip."""

    def __post_init__(self) -> None:
        if not 2.7 <= self.supply_volts <= 5.5:
            raise ConfigError(f"A Grove GSR is supplied with 3.3 or 5 V, not {self.supply_volts:g} V.")
        if not 0.3 * self.supply_volts <= self.open_volts < self.supply_volts:
            raise ConfigError(
                f"With the electrodes open, a Grove GSR puts out 0.3 to 1 times its supply of {self.supply_volts:g} V, not "
                f"{self.open_volts:g} V: measure it anew, with nothing on the electrodes."
            )
        if not self.r6_ohm > _DIVIDER_OHM:
            raise ConfigError(f"R6 of a Grove GSR, with half of the divider, has more than 2.35 kΩ, not {self.r6_ohm:g} Ω.")

    @classmethod
    def from_potentiometer(
        cls, potentiometer_ohm: float, *, supply_volts: float = 3.3, bypassed: bool = True, rail_to_rail: bool = False
    ) -> Grove:
        """A board whose potentiometer is known and whose `open_volts` is not, or lies beyond its amplifier's end.

        Raises ConfigError for more than 200 kΩ, or none.
        """
        if not 0.0 < potentiometer_ohm <= _R5_OHM:
            raise ConfigError(f"The potentiometer of a Grove GSR has up to 200 kΩ, not {potentiometer_ohm:g} Ω.")
        # Open, the skin's branch draws nothing; the potentiometer's pulls the divider down a little.
        output = supply_volts * _R5_OHM / (_R5_OHM + potentiometer_ohm + _DIVIDER_OHM)
        share = _share(bypassed)
        read = output * share + _CONVERTER_VOLTS * (1.0 - share)
        return cls(read, supply_volts, bypassed=bypassed, rail_to_rail=rail_to_rail)

    @property
    def open_hidden(self) -> bool:
        """Whether `open_volts` is at the output's upper end, or beyond: then it can be computed, but not be measured."""
        return self._output(self.open_volts) >= self._upper_end - _NEAR_THE_END_VOLTS

    @property
    def range_volts(self) -> float:
        """The converter's range that takes every output, volts."""
        return _LARGEST_VOLTS

    @property
    def reference_volts(self) -> float | None:
        """There is no reference on AIN1."""
        return None

    def reference_present(self, v1: float) -> bool:
        """There is nothing to be missed."""
        return True

    def microsiemens(self, v0: float, v1: float = 0.0) -> float | None:
        """Conductance of the skin, microsiemens ≥ 0; 0 with the electrodes open; None where it cannot be known.

        v0: the output as the converter reads it, volts. v1: not looked at. 0 is also what cannot be told from open electrodes;
        None is what cannot be told from touching ones.
        """
        output = self._output(v0)
        if output <= _AT_THE_END_VOLTS:
            return None
        if output >= self._upper_end - _AT_THE_END_VOLTS:
            return 0.0
        before = self._output(self.open_volts) / self.supply_volts
        after = output / self.supply_volts
        r6 = self.r6_ohm - _DIVIDER_OHM
        through = max(0.0, before - after) / ((1.0 - _DIVIDER_OHM * before / _R5_OHM) * (r6 + _DIVIDER_OHM * after))
        beside = 1.0 - through * r6
        return 1e6 * through / beside if beside > 0.0 else None

    @property
    def _upper_end(self) -> float:
        """The highest voltage that comes out and can be read, volts."""
        end = math.inf if self.rail_to_rail else self.supply_volts - _HEAD_ROOM_VOLTS
        return min(end, self._output(_LARGEST_VOLTS))

    def _output(self, read: float) -> float:
        """The board's output, volts, of which the converter reads this."""
        share = _share(self.bypassed)
        return (read - _CONVERTER_VOLTS * (1.0 - share)) / share


def _share(bypassed: bool) -> float:
    """How much of the output reaches the converter."""
    in_series = 1.0 / (1.0 / _R9_OHM + 1.0 / _BYPASS_OHM) if bypassed else _R9_OHM
    return _CONVERTER_OHM / (_CONVERTER_OHM + in_series)
