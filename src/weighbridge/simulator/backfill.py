"""A company's history of some weeks, as NDJSON that `weighbridge import` reads.

Hides how a drawn call becomes a ledger row. Every row is marked with the note `demo`, priced
by the book as of its own instant, and the same for the same seed and end.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from weighbridge.core.clock import InstantFormatter
from weighbridge.core.exchange import Exchange
from weighbridge.core.ids import uuid7
from weighbridge.core.money import pico_to_text
from weighbridge.core.outcome import Note, Outcome, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.pricing.rating import Rating, RatingFacts
from weighbridge.simulator.company import WORKLOADS, Workload, activity, token_wish
from weighbridge.simulator.dice import dice
from weighbridge.simulator.draws import Draw, draw, rate_factor
from weighbridge.simulator.models import CATALOGUE, model_named
from weighbridge.simulator.tokens import TOKENS_PER_IMAGE_MADE

NODE = "demo"
_HOUR_US = 3_600_000_000
_BATCH_ROWS = 2000
_MODALITIES = ("image", "audio", "video", "document")
_USAGE_COLUMNS = tuple(
    name for name in Usage.__struct_fields__ if name in Exchange.__struct_fields__
)


class Rates(Protocol):
    """What rates a row: the price book."""

    def rate(self, facts: RatingFacts) -> Rating:
        """The charges of one exchange."""
        ...


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What to write: `until` is exclusive; `rows` is met to within a few per cent."""

    until: datetime
    days: int = 30
    rows: int = 200_000
    seed: int = 0
    token_ids: Mapping[str, str] = {}


class Ending(msgspec.Struct, frozen=True):
    """How a fate shows in the ledger; `usage` is `full`, `prompt`, `part` or `none`."""

    status: int
    outcome: Outcome
    usage: str
    error_type: str | None = None
    finish_reason: str | None = None
    block_reason: str | None = None


_ENDINGS: dict[str, Ending] = {
    "ok": Ending(200, Outcome.OK, "full", finish_reason="STOP"),
    "quota_429": Ending(429, Outcome.CLIENT_ERROR, "none", "RESOURCE_EXHAUSTED"),
    "invalid_400": Ending(400, Outcome.CLIENT_ERROR, "none", "INVALID_ARGUMENT"),
    "unavailable_503": Ending(503, Outcome.UPSTREAM_ERROR, "none", "UNAVAILABLE"),
    "internal_500": Ending(500, Outcome.UPSTREAM_ERROR, "none", "INTERNAL"),
    "error_mid_stream": Ending(200, Outcome.UPSTREAM_ERROR, "part", "UNAVAILABLE"),
    "client_closed": Ending(200, Outcome.CLIENT_CLOSED, "part"),
    "blocked_prompt": Ending(200, Outcome.OK, "prompt", block_reason="PROHIBITED_CONTENT"),
    "safety_stop": Ending(200, Outcome.OK, "prompt", finish_reason="SAFETY"),
}
_CUT = Ending(200, Outcome.OK, "full", finish_reason="MAX_TOKENS")


def write_history(
    path: Path, history: History, book: Rates, progress: Callable[[int, int], None] | None = None
) -> int:
    """Writes the rows, oldest hour first. Gives how many there are.

    `progress` is called now and then with rows done and rows expected.
    """
    encoder = msgspec.json.Encoder()
    written, lines = 0, bytearray()
    with path.open("wb") as file:
        for row in history_rows(history, book):
            encoder.encode_into(row, lines, -1)
            lines += b"\n"
            written += 1
            if written % _BATCH_ROWS == 0:
                file.write(lines)
                lines.clear()
                if progress is not None:
                    progress(written, max(history.rows, written))
        file.write(lines)
    if progress is not None:
        progress(written, written)
    return written


