"""Commands on a folder that nothing serves."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from weighbridge.control.folder import DataFolder
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.pricing import build
from weighbridge.pricing.pricefile import Price


@pytest.fixture
def history(command: Any, tmp_path: Path) -> Path:
    """A file of three rows, imported."""
    rows = [
        Exchange(
            exchange_id=f"01920000-0000-7000-8000-00000000000{index}",
            started_at=f"2026-11-0{index}T12:00:00.000000Z",
            ended_at=f"2026-11-0{index}T12:00:01.000000Z",
            model="gemini-2.5-flash",
            outcome="ok",
            status=200,
            department=department,
            total_tokens=1000,
            latency_us=1_000_000,
            list_cost="0.250000000000",
            pricing_status="priced",
        )
        for index, department in ((1, "care"), (2, "care"), (3, "sales"))
    ]
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows) + b"\n")
    assert command("import", str(file)).out == "imported 3 rows, skipped 0 that were there\n"
    return file


def test_tokens(command: Any) -> None:
    """B7: `--json` prints id, token and name; without it stdout is the token alone."""
    made = command(
        "token", "create", "--name", "n", "--department", "d", "--label", "env=x", "--json"
    ).json
    assert made["token"].startswith("trk_")
    assert (made["name"], made["department"], made["labels"]) == ("n", "d", {"env": "x"})
    plain = command("token", "create", "--name", "m", "--expires", "30d")
    assert plain.out.strip().startswith("trk_")
    assert "not shown again" in plain.err
    listed = command("token", "list", "--json").json["tokens"]
    assert [token["name"] for token in listed] == ["m", "n"]
    assert command("token", "revoke", made["id"]).status == 0
    rows = list(csv.DictReader(io.StringIO(command("token", "list", "--format", "csv").out)))
    assert [row["state"] for row in rows] == ["in force", "revoked"]
    assert [row["last_used"] for row in rows] == ["-", "-"]
    table = command("token", "list").out
    assert "department" in table
    assert made["token"] not in table


def test_a_token_with_rules_is_made_listed_and_changed(command: Any) -> None:
    """Options that are given replace, an empty one takes away, the rest stays."""
    rules = ("--require", "agent", "--allow", "department=a,b", "--allow", "department=c")
    pinned = ("--department", "a", "--pin", "department", "--billing", "free")
    made = command("token", "create", "--name", "n", *rules, *pinned, "--json").json
    assert (made["required"], made["pinned"], made["billing"]) == (
        ["agent"],
        ["department"],
        "free",
    )
    assert made["allowed"] == {"department": ["a", "b", "c"]}
    row = next(csv.DictReader(io.StringIO(command("token", "list", "--format", "csv").out)))
    assert row["rules"] == "require agent; allow department=a,b,c; pin department"
    assert (row["billing"], row["state"]) == ("free", "in force")
    change = ("--allow", "", "--pin", "", "--department", "", "--label", "env=x", "--expires", "1d")
    changed = command("token", "update", made["id"], *change, "--json").json
    assert (changed["allowed"], changed["pinned"], changed["department"]) == ({}, [], None)
    assert (changed["labels"], changed["required"]) == ({"env": "x"}, ["agent"])
    said = command("token", "update", made["id"], "--billing", "paid", "--expires", "never")
    assert said.err == f"Changed {made['id']} (n): billing, expires.\n"
    (shown,) = command("token", "list", "--json").json["tokens"]
    assert (shown["billing"], shown["expires_at"]) == ("paid", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("update", "tok_x"), "nothing to change"),
        (("create", "--name", "n", "--allow", "department"), "names no value"),
        (("create", "--name", "n", "--billing", "gratis"), "--billing"),
        (("create", "--name", "n", "--require", "team"), "required"),
    ],
)
def test_token_options_that_mean_nothing_are_misuse(
    command: Any, arguments: tuple[str, ...], said: str
) -> None:
    """B2: exit status 2, with what to write instead."""
    done = command("token", *arguments)
    assert done.status == 2
    assert said in done.err


def test_keys(command: Any) -> None:
    """B7: `--json` prints id, key, name and role."""
    made = command("key", "create", "--name", "k", "--role", "viewer", "--json").json
    assert {"id", "key", "name", "role"} <= set(made)
    assert (made["name"], made["role"]) == ("k", "viewer")
    assert command("key", "revoke", made["id"]).status == 0
    assert command("key", "list", "--json").json["keys"][0]["revoked_at"] is not None
    assert "revoked" in command("key", "list").out


def test_importing_again_skips_what_is_there(command: Any, history: Path) -> None:
    """B2: a row whose `exchange_id` is there already is skipped and counted."""
    again = command("import", str(history), "--json").json
    assert (again["imported"], again["skipped"]) == (0, 3)


def test_a_file_with_a_bad_row_is_told(command: Any, tmp_path: Path) -> None:
    """Nothing of it is imported, and the command fails."""
    bad = tmp_path / "bad.ndjson"
    bad.write_text('{"exchange_id":"x"}\n')
    done = command("import", str(bad))
    assert done.status == 1
    assert "bad.ndjson" in done.err
    assert command("tail", "--no-follow").out == ""


@pytest.mark.parametrize("arguments", [("tail", "--no-follow"), ("report", "--by", "department")])
def test_a_terminal_is_told_nothing(
    command: Any, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """What would move its cursor or turn its text is shown as what it is: no text."""
    file = tmp_path / "odd.ndjson"
    file.write_text(
        '{"exchange_id":"01920000-0000-7000-8000-0000000000aa",'
        '"started_at":"2026-11-01T00:00:00Z","department":"a\\u001b[31m\\nb\\u202e"}\n'
    )
    command("import", str(file))
    assert "a\ufffd[31m\ufffdb\ufffd" in command(*arguments).out


@pytest.mark.usefixtures("history")
def test_reports_in_every_form(command: Any, tmp_path: Path) -> None:
    """Table, JSON and CSV say the same; pictures are pictures."""
    ask = ("report", "--by", "department", "--since", "2026-11-01", "--metrics", "cost,exchanges")
    document = command(*ask, "--format", "json").json
    assert document["totals"] == {"cost": "0.750000000000", "exchanges": 3}
    rows = list(csv.DictReader(io.StringIO(command(*ask, "--format", "csv").out)))
    assert rows == [{name: str(value) for name, value in row.items()} for row in document["rows"]]
    table = command(*ask).out
    assert "care" in table
    assert "total" in table
    assert "$0.75" in table
    svg = command(*ask, "--format", "svg").out
    assert svg.startswith("<svg")
    png = tmp_path / "chart.png"
    assert command(*ask, "--format", "png", "--output", str(png)).status == 0
    assert png.read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("history")
def test_reports_by_time_and_filter(command: Any) -> None:
    """Flags become the fields of the one query model."""
    document = command(
        "report",
        *("--granularity", "day", "--since", "2026-11-01", "--until", "2026-11-03"),
        *("--filter", "department=care", "--filter", "department=sales", "--json"),
    ).json
    assert [row["exchanges"] for row in document["rows"]] == [1, 1]


def test_what_if(command: Any, tmp_path: Path) -> None:
    """A thousand tokens on dearer and cheaper models; what has no price there is told."""
    charge = Charge("input_text_token", "1000", "0.000000300000", "0.000300000000", "p")
    row = Exchange(
        exchange_id="01920000-0000-7000-8000-000000000009",
        started_at="2026-11-01T12:00:00.000000Z",
        ended_at="2026-11-01T12:00:01.000000Z",
        surface="gemini",
        department="care",
        input_tokens=1000,
        list_cost="0.000300000000",
        pricing_status="priced",
        charges=[charge, Charge("song", "1", "0.000000000000", "0.000000000000", "p")],
    )
    file = tmp_path / "rows.ndjson"
    file.write_bytes(msgspec.json.encode(row))
    command("import", str(file))
    ask = ("whatif", "--models", "gemini-2.5-pro,gemini-2.5-flash-lite", "--by", "department")
    models = command(*ask, "--json").json["models"]
    assert [model["cost"] for model in models] == ["0.001250000000", "0.000100000000"]
    shown = command(*ask)
    assert "$0.00125" in shown.out
    assert "gemini-2.5-pro: no price there for song; left out" in shown.err
    (first, _) = csv.DictReader(io.StringIO(command(*ask, "--format", "csv").out))
    assert (first["department"], first["difference"]) == ("care", "0.000950000000")
    assert command("whatif", "--models", "gemini-9").status == 2
    assert "--since" in command("whatif", "--models", "x", "--since", "yore").err


@pytest.mark.usefixtures("history")
def test_what_if_of_rows_without_charges(command: Any) -> None:
    """History that does not say what was charged for is left out, and said so."""
    done = command("whatif", "--models", "gemini-2.5-pro")
    assert "$0.750 is of rows without charges" in done.err


@pytest.mark.usefixtures("history")
def test_a_report_that_cannot_be_made_tells_every_flag(command: Any) -> None:
    """Problems carry the names of the flags."""
    done = command("report", "--by", "departmnt", "--since", "yore", "--filter", "x")
    assert done.status == 2
    done = command("report", "--by", "departmnt", "--since", "yore", "--limit", "0")
    assert done.status == 2
    for flag in ("--by", "--since", "--limit"):
        assert f"weighbridge: {flag}: " in done.err
    done = command("report", "--output", "/absent/file", "--format", "csv")
    assert (done.status, "cannot write" in done.err) == (2, True)


@pytest.mark.usefixtures("history")
def test_tail_prints_the_last_and_says_that_nothing_follows(command: Any) -> None:
    """Oldest first, so that the newest stands at the prompt."""
    done = command("tail", "-n", "2")
    lines = done.out.splitlines()
    assert len(lines) == 2
    assert "care/-/-" in lines[0]
    assert "sales/-/-" in lines[1]
    assert "$0.25" in lines[1]
    assert "does not run here" in done.err
    found = command("tail", "--no-follow", "--filter", "department=care", "--json").out
    assert [json.loads(line)["department"] for line in found.splitlines()] == ["care", "care"]


def test_prices_of_nobody_are_told(command: Any) -> None:
    """A mistyped maker is no empty price book."""
    done = command("models", "--provider", "gogle")
    assert done.status == 0
    assert "No price is in force for provider 'gogle'; `weighbridge models` lists all." in done.err


def test_models_at_a_date(command: Any) -> None:
    """The book as table, JSON and CSV."""
    ask = ("models", "--at", "2026-11-21", "--surface", "gemini", "--provider", "google")
    document = command(*ask, "--json").json
    lines = sum(len(model["prices"]) for model in document["models"])
    assert lines > 50
    rows = list(csv.DictReader(io.StringIO(command(*ask, "--format", "csv").out)))
    assert len(rows) == lines
    assert len(command(*ask).out.splitlines()) == lines + 1
    assert command("models", "--at", "yore").status == 2


def test_updating_the_book(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B2: each change of price, what was written, and when it is in force."""
    same = command("models", "update")
    assert same.out == "nothing changes; genai-prices 0.2.3 (MIT), checked 2026-10-15\n"
    assert "upgrade the package genai-prices" in same.err
    made = build.snapshot()
    rates = {"input_text_token": "9"}
    price = Price(models=("gemini-2.5-pro",), source="s", read=made.as_of, rates=rates)
    newer = msgspec.structs.replace(made, prices=(*made.prices, price), origin="genai-prices 9")
    monkeypatch.setattr(build, "snapshot", lambda: newer)
    dry = command("models", "update", "--dry-run")
    line = "always gemini-2.5-pro gemini standard global input_text_token: 1.25 -> 9\n"
    assert line in dry.out
    assert dry.err == "Nothing was written.\n"
    document = command("models", "update", "--json").json
    assert document["written"]
    assert len(document["changes"]) == len(dry.out.splitlines()) - 1
    assert document["changes"][0] == {
        "since": None,
        "price": "gemini-2.5-pro gemini batch global input_text_token",
        "before": "0.625",
        "after": "4.5",
    }
    command("token", "create", "--name", "t")
    _, noted = command("audit", "--json").json["entries"]
    assert (noted["action"], noted["actor_kind"]) == ("prices.update", "operator")
    assert noted["after"]["changes"] == len(document["changes"])
    listed = [
        price["usd"]
        for model in command("models", "--surface", "gemini", "--json").json["models"]
        for price in model["prices"]
        if (model["model"], price["tier"]) == ("gemini-2.5-pro", "standard")
        and price["unit"] == "input_text_token"
    ]
    assert listed == ["9"]
    command("token", "create", "--name", "n")
    (tmp_path / "data" / "prices.json").write_text("{")
    for broken in (("models",), ("report",), ("serve",)):
        done = command(*broken)
        assert done.status == 2
        assert "make it anew with `weighbridge models update`" in done.err


