"""How much sound somebody has had, kept from one start of the device to the next: one small file of JSON.

Theory of operation. The core counts exposure by the device's own elapsed seconds and knows no wall clock. What passes while the
device is off can only be told by one, so the file says when it was written and whether the clock was to be trusted then. If it
is at both ends, the difference counts as time that has passed, but no more than a day of it, so that a clock which is far off
cannot wipe out a week; if not, no time has passed. Neither can make a dose larger than it was. Every start is counted.
The file says how much in which days of the device's life, never what was heard or when.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from undertone.errors import StorageError
from undertone.flow import Fault, FaultKind
from undertone.storage.growing import PRIVATE
from undertone.storage.recording_writer import write_whole
from undertone.storage.remembered import Damaged
from undertone.storage.wall import Wall

__all__ = ["ExposureFile", "ExposureKeeper"]

_log = logging.getLogger(__name__)

NAME = "exposure.json"
LARGEST = 65_536
MOST_AWAY = 24.0 * 3600.0
"""Seconds that one switching off can count for."""


class ExposureFile:
    """The file.

    folder: where it is; made when it is needed, for its owner only. wall: tells the wall clock.
    """

    def __init__(self, folder: Path | str, *, wall: Callable[[], Wall]) -> None:
        self.path = Path(folder).expanduser() / NAME
        self.starts = 1
        """How often the device was started, this time included."""
        self._wall = wall

    def read(self) -> tuple[Mapping[str, Any], float] | None:
        """What was kept, and the seconds for which the device was off; None where there is no file.

        Raises StorageError, with a sentence, when the file cannot be read, and Damaged when it cannot be understood.
        """
        try:
            if self.path.stat().st_size > LARGEST:
                raise ValueError("it is too large")
            content = json.loads(self.path.read_bytes())
            if content["version"] != 1:
                raise ValueError(f"version {content['version']!r} instead of 1")
            starts, saved, exposure = int(content["starts"]), content["saved"], dict(content["exposure"])
            away = self._away(None if saved is None else float(saved))
        except FileNotFoundError:
            return None
        except PermissionError:
            raise StorageError(f"You may not read {self.path}; use sudo, or ask whose device it is.") from None
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read ({error.strerror or error}): check the disk.") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise Damaged(f"{self.path} is damaged ({error}).") from None
        self.starts = max(0, starts) + 1
        return exposure, away

    def write(self, exposure: Mapping[str, Any]) -> None:
        """Have the disk keep it in place of what it kept before. Raises OSError where the disk refuses."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        wall = self._wall()
        saved = round(wall.seconds, 1) if wall.trusted else None
        content = {"version": 1, "starts": self.starts, "saved": saved, "exposure": dict(exposure)}
        for left in self.path.parent.glob(f".{NAME}.*"):
            # A power cut came while it was being written.
            left.unlink(missing_ok=True)
        write_whole(self.path, (json.dumps(content, indent=1) + "\n").encode(), mode=PRIVATE)

    def set_aside(self) -> Path:
        """Give a damaged file another name, in place of one that was set aside before. Raises OSError."""
        aside = self.path.with_name(f"{NAME}.damaged")
        os.replace(self.path, aside)
        return aside

    def _away(self, saved: float | None) -> float:
        wall = self._wall()
        if saved is None or not wall.trusted or not saved < wall.seconds:
            return 0.0
        return min(wall.seconds - saved, MOST_AWAY)


class ExposureKeeper:
    """Writes the file in a thread of its own, so that nobody waits for the disk.

    report: called with a Fault when the disk refuses, and when it takes it again; from that thread. now: the time of faults.
    """

    def __init__(self, file: ExposureFile, *, report: Callable[[Fault], None], now: Callable[[], float]) -> None:
        self.file = file
        self._report = report
        self._now = now
        self._refused = False
        self._wishes: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="exposure", daemon=True)
        self._thread.start()

    def keep(self, exposure: Mapping[str, Any]) -> None:
        """Write it soon. Never waits, never fails."""
        self._wishes.put(exposure)

    def close(self, *, timeout: float = 5.0) -> None:
        """Write what waits; what a dead disk does not take is lost, and logged. May be called twice."""
        self._wishes.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            _log.error("The disk did not take %s within %g s: is it dead?", self.file.path, timeout)

    def _run(self) -> None:
        while (exposure := self._wishes.get()) is not None:
            with contextlib.suppress(queue.Empty):
                # Only the latest counts.
                while (later := self._wishes.get_nowait()) is not None:
                    exposure = later
                self._write(exposure)
                return
            self._write(exposure)

    def _write(self, exposure: Mapping[str, Any]) -> None:
        try:
            self.file.write(exposure)
        except OSError as error:
            if not self._refused:
                self._refused = True
                why = error.strerror or str(error)
                self._tell(
                    f"How much has been heard cannot be kept: {self.file.path} cannot be written ({why}). Free some space, or "
                    "see who may write there. Until then it is known as long as the device runs.",
                    over=False,
                )
        else:
            if self._refused:
                self._refused = False
                self._tell(f"{self.file.path} is written again.", over=True)

    def _tell(self, message: str, *, over: bool) -> None:
        self._report(Fault(self._now(), "hearing", FaultKind.STORAGE, message, over=over))
