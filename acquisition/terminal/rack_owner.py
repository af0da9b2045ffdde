"""What every engine of the terminal does with its rack: hold it alone, have it guarded, give it back on a signal."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from acquisition.clock import Wall, WallClock
from acquisition.running.control import AttentiveWall, Control
from acquisition.running.lock import lock_rack
from acquisition.station_file import Station

if TYPE_CHECKING:
    from acquisition.guard import Guard
    from acquisition.station import BenchRack, Rack

_Rack = TypeVar("_Rack", "Rack", "BenchRack")


@contextmanager
def owned(
    opener: Callable[[Wall], AbstractContextManager[_Rack]],
    station: Station,
    sample: str | None,
    control: Control,
    owner: str,
) -> Iterator[_Rack]:
    """Open a rack, a real one for this engine alone, and let `control` have the handles of a simulated one.

    Parameters
    ----------
    opener : callable
        Opens it; given the wall clock that it waits by.
    station, sample
        Which rack it is.
    control : Control
        Of the engine; attended to in every wait.
    owner : str
        What others are told of who has the rack, before the process number.
    """
    wall = WallClock()
    own = {} if _is_in_this_process(station, sample) else station.addresses
    with lock_rack(own, wall, owner), opener(AttentiveWall(wall, control)) as rack:
        control.simulation = rack.simulation
        yield rack


def guard_starter(sample: str | None, station: Station) -> "Callable[[Path], Guard] | None":
    """Return what starts the guard; a rack simulated in this process dies with it and needs none."""
    from acquisition.guard import start_guard

    return None if _is_in_this_process(station, sample) else lambda run_file: start_guard(station, run_file)


def _is_in_this_process(station: Station, sample: str | None) -> bool:
    """Say whether the rack is simulated in this very process, which nobody else can reach."""
    return sample is not None or station.station.visa_library.endswith("@zerobias")


@contextmanager
def stopping_on_signals(control: Control) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into an abort, so that the run ends safe by itself; ignore a terminal that hangs up."""
    handlers: dict[int, Any] = dict.fromkeys((signal.SIGINT, signal.SIGTERM), lambda number, _frame: stop(number))
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = signal.SIG_IGN

    def stop(number: int) -> None:
        control.request_abort(f"stopped by {signal.Signals(number).name}")

    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
