"""A Grove GSR v1.2 board between the skin and a converter, as its schematic has it, resistor by resistor.

Half the supply is made by two resistors of 4.7 kΩ, which both branches load: R6 to the skin, R5 to the potentiometer. Two
followers, a difference amplifier with a gain of two that ends at ground and below its supply, and 1 MΩ to the converter, whose
input is 6 MΩ to 0.7 V. Simplified: no offsets, and no 100 nF at the output, which is slower than any answer of the skin.

Source: hardware.md §3.2, from the board's published schematic; TI SBAS444D, p. 5.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GroveCircuit"]

_DIVIDER = _DIVIDER_BELOW = 4_700.0
_R5 = _R6 = 200_000.0
_GAIN = 2.0
_R9 = 1e6
_BYPASS = 10_000.0
_CONVERTER, _CONVERTER_VOLTS = 6e6, 0.7


@dataclass(frozen=True, slots=True)
class GroveCircuit:
    """One board, and the converter's input that loads it."""

    potentiometer_ohm: float = 50_000.0
    supply_volts: float = 3.3
    bypassed: bool = True
    """Whether 10 kΩ lie across R9."""
    head_room_volts: float = 1.5
    """How far the amplifier stays below its supply."""

    def volts(self, conductance_microsiemens: float) -> tuple[float, float]:
        """The voltage at AIN0, and 0 at AIN1, for a conductance ≥ 0; inf stands for electrodes that touch."""
        siemens = conductance_microsiemens * 1e-6
        potentiometer = 1.0 / (_R5 + self.potentiometer_ohm)
        # Through R6 and the skin: as much as both in a row let through, also for a conductance of 0 and of infinity.
        skin = 1.0 / (_R6 + 1.0 / siemens) if siemens > 0.0 else 0.0
        middle = self.supply_volts / _DIVIDER / (1.0 / _DIVIDER + 1.0 / _DIVIDER_BELOW + potentiometer + skin)
        at_skin = middle * (1.0 - _R6 * skin)
        at_potentiometer = middle * self.potentiometer_ohm * potentiometer
        output = min(max(_GAIN * (at_skin - at_potentiometer), 0.0), self.supply_volts - self.head_room_volts)
        in_series = 1.0 / (1.0 / _R9 + 1.0 / _BYPASS) if self.bypassed else _R9
        return output + (_CONVERTER_VOLTS - output) * in_series / (in_series + _CONVERTER), 0.0
