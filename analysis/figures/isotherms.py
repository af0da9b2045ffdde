"""The raw isotherms of one field, and the coldest isotherm of every field."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.curves import Curves, Isotherm
from analysis.figures.style import FIELD_COLOURS, STYLE, TEMPERATURE_COLOURS, temperature_bar, temperature_norm
from analysis.page import field_text
from analysis.quantities import in_conductance_quanta


@rc_context(STYLE)
def isotherms_figure(curves: Curves, field_T: float = 0.0, zoom_V: float = 0.8e-3) -> Figure:
    """Draw the raw isotherms of one field: conductance against bias, coloured by temperature.

    The right half shows |V| <= `zoom_V`, where the anomaly of the coldest isotherms lives.
    """
    isotherms = curves.isotherms(field_T)
    norm = temperature_norm([isotherm.temperature_K for isotherm in isotherms])
    figure = Figure(figsize=(8.4, 4.6), layout="constrained")
    wide, near = figure.subplots(1, 2)
    for isotherm in reversed(isotherms):
        colour = TEMPERATURE_COLOURS(norm(isotherm.temperature_K))
        for axes in (wide, near):
            _draw_sweeps(axes, isotherm, colour)
    wide.set_title(f"{len(isotherms)} isotherms, {field_text(field_T)}")
    wide.set_ylabel("conductance $G$ ($e^2/h$)")
    wide.margins(x=0.02)
    near.set_title(f"near zero: $|V|$ ≤ {1e3 * zoom_V:.3g} mV")
    _zoom(near, isotherms, zoom_V)
    for axes in (wide, near):
        axes.set_xlabel("bias $V$ (mV)")
        axes.xaxis.set_major_locator(MaxNLocator(5))
    temperature_bar(figure, [wide, near], norm)
    return figure


@rc_context(STYLE)
def fields_figure(curves: Curves) -> Figure:
    """Draw the coldest isotherm of every field, coloured by field."""
    coldest = [curves.isotherms(field_T)[0] for field_T in curves.fields_T()]
    lowest_K = min(isotherm.temperature_K for isotherm in coldest)
    alike = [isotherm for isotherm in coldest if isotherm.temperature_K < 1.05 * lowest_K]
    norm = Normalize(min(i.field_T for i in alike), max(i.field_T for i in alike) or 1.0)
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axes = figure.subplots()
    for isotherm in alike:
        _draw_sweeps(axes, isotherm, FIELD_COLOURS(norm(isotherm.field_T)))
    axes.set_title(f"$T$ = {lowest_K:.3g} K, {len(alike)} fields")
    axes.set_xlabel("bias $V$ (mV)")
    axes.set_ylabel("conductance $G$ ($e^2/h$)")
    axes.margins(x=0.02)
    bar = figure.colorbar(ScalarMappable(norm, FIELD_COLOURS), ax=axes, pad=0.02, aspect=30)
    bar.set_label("field $H$ (T)")
    return figure


def _draw_sweeps(axes: Axes, isotherm: Isotherm, colour: object) -> None:
    """Draw the sweep as one line in the order of time; where times are unknown, each direction in the order of bias."""
    sweep = isotherm.select(~isotherm.is_anchor)
    lines = [np.arange(sweep.bias_V.size)]
    if sweep.time_s is None:
        rows = (np.flatnonzero(sweep.direction == direction) for direction in np.unique(sweep.direction))
        lines = [row[np.argsort(sweep.bias_V[row], kind="stable")] for row in rows]
    for line in lines:
        conductance = in_conductance_quanta(sweep.conductance_S[line])
        axes.plot(1e3 * sweep.bias_V[line], conductance, color=colour, linewidth=0.7, rasterized=True)


def _zoom(axes: Axes, isotherms: Sequence[Isotherm], zoom_V: float) -> None:
    inside = np.concatenate([isotherm.conductance_S[np.abs(isotherm.bias_V) <= zoom_V] for isotherm in isotherms])
    axes.set_xlim(-1e3 * zoom_V, 1e3 * zoom_V)
    if inside.size:
        low, high = in_conductance_quanta([inside.min(), inside.max()])
        axes.set_ylim(low - 0.04 * (high - low), high + 0.04 * (high - low))
