"""Parts that truths of samples have in common."""

from typing import Any, Final

Truth = dict[str, Any]

KINDS: Final = 10
"""Kinds of two-level systems in a contact; several systems may be of one kind, which costs no time."""

QUENCH: Final[Truth] = {"kind": "quench", "note": "cooled within hours of its evaporation"}


def two_level_systems(count: int, largest_A: float, kondo_K: tuple[float, float]) -> Truth:
    """Return systems of ten kinds with A even from zero up to a largest value and TK even in its logarithm.

    Which A goes with which TK is arbitrary: 3 is coprime to 10, so it spreads. The samples count so many systems that
    none changes G by more than 2 e2/h up to 10 K and the largest bias (the paper's footnote 2).
    """
    low_K, high_K = kondo_K
    return {
        "tls_count": count,
        "tls_share_of_b_sigma": [1.0 / KINDS] * KINDS,
        "tls_scale_A": [largest_A * (index + 0.5) / KINDS for index in range(KINDS)],
        "tls_kondo_temperature_K": [
            low_K * (high_K / low_K) ** ((3 * index % KINDS) / (KINDS - 1)) for index in range(KINDS)
        ],
        "tls_splitting_K": 0.0,
    }


def event(
    kind: str, note: str, anomaly_left: float | None, conductance_change: float, anomaly_left_error: float = 0.02
) -> Truth:
    """Return an event in the life of a contact, in the words of `analysis.sample_history`.

    `anomaly_left` is the share of the anomaly after it, None where nothing was measured before.
    """
    return {
        "kind": kind,
        "note": note,
        "anomaly_left": anomaly_left,
        "anomaly_left_error": None if anomaly_left is None else anomaly_left_error,
        "conductance_change": conductance_change,
    }
