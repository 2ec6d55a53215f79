"""Reads a budget, a raise or a rate limit from outside (contract names), new or changed.

Rules for future edits: a hard limit takes only dimensions that are known before a call begins;
every problem is told at once. Counterparts: `fields` reads each field, `budget` and `rate_limit`
are what comes out, their `as_mapping` writes what this reads.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast, get_args

from weighbridge.budgets.budget import (
    DEFAULT_THRESHOLDS,
    Action,
    Budget,
    HoldRule,
    NewBudget,
    OnExhausted,
    Unpriced,
)
from weighbridge.budgets.budget import as_mapping as mapping_of_budget
from weighbridge.budgets.fields import FieldReader
from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.rate_limit import as_mapping as mapping_of_limit
from weighbridge.budgets.windows import PERIODS
from weighbridge.errors import ClientError

MOST_PER_MINUTE: Final = 10**12
_MOST_REASON: Final = 256
_NOT_CHANGED: Final = frozenset({"id", "raises"})
_FIELDS: Final = (*NewBudget.__struct_fields__, "limit_usd")
_WORDS: Final = {
    "period": PERIODS,
    "action": get_args(Action),
    "hold": get_args(HoldRule),
    "on_exhausted": get_args(OnExhausted),
    "unpriced": get_args(Unpriced),
}


def read_budget(given: Mapping[str, Any]) -> NewBudget:
    """A budget as somebody asks for it; fields that are left out have their defaults.

    Errors: `ClientError` with every problem.
    """
    reader = FieldReader(given)
    wanted = NewBudget(
        name=reader.text("name"),
        limit_pico_usd=reader.amount("limit_usd"),
        period=cast("Any", reader.word("period", "month", _WORDS["period"])),
        timezone=reader.timezone("timezone", "UTC"),
        scope=reader.scope("scope"),
        per=reader.dimension("per"),
        action=cast("Any", reader.word("action", "alert", _WORDS["action"])),
        thresholds=reader.thresholds("thresholds", DEFAULT_THRESHOLDS),
        unpriced=cast("Any", reader.word("unpriced", "allow", _WORDS["unpriced"])),
        channels=reader.names_or_addresses("channels"),
        hold=cast("Any", reader.word("hold", "estimate", _WORDS["hold"])),
        on_exhausted=cast("Any", reader.word("on_exhausted", "finish", _WORDS["on_exhausted"])),
        grace_percent=reader.whole("grace_percent", 0, most=100),
        enabled=reader.boolean("enabled", default=True),
    )
    reader.known((name for name in _FIELDS if name != "limit_pico_usd"), "budget")
    if wanted.action == "block":
        reader.known_before(wanted.scope, wanted.per)
    reader.finish("budget")
    return wanted


def read_amount(given: Mapping[str, Any], field: str = "amount_usd") -> int:
    """An amount in US dollars, as pico-dollars.

    Errors: `ClientError`.
    """
    reader = FieldReader(given)
    amount = reader.amount(field)
    reader.finish("amount")
    return amount


def read_rate_limit(given: Mapping[str, Any]) -> NewRateLimit:
    """A rate limit as somebody asks for it: on requests, on tokens, or on both.

    Errors: `ClientError` with every problem.
    """
    reader = FieldReader(given)
    wanted = NewRateLimit(
        name=reader.text("name"),
        scope=reader.scope("scope"),
        per=reader.dimension("per"),
        requests_per_minute=reader.rate("requests_per_minute", MOST_PER_MINUTE),
        tokens_per_minute=reader.rate("tokens_per_minute", MOST_PER_MINUTE),
        enabled=reader.boolean("enabled", default=True),
    )
    if given.get("requests_per_minute") is None and given.get("tokens_per_minute") is None:
        reader.miss("requests_per_minute", "give calls a minute, tokens a minute, or both")
    reader.known(NewRateLimit.__struct_fields__, "rate limit")
    reader.known_before(wanted.scope, wanted.per, "")
    reader.finish("rate limit")
    return wanted


def revise_budget(former: Budget, given: Mapping[str, Any]) -> NewBudget:
    """A budget of which some fields are given anew; the others stay.

    Errors: `ClientError` with every problem.
    """
    return read_budget({**_definition(mapping_of_budget(former)), **given})


def revise_rate_limit(former: RateLimit, given: Mapping[str, Any]) -> NewRateLimit:
    """A rate limit of which some fields are given anew; the others stay.

    Errors: `ClientError` with every problem.
    """
    return read_rate_limit({**_definition(mapping_of_limit(former)), **given})


def read_raise(
    given: Mapping[str, Any], now_us: int, expiry: Callable[[str, int], int]
) -> tuple[int, int, str | None]:
    """Amount in pico-dollars, end in microseconds since the epoch, and why.

    Takes: `expiry`, which reads `12h` or a date as an instant, given the time now.
    Errors: `ClientError` with every problem.
    """
    reader = FieldReader(given)
    amount = reader.amount("amount_usd")
    until_us = 0
    try:
        until_us = expiry(str(given.get("until", "")), now_us)
    except ClientError as error:
        reader.miss("until", error.message)
    else:
        if until_us <= now_us:
            reader.miss("until", "lies in the past; give a later instant")
    reason = given.get("reason") or None
    if reason is not None and len(reason) > _MOST_REASON:
        reader.miss("reason", f"has {len(reason)} characters; expected at most {_MOST_REASON}")
    reader.finish("raise")
    return amount, until_us, reason


def _definition(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in _NOT_CHANGED}
