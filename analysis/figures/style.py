"""What the figures share: type, colours, the bar of temperatures, and the words of a title."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure

from analysis.fit_result import ExponentFit

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

INK, FAINT, PALE = "#222222", "#8c8c8c", "#d9d9d9"
ACCENT, SECOND = "#d1495b", "#2e6f95"
# without the bright ends, which are hard to see on white
TEMPERATURE_COLOURS = ListedColormap(colormaps["viridis"](np.linspace(0.0, 0.9, 256)))
FIELD_COLOURS = ListedColormap(colormaps["plasma"](np.linspace(0.0, 0.85, 256)))


def alpha_text(fit: ExponentFit) -> str:
    """Return the exponent and its standard error, for a title."""
    return rf"$\alpha$ = {fit.alpha:.4f} ± {fit.error:.4f}"


def window_text(fit: ExponentFit) -> str:
    """Return the window of the fit, for a title."""
    window = fit.window
    text = f"$T$ ≤ {window.temperature_max_K:.3g} K, $|V|$ ≤ {1e3 * window.bias_max_V:.3g} mV"
    return text if window.reduced_bias_max is None else f"{text}, $v$ ≤ {window.reduced_bias_max:g}"


def temperature_norm(temperatures_K: Sequence[float]) -> LogNorm:
    """Return the scale of log T on which isotherms are coloured."""
    low, high = min(temperatures_K), max(temperatures_K)
    # a single isotherm still needs a scale to be coloured on
    return LogNorm(low, high) if high > 1.01 * low else LogNorm(low / 1.5, high * 1.5)


def round_values(low: float, high: float) -> list[float]:
    """Return the values 1, 2, 5 times a power of ten between `low` and `high`."""
    decades = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    values = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return [value for value in values if 0.99 * low <= value <= 1.01 * high]


def temperature_bar(figure: Figure, axes: Sequence[Axes], norm: LogNorm) -> None:
    """Put the bar of temperatures beside `axes`."""
    bar = figure.colorbar(ScalarMappable(norm, TEMPERATURE_COLOURS), ax=axes, pad=0.02, aspect=32)
    ticks = round_values(float(norm.vmin or 1.0), float(norm.vmax or 1.0))
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.set_label("temperature $T$ (K)")
