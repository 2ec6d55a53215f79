"""One exchange: what it was, how it ended, what it used, what it cost and why. Never what it said.

Rules for future edits: charges stand to the last digit, for their sum is the cost; a bar begins
where the one before it ends, so that parts of a whole are seen as such.
"""

from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.exchanges import local_time
from weighbridge.errors import NotFoundError
from weighbridge.ledger.stores.base import Row
from weighbridge.pricing.pricefile import TIERS
from weighbridge.pricing.units import UNITS
from weighbridge.reports.dimensions import NONE

_KINDS: Final = (
    ("cached_input_tokens", "Cached input"),
    ("cache_write_input_tokens", "Written to the cache"),
    ("fresh", "Fresh input"),
    ("tool_use_input_tokens", "Tool use"),
    ("output_tokens", "Answer"),
    ("thinking_tokens", "Thinking"),
)
_ATTRIBUTION: Final = (
    ("Department", "department"),
    ("Project", "project"),
    ("Agent", "agent"),
    ("Tracking token", "token_id"),
)
_FACTS: Final = (
    ("Outcome", "outcome"),
    ("Status", "status"),
    ("Error", "error_type"),
    ("Finish reason", "finish_reason"),
    ("Blocked", "block_reason"),
    ("Model asked for", "model"),
    ("Model served", "model_version"),
    ("Operation", "operation"),
    ("Maker", "provider"),
    ("Surface", "surface"),
    ("Service tier", "service_tier"),
    ("Location", "location"),
    ("Cloud project", "cloud_project"),
    ("Usage known by", "usage_source"),
    ("Pricing", "pricing_status"),
    ("Gateway", "node"),
)
_FILTERS: Final = frozenset(
    {"department", "project", "agent", "model", "outcome", "error_type", "token_id"}
)


def one_exchange(desk: Desk) -> Content:
    """The exchange that the address names.

    Errors: `NotFoundError` where there is none that this reader may see.
    """
    exchange_id = desk.name
    row = desk.sources.exchanges.exchange(exchange_id)
    if row is None:
        raise NotFoundError(f"no exchange has the id {exchange_id[:60]!r}")
    return Content(
        title="Exchange",
        subtitle=exchange_id,
        parents=(("Exchanges", "/exchanges" + desk.state.query_string()),),
        facts=[*_figures(desk, row), *_known(desk, row), *_labels(desk, row)],
        tables=[_tokens(row), _times(row), _charges(desk, row)],
    )


def _figures(desk: Desk, row: Row) -> list[tuple[str, Cell]]:
    cost = row.get("list_cost")
    exact = str(row.get("pricing_status")) if cost is None else f"${_short(cost)}"
    sizes = (("Request", "request_bytes"), ("Answer", "response_bytes"))
    return [
        ("Cost", Cell(exact, cost)),
        ("Started", Cell(local_time(row["started_at"], desk.state.zone), row["started_at"])),
        ("Latency", figure(row.get("latency_us"), "µs")),
        *(
            (title, Cell("-" if row.get(name) is None else f"{row[name]:,} bytes", row.get(name)))
            for title, name in sizes
        ),
    ]


def _known(desk: Desk, row: Row) -> list[tuple[str, Cell]]:
    attribution = [
        (title, _linked(desk, name, row.get(name), "not given")) for title, name in _ATTRIBUTION
    ]
    rest = [
        (title, _linked(desk, name, row[name], ""))
        for title, name in _FACTS
        if row.get(name) is not None
    ]
    notes = ", ".join(str(note).replace("_", " ") for note in row.get("notes") or ())
    return [*attribution, *rest, *([("Remarks", word(notes))] if notes else [])]


def _linked(desk: Desk, name: str, value: Any, missing: str) -> Cell:
    if name not in _FILTERS:
        return word(value)
    filters = {"token" if name == "token_id" else name: (NONE if value is None else str(value),)}
    href = "/exchanges" + desk.state.query_string(filters=filters, search="")
    names = desk.token_names() if name == "token_id" else {}
    return Cell(missing if value is None else names.get(value, str(value)), value, href)


def _labels(desk: Desk, row: Row) -> list[tuple[str, Cell]]:
    labels = {key: value for key, value in (row.get("labels") or {}).items() if value is not None}
    found = []
    for key, value in sorted(labels.items()):
        href = "/exchanges" + desk.state.query_string(filters={f"label:{key}": (value,)}, search="")
        found.append((f"Label {key}", word(value or "(empty)", href=href)))
    return found


