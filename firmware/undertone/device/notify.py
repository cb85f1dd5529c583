"""Telling the service manager how we are.

Source: sd_notify(3): one datagram of `KEY=value` lines to the Unix socket that `NOTIFY_SOCKET` names; a leading @ means the
abstract namespace. `WATCHDOG_USEC` is how often it wants to hear WATCHDOG=1.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from typing import Protocol

__all__ = ["Notifier", "Silence", "SystemdNotifier", "notifier"]

log = logging.getLogger(__name__)


class Notifier(Protocol):
    """Somebody who wants to know how the daemon is."""

    watchdog: float | None
    """Seconds within which `alive` must be called again; None if nobody watches."""

    def ready(self) -> None:
        """The device works."""

    def alive(self) -> None:
        """The core still turns."""

    def tell(self, text: str) -> None:
        """One line for `systemctl status`."""

    def stopping(self) -> None:
        """The device is going down on purpose."""


class Silence:
    """Nobody wants to know."""

    watchdog: float | None = None

    def ready(self) -> None:
        """Nothing."""

    def alive(self) -> None:
        """Nothing."""

    def tell(self, text: str) -> None:
        """Nothing."""

    def stopping(self) -> None:
        """Nothing."""


class SystemdNotifier:
    """Sends datagrams to systemd. A failure is logged once and never raised: music matters more.

    address: of the socket, as in `NOTIFY_SOCKET`.
    watchdog: seconds, or None.
    """

    def __init__(self, address: str, *, watchdog: float | None) -> None:
        self.watchdog = watchdog
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._failed = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def ready(self) -> None:
        """Start-up is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def tell(self, text: str) -> None:
        """Show one line in `systemctl status`."""
        self._send("STATUS=" + text.replace("\n", " "))

    def stopping(self) -> None:
        """Going down on purpose."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._failed:
                log.warning("systemd does not listen at %s: %s", self._address, error)
            self._failed = True


def notifier(environment: Mapping[str, str] = os.environ) -> Notifier:
    """Systemd's, if it asked for one, else silence."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return Silence()
    microseconds = environment.get("WATCHDOG_USEC", "")
    return SystemdNotifier(address, watchdog=int(microseconds) / 1e6 if microseconds.isdigit() else None)
