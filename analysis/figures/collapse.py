"""The collapse: rescaled data on the master curve, and what is left of them."""

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.curves import Curves
from analysis.figures.style import (
    ACCENT,
    FAINT,
    INK,
    PALE,
    STYLE,
    TEMPERATURE_COLOURS,
    alpha_text,
    temperature_bar,
    temperature_norm,
    window_text,
)
from analysis.fit_result import ExponentFit
from analysis.quantities import in_conductance_quanta
from analysis.scaling.collapsed import CollapsedIsotherm, binned_residual, collapsed_isotherms, universal_curve

RESIDUAL_BINS = 16
SMALL_FRACTION = 0.01


@rc_context(STYLE)
def collapse_figure(curves: Curves, fit: ExponentFit) -> Figure:
    """Draw the rescaled data against (eV / kB T)^1/2 with the master curve, and what is left of them below.

    Inside the window the data are those of the fit: corrected, and less the departure towards the Kondo temperature
    as far as the fit took it out. Points outside are pale and as measured: where they leave the curve, scaling ends.
    The dashed line is the universal two-channel-Kondo curve with A and B fitted.
    """
    isotherms = collapsed_isotherms(curves, fit)
    norm = temperature_norm([isotherm.temperature_K for isotherm in isotherms])
    root = np.sqrt(fit.master_curve.reduced_bias)
    universal = universal_curve(fit)
    figure = Figure(figsize=(6.6, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1.0))
    for isotherm in isotherms:
        colour = TEMPERATURE_COLOURS(norm(isotherm.temperature_K))
        _draw_collapsed(upper, isotherm, colour)
        if isotherm.is_inside.any():
            centre, mean, error = binned_residual(isotherm, np.linspace(0.0, root[-1], RESIDUAL_BINS + 1))
            style = {"fmt": ".-", "color": colour, "markersize": 4, "linewidth": 0.6, "elinewidth": 0.9}
            lower.errorbar(centre, in_conductance_quanta(mean), in_conductance_quanta(error), **style)
    master = in_conductance_quanta(fit.master_curve.value)
    upper.plot(root, master, color=INK, linewidth=1.3, label="master curve of the fit")
    label = f"universal 2CK curve, $A$ = {universal.coupling:.2g}"
    upper.plot(root, in_conductance_quanta(universal.value), "--", color=ACCENT, linewidth=1.3, label=label)
    upper.plot([], [], ".", color=PALE, markersize=6, label="outside the window")
    upper.set_xlim(0.0, 1.45 * root[-1])
    upper.set_ylim(-0.06 * master[-1], 1.4 * master[-1])
    upper.set_ylabel(rf"$[G(V,T)-G(0,T)]\,/\,T^{{\,\alpha}}$  ($e^2/h$ K$^{{-{fit.alpha:.3f}}}$)")
    if fit.crossover.applied_fraction > SMALL_FRACTION:
        note = "inside the window less the\nfitted departure towards $T_K$"
        upper.annotate(note, (0.98, 0.03), xycoords="axes fraction", ha="right", va="bottom", fontsize=9, color=FAINT)
    upper.set_title(f"{alpha_text(fit)},  {fit.isotherms_used} isotherms, {window_text(fit)}")
    upper.legend(loc="upper left")
    lower.axhline(0.0, color=INK, linewidth=0.8, zorder=0)
    lower.set_xlabel(r"$(e|V|\,/\,k_\mathrm{B}T)^{1/2}$")
    lower.set_ylabel("data − fit ($e^2/h$)")
    lower.yaxis.set_major_locator(MaxNLocator(4))
    figure.align_ylabels()
    temperature_bar(figure, [upper, lower], norm)
    return figure


def _draw_collapsed(axes: Axes, isotherm: CollapsedIsotherm, colour: object) -> None:
    root, scaled, inside = isotherm.root_reduced_bias, in_conductance_quanta(isotherm.scaled), isotherm.is_inside
    axes.plot(root[~inside], scaled[~inside], ".", color=colour, alpha=0.18, markersize=2, mew=0, rasterized=True)
    axes.plot(root[inside], scaled[inside], ".", color=colour, alpha=0.8, markersize=3, mew=0, rasterized=True)
