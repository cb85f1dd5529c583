"""Register tables contradict themselves at import or never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undertone.errors import RegisterError
from undertone.sensors.ads1115 import TABLE as ADS1115
from undertone.sensors.max3010x_table import CHIPS
from undertone.sensors.registers import Field, Register, RegisterTable

MAX30102 = CHIPS["MAX30102"]


def test_a_mask_of_nine_bits_does_not_fit_a_register_of_eight() -> None:
    with pytest.raises(RegisterError, match="does not fit 8 bits"):
        Register("FIFO_CONFIG", 0x08, (Field("average", 0b111000000),))


def test_a_torn_or_empty_mask_is_refused() -> None:
    for mask in (0, -1, 0b101):
        with pytest.raises(RegisterError, match="one run"):
            Field("torn", mask)


def test_fields_may_not_share_a_bit() -> None:
    with pytest.raises(RegisterError, match="overlaps"):
        Register("X", 0, (Field("a", 0b0110), Field("b", 0b1100)))


def test_a_code_must_fit_its_field() -> None:
    with pytest.raises(RegisterError, match="does not fit its mask"):
        Field("rate", 0b11, codes={0: 50, 4: 100})


@pytest.mark.parametrize(
    "build",
    [
        lambda: Field("both", 0xFF, codes={0: 1}, step=0.2),
        lambda: Field("both", 0xFF, codes={0: 1}, signed=True),
        lambda: Field("still", 0xFF, step=0.0),
        lambda: Register("X", 0, reset=0x100),
        lambda: Register("X", 0, (Field("a", 1), Field("a", 2))),
        lambda: RegisterTable("X", Register("A", 0), Register("A", 1)),
        lambda: RegisterTable("X", Register("A", 0), Register("B", 0)),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(build: object) -> None:
    with pytest.raises(RegisterError):
        build()  # type: ignore[operator]


def test_unknown_names_and_values_are_refused_in_a_sentence() -> None:
    config = MAX30102["SPO2_CONFIG"]
    with pytest.raises(RegisterError, match="can be 50, 100, 200, 400, 800, 1000, 1600, 3200, not 123"):
        config.encode(conversions_per_s=123)
    with pytest.raises(RegisterError, match="has no field colour"):
        config.encode(colour=1)
    with pytest.raises(RegisterError, match="no register FOO"):
        MAX30102["FOO"]
    with pytest.raises(RegisterError, match=r"0…51, not 51\.2"):
        MAX30102["LED1_PA"].encode(current_ma=51.2)
    with pytest.raises(RegisterError, match="must be a number"):
        MAX30102["LED1_PA"].encode(current_ma="much")
    for never in (float("nan"), float("inf")):
        with pytest.raises(RegisterError, match="must be a number"):
            MAX30102["LED1_PA"].encode(current_ma=never)
    with pytest.raises(RegisterError, match="means nothing"):
        MAX30102["MODE_CONFIG"].decode(0b101)
    with pytest.raises(RegisterError, match="is no number"):
        MAX30102["MULTI_LED_1"].field("slot_1").number(1)


def test_every_exact_led_current_is_programmed_exactly() -> None:
    """Truncation instead of rounding makes 89 of these one step too small."""
    register = MAX30102["LED1_PA"]
    assert [register.encode(current_ma=round(0.2 * code, 1)) for code in range(256)] == list(range(256))
    assert register.encode(current_ma=0.6) == 3


def test_of_several_codes_with_one_meaning_the_first_is_written() -> None:
    register = MAX30102["FIFO_CONFIG"]
    assert register.encode(average=32) == 0b101_0_0000
    assert register.decode(0b111_0_0000)["average"] == 32


def test_signed_fields_are_twos_complements() -> None:
    register = ADS1115["CONVERSION"]
    for value, word in ((0, 0), (1, 1), (-1, 0xFFFF), (-32768, 0x8000), (32767, 0x7FFF)):
        assert register.encode(counts=value) == word
        assert register.decode(word) == {"counts": value}
    with pytest.raises(RegisterError, match="-32768…32767"):
        register.encode(counts=32768)


def test_what_is_not_named_keeps_its_reset_value() -> None:
    assert ADS1115["CONFIG"].encode() == 0x8583
    assert ADS1115["CONFIG"].encode(inputs="1") == 0xD583
    assert ADS1115["CONFIG"].decode(0x8583) == {
        "start": True, "inputs": "0-1", "range_volts": 2.048, "single_shot": True, "conversions_per_s": 128,
        "window_comparator": False, "alert_active_high": False, "latching": False, "alert_after": "never",
    }  # fmt: skip


@given(st.sampled_from([register for table in (*CHIPS.values(), ADS1115) for register in table]), st.data())
def test_what_is_decoded_encodes_to_a_word_that_means_the_same(register: Register, data: st.DataObject) -> None:
    word = data.draw(st.integers(0, (1 << register.bits) - 1))
    try:
        values = register.decode(word)
    except RegisterError:
        return
    assert register.decode(register.encode(**values)) == values
