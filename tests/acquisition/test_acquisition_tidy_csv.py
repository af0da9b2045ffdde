"""The tidy CSV reads back what it wrote, and names file, line and column of what it cannot read."""

from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import InputError, RunFileError
from acquisition.tidy_csv import read_tidy_csv, write_tidy_csv

HEADER = "V_volt,T_kelvin,H_tesla,G_siemens"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_stand_in_any_order(tmp_path: Path) -> None:
    table = read_tidy_csv(written(tmp_path, "G_siemens,H_tesla,T_kelvin,V_volt\n0.1,0,0.5,1e-3\n"))
    assert {name: column.tolist() for name, column in table.numbers.items()} == {
        "V_volt": [1e-3],
        "T_kelvin": [0.5],
        "H_tesla": [0.0],
        "G_siemens": [0.1],
    }


def test_comments_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    text = f"# measured on a Sunday\n# series_ohm: 3.5\n\n{HEADER}\n1e-3,0.5,0,0.1\n# half time\n-1e-3,0.5,0,0.1\n"
    table = read_tidy_csv(written(tmp_path, text))
    assert table.comments == {"series_ohm": "3.5"}
    assert table.numbers["V_volt"].tolist() == [1e-3, -1e-3]


def test_directions_are_signs(tmp_path: Path) -> None:
    table = read_tidy_csv(written(tmp_path, f"{HEADER},direction\n0,1,0,1,up\n0,1,0,1,down\n0,1,0,1,none\n"))
    assert table.direction is not None
    assert table.direction.tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no header line"),
        ("V_volt,T_kelvin,G_siemens\n1,1,1\n", "no column H_tesla"),
        ("V_volt;T_kelvin;H_tesla;G_siemens\n", "separated by commas"),
        (f"{HEADER}\n", "no rows"),
        (f"# a comment\n{HEADER}\n1,1,1,1\n1,1,one,1\n", "line 4, column H_tesla: 'one'"),
        (f"{HEADER}\n1,1,1,nan\n", "line 2, column G_siemens: 'nan'"),
        (f"{HEADER}\n1,inf,1,1\n", "line 2, column T_kelvin: 'inf'"),
        (f"{HEADER}\n1,1,1\n", "line 2: 3 cells, expected 4"),
        (f"{HEADER},direction\n1,1,1,1,left\n", "line 2, column direction: 'left'"),
    ],
)
def test_bad_file_is_refused_by_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_tidy_csv(written(tmp_path, text))
    assert message in str(refused.value)
    assert "data.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_quoted_cells_and_further_columns_read_like_plain_ones(tmp_path: Path) -> None:
    plain = f"{HEADER},direction\n1e-3,0.5,0,0.1, up\n-1e-3,0.5,0,0.1,none\n"
    fancy = f'{HEADER},remark,direction\n"1e-3",0.5,0,0.1,"cold, quiet", up\n-1e-3,0.5,0,0.1,,none\n'
    one, other = read_tidy_csv(written(tmp_path, plain)), read_tidy_csv(written(tmp_path, fancy))
    assert one.numbers.keys() == other.numbers.keys()
    assert all((one.numbers[name] == other.numbers[name]).all() for name in one.numbers)
    assert one.direction is not None and other.direction is not None
    assert one.direction.tolist() == other.direction.tolist() == [1, 0]


def test_floats_read_back_bit_for_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=200) * 10.0 ** np.arange(-100, 100)
    path = tmp_path / "out.csv"
    write_tidy_csv(path, {"sample": "cu1"}, dict.fromkeys(HEADER.split(","), values.tolist()))
    table = read_tidy_csv(path)
    assert all((table.numbers[name] == values).all() for name in HEADER.split(","))
    assert table.comments == {"sample": "cu1"}


def test_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="cannot be written"):
        write_tidy_csv(tmp_path / "no" / "such" / "folder.csv", {}, {"V_volt": [1.0]})
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(RunFileError):
        write_tidy_csv(tmp_path / "taken.csv", {}, {"V_volt": [1.0]})
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken.csv"]
