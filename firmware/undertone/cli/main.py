"""Entry point: finds the command, runs it, and turns what goes wrong into a sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from undertone.cli import parser as command_line
from undertone.cli.analyse import analyse
from undertone.cli.calibrate import calibrate
from undertone.cli.config import config
from undertone.cli.doctor import doctor
from undertone.cli.listen_report import listen_report
from undertone.cli.record import record
from undertone.cli.remote import status, tell
from undertone.cli.render import render
from undertone.cli.run import run
from undertone.cli.session import replay, simulate, tryout
from undertone.cli.usual import usual
from undertone.cli.view_recording import view
from undertone.errors import UndertoneError

__all__ = ["main"]

COMMANDS: dict[str, command_line.Run] = {
    "try": tryout,
    "simulate": simulate,
    "replay": replay,
    "render": render,
    "listen-report": listen_report,
    "record": record,
    "analyse": analyse,
    "view": view,
    "calibrate": calibrate,
    "doctor": doctor,
    "config": config,
    "run": run,
    "status": status,
    "tell": tell,
    "usual": usual,
}

INTERRUPTED = 130
"""What a shell expects of a command that was ended by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 something is wrong and was said, 2 asked for wrongly."""
    parser = command_line.build(COMMANDS)
    asked = parser.parse_args(arguments)
    if asked.command is None:
        parser.print_help()
        return 0
    logging.basicConfig(level=logging.INFO if asked.verbose else logging.ERROR, format="%(name)s: %(message)s")
    try:
        code: int = asked.do(asked)
        return code
    except UndertoneError as error:
        print(f"undertone: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`undertone … | head`): the rest has nowhere to go, which is no error.
        sys.stderr.close()
        return 0
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(f"undertone: the system refused{where}: {error.strerror or error}.", file=sys.stderr)
        return 1
