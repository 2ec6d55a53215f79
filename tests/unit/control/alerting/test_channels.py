"""Channels: what is taken, what is refused, and where their URLs are not."""

from pathlib import Path
from typing import Any

import pytest
from alerts import occurrence
from sqlalchemy import select

from weighbridge.budgets.budget import NewBudget
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.audit import AuditLog
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.tables import ChannelRow
from weighbridge.core.alert import Channel, DeliveryState, NewChannel, Quiet
from weighbridge.errors import ClientError, ConflictError, NotFoundError

URL = "json://ops:p4ssw0rd@127.0.0.1:9/hook/s3cr3t"


def new(name: str = "ops", **changes: Any) -> NewChannel:
    return NewChannel(**{"name": name, "url": URL, **changes})


def test_a_channel_is_what_it_is_without_its_url(channels: ChannelService) -> None:
    """It says whose service it is; the URL leaves towards the sender alone."""
    made = channels.create(new())
    assert isinstance(made, Channel)
    assert (made.name, made.service, made.kinds, made.enabled) == ("ops", "JSON", (), True)
    assert channels.all() == [made]
    assert channels.get("OPS") == channels.get(made.id) == made
    assert channels.url_of(made.id) == URL


def test_no_secret_is_written_down(
    channels: ChannelService, database: Database, tmp_path: Path
) -> None:
    """Neither in the database nor in the log of changes (P1)."""
    made = channels.create(new())
    channels.update(made.id, {"url": URL.replace("s3cr3t", "0th3r-s3cr3t")})
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"s3cr3t" not in stored
    assert b"p4ssw0rd" not in stored
    entries = AuditLog(database).page(limit=10)
    assert [entry.action for entry in entries] == ["channel.update", "channel.create"]
    assert "s3cr3t" not in repr(entries)
    assert entries[0].after == {"url": "changed"}
    assert "s3cr3t" not in repr(new())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "expected a URL"),
        ("nothing", "expected a URL"),
        ("nothing://x", "knows no such service"),
        ("slack://", "knows no such service"),
        ("syslog://", "own machine"),
        ("DBUS://", "own machine"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/etc/passwd", "a file"),
        ("fcm://project/token/?keyfile=/etc/passwd", "a file"),
        ("json://127.0.0.1/\n", "expected a URL"),
        ("json://127.0.0.1/" + "x" * 5000, "expected a URL"),
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused(
    channels: ChannelService, url: str, why: str
) -> None:
    """With what is wrong, and without the URL."""
    with pytest.raises(ClientError) as caught:
        channels.create(new(url=url))
    (problem,) = caught.value.problems
    assert problem.where == "url"
    assert why in problem.message
    assert "passwd" not in str(problem)


def test_all_problems_come_at_once(channels: ChannelService) -> None:
    """Name, kinds, hours and zone."""
    quiet = Quiet(begins="25:00", ends="7", timezone="Mars/Olympus")
    with pytest.raises(ClientError) as caught:
        channels.create(new("chn_x", kinds=("budget_threshold", "gossip"), quiet=quiet))
    wrong = [problem.where for problem in caught.value.problems]
    assert wrong == ["name", "kinds", "quiet.begins", "quiet.ends", "quiet.timezone"]


def test_hours_that_never_end_are_refused(channels: ChannelService) -> None:
    """From eight to eight is no time to send in."""
    with pytest.raises(ClientError) as caught:
        channels.create(new(quiet=Quiet(begins="08:00", ends="08:00")))
    assert [problem.where for problem in caught.value.problems] == ["quiet"]


def test_a_name_is_there_once(channels: ChannelService) -> None:
    """Whatever its case; a removed channel frees its name."""
    first = channels.create(new("ops"))
    with pytest.raises(ConflictError):
        channels.create(new("OPS"))
    second = channels.create(new("other"))
    with pytest.raises(ConflictError):
        channels.update(second.id, {"name": "Ops"})
    channels.remove(first.id)
    assert channels.create(new("OPS")).id != first.id


def test_what_is_not_given_stays(channels: ChannelService) -> None:
    """A change of hours keeps the URL; nothing changed is no change."""
    made = channels.create(new())
    quiet = Quiet(begins="22:00", ends="07:00", timezone="Europe/Berlin")
    changed = channels.update("ops", {"quiet": quiet, "enabled": False})
    assert (changed.quiet, changed.enabled, changed.service) == (quiet, False, "JSON")
    assert channels.url_of(made.id) == URL
    assert channels.update(made.id, {"quiet": None}).quiet is None


def test_budgets_follow_a_channel_s_new_name(channels: ChannelService, database: Database) -> None:
    """Else what they tell would go to all channels from then on."""
    budgets = BudgetService(database)
    channels.create(new())
    channels.create(new("mail"))
    made = budgets.create(NewBudget(name="n", limit_pico_usd=1, channels=("OPS", "mail")))
    channels.update("ops", {"name": "on call"})
    assert budgets.get(made.budget.id).budget.channels == ("on call", "mail")
    channels.update("mail", {"enabled": False})
    assert budgets.get(made.budget.id).budget.channels == ("on call", "mail")


def test_a_removed_channel_is_forgotten(
    channels: ChannelService, alerts: AlertLog, database: Database
) -> None:
    """Its URL is gone, what waited is given up, and what it did can still be read."""
    made = channels.create(new())
    alerts.tell([occurrence()])
    channels.remove("ops")
    assert channels.all() == []
    for lost in (channels.get, channels.url_of, channels.remove):
        with pytest.raises(NotFoundError):
            lost(made.id)
    with database.read() as session:
        assert session.scalars(select(ChannelRow.sealed_url)).all() == [""]
    (alert,) = alerts.page(limit=5)
    (delivery,) = alert.deliveries
    assert (delivery.state, delivery.reason) == (DeliveryState.GIVEN_UP, "removed")
    assert delivery.channel == "ops"
