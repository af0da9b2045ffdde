"""Figures of a measurement, returned as objects; whoever asks for them writes them to disk.

Only this room knows matplotlib, and of it only the object interface: no window, no global state, nothing to close.
Units change here and nowhere before: siemens to e2/h, volts to mV. Words and numbers are in `page`.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from analysis.curves import Curves, Isotherm
from analysis.fit_result import ExponentFit
from analysis.page import field_text
from analysis.quantities import in_conductance_quanta
from analysis.scaling.collapsed import (
    CollapsedIsotherm,
    binned_residual,
    collapsed_isotherms,
    universal_curve,
    zero_bias_rows,
)
from analysis.scaling.noise import measured_scatter

Floats = NDArray[np.float64]

PUBLISHED_ALPHA = (0.48, 0.05)
"""Exponent of the paper's copper sample 1 and its error (section VI, figure 9a)."""

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
}
PNG_DPI = 150

INK, FAINT, PALE = "#222222", "#8c8c8c", "#d9d9d9"
ACCENT, SECOND = "#d1495b", "#2e6f95"
# without the bright ends, which are hard to see on white
TEMPERATURE_COLOURS = ListedColormap(colormaps["viridis"](np.linspace(0.0, 0.9, 256)))
FIELD_COLOURS = ListedColormap(colormaps["plasma"](np.linspace(0.0, 0.85, 256)))

RESIDUAL_BINS = 16
SMALL_FRACTION = 0.01
RUNNING_MEAN = 7


def make_figures(curves: Curves, fit: ExponentFit | None) -> dict[str, Figure]:
    """Return all figures that the data allow, by name; the names are fit for files. Without a fit those of the data."""
    if fit is None:
        field_T = min(curves.fields_T(), key=abs)
        figures = {"isotherms": isotherms_figure(curves, field_T)}
    else:
        field_T = fit.window.field_T
        figures = {
            "isotherms": isotherms_figure(curves, field_T, zoom_V=fit.window.bias_max_V),
            "collapse": collapse_figure(curves, fit),
            "exponent": exponent_figure(fit),
            "zero_bias": zero_bias_figure(curves, field_T, fit.window.temperature_max_K),
        }
    if curves.conductance_error_S is not None:
        figures["scatter"] = scatter_figure(curves, field_T)
    if len(curves.fields_T()) > 1:
        figures["fields"] = fields_figure(curves)
    return figures


@rc_context(STYLE)
def isotherms_figure(curves: Curves, field_T: float = 0.0, zoom_V: float = 0.8e-3) -> Figure:
    """Draw the raw isotherms of one field: conductance against bias, coloured by temperature.

    The right half shows |V| <= `zoom_V`, where the anomaly of the coldest isotherms lives.
    """
    isotherms = curves.isotherms(field_T)
    norm = _temperature_norm([isotherm.temperature_K for isotherm in isotherms])
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
    _temperature_bar(figure, [wide, near], norm)
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


@rc_context(STYLE)
def collapse_figure(curves: Curves, fit: ExponentFit) -> Figure:
    """Draw the rescaled data against (eV / kB T)^1/2 with the master curve, and what is left of them below.

    Inside the window the data are those of the fit: corrected, and less the departure towards the Kondo temperature
    as far as the fit took it out. Points outside are pale and as measured: where they leave the curve, scaling ends.
    The dashed line is the universal two-channel-Kondo curve with A and B fitted.
    """
    isotherms = collapsed_isotherms(curves, fit)
    norm = _temperature_norm([isotherm.temperature_K for isotherm in isotherms])
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
    upper.set_title(f"{_alpha_text(fit)},  {fit.isotherms_used} isotherms, {_window_text(fit)}")
    upper.legend(loc="upper left")
    lower.axhline(0.0, color=INK, linewidth=0.8, zorder=0)
    lower.set_xlabel(r"$(e|V|\,/\,k_\mathrm{B}T)^{1/2}$")
    lower.set_ylabel("data − fit ($e^2/h$)")
    lower.yaxis.set_major_locator(MaxNLocator(4))
    figure.align_ylabels()
    _temperature_bar(figure, [upper, lower], norm)
    return figure


