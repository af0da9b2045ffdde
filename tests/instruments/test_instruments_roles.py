"""House rules of all drivers at once: the roles are filled, units end the names, the manual is cited."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from instruments import roles

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = {
    "lockin_sr830.SR830": roles.LockIn,
    "lockin_sr860.SR860": roles.LockIn,
    "sourcemeter_keithley2400.Keithley2400": roles.SourceMeter,
    "sourcemeter_keithley2450.Keithley2450": roles.SourceMeter,
    "sourcemeter_yokogawags200.YokogawaGS200": roles.SourceMeter,
    "voltmeter_keithley2182a.Keithley2182A": roles.DcVoltmeter,
    "temperature_lakeshore372.LakeShore372": roles.TemperatureController,
    "magnet_ami430.AMI430": roles.Magnet,
}
UNITS = ("_V", "_Vrms", "_A", "_K", "_T", "_Hz", "_s", "_A_per_s", "_K_per_min", "_T_per_min", "_dB_per_octave")
WITHOUT_UNIT = {"nplc"}


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Any:
    module, _, name = request.param.rpartition(".")
    return getattr(import_module(f"instruments.{module}"), name)


def role_of(driver: Any) -> Any:
    return next(role for path, role in DRIVERS.items() if path.endswith(f".{driver.__name__}"))


def public_functions(owner: Any) -> dict[str, Any]:
    return {name: member for name, member in inspect.getmembers(owner, callable) if not name.startswith("_")}


def test_driver_has_every_method_of_its_role_with_the_same_signature(driver: Any) -> None:
    for name, wanted in public_functions(role_of(driver)).items():
        assert str(inspect.signature(getattr(driver, name))) == str(inspect.signature(wanted)), name


def test_driver_has_every_property_of_its_role(driver: Any) -> None:
    wanted = [name for name, member in inspect.getmembers(role_of(driver)) if isinstance(member, property)]
    assert {"name", "identity"} <= set(wanted)
    assert all(isinstance(getattr(driver, name, None), property) for name in wanted)


def test_constructors_look_alike(driver: Any) -> None:
    parameters = inspect.signature(driver).parameters
    assert next(iter(parameters)) == "address"
    assert {"visa_library", "clock", "name", "on_write"} <= set(parameters)
    assert all(entry.kind is entry.KEYWORD_ONLY for name, entry in parameters.items() if name != "address")


def test_numbers_end_in_their_unit(driver: Any) -> None:
    for function in (driver, *public_functions(driver).values()):
        for name, entry in inspect.signature(function).parameters.items():
            is_number = entry.annotation in (float, float | None) or entry.annotation in ("float", "float | None")
            assert not is_number or name.endswith(UNITS) or name in WITHOUT_UNIT, f"{function}: {name}"


def test_file_cites_manual_and_section(driver: Any) -> None:
    text = import_module(driver.__module__).__doc__ or ""
    assert re.search(r"[Mm]anual", text)
    assert re.search(r"section \d", text)


def test_nothing_waits_or_resets_on_its_own(driver: Any) -> None:
    source = inspect.getsource(import_module(driver.__module__))
    for forbidden in ("import time", "time.sleep", ".ramp_to_", ".shutdown(", '"*RST', ":MEAS", "wait_for"):
        assert forbidden not in re.sub(r'""".*?"""', "", source, flags=re.DOTALL).replace("self.ramp_to_", "")


def test_drivers_load_neither_pandas_nor_a_window() -> None:
    rooms = ", ".join(f"instruments.{path.rpartition('.')[0]}" for path in DRIVERS)
    script = f"import sys, {rooms}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = run.stdout.split()
    assert not {"pandas", "matplotlib", "PyQt5", "pymeasure.experiment", "pymeasure.display"} & set(loaded)
