"""A workload on another model costs what rating each of its calls on that model comes to."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from ledger_rows import line, write_lines

from weighbridge.core.clock import InstantFormatter, to_unix_us
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.core.ids import uuid7
from weighbridge.core.money import pico_to_decimal, pico_to_text
from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import RatingFacts
from weighbridge.reports.charge_lines import find_charges
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.service import ReportService
from weighbridge.reports.what_if import WhatIf, what_if

BOOK = PriceBook.load()
NOW = datetime(2027, 3, 1, tzinfo=UTC)
FIRST_US = to_unix_us(datetime(2025, 7, 1, tzinfo=UTC))
LAST_US = to_unix_us(datetime(2027, 2, 1, tzinfo=UTC))
# Billed per prompt and per query, with a cliff and without, dear and cheap.
MODELS = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro-preview", "gemini-2.5-flash-lite")
PLACES = (("gemini", None), ("vertex", "global"), ("vertex", "europe-west4"))
TIERS = (None, "standard", "batch", "flex", "priority")


def calls(count: int) -> list[RatingFacts]:
    """Calls on every model, place and tier, of prompts on both sides of the cliffs."""
    dice = random.Random(20261122)
    found = []
    for _ in range(count):
        prompt = dice.choice([0, 7, 199_999, 200_000, 200_001, dice.randrange(400_000)])
        audio = dice.choice([0, 0, prompt // 5])
        surface, location = dice.choice(PLACES)
        grounded = dice.random() < 0.3
        usage = Usage(
            input_tokens=prompt,
            input_audio_tokens=audio,
            input_text_tokens=prompt - audio,
            cached_input_tokens=dice.choice([None, 0, prompt // 3]),
            tool_use_input_tokens=dice.choice([None, 40]),
            output_tokens=dice.randrange(9_000),
            thinking_tokens=dice.choice([None, 0, 1_234]),
            grounded_by_search=grounded,
            search_queries=dice.choice([None, 1, 4]) if grounded else None,
        )
        found.append(
            RatingFacts(
                provider="google",
                surface=surface,
                operation="generateContent",
                model=dice.choice(MODELS),
                model_version=None,
                service_tier=dice.choice(TIERS),
                location=location,
                usage=usage,
                usage_source=UsageSource.FINAL,
                free=False,
                at_unix_us=dice.randrange(FIRST_US, LAST_US),
            )
        )
    return found


CALLS = calls(600)


def row_of(number: int, call: RatingFacts) -> Exchange:
    rating = BOOK.rate(call)
    pico = rating.list_cost_pico
    return Exchange(
        exchange_id=uuid7(call.at_unix_us // 1000, number),
        started_at=InstantFormatter()(call.at_unix_us),
        ended_at=InstantFormatter()(call.at_unix_us),
        provider=call.provider,
        surface=call.surface,
        location=call.location,
        model=call.model,
        service_tier=call.service_tier,
        department=f"d{number % 3}",
        outcome="ok",
        usage_source="final",
        input_tokens=call.usage.input_tokens,
        search_queries=call.usage.search_queries,
        list_cost=None if pico is None else pico_to_text(pico),
        pricing_status=rating.pricing_status,
        charges=rating.charges,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportService]:
    folder = tmp_path_factory.mktemp("ledger")
    file = folder / "rows.ndjson"
    rows = [msgspec.json.encode(row_of(n, call)) for n, call in enumerate(CALLS)]
    file.write_bytes(b"\n".join(rows))
    store = DuckDBStore.open(folder / "ledger.duckdb", threads=1)
    assert store.import_files([file]).rows == len(CALLS)
    yield ReportService(store)
    store.close()


def asked(reports: ReportService, query: CostQuery, *models: str) -> WhatIf:
    return what_if(query, models, lambda one: reports.run(one, NOW), reports.select, BOOK)


@pytest.mark.parametrize("model", MODELS)
def test_on_its_own_model_it_costs_what_it_cost(reports: ReportService, model: str) -> None:
    """Calls of one model, moved to that model, cost the ledger's sum to the last digit."""
    query = CostQuery(filters={"model": (model,)})
    moved = asked(reports, query, model)
    cost = reports.run(query, NOW).totals["cost"]
    assert moved.models[0].cost == moved.models[0].cost_now == cost
    assert moved.models[0].unmoved == []


