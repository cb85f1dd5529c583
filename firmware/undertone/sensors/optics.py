"""How a pulse sensor's light is set up: what a person configures, and what of it may change while it measures."""

from __future__ import annotations

from dataclasses import dataclass

from undertone.errors import ConfigError
from undertone.sensors.max3010x_table import ADDRESS, CHIPS, FULL_SCALE, Mode

__all__ = ["Drive", "PulseSettings"]


@dataclass(frozen=True, slots=True)
class Drive:
    """How the LEDs are driven and their light is converted: what may change from one moment to the next."""

    red_ma: float
    """LED current, 0…51 mA."""
    infrared_ma: float
    """LED current, 0…51 mA."""
    range_na: int
    """Photocurrent at full scale: 2048, 4096, 8192 or 16384 nA. Both channels share it."""
    swapped: bool = False
    """Whether what the chip calls red is infrared, and the other way round."""

    @property
    def counts_per_na(self) -> float:
        """ADC counts for each nA of photocurrent."""
        return (FULL_SCALE + 1) / self.range_na

    @property
    def by_led(self) -> tuple[float, float]:
        """The currents of the LEDs that the chip calls 1 (red) and 2 (infrared), mA."""
        return (self.infrared_ma, self.red_ma) if self.swapped else (self.red_ma, self.infrared_ma)


@dataclass(frozen=True, slots=True)
class PulseSettings:
    """How the pulse sensor is set up.

    Raises ConfigError for an unknown chip, RegisterError for what the chip cannot be set to.
    """

    address: int = ADDRESS
    """7 bits. The chip has no other; a translator in between may."""
    chip: str = "MAX30102"
    """MAX30101, MAX30102 or MAX30105. They cannot be told apart by asking them."""
    red_ma: float = 7.0
    """LED current, 0…51 mA in steps of 0.2; with `automatic`, where it starts. 0 leaves the LED off."""
    infrared_ma: float = 7.0
    """LED current, 0…51 mA in steps of 0.2; with `automatic`, where it starts. 0 leaves the LED off."""
    automatic: bool = True
    """Whether the LED currents follow the finger: darker skin gets more light, a thin finger less."""
    range_na: int = 4096
    """Photocurrent at full scale: 2048, 4096, 8192 or 16384 nA; with `automatic`, the smallest that is used."""
    conversions_per_s: int = 400
    average: int = 4
    """Conversions that the chip averages into one sample: 400 / 4 gives 100 samples a second."""
    pulse_microseconds: int = 411
    """LED pulse: 69, 118, 215 or 411 µs; longer resolves more bits."""
    swap_channels: bool = False
    """For the modules on which red and infrared are exchanged."""

    def __post_init__(self) -> None:
        if self.chip not in CHIPS:
            raise ConfigError(f"There is no pulse sensor {self.chip!r}: choose {', '.join(CHIPS)}.")
        self.bytes_by_register(self.drive)

    @property
    def rate_hz(self) -> float:
        """Samples a second, by the chip's own clock."""
        return self.conversions_per_s / self.average

    @property
    def drive(self) -> Drive:
        """How the LEDs are driven at the beginning."""
        return Drive(self.red_ma, self.infrared_ma, self.range_na, self.swap_channels)

    def bytes_by_register(self, drive: Drive) -> dict[str, int]:
        """What is written where, in the order of writing. The pointers come last: they are writable only once a mode is set."""
        table = CHIPS[self.chip]
        first, second = drive.by_led
        return {
            "FIFO_CONFIG": table["FIFO_CONFIG"].encode(average=self.average, rollover=False, free_slots=15),
            "SPO2_CONFIG": table["SPO2_CONFIG"].encode(
                range_na=drive.range_na,
                conversions_per_s=self.conversions_per_s,
                pulse_microseconds=self.pulse_microseconds,
            ),
            "LED1_PA": table["LED1_PA"].encode(current_ma=first),
            "LED2_PA": table["LED2_PA"].encode(current_ma=second),
            "INT_ENABLE_1": table["INT_ENABLE_1"].encode(a_full=True, ambient_overflow=True),
            "INT_ENABLE_2": table["INT_ENABLE_2"].encode(temperature_ready=True),
            "MODE_CONFIG": table["MODE_CONFIG"].encode(mode=Mode.SPO2),
            "FIFO_WR_PTR": 0,
            "OVF_COUNTER": 0,
            "FIFO_RD_PTR": 0,
        }
