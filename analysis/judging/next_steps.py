"""What to measure next where the verdict is open: of what the criteria ask for, what this run does not have."""

from collections.abc import Collection

from analysis.judging.facts import SCALING_RATIO, TWO_LEVEL, Facts

FIELD_TELLS = frozenset({"2CK", "disorder", "magnetic-kondo", "charge-trap"})
ANNEALING_TELLS = frozenset({"disorder", "magnetic-kondo", "circuit"})
WIDE_SPAN = 10.0
"""Warmest over coldest from which a wider range of temperatures is not the first thing to ask for."""


def next_steps(facts: Facts, left: Collection[str]) -> str:
    """Return in one sentence what would decide between the mechanisms that are left; empty if all has been tried."""
    steps = []
    if facts.temperature_span < WIDE_SPAN and not facts.is_root_law:
        steps.append(f"isotherms over a factor of {WIDE_SPAN:g} in temperature, {SCALING_RATIO:g} at the least")
    if facts.features.field_law is None and FIELD_TELLS.intersection(left):
        steps.append("a field series at the lowest temperature (H^(1/2) for disorder, a splitting for a spin)")
    if not facts.history and not frozenset(left).isdisjoint(TWO_LEVEL) and ANNEALING_TELLS.intersection(left):
        steps.append("the same contact once more after annealing (two-level systems go, the others stay)")
    return f"would decide: {'; '.join(steps)}" if steps else ""
