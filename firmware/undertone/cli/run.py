"""`undertone run`: the device itself."""

from __future__ import annotations

import argparse

from undertone import config

__all__ = ["run"]


def run(asked: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop."""
    from undertone.service import serve

    return serve(config.load(asked.config))
