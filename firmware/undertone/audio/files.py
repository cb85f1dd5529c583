"""A listener's own sound files, read as a stream: WAV, FLAC, MP3, Ogg and AIFF.

Theory of operation. libsndfile decodes and soxr resamples, a small piece at a time, so that a file of ten hours takes no more
memory than one of ten seconds. Files come from anywhere, and so nothing in them is believed: the first bytes must be those of a
known format before any decoder sees them, the header's figures must be possible, what is not a number becomes silence, and
what is absurdly loud is cut. The header's length is a promise that a broken file does not keep; a stream simply ends where
no more comes. An MP3 may have no index: reaching a place far inside it means walking over every frame before, and so `seek`
goes there in steps.

Source: libsndfile 1.2 (API documentation); ITU-R BS.775-3, annex 4 (downmix of surround sound to stereo).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.errors import SoundError

__all__ = ["FORMATS", "SUFFIXES", "SoundFile", "SoundStream"]

Sound = NDArray[np.float32]

FORMATS = {"WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF"}
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff")
"""Names that files of these formats usually end in, small letters."""
MARKS = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM")
"""First bytes of the formats; an MP3 may also begin with a frame, eleven bits set."""
RATES_HZ = (4000, 384000)
CHANNELS = 32
CHUNK = 4096
"""Frames decoded at a time."""
STEP_SECONDS = 30.0
"""How far an MP3 is walked over in one step: some two milliseconds on a server."""
LEAST_BYTES = 1000
"""Of an MP3 in a second, at the lowest rate that there is: no file lasts longer than it can, whatever its header says."""
RUN_UP = 30 * 1152
"""Frames that are decoded before a place, because each packet of an MP3 may lean on many before it, and an Ogg's on one."""
LEANING = {"MP3", "OGG"}
LOUDEST = 4.0
"""Samples beyond this many times full scale are cut: no music reaches there."""
KNOWN = "WAV, FLAC, MP3, Ogg and AIFF can be played"

CENTRE = 0.7071
LAYOUTS: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    1: ((1.0,), (1.0,)),
    2: ((1.0, 0.0), (0.0, 1.0)),
    3: ((1.0, 0.0, CENTRE), (0.0, 1.0, CENTRE)),
    4: ((1.0, 0.0, CENTRE, 0.0), (0.0, 1.0, 0.0, CENTRE)),
    5: ((1.0, 0.0, CENTRE, CENTRE, 0.0), (0.0, 1.0, CENTRE, 0.0, CENTRE)),
    6: ((1.0, 0.0, CENTRE, 0.0, CENTRE, 0.0), (0.0, 1.0, CENTRE, 0.0, 0.0, CENTRE)),
}
"""Share of each channel in left and right: mono, stereo, with a centre, quadrophonic, 5.0 and 5.1 (whose bass is left out)."""


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: the package is there and its libsndfile is not.
        raise SoundError("Sound files need the package soundfile: install it with `pip install soundfile soxr`.") from error
    return soundfile


