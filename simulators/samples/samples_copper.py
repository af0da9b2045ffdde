"""Truths of the copper contacts: samples 1 to 4 of the paper, and what was done to contacts like them.

Equation, figure and property numbers are the paper's ("2-channel Kondo scaling in conductance signals from 2-level
tunneling systems", von Delft et al.). Conductances are in e^2/h, amplitudes in e^2/h per K^(1/2). Each truth says which
of its values are class-typical and which were chosen so that the paper's observations come out; the others are stated
in the paper.
"""

from typing import Final

from simulators.samples.truths import KINDS, QUENCH, Truth, event, two_level_systems


def _two_groups(
    count: int, largest_A: float, low_K: tuple[float, float], high_K: tuple[float, float], low_share: float
) -> Truth:
    """Return systems of two groups of Kondo temperatures, of which the first has a share of B_sigma."""
    low, high = two_level_systems(count, largest_A, low_K), two_level_systems(count, largest_A, high_K)
    shares = [low_share / KINDS] * KINDS + [(1.0 - low_share) / KINDS] * KINDS
    return {
        "tls_count": 2 * count,
        "tls_share_of_b_sigma": shares,
        "tls_scale_A": low["tls_scale_A"] + high["tls_scale_A"],
        "tls_kondo_temperature_K": low["tls_kondo_temperature_K"] + high["tls_kondo_temperature_K"],
        "tls_splitting_K": 0.0,
    }


def _transitions(position_V: list[float], critical_field_T: list[float], step_e2_per_h: list[float]) -> Truth:
    return {
        "transition_position_V": position_V,
        "transition_critical_field_T": critical_field_T,
        "transition_step_e2_per_h": step_e2_per_h,
        "transition_hysteresis_V": 0.2e-3,
        "transition_width_V": 0.05e-3,
        "transition_width_V_per_T": 0.03e-3,
    }


_FIELD: Final = {"field_share": 0.5, "field_scale_T": 3.0, "top_temperature_K": 10.0}
_QUENCHED: Final = {"phonon_depth": 0.05, "is_phonon_peak_smeared": True, "largest_bias_V": 5e-3}
_USUAL: Final = ["phonon_depth", "largest_bias_V", "field_share", "field_scale_T", "top_temperature_K"]
_PLAIN: Final = ["background_e2_per_h", "phonon_depth", "largest_bias_V"]
_TLS: Final = ["tls_scale_A", "tls_kondo_temperature_K", "tls_share_of_b_sigma"]
_SPIKES: Final = [
    "transition_position_V",
    "transition_critical_field_T",
    "transition_step_e2_per_h",
    "transition_hysteresis_V",
    "transition_width_V",
    "transition_width_V_per_T",
]

