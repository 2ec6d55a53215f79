"""Budgets as rows of text: definitions, and how each stands."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from weighbridge.core.dollars import short_usd

Rows = list[dict[str, str]]
DEFINITION: Final = (
    *("id", "name", "limit", "period", "timezone", "scope", "per"),
    *("action", "thresholds", "state"),
)
_STATUS: Final = (
    *("budget", "value", "until", "limit", "spent", "held", "elsewhere"),
    *("remaining", "used", "forecast", "state"),
)
_AUDIT: Final = (
    *("budget", "value", "rows", "spent", "kept", "on the way", "held", "leased"),
    "verdict",
)


def definition_rows(budgets: Sequence[dict[str, Any]]) -> Rows:
    """One row for each budget, with the columns of `DEFINITION`."""
    return [
        {
            "id": one["id"],
            "name": one["name"],
            "limit": one["limit_usd"],
            "period": one["period"],
            "timezone": one["timezone"],
            "scope": scope_text(one["scope"]),
            "per": one["per"] or "-",
            "action": one["action"],
            "thresholds": ",".join(str(each) for each in one["thresholds"]) or "-",
            "state": "in force" if one["enabled"] else "disabled",
        }
        for one in budgets
    ]


def scope_text(scope: dict[str, list[str]]) -> str:
    """Which calls count, in the form of the options that said so."""
    return "; ".join(f"{name}={','.join(each)}" for name, each in scope.items()) or "everything"


def status_rows(statuses: Sequence[dict[str, Any]], *, exact: bool) -> tuple[Sequence[str], Rows]:
    """Columns and one row for each account: each value of a budget that is split.

    Takes: `exact`, for money as the API says it, which programs read; they get every column, and
    people that of other gateways only where one has a part.
    """
    money = str if exact else _short
    accounts = [(one, account) for one in statuses for account in (one["values"] or [one])]
    alone = not (exact or any(_elsewhere(account) for _, account in accounts))
    columns = [name for name in _STATUS if not (alone and name == "elsewhere")]
    return columns, [_status_row(one, account, money) for one, account in accounts]


def audit_rows(audits: Sequence[dict[str, Any]]) -> tuple[Sequence[str], Rows]:
    """Columns and one row for each account that was looked at."""
    rows = [_audit_row(one["name"], account) for one in audits for account in one["accounts"]]
    return _AUDIT, rows


def _audit_row(name: str, account: dict[str, Any]) -> dict[str, str]:
    amounts = {
        name: account[name.replace(" ", "_")] for name in ("spent", "on the way", "held", "leased")
    }
    verdict = "nothing is lent" if account["kept"] is None else "agree"
    return {
        "budget": name,
        "value": account["value"] or "-",
        "rows": f"{account['exchanges']:,}",
        **amounts,
        "kept": account["kept"] or "-",
        "verdict": verdict if account["consistent"] else "DISAGREE",
    }


def _status_row(
    budget: dict[str, Any], account: dict[str, Any], money: Callable[[str], str]
) -> dict[str, str]:
    limit, spent = Decimal(account["limit"]), Decimal(account["spent"])
    ends = budget["window_end"]
    return {
        "budget": budget["name"],
        "value": account["value"] or ("(each)" if budget["per"] else "-"),
        "until": f"{ends[:16].replace('T', ' ')} UTC" if ends else "-",
        "limit": money(account["limit"]),
        "spent": money(account["spent"]),
        "held": money(account["held"]),
        "elsewhere": money(str(_elsewhere(account))),
        "remaining": money(account["remaining"]),
        "used": f"{spent / limit * 100:.1f}%" if limit else "-",
        "forecast": "-" if account["forecast"] is None else money(account["forecast"]),
        "state": account["state"].replace("_", " "),
    }


def _elsewhere(account: dict[str, Any]) -> Decimal:
    """What other gateways have spent and hold: a part of `spent` and `held`."""
    return Decimal(account["elsewhere_spent"]) + Decimal(account["elsewhere_held"])


def _short(amount: str) -> str:
    return short_usd(Decimal(amount))
