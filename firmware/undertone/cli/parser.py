"""The command line: what can be asked for, and help that teaches."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from undertone.cli import listen_report, music_choice
from undertone.flow import Goal

__all__ = ["build"]

Run = Callable[[argparse.Namespace], int]

ABOUT = """\
Undertone listens to the body and plays music that meets the listener where they are and leads them where they
asked to go. Everything happens on this machine; nothing is ever sent anywhere.
"""

FIRST_STEPS = """\
first steps:
  undertone try                          hear it now, with a simulated listener who comes in tense
  undertone replay RECORDING             the same with a real person's recording in place of the listener
  undertone doctor                       is everything here that the real device needs?
  undertone config > undertone.yaml      every option, explained; edit it, then
  undertone run --config undertone.yaml  the device itself, on a Raspberry Pi with sensors
  undertone record recordings            keep what the sensors tell of you; only if you ask for it, and only here
  undertone view recordings              draw it

`undertone COMMAND --help` tells the rest.
"""


DEVICE = "which pod or side, where there are several: pod3, left (default: the first)"
LISTENERS = ("tense", "calm", "restless")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of descriptions and leaves room for long options."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=110)

    def add_argument(self, action: argparse.Action) -> None:
        """See the superclass, which forgets that commands are indented once more: the longest would need a line of its own."""
        super().add_argument(action)
        if isinstance(action.choices, dict):
            self._action_max_length += self._indent_increment


def build(commands: dict[str, Run]) -> argparse.ArgumentParser:
    """The parser; `commands` says what each command does."""
    parser = argparse.ArgumentParser(prog="undertone", description=ABOUT, epilog=FIRST_STEPS, formatter_class=_Help)
    parser.add_argument("--verbose", action="store_true", help="say more while working")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (summary, description, fill) in _COMMANDS.items():
        sub = subparsers.add_parser(name, help=summary, description=description, formatter_class=_Help)
        fill(sub)
        sub.set_defaults(do=commands[name])
    return parser


def _try(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replay", metavar="RECORDING", type=Path, help="hear a recorded person, not a simulated one")
    _session(parser, minutes=None, minutes_help="length; default 12 on a sound device, 2 into a file")


def _simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listener", choices=LISTENERS, default="tense", help="who comes in (default: %(default)s)")
    parser.add_argument("--silent", action="store_true", help="compose, but make no sound: much faster")
    _session(parser, minutes=20.0)


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, help="folder of one recording in BIDS form, or the stem of its files")
    parser.add_argument("--silent", action="store_true", help="compose, but make no sound: much faster")
    _session(parser, minutes=None, minutes_help="stop after this many minutes (default: the whole recording)")


def _session(parser: argparse.ArgumentParser, *, minutes: float | None, minutes_help: str = "length (default: 20)") -> None:
    parser.add_argument("--goal", choices=[goal.value for goal in Goal], default="calm", help="where to (default: %(default)s)")
    parser.add_argument("--minutes", type=_minutes, default=minutes, help=minutes_help)
    parser.add_argument("--seed", type=int, help="the same seed and listener give the same music (default: 1)", default=1)
    parser.add_argument("--style", help="how it is played (default: as configured, else piano)")
    parser.add_argument("--wav", metavar="FILE", type=Path, help="write the sound here instead of playing it")
    parser.add_argument("--report", metavar="DIR", type=Path, help="write a page with pictures of what happened here")
    parser.add_argument("--config", metavar="FILE", type=Path, help="a configuration as `undertone config` prints it")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="a configuration as `undertone config` prints it")


def _render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="WAV file to write")
    parser.add_argument("--goal", choices=[goal.value for goal in Goal], default="calm", help="whose programme (default: calm)")
    parser.add_argument("--valence", type=_unit, help="hold it here instead: unpleasant −1 … 1 pleasant")
    parser.add_argument("--arousal", type=_unit, help="hold it here instead: calm −1 … 1 lively")
    parser.add_argument("--minutes", type=_minutes, help="length (default: the goal's own, 20 to 45; 2 where it is held)")
    music_choice.arguments(parser)
    parser.add_argument("--midi", metavar="FILE", type=Path, help="write the score here as well, a track for each layer")


def _listen_report(parser: argparse.ArgumentParser) -> None:
    listen_report.arguments(parser, minutes=_minutes, unit=_unit)


def _analyse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, help="folder of one recording in BIDS form, or the stem of its files")
    parser.add_argument("--json", action="store_true", help="everything, for programs; null means not known")
    parser.add_argument("--device", metavar="NAME", help=DEVICE)
    parser.add_argument(
        "--usual-from",
        metavar="RECORDING",
        type=Path,
        action="append",
        help="learn what is usual from this one of the same person first; of several, name the oldest first",
    )
    parser.add_argument("--model", metavar="FILE", type=Path, help="another affect model than the shipped one")


def _view(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, help="folder of one recording in BIDS form, or the stem of its files")
    parser.add_argument("--out", metavar="FILE", type=Path, help=".png, .svg or .pdf (default: here, named like the recording)")
    parser.add_argument("--from", dest="start", metavar="MINUTES", type=float, help="begin here (default: at the beginning)")
    parser.add_argument("--to", dest="end", metavar="MINUTES", type=float, help="end here (default: at the end)")
    parser.add_argument(
        "--close", metavar="SECONDS", type=_close, default=15.0, help="of the wave, closely; 0 for none (default: %(default)g)"
    )
    parser.add_argument("--device", metavar="NAME", help=DEVICE)


def _record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of recordings; made if need be")
    parser.add_argument("--name", help="sub-WHO_task-WHAT (default: sub-01_task-undertone with the next free number)")
    parser.add_argument("--minutes", type=_minutes, help="end after so many minutes (default: at Ctrl-C)")
    parser.add_argument("--listener", choices=LISTENERS, help="record a simulated listener, to try it (default: the sensors)")
    parser.add_argument("--seed", type=int, default=1, help="which simulated listener of that kind (default: %(default)s)")
    parser.add_argument("--config", metavar="FILE", type=Path, help="tells how the sensors are built")


def _calibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("skin", "level"), help="the skin conductance sensor, or how loud the device is")
    parser.add_argument("--config", metavar="FILE", type=Path, help="tells how it is built; what is found is written into it")
    parser.add_argument("--yes", action="store_true", help="write into the configuration without asking")
    parser.add_argument("--rehearse", action="store_true", help="see how it goes without hardware; nothing is written")
    parser.add_argument("--grove", action="store_true", help="skin: the front end is a Grove GSR board, with nothing on it")
    parser.add_argument("--pod", metavar="N", type=int, default=0, choices=range(8), help="skin: which pod (default: 0)")
    parser.add_argument("--meter", choices=("app", "meter"), default="app", help="level: read with what (default: %(default)s)")
    parser.add_argument(
        "--reading", metavar="DBA", type=float, nargs=2, help="level: what was read with noise at -30 and -40 dB; plays nothing"
    )


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="the configuration to examine")


def _status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument("--config", metavar="FILE", type=Path, help="tells where the device listens")


def _usual(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything, for programs; null means not known")
    parser.add_argument("--forget", action="store_true", help="erase it; a running device forgets it too")
    parser.add_argument("--config", metavar="FILE", type=Path, help="tells whether and where it is remembered")


def _tell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("start", "stop", "not-good", "goal", "volume", "feel"), help="what you want")
    parser.add_argument("value", nargs="?", help="a goal, a volume in dB (≤ 0), or how tense you feel: −1 calm … 1 tense")
    parser.add_argument("--config", metavar="FILE", type=Path, help="tells where the device listens")


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", metavar="FILE", type=Path, help="examine a configuration instead of printing one")


_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "try": (
        "hear it now, without any hardware",
        "A simulated listener comes in tense. Their pulse and skin reach the real drivers through emulated chips;\n"
        "the music meets them and leads them to calm. It plays on the sound device, or, where there is none, is\n"
        "written to a file with a page of pictures. The simulated listener follows the music by construction:\n"
        "this shows how the device works, not that it helps.",
        _try,
    ),
    "run": ("the device itself, on real sensors", "Runs until it is stopped. Meant to be started by systemd.", _run),
    "simulate": ("an evening with a simulated listener", "In virtual time, unless it plays on a sound device.", _simulate),
    "replay": (
        "an evening with a recorded person",
        "The recording is played through emulated chips into the real drivers, the signals, the model, the\n"
        "guidance, the composer and the sound. A recorded person cannot hear the music.",
        _replay,
    ),
    "render": (
        "music alone, into a file",
        "The programme of a goal as it goes where nothing is sensed, or, with --valence or --arousal, music that stays\n"
        "where it is: composed, or pieces by people, or your own recordings, MIDI files and scores. Writes a WAV file, and\n"
        "the score if you like. Both say what they are and where they come from; the same command writes the same bytes.",
        _render,
    ),
    "listen-report": ("a piece as a page, for those who cannot hear it", listen_report.ABOUT, _listen_report),
    "record": (
        "keep what the sensors tell of somebody",
        "Writes the pulse wave and the skin conductance, and the beats, the skin's responses and the faults found in\n"
        "them, as a recording in BIDS form. It only listens: no music. A power cut loses at most the last 5 seconds.\n"
        "What is recorded is recorded only because you asked for it, and it stays on this machine. To delete a\n"
        "recording, delete its files; the command says where they are.",
        _record,
    ),
    "analyse": (
        "what the signals of a recording say",
        "Beats, heart rate and its variability, breathing, skin conductance and its responses, quality and arousal of a\n"
        "recording, as the device would have heard it, without music.\n\n"
        "A recording is a folder in BIDS form, or the beginning that its file names share. It may hold any of these alone:\n"
        "…_recording-ppg_physio.tsv.gz (pulse wave; 25 to 250 Hz, or more), …_recording-eda_physio.tsv.gz (skin conductance;\n"
        "1 to 64 Hz, or more), each with a .json beside it (SamplingFrequency, StartTime, Columns, Units); …_beats.tsv\n"
        "(onset, ibi), where there is no pulse wave; …_recording-hr_physio.tsv.gz, where there are not even beats. A missing\n"
        "sample is n/a.\n\n"
        "--json prints one object: `beats` (t, interval, flag) and `responses` (t, amplitude, rise, recovery) as lists;\n"
        "heart_bpm, heart_error_bpm, rmssd_ms, sdnn_ms, lf_hf, coherence, breathing_per_min, breathing_error_per_min and\n"
        "conductance_microsiemens as pairs of time and value, once a second; `quality` (pulse, skin: 0 to 1); `affect`\n"
        "(time, arousal, confidence). Times and intervals are in seconds; errors are standard errors.\n\n"
        "The time of a value is the end of the second that it is about, on the recording's own clock; it is what the device\n"
        "would have known then. There is a row for every second from the first sample to the last, also where nothing was\n"
        "measured. Arousal goes from -1 to 1, and 0 is what is usual of this person: of the first minutes of good signals,\n"
        "or of the recordings that --usual-from names; of a recording of a minute or two hardly anything can be told\n"
        "without it. Arousal is null where nothing is known (confidence 0). Without good signals it goes back to 0, and\n"
        "confidence goes first.",
        _analyse,
    ),
    "view": (
        "a recording as a picture",
        "Listens to the recording as the device would have, and draws it: the pulse wave with its beats, heart rate and\n"
        "breathing each within its error, skin conductance with its level and responses, quality, arousal relative to\n"
        "this person's usual, events, and gaps. What was not known is not drawn.",
        _view,
    ),
    "calibrate": (
        "measure how the skin sensor is really built, or how loud the device is",
        "calibrate level plays noise, very softly at first, and asks what a sound level meter or an app on a phone reads at\n"
        "the pillow, at two levels. From then on the ceilings in dB(A) are true ones.\n\n"
        "calibrate skin takes 100 kΩ and 1 MΩ in place of the skin, one after the other, and works out from them what the\n"
        "resistors of the front end really are; 47 kΩ then tells whether that holds. Each is recognised as soon as it is\n"
        "connected. The values are for all pods, as their front ends are built alike.\n\n"
        "With --config what was found is written into the configuration, whose comments stay as they are.",
        _calibrate,
    ),
    "status": ("how is the running device?", "Asks the running device over its control socket.", _status),
    "tell": (
        "tell the running device something",
        "undertone tell goal sleep · undertone tell feel 0.6 · undertone tell stop",
        _tell,
    ),
    "usual": (
        "what is remembered of you, and how to have it forgotten",
        "What is usual for you, and how your own reports changed what is told: medians and spreads, never a signal. It is\n"
        "kept from night to night only if `remember` under `listener` in the configuration says so.\n\n"
        "--json prints one object: `remember`, `file`, and for each of `pods` `seconds` of good signals, `usual` (heart_bpm,\n"
        "rmssd_ms, breathing_per_min, tonic_microsiemens, responses_per_min), `reports`, `offset` and `gain` (arousal is told\n"
        "as tanh(offset + gain * atanh(measured))), and `reports_fit`: how probably they follow what is measured, 0 to 1.",
        _usual,
    ),
    "doctor": (
        "what is missing, and what to do about it",
        "Looks at everything that the device needs: the configuration, the bus and each chip on it, the sound device,\n"
        "the instruments, the affect model, the disk, and what pictures need. Says of each what to do about it.",
        _doctor,
    ),
    "config": ("every option, explained", "Prints a configuration file with the defaults and what they mean.", _config),
}


def _minutes(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 24 * 60:
        raise argparse.ArgumentTypeError(f"{text} minutes; choose more than 0 and at most 1440")
    return value


def _close(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 120.0:
        raise argparse.ArgumentTypeError(f"{text} seconds; choose 0 to 120")
    return value


def _unit(text: str) -> float:
    value = float(text)
    if not -1.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is outside −1 … 1")
    return value