def history_rows(history: History, book: Rates) -> Iterator[Exchange]:
    """The rows, one hour after the other, in the order of their start within it."""
    roll = dice("history", history.seed, history.until.isoformat())
    start = history.until - timedelta(days=history.days)
    scale = history.rows / sum(rate for _, _, rate in _hours(start, history))
    clerk = _Clerk(book, history.token_ids)
    for hour, workloads, _ in _hours(start, history):
        drawn: list[tuple[int, Draw]] = []
        hour_us = int((hour - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000
        days_ago = (history.until - hour) / timedelta(days=1)
        for workload, rate in workloads:
            for _ in range(_poisson(rate * scale, roll)):
                at_us = hour_us + roll.randrange(_HOUR_US)
                drawn.append((at_us, draw(workload, roll, days_ago=days_ago, hour=hour.hour)))
        drawn.sort(key=_start)
        for at_us, each in drawn:
            yield clerk.row(each, at_us, roll)


class _Clerk:
    """Writes calls down as ledger rows."""

    def __init__(self, book: Rates, token_ids: Mapping[str, str]) -> None:
        self._book = book
        self._token_ids = token_ids
        self._text_of = InstantFormatter()

    def row(self, done: Draw, at_us: int, roll: random.Random) -> Exchange:
        ending = _CUT if done.cut and done.fate == "ok" else _ENDINGS[done.fate]
        usage, source = _usage(done, ending, roll)
        latency, first = _times(done, ending, usage, roll)
        row = self._unrated(done, ending, at_us, at_us + latency, roll)
        for name in _USAGE_COLUMNS:
            setattr(row, name, getattr(usage, name))
        row.usage_source = source
        row.latency_us, row.ttfb_us = latency, first
        row.overhead_us = roll.randint(120, 420)
        row.request_bytes = 180 + 4 * done.text_tokens + 900 * sum(done.media.values())
        row.response_bytes = 700 + 5 * (usage.output_tokens or 0)
        self._rate(row, usage, source, at_us)
        return row

    def _unrated(
        self, done: Draw, ending: Ending, at_us: int, end_us: int, roll: random.Random
    ) -> Exchange:
        workload, wish = done.workload, token_wish(done.workload.team)
        answered = ending.status == 200
        vertex = workload.location is not None
        operation = "streamGenerateContent" if done.streamed else workload.operation
        return Exchange(
            exchange_id=uuid7(at_us // 1000, roll.getrandbits(74)),
            started_at=self._text_of(at_us),
            ended_at=self._text_of(end_us),
            node=NODE,
            provider=workload.publisher,
            surface="vertex" if vertex else "gemini",
            operation=operation,
            location=workload.location,
            cloud_project="nordhafen-research" if vertex else None,
            model=done.model,
            model_version=done.model if answered and _says_why(done) else None,
            streamed=done.streamed,
            status=0 if answered and workload.requests > 1 else ending.status,
            outcome=ending.outcome,
            error_type=ending.error_type,
            finish_reason=ending.finish_reason if _says_why(done) else None,
            block_reason=ending.block_reason,
            token_id=self._token_ids.get(workload.team),
            department=wish.department,
            project=wish.project,
            agent=workload.agent,
            labels=wish.labels | workload.labels,
            labels_sent=workload.labels if vertex and workload.labels else None,
            service_tier=_tier(workload) if answered else None,
            notes=(Note.DEMO,),
        )

    def _rate(self, row: Exchange, usage: Usage, source: UsageSource, at_us: int) -> None:
        rating = self._book.rate(
            RatingFacts(
                provider=row.provider,
                surface=row.surface,
                operation=row.operation,
                model=row.model,
                model_version=row.model_version,
                service_tier=row.service_tier,
                location=row.location,
                usage=usage,
                usage_source=source,
                free=source is UsageSource.NONE,
                at_unix_us=at_us,
            )
        )
        if rating.list_cost_pico is not None:
            row.list_cost = pico_to_text(rating.list_cost_pico)
        row.pricing_status = rating.pricing_status
        row.charges = rating.charges
        row.notes = (*rating.notes, Note.DEMO)


def _usage(done: Draw, ending: Ending, roll: random.Random) -> tuple[Usage, UsageSource]:
    usage = Usage()
    if ending.usage == "none":
        return usage, UsageSource.NONE
    if "imagen" in done.model:
        usage.images = roll.randint(1, 4)
        return usage, UsageSource.FINAL
    usage.input_tokens = done.text_tokens + sum(done.media.values())
    usage.input_text_tokens = done.text_tokens
    for modality in _MODALITIES:
        setattr(usage, f"input_{modality}_tokens", done.media.get(modality.upper(), 0))
    if "embed" in done.model:
        if "text-embedding" in done.model:
            usage.input_characters = 4 * done.text_tokens
        return usage, UsageSource.FINAL
    if done.prefix_tokens >= model_named(done.model).cache_minimum and roll.random() < 0.8:
        usage.cached_input_tokens = usage.cached_text_tokens = done.prefix_tokens
    if ending.usage != "prompt":
        _answer(usage, done, 1.0 if ending.usage == "full" else roll.uniform(0.1, 0.8), roll)
    usage.total_tokens = (
        usage.input_tokens
        + (usage.tool_use_input_tokens or 0)
        + (usage.output_tokens or 0)
        + (usage.thinking_tokens or 0)
    )
    if done.workload.requests > 1:
        _multiply(usage, done.workload.requests)
    return usage, UsageSource.PARTIAL if ending.usage == "part" else UsageSource.FINAL


def _says_why(done: Draw) -> bool:
    """Whether an answer of this model says which version gave it and why it ended."""
    return "embed" not in done.model and "imagen" not in done.model


def _tier(workload: Workload) -> str | None:
    if workload.requests > 1:
        return "batch"
    return workload.tier if workload.publisher == "google" else None


def _multiply(usage: Usage, requests: int) -> None:
    """Makes the counts of one request those of a batch of such requests."""
    for name in _USAGE_COLUMNS:
        if isinstance(count := getattr(usage, name), int) and not isinstance(count, bool):
            setattr(usage, name, count * requests)


def _answer(usage: Usage, done: Draw, part: float, roll: random.Random) -> None:
    if done.output_tokens:  # Google names no count where thinking has used all room up
        usage.output_tokens = max(1, int(done.output_tokens * part))
    if done.thinking_tokens:
        usage.thinking_tokens = done.thinking_tokens
    if done.workload.picture:
        usage.output_text_tokens, usage.output_audio_tokens = usage.output_tokens, 0
        usage.output_image_tokens = TOKENS_PER_IMAGE_MADE
        usage.output_tokens = (usage.output_tokens or 0) + TOKENS_PER_IMAGE_MADE
    if done.searches:
        usage.search_queries = roll.randint(1, 3)
        usage.tool_use_input_tokens = roll.randint(80, 160)
        usage.grounded_by_search = True


def _times(done: Draw, ending: Ending, usage: Usage, roll: random.Random) -> tuple[int, int | None]:
    """Latency and time to the first byte, in microseconds."""
    model = CATALOGUE.get(done.model) or model_named(done.model)
    if ending.usage == "none":
        return int(roll.uniform(0.03, 0.4) * 1e6), int(roll.uniform(0.02, 0.03) * 1e6)
    speed = model.tokens_per_second * roll.uniform(0.6, 1.3)
    first = model.first_wait * roll.uniform(0.7, 1.9) + (usage.thinking_tokens or 0) / speed
    first += (usage.input_tokens or 0) / 150_000
    whole = first + (usage.output_tokens or 0) / speed
    return int(whole * 1e6), int((first if done.streamed else whole) * 1e6)


def _hours(
    start: datetime, history: History
) -> Iterator[tuple[datetime, list[tuple[Workload, float]], float]]:
    """Each hour with the rate of every workload in it, and their sum."""
    for number in range(history.days * 24):
        hour = start + timedelta(hours=number)
        days_ago = (history.until - hour) / timedelta(days=1)
        rates = [
            (
                each,
                each.calls_per_hour
                * activity(each, hour.hour, hour.weekday())
                * rate_factor(each, days_ago),
            )
            for each in WORKLOADS
        ]
        yield hour, rates, sum(rate for _, rate in rates)


def _poisson(mean: float, roll: random.Random) -> int:
    """A count around `mean`; by Knuth for small means, by the normal for large ones."""
    if mean > 40:
        return max(0, round(roll.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, roll.random()
    while product > limit:
        count += 1
        product *= roll.random()
    return count


def _start(each: tuple[int, Draw]) -> int:
    return each[0]
