"""What the data say of the exponent: profile likelihood, the paper's D(alpha), and the error by source."""

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.figures.style import ACCENT, FAINT, INK, PALE, SECOND, STYLE, alpha_text
from analysis.fit_result import ExponentFit

PUBLISHED_ALPHA = (0.48, 0.05)
"""Exponent of the paper's copper sample 1 and its error (section VI, figure 9a)."""


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
    axes.set_title(f"{alpha_text(fit)} (shaded)")


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
