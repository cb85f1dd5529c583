"""What can go wrong, as types. Each message is a sentence that says what to do."""

from __future__ import annotations

__all__ = [
    "BusError",
    "BusTimeout",
    "ChipMissing",
    "ChipWrong",
    "ConfigError",
    "ModelError",
    "RecordingError",
    "RegisterError",
    "SensorError",
    "SoundError",
    "StorageError",
    "UndertoneError",
]


class UndertoneError(Exception):
    """Anything that Undertone raises on purpose. Its message is for a person."""


class ConfigError(UndertoneError, ValueError):
    """The configuration does not say what it must."""


class SensorError(UndertoneError, OSError):
    """Something between a chip and us."""


class BusError(SensorError):
    """The bus refused a transfer."""


class BusTimeout(BusError, TimeoutError):
    """The bus did not finish a transfer in time: a line may be held low."""


class ChipMissing(BusError):
    """The expected chip does not answer at its address."""


class ChipWrong(SensorError):
    """Another chip than the expected one answers."""


class RegisterError(UndertoneError, ValueError):
    """A register table contradicts itself, or a value does not fit its field."""


class ModelError(UndertoneError):
    """The affect model cannot be used."""


class SoundError(UndertoneError, OSError):
    """Sound cannot be made or played."""


class StorageError(UndertoneError, OSError):
    """Something cannot be kept."""


class RecordingError(UndertoneError, ValueError):
    """A recording cannot be read."""
