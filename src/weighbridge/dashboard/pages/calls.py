"""Exchanges: the newest first, and one of them with its charges line by line."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, figure, word
from weighbridge.errors import NotFoundError
from weighbridge.ledger.stores.base import Row
from weighbridge.reports.dimensions import NONE

_PAGE: Final = 50
_COLUMNS: Final = (
    ("started_at", "Started", False),
    ("department", "Department", False),
    ("project", "Project", False),
    ("agent", "Agent", False),
    ("model", "Model", False),
    ("operation", "Operation", False),
    ("status", "Status", True),
    ("outcome", "Outcome", False),
    ("input_tokens", "Input", True),
    ("output_tokens", "Output", True),
    ("latency_us", "Latency", True),
    ("list_cost", "Cost", True),
)
_TOKENS: Final = (
    "input_tokens",
    "cached_input_tokens",
    "tool_use_input_tokens",
    "output_tokens",
    "thinking_tokens",
    "total_tokens",
)
_FACTS: Final = (
    ("Outcome", "outcome"),
    ("Status", "status"),
    ("Error", "error_type"),
    ("Finish reason", "finish_reason"),
    ("Blocked", "block_reason"),
    ("Provider", "provider"),
    ("Surface", "surface"),
    ("Operation", "operation"),
    ("Model asked for", "model"),
    ("Model served", "model_version"),
    ("Service tier", "service_tier"),
    ("Location", "location"),
    ("Department", "department"),
    ("Project", "project"),
    ("Agent", "agent"),
    ("Tracking token", "token_id"),
    ("Usage known by", "usage_source"),
    ("Pricing", "pricing_status"),
    ("Gateway", "node"),
)
_LINKED: Final = frozenset({"department", "project", "agent", "model", "outcome", "error_type"})
_BAD: Final = frozenset({"client_error", "upstream_error", "upstream_failed", "interrupted"})


def exchanges(desk: Desk) -> Content:
    """A page of calls; the newest follow as they end."""
    table = exchange_table(desk, _PAGE, "Newest first")
    empty = not table.rows and not desk.state.filters and not desk.state.cursor
    return Content(title="Exchanges", tables=[table], never_called=empty)


def exchange_table(desk: Desk, limit: int, title: str) -> Table:
    """The newest exchanges of the page's range and filters."""
    page = desk.exchanges(limit)
    links = []
    if desk.state.cursor:
        links.append(("first", "Newest", desk.state.query_string(cursor="")))
    if page.next_cursor:
        older = "/exchanges" + desk.state.query_string(cursor=page.next_cursor)
        links.append(("next", "Older", older))
    return Table(
        name="exchanges",
        title=title,
        columns=tuple(Column(*column) for column in _COLUMNS),
        rows=[_row(desk, row) for row in page.exchanges],
        pages=tuple(links),
    )


def one_exchange(desk: Desk) -> Content:
    """What one call was, used and cost; never what it said.

    Errors: `NotFoundError` where there is none that this reader may see.
    """
    exchange_id = desk.name
    row = desk.sources.exchanges.exchange(exchange_id)
    if row is None:
        raise NotFoundError(f"no exchange has the id {exchange_id[:60]!r}")
    tables = [_charges(row), _tokens(row)]
    return Content(
        title="Exchange",
        subtitle=exchange_id,
        parents=(("Exchanges", "/exchanges" + desk.state.query_string()),),
        facts=[*_timings(row, desk.state.zone), *_known(desk, row), *_labels(desk, row)],
        tables=list(reversed(tables)),
    )


def _row(desk: Desk, row: Row) -> list[Cell]:
    cells = []
    for name, _, _ in _COLUMNS:
        value = row.get(name)
        if name == "started_at":
            href = f"/exchanges/{row['exchange_id']}" + desk.state.query_string(cursor="")
            cells.append(Cell(_local(row[name], desk.state.zone), row[name], href))
        elif name == "list_cost":
            status = row.get("pricing_status")
            text = str(status) if value is None else None
            cells.append(Cell(text, None, tone="quiet") if text else figure(value, "USD"))
        elif name == "latency_us":
            cells.append(figure(value, "µs"))
        elif name == "outcome":
            cells.append(word(value, tone="bad" if value in _BAD else ""))
        elif name.endswith("_tokens"):
            cells.append(figure(value, "tokens"))
        else:
            cells.append(word(value, tone="quiet" if value is None else ""))
    return cells


