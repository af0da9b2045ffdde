"""A station file is made from answers and from what the boxes say, keeps its comments, and can be used."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquisition.cli import main
from acquisition.station_file import load_station
from acquisition.terminal import cli_station
from simulators.rack import close_rack, open_rack

ROOT = Path(__file__).resolve().parents[3]
Answer = Callable[..., tuple[int, str]]


@pytest.fixture
def answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    def call(*words: str) -> tuple[int, str]:
        status = main(["station", "new", "--out", str(tmp_path / "my.toml"), *words])
        return status, capsys.readouterr().err

    return call


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A person at the terminal who answers some questions, and takes what is proposed for the others."""
    said: dict[str, list[str]] = {}

    def ask(text: str, *, default: str, err: bool) -> str:
        left = said.get(text.partition(":")[0], [])
        return left.pop(0) if left else default

    monkeypatch.setattr(cli_station.typer, "prompt", ask)
    monkeypatch.setattr(cli_station.sys, "stdin", type("Terminal", (), {"isatty": lambda _: True})())
    return said


@pytest.fixture
def library() -> Iterator[str]:
    rack = open_rack("cu1", models=("SR860", "ITC503", "IPS120", "Keithley2182A"))
    yield rack.visa_library
    close_rack(rack)


def test_example_that_is_filled_in_is_the_one_in_examples() -> None:
    packaged = ROOT / "acquisition" / "stations" / "example.toml"
    assert packaged.read_bytes() == (ROOT / "examples" / "station.toml").read_bytes()


def test_boxes_found_are_in_the_file_with_the_comments_of_the_example(
    answer: Answer, library: str, tmp_path: Path
) -> None:
    status, said = answer("--visa-library", library, "--yes")
    assert status == 0, said
    station = load_station(tmp_path / "my.toml")
    assert (station.lockin.model, station.temperature.model, station.magnet.model) == ("SR860", "ITC503", "IPS120")
    assert station.voltmeter is not None
    assert station.station.visa_library == library
    assert "! one fixed range: changing it would send a spike" in (tmp_path / "my.toml").read_text(encoding="utf-8")
    assert main(["check", "--station", str(tmp_path / "my.toml")]) == 0


def test_answers_are_written_in_and_a_wrong_one_is_asked_again(
    answer: Answer, person: dict[str, list[str]], tmp_path: Path
) -> None:
    person["magnet.maximum_T"] = ["lots", "-3", "6"]
    person["circuit.kind"] = ["voltage-bias"]
    person["circuit.divider_ohm"] = ["0.5"]
    status, said = answer("--no-discover", "--set", "station.name=basement")
    assert status == 0
    station = load_station(tmp_path / "my.toml")
    assert (station.station.name, station.magnet.maximum_T, station.circuit.divider_ohm) == ("basement", 6.0, 0.5)
    assert said.count("magnet.maximum_T: got") == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--set", "magnet.maximum_T=0"], "magnet.maximum_T: got 0.0, expected more than 0"),
        (["--set", "magnet.colour=red"], "nothing of this name is asked"),
        (["--set", "magnet"], "expected TABLE.KEY=VALUE"),
        (["--set", "lockin.address=GPIB0::24::INSTR"], "is taken by"),
    ],
)
def test_wrong_answer_beforehand_is_refused_and_nothing_is_written(
    words: list[str], complaint: str, answer: Answer, tmp_path: Path
) -> None:
    status, said = answer("--no-discover", "--yes", *words)
    assert status == 2
    assert complaint in said
    assert not (tmp_path / "my.toml").exists()


def test_nobody_to_ask_and_a_file_that_is_there_are_wrong_input(answer: Answer, tmp_path: Path) -> None:
    assert answer("--no-discover")[0] == 2
    (tmp_path / "my.toml").write_text("mine")
    assert "is there already" in answer("--no-discover", "--yes")[1]
