"""Register tables written as the datasheet prints them, and checked when they are built.

A table is a tuple of `Register`, each a tuple of `Field`. Building one checks that every mask fits its register, that no two
fields share a bit and that every code fits its field, so a slip of the pen fails at import and not in somebody's night: a mask
of nine bits in a register of eight has been shipped by others.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from undertone.errors import RegisterError

__all__ = ["Field", "Register", "RegisterTable"]

Value = Hashable
"""What a field means: a number in the unit of its name, a word, or a switch."""


@dataclass(frozen=True, slots=True)
class Field:
    """Some neighbouring bits of a register and what they mean.

    A field with `codes` is a choice and means what the table says; a field with `step` is a quantity of code × step; a field
    with neither is the plain number, or a switch where it is a single bit.

    Raises RegisterError where the mask is empty or torn, or a code does not fit it.
    """

    name: str
    mask: int
    codes: Mapping[int, Value] | None = None
    """Meaning of each code, as the datasheet tabulates it. Of several codes with one meaning the first is written."""
    step: float | None = None
    """Size of one code, in the unit that the name ends with."""
    signed: bool = False
    """Whether the code is a two's complement."""

    def __post_init__(self) -> None:
        bits = self.mask >> self.shift if self.mask > 0 else 0
        if bits == 0 or bits & (bits + 1):
            raise RegisterError(f"the mask {self.mask:#x} of field {self.name} must be one run of set bits")
        if self.codes is not None and (self.step is not None or self.signed):
            raise RegisterError(f"field {self.name} has codes and a step or sign: it can be a choice or a quantity, not both")
        if self.step is not None and not self.step > 0:
            raise RegisterError(f"the step of field {self.name} must be greater than 0, not {self.step}")
        for code in self.codes or ():
            if not 0 <= code <= self.largest:
                raise RegisterError(f"code {code:#b} of field {self.name} does not fit its mask {self.mask:#x}")

    @property
    def shift(self) -> int:
        """Bits to the right of the field."""
        return (self.mask & -self.mask).bit_length() - 1

    @property
    def largest(self) -> int:
        """The largest code that fits."""
        return self.mask >> self.shift

    def code(self, value: Value) -> int:
        """The code that means `value`; a quantity is rounded to the nearest step.

        Raises RegisterError where no code means it.
        """
        if self.codes is not None:
            for code, meaning in self.codes.items():
                if meaning == value:
                    return code
            choices = ", ".join(str(meaning) for meaning in dict.fromkeys(self.codes.values()))
            raise RegisterError(f"{self.name} can be {choices}, not {value}")
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise RegisterError(f"{self.name} must be a number, not {value!r}")
        # Rounded, not cut off: 0.6 / 0.2 is a little less than 3, and truncation would program one step too little.
        step = self.step or 1
        code = round(value / step)
        low = -(self.largest + 1) // 2 if self.signed else 0
        if not low <= code <= low + self.largest:
            raise RegisterError(f"{self.name} can be {low * step:g}…{(low + self.largest) * step:g}, not {value}")
        return code & self.largest

    def value(self, word: int) -> Value:
        """What this field of the register's content `word` means.

        Raises RegisterError for a code that the datasheet does not list.
        """
        code = (word & self.mask) >> self.shift
        if self.codes is not None:
            if code not in self.codes:
                raise RegisterError(f"code {code:#b} of {self.name} means nothing")
            return self.codes[code]
        if self.signed and code > self.largest // 2:
            code -= self.largest + 1
        if self.step is not None:
            return code * self.step
        return bool(code) if self.largest == 1 else code

    def number(self, word: int) -> float:
        """As `value`, for a field that means a number. Raises RegisterError where it means something else."""
        value = self.value(word)
        if not isinstance(value, (int, float)):
            raise RegisterError(f"{self.name} means {value!r}, which is no number")
        return value


@dataclass(frozen=True, slots=True)
class Register:
    """One register: where it is, what its bits mean, what it holds after power-up.

    Raises RegisterError where a field or the reset value does not fit the width, or two fields overlap or share a name.
    """

    name: str
    address: int
    fields: tuple[Field, ...] = ()
    reset: int = 0
    bits: int = 8

    def __post_init__(self) -> None:
        widest = (1 << self.bits) - 1
        if not 0 <= self.reset <= widest:
            raise RegisterError(f"the reset value {self.reset:#x} of {self.name} does not fit {self.bits} bits")
        taken = 0
        for field in self.fields:
            if field.mask > widest:
                raise RegisterError(f"the mask {field.mask:#x} of {self.name}.{field.name} does not fit {self.bits} bits")
            if field.mask & taken:
                raise RegisterError(f"field {self.name}.{field.name} overlaps another one")
            taken |= field.mask
        if len({field.name for field in self.fields}) != len(self.fields):
            raise RegisterError(f"{self.name} has two fields of one name")

    def field(self, name: str) -> Field:
        """The field of that name; RegisterError where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise RegisterError(f"{self.name} has no field {name}; it has {', '.join(field.name for field in self.fields)}")

    def encode(self, **values: Value) -> int:
        """The content that means `values`; bits of fields that are not named keep their reset value.

        Raises RegisterError for an unknown field or a value that it cannot hold.
        """
        word = self.reset
        for name, value in values.items():
            field = self.field(name)
            word = (word & ~field.mask) | (field.code(value) << field.shift)
        return word

    def decode(self, word: int) -> dict[str, Value]:
        """What the content `word` means, field by field. Raises RegisterError for a code that means nothing."""
        return {field.name: field.value(word) for field in self.fields}


class RegisterTable:
    """The registers of one chip, found by name.

    Raises RegisterError where two registers share a name or an address.
    """

    def __init__(self, chip: str, *registers: Register) -> None:
        self.chip = chip
        self._by_name = {register.name: register for register in registers}
        if len(self._by_name) != len(registers):
            raise RegisterError(f"two registers of the {chip} have one name")
        if len({register.address for register in registers}) != len(registers):
            raise RegisterError(f"two registers of the {chip} have one address")

    def __getitem__(self, name: str) -> Register:
        if name not in self._by_name:
            raise RegisterError(f"the {self.chip} has no register {name}")
        return self._by_name[name]

    def __iter__(self) -> Iterator[Register]:
        return iter(self._by_name.values())
