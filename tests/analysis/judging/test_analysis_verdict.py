"""What the criteria say and the verdict makes of it, from facts put together by hand."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.evidence import CRITERIA, MECHANISMS
from analysis.features import Features
from analysis.fit_result import ExponentFit
from analysis.judging import criteria, criteria_outside
from analysis.judging.comparison import Comparison
from analysis.judging.facts import Facts, Weight
from analysis.judging.model_fit import ModelFit
from analysis.judging.verdict import MechanismEvidence, decide, weigh_findings
from analysis.quantity import Quantity, missing
from analysis.sample_history import EventKind, SampleEvent
from analysis.signs.field_change import FieldChange
from analysis.signs.field_law import FieldLaw, MagnetoLaw
from analysis.signs.symmetry import Symmetry
from analysis.signs.telegraph import Telegraph
from analysis.signs.zeeman import ZeemanSplitting

POINTS = 200
NOTHING = Features(*[None] * 11, missing={})
NAMES = (
    "2CK",
    "2CK-with-splitting",
    "disorder",
    "magnetic-kondo",
    "kozub-kulik",
    "heating",
    "circuit",
    "charge-trap",
)
ANNEALED = SampleEvent(EventKind.ANNEAL, 0.05, 0.02, 0.004)


def compared(**chi2: float) -> Comparison:
    """Return a comparison in which all mechanisms but those named fit very badly."""
    values = {"amplitude_S_per_sqrt_K": 3e-4, "kondo_temperature_K": 1.0}
    named = {name: chi2.get(name.replace("-", "_").replace("2", "two_"), 1e5) for name in NAMES}
    return Comparison({name: ModelFit(name, cost, 4, values) for name, cost in named.items()}, 1e6, POINTS, 10)


def facts(fit: ExponentFit | None, comparison: Comparison, features: Features = NOTHING, *events: SampleEvent) -> Facts:
    return Facts(fit, None, features, comparison, (0.1, 0.3, 1.0), (0.0, 6.0), events)


def verdict(of: Facts) -> str:
    findings = [finding for criterion in CRITERIA for finding in criterion(of)]
    return decide(of, [weigh_findings(name, findings) for name in MECHANISMS])[0]


def measured(value: float, error: float, unit: str = "") -> Quantity:
    return Quantity(value, error, unit)


def field_law(slope: Quantity, in_dip: float, power: float = 0.5) -> Features:
    """Return a field series in which G(0) changes as a power of H, and the dip by so much."""
    error = slope.error or 0.0
    changes = tuple(
        FieldChange(field_T, 0.01, measured((slope.value or 0.0) * field_T**power, error), measured(in_dip, 0.1), slope)
        for field_T in (0.5, 1.0, 2.0, 4.0, 6.0)
    )
    law = FieldLaw(MagnetoLaw.UNKNOWN, {}, {}, slope, slope, slope, False, changes, "")
    return replace(NOTHING, field_law=law)


@pytest.fixture
def root_fit(small_fit: ExponentFit) -> ExponentFit:
    return replace(small_fit, alpha=0.501, error=0.006, interval95=(0.489, 0.513), chi2_per_dof=1.01)


@pytest.fixture
def two_channel() -> Comparison:
    return compared(two_CK=180.0, two_CK_with_splitting=178.0, disorder=90_000.0)


def test_shape_alone_never_tells_two_channel_kondo_from_disorder(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    assert verdict(facts(root_fit, two_channel)) == "undecided"
    assert verdict(facts(root_fit, compared(disorder=180.0, two_CK=90_000.0))) == "undecided"


def test_a_field_that_changes_only_the_dip_speaks_against_disorder(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    law = field_law(measured(3.0, 0.3), in_dip=2.0)
    assert verdict(facts(root_fit, two_channel, law)) == "2CK"


def test_a_square_root_of_the_field_at_every_bias_is_disorder(root_fit: ExponentFit, two_channel: Comparison) -> None:
    law = field_law(measured(3.0, 0.3), in_dip=0.05)
    assert verdict(facts(root_fit, two_channel, law)) == "disorder"


def test_a_change_of_the_dip_that_is_not_excluded_is_no_square_root_at_every_bias(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    law = field_law(measured(1.0, 0.1), in_dip=1.2)
    assert law.field_law is not None
    changes = tuple(replace(change, in_dip=measured(1.2, 0.3)) for change in law.field_law.changes)
    law = replace(law, field_law=replace(law.field_law, changes=changes))
    assert verdict(facts(root_fit, two_channel, law)) == "undecided"


def test_another_law_at_every_bias_is_not_disorder(root_fit: ExponentFit, two_channel: Comparison) -> None:
    law = field_law(measured(1.0, 0.1), in_dip=0.05, power=2.0)
    assert verdict(facts(root_fit, two_channel, law)) == "undecided"


def test_no_effect_of_a_field_excludes_disorder_only_if_it_would_have_been_seen(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    sharp = field_law(measured(0.0, 0.1), in_dip=0.05)
    blunt = field_law(measured(0.0, 1.0), in_dip=0.05)
    assert verdict(facts(root_fit, two_channel, sharp)) == "2CK"
    assert verdict(facts(root_fit, two_channel, blunt)) == "undecided"


def test_an_anomaly_that_anneals_away_is_no_disorder(root_fit: ExponentFit, two_channel: Comparison) -> None:
    assert verdict(facts(root_fit, two_channel, NOTHING, ANNEALED)) == "2CK"


def test_an_anomaly_that_goes_with_a_tenth_of_the_resistance_is_no_two_level_system(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    event = SampleEvent(EventKind.ANNEAL, 0.1, 0.02, 0.3)
    assert verdict(facts(root_fit, two_channel, NOTHING, event)) == "disorder"


def test_an_exponent_off_one_half_is_neither(small_fit: ExponentFit) -> None:
    fit = replace(small_fit, alpha=0.38, error=0.01, chi2_per_dof=1.0)
    assert verdict(facts(fit, compared(circuit=180.0))) == "circuit"


def test_a_low_kondo_temperature_may_lower_the_exponent(small_fit: ExponentFit, two_channel: Comparison) -> None:
    fit = replace(small_fit, alpha=0.44, error=0.005, chi2_per_dof=1.0)
    weights = {f.mechanism: f.weight for f in criteria.exponent(facts(fit, two_channel))}
    assert weights["2CK"] is Weight.OPEN
    assert weights["disorder"] is Weight.AGAINST


def test_saturation_beats_everything_that_scales() -> None:
    assert verdict(facts(None, compared(two_CK_with_splitting=180.0, two_CK=2000.0))) == "2CK-with-splitting"


def test_a_saturation_that_gains_little_leaves_it_open(root_fit: ExponentFit) -> None:
    comparison = compared(two_CK_with_splitting=180.0, two_CK=195.0)
    assert verdict(facts(root_fit, comparison, NOTHING, ANNEALED)) == "undecided"


def test_two_mechanisms_that_fit_alike_are_not_told_apart() -> None:
    assert verdict(facts(None, compared(magnetic_kondo=180.0, kozub_kulik=186.0))) == "undecided"


def test_what_is_open_says_what_would_decide_and_not_what_has_been_done(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    costs = compared(two_CK=180.0, disorder=180.0)
    rows = [MechanismEvidence(name, "undecided", ()) for name in ("2CK", "disorder")]
    rows += [MechanismEvidence(name, "excluded", ()) for name in MECHANISMS if name not in ("2CK", "disorder")]
    (_, advice) = decide(facts(root_fit, costs), rows)[1]
    assert "field series" in advice and "annealing" in advice and "temperature," not in advice
    with_field = facts(root_fit, costs, field_law(measured(0.0, 0.1), 0.0), ANNEALED)
    assert decide(with_field, rows)[1] == ("2CK and disorder are not told apart by these data",)
    assert "a factor of 10 in temperature" in decide(facts(None, costs), rows)[1][-1]


def test_an_anomaly_that_stays_after_annealing_is_not_made_by_two_level_systems() -> None:
    comparison = compared(magnetic_kondo=180.0, kozub_kulik=186.0)
    event = SampleEvent(EventKind.ANNEAL, 1.0, 0.03, 0.001)
    assert verdict(facts(None, comparison, NOTHING, event)) == "magnetic-kondo"


def test_a_peak_is_a_trap() -> None:
    comparison = compared(charge_trap=180.0, two_CK=1e6, disorder=1e6, circuit=1e6)
    assert verdict(facts(None, comparison)) == "charge-trap"


def test_a_splitting_with_the_g_factor_of_a_spin_excludes_levels() -> None:
    comparison = compared(charge_trap=185.0, kozub_kulik=180.0, two_CK=1e6, disorder=1e6, circuit=1e6)
    split = replace(NOTHING, zeeman=ZeemanSplitting(measured(2.02, 0.03), 900.0, 190.0, 1090.0, 180, True, ""))
    assert verdict(facts(None, comparison)) == "undecided"
    assert verdict(facts(None, comparison, split)) == "charge-trap"


def test_no_splitting_excludes_a_spin_with_a_small_kondo_temperature() -> None:
    unsplit = replace(NOTHING, zeeman=ZeemanSplitting(Quantity(0.2, None, "", "<="), 1.0, 180.0, 181.0, 180, False, ""))
    found = criteria_outside.zeeman(facts(None, compared(), unsplit))
    assert {finding.mechanism for finding in found if finding.weight is Weight.AGAINST} == {
        "magnetic-kondo",
        "charge-trap",
    }


def test_curves_that_are_odd_are_interference(root_fit: ExponentFit, two_channel: Comparison) -> None:
    odd = Symmetry(900.0, 40, 1e-90, measured(0.4, 0.01), measured(0.8, 0.02), measured(0.95, 0.05), 3, 4000)
    assert verdict(facts(root_fit, two_channel, replace(NOTHING, symmetry=odd), ANNEALED)) == "ucf"


def test_a_small_odd_part_leaves_everything_open(root_fit: ExponentFit, two_channel: Comparison) -> None:
    odd = Symmetry(900.0, 40, 1e-90, measured(0.04, 0.001), measured(0.08, 0.002), measured(0.95, 0.05), 3, 4000)
    assert verdict(facts(root_fit, two_channel, replace(NOTHING, symmetry=odd), ANNEALED)) == "undecided"


@pytest.mark.parametrize(("count", "expected"), [(3, "telegraph"), (0, "2CK")])
def test_switching_must_be_seen_at_more_than_a_stray_isotherm(
    root_fit: ExponentFit, two_channel: Comparison, count: int, expected: str
) -> None:
    none = missing("", "")
    seen = Telegraph(True, tuple([None] * count), measured(0.8, 0.05), none, none, none, none, "")  # type: ignore[arg-type]
    assert verdict(facts(root_fit, two_channel, replace(NOTHING, telegraph=seen), ANNEALED)) == expected


def test_switching_that_goes_with_the_sign_of_the_bias_is_an_odd_part(
    root_fit: ExponentFit, two_channel: Comparison
) -> None:
    none = missing("", "")
    seen = Telegraph(True, (None,) * 3, measured(0.8, 0.05), none, none, none, none, "")  # type: ignore[arg-type]
    of = facts(root_fit, two_channel, replace(NOTHING, telegraph=seen), ANNEALED)
    assert verdict(replace(of, sidedness=0.05)) == "telegraph"
    assert verdict(replace(of, sidedness=-0.8)) == "undecided"


def test_what_no_model_describes_and_does_not_scale_is_no_scaling() -> None:
    assert verdict(facts(None, compared())) == "no-scaling"


def test_what_is_not_even_is_not_called_an_anomaly_that_does_not_scale() -> None:
    odd = Symmetry(900.0, 40, 1e-90, measured(0.04, 0.001), measured(0.08, 0.002), measured(0.95, 0.05), 3, 4000)
    assert verdict(facts(None, compared(), replace(NOTHING, symmetry=odd))) == "undecided"


def test_scaling_does_not_exclude_levels_whose_own_curves_fit(root_fit: ExponentFit) -> None:
    comparison = compared(kozub_kulik=180.0, heating=182.0)
    assert verdict(facts(root_fit, comparison)) == "undecided"
    assert verdict(facts(root_fit, compared(kozub_kulik=200.0, heating=182.0))) == "heating"


def test_without_an_anomaly_there_is_nothing_to_decide(root_fit: ExponentFit) -> None:
    flat = replace(compared(**{name: 180.0 for name in ("two_CK", "disorder")}), chi2_nothing=190.0)
    assert verdict(facts(root_fit, flat)) == "undecided"


def test_every_mechanism_gets_a_verdict_and_a_sentence(root_fit: ExponentFit, two_channel: Comparison) -> None:
    of = facts(root_fit, two_channel, NOTHING, ANNEALED)
    findings = [finding for criterion in CRITERIA for finding in criterion(of)]
    for name in MECHANISMS:
        row = weigh_findings(name, findings)
        assert row.verdict in ("consistent", "excluded", "undecided")
        assert row.because or name in ("telegraph", "ucf")


def test_numbers_stand_in_the_sentences(root_fit: ExponentFit, two_channel: Comparison) -> None:
    texts = [finding.text for finding in criteria.exponent(facts(root_fit, two_channel))]
    assert any("0.501 +- 0.006" in text and "0.489 to 0.513" in text for text in texts)
    assert np.isfinite(root_fit.alpha)
