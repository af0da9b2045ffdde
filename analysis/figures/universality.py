"""The figure of several samples on one scaling curve (fig 11)."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.figures.style import ACCENT, FAINT, INK, SECOND, STYLE
from analysis.quantities import in_conductance_quanta
from analysis.universality import Universality

COLOURS = (SECOND, ACCENT, "#4f9d69", "#8f6bb3", "#d08c2e", FAINT)
REACH = 1.05


@rc_context(STYLE)
def universality_figure(found: Universality) -> Figure:
    """Draw all samples rescaled onto the first one, the curve for all, and what is left between them."""
    figure = Figure(figsize=(6.6, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1.0))
    common = in_conductance_quanta(found.curve)
    upper.plot(np.sqrt(found.reduced_bias), common, color=INK, linewidth=1.3, label="one curve for all")
    for number, sample in enumerate(found.samples):
        style = {"fmt": ".", "color": COLOURS[number % len(COLOURS)], "markersize": 4, "elinewidth": 0.8, "alpha": 0.7}
        inside = sample.reduced_bias <= REACH * found.reduced_bias[-1]
        root = np.sqrt(sample.reduced_bias[inside])
        values, errors = (in_conductance_quanta(own[inside]) for own in (sample.scaled, sample.error))
        upper.errorbar(root, values, errors, label=sample.name, **style)
        lower.errorbar(root, values - np.interp(root**2, found.reduced_bias, common), errors, **style)
    verdict = "agree" if found.is_universal else "do not agree"
    upper.set_title(f"{len(found.samples)} samples {verdict} with one curve: p = {found.p_value:.2g}")
    upper.set_ylabel(r"$[G(V,T)-G(0,T)]\,/\,(B_s T^{\,\alpha})$, on the scale of the first ($e^2/h$)")
    upper.legend(loc="upper left")
    lower.axhline(0.0, color=INK, linewidth=0.8, zorder=0)
    lower.set_ylabel("values − curve ($e^2/h$)")
    lower.set_xlabel(r"$(A_s\, e|V|\,/\,k_\mathrm{B}T)^{1/2}$, on the scale of the first")
    figure.align_ylabels()
    return figure
