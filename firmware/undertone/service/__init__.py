"""The daemon: the device on real hardware, under a service manager, with a control socket."""

from undertone.service.control import ControlServer, ask
from undertone.service.daemon import serve

__all__ = ["ControlServer", "ask", "serve"]
