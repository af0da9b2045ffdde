"""Kill the engine again and again, finish each run, and count what was lost: nothing may be.

    python tests/benchmarks/kill_campaign.py --kills 30
    python tests/benchmarks/kill_campaign.py --kills 1000 --record kills.jsonl --minutes 9    # again, until it is done

Each trial starts `zerobias run` in a process of its own on a recipe of a few seconds, waits for one of the run's own
events, drawn evenly over the phases (start, settling, ramping, sweeping, closing), lets up to 30 ms pass and sends
SIGKILL. Then every point that had been acknowledged on stdout must be in the file, the file must be sound, `zerobias
resume` must complete it with no plan index missing or measured twice, and the exponent must be that of an undisturbed
run: within twice their combined error, since what is measured after a kill has noise of its own.

The process that is killed is forked from this one, whose modules are in memory already: that saves most of what a kill
costs, and nothing of a run happens before them. POSIX only.
"""

import argparse
import contextlib
import io
import json
import math
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from acquisition.cli import main as zerobias

RECIPE = """
[run]
name = "kill"
sample = "cu1"
[[series]]
temperatures_K = [1.4, 0.9, 0.55, 0.35]
[[series]]
temperatures_K = [0.35]
fields_T = [0.02]
[bias]
maximum_V = 0.5e-3
points = 21
dense_V = 0.1e-3
[anchors]
every_points = 20
[settling]
dwell_below_1K_s = 20
dwell_above_1K_s = 20
temperature_drift_fraction_per_10min = 0.1
anchor_gap_s = 10
"""

PHASES = ("start", "settling", "ramping", "sweeping", "closing")
LONGEST_DELAY_S = 0.03
LARGEST_DEVIATION = 2.0


@dataclass
class Trial:
    """What became of one kill."""

    phase: str
    acknowledged: int = 0
    lost: int = 0
    missing: int = 0
    twice: int = 0
    is_sound: bool = True
    exit_status: int = 0
    alpha: float | None = None
    alpha_error: float = math.nan
    faults: list[str] = field(default_factory=list)


def phases_of(events: list[dict[str, Any]]) -> list[str]:
    """Return the phase that a run is in from each of its events on."""
    found, phase = [], "start"
    for event in events:
        if event["event"] in ("settling", "ramping", "closing"):
            phase = event["event"]
        elif event["event"] in ("exciting", "sweeping", "point"):
            phase = "sweeping"
        found.append(phase)
    return found


def call(words: list[str]) -> tuple[int, str, str]:
    """Run a command that is not to be killed; return exit status, stdout and stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        status = zerobias(words)
    return status, stdout.getvalue(), stderr.getvalue()


def run_words(recipe: Path, out: Path) -> list[str]:
    """Return the command that measures the recipe."""
    return ["run", str(recipe), "--simulate", "cu1", "--out", str(out), "--events", "--json"]


def run_events(recipe: Path, out: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure undisturbed; return the run's events and what it says at its end."""
    lines = [json.loads(line) for line in call(run_words(recipe, out))[1].splitlines()]
    return lines[:-1], lines[-1]


