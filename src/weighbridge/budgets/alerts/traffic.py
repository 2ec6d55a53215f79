"""Rules about traffic: dear days, models without a price, bursts of errors, rows that are late.

Each is told once per subject and window, a day or an hour of UTC, so that what goes on is told
again with the next, and a restart tells nothing twice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from weighbridge.budgets.alerts.words import key, name, percent, usd
from weighbridge.core.alert import AlertKind, Occurrence, Severity
from weighbridge.core.clock import InstantFormatter, to_unix_us
from weighbridge.core.money import pico_to_text
from weighbridge.core.usual_day import HISTORY_DAYS, usual_most_pico

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def anomaly_alert(
    of: tuple[str, str], history: Sequence[int], today_pico: int, least_pico: int, now: datetime
) -> Occurrence | None:
    """Where today has cost more than a day usually does at most.

    Takes: a dimension and its value; `least_pico`, below which no day is worth a message.
    """
    most_pico = usual_most_pico(history)
    if most_pico is None or today_pico <= most_pico or today_pico < least_pico:
        return None
    dimension, value = of
    subject = f"{name(dimension)} {name(value)}"
    median_pico = sorted(history[-HISTORY_DAYS:])[len(history[-HISTORY_DAYS:]) // 2]
    return Occurrence(
        kind=AlertKind.SPEND_ANOMALY,
        severity=Severity.WARNING,
        subject=subject,
        title=f"Unusual spend: {subject}",
        message=(
            f"{subject} has spent {usd(today_pico)} today (UTC); its days come to "
            f"{usd(median_pico)} in the middle and {usd(most_pico)} at the very most. "
            "See which agents and models it is before the day is over."
        ),
        value=value,
        facts={
            "dimension": dimension,
            "spent": pico_to_text(today_pico),
            "median": pico_to_text(median_pico),
            "usual_most": pico_to_text(most_pico),
        },
        **_day(AlertKind.SPEND_ANOMALY, now, dimension, value),
    )


def unpriced_alert(of: tuple[str, str], exchanges: int, now: datetime) -> Occurrence | None:
    """Where a model was called today that has no price.

    Takes: the model and its surface.
    """
    if exchanges <= 0:
        return None
    model, surface = of
    subject = f"{name(model)} on {name(surface)}"
    return Occurrence(
        kind=AlertKind.UNPRICED_TRAFFIC,
        severity=Severity.WARNING,
        subject=subject,
        title=f"No price for {subject}",
        message=(
            f"{subject} has no price in force: the cost of {exchanges:,} "
            f"{'call' if exchanges == 1 else 'calls'} today (UTC) is unknown and in no sum. Bring "
            "the prices up to date with `weighbridge models update`, or give your own rates in "
            "pricing.overrides."
        ),
        value=model,
        facts={"model": model, "surface": surface, "exchanges": exchanges},
        **_day(AlertKind.UNPRICED_TRAFFIC, now, surface, model),
    )


def burst_alert(
    of: tuple[str, str], counts: tuple[int, int], limits: tuple[int, int, int], now: datetime
) -> Occurrence | None:
    """Where most of a model's latest calls failed.

    Takes: the model and its surface; its calls that failed, and all its calls; the least count,
    the least share in percent, and the minutes that were looked at.
    Example: with (20, 50, 5), 20 of 40 calls in five minutes are a burst, 19 of 20 are not.
    """
    errors, exchanges = counts
    least, share, minutes = limits
    if errors < least or errors * 100 < exchanges * share:
        return None
    model, surface = of
    subject = f"{name(model)} on {name(surface)}"
    return Occurrence(
        kind=AlertKind.ERROR_BURST,
        severity=Severity.WARNING,
        subject=subject,
        title=f"Errors: {subject}",
        message=(
            f"{errors:,} of {exchanges:,} calls of {subject} failed in the last {minutes} minutes "
            f"({percent(errors, exchanges)} %). `weighbridge report --by error_type,status` says "
            "how."
        ),
        value=model,
        facts={"model": model, "surface": surface, "errors": errors, "exchanges": exchanges},
        **_hour(AlertKind.ERROR_BURST, now, surface, model),
    )


def lag_alert(
    node: str, lag_s: int, limit_s: int, failure: str | None, now: datetime
) -> Occurrence | None:
    """Where rows wait for the ledger for longer than they should.

    Takes: the age of the oldest row that waits, 0 where none does; why the ledger takes none.
    """
    if lag_s < limit_s:
        return None
    why = f": {failure}" if failure else ""
    return Occurrence(
        kind=AlertKind.JOURNAL_LAG,
        severity=Severity.CRITICAL,
        subject=name(node),
        title="Rows do not reach the ledger",
        message=(
            f"The oldest row that waits on {name(node)} is {lag_s:,} s old{why}. Calls go on and "
            "no row is lost, but reports, budgets and alerts lag; run `weighbridge doctor`."
        ),
        facts={"node": node, "lag_s": lag_s},
        **_hour(AlertKind.JOURNAL_LAG, now, node),
    )


def _day(kind: AlertKind, now: datetime, *of: str) -> dict[str, Any]:
    begin = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return _window(kind, begin, begin + _DAY, of)


def _hour(kind: AlertKind, now: datetime, *of: str) -> dict[str, Any]:
    begin = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return _window(kind, begin, begin + _HOUR, of)


def _window(kind: AlertKind, begin: datetime, end: datetime, of: tuple[str, ...]) -> dict[str, Any]:
    begin_us = to_unix_us(begin)
    return {
        "key": key(kind.value, *of, InstantFormatter()(begin_us)),
        "stands_until_us": to_unix_us(end),
    }
