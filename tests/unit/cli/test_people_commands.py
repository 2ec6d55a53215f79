"""`user` and `audit` on the command line."""

import re
from typing import Any


def test_a_person_gets_a_link_and_loses_everything_when_disabled(command: Any) -> None:
    """The link is all of stdout; `--json` gives the API's document."""
    made = command("user", "create", "--name", "Vi", "--department", "care", "--department", "risk")
    assert made.status == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:8081/welcome/wbl_[A-Za-z0-9]{32}\n", made.out)
    (user,) = command("user", "list", "--json").json["users"]
    assert user["scope"] == {"department": ["care", "risk"]}
    assert "department=care department=risk" in command("user", "list", "--format", "csv").out
    again = command("user", "reset-link", user["id"])
    assert again.out != made.out
    assert command("user", "disable", user["id"]).status == 0
    assert "disabled" in command("user", "list", "--format", "csv").out
    refused = command("user", "reset-link", user["id"])
    assert (refused.status, refused.out) == (1, "")
    assert "enable" in refused.err
    assert command("user", "enable", user["id"], "--json").json["disabled_at"] is None


def test_a_person_who_cannot_be_is_refused(command: Any) -> None:
    """With every problem, and status 2."""
    refused = command("user", "create", "--name", "Ed", "--role", "editor", "--project", "p")
    assert refused.status == 2
    assert "only viewers are bound" in refused.err


def test_changes_are_printed(command: Any) -> None:
    """Newest first; by what they were made to; in every form."""
    token = command("token", "create", "--name", "t", "--json").json
    command("token", "update", token["id"], "--department", "care")
    command("user", "create", "--name", "Vi")
    entries = command("audit", "--json").json["entries"]
    assert [entry["action"] for entry in entries] == [
        *("user.link", "user.create", "token.update", "token.create"),
    ]
    told = command("audit", "--subject", token["id"], "--limit", "1", "--format", "csv").out
    assert "operator,token.update" in told
    assert "department=-→care" in told
    assert token["token"] not in command("audit").out


def test_changes_read_as_options_do(command: Any) -> None:
    """No figure of microseconds and no brackets; what was removed says what it was."""
    token = command(
        *("token", "create", "--name", "t", "--expires", "2099-01-31", "--department", "web"),
        *("--pin", "department", "--allow", "project=site,shop", "--json"),
    ).json
    command("limit", "set", "--name", "q", "--requests", "9")
    command("limit", "remove", "q")
    command("limit", "set", "--name", "r", "--tokens", "9", "--scope", "agent=a,b")
    table = command("audit").out
    assert f"{token['id']}  name=t department=web" in table
    assert "expires=2099-01-31 00:00:00" in table
    assert "allowed=project=site,shop pinned=department" in table
    assert "name=q requests_per_minute=9 enabled=yes" in table
    assert "name=r scope=agent=a,b tokens_per_minute=9 enabled=yes" in table
    assert "None" not in table
    assert "[" not in table
