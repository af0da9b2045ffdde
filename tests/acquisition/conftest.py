"""A bench for small runs on the simulated rack."""

from pathlib import Path

import pytest
from small_runs import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
