"""Alerts go out by mail and by command, only where the user's own folder says so, and never in the way of a run."""

import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acquisition.cli import main
from acquisition.errors import InputError
from acquisition.running.alerts import Alert, Alerts, AlertSettings, Occasion, load_settings

STOPPED = Alert(Occasion.SAFETY_STOP, "2026-11-22_001_cu1", "interlock: the contact\nhas changed")


class MailSink(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given (RFC 5321, section 4.1)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.mails: list[str] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class MailHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailSink)
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    text += part
                self.server.mails.append(text.decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def settings(**tables: Any) -> AlertSettings:
    return AlertSettings.from_dict(tables, "alerts.toml")


def email(port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@b.c", "recipients": ["d@e.f", "g@h.i"]}


def python(script: str) -> dict[str, Any]:
    return {"arguments": [sys.executable, "-c", script]}


def test_mail_says_what_happened_to_which_run(sink: MailSink) -> None:
    alerts = Alerts(settings(email=email(sink.port)))
    alerts.send(STOPPED)
    assert alerts.wait() == []
    (mail,) = sink.mails
    assert "Subject: zerobias safety-stop: 2026-11-22_001_cu1" in mail
    assert "To: d@e.f, g@h.i" in mail
    assert "has changed" in mail


def test_command_gets_the_message_on_its_standard_input(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"import os, sys; open({str(told)!r}, 'w').write(os.environ['ZEROBIAS_OCCASION'] + sys.stdin.read())"
    alerts = Alerts(settings(command=python(script)))
    alerts.send(STOPPED)
    assert alerts.wait() == []
    assert (
        told.read_text() == "safety-stopzerobias safety-stop: 2026-11-22_001_cu1\ninterlock: the contact\nhas changed\n"
    )


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    alerts = Alerts(settings(command={"arguments": [f"touch {tmp_path / 'harm'}; true"]}))
    alerts.send(STOPPED)
    assert "FileNotFoundError" in alerts.wait()[0]
    assert list(tmp_path.iterdir()) == []


def test_occasion_that_is_not_wanted_sends_nothing(sink: MailSink) -> None:
    alerts = Alerts(settings(alerts={"on": ["failed"]}, email=email(sink.port)))
    alerts.send(STOPPED)
    assert alerts.wait() == []
    assert sink.mails == []


def test_server_that_is_not_there_is_trouble_and_nothing_more(sink: MailSink) -> None:
    port = sink.port
    sink.server_close()
    alerts = Alerts(settings(email=email(port)))
    alerts.send(STOPPED)
    (trouble,) = alerts.wait()
    assert trouble.startswith("alert by e-mail via 127.0.0.1 not sent: ")
    assert "\n" not in trouble


@pytest.mark.parametrize(
    ("script", "trouble"), [("raise SystemExit(3)", "exit status 3"), ("import time; time.sleep(60)", "timed out")]
)
def test_command_that_fails_or_hangs_is_trouble_and_nothing_more(script: str, trouble: str) -> None:
    alerts = Alerts(settings(alerts={"timeout_s": 0.5 if "sleep" in script else 20.0}, command=python(script)))
    alerts.send(STOPPED)
    found = alerts.wait()
    assert trouble in found[0] or "not done after" in found[0]


def test_server_that_says_nothing_holds_nobody_up() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as silent:
        alerts = Alerts(settings(alerts={"timeout_s": 0.2}, email=email(silent.server_address[1])))
        alerts.send(STOPPED)
        assert "not sent" in alerts.wait()[0]


def test_alerts_are_off_without_a_file(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "alerts.toml") is None
    alerts = Alerts(None)
    alerts.send(STOPPED)
    assert (alerts.roads, alerts.wait()) == ((), [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[email]\nhost = 'a'\nsender = 'b'\nrecipients = []", "at least one value"),
        ("[alerts]\non = ['lunch']", "expected one of"),
        ("[command]\nshell = 'rm'", "unknown key"),
        ("[command", "not valid TOML"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_settings(path)


def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None) -> None:
    monkeypatch.setattr("acquisition.running.alerts.user_config_path", lambda _name: tmp_path)
    if text is not None:
        (tmp_path / "alerts.toml").write_text(text)


def test_test_button_says_by_which_ways_it_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sink: MailSink, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        f"[email]\nhost = '127.0.0.1'\nport = {sink.port}\nsecurity = 'none'\nsender = 'a@b.c'\nrecipients = ['d@e.f']"
    )
    configure(monkeypatch, tmp_path, text)
    assert main(["alerts", "test"]) == 0
    assert capsys.readouterr().out == "sent: e-mail via 127.0.0.1\n"
    assert "zerobias test: a test" in sink.mails[0]


def test_test_button_says_how_to_switch_alerts_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(monkeypatch, tmp_path, None)
    assert main(["alerts", "test"]) == 2
    assert "alerts.toml" in capsys.readouterr().err


def test_test_button_says_what_did_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(monkeypatch, tmp_path, "[command]\narguments = ['no-such-program-at-all']")
    assert main(["alerts", "test"]) == 4
    assert "not sent" in capsys.readouterr().err