@pytest.mark.parametrize("model", MODELS)
def test_on_another_it_costs_what_each_call_would(reports: ReportService, model: str) -> None:
    """Every call rated anew, with its own date, tier, place and prompt size, adds up to it."""
    expected = Decimal(0)
    now = Decimal(0)
    for call in CALLS:
        was = BOOK.rate(call).list_cost_pico
        there = BOOK.rate(msgspec.structs.replace(call, model=model)).list_cost_pico
        if was is not None and there is not None:
            expected += pico_to_decimal(there)
            now += pico_to_decimal(was)
    (moved,) = asked(reports, CostQuery(), model).models
    assert (moved.cost, moved.cost_now) == (expected, now)


def test_groups_add_up(reports: ReportService) -> None:
    """Groups add up to the whole, and what was moved and was not to what was spent."""
    found = asked(reports, CostQuery(group_by=("department",)), "gemini-2.5-pro", MODELS[3])
    spent = found.ledger.totals["cost"]
    for model in found.models:
        assert len(model.groups) == 3
        assert sum(cost for cost, _ in model.groups.values()) == model.cost
        assert model.cost_now + sum(each.cost for each in model.unmoved) == spent


def test_what_has_no_price_there_is_named(reports: ReportService) -> None:
    """An embedding model writes no answers: their units are left out and said so."""
    (moved,) = asked(reports, CostQuery(), "gemini-embedding-001").models
    units = {each.unit for each in moved.unmoved}
    assert {"output_text_token", "thinking_token"} <= units
    assert (
        moved.cost_now + sum(each.cost for each in moved.unmoved)
        == (reports.run(CostQuery(), NOW).totals["cost"])
    )


@pytest.mark.parametrize("unit", ["gold", "text_call", "from_own", "__class__"])
def test_units_of_others_have_no_price(tmp_path: Path, unit: str) -> None:
    """Imported rows may be charged for what no book knows, whatever it is called."""
    charge = Charge(unit, "2", "0.500000000000", "1.000000000000", "p")
    file = write_lines(tmp_path / "rows.ndjson", line(1, charges=[charge], list_cost="1"))
    store = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    store.import_files([file])
    found = asked(ReportService(store), CostQuery(), MODELS[0])
    store.close()
    (moved,) = found.models
    assert [(each.unit, each.cost) for each in moved.unmoved] == [(unit, 1)]
    assert (moved.cost, found.without_charges) == (0, 0)


def test_unknown_models_are_told_together(reports: ReportService) -> None:
    """Each name that is in no price book is a problem of its own."""
    with pytest.raises(QueryError) as error:
        asked(reports, CostQuery(), "gemini-9", "acme/gemini-2.5-pro")
    assert len(error.value.problems) == 2
    with pytest.raises(QueryError, match="give 1 to 20"):
        asked(reports, CostQuery())


def test_charges_by_unit_add_up_to_the_cost(reports: ReportService) -> None:
    """By group and unit the amounts of the rows' own lines, all together the ledger's sum."""
    query = CostQuery(group_by=("department",), since=datetime(2026, 1, 1, tzinfo=UTC))
    found = find_charges(query, lambda one: reports.run(one, NOW), reports.select)
    by_hand: dict[tuple[str, str], Decimal] = {}
    for number, call in enumerate(CALLS):
        if call.at_unix_us >= to_unix_us(datetime(2026, 1, 1, tzinfo=UTC)):
            for charge in row_of(number, call).charges or ():
                key = (f"d{number % 3}", charge.unit)
                by_hand[key] = by_hand.get(key, Decimal(0)) + Decimal(charge.amount)
    assert {(*one.keys, one.unit): one.cost for one in found.units} == by_hand
    assert found.without_charges == 0
    assert [one.cost for one in found.units] == sorted(by_hand.values(), reverse=True)
