"""What the commands about racks do: serve the simulated one, break it, check and make safe any."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psutil
from platformdirs import user_state_path
from rich.console import Console

from acquisition.clock import Wall, WallClock
from acquisition.errors import InputError, RunFileError
from acquisition.running.lock import lock_rack
from acquisition.station_file import Station, load_station

INSTRUMENT_FAILED = 4

_CONTROL_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class ServeOptions:
    """The options of `serve`."""

    sample: str
    models: tuple[str, ...]
    station: Path | None
    speed: float
    seed: int
    as_json: bool


def serve_rack(options: ServeOptions) -> None:
    """Serve a simulated rack on loopback sockets until interrupted.

    Raises
    ------
    InputError
        If there is no such sample or model, or the station cannot be used.
    """
    from simulators.rack import IDEAL, UnknownModelError
    from simulators.sample import samples
    from simulators.server import serve_sample

    if options.sample not in samples():
        raise InputError(f"serve {options.sample}: no such sample; there are {', '.join(samples())}")
    models, rack_options = options.models, IDEAL
    if options.station is not None:
        from acquisition.station import simulated_models, simulated_options

        station = load_station(options.station)
        models, rack_options = models or simulated_models(station), simulated_options(station)
    stop = Event()
    try:
        server = serve_sample(
            options.sample, options.seed, WallClock(), speed=options.speed, models=models, options=rack_options
        )
    except UnknownModelError as error:
        raise InputError(f"--models: {error}") from error
    with _set_by_signals(stop), _announced(server.control, options.sample):
        try:
            _show_addresses(options, server.addresses)
            server.serve(stop.is_set)
        finally:
            server.close()


def _show_addresses(options: ServeOptions, addresses: dict[str, str]) -> None:
    if options.as_json:
        _print_json(addresses)
        return
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"serving {options.sample} on this machine only, {options.speed:g} x real time; Ctrl-C ends it")
    for model, address in addresses.items():
        console.print(f"  {model:14} {address}", markup=False)
    console.print("break something with: zerobias fault NAME (zerobias fault lists the names)")


def list_faults(as_json: bool) -> None:
    """List what can go wrong with a simulated rack."""
    from simulators.faults import MEANINGS

    meanings = {fault.value: meaning for fault, meaning in MEANINGS.items()}
    if as_json:
        _print_json(meanings)
        return
    console = Console(soft_wrap=True, highlight=False)
    for name, meaning in meanings.items():
        console.print(f"{name:18} {meaning}", markup=False)


def switch_fault(name: str, box: str | None, for_s: float | None, press: str | None, control: str | None) -> None:
    """Let something go wrong with the served rack.

    Raises
    ------
    InputError
        If none is served, or it refuses the fault.
    """
    done = ask_served({"do": "fault", "name": name, "box": box, "for_s": for_s, "press": press}, control)
    Console(stderr=True, soft_wrap=True, highlight=False).print(
        f"{done['fault']} at {done['time_s']:.3f} s of the rack"
    )


def ask_served(request: dict[str, Any], control: str | None = None) -> dict[str, Any]:
    """Ask the control desk of a served rack.

    Parameters
    ----------
    request : dict
        See `simulators.control`.
    control : str, optional
        ``host:port`` of the desk; the one rack that is being served if left out.

    Raises
    ------
    InputError
        If nobody answers there, or the request is refused.
    """
    control = control or _only_served()
    host, _, port = control.rpartition(":")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=_CONTROL_TIMEOUT_S) as desk,
            desk.makefile("rw") as line,
        ):
            line.write(json.dumps(request) + "\n")
            line.flush()
            answer = json.loads(line.readline())
    except (OSError, ValueError) as error:
        raise InputError(f"no served rack answers at {control} ({error}); start one with: zerobias serve") from error
    if "error" in answer:
        raise InputError(f"{request.get('name', request['do'])}: {answer['error']}")
    return answer


def control_file(pid: int) -> Path:
    """Return where the process `pid` says which control desk it keeps."""
    return user_state_path("zerobias") / "served" / f"{pid}.json"


@contextmanager
def _announced(control: str, sample: str) -> Iterator[None]:
    """Say for others of this user where the control desk is, for as long as it is kept."""
    path = control_file(os.getpid())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"control": control, "sample": sample}), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _only_served() -> str:
    found = []
    for path in sorted(control_file(0).parent.glob("*.json")):
        if psutil.pid_exists(int(path.stem)):
            found.append(json.loads(path.read_text(encoding="utf-8"))["control"])
        else:
            path.unlink(missing_ok=True)  # its server was killed
    if not found:
        raise InputError("no rack is being served; start one with: zerobias serve SAMPLE")
    if len(found) > 1:
        raise InputError(f"{len(found)} racks are being served; say which with --control: {', '.join(found)}")
    return found[0]


def make_station_safe(station: Path, as_json: bool) -> int:
    """Bring every box of a station that answers to idle-safe; return the exit status, 0 if all are.

    Raises
    ------
    InputError
        If the station file cannot be used, or an engine is at the rack: it would go on with what it does.
    """
    from acquisition.box_by_box import safe_station

    loaded, wall = load_station(station), WallClock()
    with _sole_owner(loaded, wall):
        state = safe_station(loaded, wall)
    if as_json:
        _print_json({"safe": list(state.safe), "unreachable": list(state.unreachable)})
    else:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(state), markup=False)
    return INSTRUMENT_FAILED if state.unreachable else 0


def check_station(station: Path, as_json: bool) -> int:
    """Connect to every box of a station, identify it and read it, changing nothing; return the exit status.

    Raises
    ------
    InputError
        If the station file cannot be used, or an engine is at the rack: asking a box clears its status.
    """
    from acquisition.box_by_box import check_boxes

    loaded, wall = load_station(station), WallClock()
    with _sole_owner(loaded, wall):
        reports = check_boxes(loaded, wall)
    if as_json:
        _print_json(
            {
                report.role: {"identity": report.identity, "reads": dict(report.reads), "trouble": report.trouble}
                for report in reports
            }
        )
    else:
        console = Console(soft_wrap=True, highlight=False)
        for report in reports:
            console.print(f"{report.role}: {report.identity or report.trouble}", markup=False)
            for what, value in report.reads.items():
                console.print(f"    {what} = {value}", markup=False)
            if report.identity and report.trouble:
                console.print(f"    TROUBLE: {report.trouble}", markup=False)
    return INSTRUMENT_FAILED if any(report.trouble for report in reports) else 0


@contextmanager
def _sole_owner(station: Station, wall: Wall) -> Iterator[None]:
    """Hold the locks of a rack; where no lock can be made, as on a full disk, go on without."""
    with ExitStack() as held:
        try:
            held.enter_context(lock_rack(station.addresses, wall))
        except RunFileError as error:
            Console(stderr=True, soft_wrap=True, highlight=False).print(f"going on without a lock: {error}")
        yield


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


@contextmanager
def _set_by_signals(stop: Event) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a request to stop."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda _received, _frame: stop.set())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
