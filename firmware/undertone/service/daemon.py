"""The daemon: one device on real hardware, from start to stop.

Parts are started one after the other and stopped in reverse, whatever happened in between.
"""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

from undertone.config import Settings
from undertone.device import Device, World, assemble
from undertone.flow import Command, CommandKind, Status
from undertone.service.control import ControlServer

__all__ = ["serve"]

GOODBYE = 0.4
"""Seconds for the sound to fade before the device goes down."""
TELL_EVERY = 10.0
"""Seconds between two lines for `systemctl status`."""

log = logging.getLogger(__name__)


def serve(settings: Settings, *, world: World | None = None) -> int:
    """Run the device until SIGTERM or Ctrl-C; returns the exit code.

    world: the real one, unless a test brings another.
    """
    world = world or World.real(settings)
    device = assemble(world, settings)
    gc.freeze()
    with ExitStack() as stack:
        stack.callback(device.close)
        control = ControlServer(settings.service.socket, device.timeline, status=device.status, command=device.command)
        control.start()
        stack.callback(control.stop)
        _stop_on_signals(device)
        device.on_second(_telling(world))
        device.run()
        now = world.clock.now()
        device.command(Command(now, CommandKind.STOP))
        device.run(until=now + GOODBYE)
    return 0


def _stop_on_signals(device: Device) -> None:
    def leave(number: int, frame: FrameType | None) -> None:
        log.info("%s: going down", signal.Signals(number).name)
        device.timeline.post("signal", lambda now: device.stop())

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def _telling(world: World) -> Callable[[Status], None]:
    """Tells the service manager how it is, now and then."""
    last = -TELL_EVERY

    def tell(status: Status) -> None:
        nonlocal last
        if status.t - last >= TELL_EVERY:
            last = status.t
            trouble = f"; {status.faults[0].message}" if status.faults else ""
            phase = status.directive.phase if status.directive is not None else "starting"
            world.notify.tell(f"{phase}{trouble}")

    return tell
