"""`weighbridge budget`, on a folder that nothing serves."""

import csv
import io
from typing import Any

import pytest

from weighbridge.cli.budget_tables import status_rows


def test_a_budget_is_set_and_set_again(command: Any) -> None:
    """By its name or id; what is not given stays, an empty value takes away."""
    command("channel", "add", "--name", "ops", "--url", "json://127.0.0.1:9/")
    options = ("--limit", "100", "--period", "day", "--timezone", "Europe/Berlin")
    scope = ("--scope", "department=care,lab", "--scope", "department=web", "--per", "agent")
    rest = ("--action", "block", "--thresholds", "50,90", "--channel", "ops", "--grace", "5")
    made = command("budget", "set", "--name", "care", *options, *scope, *rest, "--json").json
    assert made["scope"] == {"department": ["care", "lab", "web"]}
    assert (made["limit_usd"], made["per"], made["thresholds"]) == ("100.00", "agent", [50, 90])
    assert (made["action"], made["channels"], made["grace_percent"]) == ("block", ["ops"], 5)
    again = command("budget", "set", "--name", "care", "--limit", "50", "--json").json
    assert (again["id"], again["limit_usd"], again["per"]) == (made["id"], "50.00", "agent")
    named = command(
        "budget", "set", made["id"], "--name", "c", "--per", "", "--scope", "", "--json"
    )
    assert (named.json["name"], named.json["per"], named.json["scope"]) == ("c", None, {})
    told = command("budget", "set", "c", "--disable")
    assert "Changed" in told.err
    assert "50.00 USD a day, Europe/Berlin" in told.err
    (row,) = csv.DictReader(io.StringIO(command("budget", "list", "--format", "csv").out))
    assert (row["name"], row["state"], row["scope"]) == ("c", "disabled", "everything")


def test_all_problems_of_a_budget_are_told(command: Any) -> None:
    """Exit status 2, one line each."""
    command("budget", "set", "--name", "n", "--limit", "1")
    done = command("budget", "set", "--name", "n", "--limit", "-1", "--timezone", "Mars")
    assert done.status == 2
    assert "limit_usd" in done.err
    assert "'Mars'" in done.err
    done = command("budget", "set", "--name", "n", "--channel", "ops")
    assert (done.status, "make one by `channel add`" in done.err) == (2, True)


