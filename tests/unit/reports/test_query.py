"""Reading a query from outside: every problem at once, and hostile words stay values."""

from datetime import UTC, datetime

import pytest

from weighbridge.reports.query import CostQuery, QueryError, filters_from_flags, parse_query

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)


def problems(**fields: object) -> list[str]:
    with pytest.raises(QueryError) as caught:
        parse_query(fields, NOW)
    return caught.value.problems


def test_nothing_given_is_a_question_too() -> None:
    """An empty object asks for the totals of everything."""
    assert parse_query({}) == CostQuery()


def test_all_fields() -> None:
    """Each field of the contract is read; null is its default."""
    query = parse_query(
        {
            "since": "2026-03-01",
            "until": "2026-03-08T00:00:00+01:00",
            "timezone": "Europe/Berlin",
            "granularity": "day",
            "group_by": ["department", "label:team"],
            "metrics": ["cost", "latency_p95"],
            "filters": {"status": [200, "429"], "streamed": True, "agent": "(none)"},
            "order_by": "-cost",
            "limit": 5,
        }
    )
    assert query.since == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert query.until == datetime(2026, 3, 7, 23, tzinfo=UTC)
    assert query.group_by == ("department", "label:team")
    assert query.filters == {
        "status": ("200", "429"),
        "streamed": ("true",),
        "agent": ("(none)",),
    }
    assert (query.order, query.limit) == (("cost", True), 5)


def test_mapping_round_trip() -> None:
    """What a permalink holds is read back as the same question."""
    query = parse_query(
        {"since": "7d", "group_by": "model,agent", "filters": {"agent": ["a,b"]}, "limit": "3"},
        NOW,
    )
    assert parse_query(query.as_mapping()) == query


def test_flags_may_hold_commas() -> None:
    """Names given as text are split at commas, filter values never."""
    query = parse_query({"group_by": "model, agent,model", "filters": {"agent": "a,b"}})
    assert query.group_by == ("model", "agent")
    assert query.filters == {"agent": ("a,b",)}


def test_every_problem_at_once() -> None:
    """A query with ten mistakes gets ten sentences, each with a way out."""
    found = problems(
        grup_by="x",
        timezone="Europe/Berlln",
        since="ystrday",
        until=5,
        granularity="daily",
        group_by=["departement", 7],
        metrics=["costs"],
        filters={"status": ["x"], "streamed": [], "agent": [{}]},
        order_by="time",
        limit=0,
    )
    times = [problem.partition(":")[0] for problem in found[2:4]]
    assert times == ["since 'ystrday' is no time", "until 5 is no time"]
    assert found[:2] + found[4:] == [
        "field 'grup_by' is unknown: did you mean 'group_by'?",
        "timezone 'Europe/Berlln' is unknown: did you mean 'Europe/Berlin'?",
        "granularity 'daily' is unknown: did you mean 'day'?",
        "group_by holds 7, which is no name",
        "dimension 'departement' is unknown: did you mean 'department'?",
        "metric 'costs' is unknown: did you mean 'cost'?",
        "filter status 'x' is no whole number: give one such as '200'",
        "filter 'streamed' has no values: give one, or leave it out",
        "filter 'agent' has the value {}: give text",
        "limit 0 is no whole number of groups: 1 to 10000",
    ]


def test_fields_name_the_parts() -> None:
    """`fields` runs beside `problems`, so that a form can mark its inputs."""
    with pytest.raises(QueryError) as caught:
        parse_query({"limit": -1, "metrics": ["x"]})
    assert caught.value.fields == ["metrics", "limit"]


@pytest.mark.parametrize(
    ("order_by", "hint"),
    [
        ("time", "needs a granularity"),
        ("-agent", "is not in group_by"),
        ("coast", "did you mean 'cost'?"),
    ],
)
def test_order_by_what_is_there(order_by: str, hint: str) -> None:
    """Rows can only be ordered by what the result has or can compute."""
    assert hint in problems(order_by=order_by)[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"filters": {"agent": ["\ud800"]}},
        {"group_by": ["label:\udfff"]},
        {"timezone": "../../etc/passwd"},
        {"timezone": "Europe"},
        {"timezone": "/etc/localtime"},
        {"since": "9999-12-31"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"since": "999999w"},
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"filters": ["agent"]},
        {"filters": {"agent": ["x"] * 1001}},
        {"limit": True},
        {"limit": 1.5},
        {"limit": 10_001},
        {"metrics": {"cost": 1}},
        {"group_by": "node,provider,surface,operation,model,agent,project,department,outcome"},
    ],
)
def test_hostile_fields_are_problems(fields: dict[str, object]) -> None:
    """Whatever is sent, the answer is a `QueryError` and nothing else (P6)."""
    assert len(problems(**fields)) == 1


def test_relative_times_need_a_now() -> None:
    """Without a clock only the ISO forms are times."""
    with pytest.raises(QueryError, match="'24h' is no time"):
        parse_query({"since": "24h"})


def test_values_built_in_code_are_checked_as_well() -> None:
    """A query that exists can be compiled."""
    with pytest.raises(QueryError, match="names no time zone"):
        CostQuery(since=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(QueryError, match="metric 'x' is unknown"):
        CostQuery(metrics=("x",))


def test_filter_flags() -> None:
    """`dim=value` splits at the first sign; the same dimension again adds a value."""
    flags = ["agent=a=b", "agent=c", "label:team="]
    assert filters_from_flags(flags) == {"agent": ["a=b", "c"], "label:team": [""]}
    with pytest.raises(QueryError, match="'agent' has no '='"):
        filters_from_flags(["agent"])


def test_default_order() -> None:
    """Largest cost first, or the first metric's; a plain series goes by time."""
    assert CostQuery(group_by=("agent",)).order == ("cost", True)
    assert CostQuery(metrics=("errors", "exchanges")).order == ("errors", True)
    assert CostQuery(granularity="day").order == ("time", False)
