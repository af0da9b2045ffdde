"""What table `run` of a run file says from the start on."""

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from acquisition.circuit import scale_errors
from acquisition.clock import Wall
from acquisition.plan import Plan
from acquisition.run_schema import RunState
from acquisition.safety import Roles


def run_header(plan: Plan, roles: Roles, wall: Wall, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what table `run` says from the start on."""
    return {
        "state": RunState.RUNNING,
        "name": plan.recipe.run.name,
        "sample": plan.recipe.run.sample,
        "note": plan.recipe.run.note,
        "started": wall.now().isoformat(timespec="seconds"),
        "recipe": plan.recipe.to_dict(),
        "station": plan.station.to_dict(),
        "scale_errors": [
            asdict(error) for error in scale_errors(plan.station.contact.expected_conductance_S, plan.station.circuit)
        ],
        "planned_points": plan.points,
        "planned_duration_s": plan.duration_s,
        "versions": versions(),
        "instruments": {instrument.name: instrument.identity for instrument in roles.each()},
    } | dict(provenance)


def versions() -> dict[str, str]:
    """Return the versions that bear on what is measured, for table `run`."""
    packages = ("zerobias", "numpy", "scipy", "pymeasure", "pyvisa")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
