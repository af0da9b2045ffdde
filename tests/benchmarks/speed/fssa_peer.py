"""The exponent by fssa 0.7, for `exponent_fit.py`: run by the peer's own interpreter, prints one JSON object.

fssa scales x = l^(1/nu) (rho - rho_c), y = l^(-zeta/nu) a. With l = 1/T, nu = 1 and rho_c = 0 its x is eV/kBT, and
zeta is -alpha. Only alpha is searched for, by its quality S. If the package does not import on this numpy and scipy,
the names it misses are put back at run time, and the answer says so.
"""

import json
import sys
import time
import types
import warnings
from importlib import import_module
from importlib.metadata import version

import numpy as np
from scipy import optimize


def imported() -> tuple[types.ModuleType, str]:
    """Return the package, and whether it had to be patched."""
    try:
        return import_module("fssa"), "unpatched"
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name.split(".")[0] == "fssa"]:
            del sys.modules[name]
    old = types.ModuleType("scipy.optimize.optimize")
    old.__dict__.update(
        OptimizeResult=optimize.OptimizeResult,
        _status_message={"success": "", "maxfev": "", "maxiter": ""},
        wrap_function=lambda function, args: ([0], lambda *own: function(*own, *args)),
    )
    sys.modules["scipy.optimize.optimize"] = old
    for name, value in {"asfarray": lambda a: np.asarray(a, dtype=float), "int": int}.items():
        setattr(np, name, value)
    return import_module("fssa"), "patched at run time: asfarray, scipy.optimize.optimize, np.int"


def main() -> None:
    """Fit every set of the file named on the command line."""
    warnings.simplefilter("ignore")
    fssa, patched = imported()
    data = np.load(sys.argv[1])
    inverse = 1.0 / data["temperatures_K"]
    alphas, milliseconds = [], []
    for signal in data["signals"]:
        error = np.full_like(signal, float(data["noise"]))

        def quality(alpha: float, signal: np.ndarray = signal, error: np.ndarray = error) -> float:
            scaled = fssa.scaledata(
                l=inverse, rho=data["reduced_per_kelvin"], a=signal, da=error, rho_c=0.0, nu=1.0, zeta=-alpha
            )
            return float(fssa.quality(*scaled))

        start = time.process_time()
        found = optimize.fminbound(quality, 0.0, 1.5, xtol=1e-4)
        milliseconds.append(1e3 * (time.process_time() - start))
        alphas.append(float(np.ravel(found)[0]))
    sys.stdout.write(
        json.dumps({"version": version("fssa"), "patched": patched, "alphas": alphas, "milliseconds": milliseconds})
    )


if __name__ == "__main__":
    main()
