"""No file of ours can do anything but be read, and nothing listens unless it is asked to."""

import ast
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("acquisition", "analysis", "instruments", "simulators")
DANGEROUS_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "shelve",
    "marshal",
    "joblib",
    "cloudpickle",
    "yaml",
    "ctypes",
}
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "execve", "spawnv", "startfile"}
FIXTURE = ROOT / "tests" / "acquisition" / "data" / "run_v1_interrupted.zerobias.sqlite"

WATCHED = """
import json, sys
seen = []
def hook(event, _):
    if event in SUSPECT:
        seen.append(event)
SUSPECT = {"socket.bind", "socket.listen", "socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.fork",
           "os.posix_spawn", "pickle.find_class", "ctypes.dlopen"}
from acquisition.cli import main
import acquisition.engine, acquisition.terminal.run_view, acquisition.station, acquisition.measured, analysis.collapse
sys.addaudithook(hook)
status = main(sys.argv[1:])
sys.stderr.write("seen " + json.dumps(seen) + "\\n")
sys.exit(status)
"""

EVIL = "$(touch pwned); `touch pwned`; __import__('os').system('touch pwned')"

RECIPE = f"""
[run]
name = "evil"
sample = "{EVIL}"
note = "{EVIL}"
[[series]]
temperatures_K = [4.2]
[bias]
maximum_V = 0.5e-3
points = 5
[settling]
dwell_above_1K_s = 30
temperature_drift_fraction_per_10min = 0.05
anchor_gap_s = 10
"""


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_can_execute_what_it_reads(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            assert not {name.partition(".")[0] for name in names} & DANGEROUS_MODULES
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            is_pattern = name == "compile" and isinstance(node.func, ast.Attribute)  # re.compile
            assert is_pattern or name not in DANGEROUS_CALLS
            assert not any(word.arg in ("shell", "allow_pickle") for word in node.keywords)


def watched(folder: Path, *words: str) -> tuple[int, list[str]]:
    """Run a command with an ear on what the interpreter does; return its exit status and what it did."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *words], cwd=folder, capture_output=True, text=True, timeout=100
    )
    (seen,) = [line for line in done.stderr.splitlines() if line.startswith("seen ")]
    return done.returncode, json.loads(seen.removeprefix("seen "))


def test_recipe_and_run_file_full_of_commands_execute_none_and_open_no_socket(tmp_path: Path) -> None:
    recipe = tmp_path / "evil.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    assert watched(tmp_path, "run", str(recipe), "--simulate", "cu1", "--out", str(tmp_path), "--yes") == (0, [])
    (run_file,) = tmp_path.glob("*.zerobias.sqlite")
    assert watched(tmp_path, "status", str(run_file)) == (0, [])
    assert watched(tmp_path, "export", str(run_file), "--to", "csv")[1] == []
    assert not list(tmp_path.rglob("pwned"))


def test_run_file_that_names_another_station_or_code_executes_none(tmp_path: Path) -> None:
    run_file = Path(shutil.copy(FIXTURE, tmp_path / "run.zerobias.sqlite"))
    with sqlite3.connect(run_file) as connection:
        connection.execute("UPDATE run SET value = ? WHERE key = 'simulated'", (json.dumps(EVIL),))
        connection.execute("UPDATE run SET value = ? WHERE key = 'name'", (json.dumps(EVIL),))
        connection.execute("UPDATE event SET message = ?", (EVIL,))
    status, seen = watched(tmp_path, "resume", str(run_file))
    assert (status, seen) == (2, [])
    assert not list(tmp_path.rglob("pwned"))
