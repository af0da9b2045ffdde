"""A run fitted as the paper fitted its sample, for the row of Table I.

Straight lines of eq 22 and 27 in the window of alpha, and for sample 3, whose curves do not scale with one exponent
over the range, in the paper's own: G(0, T) up to 1.7 K (fig 7), the scaled curves up to 250 mK and v^(1/2) = 2.5.
"""

from dataclasses import dataclass

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Curves, Window
from analysis.errors import DataError
from analysis.fit_result import ExponentFit
from analysis.parameters import FIT_RANGE, find_parameters
from analysis.quantity import Quantity
from analysis.table1 import Measured, Row


@dataclass(frozen=True)
class PaperFit:
    """How a sample is fitted: over which v^(1/2), and in which windows if not in that of alpha.

    `line` is the window of G(0, T) against T^(1/2), `scaled` that of the scaled curves.
    """

    fit_range: tuple[float, float] = FIT_RANGE
    line: Window | None = None
    scaled: Window | None = None


PAPER_FITS = {
    "cu1": PaperFit(),
    "cu2": PaperFit(),
    "cu3": PaperFit((2.0, 2.5), line=Window(1.7, bias_max_V=0.9e-3), scaled=Window(0.26, bias_max_V=0.15e-3)),
    "ti4": PaperFit(),
}


def paper_row(sample: str, curves: Curves, fit: ExponentFit, corrections: Corrections) -> Row:
    """Return the row of Table I for one of its samples.

    Parameters
    ----------
    sample : str
        A key of `PAPER_FITS`.
    curves : Curves
    fit : ExponentFit
        Of alpha.
    corrections : Corrections
        For fits in the paper's other windows.

    Raises
    ------
    AnalysisError
        If the data do not cover what the paper fits.
    """
    how = PAPER_FITS[sample]
    line, scaled = (
        find_parameters(curves, fit if window is None else fit_exponent(curves, window, corrections), how.fit_range)
        for window in (how.line, how.scaled)
    )
    b_sigma, f0, f1 = _number(line.b_sigma), _number(scaled.f0), _number(scaled.f1)
    gamma1 = f1[0] / b_sigma[0]
    error = abs(gamma1) * ((f1[1] / f1[0]) ** 2 + (b_sigma[1] / b_sigma[0]) ** 2) ** 0.5
    return Row(b_sigma, f0, f1, (gamma1, error), (fit.alpha, fit.error))


def _number(quantity: Quantity) -> Measured:
    if quantity.value is None or quantity.error is None:
        raise DataError(f"a number of Table I is missing: {quantity.why}")
    return quantity.value, quantity.error
