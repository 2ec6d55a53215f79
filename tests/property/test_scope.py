"""No question of a viewer who is bound sees a row outside: the ledger might as well not have it.

Each answer within a scope is compared with that of a ledger that holds the scope's rows alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rows import exchange

from weighbridge.core.exchange import Exchange
from weighbridge.core.principal import Scope, narrowed, sees
from weighbridge.ledger.stores.base import PageRequest
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.reports.compare import compare
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.forecast import forecast_month
from weighbridge.reports.query import QueryError, parse_query
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import ReportService
from weighbridge.reports.waste import find_waste

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DEPARTMENTS = ("care", "risk", None)
PROJECTS = ("chat", "search", "(none)", None)
ROWS: list[Exchange] = [
    exchange(
        4 * first + second,
        department=department,
        project=project,
        agent=f"a{first}",
        labels={"team": f"t{second}", "department": "care"},
    )
    for first, department in enumerate(DEPARTMENTS)
    for second, project in enumerate(PROJECTS)
]
SCOPES: list[Scope] = [
    {"department": ("care",)},
    {"department": ("care", "nobody")},
    {"project": ("chat", "search")},
    {"department": ("risk",), "project": ("chat",)},
    {"department": ()},
]
NAMES = ("department", "project", "agent", "label:team", "label:department", "token")
VALUES = ("care", "risk", "chat", "search", "(none)", "(other)", "t1", "a2", "x' OR 1=1 --")
METRICS = ("cost", "exchanges", "latency_p95", "input_tokens", "error_rate")


def _in(scope: Scope) -> list[Exchange]:
    return [row for row in ROWS if sees(scope, msgspec.structs.asdict(row))]


def _store(folder: Path, rows: list[Exchange]) -> DuckDBStore:
    folder.mkdir()
    store = DuckDBStore.open(folder / "ledger.duckdb", threads=1)
    if rows:
        file = folder / "rows.ndjson"
        file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        store.import_files([file])
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[DuckDBStore]]:
    """The whole ledger, and one for each scope."""
    root = tmp_path_factory.mktemp("ledgers")
    with ExitStack() as opened:
        made = []
        for number, rows in enumerate([ROWS, *map(_in, SCOPES)]):
            made.append(_store(root / str(number), rows))
            opened.callback(made[-1].close)
        yield made


names = st.sampled_from(NAMES)
questions = st.fixed_dictionaries(
    {},
    optional={
        "since": st.just("2026-01-01"),
        "granularity": st.sampled_from(["none", "hour", "day"]),
        "group_by": st.lists(names, max_size=3),
        "metrics": st.lists(st.sampled_from(METRICS), min_size=1, max_size=3),
        "filters": st.dictionaries(
            names, st.lists(st.sampled_from(VALUES), min_size=1, max_size=3), max_size=3
        ),
        "limit": st.integers(1, 3),
    },
)


@given(question=questions, chosen=st.integers(0, len(SCOPES) - 1))
def test_a_bound_viewers_answer_is_that_of_a_smaller_ledger(
    stores: list[DuckDBStore], question: dict[str, Any], chosen: int
) -> None:
    """Rows, totals, the rest's row, buckets and completeness, whatever the filters say."""
    query = parse_query(question, NOW)
    bound = ReportService(stores[0]).within(SCOPES[chosen])
    alone = ReportService(stores[chosen + 1])
    assert bound.run(query, NOW).as_json() == alone.run(query, NOW).as_json()


@given(
    filters=st.dictionaries(
        names, st.lists(st.sampled_from(VALUES), min_size=1, max_size=3), max_size=2
    ),
    group_by=st.lists(names, min_size=1, max_size=2, unique=True),
    chosen=st.integers(0, len(SCOPES) - 1),
)
def test_neither_does_what_is_made_of_several_answers(
    stores: list[DuckDBStore], filters: dict[str, list[str]], group_by: list[str], chosen: int
) -> None:
    """Comparisons, waste and forecasts are those of the smaller ledger, too."""
    question = {"filters": filters, "since": "2025-12-31", "until": "2026-01-02"}
    query = parse_query(question, NOW)
    grouped = parse_query(question | {"group_by": group_by}, NOW)
    month = parse_query({"filters": filters}, NOW)
    answers = []
    for service in (
        ReportService(stores[0]).within(SCOPES[chosen]),
        ReportService(stores[chosen + 1]),
    ):

        def run(asked: CostQuery, service: ReportService = service) -> QueryResult:
            return service.run(asked, NOW)

        answers.append(
            [
                compare(grouped, run, NOW).as_json(),
                find_waste(query, run).as_json(),
                forecast_month(month, run, NOW).as_json(),
            ]
        )
    assert answers[0] == answers[1]


@given(question=questions, chosen=st.lists(st.integers(0, len(SCOPES) - 1), min_size=1, max_size=3))
def test_nothing_widens_a_scope(
    stores: list[DuckDBStore], question: dict[str, Any], chosen: list[int]
) -> None:
    """A second scope, or one that the question brought itself, takes away or changes nothing."""
    service, seen = ReportService(stores[0]), {}
    query = parse_query(question, NOW)
    for number in chosen:
        service = service.within(SCOPES[number])
        query = query.within(SCOPES[-number])
        seen = narrowed(seen, SCOPES[number])
    totals = service.run(parse_query({"metrics": "exchanges"}), NOW).as_json()["totals"]
    assert totals["exchanges"] == len(_in(seen))
    most = service.run(query, NOW).as_json()["completeness"]["exchanges"]
    assert most <= len(_in(seen))


@given(
    filters=st.dictionaries(
        st.sampled_from(["department", "project", "agent", "label:team"]),
        st.lists(st.none() | st.sampled_from(VALUES), min_size=1, max_size=3),
        max_size=3,
    ),
    chosen=st.integers(0, len(SCOPES) - 1),
)
def test_no_page_holds_a_row_outside(
    stores: list[DuckDBStore], filters: dict[str, list[str | None]], chosen: int
) -> None:
    """Pages of a scope are those of the smaller ledger."""
    page = stores[0].page(PageRequest(filters=filters, scope=SCOPES[chosen]))
    assert page == stores[chosen + 1].page(PageRequest(filters=filters))


def test_a_question_cannot_bring_a_scope() -> None:
    """It is no field of a query from outside, and no permalink holds one."""
    with pytest.raises(QueryError, match="field 'scope' is unknown"):
        parse_query({"scope": {}})
    assert "scope" not in parse_query({}).within(SCOPES[0]).as_mapping()
