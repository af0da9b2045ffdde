"""Spoil replies at random through whole runs, and see whether a value that is none reaches the run file unflagged.

    python tests/benchmarks/garble_storm.py --replies 300
    python tests/benchmarks/garble_storm.py --replies 10000 --record storm.jsonl --minutes 9    # again, till done

One reply in two hundred, whatever its box and the phase, is spoiled on the wire: a bit is flipped, it is cut short,
lost, late, or something else comes in its place (nothing, NAN, an over-range mark, noise, the reply before it). A pause
is acknowledged and continued. Then every point that is not flagged is compared with that of an undisturbed run.

A garble is *in range* where what arrives still reads as as many finite numbers as were sent, and other ones. It is
caught unless a point measured from it stands in the file unflagged and implausible.
"""

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from troubled_run import WALL, Night, implausible

from acquisition.readings import UNTRUSTED, Event, Reading
from acquisition.running.command_file import CommandKind, write_command
from simulators.faults import LATE_S, Wire
from simulators.rack import Rack

RATE = 0.005
POINTS = 61
KINDS = ("bit", "bit", "bit", "cut", "lost", "late", "empty", "nan", "over-range", "noise", "stale")
Carried = tuple[float, bytes] | None


@dataclass
class Storm:
    """What one run went through, and what came of it."""

    spoiled: Counter[str] = field(default_factory=Counter)
    in_range: int = 0
    state: str = ""
    message: str = ""
    points: int = 0
    flagged: int = 0
    implausible: list[str] = field(default_factory=list)


def numbers(reply: bytes) -> list[float] | None:
    """Return the finite numbers that a reply reads as, or None."""
    try:
        found = [float(part) for part in reply.decode("ascii").split(",")]
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None


class Spoiler:
    """Stands between a wire and its replies, and spoils some."""

    def __init__(self, wire: Wire, chance: random.Random, storm: Storm) -> None:
        self._carry: Callable[[bytes, bytes, float], Carried] = wire.carry
        self._chance = chance
        self._storm = storm
        self._before = b"0"

    def __call__(self, reply: bytes, terminator: bytes, sent_s: float) -> Carried:
        """Carry a reply, or what is left of it."""
        before, self._before = self._before, reply
        if self._chance.random() >= RATE:
            return self._carry(reply, terminator, sent_s)
        kind = self._chance.choice(KINDS)
        self._storm.spoiled[kind] += 1
        match kind:
            case "lost":
                return None
            case "late":
                return self._carry(reply, terminator, sent_s + LATE_S)
            case "cut":
                return self._carry(reply[: len(reply) // 2], b"", sent_s)
        spoiled = self._spoil(kind, reply, before)
        sent, arriving = numbers(reply), numbers(spoiled)
        if sent and arriving and len(sent) == len(arriving) and sent != arriving:
            self._storm.in_range += 1
        return self._carry(spoiled, terminator, sent_s)

    def _spoil(self, kind: str, reply: bytes, before: bytes) -> bytes:
        match kind:
            case "bit":
                place = self._chance.randrange(len(reply)) if reply else 0
                flipped = bytes([reply[place] ^ (1 << self._chance.randrange(7))]) if reply else b"?"
                return reply[:place] + flipped + reply[place + 1 :]
            case "noise":
                return self._chance.randbytes(self._chance.randrange(1, 40)).replace(b"\n", b"\xff")
            case "stale":
                return before
        return {"empty": b"", "nan": b"NAN", "over-range": b"+9.9E37"}[kind]


def on_event(night: Night, event: Event) -> None:
    """Acknowledge whatever paused the run, and go on."""
    if event.kind == "paused":
        for command in (CommandKind.ACKNOWLEDGE, CommandKind.CONTINUE):
            write_command(night.run_file, command, wall=WALL)


def weather(number: int, seed: int, folder: Path, undisturbed: dict[int, Reading]) -> Storm:
    """Run through one storm."""
    chance, storm = random.Random(f"{seed}/{number}"), Storm()

    def on_start(rack: Rack) -> None:
        for wire in rack.wires.values():
            wire.carry = Spoiler(wire, chance, storm)  # type: ignore[method-assign]

    night = Night(folder, POINTS, on_start=on_start, on_event=on_event)
    outcome = night.run()
    storm.state, storm.message = outcome.state.value, outcome.message
    found = night.readings()
    storm.points = len(found)
    storm.flagged = sum(bool(one.flags & UNTRUSTED) for one in found.values())
    storm.implausible = implausible(found, undisturbed)
    night.run_file.unlink()
    return storm


def lines(storms: list[Storm]) -> list[str]:
    """Return the figures."""
    spoiled = sum((storm.spoiled for storm in storms), Counter())
    in_range = sum(storm.in_range for storm in storms)
    passed = sum(len(storm.implausible) for storm in storms)
    states = Counter(storm.state for storm in storms)
    return [
        f"faulty replies: {spoiled.total()} ({', '.join(f'{kind} {count}' for kind, count in spoiled.most_common())})",
        f"runs: {len(storms)} ({', '.join(f'{count} {state}' for state, count in states.most_common())})",
        f"points: {sum(storm.points for storm in storms)}, flagged {sum(storm.flagged for storm in storms)}, "
        f"implausible and not flagged {passed}",
        *(f"  {storm.state}: {storm.message}"[:240] for storm in storms if storm.message),
        f"in-range garbles: {in_range}, caught {in_range - passed} ({(1 - passed / max(1, in_range)):.4%})",
    ]


def main() -> int:
    """Run storms until so many replies were spoiled; fail if an implausible value stands unflagged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=300, help="faulty replies in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, help="file of the storms so far; the campaign goes on from there")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this time; call again to go on")
    options = parser.parse_args()
    end_s = time.monotonic() + 60.0 * options.minutes
    storms = []
    if options.record and options.record.exists():
        storms = [Storm(**json.loads(line)) for line in options.record.read_text(encoding="utf-8").splitlines()]
        for storm in storms:
            storm.spoiled = Counter(storm.spoiled)
    with tempfile.TemporaryDirectory() as folder:
        calm = Night(Path(folder), POINTS)
        calm.run()
        undisturbed = calm.readings()
        while sum(storm.spoiled.total() for storm in storms) < options.replies and time.monotonic() < end_s:
            storms.append(weather(len(storms), options.seed, Path(folder), undisturbed))
            if options.record:
                with options.record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(vars(storms[-1])) + "\n")
    failures = [f"storm {number}: {trouble}" for number, storm in enumerate(storms) for trouble in storm.implausible]
    print("\n".join([*lines(storms), *failures]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
