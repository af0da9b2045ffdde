"""SIGKILL in every phase of a real process: nothing acknowledged is lost, and each run is finished."""

import contextlib
import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest

from acquisition.cli import main

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kill_campaign.py"


def load_campaign() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kill_campaign", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def call_here(words: list[str]) -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        status = main(words)
    return status, stdout.getvalue(), stderr.getvalue()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_runs_lose_nothing_and_are_finished(tmp_path: Path) -> None:
    result = load_campaign().campaign(6, 1, tmp_path, call_here)
    assert len(result.trials) == 6
    assert result.failures() == []
