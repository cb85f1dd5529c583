"""The command line: what it says, and what it says when something is wrong. Never a traceback."""

from __future__ import annotations

import gzip
import json
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from undertone.cli import main
from undertone.cli.analyse import as_json
from undertone.cli.doctor import Tools, examine
from undertone.cli.main import COMMANDS
from undertone.errors import BusError, SoundError
from undertone.flow import Beat, BeatFlag, Features, Response
from undertone.report import Analysis
from undertone.sensors import Bus
from undertone.sim import Ads1115Chip, Body, EmulatedBus, Max3010xChip, Tca9548aChip
from undertone.storage import Recording
from undertone.timeline import VirtualClock

Captured = pytest.CaptureFixture[str]


def said(capsys: Captured) -> str:
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return out + err


def test_without_a_command_the_help_teaches(capsys: Captured) -> None:
    assert main([]) == 0
    text = said(capsys)
    assert "undertone try" in text
    assert "undertone doctor" in text


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert len(said(capsys)) > 200


def test_every_command_is_offered(capsys: Captured) -> None:
    assert main([]) == 0
    text = said(capsys)
    assert all(f"    {command} " in text for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["simulate", "--goal", "win"], "calm"),
        (["simulate", "--minutes", "-3"], "1440"),
        (["render", "out.wav", "--valence", "7"], "−1 … 1"),
        (["dance"], "invalid choice"),
    ],
)
def test_what_cannot_be_asked_is_answered_with_what_can(arguments: list[str], complaint: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in said(capsys)


@pytest.mark.parametrize(
    ("content", "complaints"),
    [
        ("guidance: {goal: calmer}\naudio: {rate_hz: 8}\n", ["guidance.goal", "calm", "audio.rate_hz"]),
        ("guidence: {}\n", ["guidence", "guidance"]),
        ("guidance: [\n", ["line"]),
        ("\x00", ["YAML"]),
    ],
)
def test_a_wrong_configuration_is_explained_all_at_once(
    content: str, complaints: list[str], tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text(content)
    assert main(["simulate", "--config", str(file), "--silent", "--minutes", "1"]) == 1
    text = said(capsys)
    for complaint in complaints:
        assert complaint in text


def test_a_configuration_that_cannot_be_read_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    assert main(["run", "--config", str(tmp_path / "nothing.yaml")]) == 1
    assert "nothing.yaml" in said(capsys)
    assert main(["run", "--config", str(tmp_path)]) == 1
    assert str(tmp_path) in said(capsys)


def test_the_printed_configuration_is_a_good_one(tmp_path: Path, capsys: Captured) -> None:
    assert main(["config"]) == 0
    file = tmp_path / "undertone.yaml"
    file.write_text(said(capsys))
    assert main(["config", "--check", str(file)]) == 0


def test_an_unknown_style_names_the_known_ones(capsys: Captured) -> None:
    assert main(["render", "out.wav", "--style", "pianno"]) == 1
    assert "piano" in said(capsys)


def test_music_alone_is_rendered_with_its_score(tmp_path: Path, capsys: Captured) -> None:
    sound, score = tmp_path / "out.wav", tmp_path / "out.mid"
    assert main(["render", str(sound), "--minutes", "0.2", "--midi", str(score)]) == 0
    with wave.open(str(sound)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        assert file.getnframes() / file.getframerate() >= 12.0
    assert np.abs(frames).max() > 1000
    assert score.read_bytes().startswith(b"MThd")


def test_rendering_where_nothing_can_be_written_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    assert main(["render", str(tmp_path / "no" / "folder" / "out.wav"), "--minutes", "0.1"]) == 1
    assert "out.wav" in said(capsys)
    assert main(["render", "/dev/full", "--minutes", "0.1"]) == 1
    assert "/dev/full" in said(capsys)


def test_a_score_that_cannot_be_written_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    score = tmp_path / "no" / "folder" / "out.mid"
    assert main(["render", str(tmp_path / "out.wav"), "--minutes", "0.05", "--midi", str(score)]) == 1
    assert "out.mid" in said(capsys)


def test_a_report_that_cannot_be_written_is_told_before_the_session(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("")
    assert main(["simulate", "--minutes", "1", "--silent", "--report", str(tmp_path / "file" / "report")]) == 1
    text = said(capsys)
    assert "report cannot be written" in text
    assert "Running" not in text


def test_what_the_system_refuses_is_a_sentence(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(asked: object) -> int:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setitem(COMMANDS, "config", refuse)
    assert main(["config"]) == 1
    assert "/somewhere: Permission denied" in said(capsys)


def test_a_session_leaves_sound_and_a_page(tmp_path: Path, capsys: Captured) -> None:
    sound, report = tmp_path / "evening.wav", tmp_path / "report"
    arguments = ["simulate", "--minutes", "0.5", "--wav", str(sound), "--report", str(report)]
    assert main(arguments) == 0
    text = said(capsys)
    assert str(sound) in text
    assert str(report / "index.html") in text
    assert "heart" in text
    assert (report / "state.png").exists()
    assert b"Generated by Undertone" in sound.read_bytes()[:9000], "it says what it is"
    with wave.open(str(sound)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(30.0, abs=1.0)


def test_a_session_onto_a_full_disk_says_so_and_fails(capsys: Captured) -> None:
    assert main(["simulate", "--minutes", "0.1", "--wav", "/dev/full"]) == 1
    assert "not complete" in said(capsys)


def test_a_recording_is_analysed_into_the_promised_form(recordings: Path, capsys: Captured) -> None:
    assert main(["analyse", str(recordings / "neurokit_samples" / "sub-01"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {
        "beats", "heart_bpm", "heart_error_bpm", "rmssd_ms", "sdnn_ms", "lf_hf", "coherence", "breathing_per_min",
        "breathing_error_per_min", "conductance_microsiemens", "responses", "quality", "affect",
    }  # fmt: skip
    assert set(result["quality"]) == {"pulse", "skin"}
    assert len(result["beats"]) > 300
    assert set(result["beats"][5]) == {"t", "interval", "flag"}
    assert {beat["flag"] for beat in result["beats"]} <= set(BeatFlag)
    for name in ("heart_bpm", "heart_error_bpm", "rmssd_ms", "sdnn_ms", "lf_hf", "coherence", "breathing_per_min"):
        assert [row[0] for row in result[name]] == [row[0] for row in result["heart_bpm"]], name
        assert all(len(row) == 2 for row in result[name]), name
    assert all(len(row) == 3 for row in result["affect"])
    assert {row[1] for row in result["conductance_microsiemens"]} == {None}, "there was no skin sensor: not known, not 0"


def test_what_was_found_is_printed_with_its_errors_flags_and_recovery() -> None:
    beats = (Beat(1.0, None, BeatFlag.FIRST), Beat(1.75, 0.75, BeatFlag.ECTOPIC))
    responses = (Response(2.0, 0.25, 1.5, 3.0), Response(9.0, 0.125, 1.0))
    row = Features(5.0, 70.0, 1.5, 40.0, 50.0, 1.25, 0.5, 12.0, 0.75, pulse_quality=1.0)
    analysis = Analysis(Recording("sub-1", {}), beats, responses, (row, Features(6.0)), ())
    told = as_json(analysis)
    assert told["beats"] == [{"t": 1.0, "interval": None, "flag": "first"}, {"t": 1.75, "interval": 0.75, "flag": "ectopic"}]
    assert [response["recovery"] for response in told["responses"]] == [3.0, None]
    for name, value in (
        ("heart_error_bpm", 1.5),
        ("rmssd_ms", 40.0),
        ("sdnn_ms", 50.0),
        ("lf_hf", 1.25),
        ("coherence", 0.5),
        ("breathing_error_per_min", 0.75),
    ):
        assert told[name] == [[5.0, value], [6.0, None]], name


def test_a_truncated_recording_is_a_sentence(recordings: Path, tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "sub-01"
    shutil.copytree(recordings / "neurokit_samples" / "sub-01", folder)
    wave_file = next(folder.glob("*recording-ppg_physio.tsv.gz"))
    wave_file.chmod(0o644)
    whole = wave_file.read_bytes()
    wave_file.write_bytes(whole[: len(whole) // 2])
    for command in ("analyse", "replay"):
        extra = ["--silent"] if command == "replay" else []
        assert main([command, str(folder), *extra]) == 1
        assert wave_file.name in said(capsys)
    wave_file.write_bytes(gzip.compress(b"1.0\nx\n"))
    assert main(["analyse", str(folder)]) == 1
    assert wave_file.name in said(capsys)


def test_a_recording_that_is_not_there_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    assert main(["analyse", str(tmp_path / "sub-99")]) == 1
    assert "sub-99" in said(capsys)


def test_nobody_to_ask_is_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text(f"service: {{socket: {tmp_path / 'socket'}}}\n")
    assert main(["status", "--config", str(file)]) == 1
    assert "undertone run" in said(capsys)
    assert main(["tell", "goal", "--config", str(file)]) == 1
    assert "calm" in said(capsys)


class Quiet:
    rate_hz = 48000
    paced = False
    latency = 0.0

    def write(self, frames: object) -> None: ...

    def close(self) -> None: ...


def tools(*, missing: tuple[int, ...] = (), sound: bool = True, bus: bool = True) -> Tools:
    clock = VirtualClock()
    body = Body.calm(1)
    chips = {0x57: Max3010xChip(body, clock.now), 0x48: Ads1115Chip(body, clock.now)}

    def open_bus(number: int) -> Bus:
        if not bus:
            raise BusError("There is no I²C bus 1: is I²C enabled?")
        return EmulatedBus({at: chip for at, chip in chips.items() if at not in missing}, now=clock.now)

    def open_sink(*arguments: object) -> Quiet:
        if not sound:
            raise SoundError("There is no sound device: plug one in.")
        return Quiet()

    return Tools(open_bus=open_bus, open_sink=open_sink, clock=clock)


def test_a_healthy_device_passes_every_examination() -> None:
    findings = list(examine(None, tools()))
    assert [finding.part for finding in findings if not finding.good] == []
    assert {"config", "pulse", "skin", "sound", "music", "model", "storage", "pictures"} <= {f.part for f in findings}


@pytest.mark.parametrize(
    ("sick", "part", "advice"),
    [
        (tools(missing=(0x57,)), "pulse", "0x57"),
        (tools(missing=(0x48,)), "skin", "0x48"),
        (tools(sound=False), "sound", "plug one in"),
        (tools(bus=False), "bus", "enabled"),
    ],
)
def test_each_fault_is_named_with_what_to_do(sick: Tools, part: str, advice: str) -> None:
    wrong = {finding.part: finding.message for finding in examine(None, sick) if not finding.good}
    assert set(wrong) == {part}
    assert advice in wrong[part]


def pods(tmp_path: Path, *, missing: dict[int, tuple[int, ...]], mux: bool = True) -> tuple[Path, Tools]:
    """Three pods behind a bus switch, from some of which chips are missing."""
    file, clock = tmp_path / "undertone.yaml", VirtualClock()
    file.write_text("sensors: {pods: 3}\n")
    channels = {
        pod: {
            at: chip
            for at, chip in (
                (0x57, Max3010xChip(Body.calm(pod), clock.now)),
                (0x48, Ads1115Chip(Body.calm(pod), clock.now)),
            )
            if at not in missing.get(pod, ())
        }
        for pod in range(3)
    }
    chips = {0x70: Tca9548aChip(channels, clock.now)} if mux else {}
    bus = EmulatedBus(chips, now=clock.now)
    return file, Tools(open_bus=lambda number: bus, open_sink=lambda *arguments: Quiet(), clock=clock)


def test_every_chip_of_every_pod_is_looked_for(tmp_path: Path) -> None:
    findings = list(examine(*pods(tmp_path, missing={1: (0x57,), 2: (0x48,)})))
    assert {f"pod {pod} {part}" for pod in range(3) for part in ("pulse", "skin")} <= {finding.part for finding in findings}
    wrong = {finding.part: finding.message for finding in findings if not finding.good}
    assert set(wrong) == {"pod 1 pulse", "pod 2 skin"}
    assert "0x57" in wrong["pod 1 pulse"] and "0x48" in wrong["pod 2 skin"]


def test_a_missing_bus_switch_is_named(tmp_path: Path) -> None:
    wrong = {finding.part: finding.message for finding in examine(*pods(tmp_path, missing={}, mux=False)) if not finding.good}
    assert "0x70" in wrong["bus"]


def test_a_wrong_configuration_and_a_missing_model_are_found(tmp_path: Path) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text(f"affect: {{model: {tmp_path / 'gone.tflite'}}}\naudio: {{soundfont: {tmp_path / 'gone.sf2'}}}\n")
    wrong = {finding.part: finding.message for finding in examine(file, tools()) if not finding.good}
    assert set(wrong) == {"model", "music"}
    file.write_text("nonsense: 1\n")
    wrong = {finding.part: finding.message for finding in examine(file, tools()) if not finding.good}
    assert "nonsense" in wrong["config"]


def test_the_style_of_the_configuration_holds_unless_another_is_asked_for(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "undertone.yaml"
    file.write_text("music:\n  style: brass band\n")
    assert main(["simulate", "--minutes", "1", "--silent", "--config", str(file)]) == 1
    file.write_text("music:\n  play: pieces\n")
    assert main(["simulate", "--minutes", "0.5", "--silent", "--config", str(file)]) == 0
    assert main(["simulate", "--minutes", "0.5", "--silent", "--style", "brass band"]) == 1
    assert "brass band" in said(capsys)


def test_a_piece_is_rendered_and_says_whose_it_is(tmp_path: Path, capsys: Captured) -> None:
    sound = tmp_path / "out.wav"
    assert main(["render", str(sound), "--piece", "gymnopedie-1", "--minutes", "0.1"]) == 0
    assert b"Erik Satie" in sound.read_bytes()[:9000]
    assert main(["render", str(sound), "--piece", "gymnopedie1"]) == 1
    assert "did you mean 'gymnopedie-1'" in said(capsys)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--play", "own"], "--folder DIR"),
        (["--folder", "nowhere"], "There is no nowhere"),
        (["--melody", "nowhere.mid"], "There is no nowhere.mid"),
        (["--melody", "setup.cfg", "--minutes", "0.05"], "neither a MIDI file (.mid) nor a score (.score)"),
    ],
)
def test_what_is_not_there_to_be_played_is_a_sentence(tmp_path: Path, capsys: Captured, asked: list[str], says: str) -> None:
    (tmp_path / "setup.cfg").write_text("")
    asked = [str(tmp_path / part) if part == "setup.cfg" else part for part in asked]
    main(["render", str(tmp_path / "out.wav"), *asked])
    assert says in said(capsys)
