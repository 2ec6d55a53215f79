"""Sending by apprise to servers on loopback."""

import base64
import email
import io
import logging

import pytest
from receiver import mailbox, webhook

from weighbridge.control.alerting.apprise_sender import AppriseSender
from weighbridge.control.alerting.message import Message
from weighbridge.core.alert import Severity

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
MESSAGE = Message("A title", "A text with 80 % & <b>.", Severity.CRITICAL, PICTURE)


def test_a_webhook_gets_title_text_and_picture(sender: AppriseSender) -> None:
    """As JSON, with the severity in apprise's words."""
    with webhook() as hook:
        assert sender.send(hook.url, MESSAGE) is None
        got = hook.next()
    assert (got["title"], got["message"], got["type"]) == (MESSAGE.title, MESSAGE.body, "failure")
    (picture,) = got["attachments"]
    assert (picture["filename"], picture["mimetype"]) == ("chart.png", "image/png")
    assert base64.b64decode(picture["base64"]) == PICTURE


def test_mail_has_them_too(sender: AppriseSender) -> None:
    """The picture is attached."""
    with mailbox() as box:
        assert sender.send(box.url, MESSAGE) is None
        got = email.message_from_string(box.next())
    assert got["Subject"] == MESSAGE.title
    assert got["To"] == "ops@mail.example"
    (picture,) = [part for part in got.walk() if part.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == PICTURE


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refusal_is_told_by_its_status(sender: AppriseSender, status: int) -> None:
    """And nothing else of what the service answered."""
    with webhook() as hook:
        hook.statuses = [status]
        assert sender.send(hook.url, MESSAGE) == f"http_{status}"


def test_a_service_that_is_away_is_unreachable(sender: AppriseSender) -> None:
    """Whether it is a webhook or mail."""
    with webhook() as hook, mailbox() as box:
        gone = (hook.url, box.url)
    assert [sender.send(url, MESSAGE) for url in gone] == ["unreachable", "unreachable"]


def test_a_url_that_is_none_any_more_is_invalid(sender: AppriseSender) -> None:
    """A newer apprise may know a service no longer."""
    assert sender.send("nothing://x", MESSAGE) == "invalid"


def test_apprise_logs_nothing(sender: AppriseSender) -> None:
    """P1: its lines quote hosts and parts of URLs."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        sender.service_of("slack://s3cr3t")
        sender.send("json://user:s3cr3t@127.0.0.1:9/s3cr3t", MESSAGE)
    finally:
        root.removeHandler(handler)
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("mailto://user:pass@mail.example", "E-Mail"),
        ("pagerduty://integration-key@api-key", "Pager Duty"),
        ("workflows://host:443/workflow/signature/", "Power Automate / Workflows (for MSTeams)"),
        ("jsons://hooks.example/path", "JSON"),
    ],
)
def test_services_are_known_by_their_urls(sender: AppriseSender, url: str, service: str) -> None:
    """Those that teams use most."""
    assert sender.service_of(url) == service