def start_process(words: list[str]) -> tuple[int, int]:
    """Start a command in a process of its own; return its number and the end of a pipe that has its stdout."""
    source, sink = os.pipe()
    pid = os.fork()
    if pid:
        os.close(sink)
        return pid, source
    os.close(source)
    os.dup2(sink, 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end of the process
    status = 1
    try:
        status = zerobias(words)
    finally:
        os._exit(status)


def kill_run(recipe: Path, out: Path, place: int, delay_s: float) -> list[dict[str, Any]]:
    """Start a run, kill it some time after its event number `place`, and return the events that were seen."""
    pid, source = start_process(run_words(recipe, out))
    events = []
    with os.fdopen(source, encoding="utf-8") as stdout:
        for number, line in enumerate(stdout):
            if line.endswith("\n"):
                events.append(json.loads(line))
            if number == place:
                time.sleep(delay_s)
                os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return events


def plan_indices(run_file: Path) -> set[int]:
    """Return the plan indices in a file, by SQLite alone."""
    with sqlite3.connect(run_file) as connection:
        return {index for (index,) in connection.execute("SELECT plan_index FROM point")}


def try_once(recipe: Path, out: Path, phase: str, place: int, delay_s: float, points: int) -> Trial:
    """Kill one run, finish it, and say what was lost."""
    trial = Trial(phase)
    events = kill_run(recipe, out, place, delay_s)
    run_file = Path(next(event["run"] for event in events if event.get("event") == "started"))
    acknowledged = {event["plan_index"] for event in events if event.get("event") == "point"}
    trial.acknowledged = len(acknowledged)
    try:
        before = plan_indices(run_file)
        with sqlite3.connect(run_file) as connection:
            trial.is_sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.Error as error:
        trial.is_sound, before = False, set()
        trial.faults.append(f"unreadable: {error}")
    trial.lost = len(acknowledged - before)
    trial.exit_status, stdout, stderr = call(["resume", str(run_file), "--events", "--json"])
    lines = [json.loads(line) for line in stdout.splitlines()]
    if not lines:
        trial.faults.append(stderr.strip())
        return trial
    again = [line["plan_index"] for line in lines if line.get("event") == "point"]
    trial.twice = len(again) - len(set(again)) + len(before & set(again))
    trial.missing = len(set(range(points)) - plan_indices(run_file))
    trial.alpha, trial.alpha_error = lines[-1]["alpha"]["value"], lines[-1]["alpha"]["error"] or math.nan
    if lines[-1]["state"] != "complete":
        trial.faults.append(f"{lines[-1]['state']}: {stderr.strip().splitlines()[-1]}")
    return trial


@dataclass
class Campaign:
    """All trials, and the undisturbed run that they are measured against."""

    points: int
    alpha: float
    alpha_error: float
    trials: list[Trial]

    def failures(self) -> list[str]:
        """Return what must not be, one line each."""
        found = []
        for number, trial in enumerate(self.trials):
            where = f"kill {number} in {trial.phase}: "
            found += [f"{where}{trial.lost} acknowledged points lost"] if trial.lost else []
            found += [f"{where}file not sound"] if not trial.is_sound else []
            found += [f"{where}{trial.missing} missing, {trial.twice} twice"] if trial.missing or trial.twice else []
            found += [f"{where}resume ended with {trial.exit_status}"] if trial.exit_status else []
            found += [where + fault for fault in trial.faults]
            if not self.deviation(trial) <= LARGEST_DEVIATION:
                found.append(f"{where}alpha {trial.alpha}, undisturbed {self.alpha:.4f} +- {self.alpha_error:.4f}")
        return found

    def deviation(self, trial: Trial) -> float:
        """Return the difference to the undisturbed exponent, in combined errors; NaN where there is no exponent."""
        if trial.alpha is None:
            return math.nan
        return abs(trial.alpha - self.alpha) / math.hypot(trial.alpha_error, self.alpha_error)

    def lines(self) -> list[str]:
        """Return the figures."""
        by_phase = Counter(trial.phase for trial in self.trials)
        alphas = [trial.alpha for trial in self.trials if trial.alpha is not None]
        spread = math.sqrt(sum((alpha - self.alpha) ** 2 for alpha in alphas) / len(alphas)) if alphas else math.nan
        return [
            f"kills: {len(self.trials)} ({', '.join(f'{phase} {by_phase[phase]}' for phase in PHASES)})",
            f"acknowledged points: {sum(trial.acknowledged for trial in self.trials)}, "
            f"lost: {sum(trial.lost for trial in self.trials)}",
            f"unreadable files: {sum(not trial.is_sound for trial in self.trials)}",
            f"resumed to completion: {sum(not trial.exit_status for trial in self.trials)}; plan indices missing: "
            f"{sum(trial.missing for trial in self.trials)}, twice: {sum(trial.twice for trial in self.trials)}",
            f"alpha undisturbed: {self.alpha:.4f} +- {self.alpha_error:.4f}; rms difference: {spread:.4f}, largest "
            f"{max(map(self.deviation, self.trials)):.2f} combined errors",
        ]


@dataclass
class Setting:
    """What all trials share: where they are, the recipe, and the undisturbed run."""

    folder: Path
    seed: int

    def __post_init__(self) -> None:
        self.recipe = self.folder / "kill.toml"
        self.recipe.write_text(RECIPE)
        events, self.end = run_events(self.recipe, self.folder / "undisturbed")
        self.phases = phases_of(events)

    def trial(self, number: int) -> Trial:
        """Carry out one trial; the same number and seed draw the same event and delay."""
        chance = random.Random(f"{self.seed}/{number}")
        phase = PHASES[number % len(PHASES)]
        place = chance.choice([place for place, found in enumerate(self.phases) if found == phase])
        out = self.folder / f"kill{number}"
        trial = try_once(self.recipe, out, phase, place, chance.uniform(0.0, LONGEST_DELAY_S), self.end["points"])
        shutil.rmtree(out)
        return trial

    def campaign(self, trials: list[Trial]) -> Campaign:
        """Return the trials beside the undisturbed run."""
        return Campaign(self.end["points"], self.end["alpha"]["value"], self.end["alpha"]["error"], trials)


def recorded(record: Path | None) -> list[Trial]:
    """Return the trials of an earlier call."""
    if record is None or not record.exists():
        return []
    return [Trial(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    """Run the campaign, print its figures, and fail if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, help="file of the trials so far; the campaign goes on from there")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this time; call again to go on")
    options = parser.parse_args()
    end_s = time.monotonic() + 60.0 * options.minutes
    trials = recorded(options.record)
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(Path(folder), options.seed)
        for number in range(len(trials), options.kills):
            if time.monotonic() > end_s:
                break
            trials.append(setting.trial(number))
            if options.record:
                with options.record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(trials[-1])) + "\n")
        result = setting.campaign(trials)
    print("\n".join([*result.lines(), *result.failures()]))
    return 1 if result.failures() else 0


if __name__ == "__main__":
    sys.exit(main())
