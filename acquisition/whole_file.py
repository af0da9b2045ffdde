"""A file that is there whole or not at all: written under a temporary name, made durable, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acquisition.errors import RunFileError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lend a temporary name beside `path`; rename it when the block ends well, remove it when it does not.

    Raises
    ------
    RunFileError
        If the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise RunFileError(
            f"{path}: cannot be written ({error.strerror or error}); check disk space and rights"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
