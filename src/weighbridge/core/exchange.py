"""One request and its answer: the ledger's row (design B4) and how it is written as text.

Rules for future edits: no column can hold free text from a request or answer; a new column is
added here, in `ledger/schema.py` and in `docs/reference/ledger.md` together (a test compares
them). The NDJSON form is the journal's line and `weighbridge import`'s input alike.
"""

from decimal import Decimal

import msgspec


class Charge(msgspec.Struct, frozen=True):
    """One line of why a row costs what it costs: `amount = quantity x unit_price`, exactly.

    `unit` is the priced unit (`input_text_token`, `cached_input_audio_token`, `search_query`…),
    the money fields are fixed-point US dollars as text with twelve places, `quantity` a decimal
    as text, `price_id` names the line of the price book.
    """

    unit: str
    quantity: str
    unit_price: str
    amount: str
    price_id: str


class Exchange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The row. Times are `YYYY-MM-DDTHH:MM:SS.ffffffZ`; money is fixed-point text.

    `None` = not reported or not given, `0` = reported zero. Text columns hold codes and names
    given for attribution, never content.
    """

    exchange_id: str
    started_at: str
    ended_at: str
    node: str | None = None
    provider: str | None = None
    surface: str | None = None
    operation: str | None = None
    location: str | None = None
    cloud_project: str | None = None
    model: str | None = None
    model_version: str | None = None
    streamed: bool | None = None
    status: int | None = None
    outcome: str | None = None
    error_type: str | None = None
    finish_reason: str | None = None
    block_reason: str | None = None
    usage_source: str | None = None
    token_id: str | None = None
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}
    labels_sent: dict[str, str] | None = None
    service_tier: str | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    tool_use_input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    total_tokens: int | None = None
    input_text_tokens: int | None = None
    input_image_tokens: int | None = None
    input_audio_tokens: int | None = None
    input_video_tokens: int | None = None
    input_document_tokens: int | None = None
    output_text_tokens: int | None = None
    output_image_tokens: int | None = None
    output_audio_tokens: int | None = None
    search_queries: int | None = None
    maps_queries: int | None = None
    images: int | None = None
    video_seconds: Decimal | None = None
    list_cost: str | None = None
    pricing_status: str | None = None
    charges: tuple[Charge, ...] = ()
    latency_us: int | None = None
    ttfb_us: int | None = None
    overhead_us: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    notes: tuple[str, ...] = ()


COLUMNS: tuple[str, ...] = Exchange.__struct_fields__
TEXT_DIMENSIONS: tuple[str, ...] = (
    "node",
    "provider",
    "surface",
    "operation",
    "location",
    "cloud_project",
    "model",
    "model_version",
    "outcome",
    "error_type",
    "finish_reason",
    "block_reason",
    "usage_source",
    "token_id",
    "department",
    "project",
    "agent",
    "service_tier",
    "pricing_status",
)
TOKEN_COLUMNS: tuple[str, ...] = tuple(name for name in COLUMNS if name.endswith("_tokens"))
