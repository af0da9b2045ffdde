"""The words of the commands about alerts; see `acquisition.cli`."""

import sys

import typer

from acquisition.errors import InputError

alerts_app = typer.Typer(
    add_completion=False, help="E-mail and a command of your own when a run stops; off by default."
)

NOT_SENT = 4


@alerts_app.command("test")
def send_test() -> None:
    """Send a test alert by every way that alerts.toml names, and say which came through."""
    from acquisition.running.alerts import Alert, Alerts, Occasion, load_settings, settings_path

    alerts = Alerts(load_settings())
    if not alerts.roads:
        raise InputError(f"alerts are off; to switch them on write an [email] or a [command] into {settings_path()}")
    alerts.send(Alert(Occasion.TEST, "a test", "This is a test: alerts of Zerobias reach you."))
    troubles = alerts.wait()
    for trouble in troubles:
        sys.stderr.write(f"{trouble}\n")
    if troubles:
        raise typer.Exit(NOT_SENT)
    sys.stdout.write(f"sent: {', '.join(alerts.roads)}\n")
