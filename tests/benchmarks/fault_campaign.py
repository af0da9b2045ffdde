"""Let each fault of the simulated rack strike in each phase of a run, and see what the run makes of it.

    python tests/benchmarks/fault_campaign.py [--every 10]

Each fault, at each box that can have it, once and for 20 s as far as there is such a thing, in a run of its own for
each phase. A run must recover, pause or end safe: with the rack idle-safe by the simulated world's own state, or with
the box named that did not answer; with the exit status that belongs to its state and a message that says why; and with
no point in the file, unflagged, that an undisturbed run would not have. A pause is answered by an abort.
"""

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from troubled_run import Night, implausible

from acquisition.readings import Event, Reading
from acquisition.run_outcome import EXIT_STATUS, RunOutcome
from acquisition.run_schema import RunState
from simulators.fault_panel import FaultPanel, Order, RefusedFaultError
from simulators.faults import WIRE_FAULTS, Fault
from simulators.rack import Rack, close_rack, open_rack

PHASES = ("preparing", "settling", "ramping", "sweeping", "closing")
FOR_S = 20.0
INTO_SWEEP_S = 30.0
POINTS = 11


@dataclass(frozen=True)
class Case:
    """One fault in one phase."""

    order: Order
    phase: str

    def __str__(self) -> str:
        """Name it."""
        lasting = "" if self.order.for_s is None else f"for {self.order.for_s:g} s"
        return " ".join(word for word in (self.order.fault, self.order.model, lasting, "in", self.phase) if word)


@dataclass(frozen=True)
class Ending:
    """What became of one case: in a word, why, and what must not be."""

    case: Case
    word: str
    message: str
    troubles: list[str]


def orders(rack: Rack) -> list[Order]:
    """Return every fault at every box that can have it, once and for a while, as far as there is such a thing."""
    panel, found = FaultPanel(rack), []
    for fault in Fault:
        models = rack.models if fault in {*WIRE_FAULTS, Fault.POWER_CYCLE, Fault.FRONT_PANEL} else ("",)
        for model in models:
            for for_s in (None, FOR_S):
                try:
                    panel.book(1e9, Order(fault, model, for_s))
                except RefusedFaultError:
                    continue
                found.append(Order(fault, model, for_s))
    return found


class Misfortune:
    """Strikes once, in its phase: at the event that begins it, or some way into a sweep."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._is_over = False

    def __call__(self, night: Night, event: Event) -> None:
        """Strike if it is time, and give up where the run pauses."""
        if event.kind == self._case.phase and not self._is_over:
            self._is_over = True
            delay_s = INTO_SWEEP_S if event.kind == "sweeping" else 0.0
            FaultPanel(night.rack).book(night.rack.clock.now_s() + delay_s, self._case.order)
        if event.kind == "paused":
            night.control.request_abort("nobody is there")


def carry_out(case: Case, folder: Path, undisturbed: dict[int, Reading]) -> Ending:
    """Have a run meet with its misfortune and return what became of it."""
    night = Night(folder, POINTS, on_event=Misfortune(case))
    outcome = night.run()
    troubles = implausible(night.readings(), undisturbed)
    is_all_well = outcome.state is RunState.COMPLETE and outcome.is_rack_safe
    if outcome.exit_status != (0 if is_all_well else EXIT_STATUS[outcome.state] or 4):
        troubles.append(f"exit status {outcome.exit_status} of a run that is {outcome.state}")
    if outcome.state is RunState.COMPLETE and outcome.points != len(undisturbed):
        troubles.append(f"complete with {outcome.points} of {len(undisturbed)} points")
    if outcome.state is not RunState.COMPLETE and not outcome.message:
        troubles.append("no message")
    if not night.is_idle and "NOT SAFE" not in str([event.message for event in night.events]):
        troubles.append("the rack is not idle-safe, and no box is named")
    message = next((event.message for event in night.events if event.kind == "paused"), outcome.message)
    return Ending(case, word_of(outcome, night), message, troubles)


def word_of(outcome: RunOutcome, night: Night) -> str:
    """Return what became of a run in a word or two."""
    kinds = {event.kind for event in night.events}
    if "paused" in kinds:
        return "paused"
    if outcome.state is not RunState.COMPLETE or not outcome.is_rack_safe:
        return f"{outcome.state.value}, exit {outcome.exit_status}"
    return "recovered" if kinds & {"recovering", "settings-changed"} else "went on"


def table(endings: list[Ending]) -> list[str]:
    """Return what became of each fault in each phase, as a table in Markdown."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for ending in endings:
        phases = found.setdefault(ending.case.order.fault.value, {phase: Counter() for phase in PHASES})
        phases[ending.case.phase][ending.word] += 1
    lines = [f"| fault | {' | '.join(PHASES)} |", "| --- |" + " --- |" * len(PHASES)]
    for fault, phases in found.items():
        cells = (", ".join(f"{count} {word}" for word, count in phases[phase].most_common()) for phase in PHASES)
        lines.append(f"| {fault} | {' | '.join(cells)} |")
    return lines


def main() -> int:
    """Carry out every case, or every so many, and fail if anything was as it must not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every so many cases")
    options = parser.parse_args()
    rack = open_rack("cu1", 1)
    cases = [Case(order, phase) for phase in PHASES for order in orders(rack)][:: options.every]
    close_rack(rack)
    with tempfile.TemporaryDirectory() as folder:
        calm = Night(Path(folder), POINTS)
        calm.run()
        undisturbed = calm.readings()
        endings = [carry_out(case, Path(folder), undisturbed) for case in cases]
    for ending in endings:
        print(f"{ending.case}: {ending.word}; {' '.join(ending.message.split())}"[:300])
    print("\n".join(["", *table(endings), ""]))
    failures = [f"{ending.case}: {trouble}" for ending in endings for trouble in ending.troubles]
    print("\n".join([*failures, f"cases: {len(endings)}, failures: {len(failures)}"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
