"""Draws everything that is made from the plan: `python -m hardware.build`, or with `--check` says whether it is up to date."""

from __future__ import annotations

import argparse
from pathlib import Path

from hardware import pages
from hardware.diagram import wiring
from hardware.plan import HERE, Plan, load, problems

__all__ = ["built", "main"]

PAGE = HERE / "README.md"
DIAGRAM = HERE / "wiring.svg"
CONSTANTS = HERE.parent / "firmware" / "undertone" / "config" / "pins.py"


def built(plan: Plan) -> dict[Path, str]:
    """Every file that is made from the plan, with the text that it must have."""
    text = PAGE.read_text(encoding="utf-8")
    for name, section in (
        ("pins", pages.pin_table(plan)),
        ("parts", pages.parts_list(plan)),
        ("front end", pages.front_end_parts(plan)),
        ("front end values", pages.front_end_values(plan)),
    ):
        text = replaced(text, name, section)
    return {PAGE: text, DIAGRAM: wiring(plan), CONSTANTS: pages.constants(plan)}


def replaced(text: str, name: str, section: str) -> str:
    """The page with a new section between the two marks of that name.

    Raises ValueError when the page lacks the marks.
    """
    begin, end = f"<!-- {name}: written by python -m hardware.build -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"hardware/README.md needs the two marks {begin} and {end}")
    return f"{before}{begin}\n\n{section}\n\n{end}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Check the plan and write what is made from it. Returns 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m hardware.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not up to date")
    check = parser.parse_args(arguments).check
    plan = load()
    found = problems(plan)
    if not found:
        for path, text in built(plan).items():
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            if check:
                found.append(f"{path.relative_to(HERE.parent)} is not up to date: run python -m hardware.build")
            else:
                path.write_text(text, encoding="utf-8")
                print(f"wrote {path.relative_to(HERE.parent)}")
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
