"""Recordings that are written while they happen: what comes back, when, and what a power cut or a full disk leaves of them."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undertone.errors import StorageError
from undertone.flow import Beat, BeatFlag, Block, Channel, Fault, FaultKind, Response, Samples, readonly
from undertone.sensors import PulseSettings, Reader, SkinSettings
from undertone.signals import Signals
from undertone.sim import Ads1115Chip, Body, EmulatedBus, Max3010xChip
from undertone.storage import Recorder, Recording, free_name, load_recording, playback
from undertone.timeline import VirtualClock

NAME = "sub-01_task-rest"


confirmed: list[int] = []
"""Each time that the disk was asked to confirm."""


@pytest.fixture(autouse=True, scope="module")
def quick_disk() -> Iterator[None]:
    """A disk that confirms at once: waiting for a real one takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", confirmed.append)
        yield


def light(t0: float, values: Samples, *, rate_hz: float = 100.0, lost: int = 0, pod: int = 0) -> list[Block]:
    """Infrared and red light of the same moments, as a reader tells them."""
    return [
        Block(Channel.INFRARED, t0, rate_hz, readonly(values), lost, pod),
        Block(Channel.RED, t0, rate_hz, readonly(np.asarray(values) / 2.0), lost, pod),
    ]


def keep(recorder: Recorder, blocks: list[Block]) -> None:
    for block in blocks:
        recorder.push(block)


def simple(folder: Path, *, seconds: int = 12, rate_hz: float = 100.0) -> Path:
    """A recording in which each value of infrared light is its own number, written out every five seconds."""
    recorder = Recorder(folder, NAME)
    length = round(rate_hz)
    for second in range(seconds):
        numbers = 100_000.0 + second * length + np.arange(length)
        keep(recorder, light(float(second), numbers, rate_hz=rate_hz))
        recorder.push(Block(Channel.SKIN, float(second), 16.0, readonly(np.full(16, 4.0 + 0.01 * second))))
        recorder.note(Beat(second + 0.5, 1.0, BeatFlag.CLEAN))
        recorder.write(second + 1.0)
    recorder.close()
    return recorder.stem


def physio(stem: Path, kind: str = "ppg") -> Path:
    return stem.with_name(f"{stem.name}_recording-{kind}_physio.tsv.gz")


def table(stem: Path, suffix: str) -> list[dict[str, str]]:
    with stem.with_name(f"{stem.name}_{suffix}.tsv").open() as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


# --------------------------------------------------------------------------------------------------------------- what is kept


def test_light_and_conductance_come_back_as_they_were(tmp_path: Path) -> None:
    read = load_recording(simple(tmp_path))
    infrared, red, skin = read.first("ppg"), read.red(), read.first("eda")
    assert infrared is not None and red is not None and skin is not None
    np.testing.assert_array_equal(infrared.values, 100_000.0 + np.arange(1200))
    np.testing.assert_array_equal(red.values, infrared.values / 2.0)
    assert (infrared.t0, infrared.rate_hz, infrared.unit, infrared.full_scale) == (0.0, 100.0, "counts", 262143.0)
    assert (skin.rate_hz, skin.unit, skin.values[-1]) == (16.0, "µS", 4.11)
    assert not infrared.upright
    assert read.warnings == ()


def test_what_was_found_lies_beside_it(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME, zero=100.0)
    keep(recorder, light(100.0, np.arange(100.0)))
    recorder.note(Beat(100.5, None, BeatFlag.FIRST))
    recorder.note(Beat(101.25, 0.75, BeatFlag.CLEAN))
    recorder.note(Beat(102.5, 1.25, BeatFlag.ARTEFACT))
    recorder.note(Beat(103.0, 0.5, BeatFlag.ECTOPIC))
    recorder.note(Response(102.0, 0.25, 1.5, 2.5))
    recorder.note(Response(109.0, 0.125, 1.0))
    recorder.close()
    read = load_recording(tmp_path)
    assert read.first("ppg") is not None and read.first("ppg").t0 == 0.0  # type: ignore[union-attr]
    nan = float("nan")
    np.testing.assert_array_equal(read.beats, [[0.5, nan], [1.25, 0.75], [2.5, nan], [3.0, 0.5]])
    assert [row["flag"] for row in table(recorder.stem, "beats")] == ["first", "clean", "artefact", "ectopic"]
    whole, cut = table(recorder.stem, "desc-responses_events")
    assert (whole["onset"], whole["duration"], whole["amplitude"]) == ("2.0000", "4.0000", "0.2500")
    assert (whole["rise"], whole["recovery"], whole["trial_type"]) == ("1.5000", "2.5000", "response")
    assert (cut["duration"], cut["recovery"]) == ("n/a", "n/a")


