"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings, or a skip that says why."""
    folder = Path(os.environ.get("UNDERTONE_DATA", PROJECT.parent / "shared" / "data"))
    if not (folder / "stress_predict").is_dir():
        pytest.skip(f"no recordings in {folder}; set UNDERTONE_DATA to the folder that holds them")
    return folder
