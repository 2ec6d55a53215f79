"""A budget binds exactly the calls whose rows it counts."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from memory_ledger import MemoryLedger

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.scope import Binder, CallFacts, binds, filters_of, value_of
from weighbridge.core.exchange import COLUMNS
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 11, 22, tzinfo=UTC)
VALUES = st.sampled_from([None, "a", "b", "(none)"])
FACTS = st.builds(
    CallFacts,
    department=VALUES,
    agent=VALUES,
    token_id=VALUES,
    labels=st.dictionaries(st.just("env"), st.sampled_from(["a", "b"])),
)
DIMENSIONS = ("department", "agent", "token", "label:env")
SCOPES = st.dictionaries(
    st.sampled_from(DIMENSIONS),
    st.lists(st.sampled_from(["a", "b", "(none)"]), min_size=1, unique=True).map(tuple),
    max_size=2,
)


def budget(**fields: object) -> Budget:
    return Budget(**{"id": "bud_1", "name": "b", "limit_pico_usd": 1, "action": "block"} | fields)


def test_each_value_has_an_account_from_its_first_call() -> None:
    """A value never seen before is bound like any other, and so is a missing one (B2)."""
    per_agent = budget(per="agent")
    assert value_of(per_agent, CallFacts(agent="new")) == "new"
    assert value_of(per_agent, CallFacts()) == "(none)"
    assert value_of(budget(), CallFacts(agent="new")) is None


def test_every_budget_of_a_call_is_found() -> None:
    """A call is bound by the whole, by its department's and by its agent's budget (B9)."""
    binder = Binder(
        [
            budget(id="bud_all"),
            budget(id="bud_care", scope={"department": ("care",)}),
            budget(id="bud_shop", scope={"department": ("shop",)}),
            budget(id="bud_agent", per="agent"),
            budget(id="bud_alert", action="alert"),
            budget(id="bud_off", enabled=False),
        ]
    )
    found = binder.bind(CallFacts(department="care", agent="x"))
    assert [(each.budget.id, each.value) for each in found] == [
        ("bud_all", None),
        ("bud_care", None),
        ("bud_agent", "x"),
    ]
    assert binder.dimensions == {"department", "agent"}
    assert not Binder([budget(action="alert")])


@settings(max_examples=60, deadline=None)
@given(st.lists(FACTS, min_size=1, max_size=12), SCOPES, st.sampled_from([None, *DIMENSIONS]))
def test_the_ledger_counts_what_is_bound(
    calls: list[CallFacts], scope: dict[str, tuple[str, ...]], per: str | None
) -> None:
    """Filters of an account choose the rows of exactly the calls that it binds."""
    asked = budget(scope=scope, per=per)
    ledger = MemoryLedger()
    ledger.fill([_row(number, facts) for number, facts in enumerate(calls)])
    reports = ReportService(ledger)
    for value in {value_of(asked, facts) for facts in calls}:
        query = CostQuery(metrics=("exchanges",), filters=filters_of(asked, value))
        counted = reports.run(query, NOW).totals["exchanges"]
        bound = [f for f in calls if binds(asked, f) and value_of(asked, f) == value]
        assert counted == len(bound)


def _row(number: int, facts: CallFacts) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    return row | {
        "started_at": NOW - timedelta(minutes=number + 1),
        "department": facts.department,
        "agent": facts.agent,
        "token_id": facts.token_id,
        "labels": facts.labels,
    }
