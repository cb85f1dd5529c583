"""The program under the service's rules: no system calls but the unit's, no memory both writable and executable, Unix sockets.

systemd does not run on a build machine, but its filters are the kernel's: here libseccomp puts them together from the unit,
before Python starts, as systemd would.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "undertone.service"

ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NOT_EQUAL, MASKED_EQUAL = 1, 7
EPERM, EAFNOSUPPORT = 1, 97
AF_UNIX = 1
PROT_WRITE, PROT_EXEC, SHM_EXEC = 0x2, 0x4, 0o100000


class Comparison(ctypes.Structure):
    """`struct scmp_arg_cmp` of libseccomp."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


@cache
def system_calls(name: str) -> frozenset[str]:
    """The members of one of systemd's sets of system calls, sets within it resolved."""
    told = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    found: set[str] = set()
    for line in told.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            found |= system_calls(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return frozenset(found)


def allowed() -> set[str]:
    """What the unit's SystemCallFilter lines leave, with what systemd always allows."""
    left: set[str] = set(system_calls("@default"))
    for line in UNIT.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "SystemCallFilter":
            named: set[str] = set().union(*(system_calls(word) for word in value.lstrip("~").split()))
            left = left - named if value.startswith("~") else left | named
    return left


class Filter:
    """A filter of system calls for this process and its children."""

    def __init__(self, default: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(default)))

    def rule(self, action: int, name: str, *comparisons: Comparison) -> None:
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            array = (Comparison * max(1, len(comparisons)))(*comparisons)
            assert not self._library.seccomp_rule_add_array(
                self._context, ctypes.c_uint32(action), number, len(comparisons), array
            )

    def load(self) -> None:
        assert self._library.seccomp_load(self._context) == 0


def confine(names: set[str]) -> None:
    """Put this process under the unit's rules. Source: systemd.exec(5) and systemd's seccomp-util.c for what they mean."""
    memory = Filter(ALLOW)
    both = PROT_WRITE | PROT_EXEC
    memory.rule(REFUSE | EPERM, "mmap", Comparison(2, MASKED_EQUAL, both, both))
    memory.rule(REFUSE | EPERM, "mprotect", Comparison(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    memory.rule(REFUSE | EPERM, "pkey_mprotect", Comparison(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    memory.rule(REFUSE | EPERM, "shmat", Comparison(2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
    memory.rule(REFUSE | EAFNOSUPPORT, "socket", Comparison(0, NOT_EQUAL, AF_UNIX, 0))
    calls = Filter(REFUSE | EPERM)
    for name in sorted(names):
        calls.rule(ALLOW, name)
    memory.load()
    calls.load()


def begun(program: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """A Python program that has just been started under the unit's rules."""
    names = allowed()
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        preexec_fn=lambda: confine(names),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "firmware", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **environment},
    )


def confined(program: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """What came of a Python program under the unit's rules."""
    with begun(program, *arguments, **environment) as process:
        output, errors = process.communicate(timeout=50)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


UNDERTONE = "import sys; from undertone.cli import main; raise SystemExit(main(sys.argv[1:]))"


@pytest.fixture(autouse=True, scope="module")
def sandbox() -> None:
    """A machine on which a process may filter its own system calls."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze on this machine, which knows the sets of system calls")
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("there is no libseccomp on this machine")
    try:
        subprocess.run([sys.executable, "-c", ""], preexec_fn=lambda: Filter(ALLOW).load(), check=True)
    except (subprocess.SubprocessError, OSError):
        pytest.skip("this machine does not let a process filter its system calls")


def test_the_rules_hold() -> None:
    done = confined(
        """
import mmap, os, socket
def refused(call):
    try:
        call()
    except OSError:
        return True
    return False
print(refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
      refused(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
      refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)),
      refused(lambda: os.setuid(0)),
      refused(lambda: os.nice(1)),
      refused(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)))
"""
    )
    assert done.stdout.split() == ["True"] * 5 + ["False"], done.stderr


def test_arithmetic_runs_under_the_rules() -> None:
    done = confined(
        "import numpy as np; a = np.random.default_rng(1).normal(size=(200, 200));"
        "print(np.allclose(np.linalg.inv(a) @ a, np.eye(200)), np.fft.rfft(a).shape)"
    )
    assert done.stdout == "True (200, 101)\n", done.stderr


def test_the_model_runs_under_the_rules() -> None:
    models = sorted(ROOT.glob("firmware/undertone/**/*.tflite")) + sorted(ROOT.glob("models/**/*.tflite"))
    if not models:
        pytest.skip("there is no model")
    done = confined(
        "import os, numpy as np\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        "model = Interpreter(os.environ['MODEL']); model.allocate_tensors()\n"
        "for it in model.get_input_details(): model.set_tensor(it['index'], np.zeros(it['shape'], it['dtype']))\n"
        "model.invoke(); print('ran')",
        MODEL=str(models[0]),
    )
    assert done.stdout.endswith("ran\n"), done.stderr


def test_sound_is_made_and_played_under_the_rules(tmp_path: Path) -> None:
    pytest.importorskip("pyaudio")
    captured = tmp_path / "cap.raw"
    configuration = tmp_path / "asound.conf"
    configuration.write_text(
        "</usr/share/alsa/alsa.conf>\n"
        f'pcm.tofile {{ type file slave.pcm "null" file "{captured}" format "raw" }}\n'
    )
    done = confined(
        """
from undertone.audio import FluidSynth, PortAudioSink, find_soundfont
synth = FluidSynth(find_soundfont())
sink = PortAudioSink("tofile")
import numpy as np
sink.write(np.full((4096, 2), 0.25, dtype=np.float32))
sink.close()
print("played")
""",
        ALSA_CONFIG_PATH=str(configuration),
    )
    assert done.stdout.endswith("played\n"), done.stderr
    assert captured.stat().st_size > 0


def test_a_minute_of_music_is_made_under_the_rules(tmp_path: Path) -> None:
    wave = tmp_path / "minute.wav"
    done = confined(UNDERTONE, "simulate", "--minutes", "0.5", "--wav", wave)
    assert done.returncode == 0, done.stderr
    assert wave.stat().st_size > 30 * 48000 * 4


def test_the_daemon_lives_under_the_rules_without_bus_and_amplifier(tmp_path: Path) -> None:
    sound = tmp_path / "asound.conf"
    sound.write_text("</usr/share/alsa/alsa.conf>\n" + (UNIT.parent / "asound.conf").read_text())
    configuration = tmp_path / "undertone.yaml"
    configuration.write_text(f"sensors: {{bus: 9}}\nservice: {{socket: {tmp_path / 'control.sock'}}}\n")
    environment = {"ALSA_CONFIG_PATH": str(sound), "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20.0)
        with begun(UNDERTONE, "run", "--config", configuration, **environment) as daemon:
            heard: list[bytes] = []
            try:
                while not {b"READY=1", b"WATCHDOG=1"} <= set(heard):
                    heard.append(manager.recv(4096))
            finally:
                daemon.send_signal(signal.SIGTERM)
                _, errors = daemon.communicate(timeout=15)
    assert daemon.returncode == 0, errors
    assert "Traceback" not in errors
