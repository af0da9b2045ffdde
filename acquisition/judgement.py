"""What `zerobias analyze` says of a file: fit, parameters and evidence, and their JSON without NaN or silent null."""

import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from acquisition.errors import InputError
from acquisition.measured import Measured, load_measured
from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Curves, Window
from analysis.errors import AnalysisError, DataError, ModelError
from analysis.evidence import Evidence, has_centre, weigh
from analysis.features import Features, find_features
from analysis.fit_result import ExponentFit
from analysis.parameters import Parameters, find_parameters
from analysis.quantity import Quantity

TEMPERATURES_OF_A_RUN = 3


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

    def __post_init__(self) -> None:
        """Refuse what is no number; raises `InputError`."""
        for option, value in asdict(self).items():
            if value is not None and not math.isfinite(value):
                raise InputError(f"--{option.replace('_', '-')} {value}: expected a finite number")


@dataclass(frozen=True)
class Judgement:
    """One file, judged.

    `fit` and `parameters` are None where the data show an anomaly that has no exponent, as that of a charge trap;
    `fit_failure` then says why.
    """

    path: Path
    curves: Curves
    fit: ExponentFit | None
    parameters: Parameters | None
    features: Features
    evidence: Evidence
    fit_failure: str = ""


def judge(path: Path, options: AnalyzeOptions) -> Judgement:
    """Fit exponent and parameters of a run file or a tidy CSV, and weigh the mechanisms.

    Raises
    ------
    InputError
        If the file cannot be read.
    AnalysisError
        If an option asks for what cannot be; or if the data cannot be fitted, show no anomaly and have fewer than three
        temperatures.
    """
    measured = load_measured(path)
    curves = measured.curves()
    window, corrections = _window(curves, options), _corrections(measured, options)
    try:
        fit = _fit(curves, window, corrections, options)
    except AnalysisError as error:
        if isinstance(error, ModelError):
            raise  # the options ask for what cannot be
        return _without_fit(path, curves, measured, error)
    features = find_features(curves, fit)
    parameters = find_parameters(curves, fit, features=features)
    evidence = weigh(curves, fit, parameters, features, measured.facts.history)
    return Judgement(path, curves, fit, parameters, features, evidence)


def _fit(curves: Curves, window: Window | None, corrections: Corrections, options: AnalyzeOptions) -> ExponentFit:
    fit = fit_exponent(curves, window, corrections, field_T=options.field_T)
    if options.bias_offset_V is None and not has_centre(curves, fit):
        offset_mV = 1e3 * fit.corrections.bias_offset_V
        raise DataError(
            f"no centre of symmetry near zero bias, the nearest is at {offset_mV:.2g} mV; --bias-offset-V sets it"
        )
    return fit


def _without_fit(path: Path, curves: Curves, measured: Measured, failure: AnalysisError) -> Judgement:
    """Weigh what has no exponent, if there is an anomaly or were temperatures enough to see that there is none."""
    features = find_features(curves, None)
    evidence = weigh(curves, None, None, features, measured.facts.history, fit_failure=str(failure))
    isotherms = 0 if evidence.comparison is None else evidence.comparison.isotherms
    if not evidence.has_anomaly and isotherms < TEMPERATURES_OF_A_RUN:
        raise failure
    return Judgement(path, curves, None, None, features, evidence, str(failure))


def _window(curves: Curves, options: AnalyzeOptions) -> Window | None:
    """Return the window asked for, open where it was left open, or None if nothing was asked."""
    limits = (options.temperature_max_K, options.bias_max_V, options.reduced_bias_max)
    if limits == (None, None, None):
        return None
    return Window(
        temperature_max_K=_given(options.temperature_max_K, float(curves.temperature_K.max())),
        bias_max_V=_given(options.bias_max_V, float(abs(curves.bias_V).max())),
        reduced_bias_max=options.reduced_bias_max,
        field_T=options.field_T,
    )


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _corrections(measured: Measured, options: AnalyzeOptions) -> Corrections:
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
    evidence = judgement.evidence
    return {
        "file": str(judgement.path),
        **(_no_fit_json(judgement.fit_failure) if judgement.fit is None else _fit_json(judgement.fit)),
        "parameters": _parameters_json(judgement.parameters, judgement.fit_failure),
        "evidence": [
            {"mechanism": row.mechanism, "verdict": row.verdict, "because": list(row.because)}
            for row in evidence.mechanisms
        ],
        "models": _models_json(evidence),
        "verdict": evidence.verdict,
        "because": list(evidence.because),
    }


def _fit_json(fit: ExponentFit) -> dict[str, Any]:
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
        "chi2_per_dof": fit.chi2_per_dof,
        "points_used": fit.points_used,
        "isotherms_used": fit.isotherms_used,
        "window": _window_json(fit),
        "d_of_alpha": _deviation_json(fit),
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
