"""The `undertone` command."""

from undertone.cli.main import main

__all__ = ["main"]
