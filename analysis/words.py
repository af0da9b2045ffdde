"""What was found, in rows of words and numbers, alike for terminal, page and JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from analysis.corrections import AppliedCorrections
from analysis.features import Features
from analysis.field_exponents import FieldExponent
from analysis.fit_result import ExponentFit
from analysis.parameters import Parameters
from analysis.quantities import in_conductance_quanta
from analysis.quantity import Quantity, missing
from analysis.scaling.deviation_bias import DeviationBias
from analysis.signs.telegraph import Telegraph
from analysis.signs.transitions import Transitions
from analysis.table1 import PUBLISHED, Measured, Row, agreement, deviation
from analysis.universality import Universality

DIGITS_OF_ERROR, MOST_DIGITS = 2, 6
LARGE, SMALL = 1e5, 1e-3
SHOWN_UNITS = {"V": (1e3, "mV"), "m": (1e9, "nm")}

PARAMETER_WORDS = {
    "b_sigma": "B_sigma: slope of G(0, T) against T^1/2 (eq 22)",
    "f0": "F0: slope of F(v) against v^1/2 (eq 27)",
    "f1": "F1: intercept of that line",
    "gamma1_fit": "F1 / B_sigma",
    "gamma1_model_same_fit": "the same of the 2CK curve with one A, through the same fit",
    "gamma1_model_spread": "the same with A spread from zero",
    "a_unit_slope": "A from unit slope (eq 25)",
    "kondo_temperature_K": "T_K",
    "crossover_bias_V": "V_K",
    "delta_bound_K": "splitting Delta (eq 28)",
    "tx_K": "saturation temperature Tx (eq 29)",
    "tls_count": "two-level systems, at 2 e2/h each",
}
"""The fields of `parameters.Parameters`."""


ROW_WORDS = {"b_sigma": "B_sigma", "f0": "F0", "f1": "F1", "gamma1": "F1 / B_sigma", "alpha": "alpha"}
"""The fields of `table1.Row`."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table: its title, the heads of its columns, and its rows; a row that has no number is faint."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction: its name, what was taken, and whether that was estimated, given or is off."""

    name: str
    value: str
    how: str


@dataclass(frozen=True, slots=True)
class SignRow:
    """One sign: a key for JSON, the words for people, and the number or why there is none."""

    key: str
    words: str
    quantity: Quantity


def number_text(quantity: Quantity) -> str:
    """Return value and error with the digits that the error leaves, unit and bound; a dash for nothing."""
    if quantity.value is None:
        return "-"
    factor, name = SHOWN_UNITS.get(quantity.unit, (1.0, quantity.unit))
    if factor != 1.0:
        error = None if quantity.error is None else factor * quantity.error
        return number_text(Quantity(factor * quantity.value, error, name, quantity.bound))
    unit = f" {name}" if name else ""
    bound = f"{quantity.bound} " if quantity.bound else ""
    if quantity.error is None or not 0.0 < quantity.error < np.inf:
        return f"{bound}{quantity.value:.4g}{unit}"
    size = max(abs(quantity.value), quantity.error)
    power = int(np.floor(np.log10(size))) if not SMALL <= size < LARGE else 0
    value, error = quantity.value / 10.0**power, quantity.error / 10.0**power
    digits = max(0, DIGITS_OF_ERROR - 1 - int(np.floor(np.log10(error))))
    if value:
        digits = min(digits, max(0, MOST_DIGITS - 1 - int(np.floor(np.log10(abs(value))))))
    text = f"{value:.{digits}f} +- {error:.{digits}f}"
    return f"{bound}{text}{unit}" if power == 0 else f"{bound}({text})e{power}{unit}"


def correction_rows(fit: ExponentFit) -> tuple[CorrectionRow, ...]:
    """Return every correction, those that are off too."""
    applied = fit.corrections
    return (
        _given("series resistance", applied.series_ohm, f"{applied.series_ohm:g} ohm"),
        _bias_offset(applied),
        _excitation(applied, fit),
        _given("voltage noise", applied.voltage_noise_Vrms, f"{1e6 * applied.voltage_noise_Vrms:.3g} uV rms"),
        _given(
            "electrons above the thermometer", applied.electron_base_K, f"T0 = {1e3 * applied.electron_base_K:.3g} mK"
        ),
        CorrectionRow(
            "thermometer, an isotherm",
            f"{100 * applied.temperature_accuracy_fraction:.2g} % (prior), {fit.systematic.temperature:.4f} in alpha",
            "given" if applied.temperature_accuracy_fraction else "off",
        ),
        _drift(applied),
        CorrectionRow("free level, an isotherm", f"{fit.isotherms_used} levels", "estimated"),
        CorrectionRow(
            "departure towards T_K",
            f"{fit.alpha - fit.crossover.uncorrected_alpha:+.4f} in alpha",
            "estimated",
        ),
        CorrectionRow("noise of a point", f"from {applied.noise_source}", _noise_how(applied)),
    )


def _noise_how(applied: AppliedCorrections) -> str:
    return "given" if applied.noise_source == "given" else "estimated"


def _given(name: str, size: float, text: str) -> CorrectionRow:
    return CorrectionRow(name, text if size else "none", "given" if size else "off")


def _bias_offset(applied: AppliedCorrections) -> CorrectionRow:
    value_uV, error_V = 1e6 * applied.bias_offset_V, applied.bias_offset_error_V
    if error_V is not None:
        return CorrectionRow("bias offset", f"{value_uV:.2f} +- {1e6 * error_V:.2f} uV, from symmetry", "estimated")
    return _given("bias offset", applied.bias_offset_V, f"{value_uV:.3g} uV")


def _excitation(applied: AppliedCorrections, fit: ExponentFit) -> CorrectionRow:
    name = "lock-in excitation"
    if applied.excitation_Vrms is None:
        return CorrectionRow(name, "unknown", "off")
    low, high = 1e6 * min(applied.excitation_Vrms), 1e6 * max(applied.excitation_Vrms)
    text = f"{low:.3g} to {high:.3g} uV rms"
    if applied.is_kernel_applied:
        return CorrectionRow(name, f"{text}, its kernel in the basis", "given")
    return CorrectionRow(name, f"{text}, alike in kB T / e: part of the scaling curve", "given")


def _drift(applied: AppliedCorrections) -> CorrectionRow:
    rate = applied.drift_S_per_sqrt_s
    if rate is None:
        return CorrectionRow("drift", "modelled point by point: no times", "estimated")
    text = (
        f"{float(in_conductance_quanta(rate)) * 3600.0**0.5:.2g} e2/h in the root of an hour, from anchors and sweeps"
    )
    return CorrectionRow("drift", text if rate else "none needed", "estimated")


def sign_rows(features: Features) -> tuple[SignRow, ...]:
    """Return every sign that was looked for; one that the data do not give has a reason for its value."""
    rows = (*_shape_rows(features), *_field_rows(features), *_event_rows(features))
    return tuple(rows)


def _none(features: Features, part: str, unit: str = "") -> Quantity:
    return missing(unit, features.missing.get(part, "not looked for"))


def _shape_rows(features: Features) -> Iterator[SignRow]:
    anomaly, exponents, heating = features.anomaly, features.exponents, features.heating
    yield SignRow(
        "amplitude",
        "anomaly of the coldest isotherm",
        _none(features, "anomaly", "e2/h") if anomaly is None else anomaly.amplitude,
    )
    yield SignRow(
        "sharvin_radius_m",
        "Sharvin radius (eq 3)",
        _none(features, "anomaly", "m") if anomaly is None else anomaly.sharvin_radius_m,
    )
    for name in ("alpha", "beta"):
        words = {"alpha": "alpha, left free from beta (eq 11)", "beta": "beta of v = eV / T^(beta/alpha)"}[name]
        yield SignRow(
            f"two_exponents_{name}",
            words,
            _none(features, "exponents") if exponents is None else getattr(exponents, name),
        )
    departure = features.departure
    for key, words, part in (
        ("log_slope_bias", "dG / d ln V beyond V_K (Cu.7)", "log_slope_bias"),
        ("log_slope_temperature", "dG / d ln T beyond T_K (Cu.7)", "log_slope_temperature"),
    ):
        yield SignRow(
            key, words, _none(features, "departure", "e2/h") if departure is None else getattr(departure, part)
        )
    saturation = features.saturation
    values = () if saturation is None or not saturation.terms else saturation.tx_K
    for number, tx in enumerate(values, start=1):
        yield SignRow(f"tx_{number}_K", f"saturation temperature Tx, term {number}", tx)
    yield SignRow(
        "lorenz_ratio",
        "Lorenz number of the map G(0, Teff), over Sommerfeld's",
        _none(features, "heating") if heating is None else heating.lorenz_ratio,
    )
    symmetry = features.symmetry
    yield SignRow(
        "odd_over_even",
        "odd part of G(V) over the even one",
        _none(features, "symmetry") if symmetry is None else symmetry.odd_over_even,
    )


def _field_rows(features: Features) -> Iterator[SignRow]:
    law, split = features.field_law, features.zeeman
    nothing = _none(features, "field_law", "e2/h")
    yield SignRow("field_largest", "largest change of G(0) in a field", nothing if law is None else law.largest)
    for key, words in (
        ("slope_per_T", "linear law: dG(0) / d|H|"),
        ("slope_per_sqrt_T", "square-root law: factor of |H|^1/2"),
    ):
        yield SignRow(f"field_{key}", words, nothing if law is None else getattr(law, key))
    yield SignRow(
        "field_law",
        "law of G(0, H)",
        nothing if law is None else missing("", law.law.value),
    )
    yield SignRow("zeeman_g", "g of a Zeeman splitting", _none(features, "zeeman") if split is None else split.g_factor)


def _event_rows(features: Features) -> Iterator[SignRow]:
    yield from _transition_rows(features, features.transitions)
    yield from _telegraph_rows(features, features.telegraph)
    phonons = features.phonons
    for key, words, part in (
        ("phonon_transverse_V", "transverse phonon peak", "transverse_V"),
        ("phonon_longitudinal_V", "longitudinal phonon peak", "longitudinal_V"),
        ("phonon_ballisticity", "height of the second over the first", "ballisticity"),
    ):
        yield SignRow(key, words, _none(features, "phonons") if phonons is None else getattr(phonons, part))


def _transition_rows(features: Features, found: Transitions | None) -> Iterator[SignRow]:
    if found is None or not found.tracks:
        why = features.missing.get("transitions", "") if found is None else found.why
        places = () if found is None else found.spikes
        if places and not why:
            why = f"{len(places)} spikes, not followed through three fields"
        yield SignRow("transitions", "conductance transitions Vc(H)", missing("V", why or "none"))
        return
    for number, track in enumerate(found.tracks, start=1):
        yield SignRow(f"transition_{number}_V", f"transition {number}: Vc in zero field", track.position_V)
        words = f"transition {number}: Hc, {track.motion} in H"
        yield SignRow(f"transition_{number}_critical_T", words, track.critical_field_T)


def _telegraph_rows(features: Features, found: Telegraph | None) -> Iterator[SignRow]:
    if found is None or not found.is_found:
        why = features.missing.get("telegraph", "") if found is None else found.why
        yield SignRow("telegraph", "telegraph noise between two curves", missing("e2/h", why or "none"))
        return
    yield SignRow("telegraph_amplitude", "telegraph: Delta G(0)", found.amplitude)
    yield SignRow("telegraph_vanishing_V", "telegraph: bias where Delta G is a tenth of it", found.vanishing_bias_V)
    yield SignRow("telegraph_upper_s", "telegraph: mean time on the upper curve", found.upper_dwell_s)
    yield SignRow("telegraph_lower_s", "telegraph: mean time on the lower curve", found.lower_dwell_s)


def correction_section(fit: ExponentFit) -> Section:
    """Return the corrections as a table."""
    rows = tuple((row.name, row.value, row.how) for row in correction_rows(fit))
    return Section("Corrections", ("", "taken", ""), rows)


def parameter_section(parameters: Parameters) -> Section:
    """Return the parameters as a table."""
    found = [(field.name, getattr(parameters, field.name)) for field in fields(parameters)]
    rows = tuple((PARAMETER_WORDS[name], number_text(own), own.why) for name, own in found)
    return Section("Parameters", ("", "value", "remark"), rows)


def sign_section(features: Features) -> Section:
    """Return the signs as a table."""
    rows = tuple((row.words, number_text(row.quantity), row.quantity.why) for row in sign_rows(features))
    return Section("Signs by which mechanisms differ", ("", "value", "remark"), rows)


def field_section(found: Sequence[FieldExponent]) -> Section:
    """Return the exponent of each field as a table."""
    rows = tuple(
        (
            f"H = {round(own.field_T, 3) + 0.0:g} T",
            number_text(own.alpha),
            own.alpha.why if own.chi2_per_dof is None else f"chi2/dof {own.chi2_per_dof:.2f}",
        )
        for own in found
    )
    return Section("Exponent by field", ("", "alpha", "remark"), rows)


def deviation_section(fit: ExponentFit, bias: DeviationBias | None) -> Section | None:
    """Return the minima of D(alpha) with their biases as a table; None without D."""
    curve = fit.d_of_alpha
    if curve is None:
        return None
    printed, over = ("", "") if bias is None else (number_text(bias.printed), number_text(bias.dimensionless))
    rows = (
        ("as printed, T in kelvin", f"{curve.minimum:.3f}", printed),
        ("over the integral of the squared mean curve: no unit", f"{curve.minimum_dimensionless:.3f}", over),
        ("as printed, curves averaged over bins of v as in a plot", f"{curve.minimum_binned:.3f}", ""),
    )
    temperatures = ", ".join(f"{own:.3g}" for own in curve.temperatures_K)
    note = (
        f"T = {temperatures} K, |v| <= {curve.vmax:.3g}. Bias: simulated at the noise of these data, with the scatter "
    )
    return Section("D(alpha) of eq 24", ("", "lowest at", "bias"), rows, note + "of one data set.")


def table1_section(sample: str, row: Row | None) -> Section | None:
    """Return our numbers beside the paper's as a table; None for a sample that is not in Table I."""
    if row is None:
        return None
    paper, found = PUBLISHED[sample], agreement({sample: row})
    rows = tuple(
        (name, _measured_text(ours), *_beside(ours, getattr(paper, key)))
        for key, name in ROW_WORDS.items()
        if (ours := getattr(row, key)) is not None
    )
    note = f"B_sigma, F0 and F1 in e2/h K^-1/2. chi2 = {found.chi2:.1f} for {found.numbers} numbers, p = "
    return Section(
        f"Table I, {sample}", ("", "here", "paper", "difference / sigma"), rows, f"{note}{found.probability:.2f}."
    )


def _measured_text(measured: Measured) -> str:
    return number_text(Quantity(*measured, ""))


def _beside(ours: Measured, theirs: Measured | None) -> tuple[str, str]:
    return ("", "") if theirs is None else (_measured_text(theirs), f"{deviation(ours, theirs):+.1f}")


def universality_section(found: Universality) -> Section:
    """Return the samples on one scale as a table."""
    rows = tuple((own.name, number_text(own.amplitude_ratio), number_text(own.coupling_ratio)) for own in found.samples)
    verdict = "agree with one curve" if found.is_universal else "do not agree with one curve"
    note = (
        f"The scaling curves {verdict}: chi2 = {found.chi2:.1f} for {found.degrees_of_freedom} degrees of freedom, p = "
    )
    note += f"{found.p_value:.2g}, alpha = {found.alpha:.3f}."
    return Section("Universality (eq 25, fig 11)", ("", "B over the first", "A over the first"), rows, note)
