"""What the simulated rack costs and keeps to, in figures: polling, one query, two threads.

    python tests/benchmarks/rack_figures.py --out docs/rack-figures.md

The cost of a query is given beside that of pyvisa-sim, measured in turns in the same run, if pyvisa-sim can be imported
(it is no dependency of this program). Processor time, since the machine may be busy.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyvisa
from pyvisa.resources import MessageBasedResource

from instruments.lockin_sr830 import SR830
from simulators.rack import MODELS, Rack, close_rack, open_rack

DAYS = 3
QUERIES = 3000
TURNS = 7
EXCHANGES = 2000

STATIC = """
spec: "1.1"
devices:
  lockin:
    eom:
      GPIB INSTR:
        q: "\\n"
        r: "\\n"
    dialogues:
      - q: "FREQ?"
        r: "137.7"
resources:
  GPIB0::8::INSTR:
    device: lockin
"""


@contextmanager
def rack(sample: str = "cu1") -> Any:
    """Lend a fresh rack."""
    opened = open_rack(sample, 1)
    try:
        yield opened
    finally:
        close_rack(opened)


def polling_s(opened: Rack) -> tuple[float, int]:
    """Poll temperature and field once a second for three days of the rack; return processor time and polls."""
    manager = pyvisa.ResourceManager(opened.visa_library)
    bridge, supply = (_open(manager, MODELS[model]) for model in ("LakeShore372", "AMI430"))
    supply.read()
    supply.read()  # its greeting
    bridge.write("RAMP 0,1,0.1")
    bridge.write("SETP 0,0.5")
    bridge.write("RANGE 0,7")
    supply.write("CONF:FIELD:TARG 1")
    supply.write("RAMP")
    polls, start_s, before_s = DAYS * 86400, opened.clock.now_s(), time.process_time()
    for number in range(polls):
        opened.clock.advance_to(max(opened.clock.now_s(), start_s + number))
        bridge.query("KRDG? 1")
        supply.query("FIELD:MAG?")
    return time.process_time() - before_s, 2 * polls


def _open(manager: pyvisa.ResourceManager, address: str) -> MessageBasedResource:
    resource = manager.open_resource(address, read_termination="\n", write_termination="\n")
    assert isinstance(resource, MessageBasedResource)
    return resource


def query_us(resource: MessageBasedResource) -> float:
    """Return the processor time of one query in microseconds."""
    before_s = time.process_time()
    for _ in range(QUERIES):
        resource.query("FREQ?")
    return 1e6 * (time.process_time() - before_s) / QUERIES


def compared_us(opened: Rack) -> tuple[float, float | None]:
    """Return the cost of a query through our backend and through pyvisa-sim, None where that is not installed."""
    ours = _open(pyvisa.ResourceManager(opened.visa_library), MODELS["SR830"])
    try:
        import pyvisa_sim  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        return statistics.median(query_us(ours) for _ in range(TURNS)), None
    with TemporaryDirectory() as folder:
        definition = Path(folder) / "static.yaml"
        definition.write_text(STATIC, encoding="utf-8")
        theirs = _open(pyvisa.ResourceManager(f"{definition}@sim"), "GPIB0::8::INSTR")
        pairs = [(query_us(ours), query_us(theirs)) for _ in range(TURNS)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def swapped_replies(opened: Rack) -> int:
    """Let two threads hammer one driver, each with its own kind of question, and count answers to the other's."""
    lock_in = SR830(MODELS["SR830"], visa_library=opened.visa_library, clock=opened.clock)
    lock_in.set_excitation(0.1)
    wrong: list[object] = []

    def hammer(ask: Callable[[], float], is_right: Callable[[float], bool]) -> None:
        wrong.extend(got for _ in range(EXCHANGES) if not is_right(got := ask()))

    threads = [
        threading.Thread(target=hammer, args=(lambda: lock_in.settings()["oscillator_Vrms"], lambda got: got == 0.1)),
        threading.Thread(target=hammer, args=(lambda: lock_in.read().x_V, lambda got: abs(got) < 0.05)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lock_in.close()
    return len(wrong)


def main() -> int:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the page here")
    options = parser.parse_args()
    with rack() as opened:
        polled_s, polls = polling_s(opened)
    with rack() as opened:
        ours_us, theirs_us = compared_us(opened)
    with rack() as opened:
        wrong = swapped_replies(opened)
    beside = (
        "pyvisa-sim is not installed here"
        if theirs_us is None
        else f"{theirs_us:.1f} us through pyvisa-sim, {ours_us / theirs_us:.2f} times as much"
    )
    page = "\n".join(
        (
            "# The simulated rack in figures",
            "",
            "Made by `python tests/benchmarks/rack_figures.py`; processor time on a shared machine.",
            "",
            f"- {DAYS} virtual days, temperature and field polled once a second ({polls} queries): {polled_s:.1f} s.",
            f"- One query through the backend: {ours_us:.1f} us; {beside} "
            f"(medians of {TURNS} turns of {QUERIES} queries each, taken in turns).",
            f"- Two threads at one driver, {EXCHANGES} readings and {EXCHANGES} sets of settings: {wrong} swapped "
            "replies.",
            "",
        )
    )
    sys.stdout.write(page)
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
