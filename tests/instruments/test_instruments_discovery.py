"""Every box of the simulated rack is found by what it says of itself; what is silent or strange is left alone."""

import pytest

from instruments.discovery import FoundBox, discover
from instruments.errors import ConnectionFailedError
from simulators.faults import Fault
from simulators.rack import BOXES, close_rack, open_rack


@pytest.mark.parametrize("model", [model for model in BOXES if model not in ("MercuryiPSLegacy",)])
def test_box_is_recognised(model: str) -> None:
    rack = open_rack("cu1", models=(model,))
    try:
        found = {box.address: box for box in discover(rack.visa_library)}
    finally:
        close_rack(rack)
    assert found.keys() == rack.boxes.keys()
    # an IPS120-10 and a PS120-10 are told apart by a letter of their version
    assert found[rack.models[model]].model.replace("PS120", "IPS120")[-6:] == model.replace("PS120", "IPS120")[-6:]
    assert all(box.role for box in found.values())


def test_silent_box_is_listed_without_identity() -> None:
    rack = open_rack("cu1")
    address = rack.models["LakeShore372"]
    rack.wires[address].switch(Fault.LOST_REPLY, True)
    try:
        found = {box.address: box for box in discover(rack.visa_library)}
    finally:
        close_rack(rack)
    assert found[address] == FoundBox(address, "")
    assert found[rack.models["SR830"]].model == "SR830"


def test_no_library_is_said() -> None:
    with pytest.raises(ConnectionFailedError, match="install one, or name @py"):
        discover("@no-such-backend")
