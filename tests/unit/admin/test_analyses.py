"""Comparison, waste, forecast over HTTP: documents as described, problems all at once."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx

from weighbridge.compose.parts import Parts
from weighbridge.core.exchange import Exchange
from weighbridge.reports.charge_lines import find_charges
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.label_coverage import find_coverage
from weighbridge.reports.loops import find_loops
from weighbridge.reports.service import ReportService
from weighbridge.reports.what_if import what_if

NOW = datetime(2026, 11, 22, tzinfo=UTC)


async def test_a_comparison(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Two days beside the two before, by department, with what moved."""
    question = {
        "since": "2026-11-02",
        "until": "2026-11-04",
        "group_by": ["department"],
        "metrics": ["cost", "exchanges"],
    }
    document = (await local.post("/api/v1/compare", json=question)).json()
    assert document["previous"]["since"] == "2026-10-31T00:00:00+00:00"
    assert document["previous"]["until"] == "2026-11-02T00:00:00+00:00"
    assert document["totals"]["exchanges"] == {
        "current": 2,
        "previous": 1,
        "difference": 1,
        "relative": 1.0,
    }
    assert sorted(group["group"]["department"] for group in document["groups"]) == [
        "(none)",
        "care",
    ]
    assert document["totals"]["cost"]["difference"] == "0.000000300000"
    assert [mover["group"]["department"] for mover in document["movers"]] == ["(none)"]
    assert document["movers_rest"]["difference"] == "0.000000000000"


async def test_problems_of_a_comparison(local: httpx.AsyncClient) -> None:
    """A wrong step and no beginning are told together."""
    answer = await local.post("/api/v1/compare", json={"step": "fortnight"})
    assert answer.status_code == 422
    assert [one["where"] for one in answer.json()["problems"]] == ["since", "step"]
    answer = await local.post("/api/v1/compare", json={"since": "1d", "movers": -1})
    assert [one["where"] for one in answer.json()["problems"]] == ["movers"]


async def test_waste(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Three good calls are fine, and nothing is wasted."""
    document = (await local.post("/api/v1/waste", json={"since": "2026-11-01"})).json()
    kinds = {kind["kind"]: kind["figures"]["exchanges"] for kind in document["kinds"]}
    assert kinds["fine"] == document["totals"]["exchanges"] == 3
    assert document["totals"]["wasted_cost"] == "0.000000000000"


async def test_forecast_of_an_empty_ledger(local: httpx.AsyncClient) -> None:
    """No day to go by is no forecast, and says so."""
    document = (await local.post("/api/v1/forecast", json={"timezone": "Asia/Tokyo"})).json()
    assert (document["expected"], document["method"]) == (None, "none")
    assert document["spent"] == "0.000000000000"


async def test_what_if_by_document_and_by_link(
    local: httpx.AsyncClient, rows: list[Exchange]
) -> None:
    """Both forms give the same answer, and what is not priced anew is named."""
    question = {"models": ["gemini-2.5-pro"], "group_by": ["department"]}
    posted = (await local.post("/api/v1/whatif", json=question)).json()
    link = {"models": "gemini-2.5-pro", "group_by": "department"}
    linked = (await local.get("/api/v1/whatif", params=link)).json()
    assert posted["models"] == linked["models"]
    (model,) = posted["models"]
    assert (model["cost_now"], model["cost"]) == ("0.000000900000", "0.000037500000")
    assert [part["group"]["department"] for part in model["groups"]] == ["care", "(none)"]
    alone = (await local.get("/api/v1/whatif", params=link | {"department": "(none)"})).json()
    assert alone["models"][0]["cost"] == "0.000012500000"


async def test_problems_of_a_what_if(local: httpx.AsyncClient) -> None:
    """Models that are no list, and parameters that are no dimension."""
    answer = await local.post("/api/v1/whatif", json={"models": 7})
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "models")
    answer = await local.get("/api/v1/whatif", params={"models": "x", "departmnt": "care"})
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "departmnt")


async def test_loops_and_coverage(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """The real ledger takes both statements; three calls a day apart are no loop."""
    (group,) = (await local.post("/api/v1/loops", json={})).json()["groups"]
    assert (group["group"], group["exchanges"], group["steps"]) == ({"agent": "(none)"}, 3, 0)
    assert (group["rising"], group["loop_cost"]) == (None, None)
    document = (await local.post("/api/v1/label-coverage", json={"since": "2026-11-02"})).json()
    assert document["keys"] == [
        {"key": "env", "values": 1, "exchanges": 2, "cost": "0.000000600000", "cost_share": 1.0}
    ]
    assert document["unlabelled"] == {"exchanges": 0, "cost": None, "cost_share": 0.0}


async def test_charges(local: httpx.AsyncClient, rows: list[Exchange]) -> None:
    """Three calls for input alone: one unit, and nothing without charges."""
    question = {"group_by": ["department"]}
    document = (await local.post("/api/v1/charges", json=question)).json()
    assert [(one["group"]["department"], one["lines"]) for one in document["units"]] == [
        ("care", 2),
        ("(none)", 1),
    ]
    assert document["units"][0]["unit"] == "input_text_token"
    assert document["units"][0]["quantity"] == "20.000000"
    assert (document["cost"], document["without_charges"]) == ("0.000000900000", "0.000000000000")


async def test_a_scope_holds_in_every_analysis(parts: Parts, rows: list[Exchange]) -> None:
    """What is bound to a department sees that department's rows, whatever is asked."""
    reports = ReportService(parts.store).within({"department": ("care",)})
    query = CostQuery(filters={"department": ("(none)", "care")})
    assert sum(one.exchanges for one in find_loops(query, reports.select)) == 2
    assert find_coverage(query, reports.select).totals.exchanges == 2
    charges = find_charges(query, lambda one: reports.run(one, NOW), reports.select)
    assert sum(one.lines for one in charges.units) == 2
    moved = what_if(
        query, ["gemini-2.5-pro"], lambda one: reports.run(one, NOW), reports.select, parts.book
    )
    assert moved.models[0].cost_now == Decimal("0.0000006")
