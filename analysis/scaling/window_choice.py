"""A window chosen by stability: grown from the coldest isotherms while alpha stays where it was, within its error."""

from collections.abc import Sequence

import numpy as np

from analysis.corrections import Corrections
from analysis.curves import Isotherm, Window
from analysis.errors import WindowError
from analysis.quantities import thermal_voltage_V
from analysis.scaling.likelihood import ExponentMinimum
from analysis.scaling.problem import make_problem, solve_with_drift
from analysis.scaling.systematics import THERMOMETER_MOVE

FIRST_ISOTHERMS = 3
BIAS_OVER_TEMPERATURE = 6.0
MAXIMUM_MOVE = 3.0
MAXIMUM_MISFIT = 1.2


def choose_window(isotherms: Sequence[Isotherm], corrections: Corrections) -> tuple[Window, str]:
    """Return a window and the reason for it.

    Windows grow with the warmest isotherm T: all isotherms up to it, and |V| up to 6 kB T / e. A window is accepted if
    alpha moved by at most 3 times what noise and a thermometer allow from every accepted one, and chi-square per
    degree of freedom stays below 1.2. The variance of the difference of nested fits is the difference of their
    variances; a thermometer good to 0.5 % moves alpha by about 0.005.

    Raises
    ------
    WindowError
        If no window of at least two isotherms determines alpha.
    """
    field_T = isotherms[0].field_T if isotherms else 0.0
    accepted: list[tuple[Window, ExponentMinimum]] = []
    stop = "no warmer isotherm is left"
    first = min(FIRST_ISOTHERMS, len(isotherms))
    for count in range(max(2, first), len(isotherms) + 1):
        temperature_K = isotherms[count - 1].temperature_K
        # the last digit of a mean temperature must not decide
        window = Window(
            float(temperature_K), float(BIAS_OVER_TEMPERATURE * thermal_voltage_V(temperature_K)), None, field_T
        )
        try:
            problem = make_problem(isotherms, window, corrections)
        except WindowError:
            continue
        _, minimum = solve_with_drift(problem, corrections)
        misfit = minimum.chi2 / problem.degrees_of_freedom
        if not minimum.is_determined(problem.degrees_of_freedom):
            continue
        move, allowed = _largest_move(accepted, minimum)
        if accepted and move > MAXIMUM_MOVE * allowed:
            stop = f"up to {temperature_K:.3g} K alpha would move by {move:.4f}, {move / allowed:.1f} times its scatter"
            break
        if accepted and misfit > MAXIMUM_MISFIT:
            stop = f"up to {temperature_K:.3g} K chi-square per degree of freedom would be {misfit:.2f}"
            break
        accepted.append((window, minimum))
    if not accepted:
        raise WindowError(
            f"no window over {len(isotherms)} isotherm(s) determines alpha; measure more temperatures, or give a window"
        )
    window = accepted[-1][0]
    return window, (
        f"grown in {len(accepted)} step(s) from T <= {accepted[0][0].temperature_max_K:.3g} K with "
        f"e|V| <= {BIAS_OVER_TEMPERATURE:g} kB T of the warmest isotherm; stopped because {stop}"
    )


def _largest_move(accepted: list[tuple[Window, ExponentMinimum]], minimum: ExponentMinimum) -> tuple[float, float]:
    """Return the most significant movement from an accepted window, and its expected scatter."""
    worst = (0.0, 1.0)
    for _, earlier in accepted:
        variance = max(1.0 / earlier.curvature - 1.0 / minimum.curvature, 0.0) + THERMOMETER_MOVE**2
        move = abs(minimum.alpha - earlier.alpha)
        if move / variance**0.5 > worst[0] / worst[1]:
            worst = (move, float(np.sqrt(variance)))
    return worst
