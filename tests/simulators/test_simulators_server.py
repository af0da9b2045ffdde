import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from acquisition.clock import WallClock
from simulators.rack import MODELS, UnknownModelError, close_rack, open_rack
from simulators.server import RackServer, serve_sample


class Client:
    """A plain socket that speaks lines."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=5.0)
        self._lines = self.socket.makefile("rb")

    def tell(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def hear(self) -> str:
        return self._lines.readline().decode()

    def ask(self, question: str) -> str:
        self.tell(f"{question}\n")
        return self.hear().rstrip("\r\n")

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


class Served:
    """A rack served in a thread of its own."""

    def __init__(self, speed: float) -> None:
        self.rack = open_rack("cu1", 1)
        self.server = RackServer(self.rack, WallClock(), speed=speed)
        self.clients: list[Client] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.server.serve, args=(self._stop.is_set,))
        self._thread.start()

    def connect(self, model: str) -> Client:
        _, host, port, _ = self.server.addresses[model].split("::")
        self.clients.append(Client(host, int(port)))
        return self.clients[-1]

    def control(self) -> Client:
        host, port = self.server.control.split(":")
        self.clients.append(Client(host, int(port)))
        return self.clients[-1]

    def order(self, **request: object) -> dict[str, object]:
        return json.loads(self.control().ask(json.dumps(request)))

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self._stop.set()
        self._thread.join()
        self.server.close()
        self.server.close()
        close_rack(self.rack)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    opened: list[Served] = []

    def start(speed: float = 1.0) -> Served:
        opened.append(Served(speed))
        return opened[-1]

    yield start
    for served in opened:
        served.close()


@pytest.mark.parametrize("model", MODELS)
def test_every_box_listens_on_a_loopback_port_of_its_own(serve: Callable[..., Served], model: str) -> None:
    served = serve()
    client = served.connect(model)
    if model == "AMI430":
        assert client.hear() == "American Magnetics Model 430 IP Interface\r\n"
        assert client.hear() == "Hello.\r\n"
    assert model[-3:] in client.ask("*IDN?")
    assert served.server.addresses[model].startswith("TCPIP0::127.0.0.1::")
    assert len(set(served.server.addresses.values())) == len(MODELS)


def test_several_clients_share_one_world(serve: Callable[..., Served]) -> None:
    served = serve()
    one, other = served.connect("SR830"), served.connect("SR830")
    one.tell("SLVL 0.1\n")
    assert one.ask("SLVL?") == "0.100"
    assert other.ask("SLVL?") == "0.100"
    assert served.order(do="state")["oscillator_Vrms"] == pytest.approx(0.1, rel=0.01)


def test_replies_of_two_clients_do_not_mix(serve: Callable[..., Served]) -> None:
    served = serve()
    one, other = served.connect("SR830"), served.connect("SR830")
    one.tell("SENS?\n")
    other.tell("OFLT?\n")
    assert (other.hear(), one.hear()) == ("8\n", "26\n")


def test_half_a_line_waits_for_its_end(serve: Callable[..., Served]) -> None:
    client = serve().connect("SR830")
    client.tell("SE")
    assert client.ask("NS?") == "26"


def test_rack_time_passes_as_many_times_faster_as_asked(serve: Callable[..., Served]) -> None:
    served, wall = serve(speed=1000.0), WallClock()
    start_s = wall.monotonic_s()
    before_s = served.order(do="state")["time_s"]
    wall.sleep(0.05)
    after_s, took_s = served.order(do="state")["time_s"], wall.monotonic_s() - start_s
    assert isinstance(before_s, float)
    assert isinstance(after_s, float)
    assert 50.0 <= after_s - before_s <= 1000.0 * took_s + 1.0


def test_a_measurement_takes_its_time(serve: Callable[..., Served]) -> None:
    client, wall = serve().connect("Keithley2400"), WallClock()
    client.tell(":SOUR:FUNC CURR;:SENS:CURR:NPLC 2;:OUTP ON\n")
    start_s = wall.monotonic_s()
    client.ask(":READ?")
    # one function at 2 power line cycles, thrice with auto-zero
    assert wall.monotonic_s() - start_s >= 0.1


def test_a_client_that_does_not_read_holds_nobody_up(serve: Callable[..., Served]) -> None:
    served = serve(speed=1000.0)
    deaf, other = served.connect("SR830"), served.connect("SR830")
    deaf.tell("*IDN?\n" * 5000)
    assert other.ask("SENS?") == "26"


def test_a_client_that_goes_without_a_word_is_forgotten(serve: Callable[..., Served]) -> None:
    served = serve()
    rude = served.connect("SR830")
    rude.tell("SENS?\nSENS?\n")
    rude.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    rude.close()
    assert served.connect("SR830").ask("SENS?") == "26"


def test_lost_connection_is_closed_and_a_new_one_answers(serve: Callable[..., Served]) -> None:
    served = serve()
    client = served.connect("SR830")
    assert client.ask("SENS?") == "26"
    assert served.order(do="fault", name="dead-session", box="SR830")["fault"] == "dead-session"
    assert client.hear() == ""
    assert served.connect("SR830").ask("SENS?") == "26"


def test_late_reply_is_late_for_the_client_at_any_speed(serve: Callable[..., Served]) -> None:
    served = serve(speed=1000.0)
    client = served.connect("SR830")
    client.socket.settimeout(0.3)
    served.order(do="fault", name="late-reply", box="SR830")
    with pytest.raises(TimeoutError):
        client.ask("SENS?")


def test_physical_fault_is_seen_through_the_wire(serve: Callable[..., Served]) -> None:
    served = serve(speed=100.0)
    magnet = served.connect("AMI430")
    served.order(do="fault", name="quench")
    assert served.order(do="state")["is_quenched"] is True
    assert (magnet.hear(), magnet.hear(), magnet.ask("STATE?"))[2] == "7"


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"do": "fault", "name": "flood"}, "no fault 'flood'"),
        ({"do": "fault", "name": "quench", "box": "SR830"}, "a fault of no box"),
        ({"do": "fault", "name": "lost-reply", "box": "SR831"}, "no box 'SR831'"),
        ({"do": "fault", "name": "quench", "for_s": 3}, "no duration"),
        ({"do": "fault", "name": "overload", "for_s": -1}, "above zero"),
        ({"do": "fault", "name": "front-panel"}, "which front panel"),
        ({"do": "dance"}, "'dance'"),
        ([], "not understood"),
    ],
)
def test_senseless_request_is_refused_in_words(serve: Callable[..., Served], request_: object, complaint: str) -> None:
    assert complaint in json.loads(serve().control().ask(json.dumps(request_)))["error"]


def test_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownModelError, match=r"no simulated 'SR844'.*SR830"):
        serve_sample("cu1", 1, WallClock(), models=["SR844"])


def test_named_models_take_the_places_of_the_usual_ones() -> None:
    server = serve_sample("cu1", 1, WallClock(), models=["SR860", "MercuryiPS"])
    assert list(server.addresses) == ["SR860", "MercuryiPS"]
    server.close()


def test_two_models_in_one_place_are_refused() -> None:
    with pytest.raises(UnknownModelError, match="no SR830 in this rack"):
        serve_sample("cu1", 1, WallClock(), models=["SR830", "SR860"])
