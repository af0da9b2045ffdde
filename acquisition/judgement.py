"""What `zerobias analyze` says of a file: fit, parameters, signs and evidence; and of several files together."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from acquisition.circuit import ScaleError
from acquisition.errors import InputError
from acquisition.measured import Measured, load_measured
from acquisition.run_schema import SUFFIX
from analysis.collapse import fit_exponent
from analysis.common_scale import compare_runs
from analysis.corrections import Corrections
from analysis.curves import Curves, Window
from analysis.errors import AnalysisError, DataError, ModelError
from analysis.evidence import Evidence, has_centre, weigh
from analysis.features import Features, find_features
from analysis.field_exponents import FieldExponent, exponents_of_fields
from analysis.fit_result import ExponentFit
from analysis.paper_row import PAPER_FITS, paper_row
from analysis.parameters import Parameters, find_parameters
from analysis.scaling.deviation_bias import DeviationBias, deviation_bias
from analysis.table1 import Row
from analysis.thinning import thinned
from analysis.universality import Universality
from analysis.words import (
    Section,
    correction_section,
    deviation_section,
    field_section,
    parameter_section,
    sign_section,
    table1_section,
)

TEMPERATURES_OF_A_RUN = 3
SEED = 24
"""Of the simulation behind the bias of D(alpha): the same file gives the same numbers."""


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
    voltage_noise_Vrms: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no number; raises `InputError`."""
        for option, value in asdict(self).items():
            if value is not None and not math.isfinite(value):
                raise InputError(f"--{option.replace('_', '-')} {value}: expected a finite number")


@dataclass(frozen=True)
class Judgement:
    """One file, judged.

    `fit` and `parameters` are None where the data show an anomaly that has no exponent, as that of a charge trap;
    `fit_failure` then says why. `fields` holds the exponent of each field, `deviation_bias` what a simulation says of
    D(alpha), `row` the numbers of Table I if the sample is one of the paper's.
    """

    path: Path
    curves: Curves
    fit: ExponentFit | None
    parameters: Parameters | None
    features: Features
    evidence: Evidence
    fit_failure: str = ""
    sample: str = ""
    fields: tuple[FieldExponent, ...] = ()
    deviation_bias: DeviationBias | None = None
    row: Row | None = None
    scale_error: ScaleError | None = None


def _silent(stage: str) -> None:
    """Tell nobody."""


def judge(path: Path, options: AnalyzeOptions, tell: Callable[[str], None] = _silent) -> Judgement:
    """Fit exponent and parameters of a run file or a tidy CSV, and weigh the mechanisms; `tell` hears what is done.

    Raises
    ------
    InputError
        If the file cannot be read.
    AnalysisError
        If an option asks for what cannot be; or if the data cannot be fitted, show no anomaly and have fewer than three
        temperatures.
    """
    measured = load_measured(path)
    curves = thinned(measured.curves())
    window, corrections = _window(curves, options), _corrections(measured, options)
    tell("fitting the exponent")
    try:
        fit = _fit(curves, window, corrections, options)
    except AnalysisError as error:
        if isinstance(error, ModelError):
            raise  # the options ask for what cannot be
        return _without_fit(path, curves, measured, error)
    tell("looking for signs")
    features = find_features(curves, fit)
    parameters = find_parameters(curves, fit, features=features)
    tell("weighing mechanisms")
    evidence = weigh(curves, fit, parameters, features, measured.facts.history)
    sample = measured.facts.sample
    return Judgement(
        path,
        curves,
        fit,
        parameters,
        features,
        evidence,
        sample=sample,
        fields=exponents_of_fields(curves, fit),
        deviation_bias=deviation_bias(curves, fit, np.random.default_rng(SEED)),
        row=_row(sample, curves, fit, corrections),
        scale_error=measured.facts.scale_error,
    )


def compare(judgements: Sequence[Judgement]) -> Universality | None:
    """Test whether the scaling curves of several files are one; None unless two or more of them scale.

    The exponent is the mean of theirs, weighted with their errors.
    """
    scaling = [(own.path.name, own.curves, own.fit) for own in judgements if own.fit is not None]
    return None if len(scaling) < 2 else compare_runs(scaling)


@dataclass(frozen=True)
class FilesCompared:
    """How files compare, and why each that was left out could not be fitted."""

    universality: Universality
    left_out: tuple[str, ...]


def compare_files(paths: Sequence[Path]) -> FilesCompared:
    """Test whether the scaling curves of several run files or CSVs are one, without judging each.

    Raises
    ------
    InputError
        If fewer than two of them can be read and fitted; it says why each of the others cannot.
    AnalysisError
        If they have no common range.
    """
    scaling, left_out = [], []
    for path in paths:
        try:
            measured = load_measured(path)
            curves = measured.curves()
            scaling.append((_short_name(path, measured), curves, fit_exponent(curves, None, measured.corrections())))
        except InputError as error:  # names the file
            left_out.append(str(error))
        except AnalysisError as error:
            left_out.append(f"{path.name}: {error}")
    if len(scaling) < 2:
        raise InputError("; ".join(["fewer than two of these can be fitted", *left_out]))
    return FilesCompared(compare_runs(scaling), tuple(left_out))


def _short_name(path: Path, measured: Measured) -> str:
    stem, sample = path.name.removesuffix(SUFFIX), measured.facts.sample
    return f"{stem} ({sample})" if sample else stem


def sections_of(judgement: Judgement) -> list[Section]:
    """Return the numbers of a judgement as tables, for terminal and page alike."""
    fit, parameters = judgement.fit, judgement.parameters
    tables = [sign_section(judgement.features)]
    if fit is not None and parameters is not None:
        tables = [
            parameter_section(parameters),
            table1_section(judgement.sample, judgement.row),
            field_section(judgement.fields),
            *tables,
            deviation_section(fit, judgement.deviation_bias),
            correction_section(fit),
            scale_section(judgement.scale_error),
        ]
    return [table for table in tables if table is not None]


def scale_section(error: ScaleError | None) -> Section | None:
    """Return what the wiring leaves unsure of the scales as a table; None where no run file says so."""
    if error is None or not error.conductance_fraction:
        return None
    rows = (
        (
            "conductance",
            f"{100 * error.conductance_fraction:.2g} %",
            "of B_sigma, F0, F1 and amplitudes; alpha has none",
        ),
        ("Sharvin radius", f"{50 * error.conductance_fraction:.2g} %", "the root of the conductance"),
        ("bias", f"{100 * error.bias_fraction:.2g} %", "of every bias, so of A and V_K"),
    )
    return Section("Scales: error common to all points, beside the errors above", ("", "1 sigma", "remark"), rows)


def _row(sample: str, curves: Curves, fit: ExponentFit, corrections: Corrections) -> Row | None:
    if sample not in PAPER_FITS:
        return None
    try:
        return paper_row(sample, curves, fit, corrections)
    except AnalysisError:
        # a run of that sample that does not cover what the paper fits
        return None


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
    return Judgement(path, curves, None, None, features, evidence, str(failure), measured.facts.sample)


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
        "voltage_noise_Vrms": options.voltage_noise_Vrms,
    }
    return replace(known, **{name: value for name, value in given.items() if value is not None})
