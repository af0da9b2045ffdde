"""How a run, or a bench, ended, and the exit status that this is."""

from dataclasses import dataclass
from pathlib import Path

from acquisition.run_schema import RunState

EXIT_STATUS = {
    RunState.COMPLETE: 0,
    RunState.SAFETY_STOP: 3,
    RunState.FAILED: 4,
    RunState.ABORTED: 5,
}


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its file, its state, the points in the file, why it stopped, and whether the rack is safe."""

    run_file: Path
    state: RunState
    points: int
    message: str
    is_rack_safe: bool = True

    @property
    def exit_status(self) -> int:
        """Return the exit status that the state stands for; a complete run whose rack is not safe has failed too."""
        return EXIT_STATUS[self.state if self.is_rack_safe or self.state is not RunState.COMPLETE else RunState.FAILED]
