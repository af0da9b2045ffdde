"""The queue: order, skips and copies; a runner that starts one run after the other and holds after one that failed."""

import json
import sqlite3
from pathlib import Path

import pytest

from acquisition.clock import WallClock
from acquisition.errors import InputError
from acquisition.queue_runner import work_off
from acquisition.run_queue import (
    EntryState,
    Queue,
    QueueEntry,
    change_queue,
    is_worked_off,
    load_queue,
    queue_path,
    runner_lock_path,
)
from acquisition.running.lock import FileLock

WALL = WallClock()
SMALL = """
[run]
name = "small"
sample = "cu1"
[[series]]
temperatures_K = [4.2]
[bias]
maximum_V = 0.5e-3
points = 5
"""


def queue_of(*names: str) -> Queue:
    queue = Queue()
    for name in names:
        queue = queue.with_added(QueueEntry(name, None, "cu1"))
    return queue


def recipes(queue: Queue) -> str:
    return "".join(entry.recipe for entry in queue.entries)


def test_entries_move_are_copied_and_taken_out() -> None:
    queue = queue_of("a", "b", "c")
    a, b, c = (entry.id for entry in queue.entries)
    assert recipes(queue.with_moved(c, -1)) == "acb"
    assert recipes(queue.with_moved(a, -1)) == "abc"
    assert recipes(queue.with_moved(a, 5)) == "bca"
    assert recipes(queue.with_duplicate(a)) == "aabc"
    assert recipes(queue.without(b)) == "ac"
    assert len({entry.id for entry in queue.with_duplicate(a).entries}) == 4


def test_only_what_waits_can_be_skipped_and_what_runs_stays() -> None:
    queue = queue_of("a", "b")
    a = queue.entries[0].id
    skipped = queue.with_skipped(a)
    following = skipped.next()
    assert following is not None and following.recipe == "b"
    assert skipped.with_skipped(a) == queue
    running = queue.with_changed(a, state=EntryState.RUNNING)
    with pytest.raises(InputError, match="only one that waits"):
        running.with_skipped(a)
    with pytest.raises(InputError, match="under way"):
        running.without(a)


def test_queue_is_what_its_file_says(tmp_path: Path) -> None:
    assert load_queue(tmp_path) == Queue()
    written = change_queue(tmp_path, lambda _: queue_of("a", "b"), WALL)
    assert load_queue(tmp_path) == written
    queue_path(tmp_path).write_text('{"entries": [{}]}')
    with pytest.raises(InputError, match="no queue of this program"):
        load_queue(tmp_path)


def test_runner_measures_one_after_the_other_and_holds_after_a_failure(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(SMALL)
    bad.write_text(SMALL.replace("4.2", "400"))
    queue = queue_of(str(good), "skipped.toml", str(bad), str(good))
    queue = queue.with_skipped(queue.entries[1].id)
    change_queue(tmp_path, lambda _: queue, WALL)
    assert work_off(tmp_path, WALL) == 2
    left = load_queue(tmp_path)
    assert [entry.state for entry in left.entries] == ["done", "skipped", "stopped", "waiting"]
    assert left.is_held
    assert "400" in left.entries[2].message and "10" in left.entries[2].message
    with sqlite3.connect(left.entries[0].run_file) as connection:
        assert connection.execute("SELECT value FROM run WHERE key = 'state'").fetchone() == ('"complete"',)


def test_runner_that_begins_anew_learns_what_became_of_the_run_under_way(tmp_path: Path, finished: Path) -> None:
    def begun(queue: Queue) -> Queue:
        return queue.with_changed(queue.entries[0].id, state=EntryState.RUNNING, run_file=str(finished))

    change_queue(tmp_path, lambda _: begun(queue_of("a")), WALL)
    assert work_off(tmp_path, WALL) == 0
    (entry,) = load_queue(tmp_path).entries
    assert (entry.state, entry.message) == ("done", "complete")


def test_run_is_found_that_began_after_its_runner_was_killed(tmp_path: Path, finished: Path) -> None:
    queue = queue_of("a")
    change_queue(tmp_path, lambda _: queue.with_changed(queue.entries[0].id, state=EntryState.RUNNING), WALL)
    started = json.dumps({"event": "started", "run": str(finished)})
    (tmp_path / f".queue.{queue.entries[0].id}.log").write_text(f"{started}\n")
    assert work_off(tmp_path, WALL) == 0
    (entry,) = load_queue(tmp_path).entries
    assert (entry.state, entry.run_file) == ("done", str(finished))


def test_log_of_an_engine_that_outlived_its_runner_is_no_other_ones(tmp_path: Path) -> None:
    gone = queue_of("gone.toml")
    change_queue(tmp_path, lambda _: gone, WALL)
    with (tmp_path / ".queue.other.log").open("w") as log:
        log.write("long " * 200)
        log.flush()
        assert work_off(tmp_path, WALL) == 1
        log.write("last words\n")
    (entry,) = load_queue(tmp_path).entries
    assert entry.message.startswith("gone.toml: no such file")
    assert not list(tmp_path.glob(f".queue.{entry.id}.log"))


def test_one_runner_a_folder(tmp_path: Path) -> None:
    assert not is_worked_off(tmp_path)
    with FileLock(runner_lock_path(tmp_path), "the other runner", WALL):
        assert is_worked_off(tmp_path)
        with pytest.raises(InputError, match="is at it"):
            work_off(tmp_path, WALL)


@pytest.fixture
def finished(bench) -> Path:
    return bench.run(bench.script()).run_file
