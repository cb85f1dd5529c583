"""`undertone config`: every option, explained."""

from __future__ import annotations

import argparse

from undertone import config as configuration

__all__ = ["config"]


def config(asked: argparse.Namespace) -> int:
    """Print the explained configuration, or examine one."""
    if asked.check is None:
        print(configuration.explained_yaml(), end="")
    else:
        configuration.load(asked.check)
        print(f"{asked.check} is a good configuration.")
    return 0
