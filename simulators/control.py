"""The desk beside a served rack: faults are switched here, and the world's own state is told.

One JSON object a line, either way. ``{"do": "state"}`` answers with `state`; ``{"do": "fault", "name": "quench"}``
switches a fault, with ``"box"`` (a model), ``"for_s"`` (seconds of the rack) and ``"press"`` (what is pressed on a
front panel) where it takes them; the name ``put-right`` takes all of them back. A refused request answers
``{"error": "..."}``.
"""

import json
from collections.abc import Mapping
from typing import Any

from simulators.cryogenics.magnet import COIL_T_PER_A
from simulators.fault_panel import FaultPanel, Order, RefusedFaultError, put_right
from simulators.faults import MEANINGS, Fault
from simulators.rack import Rack

PUT_RIGHT = "put-right"
"""Is no fault: takes back whatever can be taken back."""


def state(rack: Rack) -> dict[str, Any]:
    """Return what is true in the world at this instant, whatever the boxes say.

    Returns
    -------
    dict
        ``time_s``, ``source_current_A`` (into the DC arm), ``contact_bias_V``, ``oscillator_Vrms``,
        ``temperature_K`` (of the sample stage), ``field_T``, ``field_rate_T_per_s``, ``is_quenched``.
    """
    now_s, world = rack.clock.now_s(), rack.world
    return {
        "time_s": now_s,
        "source_current_A": world.wiring.source_A.at(now_s),
        "contact_bias_V": world.contact_bias_V(now_s),
        "oscillator_Vrms": world.wiring.oscillator_Vrms.at(now_s),
        "temperature_K": rack.cryostat.sample_temperature_K(now_s),
        "field_T": rack.coil.field_T(now_s),
        "field_rate_T_per_s": COIL_T_PER_A * rack.coil.rate_A_per_s(now_s),
        "is_quenched": rack.coil.is_quenched(now_s),
    }


class ControlDesk:
    """One conversation at the desk (fills `simulators.server.Conversation`).

    Parameters
    ----------
    rack
        The rack that is served.
    """

    is_lost = False

    def __init__(self, rack: Rack) -> None:
        self._rack = rack
        self._unfinished = b""
        self._said = b""

    @property
    def next_arrival_s(self) -> float | None:
        """Return that what is said is said at once."""
        return 0.0 if self._said else None

    def write(self, data: bytes) -> None:
        """Do what each line asks."""
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            self._said += json.dumps(self._answer(line)).encode() + b"\n"

    def take_arrived(self, time_s: float) -> bytes:
        """Return the answers."""
        said, self._said = self._said, b""
        return said

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return self._done(json.loads(line))
        except RefusedFaultError as error:
            return {"error": str(error)}
        except (ValueError, TypeError, AttributeError) as error:
            return {"error": f"not understood: {error}"}

    def _done(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("do"):
            case "state":
                return state(self._rack)
            case "fault":
                return {"fault": switch_fault(self._rack, request), "time_s": self._rack.clock.now_s()}
            case "faults":
                return {"faults": {fault.value: meaning for fault, meaning in MEANINGS.items()}}
            case other:
                return {"error": f"{other!r}: expected state, faults or fault"}


def switch_fault(rack: Rack, request: Mapping[str, Any]) -> str:
    """Switch the fault that a request names (`name`, `box`, `for_s`, `press`), or put all right, and return the name.

    Raises
    ------
    RefusedFaultError
        If there is no such fault, or it is none of this box or of this duration.
    """
    if request.get("name") == PUT_RIGHT:
        put_right(rack)
        return PUT_RIGHT
    order = _order(request)
    FaultPanel(rack).carry_out(order)
    return order.fault.value


def book_fault(rack: Rack, time_s: float, request: Mapping[str, Any]) -> None:
    """Switch the fault that a request names at a time of the rack's clock; refused now, as `switch_fault` refuses."""
    FaultPanel(rack).book(time_s, _order(request))


def _order(request: Mapping[str, Any]) -> Order:
    name, for_s = request.get("name"), request.get("for_s")
    if name not in {fault.value for fault in Fault}:
        raise RefusedFaultError(f"no fault {name!r}; there are {', '.join(Fault)}")
    if not (for_s is None or isinstance(for_s, int | float)):
        raise RefusedFaultError(f"a fault lasts a number of seconds, got {for_s!r}")
    return Order(
        fault=Fault(name),
        model=str(request.get("box") or ""),
        for_s=None if for_s is None else float(for_s),
        press=str(request.get("press") or ""),
    )
