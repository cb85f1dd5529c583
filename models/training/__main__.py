"""`./models/train`: recordings in, the shipped model, its golden vectors and its model card out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from models.training.card import card
from models.training.evaluation import left_out
from models.training.people import met, recordings_folder
from models.training.results import results
from models.training.shipped import FOLDER, GOLDEN, built, written
from models.training.windows import windows
from undertone.affect import SHIPPED
from undertone.errors import UndertoneError


def main() -> int:
    """Run the whole pipeline; 0 when all went well."""
    parser = argparse.ArgumentParser(prog="models/train", description=__doc__)
    parser.add_argument("--only-evaluate", action="store_true", help="print the scores, write nothing")
    arguments = parser.parse_args()
    try:
        _run(write=not arguments.only_evaluate)
    except UndertoneError as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


def _run(*, write: bool) -> None:
    people = met(recordings_folder(), _progress("listening to recordings"))
    progress = _progress("vectors")
    seen = []
    for person in people:
        seen.append(windows(person))
        progress(len(seen), len(people))
    left = left_out(people, seen, _progress("leaving each person out"))
    found = results(people, left)
    _table(found)
    if not write:
        return
    shipment, again = built(seen, left), built(seen, left)
    if shipment.content != again.content:
        print("NOTE: trained twice, the two files differ; the outputs below are of the first.")
    same = written(shipment)
    found["file"] = {"bytes": len(shipment.content), "weights": shipment.network.size, "sha256": shipment.card["sha256"]}
    found["twice_the_same"] = shipment.content == again.content
    (FOLDER / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    (FOLDER / "README.md").write_text(card(found))
    short = shipment.card["sha256"][:16]
    print(f"\n{SHIPPED}: {len(shipment.content)} bytes, {shipment.network.size} weights, SHA-256 {short}…")
    print(f"Trained twice in this run: {'the same file' if found['twice_the_same'] else 'DIFFERENT files'}.")
    print(f"Against the file that was there: {'the same, byte for byte' if same else 'another file'}.")
    print(f"Also written: {SHIPPED.with_suffix('.json')}, {GOLDEN}, results.json, README.md (the model card)")


def _table(found: dict[str, Any]) -> None:
    print(f"\n{'':26}{'AUC':>6}  {'95 % by person':<16}{'bal. accuracy':>13}")
    for name, score in found["methods"].items():
        area, accuracy = score["auc"], score["balanced_accuracy"]
        print(f"{name:26}{area['mean']:6.3f}  {area['low']:.3f} to {area['high']:.3f}{accuracy['mean']:13.3f}")
    print(f"calibration error {found['calibration']['expected_calibration_error']:.3f}, abstained {found['abstained']:.1%}")
    for row in found["coverage"]:
        by_person, pooled = row["auc"], row["pooled_auc"]
        print(f"keeping {row['share']:4.0%}: AUC {by_person['mean']:.3f} of {by_person['people']} people, pooled {pooled:.3f}")


def _progress(name: str) -> Callable[[int, int], None]:
    begun = time.monotonic()

    def told(done: int, of: int) -> None:
        live = sys.stderr.isatty()
        if live or done == of or done % max(1, of // 5) == 0:
            bar = "█" * (24 * done // of)
            line = f"{name:26} {bar:24} {done:3}/{of}  {time.monotonic() - begun:4.0f} s"
            print(f"\r{line}" if live else line, end="" if live and done < of else "\n", file=sys.stderr, flush=True)

    return told


if __name__ == "__main__":
    sys.exit(main())
