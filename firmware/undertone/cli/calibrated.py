"""What becomes of what a calibration found: it is told, and written into the configuration if that is wanted."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from undertone.config import set_options

__all__ = ["offered"]


def offered(asked: argparse.Namespace, found: Mapping[str, float | str]) -> None:
    """Write what was found into the configuration that was named, once the person agrees, or say what to write.

    found: values by the path of their option; all paths lie in one section. Raises ConfigError or StorageError where it cannot
    be written.
    """
    if asked.rehearse:
        print("\nThat was a rehearsal: nothing real was measured, and nothing was written.")
    elif asked.config is None:
        print("\nWith --config FILE this is written into a configuration. By hand:\n" + _as_yaml(found))
    elif asked.yes or _agreed(asked.config):
        set_options(asked.config, found, note=f"calibrated {date.today().isoformat()}")
        print(f"written into {asked.config}; what runs already takes it at its next start.")
    else:
        print("Nothing was changed.")


def _agreed(file: Path) -> bool:
    try:
        return input(f"\nWrite this into {file}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _as_yaml(found: Mapping[str, float | str]) -> str:
    *sections, _ = next(iter(found)).split(".")
    lines = [f"{'  ' * depth}{section}:" for depth, section in enumerate(sections)]
    return "\n".join([*lines, *(f"{'  ' * len(sections)}{path.rpartition('.')[2]}: {value}" for path, value in found.items())])
