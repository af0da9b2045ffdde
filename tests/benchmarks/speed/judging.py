"""The benchmarks of the analysis, for `bench.py`: the table that each writes, as one JSON object.

python tests/benchmarks/speed/judging.py exponent|live|batch PYTHON_OF_THE_PEERS
"""

import json
import subprocess
import sys
from pathlib import Path

COMMANDS = {
    "exponent": ("exponent_fit.py", "--sets", "100", "--peer-sets", "3", "--peer-python"),
    "live": ("live_update.py",),
    "batch": ("batch.py",),
}


def main() -> None:
    """Run one and print its table."""
    script, *words = COMMANDS[sys.argv[1]]
    peers = [sys.argv[2]] if words and words[-1] == "--peer-python" else []
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / script), *words, *peers],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    sys.stdout.write(json.dumps({"table": done.stdout}) + "\n")


if __name__ == "__main__":
    main()
