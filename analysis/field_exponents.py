"""The exponent in each magnetic field: the paper's sample 2 scales best with 0.3 at 6 T (Cu.8)."""

from dataclasses import dataclass, replace

from analysis.collapse import fit_exponent
from analysis.curves import Curves
from analysis.errors import AnalysisError
from analysis.fit_result import ExponentFit
from analysis.quantity import Quantity, missing

MINIMUM_ISOTHERMS = 3


@dataclass(frozen=True, slots=True)
class FieldExponent:
    """The exponent in one field, or why there is none.

    Attributes
    ----------
    field_T : float
    alpha : Quantity
    chi2_per_dof : float or None
    """

    field_T: float
    alpha: Quantity
    chi2_per_dof: float | None


def exponents_of_fields(curves: Curves, fit: ExponentFit) -> tuple[FieldExponent, ...]:
    """Fit alpha in every field, in the window and with the corrections of `fit`, whose own field is among them."""
    return tuple(_in_field(curves, fit, field_T) for field_T in curves.fields_T())


def _in_field(curves: Curves, fit: ExponentFit, field_T: float) -> FieldExponent:
    if abs(field_T - fit.window.field_T) < 1e-9:
        return FieldExponent(field_T, Quantity(fit.alpha, fit.error, "", points=fit.points_used), fit.chi2_per_dof)
    inside = [isotherm for isotherm in curves.isotherms(field_T) if fit.window.holds(isotherm.temperature_K)]
    if len(inside) < MINIMUM_ISOTHERMS:
        why = f"{len(inside)} of the {MINIMUM_ISOTHERMS} temperatures that an exponent needs"
        return FieldExponent(field_T, missing("", why), None)
    try:
        own = fit_exponent(curves, replace(fit.window, field_T=field_T), fit.corrections.again())
    except AnalysisError as error:
        return FieldExponent(field_T, missing("", str(error)), None)
    return FieldExponent(field_T, Quantity(own.alpha, own.error, "", points=own.points_used), own.chi2_per_dof)
