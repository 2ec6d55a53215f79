"""`weighbridge limit`, on a folder that nothing serves."""

import csv
import io
from typing import Any


def test_a_limit_is_set_listed_and_removed(command: Any) -> None:
    """By its name or id; what is not given stays, an empty value or 0 takes away."""
    given = ("--requests", "60", "--tokens", "1000", "--scope", "department=care", "--per", "agent")
    made = command("limit", "set", "--name", "n", *given, "--json").json
    assert (made["requests_per_minute"], made["tokens_per_minute"]) == (60, 1000)
    again = command("limit", "set", "n", "--tokens", "0", "--per", "", "--json").json
    assert (again["id"], again["tokens_per_minute"], again["per"]) == (made["id"], None, None)
    told = command("limit", "set", made["id"], "--disable")
    assert "60 calls a minute" in told.err
    (row,) = csv.DictReader(io.StringIO(command("limit", "list", "--format", "csv").out))
    assert (row["name"], row["state"], row["scope"]) == ("n", "disabled", "department=care")
    assert "Removed" in command("limit", "remove", "n").err
    assert command("limit", "list", "--json").json["rate_limits"] == []


def test_what_is_left_is_shown(command: Any) -> None:
    """Everything, where nothing serves."""
    command("limit", "set", "--name", "n", "--requests", "60", "--per", "agent")
    (row,) = csv.DictReader(io.StringIO(command("limit", "status", "--format", "csv").out))
    assert (row["limit"], row["value"], row["requests left"]) == ("n", "(each)", "60")
    assert command("limit", "status", "n", "--json").json["buckets"] == []


def test_misuse_is_told(command: Any) -> None:
    """A limit without a name, one that limits nothing, one that is not there."""
    assert command("limit", "set", "--requests", "1").status == 2
    assert command("limit", "set", "--name", "n").status == 2
    command("limit", "set", "--name", "n", "--requests", "1")
    assert command("limit", "remove", "lim_0").status == 1
