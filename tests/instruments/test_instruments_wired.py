"""A pymeasure driver on a line of ours: set, read back, and refuse what it would let pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pymeasure.adapters import ProtocolAdapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_range

from instruments.errors import LimitError, ReadbackError, ReplyError
from instruments.transport import Line
from instruments.wired import Wired

Exchange = tuple[str | None, str | None]


class Gadget(Wired):
    level = Instrument.control("LEV?", "LEV %g", """Control a number.""", validator=strict_range, values=(0, 10))
    mode = Instrument.control(
        "MODE?", "MODE %s", """Control a word.""", values={"on": "ON", "off": "OFF"}, map_values=True
    )


@contextmanager
def gadget(*exchange: Exchange) -> Iterator[Gadget]:
    adapter = ProtocolAdapter(list(exchange))
    yield Gadget(Line(adapter, name="box"), includeSCPI=False)
    assert adapter._index == len(exchange)


def test_property_is_set_and_read_back() -> None:
    with gadget(("MODE ON", None), ("MODE?", "ON")) as box:
        assert box.take("mode", "on") == "on"


def test_property_not_taken_is_an_error() -> None:
    with (
        gadget(("MODE ON", None), ("MODE?", "OFF")) as box,
        pytest.raises(ReadbackError, match="mode set to 'on', but it reads 'off'"),
    ):
        box.take("mode", "on")


def test_number_taken_within_the_resolution_is_returned() -> None:
    with gadget(("LEV 1", None), ("LEV?", "0.9996")) as box:
        assert box.take("level", 1.0, tolerance=1e-3) == 0.9996


def test_number_outside_the_resolution_is_an_error() -> None:
    with gadget(("LEV 1", None), ("LEV?", "0.9996")) as box, pytest.raises(ReadbackError):
        box.take("level", 1.0, tolerance=1e-4)


def test_value_refused_by_a_strict_validator_is_a_limit_error() -> None:
    with gadget() as box, pytest.raises(LimitError, match=r"level 11\.0 refused"):
        box.take("level", 11.0, tolerance=1e-3)


@pytest.mark.parametrize("junk", ["abc", "1,2", "nan"])
def test_property_that_is_no_number_is_refused(junk: str) -> None:
    with gadget(("LEV?", junk)) as box, pytest.raises(ReplyError):
        box.number("level")


def test_word_out_of_its_table_is_refused() -> None:
    with gadget(("MODE?", "SIDEWAYS")) as box, pytest.raises(ReplyError):
        box.value("mode")


@pytest.mark.parametrize("act", [lambda box: box.value("levl"), lambda box: box.take("levl", 1.0)])
def test_misspelt_property_is_an_error(act: Callable[[Gadget], object]) -> None:
    with gadget() as box, pytest.raises(AttributeError, match="no property 'levl'"):
        act(box)
