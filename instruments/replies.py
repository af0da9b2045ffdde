"""Replies as what they must be: one line, whole numbers, finite numbers; a `ValueError` says that a reply is none."""

import math


def as_line(reply: str) -> str:
    """Return a reply that is not empty; raises `ValueError`."""
    if not reply:
        raise ValueError("empty")
    return reply


def as_int(reply: str) -> int:
    """Return the one whole number that a reply is; raises `ValueError`."""
    return int(_plain(reply))


def as_float(reply: str) -> float:
    """Return the one finite number that a reply is; raises `ValueError`."""
    number = float(_plain(reply))
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def as_floats(reply: str, count: int) -> tuple[float, ...]:
    """Return the finite numbers that a reply is, separated by commas; raises `ValueError` unless they are `count`."""
    numbers = tuple(map(float, _plain(reply).split(",")))
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers, expected {count}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError("not finite")
    return numbers


def _plain(reply: str) -> str:
    if "_" in reply:  # Python reads 1_5 as 15; no instrument writes it
        raise ValueError("no number")
    return reply
