"""The desk beside a served rack: faults are switched here, and the world's own state is told.

One JSON object a line, either way. ``{"do": "state"}`` answers with `state`; ``{"do": "fault", "name": "quench"}``
switches a fault, with ``"box"`` (a model), ``"for_s"`` (seconds of the rack) and ``"press"`` (what is pressed on a
front panel) where it takes them. A refused request answers ``{"error": "..."}``.
"""

import json
from typing import Any

from simulators.fault_panel import FaultPanel, RefusedFaultError
from simulators.rack import Rack


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
