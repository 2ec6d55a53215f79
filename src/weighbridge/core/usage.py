"""What one exchange consumed, in units; pricing turns it into charges.

Hides the inclusion rules between counts. Rules for future edits: None = not reported,
0 = reported zero; a count is never negative; wire names stay in `providers/`.
Counterpart: `providers/` fills it, `pricing/rating` reads it, `core/exchange` stores the
columns of design B4 (the fields of `_LEDGER_FIELDS` there).
"""

from decimal import Decimal

import msgspec


class Usage(msgspec.Struct, kw_only=True, gc=False):
    """Counts of one exchange; all optional.

    Inclusion: `input_tokens` holds cached and cache-write tokens and excludes tool use;
    `output_tokens` excludes thinking; `total_tokens` is the upstream's own sum. The modality
    splits add up to their count wherever a details list was reported.
    """

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

    # What only rating needs; no ledger column.
    input_characters: int | None = None
    songs: int | None = None
    videos: int | None = None  # how many pieces `video_seconds` are, each as long as the other
    search_prompts: int | None = None  # how many grounded prompts were summed; None = at most one
    maps_prompts: int | None = None
    video_kind: str | None = None  # what a second of video costs by: `4k`, `silent`…
    cliff_tokens: int | None = None  # prompt size that decides the tier, where prompts are summed
    cache_write_1h_input_tokens: int | None = None  # of the cache writes, those kept an hour
    output_video_tokens: int | None = None
    cached_text_tokens: int | None = None
    cached_image_tokens: int | None = None
    cached_audio_tokens: int | None = None
    cached_video_tokens: int | None = None
    cached_document_tokens: int | None = None
    grounded_by_search: bool = False
    grounded_by_maps: bool = False
    url_context_or_code: bool = False
