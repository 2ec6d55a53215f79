"""The columns of a row that are known when an exchange has ended, in the order they are written.

Hides how a row of fifty columns is filled quickly. Rules for future edits: a column that few rows
have goes behind the thirtieth; one that everyday rows could have goes into `everyday` as well.
Counterparts: `booking` fills it, `core/exchange.Exchange` is the whole row.
"""

from decimal import Decimal
from typing import Final

import msgspec

from weighbridge.pricing.rating import NO_CHARGES


class Tail(msgspec.Struct, omit_defaults=True, gc=False):
    """The columns of a row that are known when the exchange has ended; see `core/exchange`.

    Filled by position, in this order, but for the last eight, which few rows have. A call whose
    arguments, keywords counted twice, are more than thirty makes a tuple and a dict first, which
    takes three times as long.
    """

    model_version: str | None
    streamed: bool
    status: int
    outcome: str
    error_type: str | None
    finish_reason: str | None
    block_reason: str | None
    usage_source: str
    service_tier: str | None
    pricing_status: str
    latency_us: int
    overhead_us: int
    request_bytes: int
    response_bytes: int
    ttfb_us: int | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
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
    list_cost: str | None = None
    charges: msgspec.Raw = NO_CHARGES
    cache_write_input_tokens: int | None = None
    tool_use_input_tokens: int | None = None
    search_queries: int | None = None
    maps_queries: int | None = None
    images: int | None = None
    video_seconds: Decimal | None = None
    notes: tuple[str, ...] = ()
    labels_sent: dict[str, str] | None = None


# Behind the thirty that are filled by position; `notes` are a rating's as well.
RARE_COUNTS: Final = Tail.__struct_fields__[30:-2]
