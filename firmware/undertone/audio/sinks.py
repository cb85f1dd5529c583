"""Where sound goes: the port, nowhere, and a file."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from undertone.errors import SoundError

__all__ = ["NullSink", "Sink", "WavSink"]

Sound = NDArray[np.float32]


class Sink(Protocol):
    """Takes sound, in order, and makes it heard."""

    @property
    def rate_hz(self) -> int:
        """Frames a second."""

    @property
    def paced(self) -> bool:
        """True if writing takes as long as playing does."""

    @property
    def latency(self) -> float:
        """Seconds of written sound that may not have been heard yet."""

    def write(self, frames: Sound) -> None:
        """Take frames (n, 2), −1…1. Waits while a device is full. Raises SoundError when it cannot."""

    def close(self) -> None:
        """Let what was written be heard, then give the device or file back. Can be called twice."""


class NullSink:
    """Hears nothing and counts the frames."""

    paced = False
    latency = 0.0

    def __init__(self, rate_hz: int = 48000) -> None:
        self.rate_hz = rate_hz
        self.frames = 0
        """Frames taken so far."""

    def write(self, frames: Sound) -> None:
        """Drop the frames."""
        self.frames += len(frames)

    def close(self) -> None:
        """Nothing to give back."""


HEADER_BYTES = 80
SIZE_LIMIT = 0xFFFF_FFFF
INFO_BYTES = 8192 - HEADER_BYTES
"""Room for what a file says of itself: the sound then begins at its 8192nd byte."""
UPDATE_SECONDS = 2.0
"""The sizes in the header are never further behind than this."""


class WavSink:
    """A stereo WAV file that can be played at any moment, even if the process ends in between.

    path: overwritten if it exists.
    bits: 16 (with triangular dither, the same at every run) or 24.
    about: what the file says of itself, by the four letters of the fields of an INFO list (INAM, ICMT, ISFT…). It stands before
    the sound, in room of its own, so it is there from the first moment and can be changed while the file grows.

    Over 4 GB (six hours at 16 bits and 48 kHz) it becomes an RF64 file in place.

    Raises SoundError if the file cannot be made, and from `write` when the disk is full.

    Source: EBU Tech 3306 (RF64, the JUNK chunk that makes room for it); Microsoft & IBM, Multimedia Programming Interface 1.0
    (RIFF, the INFO list).
    """

    paced = False
    latency = 0.0

    def __init__(
        self, path: Path | str, rate_hz: int = 48000, *, bits: int = 16, about: Mapping[str, str] | None = None
    ) -> None:
        if bits not in (16, 24):
            raise ValueError(f"a WAV file here has 16 or 24 bits, not {bits}")
        self.path = Path(path)
        self.rate_hz = rate_hz
        self._bits = bits
        self._info = b"" if about is None else _listed(about)
        self._bytes = 0
        self._told = 0
        self._dither = np.random.default_rng(0)
        try:
            self._file = self.path.open("wb", buffering=0)
            self._file.write(self._header())
        except OSError as error:
            raise SoundError(f"Cannot write the sound file {self.path}: {_why(error)}.") from error

    @property
    def seconds(self) -> float:
        """Length of what was written."""
        return self._bytes / self._frame_bytes / self.rate_hz

    @property
    def _frame_bytes(self) -> int:
        return 2 * self._bits // 8

    def describe(self, about: Mapping[str, str]) -> None:
        """Change what the file says of itself, for example when more is known at the end. Only for a file made with `about`.

        Raises SoundError if the disk does not take it.
        """
        if not self._info:
            raise ValueError("there is no room in this file: give `about` when it is made")
        self._info = _listed(about)
        try:
            self._tell_size()
        except OSError as error:
            raise SoundError(f"The sound file {self.path} could not be described: {_why(error)}.") from error

    def write(self, frames: Sound) -> None:
        """Add frames (n, 2); what is outside −1…1 is clipped, what is not a number is silence."""
        data = self._encoded(np.nan_to_num(np.clip(frames, -1.0, 1.0)))
        try:
            self._append(data)
            if self._bytes - self._told > UPDATE_SECONDS * self.rate_hz * self._frame_bytes:
                self._tell_size()
        except OSError as error:
            raise SoundError(f"The sound file {self.path} cannot be continued: {_why(error)}.") from error

    def close(self) -> None:
        """Write the final sizes and close the file.

        Raises SoundError if the disk does not take the last part.
        """
        if self._file.closed:
            return
        try:
            self._tell_size()
            self._file.close()
        except OSError as error:
            raise SoundError(f"The sound file {self.path} could not be finished: {_why(error)}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _append(self, data: bytes) -> None:
        """Write at the end. What the disk took before it was full counts, so that the header stays true.

        A frame of which it took only a part is written anew: everything after it would be noise.
        """
        self._bytes -= self._bytes % self._frame_bytes
        self._file.seek(HEADER_BYTES + len(self._info) + self._bytes)
        rest = memoryview(data)
        while rest:
            taken = self._file.write(rest)
            self._bytes += taken
            rest = rest[taken:]

    def _encoded(self, frames: Sound) -> bytes:
        if self._bits == 24:
            wide = np.round(frames.astype(np.float64) * 0x7FFFFF).astype("<i4")
            return wide.reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
        scaled = frames * np.float32(32767.0)
        if frames.any():
            scaled += self._dither.random(frames.shape, dtype=np.float32) - self._dither.random(frames.shape, dtype=np.float32)
        return np.clip(np.round(scaled), -32768, 32767).astype("<i2").tobytes()

    def _header(self) -> bytes:
        """RIFF or RF64, a ds64 chunk or the room for one, fmt, what the file says of itself, and the head of data."""
        size = self._bytes + HEADER_BYTES + len(self._info) - 8
        large = size > SIZE_LIMIT
        frames = self._bytes // self._frame_bytes
        room = struct.pack("<QQQI", size, self._bytes, frames, 0) if large else bytes(28)
        rate, width = self.rate_hz, self._frame_bytes
        return b"".join(
            [
                struct.pack("<4sI4s", b"RF64" if large else b"RIFF", SIZE_LIMIT if large else size, b"WAVE"),
                struct.pack("<4sI", b"ds64" if large else b"JUNK", 28) + room,
                struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, rate, rate * width, width, self._bits),
                self._info,
                struct.pack("<4sI", b"data", SIZE_LIMIT if large else self._bytes),
            ]
        )

    def _tell_size(self) -> None:
        """Make the header tell all that has reached the file."""
        self._file.seek(0)
        self._file.write(self._header())
        self._told = self._bytes


def _listed(about: Mapping[str, str]) -> bytes:
    """An INFO list in UTF-8 and empty room after it, always as long. What does not fit is cut at the end of a letter."""
    left = INFO_BYTES - 8 - 4 - 8
    fields = []
    for name, text in about.items():
        if len(name) != 4 or not name.isascii():
            raise ValueError(f"a field of an INFO list has four letters, not {name!r}")
        # Each value ends with a zero and begins at an even place.
        value = text.replace("\0", " ").encode()[: max(0, left - 8 - 2)].decode(errors="ignore").encode() + b"\0"
        field = struct.pack("<4sI", name.encode(), len(value)) + value + bytes(len(value) % 2)
        if len(value) > 1 and len(field) <= left:
            fields.append(field)
            left -= len(field)
    info = b"INFO" + b"".join(fields)
    listed = struct.pack("<4sI", b"LIST", len(info)) + info
    return listed + struct.pack("<4sI", b"JUNK", INFO_BYTES - len(listed) - 8) + bytes(INFO_BYTES - len(listed) - 8)


def _why(error: OSError) -> str:
    reasons = {
        errno.ENOSPC: "the disk is full; free some space or choose another place",
        errno.EDQUOT: "your share of the disk is used up; free some space or choose another place",
        errno.ENOENT: "its folder does not exist; create it first",
        errno.EACCES: "you may not write there; choose another place",
        errno.EROFS: "the disk is read-only; choose another place",
        errno.EISDIR: "that is a folder; give a file name",
    }
    return reasons.get(error.errno or 0, error.strerror or str(error))
