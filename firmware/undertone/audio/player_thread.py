"""Real time: the two threads in which a player runs."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable

from undertone.audio.player import Player
from undertone.flow import Fault, FaultKind
from undertone.timeline import Clock, SystemClock

__all__ = ["PlayerThread"]

log = logging.getLogger(__name__)

TICK_SECONDS = 0.02
"""How often the renderer looks whether the row has become shorter."""
FILL_SECONDS = 5.0
"""The writer waits this long at most for the row to be filled before it starts."""
REST_SECONDS = 1.0
"""Pause after rendering failed, which is heard as silence that fades in again."""
JOIN_SECONDS = 3.0
SWITCH_SECONDS = 0.0002
"""For which one thread may keep the interpreter while another waits. Numpy lets go of it many times in a block, and beside two
threads that compute, Python's own 5 ms, and also 1 ms, made each block come too late."""
NICENESS = -15
"""Of the writer, where the system allows it: it has little to do, and nobody else's work is so urgent."""


class PlayerThread:
    """Renders in one thread and writes in another until stopped.

    player: its callbacks are called in these threads.
    on_fault: told once when rendering raises and once when it works again.
    """

    def __init__(self, player: Player, clock: Clock | None = None, *, on_fault: Callable[[Fault], None] | None = None) -> None:
        self._player = player
        self._clock = clock or SystemClock()
        self._on_fault = on_fault
        self._stopping = threading.Event()
        self._filled = threading.Event()
        self._threads = (
            threading.Thread(target=self._render, name="undertone-render", daemon=True),
            threading.Thread(target=self._write, name="undertone-sound", daemon=True),
        )

    @property
    def alive(self) -> bool:
        """True while both threads run."""
        return all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Fill the row, then begin to write. May be called once.

        From here on no thread of the process keeps the interpreter for long while another waits for it.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Fade out, close the sink and end both threads. Waits 3 s at most. May be called before `start` and twice."""
        self._stopping.set()
        self._filled.set()
        if not any(thread.ident for thread in self._threads):
            self._player.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(JOIN_SECONDS)

    def _render(self) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                self._player.render_ahead(self._clock.now())
            except Exception as error:
                log.exception("rendering failed")
                if not failing:
                    self._tell(f"Rendering the music failed ({error}); it is tried again every second.", over=False)
                failing = True
                self._stopping.wait(REST_SECONDS)
                continue
            if failing:
                self._tell("The music is rendered again.", over=True)
                failing = False
            self._filled.set()
            self._stopping.wait(TICK_SECONDS)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        self._filled.wait(FILL_SECONDS)
        clock, player = self._clock, self._player
        try:
            while not self._stopping.is_set():
                due = player.write_block(clock.now(), finished=clock.now)
                self._stopping.wait(max(0.0, due - clock.now()))
        except Exception:
            log.exception("writing sound failed")
            self._tell("Writing sound failed; restart Undertone.", over=False)
        finally:
            player.close()

    def _tell(self, message: str, *, over: bool) -> None:
        if self._on_fault is not None:
            self._on_fault(Fault(self._clock.now(), "sound", FaultKind.STAGE, message, over=over))
