"""What `queue` does: work the queue of a folder off, and say what became of its runs."""

from pathlib import Path

from rich.console import Console

from acquisition.clock import WallClock
from acquisition.queue_runner import work_off
from acquisition.run_queue import load_queue


def work_queue_off(out: Path) -> int:
    """Work the queue of a folder off and return the exit status: 0, or 4 if it is held by a run that was stopped.

    Raises
    ------
    InputError
        If another runner is at it, or the queue's file is damaged.
    """
    work_off(out, WallClock())
    queue, console = load_queue(out), Console(stderr=True, soft_wrap=True, highlight=False)
    for entry in queue.entries:
        console.print(f"{entry.state.value:8} {entry.recipe} {entry.run_file} {entry.message}".rstrip(), markup=False)
    if queue.is_held:
        console.print("the queue is held; see why, then let it go on in the window")
    return 4 if queue.is_held else 0