def _opened(package: Any, path: Path) -> Any:
    """The file, by a reader that does not seek after every read.

    The package's own reader sets the place anew after each read, to keep those of reading and of writing together. Within an
    MP3 that throws away what the decoder remembers of the frames before, and after the first true seek only scraps are heard.
    """

    class Reader(package.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    # As bytes, because a name need not be valid UTF-8.
    return Reader(os.fsencode(path))


def _soxr() -> Any:
    try:
        import soxr
    except ImportError as error:
        raise SoundError("Sound files of another rate need the package soxr: install it with `pip install soxr`.") from error
    return soxr


def _fold(channels: int) -> Sound | None:
    """Matrix (2, channels) that folds to stereo; None where nothing is to do."""
    if channels == 2:
        return None
    if channels in LAYOUTS:
        return np.array(LAYOUTS[channels], dtype=np.float32)
    sides = np.arange(channels) % 2
    return np.array([sides == 0, sides == 1], dtype=np.float32) / np.float32(np.sqrt(channels / 2.0))


def _checked(path: Path) -> None:
    """Whether this can be a sound file at all. Raises SoundError if not."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise SoundError(f"{path} is a folder, not a sound file: name the file in it.")
        if not stat.S_ISREG(found.st_mode):
            raise SoundError(f"{path} is a device or a pipe, not a sound file.")
        if found.st_size == 0:
            raise SoundError(f"{path} is empty: copy it again.")
        with path.open("rb") as file:
            mark = file.read(4)
    except FileNotFoundError as error:
        raise SoundError(f"There is no sound file {path}: was it moved, or is its disk not there?") from error
    except PermissionError as error:
        raise SoundError(f"{path} may not be read: give Undertone's user the right to read it.") from error
    except SoundError:
        raise
    except (OSError, ValueError) as error:
        raise SoundError(f"{path} cannot be read ({error}): is its disk all right?") from error
    if not (mark.startswith(MARKS) or (len(mark) > 1 and mark[0] == 0xFF and mark[1] & 0xE0 == 0xE0)):
        raise SoundError(f"{path} is not a sound file: {KNOWN}.")


class SoundFile:
    """A sound file, decoded piece by piece to stereo at its own rate.

    Raises SoundError, in a sentence, if it cannot be played.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        package = _soundfile()
        self._trouble = package.SoundFileError
        _checked(self.path)
        try:
            self._file = _opened(package, self.path)
        except (package.SoundFileError, OSError, ValueError, TypeError) as error:
            reason = str(getattr(error, "error_string", error)).rstrip(".")
            raise SoundError(f"{self.path} is broken or not what its name says ({reason}): copy it again. {KNOWN}.") from error
        try:
            self._examine()
        except SoundError:
            self._file.close()
            raise
        self.rate_hz: int = self._file.samplerate
        self._stepwise = self._file.format == "MP3"
        self._frames: int = self._file.frames
        if self._stepwise:
            self._frames = min(self._frames, round(self.path.stat().st_size / LEAST_BYTES * self.rate_hz))
        self.seconds: float = self._frames / self.rate_hz
        """As the header says."""
        self._fold = _fold(self._file.channels)
        self._place = 0
        self.failed = False
        """True once the file could not be read any more, other than by having reached its end."""

    def _examine(self) -> None:
        file, path = self._file, self.path
        if file.format not in FORMATS:
            raise SoundError(f"{path} is of a kind that is not played ({file.format}): {KNOWN}.")
        if not RATES_HZ[0] <= file.samplerate <= RATES_HZ[1]:
            raise SoundError(f"{path} claims {file.samplerate} samples a second, which is not sound: it is broken.")
        if not 1 <= file.channels <= CHANNELS:
            raise SoundError(f"{path} has {file.channels} channels, and at most {CHANNELS} can be played.")
        if file.frames <= 0:
            raise SoundError(f"{path} holds no sound: copy it again.")

    def seek(self, second: float) -> bool:
        """Go to a second of the file, or a step towards it. True once there: ask again until then.

        Raises SoundError where the file has no such place or is broken.
        """
        frame = min(max(0, round(second * self.rate_hz)), max(0, self._frames - 1))
        if frame == self._place:
            return True
        step = round(STEP_SECONDS * self.rate_hz)
        there = not self._stepwise or frame - self._place <= step
        run_up = RUN_UP if self._file.format in LEANING and there else 0
        try:
            self._place = self._file.seek(max(0, frame - run_up) if there else self._place + step)
            for start in range(self._place, frame, CHUNK) if run_up else ():
                self._place += len(self._file.read(min(CHUNK, frame - start), dtype="float32"))
        except (self._trouble, OSError, ValueError) as error:
            place = f"second {second:.0f}" if second >= 1.0 else "it has begun"
            raise SoundError(f"{self.path} breaks off before {place}: copy it again.") from error
        return there

    def read(self, frames: int) -> Sound:
        """The next frames (2, n); n is smaller than asked for at the end, or where the file breaks off."""
        parts, left = [], frames
        while left > 0:
            part = self._piece(min(left, CHUNK))
            parts.append(part)
            left -= part.shape[1]
            if part.shape[1] == 0:
                break
        return np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.float32)

    def _piece(self, frames: int) -> Sound:
        if self.failed:
            return np.zeros((2, 0), dtype=np.float32)
        try:
            samples = self._file.read(frames, dtype="float32", always_2d=True)
        except (self._trouble, OSError, ValueError):
            samples = np.zeros((0, self._file.channels), dtype=np.float32)
        if len(samples) == 0 and self._place < self._frames:
            # The length of an MP3 without an index is a guess of the decoder's, and ending before it means nothing.
            self.failed = not self._stepwise or not self.path.exists()
        self._place += len(samples)
        sound: Sound = samples.T if self._fold is None else self._fold @ samples.T
        if not np.abs(sound).max(initial=0.0) <= LOUDEST:
            sound = np.clip(np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
        return np.ascontiguousarray(sound)

    @property
    def tags(self) -> dict[str, str]:
        """What the file says of itself, "title" and "artist" among others; only what can be printed, shortened."""
        try:
            found = self._file.copy_metadata()
        except (self._trouble, OSError, ValueError):
            return {}
        said = {key: "".join(letter for letter in value if letter.isprintable()).strip()[:200] for key, value in found.items()}
        return {key: value for key, value in said.items() if value}

    def close(self) -> None:
        """Give the file back."""
        try:
            self._file.close()
        except (self._trouble, OSError):
            self.failed = True


class SoundStream:
    """A sound file as stereo at a wanted rate, read forwards.

    Raises SoundError, in a sentence, if it cannot be played.
    """

    def __init__(self, path: Path | str, *, rate_hz: int) -> None:
        self._file = SoundFile(path)
        self._same = self._file.rate_hz == rate_hz
        self._resampler: Any = None
        if not self._same:
            self._resampler = _soxr().ResampleStream(self._file.rate_hz, rate_hz, 2, dtype="float32", quality="HQ")
        self._ready = np.zeros((2, 0), dtype=np.float32)
        self._ended = False

    @property
    def seconds(self) -> float:
        """Length, as the header says."""
        return self._file.seconds

    @property
    def failed(self) -> bool:
        """True once the file could not be read to the end that its header promises."""
        return self._file.failed

    def seek(self, second: float) -> bool:
        """Go to a second of the file, or a step towards it. True once there. Raises SoundError where there is no such place."""
        self._ready, self._ended = self._ready[:, :0], False
        if self._resampler is not None:
            self._resampler.clear()
        return self._file.seek(second)

    def read(self, frames: int) -> Sound:
        """The next frames (2, n); n is smaller than asked for at the end."""
        if self._same:
            return self._file.read(frames)
        while self._ready.shape[1] < frames and not self._ended:
            new = self._file.read(CHUNK)
            self._ended = new.shape[1] < CHUNK
            made = self._resampler.resample_chunk(np.ascontiguousarray(new.T), last=self._ended)
            self._ready = np.concatenate([self._ready, made.T], axis=1)
        sound, self._ready = self._ready[:, :frames], self._ready[:, frames:]
        return sound

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
