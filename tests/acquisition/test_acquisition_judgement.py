"""What `analyze` says of a file: the contract's object, with evidence and verdict, and a reason for every null."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from acquisition.circuit import ScaleError
from acquisition.judgement import AnalyzeOptions, Judgement, compare, judge, sections_of
from acquisition.judgement_json import to_json, universality_json
from acquisition.report_files import write_report, write_universality
from acquisition.terminal.judgement_view import print_judgement
from analysis.errors import AnalysisError

QUANTUM_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518
GRID_V = 1e-4 * np.sinh(np.linspace(-3.2, 3.2, 81))
TEMPERATURES_K = np.geomspace(0.1, 4.0, 7)
VERDICTS = {"consistent", "excluded", "undecided"}


def write_csv(path: Path, height: float, seed: int = 3) -> Path:
    """Write an anomaly in e2/h with a Lorentzian of some kelvin: a peak if `height` is positive."""
    rng = np.random.default_rng(seed)
    lines = ["V_volt,T_kelvin,H_tesla,G_siemens,direction"]
    for temperature_K in TEMPERATURES_K:
        for direction, bias_V in (("up", GRID_V), ("down", GRID_V[::-1])):
            squared = temperature_K**2 + 0.15 * (bias_V * KELVIN_PER_VOLT) ** 2
            values = 2500 + height * (1 + 22.3 * squared / 2.0**2) ** -0.22 + 0.01 * rng.standard_normal(bias_V.size)
            lines += [
                f"{bias:.9g},{temperature_K:.6g},0,{value * QUANTUM_S:.12g},{direction}"
                for bias, value in zip(bias_V, values, strict=True)
            ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def dip(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    return judge(write_csv(tmp_path_factory.mktemp("dip") / "dip.csv", -6.0), AnalyzeOptions())


def test_every_mechanism_is_listed_with_verdict_and_reasons(dip: Judgement) -> None:
    answer = to_json(dip)
    assert {entry["verdict"] for entry in answer["evidence"]} <= VERDICTS
    names = [entry["mechanism"] for entry in answer["evidence"]]
    assert {"2CK", "disorder", "magnetic-kondo", "heating", "no-scaling"} <= set(names)
    assert all(isinstance(sentence, str) for entry in answer["evidence"] for sentence in entry["because"])
    assert answer["verdict"] in {*names, "undecided"}
    assert answer["because"]


def test_errors_of_the_scale_are_listed_where_a_run_file_knows_them(dip: Judgement) -> None:
    titles = [section.title for section in sections_of(dip)]
    known = sections_of(replace(dip, scale_error=ScaleError("all", 0.004, 0.003)))
    assert [section.title for section in known[:-1]] == titles  # a CSV knows of none
    assert [row[:2] for row in known[-1].rows] == [
        ("conductance", "0.4 %"),
        ("Sharvin radius", "0.2 %"),
        ("bias", "0.3 %"),
    ]


def test_a_dip_of_magnetic_impurities_is_not_two_channel_kondo(dip: Judgement) -> None:
    verdicts = {entry["mechanism"]: entry["verdict"] for entry in to_json(dip)["evidence"]}
    assert verdicts["2CK"] == verdicts["charge-trap"] == "excluded"
    assert verdicts["magnetic-kondo"] == "consistent"


def test_json_holds_no_nan(dip: Judgement) -> None:
    json.dumps(to_json(dip), allow_nan=False)


def test_models_tell_what_each_costs(dip: Judgement) -> None:
    models = to_json(dip)["models"]
    assert min(models.values(), key=lambda model: model["delta_chi2"])["delta_chi2"] == 0.0
    assert models["charge-trap"]["delta_chi2"] > 25


def test_the_print_shows_verdict_and_reasons(dip: Judgement) -> None:
    console = Console(record=True, width=200, file=StringIO())
    print_judgement(dip, console)
    text = console.export_text()
    assert f"verdict: {dip.evidence.verdict}" in text
    assert "magnetic-kondo" in text


def test_the_numbers_of_the_answer_are_on_the_print_and_on_the_page(dip: Judgement, tmp_path: Path) -> None:
    answer = to_json(dip)
    assert answer["signs"]["amplitude"]["value"] == pytest.approx(4.0, abs=0.1)
    assert [own["field_T"] for own in answer["fields"]] == [0.0]
    assert {row["how"] for row in answer["corrections"]["listed"]} <= {"estimated", "given", "off"}
    assert "is not one of cu1" in answer["table1"]["why"]
    assert answer["d_of_alpha"]["bias_dimensionless"]["error"] > 0.0
    console = Console(record=True, width=200, file=StringIO())
    print_judgement(dip, console)
    page, text = write_report(dip, tmp_path).read_text(), console.export_text()
    for title in ("Parameters", "Exponent by field", "Signs by which mechanisms differ", "Corrections"):
        assert title in page and title in text


def test_several_files_are_compared_on_one_scale(dip: Judgement, tmp_path: Path) -> None:
    assert compare([dip]) is None
    found = compare([dip, replace(dip, path=Path("other.csv"))])
    assert found is not None and found.is_universal
    assert [own.name for own in found.samples] == ["dip.csv", "other.csv"]
    answer = universality_json(found)
    assert answer["samples"][1]["amplitude_ratio"]["value"] == pytest.approx(1.0, abs=0.02)
    json.dumps(answer, allow_nan=False)
    page = write_universality(found, tmp_path).read_text()
    assert "agree with one curve" in page and "data:image/svg+xml" in page
    assert json.loads((tmp_path / "universality.json").read_text()) == json.loads(json.dumps(answer))


@pytest.fixture(scope="module")
def without_exponent(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """A peak seen through a window that leaves no exponent."""
    path = write_csv(tmp_path_factory.mktemp("peak") / "peak.csv", 6.0)
    return judge(path, AnalyzeOptions(temperature_max_K=0.11, bias_max_V=1e-3))


def test_without_an_exponent_alpha_is_null_with_a_reason(without_exponent: Judgement) -> None:
    answer = to_json(without_exponent)
    assert answer["alpha"]["value"] is None
    assert "at least two" in answer["alpha"]["why"]
    assert all(entry["value"] is None and entry["why"] for entry in answer["parameters"].values())
    json.dumps(answer, allow_nan=False)


def test_without_an_exponent_mechanisms_are_weighed_all_the_same(without_exponent: Judgement) -> None:
    verdicts = {row.mechanism: row.verdict for row in without_exponent.evidence.mechanisms}
    assert verdicts["2CK"] == "excluded"
    assert verdicts["charge-trap"] == "consistent"


def test_without_an_exponent_there_is_still_a_report(without_exponent: Judgement, tmp_path: Path) -> None:
    page = write_report(without_exponent, tmp_path).read_text()
    assert "no exponent" in page
    assert "charge-trap" in page


def test_a_contact_without_an_anomaly_is_undecided_with_the_reason(tmp_path: Path) -> None:
    answer = to_json(judge(write_csv(tmp_path / "flat.csv", 0.0), AnalyzeOptions()))
    assert answer["alpha"]["value"] is None
    assert answer["verdict"] == "undecided"
    assert "no anomaly" in answer["because"][0]


def test_one_flat_isotherm_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "flat.csv", 0.0)
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(row for row in rows if row.split(",")[1] == "0.1")]))
    with pytest.raises(AnalysisError):
        judge(path, AnalyzeOptions())


def test_constant_conductance_does_not_crash(tmp_path: Path) -> None:
    path = tmp_path / "constant.csv"
    lines = [f"{bias:.9g},{temperature_K:.6g},0,0.1" for temperature_K in TEMPERATURES_K for bias in GRID_V]
    path.write_text("\n".join(["V_volt,T_kelvin,H_tesla,G_siemens", *lines]) + "\n")
    try:
        answer = to_json(judge(path, AnalyzeOptions()))
    except AnalysisError:
        return
    json.dumps(answer, allow_nan=False)


def test_bias_of_one_sign_does_not_crash(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "dip.csv", -6.0)
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(row for row in rows if not row.startswith("-"))]))
    try:
        answer = to_json(judge(path, AnalyzeOptions(bias_offset_V=0.0)))
    except AnalysisError:
        return
    json.dumps(answer, allow_nan=False)
