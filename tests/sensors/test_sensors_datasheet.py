"""The register tables against a second transcription of the datasheets, made by hand and in plain numbers."""

from __future__ import annotations

import pytest

from undertone.sensors import PulseSettings
from undertone.sensors.ads1115 import TABLE as ADS1115
from undertone.sensors.max3010x_table import CHIPS, FIFO_DEPTH, FULL_SCALE, PART_ID, PULSE_BITS, fastest_conversions_per_s

ADDRESSES = {
    "INT_STATUS_1": 0x00, "INT_STATUS_2": 0x01, "INT_ENABLE_1": 0x02, "INT_ENABLE_2": 0x03, "FIFO_WR_PTR": 0x04,
    "OVF_COUNTER": 0x05, "FIFO_RD_PTR": 0x06, "FIFO_DATA": 0x07, "FIFO_CONFIG": 0x08, "MODE_CONFIG": 0x09, "SPO2_CONFIG": 0x0A,
    "LED1_PA": 0x0C, "LED2_PA": 0x0D, "MULTI_LED_1": 0x11, "MULTI_LED_2": 0x12, "TINT": 0x1F, "TFRAC": 0x20,
    "TEMP_CONFIG": 0x21, "REV_ID": 0xFE, "PART_ID": 0xFF,
}  # fmt: skip
ONLY_WITH_GREEN = {"LED3_PA": 0x0E, "PILOT_PA": 0x10, "PROX_INT_THRESH": 0x30}

WORDS = [
    # register, what is meant, the byte
    ("FIFO_CONFIG", {"average": 4, "rollover": False, "free_slots": 15}, 0x4F),
    ("FIFO_CONFIG", {"average": 1, "rollover": False, "free_slots": 15}, 0x0F),
    ("FIFO_CONFIG", {"average": 16, "rollover": True}, 0x90),
    ("MODE_CONFIG", {"reset": True}, 0x40),
    ("MODE_CONFIG", {"shutdown": True}, 0x80),
    ("MODE_CONFIG", {"mode": 2}, 0x02),
    ("MODE_CONFIG", {"mode": 3}, 0x03),
    ("MODE_CONFIG", {"mode": 7}, 0x07),
    ("SPO2_CONFIG", {"range_na": 4096, "conversions_per_s": 400, "pulse_microseconds": 411}, 0x2F),
    ("SPO2_CONFIG", {"range_na": 4096, "conversions_per_s": 100, "pulse_microseconds": 411}, 0x27),
    ("SPO2_CONFIG", {"range_na": 16384, "conversions_per_s": 3200, "pulse_microseconds": 69}, 0x7C),
    ("SPO2_CONFIG", {"range_na": 2048, "conversions_per_s": 1000, "pulse_microseconds": 118}, 0x15),
    ("LED1_PA", {"current_ma": 7.0}, 0x23),
    ("LED2_PA", {"current_ma": 51.0}, 0xFF),
    ("INT_ENABLE_1", {"a_full": True}, 0x80),
    ("INT_ENABLE_1", {"ppg_ready": True}, 0x40),
    ("INT_ENABLE_2", {"temperature_ready": True}, 0x02),
    ("MULTI_LED_1", {"slot_1": "red", "slot_2": "infrared"}, 0x21),
    ("MULTI_LED_2", {"slot_3": "green"}, 0x03),
    ("TEMP_CONFIG", {"enable": True}, 0x01),
    ("INT_STATUS_1", {"power_ready": True}, 0x01),
    ("TFRAC", {"celsius": 0.9375}, 0x0F),
    ("TINT", {"celsius": -2}, 0xFE),
]


@pytest.mark.parametrize("chip", ["MAX30101", "MAX30102", "MAX30105"])
def test_registers_are_where_the_datasheet_has_them(chip: str) -> None:
    expected = ADDRESSES | ({} if chip == "MAX30102" else ONLY_WITH_GREEN)
    assert {register.name: register.address for register in CHIPS[chip]} == expected
    assert {r.name: r.reset for r in CHIPS[chip] if r.reset} == {"PART_ID": 0x15}
    assert (PART_ID, FIFO_DEPTH, FULL_SCALE) == (0x15, 32, 262143)


