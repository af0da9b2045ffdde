"""Changes of a running plan: isotherms appended at its end, and points retired before they are measured.

A plan index means the same point for ever: what is appended gets new ones, what is retired keeps its own and is never
measured. Edits are kept in the run file in order, so that the plan can be made again from recipe, station and edits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from acquisition.errors import PlanError
from acquisition.plan import MAXIMUM_POINTS, Plan, make_plan
from acquisition.recipe import Recipe

FIXED_SECTIONS = ("lockin", "settling")
"""Sections of a recipe that hold for a whole run; an appended one must have the same, but for how long it averages."""


class EditKind(StrEnum):
    """What an edit does."""

    APPEND = "append"
    RETIRE = "retire"


@dataclass(frozen=True)
class PlanEdit:
    """One edit: the recipe appended as plain data, or the plan indices retired."""

    kind: EditKind
    content: Any


@dataclass(frozen=True, eq=False)
class RunningPlan:
    """A plan with what was retired from it; isotherms may differ in their sweeps."""

    plan: Plan
    retired: frozenset[int] = frozenset()

    @property
    def points(self) -> int:
        """Return how many points are to be measured in all."""
        return self.plan.points - len(self.retired)

    def missing(self, measured: frozenset[int] | set[int]) -> list[int]:
        """Return the plan indices that are neither measured nor retired, in order."""
        return [index for index in range(self.plan.points) if index not in measured and index not in self.retired]


def apply(running: RunningPlan, edit: PlanEdit) -> RunningPlan:
    """Return the plan after an edit.

    Raises
    ------
    InputError
        If the recipe is none, breaks a limit, or does not fit the run; or an index is not in the plan.
    """
    if edit.kind is EditKind.APPEND:
        return replace(running, plan=extended(running.plan, Recipe.from_dict(edit.content, "appended recipe")))
    indices = frozenset(edit.content)
    for index in indices:
        running.plan.locate(index)
    return replace(running, retired=running.retired | indices)


def apply_all(plan: Plan, edits: Iterable[PlanEdit]) -> RunningPlan:
    """Return the plan after all edits, in order; raises as `apply` does."""
    running = RunningPlan(plan)
    for edit in edits:
        running = apply(running, edit)
    return running


def extended(plan: Plan, recipe: Recipe) -> Plan:
    """Return the plan with the isotherms of another recipe behind its own.

    Raises
    ------
    PlanError
        If that recipe breaks a limit, or wants another lock-in filter or other settling than the run has.
    """
    for section in FIXED_SECTIONS:
        if _fixed(recipe, section) != _fixed(plan.recipe, section):
            raise PlanError(
                f"{recipe.where}: [{section}] differs from the one of the run; write the same, or start a new run"
            )
    last = plan.isotherms[-1]
    more = make_plan(recipe, plan.station, start_temperature_K=last.temperature_K, start_field_T=last.field_T)
    if plan.points + more.points > MAXIMUM_POINTS:
        raise PlanError(f"{recipe.where}: with these the run would have more than {MAXIMUM_POINTS} points")
    appended = tuple(
        replace(
            isotherm,
            index=len(plan.isotherms) + isotherm.index,
            series_index=last.series_index + 1 + isotherm.series_index,
            first_plan_index=plan.points + isotherm.first_plan_index,
        )
        for isotherm in more.isotherms
    )
    return replace(plan, isotherms=plan.isotherms + appended, warnings=plan.warnings + more.warnings)


def _fixed(recipe: Recipe, section: str) -> dict[str, Any]:
    """Return what is to stay in a section: the mean over a dwell is the program's own, the filter the lock-in's."""
    return {name: value for name, value in getattr(recipe, section) if name != "average_s"}


def indices_to_retire(plan: Plan, argument: Mapping[str, Any]) -> list[int]:
    """Return the plan indices that ``{"isotherm": 3}`` or ``{"plan_indices": [7, 8]}`` names.

    Raises
    ------
    PlanError
        If it names none, or some that the plan has not.
    """
    if isinstance(number := argument.get("isotherm"), int):
        if not 0 <= number < len(plan.isotherms):
            raise PlanError(f"isotherm {number}: this plan has isotherms 0 to {len(plan.isotherms) - 1}")
        isotherm = plan.isotherms[number]
        return list(range(isotherm.first_plan_index, isotherm.first_plan_index + isotherm.points))
    indices = argument.get("plan_indices")
    if not isinstance(indices, Sequence) or not indices or not all(type(index) is int for index in indices):
        raise PlanError("retire: expected an isotherm or a list of plan indices")
    for index in indices:
        plan.locate(index)
    return sorted(set(indices))
