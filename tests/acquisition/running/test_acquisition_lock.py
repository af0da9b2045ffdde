"""One owner a lock, known by name, with a heart that can be felt."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acquisition.clock import WallClock
from acquisition.errors import InputError, RunFileError
from acquisition.running.lock import FileLock, is_locked, lock_rack, read_owner

WALL = WallClock()


def test_owner_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path, "rack", WALL):
        owner = read_owner(path, WALL)
        assert owner is not None
        assert owner.pid == os.getpid()
        with pytest.raises(InputError, match=f"rack: process {os.getpid()}"):
            FileLock(path, "rack", WALL).__enter__()
    assert not path.exists()


def test_heartbeat_is_the_time_of_modification(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path, "rack", WALL) as lock:
        os.utime(path, (0, 1.0))
        owner = read_owner(path, WALL)
        assert owner is not None
        assert owner.heartbeat_age_s > 1e6
        lock.beat()
        owner = read_owner(path, WALL)
        assert owner is not None
        assert owner.heartbeat_age_s < 60.0


def test_beat_survives_somebody_tidying_up(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock", "rack", WALL) as lock:
        (tmp_path / "lock").unlink()
        lock.beat()


def test_dead_owner_leaves_the_lock_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = (
        "import os, sys; from pathlib import Path\n"
        "from acquisition.clock import WallClock; from acquisition.running.lock import FileLock\n"
        "FileLock(Path(sys.argv[1]), 'test', WallClock()).__enter__(); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60)
    assert path.exists()
    assert not is_locked(path)
    with FileLock(path, "next", WALL):
        assert is_locked(path)


def test_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="cannot be made"):
        FileLock(tmp_path / "absent" / "lock", "run file x", WALL).__enter__()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"pid": "x", "started": 1}', "\x00"])
def test_file_that_names_nobody_has_no_owner(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lock"
    path.write_text(content)
    assert read_owner(path, WALL) is None


def test_second_engine_on_one_box_is_refused_by_its_resource_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acquisition.running.lock.user_runtime_path", lambda *_, **__: tmp_path)
    mine = {"lockin": "GPIB0::8::INSTR", "magnet": "TCPIP0::ami430::7180::SOCKET"}
    with lock_rack(mine, WALL, "the bench, process"):
        second = lock_rack({"lockin": "GPIB0::9::INSTR", "magnet": "TCPIP0::AMI430::7180::SOCKET"}, WALL)
        with pytest.raises(InputError, match=r"magnet at TCPIP0::AMI430::7180::SOCKET: the bench, process \d"), second:
            pass
        with lock_rack({"lockin": "GPIB0::9::INSTR"}, WALL):
            pass
    assert list(tmp_path.iterdir()) == []
