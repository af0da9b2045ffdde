"""Numbers as people read them: with the unit that the name ends in, and an SI prefix where that helps."""

import pyqtgraph

from analysis.quantities import CONDUCTANCE_QUANTUM_S

UNITS = {"_Vrms": "V rms", "_V": "V", "_A": "A", "_T": "T", "_s": "s", "_ohm": "\u2126", "_W": "W"}

_TITLES = {"x_V": "X", "y_V": "Y", "age_s": "age at the box", "heater_fraction": "heater", "helium_fraction": "helium"}


def with_unit(name: str, value: float) -> str:
    """Return a value with the unit of its name: `x_V` 1.2e-6 as 1.2 uV, `conductance_S` in e2/h."""
    if name.endswith("_K"):
        return f"{value:.6g} K"
    if name.endswith("_S"):
        return f"{value / CONDUCTANCE_QUANTUM_S:.6g} e\u00b2/h"
    if name.endswith("_fraction"):
        return f"{100 * value:.3g} %"
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
    if value == 0 or not unit:
        return f"{value:.6g} {unit}".rstrip()
    return pyqtgraph.siFormat(value, precision=5, suffix=unit)


def caption(name: str) -> str:
    """Return a name as a label: `temperature_K` as `temperature (K)`."""
    return f"{title(name)} ({name.rpartition('_')[2]})"


def title(name: str) -> str:
    """Return a name in words, for a list that has the unit beside the value: `temperature_K` as `temperature`."""
    return _TITLES.get(name) or name.rpartition("_")[0].replace("_", " ") or name
