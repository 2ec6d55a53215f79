"""The row of an everyday call, made in one pass: most rows are, in a third of the time.

Hides a second way to book. It takes a call of which nothing is to be told but times, sizes and
text tokens: answered with 200 by JSON, packed or not, that one read brought, priced in the usual
manner. All that is the same from call to call (who, what, model, finish, tier, tariff) is kept
as finished text under what it depends on, so that only numbers are put in. Whatever is not so is
left to `booking`, by None. Rules for future edits: it gives the very bytes that `booking` would
give (tests/property/test_booking_paths.py compares); doubt is None; of what an answer says
nothing is kept but words that are known or have passed the strict pattern of names.
Counterparts: `providers/google_everyday` reads, `pricing/text_tariff` rates.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from weighbridge.core.outcome import Outcome, PricingStatus, UsageSource
from weighbridge.gateway.tee import Observer
from weighbridge.pricing.card import RateCard
from weighbridge.pricing.rating import PROVISIONED
from weighbridge.pricing.text_tariff import TextTariff
from weighbridge.providers.base import NOTHING_ASKED, Route
from weighbridge.providers.google_enums import (
    FINISH_REASONS,
    SERVICE_TIERS,
    enum_name,
    service_tier,
)
from weighbridge.providers.google_everyday import everyday_answer, may_be_everyday
from weighbridge.providers.inflate import InflatingReader
from weighbridge.providers.model_names import keep_model

if TYPE_CHECKING:
    from weighbridge.gateway.exchange_state import ExchangeState

_OPERATION: Final = "generateContent"
_PLAIN_JSON: Final = frozenset({b"application/json; charset=UTF-8", b"application/json"})
_OK: Final = Outcome.OK
_STATUS_OK: Final = 200
_KINDS_MOST: Final = 1024
_ALWAYS_US: Final = 1 << 62
_FINISHES: Final = frozenset(
    name for names in FINISH_REASONS.values() for name in names.values() if name
)
_TIERS: Final[frozenset[str | None]] = frozenset(
    {None, *(str(name) for name in SERVICE_TIERS), *(str(name).upper() for name in SERVICE_TIERS)}
)
_NO_OTHER_INPUT: Final = (
    b',"input_image_tokens":0,"input_audio_tokens":0,"input_video_tokens":0'
    b',"input_document_tokens":0'
)
_OUTPUT_IS_TEXT: Final = b',"output_text_tokens":%d,"output_image_tokens":0,"output_audio_tokens":0'
_INSIDE: Final = slice(1, -1)  # of the braces

# What makes two calls of one kind: their mark, and the words of their answers.
_Key = tuple[bytes, str, str, str | None, str | None]
Call = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


class Prices(Protocol):
    """What is needed of the price book."""

    def in_force(self, call: Call, at_unix_us: int) -> tuple[RateCard | None, int, int]:
        """The card of a call at an instant, and from when until when it is that card."""
        ...


class _Words(msgspec.Struct):
    """The columns of a row before its numbers, in the order of `booking`."""

    model_version: str | None
    streamed: bool
    status: int
    outcome: str
    error_type: None
    finish_reason: str | None
    block_reason: None
    usage_source: str
    service_tier: str | None
    pricing_status: str


class _Numbers(msgspec.Struct, omit_defaults=True, gc=False):
    """The numbers of a row, in the order of `booking`, up to the text of the prompt."""

    latency_us: int
    overhead_us: int
    request_bytes: int
    response_bytes: int
    ttfb_us: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    total_tokens: int | None = None
    input_text_tokens: int | None = None


class _Kind(msgspec.Struct, frozen=True, gc=False):
    """What all calls of one kind share; `tariff` is None where they are none of ours."""

    from_us: int
    until_us: int
    before_numbers: bytes
    tariff: TextTariff | None


_NOT_OURS: Final = _Kind(-_ALWAYS_US, _ALWAYS_US, b"", None)


class EverydayRows:
    """Makes the rows of one worker's everyday calls."""

    def __init__(self, prices: Prices, instant: Callable[[int], bytes]) -> None:
        self._in_force = prices.in_force
        self._instant = instant
        self._encode = msgspec.json.Encoder().encode
        self._kinds: dict[_Key, _Kind] = {}

    def __repr__(self) -> str:
        return f"<EverydayRows of {len(self._kinds)} kinds>"

    def forget(self) -> None:
        """Look every tariff up anew: prices have changed."""
        self._kinds.clear()

    def line(self, exchange: "ExchangeState") -> bytes | None:
        """The row of a call that has ended, or None where it is not of the everyday."""
        route = exchange.route
        answered = exchange.answered
        if answered is None:
            body = _whole_body(exchange)
        elif answered.content_type in _PLAIN_JSON and answered.content_encoding is None:
            body = exchange.unread[0]
        else:
            return None
        if (
            body is None
            or route is None
            or route.operation != _OPERATION
            or not route.metered
            or route.free
            or exchange.streamed
            or exchange.notes
            or exchange.labels_sent is not None
            or exchange.asked is not NOTHING_ASKED
            or exchange.identity.free_tier
        ):
            return None
        answer = everyday_answer(body)
        if answer is None:
            return None
        usage = answer.usage_metadata
        key = (
            exchange.mark,
            answer.model_version,
            answer.candidates[0].finish_reason,
            usage.service_tier,
            usage.traffic_type,
        )
        kind = self._kinds.get(key)
        started_us = exchange.started_us
        if kind is None or not kind.from_us <= started_us < kind.until_us:
            kind = self._kind(route, key, started_us)
        tariff = kind.tariff
        if tariff is None:
            return None
        prompt = usage.prompt_token_count
        output = usage.candidates_token_count
        thinking = usage.thoughts_token_count
        cost = tariff.members(prompt, output, thinking or 0)
        if cost is None:
            return None
        started_ns = exchange.started_ns
        first_byte_ns = exchange.first_byte_ns
        latency_us = (exchange.ended_ns - started_ns) // 1000
        input_text, others = None, b""
        if usage.prompt_tokens_details is not None:
            input_text, others = prompt, _NO_OTHER_INPUT
        if usage.candidates_tokens_details is not None:
            others += _OUTPUT_IS_TEXT % output
        numbers = _Numbers(
            latency_us,
            exchange.overhead_ns // 1000,
            exchange.request_bytes,
            exchange.response_bytes,
            (first_byte_ns - started_ns) // 1000 if first_byte_ns else None,
            prompt,
            output,
            thinking,
            usage.total_token_count,
            input_text,
        )
        ended = self._instant(started_us + latency_us)
        counted = self._encode(numbers)[_INSIDE]
        return b"".join((exchange.started_text, ended, kind.before_numbers, counted, others, cost))

    def _kind(self, route: Route, key: _Key, at_us: int) -> _Kind:
        """What calls of this key share, remembered where its words may be."""
        kind = self._made(route, key, at_us)
        if kind is not _NOT_OURS:
            if len(self._kinds) >= _KINDS_MOST:
                self._kinds.clear()
            self._kinds[key] = kind
        return kind

    def _made(self, route: Route, key: _Key, at_us: int) -> _Kind:
        mark, version, finish, tier_name, traffic = key
        model_version = keep_model(version)
        tier = service_tier(tier_name, traffic)
        known = finish in _FINISHES and {tier_name, traffic} <= _TIERS
        if model_version is None or not known or tier == PROVISIONED:
            return _NOT_OURS
        call = (model_version, route.model, route.provider, route.surface, tier, route.location)
        card, from_us, until_us = self._in_force(call, at_us)
        tariff = None if card is None else TextTariff.of(card)
        if tariff is None:
            return _NOT_OURS
        words = _Words(
            model_version=model_version,
            streamed=False,
            status=_STATUS_OK,
            outcome=_OK,
            error_type=None,
            finish_reason=enum_name(finish, FINISH_REASONS[route.surface]),
            block_reason=None,
            usage_source=UsageSource.FINAL,
            service_tier=tier,
            pricing_status=PricingStatus.PRICED,
        )
        before_numbers = b"".join((b'",', mark, b",", self._encode(words)[1:-1], b","))
        return _Kind(from_us, until_us, before_numbers, tariff)


def _whole_body(exchange: "ExchangeState") -> bytes | None:
    """The body of an answer that came well and of which its observer has read nothing yet."""
    observer = exchange.observer
    if (
        not exchange.unread
        or exchange.status != _STATUS_OK
        or exchange.outcome is not _OK
        or not exchange.complete
        or exchange.reason is not None
        or type(observer) is not Observer
    ):
        return None
    body: bytes | None = b"".join(exchange.unread)
    reader = observer.reader
    if type(reader) is InflatingReader:
        body, reader = reader.whole(body or b""), reader.reader
    return body if may_be_everyday(reader) else None
