"""Truths of the titanium contacts (section VII A) and of the metallic-glass break junctions (section VII B).

Units and labels as in `samples_copper`. The paper's titanium resistances are rounded to an ohm; its glass junctions
have no resistance stated. No phonon spectrum is known of either, so there is none.
"""

from typing import Final

from simulators.samples.truths import Truth, event, two_level_systems

_OHM_TIMES_E2_PER_H: Final = 25812.807

_FIELD: Final = {"tuning_K": 0.5, "tuning_correlation_T": 1.0}
_NO_PHONONS: Final = {"phonon_depth": 0.0, "is_phonon_peak_smeared": True}
_QUENCH: Final = {"kind": "quench", "note": "measured within days of its evaporation; stressed, anneals in months"}
_GLASS: Final = {"kind": "quench", "note": "metallic glass, broken cold"}
_MIGRATION: Final = event("electromigrate", "200 mV for 10 s, several times: moves Tx", 1.0, 0.0, 0.1)
_USUAL: Final = ["largest_bias_V", "tuning_K", "tuning_correlation_T", "tuning_seed", "phonon_depth"]


def _conductance(resistance_ohm: float) -> Truth:
    return {
        "background_e2_per_h": round(_OHM_TIMES_E2_PER_H / resistance_ohm, 1),
        "resistance_in_the_paper_ohm": resistance_ohm,
    }


def _saturated(
    description: str, ohm: float, terms: list[tuple[float, float]], seed: int, history: list[Truth]
) -> Truth:
    """Return a contact of eq 29, of terms (a in e^2/h per K^(1/2), Tx in K)."""
    return {
        "description": description,
        "mechanism": "2CK-with-splitting",
        "alpha": None,
        **_conductance(ohm),
        "amplitude_e2_per_h_per_rtK": [amplitude for amplitude, _ in terms],
        "saturation_K": [saturation_K for _, saturation_K in terms],
        **_FIELD,
        "tuning_seed": seed,
        **_NO_PHONONS,
        "largest_bias_V": 10e-3,
        "history": history,
        "class_typical": [*_USUAL, "amplitude_e2_per_h_per_rtK"],
        "chosen_to_reproduce_the_paper": [],
    }


_GLASS_JUNCTION: Final = {
    "alpha": 0.5,
    "background_e2_per_h": 1500.0,
    "b_sigma_e2_per_h_per_rtK": 30.0,
    **two_level_systems(84, 0.8, (6.0, 17.0)),
    **_NO_PHONONS,
    "largest_bias_V": 12e-3,
    "history": [_GLASS],
}
_GLASS_TYPICAL: Final = [
    "background_e2_per_h",
    "b_sigma_e2_per_h_per_rtK",
    "tls_count",
    "tls_scale_A",
    "tls_kondo_temperature_K",
    "largest_bias_V",
]

TITANIUM: Final[dict[str, Truth]] = {
    "ti4": {
        "description": "titanium constriction, sample 4 of the paper: few systems, scales best",
        "mechanism": "2CK",
        "alpha": 0.5,
        **_conductance(20.0),
        "b_sigma_e2_per_h_per_rtK": 1.75,
        **two_level_systems(10, 0.8, (20.0, 20.0)),
        **_FIELD,
        "tuning_seed": 40,
        **_NO_PHONONS,
        "largest_bias_V": 10e-3,
        "history": [_QUENCH],
        "class_typical": _USUAL,
        "chosen_to_reproduce_the_paper": ["b_sigma_e2_per_h_per_rtK", "tls_scale_A", "tls_kondo_temperature_K"],
    },
    "ti5": _saturated(
        "titanium constriction, sample 5 as in fig 16: premature saturation, Tx = 1.43 K (fig 17a: after migration)",
        19.0,
        [(1.2, 1.43)],
        50,
        [_QUENCH, _MIGRATION],
    ),
    "ti5-before": _saturated(
        "titanium constriction, sample 5 before its electromigration (fig 17a)", 19.0, [(1.2, 2.3)], 51, [_QUENCH]
    ),
    "ti5-migrated": _saturated(
        "titanium constriction, sample 5 after its electromigration (fig 17a)",
        19.0,
        [(1.2, 1.4)],
        50,
        [_QUENCH, _MIGRATION],
    ),
    "ti6": _saturated(
        "titanium constriction, sample 6 (fig 17b): two saturation energies",
        22.0,
        [(0.6, 0.9), (0.9, 9.7)],
        60,
        [_QUENCH],
    ),
    "ti6-migrated": _saturated(
        "titanium constriction, sample 6 after its electromigration (fig 17b): both saturation energies moved",
        22.0,
        [(0.6, 1.5), (0.9, 6.8)],
        62,
        [_QUENCH, _MIGRATION],
    ),
    "glass1": {
        "description": "metallic-glass break junction (MG.1, MG.3): many systems, no effect of a field",
        "mechanism": "2CK",
        **_GLASS_JUNCTION,
        "class_typical": _GLASS_TYPICAL,
        "chosen_to_reproduce_the_paper": [],
    },
    "glass2": {
        "description": "metallic-glass break junction with a slow fluctuator (MG.2, fig 19): telegraph noise",
        "mechanism": "telegraph",
        **_GLASS_JUNCTION,
        "fast_splitting_meV": 8.0,
        "fast_splitting_other_meV": 3.0,
        "fast_kondo_temperature_K": 17.0,
        "fast_scale_A": 1.25,
        "fast_amplitude_e2_per_h_per_rtK": 0.45,
        "dwell_s": [20.0, 12.0],
        "class_typical": [*_GLASS_TYPICAL, "dwell_s"],
        "chosen_to_reproduce_the_paper": ["fast_scale_A", "fast_amplitude_e2_per_h_per_rtK"],
    },
}