# Token kinds and times, as waterfalls.


def _tokens(row: Row) -> Table:
    counts = {name: row.get(name) for name, _ in _KINDS}
    known = row.get("input_tokens")
    parts = (counts["cached_input_tokens"] or 0) + (counts["cache_write_input_tokens"] or 0)
    counts["fresh"] = None if known is None else max(known - parts, 0)
    shown = [
        (title, count) for name, title in _KINDS for count in [counts[name]] if count is not None
    ]
    return Table(
        name="tokens",
        title="Tokens",
        columns=_waterfall_columns("kind", "Kind", "tokens", "Tokens"),
        rows=_waterfall(shown, "tokens"),
        half=True,
        totals=[word("Total"), figure(sum(count for _, count in shown), "tokens"), Cell("", None)]
        if shown
        else [],
        empty=f"No usage was reported (known by: {row.get('usage_source')}).",
    )


def _times(row: Row) -> Table:
    whole, first, own = (row.get(name) for name in ("latency_us", "ttfb_us", "overhead_us"))
    shown = []
    if own is not None:
        shown.append(("In the gateway", own))
    if first is not None:
        shown.append(("Until the first byte", max(first - (own or 0), 0)))
    if whole is not None:
        rest = max(whole - max(first or 0, own or 0), 0)
        shown.append(("Until the last byte" if first is not None else "Upstream", rest))
    return Table(
        name="times",
        title="Time",
        columns=_waterfall_columns("part", "Part", "time", "Time"),
        rows=_waterfall(shown, "µs"),
        half=True,
        totals=[word("Total"), figure(whole, "µs"), Cell("", None)] if shown else [],
        empty="No times are known of this call.",
    )


def _waterfall_columns(name: str, title: str, figures: str, heading: str) -> tuple[Column, ...]:
    return (
        Column(name, title),
        Column(figures, heading, figures=True),
        Column("share", "Share", figures=True, wide=True),
    )


def _waterfall(parts: list[tuple[str, int]], unit: str) -> list[list[Cell]]:
    whole, before, rows = sum(size for _, size in parts), 0, []
    for title, size in parts:
        share = size / whole if whole else None
        start = before / whole if whole else 0.0
        text = "-" if share is None else f"{share * 100:.1f} %"
        rounded = None if share is None else round(share, 6)
        bar = Cell(text, rounded, share=share, start=start)
        rows.append([word(title), figure(size, unit), bar])
        before += size
    return rows


# Charges, to the last digit.


def _charges(desk: Desk, row: Row) -> Table:
    cost = row.get("list_cost")
    rows = [_charge(desk, row, dict(charge)) for charge in row.get("charges") or ()]
    columns = (
        Column("unit", "Unit"),
        Column("quantity", "Quantity", figures=True),
        Column("unit_price", "Price", figures=True),
        Column("amount", "Amount", figures=True),
        Column("price_id", "Price in the book"),
    )
    total = Cell("-" if cost is None else f"${_short(cost)}", cost)
    return Table(
        name="charges",
        title="Charges",
        columns=columns,
        rows=rows,
        totals=[word("Total"), Cell("", None), Cell("", None), total, Cell("", None)]
        if rows
        else [],
        empty=f"No charge lines: this exchange is {row.get('pricing_status')}.",
    )


def _charge(desk: Desk, row: Row, line: dict[str, Any]) -> list[Cell]:
    unit, price = str(line["unit"]), Decimal(line["unit_price"])
    per = UNITS[unit].per if unit in UNITS else 1
    written = f"${_short(price * per)}" + (f" / {per:,}" if per > 1 else "")
    started = row["started_at"]
    day = (started if started.tzinfo else started.replace(tzinfo=UTC)).astimezone(UTC).date()
    model = str(line["price_id"]).partition(":")[0]
    filters = {"model": (model,), "service_tier": (str(row.get("service_tier") or TIERS[0]),)}
    href = "/prices" + desk.state.query_string(filters=filters, at=str(day), search="", cursor="")
    return [
        Cell(unit.replace("_", " "), unit),
        Cell(_short(line["quantity"]), line["quantity"]),
        Cell(written, line["unit_price"]),
        Cell(f"${_short(line['amount'])}", line["amount"]),
        word(line["price_id"], href=href),
    ]


def _short(number: Any) -> str:
    """Every digit that is one, at least two places of money: `0.0000375`, `1,204.50`."""
    text = f"{Decimal(number):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
