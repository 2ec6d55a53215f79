"""What goes out for an alert: title, text, and a picture where there is one.

The text ends in the alert's id, by which whoever gets one twice (a crash between sending and
writing down) knows it again.
"""

from dataclasses import dataclass

from weighbridge.core.alert import Alert, Severity


@dataclass(frozen=True, slots=True)
class Message:
    """A message for any channel; `picture` is a PNG."""

    title: str
    body: str
    severity: Severity
    picture: bytes | None = None


def message_of(alert: Alert, picture: bytes | None, public_url: str | None) -> Message:
    """The message of an alert, with a link where the dashboard's address is known."""
    found = alert.occurrence
    lines = [found.message]
    if public_url is not None:
        lines.append(f"{public_url}/alerts")
    lines.append(f"Weighbridge alert {alert.id}")
    return Message(found.title, "\n\n".join(lines), found.severity, picture)