@rc_context(STYLE)
def exponent_figure(fit: ExponentFit, published: tuple[float, float] | None = PUBLISHED_ALPHA) -> Figure:
    """Draw the profile likelihood of alpha, the paper's D(alpha), and the error by source.

    `published` is a value of alpha and its error, shown for comparison.
    """
    figure = Figure(figsize=(10.2, 3.9), layout="constrained")
    likelihood, deviation, budget = figure.subplots(1, 3, width_ratios=(1.0, 1.1, 0.85))
    _draw_likelihood(likelihood, fit)
    _draw_deviation(deviation, fit, published)
    _draw_error_budget(budget, fit)
    return figure


@rc_context(STYLE)
def zero_bias_figure(curves: Curves, field_T: float = 0.0, temperature_max_K: float = 1.5) -> Figure:
    """Draw G(0, T) against the root of T, and how the anchors of each isotherm moved with time.

    The line is the least-squares fit of G0 + B T^1/2 to the isotherms up to `temperature_max_K`. Without anchors the
    sweep points nearest zero take their place; without times there is no drift to show.
    """
    isotherms = curves.isotherms(field_T)
    norm = _temperature_norm([isotherm.temperature_K for isotherm in isotherms])
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
    _temperature_bar(figure, [against_root, against_time], norm)
    return figure


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
        ticks = _round_values(0.8 * float(temperature_K.min()), 1.25 * float(temperature_K.max()))
        lower.xaxis.set_major_locator(FixedLocator(ticks))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    lower.xaxis.set_minor_locator(NullLocator())
    for axes in (upper, lower):
        axes.tick_params(which="both", top=True, right=True)
    figure.align_ylabels()
    return figure


