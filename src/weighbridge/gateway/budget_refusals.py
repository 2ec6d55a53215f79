"""What a client is told whose call a budget or a rate limit does not let pass.

Hides wording and figures: the budget that said no by its name, its limit, what is spent and held
of it, what the call would have needed, and when it begins anew. Rules for future edits: pure; a
`Retry-After` only where waiting helps; where money is only held by calls under way, that is soon.
Counterparts: `holds` asks, `core/outcome.Refusal` is what it gives.
"""

from typing import Final

from weighbridge.budgets.budget import Budget, usd_text
from weighbridge.budgets.pocket import Shortage
from weighbridge.budgets.rate_limit import TOKENS, RateBinding
from weighbridge.budgets.windows import Window
from weighbridge.core.clock import InstantFormatter
from weighbridge.core.money import PICO_USD_PER_USD
from weighbridge.core.outcome import Reason, Refusal

_US_PER_S: Final = 1_000_000
_HUNDREDTH_CENT: Final = PICO_USD_PER_USD // 10_000
# Calls under way give back what they do not need within seconds.
_SOON_S: Final = 2


def exhausted(
    budget: Budget, shortage: Shortage, needed: int, window: Window, now_us: int
) -> Refusal:
    """The refusal of a call that an account has too little left for.

    Takes: what the call would set aside at least, in pico-dollars.
    """
    account = shortage.account
    metadata = {"budget": budget.name, "budget_id": budget.id}
    name = f'budget "{budget.name}"'
    if account.value is not None:
        metadata["value"] = account.value
        name = f"{name} for {budget.per}={account.value}"
    if not shortage.known:
        return Refusal(
            Reason.BUDGET_EXHAUSTED,
            f"{name} cannot be checked now, and it blocks calls that it cannot count; the "
            "gateway's control process, or what it shares budgets with, is away or slow, try "
            "again shortly",
            metadata,
            _SOON_S,
        )
    figures = {
        "limit_usd": usd_text(shortage.limit),
        "spent_usd": usd_text(shortage.spent),
        "held_usd": usd_text(shortage.leased),
        "needed_usd": usd_text(needed),
    }
    limit, spent, held, need = map(
        _shown, (shortage.limit, shortage.spent, shortage.leased, needed)
    )
    metadata |= figures
    if window.end_us is None:
        resets = "it never resets; have it raised"
    else:
        metadata["resets_at"] = at = InstantFormatter().text(window.end_us)
        resets = f"it resets at {at}; wait, or have it raised"
    if needed > shortage.limit:
        resets = "all of it would not do; declare a smaller maximum of output, or have it raised"
    return Refusal(
        Reason.BUDGET_EXHAUSTED,
        f"{name} of {limit} USD has too little left: {spent} USD are spent and {held} USD held by "
        f"calls under way; this call would set aside {need} USD. {resets[0].upper()}{resets[1:]}",
        metadata,
        _retry_after_s(shortage, needed, window, now_us),
    )


def rate_limited(rate: RateBinding, shortage: Shortage) -> Refusal:
    """The refusal of a call beyond a rate limit, with when the next one fits."""
    limit, kind = rate.limit, shortage.account.window_us
    what = "tokens" if kind == TOKENS else "requests"
    name = f'rate limit "{limit.name}"'
    metadata = {"rate_limit": limit.name, "rate_limit_id": limit.id, "counts": what}
    if rate.value is not None:
        metadata["value"] = rate.value
        name = f"{name} for {limit.per}={rate.value}"
    most = limit.per_minute(kind) or 0
    metadata["per_minute"] = str(most)
    after_s = max(-(-shortage.retry_us // _US_PER_S), 1) if shortage.known else _SOON_S
    why = f"is used up: {most} {what} a minute" if shortage.known else "cannot be checked now"
    return Refusal(
        Reason.RATE_LIMITED, f"{name} {why}; try again in {after_s} s", metadata, after_s
    )


def unpriced(budget: Budget, model: str | None) -> Refusal:
    """The refusal of a call whose cost nobody could tell (B5)."""
    return Refusal(
        Reason.BUDGET_EXHAUSTED,
        f'budget "{budget.name}" blocks calls that have no price, and {model or "this call"} has '
        "none; use a model of the price book, or have the budget allow what is unpriced",
        {"budget": budget.name, "budget_id": budget.id, "unpriced": model or "unknown"},
    )


def _shown(pico_usd: int) -> str:
    """An amount for people: rounded up to a hundredth of a cent, unless it is less than one."""
    if pico_usd > _HUNDREDTH_CENT:
        pico_usd += -pico_usd % _HUNDREDTH_CENT
    return usd_text(pico_usd)


def _retry_after_s(shortage: Shortage, needed: int, window: Window, now_us: int) -> int | None:
    """Seconds until it may help to try again, None where it never will."""
    if shortage.spent + needed <= shortage.limit:
        return _SOON_S
    if window.end_us is None or needed > shortage.limit:
        return None
    return max(-(-(window.end_us - now_us) // _US_PER_S), 1)