def _charges(row: Row) -> Table:
    names = (
        *(("unit", "Unit"), ("quantity", "Quantity"), ("unit_price", "Unit price")),
        *(("amount", "Amount"), ("price_id", "Price")),
    )
    lines = [_fields(charge) for charge in row.get("charges") or ()]
    rows = [
        [
            word(str(line["unit"]).replace("_", " ")),
            Cell(_short(line["quantity"]), line["quantity"]),
            Cell(f"${_short(line['unit_price'])}", line["unit_price"]),
            Cell(f"${Decimal(line['amount']):f}", line["amount"]),
            word(line["price_id"], tone="quiet"),
        ]
        for line in lines
    ]
    whole = [word("Total"), Cell("", None), Cell("", None)]
    cost = row.get("list_cost")
    whole += [Cell("-" if cost is None else f"${cost:f}", cost), Cell("", None)]
    figures = {"quantity", "unit_price", "amount"}
    return Table(
        name="charges",
        title="Charges",
        columns=tuple(Column(name, title, name in figures) for name, title in names),
        rows=rows,
        totals=whole if rows else [],
        empty=f"No charge lines: this exchange is {row.get('pricing_status')}.",
    )


def _tokens(row: Row) -> Table:
    counts = [(name, row.get(name)) for name in _TOKENS]
    whole = row.get("total_tokens") or max((count or 0 for _, count in counts), default=0)
    rows = []
    for name, count in counts:
        share = None if count is None or not whole else min(1.0, count / whole)
        text = "not reported" if count is None else f"{count:,}"
        quiet = "quiet" if count is None else ""
        bar = Cell("" if share is None else f"{share * 100:.1f} %", share, share=share)
        words = name.removesuffix("_tokens").replace("_", " ").capitalize()
        rows.append([Cell(words, name), Cell(text, count, tone=quiet), bar])
    return Table(
        name="tokens",
        title="Tokens",
        columns=(
            Column("kind", "Kind"),
            Column("tokens", "Tokens", True),
            Column("share", "Share of total", True),
        ),
        rows=rows,
    )


def _timings(row: Row, zone: str) -> list[tuple[str, Cell]]:
    found = [
        ("Cost", figure(row.get("list_cost"), "USD")),
        ("Started", Cell(_local(row["started_at"], zone), row["started_at"])),
        ("Latency", figure(row.get("latency_us"), "µs")),
        ("First byte", figure(row.get("ttfb_us"), "µs")),
        ("In the gateway", figure(row.get("overhead_us"), "µs")),
    ]
    sizes = (("Request", "request_bytes"), ("Answer", "response_bytes"))
    for title, name in sizes:
        size = row.get(name)
        found.append((title, Cell("-" if size is None else f"{size:,} bytes", size)))
    return found


def _known(desk: Desk, row: Row) -> list[tuple[str, Cell]]:
    found = []
    for title, name in _FACTS:
        value = row.get(name)
        if value is None and name not in {"department", "project", "agent"}:
            continue
        href = ""
        if name in _LINKED:
            given = NONE if value is None else str(value)
            href = "/exchanges" + desk.state.query_string(filters={name: (given,)})
        found.append((title, word("not given" if value is None else value, href=href)))
    return found


def _labels(desk: Desk, row: Row) -> list[tuple[str, Cell]]:
    labels = {key: value for key, value in (row.get("labels") or {}).items() if value is not None}
    found = []
    for key, value in sorted(labels.items()):
        href = "/exchanges" + desk.state.query_string(filters={f"label:{key}": (value,)})
        found.append((f"Label {key}", word(value, href=href)))
    return found


def _fields(charge: Any) -> dict[str, Any]:
    """A charge's fields, whichever form the store gives it in."""
    return dict(charge)


def _short(number: Any) -> str:
    text = f"{Decimal(number):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(instant: datetime, zone: str) -> str:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return f"{aware.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