@rc_context(STYLE)
def render(figure: Figure, file_format: Literal["png", "svg"]) -> bytes:
    """Return `figure` as the bytes of a PNG (150 dpi) or SVG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format=file_format, dpi=PNG_DPI)
    return buffer.getvalue()


def _alpha_text(fit: ExponentFit) -> str:
    return rf"$\alpha$ = {fit.alpha:.4f} ± {fit.error:.4f}"


def _window_text(fit: ExponentFit) -> str:
    window = fit.window
    text = f"$T$ ≤ {window.temperature_max_K:.3g} K, $|V|$ ≤ {1e3 * window.bias_max_V:.3g} mV"
    return text if window.reduced_bias_max is None else f"{text}, $v$ ≤ {window.reduced_bias_max:g}"


def _temperature_norm(temperatures_K: Sequence[float]) -> LogNorm:
    low, high = min(temperatures_K), max(temperatures_K)
    # a single isotherm still needs a scale to be coloured on
    return LogNorm(low, high) if high > 1.01 * low else LogNorm(low / 1.5, high * 1.5)


def _round_values(low: float, high: float) -> list[float]:
    """Return the values 1, 2, 5 times a power of ten between `low` and `high`."""
    decades = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    values = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return [value for value in values if 0.99 * low <= value <= 1.01 * high]


def _temperature_bar(figure: Figure, axes: Sequence[Axes], norm: LogNorm) -> None:
    bar = figure.colorbar(ScalarMappable(norm, TEMPERATURE_COLOURS), ax=axes, pad=0.02, aspect=32)
    ticks = _round_values(float(norm.vmin or 1.0), float(norm.vmax or 1.0))
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.set_label("temperature $T$ (K)")


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


def _draw_collapsed(axes: Axes, isotherm: CollapsedIsotherm, colour: object) -> None:
    root, scaled, inside = isotherm.root_reduced_bias, in_conductance_quanta(isotherm.scaled), isotherm.is_inside
    axes.plot(root[~inside], scaled[~inside], ".", color=colour, alpha=0.18, markersize=2, mew=0, rasterized=True)
    axes.plot(root[inside], scaled[inside], ".", color=colour, alpha=0.8, markersize=3, mew=0, rasterized=True)


def _draw_likelihood(axes: Axes, fit: ExponentFit) -> None:
    alpha, rise = fit.profile.alpha, fit.profile.delta_chi2
    axes.axvspan(fit.alpha - fit.error, fit.alpha + fit.error, color=PALE, alpha=0.5, linewidth=0)
    axes.axvline(0.5, color=ACCENT, linestyle="--", linewidth=1.2)
    # on the side away from the curve
    side, align = (-4, "right") if fit.alpha > 0.5 else (4, "left")
    axes.annotate(
        "1/2",
        (0.5, 0.98),
        (side, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color=ACCENT,
        ha=align,
        va="top",
    )
    axes.plot(alpha, rise, color=INK, linewidth=1.5)
    axes.plot(fit.alpha, 0.0, "o", color=INK, markersize=5, clip_on=False, zorder=3)
    for level, share in ((1.0, "68 %"), (3.84, "95 %")):
        axes.axhline(level, color=FAINT, linewidth=0.7, linestyle=":")
        axes.annotate(share, (0.98, level), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    reach = max(2.2 * fit.error, 6.0 * fit.statistical, 1.15 * abs(fit.alpha - 0.5))
    axes.set_xlim(fit.alpha - reach, fit.alpha + reach)
    axes.set_ylim(0.0, 10.0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(r"exponent $\alpha$")
    axes.set_ylabel(r"$\Delta\chi^2$")
    axes.set_title(f"{_alpha_text(fit)} (shaded)")


def _draw_deviation(axes: Axes, fit: ExponentFit, published: tuple[float, float] | None) -> None:
    low, high = 0.2, 0.8
    axes.set_title(r"for comparison: the paper's $D(\alpha)$, eq. 24")
    axes.set_xlabel(r"exponent $\alpha$")
    axes.set_xlim(low, high)
    if fit.d_of_alpha is None:
        axes.text(0.5, 0.5, "too few isotherms for $D$", transform=axes.transAxes, ha="center")
        return
    curve = fit.d_of_alpha
    shown = (curve.alpha >= low) & (curve.alpha <= high)
    lines = (
        (curve.d_dimensionless, curve.minimum_dimensionless, "-", "over the signal"),
        (curve.d, curve.minimum, "--", "as printed, $T$ in K"),
    )
    highest = 1.0
    for values, minimum, style, label in lines:
        relative = values[shown] / float(np.min(values[shown]))
        highest = max(highest, float(np.max(relative)))
        axes.semilogy(curve.alpha[shown], relative, style, color=SECOND, linewidth=1.4, label=label)
        if low < minimum < high:
            axes.plot(minimum, 1.0, "v", color=SECOND, markersize=6, clip_on=False, zorder=3)
    # room above the curves for the two bars
    axes.set_ylim(highest**-0.04, highest**1.75)
    axes.set_ylabel(r"$D\,/\,D_{\mathrm{min}}$")
    bars = [(fit.alpha, fit.error, INK, f"this fit: {fit.alpha:.3f} ± {fit.error:.3f}")]
    if published is not None:
        bars.append((*published, ACCENT, f"sample 1 of the paper: {published[0]:g} ± {published[1]:g}"))
    for place, (value, error, colour, text) in enumerate(bars):
        height = highest ** (1.62 - 0.25 * place)
        axes.errorbar(value, height, xerr=error, fmt="o", color=colour, markersize=4, capsize=3)
        axes.annotate(text, (0.5, height), (0, -6), textcoords="offset points", ha="center", va="top", fontsize=8)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.66))


def _draw_error_budget(axes: Axes, fit: ExponentFit) -> None:
    parts = fit.systematic
    names = ["total", "statistical", "temperature", "drift", "excitation", "window", "crossover"]
    values = [fit.error, fit.statistical, *(getattr(parts, name) for name in names[2:])]
    places = np.arange(len(names))
    axes.barh(places, 1e3 * np.array(values), color=[INK, *[SECOND] * (len(names) - 1)], height=0.62)
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            f"{1e3 * value:.2g}", (1e3 * value, place), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0.0, 1.22e3 * max(max(values), 1e-9))
    axes.set_xlabel(r"standard error of $\alpha$ ($10^{-3}$)")
    axes.set_title("error by source")


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


def _scatter(isotherm: Isotherm) -> tuple[float, float, float, float] | None:
    """Return temperature, predicted scatter, measured over predicted and its error; None where it cannot be told."""
    if isotherm.conductance_error_S is None:
        return None
    scatter = measured_scatter(isotherm, isotherm.conductance_error_S)
    if scatter is None:
        return None
    predicted_S = float(np.sqrt(np.mean(isotherm.conductance_error_S[~isotherm.is_anchor] ** 2)))
    return isotherm.temperature_K, predicted_S, scatter.noise_S, scatter.noise_S * scatter.relative_error
