"""Zero bias: G(0,T) against the root of T, and how the anchors moved with time."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.curves import Curves, Isotherm
from analysis.figures.style import ACCENT, FAINT, INK, STYLE, TEMPERATURE_COLOURS, temperature_bar, temperature_norm
from analysis.page import field_text
from analysis.quantities import in_conductance_quanta
from analysis.scaling.collapsed import zero_bias_rows

RUNNING_MEAN = 7


@rc_context(STYLE)
def zero_bias_figure(curves: Curves, field_T: float = 0.0, temperature_max_K: float = 1.5) -> Figure:
    """Draw G(0, T) against the root of T, and how the anchors of each isotherm moved with time.

    The line is the least-squares fit of G0 + B T^1/2 to the isotherms up to `temperature_max_K`. Without anchors the
    sweep points nearest zero take their place; without times there is no drift to show.
    """
    isotherms = curves.isotherms(field_T)
    norm = temperature_norm([isotherm.temperature_K for isotherm in isotherms])
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    against_root, against_time = figure.subplots(1, 2, width_ratios=(1.1, 1.0))
    _draw_root_law(against_root, isotherms, temperature_max_K)
    against_root.set_title(f"zero bias, {field_text(field_T)}")
    for isotherm in isotherms:
        _draw_anchors(against_time, zero_bias_rows(isotherm), TEMPERATURE_COLOURS(norm(isotherm.temperature_K)))
    against_time.axhline(0.0, color=FAINT, linewidth=0.8, zorder=0)
    against_time.set_xlabel("experiment time (h)")
    against_time.set_ylabel("anchor − mean of its isotherm ($e^2/h$)")
    against_time.set_title(f"anchors, and their running mean of {RUNNING_MEAN}")
    if curves.time_s is None:
        against_time.text(0.5, 0.55, "the data hold no times", transform=against_time.transAxes, ha="center")
    temperature_bar(figure, [against_root, against_time], norm)
    return figure


def _draw_root_law(axes: Axes, isotherms: Sequence[Isotherm], temperature_max_K: float) -> None:
    zero_bias = [zero_bias_rows(isotherm).conductance_S for isotherm in isotherms]
    root = np.array([isotherm.temperature_K for isotherm in isotherms]) ** 0.5
    mean = in_conductance_quanta([np.mean(values) for values in zero_bias])
    error = in_conductance_quanta([np.std(values) / values.size**0.5 for values in zero_bias])
    what = "anchors" if all(isotherm.is_anchor.any() for isotherm in isotherms) else "points nearest zero"
    axes.errorbar(root, mean, error, fmt="o", color=INK, mfc="white", markersize=6, label=f"mean of the {what}")
    inside = root**2 <= 1.01 * temperature_max_K
    if np.count_nonzero(inside) >= 3:
        slope, level = np.polyfit(root[inside], mean[inside], 1)
        reach = np.array([0.0, 1.04 * root.max()])
        label = f"{slope:.2f} $e^2/h$ K$^{{-1/2}}$, fit to $T$ ≤ {temperature_max_K:.3g} K"
        axes.plot(reach, level + slope * reach, "--", color=ACCENT, linewidth=1.2, zorder=0, label=label)
    axes.set_xlim(0.0, 1.04 * root.max())
    axes.set_xlabel("$T^{1/2}$ (K$^{1/2}$)")
    axes.set_ylabel("zero-bias conductance $G(0,T)$ ($e^2/h$)")
    axes.legend(loc="lower right")


def _draw_anchors(axes: Axes, anchors: Isotherm, colour: object) -> None:
    if anchors.time_s is None:
        return
    order = np.argsort(anchors.time_s)
    time_h = anchors.time_s[order] / 3600.0
    excess = in_conductance_quanta(anchors.conductance_S[order] - np.mean(anchors.conductance_S))
    axes.plot(time_h, excess, ".", color=colour, alpha=0.4, markersize=3, mew=0)
    if excess.size >= RUNNING_MEAN:
        window = np.ones(RUNNING_MEAN) / RUNNING_MEAN
        smooth_h, smooth = (np.convolve(values, window, mode="valid") for values in (time_h, excess))
        axes.plot(smooth_h, smooth, color=colour, linewidth=1.6)
