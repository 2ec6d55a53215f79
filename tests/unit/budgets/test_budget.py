"""A budget reads back what it writes, and says what may be spent of it."""

from decimal import Decimal

import pytest

from weighbridge.budgets.budget import (
    Budget,
    Raise,
    as_mapping,
    decode_budgets,
    encode_budgets,
    usd_amount,
    usd_text,
)
from weighbridge.budgets.reading import read_amount, read_budget
from weighbridge.errors import ClientError

USD = 10**12
FULL = {
    "name": "Care, monthly",
    "limit_usd": "100.00",
    "period": "month",
    "timezone": "Europe/Berlin",
    "scope": {"department": ["care", "(none)"], "label:env": ["prod"]},
    "per": "agent",
    "action": "block",
    "thresholds": [50, 80, 100],
    "unpriced": "block",
    "channels": ["ops"],
    "hold": "bound",
    "on_exhausted": "cut",
    "grace_percent": 5,
    "enabled": True,
}


def budget(**fields: object) -> Budget:
    return Budget(**{"id": "bud_1", "name": "b", "limit_pico_usd": 100 * USD} | fields)


def test_a_budget_is_written_as_it_was_asked_for() -> None:
    """Every field of the contract survives reading and writing."""
    wanted = read_budget(FULL)
    written = as_mapping(
        Budget(id="bud_1", **{f: getattr(wanted, f) for f in wanted.__struct_fields__})
    )
    assert written == FULL | {"id": "bud_1", "raises": []}


def test_defaults() -> None:
    """A name and a limit are enough: a monthly alert in UTC over every call."""
    wanted = read_budget({"name": "all", "limit_usd": "1"})
    assert (
        wanted.period,
        wanted.timezone,
        wanted.scope,
        wanted.per,
        wanted.action,
    ) == ("month", "UTC", {}, None, "alert")
    assert wanted.thresholds == (50, 80, 100)


def test_every_problem_at_once() -> None:
    """All that is wrong is said, each with its field."""
    given = {
        "name": "",
        "limit_usd": 1.5,
        "period": "fortnight",
        "timezone": "Mars/Olympus",
        "scope": {"departement": ["x"], "model": []},
        "per": "status?",
        "action": "shoot",
        "thresholds": [0],
        "unpriced": True,
        "channels": "ops",
        "hold": "all",
        "on_exhausted": "wait",
        "grace_percent": 101,
        "enabled": "yes",
        "periode": "day",
    }
    with pytest.raises(ClientError) as caught:
        read_budget(given)
    assert {problem.where for problem in caught.value.problems} == {
        *(given.keys() - {"scope"}),
        "scope.departement",
        "scope.model",
    }


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "1e-13", "ten", None, True, "1e13"])
def test_amounts_that_are_none(amount: object) -> None:
    """An amount is above zero, finite, exact and no float."""
    with pytest.raises(ClientError):
        read_amount({"amount_usd": amount})


def test_large_amounts_are_exact() -> None:
    """A limit beyond 64 bits of pico-dollars travels whole."""
    amount = read_amount({"amount_usd": "123456789012.000000000001"})
    assert amount == 123456789012 * USD + 1
    sent = budget(limit_pico_usd=amount)
    assert (sent,) == decode_budgets(encode_budgets([sent]))
    assert decode_budgets(b"") == ()


@pytest.mark.parametrize("dimension", ["outcome", "service_tier", "status", "model_version"])
def test_what_is_known_after_a_call_blocks_none(dimension: str) -> None:
    """Such a dimension may narrow an alert, and no hard limit."""
    given = {"name": "x", "limit_usd": "1", "scope": {dimension: ["429"]}}
    assert read_budget(given).scope == {dimension: ("429",)}
    with pytest.raises(ClientError, match="cannot be set"):
        read_budget(given | {"action": "block"})
    with pytest.raises(ClientError, match="cannot be set"):
        read_budget({"name": "x", "limit_usd": "1", "per": dimension, "action": "block"})


def test_what_may_be_spent() -> None:
    """Raises count until their end, grace is a share of the limit itself."""
    raised = budget(
        grace_percent=5, raises=(Raise(id="r", amount_pico_usd=20 * USD, until_us=10, author="a"),)
    )
    assert raised.limit_at(9) == 120 * USD
    assert raised.ceiling_at(9) == 125 * USD
    assert raised.limit_at(10) == 100 * USD
    assert raised.ceiling_at(10) == 105 * USD


def test_who_blocks() -> None:
    """Only an enabled budget with the action `block` makes calls hold."""
    assert budget(action="block").blocks
    assert not budget(action="block", enabled=False).blocks
    assert not budget().blocks


def test_dollars_as_people_write_them() -> None:
    """At least two places, no zeros after them, and the same number."""
    assert usd_text(100 * USD) == "100.00"
    assert usd_text(USD // 2) == "0.50"
    assert usd_text(1_500_000) == "0.0000015"
    assert usd_amount(3 * USD // 2) == Decimal("1.50")
