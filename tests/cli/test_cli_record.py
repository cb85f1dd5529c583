"""`undertone record`: what it says, what it leaves on the disk, and how it ends."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from undertone.cli import main, parser
from undertone.cli.live_line import LiveLine
from undertone.cli.main import COMMANDS
from undertone.cli.record import line, record
from undertone.device import World
from undertone.flow import Features
from undertone.sim import Body
from undertone.storage import Recorder, load_recording
from undertone.timeline import Timeline

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def said(capsys: Captured) -> str:
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return out + err


def ask(*arguments: str, world: World) -> int:
    """Record in a world of ours instead of the real one."""
    return record(parser.build(COMMANDS).parse_args(["record", *arguments]), world=world)


def simulated() -> World:
    return World.simulated(Body.calm(1), open_sink=None)


def test_a_simulated_listener_is_recorded_and_can_be_read_again(tmp_path: Path, capsys: Captured) -> None:
    assert main(["record", str(tmp_path), "--listener", "tense", "--minutes", "0.5", "--seed", "4"]) == 0
    text = said(capsys)
    read = load_recording(tmp_path)
    assert read.name == "sub-simulated_task-tense_run-01"
    pulse, skin = read.first("ppg"), read.first("eda")
    assert pulse is not None and skin is not None and read.red() is not None
    assert pulse.end == pytest.approx(30.0, abs=0.5) and pulse.rate_hz == pytest.approx(100.0, rel=1e-3)
    assert pulse.device == "Undertone simulated listener, tense, seed 4"
    assert read.beats is not None and len(read.beats) > 25
    assert "not a person" in text and f"{len(read.beats)} beats" in text
    assert f"undertone view {tmp_path / 'sub-simulated' / read.name}" in text
    assert f"rm {tmp_path / 'sub-simulated' / read.name}_*" in text


def test_the_seed_chooses_the_listener_and_each_recording_has_a_number(tmp_path: Path, capsys: Captured) -> None:
    for seed in ("1", "1", "2"):
        assert main(["record", str(tmp_path), "--listener", "calm", "--minutes", "0.1", "--seed", seed]) == 0
    one, same, other = (load_recording(tmp_path / "sub-simulated" / f"sub-simulated_task-calm_run-0{n}") for n in (1, 2, 3))
    np.testing.assert_array_equal(one.series["ppg_infrared"].values, same.series["ppg_infrared"].values)
    assert not np.array_equal(one.series["ppg_infrared"].values, other.series["ppg_infrared"].values)


def test_somebody_real_hears_that_it_stays_here_and_how_to_delete_it(tmp_path: Path, capsys: Captured) -> None:
    assert ask(str(tmp_path), "--minutes", "0.2", world=simulated()) == 0
    text = said(capsys)
    assert "recorded only because you asked for it. It stays on this machine" in text
    assert "to delete  rm " in text
    assert load_recording(tmp_path).name == "sub-01_task-undertone_run-01"
    assert load_recording(tmp_path).series["ppg_infrared"].device == "Maxim Integrated MAX30102"


def test_several_pods_are_recorded_side_by_side(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text("sensors: {pods: 2}\n")
    assert main(["record", str(tmp_path / "out"), "--listener", "calm", "--minutes", "0.4", "--config", str(file)]) == 0
    read = load_recording(tmp_path / "out")
    assert read.devices() == ("pod0", "pod1")
    assert all(len(read.beats_by_device[f"acq-{pod}"]) > 15 for pod in read.devices())
    assert "[1]" in said(capsys)


def test_ctrl_c_ends_it_cleanly(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Callable[..., None] = Timeline.run

    def interrupted(timeline: Timeline, until: float = float("inf")) -> None:
        assert until == float("inf")
        run(timeline, 7.3)
        raise KeyboardInterrupt

    monkeypatch.setattr(Timeline, "run", interrupted)
    assert ask(str(tmp_path), world=simulated()) == 0
    pulse = load_recording(tmp_path).first("ppg")
    assert pulse is not None and pulse.end == pytest.approx(7.3, abs=0.4)
    assert "Ctrl-C: the recording ends here." in said(capsys)


def test_it_is_written_while_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the power had been cut: the end is never written.
    monkeypatch.setattr(Recorder, "close", lambda recorder: None)
    assert ask(str(tmp_path), "--minutes", "0.4", world=simulated()) == 0
    pulse = load_recording(tmp_path).first("ppg")
    assert pulse is not None and 24.0 - 6.0 < pulse.end < 24.0


def test_in_real_time_a_thread_reads_the_sensors(tmp_path: Path) -> None:
    world = World.simulated(Body.calm(1), open_sink=None, live=True)
    assert ask(str(tmp_path), "--minutes", "0.025", world=world) == 0
    pulse = load_recording(tmp_path).first("ppg")
    assert pulse is not None and 0.3 < pulse.end < 1.6


def test_the_recording_begins_at_its_own_zero(tmp_path: Path) -> None:
    world = simulated()
    Timeline(world.clock).run(until=500.0)
    world.clock.jump(500.0)  # type: ignore[attr-defined]
    assert ask(str(tmp_path), "--minutes", "0.1", world=world) == 0
    pulse = load_recording(tmp_path).first("ppg")
    assert pulse is not None and 0.0 <= pulse.t0 < 0.5 and pulse.end < 7.0


def test_nothing_there_is_told_with_what_to_do_and_leaves_nothing(tmp_path: Path, capsys: Captured) -> None:
    from undertone.sim import EmulatedBus

    world = simulated()
    empty = EmulatedBus({}, now=world.clock.now)
    assert ask(str(tmp_path), "--minutes", "0.2", world=replace(world, bus=empty, lines=None)) == 1
    text = said(capsys)
    assert "nothing was recorded" in text and "0x57" in text
    assert list(tmp_path.glob("sub-*")) == []


def test_without_a_bus_nothing_is_begun(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text("sensors: {bus: 213}\n")
    assert main(["record", str(tmp_path / "out"), "--config", str(file)]) == 1
    text = said(capsys)
    assert "bus 213" in text or "smbus2" in text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--name", "me"], "must look like sub-02_task-rest"),
        (["--name", "sub-1_task-x"], "nothing is written over"),
    ],
)
def test_a_name_that_cannot_be_is_a_sentence(arguments: list[str], complaint: str, tmp_path: Path, capsys: Captured) -> None:
    taken = ["record", str(tmp_path), "--listener", "calm", "--minutes", "0.1"]
    assert main([*taken, "--name", "sub-1_task-x"]) == 0
    assert main([*taken, *arguments]) == 1
    assert complaint in said(capsys)


def test_both_sensors_off_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text("sensors: {pulse: {enabled: false}, skin: {enabled: false}}\n")
    assert main(["record", str(tmp_path / "out"), "--config", str(file)]) == 1
    assert "switched off" in said(capsys)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("")
    assert main(["record", str(tmp_path / "file" / "x"), "--listener", "calm"]) == 1
    assert "cannot begin" in said(capsys)


# ------------------------------------------------------------------------------------------------------------- the live line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_tells_heart_skin_quality_and_time() -> None:
    one = Features(75.0, 71.6, 1.4, tonic_microsiemens=4.214, pulse_quality=0.93, skin_quality=1.0)
    assert line(75.0, [one]) == "1:15  heart 72 ± 1 bpm   skin 4.21 µS   quality of the pulse 93%, of the skin 100%"
    assert line(75.0, [Features(75.0)]) == "1:15  heart – bpm   skin – µS   quality of the pulse 0%, of the skin 0%"
    assert "[3] 72 ± 1 bpm 4.21 µS (93%, 100%)" in line(75.0, [Features(75.0), replace(one, pod=3)])


def test_on_a_terminal_one_line_is_written_over() -> None:
    stream = Terminal()
    with LiveLine(every=10.0, stream=stream) as live:
        for second in range(5):
            live.show(float(second), f"second {second}")
        live.say("The finger is off.")
    text = stream.getvalue()
    assert text.count("\n") == 1 and text.count("\r\033[K") == 6
    assert text.endswith("The finger is off.\n")


def test_elsewhere_there_is_a_line_now_and_then() -> None:
    stream = io.StringIO()
    with LiveLine(every=10.0, stream=stream) as live:
        for second in range(25):
            live.show(float(second), f"second {second}")
    assert stream.getvalue().splitlines() == ["second 0", "second 10", "second 20"]