def test_faults_are_events_that_last_until_they_are_over(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    keep(recorder, light(0.0, np.arange(2000.0)))
    off = Fault(2.0, "pod 0 pulse", FaultKind.CONTACT, "Put the finger back.")
    recorder.note(off)
    recorder.note(Fault(5.5, "pod 0 pulse", FaultKind.CONTACT, "It is back.", over=True))
    recorder.note(Fault(12.0, "pod 0 skin", FaultKind.BUS, "Check the plug."))
    recorder.write(13.0)
    assert table(recorder.stem, "events")[1]["duration"] == "n/a"
    recorder.close()
    first, second = load_recording(tmp_path).events
    assert (first.onset, first.duration, first.trial_type) == (2.0, 3.5, "no contact")
    assert first.more == {"source": "pod 0 pulse", "message": "Put the finger back."}
    assert (second.onset, second.duration) == (12.0, 8.0)


def test_a_fault_that_comes_twice_is_two_events(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    keep(recorder, light(0.0, np.arange(2000.0)))
    for begins, ends in ((2.0, 3.0), (8.0, 8.5)):
        recorder.note(Fault(begins, "pod 0 pulse", FaultKind.CONTACT, "Put the finger back."))
        recorder.note(Fault(ends, "pod 0 pulse", FaultKind.CONTACT, "It is back.", over=True))
    recorder.close()
    assert [(event.onset, event.duration) for event in load_recording(tmp_path).events] == [(2.0, 1.0), (8.0, 0.5)]


def test_each_of_several_pods_has_its_files(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME, pods=4, devices={"ppg": ("Maxim", "MAX30102")})
    for pod in (0, 3):
        keep(recorder, light(0.0, np.full(100, 1000.0 + pod), pod=pod))
        recorder.note(Beat(0.5, None, BeatFlag.FIRST, pod))
    recorder.close()
    read = load_recording(tmp_path)
    assert read.devices() == ("pod0", "pod3")
    pod3 = read.of("pod3").first("ppg")
    assert pod3 is not None and pod3.values[0] == 1003.0 and pod3.device == "Maxim MAX30102"
    assert read.of("pod3").red() is not None
    assert set(read.beats_by_device) == {"acq-pod0", "acq-pod3"}


def test_infrared_without_red_is_kept_and_red_without_infrared_is_not(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    infrared, red = light(0.0, np.arange(10.0))
    recorder.push(red)
    recorder.push(infrared)
    for block in light(0.1, np.arange(10.0, 20.0)):
        recorder.push(block)
    recorder.push(light(0.2, np.arange(20.0, 30.0))[0])
    recorder.close()
    read = load_recording(tmp_path)
    pulse, beside = read.first("ppg"), read.red()
    assert pulse is not None and beside is not None
    np.testing.assert_array_equal(pulse.values, np.arange(30.0))
    assert np.isfinite(beside.values).tolist() == [False] * 10 + [True] * 10 + [False] * 10


def test_only_its_owner_may_read_what_was_recorded(tmp_path: Path) -> None:
    stem = simple(tmp_path)
    for file in stem.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_where_nothing_came_nothing_stays(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "new", NAME)
    recorder.note(Fault(0.0, "pod 0 pulse", FaultKind.CHIP_MISSING, "Plug it in."))
    recorder.write(1.0)
    recorder.close()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["dataset_description.json"]


# ----------------------------------------------------------------------------------------------------------------------- time


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    gaps=st.lists(st.tuples(st.integers(5, 60), st.floats(0.0, 3.0)), min_size=2, max_size=20),
    skew=st.floats(-0.015, 0.015),
    start=st.floats(0.0, 50.0),
)
def test_however_much_is_lost_no_sample_is_further_than_half_a_sample_from_its_moment(
    gaps: list[tuple[int, float]], skew: float, start: float
) -> None:
    rate_hz, t, before = 100.0 * (1.0 + skew), start, 0.0
    moments: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(folder, NAME)
        for length, gap in gaps:
            numbers = len(moments) + np.arange(length)
            keep(recorder, light(t, numbers, rate_hz=rate_hz, lost=round(before * rate_hz)))
            moments += [t + i / rate_hz for i in range(length)]
            t, before = t + length / rate_hz + gap, gap
        recorder.write(t)
        recorder.close()
        pulse = load_recording(folder).first("ppg")
    assert pulse is not None
    there = np.isfinite(pulse.values)
    np.testing.assert_array_equal(pulse.values[there], np.arange(len(moments)))
    # By the rows themselves, without the line's own error, which half a sample of rounding at each gap tilts a little.
    rows = np.flatnonzero(there)
    off = (np.array(moments) - moments[0]) - rows / rate_hz
    assert np.abs(off).max() <= 0.5 / rate_hz + 1e-6
    assert np.abs(pulse.times[there] - moments).max() <= 1.1 / rate_hz


def test_samples_that_were_lost_leave_a_gap_even_where_time_says_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    keep(recorder, light(0.0, np.arange(100.0)))
    keep(recorder, light(1.0, np.arange(100.0, 200.0), lost=3))
    keep(recorder, light(2.0, np.arange(200.0, 300.0)))
    recorder.close()
    pulse = load_recording(tmp_path).first("ppg")
    assert pulse is not None and np.flatnonzero(~np.isfinite(pulse.values)).tolist() == [100]
    assert recorder.missing == 1


def test_hours_without_a_sensor_are_rows_of_missing_samples(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    keep(recorder, light(0.0, np.arange(100.0)))
    keep(recorder, light(3601.0, np.arange(100.0), lost=360_000))
    recorder.close()
    pulse = load_recording(tmp_path).first("ppg")
    assert pulse is not None and len(pulse.values) == 360_200 and pulse.end == pytest.approx(3602.0)
    assert physio(recorder.stem).stat().st_size < 20_000


@pytest.mark.parametrize("skew", [0.0, 0.012, -0.015])
def test_what_is_played_back_has_the_beats_that_were_found_live(skew: float, tmp_path: Path) -> None:
    clock, body = VirtualClock(), Body.tense(3)
    bus = EmulatedBus(
        {0x57: Max3010xChip(body, clock.now, skew=skew), 0x48: Ads1115Chip(body, clock.now)}, now=clock.now
    )
    reader = Reader(bus, pulse=PulseSettings(), skin=SkinSettings())
    recorder, signals = Recorder(tmp_path, NAME), Signals()
    live: list[Beat | Response] = []
    starts: list[tuple[float, int]] = []
    while clock.now() < 90.0:
        for value in reader.poll(clock.now()):
            assert isinstance(value, Block)
            recorder.push(value)
            live += signals.push(value)
            if value.channel is Channel.INFRARED:
                starts.append((value.t0, len(value.values)))
        recorder.write(clock.now())
        clock.jump(max(1e-4, reader.due - clock.now()))
    recorder.close()
    read = load_recording(tmp_path)
    pulse = read.first("ppg")
    assert pulse is not None and pulse.rate_hz == pytest.approx(100.0 * (1.0 + skew), rel=2e-5)
    # What one straight line leaves of the moments of all blocks: the stamps need some seconds to learn the chip's rate.
    moments = np.array([t0 for t0, _ in starts])
    rows = np.concatenate([[0], np.cumsum([count for _, count in starts])[:-1]])
    left = moments - (pulse.t0 + rows / pulse.rate_hz)
    assert np.abs(left[moments > 12.0]).max() < 1e-3
    assert np.abs(left).max() < 8e-3
    again = [event for event in _signals(read) if isinstance(event, Beat)]
    first = [event for event in live if isinstance(event, Beat)]
    assert [beat.flag for beat in again] == [beat.flag for beat in first]
    off = np.array([one.t - other.t for one, other in zip(first, again, strict=True)])
    assert np.abs(off[np.array([beat.t for beat in first]) > 12.0]).max() < 2e-3
    assert np.abs(off).max() < 8e-3


def _signals(recording: Recording) -> list[Beat | Response]:
    signals = Signals()
    return [event for second in playback(recording) for block in second.blocks for event in signals.push(block)]


# -------------------------------------------------------------------------------------------------- power cuts and full disks


def test_nothing_is_written_more_often_than_every_five_seconds(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    sizes = []
    for second in range(20):
        keep(recorder, light(float(second), np.arange(100.0)))
        recorder.write(second + 1.0)
        sizes.append((physio(recorder.stem).stat().st_size, len(confirmed)))
    for column in np.array(sizes).T:
        assert np.flatnonzero(np.diff(column)).tolist() == [4, 9, 14]


def test_without_closing_all_but_the_last_five_seconds_are_there(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, NAME)
    for second in range(18):
        keep(recorder, light(float(second), np.arange(100.0)))
        recorder.note(Beat(second + 0.5, 1.0, BeatFlag.CLEAN))
        recorder.write(second + 1.0)
    read = load_recording(tmp_path)
    pulse = read.first("ppg")
    assert pulse is not None and len(pulse.values) >= 1800 - 500
    assert read.beats is not None and len(read.beats) >= 18 - 5


@settings(deadline=None, max_examples=40, derandomize=True)
@given(share=st.floats(0.0, 1.0), zeros=st.integers(0, 40), what=st.sampled_from(["ppg", "beats"]))
def test_a_power_cut_at_any_byte_leaves_a_recording_that_loads(share: float, zeros: int, what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stem = simple(Path(folder), seconds=17)
        file = physio(stem) if what == "ppg" else stem.with_name(f"{stem.name}_beats.tsv")
        content = file.read_bytes()
        whole = _whole_batches(content) if what == "ppg" else [len("onset\tibi\tflag\n"), len(content)]
        cut = whole[0] + round(share * (len(content) - whole[0]))
        # Some file systems leave zeros where the bytes did not arrive any more.
        file.write_bytes(content[:cut] + bytes(zeros))
        read = load_recording(folder)
        pulse = read.first("ppg")
        if what == "ppg":
            finished = sum(end <= cut for end in whole) - 1
            samples = (100, 600, 1100, 1600, 1700)
            least = samples[finished - 1] if finished else 0
            assert (0 if pulse is None else len(pulse.values)) >= least
            if pulse is not None:
                np.testing.assert_array_equal(pulse.values, 100_000.0 + np.arange(len(pulse.values)))
            assert bool(read.warnings) == (cut not in whole[1:])
        else:
            assert read.beats is not None
            known = content[:cut].count(b"\n") - 1
            assert known <= len(read.beats) <= known + 1
            np.testing.assert_array_equal(read.beats[:known, 0], 0.5 + np.arange(known))


def _whole_batches(content: bytes) -> list[int]:
    """Where each gzip member of a file ends."""
    import zlib

    ends, rest = [], content
    while rest:
        member = zlib.decompressobj(31)
        member.decompress(rest)
        rest = member.unused_data
        ends.append(len(content) - len(rest))
    return ends


def test_other_programs_read_the_tables(tmp_path: Path) -> None:
    stem = simple(tmp_path)
    with gzip.open(physio(stem)) as lines:
        assert [next(lines), next(lines)] == [b"100000\t50000\n", b"100001\t50000.5\n"]
    side = json.loads(physio(stem).with_name(physio(stem).name[:-7] + ".json").read_text())
    assert side["Columns"] == ["infrared", "red"] and side["infrared"]["Units"] == "counts"


def test_a_full_disk_ends_it_in_a_sentence_and_what_was_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path, NAME)
    keep(recorder, light(0.0, np.arange(500.0)))
    recorder.write(5.0)
    keep(recorder, light(5.0, np.random.default_rng(1).integers(0, 200_000, 50_000).astype(float)))
    write, left = os.write, [300]

    def filling(descriptor: int, content: Any) -> int:
        """The disk takes a little, and then nothing."""
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = write(descriptor, bytes(content)[: left[0]])
        left[0] -= taken
        return taken

    with monkeypatch.context() as full:
        full.setattr(os, "write", filling)
        with pytest.raises(StorageError, match=r"cannot go on \(No space left on device\)\. Free some space.*stays readable"):
            recorder.write(10.0)
    recorder.close()
    read = load_recording(tmp_path)
    pulse = read.first("ppg")
    assert pulse is not None and len(pulse.values) == 500 and read.warnings == ()
    assert not [file for file in recorder.stem.parent.iterdir() if file.name.startswith(".")]


def test_a_place_that_cannot_be_written_is_told_before_anything_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot begin \(.+\)"):
        Recorder(tmp_path / "file" / "below", NAME)


# ---------------------------------------------------------------------------------------------------------------------- names


def test_nothing_is_written_over(tmp_path: Path) -> None:
    stem = simple(tmp_path)
    before = {file: file.read_bytes() for file in stem.parent.iterdir()}
    with pytest.raises(StorageError, match="is there already, and nothing is written over"):
        Recorder(tmp_path, NAME)
    assert {file: file.read_bytes() for file in stem.parent.iterdir()} == before
    Recorder(tmp_path, "sub-01_task-restless")


def test_the_next_free_number_is_found(tmp_path: Path) -> None:
    assert free_name(tmp_path, NAME) == f"{NAME}_run-01"
    for number in (1, 2):
        Recorder(tmp_path, free_name(tmp_path, NAME))
        assert free_name(tmp_path, NAME) == f"{NAME}_run-{number + 1:02d}"


@pytest.mark.parametrize(
    "name", ["me", "sub-", "sub-1/../x", "sub-01_task", "sub-01_acq-left", "sub-01_recording-ppg", "sub-01 x", ""]
)
def test_a_name_must_be_one_that_bids_knows(name: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="must look like sub-02_task-rest"):
        Recorder(tmp_path, name)
    assert list(tmp_path.iterdir()) == []
