"""D2: every way of asking the same ledger adds up to the same figures, to the last digit.

The traffic is the simulator's: several models, departments and streams, errors, refusals. The
sums are made here, in `Decimal`, from the rows of `/api/v1/exchanges`.
"""

import csv
import io
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
from ledger_pages import rows_by_id
from processes import Bridge, run_json, weighbridge

_MODELS = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite", "gemini-0-none")
_SCENARIOS = ("ok", "quota_429", "unavailable_503", "error_mid_stream", "no_usage")
_SUMMED = ("cost", "exchanges", "errors", "input_tokens", "output_tokens", "total_tokens")
_DIMENSIONS = (
    *("provider", "surface", "operation", "model", "model_version", "outcome", "error_type"),
    *("finish_reason", "usage_source", "token", "department", "project", "agent"),
    *("service_tier", "pricing_status", "label:env", "location"),
)
_ZONES = ("UTC", "Pacific/Chatham", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati")


@dataclass(frozen=True)
class Screens:
    """A ledger with mixed traffic, and its rows."""

    bridge: Bridge
    rows: list[dict[str, Any]]

    def query(self, **asked: Any) -> dict[str, Any]:
        """An answer of the query API over all of it."""
        answer = self.bridge.admin.post("/api/v1/query", json={"metrics": list(_SUMMED)} | asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def total(self, rows: Iterable[dict[str, Any]] | None = None) -> dict[str, Decimal]:
        """Sums of rows, by the words of the contract."""
        sums: dict[str, Decimal] = dict.fromkeys(_SUMMED, Decimal(0))
        failed = {"client_error", "upstream_error", "refused", "upstream_failed", "interrupted"}
        for row in self.rows if rows is None else rows:
            sums["cost"] += Decimal(row["list_cost"] or 0)
            sums["exchanges"] += 1
            sums["errors"] += row["outcome"] in failed
            for name in _SUMMED[3:]:
                sums[name] += row[name] or 0
        return sums


def _figures(line: dict[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(line[name] or 0) for name in _SUMMED}


def _added(lines: Iterable[dict[str, Any]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = dict.fromkeys(_SUMMED, Decimal(0))
    for line in lines:
        for name, value in _figures(line).items():
            sums[name] += value
    return sums


@pytest.fixture(scope="module")
def screens(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterable[Screens]:
    """A few hundred calls of all kinds."""
    with Bridge(tmp_path_factory.mktemp("screens"), upstream) as bridge:
        tokens = [
            bridge.command("token", "create", "--name", name, *options)["token"]
            for name, options in {
                "a": ("--department", "sales", "--project", "apollo"),
                "b": ("--department", "r&d", "--label", "env=prod"),
                "c": (),
            }.items()
        ]
        ids = list(_traffic(bridge.url, tokens))
        rows = rows_by_id(bridge, ids)
        assert len(rows) == len(ids)
        yield Screens(bridge, list(rows.values()))


def _traffic(url: str, tokens: list[str]) -> Iterable[str]:
    number = 0
    with httpx.Client(base_url=url, timeout=30) as client:
        for model in _MODELS:
            for scenario in _SCENARIOS:
                for token in [*tokens, "trk_test" + "0" * 28]:
                    number += 1
                    verb = "streamGenerateContent?alt=sse" if number % 3 else "generateContent"
                    headers = {
                        "X-Weighbridge-Key": token,
                        "x-goog-api-key": "AIzaSyTESTscreens",
                        "x-simulator-scenario": scenario,
                        "X-Agent": f"agent-{number % 7}",
                    }
                    body = {"contents": [{"parts": [{"text": f"Question {number} " * number}]}]}
                    answer = client.post(
                        f"/v1beta/models/{model}:{verb}", json=body, headers=headers
                    )
                    yield str(answer.headers["x-weighbridge-id"])


def test_the_total_is_the_sum_of_the_rows(screens: Screens) -> None:
    """D2: and the traffic is as mixed as the test means it to be."""
    total = screens.total()
    assert _figures(screens.query()["totals"]) == total
    assert {row["outcome"] for row in screens.rows} >= {
        *("ok", "client_error", "upstream_error", "refused"),
    }
    assert {row["pricing_status"] for row in screens.rows} >= {"priced", "free", "unmetered"}
    assert total["cost"] > 0


@pytest.mark.parametrize("dimension", _DIMENSIONS)
def test_any_grouping_adds_up_to_the_total(screens: Screens, dimension: str) -> None:
    """D2: with all groups, and with the top two and `(other)`."""
    for limit in ({}, {"limit": 2, "order_by": "-cost"}):
        found = screens.query(group_by=[dimension], **limit)
        assert _added(found["rows"]) == screens.total()
        assert _figures(found["totals"]) == screens.total()


@pytest.mark.parametrize("zone", _ZONES)
@pytest.mark.parametrize("granularity", ["minute", "hour", "day", "month"])
def test_the_sum_of_all_periods_is_the_range(screens: Screens, zone: str, granularity: str) -> None:
    """D2: in zones with odd offsets too, also across two dimensions."""
    asked = {"timezone": zone, "granularity": granularity, "group_by": ["department", "model"]}
    assert _added(screens.query(**asked)["rows"]) == screens.total()


def test_every_group_is_the_sum_of_its_rows(screens: Screens) -> None:
    """D2: not the total alone; `(none)` is what was not given."""
    by_department = defaultdict(list)
    for row in screens.rows:
        by_department[row["department"] or "(none)"].append(row)
    found = screens.query(group_by=["department"])["rows"]
    assert {line["department"] or "(none)": _figures(line) for line in found} == {
        name: screens.total(rows) for name, rows in by_department.items()
    }


@pytest.mark.parametrize("how", ["json", "csv", "table"])
def test_the_report_command_says_the_same(screens: Screens, how: str) -> None:
    """D2: whatever the format."""
    data = ("--data", str(screens.bridge.data))
    if how == "json":
        rows = run_json("report", *data, "--by", "department,model", "--json")["rows"]
        assert sum(Decimal(row["cost"] or 0) for row in rows) == screens.total()["cost"]
        return
    command = weighbridge("report", *data, "--by", "department,model", "--format", how)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    if how == "csv":
        lines = list(csv.DictReader(io.StringIO(done.stdout)))
        assert sum(Decimal(line["cost"] or 0) for line in lines) == screens.total()["cost"]
        assert sum(int(line["exchanges"]) for line in lines) == len(screens.rows)
    else:
        assert str(len(screens.rows)) in done.stdout


def test_filters_are_parts_of_the_whole(screens: Screens) -> None:
    """D2: what a filter keeps and what it leaves add up."""
    values = [row["model"] for row in screens.query(group_by=["model"])["rows"]]
    parts = [screens.query(filters={"model": [value]})["totals"] for value in values]
    assert _added(parts) == screens.total()
