"""Where the time of a point, of the live exponent and of the live view's drawing goes: the ten largest costs of each.

    python tests/benchmarks/speed/profiles.py

Prints one JSON object. Times are of the profiler, which makes calls dearer than they are; read them as shares.
"""

import cProfile
import json
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import our_points
import our_simulated
from live_update import DRIFT_S_PER_SQRT_S, NOISE_S, isotherms, step_costs_ms

sys.path.insert(0, str(Path(__file__).parents[1]))

from window_redraw import make_fit, make_isotherms, measure_ours

from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.plan import make_plan
from acquisition.recipe import load_recipe
from acquisition.station_file import simulated_station
from analysis.curves import Window
from analysis.live import LiveCollapse

ROOT = Path(__file__).parents[3]
LINES = 10
PACKAGES = {
    "acquisition",
    "instruments",
    "simulators",
    "analysis",
    "pyvisa",
    "pymeasure",
    "numpy",
    "scipy",
    "pyqtgraph",
}


def top(action: Callable[[], object]) -> list[tuple[str, float, float]]:
    """Return function, calls and share of the processor time of the ten largest costs of their own."""
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    action()
    profile.disable()
    found = pstats.Stats(profile)
    entries = sorted(found.stats.items(), key=lambda entry: -entry[1][2])[:LINES]  # type: ignore[attr-defined]
    total_s = sum(entry[2] for entry in found.stats.values())  # type: ignore[attr-defined]
    return [(_name(*where), calls, own_s / total_s) for where, (calls, _, own_s, _, _) in entries]


def _name(path: str, _: int, function: str) -> str:
    """Return a function as package and name, whatever folder it is installed in."""
    if path == "~":
        return function.strip("<>").partition(" at 0x")[0]
    parts = Path(path).with_suffix("").parts
    place = next((at for at, part in enumerate(parts) if part in PACKAGES), len(parts) - 1)
    return f"{'.'.join(parts[place:])}.{function}"


def follow() -> None:
    """Take the points of a run one by one, as the window does, and solve for the exponent after each."""
    run = isotherms(20, 401, np.random.default_rng(1))
    live = LiveCollapse(
        0.8e-3,
        [isotherm.temperature_K for isotherm in run],
        Window(1.6, 1e-3),
        noise_S=NOISE_S,
        drift_S_per_sqrt_s=DRIFT_S_PER_SQRT_S,
    )
    for index, isotherm in enumerate(run):
        assert isotherm.time_s is not None
        live.add(index, isotherm.bias_V, isotherm.conductance_S, isotherm.time_s)
    step_costs_ms(live, run, 401)


def draw() -> None:
    """Let a run of 20 isotherms grow batch by batch in the window's raw curves, collapse and exponent, and draw it."""
    application = make_application()
    style.apply(application, style.LIGHT)
    rng = np.random.default_rng(1)
    measure_ours(make_isotherms(20, 401, rng), make_fit(rng), application)


def main() -> None:
    """Profile the loop alone, the simulated rack, and the live view's fit and drawing."""
    quick = make_plan(load_recipe(ROOT / "examples" / "quick.toml"), simulated_station())
    with tempfile.TemporaryDirectory() as folder:
        answer = {
            "the loop on instruments in memory": top(lambda: our_points.run(our_points.plan_of(5000), Path(folder))),
            "the whole simulated rack": top(lambda: our_simulated.run(quick, Path(folder))),
            "the live exponent": top(follow),
            "drawing what the live view shows": top(draw),
        }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
