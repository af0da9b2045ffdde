"""Truths of contacts whose anomaly is not due to two-level systems in the Kondo regime: the rivals of appendix A.

Not samples of the paper: contacts like its copper ones with another mechanism at work. Every number is class-typical.
Units as in `samples_copper`.
"""

from typing import Final

from simulators.samples.truths import QUENCH, Truth, event

_CLEAN: Final = {"phonon_depth": 0.05, "is_phonon_peak_smeared": True}
_DIRTY: Final = {"phonon_depth": 0.01, "is_phonon_peak_smeared": True}


def _rival(description: str, mechanism: str, alpha: float | None, *parts: Truth) -> Truth:
    truth: Truth = {"description": description, "mechanism": mechanism, "alpha": alpha}
    for part in parts:
        truth |= part
    truth |= {"largest_bias_V": 5e-3}
    truth.setdefault("history", [QUENCH])
    numbers = [key for key in truth if key not in {"description", "mechanism", "alpha", "history"}]
    return truth | {"class_typical": numbers, "chosen_to_reproduce_the_paper": []}


RIVALS: Final[dict[str, Truth]] = {
    "disorder": _rival(
        "strongly disordered region about the orifice (A 1): scales as two-channel Kondo does, and knows a field",
        "disorder",
        0.5,
        {"background_e2_per_h": 2500.0, "amplitude_e2_per_h_per_rtK": 9.0, "magnetoconductance_e2_per_h_per_rtT": 4.0},
        _DIRTY,
        {"history": [QUENCH, event("anneal", "2 days at room temperature", 0.4, 0.3)]},
    ),
    "magnetic": _rival(
        "magnetic impurities with a Kondo temperature above everything (A 2): Fermi liquid, alpha = 2, no splitting",
        "magnetic-kondo",
        2.0,
        {
            "background_e2_per_h": 2700.0,
            "depth_e2_per_h": 100.0,
            "kondo_temperature_K": 25.0,
            "spin": 0.5,
            "g_factor": 2.0,
        },
        _CLEAN,
        {"history": [QUENCH, event("anneal", "6 months at room temperature", 1.0, 0.002)]},
    ),
    "kozub-kulik": _rival(
        "two-level systems whose populations the bias drives (A 3): dips and peaks, no scaling",
        "kozub-kulik",
        None,
        {
            "background_e2_per_h": 2900.0,
            "splitting_K": [0.7, 1.5, 3.0, 6.0, 10.0],
            "geometry_q": [0.45, 0.3, 0.5, 0.2, 0.4],
            "strength_e2_per_h": [-6.0, -10.0, -8.0, 7.0, -12.0],
        },
        _CLEAN,
    ),
    "heating": _rival(
        "a diffusive contact that heats itself, on a T^(1/2) background: the rival that scales exactly",
        "heating",
        0.5,
        {"background_e2_per_h": 2600.0, "amplitude_e2_per_h": 8.0},
        _DIRTY,
    ),
    "circuit": _rival(
        "fluctuations of the external circuit (A 4): scales, with the exponent that the leads set",
        "circuit",
        0.2324,
        {"background_e2_per_h": 2800.0, "amplitude_e2_per_h": 12.0, "circuit_ohm": 3000.0},
        _CLEAN,
        {
            "history": [
                QUENCH,
                event("anneal", "2 days at room temperature", 1.0, 0.001),
                event("change-circuit", "leads of twice the resistance before", 0.6, 0.0),
            ]
        },
    ),
    "trap": _rival(
        "a charge trap in the insulator (A 5): a peak at zero bias, which splits in a field",
        "charge-trap",
        None,
        {"background_e2_per_h": 2750.0, "height_e2_per_h": 15.0, "kondo_temperature_K": 2.0, "g_factor": 2.0},
        _CLEAN,
    ),
}
