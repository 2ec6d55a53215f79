"""Loop-likeness and label coverage are what plain Python finds in the same rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_ledger import MemoryLedger

from weighbridge.core.exchange import COLUMNS
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.label_coverage import find_coverage, find_keys
from weighbridge.reports.loops import LEAST_CALLS, find_loops
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 11, 2, tzinfo=UTC)
FIRST = datetime(2026, 10, 25, tzinfo=UTC)  # Berlin's long day

ledger = MemoryLedger()
reports = ReportService(ledger)


def rows_of(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for n, call in enumerate(calls):
        gap = call.pop("gap", 1)
        started = (rows[-1]["started_at"] if rows else FIRST) + timedelta(minutes=gap)
        row = dict.fromkeys(COLUMNS) | {"labels": {}, "outcome": "ok"} | call
        rows.append(row | {"started_at": started, "exchange_id": f"{n:04d}"})
    return rows


def loops_by_hand(rows: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    """Agent → calls, steps, rises, longest run, calls in long runs."""
    lanes: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        lanes.setdefault((row["agent"], row["model"], row["token_id"]), []).append(row)
    found: dict[str, list[int]] = {}
    for (agent, _, _), lane in lanes.items():
        runs, steps, rises = [1], 0, 0
        for one, two in pairwise(lane):
            near = two["started_at"] - one["started_at"] <= timedelta(minutes=10)
            both = one["input_tokens"] is not None and two["input_tokens"] is not None
            steps += near and both
            if near and both and two["input_tokens"] > one["input_tokens"]:
                rises += 1
                runs[-1] += 1
            else:
                runs.append(1)
        mine = found.setdefault(agent or "(none)", [0, 0, 0, 0, 0])
        mine[0] += len(lane)
        mine[1] += steps
        mine[2] += rises
        mine[3] = max(mine[3], *runs)
        mine[4] += sum(run for run in runs if run >= LEAST_CALLS)
    return {agent: tuple(figures) for agent, figures in found.items()}


calls = st.lists(
    st.fixed_dictionaries(
        {
            "agent": st.sampled_from(["a", "b", None]),
            "model": st.sampled_from(["m", "m", "n"]),
            "input_tokens": st.none() | st.integers(0, 40),
            "list_cost": st.none() | st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-12)),
            "gap": st.sampled_from([1, 1, 1, 10, 11]),
            "labels": st.dictionaries(
                st.sampled_from(["team", "日本", '"', "env'); --"]), st.sampled_from(["x", "y", ""])
            ),
        }
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(made=calls)
def test_loops_are_what_a_reader_of_the_rows_finds(made: list[dict[str, Any]]) -> None:
    """Steps, rises and runs agree, and calls and cost add up to the ledger."""
    rows = rows_of([dict(one) for one in made])
    ledger.fill(rows)
    found = find_loops(CostQuery(), reports.select)
    assert loops_by_hand(rows) == {
        one.keys[0]: (one.exchanges, one.steps, one.rises, one.longest_run, one.loop_calls)
        for one in found
    }
    totals = reports.run(CostQuery(), NOW).totals
    assert sum(one.exchanges for one in found) == totals["exchanges"]
    assert sum(one.cost or 0 for one in found) == (totals["cost"] or 0)


@settings(max_examples=60, deadline=None)
@given(made=calls, chosen=st.sampled_from([{}, {"agent": ("a", "(none)")}]))
def test_coverage_is_what_each_key_selects(
    made: list[dict[str, Any]], chosen: dict[str, tuple[str, ...]]
) -> None:
    """A key's spend is that of the rows that carry it; the bare ones carry none."""
    ledger.fill(rows_of([dict(one) for one in made]))
    query = CostQuery(filters=chosen, metrics=("cost", "exchanges"))
    found = find_coverage(query, reports.select)
    totals = reports.run(query, NOW).totals
    assert found.totals.exchanges == totals["exchanges"]
    assert (found.totals.cost or 0) == (totals["cost"] or 0)
    mine = [m for m in made if not chosen or m["agent"] in ("a", None)]
    assert set(found.keys) == {key for one in mine for key in one["labels"]}
    for key, covered in found.keys.items():
        carrying = [one for one in mine if key in one["labels"]]
        assert covered.exchanges == len(carrying)
        assert covered.values == len({one["labels"][key] for one in carrying})
        assert (covered.cost or 0) == sum(one["list_cost"] or 0 for one in carrying)
    assert found.bare.exchanges == sum(1 for one in mine if not one["labels"])
    assert find_keys(query, reports.select, 2) == list(found.keys)[:2]


def test_a_loop_is_seen_and_a_busy_agent_is_not() -> None:
    """Eight growing prompts are a run; as many that go up and down, or far apart, are none."""
    looped = [{"agent": "loop", "input_tokens": 100 * n, "list_cost": Decimal(1)} for n in range(8)]
    busy = [{"agent": "busy", "input_tokens": 500 - 90 * (n % 2)} for n in range(8)]
    slow = [{"agent": "slow", "input_tokens": n, "gap": 11} for n in range(8)]
    ledger.fill(rows_of([*looped, *busy, *slow]))
    first, *others = find_loops(CostQuery(timezone="Europe/Berlin"), reports.select)
    assert (first.keys, first.runs, first.loop_calls) == (("loop",), 1, 8)
    assert (first.loop_cost, first.grown_tokens, first.rising) == (8, 700, 1.0)
    assert [one.loop_calls for one in others] == [0, 0]
    assert first.as_json(CostQuery(group_by=("agent",)))["rising"] == pytest.approx(1)
