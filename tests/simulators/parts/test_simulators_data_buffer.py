import pytest

from simulators.parts.data_buffer import DataBuffer


@pytest.fixture
def buffer() -> DataBuffer:
    return DataBuffer(4)


def twice(time_s: float) -> tuple[float, float]:
    return time_s, 2.0 * time_s


def test_rows_are_those_that_were_due(buffer: DataBuffer) -> None:
    buffer.start(1.0, 0.5, is_endless=False)
    buffer.catch_up(2.2, twice)
    assert buffer.rows == [(1.0, 2.0), (1.5, 3.0), (2.0, 4.0)]


def test_how_often_one_looks_makes_no_difference(buffer: DataBuffer) -> None:
    other = DataBuffer(4)
    for each in (buffer, other):
        each.start(0.0, 0.25, is_endless=False)
    for time_s in (0.1, 0.3, 0.31, 0.6):
        buffer.catch_up(time_s, twice)
    other.catch_up(0.6, twice)
    assert buffer.rows == other.rows


def test_it_stops_when_full(buffer: DataBuffer) -> None:
    buffer.start(0.0, 1.0, is_endless=False)
    buffer.catch_up(100.0, twice)
    assert [row[0] for row in buffer.rows] == [0.0, 1.0, 2.0, 3.0]
    assert not buffer.is_running


@pytest.mark.parametrize("time_s", [5.5, 1000.5])
def test_an_endless_one_holds_the_latest(buffer: DataBuffer, time_s: float) -> None:
    calls: list[float] = []

    def sample(moment_s: float) -> tuple[float]:
        calls.append(moment_s)
        return (moment_s,)

    buffer.start(0.0, 1.0, is_endless=True)
    buffer.catch_up(time_s, sample)
    assert [row[0] for row in buffer.rows] == [time_s - 3.5, time_s - 2.5, time_s - 1.5, time_s - 0.5]
    assert len(calls) <= 12


def test_pause_keeps_and_reset_forgets(buffer: DataBuffer) -> None:
    buffer.start(0.0, 1.0, is_endless=False)
    buffer.catch_up(1.0, twice)
    buffer.pause()
    buffer.catch_up(9.0, twice)
    assert len(buffer.rows) == 2
    buffer.reset()
    assert buffer.rows == []


def test_single_rows_are_stored_while_there_is_room(buffer: DataBuffer) -> None:
    for number in range(6):
        buffer.store([float(number)])
    assert buffer.rows == [(0.0,), (1.0,), (2.0,), (3.0,)]
