"""Which reader an answer gets."""

import msgspec
import pytest

from weighbridge.core.outcome import UsageSource
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.sse import is_event_stream
from weighbridge.providers.unread import UnreadAnswer


def _route(operation: str, *, metered: bool = True) -> Route:
    return Route(
        provider="google",
        surface="gemini",
        upstream="gemini",
        host="h",
        operation=operation,
        metered=metered,
    )


def _read(
    route: Route, status: int, content_type: bytes | None, body: bytes, *, complete: bool = True
) -> Reading:
    reader = google_reader(route, status, content_type)
    reader.feed(body)
    return reader.finish(complete=complete)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (b"text/event-stream", True),
        (b"Text/Event-Stream; charset=utf-8", True),
        (b"application/json", False),
        (b"", False),
    ],
)
def test_event_streams_are_told_by_content_type(content_type: bytes, expected: bool) -> None:
    """S4: never by the URL."""
    assert is_event_stream(content_type) is expected


@pytest.mark.parametrize("operation", ["generateContent", "streamGenerateContent"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"application/json", b'{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}'),
        (b"application/json", b'[{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}]'),
        (
            b"text/event-stream",
            b'data: {"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}\n\n',
        ),
        (None, b'{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}'),
    ],
)
def test_any_framing_is_read_whatever_the_operation(
    operation: str, content_type: bytes | None, body: bytes
) -> None:
    """S4: an answer is read as it comes, not as the URL asked for it."""
    reading = _read(_route(operation), 200, content_type, body)
    assert reading.usage.input_tokens == 3
    assert reading.usage_source is UsageSource.FINAL


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"application/json", b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}'),
        (b"application/json", b'[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]'),
        (b"text/event-stream", b'{\n"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}\n'),
        (b"text/event-stream", b'data: {"error":{"status":"RESOURCE_EXHAUSTED"}}\n\n'),
        (b"application/json", b'{"error":{"code":429,"message":"x"}}'),
    ],
)
@pytest.mark.parametrize("metered", [True, False])
def test_an_error_answer_is_read_for_its_code(
    content_type: bytes, body: bytes, metered: bool
) -> None:
    """Objects, arrays and plain bodies under an event stream's content type."""
    reading = _read(_route("generateContent", metered=metered), 429, content_type, body)
    assert reading.error_type == "RESOURCE_EXHAUSTED"
    assert not reading.error_in_stream
    assert reading.usage_source is UsageSource.NONE


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'{"a":1}', b'{"error":null}', b"[[]]"])
def test_an_error_answer_without_a_code_has_none(body: bytes) -> None:
    """A proxy's own page says nothing that may be kept."""
    reading = _read(_route("generateContent"), 502, b"text/html", body)
    assert reading.error_type is None
    assert reading.usage_source is UsageSource.NONE


def test_unmetered_answers_are_not_looked_at() -> None:
    """countTokens and lists have no token columns (design B7)."""
    reader = google_reader(_route("countTokens", metered=False), 200, b"application/json")
    assert isinstance(reader, UnreadAnswer)
    reader.feed(b'{"totalTokens": 31, "usageMetadata": {"promptTokenCount": 31}}')
    reading = reader.finish(complete=True)
    assert reading.usage.input_tokens is None
    assert reading.usage_source is UsageSource.NONE


def test_openai_shaped_answers_have_their_reader() -> None:
    """Chat completions, streamed, with `[DONE]`."""
    body = (
        b'data: {"usage":{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}}\n\n'
        b"data: [DONE]\n\n"
    )
    reading = _read(_route("chat.completions"), 200, b"text/event-stream", body)
    assert (reading.usage.output_tokens, reading.usage.thinking_tokens) == (12, 62)
    assert reading.usage_source is UsageSource.FINAL


@pytest.mark.parametrize(
    ("body", "tokens", "complete", "source"),
    [
        (b'{"usageMetadata":{"totalTokenCount":4096}}', 4096, True, UsageSource.FINAL),
        (b'{"usageMetadata":{"totalTokenCount":4096}}', 4096, False, UsageSource.PARTIAL),
        (b'{"name":"cachedContents/c"}', None, True, UsageSource.NONE),
        (b'{"usageMetadata":{"totalTokenCount":-1}}', None, True, UsageSource.UNPARSED),
        (b'{"usageMetadata":7}', None, True, UsageSource.UNPARSED),
    ],
)
def test_a_created_caches_tokens_are_input(
    body: bytes, tokens: int | None, complete: bool, source: UsageSource
) -> None:
    """Design B7: billed once, at creation."""
    route = _route("createCachedContent")
    reading = _read(route, 200, b"application/json", body, complete=complete)
    assert (reading.usage.input_tokens, reading.usage_source) == (tokens, source)


def test_an_answer_in_another_format_is_unparsed() -> None:
    """`$alt=proto`: usage was reported in a form that is not read."""
    reading = _read(_route("generateContent"), 200, b"application/x-protobuf", b"\x0a\x05hello")
    assert reading.usage_source is UsageSource.UNPARSED


_SONG = b'{"candidates":[{"finishReason":"%b"}],"usageMetadata":{"promptTokenCount":3}}'
_MEGABYTES = b'{"content":{"parts":[{"inlineData":{"data":"' + b"A" * 2_000_000 + b'"}}]},'
_LARGE_SONG = _SONG.replace(b'{"finish', _MEGABYTES + b'"finish')


@pytest.mark.parametrize("body", [_SONG, _LARGE_SONG], ids=["small", "large"])
@pytest.mark.parametrize(
    ("model", "finish", "songs"),
    [("lyria-3.5", b"STOP", 1), ("lyria-3.5", b"SAFETY", None), ("gemini-2.5-pro", b"STOP", None)],
)
def test_an_answer_of_a_model_of_songs_is_one(
    body: bytes, model: str, finish: bytes, songs: int | None
) -> None:
    """M7: whatever its size; what a filter held back is none."""
    route = msgspec.structs.replace(_route("generateContent"), model=model)
    reading = _read(route, 200, b"application/json", body % finish)
    assert (reading.usage.songs, reading.usage.input_tokens) == (songs, 3)


def test_a_song_is_known_without_its_tokens() -> None:
    """M7: its price does not depend on them."""
    route = msgspec.structs.replace(_route("generateContent"), model="lyria-3-pro-preview")
    reading = _read(route, 200, None, b'{"candidates":[{"finishReason":"STOP"}]}')
    assert (reading.usage.songs, reading.usage_source) == (1, UsageSource.FINAL)


@pytest.mark.parametrize("told", ["promptTokenCount", "candidatesTokenCount"])
def test_counts_without_their_total_are_a_lower_bound(told: str) -> None:
    """S11: a field mask left the others out, and they are not zero."""
    body = b'{"usageMetadata":{"%b":3}}' % told.encode()
    assert _read(_route("generateContent"), 200, None, body).usage_source is UsageSource.PARTIAL


@pytest.mark.parametrize("operation", ["embedContent", "batchEmbedContents"])
def test_embeddings_have_no_total(operation: str) -> None:
    """As the recorded answers of gemini-embedding-2."""
    body = b'{"usageMetadata":{"promptTokenCount":4}}'
    reading = _read(_route(operation), 200, None, body)
    assert (reading.usage.input_tokens, reading.usage_source) == (4, UsageSource.FINAL)
