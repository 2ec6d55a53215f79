"""What accounts have spent is the ledger's sum over their windows."""

from datetime import UTC, datetime
from decimal import Decimal

from memory_ledger import MemoryLedger

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account
from weighbridge.control.spend import spent_of
from weighbridge.core.clock import to_unix_us
from weighbridge.core.exchange import COLUMNS
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOVEMBER = to_unix_us(datetime(2026, 11, 1, tzinfo=UTC))
OCTOBER = to_unix_us(datetime(2026, 10, 1, tzinfo=UTC))
PICO = 10**12


def row(day: datetime, cost: str | None, **fields: object) -> dict[str, object]:
    price = None if cost is None else Decimal(cost)
    empty: dict[str, object] = dict.fromkeys(COLUMNS)
    return empty | {"started_at": day, "list_cost": price, "labels": {}} | fields


def budgets(**fields: object) -> dict[str, Budget]:
    made = Budget(**{"id": "bud_1", "name": "b", "limit_pico_usd": PICO} | fields)
    return {made.id: made}


def reports() -> ReportService:
    ledger = MemoryLedger()
    ledger.fill(
        [
            row(datetime(2026, 11, 1, tzinfo=UTC), "1.5", department="care", agent="a"),
            row(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), "0.000000000001", department="care"),
            row(datetime(2026, 11, 2, tzinfo=UTC), None, department="care", agent="c"),
            row(datetime(2026, 11, 3, tzinfo=UTC), "4", department="shop", agent="a"),
            row(datetime(2026, 10, 31, 23, 59, tzinfo=UTC), "100", department="care", agent="a"),
        ]
    )
    return ReportService(ledger)


def test_one_account_of_each_window() -> None:
    """Rows count in the window in which they began, and in no other."""
    accounts = [Account("bud_1", None, NOVEMBER), Account("bud_1", None, OCTOBER)]
    asked = budgets(scope={"department": ("care",)})
    assert spent_of(accounts, asked, reports(), NOW) == {
        accounts[0]: 1_500_000_000_001,
        accounts[1]: 100 * PICO,
    }


def test_values_of_one_budget() -> None:
    """Each value has its own sum; one that the ledger does not know has spent nothing."""
    values = ["a", "(none)", "c", "never seen"]
    accounts = [Account("bud_1", value, NOVEMBER) for value in values]
    assert list(spent_of(accounts, budgets(per="agent"), reports(), NOW).values()) == [
        5 * PICO + PICO // 2,
        1,
        0,
        0,
    ]


def test_a_value_within_a_scope_of_the_same_dimension() -> None:
    """A budget per agent for some agents counts those alone."""
    asked = budgets(per="agent", scope={"agent": ("a", "b")})
    account = Account("bud_1", "a", NOVEMBER)
    assert spent_of([account], asked, reports(), NOW) == {account: 5 * PICO + PICO // 2}


def test_budgets_that_are_gone_have_no_sum() -> None:
    """Whoever asks decides what that means."""
    assert spent_of([Account("bud_x", None, 0)], budgets(), reports(), NOW) == {}


def test_a_total_has_no_window() -> None:
    """The period `total` counts from the first row on."""
    account = Account("bud_1", None, 0)
    spent = spent_of([account], budgets(period="total"), reports(), NOW)
    assert spent == {account: 105 * PICO + PICO // 2 + 1}
