"""Run the commands as `python -m acquisition`."""

import sys

from acquisition.cli import main

sys.exit(main())
