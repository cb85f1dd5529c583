"""The one door to PortAudio, through PyAudio, with blocking writes.

Theory of operation. A callback into Python misses deadlines as soon as another thread computes, so sound is written and the
device's own buffer bridges the moments in which we do not run. PyAudio asks for the device's lowest latency, which is two
buffers, and lets only the frames of a buffer be chosen. They decide two things at once: a writer who is late by one buffer is
heard, and a stop is heard two buffers later: with 4096 frames after a quarter of a second, with 2048 after an eighth. That 2048
suffice beside a busy machine rests on the interpreter changing hands often (`player_thread`); without that they have gaps.
Nothing that the device holds can be faded or taken back, and to drop it would click. PortAudio's underrun flags do not work
with every ALSA plugin and are not used. Closing a stream can cut off what the device still holds, so silence is played first.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.audio.quiet import quiet
from undertone.errors import SoundError

__all__ = ["PortAudioSink", "open_default_sink"]

FRAMES = 2048
"""Of a buffer: a multiple of what is written at a time, so that no piece waits half written."""
OPENING_BUFFERS = 5
"""Buffers of silence at the start: PulseAudio may lose the first five of a new stream."""


class PortAudioSink:
    """A sound device.

    device: its number, its name or a part of it; None for the system's default.
    frames: frames in a buffer of the device.

    Raises SoundError if PyAudio or the device is missing or refuses, and from `write` when it has gone.
    """

    paced = True

    def __init__(self, device: str | int | None = None, rate_hz: int = 48000, frames: int = FRAMES) -> None:
        self.rate_hz = rate_hz
        self._frames = frames
        self._stream: Any = None
        self._portaudio: Any = None
        pyaudio = _pyaudio()
        with quiet():
            try:
                self._portaudio = pyaudio.PyAudio()
                self.device = _chosen(self._portaudio, device)
                self._stream = self._portaudio.open(
                    format=pyaudio.paFloat32,
                    channels=2,
                    rate=rate_hz,
                    output=True,
                    output_device_index=self.device,
                    frames_per_buffer=frames,
                )
                self._silence(OPENING_BUFFERS * frames)
            except SoundError:
                self._end()
                raise
            except (OSError, ValueError) as error:
                self._end()
                raise _refused(error, device, rate_hz) from error

    @property
    def latency(self) -> float:
        """Seconds that the device holds when it is full."""
        return max(float(self._stream.get_output_latency()) if self._stream else 0.0, self._frames / self.rate_hz)

    def write(self, frames: NDArray[np.float32]) -> None:
        """Take frames (n, 2); waits while the device is full."""
        if self._stream is None:
            raise SoundError("The sound device has been closed.")
        try:
            self._stream.write(np.ascontiguousarray(frames, dtype="<f4").tobytes(), len(frames))
        except OSError as error:
            raise SoundError(f"The sound device stopped taking sound ({_reason(error)}): is it still connected?") from error

    def close(self) -> None:
        """Play out what the device holds, and give it back."""
        if self._stream is not None:
            with contextlib.suppress(SoundError, OSError):
                self._silence(int(self.latency * self.rate_hz) + self._frames)
        self._end()

    def _silence(self, frames: int) -> None:
        self.write(np.zeros((frames, 2), dtype=np.float32))

    def _end(self) -> None:
        with quiet():
            if self._stream is not None:
                with contextlib.suppress(OSError):
                    self._stream.stop_stream()
                with contextlib.suppress(OSError):
                    self._stream.close()
                self._stream = None
            if self._portaudio is not None:
                self._portaudio.terminate()
                self._portaudio = None


def open_default_sink(device: str | int | None = None, rate_hz: int = 48000) -> PortAudioSink:
    """The sound device of this machine.

    Raises SoundError if there is none.
    """
    return PortAudioSink(device, rate_hz)


def _pyaudio() -> Any:
    try:
        return importlib.import_module("pyaudio")
    except ImportError as error:
        how = "`sudo apt install portaudio19-dev`, then `pip install pyaudio`"
        raise SoundError(f"PyAudio is not installed: install it with {how}.") from error


def _chosen(portaudio: Any, device: str | int | None) -> int:
    """The number of the wanted output device."""
    infos = [portaudio.get_device_info_by_index(index) for index in range(portaudio.get_device_count())]
    outputs = {int(info["index"]): str(info["name"]) for info in infos if info["maxOutputChannels"] >= 2}
    if not outputs:
        raise SoundError("There is no sound device: connect one and check `aplay -l`, or render to a file.")
    if device is None:
        try:
            return int(portaudio.get_default_output_device_info()["index"])
        except OSError:
            return next(iter(outputs))
    if device in outputs:
        return int(device)
    name = str(device).lower()
    for same in (lambda found: found.lower() == name, lambda found: name in found.lower()):
        for index, found in outputs.items():
            if same(found):
                return index
    raise SoundError(f"There is no sound device {device!r}; there are: {', '.join(outputs.values())}.")


def _refused(error: Exception, device: str | int | None, rate_hz: int) -> SoundError:
    name = "The default sound device" if device is None else f"The sound device {device!r}"
    return SoundError(f"{name} refuses stereo sound at {rate_hz} Hz ({_reason(error)}): is another program using it?")


def _reason(error: Exception) -> str:
    return str(error.args[-1] if error.args else error).strip().rstrip(".") or "no reason given"