def test_configuration_with_origins(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """B6: each value with where it came from."""
    monkeypatch.setenv("WEIGHBRIDGE_GATEWAY__WORKERS", "3")
    rows = {row["name"]: row for row in command("config", "show", "--format", "json").json}
    assert rows["gateway.workers"]["value"] == 3
    assert rows["gateway.workers"]["origin"] == "environment WEIGHBRIDGE_GATEWAY__WORKERS"
    assert rows["gateway.listen"]["origin"] == "default"
    given = command("config", "show", "--given").out
    assert "gateway.workers" in given
    assert "gateway.listen" not in given


@pytest.mark.parametrize(
    "ask",
    [
        ("report",),
        ("tail",),
        ("token", "list"),
        ("token", "revoke", "tok_x"),
        ("key", "list"),
        ("key", "revoke", "key_x"),
    ],
    ids=" ".join,
)
def test_what_asks_makes_no_folder(command: Any, tmp_path: Path, ask: tuple[str, ...]) -> None:
    """A mistyped `--data` is told, not answered with zeros."""
    done = command(*ask)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"weighbridge: there is no ledger in {tmp_path / 'data'} yet; start `weighbridge serve`, "
        "or name another folder with --data\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_needs_no_ledger_makes_none(command: Any, tmp_path: Path) -> None:
    """Prices and configuration can be read before anything was served."""
    for ask in (("models",), ("models", "update"), ("config", "show")):
        assert command(*ask).status == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_process_holds_is_told(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a moment's patience, for a gateway that may be starting."""
    monkeypatch.setattr("weighbridge.cli.client._STARTING_S", 0.0)
    with DataFolder(tmp_path / "data").lock():
        done = command("token", "list")
    assert done.status == 1
    assert "another Weighbridge works in" in done.err
