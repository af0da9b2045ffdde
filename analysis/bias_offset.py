"""The bias offset from the even symmetry of the curves: a contact's anomaly is centred on zero bias."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.errors import DataError
from analysis.master_curve import MasterBasis
from analysis.quantities import thermal_voltage_V

Floats = NDArray[np.float64]

MAXIMUM_REDUCED_BIAS = 30.0
ITERATIONS = 12


def estimate_bias_offset(isotherms: Sequence[Isotherm]) -> tuple[float, float]:
    """Return the offset in volts, common to all isotherms, and its standard error.

    Every isotherm gets an even spline of its own; what is odd in its residual along the spline's slope is the offset.
    Newton's method, from the middle of the deepest part of the coldest curve.

    Raises
    ------
    DataError
        If the curves do not reach both sides of zero bias, or are flat.
    """
    usable = [i for i in isotherms if i.bias_V.size >= 12 and i.bias_V.min() < 0.0 < i.bias_V.max()]
    if not usable:
        raise DataError(
            "bias_offset_V auto needs curves measured on both sides of zero bias; give the offset in volts instead"
        )
    offset_V = 0.0
    for _ in range(ITERATIONS):
        parts = [_odd_part(isotherm, offset_V) for isotherm in usable]
        information = sum(part[1] for part in parts)
        if not information > 0.0:
            raise DataError("bias_offset_V auto needs curves with an anomaly; these are flat")
        step = sum(part[0] for part in parts) / information
        limit = 2.0 * float(thermal_voltage_V(max(i.temperature_K for i in usable)))
        offset_V += float(np.clip(step, -limit, limit))
        if abs(step) < 1e-4 * information**-0.5:
            break
    return float(offset_V), float(information**-0.5)


def _odd_part(isotherm: Isotherm, offset_V: float) -> tuple[float, float]:
    """Return score and information of a further offset, from one isotherm."""
    thermal_V = float(thermal_voltage_V(isotherm.temperature_K))
    v = (isotherm.bias_V - offset_V) / thermal_V
    # only where a reflected point exists too: beyond, odd and even cannot be told apart
    reach = min(-v.min(), v.max(), MAXIMUM_REDUCED_BIAS)
    rows = np.abs(v) <= reach
    if rows.sum() < 12:
        return 0.0, 0.0
    v, conductance = v[rows], isotherm.conductance_S[rows]
    basis = MasterBasis.for_range(float(reach))
    design = np.column_stack([np.ones(v.size), basis.evaluate(v)])
    coefficients = np.linalg.lstsq(design, conductance, rcond=None)[0]
    residual = conductance - design @ coefficients
    slope = -basis.evaluate(v, 1) @ coefficients[1:] / np.sqrt(1.0 + v**2) / thermal_V
    slope = slope - design @ np.linalg.lstsq(design, slope, rcond=None)[0]
    variance = float(residual @ residual) / max(1, v.size - basis.size - 1)
    if variance == 0.0:
        return 0.0, 0.0
    return float(slope @ residual) / variance, float(slope @ slope) / variance
