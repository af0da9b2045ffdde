from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.rack import (
    LOCKIN_ADDRESS,
    MAGNET_ADDRESS,
    MODELS,
    SOURCEMETER_ADDRESS,
    TEMPERATURE_ADDRESS,
    Rack,
    UnknownRackError,
    close_rack,
    find_rack,
    open_rack,
)


@pytest.fixture
def racks() -> Iterator[list[Rack]]:
    racks = [open_rack("cu1", seed) for seed in (1, 1, 2)]
    yield racks
    for rack in racks:
        close_rack(rack)


def ask(rack: Rack, address: str, message: str) -> str:
    reply = rack.boxes[address].answer(message)
    assert reply is not None
    return reply


def tell(rack: Rack, address: str, *messages: str) -> None:
    for message in messages:
        assert rack.boxes[address].answer(message) is None


def start(rack: Rack) -> None:
    """Bring the rack to 100 mK with excitation and a bias."""
    tell(rack, LOCKIN_ADDRESS, "FREQ 137.7;OFLT 9;OFSL 3;SLVL 0.068;SENS 17;ISRC 1")
    tell(rack, SOURCEMETER_ADDRESS, ":SOUR:FUNC CURR;:SOUR:CURR:RANG 1e-3;:SENS:VOLT:PROT 12;:OUTP ON")
    tell(rack, TEMPERATURE_ADDRESS, "PID 0,100,60,0", "RANGE 0,5", "SETP 0,0.1")
    rack.clock.sleep(4 * 3600.0)


def read_all(rack: Rack) -> tuple[str, ...]:
    questions = ((LOCKIN_ADDRESS, "SNAP?1,2"), (TEMPERATURE_ADDRESS, "RDGK? 1"), (MAGNET_ADDRESS, "FIELD:MAG?"))
    return tuple(ask(rack, address, question) for address, question in questions)


def test_every_rack_is_fresh_and_has_a_name_of_its_own(racks: list[Rack]) -> None:
    assert len({rack.name for rack in racks}) == 3
    assert all(rack.clock.now_s() == 0.0 for rack in racks)
    assert all(find_rack(rack.name) is rack for rack in racks)


def test_standing_rack_is_made_once() -> None:
    assert find_rack("cu1") is find_rack("cu1")


def test_closed_rack_is_forgotten() -> None:
    rack = open_rack("cu1")
    close_rack(rack)
    close_rack(rack)
    with pytest.raises(UnknownRackError, match="known: cu1"):
        find_rack(rack.name)


def test_unknown_sample_is_refused() -> None:
    with pytest.raises(UnknownRackError, match="'ti99'; known: cu1"):
        open_rack("ti99")


def test_same_seed_gives_the_same_readings_bit_for_bit(racks: list[Rack]) -> None:
    for rack in racks:
        start(rack)
    readings = [read_all(rack) for rack in racks]
    assert readings[0] == readings[1]
    assert readings[0][0] != readings[2][0]


def test_a_second_poller_changes_nothing(racks: list[Rack]) -> None:
    calm, polled, _ = racks
    seen: dict[str, list[tuple[str, ...]]] = {}
    for rack in (calm, polled):
        start(rack)
        start_s = rack.clock.now_s()
        seen[rack.name] = []
        for step in range(30):
            rack.clock.advance_to(start_s + 4.0 * step)
            tell(rack, SOURCEMETER_ADDRESS, f":SOUR:CURR {(step - 15) * 5e-6}")
            if rack is polled:
                for _ in range(step % 5):
                    rack.clock.sleep(0.3)
                    read_all(rack)
                    ask(rack, SOURCEMETER_ADDRESS, ":READ?")
            rack.clock.advance_to(start_s + 4.0 * step + 3.5)
            seen[rack.name].append(read_all(rack))
    assert seen[calm.name] == seen[polled.name]


def test_conductance_at_100_millikelvin_comes_out_of_the_wires(racks: list[Rack]) -> None:
    rack = racks[0]
    start(rack)
    x_V = float(ask(rack, LOCKIN_ADDRESS, "OUTP?1"))
    # by the nominal values: oscillator over AC arm, gain 100; true ones are off by some tenths of a per cent
    conductance_S = 0.068 / 100_050.0 / (x_V / 100.0)
    assert conductance_S / 3.874e-5 == pytest.approx(2832.0, rel=0.015)


def test_a_field_ramp_warms_a_cold_stage(racks: list[Rack]) -> None:
    rack = racks[0]
    rack.clock.sleep(8 * 3600.0)
    cold_K = rack.world.electron_temperature_K(rack.clock.now_s())
    tell(rack, MAGNET_ADDRESS, "CONF:FIELD:UNITS 1", "CONF:RAMP:RATE:UNITS 1", "CONF:RAMP:RATE:FIELD 1,0.5,9")
    tell(rack, MAGNET_ADDRESS, "CONF:FIELD:TARG 1", "RAMP")
    rack.clock.sleep(60.0)
    assert rack.world.magnet.field_T(rack.clock.now_s()) == pytest.approx(0.5, rel=0.05)
    assert rack.world.cryostat.sample_temperature_K(rack.clock.now_s()) > 0.0
    assert rack.world.electron_temperature_K(rack.clock.now_s()) > cold_K * 1.0005


def _seen(poll_s: float) -> list[float]:
    """Cool and ramp, polled by the boxes' own messages every `poll_s`, and return what is true at fixed times."""
    rack = open_rack("cu1", 1)
    bridge, supply = rack.boxes[MODELS["LakeShore372"]], rack.boxes[MODELS["AMI430"]]
    for message in ("RAMP 0,1,0.1", "SETP 0,3.5", "RANGE 0,7"):
        bridge.answer(message)
    for message in ("CONF:FIELD:TARG 0.5", "RAMP"):
        supply.answer(message)
    seen, polled_s = [], 0.0
    for fixed_s in (50.0, 111.0, 400.0):
        while polled_s + poll_s < fixed_s:
            polled_s += poll_s
            rack.clock.advance_to(polled_s)
            bridge.answer("KRDG? 1")
            supply.answer("FIELD:MAG?")
        rack.clock.advance_to(fixed_s)
        seen += [rack.cryostat.sample_temperature_K(fixed_s), rack.coil.field_T(fixed_s)]
        seen += [float(bridge.answer("KRDG? 1") or "nan"), float(supply.answer("FIELD:MAG?") or "nan")]
    close_rack(rack)
    return seen


@settings(max_examples=6, deadline=None)
@given(st.floats(0.9, 90.0))
def test_temperatures_and_fields_are_the_same_whatever_the_polling(poll_s: float) -> None:
    assert _seen(poll_s) == _seen(1e9)
