"""Alerts: an e-mail and a command of the user's own, when a run stops, pauses for an interlock, or is done.

Off unless the user's own configuration folder holds an `alerts.toml`; no recipe, station or run file can switch them on
or name a command. Sending happens beside the run, in threads that nobody waits for longer than their time limit: an
alert that cannot be sent is written down, and changes nothing else.

    [alerts]                                  # may be left out
    on = ["safety-stop", "failed", "interrupted", "paused", "complete"]
    [email]
    host = "smtp.example.org"
    sender = "cryostat@example.org"
    recipients = ["me@example.org"]
    [command]
    arguments = ["notify-send", "zerobias"]   # run without a shell; the message comes on its standard input
"""

import os
import smtplib
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from platformdirs import user_config_path
from pydantic import Field

from acquisition.errors import InputError
from acquisition.toml_model import Positive, Text, TomlFile, TomlModel


class Occasion(StrEnum):
    """What an alert is about."""

    SAFETY_STOP = "safety-stop"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"
    COMPLETE = "complete"
    TEST = "test"


class Security(StrEnum):
    """How the line to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class AlertsSection(TomlModel):
    """When alerts are sent, and how long sending may take."""

    on: tuple[Occasion, ...] = Field(
        default=tuple(Occasion), description="occasions: 'safety-stop', 'failed', 'interrupted', 'paused', 'complete'"
    )
    timeout_s: Positive = Field(default=20.0, description="longest time in seconds that sending may take")


class EmailSection(TomlModel):
    """A mail server and who gets the mail."""

    host: Text = Field(description="name of the mail server")
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] = Field(default=587, description="its port")
    security: Security = Field(default=Security.STARTTLS, description="'starttls', 'tls' or 'none'")
    user: Text | None = Field(default=None, description="name to log in with, if the server wants one")
    password_file: Text | None = Field(default=None, description="file whose first line is the password")
    sender: Text = Field(description="address that the mail comes from")
    recipients: tuple[Text, ...] = Field(min_length=1, description="addresses that it goes to")


class CommandSection(TomlModel):
    """A program of the user's own."""

    arguments: tuple[Text, ...] = Field(min_length=1, description="program and its arguments; no shell is involved")


class AlertSettings(TomlFile):
    """What the user's `alerts.toml` says."""

    alerts: AlertsSection = Field(default=AlertsSection(), description="a table [alerts]")
    email: EmailSection | None = Field(default=None, description="a table [email] with host, sender, recipients")
    command: CommandSection | None = Field(default=None, description="a table [command] with arguments")


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told: the occasion, the run file (or what else it is about) and one line."""

    occasion: Occasion
    subject: str
    message: str

    @property
    def title(self) -> str:
        """Return one line for the head of a mail."""
        return " ".join(f"zerobias {self.occasion.value}: {self.subject}".split())


def settings_path() -> Path:
    """Return where the user's alert settings are; the file need not exist."""
    return user_config_path("zerobias") / "alerts.toml"


def load_settings(path: Path | None = None) -> AlertSettings | None:
    """Read the alert settings; None if there are none, which is how alerts are off.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    path = path or settings_path()
    return AlertSettings.load(path) if path.exists() else None


@dataclass
class _Sending:
    """One alert on its way by one road."""

    road: str
    thread: threading.Thread
    trouble: list[str] = field(default_factory=list)


class Alerts:
    """Sends alerts, each road in a thread of its own.

    Parameters
    ----------
    settings : AlertSettings or None
        None sends nothing.
    """

    def __init__(self, settings: AlertSettings | None) -> None:
        self._settings = settings
        self._under_way: list[_Sending] = []

    @property
    def roads(self) -> tuple[str, ...]:
        """Return the ways by which alerts are sent, in words; empty if they are off."""
        return tuple(road for road, _ in self._senders())

    def send(self, alert: Alert) -> None:
        """Begin to send an alert, if it is wanted on this occasion; returns at once and never raises."""
        settings = self._settings
        if settings is None or (alert.occasion is not Occasion.TEST and alert.occasion not in settings.alerts.on):
            return
        for road, sender in self._senders():
            trouble: list[str] = []
            thread = threading.Thread(
                target=_attempt, args=(sender, alert, trouble), name=f"alert by {road}", daemon=True
            )
            sending = _Sending(road, thread, trouble)
            try:
                thread.start()
            except RuntimeError as error:  # no more threads, or the interpreter is going down
                trouble.append(str(error))
                sending.thread = threading.current_thread()
            self._under_way.append(sending)

    def wait(self) -> list[str]:
        """Wait for what is under way, no longer than its time limit, and return what went wrong."""
        limit_s = self._settings.alerts.timeout_s if self._settings else 0.0
        troubles = []
        for sending in self._under_way:
            if sending.thread is not threading.current_thread():
                sending.thread.join(limit_s)
                if sending.thread.is_alive():
                    sending.trouble.append(f"not done after {limit_s:g} s")
            troubles += [f"alert by {sending.road} not sent: {trouble}" for trouble in sending.trouble]
        self._under_way.clear()
        return troubles

    def _senders(self) -> list[tuple[str, Callable[[Alert], None]]]:
        settings = self._settings
        if settings is None:
            return []
        limit_s, email, command = settings.alerts.timeout_s, settings.email, settings.command
        senders: list[tuple[str, Callable[[Alert], None]]] = []
        if email is not None:
            senders.append((f"e-mail via {email.host}", lambda alert: _send_email(email, alert, limit_s)))
        if command is not None:
            senders.append((f"command {command.arguments[0]}", lambda alert: _run_command(command, alert, limit_s)))
        return senders


def _attempt(sender: Callable[[Alert], None], alert: Alert, trouble: list[str]) -> None:
    try:
        sender(alert)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the mail, the run goes on
        trouble.append(" ".join(f"{type(error).__name__}: {error}".split()))


def _send_email(email: EmailSection, alert: Alert, timeout_s: float) -> None:
    message = EmailMessage()
    message["Subject"] = alert.title
    message["From"] = email.sender
    message["To"] = ", ".join(email.recipients)
    message.set_content(f"{alert.subject}\n\n{alert.message}\n")
    connect = smtplib.SMTP_SSL if email.security is Security.TLS else smtplib.SMTP
    with connect(email.host, email.port, timeout=timeout_s) as server:
        if email.security is Security.STARTTLS:
            server.starttls()
        if email.user is not None:
            server.login(email.user, _password(email))
        server.send_message(message)


def _password(email: EmailSection) -> str:
    if email.password_file is None:
        raise InputError("email.password_file: is missing, and email.user needs it; name the file with the password")
    lines = Path(email.password_file).expanduser().read_text(encoding="utf-8").splitlines()
    return lines[0].strip() if lines else ""


def _run_command(command: CommandSection, alert: Alert, timeout_s: float) -> None:
    """Run the command; the occasion is in its environment, the message on its standard input."""
    subprocess.run(
        command.arguments,
        input=f"{alert.title}\n{alert.message}\n".encode(),
        env=os.environ | {"ZEROBIAS_OCCASION": alert.occasion.value, "ZEROBIAS_SUBJECT": alert.subject},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=timeout_s,
        check=True,
    )
