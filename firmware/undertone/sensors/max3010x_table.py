"""The registers of the MAX30101, MAX30102 and MAX30105, as their datasheets tabulate them.

The three share one map and one part number; what differs is the green LED (not on the MAX30102) and the proximity registers,
which later revisions of the MAX30102's datasheet no longer mention: here they belong to the other two only.

Source: Maxim 19-7740 Rev 0 (MAX30102), pp. 10–24; 19-8453 Rev 0 (MAX30101); 19-8531 Rev 1 (MAX30105).
"""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType

from undertone.sensors.registers import Field, Register, RegisterTable

__all__ = [
    "ADDRESS",
    "CHIPS",
    "FIFO_DEPTH",
    "FULL_SCALE",
    "PART_ID",
    "PULSE_BITS",
    "Mode",
    "fastest_conversions_per_s",
]

ADDRESS = 0x57
"""Fixed: the chip has no address pin."""
PART_ID = 0x15
"""Of all three."""
FIFO_DEPTH = 32
"""Samples."""
FULL_SCALE = (1 << 18) - 1
"""Largest count, of the 18-bit format in which every sample is stored."""
PULSE_BITS = MappingProxyType({69: 15, 118: 16, 215: 17, 411: 18})
"""Bits that are resolved with each LED pulse width, microseconds. The rest of a sample's 18 bits are 0."""
_LED_STEP_MA = 0.2
"""Typical; "actual measured LED current for each part can vary widely due to the trimming methodology"."""


class Mode(IntEnum):
    """What the chip measures. All other codes of the mode field must not be used."""

    HEART_RATE = 0b010
    """One LED: red."""
    SPO2 = 0b011
    """Red, then infrared."""
    MULTI_LED = 0b111
    """As the slots say."""


_FASTEST = {
    # LED pulse, microseconds: (one LED, two LEDs)
    69: (3200, 1600),
    118: (1600, 1000),
    215: (1600, 800),
    411: (1000, 400),
}


def fastest_conversions_per_s(pulse_microseconds: int, leds: int) -> int:
    """The highest rate at which that pulse still fits, for one LED or for more. The chip clamps to it.

    Source: 19-7740 Rev 0, p. 23, tables 11 and 12.
    """
    return _FASTEST[pulse_microseconds][0 if leds <= 1 else 1]


_SLOT = MappingProxyType(
    {0: "off", 1: "red", 2: "infrared", 3: "green", 4: "off", 5: "red pilot", 6: "infrared pilot", 7: "green pilot"}
)

_COMMON = (
    Register(
        "INT_STATUS_1",
        0x00,
        (Field("a_full", 0x80), Field("ppg_ready", 0x40), Field("ambient_overflow", 0x20), Field("power_ready", 0x01)),
    ),
    Register("INT_STATUS_2", 0x01, (Field("temperature_ready", 0x02),)),
    Register("INT_ENABLE_1", 0x02, (Field("a_full", 0x80), Field("ppg_ready", 0x40), Field("ambient_overflow", 0x20))),
    Register("INT_ENABLE_2", 0x03, (Field("temperature_ready", 0x02),)),
    Register("FIFO_WR_PTR", 0x04, (Field("slot", 0x1F),)),
    Register("OVF_COUNTER", 0x05, (Field("lost", 0x1F),)),
    Register("FIFO_RD_PTR", 0x06, (Field("slot", 0x1F),)),
    Register("FIFO_DATA", 0x07, (Field("byte", 0xFF),)),
    Register(
        "FIFO_CONFIG",
        0x08,
        (
            Field("average", 0xE0, codes=MappingProxyType({0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 5: 32, 6: 32, 7: 32})),
            Field("rollover", 0x10),
            Field("free_slots", 0x0F),
        ),
    ),
    Register(
        "MODE_CONFIG",
        0x09,
        (Field("shutdown", 0x80), Field("reset", 0x40), Field("mode", 0x07, codes=MappingProxyType({int(m): m for m in Mode}))),
    ),
    Register(
        "SPO2_CONFIG",
        0x0A,
        (
            Field("range_na", 0x60, codes=MappingProxyType({0: 2048, 1: 4096, 2: 8192, 3: 16384})),
            Field(
                "conversions_per_s",
                0x1C,
                codes=MappingProxyType({0: 50, 1: 100, 2: 200, 3: 400, 4: 800, 5: 1000, 6: 1600, 7: 3200}),
            ),
            Field("pulse_microseconds", 0x03, codes=MappingProxyType({0: 69, 1: 118, 2: 215, 3: 411})),
        ),
    ),
    Register("LED1_PA", 0x0C, (Field("current_ma", 0xFF, step=_LED_STEP_MA),)),
    Register("LED2_PA", 0x0D, (Field("current_ma", 0xFF, step=_LED_STEP_MA),)),
    Register("MULTI_LED_1", 0x11, (Field("slot_2", 0x70, codes=_SLOT), Field("slot_1", 0x07, codes=_SLOT))),
    Register("MULTI_LED_2", 0x12, (Field("slot_4", 0x70, codes=_SLOT), Field("slot_3", 0x07, codes=_SLOT))),
    Register("TINT", 0x1F, (Field("celsius", 0xFF, signed=True),)),
    Register("TFRAC", 0x20, (Field("celsius", 0x0F, step=0.0625),)),
    Register("TEMP_CONFIG", 0x21, (Field("enable", 0x01),)),
    Register("REV_ID", 0xFE, (Field("revision", 0xFF),)),
    Register("PART_ID", 0xFF, (Field("part", 0xFF),), reset=PART_ID),
)

_GREEN_AND_PROXIMITY = (
    Register("LED3_PA", 0x0E, (Field("current_ma", 0xFF, step=_LED_STEP_MA),)),
    Register("PILOT_PA", 0x10, (Field("current_ma", 0xFF, step=_LED_STEP_MA),)),
    Register("PROX_INT_THRESH", 0x30, (Field("level", 0xFF),)),
)

CHIPS = MappingProxyType(
    {
        "MAX30102": RegisterTable("MAX30102", *_COMMON),
        "MAX30101": RegisterTable("MAX30101", *_COMMON, *_GREEN_AND_PROXIMITY),
        "MAX30105": RegisterTable("MAX30105", *_COMMON, *_GREEN_AND_PROXIMITY),
    }
)
"""The register table of each chip, by its name."""
