"""Let atheris find, guided by coverage, what the random spoils of `fuzz_campaign.py` do not.

    python -m pip install atheris                                     # in an environment of its own; Linux and macOS
    python tests/benchmarks/fuzz_guided.py recipes -runs=100000
    python tests/benchmarks/fuzz_guided.py replies -max_total_time=300

What reads text is tried: recipes, stations, CSV files, and replies of the boxes. The first bytes that are tried are
sound ones; each new path through our modules is kept and spoiled further. As there, only errors with a name may come
of it: anything else ends the run, with the bytes that did it in a file named crash-*.
"""

import logging
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import atheris  # pyright: ignore[reportMissingModuleSource]
import tomlkit

with atheris.instrument_imports(include=["acquisition", "analysis", "instruments"]):  # pyright: ignore[reportAttributeAccessIssue]
    from fuzz_campaign import CSV, ROOT, Door, knock, open_doors, own_errors

    from acquisition.measured import load_measured
    from acquisition.plan import make_plan
    from acquisition.recipe import load_recipe
    from acquisition.station_file import load_station, simulated_station

Target = Callable[[bytes], None]
ODD_WORDS = b" nan inf -inf -1 0 1e308 1e-320 99999999999999999999 true false NAN +9.9E37 "


def reading(read: Callable[[Path], object], path: Path) -> Target:
    """Return what has bytes read as a file."""

    def tried(data: bytes) -> None:
        path.write_bytes(data)
        with own_errors():
            read(path)

    return tried


def answering(doors: list[Door]) -> Target:
    """Return what takes bytes for the number of a call and for the lines that the box answers to it."""

    def tried(data: bytes) -> None:
        if data:
            lines = data[1:].split(b"\n")[:12]
            knock(doors[data[0] % len(doors)], [lambda _sound, line=line: line for line in lines])

    return tried


def main() -> None:
    """Hand one target to atheris, which reads the rest of the command line and ends the process."""
    station, recipe = simulated_station(), load_recipe(ROOT / "examples" / "quick.toml")
    name, *arguments = sys.argv[1:] or [""]
    logging.disable()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        targets: dict[str, tuple[Callable[[], Target], bytes]] = {
            "recipes": (
                lambda: reading(lambda path: make_plan(load_recipe(path), station), folder / "fuzz.toml"),
                (ROOT / "examples" / "cu1.toml").read_bytes(),
            ),
            "stations": (
                lambda: reading(lambda path: make_plan(recipe, load_station(path)), folder / "fuzz.toml"),
                tomlkit.dumps(station.to_dict()).encode(),
            ),
            "csv": (lambda: reading(lambda path: load_measured(path).curves(), folder / "fuzz.csv"), CSV),
            "replies": (lambda: answering(opened.enter_context(open_doors())), b"\x00+1.0E-3,+2.0E-6\n0\n4.2"),
        }
        if name not in targets:
            sys.exit(f"no target {name!r}; there are: {', '.join(targets)}")
        target, sound = targets[name]
        corpus = folder / "corpus"
        corpus.mkdir()
        (corpus / "sound").write_bytes(sound)
        words = folder / "words"
        known = sorted(set(re.findall(rb"[\w.+-]+", sound + ODD_WORDS)))
        words.write_bytes(b"".join(b'"%s"\n' % word for word in known))
        atheris.Setup([sys.argv[0], f"-dict={words}", *arguments, str(corpus)], target())
        atheris.Fuzz()


if __name__ == "__main__":
    main()
