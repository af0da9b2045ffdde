"""Folders that are no place for run files are told apart from those that are."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from small_runs import Bench

from acquisition.cli import main
from acquisition.errors import InputError
from acquisition.running.run_folder import refuse_network_drive, synchronised_by

PARTITIONS = [
    SimpleNamespace(mountpoint="/", fstype="ext4", opts="rw"),
    SimpleNamespace(mountpoint="/share", fstype="nfs4", opts="rw"),
    SimpleNamespace(mountpoint="/share/me/scratch", fstype="xfs", opts="rw"),
    SimpleNamespace(mountpoint="/mapped", fstype="NTFS", opts="rw,remote"),
]


@pytest.fixture(autouse=True)
def partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: PARTITIONS)


@pytest.mark.parametrize("folder", ["/share/me/runs", "/mapped"])
def test_network_drive_is_refused_with_its_kind(folder: str) -> None:
    with pytest.raises(InputError, match="network drive"):
        refuse_network_drive(Path(folder))


@pytest.mark.parametrize("folder", ["/var/runs", "/share/me/scratch/new", "relative"])
def test_local_disk_is_taken(folder: str) -> None:
    refuse_network_drive(Path(folder))


def test_run_into_a_network_drive_is_refused_before_anything_is_touched(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = Path(__file__).parents[3] / "examples" / "quick.toml"
    assert main(["run", str(recipe), "--simulate", "cu1", "--out", "/share/me/runs", "--yes"]) == 2
    assert "network drive (nfs4)" in capsys.readouterr().err


def test_synchronised_folder_is_told_by_its_name() -> None:
    assert synchronised_by(Path("/data/OneDrive - Institute/runs")) == "OneDrive - Institute"
    assert synchronised_by(Path("/data/runs")) == ""


def test_run_in_a_synchronised_folder_goes_on_with_a_warning(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "Dropbox")
    script = bench.script(on_point=lambda script, index: script.control.request_abort("enough") if index == 3 else None)
    bench.run(script)
    assert "synchronised folder (Dropbox)" in script.message("folder")