@pytest.mark.parametrize(("register", "meaning", "byte"), WORDS)
def test_settings_become_the_bytes_of_the_datasheet(register: str, meaning: dict[str, object], byte: int) -> None:
    table = CHIPS["MAX30102"]
    assert table[register].encode(**meaning) == byte  # type: ignore[arg-type]
    assert meaning.items() <= table[register].decode(byte | (3 if register == "MODE_CONFIG" and not byte & 7 else 0)).items()


def test_the_codes_are_the_tables_of_the_datasheet() -> None:
    table = CHIPS["MAX30102"]
    rate = table["SPO2_CONFIG"].field("conversions_per_s")
    assert [rate.value(code << 2) for code in range(8)] == [50, 100, 200, 400, 800, 1000, 1600, 3200]
    average = table["FIFO_CONFIG"].field("average")
    assert [average.value(code << 5) for code in range(8)] == [1, 2, 4, 8, 16, 32, 32, 32]
    full_scale = table["SPO2_CONFIG"].field("range_na")
    assert [full_scale.value(code << 5) for code in range(4)] == [2048, 4096, 8192, 16384]
    pulse = table["SPO2_CONFIG"].field("pulse_microseconds")
    assert [(pulse.value(code), PULSE_BITS[int(pulse.number(code))]) for code in range(4)] == [
        (69, 15), (118, 16), (215, 17), (411, 18),
    ]  # fmt: skip


def test_the_fastest_rates_are_those_of_tables_11_and_12() -> None:
    allowed = {  # conversions a second: longest pulse with two LEDs, with one
        50: (411, 411), 100: (411, 411), 200: (411, 411), 400: (411, 411), 800: (215, 411), 1000: (118, 411), 1600: (69, 215),
        3200: (0, 69),
    }  # fmt: skip
    for pulse in PULSE_BITS:
        for leds in (1, 2):
            fits = [rate for rate, longest in allowed.items() if pulse <= longest[2 - leds]]
            assert fastest_conversions_per_s(pulse, leds) == max(fits), (pulse, leds)


def test_the_bytes_that_set_up_the_chip_are_those_of_the_kernels_driver() -> None:
    settings = PulseSettings()
    assert list(settings.bytes_by_register(settings.drive).items()) == [
        ("FIFO_CONFIG", 0x4F), ("SPO2_CONFIG", 0x2F), ("LED1_PA", 0x23), ("LED2_PA", 0x23), ("INT_ENABLE_1", 0xA0),
        ("INT_ENABLE_2", 0x02), ("MODE_CONFIG", 0x03), ("FIFO_WR_PTR", 0), ("OVF_COUNTER", 0), ("FIFO_RD_PTR", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("meaning", "word"),
    [
        ({"inputs": "0", "conversions_per_s": 32}, 0xC543),
        ({"inputs": "0", "conversions_per_s": 64}, 0xC563),
        ({"inputs": "0", "conversions_per_s": 128}, 0xC583),
        ({"inputs": "1", "conversions_per_s": 32}, 0xD543),
        ({"inputs": "2-3", "range_volts": 6.144, "single_shot": False, "conversions_per_s": 860, "start": False}, 0x30E3),
        ({"range_volts": 0.256, "alert_after": 4, "latching": True, "window_comparator": True}, 0x8B96),
        ({"alert_active_high": True}, 0x858B),
    ],
)
def test_the_words_of_the_ads1115(meaning: dict[str, object], word: int) -> None:
    values = {"start": True, "range_volts": 2.048, "single_shot": True} | meaning
    assert ADS1115["CONFIG"].encode(**values) == word  # type: ignore[arg-type]


def test_the_registers_of_the_ads1115() -> None:
    assert [(register.address, register.reset, register.bits) for register in ADS1115] == [
        (0, 0x0000, 16), (1, 0x8583, 16), (2, 0x8000, 16), (3, 0x7FFF, 16),
    ]  # fmt: skip