def test_an_address_makes_a_channel(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given in the line or by stdin; what is said names the channel."""
    address = "json://127.0.0.1:9/s3cr3t"
    options = ("--name", "n", "--limit", "1", "--json")
    made = command("budget", "set", *options, "--channel", address)
    assert made.json["channels"] == ["json-127.0.0.1"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{address}/2\n"))
    again = command("budget", "set", *options, "--channel", "-")
    assert again.json["channels"] == ["json-127.0.0.1-2"]
    assert "s3cr3t" not in made.out + made.err + again.out + again.err


def test_what_makes_no_sense_is_misuse(command: Any) -> None:
    """Before anything is asked, or as soon as it is known."""
    assert command("budget", "set", "--limit", "1").status == 2
    assert command("budget", "set", "--name", "n", "--scope", "department").status == 2
    assert command("budget", "set", "--name", "n", "--thresholds", "many").status == 2
    assert command("budget", "status", "--value", "x").status == 2
    command("key", "create", "--name", "n", "--role", "viewer")
    assert command("budget", "remove", "bud_0").status == 1
    refused = command("budget", "set", "bud_0", "--limit", "1").err
    assert refused == "weighbridge: no budget has the id or name 'bud_0'; see `budget list`\n"
    assert "no budget has the id or name 'status'" in command("budget", "show", "status").err


def test_two_of_one_name_are_told_apart_by_id(command: Any) -> None:
    """A name is for people; where it is not clear, the ids are."""
    first = command("budget", "set", "--name", "n", "--limit", "1", "--json").json
    other = command("budget", "set", "--name", "m", "--limit", "1", "--json").json
    assert command("budget", "set", other["id"], "--name", "n").status == 0
    done = command("budget", "set", "--name", "n", "--limit", "2")
    assert done.status == 2
    assert first["id"] in done.err
    assert command("budget", "remove", first["id"]).status == 0
    assert command("budget", "show", "n", "--json").json["id"] == other["id"]


def test_how_budgets_stand(command: Any) -> None:
    """Of one as the API says, of all as a table with a row for each account."""
    made = command("budget", "set", "--name", "n", "--limit", "1", "--json").json
    one = command("budget", "status", "n", "--json").json
    assert (one["budget_id"], one["spent"], one["state"]) == (made["id"], "0.00", "ok")
    everything = command("budget", "status", "--json").json
    assert everything["statuses"] == [one]
    (row,) = csv.DictReader(io.StringIO(command("budget", "status", "--format", "csv").out))
    assert (row["budget"], row["used"], row["remaining"]) == ("n", "0.0%", "1.00")
    shown = command("budget", "status").out
    assert "remaining" in shown
    assert "$1.00" in shown
    assert "elsewhere" not in shown
    assert row["elsewhere"] == "0.00"


def test_what_other_gateways_have_is_told_where_they_have_any(command: Any) -> None:
    """Of `spent` and `held`, in a column that else only programs get."""
    command("budget", "set", "--name", "n", "--limit", "1")
    document = command("budget", "status", "n", "--json").json
    there = document | {"spent": "0.40", "elsewhere_spent": "0.30", "elsewhere_held": "0.01"}
    columns, (row,) = status_rows([there], exact=False)
    assert "elsewhere" in columns
    assert (row["spent"], row["elsewhere"]) == ("$0.400", "$0.310")
    assert row["until"] == "-" or row["until"].endswith(" UTC")


def test_a_raise_is_given_and_withdrawn(command: Any) -> None:
    """It lifts the limit, carries its reason, and stays on record."""
    command("budget", "set", "--name", "n", "--limit", "1")
    given = ("--amount", "0.5", "--until", "2h", "--reason", "release")
    raised = command("budget", "raise", "n", *given, "--json").json
    assert command("budget", "status", "n", "--json").json["limit"] == "1.50"
    assert "by operator: release" in command("budget", "show", "n").out
    assert "Withdrew" in command("budget", "withdraw", "n", raised["id"]).err
    assert command("budget", "status", "n", "--json").json["limit"] == "1.00"
    assert "withdrawn" in command("budget", "show", "n").out


def test_an_audit_is_shown(command: Any) -> None:
    """Of one as the API says, of all as a table."""
    made = command("budget", "set", "--name", "n", "--limit", "1", "--json").json
    one = command("budget", "audit", "n", "--json").json
    assert (one["budget_id"], one["consistent"]) == (made["id"], True)
    assert command("budget", "audit", "--json").json == {"audits": [one]}
    (row,) = csv.DictReader(io.StringIO(command("budget", "audit", "--format", "csv").out))
    assert (row["rows"], row["spent"], row["verdict"]) == ("0", "0.00", "nothing is lent")


def test_what_was_set_is_told_in_words(command: Any) -> None:
    """An hour is one, and a budget out of force says so."""
    made = command("budget", "set", "--name", "n", "--limit", "2.50", "--period", "hour")
    assert made.err.endswith("(n): tells of 2.50 USD an hour, UTC.\n")
    off = command("budget", "set", "n", "--disable")
    assert off.err.endswith("(n): tells of 2.50 USD an hour, UTC; disabled.\n")


def test_a_value_of_a_budget_for_all_is_told(command: Any) -> None:
    """With the value that was seen."""
    command("budget", "set", "--name", "n", "--limit", "1")
    refused = command("budget", "status", "n", "--value", "indexer")
    assert refused.status == 2
    assert "the budget is one for all, got 'indexer'; leave it out" in refused.err


def test_without_a_store_there_are_no_nodes(command: Any) -> None:
    """And nobody to be taken away."""
    command("budget", "set", "--name", "n", "--limit", "1")
    assert command("budget", "nodes", "--json").json["nodes"] == []
    assert "budgets.shared is not set" in command("budget", "nodes").err
    done = command("budget", "nodes", "--remove", "abc")
    assert (done.status, "no gateway has the id" in done.err) == (1, True)
