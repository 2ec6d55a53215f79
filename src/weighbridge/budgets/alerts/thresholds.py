"""A budget's spend reaches a threshold, leaves too little for calls, or will exceed its limit.

Rules for future edits: one comparison everywhere: what reaches a limit (`>=`) has exceeded it;
a threshold is told once per window, value and limit: a higher limit makes a higher amount, which
is worth telling once it is reached, and not before.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from weighbridge.budgets.alerts.words import key, name, percent, usd
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Refused
from weighbridge.core.alert import AlertKind, Occurrence, Severity
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.money import pico_to_decimal, pico_to_text

_WARNS_FROM: Final = 80
_ALL: Final = 100
# Where a window has no end, its alerts stand for as long as anybody will look.
NEVER_US: Final = 253_402_300_799_000_000  # 9999-12-31T23:59:59Z


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a budget has spent in a window, for one value where it is split.

    `limit_pico` has raises in it, grace not; `ceiling_pico` has both, and is where calls are
    refused, if it `blocks`. `window_end_us` is None for `total`.
    """

    budget_id: str
    name: str
    per: str | None = None
    value: str | None = None
    period: str
    window_start_us: int
    window_end_us: int | None
    limit_pico: int
    ceiling_pico: int
    spent_pico: int
    thresholds: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    blocks: bool = False

    @property
    def title(self) -> str:
        """The budget's name, and whose it is where it is split."""
        if self.per is None:
            return f"“{name(self.name)}”"
        return f"“{name(self.name)}” of {name(self.per)} {name(self.value or '(none)')}"


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a window will have cost at its end, with an 80 % interval."""

    expected_pico: int
    low_pico: int
    high_pico: int


def crossed(account: Account) -> tuple[int, ...]:
    """Thresholds, in percent, that the spend has reached, lowest first.

    Example: of 50, 80 and 100, $8.00 of $10.00 has reached 50 and 80, $7.99 only 50. Nothing
    spent reaches nothing, whatever the limit.
    """
    if account.spent_pico <= 0:
        return ()
    return tuple(
        sorted(
            threshold
            for threshold in set(account.thresholds)
            if account.spent_pico * 100 >= account.limit_pico * threshold
        )
    )


def threshold_alerts(account: Account) -> list[Occurrence]:
    """One occurrence for each threshold that is reached."""
    return [_threshold_alert(account, threshold) for threshold in crossed(account)]


def reached_before(found: Occurrence, earlier: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a threshold was told at a lower limit, when its amount of now was reached as well.

    Takes: the facts of what was told of the same budget, value and window.
    Example: 50 % was told at $10.00, and 100 % when $10.20 were spent. Then $15.00 are granted:
    50 % of them are $7.50 and no news, 80 % are $12.00, which will be.
    """
    if "threshold" not in found.facts:
        return False
    limit, threshold = Decimal(str(found.facts["limit"])), int(found.facts["threshold"] or 0)
    lower = [each for each in earlier if Decimal(each["limit"]) < limit]
    most = max((Decimal(each["spent"]) for each in lower), default=Decimal(0))
    return most * 100 >= limit * threshold and any(each["threshold"] == threshold for each in lower)


def still_holds(told: Occurrence, budget: Budget | None, now_us: int) -> bool:
    """Whether what was told of a budget is so at its limit of now.

    Takes: the budget, None where it is no more.
    Example: of $10.00 all is spent; when the limit is raised to $15.00 nobody needs to look, and to
    $10.50, 80 % are still reached.
    """
    if budget is None or not budget.enabled:
        return False
    limit = pico_to_decimal(budget.limit_at(now_us))
    if "needed" in told.facts:
        most = pico_to_decimal(budget.ceiling_at(now_us))
        needed = Decimal(str(told.facts["spent"])) + Decimal(str(told.facts["needed"]))
        return budget.blocks and needed > most
    if "threshold" in told.facts:
        threshold = int(told.facts["threshold"] or 0)
        return Decimal(str(told.facts["spent"])) * 100 >= limit * threshold
    return Decimal(str(told.facts.get("expected", limit))) >= limit


def refuses(account: Account, refused: Refused) -> bool:
    """Whether what was refused would be refused now: at this limit, and with this spend."""
    most = account.ceiling_pico
    still = refused.limit == most and account.spent_pico + refused.needed > most
    return account.blocks and still


