from collections.abc import Iterator
from typing import Any

import pytest
import pyvisa
from pyvisa.constants import StatusCode
from pyvisa.resources import MessageBasedResource

from simulators.rack import LOCKIN_ADDRESS, MAGNET_ADDRESS, Rack, UnknownRackError, close_rack, open_rack


@pytest.fixture
def rack() -> Iterator[Rack]:
    rack = open_rack("cu1", seed=3)
    yield rack
    close_rack(rack)


@pytest.fixture
def manager(rack: Rack) -> Iterator[pyvisa.ResourceManager]:
    manager = pyvisa.ResourceManager(rack.visa_library)
    yield manager
    manager.close()


def connect(manager: pyvisa.ResourceManager, address: str, **options: Any) -> MessageBasedResource:
    resource = manager.open_resource(address, **options)
    assert isinstance(resource, MessageBasedResource)
    return resource


def test_a_samples_name_opens_its_standing_rack() -> None:
    manager = pyvisa.ResourceManager("cu1@zerobias")
    assert "SR830" in connect(manager, LOCKIN_ADDRESS).query("*IDN?")
    manager.close()


def test_environment_variable_switches_an_unmodified_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYVISA_LIBRARY", "cu1@zerobias")
    manager = pyvisa.ResourceManager()
    assert LOCKIN_ADDRESS in manager.list_resources()
    manager.close()


def test_unknown_sample_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(UnknownRackError, match=r"'gold'.*cu1"):
        pyvisa.ResourceManager("gold@zerobias")


def test_boxes_are_listed_as_visa_filters(manager: pyvisa.ResourceManager, rack: Rack) -> None:
    assert set(manager.list_resources("?*")) == set(rack.boxes)
    assert MAGNET_ADDRESS not in manager.list_resources()


def test_absent_address_is_not_found(manager: pyvisa.ResourceManager) -> None:
    with pytest.raises(pyvisa.VisaIOError) as caught:
        manager.open_resource("GPIB0::1::INSTR")
    assert caught.value.error_code == StatusCode.error_resource_not_found


def test_addresses_are_normalised(manager: pyvisa.ResourceManager) -> None:
    assert "SR830" in connect(manager, "gpib::8").query("*IDN?")


def test_unanswered_query_times_out_in_virtual_time(manager: pyvisa.ResourceManager, rack: Rack) -> None:
    lockin = connect(manager, LOCKIN_ADDRESS, timeout=3000)
    before_s = rack.clock.now_s()
    with pytest.raises(pyvisa.VisaIOError) as caught:
        lockin.query("NONE?")
    assert caught.value.error_code == StatusCode.error_timeout
    assert rack.clock.now_s() - before_s == pytest.approx(3.0 + rack.boxes[LOCKIN_ADDRESS].latency_s)


def test_greeting_of_the_magnet_survives_a_clear_right_after_opening(manager: pyvisa.ResourceManager) -> None:
    magnet = connect(manager, MAGNET_ADDRESS, read_termination="\r\n")
    magnet.clear()
    assert "IP Interface" in magnet.read()
    assert magnet.read() == "Hello."


def test_serial_poll(manager: pyvisa.ResourceManager) -> None:
    assert connect(manager, LOCKIN_ADDRESS).read_stb() == 3


def test_two_sessions_to_one_box_have_replies_of_their_own(manager: pyvisa.ResourceManager) -> None:
    one, other = connect(manager, LOCKIN_ADDRESS), connect(manager, LOCKIN_ADDRESS)
    one.write("SENS?")
    other.write("OFLT?")
    assert (one.read(), other.read()) == ("26\n", "8\n")


def test_a_lock_shuts_others_out(manager: pyvisa.ResourceManager) -> None:
    one, other = connect(manager, LOCKIN_ADDRESS), connect(manager, LOCKIN_ADDRESS)
    with one.lock_context():
        with pytest.raises(pyvisa.VisaIOError) as caught:
            other.query("SENS?")
        assert caught.value.error_code == StatusCode.error_resource_locked
    assert other.query("SENS?") == "26\n"


def test_a_closed_session_is_invalid(manager: pyvisa.ResourceManager) -> None:
    lockin = connect(manager, LOCKIN_ADDRESS)
    lockin.close()
    with pytest.raises(pyvisa.errors.InvalidSession):
        lockin.query("*IDN?")


def test_timeout_and_termination_are_kept(manager: pyvisa.ResourceManager) -> None:
    lockin = connect(manager, LOCKIN_ADDRESS)
    lockin.timeout = 1234
    lockin.read_termination = "\n"
    assert lockin.timeout == 1234
    assert lockin.query("SENS?") == "26"


def test_backend_does_not_pass_for_pyvisa_sim(manager: pyvisa.ResourceManager) -> None:
    # QCoDeS drivers skip waits and greetings if the library has this name
    assert type(manager.visalib).__name__ != "SimVisaLibrary"
