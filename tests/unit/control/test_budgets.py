"""Budgets as they are kept: every change in the log, nothing spent kept beside the ledger."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from weighbridge.budgets.budget import Budget, NewBudget, decode_budgets, encode_budgets
from weighbridge.control.audit import AuditLog
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import ChannelRow
from weighbridge.core.credential import Role
from weighbridge.core.money import PICO_USD_PER_USD
from weighbridge.core.principal import Principal
from weighbridge.errors import ClientError, ConflictError, NotFoundError

DOLLAR = PICO_USD_PER_USD
EDITOR = Principal(kind="user", id="usr_1", name="Ada", role=Role.EDITOR)
WANTED = NewBudget(
    name="care",
    limit_pico_usd=10**9 * DOLLAR,
    scope={"department": ("care", "(none)")},
    per="agent",
    action="block",
    thresholds=(80, 100),
    channels=("ops",),
)


class Clock:
    now_us = 1_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    with opened.change(policy=False) as session:
        session.add(channel("ops"))
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(database: Database, clock: Clock) -> BudgetService:
    return BudgetService(database, Mint(now_us=lambda: clock.now_us))


def channel(name: str) -> ChannelRow:
    """A channel that nothing is sent through."""
    kept = {"service": "JSON", "sealed_url": "", "kinds": [], "enabled": True, "created_at_us": 1}
    return ChannelRow(id=f"chn_{name}", name=name.title(), name_key=name, **kept)


def test_a_budget_comes_back_as_it_was_asked_for(service: BudgetService, clock: Clock) -> None:
    """Also an amount that no 64-bit integer holds; newest first."""
    made = service.create(WANTED)
    clock.now_us = 9_000
    other = service.create(NewBudget(name="n", limit_pico_usd=1))
    assert made.budget == Budget(id=made.budget.id, **msgspec.structs.asdict(WANTED))
    assert made.budget.id.startswith("bud_")
    assert service.get(made.budget.id) == made
    assert service.all() == [other, made]
    assert service.policy() == (made.budget, other.budget)
    assert decode_budgets(encode_budgets(service.policy())) == service.policy()


def test_a_channel_that_is_not_there_is_refused(service: BudgetService) -> None:
    """With the nearest name that is; ids and other cases are names as well."""
    with pytest.raises(ClientError) as refused:
        service.create(msgspec.structs.replace(WANTED, channels=("opz", "OPS", "chn_ops", "x")))
    told = [str(problem) for problem in refused.value.problems]
    assert told == [
        "channels: no channel has the id or name, got 'opz'; did you mean 'Ops'?",
        "channels: no channel has the id or name, got 'x'; see `channel list`",
    ]
    assert service.all() == []


def test_a_channel_that_was_removed_stays_named(database: Database, service: BudgetService) -> None:
    """A budget is changed as before; nobody has to mend all budgets of a channel first."""
    made = service.create(WANTED).budget
    with database.change(policy=False) as session:
        row = session.get_one(ChannelRow, "chn_ops")
        row.removed_at_us, row.name_key = 2, row.id
    changed = service.update(made.id, lambda budget: msgspec.structs.replace(budget, name="n"))
    assert (changed.budget.name, changed.budget.channels) == ("n", ("ops",))
    with pytest.raises(ClientError, match="cannot be set"):
        service.update(
            made.id, lambda budget: msgspec.structs.replace(budget, channels=("ops", "new"))
        )


def test_a_change_is_told_field_by_field(database: Database, service: BudgetService) -> None:
    """Only what differs is in the log, and what changes nothing leaves no trace."""
    made = service.create(WANTED, EDITOR)
    changed = service.update(
        made.budget.id,
        lambda budget: msgspec.structs.replace(budget, limit_pico_usd=DOLLAR),
        EDITOR,
    )
    again = service.update(made.budget.id, lambda budget: budget, EDITOR)
    assert changed.budget.limit_pico_usd == DOLLAR
    assert (changed.updated_at_us, again.updated_at_us) == (1_000, 1_000)
    entries = AuditLog(database).page(limit=9)
    assert [entry.action for entry in entries] == ["budget.update", "budget.create"]
    assert entries[0].before == {"limit_usd": "1000000000.00"}
    assert entries[0].after == {"limit_usd": "1.00"}
    assert entries[0].actor_name == "Ada"


def test_a_raise_counts_until_it_ends(service: BudgetService, clock: Clock) -> None:
    """It carries its author's name, and stays on record when it is over."""
    budget_id = service.create(WANTED).budget.id
    raised = service.give_raise(budget_id, (5 * DOLLAR, 9_000, "quarter end"), EDITOR)
    budget = service.get(budget_id).budget
    assert budget.limit_at(8_999) == WANTED.limit_pico_usd + 5 * DOLLAR
    assert budget.limit_at(9_000) == WANTED.limit_pico_usd
    assert (raised.author_name, raised.reason, raised.created_at_us) == (
        "Ada",
        "quarter end",
        1_000,
    )
    clock.now_us = 9_000
    with pytest.raises(ConflictError):
        service.withdraw_raise(budget_id, raised.id)
    assert service.get(budget_id).raises == (raised,)


def test_a_raise_that_is_withdrawn_counts_no_more(
    database: Database, service: BudgetService, clock: Clock
) -> None:
    """From that moment on; it can be withdrawn once."""
    budget_id = service.create(WANTED).budget.id
    raised = service.give_raise(budget_id, (DOLLAR, 9_000, None), EDITOR)
    clock.now_us = 2_000
    gone = service.withdraw_raise(budget_id, raised.id, EDITOR)
    record = service.get(budget_id)
    assert gone.withdrawn_at_us == 2_000
    assert record.raises == (gone,)
    assert record.budget.raises == ()
    with pytest.raises(ConflictError):
        service.withdraw_raise(budget_id, raised.id, EDITOR)
    actions = [entry.action for entry in AuditLog(database).page(limit=9)]
    assert actions == ["budget.withdraw", "budget.raise", "budget.create"]


def test_what_is_removed_is_gone_with_its_raises(
    database: Database, service: BudgetService
) -> None:
    """The log keeps what it was."""
    budget_id = service.create(WANTED).budget.id
    service.give_raise(budget_id, (DOLLAR, 9_000, None))
    assert service.remove(budget_id, EDITOR).budget.name == "care"
    assert service.all() == []
    (entry, *_) = AuditLog(database).page(limit=1)
    assert (entry.action, entry.subject) == ("budget.remove", budget_id)
    assert entry.before is not None
    assert entry.before["limit_usd"] == "1000000000.00"


def test_what_is_not_there_is_said(service: BudgetService) -> None:
    """An unknown id, and a raise of another budget."""
    one, other = service.create(WANTED).budget.id, service.create(WANTED).budget.id
    raised = service.give_raise(one, (DOLLAR, 9_000, None))
    for ask in (
        lambda: service.get("bud_0"),
        lambda: service.remove("bud_0"),
        lambda: service.update("bud_0", lambda budget: budget),
        lambda: service.give_raise("bud_0", (1, 9_000, None)),
        lambda: service.withdraw_raise(other, raised.id),
        lambda: service.withdraw_raise(one, "rse_0"),
    ):
        with pytest.raises(NotFoundError):
            ask()
