"""What is wired where: pins as BCM numbers, and I²C addresses; profile A of `hardware/pins.yaml`.

Written by `python -m hardware.build`; to change something, change that file and run it again.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "AMPLIFIER_ENABLE",
    "BUS_PINS",
    "BUS_SWITCH_ADDRESS",
    "BUS_SWITCH_RESET",
    "BUTTON_MODE",
    "BUTTON_START",
    "BUTTON_STOP",
    "CONSOLE_RX",
    "CONSOLE_TX",
    "CONVERTER_ADDRESS",
    "CONVERTER_READY",
    "ENCODER_A",
    "ENCODER_B",
    "ENCODER_PUSH",
    "HEADER_PIN",
    "I2C_BUS",
    "I2C_SCL",
    "I2C_SDA",
    "I2S_BIT_CLOCK",
    "I2S_DATA_OUT",
    "I2S_WORD_CLOCK",
    "ID_SCL",
    "ID_SDA",
    "LIGHT_CLOCK",
    "LIGHT_DATA",
    "POWER_BUTTON",
    "PULSE_INTERRUPT",
    "PULSE_SENSOR_ADDRESS",
    "STATUS_LIGHT",
]

I2C_BUS: Final = 1
"""Number of the bus on the header: N of /dev/i2c-N."""
PULSE_SENSOR_ADDRESS: Final = 0x57
"""Where the pulse sensor answers, 7 bits."""
CONVERTER_ADDRESS: Final = 0x48
"""Where the converter answers, 7 bits."""
BUS_SWITCH_ADDRESS: Final = 0x70
"""Where the bus switch answers, 7 bits."""
AMPLIFIER_ENABLE: Final = 4
"""Amplifier on and off. Header pin 7."""
BUS_SWITCH_RESET: Final = 23
"""Reset of the TCA9548A bus switch, low is reset. Header pin 16."""
BUTTON_MODE: Final = 13
"""Button C, mode. Header pin 33."""
BUTTON_START: Final = 5
"""Button A, start and next. Header pin 29."""
BUTTON_STOP: Final = 6
"""Button B, stop. Header pin 31."""
CONSOLE_RX: Final = 15
"""Serial console, to the Pi. Header pin 10."""
CONSOLE_TX: Final = 14
"""Serial console, from the Pi. Header pin 8."""
CONVERTER_READY: Final = 25
"""ALERT/RDY of the converter. Header pin 22."""
ENCODER_A: Final = 17
"""Knob, contact A. Header pin 11."""
ENCODER_B: Final = 27
"""Knob, contact B. Header pin 13."""
ENCODER_PUSH: Final = 22
"""Knob, push. Header pin 15."""
I2C_SCL: Final = 3
"""I²C 1 clock. Header pin 5."""
I2C_SDA: Final = 2
"""I²C 1 data. Header pin 3."""
I2S_BIT_CLOCK: Final = 18
"""I²S bit clock. Header pin 12."""
I2S_DATA_OUT: Final = 21
"""I²S data to the amplifier. Header pin 40."""
I2S_WORD_CLOCK: Final = 19
"""I²S word clock. Header pin 35."""
ID_SCL: Final = 1
"""ID EEPROM clock. Header pin 28."""
ID_SDA: Final = 0
"""ID EEPROM data. Header pin 27."""
LIGHT_CLOCK: Final = 11
"""SPI 0 clock to the light ring. Header pin 23."""
LIGHT_DATA: Final = 10
"""SPI 0 data to the light ring. Header pin 19."""
POWER_BUTTON: Final = 16
"""Shut down. Header pin 36."""
PULSE_INTERRUPT: Final = 24
"""Interrupt of the pulse sensor. Header pin 18."""
STATUS_LIGHT: Final = 12
"""Status light, PWM0. Header pin 32."""

BUS_PINS: Final = frozenset({0, 1, 2, 3, 18, 19, 20, 21})
"""Pins of the I²C, I²S and identification buses: they can serve nothing else."""

HEADER_PIN: Final = {
    0: 27,
    1: 28,
    2: 3,
    3: 5,
    4: 7,
    5: 29,
    6: 31,
    7: 26,
    8: 24,
    9: 21,
    10: 19,
    11: 23,
    12: 32,
    13: 33,
    14: 8,
    15: 10,
    16: 36,
    17: 11,
    18: 12,
    19: 35,
    20: 38,
    21: 40,
    22: 15,
    23: 16,
    24: 18,
    25: 22,
    26: 37,
    27: 13,
}
"""Where each BCM number is on the 40-pin header."""
