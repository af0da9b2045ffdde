"""The scatter of the points of each isotherm, measured against predicted."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.curves import Curves, Isotherm
from analysis.figures.style import FAINT, PALE, SECOND, STYLE, round_values
from analysis.quantities import in_conductance_quanta
from analysis.scaling.noise import measured_scatter


@rc_context(STYLE)
def scatter_figure(curves: Curves, field_T: float = 0.0) -> Figure:
    """Draw the scatter that the points of each isotherm show against the one their error bars predict."""
    rows = [row for isotherm in curves.isotherms(field_T) if (row := _scatter(isotherm)) is not None]
    temperature_K, predicted_S, ratio, ratio_error = np.array(rows).reshape(-1, 4).T
    predicted = in_conductance_quanta(predicted_S)
    figure = Figure(figsize=(5.6, 4.8), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.0, 1.0))
    upper.loglog(temperature_K, predicted, color=FAINT, linewidth=1.4, label="predicted by the noise budget")
    upper.loglog(temperature_K, ratio * predicted, "o", color=SECOND, markersize=5, label="measured")
    upper.set_ylabel("scatter of a point ($e^2/h$)")
    upper.legend(loc="upper right")
    lower.axhspan(0.9, 1.1, color=PALE, alpha=0.6, linewidth=0, label="±10 %")
    lower.axhline(1.0, color=FAINT, linewidth=0.8)
    lower.errorbar(temperature_K, ratio, ratio_error, fmt="o", color=SECOND, markersize=4, elinewidth=1.0)
    reach = 1.15 * max(0.2, float(np.max(np.abs(ratio - 1.0) + ratio_error, initial=0.0)))
    lower.set_ylim(1.0 - reach, 1.0 + reach)
    lower.set_ylabel("ratio")
    lower.legend(loc="lower left")
    lower.set_xlabel("temperature $T$ (K)")
    if temperature_K.size:
        lower.set_xlim(0.8 * temperature_K.min(), 1.25 * temperature_K.max())
        ticks = round_values(0.8 * float(temperature_K.min()), 1.25 * float(temperature_K.max()))
        lower.xaxis.set_major_locator(FixedLocator(ticks))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    lower.xaxis.set_minor_locator(NullLocator())
    for axes in (upper, lower):
        axes.tick_params(which="both", top=True, right=True)
    figure.align_ylabels()
    return figure


def _scatter(isotherm: Isotherm) -> tuple[float, float, float, float] | None:
    """Return temperature, predicted scatter, measured over predicted and its error; None where it cannot be told."""
    if isotherm.conductance_error_S is None:
        return None
    scatter = measured_scatter(isotherm, isotherm.conductance_error_S)
    if scatter is None:
        return None
    predicted_S = float(np.sqrt(np.mean(isotherm.conductance_error_S[~isotherm.is_anchor] ** 2)))
    return isotherm.temperature_K, predicted_S, scatter.noise_S, scatter.noise_S * scatter.relative_error