def exhausted_alert(account: Account, refused: Refused) -> Occurrence | None:
    """Where an account `refuses` calls that would do with less than the whole budget.

    Gives: None where the spend is at the limit, it has no grace, and a threshold tells that.
    Example: of $10.00, $9.80 are spent, and no call would do with less than $0.40.
    """
    graceless = account.ceiling_pico == account.limit_pico
    if graceless and max(crossed(account), default=0) >= _ALL:
        return None
    return Occurrence(
        key=_key(AlertKind.BUDGET_EXHAUSTED, account),
        kind=AlertKind.BUDGET_EXHAUSTED,
        severity=Severity.CRITICAL,
        title=f"Budget {account.title} refuses calls",
        message=(
            f"Budget {account.title}: {_reached(account)} is spent in this {account.period}, and "
            f"the rest is too little for a call that needs {usd(refused.needed)}. Such calls are "
            f"refused{_end(account)}; raise the limit with `weighbridge budget set`, or let calls "
            "declare a smaller maximum of output."
        ),
        facts=_facts(account) | {"needed": pico_to_text(refused.needed)},
        **_whose(account),
    )


def forecast_alert(account: Account, outlook: Outlook) -> Occurrence | None:
    """Where the window's end is expected at the limit or above, and is not there yet."""
    if account.spent_pico >= account.limit_pico or outlook.expected_pico < account.limit_pico:
        return None
    sure = outlook.low_pico >= account.limit_pico
    between = f"{usd(outlook.low_pico)} and {usd(outlook.high_pico)}"
    return Occurrence(
        key=_key(AlertKind.BUDGET_FORECAST, account),
        kind=AlertKind.BUDGET_FORECAST,
        severity=Severity.WARNING,
        title=f"Budget {account.title} is {'very ' if sure else ''}likely to be exceeded",
        message=(
            f"Budget {account.title} is expected to come to {usd(outlook.expected_pico)} by the "
            f"end of its {account.period}, with four chances in five between {between}; its limit "
            f"is {usd(account.limit_pico)}, and {usd(account.spent_pico)} is spent. "
            + _outcome(account)
        ),
        facts=_facts(account)
        | {
            "expected": pico_to_text(outlook.expected_pico),
            "low": pico_to_text(outlook.low_pico),
            "high": pico_to_text(outlook.high_pico),
        },
        **_whose(account),
    )


def _threshold_alert(account: Account, threshold: int) -> Occurrence:
    title = (
        f"Budget {account.title} is used up"
        if threshold >= _ALL
        else f"Budget {account.title} has reached {threshold} %"
    )
    return Occurrence(
        key=_key(AlertKind.BUDGET_THRESHOLD, account, threshold),
        kind=AlertKind.BUDGET_THRESHOLD,
        severity=_severity(threshold),
        title=title,
        message=f"Budget {account.title}: {_reached(account)} is spent in this {account.period}. "
        + (_outcome(account) if threshold >= _ALL else f"The threshold is {threshold} %."),
        facts=_facts(account) | {"threshold": threshold},
        **_whose(account),
    )


def _reached(account: Account) -> str:
    share = percent(account.spent_pico, account.limit_pico)
    return f"{usd(account.spent_pico)} of {usd(account.limit_pico)} ({share:,} %)"


def _severity(threshold: int) -> Severity:
    if threshold >= _ALL:
        return Severity.CRITICAL
    return Severity.WARNING if threshold >= _WARNS_FROM else Severity.INFO


def _outcome(account: Account) -> str:
    if not account.blocks:
        return "It only tells: calls go on."
    until = _end(account)
    return f"At the limit its calls are refused{until}; raise it with `weighbridge budget set`."


def _end(account: Account) -> str:
    if account.window_end_us is None:
        return ""
    return f" until {InstantFormatter()(account.window_end_us)[:16].replace('T', ' ')} UTC"


def _key(kind: AlertKind, account: Account, *more: int) -> str:
    of = (account.budget_id, account.value, account.window_start_us, account.limit_pico)
    return key(kind.value, *of, *more)


def _facts(account: Account) -> dict[str, str | int | None]:
    end_us = account.window_end_us
    return {
        "spent": pico_to_text(account.spent_pico),
        "limit": pico_to_text(account.limit_pico),
        "per": account.per,
        "window_start": InstantFormatter()(account.window_start_us),
        "window_end": None if end_us is None else InstantFormatter()(end_us),
    }


def _whose(account: Account) -> dict[str, Any]:
    return {
        "subject": account.title,
        "budget_id": account.budget_id,
        "value": account.value,
        "channels": account.channels,
        "stands_until_us": account.window_end_us or NEVER_US,
    }
