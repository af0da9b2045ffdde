"""Figures of a measurement, returned as objects; whoever asks for them writes them to disk.

The door to the folder `figures`. Words and numbers are in `page`.
"""

from io import BytesIO
from typing import Literal

from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.curves import Curves
from analysis.figures.collapse import collapse_figure
from analysis.figures.exponent import exponent_figure
from analysis.figures.isotherms import fields_figure, isotherms_figure
from analysis.figures.scatter import scatter_figure
from analysis.figures.style import STYLE
from analysis.figures.zero_bias import zero_bias_figure
from analysis.fit_result import ExponentFit

PNG_DPI = 150


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
def render(figure: Figure, file_format: Literal["png", "svg"]) -> bytes:
    """Return `figure` as the bytes of a PNG (150 dpi) or SVG file."""
    buffer = BytesIO()
    figure.savefig(buffer, format=file_format, dpi=PNG_DPI)
    return buffer.getvalue()
