"""A judgement as JSON, the contract's object: no NaN, and a reason for every null."""

import math
from dataclasses import fields
from typing import Any

from acquisition.judgement import Judgement
from analysis.evidence import Evidence
from analysis.fit_result import ExponentFit
from analysis.parameters import Parameters
from analysis.quantity import Quantity
from analysis.scaling.deviation_bias import DeviationBias
from analysis.table1 import PUBLISHED, Measured, Row, agreement, deviation
from analysis.universality import Universality
from analysis.words import correction_rows, sign_rows

ROW_NAMES = tuple(field.name for field in fields(Row))


def to_json(judgement: Judgement) -> dict[str, Any]:
    """Return the JSON object of the contract."""
    evidence = judgement.evidence
    return {
        "file": str(judgement.path),
        **(_no_fit_json(judgement.fit_failure) if judgement.fit is None else _fit_json(judgement.fit, judgement)),
        "parameters": _parameters_json(judgement.parameters, judgement.fit_failure),
        "signs": {row.key: _quantity_json(row.quantity) for row in sign_rows(judgement.features)},
        "fields": [
            {"field_T": own.field_T, "alpha": _quantity_json(own.alpha), "chi2_per_dof": _finite(own.chi2_per_dof)}
            for own in judgement.fields
        ],
        "table1": _table1_json(judgement),
        "evidence": [
            {"mechanism": row.mechanism, "verdict": row.verdict, "because": list(row.because)}
            for row in evidence.mechanisms
        ],
        "models": _models_json(evidence),
        "verdict": evidence.verdict,
        "because": list(evidence.because),
    }


def _fit_json(fit: ExponentFit, judgement: Judgement) -> dict[str, Any]:
    systematic = fit.systematic
    return {
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
        "caution": fit.caution or None,
        "chi2_per_dof": fit.chi2_per_dof,
        "points_used": fit.points_used,
        "isotherms_used": fit.isotherms_used,
        "window": _window_json(fit),
        "d_of_alpha": _deviation_json(fit) | _bias_json(judgement.deviation_bias),
        "corrections": _corrections_json(fit),
    }


def _no_fit_json(why: str) -> dict[str, Any]:
    return {
        "alpha": {
            "value": None,
            "error": None,
            "interval95": None,
            "statistical": None,
            "systematic": None,
            "why": why,
        },
        "chi2_per_dof": None,
        "points_used": 0,
        "isotherms_used": 0,
        "window": {"temperature_max_K": None, "bias_max_V": None, "why": why},
        "d_of_alpha": {"minimum": None, "alpha": [], "d": [], "why": why},
        "corrections": {"why": why},
    }


def _models_json(evidence: Evidence) -> dict[str, Any]:
    """Return chi-square of every forward model on the same binned curves."""
    comparison = evidence.comparison
    if comparison is None:
        return {}
    return {
        name: {
            "chi2": _finite(fit.chi2),
            "parameters": fit.parameters,
            "points": comparison.points,
            "delta_chi2": _finite(comparison.cost(name)),
        }
        for name, fit in comparison.fits.items()
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


def _bias_json(bias: DeviationBias | None) -> dict[str, Any]:
    """Return the bias of D's minimum, as printed and over the signal, with the scatter of one data set."""
    if bias is None:
        return {}
    return {"bias": _quantity_json(bias.printed), "bias_dimensionless": _quantity_json(bias.dimensionless)}


def _table1_json(judgement: Judgement) -> dict[str, Any]:
    """Return our row of Table I beside the paper's."""
    row = judgement.row
    if row is None:
        return {"why": f"sample {judgement.sample!r} is not one of {', '.join(PUBLISHED)}, or lacks the paper's range"}
    theirs = PUBLISHED[judgement.sample]
    found = agreement({judgement.sample: row})
    return {
        "sample": judgement.sample,
        **{name: _pair_json(getattr(row, name), getattr(theirs, name)) for name in ROW_NAMES},
        "chi2": found.chi2,
        "numbers": found.numbers,
        "probability": found.probability,
    }


def _pair_json(ours: Measured, theirs: Measured | None) -> dict[str, Any]:
    own = {"value": ours[0], "error": ours[1]}
    if theirs is None:
        return own
    return own | {"paper": theirs[0], "paper_error": theirs[1], "sigmas": deviation(ours, theirs)}


def universality_json(found: Universality) -> dict[str, Any]:
    """Return what several samples have in common."""
    return {
        "samples": [
            {
                "name": own.name,
                "amplitude_ratio": _quantity_json(own.amplitude_ratio),
                "coupling_ratio": _quantity_json(own.coupling_ratio),
            }
            for own in found.samples
        ],
        "alpha": found.alpha,
        "chi2": _finite(found.chi2),
        "degrees_of_freedom": found.degrees_of_freedom,
        "p_value": _finite(found.p_value),
        "is_universal": found.is_universal,
        "reduced_bias": found.reduced_bias.tolist(),
        "curve_S_per_K_to_the_alpha": found.curve.tolist(),
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
        "voltage_noise_Vrms": applied.voltage_noise_Vrms,
        "crossover_shift": fit.alpha - fit.crossover.uncorrected_alpha,
        "listed": [{"name": row.name, "value": row.value, "how": row.how} for row in correction_rows(fit)],
    }
    why = {}
    if found["bias_offset_error_V"] is None:
        why["bias_offset_error_V"] = "the offset was given, not estimated"
    if excitation_Vrms is None:
        why["excitation_Vrms"] = "the file does not say; --excitation-Vrms gives it"
    return found | ({"why": why} if why else {})


def _parameters_json(parameters: Parameters | None, why: str) -> dict[str, Any]:
    if parameters is None:
        nothing = _quantity_json(Quantity(None, None, "", why=why))
        return {field.name: dict(nothing) for field in fields(Parameters)}
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
