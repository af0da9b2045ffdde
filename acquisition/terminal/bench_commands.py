"""What `bench` does: take a rack that no run owns, say where its readings go, keep it until told to end."""

import json
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from acquisition.clock import WallClock
from acquisition.running.control import Control
from acquisition.running.journal import WriteJournal
from acquisition.station_file import Station
from acquisition.terminal.commands import station_for
from acquisition.terminal.rack_owner import guard_starter, owned, stopping_on_signals

if TYPE_CHECKING:
    from acquisition.station import BenchRack

OWNER = "the bench (Give back in the window, or zerobias abort), process"
"""What others are told of who has the rack."""


@dataclass(frozen=True)
class BenchOptions:
    """The options of `bench`."""

    station: Path | None
    sample: str | None
    out: Path
    seed: int
    speed: float | None
    with_events: bool


def keep_bench(options: BenchOptions) -> int:
    """Keep a rack on the bench and return the exit status when it is given back.

    Raises
    ------
    InputError
        If the station cannot be used, or an engine is at the rack; nothing was touched.
    RunFileError, GuardError
        If there can be no run file or no guard; nothing was touched.
    """
    from acquisition.bench import run_bench

    wall, journal, console = WallClock(), WriteJournal(), Console(stderr=True, soft_wrap=True, highlight=False)
    station = station_for(options.station, options.sample)
    control = Control(wall, 1.0 if options.sample is None else options.speed, is_unattended=True)

    def announce(run_file: Path) -> None:
        if options.with_events:
            sys.stdout.write(json.dumps({"event": "started", "run": str(run_file)}) + "\n")
            sys.stdout.flush()
        console.print(f"bench {run_file}; zerobias set and do speak to it, zerobias abort or Ctrl-C ends it, safe")

    with stopping_on_signals(control), _opened(station, options, control, journal) as rack:
        outcome = run_bench(
            station,
            rack,
            out=options.out,
            wall=wall,
            control=control,
            provenance={
                "simulated": options.sample,
                "seed": options.seed if options.sample else None,
                "speed": options.speed if options.sample else None,
            },
            on_started=announce,
            journal=journal,
            start_guard=guard_starter(options.sample, station),
        )
    console.print(f"{outcome.state.value}: {outcome.message}", markup=False)
    return outcome.exit_status


def _opened(
    station: Station, options: BenchOptions, control: Control, journal: WriteJournal
) -> AbstractContextManager["BenchRack"]:
    """Make the rack ready; a real one for this engine alone."""
    from acquisition.station import open_simulated_bench, open_station_bench

    sample = options.sample
    if sample is None:
        opener = partial(open_station_bench, station, on_write=journal.note)
    else:
        opener = partial(open_simulated_bench, station, sample, options.seed, options.speed, on_write=journal.note)
    return owned(opener, station, sample, control, OWNER)
