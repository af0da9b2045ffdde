"""What holds for all tests."""

import os

# Many small problems on as many workers as cores: further threads of the linear algebra only wait for each other, and
# the analysis takes ten times longer. `zerobias` itself does the same.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
