"""How sharp and how fast the exponent is, beside equation 24 and the package fssa, on the same simulated sets.

    python tests/benchmarks/speed/exponent_fit.py SETS PYTHON_OF_THE_PEERS

A set has 12 temperatures from 0.1 to 1.5 K, 401 voltages within 1 mV, the two-channel-Kondo curve with A = 0.29 and
B = 7.8 e2/h, noise of 0.05 e2/h a point and an offset of 0.3 e2/h an isotherm; alpha = 1/2. Times are medians of
processor time, because the machine may be busy; with OPENBLAS_NUM_THREADS=1 they are those of an idle one. Prints one
JSON object.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Window, make_curves
from analysis.kondo import scaling_function
from analysis.quantities import reduced_bias, siemens
from analysis.scaling.deviation import deviation_curve
from analysis.scaling.problem import make_problem
from analysis.scaling.refit import Refit

Floats = NDArray[np.float64]

TEMPERATURES_K = np.geomspace(0.1, 1.5, 12)
BIAS_V = np.linspace(-1e-3, 1e-3, 401)
WINDOW = Window(1.6, 1.1e-3)
TRUTH = 0.5
CRAMER_RAO = 0.00076
NOISE, OFFSET = 0.05, 0.3
PEER = Path(__file__).with_name("fssa_peer.py")
HEAD = (
    "| estimator | bias | spread | over Cramer-Rao | median CPU ms | sets | |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


def signal() -> Floats:
    """Return G in e2/h without noise, shape (12, 401)."""
    curves = [t**TRUTH * scaling_function(0.29 * reduced_bias(BIAS_V, t)) for t in TEMPERATURES_K]
    return 2829.0 + 7.8 * np.array(curves)


def measured(rng: np.random.Generator) -> Floats:
    """Return one set in e2/h, shape (12, 401)."""
    shape = (TEMPERATURES_K.size, BIAS_V.size)
    return signal() + OFFSET * rng.standard_normal((shape[0], 1)) + NOISE * rng.standard_normal(shape)


def timed(action: Callable[[], float]) -> tuple[float, float]:
    """Return what an action returns and its milliseconds."""
    start = time.process_time()
    value = action()
    return value, 1e3 * (time.process_time() - start)


def row(name: str, alphas: list[float], milliseconds: list[float], note: str = "") -> str:
    """Return a line of the table."""
    bias, spread = statistics.mean(alphas) - TRUTH, statistics.stdev(alphas)
    return (
        f"| {name} | {bias:+.5f} | {spread:.5f} | {spread / CRAMER_RAO:.2f} | {statistics.median(milliseconds):.3g} "
        f"| {len(alphas)} | {note} |"
    )


def ours(sets: list[Floats]) -> tuple[list[str], float, float]:
    """Return the lines of this program, its spread and its milliseconds a warm fit."""
    isotherms = make_curves(
        bias_V=np.tile(BIAS_V, TEMPERATURES_K.size),
        temperature_K=np.repeat(TEMPERATURES_K, BIAS_V.size),
        conductance_S=siemens(sets[0]).ravel(),
    ).isotherms(0.0)
    refit = Refit(make_problem(isotherms, WINDOW, Corrections(noise=float(siemens(NOISE)))), 0.0)
    warm, deviations, binned, covered = [], [], [], {0.9889: 0, 3.8415: 0}
    for values in sets:
        data = [siemens(one) for one in values]
        warm.append(timed(lambda data=data: refit.minima(data)[0].alpha))
        (profile,) = refit.profiles(data)
        minimum = profile.minimum()
        rise = profile.solve(TRUTH)[0] - minimum.chi2
        for limit in covered:
            covered[limit] += rise <= limit
        curves = make_curves(
            bias_V=np.tile(BIAS_V, TEMPERATURES_K.size),
            temperature_K=np.repeat(TEMPERATURES_K, BIAS_V.size),
            conductance_S=np.concatenate(data),
        )
        start = time.process_time()
        curve = deviation_curve(curves.isotherms(0.0))
        taken = 1e3 * (time.process_time() - start)
        deviations.append((curve.minimum, curve.minimum_dimensionless, taken, curve.is_at_edge))
        binned.append(curve.minimum_binned)
    whole = [timed(lambda values=values: _whole(values)) for values in sets[:20]]
    within = ", ".join(f"{100 * count / len(sets):.1f} %" for count in covered.values())
    alphas, times = ([pair[place] for pair in warm] for place in (0, 1))
    d_times = [entry[2] for entry in deviations]
    at_edge = sum(entry[3] for entry in deviations)
    lines = [
        row("profile likelihood, warm", alphas, times, f"68 % and 95 % intervals hold the truth in {within}"),
        row("fit_exponent, all errors", [pair[0] for pair in whole], [pair[1] for pair in whole], "with set-up"),
        row("D(alpha) over the signal", [entry[1] for entry in deviations], d_times, "0.1 to 0.27 K, v < 8"),
        row("D(alpha) as printed", [entry[0] for entry in deviations], d_times, f"{at_edge} at the edge of 0 to 2.5"),
        row("D(alpha) of binned curves", binned, d_times),
    ]
    sharpest_d = min(statistics.stdev(entry[1] for entry in deviations), statistics.stdev(binned))
    return lines, sharpest_d / statistics.stdev(alphas), statistics.median(times)


def _whole(values: Floats) -> float:
    curves = make_curves(
        bias_V=np.tile(BIAS_V, TEMPERATURES_K.size),
        temperature_K=np.repeat(TEMPERATURES_K, BIAS_V.size),
        conductance_S=siemens(values).ravel(),
    )
    return fit_exponent(curves, WINDOW).crossover.uncorrected_alpha


def peer(python: Path, sets: list[Floats]) -> tuple[str, float]:
    """Return fssa's line and its milliseconds; every fourth voltage, because it takes the square of their number."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "sets.npz"
        thinned = np.array(sets)[:, :, ::4]
        zero = BIAS_V.size // 8
        # fssa has no free offset: G(0, T) is subtracted, and its noise counts at every other point
        np.savez(
            data,
            temperatures_K=TEMPERATURES_K,
            reduced_per_kelvin=reduced_bias(BIAS_V[::4], 1.0),
            signals=thinned - thinned[:, :, zero : zero + 1],
            noise=NOISE * np.sqrt(2.0),
        )
        done = subprocess.run([str(python), str(PEER), str(data)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the peer failed: {done.stderr.strip().splitlines()[-1]}")
    answer = json.loads(done.stdout)
    note = f"version {answer['version']}, {answer['patched']}; minimum of its quality S by its own search"
    return row("fssa, 12 x 101 points", answer["alphas"], answer["milliseconds"], note), statistics.median(
        answer["milliseconds"]
    )


def answer(count: int, python: Path | None = None, peer_count: int = 3) -> dict[str, Any]:
    """Return the table and what is promised of it; fssa's part only where an interpreter is named that has it."""
    rng = np.random.default_rng(1)
    sets = [measured(rng) for _ in range(count)]
    lines, sharper, warm_ms = ours(sets)
    figures = {"points": BIAS_V.size * TEMPERATURES_K.size, "warm_ms": warm_ms, "sharper": sharper}
    if python is not None:
        line, peer_ms = peer(python, sets[:peer_count])
        lines.append(line)
        figures["peer_over_ours"] = peer_ms / warm_ms
    return figures | {"table": "\n".join([*HEAD, *lines, ""])}


def main() -> None:
    """Print one JSON object, the number of sets and the peers' interpreter from the command line."""
    found = answer(int(sys.argv[1]), Path(sys.argv[2]))
    found["resident_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
