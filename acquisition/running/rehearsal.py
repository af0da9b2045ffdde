"""What a simulated rack can be told besides: its speed, and what is to go wrong with it.

A simulated rack lives inside the engine, so these come the way of all commands, through the command file, and what
became of them stands in the run file. `acquisition.station` fills the protocol; a real rack has nothing to fill it.
"""

import math
from collections.abc import Mapping
from typing import Any, Protocol

from acquisition.errors import InputError
from acquisition.recipe import Recipe
from acquisition.running.command_file import CommandRefusedError

AS_FAST_AS_IT_GOES = "max"
PUT_RIGHT = "put-right"
"""Named in the place of a fault, it takes back all that can be taken back."""


class Simulation(Protocol):
    """The handles of a simulated rack."""

    def switch_fault(self, request: Mapping[str, Any], /) -> None:
        """Switch a fault on: `name` and, where it takes them, `box`, `for_s` and `press`.

        Raises
        ------
        CommandRefusedError
            If there is no such fault, or not of this box or duration.
        """
        ...

    def book_fault(self, time_s: float, request: Mapping[str, Any], /) -> None:
        """Switch a fault on at a time of the experiment clock; refused now, as `switch_fault` refuses."""
        ...

    def set_speed(self, factor: float | None, /) -> None:
        """Run `factor` times as fast as the wall from now on; None for as fast as it goes."""
        ...


def switch_fault(simulation: Simulation | None, request: Mapping[str, Any]) -> str:
    """Let something go wrong and return what, in words; raises `CommandRefusedError` as `Simulation` does."""
    _the(simulation).switch_fault(request)
    place = f" at {request['box']}" if request.get("box") else ""
    duration = f" for {request['for_s']:g} s" if request.get("for_s") is not None else ""
    return f"{request.get('name')}{place}{duration}"


def book_faults(simulation: Simulation | None, recipe: Recipe, origin_s: float, elapsed_s: float = 0.0) -> None:
    """Book what a recipe wants to go wrong, as far as it is still to come.

    Parameters
    ----------
    simulation : Simulation or None
        The simulated rack.
    recipe : Recipe
        Its tables [[fault]].
    origin_s : float
        Time of the experiment clock at the start of the run.
    elapsed_s : float
        Time since then.

    Raises
    ------
    InputError
        If the rack is a real one, or has no such fault.
    """
    for number, fault in enumerate(recipe.fault):
        request = {"name": fault.name, "box": fault.box, "for_s": fault.for_s, "press": fault.press}
        try:
            if fault.at_s >= elapsed_s:
                _the(simulation).book_fault(origin_s + fault.at_s, request)
        except CommandRefusedError as error:
            raise InputError(f"{recipe.where}: fault[{number}]: {error}") from error


def set_speed(simulation: Simulation | None, argument: Mapping[str, Any]) -> float | None:
    """Change the pace to ``{"factor": 100}`` or ``{"factor": "max"}`` and return it, None for as fast as it goes.

    Raises
    ------
    CommandRefusedError
        If the rack is a real one, or it is no pace.
    """
    world, asked = _the(simulation), argument.get("factor")
    if asked == AS_FAST_AS_IT_GOES:
        world.set_speed(None)
        return None
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not 0.0 < asked < math.inf:
        raise CommandRefusedError(f"speed {asked!r}: expected a factor above zero, or {AS_FAST_AS_IT_GOES}")
    world.set_speed(float(asked))
    return float(asked)


def speed_text(factor: float | None) -> str:
    """Return a pace as people say it."""
    return "as fast as it goes" if factor is None else f"{factor:g} x real time"


def _the(simulation: Simulation | None) -> Simulation:
    if simulation is None:
        raise CommandRefusedError("this rack is a real one: it takes no faults and has no speed")
    return simulation
