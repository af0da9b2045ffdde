"""What `zerobias analyze` says of a file: the fit, and its JSON, where nothing is NaN and every null has its reason."""

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from acquisition.measured import Measured, load_measured
from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window
from analysis.fit_result import ExponentFit
from analysis.parameters import Parameters, Quantity, find_parameters

NOT_JUDGED = "this version fits the exponent and the parameters; it does not weigh mechanisms yet"


@dataclass(frozen=True)
class AnalyzeOptions:
    """The options of `analyze`, None where the program is to choose; units are in the names, `noise_S` in siemens."""

    temperature_max_K: float | None = None
    bias_max_V: float | None = None
    reduced_bias_max: float | None = None
    field_T: float = 0.0
    series_ohm: float | None = None
    bias_offset_V: float | None = None
    excitation_Vrms: float | None = None
    electron_base_K: float | None = None
    noise_S: float | None = None


@dataclass(frozen=True)
class Judgement:
    """One file, fitted."""

    path: Path
    curves: Curves
    fit: ExponentFit
    parameters: Parameters


def judge(path: Path, options: AnalyzeOptions) -> Judgement:
    """Fit the exponent and the parameters of a run file or a tidy CSV.

    Raises
    ------
    InputError
        If the file cannot be read.
    AnalysisError
        If what is in it cannot be fitted; the message names the file.
    """
    measured = load_measured(path)
    curves = measured.curves()
    fit = fit_exponent(curves, _window(curves, options), _corrections(measured, options), field_T=options.field_T)
    return Judgement(path, curves, fit, find_parameters(curves, fit))


def _window(curves: Curves, options: AnalyzeOptions) -> Window | None:
    """Return the window asked for, open where it was left open, or None if nothing was asked."""
    limits = (options.temperature_max_K, options.bias_max_V, options.reduced_bias_max)
    if limits == (None, None, None):
        return None
    return Window(
        temperature_max_K=options.temperature_max_K or float(curves.temperature_K.max()),
        bias_max_V=options.bias_max_V or float(abs(curves.bias_V).max()),
        reduced_bias_max=options.reduced_bias_max,
        field_T=options.field_T,
    )


def _corrections(measured: Measured, options: AnalyzeOptions) -> Any:
    known = measured.corrections()
    given = {
        "series_ohm": options.series_ohm,
        "bias_offset_V": options.bias_offset_V,
        "excitation_Vrms": options.excitation_Vrms,
        "electron_base_K": options.electron_base_K,
        "noise": options.noise_S,
    }
    return replace(known, **{name: value for name, value in given.items() if value is not None})


def to_json(judgement: Judgement) -> dict[str, Any]:
    """Return the JSON object of the contract."""
    fit = judgement.fit
    systematic = fit.systematic
    return {
        "file": str(judgement.path),
        "alpha": {
            "value": fit.alpha,
            "error": fit.error,
            "interval95": list(fit.interval95),
            "statistical": fit.statistical,
            "systematic": {
                name: getattr(systematic, name)
                for name in ("temperature", "drift", "excitation", "window", "crossover")
            },
        },
        "chi2_per_dof": fit.chi2_per_dof,
        "points_used": fit.points_used,
        "isotherms_used": fit.isotherms_used,
        "window": _window_json(fit),
        "d_of_alpha": _deviation_json(fit),
        "parameters": _parameters_json(judgement.parameters),
        "corrections": _corrections_json(fit),
        "evidence": [],
        "verdict": "undecided",
        "because": [NOT_JUDGED],
    }


def _window_json(fit: ExponentFit) -> dict[str, Any]:
    window = fit.window
    return {
        "temperature_max_K": window.temperature_max_K,
        "bias_max_V": window.bias_max_V,
        "reduced_bias_max": window.reduced_bias_max,
        "temperature_min_K": window.temperature_min_K,
        "field_T": window.field_T,
        "chosen": fit.reason,
    }


def _deviation_json(fit: ExponentFit) -> dict[str, Any]:
    curve = fit.d_of_alpha
    if curve is None:
        why = "equation 24 needs two isotherms with points in its range of eV/kBT; this window has fewer"
        return {"minimum": None, "alpha": [], "d": [], "why": why}
    return {
        "minimum": curve.minimum,
        "minimum_dimensionless": curve.minimum_dimensionless,
        "alpha": curve.alpha.tolist(),
        "d": curve.d.tolist(),
        "unit": curve.unit,
        "temperatures_K": list(curve.temperatures_K),
    }


def _corrections_json(fit: ExponentFit) -> dict[str, Any]:
    applied = fit.corrections
    excitation_Vrms = None if applied.excitation_Vrms is None else list(applied.excitation_Vrms)
    found: dict[str, Any] = {
        "series_ohm": applied.series_ohm,
        "bias_offset_V": applied.bias_offset_V,
        "bias_offset_error_V": applied.bias_offset_error_V,
        "excitation_Vrms": excitation_Vrms,
        "is_excitation_kernel_applied": applied.is_kernel_applied,
        "electron_base_K": applied.electron_base_K,
        "temperature_accuracy_fraction": applied.temperature_accuracy_fraction,
        "drift_S_per_sqrt_s": applied.drift_S_per_sqrt_s,
        "noise_source": applied.noise_source,
        "crossover_shift": fit.alpha - fit.crossover.uncorrected_alpha,
    }
    why = {}
    if found["bias_offset_error_V"] is None:
        why["bias_offset_error_V"] = "the offset was given, not estimated"
    if excitation_Vrms is None:
        why["excitation_Vrms"] = "the file does not say; --excitation-Vrms gives it"
    return found | ({"why": why} if why else {})


def _parameters_json(parameters: Parameters) -> dict[str, Any]:
    found = {field.name: _quantity_json(getattr(parameters, field.name)) for field in fields(parameters)}
    found["tls_count"]["at_least"] = found["tls_count"]["value"]
    return found


def _quantity_json(quantity: Quantity) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "value": _finite(quantity.value),
        "error": _finite(quantity.error),
        "unit": quantity.unit,
        "bound": quantity.bound,
    }
    return entry | ({"why": quantity.why} if quantity.why else {})


def _finite(value: float | None) -> float | None:
    """Return a number that JSON can hold, or None."""
    return value if value is not None and math.isfinite(value) else None