COPPER: Final[dict[str, Truth]] = {
    "cu1": {
        "description": "quenched copper constriction, sample 1 of the paper (2-channel Kondo)",
        "mechanism": "2CK",
        "alpha": 0.5,
        "background_e2_per_h": 2829.0,
        "b_sigma_e2_per_h_per_rtK": 7.8,
        **two_level_systems(21, 0.8, (8.0, 16.0)),
        **_FIELD,
        **_QUENCHED,
        "history": [QUENCH],
        "class_typical": _USUAL,
        "chosen_to_reproduce_the_paper": _TLS,
    },
    "cu2": {
        "description": "quenched copper constriction, sample 2 of the paper: many systems, conductance transitions",
        "mechanism": "2CK",
        "alpha": 0.5,
        "background_e2_per_h": 3973.0,
        "b_sigma_e2_per_h_per_rtK": 25.2,
        **two_level_systems(54, 0.82, (5.0, 10.0)),
        **_transitions([6.5e-3, 6.5e-3, 11e-3], [4.6, 5.4, 8.0], [-4.0, -3.0, -5.0]),
        **_FIELD,
        **_QUENCHED,
        "history": [QUENCH],
        "class_typical": [*_USUAL, *_SPIKES],
        "chosen_to_reproduce_the_paper": _TLS,
    },
    "cu3": {
        "description": "quenched copper constriction, sample 3 of the paper: Kondo temperatures of 0.4 K and of 5 K up",
        "mechanism": "2CK",
        "alpha": 0.5,
        # fig 7 has 30.8 e2/h, a contact of 0.6 nm and a hundredth of the range of Cu.2: taken for a slipped point
        "background_e2_per_h": 3080.0,
        "background_in_the_paper_e2_per_h": 30.8,
        "b_sigma_e2_per_h_per_rtK": 11.2,
        **_two_groups(16, 0.95, (0.4, 0.4), (5.0, 10.0), 0.3),
        **_transitions([9e-3], [5.0], [-4.0]),
        **_FIELD,
        **_QUENCHED,
        "history": [QUENCH],
        "class_typical": [*_USUAL, *_SPIKES],
        "chosen_to_reproduce_the_paper": [*_TLS, "background_e2_per_h", "b_sigma_e2_per_h_per_rtK"],
    },
    "cu4": {
        "description": "quenched copper constriction, sample 4 of the paper's figure 7, of which no more is stated",
        "mechanism": "2CK",
        "alpha": 0.5,
        "background_e2_per_h": 2810.0,
        "b_sigma_e2_per_h_per_rtK": 15.0,
        **two_level_systems(35, 0.8, (5.0, 12.0)),
        **_transitions([12e-3], [6.0], [-4.0]),
        **_FIELD,
        **_QUENCHED,
        "history": [QUENCH],
        "class_typical": [*_USUAL, *_SPIKES, *_TLS, "tls_count", "b_sigma_e2_per_h_per_rtK"],
        "chosen_to_reproduce_the_paper": [],
    },
    "cu-annealed": {
        "description": "sample 1 after two days at room temperature (Cu.3, fig 2): a clean ballistic contact",
        "mechanism": "none",
        "alpha": None,
        "background_e2_per_h": 2840.0,
        "phonon_depth": 0.05,
        "is_phonon_peak_smeared": False,
        "largest_bias_V": 5e-3,
        "history": [QUENCH, event("anneal", "2 days at room temperature", 0.0, 0.004)],
        "class_typical": _PLAIN,
        "chosen_to_reproduce_the_paper": [],
    },
    "cu-cycled": {
        "description": "a contact like sample 1 after seven excursions to 77 K and to room temperature (Cu.3c, fig 3a)",
        "mechanism": "2CK",
        "alpha": 0.5,
        "background_e2_per_h": 2818.0,
        "b_sigma_e2_per_h_per_rtK": 13.5,
        **two_level_systems(32, 0.7, (5.0, 12.0)),
        **_transitions([7.5e-3, 13e-3], [5.0, 7.0], [-3.0, -6.0]),
        **_FIELD,
        **_QUENCHED,
        "history": [
            QUENCH,
            *(
                event("thermal-cycle", f"minutes at {place}", left, change)
                for place, left, change in (
                    ("77 K", 0.9, 0.000),
                    ("77 K", 1.3, 0.000),
                    ("room temperature", 0.6, 0.001),
                    ("room temperature", 2.1, -0.003),
                    ("room temperature", 0.8, 0.001),
                    ("room temperature", 1.9, -0.002),
                    ("room temperature", 0.77, -0.001),
                )
            ),
        ],
        "class_typical": [*_USUAL, *_SPIKES, *_TLS, "tls_count", "b_sigma_e2_per_h_per_rtK", "background_e2_per_h"],
        "chosen_to_reproduce_the_paper": [],
    },
    "cu-gold": {
        "description": "copper with 6 % of gold (Cu.4a, fig 3b): static disorder, no anomaly",
        "mechanism": "none",
        "alpha": None,
        "background_e2_per_h": 2600.0,
        "phonon_depth": 0.03,
        "is_phonon_peak_smeared": True,
        "largest_bias_V": 5e-3,
        "history": [event("dope", "6 % gold, evaporated with the copper", 0.0, -0.05), QUENCH],
        "class_typical": _PLAIN,
        "chosen_to_reproduce_the_paper": [],
    },
    "cu-manganese": {
        "description": "copper with 500 ppm of manganese (Cu.8b, fig 4a): magnetic Kondo scattering, Zeeman splitting",
        "mechanism": "magnetic-kondo",
        "alpha": None,
        "background_e2_per_h": 2700.0,
        "depth_e2_per_h": 60.0,
        # half of the dip is left there; Hamann's T_K of manganese in copper is a hundredth of it
        "kondo_temperature_K": 1.0,
        "spin": 2.5,
        "g_factor": 2.0,
        "phonon_depth": 0.05,
        "is_phonon_peak_smeared": False,
        "largest_bias_V": 5e-3,
        "history": [
            event("dope", "500 ppm manganese, evaporated with the copper", None, 0.0),
            QUENCH,
            event("anneal", "months at room temperature", 1.0, 0.0),
        ],
        "class_typical": [*_PLAIN, "depth_e2_per_h", "kondo_temperature_K", "spin"],
        "chosen_to_reproduce_the_paper": [],
    },
    "cu-electromigrated": {
        "description": "copper disordered by electromigration (Cu.4b, fig 3c, 3d): universal conductance fluctuations",
        "mechanism": "ucf",
        "alpha": None,
        "background_e2_per_h": 2700.0,
        "rms_e2_per_h": 0.5,
        "correlation_V": 1.5e-3,
        "correlation_T": 1.0,
        "fluctuation_seed": 4,
        "phonon_depth": 0.02,
        "is_phonon_peak_smeared": True,
        "largest_bias_V": 5e-3,
        "history": [QUENCH, event("electromigrate", "300 mV at low temperature", 0.0, -0.05)],
        "class_typical": [*_PLAIN, "rms_e2_per_h", "correlation_V", "correlation_T", "fluctuation_seed"],
        "chosen_to_reproduce_the_paper": [],
    },
}
