"""The runner of a queue: starts one engine after the other, each a process of its own, until nothing waits.

It outlives the window that started it, and the engine outlives it: a runner that begins anew finds the run that is
under way by its run file. A run that does not end complete holds the queue, since what stopped it (an interlock, a
person, a box) may stop the next one worse.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.run_queue import EntryState, Queue, QueueEntry, change_queue, load_queue, runner_lock_path
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.running.lock import FileLock, is_locked, lock_path

POLL_S = 0.2


def work_off(out: Path, wall: Wall) -> int:
    """Work the queue of a folder off and return how many runs were begun.

    Raises
    ------
    InputError
        If another runner is at it, or the queue's file is damaged.
    """
    out.mkdir(parents=True, exist_ok=True)
    with FileLock(runner_lock_path(out), f"queue of {out}", wall) as lock:
        begun = 0
        while True:
            queue = load_queue(out)
            if (left := queue.under_way()) is not None:
                left = replace(left, run_file=left.run_file or started_run(_log_of(out, left)))
                _wait_for(Path(left.run_file), lock, wall)
                _note_end(out, left, _outcome(left.run_file, "the runner ended while it started"), wall)
            elif queue.is_held or (entry := queue.next()) is None:
                return begun
            else:
                begun += 1
                _run(out, entry, lock, wall)


def _run(out: Path, entry: QueueEntry, lock: FileLock, wall: Wall) -> None:
    """Begin a run, and see it through."""
    log = _log_of(out, entry)
    change_queue(out, lambda queue: queue.with_changed(entry.id, state=EntryState.RUNNING), wall)
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "acquisition", *entry.words(out)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "PYTHONSAFEPATH": "1"},
            start_new_session=True,  # what ends the runner does not end the run
        )
    run_file = ""
    while process.poll() is None:
        if not run_file and (run_file := started_run(log)):
            change_queue(out, lambda queue: queue.with_changed(entry.id, run_file=run_file), wall)
        lock.beat()
        wall.sleep(POLL_S)
    run_file = run_file or started_run(log)
    _note_end(out, replace(entry, run_file=run_file), _outcome(run_file, last_line(log)), wall)
    log.unlink()


def _log_of(out: Path, entry: QueueEntry) -> Path:
    """Return the log of an entry's engine: each its own, as one that outlived its runner may still write into it."""
    return out / f".queue.{entry.id}.log"


def _wait_for(run_file: Path, lock: FileLock, wall: Wall) -> None:
    """Wait until nobody writes a run file any more."""
    while run_file.name and is_locked(lock_path(run_file)):
        lock.beat()
        wall.sleep(POLL_S)


def _outcome(run_file: str, otherwise: str) -> tuple[EntryState, str]:
    """Return what became of a run by its file, and by `otherwise` if there is none."""
    if not run_file:
        return EntryState.STOPPED, otherwise
    try:
        with RunFileReader(Path(run_file)) as reader:
            state = reader.header().get("state", RunState.INTERRUPTED)
    except InputError as error:
        return EntryState.STOPPED, str(error)
    return (EntryState.DONE if state == RunState.COMPLETE else EntryState.STOPPED), str(state)


def _note_end(out: Path, entry: QueueEntry, outcome: tuple[EntryState, str], wall: Wall) -> None:
    state, message = outcome

    def noted(queue: Queue) -> Queue:
        changed = queue.with_changed(entry.id, state=state, message=message, run_file=entry.run_file)
        return replace(changed, is_held=queue.is_held or state is EntryState.STOPPED)

    change_queue(out, noted, wall)


def started_run(log: Path) -> str:
    """Return the run file that an engine says it has begun, in the log of its output; empty if it has not yet."""
    for line in _lines(log):
        if line.startswith('{"event": "started"'):
            return str(json.loads(line)["run"])
    return ""


def last_line(log: Path) -> str:
    """Return the last thing that an engine said."""
    return next((line for line in reversed(_lines(log)) if line.strip()), "no message")


def _lines(log: Path) -> list[str]:
    """Return the whole lines of a log."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return text.splitlines()
