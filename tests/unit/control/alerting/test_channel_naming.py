"""Budgets that bring an address: the channel that is made, and who may bring one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from alerts import occurrence

from weighbridge.budgets.budget import NewBudget
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.alerting.channel_naming import ChannelNaming, derived_name
from weighbridge.control.alerting.channels import ChannelService
from weighbridge.control.audit import AuditLog
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.core.alert import NewChannel
from weighbridge.core.credential import Role
from weighbridge.core.principal import Principal
from weighbridge.errors import ClientError, NotAllowedError

HOOK = "json://ops:p4ssw0rd@127.0.0.1:9/hook/s3cr3t"
SLACK = "slack://TXYZABCDE/BXYZABCDE/XyZabcDefGhiJklMnoPqrSt1"


@pytest.fixture
def budgets(database: Database, channels: ChannelService) -> BudgetService:
    return BudgetService(database, naming=ChannelNaming(channels))


def wanted(*named: str, **changes: Any) -> NewBudget:
    return NewBudget(**{"name": "n", "limit_pico_usd": 1, "channels": named, **changes})


def test_an_address_becomes_a_channel(
    budgets: BudgetService, channels: ChannelService, database: Database, tmp_path: Path
) -> None:
    """The budget names it; the address is sealed, and in the log of changes neither."""
    made = budgets.create(wanted(HOOK, SLACK))
    assert made.budget.channels == ("json-127.0.0.1", "slack")
    hook, slack = map(channels.get, made.budget.channels)
    assert (hook.name, hook.service) == ("json-127.0.0.1", "JSON")
    assert hook.kinds == ("budget_threshold", "budget_exhausted", "budget_forecast")
    assert (channels.url_of(hook.id), channels.url_of(slack.id)) == (HOOK, SLACK)
    entries = AuditLog(database).page(limit=9)
    actions = ["budget.create", "channel.create", "channel.create"]
    assert [entry.action for entry in entries] == actions
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir()) + repr(entries).encode()
    for secret in (b"s3cr3t", b"p4ssw0rd", b"XyZabc"):
        assert secret not in written


def test_one_address_is_one_channel(budgets: BudgetService, channels: ChannelService) -> None:
    """Whoever brought it first; another address at the same host has a number."""
    channels.create(NewChannel(name="ops", url=HOOK))
    first = budgets.create(wanted(HOOK, "ops", f" {HOOK} ")).budget
    assert first.channels == ("ops",)
    changed = budgets.update(
        first.id,
        lambda budget: msgspec.structs.replace(
            budget, channels=("ops", "json://127.0.0.1/a", "json://127.0.0.1/b")
        ),
    )
    assert changed.budget.channels == ("ops", "json-127.0.0.1", "json-127.0.0.1-2")
    assert len(channels.all()) == 3


def test_a_name_that_budgets_still_know_is_not_used_again(
    budgets: BudgetService, channels: ChannelService
) -> None:
    """Else the alerts of one budget would go where another's address leads."""
    budgets.create(wanted(HOOK))
    channels.remove("json-127.0.0.1")
    assert budgets.create(wanted(HOOK)).budget.channels == ("json-127.0.0.1-2",)


def test_its_alerts_go_there_and_the_rest_does_not(
    budgets: BudgetService, channels: ChannelService, alerts: AlertLog
) -> None:
    """The channel of an address hears of budgets alone, unless somebody says otherwise."""
    named = budgets.create(wanted(HOOK)).budget.channels
    channels.create(NewChannel(name="ops", url=SLACK))
    alerts.tell([occurrence(channels=named)])
    (alert,) = alerts.page(limit=5)
    assert [each.channel for each in alert.deliveries] == ["json-127.0.0.1"]


@pytest.mark.parametrize(
    "address",
    [
        "nothing://s3cr3t",
        "slack://s3cr3t",
        "syslog://s3cr3t",
        "json://127.0.0.1/s3cr3t?template=/x",
        "://s3cr3t",
    ],
)
def test_what_cannot_be_sent_to_leaves_nothing(
    budgets: BudgetService, channels: ChannelService, address: str
) -> None:
    """No budget, no channel of its other address, and no secret in what is told."""
    with pytest.raises(ClientError) as refused:
        budgets.create(wanted(HOOK, address, "opz"))
    told = [str(problem) for problem in refused.value.problems]
    assert ["opz" in each for each in told] == [True, False]
    assert told[1].startswith("channels: address 2 cannot be sent to: ")
    assert "s3cr3t" not in str(told)
    assert (budgets.all(), channels.all()) == ([], [])


@pytest.mark.parametrize(
    ("role", "scope"), [(Role.EDITOR, {}), (Role.VIEWER, {}), (Role.ADMIN, {"department": ("a",)})]
)
def test_who_may_make_no_channel_makes_none(
    budgets: BudgetService, channels: ChannelService, role: Role, scope: dict[str, tuple[str, ...]]
) -> None:
    """Not even by the address of a channel that there is; its name they may use."""
    channels.create(NewChannel(name="ops", url=HOOK))
    by = Principal(kind="user", id="usr_1", name="Ada", role=role, scope=scope)
    made = budgets.create(wanted("ops"), by).budget
    for address in (HOOK, SLACK):
        with pytest.raises(NotAllowedError, match="role admin"):
            budgets.create(wanted(address), by)
        with pytest.raises(NotAllowedError):
            budgets.update(made.id, lambda _, address=address: wanted(address), by)
    assert len(channels.all()) == 1
    assert budgets.get(made.id).budget.channels == ("ops",)


def test_without_a_seal_only_names_are_taken(database: Database) -> None:
    """And what was brought is not said again."""
    with pytest.raises(ClientError) as refused:
        BudgetService(database).create(wanted(HOOK))
    (problem,) = refused.value.problems
    assert problem.said == "address 1 cannot be sent to: only names are taken here"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (HOOK, "json-127.0.0.1"),
        ("JSONS://Hooks.Example/x", "jsons-hooks.example"),
        ("mailtos://u:p@mail.example?to=ops@example.org", "mailtos-mail.example"),
        ("mailtos://u:p?w@mail.example", "mailtos"),
        ("https://hooks.slack.com/services/T/B/x", "https-hooks.slack.com"),
        (SLACK, "slack"),
        ("pagerduty://key@apikey", "pagerduty"),
        ("json://user:pa/ss@host", "json"),
        ("json://eo4qx81mzt7.m.example/x", "json"),
        ("json://ops:pw@[::1]:9/x", "json"),
        ("json://" + "abcdefghij" * 2 + ".example", "json"),
    ],
)
def test_a_derived_name_holds_no_secret(address: str, name: str) -> None:
    """The host is named only where apprise reads a host there, and where it looks like one."""
    assert derived_name(address) == name
