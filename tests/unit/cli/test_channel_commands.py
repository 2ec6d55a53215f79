"""`channel` and `alerts` on the command line."""

import io
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alerts import occurrence
from receiver import webhook

from weighbridge.budgets.alerts.thresholds import NEVER_US
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.database import Database

SECRET = "s3cr3t"
URL = f"json://127.0.0.1:9/{SECRET}"


def test_a_channel_is_added_tested_and_removed(command: Any) -> None:
    """The test says how it went, and by its status; the URL is nowhere."""
    with webhook() as hook:
        made = command("channel", "add", "--name", "ops", "--url", hook.url, "--json").json
        sent = command("channel", "test", "ops")
        assert (sent.status, sent.err) == (0, "Sent through ops.\n")
        assert hook.next()["type"] == "info"
        hook.statuses = [404]
        refused = command("channel", "test", made["id"])
    assert refused.status == 1
    assert "http_404" in refused.err
    told = command("alerts", "--format", "csv").out
    assert "ops: given_up (http_404)" in told
    assert "ops: sent" in told
    removed = command("channel", "remove", "ops")
    assert (removed.status, SECRET in removed.err) == (0, False)
    assert command("channel", "list", "--json").json["channels"] == []


def test_a_channel_is_listed_and_changed(command: Any) -> None:
    """Kinds and hours as they were given; what is not given stays."""
    quiet = ("--quiet", "22:00-07:00", "--timezone", "Europe/Berlin")
    kinds = ("--kind", "budget_threshold", "--kind", "journal_lag")
    added = command("channel", "add", "--name", "ops", "--url", URL, *kinds, *quiet)
    assert added.status == 0
    assert "channel test chn_" in added.err
    listed = command("channel", "list", "--format", "csv").out
    assert "ops,JSON,budget_threshold journal_lag,22:00-07:00 Europe/Berlin" in listed
    changed = command("channel", "set", "ops", "--disabled", "--kind", "all", "--json").json
    assert (changed["enabled"], changed["kinds"]) == (False, [])
    assert changed["quiet"]["begins"] == "22:00"
    assert command("channel", "set", "ops", "--quiet", "none", "--json").json["quiet"] is None
    assert SECRET not in command("audit", "--json").out


def test_a_url_can_come_from_stdin(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no list of processes shows it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{URL}\n"))
    assert command("channel", "add", "--name", "ops", "--url", "-").status == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--url", "nothing://x"), "knows no such service"),
        (("--url", URL, "--quiet", "22"), "HH:MM-HH:MM"),
        (("--url", URL, "--quiet", "22:00-25:00"), "time of day"),
        (("--url", URL, "--kind", "gossip"), "expected some of budget_threshold"),
    ],
)
def test_what_cannot_be_is_refused(command: Any, options: tuple[str, ...], why: str) -> None:
    """With status 2 and what is wrong."""
    refused = command("channel", "add", "--name", "ops", *options)
    assert refused.status == 2
    assert why in refused.err


def test_nothing_stands_in_a_quiet_ledger(command: Any) -> None:
    """An empty table has its headings."""
    command("channel", "add", "--name", "ops", "--url", URL)
    assert command("alerts", "--standing", "--format", "csv").out == "since,severity,kind,title\r\n"


def test_alerts_of_a_budget_are_found_by_its_name(command: Any, tmp_path: Path) -> None:
    """Or by its id, also once it is removed; the same of those that stand."""
    made = command("budget", "set", "--name", "care", "--limit", "1", "--json").json["id"]
    with closing(Database.open(tmp_path / "data")) as database:
        log = AlertLog(database)
        log.tell([occurrence("a", budget_id=made, stands_until_us=NEVER_US), occurrence("b")])
    for asked in ("care", made):
        (told,) = command("alerts", "--budget", asked, "--json").json["alerts"]
        assert told["title"] == "Title of a"
        (stands,) = command("alerts", "--budget", asked, "--standing", "--json").json["alerts"]
        assert stands["budget_id"] == made
    assert len(command("alerts", "--json").json["alerts"]) == 2
    command("budget", "remove", "care")
    assert len(command("alerts", "--budget", made, "--json").json["alerts"]) == 1
    refused = command("alerts", "--budget", "care")
    assert (refused.status, "budget list" in refused.err) == (1, True)
